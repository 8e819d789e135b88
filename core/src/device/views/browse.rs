//! Looking: portfolios, one piece with the voices on it, the review queue, a photo.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use crate::blob::BlobHash;
use crate::ids::{DocumentId, FolioId, OutcomeId, PersonId, PieceId, ProjectId};
use crate::media::MediaType;
use crate::model::directory::{CircleRow, Folio, Person, Project};
use crate::model::entry::{Entry, EntryBody, Reference};
use crate::model::piece::{Content, Medium, PieceKind};
use crate::model::role::{Class, Role};
use crate::store::index::Listed;
use crate::store::records::{self, RecordKind};
use crate::store::transfers::Wanted;
use crate::store::{index, log, transfers};
use crate::time::Timestamp;

use crate::device::circles::{piece_of, review};
use crate::device::{Device, DeviceError};

/// A folio in a portfolio.
#[derive(Debug, Clone, Serialize)]
pub struct FolioView {
    pub folio: FolioId,
    /// Whose.
    pub student: PersonId,
    /// Its project; her home for none.
    pub project: Option<ProjectId>,
    /// The project's title.
    pub title: String,
    /// Who may see what lies in it.
    pub circle: Vec<CircleRow>,
    /// Its pieces, newest work first.
    pub pieces: Vec<PieceLine>,
}

/// A piece in a list.
#[derive(Debug, Clone, Serialize)]
pub struct PieceLine {
    pub piece: PieceId,
    /// Who made it.
    pub maker: PersonId,
    pub title: String,
    /// The day of the work.
    pub work_date: Option<String>,
}

impl PieceLine {
    fn of(listed: &Listed) -> Self {
        Self {
            piece: listed.piece,
            maker: listed.maker,
            title: listed.title.clone(),
            work_date: listed.work_date.clone(),
        }
    }
}

/// A piece as this person may see it.
#[derive(Debug, Clone, Serialize)]
pub struct PieceView {
    pub piece: PieceId,
    /// What it is.
    pub kind: PieceKind,
    /// Who made it.
    pub maker: PersonId,
    /// The folios it lies in.
    pub folios: Vec<FolioId>,
    /// With whom it is shared; its maker's alone for none.
    pub audience: Option<Vec<Role>>,
    /// What it says.
    pub content: Content,
    /// Its photos.
    pub media: Vec<MediumView>,
    /// What was said on it, by author.
    pub voices: Vec<VoiceView>,
    /// Sheets that can't be opened at the moment, with the reason.
    pub set_aside: Vec<String>,
}

/// A medium of a piece.
#[derive(Debug, Clone, Serialize)]
pub struct MediumView {
    /// What it is.
    #[serde(flatten)]
    pub medium: Medium,
    /// The file of the original, if it is here.
    pub original_file: Option<PathBuf>,
    /// The file of the preview, if it is here.
    pub preview_file: Option<PathBuf>,
}

/// What one person says on a piece about one student.
#[derive(Debug, Clone, Serialize)]
pub struct VoiceView {
    /// Whose.
    pub author: PersonId,
    /// About whom.
    pub about: Option<PersonId>,
    /// What it is read as.
    pub class: Class,
    /// What it says, oldest entry first.
    pub entries: Vec<Entry>,
    /// Judgements in it whose work was edited since.
    pub edited_since: Vec<crate::ids::EntryId>,
    /// Changes whose signature can't be verified yet; they are kept and not shown.
    pub unverified: u64,
}

/// A piece that waits for a teacher.
#[derive(Debug, Clone, Serialize)]
pub struct QueueRow {
    pub piece: PieceId,
    /// Whose folio.
    pub student: PersonId,
    /// The piece's title.
    pub title: String,
    /// The day of the work.
    pub work_date: Option<String>,
    /// Outcomes it is offered for that this teacher has not judged.
    pub outcomes: Vec<OutcomeId>,
    /// Mentors' judgements that no teacher has confirmed or judged beside.
    pub to_confirm: Vec<Reference>,
    /// It is offered for no outcome, and no teacher has answered it.
    pub is_untagged: bool,
}

/// A medium whose bytes are here. [`Device::store`] reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaHere {
    /// How many bytes.
    pub size: u64,
    /// What kind of file; `None` for one that this version doesn't know: such bytes are handed out and never shown.
    pub media_type: Option<MediaType>,
}

/// Which form of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The cleaned original.
    Original,
    /// The small picture.
    Preview,
}

impl Device {
    /// A student's folios with their pieces; everyone's that this person may see for `None`.
    pub fn portfolio(&self, student: Option<PersonId>) -> Result<Vec<FolioView>, DeviceError> {
        let conn = self.store.read();
        let mut by_folio: BTreeMap<FolioId, Vec<PieceLine>> = BTreeMap::new();
        for listed in index::listed(conn)? {
            for folio in listed.folios.iter().copied() {
                by_folio.entry(folio).or_default().push(PieceLine::of(&listed));
            }
        }
        let folios: Vec<Folio> = records::all(conn, RecordKind::Folio)?;
        folios
            .into_iter()
            // A group member's folio is known by name only.
            .filter(|folio| folio.circle.iter().any(|row| row.person == self.me.person))
            .filter(|folio| student.is_none_or(|student| folio.student == student))
            .map(|folio| {
                let project: Option<Project> = match folio.project {
                    Some(project) => records::get(conn, RecordKind::Project, project.as_bytes())?,
                    None => None,
                };
                let title = project.map_or_else(|| "home".to_owned(), |project| project.title);
                let pieces = by_folio.remove(&folio.id).unwrap_or_default();
                let Folio { id, student, project, circle, proposed: _, group: _ } = folio;
                Ok(FolioView { folio: id, student, project, title, circle, pieces })
            })
            .collect()
    }

    /// Pieces of one's own that lie in no folio yet.
    pub fn unplaced(&self) -> Result<Vec<PieceLine>, DeviceError> {
        let listed = index::listed(self.store.read())?.into_iter();
        Ok(listed
            .filter(|listed| listed.folios.is_empty() && listed.maker == self.me.person)
            .map(|listed| PieceLine::of(&listed))
            .collect())
    }

    /// One piece with the voices this person may read.
    pub fn piece(&self, id: PieceId) -> Result<PieceView, DeviceError> {
        let conn = self.store.read();
        let piece = piece_of(conn, id)?.ok_or_else(|| DeviceError::Unknown(format!("piece {id}")))?;
        let content = index::content(conn, id)?.unwrap_or_default();
        let blobs = self.store.blobs();
        let file = |hash: BlobHash| blobs.path(hash).filter(|_| blobs.has(hash));
        let media = content.media.iter().cloned().map(|medium| MediumView {
            original_file: file(medium.original),
            preview_file: medium.preview.and_then(file),
            medium,
        });
        let media = media.collect();
        let documents = log::documents_of(conn, id)?;
        let heads = documents
            .iter()
            .find(|document| document.id == DocumentId::content(id))
            .map(|document| document.heads.clone())
            .unwrap_or_default();
        let mut voices = Vec::new();
        let mut set_aside = Vec::new();
        for document in documents {
            if let Some(why) = document.set_aside {
                set_aside.push(format!("{}: {why}", document.id));
                continue;
            }
            let Some(author) = document.id.author() else { continue };
            let entries = index::entries(conn, document.row)?;
            let edited_since = entries
                .iter()
                .filter(|entry| matches!(&entry.body, EntryBody::Assessment(said) if said.judged != heads))
                .map(|entry| entry.id)
                .collect();
            voices.push(VoiceView {
                author,
                about: document.id.about(),
                class: document.class,
                entries,
                edited_since,
                unverified: log::unverified(conn, document.row)?,
            });
        }
        Ok(PieceView {
            piece: id,
            kind: piece.kind,
            maker: piece.maker,
            folios: piece.placements.iter().map(|placement| placement.folio).collect(),
            audience: piece.audience.map(|audience| audience.iter().collect()),
            content,
            media,
            voices,
            set_aside,
        })
    }

    /// Shared work that waits for this teacher, oldest work first.
    pub fn review_queue(&self, now: Timestamp) -> Result<Vec<QueueRow>, DeviceError> {
        let conn = self.store.read();
        let me = self.me.person;
        let folios: Vec<Folio> = records::all(conn, RecordKind::Folio)?;
        let in_projects: BTreeSet<FolioId> =
            folios.iter().filter(|folio| folio.project.is_some()).map(|folio| folio.id).collect();
        let mut queue = Vec::new();
        for listed in index::listed(conn)? {
            let (piece, circles) = self.piece_and_circles(listed.piece, now)?;
            let content = index::content(conn, listed.piece)?.unwrap_or_default();
            for placement in piece.placements.clone() {
                let class = piece.voice_class(&circles, me, Some(placement.student));
                if piece.maker == me || class != Some(Class::Voice(Role::Teacher)) {
                    continue;
                }
                let review = review(conn, me, listed.piece, placement.student)?;
                let outcomes = review.open(&content.outcomes);
                // What lies at home is not offered for anything.
                let is_untagged = piece.maker == placement.student
                    && in_projects.contains(&placement.folio)
                    && review.is_untagged(&content.outcomes);
                if is_untagged || review.waits(&content.outcomes) {
                    queue.push(QueueRow {
                        piece: listed.piece,
                        student: placement.student,
                        title: listed.title.clone(),
                        work_date: listed.work_date.clone(),
                        outcomes,
                        to_confirm: review.to_confirm,
                        is_untagged,
                    });
                }
            }
        }
        queue.sort_by(|a, b| (&a.work_date, a.piece, a.student).cmp(&(&b.work_date, b.piece, b.student)));
        Ok(queue)
    }

    /// The file of a medium. `None` when it is not here yet: it is then asked for at the next sync. What can't be seen has
    /// no preview.
    pub fn media_path(
        &mut self,
        piece: PieceId,
        position: usize,
        variant: Variant,
        now: Timestamp,
    ) -> Result<Option<PathBuf>, DeviceError> {
        let content = index::content(self.store.read(), piece)?;
        let medium = content.as_ref().and_then(|content| content.media.get(position));
        let hash = medium.and_then(|medium| match variant {
            Variant::Original => Some(medium.original),
            Variant::Preview => medium.preview,
        });
        let hash =
            hash.ok_or_else(|| DeviceError::Unknown(format!("picture {position} of piece {piece}")))?;
        let wanted = match variant {
            Variant::Original => Wanted::All,
            Variant::Preview => Wanted::Small,
        };
        Ok(self.is_here(hash, wanted, now)?.then(|| self.store.blobs().path(hash)).flatten())
    }

    /// A medium by its name, for a place without files. `None` when it is not here yet: it is then asked for at the next
    /// sync, if the piece names it.
    pub fn media(
        &mut self,
        piece: PieceId,
        hash: BlobHash,
        now: Timestamp,
    ) -> Result<Option<MediaHere>, DeviceError> {
        let content = index::content(self.store.read(), piece)?.unwrap_or_default();
        let mut all = content.media.iter().chain(&content.earlier);
        let Some(medium) = all.find(|medium| medium.names(hash)) else {
            return Err(DeviceError::Unknown(format!("file {hash} of piece {piece}")));
        };
        let (media_type, wanted) = match medium.preview == Some(hash) {
            true => (Some(MediaType::Jpeg), Wanted::Small),
            false => (MediaType::parse(&medium.media_type), Wanted::All),
        };
        if !self.is_here(hash, wanted, now)? {
            return Ok(None);
        }
        Ok(self.store.blobs().size(hash).map(|size| MediaHere { size, media_type }))
    }

    fn is_here(&mut self, hash: BlobHash, wanted: Wanted, now: Timestamp) -> Result<bool, DeviceError> {
        if self.store.blobs().has(hash) {
            // A full disk takes no notes; looking goes on.
            let _ = self.look_at(hash, now);
            return Ok(true);
        }
        self.store.write(|tx| Ok::<_, DeviceError>(transfers::want(tx, hash, wanted)?))?;
        Ok(false)
    }

    /// The name of a person, if she is known here.
    pub fn person(&self, id: PersonId) -> Result<Option<Person>, DeviceError> {
        Ok(records::get(self.store.read(), RecordKind::Person, id.as_bytes())?)
    }

    /// Everyone known here.
    pub fn people(&self) -> Result<Vec<Person>, DeviceError> {
        Ok(records::all(self.store.read(), RecordKind::Person)?)
    }

    /// Who may see a piece, and as what: the answer to "who can see this?".
    pub fn who_sees(&self, id: PieceId, now: Timestamp) -> Result<Vec<PersonId>, DeviceError> {
        let (piece, circles) = self.piece_and_circles(id, now)?;
        let people = self.people()?.into_iter().map(|person| person.id);
        Ok(people.filter(|person| piece.may_read_content(&circles, *person)).collect())
    }
}
