//! An enrolled student who means harm, one thing at a time: each costs what the budget says, and nobody else notices. What
//! she does all at once is in `hostile_student.rs`.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

#[path = "attack/answers.rs"]
mod answers;
#[path = "attack/bytes.rs"]
mod bytes;
#[path = "attack/operator.rs"]
mod operator;
#[path = "attack/people.rs"]
mod people;
#[path = "attack/remains.rs"]
mod remains;

use std::time::Duration;

use fieldfolio_core::device::Device;
use fieldfolio_core::ids::SeededRng;
use fieldfolio_tests::driver::{self, SyncReport};
use fieldfolio_tests::real::RealSchool;

fn sync(device: &mut Device) -> SyncReport {
    let report = driver::sync(device, true, Duration::from_secs(120)).unwrap();
    assert!(report.quiet && !report.locked && !report.unreachable, "{report:?}");
    report
}

fn dice(seed: u64) -> SeededRng {
    SeededRng::new(seed)
}

fn school() -> RealSchool {
    RealSchool::start().unwrap()
}
