//! The cleaned file as a plan: which bytes are new, which are copied from the file at hand, and where there are zeros.
//!
//! A film is copied from its source piece by piece, so one of any length passes through a small buffer.

use std::io::{Read, SeekFrom, Write};

use super::source::{Source, unreadable};
use super::{MediaError, damaged};

const BUFFER: usize = 64 << 10;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Bytes(Vec<u8>),
    Copy { from: u64, length: u64 },
    Zeros(u64),
}

/// A file, described from its first byte to its last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Plan {
    segments: Vec<Segment>,
    size: u64,
}

impl Plan {
    /// A file that is all in memory.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self { size: bytes.len() as u64, segments: vec![Segment::Bytes(bytes)] }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The bytes of a file that is all in memory; of any other, what it begins with.
    pub(super) fn in_memory(&self) -> &[u8] {
        match self.segments.first() {
            Some(Segment::Bytes(bytes)) => bytes,
            Some(Segment::Copy { .. } | Segment::Zeros(_)) | None => &[],
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if let Some(Segment::Bytes(last)) = self.segments.last_mut() {
            last.extend_from_slice(bytes);
        } else if !bytes.is_empty() {
            self.segments.push(Segment::Bytes(bytes.to_vec()));
        }
    }

    /// A stretch of the source. What follows on from the last stretch becomes one with it.
    pub(super) fn copy(&mut self, from: u64, length: u64) {
        self.size += length;
        match self.segments.last_mut() {
            Some(Segment::Copy { from: start, length: known }) if *start + *known == from => *known += length,
            _ if length > 0 => self.segments.push(Segment::Copy { from, length }),
            _ => {}
        }
    }

    pub(super) fn zeros(&mut self, length: u64) {
        self.size += length;
        match self.segments.last_mut() {
            Some(Segment::Zeros(known)) => *known += length,
            _ if length > 0 => self.segments.push(Segment::Zeros(length)),
            _ => {}
        }
    }

    /// Writes the file. An error leaves the sink with a part of it.
    pub(super) fn write(&self, source: &mut dyn Source, sink: &mut dyn Write) -> Result<(), MediaError> {
        let unwritable = |error: std::io::Error| MediaError::Unwritable { reason: error.to_string() };
        let mut buffer = vec![0; BUFFER];
        for segment in &self.segments {
            match segment {
                Segment::Bytes(bytes) => sink.write_all(bytes).map_err(unwritable)?,
                Segment::Copy { from, length } => {
                    source.seek(SeekFrom::Start(*from)).map_err(unreadable)?;
                    let mut left = *length;
                    while left > 0 {
                        let part = part_of(&mut buffer, left);
                        let read = source.read(part).map_err(unreadable)?;
                        if read == 0 {
                            return Err(damaged("it became shorter while it was read"));
                        }
                        sink.write_all(part.get(..read).unwrap_or_default()).map_err(unwritable)?;
                        left -= read as u64;
                    }
                }
                Segment::Zeros(length) => {
                    std::io::copy(&mut std::io::repeat(0).take(*length), sink).map_err(unwritable)?;
                }
            }
        }
        sink.flush().map_err(unwritable)
    }
}

fn part_of(buffer: &mut [u8], left: u64) -> &mut [u8] {
    let length = left.min(buffer.len() as u64) as usize;
    buffer.split_at_mut(length).0
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_file_is_put_together_from_new_bytes_old_ones_and_nothing() {
        let mut plan = Plan::default();
        plan.bytes(b"new ");
        plan.bytes(b"");
        plan.copy(2, 2);
        plan.copy(4, 1);
        plan.zeros(2);
        plan.zeros(1);
        plan.copy(0, 0);
        assert_eq!(plan.segments.len(), 3, "{plan:?}");
        let mut out = Vec::new();
        plan.write(&mut Cursor::new(b"abcdefg"), &mut out).unwrap();
        assert_eq!(out, b"new cde\0\0\0");
        assert_eq!(plan.size(), out.len() as u64);
    }

    #[test]
    fn a_source_that_shrank_is_noticed() {
        let mut plan = Plan::default();
        plan.copy(0, 70_000);
        let error = plan.write(&mut Cursor::new(vec![1; 69_999]), &mut Vec::new()).unwrap_err();
        assert!(matches!(error, MediaError::Damaged { .. }), "{error}");
    }

    #[test]
    fn a_full_disk_is_told_from_a_damaged_file() {
        let error = Plan::of(vec![1; 9]).write(&mut Cursor::new(b""), &mut &mut [0u8; 4][..]).unwrap_err();
        assert!(matches!(error, MediaError::Unwritable { .. }), "{error}");
    }
}
