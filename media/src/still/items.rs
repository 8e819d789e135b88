//! The items of a HEIF file: what they are, where their bytes lie, and which is made of which.

use std::collections::BTreeMap;

use super::super::boxes::{self, u16_at, u32_at, wrap};
use super::super::{Advice, MAX_BYTES, MediaError, damaged};
use super::MAX_ITEMS;

/// More pieces than the bytes of all items lie in, and more than all items refer to.
const MAX_PIECES: u64 = 10_000;

/// One item with its bytes.
pub(super) struct Item {
    pub(super) kind: [u8; 4],
    pub(super) is_protected: bool,
    pub(super) is_hidden: bool,
    /// Whether the bytes lie inside the list itself rather than behind it.
    pub(super) is_inside: bool,
    pub(super) data: Vec<u8>,
}

/// That one item has to do with others, and how.
pub(super) struct Reference {
    pub(super) kind: [u8; 4],
    pub(super) from: u32,
    pub(super) to: Vec<u32>,
}

pub(super) struct Items {
    pub(super) primary: u32,
    pub(super) all: BTreeMap<u32, Item>,
    pub(super) references: Vec<Reference>,
}

impl Items {
    pub(super) fn read(file: &[u8], meta: &[u8]) -> Result<Self, MediaError> {
        let one = |name| boxes::find(meta, &[name]);
        let primary = one(b"pitm")?.and_then(|body| Fields::new(body, 4).number(width_of(body, 1)));
        let mut all = BTreeMap::new();
        let list = one(b"iinf")?.unwrap_or_default();
        let entries = list.get(if list.first() == Some(&0) { 6 } else { 8 }..).unwrap_or_default();
        for (name, entry) in boxes::all(entries)? {
            let version = entry.first().copied().unwrap_or(0);
            if name != b"infe" || !matches!(version, 2 | 3) {
                return Err(MediaError::Unsupported { advice: Advice::RareStill });
            }
            let mut fields = Fields::new(entry, 4);
            let id = fields.number(if version == 2 { 2 } else { 4 });
            let (Some(id), Some(protection), Some(kind)) = (id, fields.number(2), fields.four()) else {
                return Err(cut_short());
            };
            let is_hidden = entry.get(3).is_some_and(|flags| flags & 1 == 1);
            let item =
                Item { kind, is_protected: protection != 0, is_hidden, is_inside: false, data: Vec::new() };
            if all.len() >= MAX_ITEMS || all.insert(id as u32, item).is_some() {
                return Err(damaged("its items can't be told apart"));
            }
        }
        let inside = one(b"idat")?.unwrap_or_default();
        locate(one(b"iloc")?.unwrap_or_default(), file, inside, &mut all)?;
        let references = read_references(one(b"iref")?.unwrap_or_default())?;
        Ok(Self { primary: primary.ok_or_else(cut_short)? as u32, all, references })
    }
}

/// Reads `iloc`: for each item where its bytes lie, in one piece or several.
fn locate(iloc: &[u8], file: &[u8], inside: &[u8], all: &mut BTreeMap<u32, Item>) -> Result<(), MediaError> {
    let version = iloc.first().copied().unwrap_or(0);
    let (Some(sizes), Some(more)) = (iloc.get(4), iloc.get(5)) else { return Err(cut_short()) };
    let (offset_width, length_width, base_width) = (sizes >> 4, sizes & 15, more >> 4);
    let index_width = if version == 0 { 0 } else { more & 15 };
    let id_width = if version < 2 { 2 } else { 4 };
    if version > 2
        || [offset_width, length_width, base_width, index_width]
            .iter()
            .any(|width| !matches!(width, 0 | 4 | 8))
    {
        return Err(MediaError::Unsupported { advice: Advice::RareStill });
    }
    let mut fields = Fields::new(iloc, 6);
    let count = fields.number(id_width).ok_or_else(cut_short)?;
    let mut total = 0;
    let mut pieces_left = MAX_PIECES;
    for _ in 0..count.min(MAX_ITEMS as u64) {
        let mut next = |width| fields.number(width).ok_or_else(cut_short);
        let id = next(id_width)? as u32;
        let method = if version == 0 { 0 } else { next(2)? & 15 };
        let elsewhere = next(2)?;
        let base = next(base_width)?;
        let pieces = next(2)?;
        pieces_left =
            pieces_left.checked_sub(pieces).ok_or_else(|| damaged("its items lie in too many pieces"))?;
        let from = match method {
            0 => file,
            1 => inside,
            _ => &[],
        };
        let mut data = Vec::new();
        for _ in 0..pieces {
            next(index_width)?;
            let (offset, length) = (next(offset_width)?, next(length_width)?);
            let start = base.checked_add(offset).and_then(|start| usize::try_from(start).ok());
            let piece = start.and_then(|start| {
                let rest = from.get(start..)?;
                // No length means all that is left.
                if length_width == 0 || length == 0 {
                    Some(rest)
                } else {
                    rest.get(..usize::try_from(length).ok()?)
                }
            });
            let Some(item) = all.get(&id) else { continue };
            if !super::PICTURES.contains(&&item.kind) {
                continue;
            }
            let piece = piece.filter(|_| method < 2 && elsewhere == 0).ok_or_else(cut_short)?;
            total += piece.len();
            if total > MAX_BYTES {
                return Err(damaged("its items overlap"));
            }
            data.extend_from_slice(piece);
        }
        if let Some(item) = all.get_mut(&id) {
            item.is_inside = method == 1;
            item.data = data;
        }
    }
    Ok(())
}

fn read_references(iref: &[u8]) -> Result<Vec<Reference>, MediaError> {
    let width = width_of(iref, 1);
    let mut references = Vec::new();
    let mut left = MAX_PIECES;
    for (kind, body) in boxes::all(iref.get(4..).unwrap_or_default())? {
        let mut fields = Fields::new(body, 0);
        let (Some(from), Some(count)) = (fields.number(width), fields.number(2)) else {
            return Err(cut_short());
        };
        left = left
            .checked_sub(count + 1)
            .ok_or_else(|| damaged("its items refer to each other without end"))?;
        let to: Option<Vec<u32>> = (0..count).map(|_| fields.number(width).map(|id| id as u32)).collect();
        references.push(Reference { kind: *kind, from: from as u32, to: to.ok_or_else(cut_short)? });
    }
    Ok(references)
}

/// `iinf` for the items that are kept.
pub(super) fn information(kept: &BTreeMap<u32, &Item>) -> Vec<u8> {
    let mut list = [&[1, 0, 0, 0][..], &(kept.len() as u32).to_be_bytes()].concat();
    for (id, item) in kept {
        let entry = [&[3, 0, 0, u8::from(item.is_hidden)][..], &id.to_be_bytes(), &[0; 2], &item.kind, &[0]];
        list.extend_from_slice(&wrap(b"infe", &entry.concat()));
    }
    wrap(b"iinf", &list)
}

/// `iref` for the items that are kept.
pub(super) fn references(references: &[Reference], kept: &BTreeMap<u32, &Item>) -> Vec<u8> {
    let mut list = vec![1, 0, 0, 0];
    for reference in references {
        let is_known = matches!(&reference.kind, b"dimg" | b"auxl" | b"prem");
        let to: Vec<&u32> = reference.to.iter().filter(|id| kept.contains_key(id)).collect();
        if !is_known || to.is_empty() || !kept.contains_key(&reference.from) {
            continue;
        }
        let mut body = reference.from.to_be_bytes().to_vec();
        body.extend_from_slice(&(to.len() as u16).to_be_bytes());
        body.extend(to.iter().flat_map(|id| id.to_be_bytes()));
        list.extend_from_slice(&wrap(&reference.kind, &body));
    }
    if list.len() == 4 { Vec::new() } else { wrap(b"iref", &list) }
}

/// `iloc` for the items that are kept, whose bytes start here, one behind the other.
pub(super) fn places(kept: &BTreeMap<u32, &Item>, start: usize) -> Vec<u8> {
    let mut list = [&[2, 0, 0, 0, 0x44, 0][..], &(kept.len() as u32).to_be_bytes()].concat();
    let (mut outside, mut inside) = (start as u32, 0u32);
    for (id, item) in kept {
        let at = if item.is_inside { &mut inside } else { &mut outside };
        list.extend_from_slice(&id.to_be_bytes());
        list.extend_from_slice(&[0, u8::from(item.is_inside), 0, 0, 0, 1]);
        list.extend_from_slice(&at.to_be_bytes());
        list.extend_from_slice(&(item.data.len() as u32).to_be_bytes());
        *at += item.data.len() as u32;
    }
    wrap(b"iloc", &list)
}

/// How wide an item's number is: four bytes from this version on.
fn width_of(body: &[u8], version: u8) -> u8 {
    if body.first().is_some_and(|known| *known >= version) { 4 } else { 2 }
}

fn cut_short() -> MediaError {
    damaged("the list of its items is cut short")
}

/// Numbers of different widths, one after the other.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    fn number(&mut self, width: u8) -> Option<u64> {
        let value = match width {
            0 => Some(0),
            2 => u16_at(self.bytes, self.at).map(u64::from),
            4 => u32_at(self.bytes, self.at).map(u64::from),
            _ => boxes::u64_at(self.bytes, self.at),
        };
        self.at += usize::from(width);
        value
    }

    fn four(&mut self) -> Option<[u8; 4]> {
        let four = self.bytes.get(self.at..)?.first_chunk().copied();
        self.at += 4;
        four
    }
}
