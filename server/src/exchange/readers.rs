//! Connections that only read. Reading is bounded by processors, not by waiting, so a few are enough; who finds none free
//! waits for one, and nobody has more than half of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};

use fieldfolio_core::ids::PersonId;
use rusqlite::Connection;

use super::RelayError;
use crate::database;

#[derive(Debug)]
pub(super) struct Readers {
    folder: PathBuf,
    most_of_one: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Option<Connection>>,
    held: BTreeMap<PersonId, usize>,
}

/// A connection that goes back when it is dropped.
pub(super) struct Reader<'a> {
    readers: &'a Readers,
    person: Option<PersonId>,
    conn: Option<Connection>,
}

impl Readers {
    pub(super) fn new(folder: &Path, most: usize) -> Self {
        // Of one there is no half.
        let most = most.max(2);
        let state = State { idle: (0..most).map(|_| None).collect(), held: BTreeMap::new() };
        Self {
            folder: folder.to_owned(),
            most_of_one: most / 2,
            state: Mutex::new(state),
            freed: Condvar::new(),
        }
    }

    pub(super) fn take(&self, person: Option<PersonId>) -> Result<Reader<'_>, RelayError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let place = loop {
            let held = person.and_then(|person| state.held.get(&person)).copied().unwrap_or(0);
            if held < self.most_of_one
                && let Some(place) = state.idle.pop()
            {
                if let Some(person) = person {
                    *state.held.entry(person).or_default() += 1;
                }
                break place;
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        let mut reader = Reader { readers: self, person, conn: place };
        if reader.conn.is_none() {
            reader.conn = Some(database::open_reader(&self.folder)?);
        }
        Ok(reader)
    }
}

impl Reader<'_> {
    pub(super) fn conn(&self) -> &Connection {
        self.conn.as_ref().expect("a reader that was taken is open")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut state = self.readers.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.push(self.conn.take());
        if let Some(person) = self.person
            && let Some(held) = state.held.get_mut(&person)
        {
            *held -= 1;
            if *held == 0 {
                state.held.remove(&person);
            }
        }
        // Who was waiting may be one who has enough of them: everyone looks.
        self.readers.freed.notify_all();
    }
}
