//! Who is whose guardian.

use fieldfolio_core::ids::PersonId;
use fieldfolio_core::model::directory::PersonKind;

use super::edit::Edit;
use super::error::DirectoryError;
use super::{derivation, people};
use crate::log::Event;

/// Makes someone a student's guardian: she reads what her child shares.
pub fn link_guardian(edit: &Edit<'_>, student: PersonId, guardian: PersonId) -> Result<(), DirectoryError> {
    if student == guardian {
        return Err(DirectoryError::Herself);
    }
    let child = people::row_of_kind(edit.tx, student, PersonKind::Student)?;
    let adult = people::row_of_kind(edit.tx, guardian, PersonKind::Guardian)?;
    let sql = "insert or ignore into guardian (student, guardian) values (?1, ?2)";
    family_changed(edit, sql, (child, adult), &Event::GuardianLinked { student, guardian })?;
    Ok(())
}

/// Ends that. True if there was something to end.
pub fn unlink_guardian(
    edit: &Edit<'_>,
    student: PersonId,
    guardian: PersonId,
) -> Result<bool, DirectoryError> {
    let (child, adult) = (people::row_of(edit.tx, student)?, people::row_of(edit.tx, guardian)?);
    let sql = "delete from guardian where student = ?1 and guardian = ?2";
    family_changed(edit, sql, (child, adult), &Event::GuardianUnlinked { student, guardian })
}

fn family_changed(
    edit: &Edit<'_>,
    sql: &str,
    (student, guardian): (i64, i64),
    event: &Event,
) -> Result<bool, DirectoryError> {
    if edit.tx.execute(sql, (student, guardian))? == 0 {
        return Ok(false);
    }
    let n = edit.event(event)?;
    derivation::derive(edit.tx, edit.now, student, n)?;
    Ok(true)
}
