//! Whose turn it is: places that people wait for in the order they came, each person with one place at a time.

use std::collections::{BTreeSet, VecDeque};
use std::ops::{Deref, DerefMut};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fieldfolio_core::ids::PersonId;

/// How many of one person's may wait: more than she has devices, and few of those who can wait at all.
const WAITING_OF_ONE: usize = 8;

/// Places, and who waits for one.
#[derive(Debug)]
pub(super) struct Turns<T>(Mutex<Queue<T>>);

#[derive(Debug)]
struct Queue<T> {
    free: Vec<T>,
    /// Who has a place now.
    inside: BTreeSet<PersonId>,
    waiting: VecDeque<Waiting<T>>,
    tickets: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    ticket: u64,
    person: PersonId,
    place: SyncSender<T>,
}

/// A place that goes to the next when it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a, T> {
    turns: &'a Turns<T>,
    person: PersonId,
    place: Option<T>,
}

impl<T> Turns<T> {
    pub(super) fn new(places: impl IntoIterator<Item = T>) -> Self {
        let free = places.into_iter().collect();
        Self(Mutex::new(Queue { free, inside: BTreeSet::new(), waiting: VecDeque::new(), tickets: 0 }))
    }

    /// Waits for a place, so long at most; not at all when too many of this person's wait already.
    pub(super) fn take(&self, person: PersonId, patience: Duration) -> Option<Turn<'_, T>> {
        let (ticket, place) = match self.come(person)? {
            Came::In(place) => return Some(Turn { turns: self, person, place: Some(place) }),
            Came::Waits(ticket, place) => (ticket, place),
        };
        let place = match place.recv_timeout(patience) {
            Ok(place) => place,
            Err(_) if self.leave(ticket) => return None,
            // It was given away in the very moment the patience ended.
            Err(_) => place.recv().ok()?,
        };
        Some(Turn { turns: self, person, place: Some(place) })
    }

    /// Looks at the places that nobody has.
    pub(super) fn of_free<U>(&self, look: impl Fn(&T) -> U) -> Vec<U> {
        self.lock().free.iter().map(look).collect()
    }

    fn come(&self, person: PersonId) -> Option<Came<T>> {
        let mut queue = self.lock();
        if !queue.inside.contains(&person)
            && let Some(place) = queue.free.pop()
        {
            queue.inside.insert(person);
            return Some(Came::In(place));
        }
        if queue.waiting.iter().filter(|waiting| waiting.person == person).count() >= WAITING_OF_ONE {
            return None;
        }
        let (place, given) = sync_channel(1);
        queue.tickets += 1;
        let ticket = queue.tickets;
        queue.waiting.push_back(Waiting { ticket, person, place });
        Some(Came::Waits(ticket, given))
    }

    /// Waits no more; false when a place has been given already.
    fn leave(&self, ticket: u64) -> bool {
        let mut queue = self.lock();
        let before = queue.waiting.len();
        queue.waiting.retain(|waiting| waiting.ticket != ticket);
        queue.waiting.len() < before
    }

    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Came<T> {
    In(T),
    Waits(u64, Receiver<T>),
}

impl<T> Queue<T> {
    /// Gives free places to those who came first and have none. Who waits holds her end until she has left the queue.
    fn hand_on(&mut self) {
        while let Some(place) = self.free.pop() {
            let next = self.waiting.iter().position(|waiting| !self.inside.contains(&waiting.person));
            let Some(waiting) = next.and_then(|at| self.waiting.remove(at)) else {
                self.free.push(place);
                return;
            };
            self.inside.insert(waiting.person);
            if let Err(unwanted) = waiting.place.send(place) {
                self.inside.remove(&waiting.person);
                self.free.push(unwanted.0);
            }
        }
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.place.as_ref().expect("a turn has its place until it is dropped")
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.place.as_mut().expect("a turn has its place until it is dropped")
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        let mut queue = self.turns.lock();
        queue.inside.remove(&self.person);
        queue.free.extend(self.place.take());
        queue.hand_on();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn person(number: u8) -> PersonId {
        PersonId::from_bytes([number; 16])
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_person_has_one_place_and_others_have_the_rest() {
        let turns = Turns::new([1, 2]);
        let first = turns.take(person(1), LONG).unwrap();
        assert!(turns.take(person(1), Duration::ZERO).is_none(), "one at a time");
        let other = turns.take(person(2), LONG).unwrap();
        assert!(turns.take(person(3), Duration::ZERO).is_none(), "all are taken");
        drop(first);
        let mut again = turns.take(person(1), LONG).unwrap();
        *again += 10;
        drop((again, other));
        let queue = turns.lock();
        assert_eq!(queue.free.iter().sum::<i32>(), 13, "places come back as they were left");
        assert!(queue.waiting.is_empty() && queue.inside.is_empty());
    }

    #[test]
    fn who_comes_in_numbers_is_sent_away_and_the_next_person_is_next() {
        let turns = Turns::new(["place"]);
        let order = Mutex::new(Vec::new());
        let wait = |number: u8| {
            let turn = turns.take(person(number), LONG).expect("a place in time");
            order.lock().unwrap().push(number);
            drop(turn);
        };
        let waiting = || turns.lock().waiting.len();
        thread::scope(|threads| {
            let inside = turns.take(person(1), LONG).unwrap();
            for number in 0..WAITING_OF_ONE {
                threads.spawn(|| wait(1));
                while waiting() <= number {
                    thread::yield_now();
                }
            }
            assert!(turns.take(person(1), LONG).is_none(), "so many wait already");
            threads.spawn(|| wait(2));
            while waiting() <= WAITING_OF_ONE {
                thread::yield_now();
            }
            drop(inside);
        });
        let order = order.into_inner().unwrap();
        assert_eq!(order.len(), WAITING_OF_ONE + 1);
        assert_eq!(order.last(), Some(&2), "first come, first served: {order:?}");
        assert_eq!(turns.lock().free, ["place"]);
    }
}
