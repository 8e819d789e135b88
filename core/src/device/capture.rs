//! Capturing work, and editing it. Never waits for a network.

use serde::Serialize;

use crate::ids::{Chance, EntryId, FolioId, OutcomeId, PieceId};
use crate::media;
use crate::model::act::Act;
use crate::model::piece::{Medium, PieceKind};
use crate::model::role::{Class, Roles};
use crate::store::transfers;
use crate::time::{Timestamp, WorkDate};

use super::write::{self, Writing};
use super::{Device, DeviceError};

/// A piece to be made.
#[derive(Debug, Clone, Default)]
pub struct NewPiece {
    /// The photos, as their files' bytes.
    pub photos: Vec<Vec<u8>>,
    /// A line naming the work, at most 200 characters.
    pub title: String,
    /// The maker's words.
    pub words: String,
    /// The day of the work; the UTC day of now if nothing is said.
    pub work_date: Option<WorkDate>,
    /// The outcomes it is offered for, at most 50.
    pub outcomes: Vec<OutcomeId>,
    /// The folios it lies in; private for none.
    pub folios: Vec<FolioId>,
    /// Who may see it; its maker alone for none.
    pub audience: Option<Roles>,
    /// An observation, by an adult, rather than evidence.
    pub is_observation: bool,
    /// The earlier piece that it revises.
    pub revises: Option<PieceId>,
}

/// A piece that is saved: on disk, with everything it owes.
#[derive(Debug, Clone, Serialize)]
pub struct Captured {
    /// Its id.
    pub piece: PieceId,
    /// The photos, as they are kept.
    pub media: Vec<Medium>,
}

/// What changes about one's own piece. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Edits {
    /// The title.
    pub title: Option<String>,
    /// The words.
    pub words: Option<String>,
    /// The day of the work.
    pub work_date: Option<WorkDate>,
    /// The outcomes, all of them.
    pub outcomes: Option<Vec<OutcomeId>>,
    /// Photos to add.
    pub photos: Vec<Vec<u8>>,
}

const MAX_WORDS: usize = 50_000;
const MAX_PHOTOS: usize = 40;

struct Photo {
    key: EntryId,
    medium: Medium,
    preview_size: u64,
}

impl Device {
    /// Saves a new piece: cleans the photos, makes their bytes durable, then one transaction for acts, change,
    /// signature, index and outbox.
    pub fn capture(
        &mut self,
        new: NewPiece,
        now: Timestamp,
        chance: &mut dyn Chance,
    ) -> Result<Captured, DeviceError> {
        check_words(Some(&new.title), Some(&new.words), Some(&new.outcomes), new.photos.len())?;
        let work_date = new.work_date.or_else(|| now.utc_day());
        let photos = self.keep_photos(&new.photos, now, chance)?;
        let piece = PieceId::new(now, chance);
        let kind = if new.is_observation { PieceKind::Observation } else { PieceKind::Evidence };
        let me = &self.me;
        self.store.write(|tx| {
            write::act(tx, me, now, chance, &Act::DeclarePiece { piece, maker: me.person, kind })?;
            for folio in &new.folios {
                write::act(tx, me, now, chance, &Act::Place { piece, folio: *folio })?;
            }
            if let Some(audience) = new.audience {
                write::act(tx, me, now, chance, &Act::Share { piece, audience, replaces: Vec::new() })?;
            }
            let writing = content_of(me, piece, now, &photos);
            let change = write::change(tx, writing, chance, |edit| {
                edit.title(&new.title)?;
                edit.words(&new.words)?;
                if let Some(date) = work_date {
                    edit.work_date(date)?;
                }
                edit.outcomes(&new.outcomes)?;
                if let Some(earlier) = new.revises {
                    edit.revises(earlier)?;
                }
                photos.iter().try_for_each(|photo| edit.add_medium(photo.key, &photo.medium))
            })?;
            owe_photos(tx, piece, change, &photos)
        })?;
        Ok(Captured { piece, media: photos.into_iter().map(|photo| photo.medium).collect() })
    }

    /// Changes one's own piece. What two devices changed apart merges; what can't be merged is shown as alternatives.
    pub fn edit(
        &mut self,
        piece: PieceId,
        edits: Edits,
        now: Timestamp,
        chance: &mut dyn Chance,
    ) -> Result<(), DeviceError> {
        let (title, words, outcomes) =
            (edits.title.as_deref(), edits.words.as_deref(), edits.outcomes.as_deref());
        check_words(title, words, outcomes, edits.photos.len())?;
        let (standing, circles) = self.standing(piece, now)?;
        if !standing.may_write_content(&circles, self.me.person) {
            return Err(DeviceError::NotAllowed("only the person who made a piece can change it"));
        }
        let photos = self.keep_photos(&edits.photos, now, chance)?;
        let me = &self.me;
        self.store.write(|tx| {
            let change = write::change(tx, content_of(me, piece, now, &photos), chance, |edit| {
                title.map_or(Ok(()), |title| edit.title(title))?;
                words.map_or(Ok(()), |words| edit.words(words))?;
                edits.work_date.map_or(Ok(()), |date| edit.work_date(date))?;
                outcomes.map_or(Ok(()), |outcomes| edit.outcomes(outcomes))?;
                photos.iter().try_for_each(|photo| edit.add_medium(photo.key, &photo.medium))
            })?;
            owe_photos(tx, piece, change, &photos)
        })
    }

    /// Cleans photos and makes their bytes durable, before anything names them.
    fn keep_photos(
        &self,
        photos: &[Vec<u8>],
        now: Timestamp,
        chance: &mut dyn Chance,
    ) -> Result<Vec<Photo>, DeviceError> {
        let prepared: Vec<media::Prepared> =
            photos.iter().map(|bytes| media::prepare_bytes(bytes)).collect::<Result<_, _>>()?;
        let mut kept = Vec::with_capacity(prepared.len());
        for (position, (photo, bytes)) in prepared.into_iter().zip(photos).enumerate() {
            let blobs = self.store.blobs();
            let mut original = Vec::new();
            photo.write(&mut std::io::Cursor::new(bytes), &mut original)?;
            let preview =
                photo.preview.ok_or(DeviceError::Bounds("only pictures can be kept with a piece"))?;
            let preview_size = preview.len() as u64;
            let medium = Medium {
                original: blobs.put(&original)?,
                preview: blobs.put(&preview)?,
                media_type: photo.media_type.as_str().to_owned(),
                width: photo.width,
                height: photo.height,
                size: original.len() as u64,
                placeholder: photo.placeholder,
            };
            // Keys in the order of capture, also within one millisecond.
            let moment = now.plus_millis(position as u64);
            kept.push(Photo { key: EntryId::new(moment, chance), medium, preview_size });
        }
        Ok(kept)
    }
}

fn content_of<'a>(
    me: &'a crate::store::Identity,
    piece: PieceId,
    now: Timestamp,
    photos: &[Photo],
) -> Writing<'a> {
    Writing {
        me,
        document: crate::ids::DocumentId::content(piece),
        class: Class::Content,
        now,
        blobs: photos.iter().flat_map(|photo| [photo.medium.original, photo.medium.preview]).collect(),
    }
}

fn owe_photos(
    tx: &rusqlite::Transaction<'_>,
    piece: PieceId,
    change: Option<i64>,
    photos: &[Photo],
) -> Result<(), DeviceError> {
    let Some(change) = change else { return Ok(()) };
    for photo in photos {
        transfers::add_upload(tx, photo.medium.preview, piece, photo.preview_size, true, change)?;
        transfers::add_upload(tx, photo.medium.original, piece, photo.medium.size, false, change)?;
    }
    Ok(())
}

fn check_words(
    title: Option<&str>,
    words: Option<&str>,
    outcomes: Option<&[OutcomeId]>,
    photos: usize,
) -> Result<(), DeviceError> {
    if title.is_some_and(|title| title.chars().count() > 200) {
        return Err(DeviceError::Bounds("a title has at most 200 characters"));
    }
    if words.is_some_and(|words| words.chars().count() > MAX_WORDS) {
        return Err(DeviceError::Bounds("words have at most 50,000 characters; go on in a new piece"));
    }
    if outcomes.is_some_and(|outcomes| outcomes.len() > 50) {
        return Err(DeviceError::Bounds("a piece is offered for at most 50 outcomes"));
    }
    if photos > MAX_PHOTOS {
        return Err(DeviceError::Bounds("at most 40 photos at once"));
    }
    Ok(())
}
