//! Recordings that are a chain of frames: MP3, AAC in ADTS, AMR and FLAC.
//!
//! What stays: the frames, each of which is found by the one before it, and of FLAC how the sound is stored and where
//! to seek. Titles, names, places, words and pictures (ID3, APE, Lyrics3, Vorbis comments) stand before, between and
//! behind the frames, and are left out by not being frames. What an encoder wrote into the frames themselves stays:
//! LAME's name and how much silence it added, for one.

mod amr;
mod chain;
mod flac;
mod heads;

use super::exif::Orientation;
use super::plan::Plan;
use super::source::Reader;
use super::{Advice, Found, MediaError, MediaType, Note, Picture};

pub(super) use amr::{NARROW, WIDE};
pub(super) use flac::{KEPT as FLAC_KEPT, MARK as FLAC};

/// How many bytes are read at once.
const WINDOW: usize = 64 << 10;

/// How many tags may stand before the first frame.
const MAX_TAGS: usize = 16;

/// More separate pieces than a recording lies in.
const MAX_PIECES: usize = 10_000;

/// How a recording is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sound {
    Mp3,
    Aac,
    Flac,
    Amr,
    AmrWide,
}

/// How this file is built as a recording, if it is one; or a refusal of kinds that look like it.
pub(super) fn tell(reader: &mut Reader<'_>) -> Result<Option<Sound>, MediaError> {
    let start = reader.up_to(0, 16)?;
    if start.starts_with(NARROW) {
        return Ok(Some(Sound::Amr));
    }
    if start.starts_with(WIDE) {
        return Ok(Some(Sound::AmrWide));
    }
    let at = after_tags(reader)?;
    let head = reader.up_to(at, 16)?;
    if head.starts_with(FLAC) {
        return Ok(Some(Sound::Flac));
    }
    if heads::follows(reader, at, heads::adts)? {
        return Ok(Some(Sound::Aac));
    }
    if heads::follows(reader, at, heads::layer_two)? {
        return Err(MediaError::Unsupported { advice: Advice::OtherSound });
    }
    let is_mp3 = at > 0 || heads::follows(reader, at, heads::layer_three)?;
    Ok(is_mp3.then_some(Sound::Mp3))
}

/// Plans the cleaned file.
pub(super) fn rebuild(reader: &mut Reader<'_>, sound: Sound) -> Result<Found, MediaError> {
    match sound {
        Sound::Mp3 => chain::rebuild(reader, MediaType::Mp3, heads::layer_three),
        Sound::Aac => chain::rebuild(reader, MediaType::Aac, heads::adts),
        Sound::Flac => flac::rebuild(reader),
        Sound::Amr => amr::rebuild(reader, MediaType::Amr),
        Sound::AmrWide => amr::rebuild(reader, MediaType::AmrWide),
    }
}

/// Where the file goes on after the ID3 tags at its start.
fn after_tags(reader: &mut Reader<'_>) -> Result<u64, MediaError> {
    let mut at = 0;
    for _ in 0..MAX_TAGS {
        match id3_length(&reader.up_to(at, 10)?) {
            Some(length) => at += length,
            None => break,
        }
    }
    Ok(at.min(reader.length()))
}

/// How long the ID3 tag is that starts here, if one does (ID3v2.4, section 3.1).
fn id3_length(start: &[u8]) -> Option<u64> {
    let &[
        b'I',
        b'D',
        b'3',
        version @ 2..=4,
        _,
        flags,
        l3 @ ..=0x7F,
        l2 @ ..=0x7F,
        l1 @ ..=0x7F,
        l0 @ ..=0x7F,
    ] = start.get(..10)?
    else {
        return None;
    };
    let length = [l3, l2, l1, l0].into_iter().fold(0, |sum, part| sum << 7 | u64::from(part));
    let footer = if version >= 4 && flags & 0x10 != 0 { 10 } else { 0 };
    Some(length + 10 + footer)
}

fn found(media_type: MediaType, plan: Plan, duration_ms: u64, notes: Vec<Note>) -> Found {
    Found {
        media_type,
        plan,
        width: 0,
        height: 0,
        orientation: Orientation::UPRIGHT,
        duration_ms: Some(duration_ms),
        picture: Picture::Opaque,
        notes,
    }
}

/// So many samples in milliseconds.
fn millis(samples: u64, rate: u32) -> u64 {
    u64::try_from(u128::from(samples) * 1000 / u128::from(rate.max(1))).unwrap_or(u64::MAX)
}

/// A file that is read from front to back, a window at a time.
struct Window<'r, 'a> {
    reader: &'r mut Reader<'a>,
    bytes: Vec<u8>,
    start: u64,
}

impl<'r, 'a> Window<'r, 'a> {
    fn new(reader: &'r mut Reader<'a>) -> Self {
        Self { reader, bytes: Vec::new(), start: 0 }
    }

    fn length(&self) -> u64 {
        self.reader.length()
    }

    /// These bytes, or as many of them as there are; a caller asks for fewer than a window holds.
    fn peek(&mut self, at: u64, length: usize) -> Result<&[u8], MediaError> {
        let end = at.saturating_add(length as u64).min(self.length());
        if at < self.start || end > self.start + self.bytes.len() as u64 {
            self.bytes = self.reader.up_to(at, WINDOW.max(length))?;
            self.start = at;
        }
        let from = (at - self.start) as usize;
        let rest = self.bytes.get(from..).unwrap_or_default();
        Ok(rest.get(..length).unwrap_or(rest))
    }
}

#[cfg(test)]
#[path = "sound/tests.rs"]
pub(super) mod tests;
