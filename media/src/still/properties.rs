//! The properties of items: sizes, turns, colours and what a decoder needs.

use std::collections::BTreeMap;

use super::super::boxes::{self, u16_at, u32_at, wrap};
use super::super::{Advice, MediaError, damaged, icc};
use super::items::Item;

/// Properties that are copied. Their bodies are numbers, or a decoder's settings.
pub(crate) const KEPT: [&[u8; 4]; 18] = [
    b"ispe", b"hvcC", b"av1C", b"avcC", b"lhvC", b"pixi", b"pasp", b"clap", b"irot", b"imir", b"a1op",
    b"a1lx", b"lsel", b"clli", b"mdcv", b"cclv", b"amve", b"rloc",
];

/// How long those are that only hold numbers: what lies behind those is of somebody else.
const LENGTHS: [(&[u8; 4], usize); 9] = [
    (b"ispe", 12),
    (b"pasp", 8),
    (b"clap", 32),
    (b"irot", 1),
    (b"imir", 1),
    (b"a1op", 1),
    (b"clli", 4),
    (b"mdcv", 24),
    (b"amve", 8),
];

const MAX_PROPERTIES: usize = 10_000;

/// All properties of a file, and which item has which.
pub(super) struct Properties<'a> {
    all: Vec<(&'a [u8; 4], &'a [u8])>,
    /// By item: where in the list, counted from 0, and whether a reader has to understand it.
    of: BTreeMap<u32, Vec<(usize, bool)>>,
}

impl<'a> Properties<'a> {
    pub(super) fn read(meta: &'a [u8]) -> Result<Self, MediaError> {
        let body = boxes::find(meta, &[b"iprp"])?.unwrap_or_default();
        let all = boxes::all(boxes::find(body, &[b"ipco"])?.unwrap_or_default())?;
        let mut of: BTreeMap<u32, Vec<(usize, bool)>> = BTreeMap::new();
        let mut count_in_all = 0;
        for (_, list) in boxes::all(body)?.into_iter().filter(|(name, _)| *name == b"ipma") {
            let has_wide_ids = list.first().is_some_and(|version| *version >= 1);
            let has_wide_places = list.get(3).is_some_and(|flags| flags & 1 == 1);
            let cut_short = || damaged("the list of its properties is cut short");
            let mut at = 8;
            for _ in 0..u32_at(list, 4).ok_or_else(cut_short)? {
                let id = if has_wide_ids { u32_at(list, at) } else { u16_at(list, at).map(u32::from) };
                at += if has_wide_ids { 4 } else { 2 };
                let count = *list.get(at).ok_or_else(cut_short)?;
                at += 1;
                let places = of.entry(id.ok_or_else(cut_short)?).or_default();
                for _ in 0..count {
                    let (place, is_essential) = if has_wide_places {
                        let value = u16_at(list, at).ok_or_else(cut_short)?;
                        (value & 0x7FFF, value >> 15 == 1)
                    } else {
                        let value = *list.get(at).ok_or_else(cut_short)?;
                        (u16::from(value & 0x7F), value >> 7 == 1)
                    };
                    at += if has_wide_places { 2 } else { 1 };
                    count_in_all += 1;
                    match usize::from(place).checked_sub(1) {
                        // Place 0 says that there is none.
                        None => {}
                        Some(place) if place < all.len() && count_in_all <= MAX_PROPERTIES => {
                            places.push((place, is_essential));
                        }
                        Some(_) => return Err(damaged("one of its properties is missing")),
                    }
                }
            }
        }
        Ok(Self { all, of })
    }

    fn named(&self, item: u32, name: &[u8; 4]) -> Option<&'a [u8]> {
        let places = self.of.get(&item)?;
        places
            .iter()
            .map(|(place, _)| self.all[*place])
            .find(|(known, _)| *known == name)
            .map(|(_, body)| body)
    }

    /// The size of an item as it is shown: cut out, then turned.
    pub(super) fn size(&self, item: u32) -> Result<(u32, u32), MediaError> {
        let size = self.named(item, b"ispe").ok_or_else(|| damaged("its picture has no size"))?;
        let (mut width, mut height) = (u32_at(size, 4).unwrap_or(0), u32_at(size, 8).unwrap_or(0));
        if let Some(cut) = self.named(item, b"clap") {
            let number = |at| u32_at(cut, at).unwrap_or(0);
            width = number(0).checked_div(number(4)).unwrap_or(0).min(width);
            height = number(8).checked_div(number(12)).unwrap_or(0).min(height);
        }
        let turns = self.named(item, b"irot").and_then(|body| body.first()).map_or(0, |turns| turns & 3);
        Ok(if turns % 2 == 1 { (height, width) } else { (width, height) })
    }

    /// Whether this item says where another is transparent.
    pub(super) fn is_transparency(&self, item: u32) -> bool {
        const NAMES: [&[u8]; 2] =
            [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];
        self.second(item).is_some_and(|kind| NAMES.contains(&kind))
    }

    /// Which kind of second picture this item is, if it is one.
    pub(super) fn second(&self, item: u32) -> Option<&'a [u8]> {
        self.named(item, b"auxC")?.get(4..)?.split(|byte| *byte == 0).next()
    }

    /// `iprp` for the items that are kept.
    pub(super) fn write(&self, kept: &BTreeMap<u32, &Item>) -> Result<Vec<u8>, MediaError> {
        let mut list = Vec::new();
        // Where each property stands in the new list, counted from 1; none if it goes.
        let mut moved: BTreeMap<usize, Option<u16>> = BTreeMap::new();
        let mut count = 0;
        let mut table = [&[1, 0, 0, 1][..], &(kept.len() as u32).to_be_bytes()].concat();
        for id in kept.keys() {
            let mut places = Vec::new();
            for (place, is_essential) in self.of.get(id).map_or(&[][..], Vec::as_slice) {
                let new = match moved.get(place) {
                    Some(new) => *new,
                    None => {
                        let (name, body) = self.all[*place];
                        let new = clean(name, body).map(|body| {
                            list.extend_from_slice(&wrap(name, &body));
                            count += 1;
                            count
                        });
                        moved.insert(*place, new);
                        new
                    }
                };
                match new {
                    Some(new) => places.push(new | u16::from(*is_essential) << 15),
                    None if *is_essential => {
                        return Err(MediaError::Unsupported { advice: Advice::RareStill });
                    }
                    None => {}
                }
            }
            table.extend_from_slice(&id.to_be_bytes());
            table.push(places.len().min(255) as u8);
            table.extend(places.iter().take(255).flat_map(|place| place.to_be_bytes()));
        }
        Ok(wrap(b"iprp", &[wrap(b"ipco", &list), wrap(b"ipma", &table)].concat()))
    }
}

/// What stays of a property.
fn clean(name: &[u8; 4], body: &[u8]) -> Option<Vec<u8>> {
    match name {
        b"colr" => match body.get(..4)? {
            b"nclx" => Some(body.get(..11)?.to_vec()),
            kind @ (b"prof" | b"rICC") => Some([kind, &icc::slim(body.get(4..)?)?].concat()),
            _ => None,
        },
        // Which kind of second picture it is; what may follow the name goes.
        b"auxC" => {
            let end = body.get(4..)?.iter().position(|byte| *byte == 0)?;
            Some(body.get(..4 + end + 1)?.to_vec())
        }
        _ if KEPT.contains(&name) => {
            let length =
                LENGTHS.iter().find(|(known, _)| *known == name).map_or(body.len(), |(_, length)| *length);
            Some(body.get(..length.min(body.len()))?.to_vec())
        }
        _ => None,
    }
}
