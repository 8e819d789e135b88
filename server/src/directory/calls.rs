//! What people change in the directory from their devices: who may, and what she is told where she may not.
//!
//! An id that is not there and one that is not hers to change are refused in the same words.

use fieldfolio_core::ids::DeviceId;
use fieldfolio_core::sync::wire::{DirectoryCall, RevokedDevice};
use rusqlite::Transaction;

use super::DirectoryError;
use super::edit::Edit;
use super::invitations;

pub use caller::must_still_be_known;
pub use charge::charge;
pub use error::CallError;

mod caller;
mod charge;
pub mod devices;
mod error;
pub mod mentors;
pub mod parts;
pub mod projects;

/// Carries a call out as a whole, or changes nothing.
pub fn whole<T>(
    tx: &Transaction<'_>,
    call: impl FnOnce() -> Result<T, CallError>,
) -> Result<Result<T, CallError>, DirectoryError> {
    tx.execute_batch("savepoint call")?;
    match call().map_err(CallError::failure) {
        Ok(done) => {
            tx.execute_batch("release call")?;
            Ok(Ok(done))
        }
        Err(Ok(refused)) => {
            tx.execute_batch("rollback to call; release call")?;
            Ok(Err(refused))
        }
        Err(Err(failed)) => Err(failed),
    }
}

/// What a call that was carried out is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// It is done, and these devices deserve a look.
    Revoked(RevokedDevice),
}

/// Carries out what `edit.by` asks from this device, or says why not: the one table of calls.
pub fn carry_out(edit: &Edit<'_>, device: DeviceId, call: &DirectoryCall) -> Result<Answer, CallError> {
    match call {
        DirectoryCall::Invite(invite) => {
            invitations::record_invitation(edit.tx, edit.now, Some(device), invite)?;
        }
        DirectoryCall::InviteMentor(invite) => mentors::invite(edit, device, invite)?,
        DirectoryCall::ConfirmMentor(proposed) => mentors::confirm(edit, proposed)?,
        DirectoryCall::DeclineMentor(proposed) => mentors::decline(edit, proposed)?,
        DirectoryCall::GrantPart(part) => parts::grant(edit, part)?,
        DirectoryCall::EndPart(part) => parts::end(edit, part)?,
        DirectoryCall::StartProject(project) => projects::start(edit, project)?,
        DirectoryCall::RevokeDevice(device) => return Ok(Answer::Revoked(devices::revoke(edit, device)?)),
        DirectoryCall::ReleaseHeld(_) => {
            return Err(CallError::Refused("what is held back is released through the gate"));
        }
    }
    Ok(Answer::Done)
}
