//! The log in SQLite passes the suite that every ledger must pass, and what is sent twice at once is taken once.

use std::sync::Barrier;

use fieldfolio_core::ids::{ActId, DocumentId, PieceId};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::sync::relay::{Asker, suite};
use fieldfolio_core::sync::wire::{Cursor, Item, Request, Verdict};
use fieldfolio_server::config::Config;
use fieldfolio_server::database;
use fieldfolio_server::exchange::Relay;
use fieldfolio_server::exchange::ledger::SqliteLedger;
use fieldfolio_server::gate::ContainedTrial;
use fieldfolio_tests::raw;
use fieldfolio_tests::real::Writing;
use fieldfolio_tests::sim::School;

#[test]
fn the_ledger_in_sqlite_does_what_every_ledger_must() {
    let mut school = School::new(70);
    school.enrol("phone", "mina");
    let me = school.device("phone").device().identity().clone();
    let student = Asker { person: me.person, device: me.device };
    let (folio, now) = (school.folio("mina/community-garden"), school.now);
    let tx = database::begin(&mut school.conn).unwrap();
    let mut ledger = SqliteLedger::writing(&tx, me.school, now);
    suite::every_ledger_must(&mut ledger, &ContainedTrial::new(), student, &me.key, folio);
    tx.commit().unwrap();
}

/// A phone whose line broke, or that was killed, asks again while the relay is still busy with its first request. What
/// is overtaken by itself is never taken for somebody else's work.
#[test]
fn the_same_items_in_two_exchanges_at_once_are_taken_once() {
    const LINES: usize = 3;
    let mut school = School::new(71);
    school.enrol("phone", "mina");
    let me = school.device("phone").device().identity().clone();
    let asker = Asker { person: me.person, device: me.device };
    let relay = Relay::open(&school.relay_folder(), &Config::default()).unwrap();
    for round in 0..150 {
        let piece = PieceId::new(school.tick(), &mut school.rng);
        let declare = Act::DeclarePiece { piece, maker: me.person, kind: PieceKind::Evidence };
        let act = ActId::new(school.now, &mut school.rng);
        let mut writing = Writing::new(DocumentId::content(piece), &mut school.rng);
        let mut items = vec![raw::act(&me, act, &declare)];
        for words in ["A leaf", "A green leaf", "A green leaf, seen closely"] {
            items.push(Item::Change(writing.write(&me, &[], |edit| edit.title(words))));
        }
        let (start, relay, items) = (Barrier::new(LINES), &relay, &items);
        std::thread::scope(|scope| {
            for line in 0..LINES {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    // Each line is a little later than the one before, and a little more so each round.
                    for _ in 0..line * round * 200 {
                        std::hint::spin_loop();
                    }
                    let (cursor, items) = (Cursor::default(), items.clone());
                    let request = Request::of(cursor, items);
                    let verdicts = relay.exchange(asker, request).unwrap().verdicts;
                    let is_taken =
                        |v: &Verdict| matches!(v, Verdict::Stored(_) | Verdict::Known(_) | Verdict::Busy);
                    assert!(verdicts.iter().all(is_taken), "round {round}, line {line}: {verdicts:?}");
                });
            }
        });
    }
}
