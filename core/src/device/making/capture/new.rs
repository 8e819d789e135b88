//! What a person hands over to be kept, or changed: nothing is read or checked yet.

use std::fmt;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::document::TextEdit;
use crate::ids::{EntryId, FolioId, OutcomeId, PieceId};
use crate::media::{self, Inspected, MAX_BYTES, MediaError, Offered, Source};
use crate::model::piece::{Medium, PieceKind, Point, Turn};
use crate::model::role::Roles;
use crate::store::StoreError;
use crate::time::WorkDate;

use crate::device::DeviceError;

/// A piece to be made.
#[derive(Debug)]
pub struct NewPiece {
    /// Photos, films, recordings and documents, at most 40.
    pub media: Vec<NewMedium>,
    /// Pages elsewhere, at most 20.
    pub links: Vec<NewLink>,
    /// A line naming the work, at most 200 characters.
    pub title: String,
    /// The maker's words.
    pub words: String,
    /// The day of the work by the calendar of who captures: today, if she says nothing else. The core knows no zone.
    pub work_date: WorkDate,
    /// The outcomes it is offered for, at most 50.
    pub outcomes: Vec<OutcomeId>,
    /// The folios it lies in; private for none.
    pub folios: Vec<FolioId>,
    /// Who may see it; its maker alone for none.
    pub audience: Option<Roles>,
    /// What it is.
    pub kind: PieceKind,
    /// The earlier piece that it revises.
    pub revises: Option<PieceId>,
}

impl NewPiece {
    /// A piece of this day that says nothing yet.
    pub fn of(work_date: WorkDate) -> Self {
        Self {
            media: Default::default(),
            links: Default::default(),
            title: Default::default(),
            words: Default::default(),
            work_date,
            outcomes: Default::default(),
            folios: Default::default(),
            audience: Default::default(),
            kind: Default::default(),
            revises: Default::default(),
        }
    }
}

/// A file to be kept: cleaned of where and by whom it was made, first.
pub struct NewMedium {
    /// Its bytes.
    pub source: Box<dyn Source>,
    /// What the file is called. It is kept for documents only: what a camera calls its files helps nobody.
    pub name: String,
    /// A picture of it that the client made, as a JPEG, PNG or WebP file: of a film, or of a photo that can't be decoded
    /// here.
    pub poster: Option<Vec<u8>>,
    /// A line beneath it, at most 500 characters.
    pub caption: String,
    /// What it shows, for who can't see it, at most 500 characters.
    pub alt: String,
    /// The medium of the piece whose place, caption and description it takes. That one is kept, out of sight.
    pub replaces: Option<EntryId>,
}

impl NewMedium {
    /// A file whose bytes are in memory.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        Self::of(Box::new(Cursor::new(bytes)))
    }

    /// A file on this device, opened when it is kept.
    pub fn of_file(path: PathBuf) -> Result<Self, DeviceError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = open(&path).map_err(|source| StoreError::File { path, doing: "read", source })?;
        Ok(Self { name, ..Self::of(Box::new(file)) })
    }

    /// Reads a poster from a file: as much of it as makes it too large, and no more.
    pub fn poster_of_file(path: &Path) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A file whose bytes come from here.
    pub fn of(source: Box<dyn Source>) -> Self {
        Self {
            source,
            name: String::new(),
            poster: None,
            caption: String::new(),
            alt: String::new(),
            replaces: None,
        }
    }
}

/// Opens a file and nothing else: a pipe would be waited for until somebody writes into it.
fn open(path: &Path) -> std::io::Result<File> {
    match std::fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(std::io::Error::other("it is not a file")),
    }
}

impl NewMedium {
    /// Looks at how the file is built: whether it will be taken, and what to say of it. Nothing is kept.
    pub fn inspect(&mut self) -> Result<Inspected, MediaError> {
        let poster = self.poster.as_deref();
        media::inspect(Offered { source: self.source.as_mut(), name: &self.name, poster })
    }
}

impl fmt::Debug for NewMedium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMedium").field("replaces", &self.replaces).finish_non_exhaustive()
    }
}

/// A page elsewhere. It is never fetched.
#[derive(Debug, Clone, Default)]
pub struct NewLink {
    /// `https://…`, at most 32 KiB.
    pub url: String,
    /// A line about it, at most 500 characters.
    pub caption: String,
}

/// A piece that is saved: on disk, with everything it owes.
#[derive(Debug, Clone, Serialize)]
pub struct Captured {
    /// Its id.
    pub piece: PieceId,
    /// The media, as they are kept.
    pub media: Vec<Medium>,
}

/// What changes about one's own piece. What is `None` stays.
#[derive(Debug, Default)]
pub struct Edits {
    pub title: Option<TextEdit>,
    pub words: Option<TextEdit>,
    /// The day of the work.
    pub work_date: Option<WorkDate>,
    /// The outcomes it is offered for.
    pub outcomes: Option<OutcomesEdit>,
    /// Media to add.
    pub add: Vec<NewMedium>,
    /// Links to add.
    pub links: Vec<NewLink>,
    /// What changes about media and links that are there.
    pub media: Vec<MediumEdit>,
    /// The order of media, by their keys.
    pub order: Option<Vec<EntryId>>,
}

/// Which outcomes a person chose, and which were chosen when she began. What others of her devices chose since stays.
#[derive(Debug, Clone, Default)]
pub struct OutcomesEdit {
    pub before: Vec<OutcomeId>,
    pub after: Vec<OutcomeId>,
}

impl OutcomesEdit {
    /// Those that she added.
    pub(crate) fn more(&self) -> Vec<OutcomeId> {
        self.after.iter().copied().filter(|one| !self.before.contains(one)).collect()
    }

    /// Those that she took away.
    pub(crate) fn fewer(&self) -> Vec<OutcomeId> {
        self.before.iter().copied().filter(|one| !self.after.contains(one)).collect()
    }
}

/// What changes about one medium or link. What is `None` stays.
#[derive(Debug, Clone)]
pub struct MediumEdit {
    /// Which.
    pub key: EntryId,
    /// The line beneath it.
    pub caption: Option<TextEdit>,
    /// What it shows, for who can't see it.
    pub alt: Option<TextEdit>,
    /// How it is turned. The bytes stay as they are.
    pub turn: Option<Turn>,
    /// Out of sight, or back. It is kept.
    pub is_out: Option<bool>,
    /// A spot to point at.
    pub mark: Option<NewMark>,
    /// A spot to point at no more.
    pub unmark: Option<EntryId>,
}

impl MediumEdit {
    /// Nothing yet.
    pub const fn of(key: EntryId) -> Self {
        Self { key, caption: None, alt: None, turn: None, is_out: None, mark: None, unmark: None }
    }
}

/// A spot to point at.
#[derive(Debug, Clone)]
pub struct NewMark {
    /// Where.
    pub at: Point,
    /// What is there, at most 500 characters.
    pub words: String,
}
