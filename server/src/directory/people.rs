//! People: students, teachers, mentors, guardians, administrators, and who is whose guardian.

use fieldfolio_core::ids::PersonId;
use fieldfolio_core::model::directory::{Person, PersonKind, RecordKind};
use rusqlite::{Connection, OptionalExtension, Row};

use super::edit::{Edit, millis};
use super::error::DirectoryError;
use super::words::words;
use crate::log::Event;
use crate::visibility;

/// Gives a person another name, which is the school's from then on.
pub fn rename(edit: &Edit<'_>, id: PersonId, name: &str) -> Result<(), DirectoryError> {
    let name = words("a name", name, 200)?;
    let row = row_of(edit.tx, id)?;
    edit.tx.execute("update person set name = ?2, named_by = null where row = ?1", (row, &name))?;
    let n = edit.event(&Event::PersonNamed { person: id })?;
    Ok(visibility::person_changed(edit.tx, row, n)?)
}

/// Nobody signs in as her from now on, and none of her devices is answered. True if she was not locked before.
pub fn lock(edit: &Edit<'_>, id: PersonId) -> Result<bool, DirectoryError> {
    let row = row_of(edit.tx, id)?;
    let sql = "update person set locked_at = ?2 where row = ?1 and locked_at is null";
    if edit.tx.execute(sql, (row, millis(edit.now)))? == 0 {
        return Ok(false);
    }
    let n = edit.event(&Event::PersonLocked { person: id })?;
    // Her own lines are told, and closed by that.
    visibility::notify(edit.tx, row, RecordKind::School, b"", n)?;
    Ok(true)
}

/// Takes that back: her devices are answered again. True if she was locked.
pub fn unlock(edit: &Edit<'_>, id: PersonId) -> Result<bool, DirectoryError> {
    let row = row_of(edit.tx, id)?;
    let sql = "update person set locked_at = null where row = ?1 and locked_at is not null";
    if edit.tx.execute(sql, [row])? == 0 {
        return Ok(false);
    }
    edit.event(&Event::PersonUnlocked { person: id })?;
    Ok(true)
}

/// Limits of her own, in bytes: of files, and of acts and changes. None: the school's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Limits {
    /// Of files that she brings.
    pub files: Option<u64>,
    /// Of acts and changes, with all that is kept of them.
    pub records: Option<u64>,
}

/// Sets a person's limits.
pub fn limit(edit: &Edit<'_>, id: PersonId, limits: Limits) -> Result<(), DirectoryError> {
    let row = row_of(edit.tx, id)?;
    let number = |limit: Option<u64>| limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    edit.tx.execute(
        "update person set media_limit = ?2, record_limit = ?3 where row = ?1",
        (row, number(limits.files), number(limits.records)),
    )?;
    let Limits { files, records } = limits;
    edit.event(&Event::PersonLimited { person: id, files, records })?;
    Ok(())
}

/// A person's own limits.
pub fn limits(conn: &Connection, id: PersonId) -> Result<Limits, DirectoryError> {
    let row = row_of(conn, id)?;
    let number = |limit: Option<i64>| limit.map(i64::cast_unsigned);
    Ok(conn
        .prepare_cached("select media_limit, record_limit from person where row = ?1")?
        .query_row([row], |row| Ok(Limits { files: number(row.get(0)?), records: number(row.get(1)?) }))?)
}

/// Everyone, by name.
pub fn list(conn: &Connection) -> Result<Vec<Person>, DirectoryError> {
    let mut statement =
        conn.prepare_cached("select id, name, kinds, past_kinds from person order by name, id")?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// One person.
pub fn person(conn: &Connection, id: PersonId) -> Result<Person, DirectoryError> {
    let found = conn
        .prepare_cached("select id, name, kinds, past_kinds from person where id = ?1")?
        .query_row([id.as_bytes()], read)
        .optional()?;
    found.ok_or_else(|| DirectoryError::Unknown { kind: "person", text: id.to_string() })
}

/// The row of a person.
pub fn row_of(conn: &Connection, id: PersonId) -> Result<i64, DirectoryError> {
    let row = conn
        .prepare_cached("select row from person where id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?;
    row.ok_or_else(|| DirectoryError::Unknown { kind: "person", text: id.to_string() })
}

/// The row of someone who must be of this kind.
pub(crate) fn row_of_kind(conn: &Connection, id: PersonId, kind: PersonKind) -> Result<i64, DirectoryError> {
    let row = row_of(conn, id)?;
    let is = person(conn, id)?.kinds.contains(&kind);
    is.then_some(row).ok_or(DirectoryError::NotOfKind { person: id, kind })
}

pub(super) const fn bit(kind: PersonKind) -> i64 {
    1 << kind as u8
}

pub(crate) fn bits(kinds: &[PersonKind]) -> i64 {
    kinds.iter().fold(0, |bits, kind| bits | bit(*kind))
}

/// Is this person one of these, or was she?
pub(super) fn was_any(conn: &Connection, id: PersonId, bits: i64) -> rusqlite::Result<bool> {
    conn.prepare_cached("select 1 from person where id = ?1 and (kinds | past_kinds) & ?2 <> 0")?
        .exists((id.as_bytes(), bits))
}

/// The kinds that these bits stand for.
pub fn kinds(bits: i64) -> Vec<PersonKind> {
    PersonKind::ALL.into_iter().filter(|kind| bits & bit(*kind) != 0).collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: row.get::<_, PersonId>(0)?,
        name: row.get(1)?,
        kinds: kinds(row.get(2)?),
        past_kinds: kinds(row.get(3)?),
    })
}
