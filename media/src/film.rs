//! Films and sounds in MP4, QuickTime and M4A, whole or in fragments.
//!
//! What stays: the tracks that are seen and heard, as their index describes them, and exactly those bytes of the
//! recording that the index of a kept track points at. Everything else (places, names, times, texts, timed
//! measurements of where the phone was, and the bytes that no one points at) becomes zeros where it stood. So the file
//! keeps its length, every offset stays right, and no more than the index is ever in memory.
//!
//! What an encoder wrote into the pictures themselves stays: x264, for one, notes its settings in the first frame.

mod entries;
mod fragments;
mod index;
mod left_out;
mod ranges;
mod tables;

use super::boxes::{self, FREE, TopBox};
use super::exif::Orientation;
use super::plan::Plan;
use super::source::Reader;
use super::{Found, MediaError, MediaType, Note, Picture, damaged};
pub(super) use entries::{HEARD, SEEN};
use fragments::Fragments;
use index::Index;
use ranges::Ranges;

/// How large the index of a film may be, with those of all its fragments.
const MAX_INDEX: u64 = 32 << 20;

/// Brands that say how a file is built. Others say who built the camera.
const BRANDS: [&[u8; 4]; 36] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42",
    b"mp71", b"avc1", b"hvc1", b"hev1", b"av01", b"M4V ", b"M4A ", b"M4B ", b"qt  ", b"dash", b"msdh",
    b"msix", b"cmfc", b"cmf2", b"cmff", b"cmfs", b"dby1", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3gp8",
    b"3gp9", b"3g2a", b"lmsg",
];

/// Every box that may stay in an index; sample descriptions have a list of their own.
pub(super) const BOXES: [&[u8; 4]; 42] = [
    b"ftyp", b"styp", b"sidx", b"moov", b"moof", b"mdat", b"mvhd", b"trak", b"tkhd", b"edts", b"elst",
    b"mdia", b"mdhd", b"hdlr", b"minf", b"vmhd", b"smhd", b"dinf", b"dref", b"stbl", b"stsd", b"stts",
    b"ctts", b"cslg", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss", b"stps", b"sbgp", b"sgpd",
    b"mvex", b"mehd", b"trex", b"mfhd", b"traf", b"tfhd", b"tfdt", b"trun", b"free",
];

/// Visits boxes as [`boxes::each`] does; one that is not on the list becomes free space unseen.
fn each(
    bytes: &mut [u8],
    mut visit: impl FnMut(&[u8; 4], &mut [u8]) -> Result<bool, MediaError>,
) -> Result<(), MediaError> {
    boxes::each(bytes, |name, body| Ok(BOXES.contains(&name) && visit(name, body)?))
}

/// What a film is made of. If one of these is cut short, so is the film; all others are left out anyway.
const PARTS: [&[u8; 4]; 6] = [b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx"];

/// Plans the cleaned file.
pub(super) fn rebuild(reader: &mut Reader<'_>) -> Result<Found, MediaError> {
    let boxes::Top { boxes: top, has_tail } = boxes::top(reader, &PARTS)?;
    let mut indexes = top.iter().filter(|part| part.name == *b"moov");
    let index =
        indexes.next().ok_or_else(|| damaged("it has no index, as when a recording was interrupted"))?;
    if indexes.next().is_some() {
        return Err(damaged("it has two indexes"));
    }
    let mut ranges = Ranges::default();
    let mut index = Index::clean(index.read(reader, MAX_INDEX)?, &mut ranges)?;
    if has_tail {
        index.notes.push(Note::Tail);
    }
    let mut fragments = Fragments::new(&index.tracks);
    let mut kept: Vec<(&TopBox, Vec<u8>)> = Vec::new();
    let mut left = MAX_INDEX.saturating_sub(index.bytes.len() as u64);
    for part in &top {
        if !matches!(&part.name, b"ftyp" | b"styp" | b"sidx" | b"moof") {
            continue;
        }
        let mut body = part.read(reader, left)?;
        left -= part.length;
        let stays = match &part.name {
            b"moof" => fragments.clean(part, &mut body, &mut ranges)?,
            b"sidx" => tables::segment_index(&mut body)?,
            _ => brands(&mut body)?,
        };
        if stays {
            kept.push((part, body));
        }
    }
    let duration_ms = fragments.duration_ms().or_else(|| index.duration_ms());
    let ranges = ranges.settled();
    if ranges.is_empty() {
        return Err(damaged("it ends before anything was recorded"));
    }
    let plan = plan(&top, &index.bytes, kept, &ranges)?;
    let is_quicktime =
        top.first().is_none_or(|first| first.name != *b"ftyp") || index_is_quicktime(reader, &top)?;
    let picture = index.picture();
    let media_type = match (picture, is_quicktime) {
        (None, _) => MediaType::M4a,
        (Some(_), true) => MediaType::QuickTime,
        (Some(_), false) => MediaType::Mp4,
    };
    let (width, height) = picture.unwrap_or_default();
    Ok(Found {
        notes: index.notes,
        media_type,
        plan,
        width,
        height,
        orientation: Orientation::UPRIGHT,
        duration_ms,
        picture: Picture::Opaque,
    })
}

fn index_is_quicktime(reader: &mut Reader<'_>, top: &[TopBox]) -> Result<bool, MediaError> {
    let Some(first) = top.first() else { return Ok(true) };
    Ok(reader.up_to(first.body(), 4)? == b"qt  ")
}

/// Keeps the brands that say how the file is built; any other becomes a general one.
fn brands(body: &mut [u8]) -> Result<bool, MediaError> {
    let length = body.len() / 4 * 4;
    if length < 8 {
        return Err(damaged("its brand is malformed"));
    }
    boxes::keep(body, length)?;
    for (index, brand) in body.chunks_exact_mut(4).enumerate() {
        let is_version = index == 1;
        if !is_version && !BRANDS.iter().any(|known| known[..] == *brand) {
            brand.copy_from_slice(b"isom");
        }
    }
    Ok(true)
}

/// Lays out the file as it was: what is kept, the recording where somebody points at it, and zeros.
fn plan(
    top: &[TopBox],
    index: &[u8],
    kept: Vec<(&TopBox, Vec<u8>)>,
    ranges: &[(u64, u64)],
) -> Result<Plan, MediaError> {
    let mut plan = Plan::default();
    let mut kept = kept.into_iter().peekable();
    let mut ranges = ranges.iter().peekable();
    for part in top {
        if let Some((_, body)) = kept.next_if(|(known, _)| known.start == part.start) {
            plan.bytes(&part.header);
            plan.bytes(&body);
        } else if part.name == *b"moov" {
            plan.bytes(&part.header);
            plan.bytes(index);
        } else if part.name == *b"mdat" {
            plan.bytes(&part.header);
            let mut at = part.body();
            while let Some((from, to)) = ranges.next_if(|(_, to)| *to <= part.end()) {
                if *from < at {
                    return Err(elsewhere());
                }
                plan.zeros(from - at);
                plan.copy(*from, to - from);
                at = *to;
            }
            plan.zeros(part.end() - at);
        } else {
            plan.bytes(&part.header_as(FREE));
            plan.zeros(part.length);
        }
    }
    if ranges.next().is_some() {
        return Err(elsewhere());
    }
    Ok(plan)
}

fn elsewhere() -> MediaError {
    damaged("its index points to where the recording isn't")
}

#[cfg(test)]
#[path = "film/tests.rs"]
pub(super) mod tests;
