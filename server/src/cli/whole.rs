//! `fieldfolio backup`, `restore`, `erase` and `verify`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::blobs::{bytes, files};
use super::{Answer, CliError, Office, to_json};
use crate::directory::erasure;
use crate::exchange::revocations;
use crate::http::serve;
use crate::upkeep::restore::WithoutEnds;
use crate::upkeep::{backup, restore, verify};

#[derive(Debug, Args)]
#[command(after_help = "Example: fieldfolio backup /mnt/stick/school\n\n\
    It may run beside the relay, and again into the same folder: then only what is new is copied. The copy is itself a\n\
    school: `fieldfolio restore` goes back to it, and devices then bring again what it lacks.\n\
    What was revoked and erased is written down beside it, in ends.log of the school's folder; a backup does not take it\n\
    along. Keep a copy of that file on another disk, or set ends_file.")]
pub(super) struct BackupArguments {
    /// An empty folder, or the one of an earlier backup. Keep it as safe as the school itself: its root.key is in it
    to: PathBuf,
}

pub(super) fn back_up(arguments: &BackupArguments, office: &Office<'_>) -> Result<Answer, CliError> {
    let made = backup::back_up(&office.folder, &arguments.to)?;
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
#[command(after_help = "Example: fieldfolio restore /mnt/stick/school\n\n\
    Stop the relay first. What is in the folder now is moved into a folder beside it, not removed. What was revoked or\n\
    erased since the backup, by ends.log, ends again when the relay starts.")]
pub(super) struct RestoreArguments {
    /// The folder that `fieldfolio backup` made; without it, only --without-ends is said of what is served already
    #[arg(required_unless_present = "without_ends")]
    from: Option<PathBuf>,
    /// ends.log is lost: go on without knowing what was revoked and erased since
    #[arg(long)]
    without_ends: bool,
}

pub(super) fn restore(arguments: &RestoreArguments, office: &Office<'_>) -> Result<Answer, CliError> {
    crate::disk::make_folder(&office.folder)
        .map_err(|error| CliError::Argument(format!("{}: {error}", office.folder.display())))?;
    let _only_one = serve::only_one(&office.folder).map_err(CliError::Relay)?;
    let ends_file = revocations::file(&office.folder, &office.config()?);
    let Some(from) = &arguments.from else {
        restore::accept_without_ends(&office.folder, office.now)?;
        let text =
            "What ended since this copy was made is taken as unknown. Revoke and erase again what has to be.";
        return Ok(Answer { text: text.into(), json: json!({ "without_ends": true }) });
    };
    let without = if arguments.without_ends { WithoutEnds::Accept } else { WithoutEnds::Refuse };
    let restored = restore::restore(&office.folder, from, &ends_file, without, office.now)?;
    let mut text = format!(
        "The school is as the backup has it: {} copied ({}), {} there already. Start the relay; devices bring the rest.",
        files(restored.files.copied),
        bytes(restored.files.copied_bytes),
        files(restored.files.kept)
    );
    if let Some(aside) = &restored.aside {
        text += &format!("\nThe database of before is in {}.", aside.display());
    }
    restored.files.missing.iter().for_each(|hash| text += &format!("\nThe backup lacks {hash}"));
    Ok(Answer { text, json: to_json(restored) })
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example: fieldfolio erase 018f4d3c-1111-7abc-8def-0123456789ab --reason 'the family asked'\n\n\
    Its sheets, what anyone said on it, and files that nothing else is linked to go, at the school and on every device as\n\
    it hears of it. It can't be undone. Backups that were made before still hold it; going back to one erases it again."
)]
pub(super) struct EraseArguments {
    /// The piece's id, as its page shows it
    piece: String,
    /// Why: it stays on record. No names
    #[arg(long)]
    reason: String,
}

pub(super) fn erase(arguments: &EraseArguments, office: &mut Office<'_>) -> Result<Answer, CliError> {
    let piece = arguments.piece.parse().map_err(|_| {
        CliError::Argument(format!(
            "{:?} is not a piece's id: it is shown on the piece's page",
            arguments.piece
        ))
    })?;
    let maker = office.edit(|edit, _| Ok(erasure::erase(edit, piece, &arguments.reason)?))?;
    // What was written over in the write-ahead log would still be there.
    office.open()?.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    let text = format!("Piece {piece} is erased. Files of it go within the hour, where the relay runs.");
    Ok(Answer { text, json: json!({ "piece": piece, "maker": maker }) })
}

#[derive(Debug, Args)]
#[command(after_help = "Example: fieldfolio --dir /mnt/stick/school verify --files")]
pub(super) struct VerifyArguments {
    /// Read every file, too, and compare it with its name
    #[arg(long)]
    files: bool,
}

pub(super) fn verify(arguments: &VerifyArguments, office: &Office<'_>) -> Result<Answer, CliError> {
    let mut found = verify::database(&office.open()?)?;
    let config = office.config()?;
    let stock = serve::stock(&office.folder, &config).map_err(CliError::Relay)?;
    let mut problems: Vec<String> =
        stock.missing()?.iter().map(|hash| format!("file {hash} is missing")).collect();
    let mut read = 0;
    if arguments.files {
        let night = stock.check_all(office.now)?;
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
