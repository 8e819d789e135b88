//! `fieldfolio person …`

use clap::Subcommand;
use fieldfolio_core::model::directory::PersonKind;
use serde_json::json;

use super::{Answer, CliError, Desk, to_json};
use crate::directory::people;

#[derive(Debug, Subcommand)]
pub(super) enum PersonCommand {
    /// Add a person
    #[command(after_help = "Example: fieldfolio person add \"Mina Sample\" --kind student")]
    Add {
        /// Her name
        name: String,
        /// What she is: student, teacher, mentor, guardian or administrator; several with commas
        #[arg(long, required = true, value_delimiter = ',', value_parser = kind)]
        kind: Vec<PersonKind>,
    },
    /// List people
    #[command(after_help = "Example: fieldfolio person list --kind student")]
    List {
        /// Only these
        #[arg(long, value_parser = kind)]
        kind: Option<PersonKind>,
    },
    /// Give a person another name
    #[command(after_help = "Example: fieldfolio person rename \"Mina Sample\" \"Mina Example\"")]
    Rename {
        /// Who: her id or unique name
        person: String,
        /// Her new name
        name: String,
    },
    /// Make a person something more, like the teacher who is a parent now
    #[command(after_help = "Example: fieldfolio person add-kind \"Ms Ito Sample\" guardian")]
    AddKind {
        /// Who: her id or unique name
        person: String,
        /// What she is too
        #[arg(value_parser = kind)]
        kind: PersonKind,
    },
    /// Make someone a student's guardian
    #[command(after_help = "Example: fieldfolio person guardian \"Mina Sample\" \"Hana Sample\"")]
    Guardian {
        /// The student
        student: String,
        /// The guardian
        guardian: String,
        /// End it instead
        #[arg(long)]
        end: bool,
    },
}

fn kind(text: &str) -> Result<PersonKind, String> {
    let names = PersonKind::ALL.map(PersonKind::name).join(", ");
    PersonKind::from_name(text).ok_or_else(|| format!("use one of {names}"))
}

pub(super) fn run(command: PersonCommand, desk: &mut Desk<'_>) -> Result<Answer, CliError> {
    match command {
        PersonCommand::Add { name, kind } => {
            let id = desk.edit(|edit, chance| Ok(people::add(edit, &name, &kind, chance)?))?;
            person(desk, id, "added")
        }
        PersonCommand::List { kind } => list(kind, desk),
        PersonCommand::Rename { person: who, name } => {
            let id = desk.edit(|edit, _| {
                let id = people::find(edit.tx, &who)?;
                people::rename(edit, id, &name)?;
                Ok(id)
            })?;
            person(desk, id, "now")
        }
        PersonCommand::AddKind { person: who, kind } => {
            let id = desk.edit(|edit, _| {
                let id = people::find(edit.tx, &who)?;
                people::add_kind(edit, id, kind)?;
                Ok(id)
            })?;
            person(desk, id, "now")
        }
        PersonCommand::Guardian { student, guardian, end } => desk.edit(|edit, _| {
            let (student, guardian) = (people::find(edit.tx, &student)?, people::find(edit.tx, &guardian)?);
            let text = if end {
                match people::unlink_guardian(edit, student, guardian)? {
                    true => "no longer her guardian",
                    false => "was not her guardian",
                }
            } else {
                people::link_guardian(edit, student, guardian)?;
                "her guardian"
            };
            let json = json!({ "student": student, "guardian": guardian, "linked": !end });
            Ok(Answer { text: text.into(), json })
        }),
    }
}

fn person(desk: &Desk<'_>, id: fieldfolio_core::ids::PersonId, done: &str) -> Result<Answer, CliError> {
    let person = people::person(&desk.open()?, id)?;
    Ok(Answer { text: format!("{done} {}", line(&person)), json: to_json(person) })
}

fn list(kind: Option<PersonKind>, desk: &Desk<'_>) -> Result<Answer, CliError> {
    let mut all = people::list(&desk.open()?)?;
    all.retain(|person| kind.is_none_or(|kind| person.kinds.contains(&kind)));
    let lines: Vec<String> = all.iter().map(line).collect();
    Ok(Answer { text: lines.join("\n"), json: to_json(all) })
}

fn line(person: &fieldfolio_core::model::directory::Person) -> String {
    let kinds: Vec<_> = person.kinds.iter().map(|kind| kind.name()).collect();
    format!("{}  {}  ({})", person.id, person.name, kinds.join(", "))
}
