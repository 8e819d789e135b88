//! Who may vouch for a device of whom: one table, held on every way in which a device comes to be somebody's, before and
//! after a relay was put back to a backup.

use fieldfolio_core::ids::{DeviceId, PersonId};
use fieldfolio_core::model::directory::{DeviceRecord, PersonKind};
use fieldfolio_core::signing::{SecretKey, device_message, invitation_message, token_message};
use fieldfolio_core::store::Identity;
use fieldfolio_core::sync::verify::{Distrust, KeyRing};
use fieldfolio_core::sync::wire::{Enrol, Invite, ReEnrol};
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::directory::enrolment::EnrolError;
use fieldfolio_server::directory::{
    circles, devices, enrolment, invitations, people, record_invitation, roster, school as directory_school,
};
use fieldfolio_tests::raw;
use fieldfolio_tests::sim::School;

use super::school;

const PEOPLE: [&str; 8] = ["mina", "otto", "ada", "ms-ito", "mr-okafor", "lea", "hana", "sam"];

/// Who may invite a device of whom, besides everybody her own: the rows invite, the columns are invited. Written out by
/// hand. Both teachers teach all three students; Sam keeps the directory; Lea was added by the school.
const MAY: [(&str, &[&str]); 8] = [
    ("mina", &[]),
    ("otto", &[]),
    ("ada", &[]),
    ("ms-ito", &["mina", "otto", "ada"]),
    ("mr-okafor", &["mina", "otto", "ada"]),
    ("lea", &[]),
    ("hana", &[]),
    ("sam", &PEOPLE),
];

/// A device that somebody makes up, with an invitation by a device that she has.
struct MadeUp {
    secret: SecretKey,
    record: DeviceRecord,
    invite: Invite,
    enrol: Enrol,
    re_enrol: ReEnrol,
}

fn made_up(school: &mut School, by: &Identity, by_record: DeviceRecord, person: PersonId) -> MadeUp {
    let made = raw::MadeUp::by(by, person, school.now, &mut school.rng);
    let re_enrol = made.comes_back(by_record);
    let raw::MadeUp { secret, record, token_hash, token_signature } = made;
    MadeUp {
        invite: Invite {
            invitation: record.invitation,
            person,
            expires: record.invitation_expires,
            signature: record.inviter_signature,
        },
        enrol: Enrol {
            invitation: record.invitation,
            device: record.device,
            key: record.key,
            signature: record.device_signature,
            token_hash,
            token_signature,
        },
        re_enrol,
        record,
        secret,
    }
}

/// Tries it and leaves no trace.
fn tried<T>(school: &mut School, act: impl FnOnce(&fieldfolio_server::directory::Edit<'_>) -> T) -> T {
    let now = school.now;
    let tx = fieldfolio_server::database::begin(&mut school.conn).unwrap();
    let done = act(&fieldfolio_server::directory::Edit { tx: &tx, now, by: None });
    tx.rollback().unwrap();
    done
}

fn identity(school: &mut School, person: &str) -> Identity {
    school.device(person).device().identity().clone()
}

fn the_table_holds(school: &mut School, may_come_back: bool) {
    for (inviter, may) in MAY {
        let by = identity(school, inviter);
        let by_record = devices::record(&school.conn, by.device).unwrap().unwrap();
        for invited in PEOPLE {
            let person = school.person(invited);
            let made = made_up(school, &by, by_record.clone(), person);
            let expected = inviter == invited || may.contains(&invited);
            let by_call = tried(school, |edit| {
                record_invitation(edit.tx, edit.now, Some(by.device), &made.invite)?;
                let proven = enrolment::prove(edit.tx, made.enrol.clone()).unwrap();
                enrolment::enrol(edit.tx, edit.now, &proven).unwrap();
                Ok::<_, invitations::InviteError>(())
            });
            assert_eq!(by_call.is_ok(), expected, "{inviter} invites {invited}: {by_call:?}");
            let back = tried(school, |edit| {
                let proven = enrolment::prove_chain(edit.tx, made.re_enrol.clone())?;
                enrolment::re_enrol(edit.tx, edit.now, &proven).map(drop)
            });
            assert_eq!(back.is_ok(), expected && may_come_back, "{inviter} brings back {invited}: {back:?}");
            if may_come_back && !expected {
                assert!(matches!(back, Err(EnrolError::MayNotVouch)), "{inviter} {invited}: {back:?}");
            }
            // A reader knows no classes: what she holds against a chain is that it ends at staff and passes others.
            let mut ring = KeyRing::new(by.school, by.root);
            ring.learn(&by_record).unwrap();
            let learned = ring.learn_knowing(&made.record, &|id| people::person(&school.conn, id).ok());
            let is_staff = ["ms-ito", "mr-okafor", "sam"].contains(&invited);
            let by_staff = ["ms-ito", "mr-okafor", "sam"].contains(&inviter);
            let believed = inviter == invited || !is_staff || by_staff;
            assert_eq!(learned.is_ok(), believed, "{inviter} shows {invited} to readers");
            if !believed {
                assert_eq!(learned, Err(Distrust::MayNotVouch));
            }
        }
    }
}

#[test]
fn nobody_becomes_anybody_by_whatever_way_before_and_after_a_restoration() {
    let devices: Vec<(&str, &str)> = PEOPLE.iter().map(|person| (*person, *person)).collect();
    let mut school = school(300, &devices);
    the_table_holds(&mut school, false);
    school.keep_marked_backup();
    school.restore_backup();
    school.settle();
    the_table_holds(&mut school, true);
}

/// The backup knows neither the device nor its invitation. Whoever has the revoked phone has the link it came in by.
#[test]
fn by_the_invitation_of_a_revoked_device_no_other_one_comes_back() {
    let mut school = school(302, &[("mina", "mina")]);
    let me = identity(&mut school, "mina");
    let by_record = devices::record(&school.conn, me.device).unwrap().unwrap();
    school.keep_marked_backup();
    let [lost, kept] = [(); 2].map(|()| made_up(&mut school, &me, by_record.clone(), me.person));
    for made in [&lost, &kept] {
        school.edit(|edit| record_invitation(edit.tx, edit.now, Some(me.device), &made.invite));
        school.edit(|edit| {
            let proven = enrolment::prove(edit.tx, made.enrol.clone()).unwrap();
            enrolment::enrol(edit.tx, edit.now, &proven)
        });
    }
    school.edit(|edit| devices::revoke(edit, lost.record.device));
    school.restore_backup();
    let again = |made: &MadeUp, school: &mut School| {
        let key = SecretKey::generate(&mut school.rng);
        let device = DeviceId::new(school.now, &mut school.rng);
        let told = device_message(me.school, me.person, device, &key.public());
        let (key_of_it, device_signature) = (key.public(), made.secret.sign(&told));
        let record = DeviceRecord { device, key: key_of_it, device_signature, ..made.record.clone() };
        let other = Identity { device, key, ..me.clone() };
        let frame = comes(&other, vec![by_record.clone(), record]);
        tried(school, |edit| {
            let proven = enrolment::prove_chain(edit.tx, frame)?;
            enrolment::re_enrol(edit.tx, edit.now, &proven).map(drop)
        })
    };
    let refused = again(&lost, &mut school);
    assert!(matches!(refused, Err(EnrolError::Used)), "{refused:?}");
    // One that was not revoked may have been used by whoever shows it first: nobody knows of it any more.
    again(&kept, &mut school).unwrap();
}

#[test]
fn a_chain_is_no_longer_than_what_a_lost_log_may_have_had() {
    let mut school = school(301, &[("mina", "mina")]);
    school.keep_marked_backup();
    school.restore_backup();
    let me = identity(&mut school, "mina");
    let mut chain = vec![devices::record(&school.conn, me.device).unwrap().unwrap()];
    let mut by = me.clone();
    // Each invites the next one.
    let mut last = None;
    for _ in 0..9 {
        let made = made_up(&mut school, &by, chain[0].clone(), me.person);
        let key = SecretKey::generate(&mut school.rng);
        let invitation = SecretKey::generate(&mut school.rng);
        let message =
            invitation_message(me.school, &invitation.public(), me.person, made.record.invitation_expires);
        let record = DeviceRecord {
            key: key.public(),
            invitation: invitation.public(),
            inviter_signature: by.key.sign(&message),
            device_signature: invitation.sign(&device_message(
                me.school,
                me.person,
                made.record.device,
                &key.public(),
            )),
            ..made.record
        };
        by = Identity { device: record.device, key, ..by };
        chain.push(record);
        last = Some(by.clone());
        let frame = comes(&by, chain.clone());
        let back = tried(&mut school, |edit| {
            let proven = enrolment::prove_chain(edit.tx, frame)?;
            enrolment::re_enrol(edit.tx, edit.now, &proven).map(drop)
        });
        assert_eq!(back.is_ok(), chain.len() <= 9, "{} links: {back:?}", chain.len());
    }
    // An end that no invitation has.
    let mut far = chain[1].clone();
    far.invitation_expires = Timestamp::from_millis(u64::MAX / 4);
    let frame = comes(&last.unwrap(), vec![chain[0].clone(), far]);
    assert!(enrolment::prove_chain(&school.conn, frame).is_err());
}

fn comes(me: &Identity, chain: Vec<DeviceRecord>) -> ReEnrol {
    let token_hash = [9; 32];
    let token_signature = me.key.sign(&token_message(me.school, me.device, &token_hash));
    ReEnrol { chain, token_hash, token_signature }
}

#[test]
fn a_person_has_so_many_devices_and_no_more_and_asking_again_writes_nothing() {
    use fieldfolio_core::sync::budget::{DEVICES, TOKENS_OF_A_DEVICE};
    let mut school = school(302, &[("mina", "mina")]);
    let (mina, root) = (school.person("mina"), school.root_key());
    let enrol = |school: &mut School| {
        let (school_id, now) = (directory_school::id(&school.conn).unwrap(), school.now);
        let mut rng = school.rng.clone();
        let link = school
            .edit(|edit| invitations::invite(edit, mina, 86_000_000, &root, "http://sim.invalid", &mut rng));
        let (device, key) = (DeviceId::new(now, &mut rng), SecretKey::generate(&mut rng));
        school.rng = rng;
        let frame = move |token: u8| Enrol {
            invitation: link.key.public(),
            device,
            key: key.public(),
            signature: link.key.sign(&device_message(school_id, mina, device, &key.public())),
            token_hash: [token; 32],
            token_signature: key.sign(&token_message(school_id, device, &[token; 32])),
        };
        (device, frame)
    };
    let take = |school: &mut School, frame: Enrol| {
        let now = school.now;
        let tx = fieldfolio_server::database::begin(&mut school.conn).unwrap();
        let done = enrolment::prove(&tx, frame).and_then(|proven| enrolment::enrol(&tx, now, &proven));
        tx.commit().unwrap();
        done
    };
    let mut made = Vec::new();
    for number in 1..DEVICES {
        let (device, frame) = enrol(&mut school);
        take(&mut school, frame(u8::try_from(number).unwrap())).unwrap();
        made.push((device, frame));
    }
    let (_, one_more) = enrol(&mut school);
    assert!(matches!(take(&mut school, one_more(200)), Err(EnrolError::TooManyDevices)));
    // Revoking makes room, and a day's bound still holds.
    school.edit(|edit| devices::revoke(edit, made[0].0));
    assert!(matches!(take(&mut school, one_more(200)), Err(EnrolError::TooManyToday)));
    school.now = school.now.plus_millis(85_000_000);
    // (The others' day is not over; the phone's is, it was enrolled before them.)
    school.now = school.now.plus_millis(1_300_000);
    let (device, frame) = enrol(&mut school);
    take(&mut school, frame(201)).unwrap();
    let head = |school: &School| fieldfolio_server::log::head(&school.conn).unwrap();
    let before = head(&school);
    for _ in 0..1_000 {
        take(&mut school, frame(201)).unwrap();
    }
    let tokens = (1..=255).filter(|token| take(&mut school, frame(*token)).is_ok()).count();
    assert!(tokens <= TOKENS_OF_A_DEVICE as usize, "{tokens} tokens of one device");
    assert_eq!(head(&school), before, "asking again writes nothing into the log");
    assert!(devices::record(&school.conn, device).unwrap().is_some());
}

#[test]
fn a_student_is_not_her_mentor_whatever_becomes_of_the_mentors_phone() {
    let mut school = school(303, &[("otto", "otto"), ("ito", "ms-ito")]);
    let (folio, otto) = (school.folio("otto/community-garden"), identity(&mut school, "otto"));
    let by_record = devices::record(&school.conn, otto.device).unwrap().unwrap();
    let rosa = PersonId::new(school.now, &mut school.rng);
    let first = made_up(&mut school, &otto, by_record.clone(), rosa);
    let until = school.now.plus_millis(70_000_000);
    let frame = fieldfolio_core::sync::wire::InviteMentor {
        folio,
        name: "Rosa Example".into(),
        until,
        invite: first.invite.clone(),
    };
    let by = |school: &mut School,
              person: PersonId,
              act: &mut dyn FnMut(&fieldfolio_server::directory::Edit<'_>)| {
        let now = school.now;
        let tx = fieldfolio_server::database::begin(&mut school.conn).unwrap();
        act(&fieldfolio_server::directory::Edit { tx: &tx, now, by: Some(person) });
        tx.commit().unwrap();
    };
    by(&mut school, otto.person, &mut |edit| {
        fieldfolio_server::directory::calls::mentors::invite(edit, otto.device, &frame).unwrap();
    });
    // She is proposed: her phone comes in, and begins nothing.
    school.edit(|edit| {
        let proven = enrolment::prove(edit.tx, first.enrol.clone()).unwrap();
        enrolment::enrol(edit.tx, edit.now, &proven)
    });
    let ito = school.person("ms-ito");
    let proposed = fieldfolio_core::sync::wire::ProposedMentor { folio, person: rosa };
    by(&mut school, ito, &mut |edit| {
        fieldfolio_server::directory::calls::mentors::confirm(edit, &proposed).unwrap();
    });
    // Her phone is lost and revoked. Otto can't make himself a new one of hers.
    school.edit(|edit| devices::revoke(edit, first.enrol.device));
    let second = made_up(&mut school, &otto, by_record, rosa);
    let refused =
        tried(&mut school, |edit| record_invitation(edit.tx, edit.now, Some(otto.device), &second.invite));
    assert!(matches!(refused, Err(invitations::InviteError::Refused)), "{refused:?}");
    // Nor does she become staff with a phone that a student vouched for.
    let third = made_up(&mut school, &otto, second.record.clone(), rosa);
    drop(third);
    school.edit(|edit| circles::end(edit, folio, rosa, fieldfolio_core::model::role::Role::Mentor));
    let made = tried(&mut school, |edit| {
        edit.tx.execute("update device set revoked_n = null", []).unwrap();
        roster::add_kind(edit, rosa, PersonKind::Teacher).map_err(|error| error.to_string())
    });
    assert!(made.unwrap_err().contains("was vouched for by a device of somebody else who is not staff"));
}
