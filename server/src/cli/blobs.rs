//! `fieldfolio blobs`

use clap::Args;
use fieldfolio_core::blob::BlobHash;
use serde_json::json;

use super::{Answer, CliError, Office, to_json};
use crate::http::serve;
use crate::upkeep::media::{self, Usage};
use crate::upkeep::nightly::{NightlyError, Stock};

#[derive(Debug, Args)]
#[command(after_help = "Example: fieldfolio blobs --check")]
pub(super) struct BlobsArguments {
    /// Read every file and compare it with its name
    #[arg(long)]
    check: bool,
    /// Do now what the relay does every night: remove what nothing has been linked to for a week. The relay must be stopped
    #[arg(long, conflicts_with = "check")]
    tidy: bool,
}

pub(super) fn run(arguments: &BlobsArguments, office: &Office<'_>) -> Result<Answer, CliError> {
    let (folder, config) = (&office.folder, office.config()?);
    // Without a school there is nothing to look at.
    drop(office.open()?);
    let night = match arguments.tidy {
        true => Some(serve::look_now(folder, &config, office.now).map_err(CliError::Relay)?),
        false => None,
    };
    let stock = serve::stock(folder, &config).map_err(CliError::Relay)?;
    let checked = match arguments.check {
        true => Some(stock.check_all(office.now)?),
        false => None,
    };
    let found = Found::of(&stock)?;
    let mut text = found.text();
    for night in night.iter().chain(&checked) {
        text += &format!("\n{} read and sound", files(night.sound));
        if night.removed > 0 {
            text += &format!(", {} removed ({})", files(night.removed), bytes(night.removed_bytes));
        }
    }
    let json = json!({
        "people": to_json(&found.people),
        "unlinked": { "count": found.unlinked.0, "bytes": found.unlinked.1 },
        "orphans": found.orphans,
        "missing": found.missing,
        "damaged": found.damaged,
        "night": night,
        "checked": checked,
    });
    Ok(Answer { text, json })
}

struct Found {
    people: Vec<Usage>,
    unlinked: (u64, u64),
    orphans: Vec<BlobHash>,
    missing: Vec<BlobHash>,
    damaged: Vec<BlobHash>,
}

impl Found {
    fn of(stock: &Stock) -> Result<Self, CliError> {
        let read = |error| CliError::from(NightlyError::Relay(error));
        let damaged = stock.relay.read(media::damaged).map_err(read)?;
        Ok(Self {
            people: stock.relay.read(media::usage).map_err(read)?,
            unlinked: stock.relay.read(media::unlinked).map_err(read)?,
            orphans: stock.orphans()?.into_iter().collect(),
            missing: stock.missing()?,
            damaged: damaged.into_iter().map(|(hash, _)| hash).collect(),
        })
    }

    fn text(&self) -> String {
        let mut lines: Vec<String> = self
            .people
            .iter()
            .map(|usage| format!("{}  {}, {}", usage.name, files(usage.count), bytes(usage.bytes)))
            .collect();
        if self.people.is_empty() {
            lines.push("Nobody has brought a file yet.".to_owned());
        }
        if self.unlinked.0 > 0 {
            lines.push(format!(
                "{} ({}) belong to no piece any more and go after a week",
                files(self.unlinked.0),
                bytes(self.unlinked.1)
            ));
        }
        let all = [
            ("known to nobody; they go after a week", &self.orphans),
            ("missing: a device that has it can bring it again", &self.missing),
            ("not what the name says: a device that has it can bring it again", &self.damaged),
        ];
        for (what, hashes) in all.into_iter().filter(|(_, hashes)| !hashes.is_empty()) {
            lines.push(format!("{} {what}:", files(hashes.len() as u64)));
            lines.extend(hashes.iter().map(|hash| format!("  {hash}")));
        }
        lines.join("\n")
    }
}

pub(super) fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

pub(super) fn bytes(count: u64) -> String {
    match count {
        0..1_000_000 => format!("{} kB", count.div_ceil(1_000)),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}
