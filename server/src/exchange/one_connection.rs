//! The relay's work on one connection, with nothing beside it and a clock from outside: what a simulation in one thread
//! runs.

use fieldfolio_core::ids::{DeviceId, PersonId, SchoolId};
use fieldfolio_core::sync::relay::Sandbox;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::writer::in_savepoint;
use super::{Backend, Lane, RelayError, school_of};
use crate::gate::ContainedTrial;
use crate::visibility;

/// See the module.
#[derive(Debug)]
pub struct OneConnection<'a> {
    conn: &'a Connection,
    school: SchoolId,
    now: Timestamp,
}

impl<'a> OneConnection<'a> {
    /// The school of this database, at this moment. What waits after large events of the directory is worked out now and
    /// after every write, since nothing else does it.
    pub fn new(conn: &'a mut Connection, now: Timestamp) -> Result<Self, RelayError> {
        let one = Self { school: school_of(conn)?, conn, now };
        one.work_out()?;
        Ok(one)
    }

    fn work_out(&self) -> Result<(), RelayError> {
        while visibility::is_waited_for(self.conn)? {
            self.commit(visibility::refresh_some)?;
        }
        Ok(())
    }

    fn commit<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T>,
    ) -> Result<T, RelayError> {
        // The connection was lent to this alone, and every transaction ends where it began: none is open here.
        let tx = Transaction::new_unchecked(self.conn, TransactionBehavior::Immediate)?;
        let done = in_savepoint(&tx, || {
            let result = write(&tx, self.now);
            (result.is_ok(), result)
        })?;
        tx.commit()?;
        Ok(done.ok_or(RelayError::Closing)??)
    }
}

impl Backend for OneConnection<'_> {
    fn school(&self) -> SchoolId {
        self.school
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn reading<T>(
        &self,
        _lane: Lane,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, RelayError> {
        let moment = self.conn.unchecked_transaction()?;
        Ok(read(&moment)?)
    }

    fn writing<T, F>(&self, _lane: Lane, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    {
        let done = self.commit(write)?;
        self.work_out()?;
        Ok(done)
    }

    fn trial_room(&self, _person: PersonId) -> impl Sandbox {
        ContainedTrial::new()
    }

    fn only_reads(&self) -> bool {
        false
    }

    fn disk_is_low(&self) -> bool {
        false
    }

    fn may_compare(&self, _device: DeviceId) -> bool {
        true
    }
}
