//! Two devices bring changes of one document at the same time: the trial of the one is overtaken by the commit of the
//! other, and made again.

use std::cell::{Cell, RefCell};

use fieldfolio_core::device::{Edits, Step};
use fieldfolio_core::ids::{DeviceId, PersonId, SchoolId};
use fieldfolio_core::sync::relay::{Asker, Sandbox};
use fieldfolio_core::sync::wire::{Cursor, Item, Request, Verdict};
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::database;
use fieldfolio_server::exchange::{Backend, Lane, OneConnection, RelayError, exchange, token_holder};
use fieldfolio_tests::sim::School;
use rusqlite::{Connection, Transaction};

use super::school;

/// A relay on which, between a reading and its trial, somebody else's next item is committed.
struct Overtaken<'a> {
    relay: OneConnection<'a>,
    beside: RefCell<Connection>,
    other: Asker,
    items: RefCell<Vec<Item>>,
    trials: Cell<usize>,
}

impl Backend for Overtaken<'_> {
    fn school(&self) -> SchoolId {
        self.relay.school()
    }

    fn now(&self) -> Timestamp {
        self.relay.now()
    }

    fn reading<T>(
        &self,
        lane: Lane,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, RelayError> {
        self.relay.reading(lane, read)
    }

    fn writing<T, F>(&self, lane: Lane, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    {
        self.relay.writing(lane, write)
    }

    fn trial_room(&self, person: PersonId) -> impl Sandbox {
        self.trials.set(self.trials.get() + 1);
        if let Some(item) = self.items.borrow_mut().pop() {
            let mut conn = self.beside.borrow_mut();
            let beside = OneConnection::new(&mut conn, self.now()).unwrap();
            let verdicts = exchange(&beside, self.other, brings(vec![item])).unwrap().verdicts;
            assert!(matches!(verdicts[..], [Verdict::Stored(_)]), "{verdicts:?}");
        }
        self.relay.trial_room(person)
    }

    fn only_reads(&self) -> bool {
        self.relay.only_reads()
    }

    fn disk_is_low(&self) -> bool {
        self.relay.disk_is_low()
    }

    fn may_compare(&self, device: DeviceId) -> bool {
        self.relay.may_compare(device)
    }
}

fn brings(items: Vec<Item>) -> Request {
    Request::of(Cursor::default(), items)
}

/// What a device would send now, and who it is to the relay.
fn sends(school: &mut School, name: &str) -> (Asker, Vec<Item>) {
    let now = school.tick();
    let device = school.device(name).device();
    let token = device.identity().token;
    device.wake().unwrap();
    let Step::Ask(_, ask) = device.next_step(now).unwrap() else { panic!("{name} has something to send") };
    let items = Request::from_bytes(ask.exchange().unwrap()).unwrap().items;
    (token_holder(&school.conn, &token, now).unwrap().unwrap(), items)
}

/// The phone brings one change while the tablet brings so many, one before each of the phone's trials. The phone's
/// verdict, and how many trials that took.
fn overtaken(by: usize) -> (Verdict, usize) {
    let mut school = school(60, &[("phone", "mina"), ("tablet", "mina")]);
    let piece = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    let mut write = |device: &str, words: String| {
        let edits = Edits { words: Some(words.into()), ..Edits::default() };
        school.on(device, |device, now, rng| device.edit(piece, edits, now, rng)).unwrap();
    };
    write("phone", "Green".to_owned());
    (0..by).for_each(|number| write("tablet", format!("Brown, {number}")));
    let (other, mut items) = sends(&mut school, "tablet");
    assert_eq!(items.len(), by);
    items.reverse();
    let (phone, change) = sends(&mut school, "phone");
    let relay = Overtaken {
        beside: RefCell::new(database::open(&school.relay_folder()).unwrap()),
        relay: school.relay(),
        other,
        items: RefCell::new(items),
        trials: Cell::new(0),
    };
    let mut verdicts = exchange(&relay, phone, brings(change)).unwrap().verdicts;
    assert_eq!(verdicts.len(), 1);
    (verdicts.remove(0), relay.trials.get())
}

#[test]
fn a_change_that_is_overtaken_is_tried_again_and_taken() {
    let (verdict, trials) = overtaken(1);
    assert!(matches!(verdict, Verdict::Stored(_)), "{verdict:?}");
    assert_eq!(trials, 2);
}

#[test]
fn one_that_is_overtaken_again_and_again_is_put_off() {
    assert_eq!(overtaken(4), (Verdict::Busy, 4));
}
