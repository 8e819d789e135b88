//! `fieldfolio circle …`

use clap::{Args, Subcommand};
use fieldfolio_core::model::role::Role;
use fieldfolio_core::time::Timestamp;
use serde_json::{Value, json};

use super::{Answer, CliError, Office, to_json};
use crate::directory::circles::{self, Grant};
use crate::directory::find;

const DAY: u64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Subcommand)]
pub(super) enum CircleCommand {
    /// List who may see what is in a folio, and why
    #[command(after_help = "Example: fieldfolio circle list \"Mina Sample/Community garden\"")]
    List {
        /// The folio: its id, STUDENT/PROJECT or STUDENT/home
        folio: String,
    },
    /// Grant someone a part in a folio
    Grant(GrantArguments),
    /// End a part that was granted
    #[command(
        after_help = "Example: fieldfolio circle end \"Mina Sample/Community garden\" \"Lea Sample\" --as mentor"
    )]
    End {
        /// The folio: its id, STUDENT/PROJECT or STUDENT/home
        folio: String,
        /// Whose part: her id or unique name
        person: String,
        /// As what
        #[arg(long = "as", value_name = "ROLE")]
        role: Role,
    },
    /// Close all of a student's folios to someone, whatever else grants
    #[command(after_help = "Example: fieldfolio circle deny \"Mina Sample\" \"Lea Sample\"")]
    Deny {
        /// The student
        student: String,
        /// To whom
        person: String,
    },
    /// Take a denial back
    #[command(after_help = "Example: fieldfolio circle allow \"Mina Sample\" \"Lea Sample\"")]
    Allow {
        /// The student
        student: String,
        /// To whom
        person: String,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example: fieldfolio circle grant \"Mina Sample/Community garden\" \"Lea Sample\" --as mentor --days 90"
)]
pub(super) struct GrantArguments {
    /// The folio: its id, STUDENT/PROJECT or STUDENT/home
    folio: String,
    /// To whom: her id or unique name
    person: String,
    /// As what: mentor, reader, peer, guardian or teacher
    #[arg(long = "as", value_name = "ROLE")]
    role: Role,
    /// A reader may speak too
    #[arg(long)]
    may_write: bool,
    /// For so many days; for good if not said
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=36_500), conflicts_with = "until")]
    days: Option<u64>,
    /// Until this moment, in milliseconds since 1970
    #[arg(long, value_name = "MILLIS")]
    until: Option<u64>,
}

pub(super) fn run(command: CircleCommand, office: &mut Office<'_>) -> Result<Answer, CliError> {
    match command {
        CircleCommand::List { folio } => list(&folio, office),
        CircleCommand::Grant(arguments) => {
            grant(&arguments, office)?;
            list(&arguments.folio, office)
        }
        CircleCommand::End { folio, person, role } => {
            office.edit(|edit, _| {
                let folio = find::folio(edit.tx, &folio)?;
                Ok(circles::end(edit, folio, find::person(edit.tx, &person)?, role)?)
            })?;
            list(&folio, office)
        }
        CircleCommand::Deny { student, person } => denial(&student, &person, true, office),
        CircleCommand::Allow { student, person } => denial(&student, &person, false, office),
    }
}

fn grant(arguments: &GrantArguments, office: &mut Office<'_>) -> Result<bool, CliError> {
    let for_days = arguments.days.map(|days| office.now.plus_millis(days * DAY));
    let expires = for_days.or(arguments.until.map(Timestamp::from_millis));
    office.edit(|edit, _| {
        let grant = Grant {
            folio: find::folio(edit.tx, &arguments.folio)?,
            person: find::person(edit.tx, &arguments.person)?,
            role: arguments.role,
            may_write: arguments.may_write,
            expires,
        };
        Ok(circles::grant(edit, &grant)?)
    })
}

fn denial(student: &str, person: &str, closed: bool, office: &mut Office<'_>) -> Result<Answer, CliError> {
    office.edit(|edit, _| {
        let (student, person) = (find::person(edit.tx, student)?, find::person(edit.tx, person)?);
        let changed = if closed {
            circles::deny(edit, student, person)?
        } else {
            circles::allow(edit, student, person)?
        };
        let text = match (closed, changed) {
            (true, true) => "closed to this person, whatever grants",
            (true, false) => "was closed already",
            (false, true) => "open again to whatever grants",
            (false, false) => "was not closed",
        };
        let json = json!({ "student": student, "person": person, "denied": closed, "changed": changed });
        Ok(Answer { text: text.into(), json })
    })
}

fn list(folio: &str, office: &Office<'_>) -> Result<Answer, CliError> {
    let conn = office.open()?;
    let folio = find::folio(&conn, folio)?;
    let rows = circles::list(&conn, folio, office.now)?;
    let line = |row: &circles::Row| {
        let voice = if row.may_write { ", may write" } else { "" };
        let until = row
            .expires
            .and_then(Timestamp::utc_day)
            .map_or_else(String::new, |day| format!(", until {day} (UTC)"));
        let denied = if row.denied { ", CLOSED to her" } else { "" };
        format!("{}  {}  {} ({}{voice}{until}{denied})", row.person, row.name, row.role, row.reason)
    };
    let text: Vec<String> = rows.iter().map(line).collect();
    let rows: Value = to_json(rows);
    Ok(Answer { text: text.join("\n"), json: json!({ "folio": folio, "circle": rows }) })
}
