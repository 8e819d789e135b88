//! Classes: who learns, teaches and advises together. Circles follow from them.

use fieldfolio_core::ids::{ClassId, PersonId, Rng};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::edit::{Edit, millis, moment};
use super::error::DirectoryError;
use super::words::words;
use super::{derivation, folios, people};
use crate::log::Event;
use crate::visibility;

pub use crate::log::class_role::ClassRole;

/// A class with everyone who is, or was, in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Class {
    pub id: ClassId,
    pub title: String,
    /// Its people: students first, then teachers, then advisors.
    pub members: Vec<Member>,
}

/// Someone in a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Who.
    pub person: PersonId,
    pub name: String,
    /// As what.
    pub role: ClassRole,
    /// When she left, if she did.
    pub left: Option<Timestamp>,
}

/// Makes a class.
pub fn add(edit: &Edit<'_>, title: &str, rng: &mut dyn Rng) -> Result<ClassId, DirectoryError> {
    let title = words("a class's title", title, 200)?;
    let id = ClassId::new(edit.now, rng);
    edit.tx.execute("insert into class (id, title) values (?1, ?2)", (id.as_bytes(), &title))?;
    edit.event(&Event::ClassMade { class: id })?;
    Ok(id)
}

/// Lets someone join. A student gets a folio in each of the class's projects. True if she wasn't in it as this.
pub fn join(
    edit: &Edit<'_>,
    class: ClassId,
    person: PersonId,
    role: ClassRole,
) -> Result<bool, DirectoryError> {
    exists(edit.tx, class)?;
    let row = people::row_of_kind(edit.tx, person, role.needs())?;
    let changed = edit.tx.execute(
        "insert into class_member (class, person, role) values (?1, ?2, ?3)
         on conflict do update set removed_at = null where removed_at is not null",
        (class.as_bytes(), row, role.name()),
    )?;
    if changed == 0 {
        return Ok(false);
    }
    if role == ClassRole::Student {
        let mut statement = edit.tx.prepare_cached("select id from project where class = ?1")?;
        let projects = statement
            .query_map([class.as_bytes()], |row| row.get(0).map(fieldfolio_core::ids::ProjectId::from_bytes))?
            .collect::<Result<Vec<_>, _>>()?;
        for project in projects {
            folios::ensure(edit.tx, row, Some(project))?;
        }
    }
    members_changed(edit, class, row, role, &Event::ClassJoined { class, person, role })?;
    Ok(true)
}

/// Lets someone leave; her teachers, or the teacher herself, read and reply for 30 days more. True if she was in it.
pub fn leave(
    edit: &Edit<'_>,
    class: ClassId,
    person: PersonId,
    role: ClassRole,
) -> Result<bool, DirectoryError> {
    exists(edit.tx, class)?;
    let row = people::row_of(edit.tx, person)?;
    let changed = edit.tx.execute(
        "update class_member set removed_at = ?4
         where class = ?1 and person = ?2 and role = ?3 and removed_at is null",
        (class.as_bytes(), row, role.name(), millis(edit.now)),
    )?;
    if changed == 0 {
        return Ok(false);
    }
    members_changed(edit, class, row, role, &Event::ClassLeft { class, person, role })?;
    Ok(true)
}

fn members_changed(
    edit: &Edit<'_>,
    class: ClassId,
    person: i64,
    role: ClassRole,
    event: &Event,
) -> Result<(), DirectoryError> {
    let n = edit.event(event)?;
    match role {
        ClassRole::Student => {
            derivation::derive(edit.tx, edit.now, person, n)?;
        }
        ClassRole::Teacher | ClassRole::Advisor => {
            for student in student_rows(edit.tx, class)? {
                derivation::derive(edit.tx, edit.now, student, n)?;
            }
        }
    }
    Ok(visibility::classmates_changed(edit.tx, class, person, n)?)
}

/// Lets a teacher leave all that she teaches and advises.
pub(crate) fn leave_all(edit: &Edit<'_>, person: PersonId, row: i64) -> Result<(), DirectoryError> {
    let there: Vec<(ClassId, String)> = edit
        .tx
        .prepare_cached(
            "select class, role from class_member
             where person = ?1 and role in ('teacher', 'advisor') and removed_at is null",
        )?
        .query_map([row], |row| Ok((row.get::<_, ClassId>(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (class, role) in there {
        if let Some(role) = ClassRole::from_name(&role) {
            leave(edit, class, person, role)?;
        }
    }
    Ok(())
}

/// The titles of the classes in which someone is now.
pub(crate) fn titles_of(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<String>> {
    conn.prepare_cached(
        "select c.title from person p join class_member m on m.person = p.row join class c on c.id = m.class
         where p.id = ?1 and m.removed_at is null order by c.title",
    )?
    .query_map([person.as_bytes()], |row| row.get(0))?
    .collect()
}

/// The rows of everyone who learns in the class.
pub(crate) fn student_rows(conn: &Connection, class: ClassId) -> rusqlite::Result<Vec<i64>> {
    conn.prepare_cached(
        "select person from class_member where class = ?1 and role = 'student' and removed_at is null",
    )?
    .query_map([class.as_bytes()], |row| row.get(0))?
    .collect()
}

/// All classes, by title.
pub fn list(conn: &Connection) -> Result<Vec<Class>, DirectoryError> {
    let mut members = conn.prepare_cached(
        "select person.id, person.name, role, removed_at
         from class_member join person on person.row = class_member.person where class = ?1",
    )?;
    let mut classes = Vec::new();
    for (id, title) in titles(conn)? {
        let read = |row: &rusqlite::Row<'_>| {
            let role: String = row.get(2)?;
            Ok(Member {
                person: row.get::<_, PersonId>(0)?,
                name: row.get(1)?,
                // The table's check lets no other word in.
                role: ClassRole::from_name(&role).unwrap_or(ClassRole::Student),
                left: row.get::<_, Option<i64>>(3)?.map(moment),
            })
        };
        let mut members: Vec<_> = members.query_map([id.as_bytes()], read)?.collect::<Result<_, _>>()?;
        members.sort_by(|a, b| (a.role, &a.name, a.person).cmp(&(b.role, &b.name, b.person)));
        classes.push(Class { id, title, members });
    }
    Ok(classes)
}

pub(super) fn titles(conn: &Connection) -> rusqlite::Result<Vec<(ClassId, String)>> {
    conn.prepare_cached("select id, title from class order by title, id")?
        .query_map([], |row| Ok((row.get::<_, ClassId>(0)?, row.get(1)?)))?
        .collect()
}

pub(crate) fn exists(conn: &Connection, class: ClassId) -> Result<(), DirectoryError> {
    let found =
        conn.query_row("select 1 from class where id = ?1", [class.as_bytes()], |_| Ok(())).optional()?;
    found.ok_or_else(|| DirectoryError::Unknown { kind: "class", text: class.to_string() })
}
