//! People: students, teachers, mentors, guardians, administrators, and who is whose guardian.

use fieldfolio_core::ids::{Chance, PersonId};
use fieldfolio_core::model::directory::{Person, PersonKind, RecordKind};
use fieldfolio_core::model::role::Role;
use rusqlite::{Connection, OptionalExtension, Row};

use super::names::{Candidate, Namer, pick, words};
use super::{DirectoryError, Edit, circles, classes, derive, devices, folios, millis};
use crate::log::Event;
use crate::visibility;

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
    let named_by = edit.by.map(|by| row_of(edit.tx, by)).transpose()?;
    edit.tx.execute(
        "insert into person (id, name, kinds, named_by) values (?1, ?2, ?3, ?4)",
        (id.as_bytes(), &name, bits(kinds), named_by),
    )?;
    let row = edit.tx.last_insert_rowid();
    let n = edit.event(&Event::PersonNamed { person: id })?;
    settle(edit, row, kinds, n)
}

/// Gives a person another name, which is the school's from then on.
pub fn rename(edit: &Edit<'_>, id: PersonId, name: &str) -> Result<(), DirectoryError> {
    let name = words("a name", name, 200)?;
    let row = row_of(edit.tx, id)?;
    edit.tx.execute("update person set name = ?2, named_by = null where row = ?1", (row, &name))?;
    let n = edit.event(&Event::PersonNamed { person: id })?;
    Ok(visibility::person_changed(edit.tx, row, n)?)
}

/// Makes a person something more: the teacher who is a parent now.
pub fn add_kind(edit: &Edit<'_>, id: PersonId, kind: PersonKind) -> Result<(), DirectoryError> {
    let row = row_of(edit.tx, id)?;
    if PersonKind::STAFF.contains(&kind)
        && let Some(device) = devices::vouched_for_by_others(edit.tx, id)?
    {
        return Err(DirectoryError::VouchedForByOthers { person: id, device });
    }
    edit.tx.execute("update person set kinds = kinds | ?2 where row = ?1", (row, bits(&[kind])))?;
    let n = edit.event(&Event::KindAdded { person: id, kind })?;
    settle(edit, row, &[kind], n)
}

/// Takes a kind from a person, with all that follows from it: a teacher leaves her classes, a guardian her family. What
/// she vouched for while she was one stays good. True if she was one.
pub fn remove_kind(edit: &Edit<'_>, id: PersonId, kind: PersonKind) -> Result<bool, DirectoryError> {
    let row = row_of(edit.tx, id)?;
    let known = person(edit.tx, id)?;
    if !known.kinds.contains(&kind) {
        return Ok(false);
    }
    if kind == PersonKind::Student {
        return Err(DirectoryError::StaysStudent(id));
    }
    if known.kinds.len() == 1 {
        return Err(DirectoryError::OnlyKind { person: id, kind });
    }
    edit.tx.execute(
        "update person set kinds = kinds & ~?2, past_kinds = past_kinds | ?2 where row = ?1",
        (row, bit(kind)),
    )?;
    let n = edit.event(&Event::KindRemoved { person: id, kind })?;
    let granted = match kind {
        PersonKind::Teacher => Some(Role::Teacher),
        PersonKind::Mentor => Some(Role::Mentor),
        PersonKind::Guardian => Some(Role::Guardian),
        PersonKind::Student | PersonKind::Administrator => None,
    };
    if let Some(role) = granted {
        circles::end_all(edit, id, role)?;
    }
    match kind {
        PersonKind::Teacher => classes::leave_all(edit, id, row)?,
        PersonKind::Guardian => {
            let children: Vec<PersonId> = edit
                .tx
                .prepare_cached(
                    "select p.id from guardian g join person p on p.row = g.student where g.guardian = ?1",
                )?
                .query_map([row], |row| row.get(0).map(PersonId::from_bytes))?
                .collect::<Result<_, _>>()?;
            for child in children {
                unlink_guardian(edit, child, id)?;
            }
        }
        PersonKind::Student | PersonKind::Mentor | PersonKind::Administrator => {}
    }
    visibility::person_changed(edit.tx, row, n)?;
    Ok(true)
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

fn settle(edit: &Edit<'_>, row: i64, kinds: &[PersonKind], n: u64) -> Result<(), DirectoryError> {
    if kinds.contains(&PersonKind::Student) {
        folios::ensure(edit.tx, row, None)?;
        derive(edit.tx, edit.now, row, n)?;
    }
    Ok(visibility::person_changed(edit.tx, row, n)?)
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

/// The person with this id, or with this name and no other: among those whom the school named. What students call the
/// mentors they bring decides nothing.
pub fn find(conn: &Connection, text: &str) -> Result<PersonId, DirectoryError> {
    let mut statement =
        conn.prepare_cached("select id, name, kinds, named_by is not null from person order by name, id")?;
    let all = statement.query_map([], |row| {
        let kinds: Vec<_> = kinds(row.get(2)?).into_iter().map(PersonKind::name).collect();
        let (id, by_device): (_, bool) = (PersonId::from_bytes(row.get(0)?), row.get(3)?);
        Ok(Candidate {
            id,
            name: row.get(1)?,
            about: kinds.join(", "),
            namer: if by_device { Namer::Device } else { Namer::School },
        })
    })?;
    let all: Vec<Candidate<PersonId>> = all.collect::<Result<_, _>>()?;
    pick("person", text, all).map_err(|error| with_classes(conn, error))
}

/// Says of people of one name in which classes each is.
fn with_classes(conn: &Connection, error: DirectoryError) -> DirectoryError {
    let DirectoryError::Ambiguous { text, mut candidates } = error else { return error };
    for candidate in &mut candidates {
        let Ok(id) = candidate.id.parse::<PersonId>() else { continue };
        if let Ok(classes) = classes::titles_of(conn, id)
            && !classes.is_empty()
        {
            candidate.about += &format!("; {}", classes.join(", "));
        }
    }
    DirectoryError::Ambiguous { text, candidates }
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
    family_changed(edit, sql, (child, adult), &Event::GuardianLinked { student, guardian })?;
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
    derive(edit.tx, edit.now, student, n)?;
    Ok(true)
}

const fn bit(kind: PersonKind) -> i64 {
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
        id: PersonId::from_bytes(row.get(0)?),
        name: row.get(1)?,
        kinds: kinds(row.get(2)?),
        past_kinds: kinds(row.get(3)?),
    })
}
