//! What the project promises, told as small stories, in one thread.

use fieldfolio_core::device::Judging;
use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::framework::Level;
use fieldfolio_tests::sim::School;

fn judging(school: &School, code: &str, level: u8) -> Judging {
    Judging {
        outcome: school.outcome(code),
        level: Level(level),
        kind: AssessmentKind::Summative,
        work_date: None,
        next_step: String::new(),
        replaces: None,
    }
}

#[test]
fn one_photo_reaches_the_teacher_and_her_judgement_comes_back() {
    let mut school = School::new(1);
    school.enrol("phone", "mina");
    school.enrol("ito", "ms-ito");
    school.settle();
    let mina = school.person("mina");
    school.device("phone").go_offline();
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    assert!(school.device("ito").device().piece(leaf).is_err());

    school.device("phone").go_online().unwrap();
    school.settle();
    let seen = school.device("ito").device().piece(leaf).unwrap();
    assert_eq!(seen.content.title, "A leaf");
    let judged = judging(&school, "THINK", 2);
    school.on("ito", |ito, now, chance| ito.assess(leaf, mina, judged, now, chance)).unwrap();
    school.settle();
    let outcome = school.outcome("THINK");
    let level = school.device("phone").device().level(mina, outcome).unwrap().unwrap();
    assert_eq!(level.answer.sentence, "approaching: 1 of 3 at-bats, 1 of 2 projects at \u{201c}demonstrates\u{201d}");
}
