//! The tables of a track: cleaned in place, and read for the bytes of the recording that they point at.

use super::super::boxes::{self, keep, keep_table, keep_versioned, u32_at, u64_at};
use super::super::{MediaError, damaged};
use super::entries::Packet;
use super::ranges::Ranges;

/// More samples than a day of film and sound has.
const MAX_SAMPLES: u64 = 16 << 20;

/// Cleans what lies in a `stbl`. Sample descriptions are for another.
pub(super) fn clean(name: &[u8; 4], body: &mut [u8]) -> Result<bool, MediaError> {
    match name {
        b"stts" | b"ctts" => keep_table(body, 4, 8),
        b"stsc" => keep_table(body, 4, 12),
        b"stco" | b"stss" | b"stps" => keep_table(body, 4, 4),
        b"co64" => keep_table(body, 4, 8),
        b"cslg" => keep_versioned(body, 24, 44),
        b"stsz" => keep_table(body, 8, if u32_at(body, 4) == Some(0) { 4 } else { 0 }),
        b"stz2" => {
            let bits = body.get(7).map_or(0, |bits| usize::from(*bits));
            let count = u32_at(body, 8).map_or(usize::MAX, |count| count as usize);
            boxes::blank(body, 4..7);
            keep(body, count.saturating_mul(bits).div_ceil(8).saturating_add(12))
        }
        b"sbgp" | b"sgpd" => group(name, body),
        _ => Ok(false),
    }
}

/// Groups of samples that a player starts at, or has to begin earlier for; others go.
pub(super) fn group(name: &[u8; 4], body: &mut [u8]) -> Result<bool, MediaError> {
    if !matches!(body.get(4..8), Some(b"roll" | b"prol" | b"rap " | b"sync")) {
        return Ok(false);
    }
    match (name, body.first()) {
        (b"sbgp", Some(0)) => keep_table(body, 8, 8),
        (b"sgpd", Some(1)) => {
            let length = u32_at(body, 8).unwrap_or(0) as usize;
            // Entries of different lengths, or of none that these kinds have.
            if length == 0 || length > 4 { Ok(false) } else { keep_table(body, 12, length) }
        }
        _ => Ok(false),
    }
}

/// Cleans the index that players seek by in a fragmented film.
pub(super) fn segment_index(body: &mut [u8]) -> Result<bool, MediaError> {
    let count_at = match body.first() {
        Some(0) => 22,
        Some(1) => 30,
        _ => return Ok(false),
    };
    let count = boxes::u16_at(body, count_at).map_or(usize::MAX, usize::from);
    boxes::blank(body, count_at - 2..count_at);
    keep(body, count.saturating_mul(12).saturating_add(count_at + 2))
}

/// How long each sample is.
enum Sizes<'a> {
    Even(u64),
    /// Counted one by one, though they lie in packets.
    Packets(Packet),
    /// Numbers of this many bits.
    Table(&'a [u8], usize),
}

/// Adds what the tables in a `stbl` point at. Uncompressed sound counts its samples one by one, each of a length that
/// stands in its description.
pub(super) fn gather(stbl: &[u8], packet: Option<Packet>, ranges: &mut Ranges) -> Result<(), MediaError> {
    let one = |name: &[u8; 4]| boxes::find(stbl, &[name]);
    let (sizes, count) = match (one(b"stsz")?, one(b"stz2")?) {
        (Some(table), _) => {
            let sizes = match (u32_at(table, 4).unwrap_or(0), packet) {
                (0, _) => Sizes::Table(table.get(12..).unwrap_or_default(), 32),
                // Some writers tell the bytes of one channel only.
                (even, Some(packet))
                    if even == 1 || packet.samples == 1 && u64::from(even) < packet.bytes =>
                {
                    Sizes::Packets(packet)
                }
                (even, _) => Sizes::Even(even.into()),
            };
            (sizes, u32_at(table, 8))
        }
        (None, Some(table)) => {
            let bits = table.get(7).map_or(0, |bits| usize::from(*bits));
            if !matches!(bits, 4 | 8 | 16) {
                return Err(damaged("the lengths in its index are malformed"));
            }
            (Sizes::Table(table.get(12..).unwrap_or_default(), bits), u32_at(table, 8))
        }
        (None, None) => return Err(damaged("its index lacks the lengths")),
    };
    let count = u64::from(count.unwrap_or(0));
    if matches!(sizes, Sizes::Table(..)) && count > MAX_SAMPLES {
        return Err(damaged("its index is too long"));
    }
    let chunks = match (one(b"stco")?, one(b"co64")?) {
        (Some(table), _) => Chunks { places: table.get(8..).unwrap_or_default(), width: 4 },
        (None, Some(table)) => Chunks { places: table.get(8..).unwrap_or_default(), width: 8 },
        (None, None) => return Err(damaged("its index lacks the places")),
    };
    let runs = one(b"stsc")?.and_then(|table| table.get(8..)).unwrap_or_default();
    let mut runs =
        runs.chunks_exact(12).map(|run| (u32_at(run, 0).unwrap_or(0), u32_at(run, 4).unwrap_or(0)));
    let mut runs_ahead = runs.next().into_iter().chain(&mut runs).peekable();
    let mut in_chunk = 0;
    let mut done = 0;
    for (number, place) in (1..).zip(chunks.places()) {
        while let Some((_, samples)) = runs_ahead.next_if(|(first, _)| *first <= number) {
            in_chunk = u64::from(samples);
        }
        let samples = in_chunk.min(count - done);
        ranges.add(place, sizes.sum(done, samples)?)?;
        done += samples;
    }
    if done < count {
        return Err(damaged("its index names more than it places"));
    }
    Ok(())
}

struct Chunks<'a> {
    places: &'a [u8],
    width: usize,
}

impl<'a> Chunks<'a> {
    fn places(&self) -> impl Iterator<Item = u64> + use<'a> {
        let width = self.width;
        self.places.chunks_exact(width).map(move |place| match width {
            4 => u32_at(place, 0).map_or(0, u64::from),
            _ => u64_at(place, 0).unwrap_or(0),
        })
    }
}

/// So many entries of this many bytes each, from the first one on; nothing where the table has fewer.
fn stretch(table: &[u8], first: u64, count: u64, width: u64) -> Option<&[u8]> {
    let place = |entry: u64| usize::try_from(entry.checked_mul(width)?).ok();
    table.get(place(first)?..place(first.checked_add(count)?)?)
}

impl Sizes<'_> {
    /// How long this many samples from this one on are together.
    fn sum(&self, first: u64, count: u64) -> Result<u64, MediaError> {
        let cut_short = || damaged("the lengths in its index are cut short");
        match self {
            Self::Even(size) => {
                size.checked_mul(count).ok_or_else(|| damaged("its index points beyond every end"))
            }
            Self::Packets(packet) => {
                let packets = count.div_ceil(packet.samples.max(1));
                packets.checked_mul(packet.bytes).ok_or_else(|| damaged("its index points beyond every end"))
            }
            Self::Table(table, 32) => {
                let lengths = stretch(table, first, count, 4).ok_or_else(cut_short)?.chunks_exact(4);
                Ok(lengths.map(|length| u32_at(length, 0).map_or(0, u64::from)).sum())
            }
            Self::Table(table, 16) => {
                let lengths = stretch(table, first, count, 2).ok_or_else(cut_short)?.chunks_exact(2);
                Ok(lengths.map(|length| boxes::u16_at(length, 0).map_or(0, u64::from)).sum())
            }
            Self::Table(table, 8) => {
                let lengths = stretch(table, first, count, 1).ok_or_else(cut_short)?;
                Ok(lengths.iter().map(|length| u64::from(*length)).sum())
            }
            Self::Table(table, _) => (first..first + count).try_fold(0, |sum, index| {
                let pair = stretch(table, index / 2, 1, 1).and_then(<[u8]>::first).ok_or_else(cut_short)?;
                Ok(sum + u64::from(if index % 2 == 0 { pair >> 4 } else { pair & 15 }))
            }),
        }
    }
}
