//! Which tracks of a film are kept, what is said of those that aren't, and for which a film is refused.

use super::super::boxes::{self, u32_at};
use super::super::{Advice, MediaError, Note};
use super::entries;
use super::index::{DESCRIPTIONS, Track};

/// Tracks that go without a word, as all metadata does: measurements over time (where the phone was is one), the
/// clock of a camera, hints for servers, and what MPEG-4 systems and some cameras write for themselves.
const UNSAID: [&[u8; 4]; 8] = [b"meta", b"mdta", b"tmcd", b"hint", b"odsm", b"sdsm", b"crsm", b"fdsc"];

/// Tracks of words.
const WORDS: [&[u8; 4]; 5] = [b"text", b"sbtl", b"subt", b"subp", b"clcp"];

#[derive(Default)]
pub(super) struct LeftOut {
    pub(super) notes: Vec<Note>,
    /// Tracks that hold the titles and pictures of chapters.
    chapters: Vec<u32>,
    /// Whether a fragment may bring what a track has none of in the index.
    has_fragments: bool,
    has_rare_film: bool,
    has_rare_sound: bool,
}

impl LeftOut {
    /// Reads what an index says of its tracks together.
    pub(super) fn read(moov: &[u8]) -> Result<Self, MediaError> {
        let mut left_out =
            Self { has_fragments: boxes::find(moov, &[b"mvex"])?.is_some(), ..Self::default() };
        for (_, track) in boxes::all(moov)?.into_iter().filter(|(name, _)| *name == b"trak") {
            let list = boxes::find(track, &[b"tref", b"chap"])?.unwrap_or_default();
            left_out.chapters.extend(list.chunks_exact(4).filter_map(|id| u32_at(id, 0)));
        }
        if boxes::find(moov, &[b"udta", b"chpl"])?.is_some() {
            left_out.note(Note::Captions);
        }
        Ok(left_out)
    }

    /// Whether a track is kept: as a film or as a sound.
    pub(super) fn is_kept(&mut self, track: &[u8]) -> Result<Option<bool>, MediaError> {
        let handler = boxes::find(track, &[b"mdia", b"hdlr"])?.and_then(|body| body.get(8..12));
        let is_film = match handler {
            Some(b"vide") => true,
            Some(b"soun") => false,
            Some(kind) if UNSAID.iter().any(|known| known[..] == *kind) => return Ok(None),
            Some(kind) if WORDS.iter().any(|known| known[..] == *kind) => {
                self.note(Note::Captions);
                return Ok(None);
            }
            _ => {
                self.note(Note::OtherTracks);
                return Ok(None);
            }
        };
        let descriptions = boxes::find(track, &DESCRIPTIONS)?.unwrap_or_default();
        if entries::are_known(descriptions, is_film)? {
            return Ok(Some(is_film));
        }
        if is_film && track_id(track)?.is_some_and(|id| self.chapters.contains(&id)) {
            self.note(Note::Captions);
        } else if self.has_fragments || !is_empty(track)? {
            self.has_rare_film |= is_film;
            self.has_rare_sound |= !is_film;
        }
        Ok(None)
    }

    /// Why the film is refused, if it is.
    pub(super) fn refusal(&self, kept: &[Track]) -> Option<Advice> {
        match (self.has_rare_film, self.has_rare_sound) {
            (true, _) => Some(Advice::RareFilm),
            (false, true) if kept.iter().any(|track| track.is_film) => Some(Advice::FilmSound),
            (false, true) => Some(Advice::RareSound),
            (false, false) => kept.is_empty().then_some(Advice::RareFilm),
        }
    }

    fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

fn track_id(track: &[u8]) -> Result<Option<u32>, MediaError> {
    let head = boxes::find(track, &[b"tkhd"])?;
    Ok(head.and_then(|head| u32_at(head, if head.first() == Some(&1) { 20 } else { 12 })))
}

/// Whether a track says that it has no samples.
fn is_empty(track: &[u8]) -> Result<bool, MediaError> {
    let sizes = boxes::find(track, &[b"mdia", b"minf", b"stbl", b"stsz"])?;
    Ok(sizes.is_some_and(|sizes| u32_at(sizes, 8) == Some(0)))
}
