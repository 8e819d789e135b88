//! What others do arrives by itself, whole and in order.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use fieldfolio_core::device::Device;
use fieldfolio_core::sync::wire::Verdict;
use fieldfolio_tests::driver::{self, FollowReport, Until, follow};
use fieldfolio_tests::processes::DeviceProcess;
use fieldfolio_tests::real::RealSchool;

use crate::listener::{Listener, PATIENCE, Received, Writer};

/// The writers of a test: devices of three students, each in a piece of its own.
fn writers(school: &RealSchool, count: usize) -> Vec<Writer> {
    (0..count)
        .map(|number| {
            let student = ["mina", "otto", "ada"][number % 3];
            let client = school.client(student, &format!("writer-{number}")).unwrap();
            Writer::new(client, school, &format!("{student}/community-garden"), 100 + number as u64)
        })
        .collect()
}

#[test]
fn news_arrive_unasked_and_in_order_while_eight_write() {
    let school = RealSchool::start().unwrap();
    let teacher = school.client("ms-ito", "tablet").unwrap();
    let mut listener = Listener::caught_up(&teacher);
    let writers = writers(&school, 8);
    let mut written = BTreeSet::new();
    std::thread::scope(|scope| {
        let at_work: Vec<_> = writers
            .into_iter()
            .map(|mut writer| {
                scope.spawn(move || {
                    (0..25).for_each(|line| writer.write(&format!("line {line}")));
                    writer.written
                })
            })
            .collect();
        at_work.into_iter().for_each(|writer| written.extend(writer.join().unwrap()));
    });
    let mut heard = 0;
    while listener.changes != written {
        assert!(listener.changes.is_subset(&written));
        assert_eq!(listener.hear(), Received::News);
        heard += 1;
    }
    println!("200 changes by 8 writers came in {heard} frames, without one request");
    let mut asked = Listener::caught_up(&teacher);
    asked.catch_up();
    assert_eq!(asked.changes, listener.changes, "who asks knows no more");
}

#[test]
fn answers_come_in_the_order_of_requests_and_news_in_between() {
    let school = RealSchool::start().unwrap();
    let student = school.client("mina", "phone").unwrap();
    let mut listener = Listener::caught_up(&student);
    let mut own = Writer::new(school.client("mina", "tablet").unwrap(), &school, "mina/home", 7);
    let mut others = writers(&school, 4);
    let (mut answers, mut news) = (0, 0);
    std::thread::scope(|scope| {
        for writer in &mut others {
            scope.spawn(move || (0..30).for_each(|line| writer.write(&format!("line {line}"))));
        }
        for round in 0..10 {
            // A burst without waiting: each builds on the one before, so their order shows in the verdicts.
            (0..3).for_each(|line| listener.ask(vec![own.change(&format!("{round} {line}"))]));
            let mut open = 3;
            while open > 0 {
                match listener.hear() {
                    Received::Answer(verdicts) => {
                        assert!(matches!(verdicts[..], [Verdict::Stored(_)]), "{verdicts:?}");
                        open -= 1;
                        answers += 1;
                    }
                    Received::News => news += 1,
                }
            }
        }
    });
    let wanted: BTreeSet<_> = others
        .iter()
        .filter(|writer| writer.client.me.person == student.me.person)
        .flat_map(|writer| &writer.written)
        .chain(&own.written)
        .copied()
        .collect();
    while !wanted.is_subset(&listener.changes) {
        assert_eq!(listener.hear(), Received::News);
        news += 1;
    }
    println!("{answers} answers, {news} times news");
    assert_eq!(answers, 30);
}

#[test]
fn nothing_is_said_before_the_first_request() {
    let school = RealSchool::start().unwrap();
    let mut listener = Listener::silent(&school.client("ms-ito", "tablet").unwrap());
    let mut writer = writers(&school, 1).remove(0);
    writer.write("before she asks");
    listener.ask(Vec::new());
    assert_eq!(listener.hear(), Received::Answer(Vec::new()), "the first frame is the answer");
    writer.write("after she asked");
    while !writer.written.is_subset(&listener.changes) {
        assert_eq!(listener.hear(), Received::News);
    }
}

/// A device that follows in a thread, until something came; what it hears is passed on.
fn following(
    mut device: Device,
) -> (std::thread::JoinHandle<(Device, FollowReport)>, mpsc::Receiver<FollowReport>) {
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let report = follow(&mut device, Until::Change, |_, report| tell.send(report).unwrap()).unwrap();
        (device, report)
    });
    (thread, told)
}

#[test]
fn a_device_goes_on_where_it_was_when_the_relay_was_killed() {
    let school = RealSchool::start().unwrap();
    let teacher = school.enrol("ms-ito", "tablet").unwrap();
    let mut writer = writers(&school, 1).remove(0);
    let (thread, told) = following(teacher);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().answers, 1, "she listens");
    school.relay.lock().unwrap().kill9().unwrap();
    school.relay.lock().unwrap().restart().unwrap();
    let mut reports = told.iter();
    let again = reports.find(|report| report.connections == 2).unwrap();
    assert_eq!(again.news, 0);
    writer.write("after the night");
    let (device, report) = thread.join().unwrap();
    assert_eq!((report.connections, report.locked), (2, false));
    let content = writer.written.first().unwrap().0;
    assert_eq!(device.piece(content.piece).unwrap().content.title, "after the night");
}

#[test]
fn a_newcomer_to_a_circle_gets_the_backlog_over_her_open_line() {
    let school = RealSchool::start().unwrap();
    let mut phone = school.enrol("mina", "phone").unwrap();
    driver::sync(&mut phone, true, PATIENCE).unwrap();
    let mut writers = writers(&school, 1);
    (0..40).for_each(|line| writers[0].write(&format!("line {line}")));
    let piece = writers[0].written.first().unwrap().0.piece;

    // Sam keeps the directory, and sees nobody's work until now.
    school.enrol("sam", "sam").unwrap().pause().unwrap();
    let process = DeviceProcess::at(school.folder().join("sam"));
    let listening = process.follow_until_change().unwrap();
    assert!(process.refused(&["show", &piece.to_string()]).is_ok());
    let folio = school.folio("mina/community-garden").to_string();
    let sam = school.person("sam").to_string();
    // Another process writes: the relay notices by itself.
    school.office(&["circle", "grant", &folio, &sam, "--as", "reader"]).unwrap();
    let said = listening.ended().unwrap();
    assert!(said.contains("arrival"), "{said}");
    let shown = process.words(&["show", &piece.to_string()]).unwrap();
    assert!(shown.contains("line 39"), "{shown}");
}

#[test]
fn a_part_that_ends_by_the_clock_is_purged_over_the_open_line() {
    let school = RealSchool::start().unwrap();
    let mut writer = writers(&school, 1).remove(0);
    writer.write("while the mentor may see it");
    let lea = school.client("lea", "lea").unwrap();
    let mut listener = Listener::caught_up(&lea);
    assert_eq!(listener.changes, writer.written);
    let ends = driver::now().plus_millis(1_500);
    let (folio, person) =
        (school.folio("mina/community-garden").to_string(), school.person("lea").to_string());
    let until = ends.millis().to_string();
    school.office(&["circle", "grant", &folio, &person, "--as", "mentor", "--until", &until]).unwrap();
    while listener.purged.is_empty() {
        assert_eq!(listener.hear(), Received::News);
    }
    let late = driver::now().millis() - ends.millis();
    println!("purged {late} ms after its end");
    assert!(late < 2_000, "{late} ms");
    assert!(listener.purged.contains(&writer.written.first().unwrap().0));
}

/// What two hundred who listen to something else cost: how long news take with and without them, and memory.
#[test]
fn two_hundred_idle_listeners_cost_little() {
    let school = RealSchool::start().unwrap();
    // Two equal writers, each with a new piece: a change costs more the longer its document is.
    let mut writers = writers(&school, 2);
    let mut listener = Listener::caught_up(&school.client("ms-ito", "tablet").unwrap());
    let mut measure = |what: &str| {
        let mut writer = writers.remove(0);
        let mut times: Vec<Duration> = (0..100)
            .map(|line| {
                let begun = Instant::now();
                writer.write(&format!("{what} {line}"));
                while !writer.written.is_subset(&listener.changes) {
                    assert_eq!(listener.hear(), Received::News);
                }
                begun.elapsed()
            })
            .collect();
        times.sort();
        (times[50], times[99])
    };
    let alone = measure("alone");
    let before = school.relay.lock().unwrap().memory();
    // Nobody is told of their devices, so that only the connections make a difference.
    let idle: Vec<Listener> = (0..50)
        .flat_map(|number| {
            let client = school.newcomer(&format!("Idle {}", number / 5), "guardian", number).unwrap();
            (0..4).map(|_| Listener::caught_up(&client)).collect::<Vec<_>>()
        })
        .collect();
    let after = school.relay.lock().unwrap().memory();
    let among = measure("among 200");
    println!("write to news, median and slowest: alone {alone:?}, with 200 more {among:?}");
    if let (Some((before, _)), Some((after, _))) = (before, after) {
        println!("memory: {before} kB, with 200 connections {after} kB");
        assert!(after.saturating_sub(before) < 40_000, "under 200 kB for each");
    }
    assert!(among.0 < alone.0 * 3 + Duration::from_millis(20), "{among:?} after {alone:?}");
    drop(idle);
}
