//! Where a file is read from: a disk, a file a browser was handed, or memory.
//!
//! A reader knows how long its file is before it reads, so no length that stands in a file is believed: a read
//! beyond the end is damage, found before anything is allocated.

use std::io::{Read, Seek, SeekFrom};

use super::{MediaError, damaged};

/// What can be read from any place.
pub trait Source: Read + Seek {}

impl<T: Read + Seek + ?Sized> Source for T {}

/// A source and its length.
pub(super) struct Reader<'a> {
    source: &'a mut dyn Source,
    length: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a mut dyn Source) -> Result<Self, MediaError> {
        let length = source.seek(SeekFrom::End(0)).map_err(unreadable)?;
        Ok(Self { source, length })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// These bytes. Callers bound `length`; a place beyond the end is damage.
    pub(super) fn bytes(&mut self, at: u64, length: usize) -> Result<Vec<u8>, MediaError> {
        if at.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(damaged(format!("it is cut short: no end after {} bytes", self.length)));
        }
        let mut bytes = vec![0; length];
        self.source.seek(SeekFrom::Start(at)).map_err(unreadable)?;
        self.source.read_exact(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// These bytes, or as many of them as there are.
    pub(super) fn up_to(&mut self, at: u64, length: usize) -> Result<Vec<u8>, MediaError> {
        let there = self.length.saturating_sub(at).min(length as u64);
        self.bytes(at.min(self.length), there as usize)
    }

    /// The whole file, of which the caller knows that it is no larger than memory allows.
    pub(super) fn whole(&mut self) -> Result<Vec<u8>, MediaError> {
        let length = usize::try_from(self.length)
            .map_err(|_| MediaError::TooLarge { bytes: self.length, limit: usize::MAX as u64 })?;
        self.bytes(0, length)
    }
}

pub(super) fn unreadable(error: std::io::Error) -> MediaError {
    MediaError::Unreadable { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_length_in_a_file_is_not_believed() {
        let mut file = Cursor::new(b"leaf");
        let mut reader = Reader::new(&mut file).unwrap();
        assert_eq!(reader.bytes(1, 3).unwrap(), b"eaf");
        assert!(matches!(reader.bytes(1, 4), Err(MediaError::Damaged { .. })));
        assert!(matches!(reader.bytes(u64::MAX, usize::MAX), Err(MediaError::Damaged { .. })));
        assert_eq!(reader.up_to(2, 9).unwrap(), b"af");
        assert_eq!(reader.up_to(9, 9).unwrap(), b"");
    }

    #[test]
    fn a_card_that_fails_is_told_from_a_file_that_is_damaged() {
        struct Torn;
        impl Read for Torn {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("the card was taken out"))
            }
        }
        impl Seek for Torn {
            fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
                Ok(4)
            }
        }
        let error = Reader::new(&mut Torn).unwrap().whole().unwrap_err();
        assert!(matches!(error, MediaError::Unreadable { .. }));
        assert!(error.to_string().contains("the card was taken out"), "{error}");
    }
}
