//! What was written while somebody had a role, and came after it had ended: kept, shown, released.

use fieldfolio_core::ids::{DocumentId, FolioId, PersonId, PieceId, SeededRng};
use fieldfolio_core::model::directory::{Person, PersonKind};
use fieldfolio_core::model::entry::Feedback;
use fieldfolio_core::model::role::Role;
use fieldfolio_core::store::records::{self, RecordKind};
use fieldfolio_server::directory::circles::{self, Grant};
use fieldfolio_server::directory::roster;
use fieldfolio_tests::sim::School;

use super::school;

/// Lea, Mina's mentor, wrote offline; her part ended before she was back.
fn late_words(seed: u64) -> (School, PieceId, DocumentId) {
    let mut school = school(seed, &[("phone", "mina"), ("lea", "lea"), ("ito", "ms-ito")]);
    let (mina, lea) = (school.person("mina"), school.person("lea"));
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-02", &["TEAM"]);
    school.settle();
    school.device("lea").go_offline();
    say(&mut school, bed, "Straight rows");
    say(&mut school, bed, "Even spaces");
    let folio = garden(&school);
    school.edit(|edit| circles::end(edit, folio, lea, Role::Mentor));
    school.settle();
    (school, bed, DocumentId::voice(bed, lea, Some(mina)))
}

fn garden(school: &School) -> FolioId {
    school.folio("mina/community-garden")
}

fn say(school: &mut School, piece: PieceId, words: &str) {
    let mina = school.person("mina");
    let words = Feedback { did_well: words.into(), ..Default::default() };
    school.on("lea", |lea, now, rng| lea.feedback(piece, Some(mina), &words, None, now, rng)).unwrap();
}

fn back(school: &mut School) {
    school.device("lea").go_online().unwrap();
    school.settle();
}

fn grant(person: PersonId, folio: FolioId) -> Grant {
    Grant { folio, person, role: Role::Mentor, may_write: false, expires: None }
}

/// How many entries of Lea's stand on the piece, on this device.
fn heard(school: &mut School, device: &str, piece: PieceId) -> usize {
    let view = school.device(device).device().piece(piece).unwrap();
    view.voices.iter().map(|voice| voice.entries.len()).sum()
}

#[test]
fn late_words_are_kept_and_a_teacher_releases_them() {
    let (mut school, bed, voice) = late_words(70);
    back(&mut school);
    let status = school.device("lea").device().status().unwrap();
    assert!(status.waiting.is_empty() && status.set_aside.is_empty(), "{status:?}");
    assert_eq!(status.held, [(voice, 2)]);
    assert_eq!((heard(&mut school, "phone", bed), heard(&mut school, "ito", bed)), (0, 0));
    let waiting = school.device("ito").device().held_back().unwrap();
    assert_eq!(
        (waiting[0].document, waiting[0].author, waiting[0].changes),
        (voice, school.person("lea"), 2)
    );
    assert!(school.device("phone").device().held_back().unwrap().is_empty());

    // Neither the student nor the author lets it through.
    assert!(!school.release("mina", voice) && !school.release("lea", voice));
    assert!(school.release("ms-ito", voice));
    assert!(!school.release("ms-ito", voice), "once is enough");
    school.settle();
    assert_eq!((heard(&mut school, "phone", bed), heard(&mut school, "ito", bed)), (2, 2));
    assert!(school.device("ito").device().held_back().unwrap().is_empty());
    assert!(school.device("lea").device().status().unwrap().held.is_empty());
    assert_eq!(school.happened.differed, 0);
}

#[test]
fn a_renewed_part_lets_late_words_through_by_itself_and_later_ones_after_them() {
    let (mut school, bed, _) = late_words(71);
    back(&mut school);
    let (lea, folio) = (school.person("lea"), garden(&school));
    school.edit(|edit| circles::grant(edit, &grant(lea, folio)));
    school.settle();
    assert_eq!(heard(&mut school, "phone", bed), 2);
    say(&mut school, bed, "Well watered");
    school.settle();
    assert_eq!(heard(&mut school, "phone", bed), 3);
    let status = school.device("lea").device().status().unwrap();
    assert!(status.held.is_empty() && status.waiting.is_empty(), "{status:?}");

    // Grant, end, grant, once more.
    school.device("lea").go_offline();
    say(&mut school, bed, "Weeded");
    school.edit(|edit| circles::end(edit, folio, lea, Role::Mentor));
    school.edit(|edit| circles::grant(edit, &grant(lea, folio)));
    back(&mut school);
    assert_eq!(heard(&mut school, "phone", bed), 4);
}

#[test]
fn a_mentors_device_is_known_for_a_month_after_her_last_part() {
    let (mut school, bed, _) = late_words(72);
    school.now = school.now.plus_millis(31 * 86_400_000);
    back(&mut school);
    let lea = school.person("lea");
    assert!(school.device("lea").device().is_locked().unwrap(), "it is known no more");
    assert_eq!(heard(&mut school, "phone", bed), 0);
    // A new part, and it goes on where it was.
    let folio = garden(&school);
    school.edit(|edit| circles::grant(edit, &grant(lea, folio)));
    school.device("lea").ask_again().unwrap();
    school.settle();
    assert!(!school.device("lea").device().is_locked().unwrap());
    assert_eq!(heard(&mut school, "phone", bed), 2);
}

#[test]
fn a_month_after_the_end_nothing_is_taken_any_more() {
    let (mut school, bed, _) = late_words(78);
    // A parent, too: her phone stays hers.
    let lea = school.person("lea");
    school.edit(|edit| roster::add_kind(edit, lea, PersonKind::Guardian));
    school.now = school.now.plus_millis(31 * 86_400_000);
    back(&mut school);
    let status = school.device("lea").device().status().unwrap();
    assert!(status.held.is_empty());
    assert!(status.waiting.iter().all(|waiting| waiting.reason.unwrap().to_string().contains("has ended")));
    assert_eq!(heard(&mut school, "phone", bed), 0);
}

#[test]
fn who_never_had_a_part_is_refused_and_a_closed_circle_stays_closed() {
    let (mut school, bed, voice) = late_words(73);
    let (mina, lea) = (school.person("mina"), school.person("lea"));
    school.edit(|edit| circles::deny(edit, mina, lea));
    back(&mut school);
    let status = school.device("lea").device().status().unwrap();
    assert!(status.held.is_empty() && !status.waiting.is_empty(), "{status:?}");
    assert!(!school.release("ms-ito", voice));
    assert_eq!(heard(&mut school, "phone", bed), 0);
}

#[test]
fn the_same_late_words_twice_are_held_once_and_a_revoked_device_brings_none() {
    let (mut school, _, voice) = late_words(74);
    school.weather = fieldfolio_tests::sim::Weather { drop_answer: 60, duplicate: 60, ..Default::default() };
    back(&mut school);
    school.weather = fieldfolio_tests::sim::Weather::default();
    school.settle();
    let held: i64 = school.conn.query_row("select count(*) from held", [], |row| row.get(0)).unwrap();
    assert_eq!(held, 2);
    let device = school.device("lea").device().identity().device;
    school.edit(|edit| fieldfolio_server::directory::devices::revoke(edit, device));
    // What a revoked device had brought while it was none is not let through by anyone.
    assert!(!school.release("ms-ito", voice));
}

/// Whether a device knows a person's name.
fn knows(school: &mut School, device: &str, person: PersonId) -> bool {
    let device = school.device(device).device();
    records::all::<Person>(device.store().read(), RecordKind::Person)
        .unwrap()
        .iter()
        .any(|known| known.id == person)
}

#[test]
fn only_who_decides_on_late_words_learns_whose_they_are() {
    let mut school = school(75, &[("phone", "mina"), ("lea", "lea"), ("ito", "ms-ito")]);
    let (mina, lea) = (school.person("mina"), school.person("lea"));
    let hers = garden(&school);
    let ottos = school.folio("otto/community-garden");
    // Somebody who teaches Otto, and not Mina.
    let other = school.edit(|edit| {
        roster::add(edit, "Mr Night", &[PersonKind::Teacher], &mut SeededRng::new(75)).and_then(|other| {
            let part = Grant { role: Role::Teacher, ..grant(other, ottos) };
            circles::grant(edit, &part).map(|_| other)
        })
    });
    school.enrol_person("night", other);
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-02", &["TEAM"]);
    school.on("phone", |phone, now, rng| phone.place(bed, ottos, now, rng)).unwrap();
    school.settle();
    assert!(school.device("night").device().piece(bed).is_ok() && !knows(&mut school, "night", lea));
    school.device("lea").go_offline();
    let words = Feedback { did_well: "Straight rows".into(), ..Default::default() };
    school.on("lea", |lea, now, rng| lea.feedback(bed, Some(mina), &words, None, now, rng)).unwrap();
    school.edit(|edit| circles::end(edit, hers, lea, Role::Mentor));
    school.settle();
    back(&mut school);
    assert_eq!(school.device("ito").device().held_back().unwrap().len(), 1);
    assert!(knows(&mut school, "ito", lea));
    assert!(school.device("night").device().held_back().unwrap().is_empty());
    assert!(!knows(&mut school, "night", lea));
}

#[test]
fn who_comes_back_with_another_part_goes_on_with_what_was_held_back() {
    let (mut school, bed, _) = late_words(75);
    back(&mut school);
    let (lea, folio) = (school.person("lea"), garden(&school));
    let reader = Grant { folio, person: lea, role: Role::Reader, may_write: true, expires: None };
    school.edit(|edit| circles::grant(edit, &reader));
    school.settle();
    assert_eq!(heard(&mut school, "phone", bed), 2);
    say(&mut school, bed, "As a reader now");
    school.settle();
    assert_eq!(heard(&mut school, "phone", bed), 3);
    let status = school.device("lea").device().status().unwrap();
    assert!(status.held.is_empty() && status.waiting.is_empty(), "{status:?}");
}
