//! Making work: projects, capture, edits, and who may see it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use clap::Args;
use fieldfolio_core::device::{Device, Edits, NewLink, NewMedium, NewPiece, OutcomesEdit};
use fieldfolio_core::ids::{EntryId, FolioId, PieceId};
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::time::WorkDate;
use serde_json::json;

use super::names::Names;
use super::{Answer, CliError, bytes, count, folio_of, to_json};
use crate::driver::{OsRng, now};

/// Who may see a piece: some roles, or its maker alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Audience(pub(super) Option<Roles>);

impl FromStr for Audience {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "circle" => Ok(Self(Some(Roles::WHOLE_CIRCLE))),
            "teachers" => Ok(Self(Some(Roles::of([Role::Teacher])))),
            "private" => Ok(Self(None)),
            roles => {
                let roles: Result<Vec<Role>, _> = roles.split(',').map(|role| role.trim().parse()).collect();
                let roles = roles.map_err(|error| format!("{error}; or circle, teachers, private"))?;
                Ok(Self(Some(Roles::of(roles))))
            }
        }
    }
}

/// Where a piece is placed.
#[derive(Debug, Args)]
pub(super) struct Where {
    /// A folio, by id (may be repeated)
    #[arg(long = "folio", value_name = "ID")]
    folios: Vec<FolioId>,
    /// Whose folio in the projects named (may be repeated) [default: one's own]
    #[arg(long = "student", value_name = "PERSON", requires = "projects")]
    students: Vec<String>,
    /// A project: its id or title, or "home" (may be repeated)
    #[arg(long = "project", value_name = "PROJECT")]
    projects: Vec<String>,
}

impl Where {
    fn folios(&self, device: &Device, names: &Names) -> Result<Vec<FolioId>, CliError> {
        let mut students = Vec::new();
        for student in &self.students {
            students.push(names.find_person(student)?);
        }
        if students.is_empty() {
            students.push(device.identity().person);
        }
        let mut folios = self.folios.clone();
        for project in &self.projects {
            let project = names.find_project(project)?;
            folios.extend(students.iter().map(|student| folio_of(device, *student, project)));
        }
        Ok(folios)
    }

    /// At least one folio.
    pub(super) fn required(&self, device: &Device, names: &Names) -> Result<Vec<FolioId>, CliError> {
        let folios = self.folios(device, names)?;
        if folios.is_empty() {
            return Err(CliError::Argument(
                "say where: --folio ID, or --project PROJECT [--student PERSON]".into(),
            ));
        }
        Ok(folios)
    }
}

#[derive(Debug, Args)]
pub(super) struct Capture {
    /// Photos, films, recordings and documents
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A page elsewhere (may be repeated)
    #[arg(long = "link", value_name = "URL")]
    links: Vec<String>,
    /// A line naming the work
    #[arg(long, default_value = "")]
    title: String,
    /// Words on it
    #[arg(long, default_value = "")]
    words: String,
    /// The day of the work, like 2026-11-22 [default: today]
    #[arg(long)]
    date: Option<WorkDate>,
    /// An outcome it is offered for (may be repeated)
    #[arg(long = "outcome", value_name = "OUTCOME")]
    outcomes: Vec<String>,
    #[command(flatten)]
    place: Where,
    /// circle, teachers, private, or roles with commas [default: circle if it is placed, else private]
    #[arg(long)]
    audience: Option<Audience>,
    /// An observation by an adult rather than a student's evidence
    #[arg(long)]
    observation: bool,
    /// The earlier piece that it revises
    #[arg(long, value_name = "PIECE")]
    revises: Option<PieceId>,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    /// The piece
    piece: PieceId,
    /// A new title
    #[arg(long)]
    title: Option<String>,
    /// New words, all of them
    #[arg(long)]
    words: Option<String>,
    /// Another day of the work
    #[arg(long)]
    date: Option<WorkDate>,
    /// The outcomes it is offered for, all of them (may be repeated)
    #[arg(long = "outcome", value_name = "OUTCOME")]
    outcomes: Vec<String>,
    /// A file to add (may be repeated)
    #[arg(long = "add", value_name = "FILE")]
    add: Vec<PathBuf>,
    /// A page elsewhere to add (may be repeated)
    #[arg(long = "link", value_name = "URL")]
    links: Vec<String>,
    /// The order of its files, by the numbers they have now: 2,0,1
    #[arg(long, value_delimiter = ',')]
    order: Vec<usize>,
}

pub(super) fn start(
    device: &mut Device,
    title: &str,
    brief: &str,
    outcomes: &[String],
) -> Result<Answer, CliError> {
    let outcomes = Names::of(device)?.find_outcomes(outcomes)?;
    let started = device.start_project(title, brief, &outcomes, now(), &mut OsRng)?;
    let text = format!("Started \"{title}\" (project {}).", started.project);
    Ok(Answer::done(text, to_json(started)))
}

pub(super) fn join(device: &mut Device, project: &str) -> Result<Answer, CliError> {
    let project = Names::of(device)?.find_project(project)?;
    let folio = device.join_project(project.0, now(), &mut OsRng)?;
    Ok(Answer::done(format!("Your folio in it is {folio}."), json!({ "folio": folio })))
}

pub(super) fn capture(device: &mut Device, arguments: Capture) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let folios = arguments.place.folios(device, &names)?;
    let default = Audience((!folios.is_empty()).then_some(Roles::WHOLE_CIRCLE));
    let new = NewPiece {
        media: files(&arguments.files)?,
        links: links(arguments.links),
        title: arguments.title,
        words: arguments.words,
        work_date: arguments.date.unwrap_or_else(crate::driver::today),
        outcomes: names.find_outcomes(&arguments.outcomes)?,
        folios,
        audience: arguments.audience.unwrap_or(default).0,
        kind: if arguments.observation { PieceKind::Observation } else { PieceKind::Evidence },
        revises: arguments.revises,
    };
    let title = new.title.clone();
    let captured = device.capture(new, now(), &mut OsRng)?;
    let size = captured.media.iter().map(|medium| medium.size).sum();
    let photos = match captured.media.len() {
        0 => String::new(),
        number => format!(" with {} ({}, cleaned)", count(number, "file"), bytes(size)),
    };
    let text = format!("Saved on this device: \"{title}\"{photos}, piece {}.", captured.piece);
    Ok(Answer::done(text, to_json(captured)))
}

pub(super) fn edit(device: &mut Device, arguments: Change) -> Result<Answer, CliError> {
    let outcomes = Names::of(device)?.find_outcomes(&arguments.outcomes)?;
    let before = device.piece(arguments.piece)?.content.outcomes;
    let outcomes = (!outcomes.is_empty()).then_some(OutcomesEdit { before, after: outcomes });
    let keys = arguments.order.iter().map(|position| key_of(device, arguments.piece, *position));
    let order = keys.collect::<Result<Vec<EntryId>, _>>()?;
    let order = (!order.is_empty()).then_some(order);
    let edits = Edits {
        title: arguments.title.map(Into::into),
        words: arguments.words.map(Into::into),
        work_date: arguments.date,
        outcomes,
        add: files(&arguments.add)?,
        links: links(arguments.links),
        order,
        ..Edits::default()
    };
    device.edit(arguments.piece, edits, now(), &mut OsRng)?;
    Ok(Answer::done("Saved on this device.", json!({ "piece": arguments.piece })))
}

pub(super) fn place(device: &mut Device, piece: PieceId, place: &Where) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let folios = place.required(device, &names)?;
    for folio in &folios {
        device.place(piece, *folio, now(), &mut OsRng)?;
    }
    let text: Vec<String> = folios.iter().map(|folio| names.folio(*folio)).collect();
    Ok(Answer::done(
        format!("Placed in {}.", text.join(" and ")),
        json!({ "piece": piece, "folios": folios }),
    ))
}

pub(super) fn share(device: &mut Device, piece: PieceId, audience: Audience) -> Result<Answer, CliError> {
    let Some(roles) = audience.0 else { return unshare(device, piece) };
    device.share(piece, roles, now(), &mut OsRng)?;
    let roles: Vec<Role> = roles.iter().collect();
    let text: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    Ok(Answer::done(
        format!("Shared with: {}.", text.join(", ")),
        json!({ "piece": piece, "audience": roles }),
    ))
}

pub(super) fn erase(device: &mut Device, piece: PieceId) -> Result<Answer, CliError> {
    device.erase(piece, now(), &mut OsRng)?;
    let text = format!("{piece} is gone from here, and from the school with the next sync.");
    Ok(Answer::done(text, json!({ "piece": piece })))
}

pub(super) fn unshare(device: &mut Device, piece: PieceId) -> Result<Answer, CliError> {
    device.unshare(piece, now(), &mut OsRng)?;
    Ok(Answer::done("Yours alone again.", json!({ "piece": piece, "audience": null })))
}

pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<NewMedium>, CliError> {
    paths
        .iter()
        .map(|path| Ok(NewMedium { poster: frame(path), ..NewMedium::of_file(path.clone())? }))
        .collect()
}

fn links(urls: Vec<String>) -> Vec<NewLink> {
    urls.into_iter().map(|url| NewLink { url, caption: String::new() }).collect()
}

/// The key of the file at this position of a piece.
pub(super) fn key_of(device: &Device, piece: PieceId, position: usize) -> Result<EntryId, CliError> {
    let view = device.piece(piece)?;
    let medium = view.content.media.get(position).map(|medium| medium.key);
    medium.ok_or_else(|| CliError::Argument(format!("piece {piece} has no file {position}")))
}

/// A picture of a film, where ffmpeg is on this machine; apps take one from the camera.
fn frame(path: &Path) -> Option<Vec<u8>> {
    let is_film = path
        .extension()
        .and_then(|end| end.to_str())
        .is_some_and(|end| ["mp4", "m4v", "mov", "3gp"].iter().any(|film| end.eq_ignore_ascii_case(film)));
    if !is_film {
        return None;
    }
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(path)
        .args(["-frames:v", "1", "-f", "image2pipe", "-c:v", "mjpeg", "-"])
        .stderr(Stdio::null())
        .output();
    made.ok().filter(|made| made.status.success() && !made.stdout.is_empty()).map(|made| made.stdout)
}
