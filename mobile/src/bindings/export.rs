//! A portfolio as plain files that anything reads: records as JSON, photos and documents beside them. Nothing is left out
//! that this person may see: comments, judgements with their reasons, and levels are in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{Device, DeviceError};
use fieldfolio_core::ids::{FolioId, PersonId, PieceId};
use fieldfolio_core::store::StoreError;
use fieldfolio_core::time::Timestamp;
use serde::Serialize;

use super::store::Store;
use super::{FieldfolioError, blocking, now};
use crate::records::{Folio, Growth, Levels, Me, Medium, Outcome, Piece};
use crate::{Views, records};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Exported {
    /// Pieces in it.
    pub pieces: u32,
    /// Files beside it.
    pub files: u32,
    /// Files that are not on this device. They are asked for: sync, and export again.
    pub missing: u32,
    /// The JSON file.
    pub path: String,
}

/// What the records are called, and the folder of the files beside them.
const NAME: &str = "portfolio.json";
const MEDIA: &str = "media";

/// All of `portfolio.json`.
#[derive(Serialize)]
struct Portfolio {
    /// Rises when a reader would have to change.
    version: u32,
    /// When it was written, in milliseconds since 1970.
    exported: u64,
    /// By whose eyes.
    seen_by: Me,
    student: Option<records::Person>,
    levels: Option<Levels>,
    growth: Option<Growth>,
    outcomes: Vec<Outcome>,
    folios: Vec<Folio>,
    pieces: Vec<Piece>,
}

#[uniffi::export]
impl Store {
    /// Writes a student's portfolio, as this person may see it, into a folder that is empty or absent: `portfolio.json` and
    /// `media/`. What is not on this device is asked for and counted as missing.
    pub async fn export_portfolio(
        &self,
        student: PersonId,
        folder: String,
    ) -> Result<Exported, FieldfolioError> {
        // By its own name: without a slash behind it, and wherever a link leads.
        let folder = fs::canonicalize(&folder).or_else(|_| std::path::absolute(&folder));
        let folder = folder.map_err(|error| FieldfolioError::Argument { reason: error.to_string() })?;
        let folder: PathBuf = folder.components().collect();
        let gathered = self.handle.with(move |device| gathered(device, student, now())).await?;
        let is_missing = gathered.missing > 0;
        // Copying takes its time, and nothing waits for it.
        let done = blocking(move || gathered.write(&folder)).await?;
        if is_missing {
            self.handle.nudge();
        }
        Ok(done)
    }
}

/// What is to be written.
struct Gathered {
    portfolio: Portfolio,
    /// Where each file lies, and its name beside the others.
    files: Vec<(PathBuf, String)>,
    missing: u32,
}

fn gathered(device: &mut Device, student: PersonId, now: Timestamp) -> Result<Gathered, FieldfolioError> {
    let portfolio = portfolio(device, student, now)?;
    let (mut files, mut missing) = (Vec::new(), 0);
    for piece in &portfolio.pieces {
        for medium in piece.media.iter().chain(&piece.earlier) {
            match source(device, piece, medium, now)? {
                Some(from) => files.push((from, format!("{}.{}", medium.key, medium.ending))),
                None => missing += 1,
            }
        }
    }
    Ok(Gathered { portfolio, files, missing })
}

impl Gathered {
    /// Writes all of it beside the folder, and gives it its name at the end: half an export leaves no trace.
    fn write(self, folder: &Path) -> Result<Exported, FieldfolioError> {
        if fs::read_dir(folder).is_ok_and(|mut inside| inside.next().is_some()) {
            return Err(FieldfolioError::Argument {
                reason: format!("{} is not empty: choose another folder", folder.display()),
            });
        }
        let mut aside = folder.as_os_str().to_owned();
        aside.push(".fieldfolio-part");
        let aside = PathBuf::from(aside);
        if !is_left_over(&aside) {
            return Err(FieldfolioError::Argument {
                reason: format!("{} holds something else: choose another folder", aside.display()),
            });
        }
        let written = self.write_into(&aside).and_then(|()| {
            // An empty folder of that name makes way.
            let _ = fs::remove_dir(folder);
            fs::rename(&aside, folder).map_err(|error| unwritten(folder, error))
        });
        if let Err(error) = written {
            let _ = fs::remove_dir_all(&aside);
            return Err(error);
        }
        let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
        Ok(Exported {
            pieces: count(self.portfolio.pieces.len()),
            files: count(self.files.len()),
            missing: self.missing,
            path: folder.join(NAME).to_string_lossy().into_owned(),
        })
    }

    fn write_into(&self, folder: &Path) -> Result<(), FieldfolioError> {
        let _ = fs::remove_dir_all(folder);
        let media = folder.join(MEDIA);
        fs::create_dir_all(&media).map_err(|error| unwritten(&media, error))?;
        for (from, name) in &self.files {
            let to = media.join(name);
            fs::copy(from, &to).map_err(|error| unwritten(&to, error))?;
        }
        let path = folder.join(NAME);
        let json = serde_json::to_vec_pretty(&self.portfolio).expect("records are plain");
        fs::write(&path, json).map_err(|error| unwritten(&path, error))
    }
}

/// Is nothing here, or only what an export left that was cut?
fn is_left_over(aside: &Path) -> bool {
    let Ok(inside) = fs::read_dir(aside) else { return !aside.exists() };
    inside.flatten().all(|entry| [NAME, MEDIA].iter().any(|ours| entry.file_name() == *ours))
}

fn portfolio(device: &Device, student: PersonId, now: Timestamp) -> Result<Portfolio, FieldfolioError> {
    let views = Views::at(device, now)?;
    let folios = views.folios(Some(student))?;
    if folios.is_empty() {
        return Err(FieldfolioError::Missing { reason: "no folio of this student is on this device".into() });
    }
    let folios: Vec<Folio> = folios
        .iter()
        .map(|line| Ok(views.folio(line.folio.parse::<FolioId>()?)?))
        .collect::<Result<_, FieldfolioError>>()?;
    let lines = folios.iter().flat_map(|folio| &folio.pieces_list);
    let pieces: BTreeSet<&str> = lines.map(|line| line.piece.as_str()).collect();
    let pieces = pieces
        .into_iter()
        .map(|piece| Ok(views.piece(piece.parse::<PieceId>()?)?))
        .collect::<Result<_, FieldfolioError>>()?;
    let student_id = student.to_string();
    Ok(Portfolio {
        version: 1,
        exported: now.millis(),
        seen_by: views.me()?,
        student: views.people().into_iter().find(|person| person.id == student_id),
        levels: views.levels(student)?,
        growth: views.growth(student)?,
        outcomes: views.outcomes()?,
        folios,
        pieces,
    })
}

/// Where the original lies. What is not here is asked for.
fn source(
    device: &mut Device,
    piece: &Piece,
    medium: &Medium,
    now: Timestamp,
) -> Result<Option<PathBuf>, FieldfolioError> {
    let hash: BlobHash = medium.original.parse().expect("a record holds what the core wrote");
    let is_here = device.media(piece.line.piece.parse()?, hash, now)?.is_some();
    Ok(device.store().blobs().path(hash).filter(|_| is_here))
}

fn unwritten(path: &Path, source: std::io::Error) -> FieldfolioError {
    let path = path.to_owned();
    DeviceError::from(StoreError::File { path, doing: "written", source }).into()
}
