//! Opus and Vorbis: their headers, and how long they say the sound is.

use super::super::{Advice, MediaError, damaged};
use super::{FIRST, Page};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// How many samples at 48 kHz are to be skipped at the start.
    Opus { skipped: u16 },
    /// Samples a second.
    Vorbis { rate: u32 },
}

impl Codec {
    pub(super) fn read(first: &Page) -> Result<Self, MediaError> {
        let number = |at: usize| first.body.get(at..at + 4).and_then(|four| four.first_chunk()).copied();
        let is_one_packet = first.lacing.len() == 1 && first.body.len() < 255;
        match first.body.get(..7) {
            _ if first.flags & FIRST == 0 || !is_one_packet => {
                Err(MediaError::Unsupported { advice: Advice::RareOgg })
            }
            Some(b"OpusHea") if first.body.get(7..9) == Some(b"d\x01") => {
                let skipped = number(10).map(|four| u16::from_le_bytes([four[0], four[1]]));
                Ok(Self::Opus { skipped: skipped.ok_or_else(|| damaged("its header is malformed"))? })
            }
            Some(b"\x01vorbis") => {
                let rate = number(12).map(u32::from_le_bytes);
                Ok(Self::Vorbis { rate: rate.ok_or_else(|| damaged("its header is malformed"))? })
            }
            _ => Err(MediaError::Unsupported { advice: Advice::RareOgg }),
        }
    }

    /// The first packet, which must be as long as its kind is, so that nothing hides behind it.
    pub(super) fn head(self, body: &[u8]) -> Result<&[u8], MediaError> {
        let needed = match (self, body.get(9), body.get(18)) {
            (Self::Opus { .. }, _, Some(0)) => 19,
            (Self::Opus { .. }, Some(channels), Some(_)) => 21 + usize::from(*channels),
            (Self::Vorbis { .. }, _, _) => 30,
            (Self::Opus { .. }, _, _) => 0,
        };
        if body.len() == needed { Ok(body) } else { Err(damaged("its header is malformed")) }
    }

    /// How many header packets follow the first.
    pub(super) fn headers(self) -> usize {
        match self {
            Self::Opus { .. } => 1,
            Self::Vorbis { .. } => 2,
        }
    }

    pub(super) fn empty_comments(self) -> &'static [u8] {
        match self {
            Self::Opus { .. } => b"OpusTags\0\0\0\0\0\0\0\0",
            Self::Vorbis { .. } => b"\x03vorbis\0\0\0\0\0\0\0\0\x01",
        }
    }

    pub(super) fn duration_ms(self, granule: u64) -> Option<u64> {
        let (samples, rate) = match self {
            Self::Opus { skipped } => (granule.saturating_sub(skipped.into()), 48_000),
            Self::Vorbis { rate } => (granule, rate),
        };
        u64::try_from(u128::from(samples) * 1000 / u128::from(rate.max(1))).ok().filter(|_| rate > 0)
    }
}
