//! Sample descriptions: what a track's recording is encoded with, and whether it is known here.

use super::super::boxes::{self, blank, keep, u16_at, u32_at};
use super::super::{Advice, MediaError, damaged};

/// Not among them: films made of JPEGs, each of which may carry what a photo carries.
const SEEN: [&[u8; 4]; 18] = [
    b"avc1", b"avc3", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"dva1", b"dvav", b"av01", b"vp08", b"vp09",
    b"mp4v", b"s263", b"apcn", b"apch", b"apcs", b"apco", b"ap4h",
];

const HEARD: [&[u8; 4]; 18] = [
    b"mp4a", b"Opus", b"alac", b"samr", b"sawb", b"ac-3", b"ec-3", b".mp3", b"lpcm", b"sowt", b"twos",
    b"in24", b"in32", b"fl32", b"fl64", b"ulaw", b"alaw", b"ipcm",
];

/// Boxes that a decoder needs.
const SETTINGS: [&[u8; 4]; 30] = [
    b"avcC", b"hvcC", b"lhvC", b"dvcC", b"dvvC", b"dvwC", b"av1C", b"vpcC", b"esds", b"dOps", b"alac",
    b"dac3", b"dec3", b"btrt", b"pasp", b"clap", b"fiel", b"gama", b"mdcv", b"SmDm", b"clli", b"CoLL",
    b"cclv", b"amve", b"chan", b"chnl", b"srat", b"pcmC", b"frma", b"enda",
];

/// How long those are that only hold numbers: what lies behind those is of somebody else.
const LENGTHS: [(&[u8; 4], usize); 13] = [
    (b"btrt", 12),
    (b"pasp", 8),
    (b"clap", 32),
    (b"fiel", 2),
    (b"gama", 4),
    (b"mdcv", 24),
    (b"SmDm", 28),
    (b"clli", 4),
    (b"CoLL", 8),
    (b"amve", 8),
    (b"srat", 8),
    (b"frma", 4),
    (b"enda", 2),
];

/// Whether all descriptions in this `stsd` are known. What is locked is refused.
pub(super) fn are_known(stsd: &[u8], is_film: bool) -> Result<bool, MediaError> {
    let entries = boxes::all(stsd.get(8..).unwrap_or_default())?;
    if entries.iter().any(|(name, _)| matches!(*name, b"encv" | b"enca" | b"drms" | b"drmi")) {
        return Err(MediaError::Unsupported { advice: Advice::FilmEncrypted });
    }
    let known: &[&[u8; 4]] = if is_film { &SEEN } else { &HEARD };
    Ok(!entries.is_empty() && entries.iter().all(|(name, _)| known.contains(name)))
}

/// Cleans the descriptions of a track that is kept.
pub(super) fn clean(stsd: &mut [u8], is_film: bool) -> Result<bool, MediaError> {
    let Some((head, entries)) = stsd.split_at_mut_checked(8) else {
        return Err(damaged("its description is cut short"));
    };
    let has_short_heads = head.first() == Some(&0);
    boxes::each(entries, |_, entry| {
        blank(entry, 0..6);
        let start = if is_film { film_head(entry)? } else { sound_head(entry, has_short_heads)? };
        boxes::each(entry.get_mut(start..).unwrap_or_default(), settings)?;
        Ok(true)
    })?;
    Ok(true)
}

/// A film's head: the vendor and the encoder's name go.
fn film_head(entry: &mut [u8]) -> Result<usize, MediaError> {
    if entry.len() < 78 {
        return Err(damaged("its description is cut short"));
    }
    blank(entry, 12..16);
    blank(entry, 42..74);
    Ok(78)
}

/// A sound's head: the vendor goes. QuickTime has two longer versions.
fn sound_head(entry: &mut [u8], has_short_heads: bool) -> Result<usize, MediaError> {
    let length = match u16_at(entry, 8) {
        Some(1) if has_short_heads => 44,
        Some(2) => 64,
        _ => 28,
    };
    if entry.len() < length {
        return Err(damaged("its description is cut short"));
    }
    blank(entry, 10..16);
    Ok(length)
}

fn settings(name: &[u8; 4], body: &mut [u8]) -> Result<bool, MediaError> {
    match name {
        b"colr" => match body.get(..4) {
            Some(b"nclx") => keep(body, 11),
            Some(b"nclc") => keep(body, 10),
            // A profile may describe the very display it was made on.
            _ => Ok(false),
        },
        // Both begin with four letters of the encoder's maker.
        b"damr" | b"d263" => {
            blank(body, 0..4);
            Ok(true)
        }
        // QuickTime's sound settings: the same boxes once more, and an empty one at the end.
        b"wave" => {
            boxes::each(body, |name, body| match name {
                b"mp4a" => keep(body, 0),
                [0, 0, 0, 0] => keep(body, 0),
                _ => Ok(known(name, body)),
            })?;
            Ok(true)
        }
        _ => Ok(known(name, body)),
    }
}

fn known(name: &[u8; 4], body: &mut [u8]) -> bool {
    if let Some((_, length)) = LENGTHS.iter().find(|(known, _)| *known == name) {
        blank(body, *length..body.len());
    }
    SETTINGS.contains(&name)
}

/// How many bytes one sample of uncompressed sound has over all channels, if this is such.
pub(super) fn frame(stsd: &[u8]) -> Result<Option<u64>, MediaError> {
    let Some((name, entry)) = boxes::all(stsd.get(8..).unwrap_or_default())?.into_iter().next() else {
        return Ok(None);
    };
    if !matches!(
        name,
        b"lpcm" | b"sowt" | b"twos" | b"in24" | b"in32" | b"fl32" | b"fl64" | b"ulaw" | b"alaw" | b"ipcm"
    ) {
        return Ok(None);
    }
    let stated = match u16_at(entry, 8) {
        Some(1) => u32_at(entry, 36),
        Some(2) => u32_at(entry, 56),
        _ => None,
    };
    let counted = u64::from(u16_at(entry, 16).unwrap_or(1)) * u64::from(u16_at(entry, 18).unwrap_or(8) / 8);
    Ok(Some(stated.map_or(counted, u64::from).max(1)))
}
