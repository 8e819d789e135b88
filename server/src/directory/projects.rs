//! Projects: what students work on, and who works together in them.

use fieldfolio_core::ids::{ClassId, FolioId, FrameworkId, OutcomeId, PersonId, ProjectId, Rng};
use fieldfolio_core::model::directory::Project;
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use super::edit::Edit;
use super::error::DirectoryError;
use super::words::words;
use super::{classes, derivation, find, folios, people, school};
use crate::log::Event;
use crate::log::event::GroupMark;
use crate::{log, visibility};

/// A project to be.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// The class that works on it.
    pub class: ClassId,
    pub title: &'a str,
    /// What it is about; may be empty.
    pub brief: &'a str,
    /// The framework its outcomes are from.
    pub framework: Option<FrameworkId>,
    /// Ids or codes of the outcomes it aims at.
    pub outcomes: &'a [String],
}

/// Makes a project; every student of its class gets a folio in it.
pub fn add(edit: &Edit<'_>, draft: &Draft<'_>, rng: &mut dyn Rng) -> Result<ProjectId, DirectoryError> {
    let id = ProjectId::new(edit.now, rng);
    add_as(edit, id, draft)?;
    Ok(id)
}

/// The same, under an id that a device made. The id must be free.
pub(crate) fn add_as(edit: &Edit<'_>, id: ProjectId, draft: &Draft<'_>) -> Result<(), DirectoryError> {
    let title = words("a project's title", draft.title, 200)?;
    let brief = draft.brief.trim();
    if brief.chars().count() > 20_000 {
        return Err(DirectoryError::Words { what: "a project's brief", limit: 20_000 });
    }
    classes::exists(edit.tx, draft.class)?;
    let outcomes = find::outcomes(edit.tx, draft.framework, draft.outcomes)?;
    let bytes: Vec<u8> = outcomes.iter().flat_map(|outcome| *outcome.as_bytes()).collect();
    edit.tx.execute(
        "insert into project (id, title, brief, outcomes, framework, class) values (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            id.as_bytes(),
            title,
            brief,
            bytes,
            draft.framework.map(|framework| *framework.as_bytes()),
            draft.class.as_bytes(),
        ),
    )?;
    let n = edit.event(&Event::ProjectMade { project: id, class: draft.class })?;
    for student in classes::student_rows(edit.tx, draft.class)? {
        folios::ensure(edit.tx, student, Some(id))?;
        // Everyone in the new folio's circle is told of it, and of the project.
        derivation::derive(edit.tx, edit.now, student, n)?;
    }
    Ok(())
}

/// Groups students in a project under a name; a student is in one group at most. No name takes them out of theirs.
pub fn group(
    edit: &Edit<'_>,
    project: ProjectId,
    name: Option<&str>,
    students: &[PersonId],
) -> Result<(), DirectoryError> {
    let name = name.map(|name| words("a group's name", name, 200)).transpose()?;
    let school = school::id(edit.tx)?;
    let (mut changed, mut left) = (Vec::new(), Vec::new());
    for &student in students {
        let row = people::row_of(edit.tx, student)?;
        let before: Option<String> = group_of(edit.tx, project, row)?;
        let folio = FolioId::derive(school, student, Some(project));
        folios::of(edit.tx, folio)?.ok_or(DirectoryError::NotInProject(student))?;
        let key = (project.as_bytes(), row, name.as_deref());
        let rows = match name {
            Some(_) => edit.tx.execute(
                "insert into project_group (project, student, name) values (?1, ?2, ?3)
                 on conflict do update set name = ?3 where name <> ?3",
                key,
            )?,
            None => edit
                .tx
                .execute("delete from project_group where project = ?1 and student = ?2", (key.0, key.1))?,
        };
        if rows > 0 {
            changed.push((row, student, folio));
            left.extend(before.map(|before| (student, group_mark(&before))));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let who = changed.iter().map(|(_, student, _)| *student).collect();
    let n = edit.event(&Event::StudentsGrouped { project, students: who })?;
    if !left.is_empty() {
        log::note_ending(edit.tx, n, &Event::GroupsLeft { project, left })?;
    }
    // Everyone of the project's groups may have gained or lost somebody to work with; who left hers is in none any more.
    for (moved, _, hers) in &changed {
        for (member, folio) in folios::of_project(edit.tx, project)? {
            visibility::group_changed(edit.tx, *moved, member, folio.as_bytes(), n)?;
            visibility::group_changed(edit.tx, member, *moved, hers.as_bytes(), n)?;
        }
    }
    Ok(visibility::project_changed(edit.tx, project, n)?)
}

/// Takes a student out of her group in a project, into one of her own, if it still is the one with this mark.
pub(crate) fn leave_group(
    edit: &Edit<'_>,
    project: ProjectId,
    student: PersonId,
    mark: GroupMark,
) -> Result<(), DirectoryError> {
    let row = people::row_of(edit.tx, student)?;
    match group_of(edit.tx, project, row)? {
        // In one of her own: in a project where nobody is in a group any more, all would work with all.
        Some(name) if group_mark(&name) == mark => {
            let own: String = student.to_string().chars().take(8).collect();
            group(edit, project, Some(&format!("left {own}")), &[student])
        }
        Some(_) | None => Ok(()),
    }
}

fn group_of(conn: &Connection, project: ProjectId, student: i64) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("select name from project_group where project = ?1 and student = ?2")?
        .query_row((project.as_bytes(), student), |row| row.get(0))
        .optional()
}

/// What tells a group from others where no words are kept.
fn group_mark(name: &str) -> GroupMark {
    let mut mark = [0; 8];
    mark.copy_from_slice(Sha256::digest(name).get(..8).unwrap_or_default());
    GroupMark(mark)
}

/// The groups of a project: names, each with its students.
pub fn groups(conn: &Connection, project: ProjectId) -> rusqlite::Result<Vec<(String, PersonId)>> {
    conn.prepare_cached(
        "select project_group.name, person.id from project_group
         join person on person.row = project_group.student where project = ?1 order by 1, person.name, 2",
    )?
    .query_map([project.as_bytes()], |row| Ok((row.get(0)?, row.get::<_, PersonId>(1)?)))?
    .collect()
}

/// All projects, by title.
pub fn list(conn: &Connection) -> Result<Vec<Project>, DirectoryError> {
    let mut statement = conn.prepare_cached("select id from project order by title, id")?;
    let ids: Vec<_> =
        statement.query_map([], |row| row.get(0).map(ProjectId::from_bytes))?.collect::<Result<_, _>>()?;
    ids.into_iter().map(|id| project(conn, id)).collect()
}

/// One project, as devices know it.
pub fn project(conn: &Connection, id: ProjectId) -> Result<Project, DirectoryError> {
    let found = conn
        .prepare_cached(
            "select title, brief, outcomes, framework, class, person.id
             from project left join person on person.row = started_by where project.id = ?1",
        )?
        .query_row([id.as_bytes()], |row| {
            let outcomes: Vec<u8> = row.get(2)?;
            Ok(Project {
                id,
                title: row.get(0)?,
                brief: row.get(1)?,
                outcomes: outcomes.as_chunks().0.iter().map(|id| OutcomeId::from_bytes(*id)).collect(),
                framework: row.get::<_, Option<_>>(3)?.map(FrameworkId::from_bytes),
                class: row.get::<_, Option<_>>(4)?.map(ClassId::from_bytes),
                started_by: row.get::<_, Option<_>>(5)?.map(PersonId::from_bytes),
            })
        })
        .optional()?;
    found.ok_or_else(|| DirectoryError::Unknown { kind: "project", text: id.to_string() })
}
