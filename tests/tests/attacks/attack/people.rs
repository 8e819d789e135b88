//! Who may be whom, over the wire: after a restoration, by names, by devices without end.

use fieldfolio_core::device::Body;
use fieldfolio_core::ids::PersonId;
use fieldfolio_core::model::directory::DeviceRecord;
use fieldfolio_core::signing::{SecretKey, invitation_message};
use fieldfolio_core::store::records;
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::{
    self, DirectoryCall, Invite, InviteMentor, ProposedMentor, ReEnrol, Verdict,
};
use fieldfolio_tests::driver::{OsRng, now};
use fieldfolio_tests::flood;
use fieldfolio_tests::raw::MadeUp;
use fieldfolio_tests::real::{Client, RealSchool};

use super::{dice, school, sync};

/// A device of somebody that Otto makes up, vouched for by his own.
fn made_up(otto: &Client, own: &DeviceRecord, person: PersonId) -> ReEnrol {
    MadeUp::by(&otto.me, person, now(), &mut OsRng).comes_back(own.clone())
}

/// After a restoration every student could sign in as any teacher. None can, as anybody, before or after.
#[test]
fn nobody_comes_back_as_somebody_else() {
    let school = school();
    let mut device = school.enrol("otto", "otto").unwrap();
    sync(&mut device);
    let keys = records::keys(device.store().read()).unwrap();
    let own =
        keys.into_iter().map(|(record, _)| record).find(|record| record.device == device.identity().device);
    let (mut otto, own) = (Client::with(device.identity().clone()), own.unwrap());
    let mut tries = |school: &RealSchool| -> Vec<u16> {
        ["ms-ito", "sam", "mina", "hana", "lea"]
            .iter()
            .map(|name| {
                let frame = made_up(&otto, &own, school.person(name));
                otto.me.relay = school.url.clone();
                otto.call("POST", "/v1/re-enrol", &[], Body::Bytes(wire::to_bytes(&frame))).unwrap().status
            })
            .collect()
    };
    assert_eq!(tries(&school), [403; 5], "before");
    let backup = school.folder().join("backup");
    school.office(&["backup", backup.to_str().unwrap()]).unwrap();
    school.relay.lock().unwrap().kill9().unwrap();
    school.office(&["restore", backup.to_str().unwrap()]).unwrap();
    school.relay.lock().unwrap().restart().unwrap();
    assert_eq!(tries(&school), [403; 5], "after");
}

/// One person has a bounded number of devices, and asking again for the same one costs nothing.
#[test]
fn devices_of_one_person_are_bounded_and_classmates_are_told_of_none() {
    let (school, mut dice) = (school(), dice(31));
    let mut otto = school.client("otto", "otto").unwrap();
    let mut made = 1;
    let refused = loop {
        match flood::another_device(&mut otto, &mut dice).unwrap() {
            Ok(_) => made += 1,
            Err(refused) => break refused,
        }
        assert!(made <= budget::DEVICES, "{made} devices");
    };
    assert_eq!(made, budget::DEVICES);
    let words = String::from_utf8(refused.body).unwrap();
    assert!(words.contains(&budget::DEVICES.to_string()), "the bound is named: {words}");
    // He wrote nothing that she sees: she learns of none of them, nor when there was one.
    let mut mina = school.enrol("mina", "mina").unwrap();
    sync(&mut mina);
    let otto = school.person("otto");
    let known = records::keys(mina.store().read()).unwrap();
    assert_eq!(known.iter().filter(|(record, _)| record.person == otto).count(), 0);
    let mut ito = school.enrol("ms-ito", "ito").unwrap();
    sync(&mut ito);
    let known = records::keys(ito.store().read()).unwrap();
    let hers = known.iter().filter(|(record, _)| record.person == otto).count();
    assert_eq!(hers, budget::DEVICES as usize, "his teacher may have to revoke one");
}

fn propose(otto: &mut Client, school: &RealSchool, name: &str, part: u64) -> (PersonId, u16, String) {
    let person = PersonId::new(now(), &mut OsRng);
    let invitation = SecretKey::generate(&mut OsRng);
    let until = now().plus_millis(part);
    let message = invitation_message(otto.me.school, &invitation.public(), person, until);
    let frame = InviteMentor {
        folio: school.folio("otto/community-garden"),
        name: name.to_owned(),
        until,
        invite: Invite {
            invitation: invitation.public(),
            person,
            expires: until,
            signature: otto.me.key.sign(&message),
        },
    };
    let answer = otto.ask_directory(&DirectoryCall::InviteMentor(frame)).unwrap();
    (person, answer.status, String::from_utf8(answer.body).unwrap())
}

/// A student makes no people without limit, and those whom no teacher confirmed can't do anything.
#[test]
fn people_whom_a_student_brings_are_counted_for_ever() {
    let school = school();
    let mut otto = school.client("otto", "otto").unwrap();
    let mut made = 0;
    // Each proposal is over in a moment: that frees none.
    let words = loop {
        let (_, status, words) = propose(&mut otto, &school, &format!("Mentor {made}"), 60);
        if status != 204 {
            break words;
        }
        made += 1;
        assert!(made <= budget::PROPOSALS);
    };
    assert_eq!(made, budget::PROPOSALS);
    assert!(words.contains("20 mentors"), "{words}");
}

/// What a student calls a mentor decides nothing on the command line.
#[test]
fn a_command_never_means_whom_a_student_named() {
    let school = school();
    let mut otto = school.client("otto", "otto").unwrap();
    let (person, status, words) = propose(&mut otto, &school, "mr okafor sample", 5_000_000);
    assert_eq!(status, 204, "{words}");
    for name in ["Ms Ito Sample", "ms lto sample", "Ms\u{a0}Ito Sample"] {
        assert_eq!(propose(&mut otto, &school, name, 5_000_000).1, 204, "{name}");
    }
    for bad in ["Ms Ito\u{200b} Sample", "\u{202e}elpmas"] {
        assert_eq!(propose(&mut otto, &school, bad, 5_000_000).1, 403, "{bad:?}");
    }
    let okafor = school.person("mr-okafor").to_string();
    for name in ["mr okafor sample", "Mr Okafor Sample", "MR OKAFOR SAMPLE"] {
        let invited = school.office(&["invite", name]).unwrap();
        assert_eq!(invited["person"], okafor.as_str(), "{name}");
    }
    assert!(school.office(&["invite", "Ms Ito Sample"]).is_ok());
    let granted =
        school.office(&["circle", "grant", "Mina Sample/home", "mr okafor sample", "--as", "reader"]);
    assert!(granted.is_ok());
    let circle = school.office(&["circle", "list", "Mina Sample/home"]).unwrap().to_string();
    assert!(circle.contains(&okafor) && !circle.contains(&person.to_string()));
    // By her id she is meant; and once the school has named her, by her name.
    let id = person.to_string();
    school.office(&["person", "rename", &id, "Mr Okafor from the garden"]).unwrap();
    assert_eq!(school.office(&["invite", "mr okafor from the garden"]).unwrap()["person"], id.as_str());
}

/// A mentor whom nobody confirmed yet comes in, and begins nothing; once confirmed, she does.
#[test]
fn who_is_only_proposed_declares_and_uploads_nothing() {
    let school = school();
    let mut otto = school.client("otto", "otto").unwrap();
    let (rosa, invitation) = (PersonId::new(now(), &mut OsRng), SecretKey::generate(&mut OsRng));
    let until = now().plus_millis(5_000_000);
    let message = invitation_message(otto.me.school, &invitation.public(), rosa, until);
    let folio = school.folio("otto/community-garden");
    let invite = Invite {
        invitation: invitation.public(),
        person: rosa,
        expires: until,
        signature: otto.me.key.sign(&message),
    };
    let frame = InviteMentor { folio, name: "Rosa Example".into(), until, invite };
    assert_eq!(otto.ask_directory(&DirectoryCall::InviteMentor(frame)).unwrap().status, 204);
    let link = fieldfolio_core::model::invitation::InvitationLink {
        relay: school.url.clone(),
        pin: None,
        school: otto.me.school,
        root: otto.me.root,
        person: rosa,
        key: invitation,
        expires: until,
    };
    let device = fieldfolio_tests::driver::enrol(&link.to_url(), &school.folder().join("rosa")).unwrap();
    let mut mentor = Client::with(device.identity().clone());
    let (_, acts) = mentor.new_piece(folio, &mut dice(35));
    let verdicts = mentor.send(&acts).unwrap();
    assert!(verdicts.iter().all(|verdict| !matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
    let mut ito = school.client("ms-ito", "ito").unwrap();
    let confirm = DirectoryCall::ConfirmMentor(ProposedMentor { folio, person: rosa });
    assert_eq!(ito.ask_directory(&confirm).unwrap().status, 204);
    let verdicts = mentor.send(&acts).unwrap();
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
}
