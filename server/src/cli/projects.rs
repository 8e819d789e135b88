//! `fieldfolio project …` and `fieldfolio folio …`

use clap::Subcommand;
use fieldfolio_core::ids::ProjectId;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Answer, CliError, Office, to_json};
use crate::directory::projects::{self, Draft};
use crate::directory::{find, folios};

#[derive(Debug, Subcommand)]
pub(super) enum ProjectCommand {
    /// Make a project; every student of the class gets a folio in it
    #[command(after_help = "Example: fieldfolio project add \"Community garden\" --class \"Science 9\" \
        --framework \"Competencies\" --outcome THINK,COMM")]
    Add {
        /// Its title
        title: String,
        /// The class that works on it: its id or unique title
        #[arg(long)]
        class: String,
        /// What it is about
        #[arg(long, default_value = "")]
        brief: String,
        /// The framework its outcomes are from: its id or unique title
        #[arg(long)]
        framework: Option<String>,
        /// Outcomes it aims at: codes or ids, several with commas
        #[arg(long, value_delimiter = ',', requires = "framework")]
        outcome: Vec<String>,
    },
    /// List projects
    #[command(after_help = "Example: fieldfolio project list")]
    List,
    /// Let students of a project work together; without groups, all of them do
    #[command(after_help = "Example: fieldfolio project group \"Community garden\" \
        \"Mina Sample\" \"Otto Sample\" --name \"Bed 1\"")]
    Group {
        /// The project: its id or unique title
        project: String,
        /// Its students: ids or unique names
        #[arg(required = true)]
        students: Vec<String>,
        /// The group's name
        #[arg(long, required_unless_present = "end")]
        name: Option<String>,
        /// Take them out of their groups instead
        #[arg(long, conflicts_with = "name")]
        end: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum FolioCommand {
    /// List folios
    #[command(after_help = "Example: fieldfolio folio list --student \"Mina Sample\"")]
    List {
        /// Only this student's
        #[arg(long)]
        student: Option<String>,
        /// Only in this project
        #[arg(long)]
        project: Option<String>,
    },
}

pub(super) fn run(command: ProjectCommand, office: &mut Office<'_>) -> Result<Answer, CliError> {
    match command {
        ProjectCommand::Add { title, class, brief, framework, outcome } => {
            let id = office.edit(|edit, rng| {
                let draft = Draft {
                    class: find::class(edit.tx, &class)?,
                    title: &title,
                    brief: &brief,
                    framework: framework.map(|text| find::framework(edit.tx, &text)).transpose()?,
                    outcomes: &outcome,
                };
                Ok(projects::add(edit, &draft, rng)?)
            })?;
            Ok(Answer { text: format!("made project {id}"), json: described(&office.open()?, id)? })
        }
        ProjectCommand::List => {
            let conn = office.open()?;
            let (mut lines, mut values) = (Vec::new(), Vec::new());
            for project in projects::list(&conn)? {
                lines.push(format!("{}  {}", project.id, project.title));
                values.push(described(&conn, project.id)?);
            }
            Ok(Answer { text: lines.join("\n"), json: Value::Array(values) })
        }
        ProjectCommand::Group { project, students, name, end: _ } => {
            let id = office.edit(|edit, _| {
                let project = find::project(edit.tx, &project)?;
                let mut who = Vec::new();
                for student in &students {
                    who.push(find::person(edit.tx, student)?);
                }
                projects::group(edit, project, name.as_deref(), &who)?;
                Ok(project)
            })?;
            let done = if name.is_some() { "are one group" } else { "are in no group" };
            Ok(Answer { text: format!("they {done}"), json: described(&office.open()?, id)? })
        }
    }
}

/// A project as devices know it, and its groups.
fn described(conn: &Connection, id: ProjectId) -> Result<Value, CliError> {
    let mut value = to_json(projects::project(conn, id)?);
    let groups: Vec<_> = projects::groups(conn, id)?
        .into_iter()
        .map(|(name, student)| json!({ "name": name, "student": student }))
        .collect();
    value["groups"] = Value::Array(groups);
    Ok(value)
}

pub(super) fn run_folio(command: &FolioCommand, office: &Office<'_>) -> Result<Answer, CliError> {
    let FolioCommand::List { student, project } = command;
    let conn = office.open()?;
    let student = student.as_deref().map(|text| find::person(&conn, text)).transpose()?;
    let project = project.as_deref().map(|text| find::project(&conn, text)).transpose()?;
    let mut all = folios::list(&conn)?;
    all.retain(|folio| {
        student.is_none_or(|student| folio.student == student)
            && project.is_none_or(|project| folio.project == Some(project))
    });
    let line = |folio: &folios::Folio| {
        let title = folio.project_title.as_deref().unwrap_or("home");
        format!("{}  {}/{title}", folio.id, folio.student_name)
    };
    let lines: Vec<String> = all.iter().map(line).collect();
    Ok(Answer { text: lines.join("\n"), json: to_json(all) })
}
