//! Signing in, staying in step with the school, and looking after the device.

use std::fs::OpenOptions;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use fieldfolio_core::device::{Device, Line, Status, Unsent};
use fieldfolio_core::ids::{DocumentId, PersonId, PieceId};
use fieldfolio_core::model::invitation::InvitationLink;
use serde_json::json;

use super::names::Names;
use super::{Answer, CliError, Exit, bytes, count, to_json};
use crate::driver::{self, Http, Mishap, SyncReport, Until};
use crate::processes::{FOLLOWING, HALTED};

#[derive(Debug, Args)]
pub(super) struct SyncArguments {
    /// Wait and go on until nothing is left but what waits for people
    #[arg(long)]
    until_quiet: bool,
    /// Give up after so many seconds of trying
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// This line is paid by the byte
    #[arg(long)]
    metered: bool,
    /// For tests: the connection breaks when so many bytes of photos have left
    #[arg(long, value_name = "BYTES", hide = true)]
    cut_after: Option<u64>,
    /// For tests: stand still when so many bytes of photos have left, say "halted", and go on at the next line of input
    #[arg(long, value_name = "BYTES", hide = true, conflicts_with = "cut_after")]
    halt_after: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct FollowArguments {
    /// For so many seconds
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 60, conflicts_with = "until_change")]
    seconds: u64,
    /// Until something came
    #[arg(long)]
    until_change: bool,
}

pub(super) fn enrol(link: &str, folder: &Path, in_the_clear: bool) -> Result<Answer, CliError> {
    let read = InvitationLink::from_url(link).map_err(|bad| CliError::Argument(bad.to_string()))?;
    if read.is_exposed() && !in_the_clear {
        return Err(CliError::Argument(format!(
            "{} is not encrypted, and not on this machine or a private network: everybody on the way could read this \
             device's token. Ask the school for an https:// link, or add --in-the-clear",
            read.relay
        )));
    }
    let device = driver::enrol(link, folder)?;
    let me = device.identity();
    let json = json!({ "person": me.person, "device": me.device, "school": me.school, "relay": me.relay });
    let text = format!("Signed in at {} as {}. Next: sync", me.relay, me.person);
    device.pause()?;
    Ok(Answer::done(text, json))
}

pub(super) fn salvage(from: &Path, to: &Path) -> Result<Answer, CliError> {
    let (device, saved) = Device::salvage(from, to)?;
    device.pause()?;
    Ok(Answer::done(saved.to_string(), to_json(&saved)))
}

pub(super) fn invite(device: &Device, person: Option<&str>, days: u64) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let person = person.map_or(Ok(device.identity().person), |person| names.find_person(person))?;
    let link = driver::invite(device, person, days)?;
    let url = link.to_url();
    let text = format!(
        "{url}\nIt works once, within {}. Whoever has it signs in as {}.",
        count(usize::try_from(days).unwrap_or(usize::MAX), "day"),
        names.person(person)
    );
    Ok(Answer::done(text, json!({ "person": person, "url": url, "expires": link.expires })))
}

pub(super) fn held(device: &Device, release: Option<&str>) -> Result<Answer, CliError> {
    let waiting = device.held_back()?;
    if let Some(sheet) = release {
        let Some(held) = waiting.iter().find(|held| held.document.to_string() == sheet) else {
            return Err(CliError::Argument(format!(
                "nothing is held back of {sheet:?}: `held` shows what is"
            )));
        };
        driver::call(device, device.release(held.document))?;
        return Ok(Answer::done("Let through: it comes to everyone with the next sync.", json!({})));
    }
    let names = Names::of(device)?;
    let lines: Vec<String> = waiting
        .iter()
        .map(|held| format!("{}  {} changes by {}", held.document, held.changes, names.person(held.author)))
        .collect();
    let text = if lines.is_empty() { "Nothing is held back.".to_owned() } else { lines.join("\n") };
    let json: Vec<_> = waiting
        .iter()
        .map(|held| json!({ "sheet": held.document.to_string(), "author": held.author, "changes": held.changes }))
        .collect();
    Ok(Answer::done(text, json!(json)))
}

pub(super) fn compare(device: &mut Device) -> Result<Answer, CliError> {
    device.compare()?;
    Ok(Answer::done("The next sync compares. Next: sync", json!({})))
}

pub(super) fn sync(device: &mut Device, arguments: &SyncArguments) -> Result<Answer, CliError> {
    device.set_line(if arguments.metered { Line::Metered } else { Line::Free });
    let mut http = Http::of(device);
    if let Some(bytes) = arguments.cut_after {
        http = http.cut_after(bytes);
    }
    if let Some(bytes) = arguments.halt_after {
        http = http.with(Mishap::HaltAfter(bytes, Box::new(halt)));
    }
    let patience = Duration::from_secs(arguments.patience);
    let report = driver::sync_over(&mut http, device, arguments.until_quiet, patience)?;
    let status = device.status()?;
    let text = format!(
        "{} with the school, {} up, {} down. {}",
        count(report.exchanges as usize, "exchange"),
        bytes(report.bytes_up),
        bytes(report.bytes_down),
        left(&status)
    );
    let exit = exit(device, &report, &status, arguments.until_quiet)?;
    Ok(Answer { text, json: to_json(report), exit })
}

pub(super) fn follow(
    device: &mut Device,
    arguments: &FollowArguments,
    in_json: bool,
) -> Result<Answer, CliError> {
    let until = match arguments.until_change {
        true => Until::Change,
        false => Until::After(Duration::from_secs(arguments.seconds)),
    };
    let report = driver::follow(device, until, |device, report| {
        // Whoever waits for the first answer knows by this line that from now on news are heard.
        let known = device.known_up_to().unwrap_or_default();
        if in_json {
            eprintln!("{FOLLOWING} {known}");
        } else {
            println!("{FOLLOWING} {known}, {} so far", count(report.news as usize, "arrival"));
        }
    })?;
    let status = device.status()?;
    let text = format!("{} without asking. {}", count(report.news as usize, "arrival"), left(&status));
    let exit = match report.locked {
        true => Exit::Locked(format!(
            "the school does not know this device any more. {}",
            unsent(device, &status)?
        )),
        false => Exit::Done,
    };
    Ok(Answer { text, json: to_json(report), exit })
}

fn halt() {
    println!("{HALTED}");
    let mut line = String::new();
    // The end of input lets it go on too.
    drop(std::io::stdin().lock().read_line(&mut line));
}

fn exit(device: &Device, report: &SyncReport, status: &Status, until_quiet: bool) -> Result<Exit, CliError> {
    if report.locked {
        return Ok(Exit::Locked(format!(
            "the school does not know this device any more, so it is locked. {} \
             Ask the school for a new invitation; `wipe --lose-unsent` empties this device.",
            unsent(device, status)?
        )));
    }
    if report.unreachable {
        return Ok(Exit::Short(format!(
            "the school can't be reached; everything is kept on this device. {} Sync again later.",
            left(status)
        )));
    }
    if until_quiet && !report.quiet {
        return Ok(Exit::Short(format!("it is not done yet. {} Sync again later.", left(status))));
    }
    Ok(Exit::Done)
}

/// What has not reached the school, by the titles of the work.
fn unsent(device: &Device, status: &Status) -> Result<String, CliError> {
    let mut pieces: Vec<PieceId> = status.waiting.iter().filter_map(|waiting| waiting.piece).collect();
    pieces.extend(device.uploads()?.iter().filter(|upload| !upload.is_done).map(|upload| upload.piece));
    pieces.sort();
    pieces.dedup();
    let mut titles = Vec::new();
    for piece in pieces {
        titles.push(format!("\"{}\"", device.piece(piece)?.content.title));
    }
    let whose = if titles.is_empty() { String::new() } else { format!(" On: {}.", titles.join(", ")) };
    Ok(left(status) + &whose)
}

/// What still waits here, in one sentence.
fn left(status: &Status) -> String {
    let mut parts = Vec::new();
    if !status.waiting.is_empty() {
        parts.push(format!("{} to send", count(status.waiting.len(), "thing")));
    }
    if status.uploads > 0 {
        parts.push(format!("{} ({}) to upload", count(status.uploads, "file"), bytes(status.upload_bytes)));
    }
    if status.to_fill > 0 {
        parts.push(format!("{} to fetch", count(status.to_fill, "sheet")));
    }
    if parts.is_empty() {
        "Nothing waits here.".to_owned()
    } else {
        format!("Here wait {}.", parts.join(", "))
    }
}

pub(super) fn status(device: &Device) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let status = device.status()?;
    let mut lines = vec![format!("{}. {}", names.person(status.person), left(&status))];
    for waiting in status.waiting.iter().filter_map(|waiting| waiting.reason.as_ref()) {
        lines.push(format!("  waits: {waiting}"));
    }
    for (reason, words) in &status.set_aside {
        lines.push(format!("  set aside: {reason}. It said: {words}"));
    }
    lines.extend(status.unopened.iter().map(|why| format!("  can't be opened: {why}")));
    if status.newer > 0 {
        lines.push(format!("  made by a newer version, kept and read after an update: {}", status.newer));
    }
    lines.extend(
        status.new_devices.iter().map(|id| format!("  new device that nobody known vouched for: {id}")),
    );
    Ok(Answer::done(lines.join("\n"), to_json(status)))
}

pub(super) fn digest(device: &Device) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let digest = device.digest()?;
    let mut lines = vec![digest.digest.clone()];
    lines.extend(digest.documents.iter().map(|(id, heads)| format!("{id} {}", heads.join(" "))));
    for (student, outcome, sentence) in &digest.levels {
        lines.push(format!("{} · {} · {sentence}", names.person(*student), names.outcome(*outcome)));
    }
    for student in &digest.partial {
        lines.push(format!("{} · seen only in part", names.person(*student)));
    }
    Ok(Answer::done(lines.join("\n"), to_json(digest)))
}

pub(super) fn rebuild_index(device: &mut Device) -> Result<Answer, CliError> {
    device.rebuild_index()?;
    Ok(Answer::done("The index was worked out anew.", json!({ "rebuilt": true })))
}

pub(super) fn export(device: &Device, document: &str, file: &Path) -> Result<Answer, CliError> {
    let id = document_id(document).ok_or_else(|| {
        CliError::Argument(format!("{document:?} names no document: `digest` lists them, like PIECE/content"))
    })?;
    let saved = device.export_document(id)?;
    let failed = |source| CliError::File { doing: "write", path: file.to_owned(), source };
    let mut out = OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
    out.write_all(&saved).and_then(|()| out.sync_all()).map_err(failed)?;
    let text = format!("{} written.", bytes(saved.len() as u64));
    Ok(Answer::done(text, json!({ "document": document, "file": file, "size": saved.len() })))
}

/// Reads a document's name as it is shown.
fn document_id(text: &str) -> Option<DocumentId> {
    let mut parts = text.split('/');
    let piece = parts.next()?.parse().ok()?;
    let id = match (parts.next()?, parts.next(), parts.next()) {
        ("content", None, None) => DocumentId::content(piece),
        ("voice", Some(author), about) => {
            let about: Option<PersonId> = about.map(str::parse).transpose().ok()?;
            DocumentId::voice(piece, author.parse().ok()?, about)
        }
        _ => return None,
    };
    parts.next().is_none().then_some(id)
}

pub(super) fn wipe(device: Device, lose_unsent: bool) -> Result<Answer, CliError> {
    device.wipe(if lose_unsent { Unsent::MayBeLost } else { Unsent::Keep })?;
    Ok(Answer::done("This device is empty.", json!({ "wiped": true })))
}
