//! Every judgement kept and explained; the same level everywhere.

use fieldfolio_core::model::entry::{AssessmentKind, EntryBody, Feedback, Reference, Reply};
use fieldfolio_core::model::mastery::LevelState;
use fieldfolio_core::model::role::{Class, Role};

use super::school;

#[test]
fn two_teachers_judge_one_outcome_late_and_out_of_order_and_the_level_is_the_same_everywhere() {
    let devices =
        [("phone", "mina"), ("ito", "ms-ito"), ("okafor", "mr-okafor"), ("hana", "hana"), ("lea", "lea")];
    let mut school = school(20, &devices);
    let early = school.capture("phone", "Seed plan", "mina/community-garden", "2026-05-02", &["THINK"]);
    let middle = school.capture("phone", "Bridge sketch", "mina/bridge-workshop", "2026-05-09", &["THINK"]);
    let late = school.capture("phone", "Harvest", "mina/community-garden", "2026-06-20", &["THINK"]);
    school.settle();
    // The latest work is judged first; a formative "not yet" comes in between; the earliest is judged last.
    school.assess("ito", late, "mina", "THINK", 2);
    let mut not_yet = school.summative("THINK", 0);
    not_yet.kind = AssessmentKind::Formative;
    school.assess_as("okafor", middle, "mina", not_yet);
    school.settle();
    assert!(school.sentence("phone", "mina", "THINK").contains("1 of 3 at-bats, 1 of 2 projects"));
    school.assess("okafor", middle, "mina", "THINK", 2);
    school.assess("ito", early, "mina", "THINK", 3);
    school.settle();
    for device in ["phone", "ito", "okafor", "hana"] {
        let expected = "demonstrates: 3 of 3 at-bats, 2 of 2 projects";
        assert_eq!(school.sentence(device, "mina", "THINK"), expected, "{device}");
    }
    assert_eq!(school.sentence("lea", "mina", "THINK"), "no level is shown");
}

#[test]
fn a_mentors_judgement_counts_once_a_teacher_confirmed_it_and_as_it_stood_then() {
    let mut school = school(21, &[("phone", "mina"), ("ito", "ms-ito"), ("lea", "lea")]);
    let (mina, lea) = (school.person("mina"), school.person("lea"));
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-02", &["TEAM"]);
    school.settle();
    school.device("lea").go_offline();
    let judging = school.summative("TEAM", 2);
    let given = school.assess_as("lea", bed, "mina", judging);
    school.device("lea").go_online().unwrap();
    school.settle();
    assert!(school.sentence("phone", "mina", "TEAM").starts_with("not assessed"));

    let of = Reference { author: lea, about: Some(mina), entry: given };
    let now = school.now;
    assert_eq!(school.device("ito").device().review_queue(now).unwrap()[0].to_confirm, [of]);
    school.on("ito", |ito, now, rng| ito.confirm(bed, of, now, rng)).unwrap();
    school.settle();
    assert!(school.sentence("phone", "mina", "TEAM").contains("1 of 3 at-bats"));

    // The mentor takes it back: what the teacher confirmed stays hers.
    school.on("lea", |lea, now, rng| lea.withdraw(bed, Some(mina), given, now, rng)).unwrap();
    school.settle();
    assert!(school.sentence("phone", "mina", "TEAM").contains("1 of 3 at-bats"));
}

#[test]
fn a_changed_judgement_keeps_the_old_one_readable() {
    let mut school = school(22, &[("phone", "mina"), ("ito", "ms-ito")]);
    let mina = school.person("mina");
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    let judging = school.summative("THINK", 0);
    let first = school.assess_as("ito", leaf, "mina", judging);
    let mut second = school.summative("THINK", 2);
    second.replaces = Some(first);
    school.assess_as("ito", leaf, "mina", second);
    school.settle();
    let view = school.device("phone").device().piece(leaf).unwrap();
    assert_eq!(view.voices[0].entries.len(), 2);
    let outcome = school.outcome("THINK");
    let level = school.device("phone").device().level(mina, outcome).unwrap().unwrap();
    assert_eq!(level.answer.at_bats.len(), 1);
    assert_eq!(level.answer.at_bats[0].level.0, 2);
}

#[test]
fn work_edited_after_it_was_judged_says_so() {
    let mut school = school(23, &[("phone", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    let judging = school.summative("THINK", 2);
    let given = school.assess_as("ito", leaf, "mina", judging);
    assert!(school.device("ito").device().piece(leaf).unwrap().voices[0].edited_since.is_empty());
    let edits = fieldfolio_core::device::Edits { words: Some("More words".into()), ..Default::default() };
    school.on("phone", |phone, now, rng| phone.edit(leaf, edits, now, rng)).unwrap();
    school.settle();
    assert_eq!(school.device("ito").device().piece(leaf).unwrap().voices[0].edited_since, [given]);
}

#[test]
fn a_group_piece_is_judged_for_each_child_and_each_family_sees_its_own() {
    let devices = [("phone", "mina"), ("otto", "otto"), ("ito", "ms-ito"), ("hana", "hana")];
    let mut school = school(24, &devices);
    let (mina, otto) = (school.person("mina"), school.person("otto"));
    let bed = school.capture("phone", "Our bed", "mina/community-garden", "2026-05-02", &["TEAM"]);
    let his = school.folio("otto/community-garden");
    school.on("phone", |phone, now, rng| phone.place(bed, his, now, rng)).unwrap();
    school.settle();
    let (high, low) = (school.summative("TEAM", 3), school.summative("TEAM", 1));
    school.assess_as("ito", bed, "mina", high);
    school.assess_as("ito", bed, "otto", low);
    school.settle();
    let about = |school: &mut fieldfolio_tests::sim::School, device: &str| -> Vec<_> {
        let view = school.device(device).device().piece(bed).unwrap();
        let judged = view.voices.into_iter().filter(|voice| voice.class == Class::Voice(Role::Teacher));
        judged.map(|voice| voice.about).collect()
    };
    assert_eq!(about(&mut school, "phone"), [Some(mina)]);
    assert_eq!(about(&mut school, "otto"), [Some(otto)]);
    assert_eq!(about(&mut school, "hana"), [Some(mina)]);
    assert_eq!(about(&mut school, "ito").len(), 2);
    assert_eq!(school.sentence("otto", "mina", "TEAM"), "no level is shown");
}

#[test]
fn a_part_of_the_voices_is_never_shown_as_the_level() {
    let mut school =
        school(25, &[("phone", "mina"), ("ito", "ms-ito"), ("lea", "lea"), ("okafor", "mr-okafor")]);
    let mina = school.person("mina");
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    school.assess("okafor", leaf, "mina", "THINK", 2);
    school.settle();
    // One voice that counts can't be opened on the phone: what is left is only "from what you can see".
    let okafor = school.person("mr-okafor");
    let voice = fieldfolio_core::ids::DocumentId::voice(leaf, okafor, Some(mina));
    school.damage("phone", voice);
    school.device("phone").device().rebuild_index().unwrap();
    let status = school.device("phone").device().status().unwrap();
    assert_eq!(status.unopened.len(), 1, "{:?}", status.unopened);
    assert!(school.sentence("phone", "mina", "THINK").starts_with("from what you can see: "));
    // Everything else goes on.
    assert_eq!(school.device("phone").device().piece(leaf).unwrap().content.title, "A leaf");
    // The relay's copy is sound: the next sync heals it.
    school.settle();
    assert!(school.device("phone").device().status().unwrap().unopened.is_empty());
    assert!(school.sentence("phone", "mina", "THINK").starts_with("approaching: 1 of 3"));
    let outcome = school.outcome("THINK");
    let at_ito = school.device("ito").device().level(mina, outcome).unwrap().unwrap();
    assert!(matches!(at_ito.answer.state, LevelState::At(_)));
}

#[test]
fn feedback_and_its_answer_travel_both_ways() {
    let mut school = school(26, &[("phone", "mina"), ("lea", "lea")]);
    let (mina, lea) = (school.person("mina"), school.person("lea"));
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-02", &["TEAM"]);
    school.settle();
    let words = Feedback {
        did_well: "Straight rows".into(),
        next_step: "Water at dawn".into(),
        ..Default::default()
    };
    let given =
        school.on("lea", |lea, now, rng| lea.feedback(bed, Some(mina), &words, None, now, rng)).unwrap();
    school.settle();
    let to = Reference { author: lea, about: Some(mina), entry: given };
    school.on("phone", |phone, now, rng| phone.reply(bed, to, "Why at dawn?", now, rng)).unwrap();
    school.settle();
    let view = school.device("lea").device().piece(bed).unwrap();
    let reply = view.voices.iter().flat_map(|voice| &voice.entries).find_map(|entry| match &entry.body {
        EntryBody::Reply(Reply { to: answered, words }) => Some((*answered, words.clone())),
        _ => None,
    });
    assert_eq!(reply, Some((to, "Why at dawn?".to_owned())));
}
