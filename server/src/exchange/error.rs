//! What goes wrong in the relay itself.

use crate::database::DatabaseError;
use crate::directory::DirectoryError;
use crate::exchange::revocations::{self, RevocationsError};

/// Something that is no verdict went wrong: the answer is "again, later".
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The school can't be read.
    #[error(transparent)]
    Directory(Box<DirectoryError>),
    /// The database has no row of somebody whose token is known.
    #[error("the relay's database has no {0}: `fieldfolio verify` says more")]
    Missing(&'static str),
    /// The writer is gone: the process is ending.
    #[error("the relay is shutting down")]
    Closing,
    /// The group of writes was not committed; the log says why.
    #[error("the write was not committed")]
    NotCommitted,
    /// What is left of the disk is for the school's own commands.
    #[error("the disk is nearly full")]
    DiskFull,
    /// An answer would be larger than any device reads.
    #[error("an answer is larger than any device reads")]
    TooLarge,
    /// Too much of one person's waits already.
    #[error("too much of this person's waits already")]
    Busy,
    /// What somebody may see is being worked out anew, or too many ask at once. It says nothing of who asks.
    #[error("it can't be said just now")]
    NotYet,
    /// Nothing may be taken in.
    #[error("{}", revocations::MISSING)]
    OnlyReading,
    /// What ended can't be written down.
    #[error(transparent)]
    Revocations(#[from] Box<RevocationsError>),
}

impl From<DirectoryError> for RelayError {
    fn from(error: DirectoryError) -> Self {
        Self::Directory(Box::new(error))
    }
}

impl From<rusqlite::Error> for RelayError {
    fn from(error: rusqlite::Error) -> Self {
        DatabaseError::from(error).into()
    }
}
