//! The gate of a relay that runs: it ends with it, and what happens to its children costs honest devices nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fieldfolio_core::device::{Device, NewPiece};
use fieldfolio_core::ids::{DocumentId, PieceId, SeededRng};
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::sync::wire::{Cursor, Item, Request, Verdict};
use fieldfolio_tests::driver::{self, OsRng, now};
use fieldfolio_tests::ledger::{every_document_opens, is_sound};
use fieldfolio_tests::processes::{children_of, runs, signal};
use fieldfolio_tests::real::{Client, RealSchool, Writing};

fn relay_of(school: &RealSchool) -> u32 {
    school.relay.lock().unwrap().number().unwrap()
}

#[test]
fn a_relay_that_is_killed_leaves_no_child_behind() {
    let school = RealSchool::start().unwrap();
    let children = children_of(relay_of(&school));
    assert!(!children.is_empty(), "one has begun before the relay listens");
    school.relay.lock().unwrap().kill9().unwrap();
    while children.iter().any(|child| runs(*child)) {
        std::thread::yield_now();
    }
    school.relay.lock().unwrap().restart().unwrap();
    let children = children_of(relay_of(&school));
    school.relay.lock().unwrap().stop_now().unwrap();
    assert!(children.iter().all(|child| !runs(*child)), "one that stops ends its children first");
}

/// The relay's gate has less memory than the large change needs.
#[test]
fn a_change_that_no_child_survives_is_refused_and_takes_none_of_its_neighbours_along() {
    let school = RealSchool::start_with("gate_memory_bytes = 67108864").unwrap();
    let mut dice = SeededRng::new(3);
    let mut client = school.client("mina", "phone").unwrap();
    let (piece, mut items) = client.new_piece(school.folio("mina/community-garden"), &mut dice);
    let document = DocumentId::content(piece);
    let mut beside: Vec<Writing> = (0..6).map(|_| Writing::new(document, &mut dice)).collect();
    let mut large = Writing::new(document, &mut dice);
    for (number, writing) in beside.iter_mut().enumerate() {
        let title = format!("Beside {number}");
        items.push(Item::Change(writing.write(&client.me, &[], |edit| edit.title(&title))));
    }
    let words = "leaf ".repeat(15_000);
    let at = 5;
    items.insert(at, Item::Change(large.write(&client.me, &[], |edit| edit.words(&words))));
    let after = at + 1;
    items.insert(after, Item::Change(large.write(&client.me, &[], |edit| edit.title("Built on it"))));
    let verdicts = client.send(&items).unwrap();
    for (position, verdict) in verdicts.iter().enumerate() {
        match position {
            _ if position == at => assert_eq!(*verdict, Verdict::Malformed),
            _ if position == after => assert_eq!(*verdict, Verdict::MissingDependency),
            _ => assert!(matches!(verdict, Verdict::Stored(_)), "{position}: {verdict:?}"),
        }
    }
}

/// Children are killed as fast as they come, until so many are, while three people work.
const KILLS: usize = 60;
const PIECES: usize = 12;

#[test]
fn while_children_are_killed_all_the_time_nothing_is_refused_and_nothing_is_lost() {
    let school = RealSchool::start().unwrap();
    let relay = relay_of(&school);
    let (kills, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = |person: &str, seed| {
        let mut rng = SeededRng::new(seed);
        let mut device = school.enrol(person, &format!("device of {person}")).unwrap();
        let folio = school.folio(&format!("{person}/community-garden"));
        let mut client = school.client(person, &format!("other device of {person}")).unwrap();
        let (piece, acts) = client.new_piece(folio, &mut rng);
        stored(&mut client, acts);
        let mut content = Writing::new(DocumentId::content(piece), &mut rng);
        let mut made = Vec::new();
        while made.len() < PIECES || kills.load(Ordering::SeqCst) < KILLS {
            let title = format!("{person}'s {}", made.len());
            let change = content.write(&client.me, &[], |edit| edit.title(&title));
            stored(&mut client, vec![Item::Change(change)]);
            let new = NewPiece {
                title: title.clone(),
                folios: vec![folio],
                audience: Some(Roles::WHOLE_CIRCLE),
                ..NewPiece::of(fieldfolio_tests::a_day())
            };
            made.push((device.capture(new, now(), &mut OsRng).unwrap().piece, title));
            driver::sync(&mut device, false, Duration::ZERO).unwrap();
        }
        (device, made)
    };
    let done: Vec<(Device, Vec<(PieceId, String)>)> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                for child in children_of(relay) {
                    kills.fetch_add(usize::from(signal(child, "KILL").is_ok()), Ordering::SeqCst);
                }
            }
        });
        let workers: Vec<_> = [("mina", 1), ("otto", 2), ("ada", 3)]
            .map(|(person, seed)| scope.spawn(move || work(person, seed)))
            .into_iter()
            .collect();
        let done = workers.into_iter().map(|worker| worker.join()).collect::<Vec<_>>();
        is_over.store(true, Ordering::SeqCst);
        done.into_iter().map(Result::unwrap).collect()
    });
    assert_eq!(relay_of(&school), relay);
    let mut teacher = school.enrol("ms-ito", "tablet").unwrap();
    let mut pieces = 0;
    for (mut device, made) in done {
        // Each is asked for by a person, so no pause of before holds it up.
        while !driver::sync(&mut device, false, Duration::ZERO).unwrap().quiet {}
        let status = device.status().unwrap();
        assert!(status.waiting.is_empty(), "{status:?}");
        assert!(status.set_aside.is_empty() && status.unopened.is_empty(), "{status:?}");
        driver::sync(&mut teacher, true, Duration::from_secs(120)).unwrap();
        for (piece, title) in &made {
            assert_eq!(&teacher.piece(*piece).unwrap().content.title, title);
        }
        pieces += made.len();
    }
    let conn = fieldfolio_server::database::open_reader(&school.home()).unwrap();
    is_sound(&conn, "relay.db").unwrap();
    every_document_opens(&conn).unwrap();
    println!("{pieces} pieces while {} children were killed", kills.into_inner());
}

/// Sends until all of it is stored. On the way it may be put off, or told that it asks too often, and nothing else.
fn stored(client: &mut Client, items: Vec<Item>) {
    let request = Request::of(Cursor::default(), items);
    loop {
        let verdicts = match client.exchange(&request).unwrap() {
            Ok(answer) => answer.verdicts,
            Err((429, _)) => continue,
            Err((status, words)) => panic!("{status}: {words}"),
        };
        let is_fine =
            |verdict: &Verdict| matches!(verdict, Verdict::Stored(_) | Verdict::Known(_) | Verdict::Busy);
        assert!(verdicts.iter().all(is_fine), "{verdicts:?}");
        if !verdicts.contains(&Verdict::Busy) {
            return;
        }
    }
}
