//! What the project promises, told as small stories, in one thread.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

#[path = "scenarios/distrust.rs"]
mod distrust;
#[path = "scenarios/ends.rs"]
mod ends;
#[path = "scenarios/erasing.rs"]
mod erasing;
#[path = "scenarios/going_back.rs"]
mod going_back;
#[path = "scenarios/hashes.rs"]
mod hashes;
#[path = "scenarios/judging.rs"]
mod judging;
#[path = "scenarios/late.rs"]
mod late;
#[path = "scenarios/leaving.rs"]
mod leaving;
#[path = "scenarios/newer.rs"]
mod newer;
#[path = "scenarios/offering.rs"]
mod offering;
#[path = "scenarios/offline.rs"]
mod offline;
#[path = "scenarios/overtaken.rs"]
mod overtaken;
#[path = "scenarios/quiet.rs"]
mod quiet;
#[path = "scenarios/vouching.rs"]
mod vouching;

use fieldfolio_core::device::Judging;
use fieldfolio_core::ids::{EntryId, PersonId, PieceId};
use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::framework::Level;
use fieldfolio_tests::sim::School;

/// A sample school with these devices enrolled and in step.
fn school(seed: u64, devices: &[(&str, &str)]) -> School {
    let mut school = School::new(seed);
    for (device, person) in devices {
        school.enrol(device, person);
    }
    school.settle();
    school
}

fn summative(school: &School, code: &str, level: u8) -> Judging {
    Judging {
        outcome: school.outcome(code),
        level: Level(level),
        kind: AssessmentKind::Summative,
        work_date: None,
        next_step: String::new(),
        replaces: None,
    }
}

fn assess(school: &mut School, judge: &str, piece: PieceId, student: PersonId, judging: Judging) -> EntryId {
    school.on(judge, |device, now, rng| device.assess(piece, student, judging, now, rng)).expect("judged")
}

/// What a device says of a student's level in an outcome.
fn sentence(school: &mut School, device: &str, student: &str, code: &str) -> String {
    let (student, outcome) = (school.person(student), school.outcome(code));
    let level = school.device(device).device().level(student, outcome).expect("a level can be asked for");
    level.map_or_else(|| "no level is shown".to_owned(), |level| level.answer.sentence)
}
