//! HEIC and AVIF, written anew from the picture that is shown.
//!
//! Such a file holds many items: tiles, the grid that joins them, thumbnails, depth and gain maps, EXIF, XMP. What stays
//! is the primary item and what it is made of, each with the properties that a decoder needs; where the picture says
//! which parts are transparent, that, too. The coded pictures are copied bit for bit and never decoded here, so such a
//! photo is taken only with a picture of it that the client made. What an encoder wrote into the coded pictures
//! stays. The boxes are those of ISO/IEC 23008-12 and 14496-12.

mod items;
mod properties;

use std::collections::BTreeMap;
use std::io::Cursor;

use super::boxes::{self, wrap};
use super::exif::Orientation;
use super::plan::Plan;
use super::source::Reader;
use super::{Advice, Found, MediaError, MediaType, Note, Picture, check_size, damaged, tail};
use items::{Item, Items};
pub(super) use properties::KEPT as PROPERTIES;
use properties::Properties;

/// Coded pictures, and the ways to put several together.
pub(super) const PICTURES: [&[u8; 4]; 6] = [b"hvc1", b"av01", b"avc1", b"grid", b"iovl", b"iden"];

/// How second pictures are named that tell how far away things are.
const DEPTHS: [&[u8]; 3] = [b"depth", b"disparity", b"hevc:2015:auxid:2"];

/// More items than any picture is made of.
const MAX_ITEMS: usize = 1000;

/// Plans the cleaned file.
pub(super) fn rebuild(bytes: &[u8]) -> Result<Found, MediaError> {
    let mut source = Cursor::new(bytes);
    let top = boxes::top(&mut Reader::new(&mut source)?, &[b"ftyp", b"meta", b"mdat"])?;
    let end = top.boxes.last().map_or(0, |last| last.end() as usize);
    let (bytes, after) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    let meta = boxes::find(bytes, &[b"meta"])?.and_then(|body| body.get(4..));
    let meta = meta.ok_or_else(|| damaged("it has no list of its pictures"))?;
    let handler = boxes::find(meta, &[b"hdlr"])?.and_then(|body| body.get(8..12));
    if handler != Some(b"pict") {
        return Err(damaged("it has no picture"));
    }
    let items = Items::read(bytes, meta)?;
    let properties = Properties::read(meta)?;
    let kept = wanted(&items, &properties)?;
    let (width, height) = properties.size(items.primary)?;
    check_size(width, height)?;
    let is_avif = kept.values().any(|item| item.kind == *b"av01");
    let mut notes = left_out(&items, &properties, &kept);
    if top.boxes.iter().any(|part| part.name == *b"moov") {
        add(&mut notes, Note::MorePictures);
    }
    // Where some phones put the film of a moving photo.
    let film = top.boxes.iter().find(|part| part.name == *b"mpvd").map(|_| Note::MovingPhoto);
    film.or(tail::note(after)).into_iter().for_each(|note| add(&mut notes, note));
    let file = write(&items, &properties, &kept, is_avif)?;
    Ok(Found {
        notes,
        media_type: if is_avif { MediaType::Avif } else { MediaType::Heic },
        plan: Plan::of(file),
        width,
        height,
        orientation: Orientation::UPRIGHT,
        duration_ms: None,
        picture: Picture::NeedsPoster(if is_avif { Advice::Avif } else { Advice::Heic }),
    })
}

/// The primary item, all that it is made of, and what says where those are transparent.
fn wanted<'i>(items: &'i Items, properties: &Properties) -> Result<BTreeMap<u32, &'i Item>, MediaError> {
    let mut kept = BTreeMap::new();
    let mut ahead = vec![items.primary];
    while let Some(id) = ahead.pop() {
        let item = items.all.get(&id).ok_or_else(|| damaged("a part of the picture is missing"))?;
        if !PICTURES.contains(&&item.kind) || item.is_protected {
            return Err(MediaError::Unsupported { advice: Advice::RareStill });
        }
        if kept.insert(id, item).is_some() {
            continue;
        }
        for reference in &items.references {
            match &reference.kind {
                b"dimg" if reference.from == id => ahead.extend(&reference.to),
                b"auxl" if reference.to.contains(&id) && properties.is_transparency(reference.from) => {
                    ahead.push(reference.from);
                }
                _ => {}
            }
        }
    }
    Ok(kept)
}

/// What is to be said of the pictures that go: not of thumbnails, nor of parts of others.
fn left_out(items: &Items, properties: &Properties, kept: &BTreeMap<u32, &Item>) -> Vec<Note> {
    let mut notes = Vec::new();
    for (id, item) in items.all.iter().filter(|(id, _)| !kept.contains_key(id)) {
        let is = |kind: &[u8; 4]| items.references.iter().any(|one| one.from == *id && one.kind == *kind);
        let is_part = items.references.iter().any(|one| one.kind == *b"dimg" && one.to.contains(id));
        let second = properties.second(*id);
        if item.kind == *b"tmap" || second.is_some_and(|kind| tail::holds(kind, b"hdrgainmap")) {
            add(&mut notes, Note::GainMap);
        } else if second.is_some_and(|kind| DEPTHS.iter().any(|depth| tail::holds(kind, depth))) {
            add(&mut notes, Note::Depth);
        } else if PICTURES.contains(&&item.kind)
            && !item.is_hidden
            && !is_part
            && !is(b"thmb")
            && !is(b"auxl")
        {
            add(&mut notes, Note::MorePictures);
        }
    }
    notes
}

fn add(notes: &mut Vec<Note>, note: Note) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// Lays out the file: brand, list, data. Offsets are known once the list's length is, which doesn't depend on them.
fn write(
    items: &Items,
    properties: &Properties,
    kept: &BTreeMap<u32, &Item>,
    is_avif: bool,
) -> Result<Vec<u8>, MediaError> {
    let brand: &[u8] = if is_avif { b"avif\0\0\0\0avifmif1miaf" } else { b"heic\0\0\0\0mif1heicmiaf" };
    let head = wrap(b"ftyp", brand);
    let mut handler = vec![0; 25];
    handler[8..12].copy_from_slice(b"pict");
    let reference = wrap(b"dref", &[&[0; 7][..], &[1], &wrap(b"url ", &[0, 0, 0, 1])].concat());
    let mut meta = [&[0; 4][..], &wrap(b"hdlr", &handler), &wrap(b"dinf", &reference)].concat();
    meta.extend_from_slice(&wrap(b"pitm", &[&[1, 0, 0, 0][..], &items.primary.to_be_bytes()].concat()));
    meta.extend_from_slice(&items::information(kept));
    meta.extend_from_slice(&items::references(&items.references, kept));
    meta.extend_from_slice(&properties.write(kept)?);
    let within: Vec<u8> =
        kept.values().filter(|item| item.is_inside).flat_map(|item| item.data.clone()).collect();
    if !within.is_empty() {
        meta.extend_from_slice(&wrap(b"idat", &within));
    }
    let data: Vec<u8> =
        kept.values().filter(|item| !item.is_inside).flat_map(|item| item.data.clone()).collect();
    let places = items::places(kept, 0);
    let start = head.len() + 8 + meta.len() + places.len() + 8;
    meta.extend_from_slice(&items::places(kept, start));
    Ok([head, wrap(b"meta", &meta), wrap(b"mdat", &data)].concat())
}

#[cfg(test)]
#[path = "still/tests.rs"]
pub(super) mod tests;
