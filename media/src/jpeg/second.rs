//! Second pictures and films that a phone puts behind a photo, and what is said of them when they go.

use super::super::{Note, tail};

/// How programs mark a photo whose second picture says how bright its parts are.
const GAIN_MAPS: [&[u8]; 3] = [b"hdrgm:", b"HDRGainMap", b"urn:iso:std:iso:ts:21496:-1"];

/// How the index of second pictures begins.
const INDEX: &[u8] = b"MPF\0";

/// Announcements stand before the picture.
const HEAD: usize = 1 << 20;

/// What is to be said of the bytes after a picture; before it stands what announces them.
pub(super) fn notes(before: &[u8], after: &[u8]) -> Vec<Note> {
    let after = without_end_mark(after);
    let mut notes = Vec::new();
    let has_picture = tail::holds(&after, b"\xFF\xD8\xFF");
    let head = before.get(..before.len().min(HEAD)).unwrap_or(before);
    if has_picture && GAIN_MAPS.iter().any(|mark| tail::holds(head, mark) || tail::holds(&after, mark)) {
        notes.push(Note::GainMap);
    } else if has_picture && has_views(head) {
        notes.push(Note::MorePictures);
    }
    // A second picture that is announced is what was just said, or a thumbnail.
    let is_announced = has_picture && (!notes.is_empty() || tail::holds(head, INDEX));
    notes.extend(tail::note(&after).filter(|note| *note != Note::Tail || !is_announced));
    notes
}

/// The first end mark is the picture's own.
fn without_end_mark(after: &[u8]) -> Vec<u8> {
    match after.windows(2).position(|pair| pair == [0xFF, super::EOI]) {
        Some(at) => [after.get(..at).unwrap_or_default(), after.get(at + 2..).unwrap_or_default()].concat(),
        None => after.to_vec(),
    }
}

/// Whether the index of second pictures (CIPA DC-007) names one that is a view of its own: a part of a panorama, or
/// what another lens saw.
fn has_views(head: &[u8]) -> bool {
    let Some(start) = head.windows(INDEX.len()).position(|window| window == INDEX) else { return false };
    let index = head.get(start + 4..).unwrap_or_default();
    let is_little = index.starts_with(b"II");
    let number = |at: usize, length: usize| -> Option<usize> {
        let bytes = index.get(at..at.checked_add(length)?)?;
        let join = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(if is_little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) })
    };
    let views = || -> Option<bool> {
        let folder = number(4, 4)?;
        let entries = (0..number(folder, 2)?.min(32)).map(|entry| folder + 2 + entry * 12);
        let list = entries.into_iter().find(|at| number(*at, 2) == Some(0xB002))?;
        let (count, place) = (number(list + 4, 4)? / 16, number(list + 8, 4)?);
        Some((1..count.min(100)).any(|picture| {
            let kind = place.checked_add(picture * 16).and_then(|at| number(at, 4));
            kind.is_some_and(|kind| matches!(kind & 0xFF_FFFF, 0x02_0001..=0x02_0003))
        }))
    };
    views().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The index of two pictures, the second of this kind.
    fn index(kind: [u8; 4]) -> Vec<u8> {
        let mut index = b"MPF\0MM\0*\0\0\0\x08\0\x01\xB0\x02\0\x07\0\0\0\x20\0\0\0\x1A\0\0\0\0".to_vec();
        index.extend_from_slice(&[0x20, 3, 0, 0]);
        index.extend_from_slice(&[0; 12]);
        index.extend_from_slice(&kind);
        index.extend_from_slice(&[0; 12]);
        index
    }

    #[test]
    fn what_a_second_picture_is_for_is_said() {
        let second = b"\xFF\xD9\xFF\xD8\xFF\xE0 a second picture";
        assert_eq!(notes(b"hdrgm:Version", second), [Note::GainMap]);
        assert_eq!(notes(b"hdrgm:Version", b"\xFF\xD9"), []);
        assert_eq!(notes(&index([0, 2, 0, 2]), second), [Note::MorePictures]);
        assert_eq!(notes(&index([0, 1, 0, 1]), second), [], "a thumbnail");
        assert_eq!(notes(b"", second), [Note::Tail]);
        assert_eq!(notes(b"", b"\xFF\xD9 a maker's notes"), [Note::Tail]);
        assert_eq!(notes(b"", b"\xFF\xD9\0\0\0\x18ftypmp42"), [Note::MovingPhoto]);
        assert_eq!(notes(b"MPF\0MM\0*\xFF\xFF\xFF\xFF", second), []);
    }
}
