//! `fieldfolio backup` and `fieldfolio verify`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::blobs::{bytes, files};
use super::{Answer, CliError, Desk, to_json};
use crate::{backup, serve, verify};

#[derive(Debug, Args)]
#[command(after_help = "Example: fieldfolio backup /mnt/stick/school\n\n\
    It may run beside the relay, and again into the same folder: then only what is new is copied. The copy is itself a\n\
    school: to go back to it, stop the relay and serve a copy of that folder. Devices then offer again what it lacks;\n\
    revoke again what was revoked since.")]
pub(super) struct BackupArguments {
    /// An empty folder, or the one of an earlier backup. Keep it as safe as the school itself: its root.key is in it
    to: PathBuf,
}

pub(super) fn back_up(arguments: &BackupArguments, desk: &Desk<'_>) -> Result<Answer, CliError> {
    let made = backup::back_up(&desk.folder, &arguments.to)?;
    let mut text = format!(
        "The school is in {}: {} copied ({}), {} there already.",
        arguments.to.display(),
        files(made.copied),
        bytes(made.copied_bytes),
        files(made.kept)
    );
    if !made.missing.is_empty() {
        text += &format!(
            "\n{} of the school's are missing or damaged, and not in the copy:",
            files(made.missing.len() as u64)
        );
        made.missing.iter().for_each(|hash| text += &format!("\n  {hash}"));
    }
    Ok(Answer { text, json: to_json(made) })
}

#[derive(Debug, Args)]
#[command(after_help = "Example: fieldfolio --dir /mnt/stick/school verify --files")]
pub(super) struct VerifyArguments {
    /// Read every file, too, and compare it with its name
    #[arg(long)]
    files: bool,
}

pub(super) fn verify(arguments: &VerifyArguments, desk: &Desk<'_>) -> Result<Answer, CliError> {
    let mut found = verify::database(&desk.open()?)?;
    let config = desk.config()?;
    let stock = serve::stock(&desk.folder, &config).map_err(CliError::Relay)?;
    let mut problems: Vec<String> =
        stock.missing()?.iter().map(|hash| format!("file {hash} is missing")).collect();
    let mut read = 0;
    if arguments.files {
        let night = stock.check_all(desk.now)?;
        read = night.sound;
        let damaged = night.damaged.iter().map(|hash| format!("file {hash} is not what its name says"));
        problems.extend(damaged);
    }
    found.problems.append(&mut problems);
    let mut text = format!(
        "{} acts and {} changes are signed as they should be, {} documents open",
        found.acts, found.changes, found.documents
    );
    if arguments.files {
        text += &format!(", {} read and sound", files(read));
    }
    if found.problems.is_empty() {
        let json = json!({ "verified": found, "files": read });
        return Ok(Answer { text: text + ". Nothing is wrong.", json });
    }
    Err(CliError::Wrong(format!("{text}.\n{}", found.problems.join("\n"))))
}
