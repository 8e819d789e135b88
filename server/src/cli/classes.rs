//! `fieldfolio class …`

use std::fmt::Write;

use clap::Subcommand;
use serde_json::json;

use super::{Answer, CliError, Office, to_json};
use crate::directory::classes::{self, ClassRole};
use crate::directory::find;

#[derive(Debug, Subcommand)]
pub(super) enum ClassCommand {
    /// Make a class
    #[command(after_help = "Example: fieldfolio class add \"Science 9\"")]
    Add {
        /// Its title
        title: String,
    },
    /// Let people join a class
    #[command(
        after_help = "Example: fieldfolio class join \"Science 9\" \"Mina Sample\" \"Otto Sample\" --as student"
    )]
    Join {
        /// The class: its id or unique title
        class: String,
        /// Who: ids or unique names
        #[arg(required = true)]
        people: Vec<String>,
        /// As what: student, teacher or advisor
        #[arg(long = "as", value_name = "ROLE", value_parser = role)]
        role: ClassRole,
    },
    /// Let people leave a class; a former teacher reads and replies for 30 days more
    #[command(after_help = "Example: fieldfolio class leave \"Science 9\" \"Ms Ito Sample\"")]
    Leave {
        /// The class: its id or unique title
        class: String,
        /// Who: ids or unique names
        #[arg(required = true)]
        people: Vec<String>,
        /// As what; everything if not said
        #[arg(long = "as", value_name = "ROLE", value_parser = role)]
        role: Option<ClassRole>,
    },
    /// List classes with everyone who is, or was, in them
    #[command(after_help = "Example: fieldfolio class list")]
    List,
}

fn role(text: &str) -> Result<ClassRole, String> {
    ClassRole::from_name(text).ok_or_else(|| "use student, teacher or advisor".into())
}

pub(super) fn run(command: ClassCommand, office: &mut Office<'_>) -> Result<Answer, CliError> {
    match command {
        ClassCommand::Add { title } => {
            let id = office.edit(|edit, rng| Ok(classes::add(edit, &title, rng)?))?;
            Ok(Answer { text: format!("made class {id}"), json: json!({ "id": id, "title": title.trim() }) })
        }
        ClassCommand::Join { class, people: who, role } => office.edit(|edit, _| {
            let class = find::class(edit.tx, &class)?;
            let mut changed = Vec::new();
            for name in &who {
                let person = find::person(edit.tx, name)?;
                if classes::join(edit, class, person, role)? {
                    changed.push(person);
                }
            }
            let text = format!("{} joined as {}", changed.len(), role.name());
            Ok(Answer { text, json: json!({ "class": class, "role": role, "joined": changed }) })
        }),
        ClassCommand::Leave { class, people: who, role } => office.edit(|edit, _| {
            let class = find::class(edit.tx, &class)?;
            let roles = role.map_or_else(|| ClassRole::ALL.to_vec(), |role| vec![role]);
            let mut changed = Vec::new();
            for name in &who {
                let person = find::person(edit.tx, name)?;
                let mut left = false;
                for role in &roles {
                    left |= classes::leave(edit, class, person, *role)?;
                }
                if !left {
                    return Err(crate::directory::DirectoryError::NotInClass(person).into());
                }
                changed.push(person);
            }
            let text = format!("{} left", changed.len());
            Ok(Answer { text, json: json!({ "class": class, "left": changed }) })
        }),
        ClassCommand::List => {
            let all = classes::list(&office.open()?)?;
            let mut text = String::new();
            for class in &all {
                writeln!(text, "{}  {}", class.id, class.title).expect("text grows");
                for member in &class.members {
                    let left = if member.left.is_some() { ", left" } else { "" };
                    writeln!(text, "  {}  {}  ({}{left})", member.person, member.name, member.role.name())
                        .expect("text grows");
                }
            }
            Ok(Answer { text, json: to_json(all) })
        }
    }
}
