//! Folios: one student's work in one project, or her home.

use fieldfolio_core::ids::{FolioId, PersonId, ProjectId, SchoolId};
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::Serialize;

use super::error::DirectoryError;
use super::school;

/// A folio, with the names a person knows it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Folio {
    pub id: FolioId,
    /// Whose.
    pub student: PersonId,
    /// Her name.
    pub student_name: String,
    /// In which project; none for her home.
    pub project: Option<ProjectId>,
    /// The project's title.
    pub project_title: Option<String>,
}

/// Makes sure that a student has a folio in a project, or a home; its circle is still to be derived.
pub(crate) fn ensure(
    tx: &Transaction<'_>,
    student: i64,
    project: Option<ProjectId>,
) -> Result<FolioId, DirectoryError> {
    let school: SchoolId = school::id(tx)?;
    let person = tx.query_row("select id from person where row = ?1", [student], |row| row.get(0))?;
    let id = FolioId::derive(school, PersonId::from_bytes(person), project);
    tx.execute(
        "insert or ignore into folio (id, student, project) values (?1, ?2, ?3)",
        (id.as_bytes(), student, project.map(|project| *project.as_bytes())),
    )?;
    Ok(id)
}

/// All folios, by student and project, home first.
pub fn list(conn: &Connection) -> Result<Vec<Folio>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "select folio.id, person.id, person.name, project.id, project.title
         from folio join person on person.row = folio.student left join project on project.id = folio.project
         order by person.name, person.id, project.title, project.id",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Folio {
            id: row.get::<_, FolioId>(0)?,
            student: row.get::<_, PersonId>(1)?,
            student_name: row.get(2)?,
            project: row.get::<_, Option<_>>(3)?.map(ProjectId::from_bytes),
            project_title: row.get(4)?,
        })
    };
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// A folio's student (her row) and whether it lies in a project; `None` if there is no such folio.
pub(crate) fn of(conn: &Connection, folio: FolioId) -> rusqlite::Result<Option<(i64, bool)>> {
    conn.prepare_cached("select student, project is not null from folio where id = ?1")?
        .query_row([folio.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// The folios of a student, by her row, each with whether it lies in a project.
pub(crate) fn of_student(conn: &Connection, student: i64) -> rusqlite::Result<Vec<(FolioId, bool)>> {
    conn.prepare_cached("select id, project is not null from folio where student = ?1 order by id")?
        .query_map([student], |row| Ok((row.get::<_, FolioId>(0)?, row.get(1)?)))?
        .collect()
}

/// The folios in a project, with the rows of their students.
pub(crate) fn of_project(conn: &Connection, project: ProjectId) -> rusqlite::Result<Vec<(i64, FolioId)>> {
    conn.prepare_cached("select student, id from folio where project = ?1 order by id")?
        .query_map([project.as_bytes()], |row| Ok((row.get(0)?, row.get::<_, FolioId>(1)?)))?
        .collect()
}
