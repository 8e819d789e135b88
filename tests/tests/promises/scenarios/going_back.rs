//! Relays and phones that are put back to an earlier state.

use fieldfolio_core::device::{Edits, Enrolment};
use fieldfolio_core::ids::{PieceId, SeededRng};
use fieldfolio_core::model::directory::{DeviceRecord, Inviter};
use fieldfolio_core::model::entry::Feedback;
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::signing::Signature;
use fieldfolio_core::sync::wire::{Cursor, Holdings, ReEnrol, Request};
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::directory::{enrolment, invitations};
use fieldfolio_server::exchange::{now, token_holder};
use fieldfolio_tests::sim::School;

use super::school;

fn title(school: &mut School, device: &str, piece: PieceId) -> String {
    school.device(device).device().piece(piece).unwrap().content.title
}

fn rename(school: &mut School, device: &str, piece: PieceId, title: &str) {
    let edits = Edits { title: Some(title.into()), ..Edits::default() };
    school.on(device, |device, now, rng| device.edit(piece, edits, now, rng)).unwrap();
}

fn nothing_waits(school: &mut School) {
    for name in school.device_names() {
        let status = school.device(&name).device().status().unwrap();
        let quiet = status.waiting.is_empty() && status.set_aside.is_empty() && status.unopened.is_empty();
        assert!(quiet && !status.locked, "{name}: {status:?}");
    }
}

#[test]
fn what_a_restored_relay_forgot_is_brought_by_whoever_holds_it_also_for_those_who_are_gone() {
    let mut school = school(80, &[("phone", "mina"), ("ito", "ms-ito"), ("lea", "lea")]);
    let mina = school.person("mina");
    let before = school.capture("phone", "Before", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.keep_marked_backup();
    let after = school.capture("phone", "After", "mina/community-garden", "2026-05-05", &["THINK"]);
    school.settle();
    let words = Feedback { did_well: "Straight rows".into(), ..Default::default() };
    school.on("lea", |lea, now, rng| lea.feedback(after, Some(mina), &words, None, now, rng)).unwrap();
    school.assess("ito", after, "mina", "THINK", 2);
    rename(&mut school, "phone", before, "Before, renamed");
    school.settle();

    school.restore_backup();
    // Neither the student nor the mentor comes back; the teacher holds what they made, under their signatures.
    school.device("phone").go_offline();
    school.device("lea").go_offline();
    school.settle();
    school.enrol("second", "ms-ito");
    school.settle();
    assert_eq!(title(&mut school, "second", after), "After");
    assert_eq!(title(&mut school, "second", before), "Before, renamed");
    assert_eq!(school.device("second").device().piece(after).unwrap().voices.len(), 2);

    school.device("phone").go_online().unwrap();
    school.device("lea").go_online().unwrap();
    school.settle();
    nothing_waits(&mut school);
    assert_eq!(title(&mut school, "phone", after), "After");
    let digest = |school: &mut School, name: &str| school.device(name).device().digest().unwrap();
    assert_eq!(digest(&mut school, "ito"), digest(&mut school, "second"));
}

#[test]
fn a_relay_put_back_without_a_word_is_noticed_by_the_first_device_that_knows_more() {
    let mut school = school(81, &[("phone", "mina"), ("ito", "ms-ito")]);
    school.settle();
    school.keep_backup();
    let mut pieces = Vec::new();
    for number in 0..4 {
        let name = format!("piece {number}");
        pieces.push(school.capture("phone", &name, "mina/community-garden", "2026-05-05", &["THINK"]));
        school.settle();
    }
    school.restore_backup();
    // The relay goes on under numbers that were given before, and only then hears of it.
    let later = school.capture("ito", "Seen in class", "mina/community-garden", "2026-05-06", &["THINK"]);
    school.device("phone").go_offline();
    school.settle();
    school.device("phone").go_online().unwrap();
    school.settle();
    for piece in pieces {
        assert!(school.device("ito").device().piece(piece).is_ok());
    }
    assert_eq!(title(&mut school, "phone", later), "Seen in class");
    nothing_waits(&mut school);
}

#[test]
fn a_device_that_the_relay_forgot_comes_back_by_those_who_vouched_for_it_and_a_revoked_one_does_not() {
    let mut school = school(87, &[("phone", "mina"), ("ito", "ms-ito")]);
    school.settle();
    school.keep_marked_backup();
    school.enrol("tablet", "mina");
    school.enrol("lost", "mina");
    let leaf =
        school.capture("tablet", "On the new tablet", "mina/community-garden", "2026-05-05", &["THINK"]);
    let other =
        school.capture("lost", "On the lost phone", "mina/community-garden", "2026-05-05", &["THINK"]);
    school.settle();
    let lost = school.device("lost").device().identity().device;
    school.edit(|edit| fieldfolio_server::directory::devices::revoke(edit, lost));
    school.settle();
    assert!(school.device("lost").locked);

    school.restore_backup();
    school.device("lost").locked = false;
    school.device("lost").device().wake().unwrap();
    let unsent = school.capture("tablet", "Not sent yet", "mina/community-garden", "2026-05-06", &["THINK"]);
    school.settle();
    assert!(school.device("lost").locked, "the revoked stays revoked");
    assert!(!school.device("tablet").locked);
    assert_eq!(title(&mut school, "ito", leaf), "On the new tablet");
    assert_eq!(title(&mut school, "ito", unsent), "Not sent yet");
    // What the lost phone had delivered before it was revoked stays good; others bring it.
    assert_eq!(title(&mut school, "ito", other), "On the lost phone");
    school.enrol("second", "ms-ito");
    school.settle();
    assert_eq!(title(&mut school, "second", leaf), "On the new tablet");
}

#[test]
fn nobody_can_talk_the_relay_into_believing_that_it_went_back() {
    let mut school = school(82, &[("phone", "mina"), ("ito", "ms-ito")]);
    school.capture("phone", "A leaf", "mina/community-garden", "2026-05-05", &["THINK"]);
    school.settle();
    let me = school.device("phone").device().identity().clone();
    let real = fieldfolio_tests::raw::send(&mut school, &me, Vec::new()).unwrap().cursor;
    let lies = [
        fieldfolio_core::sync::Cursor { n: real.n + 1_000, ..real },
        fieldfolio_core::sync::Cursor { tag: [9; 8], ..real },
        fieldfolio_core::sync::Cursor { epoch: 0, ..real },
        fieldfolio_core::sync::Cursor { epoch: 9, ..real },
        fieldfolio_core::sync::Cursor {
            n: u64::MAX,
            tag: [1; 8],
            epoch: u32::MAX,
            proof: [1; 16],
            part: u64::MAX,
        },
    ];
    for cursor in lies {
        let answer = fieldfolio_tests::raw::ask(&mut school, &me, cursor).unwrap();
        assert!(answer.start_over && answer.cursor.n == 0, "{cursor:?}: {:?}", answer.cursor);
    }
    let epochs: i64 = school.conn.query_row("select count(*) from fork", [], |row| row.get(0)).unwrap();
    assert_eq!(epochs, 0);
}

#[test]
fn a_phone_put_back_to_an_old_state_loses_nothing_and_wedges_nothing() {
    let mut school = school(83, &[("phone", "mina"), ("tablet", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.keep_device("phone");
    rename(&mut school, "phone", leaf, "A green leaf");
    let lost = school.capture("phone", "Made later", "mina/community-garden", "2026-05-05", &["THINK"]);
    school.settle();

    school.restore_device("phone");
    // It does not know what it did, and writes on before it hears of it.
    school.device("phone").go_offline();
    rename(&mut school, "phone", leaf, "A leaf, seen twice");
    let words = "it was cold";
    school.on("phone", |phone, now, rng| phone.reflect(leaf, words, now, rng)).unwrap();
    school.device("phone").go_online().unwrap();
    school.settle();
    nothing_waits(&mut school);
    let both = title(&mut school, "phone", leaf);
    assert!(both.contains("green") && both.contains("seen twice"), "{both}");
    for device in ["tablet", "ito"] {
        assert_eq!(title(&mut school, device, leaf), both);
        assert_eq!(school.device(device).device().piece(leaf).unwrap().voices[0].entries.len(), 1);
    }
    assert_eq!(title(&mut school, "phone", lost), "Made later");
    rename(&mut school, "phone", lost, "Made later, renamed");
    school.settle();
    assert_eq!(title(&mut school, "ito", lost), "Made later, renamed");
    assert_eq!(school.happened.differed, 0);
}

#[test]
fn numbers_that_another_self_used_are_not_used_twice_even_if_nothing_shows_that_it_was_put_back() {
    let mut school = school(84, &[("phone", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.keep_device("phone");
    rename(&mut school, "phone", leaf, "A green leaf");
    school.settle();
    school.restore_device("phone");
    school.as_if_never_moved("phone");
    school.device("phone").go_offline();
    rename(&mut school, "phone", leaf, "A leaf, once");
    rename(&mut school, "phone", leaf, "A leaf, twice");
    school.device("phone").go_online().unwrap();
    school.settle();
    nothing_waits(&mut school);
    let both = title(&mut school, "phone", leaf);
    assert!(both.contains("green") && both.contains("twice"), "{both}");
    assert_eq!(title(&mut school, "ito", leaf), both);
}

#[test]
fn two_devices_with_one_store_write_beside_each_other() {
    let mut school = school(85, &[("phone", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.keep_device("phone");
    school.clone_device("phone", "clone");
    school.as_if_never_moved("clone");
    for round in 0..3 {
        for device in ["phone", "clone"] {
            school.device(device).go_offline();
            let text = format!("{device}{round}");
            school.on(device, |device, now, rng| device.reflect(leaf, &text, now, rng)).unwrap();
            rename(&mut school, device, leaf, &text);
        }
        for device in ["phone", "clone"] {
            school.device(device).go_online().unwrap();
        }
        school.settle();
    }
    nothing_waits(&mut school);
    let both = title(&mut school, "phone", leaf);
    assert!(both.contains("phone2") && both.contains("clone2"), "{both}");
    for device in ["phone", "clone", "ito"] {
        assert_eq!(title(&mut school, device, leaf), both);
        let view = school.device(device).device().piece(leaf).unwrap();
        assert_eq!(view.voices[0].entries.len(), 2, "{device}");
    }
}

#[test]
fn a_row_that_the_relay_lost_is_found_and_brought_again() {
    let mut school = school(86, &[("phone", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    rename(&mut school, "phone", leaf, "A green leaf");
    school.settle();
    // Someone, or a disk, took the newest change of it out of the relay's database.
    let gone = school.conn.execute("delete from change where n = (select max(n) from change)", []).unwrap();
    assert_eq!(gone, 1);
    let heads = "update document set heads = (select hash from change where document = document.row order by n desc limit 1)";
    school.conn.execute(heads, []).unwrap();
    school.device("phone").device().compare().unwrap();
    school.settle();
    assert!(school.happened.differed > 0);
    let stored: i64 = school.conn.query_row("select count(*) from change", [], |row| row.get(0)).unwrap();
    assert_eq!(stored, 2);
    nothing_waits(&mut school);
    school.enrol("second", "ms-ito");
    school.settle();
    assert_eq!(title(&mut school, "second", leaf), "A green leaf");

    // A change that a device lost is found the same way.
    let before = school.happened.differed;
    school.lose_newest_change("ito");
    school.device("ito").device().compare().unwrap();
    school.settle();
    assert!(school.happened.differed > before);
    assert_eq!(title(&mut school, "ito", leaf), "A green leaf");
}

/// Lea's words came into a log that was lost, and then her part ended.
fn ended_in_a_lost_log(seed: u64) -> (School, PieceId) {
    let mut school = school(seed, &[("phone", "mina"), ("ito", "ms-ito"), ("lea", "lea")]);
    let (mina, lea) = (school.person("mina"), school.person("lea"));
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.keep_marked_backup();
    let words = Feedback { did_well: "Straight rows".into(), ..Default::default() };
    school.on("lea", |lea, now, rng| lea.feedback(bed, Some(mina), &words, None, now, rng)).unwrap();
    school.settle();
    let folio = school.folio("mina/community-garden");
    school.edit(|edit| {
        fieldfolio_server::directory::circles::end(
            edit,
            folio,
            lea,
            fieldfolio_core::model::role::Role::Mentor,
        )
    });
    school.settle();
    (school, bed)
}

#[test]
fn what_a_lost_log_had_of_someone_whose_part_ended_since_is_brought_by_others() {
    let (mut school, bed) = ended_in_a_lost_log(88);
    school.restore_backup();
    school.device("lea").go_offline();
    school.settle();
    school.enrol("second", "ms-ito");
    school.settle();
    assert_eq!(school.device("second").device().piece(bed).unwrap().voices.len(), 1);
    school.device("lea").go_online().unwrap();
    school.settle();
    assert!(school.device("lea").device().status().unwrap().held.is_empty());
    nothing_waits(&mut school);
}

#[test]
fn nobody_writes_on_after_her_part_ended_by_saying_that_a_lost_log_had_it() {
    let (mut school, bed) = ended_in_a_lost_log(89);
    let before = fieldfolio_server::log::head(&school.conn).unwrap();
    let lea = school.device("lea").device().identity().clone();
    school.restore_backup();
    school.settle();
    // A parent, too: her phone stays hers when her part is long over.
    let guardian = fieldfolio_core::model::directory::PersonKind::Guardian;
    school.edit(|edit| fieldfolio_server::directory::roster::add_kind(edit, lea.person, guardian));
    // She knows which numbers were given at that time; these words are new.
    school.now = school.now.plus_millis(90 * 86_400_000);
    let voice = fieldfolio_core::ids::DocumentId::voice(bed, lea.person, None);
    let mut sheet = fieldfolio_core::document::Sheet::genesis();
    let entry = fieldfolio_core::ids::EntryId::from_bytes([5; 16]);
    let change = fieldfolio_tests::raw::change(&lea, voice, &mut sheet, [6; 16], |edit| {
        edit.reflection(entry, "written much later")
    });
    for number in before.saturating_sub(4)..before {
        let item = fieldfolio_core::sync::wire::Item::OldChange(change.clone(), number);
        let answer = fieldfolio_tests::raw::send(&mut school, &lea, vec![item]).unwrap();
        let verdict = &answer.verdicts[0];
        assert_eq!(*verdict, fieldfolio_core::sync::Verdict::RoleEnded, "as number {number}");
    }
}

#[test]
fn what_a_revoked_device_may_bring_no_more_holds_back_nothing_of_her_other_ones() {
    let mut school = school(90, &[("phone", "mina"), ("tablet", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.keep_marked_backup();
    school.device("ito").go_offline();
    school.device("tablet").go_offline();
    let words = Edits { words: Some("seen by the tablet".into()), ..Edits::default() };
    school.on("tablet", |tablet, now, rng| tablet.edit(leaf, words, now, rng)).unwrap();
    for number in 0..12 {
        rename(&mut school, "phone", leaf, &format!("A leaf, {number}"));
        school.settle();
    }
    school.device("tablet").go_online().unwrap();
    school.settle();
    let phone = school.device("phone").device().identity().device;
    school.restore_backup();
    // Nobody knew of a revocation; the school revokes it now, under a number from before those that are lost.
    school.edit(|edit| fieldfolio_server::directory::devices::revoke(edit, phone));
    school.settle();
    school.enrol("second", "ms-ito");
    school.settle();
    let view = school.device("second").device().piece(leaf).unwrap();
    assert_eq!(view.content.words, "seen by the tablet");
    assert_ne!(view.content.title, "A leaf, 11", "that came after it, as far as anyone can say");
}

#[test]
fn a_device_that_has_everything_compared_all_the_time_is_not_let() {
    let mut school = school(91, &[("phone", "mina"), ("tablet", "mina")]);
    let folder = school.relay_folder();
    let config = fieldfolio_server::config::Config::default();
    let relay = fieldfolio_server::exchange::Relay::open(&folder, &config).unwrap();
    let mut answers = |device: &str| {
        let me = school.device(device).device().identity().clone();
        let asker = relay.read(|conn| token_holder(conn, &me.token, now())).unwrap().unwrap();
        let cursor = relay.exchange(asker, Request::of(Cursor::default(), Vec::new())).unwrap().cursor;
        let differing = (0..40).filter(|_| {
            let audit = Some(Holdings { documents: [1; 32], records: [1; 32] });
            relay.exchange(asker, Request { audit, ..Request::of(cursor, Vec::new()) }).unwrap().differs
        });
        differing.count()
    };
    let greedy = answers("phone");
    assert!((5..20).contains(&greedy), "{greedy}");
    assert_eq!(answers("tablet"), greedy, "nobody else notices");
}

#[test]
fn an_old_invitation_opens_nothing_after_the_log_went_back() {
    let mut school = school(92, &[("phone", "mina")]);
    let (ito, root, now) = (school.person("ms-ito"), school.root_key(), school.now);
    let mut rng = SeededRng::new(92);
    // One that she used; one that she let pass; one that she is yet to use.
    let [used, passed, open] = [86_400_000, 1_000, 30 * 86_400_000].map(|time| {
        school.edit(|edit| invitations::invite(edit, ito, time, &root, "http://sim.invalid", &mut rng))
    });
    let folder = school.relay_folder().join("found");
    let mut begun = |name: &str, link: &InvitationLink| {
        Enrolment::begin(&folder.join(name), link.clone(), now, &mut rng).unwrap().request()
    };
    let (hers, found) = (begun("hers", &used), [begun("1", &used), begun("2", &passed), begun("3", &open)]);
    let key = *found[2].invitation.as_bytes();
    school.edit(|edit| {
        let proven = enrolment::prove(edit.tx, hers)?;
        enrolment::enrol(edit.tx, edit.now, &proven)
    });
    school.now = school.now.plus_millis(86_400_000);
    school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.keep_marked_backup();
    school.restore_backup();
    let comes = found.map(|request| {
        let sql = "select signature, expires_at from invitation where key = ?1";
        let key = [request.invitation.as_bytes()];
        let (signature, expires): ([u8; 64], i64) =
            school.conn.query_row(sql, key, |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let record = DeviceRecord {
            device: request.device,
            person: ito,
            key: request.key,
            invitation: request.invitation,
            invitation_expires: Timestamp::from_millis(expires.cast_unsigned()),
            inviter: Inviter::Root,
            inviter_signature: Signature::from_bytes(signature),
            device_signature: request.signature,
            revoked_at: None,
        };
        let (token_hash, token_signature) = (request.token_hash, request.token_signature);
        let frame = ReEnrol { chain: vec![record], token_hash, token_signature };
        let tx = fieldfolio_server::database::begin(&mut school.conn).unwrap();
        let came = enrolment::prove_chain(&tx, frame)
            .and_then(|proven| enrolment::re_enrol(&tx, school.now, &proven));
        tx.commit().unwrap();
        came.map(drop).map_err(|refused| refused.to_string())
    });
    let [used, passed, open] = comes;
    assert!(used.unwrap_err().contains("used by another device"));
    assert!(passed.unwrap_err().contains("expired"));
    // Nobody can say that this one was not used in the log that is lost. Once it was, it is.
    open.unwrap();
    let sql = "select used_by is not null from invitation where key = ?1";
    assert!(school.conn.query_row(sql, [key], |row| row.get::<_, bool>(0)).unwrap());
}
