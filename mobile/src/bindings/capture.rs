//! Making pieces: capturing, editing, placing, sharing, erasing. Each is saved when the call returns, without a network.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fieldfolio_core::device::{DeviceError, Edits, MediumEdit, NewLink, NewMedium, NewPiece};
use fieldfolio_core::ids::{EntryId, FolioId, OutcomeId, PersonId, PieceId, ProjectId};
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::time::WorkDate;

use super::store::Store;
use super::{FieldfolioError, OsRng, now};
use crate::inputs;
use crate::records::{Inspected, PieceKind};

/// A photo, film, recording or document to be kept. The core reads it where it lies, cleans what it keeps of place and
/// device, and leaves the file as it is.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NewFile {
    /// Where it lies.
    pub path: String,
    /// A line beneath it, at most 500 characters.
    #[uniffi(default)]
    pub caption: String,
    /// What it shows, for who can't see it.
    #[uniffi(default)]
    pub alt: String,
    /// A picture of it that the app made (JPEG, PNG or WebP): of a film, or of a HEIC photo.
    #[uniffi(default)]
    pub poster_path: Option<String>,
    /// The medium of the piece whose place it takes; that one is kept, out of sight.
    #[uniffi(default)]
    pub replaces: Option<EntryId>,
}

/// A piece to be made.
#[derive(Debug, Clone, uniffi::Record)]
pub struct NewEvidence {
    /// The day of the work, `2026-11-22`, by this device's calendar: today's, if the person says nothing else.
    pub work_date: WorkDate,
    /// Its files, in order.
    #[uniffi(default)]
    pub files: Vec<NewFile>,
    /// Pages elsewhere. They are never fetched.
    #[uniffi(default)]
    pub links: Vec<inputs::NewLink>,
    #[uniffi(default)]
    pub title: String,
    /// Words about it.
    #[uniffi(default)]
    pub words: String,
    /// The outcomes it is offered for.
    #[uniffi(default)]
    pub outcomes: Vec<OutcomeId>,
    /// Where it is placed: at most one folio of a student.
    #[uniffi(default)]
    pub folios: Vec<FolioId>,
    /// With whom it is shared; its maker's alone for none.
    #[uniffi(default)]
    pub audience: Option<Vec<Role>>,
    /// What it is; evidence if nothing is said.
    #[uniffi(default)]
    pub kind: Option<PieceKind>,
    /// The earlier piece that it revises.
    #[uniffi(default)]
    pub revises: Option<PieceId>,
}

/// A piece that is saved.
#[derive(Debug, Clone, uniffi::Record)]
pub struct CapturedPiece {
    /// Its id.
    pub piece: PieceId,
    /// The keys of its media, in order.
    pub media: Vec<EntryId>,
}

/// What changes about a piece of one's own. What is absent stays.
#[derive(Debug, Clone, uniffi::Record)]
pub struct PieceEdits {
    #[uniffi(default)]
    pub title: Option<inputs::TextEdit>,
    #[uniffi(default)]
    pub words: Option<inputs::TextEdit>,
    /// The day of the work.
    #[uniffi(default)]
    pub work_date: Option<WorkDate>,
    /// The outcomes it is offered for.
    #[uniffi(default)]
    pub outcomes: Option<inputs::OutcomesEdit>,
    /// Files to add.
    #[uniffi(default)]
    pub files: Vec<NewFile>,
    /// Links to add.
    #[uniffi(default)]
    pub links: Vec<inputs::NewLink>,
    /// What changes about media and links that are there.
    #[uniffi(default)]
    pub media: Vec<inputs::MediumEdit>,
    /// The order of media, by their keys.
    #[uniffi(default)]
    pub order: Option<Vec<EntryId>>,
}

/// A folio of one's own in a project.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StartedFolio {
    /// The project; none for one's home folio.
    pub project: Option<ProjectId>,
    pub folio: FolioId,
}

impl NewFile {
    fn medium(self, number: usize) -> Result<NewMedium, FieldfolioError> {
        let Self { path, caption, alt, poster_path, replaces } = self;
        let unreadable = |reason: String| FieldfolioError::Media {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            reason,
        };
        let stays =
            |error: String| unreadable(format!("file {number} was not taken: {error}. Choose it again"));
        let file = NewMedium::of_file(PathBuf::from(path)).map_err(|error| stays(error.to_string()))?;
        let poster = poster_path.map(|path| NewMedium::poster_of_file(path.as_ref())).transpose();
        let poster = poster.map_err(|error| stays(format!("the picture of it can't be read: {error}")))?;
        Ok(NewMedium { caption, alt, poster, replaces, ..file })
    }
}

fn media(files: Vec<NewFile>) -> Result<Vec<NewMedium>, FieldfolioError> {
    files.into_iter().enumerate().map(|(position, file)| file.medium(position + 1)).collect()
}

fn links(links: Vec<inputs::NewLink>) -> Vec<NewLink> {
    links.into_iter().map(NewLink::from).collect()
}

#[uniffi::export]
impl Store {
    /// Looks at a file that was just picked: whether it will be taken, and what to say of it. Nothing is kept.
    pub async fn inspect(&self, file: NewFile) -> Result<Inspected, FieldfolioError> {
        self.act(move |_| {
            let looked = file.medium(1)?.inspect();
            Ok(looked.map_err(|source| DeviceError::Media { number: 1, source })?.into())
        })
        .await
    }

    /// Saves a new piece. When this returns it is on disk, whatever the network does.
    pub async fn capture(&self, new: NewEvidence) -> Result<CapturedPiece, FieldfolioError> {
        self.act(move |device| {
            let mut placed = BTreeSet::new();
            let new = NewPiece {
                media: media(new.files)?,
                links: links(new.links),
                title: new.title,
                words: new.words,
                work_date: new.work_date,
                outcomes: new.outcomes,
                folios: new.folios.into_iter().filter(|folio| placed.insert(*folio)).collect(),
                audience: new.audience.map(Roles::audience),
                kind: new.kind.unwrap_or(PieceKind::Evidence).into(),
                revises: new.revises,
            };
            let made = device.capture(new, now(), &mut OsRng)?;
            let keys = made.media.iter().map(|medium| medium.key);
            Ok(CapturedPiece { piece: made.piece, media: keys.collect() })
        })
        .await
    }

    /// Changes a piece of one's own. What is replaced or taken out is kept.
    pub async fn edit(&self, piece: PieceId, edits: PieceEdits) -> Result<(), FieldfolioError> {
        self.act(move |device| {
            let changed = edits.media.into_iter().map(MediumEdit::try_from);
            let edits = Edits {
                media: changed.collect::<Result<_, _>>()?,
                add: media(edits.files)?,
                links: links(edits.links),
                title: edits.title.map(Into::into),
                words: edits.words.map(Into::into),
                work_date: edits.work_date,
                outcomes: edits.outcomes.map(Into::into),
                order: edits.order,
            };
            Ok(device.edit(piece, edits, now(), &mut OsRng)?)
        })
        .await
    }

    /// Places a piece in one more folio.
    pub async fn place(&self, piece: PieceId, folio: FolioId) -> Result<(), FieldfolioError> {
        self.act(move |device| Ok(device.place(piece, folio, now(), &mut OsRng)?)).await
    }

    /// Offers a shared piece to a classmate's folio in a project. It lies there once she or a teacher of hers accepts.
    pub async fn offer(
        &self,
        piece: PieceId,
        student: PersonId,
        project: ProjectId,
    ) -> Result<(), FieldfolioError> {
        self.act(move |device| Ok(device.offer(piece, student, project, now(), &mut OsRng).map(drop)?)).await
    }

    /// Accepts what is offered to a folio, as its owner or a teacher of hers.
    pub async fn accept_offer(&self, piece: PieceId, folio: FolioId) -> Result<(), FieldfolioError> {
        self.act(move |device| Ok(device.accept_offer(piece, folio, now(), &mut OsRng)?)).await
    }

    /// Takes a piece out of a folio, declines what is offered to it, or takes an offer of one's own back.
    pub async fn take_out(&self, piece: PieceId, folio: FolioId) -> Result<(), FieldfolioError> {
        self.act(move |device| Ok(device.take_out(piece, folio, now(), &mut OsRng)?)).await
    }

    /// Moves a piece to another folio of the same student, with all that was said of it.
    pub async fn move_piece(
        &self,
        piece: PieceId,
        from: FolioId,
        to: FolioId,
    ) -> Result<(), FieldfolioError> {
        self.act(move |device| Ok(device.move_piece(piece, from, to, now(), &mut OsRng)?)).await
    }

    /// Sets who may see a piece, by their roles in the circles of its folios. Its students always do.
    pub async fn share(&self, piece: PieceId, audience: Vec<Role>) -> Result<(), FieldfolioError> {
        let audience = Roles::audience(audience);
        self.act(move |device| Ok(device.share(piece, audience, now(), &mut OsRng)?)).await
    }

    /// Makes a piece one's own again, while nobody else has written on it.
    pub async fn unshare(&self, piece: PieceId) -> Result<(), FieldfolioError> {
        self.act(move |device| Ok(device.unshare(piece, now(), &mut OsRng)?)).await
    }

    /// Erases a piece of one's own for ever, while nobody else has written on it. Ask the person first.
    pub async fn erase(&self, piece: PieceId) -> Result<(), FieldfolioError> {
        self.act(move |device| Ok(device.erase(piece, now(), &mut OsRng)?)).await
    }

    /// Starts a project of one's own.
    pub async fn start_project(&self, new: inputs::NewProject) -> Result<StartedFolio, FieldfolioError> {
        self.act(move |device| {
            let inputs::NewProject { title, brief, outcomes } = new;
            let started = device.start_project(&title, &brief, &outcomes, now(), &mut OsRng)?;
            Ok(StartedFolio { project: Some(started.project), folio: started.folio })
        })
        .await
    }

    /// Takes up a folio of one's own in a project; one's home folio for none.
    #[uniffi::method(default(project = None))]
    pub async fn join_project(&self, project: Option<ProjectId>) -> Result<StartedFolio, FieldfolioError> {
        self.act(move |device| {
            let folio = device.join_project(project, now(), &mut OsRng)?;
            Ok(StartedFolio { project, folio })
        })
        .await
    }
}
