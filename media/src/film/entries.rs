//! Sample descriptions: what a track's recording is encoded with, and whether it is known here.

use super::super::boxes::{self, blank, keep, u16_at, u32_at};
use super::super::{Advice, MediaError, damaged};

/// Not among them: films made of JPEGs, each of which may carry what a photo carries.
pub(crate) const SEEN: [&[u8; 4]; 18] = [
    b"avc1", b"avc3", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"dva1", b"dvav", b"av01", b"vp08", b"vp09",
    b"mp4v", b"s263", b"apcn", b"apch", b"apcs", b"apco", b"ap4h",
];

/// Sounds, as they are and as codecs write them.
pub(crate) const HEARD: [&[u8; 4]; 23] = [
    b"mp4a", b"Opus", b"fLaC", b"alac", b"samr", b"sawb", b"ac-3", b"ec-3", b".mp3", b"lpcm", b"sowt",
    b"twos", b"raw ", b"NONE", b"in24", b"in32", b"fl32", b"fl64", b"ulaw", b"alaw", b"ima4", b"ipcm",
    b"fpcm",
];

/// Boxes that a decoder needs.
const SETTINGS: [&[u8; 4]; 31] = [
    b"avcC", b"hvcC", b"lhvC", b"dvcC", b"dvvC", b"dvwC", b"av1C", b"vpcC", b"esds", b"dOps", b"dfLa",
    b"alac", b"dac3", b"dec3", b"btrt", b"pasp", b"clap", b"fiel", b"gama", b"mdcv", b"SmDm", b"clli",
    b"CoLL", b"cclv", b"amve", b"chan", b"chnl", b"srat", b"pcmC", b"frma", b"enda",
];

/// How long those are that only hold numbers: what lies behind those is of somebody else.
const LENGTHS: [(&[u8; 4], usize); 15] = [
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
    (b"pcmC", 6),
    (b"dac3", 3),
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
    let number = |at: usize| body.get(at).copied().map_or(0, usize::from);
    let length = match name {
        // With the order of the channels, or without.
        b"alac" => Some(if body.len() < 52 { 28 } else { 52 }),
        b"chan" => {
            let channels = u32_at(body, 12).unwrap_or(0) as usize;
            Some(channels.saturating_mul(20).saturating_add(16))
        }
        b"dOps" => Some(if number(10) == 0 { 11 } else { 13 + number(1) }),
        _ => LENGTHS.iter().find(|(known, _)| *known == name).map(|(_, length)| *length),
    };
    if let Some(length) = length {
        blank(body, length..body.len());
    }
    match name {
        b"dfLa" => flac_settings(body),
        _ => SETTINGS.contains(&name),
    }
}

/// FLAC's own blocks: the first says how the sound is stored; texts and pictures behind it become padding.
fn flac_settings(body: &mut [u8]) -> bool {
    if !matches!(body.get(4..), Some([0 | 0x80, 0, 0, 34, ..])) || body.len() < 42 {
        return false;
    }
    let mut at = 42;
    while let Some(&[kind, high, middle, low]) = body.get(at..).and_then(|rest| rest.first_chunk()) {
        let end = at + 4 + u32::from_be_bytes([0, high, middle, low]) as usize;
        if end > body.len() {
            break;
        }
        if let Some(padding) = body.get_mut(at..at + 1) {
            padding.fill(kind & 0x80 | 1);
        }
        blank(body, at + 4..end);
        at = end;
    }
    blank(body, at..body.len());
    true
}

/// A packet of sound whose length is always the same, over all channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) bytes: u64,
    pub(super) samples: u64,
}

/// The packets of this sound, if they are all of one length: samples as they are, or telephone codes.
pub(super) fn packet(stsd: &[u8]) -> Result<Option<Packet>, MediaError> {
    let Some((name, entry)) = boxes::all(stsd.get(8..).unwrap_or_default())?.into_iter().next() else {
        return Ok(None);
    };
    let bits = match name {
        b"ulaw" | b"alaw" => Some(8),
        b"in24" => Some(24),
        b"in32" | b"fl32" => Some(32),
        b"fl64" => Some(64),
        b"lpcm" | b"sowt" | b"twos" | b"raw " | b"NONE" | b"ipcm" | b"fpcm" => u16_at(entry, 18),
        b"ima4" => None,
        _ => return Ok(None),
    };
    let (channels, counted) = (u64::from(u16_at(entry, 16).unwrap_or(1)), u64::from(bits.unwrap_or(8) / 8));
    let stated = |at: usize| u32_at(entry, at).map_or(0, u64::from);
    let (bytes, samples) = match (u16_at(entry, 8), stsd.first()) {
        (Some(1), Some(0)) => (stated(36), stated(28)),
        (Some(2), _) => (stated(56), stated(60)),
        _ => (0, 0),
    };
    let usual = if name == b"ima4" { (channels * 34, 64) } else { (channels * counted, 1) };
    let (bytes, samples) = if bytes == 0 || samples == 0 { usual } else { (bytes, samples) };
    Ok(Some(Packet { bytes: bytes.max(1), samples }))
}

#[cfg(test)]
mod tests {
    use super::super::super::boxes::wrap;
    use super::*;

    fn described(name: &[u8; 4], version: u16, channels: u16, numbers: &[u32]) -> Vec<u8> {
        let mut entry = vec![0; 28];
        entry[8..10].copy_from_slice(&version.to_be_bytes());
        entry[16..18].copy_from_slice(&channels.to_be_bytes());
        entry[19] = 16;
        entry.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        [vec![0; 8], wrap(name, &entry)].concat()
    }

    #[test]
    fn packets_of_one_length_are_measured() {
        let measured = |stsd: &[u8]| packet(stsd).unwrap().map(|packet| (packet.bytes, packet.samples));
        assert_eq!(measured(&described(b"sowt", 0, 2, &[])), Some((4, 1)));
        assert_eq!(measured(&described(b"ulaw", 0, 2, &[])), Some((2, 1)));
        assert_eq!(measured(&described(b"in24", 1, 2, &[1, 3, 6, 3])), Some((6, 1)));
        assert_eq!(measured(&described(b"ima4", 1, 2, &[64, 34, 68, 2])), Some((68, 64)));
        assert_eq!(measured(&described(b"ima4", 0, 1, &[])), Some((34, 64)));
        assert_eq!(measured(&described(b"mp4a", 1, 2, &[1024, 0, 0, 2])), None);
    }

    #[test]
    fn texts_behind_the_settings_of_flac_become_padding() {
        let mut body =
            [&[0; 4][..], &[0, 0, 0, 34], &[7; 34], b"\x04\0\0\x06SECRET\x86\0\0\x06SECRET..."].concat();
        assert!(flac_settings(&mut body));
        let padding = [&[1, 0, 0, 6][..], &[0; 6], &[0x81, 0, 0, 6], &[0; 9]].concat();
        assert_eq!(body, [&[0; 4][..], &[0, 0, 0, 34], &[7; 34], &padding].concat());
        assert!(!flac_settings(&mut [0, 0, 0, 0, 4, 0, 0, 34, 0]));
    }
}
