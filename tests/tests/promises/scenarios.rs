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
#[path = "scenarios/inbox.rs"]
mod inbox;
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
