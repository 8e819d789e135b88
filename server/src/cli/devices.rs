//! `fieldfolio invite`, `fieldfolio revoke` and `fieldfolio device …`

use clap::{Args, Subcommand};
use fieldfolio_core::ids::{BadId, DeviceId};
use fieldfolio_core::model::invitation::InvitationLink;
use serde_json::json;

use super::{Answer, CliError, Desk, to_json};
use crate::directory::{devices, invitations, people, school};

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

pub(super) fn invite(arguments: &InviteArguments, desk: &mut Desk<'_>) -> Result<Answer, CliError> {
    let config = desk.config()?;
    let (relay, pin) = (config.public_url(), config.pin()?);
    let root = school::root_key(&desk.folder, &desk.open()?)?;
    let link = desk.edit(|edit, chance| {
        let person = people::find(edit.tx, &arguments.person)?;
        Ok(invitations::invite(edit, person, arguments.days * DAY, &root, &relay, chance)?)
    })?;
    let link = InvitationLink { pin, ..link };
    let url = link.to_url();
    let text = format!(
        "{url}\nIt works once, within {} days. Whoever has it signs in as this person.",
        arguments.days
    );
    Ok(Answer { text, json: json!({ "person": link.person, "url": url, "expires": link.expires }) })
}

pub(super) fn revoke(device: &str, desk: &mut Desk<'_>) -> Result<Answer, CliError> {
    let device: DeviceId = device.parse().map_err(|error: BadId| CliError::Argument(error.to_string()))?;
    let vouched_for = desk.edit(|edit, _| Ok(devices::revoke(edit, device)?))?;
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

pub(super) fn run(command: &DeviceCommand, desk: &Desk<'_>) -> Result<Answer, CliError> {
    let DeviceCommand::List { person } = command;
    let conn = desk.open()?;
    let all = devices::list(&conn, people::find(&conn, person)?)?;
    let lines: Vec<String> = all.iter().map(line).collect();
    Ok(Answer { text: lines.join("\n"), json: to_json(all) })
}

fn line(device: &devices::Device) -> String {
    let by = device.invited_by.map_or("the school".to_owned(), |by| format!("device {by}"));
    let state = if device.revoked { ", revoked" } else { "" };
    format!("{}  of {}, invited by {by}{state}", device.id, device.person)
}
