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
    school.on("lea", |lea, now, chance| lea.feedback(bed, Some(mina), &words, None, now, chance)).unwrap();
    school.edit(|edit| circles::end(edit, folio, lea, Role::Mentor));
    school.device("lea").go_online().unwrap();
    school.settle();
    let status = school.device("lea").device().status().unwrap();
    let reason = status.waiting[0].reason.clone().unwrap();
    assert!(reason.contains("has ended"), "{reason}");
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
        school.on("lea", |lea, now, chance| lea.feedback(bed, Some(mina), &words, None, now, chance)).unwrap();
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
    school.on("phone", |phone, now, chance| phone.unshare(leaf, now, chance)).unwrap();
    school.settle();
    assert!(school.device("ito").device().piece(leaf).is_err());

    let all = fieldfolio_core::model::role::Roles::WHOLE_CIRCLE;
    school.on("phone", |phone, now, chance| phone.share(leaf, all, now, chance)).unwrap();
    school.settle();
    school.device("phone").go_offline();
    let words = Feedback { did_well: "Sharp".into(), ..Default::default() };
    school.on("ito", |ito, now, chance| ito.feedback(leaf, Some(mina), &words, None, now, chance)).unwrap();
    school.settle();
    // The phone has not heard of it and takes the piece back; the relay knows better, and the phone says why.
    school.on("phone", |phone, now, chance| phone.unshare(leaf, now, chance)).unwrap();
    school.device("phone").go_online().unwrap();
    school.settle();
    let status = school.device("phone").device().status().unwrap();
    assert!(status.set_aside[0].0.contains("others have written"), "{:?}", status.set_aside);
    assert!(school.device("ito").device().piece(leaf).is_ok());
    assert!(school.device("phone").device().piece(leaf).unwrap().audience.is_some());
}

#[test]
fn a_device_is_not_wiped_quietly_while_something_is_unsent() {
    let mut school = school(45, &[("phone", "mina")]);
    school.device("phone").go_offline();
    school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &[]);
    let folder = school.device("phone").device().store().folder().to_owned();
    let refused = school.device("phone").take().wipe(Unsent::Keep).unwrap_err();
    assert!(refused.to_string().starts_with("unsent work: 4"), "{refused}");
    let again = fieldfolio_core::device::Device::open(&folder).unwrap();
    again.wipe(Unsent::MayBeLost).unwrap();
    assert!(!folder.join("fieldfolio.db").exists());
}
