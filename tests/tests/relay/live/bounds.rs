//! Listeners who behave badly cost others nothing, and the relay little.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fieldfolio_core::sync::wire::{self, Cursor, Request};
use fieldfolio_tests::real::{Client, RealSchool};

use crate::listener::{Listener, PATIENCE, Writer};

fn everything() -> Vec<u8> {
    let cursor = Cursor::default();
    wire::to_bytes(&Request::of(cursor, Vec::new()))
}

/// How long ordinary work takes meanwhile: one change, stored and synced to disk, thirty times.
fn ordinary_work(writer: &mut Writer) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..30)
        .map(|line| {
            let begun = Instant::now();
            writer.write(&format!("line {line}"));
            begun.elapsed()
        })
        .collect();
    times.sort();
    (times[15], times[29])
}

/// A teacher to whom everything is about two megabytes.
fn school_with_much() -> (RealSchool, Client) {
    let school = RealSchool::start().unwrap();
    let client = school.client("mina", "much").unwrap();
    for part in 0..16 {
        // Words that don't compress.
        let words: String = (0..3_000u64)
            .map(|word| {
                format!("{:x}", (word + 1 + part * 3_000).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17))
            })
            .collect();
        let same = Client::with(client.me.clone());
        Writer::new(same, &school, "mina/community-garden", 50 + part).write_words(&words);
    }
    let teacher = school.client("ms-ito", "tablet").unwrap();
    (school, teacher)
}

#[test]
fn who_asks_and_never_reads_is_dropped_and_others_do_not_notice() {
    let (school, teacher) = school_with_much();
    let mut writer = Writer::new(school.client("otto", "otto").unwrap(), &school, "otto/home", 41);
    let alone = ordinary_work(&mut writer);
    let before = school.relay.lock().unwrap().memory();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mut line = teacher.listen().unwrap();
            // Until the relay, which reads nothing while an answer is stuck, has given up on her.
            scope.spawn(move || while line.send(everything()) {});
        }
        let meanwhile = ordinary_work(&mut writer);
        println!("ordinary work, median and slowest: {alone:?}, beside four who never read {meanwhile:?}");
        assert!(meanwhile.0 < alone.0 * 5 + Duration::from_millis(50), "{meanwhile:?}");
    });
    bounded(before, &school);
    Listener::caught_up(&teacher);
}

#[test]
fn who_floods_requests_waits_for_herself_only() {
    let (school, teacher) = school_with_much();
    let mut writer = Writer::new(school.client("otto", "otto").unwrap(), &school, "otto/home", 42);
    let alone = ordinary_work(&mut writer);
    let before = school.relay.lock().unwrap().memory();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (mut line, stop) = (teacher.listen().unwrap(), &stop);
            scope.spawn(move || {
                // Always ten requests ahead of what was read.
                (0..10).for_each(|_| assert!(line.send(everything())));
                while !stop.load(Ordering::Relaxed) {
                    assert!(matches!(line.hear(PATIENCE), fieldfolio_tests::driver::Came::Frame(_)));
                    assert!(line.send(everything()));
                }
            });
        }
        let meanwhile = ordinary_work(&mut writer);
        println!("ordinary work, median and slowest: {alone:?}, beside four who flood {meanwhile:?}");
        stop.store(true, Ordering::Relaxed);
        assert!(meanwhile.0 < alone.0 * 20 + Duration::from_millis(200), "{meanwhile:?}");
    });
    bounded(before, &school);
}

/// Four connections held at most a response each.
fn bounded(before: Option<(u64, u64)>, school: &RealSchool) {
    let after = school.relay.lock().unwrap().memory();
    let (Some((before, _)), Some((_, most))) = (before, after) else { return };
    println!("memory: {before} kB before, {most} kB at most");
    assert!(most.saturating_sub(before) < 150_000, "{before} kB, then {most} kB");
}
