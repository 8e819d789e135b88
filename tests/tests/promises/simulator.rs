//! Random schools in bad weather. A failing seed is printed and replays: `FIELDFOLIO_SEED=17 cargo test -p
//! fieldfolio-tests --test simulator`.

#[path = "simulator/assertions.rs"]
mod assertions;
#[path = "simulator/reference.rs"]
mod reference;
#[path = "simulator/steps.rs"]
mod steps;

use fieldfolio_tests::sim::{Happened, School, Weather};

/// Seeds of the ordinary run; `FIELDFOLIO_SEEDS` asks for more.
const SEEDS: u64 = 300;
/// Things that happen in one run.
const STEPS: usize = 70;

fn run(seed: u64) -> Happened {
    let mut school = School::new(seed);
    for (device, person) in steps::DEVICES {
        school.enrol(device, person);
    }
    school.settle();
    school.weather = Weather {
        drop_request: 10,
        drop_answer: 12,
        duplicate: 12,
        truncate: 6,
        delay: 12,
        repeat_later: 12,
    };
    let mut played = steps::Play::default();
    for _ in 0..STEPS {
        played.one_step(&mut school);
    }
    school.weather = Weather::default();
    for (device, _) in steps::DEVICES {
        school.device(device).set_clock_wrong_by(0);
        school.device(device).go_online().expect("a device comes back");
    }
    school.settle();
    assertions::everything_holds(&mut school, &played);
    assert!(played.went_back || school.happened.differed == 0, "a device and the relay hold the same");
    school.happened
}

fn run_seeds(part: u64, parts: u64) {
    if let Some(seed) = std::env::var("FIELDFOLIO_SEED").ok().and_then(|seed| seed.parse().ok()) {
        if part == 0 {
            println!("seed {seed}: {:?}", run(seed));
        }
        return;
    }
    let seeds = std::env::var("FIELDFOLIO_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let mut total = Happened::default();
    for seed in (0..seeds).filter(|seed| seed % parts == part) {
        let done = std::panic::catch_unwind(|| run(seed));
        let happened =
            done.unwrap_or_else(|_| panic!("seed {seed} failed: replay it with FIELDFOLIO_SEED={seed}"));
        total.exchanges += happened.exchanges;
        total.dropped_requests += happened.dropped_requests;
        total.dropped_answers += happened.dropped_answers;
        total.duplicates += happened.duplicates;
        total.truncated += happened.truncated;
        total.partitioned += happened.partitioned;
        total.differed += happened.differed;
        total.held += happened.held;
        total.erased += happened.erased;
        total.brought_back += happened.brought_back;
        total.delayed += happened.delayed;
        total.repeated_later += happened.repeated_later;
    }
    println!("part {part} of {parts}: {total:?}");
    let rare = [total.held, total.erased, total.brought_back];
    assert!(rare.iter().all(|count| *count > 0), "nothing late, erased or brought back: {total:?}");
    let bad = [
        total.dropped_requests,
        total.dropped_answers,
        total.duplicates,
        total.truncated,
        total.partitioned,
        total.delayed,
        total.repeated_later,
    ];
    assert!(bad.iter().all(|count| *count > 0), "the weather was too good to prove anything: {total:?}");
}

#[test]
fn random_schools_converge_first_part() {
    run_seeds(0, 2);
}

#[test]
fn random_schools_converge_second_part() {
    run_seeds(1, 2);
}
