//! The archive that an office file is: its parts by name, checked, and written anew without times and notes.

use std::io::{Read, Write};

use super::super::{Advice, MAX_BYTES, MediaError, damaged};

const END: &[u8; 4] = b"PK\x05\x06";
const LISTED: &[u8; 4] = b"PK\x01\x02";
const PART: &[u8; 4] = b"PK\x03\x04";

const MAX_PARTS: usize = 20_000;

/// What the parts unpack to in all, in bytes.
const MAX_UNPACKED: u64 = 512 << 20;

/// Names are in UTF-8.
const UTF_8: u16 = 0x800;

/// The first of January 1980, before which no archive can date a part.
const NO_DATE: u16 = 0x21;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packed {
    Not,
    Deflated,
}

/// A part as it lies in the archive.
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    pub(super) method: Packed,
    /// Packed.
    pub(super) data: &'a [u8],
    is_utf_8: bool,
    sum: u32,
    length: u32,
}

/// What may still be unpacked: of an archive and of all archives within it together.
pub(super) struct Budget {
    bytes: u64,
    /// PDF documents, each of which has a budget of its own.
    pub(super) documents: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: MAX_UNPACKED, documents: 20 }
    }
}

/// The parts in the order of the archive's list. What they unpack to is taken from the budget.
pub(super) fn read<'a>(bytes: &'a [u8], budget: &mut Budget) -> Result<Vec<Entry<'a>>, MediaError> {
    let tail = bytes.len().saturating_sub(66_000);
    let end = bytes.get(tail..).unwrap_or_default().windows(4).rposition(|window| window == END);
    let end = bytes.get(tail + end.ok_or_else(cut_short)?..).unwrap_or_default();
    let (count, start) = (u16_at(end, 10)?, u32_at(end, 16)?);
    if count == u16::MAX || start == u32::MAX {
        return Err(MediaError::Unsupported { advice: Advice::Archive });
    }
    let mut list = bytes.get(start as usize..).ok_or_else(cut_short)?;
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..count {
        if !list.starts_with(LISTED) {
            return Err(cut_short());
        }
        let (name, more, note) =
            (u16_at(list, 28)?.into(), usize::from(u16_at(list, 30)?), usize::from(u16_at(list, 32)?));
        let entry = Entry::read(bytes, list, name)?;
        list = list.get(46 + name + more + note..).ok_or_else(cut_short)?;
        let left = budget.bytes.checked_sub(entry.length.into());
        budget.bytes = left.ok_or_else(|| damaged("its parts unpack to more than any document has"))?;
        if !names.insert(entry.name.to_ascii_lowercase()) || entries.len() >= MAX_PARTS {
            return Err(damaged("its parts can't be told apart, or are too many"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

impl<'a> Entry<'a> {
    fn read(bytes: &'a [u8], listed: &'a [u8], name: usize) -> Result<Self, MediaError> {
        let flags = u16_at(listed, 8)?;
        if flags & 1 == 1 {
            return Err(MediaError::Unsupported { advice: Advice::OfficeLocked });
        }
        let method = match u16_at(listed, 10)? {
            0 => Packed::Not,
            8 => Packed::Deflated,
            _ => return Err(MediaError::Unsupported { advice: Advice::Archive }),
        };
        let part = bytes.get(u32_at(listed, 42)? as usize..).filter(|part| part.starts_with(PART));
        let part = part.ok_or_else(cut_short)?;
        let start = 30 + usize::from(u16_at(part, 26)?) + usize::from(u16_at(part, 28)?);
        let packed = u32_at(listed, 20)? as usize;
        Ok(Self {
            name: listed.get(46..46 + name).ok_or_else(cut_short)?,
            method,
            data: part.get(start..).and_then(|data| data.get(..packed)).ok_or_else(cut_short)?,
            is_utf_8: flags & UTF_8 != 0,
            sum: u32_at(listed, 16)?,
            length: u32_at(listed, 24)?,
        })
    }

    /// The part's name; bytes that are no letters stand as escapes.
    pub(super) fn text(&self) -> String {
        match std::str::from_utf8(self.name) {
            Ok(name) => name.to_owned(),
            Err(_) => self.name.escape_ascii().to_string(),
        }
    }

    /// The part's bytes.
    pub(super) fn unpack(&self) -> Result<Vec<u8>, MediaError> {
        if self.length as usize > MAX_BYTES {
            return Err(damaged("one of its parts is too large"));
        }
        let mut bytes = Vec::new();
        self.each_piece(|piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    fn each_piece(&self, mut take: impl FnMut(&[u8])) -> Result<(), MediaError> {
        let torn = || damaged(format!("its part {} does not open", self.name.escape_ascii()));
        let mut stream = self.stream();
        let mut piece = vec![0; 32 << 10];
        loop {
            let read = stream.read(&mut piece).map_err(|_| torn())?;
            if read == 0 {
                return Ok(());
            }
            take(piece.get(..read).unwrap_or_default());
        }
    }

    /// The part's bytes one after the other. Its end is an error where it is not what the list says.
    pub(super) fn stream(&self) -> Stream<'a> {
        Stream {
            stored: self.data,
            unpacker: (self.method == Packed::Deflated)
                .then(|| flate2::bufread::DeflateDecoder::new(self.data)),
            packed: self.data.len() as u64,
            sum: flate2::Crc::new(),
            expected: self.sum,
            left: self.length.into(),
        }
    }

    /// Whether the part's bytes are these.
    pub(super) fn is(&self, packer: &Packer) -> bool {
        self.sum == packer.sum.sum() && u64::from(self.length) == packer.length
    }
}

/// A part that is being unpacked.
pub(super) struct Stream<'a> {
    stored: &'a [u8],
    unpacker: Option<flate2::bufread::DeflateDecoder<&'a [u8]>>,
    packed: u64,
    sum: flate2::Crc,
    expected: u32,
    left: u64,
}

impl Read for Stream<'_> {
    fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
        let torn = || std::io::Error::other("it does not open");
        let read = match &mut self.unpacker {
            Some(unpacker) => unpacker.read(piece)?,
            None => self.stored.read(piece)?,
        };
        self.left = self.left.checked_sub(read as u64).ok_or_else(torn)?;
        self.sum.update(piece.get(..read).unwrap_or_default());
        let is_used_up = self.unpacker.as_ref().is_none_or(|unpacker| unpacker.total_in() == self.packed);
        let is_whole = self.left == 0 && self.sum.sum() == self.expected && is_used_up;
        if read > 0 || piece.is_empty() || is_whole { Ok(read) } else { Err(torn()) }
    }
}

/// A part that is being packed.
pub(super) struct Packer {
    packer: flate2::write::DeflateEncoder<Vec<u8>>,
    sum: flate2::Crc,
    length: u64,
}

impl Default for Packer {
    fn default() -> Self {
        Self {
            packer: flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default()),
            sum: flate2::Crc::new(),
            length: 0,
        }
    }
}

impl Write for Packer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.packer.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.packer.flush()
    }
}

/// An archive under construction.
#[derive(Default)]
pub(super) struct Writer {
    out: Vec<u8>,
    list: Vec<u8>,
    count: u16,
}

impl Writer {
    /// A part as it was packed.
    pub(super) fn copy(&mut self, entry: &Entry<'_>) -> Result<(), MediaError> {
        let flags = if entry.is_utf_8 { UTF_8 } else { 0 };
        let method = if entry.method == Packed::Deflated { 8 } else { 0 };
        self.part(entry.name, flags, method, entry.sum, entry.length, entry.data)
    }

    /// A part of these bytes, not packed.
    pub(super) fn store(&mut self, entry: &Entry<'_>, bytes: &[u8]) -> Result<(), MediaError> {
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        let flags = if entry.is_utf_8 { UTF_8 } else { 0 };
        self.part(entry.name, flags, 0, sum.sum(), bytes.len() as u32, bytes)
    }

    /// A part as it was packed anew.
    pub(super) fn pack(&mut self, entry: &Entry<'_>, packer: Packer) -> Result<(), MediaError> {
        let length = u32::try_from(packer.length).map_err(|_| damaged("one of its parts is too large"))?;
        let flags = if entry.is_utf_8 { UTF_8 } else { 0 };
        let sum = packer.sum.sum();
        let data = packer.packer.finish().map_err(|_| damaged("one of its parts can't be packed"))?;
        self.part(entry.name, flags, 8, sum, length, &data)
    }

    fn part(
        &mut self,
        name: &[u8],
        flags: u16,
        method: u16,
        sum: u32,
        length: u32,
        data: &[u8],
    ) -> Result<(), MediaError> {
        let place = self.out.len() as u32;
        let mut common = Vec::new();
        for number in [20, flags, method, 0, NO_DATE] {
            common.extend_from_slice(&number.to_le_bytes());
        }
        for number in [sum, data.len() as u32, length] {
            common.extend_from_slice(&number.to_le_bytes());
        }
        common.extend_from_slice(&(name.len() as u16).to_le_bytes());
        self.out.extend_from_slice(&[&PART[..], &common, &[0; 2], name, data].concat());
        self.list.extend_from_slice(&[&LISTED[..], &[20, 0], &common, &[0; 12]].concat());
        self.list.extend_from_slice(&place.to_le_bytes());
        self.list.extend_from_slice(name);
        self.count += 1;
        // Emptied parts are a little larger at times; one that grew past the limit was made for that.
        if self.out.len() > 2 * MAX_BYTES { Err(damaged("it is too large")) } else { Ok(()) }
    }

    /// The whole archive.
    pub(super) fn end(mut self) -> Vec<u8> {
        let place = self.out.len() as u32;
        let size = self.list.len() as u32;
        self.out.append(&mut self.list);
        self.out.extend_from_slice(END);
        self.out.extend_from_slice(&[0; 4]);
        self.out.extend_from_slice(&self.count.to_le_bytes());
        self.out.extend_from_slice(&self.count.to_le_bytes());
        self.out.extend_from_slice(&size.to_le_bytes());
        self.out.extend_from_slice(&place.to_le_bytes());
        self.out.extend_from_slice(&[0; 2]);
        self.out
    }
}

fn cut_short() -> MediaError {
    damaged("it is cut short, or its list of parts is")
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, MediaError> {
    let pair = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(cut_short)?;
    Ok(u16::from_le_bytes(*pair))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, MediaError> {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(cut_short)?;
    Ok(u32::from_le_bytes(*four))
}
