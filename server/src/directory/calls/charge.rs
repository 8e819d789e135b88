//! What a call costs its caller.

use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::DirectoryCall;

use super::caller::caller;
use super::error::CallError;
use crate::directory::edit::Edit;

/// What a call leaves in the log and in circles is the caller's, like what she writes.
pub fn charge(edit: &Edit<'_>, call: &DirectoryCall) -> Result<(), CallError> {
    let person = caller(edit)?;
    let (used, limit): (i64, Option<i64>) = edit
        .tx
        .prepare_cached("select used_bytes, record_limit from person where row = ?1")?
        .query_row([person], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let limit = limit.map_or(budget::PERSON_BYTES, i64::cast_unsigned);
    if used.cast_unsigned() > limit && needs_room(call) {
        return Err(CallError::UsedUp { limit });
    }
    edit.tx
        .prepare_cached("update person set used_bytes = used_bytes + ?2 where row = ?1")?
        .execute((person, budget::CALL_BYTES.cast_signed()))?;
    Ok(())
}

/// Is a call refused while the caller's room is used up? What takes something away never is, nor a device of hers or of a
/// student.
const fn needs_room(call: &DirectoryCall) -> bool {
    match call {
        DirectoryCall::InviteMentor(_)
        | DirectoryCall::ConfirmMentor(_)
        | DirectoryCall::GrantPart(_)
        | DirectoryCall::StartProject(_) => true,
        DirectoryCall::Invite(_)
        | DirectoryCall::DeclineMentor(_)
        | DirectoryCall::EndPart(_)
        | DirectoryCall::RevokeDevice(_)
        | DirectoryCall::ReleaseHeld(_) => false,
    }
}
