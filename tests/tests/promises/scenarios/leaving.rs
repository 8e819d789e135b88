//! Roles end, devices are lost, and what was written stays its author's.

use fieldfolio_core::device::Unsent;
use fieldfolio_core::model::entry::Feedback;
use fieldfolio_core::model::role::Role;
use fieldfolio_server::directory::circles::{self, Grant};
use fieldfolio_server::directory::devices;

use super::school;

#[test]
fn a_revoked_device_locks_and_names_what_it_could_not_send() {
    let mut school = school(40, &[("phone", "mina"), ("tablet", "mina"), ("ito", "ms-ito")]);
    school.device("tablet").go_offline();
    let unsent = school.capture("tablet", "On the tablet", "mina/community-garden", "2026-05-02", &[]);
    let tablet = school.device("tablet").device().identity().device;
    school.edit(|edit| devices::revoke(edit, tablet));
    school.device("tablet").go_online().unwrap();
    school.settle();
    assert!(school.device("tablet").locked);
    school.device("tablet").restart().unwrap();
    assert!(school.device("tablet").device().status().unwrap().locked);
    let status = school.device("tablet").device().status().unwrap();
    assert!(status.waiting.iter().any(|waiting| waiting.piece == Some(unsent)));
    assert!(school.device("ito").device().piece(unsent).is_err());
    // The phone goes on.
    let leaf = school.capture("phone", "On the phone", "mina/community-garden", "2026-05-03", &[]);
    school.settle();
    assert!(school.device("ito").device().piece(leaf).is_ok());
}

#[test]
fn what_a_mentor_wrote_too_late_waits_with_its_reason_and_goes_when_her_role_is_renewed() {
    let mut school = school(41, &[("phone", "mina"), ("lea", "lea")]);
    let (mina, lea) = (school.person("mina"), school.person("lea"));
    let folio = school.folio("mina/community-garden");
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-02", &["TEAM"]);
    school.settle();
    school.device("lea").go_offline();
    let words = Feedback { did_well: "Straight rows".into(), ..Default::default() };
    school.on("lea", |lea, now, rng| lea.feedback(bed, Some(mina), &words, None, now, rng)).unwrap();
    school.edit(|edit| circles::end(edit, folio, lea, Role::Mentor));
    school.device("lea").go_online().unwrap();
    school.settle();
    let status = school.device("lea").device().status().unwrap();
    assert!(status.waiting.is_empty() && status.held.len() == 1, "{status:?}");
    assert!(school.device("phone").device().piece(bed).unwrap().voices.is_empty());

    let grant = Grant { folio, person: lea, role: Role::Mentor, may_write: false, expires: None };
    school.edit(|edit| circles::grant(edit, &grant));
    school.settle();
    assert!(school.device("lea").device().status().unwrap().waiting.is_empty());
    assert_eq!(school.device("phone").device().piece(bed).unwrap().voices.len(), 1);
}

#[test]
fn who_leaves_a_circle_forgets_the_others_and_keeps_her_own_words() {
    let mut school = school(42, &[("phone", "mina"), ("lea", "lea")]);
    let (mina, lea) = (school.person("mina"), school.person("lea"));
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-02", &["TEAM"]);
    school.settle();
    let words = Feedback { did_well: "Straight rows".into(), ..Default::default() };
    let given =
        school.on("lea", |lea, now, rng| lea.feedback(bed, Some(mina), &words, None, now, rng)).unwrap();
    school.settle();
    let folio = school.folio("mina/community-garden");
    school.edit(|edit| circles::end(edit, folio, lea, Role::Mentor));
    school.settle();
    let digest = school.device("lea").device().digest().unwrap();
    assert_eq!(digest.documents.len(), 1, "{:?}", digest.documents);
    assert!(digest.documents[0].0.contains("voice"));
    // What was said while she was there stays with the student.
    let view = school.device("phone").device().piece(bed).unwrap();
    assert_eq!(view.voices[0].entries[0].id, given);
}

#[test]
fn a_role_that_expires_ends_by_the_relays_clock_alone() {
    let mut school = school(43, &[("phone", "mina"), ("lea", "lea")]);
    let lea = school.person("lea");
    let folio = school.folio("mina/community-garden");
    let expires = Some(school.now.plus_millis(3_600_000));
    school.edit(|edit| {
        circles::end(edit, folio, lea, Role::Mentor)?;
        circles::grant(edit, &Grant { folio, person: lea, role: Role::Mentor, may_write: false, expires })
    });
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-02", &[]);
    school.settle();
    assert!(school.device("lea").device().piece(bed).is_ok());
    school.now = school.now.plus_millis(3_600_000);
    school.settle();
    assert!(school.device("lea").device().piece(bed).is_err());
}

#[test]
fn a_piece_is_taken_back_only_while_nobody_else_wrote_on_it() {
    let mut school = school(44, &[("phone", "mina"), ("ito", "ms-ito")]);
    let mina = school.person("mina");
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &[]);
    school.settle();
    school.on("phone", |phone, now, rng| phone.unshare(leaf, now, rng)).unwrap();
    school.settle();
    assert!(school.device("ito").device().piece(leaf).is_err());

    let all = fieldfolio_core::model::role::Roles::WHOLE_CIRCLE;
    school.on("phone", |phone, now, rng| phone.share(leaf, all, now, rng)).unwrap();
    school.settle();
    school.device("phone").go_offline();
    let words = Feedback { did_well: "Sharp".into(), ..Default::default() };
    school.on("ito", |ito, now, rng| ito.feedback(leaf, Some(mina), &words, None, now, rng)).unwrap();
    school.settle();
    // The phone has not heard of it and takes the piece back; the relay knows better, and the phone says why.
    school.on("phone", |phone, now, rng| phone.unshare(leaf, now, rng)).unwrap();
    school.device("phone").go_online().unwrap();
    school.settle();
    let status = school.device("phone").device().status().unwrap();
    assert!(status.set_aside[0].0.to_string().contains("others have written"), "{:?}", status.set_aside);
    assert!(school.device("ito").device().piece(leaf).is_ok());
    assert!(school.device("phone").device().piece(leaf).unwrap().audience.is_some());
}

#[test]
fn a_device_is_not_wiped_quietly_while_something_is_unsent() {
    let mut school = school(45, &[("phone", "mina")]);
    school.device("phone").go_offline();
    school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &[]);
    let folder = school.device("phone").device().store().place().clone();
    let refused = school.device("phone").take().wipe(Unsent::Keep).unwrap_err();
    assert!(refused.to_string().starts_with("unsent work: 4"), "{refused}");
    let again = fieldfolio_core::device::Device::open(&folder).unwrap();
    again.wipe(Unsent::MayBeLost).unwrap();
    assert!(!folder.path().join("fieldfolio.db").exists());
}

#[test]
fn a_denied_parent_learns_nothing_new_not_even_through_another_child() {
    let mut school = school(46, &[("phone", "mina"), ("hana", "hana"), ("ito", "ms-ito")]);
    let (mina, otto, hana) = (school.person("mina"), school.person("otto"), school.person("hana"));
    school.edit(|edit| fieldfolio_server::directory::families::link_guardian(edit, otto, hana));
    school.edit(|edit| circles::deny(edit, mina, hana));
    school.settle();
    let bed = school.capture("phone", "Our bed", "mina/community-garden", "2026-05-02", &[]);
    let his = school.folio("otto/community-garden");
    school.on("phone", |phone, now, rng| phone.place(bed, his, now, rng)).unwrap();
    let think = school.outcome("THINK");
    let started = school
        .on("phone", |phone, now, rng| phone.start_project("A bee hotel", "", &[think], now, rng))
        .unwrap();
    school.settle();
    assert!(school.device("hana").device().piece(bed).is_err());
    let people = school.device("hana").device().people().unwrap();
    assert!(!people.iter().any(|person| person.id == mina), "{people:?}");
    let projects: Vec<fieldfolio_core::model::directory::Project> = {
        let conn = school.device("hana").device().store().read();
        fieldfolio_core::store::records::all(conn, fieldfolio_core::store::records::RecordKind::Project)
            .unwrap()
    };
    assert!(!projects.iter().any(|project| project.id == started.project));
}

#[test]
fn a_voice_stays_what_it_was_and_no_new_role_judges_in_it() {
    let mut school = school(47, &[("phone", "mina"), ("ito", "ms-ito")]);
    let (mina, ito) = (school.person("mina"), school.person("ms-ito"));
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    school.assess("ito", leaf, "mina", "THINK", 2);
    school.settle();
    // She leaves the class and, as it happens, is Mina's aunt and becomes her guardian.
    let folio = school.folio("mina/community-garden");
    let grant = Grant { folio, person: ito, role: Role::Guardian, may_write: false, expires: None };
    school.edit(|edit| {
        let class = fieldfolio_server::directory::find::class(edit.tx, "Science 9")?;
        use fieldfolio_server::directory::classes::{ClassRole, leave};
        leave(edit, class, ito, ClassRole::Teacher)?;
        leave(edit, class, ito, ClassRole::Advisor)?;
        fieldfolio_server::directory::roster::add_kind(
            edit,
            ito,
            fieldfolio_core::model::directory::PersonKind::Guardian,
        )?;
        circles::grant(edit, &grant)
    });
    school.now = school.now.plus_millis(31 * 86_400_000);
    school.settle();
    let me = school.device("ito").device().identity().clone();
    let voice = fieldfolio_core::ids::DocumentId::voice(leaf, ito, Some(mina));
    let raws = {
        let conn = school.device("ito").device().store().read();
        let row = fieldfolio_core::store::log::document(conn, voice).unwrap().unwrap();
        fieldfolio_core::store::log::raw_changes(conn, row.row).unwrap()
    };
    let mut sheet = fieldfolio_core::document::Sheet::load(raws.iter().map(Vec::as_slice)).unwrap();
    let change =
        fieldfolio_tests::raw::change(&me, voice, &mut sheet, [8; 16], |edit| edit.title("one more"));
    let item = fieldfolio_core::sync::wire::Item::Change(change);
    let answer = fieldfolio_tests::raw::send(&mut school, &me, vec![item]).unwrap();
    assert_eq!(answer.verdicts, [fieldfolio_core::sync::Verdict::RoleEnded]);
}

#[test]
fn many_things_that_wait_for_people_hold_back_nothing_else() {
    let mut school = school(48, &[("phone", "mina"), ("ito", "ms-ito")]);
    let stranger = fieldfolio_core::ids::FolioId::from_bytes([5; 16]);
    for number in 0..300 {
        let new = fieldfolio_core::device::NewPiece {
            title: format!("waits {number}"),
            folios: vec![stranger],
            ..fieldfolio_core::device::NewPiece::of(fieldfolio_tests::a_day())
        };
        school.on("phone", |phone, now, rng| phone.capture(new, now, rng)).unwrap();
    }
    school.settle();
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &[]);
    school.settle();
    assert_eq!(school.device("ito").device().piece(leaf).unwrap().content.title, "A leaf");
    let waiting = school.device("phone").device().status().unwrap().waiting;
    assert!(waiting.len() >= 300 && waiting.iter().all(|waiting| waiting.reason.is_some()));
}

#[test]
fn who_may_see_a_piece_is_narrowed_and_widened_with_all_that_was_said_on_it() {
    use fieldfolio_core::model::role::Roles;
    let mut school = school(49, &[("phone", "mina"), ("lea", "lea"), ("hana", "hana"), ("ito", "ms-ito")]);
    let mina = school.person("mina");
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-02", &["TEAM"]);
    school.settle();
    let words = Feedback { did_well: "Straight rows".into(), ..Default::default() };
    for by in ["lea", "ito"] {
        school.on(by, |device, now, rng| device.feedback(bed, Some(mina), &words, None, now, rng)).unwrap();
    }
    school.settle();
    let seen = |school: &mut super::School, device: &str| {
        school.device(device).device().piece(bed).map(|view| view.voices.len()).ok()
    };
    assert_eq!(
        (seen(&mut school, "lea"), seen(&mut school, "hana"), seen(&mut school, "ito")),
        (Some(1), Some(2), Some(2))
    );
    let share = |school: &mut super::School, audience: Roles| {
        school.on("phone", |phone, now, rng| phone.share(bed, audience, now, rng)).unwrap();
        school.settle();
    };
    // For teachers only: the family sees nothing any more, the mentor her own words.
    share(&mut school, Roles::of([Role::Teacher]));
    assert_eq!((seen(&mut school, "hana"), seen(&mut school, "ito")), (None, Some(2)));
    assert_eq!(school.device("lea").device().digest().unwrap().documents.len(), 1);
    // Teachers and family.
    share(&mut school, Roles::of([Role::Teacher, Role::Guardian]));
    assert_eq!((seen(&mut school, "hana"), seen(&mut school, "ito")), (Some(2), Some(2)));
    // Everybody again, and what they say goes on where it was.
    share(&mut school, Roles::WHOLE_CIRCLE);
    assert_eq!((seen(&mut school, "lea"), seen(&mut school, "hana")), (Some(1), Some(2)));
    school.on("lea", |lea, now, rng| lea.feedback(bed, Some(mina), &words, None, now, rng)).unwrap();
    school.settle();
    assert_eq!(school.device("phone").device().piece(bed).unwrap().voices.len(), 2);
    assert_eq!(school.happened.differed, 0);
}
