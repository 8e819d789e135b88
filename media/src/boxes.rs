//! Boxes, the parts that films (ISO/IEC 14496-12, QuickTime) and HEIF pictures are built of.
//!
//! A box has a length, a name of four letters and a body, in which other boxes may lie. What isn't on a caller's list
//! becomes free space of the same length filled with zeros, so nothing that points into the file has to move.

use super::source::Reader;
use super::{MediaError, damaged};

/// More boxes at the top of a file than hours of film in small pieces have.
const MAX_TOP: usize = 200_000;

/// More boxes than lie in any other.
const MAX_INNER: usize = 100_000;

pub(super) const FREE: &[u8; 4] = b"free";

/// A box at the top of a file, which stays where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopBox {
    pub(super) name: [u8; 4],
    /// Where its header starts.
    pub(super) start: u64,
    /// The header as it stands: 8 bytes, or 16 where the length needs them.
    pub(super) header: Vec<u8>,
    /// How long the body is.
    pub(super) length: u64,
}

impl TopBox {
    pub(super) fn body(&self) -> u64 {
        self.start + self.header.len() as u64
    }

    pub(super) fn end(&self) -> u64 {
        self.body() + self.length
    }

    /// The body, where no more than `limit` bytes of it are expected.
    pub(super) fn read(&self, reader: &mut Reader<'_>, limit: u64) -> Result<Vec<u8>, MediaError> {
        if self.length > limit {
            return Err(damaged(format!("its part {} is too large", self.name.escape_ascii())));
        }
        reader.bytes(self.body(), self.length as usize)
    }

    /// The same header with another name.
    pub(super) fn header_as(&self, name: &[u8; 4]) -> Vec<u8> {
        let mut header = self.header.clone();
        if let Some(field) = header.get_mut(4..8) {
            field.copy_from_slice(name);
        }
        header
    }
}

/// All boxes at the top of a file.
pub(super) struct Top {
    pub(super) boxes: Vec<TopBox>,
    /// Whether something lies behind the last box that isn't one: what a maker adds, or a few stray bytes.
    pub(super) has_tail: bool,
}

/// Reads the boxes at the top of a file. Where what follows them can't be a box, they end; but a box of a name on this
/// list that goes on beyond the end of the file says that the file was cut short.
pub(super) fn top(reader: &mut Reader<'_>, needed: &[&[u8; 4]]) -> Result<Top, MediaError> {
    let mut top = Top { boxes: Vec::new(), has_tail: false };
    let mut at = 0;
    while at < reader.length() {
        let head = reader.up_to(at, 16)?;
        let (name, header, length) = match read_header(&head, reader.length() - at) {
            Ok(found) => found,
            Err(error)
                if head.get(4..8).is_some_and(|name| needed.iter().any(|known| known[..] == *name)) =>
            {
                return Err(error);
            }
            Err(_) => {
                top.has_tail = head.iter().any(|byte| *byte != 0);
                break;
            }
        };
        top.boxes.push(TopBox {
            name,
            start: at,
            header: head.get(..header).unwrap_or_default().to_vec(),
            length,
        });
        if top.boxes.len() > MAX_TOP {
            return Err(damaged("it has too many parts"));
        }
        at += header as u64 + length;
    }
    Ok(top)
}

/// The name, the length of the header and the length of the body; `rest` is how much there is from its start.
fn read_header(head: &[u8], rest: u64) -> Result<([u8; 4], usize, u64), MediaError> {
    let cut_short = || damaged("it is cut short: one of its parts goes on beyond the end");
    let name: [u8; 4] = *head.get(4..8).and_then(|four| four.first_chunk()).ok_or_else(cut_short)?;
    let (header, whole) = match u32_at(head, 0).ok_or_else(cut_short)? {
        0 => (8, rest),
        1 => (16, u64_at(head, 8).ok_or_else(cut_short)?),
        length => (8, length.into()),
    };
    if whole > rest {
        return Err(cut_short());
    }
    let length = whole.checked_sub(header as u64).ok_or_else(|| damaged("one of its parts has no length"))?;
    Ok((name, header, length))
}

/// Visits the boxes that lie in these bytes, one after the other. Those for which the visitor answers no become free
/// space. Bytes after the last box, too few to be one, become zeros.
pub(super) fn each(
    mut bytes: &mut [u8],
    mut visit: impl FnMut(&[u8; 4], &mut [u8]) -> Result<bool, MediaError>,
) -> Result<(), MediaError> {
    while bytes.len() >= 8 {
        let (name, header, length) = read_header(bytes, bytes.len() as u64)?;
        let (whole, rest) = bytes.split_at_mut(header + length as usize);
        bytes = rest;
        let (header, body) = whole.split_at_mut(header);
        if !visit(&name, body)? {
            body.fill(0);
            if let Some(field) = header.get_mut(4..8) {
                field.copy_from_slice(FREE);
            }
        }
    }
    bytes.fill(0);
    Ok(())
}

/// A box within another: its name and its body.
pub(super) type Inner<'a> = (&'a [u8; 4], &'a [u8]);

/// The boxes in these bytes, by name and body.
pub(super) fn all(mut bytes: &[u8]) -> Result<Vec<Inner<'_>>, MediaError> {
    let mut boxes = Vec::new();
    while bytes.len() >= 8 {
        let (_, header, length) = read_header(bytes, bytes.len() as u64)?;
        let (whole, rest) = bytes.split_at(header + length as usize);
        if let (Some(name), Some(body)) =
            (whole.get(4..8).and_then(|four| four.first_chunk()), whole.get(header..))
        {
            boxes.push((name, body));
        }
        bytes = rest;
        if boxes.len() > MAX_INNER {
            return Err(damaged("one of its parts has too many parts"));
        }
    }
    Ok(boxes)
}

/// The body of the first box at the end of this path of names.
pub(super) fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Result<Option<&'a [u8]>, MediaError> {
    let mut body = bytes;
    for name in path {
        let Some((_, inner)) = all(body)?.into_iter().find(|(known, _)| known == name) else {
            return Ok(None);
        };
        body = inner;
    }
    Ok(Some(body))
}

/// A box of this name around this body.
pub(super) fn wrap(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    // Only small boxes are written afresh, or such as are within the limit of a picture.
    let length = body.len() as u32 + 8;
    [&length.to_be_bytes(), &name[..], body].concat()
}

/// Keeps this much of a box; there must be as much, and what lies behind it becomes zeros.
pub(super) fn keep(body: &mut [u8], length: usize) -> Result<bool, MediaError> {
    match body.get_mut(length..) {
        Some(rest) => rest.fill(0),
        None => return Err(damaged("one of its tables is cut short")),
    }
    Ok(true)
}

/// Keeps a box that is longer in version 1.
pub(super) fn keep_versioned(
    body: &mut [u8],
    version_0: usize,
    version_1: usize,
) -> Result<bool, MediaError> {
    match body.first() {
        Some(0) => keep(body, version_0),
        Some(1) => keep(body, version_1),
        _ => Err(damaged("one of its tables has an unknown version")),
    }
}

/// Keeps a table: a count at this place, then as many entries of this length.
pub(super) fn keep_table(body: &mut [u8], count_at: usize, entry: usize) -> Result<bool, MediaError> {
    let count = u32_at(body, count_at).map_or(usize::MAX, |count| count as usize);
    keep(body, count.saturating_mul(entry).saturating_add(count_at + 4))
}

/// Makes these bytes zeros, as far as they are there.
pub(super) fn blank(body: &mut [u8], range: std::ops::Range<usize>) {
    let end = range.end.min(body.len());
    if let Some(part) = body.get_mut(range.start.min(end)..end) {
        part.fill(0);
    }
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn boxes_of_every_length_are_found() {
        let mut file = wrap(b"ftyp", b"isom");
        file.extend_from_slice(b"\0\0\0\x01wide\0\0\0\0\0\0\0\x12ab");
        file.extend_from_slice(b"\0\0\0\0mdatto the end");
        let read = |file: &[u8]| top(&mut Reader::new(&mut Cursor::new(file)).unwrap(), &[b"mdat", b"wide"]);
        let seen = read(&file).unwrap().boxes;
        let seen: Vec<_> = seen.iter().map(|part| (&part.name, part.header.len(), part.length)).collect();
        assert_eq!(seen, [(b"ftyp", 8, 4), (b"wide", 16, 2), (b"mdat", 8, 10)]);
        assert!(read(&file[..20]).is_err(), "a part that is needed is cut short");
        assert!(!read(&file[..30]).unwrap().has_tail);
        file.truncate(30);
        for tail in [&b"\r\n\0"[..], b"\0\0\x04\0XXXX", b"\0\0\0\x02free"] {
            let top = read(&[&file[..], tail].concat()).unwrap();
            assert!(top.has_tail && top.boxes.len() == 2);
        }
    }

    #[test]
    fn what_is_not_wanted_becomes_nothing_of_the_same_length() {
        let mut bytes = [wrap(b"good", b"leaf"), wrap(b"bad ", b"SECRET"), b"tail".to_vec()].concat();
        each(&mut bytes, |name, _| Ok(name == b"good")).unwrap();
        assert_eq!(bytes, [wrap(b"good", b"leaf"), wrap(b"free", &[0; 6]), vec![0; 4]].concat());
        assert_eq!(find(&bytes, &[b"good"]).unwrap(), Some(&b"leaf"[..]));
        assert_eq!(find(&bytes, &[b"bad "]).unwrap(), None);
    }

    #[test]
    fn a_table_that_says_more_than_it_holds_is_damage() {
        let mut table = [0, 0, 0, 0, 0, 0, 0, 2, 1, 1, 2, 2, 9, 9];
        assert!(keep_table(&mut table, 4, 2).unwrap());
        assert_eq!(table[8..], [1, 1, 2, 2, 0, 0]);
        table[4] = 255;
        assert!(keep_table(&mut table, 4, 2).is_err());
        assert!(keep_table(&mut [0; 5], 4, 2).is_err());
    }
}
