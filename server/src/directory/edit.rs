//! One change of the directory.

use fieldfolio_core::ids::{PersonId, Rng};
use fieldfolio_core::time::Timestamp;
use rusqlite::Transaction;

use crate::log::{self, Event};

/// One change of the directory: its transaction, its moment, and who asked for it.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// The transaction everything happens in.
    pub tx: &'a Transaction<'a>,
    /// The relay's clock.
    pub now: Timestamp,
    /// Whose device asked; none for the command line.
    pub by: Option<PersonId>,
}

impl Edit<'_> {
    /// Appends the event of this change. One that takes something away is noted as an ending, too.
    pub(crate) fn event(&self, event: &Event) -> rusqlite::Result<u64> {
        let n = log::append(self.tx, self.now, self.by, event)?;
        if event.takes_away() {
            log::note_ending(self.tx, n, event)?;
        }
        Ok(n)
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRng;

impl Rng for OsRng {
    fn fill(&mut self, into: &mut [u8]) {
        // Keys made without randomness would be worse than none: there is no way on from here.
        getrandom::fill(into).expect("the operating system has randomness");
    }
}

/// A moment as the database keeps it.
pub(crate) const fn millis(moment: Timestamp) -> i64 {
    moment.millis().cast_signed()
}

/// A moment as the database kept it.
pub(crate) const fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis.cast_unsigned())
}
