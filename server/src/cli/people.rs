//! `fieldfolio person …`

use clap::Subcommand;
use fieldfolio_core::model::directory::PersonKind;
use serde_json::json;

use super::blobs::bytes;
use super::{Answer, CliError, Office, to_json};
use crate::directory::{families, find, invitations, people, roster};

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
    /// Take a kind from a person, with all that follows from it: a teacher leaves her classes, a guardian her family
    #[command(after_help = "Example: fieldfolio person remove-kind \"Sam Sample\" administrator")]
    RemoveKind {
        /// Who: her id or unique name
        person: String,
        /// What she is no more
        #[arg(value_parser = kind)]
        kind: PersonKind,
    },
    /// Keep a person out from now on: none of her devices is answered, and nobody signs in as her
    #[command(after_help = "Example: fieldfolio person lock \"Otto Sample\"\n\n\
        What she wrote stays. Her devices keep their work and say that they were turned away; `unlock` lets them in again.")]
    Lock {
        /// Who: her id or unique name
        person: String,
    },
    /// Let a person in again who was locked
    #[command(after_help = "Example: fieldfolio person unlock \"Otto Sample\"")]
    Unlock {
        /// Who: her id or unique name
        person: String,
    },
    /// Set how much a person may bring; without a number, the school's limits hold
    #[command(
        after_help = "Example: fieldfolio person limit \"Otto Sample\" --files 1000000000 --records 64000000"
    )]
    Limit {
        /// Who: her id or unique name
        person: String,
        /// Bytes of files
        #[arg(long)]
        files: Option<u64>,
        /// Bytes of what she writes, with all that the relay keeps of it
        #[arg(long)]
        records: Option<u64>,
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

pub(super) fn run(command: PersonCommand, office: &mut Office<'_>) -> Result<Answer, CliError> {
    match command {
        PersonCommand::Add { name, kind } => {
            let id = office.edit(|edit, rng| Ok(roster::add(edit, &name, &kind, rng)?))?;
            person(office, id, "added")
        }
        PersonCommand::List { kind } => list(kind, office),
        PersonCommand::Rename { person: who, name } => {
            let id = office.edit(|edit, _| {
                let id = find::person(edit.tx, &who)?;
                people::rename(edit, id, &name)?;
                Ok(id)
            })?;
            person(office, id, "now")
        }
        PersonCommand::AddKind { person: who, kind } => {
            let id = office.edit(|edit, _| {
                let id = find::person(edit.tx, &who)?;
                roster::add_kind(edit, id, kind)?;
                Ok(id)
            })?;
            person(office, id, "now")
        }
        PersonCommand::RemoveKind { person: who, kind } => {
            let (id, done) = office.edit(|edit, _| {
                let id = find::person(edit.tx, &who)?;
                Ok((id, roster::remove_kind(edit, id, kind)?))
            })?;
            person(office, id, if done { "now" } else { "was none:" })
        }
        PersonCommand::Lock { person: who } => {
            let (id, cancelled, done) = office.edit(|edit, _| {
                let id = find::person(edit.tx, &who)?;
                let done = people::lock(edit, id)?;
                Ok((id, invitations::cancel_of(edit, id)?, done))
            })?;
            let text = match done {
                true => format!("locked {id}; {cancelled} open invitations of hers were cancelled"),
                false => format!("{id} is locked already"),
            };
            Ok(Answer { text, json: json!({ "person": id, "locked": true, "cancelled": cancelled }) })
        }
        PersonCommand::Unlock { person: who } => {
            let (id, done) = office.edit(|edit, _| {
                let id = find::person(edit.tx, &who)?;
                Ok((id, people::unlock(edit, id)?))
            })?;
            let text = format!("{id} {}", if done { "may come in again" } else { "is not locked" });
            Ok(Answer { text, json: json!({ "person": id, "locked": false }) })
        }
        PersonCommand::Limit { person: who, files, records } => {
            let limits = people::Limits { files, records };
            let id = office.edit(|edit, _| {
                let id = find::person(edit.tx, &who)?;
                people::limit(edit, id, limits)?;
                Ok(id)
            })?;
            let words = |limit: Option<u64>| limit.map_or("as the school".to_owned(), bytes);
            let text = format!("{id}: files {}, records {}", words(files), words(records));
            Ok(Answer { text, json: json!({ "person": id, "limits": limits }) })
        }
        PersonCommand::Guardian { student, guardian, end } => office.edit(|edit, _| {
            let (student, guardian) = (find::person(edit.tx, &student)?, find::person(edit.tx, &guardian)?);
            let text = if end {
                match families::unlink_guardian(edit, student, guardian)? {
                    true => "no longer her guardian",
                    false => "was not her guardian",
                }
            } else {
                families::link_guardian(edit, student, guardian)?;
                "her guardian"
            };
            let json = json!({ "student": student, "guardian": guardian, "linked": !end });
            Ok(Answer { text: text.into(), json })
        }),
    }
}

fn person(office: &Office<'_>, id: fieldfolio_core::ids::PersonId, done: &str) -> Result<Answer, CliError> {
    let person = people::person(&office.open()?, id)?;
    Ok(Answer { text: format!("{done} {}", line(&person)), json: to_json(person) })
}

fn list(kind: Option<PersonKind>, office: &Office<'_>) -> Result<Answer, CliError> {
    let mut all = people::list(&office.open()?)?;
    all.retain(|person| kind.is_none_or(|kind| person.kinds.contains(&kind)));
    let lines: Vec<String> = all.iter().map(line).collect();
    Ok(Answer { text: lines.join("\n"), json: to_json(all) })
}

fn line(person: &fieldfolio_core::model::directory::Person) -> String {
    let kinds: Vec<_> = person.kinds.iter().map(|kind| kind.name()).collect();
    format!("{}  {}  ({})", person.id, person.name, kinds.join(", "))
}
