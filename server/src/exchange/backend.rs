//! What an exchange needs of the place it runs in. Its steps are written once, over this: the server runs them on its
//! readers and its writer, a simulation in one thread on one connection.

use fieldfolio_core::ids::{DeviceId, PersonId, SchoolId};
use fieldfolio_core::sync::relay::Sandbox;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction};

use super::{Lane, RelayError};

/// Where the relay's work is done.
pub trait Backend {
    /// The school.
    fn school(&self) -> SchoolId;

    /// The clock.
    fn now(&self) -> Timestamp;

    /// Runs `read` in one read transaction: all that it sees is of the same moment. Of a person's readings only some run
    /// at a time.
    fn reading<T>(
        &self,
        lane: Lane,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, RelayError>;

    /// Runs `write` under the single writer, in its lane's turn. When this returns, all of it is on disk, or nothing.
    /// It is not asked here whether anything may be taken in.
    fn writing<T, F>(&self, lane: Lane, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T> + Send + 'static;

    /// Where this person's changes are tried.
    fn trial_room(&self, person: PersonId) -> impl Sandbox;

    /// Nothing may be taken in: see [`revocations`](crate::exchange::revocations).
    fn only_reads(&self) -> bool;

    /// Is so little of the disk free that only what the school itself has to do is still written?
    fn disk_is_low(&self) -> bool;

    /// May this device have what it holds compared now? Asking counts.
    fn may_compare(&self, device: DeviceId) -> bool;
}
