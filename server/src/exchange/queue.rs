//! Jobs that wait for the writer, in lanes: the school's own (commands, revocations, expiry) before everybody's, one lane
//! for each person, who take turns, and last what can wait.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fieldfolio_core::ids::PersonId;
use fieldfolio_core::sync::budget;
use fieldfolio_core::time::Timestamp;
use rusqlite::Transaction;

use super::RelayError;

/// Whose job it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The school's.
    School,
    /// A person's.
    Person(PersonId),
    /// Nobody waits for it.
    Later,
}

pub(super) type Settle = Box<dyn FnOnce(bool) + Send>;
pub(super) type Job = Box<dyn FnOnce(&Transaction<'_>, Timestamp) -> (bool, Settle) + Send>;

/// Jobs that wait, in their lanes.
#[derive(Default)]
pub(super) struct Queue {
    lanes: Mutex<Lanes>,
    came: Condvar,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

#[derive(Default)]
pub(super) struct Lanes {
    school: VecDeque<Job>,
    people: BTreeMap<PersonId, VecDeque<Job>>,
    /// Whose turn it is: everyone who has a job here, once.
    turns: VecDeque<PersonId>,
    pub(super) later: VecDeque<Job>,
    is_closed: bool,
}

impl Lanes {
    fn push(&mut self, lane: Lane, job: Job) -> Result<(), RelayError> {
        if self.is_closed {
            return Err(RelayError::Closing);
        }
        match lane {
            Lane::School => self.school.push_back(job),
            Lane::Later => self.later.push_back(job),
            Lane::Person(person) => {
                let hers = self.people.entry(person).or_default();
                if hers.len() >= budget::WAITING as usize {
                    return Err(RelayError::Busy);
                }
                if hers.is_empty() {
                    self.turns.push_back(person);
                }
                hers.push_back(job);
            }
        }
        Ok(())
    }

    /// The next job that somebody waits for.
    pub(super) fn next(&mut self) -> Option<Job> {
        if let Some(job) = self.school.pop_front() {
            return Some(job);
        }
        let person = self.turns.pop_front()?;
        let hers = self.people.get_mut(&person)?;
        let job = hers.pop_front();
        match hers.is_empty() {
            true => drop(self.people.remove(&person)),
            false => self.turns.push_back(person),
        }
        job
    }
}

impl Queue {
    pub(super) fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, lane: Lane, job: Job) -> Result<(), RelayError> {
        self.lock().push(lane, job)?;
        self.came.notify_one();
        Ok(())
    }

    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.came.notify_all();
    }

    pub(super) fn has_jobs(&self) -> bool {
        let lanes = self.lock();
        !(lanes.school.is_empty() && lanes.turns.is_empty() && lanes.later.is_empty())
    }

    /// Waits until there is a job: false when there will be none any more. With a patience, no longer than that.
    pub(super) fn wait(&self, patience: Option<Duration>) -> bool {
        let mut lanes = self.lock();
        loop {
            if !(lanes.school.is_empty() && lanes.turns.is_empty() && lanes.later.is_empty()) {
                return true;
            }
            if lanes.is_closed {
                return false;
            }
            match patience {
                None => lanes = self.came.wait(lanes).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    drop(self.came.wait_timeout(lanes, patience));
                    return true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rusqlite::Connection;

    use super::super::now;
    use super::*;

    fn marked(mark: u8, order: &Arc<Mutex<Vec<u8>>>) -> Job {
        let order = order.clone();
        Box::new(move |_, _| {
            order.lock().unwrap().push(mark);
            (true, Box::new(|_| {}))
        })
    }

    #[test]
    fn people_take_turns_and_the_school_comes_first() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut lanes = Lanes::default();
        let (greedy, patient) = (PersonId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
        for _ in 0..budget::WAITING {
            lanes.push(Lane::Person(greedy), marked(1, &order)).unwrap();
        }
        let refused = lanes.push(Lane::Person(greedy), marked(1, &order));
        assert!(matches!(refused, Err(RelayError::Busy)), "so many of hers wait already");
        lanes.push(Lane::Person(patient), marked(2, &order)).unwrap();
        lanes.push(Lane::School, marked(3, &order)).unwrap();
        let mut conn = Connection::open_in_memory().unwrap();
        let tx = conn.transaction().unwrap();
        for _ in 0..4 {
            drop(lanes.next().unwrap()(&tx, now()));
        }
        assert_eq!(*order.lock().unwrap(), [3, 1, 2, 1]);
    }
}
