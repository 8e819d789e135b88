//! Who calls, and what she is in a folio.

use fieldfolio_core::ids::{DeviceId, FolioId};

use super::error::CallError;
use crate::directory::edit::{Edit, millis};
use crate::directory::{devices, people};

/// The device may still ask: it was not revoked, nor its person locked, while the call waited for its turn.
pub fn must_still_be_known(edit: &Edit<'_>, device: DeviceId) -> Result<(), CallError> {
    match devices::may_act(edit.tx, device, edit.now)? {
        true => Ok(()),
        false => Err(CallError::Refused("this device was revoked: ask the school for a new invitation")),
    }
}

pub(super) const NOT_HER_TEACHER: &str =
    "only a teacher of this folio can do this: ask one of the student's teachers";

/// The row of who calls.
pub(super) fn caller(edit: &Edit<'_>) -> Result<i64, CallError> {
    let by = edit.by.ok_or(CallError::Refused("nobody asked"))?;
    Ok(people::row_of(edit.tx, by)?)
}

/// Has this person, by her row, the part of a teacher in this folio now?
pub(super) fn is_teacher(edit: &Edit<'_>, folio: FolioId, person: i64) -> rusqlite::Result<bool> {
    edit.tx
        .prepare_cached(
            "select 1 from circle c join folio f on f.id = c.folio
             where c.folio = ?1 and c.person = ?2 and c.role = 'teacher' and c.ended_n is null
             and (c.expires_at is null or c.expires_at > ?3)
             and not exists (select 1 from denial d where d.student = f.student and d.person = c.person)",
        )?
        .exists((folio.as_bytes(), person, millis(edit.now)))
}

pub(super) fn must_be_teacher(edit: &Edit<'_>, folio: FolioId) -> Result<i64, CallError> {
    let person = caller(edit)?;
    match is_teacher(edit, folio, person)? {
        true => Ok(person),
        false => Err(CallError::Refused(NOT_HER_TEACHER)),
    }
}
