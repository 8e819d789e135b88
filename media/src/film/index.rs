//! The index of a film, its `moov`: cleaned in place, and read for what is kept.

use super::super::boxes::{self, blank, keep, keep_table, keep_versioned, u16_at, u32_at, u64_at};
use super::super::{Advice, MediaError, Note, damaged};
use super::left_out::LeftOut;
use super::ranges::Ranges;
use super::{each, entries, tables};

const MAX_TRACKS: usize = 100;

/// Where a track says how it is encoded.
pub(super) const DESCRIPTIONS: [&[u8; 4]; 4] = [b"mdia", b"minf", b"stbl", b"stsd"];

/// A cleaned index.
pub(super) struct Index {
    pub(super) bytes: Vec<u8>,
    /// The tracks that are kept.
    pub(super) tracks: Vec<Track>,
    /// What is left out that somebody would miss.
    pub(super) notes: Vec<Note>,
    ticks_a_second: u32,
}

/// A track that is seen or heard.
pub(super) struct Track {
    pub(super) id: u32,
    pub(super) is_film: bool,
    /// Of the track's own clock.
    pub(super) ticks_a_second: u32,
    pub(super) defaults: Defaults,
    /// How long the samples in the index last, in ticks of the track's own clock.
    pub(super) lasted: u64,
    /// In ticks of the film's clock.
    duration: u64,
    /// As shown.
    size: (u32, u32),
}

/// What a fragment's samples have unless it says otherwise.
#[derive(Clone, Copy, Default)]
pub(super) struct Defaults {
    track: u32,
    pub(super) duration: u32,
    pub(super) size: u32,
}

impl Index {
    /// Cleans the index and adds what its tracks point at.
    pub(super) fn clean(mut bytes: Vec<u8>, ranges: &mut Ranges) -> Result<Self, MediaError> {
        if boxes::find(&bytes, &[b"cmov"])?.is_some() {
            return Err(MediaError::Unsupported { advice: Advice::FilmSqueezed });
        }
        let mut tracks: Vec<Track> = Vec::new();
        let mut ticks_a_second = 0;
        let mut left_out = LeftOut::read(&bytes)?;
        let defaults = defaults(&bytes)?;
        each(&mut bytes, |name, body| match name {
            b"mvhd" => {
                ticks_a_second = u32_at(body, if body.first() == Some(&1) { 20 } else { 12 }).unwrap_or(0);
                film_head(body)
            }
            b"trak" => {
                let Some(is_film) = left_out.is_kept(body)? else { return Ok(false) };
                let descriptions = boxes::find(body, &DESCRIPTIONS)?.unwrap_or_default();
                let packet = if is_film { None } else { entries::packet(descriptions)? };
                clean_track(body, is_film)?;
                let mut track = Track::read(body, is_film)?;
                track.defaults =
                    defaults.iter().find(|known| known.track == track.id).copied().unwrap_or_default();
                let stbl = boxes::find(body, &[b"mdia", b"minf", b"stbl"])?.unwrap_or_default();
                tables::gather(stbl, packet, ranges)?;
                if tracks.len() >= MAX_TRACKS || tracks.iter().any(|known| known.id == track.id) {
                    return Err(damaged("its tracks can't be told apart"));
                }
                tracks.push(track);
                Ok(true)
            }
            b"mvex" => Ok(true),
            _ => Ok(false),
        })?;
        if let Some(advice) = left_out.refusal(&tracks) {
            return Err(MediaError::Unsupported { advice });
        }
        // Which tracks are kept is known only now.
        each(&mut bytes, |name, body| {
            if name == b"mvex" {
                each(body, |name, body| match name {
                    b"mehd" => keep_versioned(body, 8, 12),
                    b"trex" if tracks.iter().any(|track| Some(track.id) == u32_at(body, 4)) => keep(body, 24),
                    _ => Ok(false),
                })?;
            }
            Ok(true)
        })?;
        Ok(Self { bytes, tracks, notes: left_out.notes, ticks_a_second })
    }

    /// The size of the picture as shown; none where there is only sound.
    pub(super) fn picture(&self) -> Option<(u32, u32)> {
        self.tracks.iter().find(|track| track.is_film).map(|track| track.size)
    }

    /// How long the longest track is.
    pub(super) fn duration_ms(&self) -> Option<u64> {
        let longest = self.tracks.iter().map(|track| track.duration).max()?;
        (longest > 0).then(|| millis(longest, self.ticks_a_second))?
    }
}

/// A duration in milliseconds, if the clock runs at all.
pub(super) fn millis(ticks: u64, ticks_a_second: u32) -> Option<u64> {
    u64::try_from((u128::from(ticks) * 1000).checked_div(ticks_a_second.into())?).ok()
}

/// The defaults of fragments, by track.
fn defaults(moov: &[u8]) -> Result<Vec<Defaults>, MediaError> {
    let Some(mvex) = boxes::find(moov, &[b"mvex"])? else { return Ok(Vec::new()) };
    let tracks = boxes::all(mvex)?.into_iter().filter(|(name, _)| *name == b"trex");
    let number = |body, at| u32_at(body, at).unwrap_or(0);
    Ok(tracks
        .map(|(_, body)| Defaults {
            track: number(body, 4),
            duration: number(body, 12),
            size: number(body, 16),
        })
        .collect())
}

fn film_head(body: &mut [u8]) -> Result<bool, MediaError> {
    keep_versioned(body, 100, 112)?;
    let moved = if body.first() == Some(&1) { 12 } else { 0 };
    blank_times(body);
    // Reserved, and QuickTime's times of previews and selections.
    blank(body, 26 + moved..36 + moved);
    blank(body, 72 + moved..96 + moved);
    Ok(true)
}

/// When it was made and changed; both stand at the beginning of three kinds of head.
fn blank_times(body: &mut [u8]) {
    blank(body, 4..if body.first() == Some(&1) { 20 } else { 12 });
}

fn clean_track(track: &mut [u8], is_film: bool) -> Result<(), MediaError> {
    each(track, |name, body| match name {
        b"tkhd" => {
            keep_versioned(body, 84, 96)?;
            let moved = if body.first() == Some(&1) { 12 } else { 0 };
            blank_times(body);
            blank(body, 24 + moved..32 + moved);
            Ok(true)
        }
        b"edts" => {
            each(body, |name, body| match (name, body.first()) {
                (b"elst", Some(0)) => keep_table(body, 4, 12),
                (b"elst", Some(1)) => keep_table(body, 4, 20),
                _ => Ok(false),
            })?;
            Ok(true)
        }
        b"mdia" => {
            each(body, |name, body| clean_media(name, body, is_film))?;
            Ok(true)
        }
        _ => Ok(false),
    })
}

fn clean_media(name: &[u8; 4], body: &mut [u8], is_film: bool) -> Result<bool, MediaError> {
    match name {
        b"mdhd" => {
            keep_versioned(body, 24, 36)?;
            blank_times(body);
            Ok(true)
        }
        b"hdlr" => handler(body),
        b"minf" => {
            each(body, |name, body| match name {
                b"vmhd" => keep(body, 12),
                b"smhd" => keep(body, 8),
                b"hdlr" => handler(body),
                b"dinf" => {
                    each(body, |name, body| Ok(name == b"dref" && data_references(body)?))?;
                    Ok(true)
                }
                b"stbl" => {
                    each(body, |name, body| match name {
                        b"stsd" => entries::clean(body, is_film),
                        _ => tables::clean(name, body),
                    })?;
                    Ok(true)
                }
                _ => Ok(false),
            })?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Who handles a track: the kind stays, the maker and the name go.
fn handler(body: &mut [u8]) -> Result<bool, MediaError> {
    if !matches!(body.get(4..8), Some(b"mhlr" | b"dhlr")) {
        blank(body, 4..8);
    }
    keep(body, 12)
}

/// Where the recording lies: in this very file, or it is refused.
fn data_references(body: &mut [u8]) -> Result<bool, MediaError> {
    let references = body.get_mut(8..).ok_or_else(|| damaged("one of its tables is cut short"))?;
    boxes::each(references, |_, reference| match reference.get(3) {
        Some(flags) if flags & 1 == 1 => keep(reference, 4),
        _ => Err(MediaError::Unsupported { advice: Advice::FilmElsewhere }),
    })?;
    Ok(true)
}

impl Track {
    fn read(track: &[u8], is_film: bool) -> Result<Self, MediaError> {
        let headless = || damaged("one of its tracks has no head");
        let head = boxes::find(track, &[b"tkhd"])?.ok_or_else(headless)?;
        let clock = boxes::find(track, &[b"mdia", b"mdhd"])?.ok_or_else(headless)?;
        let (id, duration, moved) = match head.first() {
            Some(1) => (u32_at(head, 20), u64_at(head, 28).filter(|ticks| *ticks != u64::MAX), 12),
            _ => (u32_at(head, 12), u32_at(head, 20).filter(|ticks| *ticks != u32::MAX).map(u64::from), 0),
        };
        let ticks = u32_at(clock, if clock.first() == Some(&1) { 20 } else { 12 });
        let number = |at: usize| u32_at(head, at + moved).unwrap_or(0);
        let (mut width, mut height) = (number(76) >> 16, number(80) >> 16);
        // Fragmented films of some recorders leave it to the description.
        if let (true, Some(entry)) = (width == 0 || height == 0, description(track)?) {
            width = u16_at(entry, 24).map_or(0, u32::from);
            height = u16_at(entry, 26).map_or(0, u32::from);
        }
        // A quarter turn: the matrix has nothing on its diagonal.
        let is_turned = number(40) == 0 && number(56) == 0 && number(44) != 0;
        let size = if is_turned { (height, width) } else { (width, height) };
        Ok(Self {
            id: id.ok_or_else(headless)?,
            is_film,
            ticks_a_second: ticks.ok_or_else(headless)?,
            defaults: Defaults::default(),
            lasted: lasted(track)?,
            duration: duration.unwrap_or(0),
            size,
        })
    }
}

fn lasted(track: &[u8]) -> Result<u64, MediaError> {
    let stts = boxes::find(track, &[b"mdia", b"minf", b"stbl", b"stts"])?.and_then(|table| table.get(8..));
    let runs = stts.unwrap_or_default().chunks_exact(8);
    let ticks = runs
        .map(|run| u64::from(u32_at(run, 0).unwrap_or(0)).saturating_mul(u32_at(run, 4).unwrap_or(0).into()));
    Ok(ticks.fold(0, u64::saturating_add))
}

fn description(track: &[u8]) -> Result<Option<&[u8]>, MediaError> {
    let Some(stsd) = boxes::find(track, &DESCRIPTIONS)? else { return Ok(None) };
    Ok(boxes::all(stsd.get(8..).unwrap_or_default())?.first().map(|(_, entry)| *entry))
}
