//! Why a call was not carried out.

use crate::directory::error::DirectoryError;
use crate::directory::invitations::InviteError;

/// Why a call was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// She may not, or it can't be.
    #[error("{0}")]
    Refused(&'static str),
    /// Her room is used up.
    #[error(
        "all of the {limit} bytes that the school keeps of one person's work and calls are used: ask it for more"
    )]
    UsedUp {
        /// How many.
        limit: u64,
    },
    /// The directory's own rules.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The rules of invitations.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// SQLite failed.
    #[error("the relay's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl CallError {
    /// A failure of the relay, which is not the caller's to know, if this is one.
    pub fn failure(self) -> Result<Self, DirectoryError> {
        match self {
            CallError::Sqlite(error) | CallError::Invite(InviteError::Sqlite(error)) => Err(error.into()),
            CallError::Directory(error) | CallError::Invite(InviteError::Directory(error)) => {
                if error.is_failure() { Err(error) } else { Ok(CallError::Directory(error)) }
            }
            refused => Ok(refused),
        }
    }
}
