//! A teacher grants parts in a folio, and ends them.

use fieldfolio_core::ids::PersonId;
use fieldfolio_core::model::role::Role;
use fieldfolio_core::sync::wire::{EndPart, GrantPart};
use rusqlite::Connection;

use super::caller::must_be_teacher;
use super::error::CallError;
use super::mentors::must_have_room;
use crate::directory::circles::{self, Grant};
use crate::directory::derivation::GRANTED;
use crate::directory::edit::Edit;
use crate::directory::error::DirectoryError;
use crate::directory::people;

const PARTS: &str =
    "a teacher grants the parts of reader, peer and mentor; other parts follow from classes and families";

fn is_a_part(role: Role) -> Result<(), CallError> {
    match role {
        Role::Reader | Role::Peer | Role::Mentor => Ok(()),
        Role::Owner | Role::Teacher | Role::Group | Role::Guardian => Err(CallError::Refused(PARTS)),
    }
}

/// A teacher of a folio grants a part in it.
pub fn grant(edit: &Edit<'_>, frame: &GrantPart) -> Result<(), CallError> {
    must_be_teacher(edit, frame.folio)?;
    is_a_part(frame.role)?;
    if edit.by == Some(frame.person) {
        return Err(CallError::Refused("nobody grants herself a part: ask another teacher"));
    }
    let person = known(edit.tx, frame.person)?;
    if frame.role == Role::Mentor {
        must_have_room(edit, frame.folio, person)?;
    }
    if frame.role == Role::Mentor {
        // Whoever was proposed for this folio is no longer only that.
        edit.tx.execute(
            "update mentor set confirmed = 1 where folio = ?1 and person = ?2",
            (frame.folio.as_bytes(), person),
        )?;
    }
    let GrantPart { folio, person, role, may_write, expires } = *frame;
    circles::grant(edit, &Grant { folio, person, role, may_write, expires })?;
    Ok(())
}

fn known(conn: &Connection, person: PersonId) -> Result<i64, CallError> {
    match people::row_of(conn, person) {
        Err(DirectoryError::Unknown { .. }) => {
            Err(CallError::Refused("there is no such person in this school: ask whoever keeps its directory"))
        }
        row => Ok(row?),
    }
}

/// A teacher of a folio ends a part that was granted in it. One that has ended already stays so.
pub fn end(edit: &Edit<'_>, frame: &EndPart) -> Result<(), CallError> {
    must_be_teacher(edit, frame.folio)?;
    is_a_part(frame.role)?;
    known(edit.tx, frame.person)?;
    let rows = circles::list(edit.tx, frame.folio, edit.now)?;
    let mut hers = rows.iter().filter(|row| row.person == frame.person && row.role == frame.role).peekable();
    if hers.peek().is_none() {
        return Ok(());
    }
    if hers.all(|row| row.reason != GRANTED) {
        return Err(CallError::Refused(
            "this part was not granted: it follows from a class, and ends with it",
        ));
    }
    Ok(circles::end(edit, frame.folio, frame.person, frame.role)?)
}
