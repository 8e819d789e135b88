//! People: students, teachers, mentors, guardians, administrators, and who is whose guardian.

use fieldfolio_core::ids::{Chance, PersonId};
use fieldfolio_core::model::directory::{Person, PersonKind};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{DirectoryError, Edit, derive, folios, pick, words};
use crate::sight;

/// Adds a person. A student gets her home folio at once.
pub fn add(
    edit: &Edit<'_>,
    name: &str,
    kinds: &[PersonKind],
    chance: &mut dyn Chance,
) -> Result<PersonId, DirectoryError> {
    let id = PersonId::new(edit.now, chance);
    add_as(edit, id, name, kinds)?;
    Ok(id)
}

/// Adds a person under an id that a device made. The id must be free.
pub(crate) fn add_as(
    edit: &Edit<'_>,
    id: PersonId,
    name: &str,
    kinds: &[PersonKind],
) -> Result<(), DirectoryError> {
    let name = words("a name", name, 200)?;
    edit.tx.execute(
        "insert into person (id, name, kinds) values (?1, ?2, ?3)",
        (id.as_bytes(), name, bits(kinds)),
    )?;
    let row = edit.tx.last_insert_rowid();
    let n = edit.event("person", &format!("person {id}"))?;
    settle(edit, row, kinds, n)
}

/// Gives a person another name.
pub fn rename(edit: &Edit<'_>, id: PersonId, name: &str) -> Result<(), DirectoryError> {
    let name = words("a name", name, 200)?;
    let row = row_of(edit.tx, id)?;
    edit.tx.execute("update person set name = ?2 where row = ?1", (row, name))?;
    let n = edit.event("person", &format!("person {id}"))?;
    Ok(sight::person_changed(edit.tx, row, n)?)
}

/// Makes a person something more: the teacher who is a parent now.
pub fn add_kind(edit: &Edit<'_>, id: PersonId, kind: PersonKind) -> Result<(), DirectoryError> {
    let row = row_of(edit.tx, id)?;
    edit.tx.execute("update person set kinds = kinds | ?2 where row = ?1", (row, bits(&[kind])))?;
    let n = edit.event("person", &format!("person {id} {}", kind.name()))?;
    settle(edit, row, &[kind], n)
}

fn settle(edit: &Edit<'_>, row: i64, kinds: &[PersonKind], n: u64) -> Result<(), DirectoryError> {
    if kinds.contains(&PersonKind::Student) {
        folios::ensure(edit.tx, row, None)?;
        derive(edit.tx, edit.now, row, n)?;
    }
    Ok(sight::person_changed(edit.tx, row, n)?)
}

/// Everyone, by name.
pub fn list(conn: &Connection) -> Result<Vec<Person>, DirectoryError> {
    let mut statement = conn.prepare_cached("select id, name, kinds from person order by name, id")?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// One person.
pub fn person(conn: &Connection, id: PersonId) -> Result<Person, DirectoryError> {
    let found = conn
        .prepare_cached("select id, name, kinds from person where id = ?1")?
        .query_row([id.as_bytes()], read)
        .optional()?;
    found.ok_or_else(|| DirectoryError::Unknown { kind: "person", text: id.to_string() })
}

/// The person with this id or unique name.
pub fn find(conn: &Connection, text: &str) -> Result<PersonId, DirectoryError> {
    pick("person", text, list(conn)?.into_iter().map(|person| (person.id, person.name)))
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

/// Makes someone a student's guardian: she reads what her child shares.
pub fn link_guardian(edit: &Edit<'_>, student: PersonId, guardian: PersonId) -> Result<(), DirectoryError> {
    if student == guardian {
        return Err(DirectoryError::Herself);
    }
    let child = row_of_kind(edit.tx, student, PersonKind::Student)?;
    let adult = row_of_kind(edit.tx, guardian, PersonKind::Guardian)?;
    let sql = "insert or ignore into guardian (student, guardian) values (?1, ?2)";
    family_changed(edit, ("link", sql), (student, child), (guardian, adult))?;
    Ok(())
}

/// Ends that. True if there was something to end.
pub fn unlink_guardian(
    edit: &Edit<'_>,
    student: PersonId,
    guardian: PersonId,
) -> Result<bool, DirectoryError> {
    let (child, adult) = (row_of(edit.tx, student)?, row_of(edit.tx, guardian)?);
    let sql = "delete from guardian where student = ?1 and guardian = ?2";
    family_changed(edit, ("unlink", sql), (student, child), (guardian, adult))
}

fn family_changed(
    edit: &Edit<'_>,
    (what, sql): (&str, &str),
    student: (PersonId, i64),
    guardian: (PersonId, i64),
) -> Result<bool, DirectoryError> {
    if edit.tx.execute(sql, (student.1, guardian.1))? == 0 {
        return Ok(false);
    }
    let n = edit.event("guardian", &format!("{what} student {} guardian {}", student.0, guardian.0))?;
    derive(edit.tx, edit.now, student.1, n)?;
    Ok(true)
}

const fn bit(kind: PersonKind) -> i64 {
    1 << kind as u8
}

pub(crate) fn bits(kinds: &[PersonKind]) -> i64 {
    kinds.iter().fold(0, |bits, kind| bits | bit(*kind))
}

/// The kinds that these bits stand for.
pub fn kinds(bits: i64) -> Vec<PersonKind> {
    PersonKind::ALL.into_iter().filter(|kind| bits & bit(*kind) != 0).collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person { id: PersonId::from_bytes(row.get(0)?), name: row.get(1)?, kinds: kinds(row.get(2)?) })
}
