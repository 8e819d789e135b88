//! Fragments, as browsers and some cameras record: a small index before each piece of the recording.

use super::super::boxes::{self, TopBox, keep, keep_versioned, u32_at, u64_at};
use super::super::{MediaError, damaged};
use super::index::{Track, millis};
use super::ranges::Ranges;
use super::{each, tables};

/// How the head of a piece counts (ISO/IEC 14496-12 section 8.8.7).
const BASE: u32 = 0x1;
const DESCRIPTION: u32 = 0x2;
const DURATION: u32 = 0x8;
const SIZE: u32 = 0x10;
const FLAGS: u32 = 0x20;
const BASE_IS_FRAGMENT: u32 = 0x2_0000;

/// How a run of samples counts (section 8.8.8).
const RUN_OFFSET: u32 = 0x1;
const RUN_FIRST_FLAGS: u32 = 0x4;
const RUN_DURATIONS: u32 = 0x100;
const RUN_SIZES: u32 = 0x200;
const RUN_FLAGS: u32 = 0x400;
const RUN_SHIFTS: u32 = 0x800;

/// More samples in one run than any recorder writes.
const MAX_RUN: u32 = 1 << 20;

/// What the fragments of a film add up to.
pub(super) struct Fragments<'a> {
    tracks: &'a [Track],
    /// How long the fragments of each track last, in ticks of its own clock.
    lasted: Vec<u64>,
}

/// One piece of one track: where it starts, and what its samples have unless their run says otherwise.
struct Piece {
    track: Option<usize>,
    base: u64,
    duration: u32,
    size: u32,
}

impl<'a> Fragments<'a> {
    pub(super) fn new(tracks: &'a [Track]) -> Self {
        Self { tracks, lasted: vec![0; tracks.len()] }
    }

    /// Cleans the index of one fragment and adds what its kept tracks point at.
    pub(super) fn clean(
        &mut self,
        fragment: &TopBox,
        body: &mut [u8],
        ranges: &mut Ranges,
    ) -> Result<bool, MediaError> {
        // Where the next piece starts if it doesn't say: at the fragment, then behind the piece before it.
        let mut next_base = fragment.start;
        each(body, |name, body| match name {
            b"mfhd" => keep(body, 8),
            b"traf" => {
                let head = boxes::find(body, &[b"tfhd"])?.ok_or_else(|| damaged("a fragment has no head"))?;
                let piece = self.piece(head, fragment.start, next_base)?;
                next_base = self.runs(body, &piece, ranges)?;
                if piece.track.is_none() {
                    return Ok(false);
                }
                each(body, |name, body| match name {
                    b"tfhd" => keep(body, head_length(body)),
                    b"tfdt" => keep_versioned(body, 8, 12),
                    b"trun" => keep(body, run_length(body)),
                    b"sbgp" | b"sgpd" => tables::group(name, body),
                    _ => Ok(false),
                })?;
                Ok(true)
            }
            _ => Ok(false),
        })?;
        Ok(true)
    }

    /// How long the longest track is, if there were any fragments.
    pub(super) fn duration_ms(&self) -> Option<u64> {
        // Some recorders put the first piece into the index itself.
        let tracks = self.tracks.iter().zip(&self.lasted).filter(|(_, ticks)| **ticks > 0);
        tracks
            .filter_map(|(track, ticks)| millis(track.lasted.saturating_add(*ticks), track.ticks_a_second))
            .max()
    }

    fn piece(&self, head: &[u8], fragment: u64, next_base: u64) -> Result<Piece, MediaError> {
        let malformed = || damaged("the head of a fragment is malformed");
        let flags = u32_at(head, 0).ok_or_else(malformed)? & 0xFF_FFFF;
        let id = u32_at(head, 4).ok_or_else(malformed)?;
        let track = self.tracks.iter().position(|track| track.id == id);
        let mut piece = Piece {
            track,
            base: if flags & BASE_IS_FRAGMENT != 0 { fragment } else { next_base },
            duration: track.map_or(0, |track| self.tracks[track].defaults.duration),
            size: track.map_or(0, |track| self.tracks[track].defaults.size),
        };
        let mut at = 8;
        if flags & BASE != 0 {
            piece.base = u64_at(head, at).ok_or_else(malformed)?;
            at += 8;
        }
        at += if flags & DESCRIPTION != 0 { 4 } else { 0 };
        if flags & DURATION != 0 {
            piece.duration = u32_at(head, at).ok_or_else(malformed)?;
            at += 4;
        }
        if flags & SIZE != 0 {
            piece.size = u32_at(head, at).ok_or_else(malformed)?;
        }
        Ok(piece)
    }

    /// Adds the runs of a piece; answers where the last one ends.
    fn runs(&mut self, traf: &[u8], piece: &Piece, ranges: &mut Ranges) -> Result<u64, MediaError> {
        let malformed = || damaged("a run of samples is malformed");
        let mut at = piece.base;
        for (_, run) in boxes::all(traf)?.into_iter().filter(|(name, _)| *name == b"trun") {
            let flags = u32_at(run, 0).ok_or_else(malformed)? & 0xFF_FFFF;
            let count = u32_at(run, 4).filter(|count| *count <= MAX_RUN).ok_or_else(malformed)?;
            let mut entry = 8;
            if flags & RUN_OFFSET != 0 {
                let offset = u32_at(run, entry).ok_or_else(malformed)?.cast_signed();
                at = piece.base.checked_add_signed(offset.into()).ok_or_else(malformed)?;
                entry += 4;
            }
            entry += if flags & RUN_FIRST_FLAGS != 0 { 4 } else { 0 };
            let step = entry_length(flags);
            let entries = run.get(entry..).unwrap_or_default();
            if entries.len() < step.saturating_mul(count as usize) {
                return Err(malformed());
            }
            let (mut length, mut ticks) =
                (u64::from(piece.size) * u64::from(count), u64::from(piece.duration) * u64::from(count));
            let column = |at: usize| -> u64 {
                let rows = entries.chunks_exact(step.max(1)).take(count as usize);
                rows.map(|row| u32_at(row, at).map_or(0, u64::from)).sum()
            };
            if flags & RUN_DURATIONS != 0 {
                ticks = column(0);
            }
            if flags & RUN_SIZES != 0 {
                length = column(if flags & RUN_DURATIONS != 0 { 4 } else { 0 });
            }
            if let Some(track) = piece.track {
                ranges.add(at, length)?;
                self.lasted[track] = self.lasted[track].saturating_add(ticks);
            }
            at = at.checked_add(length).ok_or_else(malformed)?;
        }
        Ok(at)
    }
}

fn entry_length(flags: u32) -> usize {
    let fields = [RUN_DURATIONS, RUN_SIZES, RUN_FLAGS, RUN_SHIFTS];
    fields.iter().filter(|field| flags & **field != 0).count() * 4
}

fn run_length(run: &[u8]) -> usize {
    let flags = u32_at(run, 0).unwrap_or(0);
    let count = u32_at(run, 4).unwrap_or(0) as usize;
    let head = 8 + 4 * usize::from(flags & RUN_OFFSET != 0) + 4 * usize::from(flags & RUN_FIRST_FLAGS != 0);
    head.saturating_add(count.saturating_mul(entry_length(flags)))
}

fn head_length(head: &[u8]) -> usize {
    let flags = u32_at(head, 0).unwrap_or(0);
    let fours = [DESCRIPTION, DURATION, SIZE, FLAGS].iter().filter(|field| flags & **field != 0).count();
    8 + 8 * usize::from(flags & BASE != 0) + 4 * fours
}
