//! `fieldfolio invite`, `fieldfolio revoke` and `fieldfolio device …`

use clap::{Args, Subcommand};
use fieldfolio_core::ids::{BadId, DeviceId};
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::time::Timestamp;
use serde_json::json;

use super::{Answer, CliError, Office, to_json};
use crate::directory::devices::Reach;
use crate::directory::{devices, find, invitations, school};

pub(super) const DAY: u64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Args)]
#[command(after_help = "Example: fieldfolio invite \"Mina Sample\" --days 2")]
pub(super) struct InviteArguments {
    /// Who: her id or unique name
    person: String,
    /// How many days the link can be used, once
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=90))]
    days: u64,
}

#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// List a person's devices
    #[command(after_help = "Example: fieldfolio device list \"Mina Sample\"")]
    List {
        /// Who: her id or unique name
        person: String,
    },
}

pub(super) fn invite(arguments: &InviteArguments, office: &mut Office<'_>) -> Result<Answer, CliError> {
    let config = office.config()?;
    let (relay, pin) = (config.public_url(), config.pin()?);
    let root = school::root_key(&office.folder, &office.open()?)?;
    let link = office.edit(|edit, rng| {
        let person = find::person(edit.tx, &arguments.person)?;
        Ok(invitations::invite(edit, person, arguments.days * DAY, &root, &relay, rng)?)
    })?;
    let link = InvitationLink { pin, ..link };
    let url = link.to_url();
    let text = format!(
        "{url}\nIt works once, within {} days. Whoever has it signs in as this person.",
        arguments.days
    );
    Ok(Answer { text, json: json!({ "person": link.person, "url": url, "expires": link.expires }) })
}

#[derive(Debug, Subcommand)]
pub(super) enum InvitationCommand {
    /// List the invitations that can be used now
    #[command(after_help = "Example: fieldfolio invitation list \"Mina Sample\"")]
    List {
        /// Only of this person's devices: her id or unique name
        person: Option<String>,
    },
    /// Make an open invitation worthless, as when its link went to the wrong address
    #[command(after_help = "Example: fieldfolio invitation cancel 3f9a07c2")]
    Cancel {
        /// The beginning of its key, from `fieldfolio invitation list`: 8 characters or more
        key: String,
    },
}

pub(super) fn run_invitation(
    command: &InvitationCommand,
    office: &mut Office<'_>,
) -> Result<Answer, CliError> {
    match command {
        InvitationCommand::List { person } => {
            let conn = office.open()?;
            let person = person.as_deref().map(|person| find::person(&conn, person)).transpose()?;
            let all = invitations::open(&conn, person, office.now)?;
            let lines: Vec<String> = all.iter().map(|one| invitation(one, office.now)).collect();
            Ok(Answer { text: lines.join("\n"), json: to_json(all) })
        }
        InvitationCommand::Cancel { key } => {
            let one = office.edit(|edit, _| Ok(invitations::cancel(edit, key)?))?;
            Ok(Answer { text: format!("cancelled {}", invitation(&one, office.now)), json: to_json(one) })
        }
    }
}

fn invitation(one: &invitations::Open, now: Timestamp) -> String {
    let by = one.invited_by.map_or("the school".to_owned(), |by| format!("device {by}"));
    let hours = one.expires.millis().saturating_sub(now.millis()).div_ceil(60 * 60 * 1000);
    format!("{}  of {}, by {by}, for {hours} more hours", one.key_text(), one.person)
}

#[derive(Debug, Args)]
#[command(after_help = "Example: fieldfolio revoke 018f4d3c-1111-7abc-8def-0123456789ab\nExample: \
    fieldfolio revoke --all \"Otto Sample\" --with-vouched")]
pub(super) struct RevokeArguments {
    /// The device's id, from `fieldfolio device list`
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    device: Option<String>,
    /// Every device of this person (her id or unique name), and her open invitations
    #[arg(long, value_name = "PERSON")]
    all: Option<String>,
    /// With --all: every device that those vouched for, too, of whomever
    #[arg(long, requires = "all")]
    with_vouched: bool,
}

pub(super) fn revoke_what(arguments: &RevokeArguments, office: &mut Office<'_>) -> Result<Answer, CliError> {
    let Some(who) = &arguments.all else {
        return revoke(arguments.device.as_deref().unwrap_or_default(), office);
    };
    let reach = if arguments.with_vouched { Reach::VouchedFor } else { Reach::Hers };
    let (person, (revoked, left)) = office.edit(|edit, _| {
        let person = find::person(edit.tx, who)?;
        Ok((person, devices::revoke_all(edit, person, reach)?))
    })?;
    let mut text = format!("revoked {} devices of or by {person}", revoked.len());
    if !left.is_empty() {
        text += "\nThey vouched for these; look whether each is really its person's, or add --with-vouched:";
    }
    for other in &left {
        text += "\n";
        text += &line(other);
    }
    Ok(Answer { text, json: json!({ "person": person, "revoked": revoked, "vouched_for": left }) })
}

fn revoke(device: &str, office: &mut Office<'_>) -> Result<Answer, CliError> {
    let device: DeviceId = device.parse().map_err(|error: BadId| CliError::Argument(error.to_string()))?;
    let vouched_for = office.edit(|edit, _| Ok(devices::revoke(edit, device)?))?;
    let mut text = format!("revoked {device}");
    if !vouched_for.is_empty() {
        text += "\nIt vouched for these; look whether each is really its person's:";
    }
    for other in &vouched_for {
        text += "\n";
        text += &line(other);
    }
    Ok(Answer { text, json: json!({ "device": device, "vouched_for": vouched_for }) })
}

pub(super) fn run(command: &DeviceCommand, office: &Office<'_>) -> Result<Answer, CliError> {
    let DeviceCommand::List { person } = command;
    let conn = office.open()?;
    let all = devices::list(&conn, find::person(&conn, person)?)?;
    let lines: Vec<String> = all.iter().map(line).collect();
    Ok(Answer { text: lines.join("\n"), json: to_json(all) })
}

fn line(device: &devices::Device) -> String {
    let by = device.invited_by.map_or("the school".to_owned(), |by| format!("device {by}"));
    let state = if device.revoked { ", revoked" } else { "" };
    format!("{}  of {}, invited by {by}{state}", device.id, device.person)
}
