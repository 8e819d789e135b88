//! WAV, cut down to the format and the sound.
//!
//! What stays: the format, the number of samples and the samples themselves. Titles, artists, places and times (INFO,
//! bext, iXML, ID3, XMP) are left out by not being named here. The chunks are those of Microsoft's and IBM's
//! "Multimedia Programming Interface and Data Specifications 1.0".

use super::exif::Orientation;
use super::plan::Plan;
use super::source::Reader;
use super::{Advice, Found, MediaError, MediaType, Picture, damaged, tail};

/// Chunks that are kept.
pub(super) const KEPT: [&[u8; 4]; 3] = [b"fmt ", b"fact", b"data"];

/// More parts than any recorder writes.
const MAX_CHUNKS: usize = 1000;

/// How much is looked at of what follows the end.
const MAX_TAIL: usize = 4096;

/// Plans the cleaned file.
pub(super) fn rebuild(reader: &mut Reader<'_>) -> Result<Found, MediaError> {
    let mut at = 12;
    let mut format: Option<Format> = None;
    let mut fact = None;
    let mut sound = None;
    for _ in 0..MAX_CHUNKS {
        let head = reader.up_to(at, 8)?;
        let Some((name, length)) = chunk_head(&head) else { break };
        let start = at + 8;
        if start + length > reader.length() {
            return Err(damaged(format!("it is cut short: no end after {} bytes", reader.length())));
        }
        match name {
            name if !KEPT.contains(&name) => {}
            b"fmt " if format.is_none() => format = Some(Format::read(reader, start, length)?),
            b"fact" if fact.is_none() && length >= 4 => fact = Some(reader.bytes(start, 4)?),
            b"data" => {
                sound = Some((start, length));
                break;
            }
            _ => {}
        }
        at = start + length + length % 2;
    }
    let (Some(format), Some((start, length))) = (format, sound) else {
        return Err(damaged("it ends before the sound starts"));
    };
    let mut body = b"WAVE".to_vec();
    push_chunk(&mut body, b"fmt ", &format.bytes)?;
    if let Some(fact) = fact {
        push_chunk(&mut body, b"fact", &fact)?;
    }
    body.extend_from_slice(b"data");
    body.extend_from_slice(&size(length)?);
    let mut plan = Plan::default();
    plan.bytes(b"RIFF");
    plan.bytes(&size(body.len() as u64 + length + length % 2)?);
    plan.bytes(&body);
    plan.copy(start, length);
    plan.bytes(if length.is_multiple_of(2) { &[] } else { &[0] });
    let end = riff_end(reader)?.max(start + length);
    let after = reader.up_to(end, MAX_TAIL)?;
    Ok(Found {
        notes: tail::note(&after).into_iter().collect(),
        media_type: MediaType::Wav,
        plan,
        width: 0,
        height: 0,
        orientation: Orientation::UPRIGHT,
        duration_ms: (length * 1000).checked_div(format.bytes_a_second),
        picture: Picture::Opaque,
    })
}

/// Where the file says that it ends.
fn riff_end(reader: &mut Reader<'_>) -> Result<u64, MediaError> {
    let size = reader.bytes(4, 4)?;
    Ok(8 + size.first_chunk().map_or(0, |four| u64::from(u32::from_le_bytes(*four))))
}

struct Format {
    bytes: Vec<u8>,
    bytes_a_second: u64,
}

impl Format {
    fn read(reader: &mut Reader<'_>, start: u64, length: u64) -> Result<Self, MediaError> {
        let bytes = reader.bytes(start, length.min(40) as usize)?;
        let [k0, k1, _, _, _, _, _, _, b0, b1, b2, b3, ..] = *bytes.as_slice() else {
            return Err(damaged("its format is malformed"));
        };
        // Samples, samples with fractions, the two telephone codes, ADPCM, and "see further on"; by their kinds, how
        // long the description is. An empty extension may follow the shorter ones.
        let kind = u16::from_le_bytes([k0, k1]);
        let needed = match (kind, length) {
            (1 | 3 | 6 | 7, 16 | 18) => length,
            (1 | 3 | 6 | 7, 17..) => 16,
            (0x11, 20..) => 20,
            (0xFFFE, 40..) => 40,
            _ => return Err(MediaError::Unsupported { advice: Advice::RareWav }),
        };
        let mut bytes = bytes.get(..needed as usize).unwrap_or_default().to_vec();
        if let Some(extension) = bytes.get_mut(16..18).filter(|_| needed == 18) {
            extension.fill(0);
        }
        Ok(Self { bytes, bytes_a_second: u32::from_le_bytes([b0, b1, b2, b3]).into() })
    }
}

fn chunk_head(head: &[u8]) -> Option<(&[u8; 4], u64)> {
    let (name, rest) = head.split_first_chunk()?;
    Some((name, u32::from_le_bytes(*rest.first_chunk()?).into()))
}

fn push_chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) -> Result<(), MediaError> {
    out.extend_from_slice(name);
    out.extend_from_slice(&size(data.len() as u64)?);
    out.extend_from_slice(data);
    Ok(())
}

fn size(length: u64) -> Result<[u8; 4], MediaError> {
    u32::try_from(length).map(u32::to_le_bytes).map_err(|_| damaged("it is longer than it can say"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{MediaError, clean, prepare_bytes};
    use super::*;

    /// A second of silence at 8 kHz, with a title, a broadcaster's notes and a trailer.
    pub(crate) fn sample() -> Vec<u8> {
        let mut body = b"WAVE".to_vec();
        push_chunk(&mut body, b"bext", b"SECRET recorder, at the shed").unwrap();
        let format = [1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0];
        push_chunk(&mut body, b"fmt ", &format).unwrap();
        push_chunk(&mut body, b"LIST", b"INFOIART\x06\0\0\0SECRET").unwrap();
        push_chunk(&mut body, b"data", &[128; 8000]).unwrap();
        push_chunk(&mut body, b"id3 ", b"ID3 SECRET").unwrap();
        [b"RIFF", &size(body.len() as u64).unwrap()[..], &body].concat()
    }

    #[test]
    fn the_sound_stays_and_the_words_go() {
        let cleaned = clean(&sample()).unwrap();
        assert_eq!(cleaned.bytes.len(), 44 + 8000);
        assert!(!cleaned.bytes.windows(6).any(|window| window == b"SECRET"));
        assert_eq!(prepare_bytes(&sample()).unwrap().duration_ms, Some(1000));
        assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
    }

    #[test]
    fn every_cut_is_noticed_and_rare_kinds_are_refused_by_name() {
        let source = sample();
        let end = source.windows(4).position(|window| window == b"id3 ").unwrap();
        for cut in (12..end).step_by(7) {
            assert!(matches!(clean(&source[..cut]), Err(MediaError::Damaged { .. })), "cut at {cut}");
        }
        let mut rare = source.clone();
        let format = source.windows(4).position(|window| window == b"fmt ").unwrap();
        rare[format + 8] = 0x55;
        assert!(matches!(clean(&rare), Err(MediaError::Unsupported { .. })));
    }
}
