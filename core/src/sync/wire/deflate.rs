//! Frames that travel deflated: what a phone with one bar of signal waits for is mostly a pack of sheets.
//!
//! Such a frame begins with a byte that no CBOR begins with, then the inflated size as four bytes, big-endian, then raw
//! DEFLATE. The size is checked before anything is inflated, and nothing beyond it is.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::BadFrame;

/// "break" in CBOR: never the first byte of anything.
const DEFLATED: u8 = 0xff;
/// Smaller frames are sent as they are.
const WORTH_IT: usize = 512;

/// Deflates a frame, if that makes it smaller.
pub(super) fn deflate(frame: Vec<u8>) -> Vec<u8> {
    let Ok(size) = u32::try_from(frame.len()) else { return frame };
    if frame.len() < WORTH_IT {
        return frame;
    }
    let mut head = vec![DEFLATED];
    head.extend(size.to_be_bytes());
    let mut encoder = DeflateEncoder::new(head, Compression::new(LEVEL));
    let deflated = encoder.write_all(&frame).and_then(|()| encoder.finish());
    match deflated {
        Ok(deflated) if deflated.len() < frame.len() => deflated,
        _ => frame,
    }
}

/// A quarter of the time of the usual level, for a tenth more bytes.
const LEVEL: u32 = 3;

/// A frame as it was before it was deflated, of at most `limit` bytes; `None` for one that was not.
pub(super) fn inflate(bytes: &[u8], limit: usize) -> Result<Option<Vec<u8>>, BadFrame> {
    let Some((&DEFLATED, rest)) = bytes.split_first() else { return Ok(None) };
    let unreadable = || BadFrame::Unreadable("it can't be inflated".into());
    let (size, body) = rest.split_first_chunk::<4>().ok_or_else(unreadable)?;
    let size = usize::try_from(u32::from_be_bytes(*size)).map_err(|_| unreadable())?;
    if size > limit {
        return Err(BadFrame::TooLarge { size, limit });
    }
    let mut inflated = Vec::new();
    let read = DeflateDecoder::new(body).take(size as u64 + 1).read_to_end(&mut inflated);
    match read {
        Ok(_) if inflated.len() == size => Ok(Some(inflated)),
        _ => Err(unreadable()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was() {
        let long: Vec<u8> = (0..100_000u32).map(|n| (n / 100) as u8).collect();
        let small = deflate(long.clone());
        assert!(small.len() < 5_000);
        assert_eq!(inflate(&small, 100_000).unwrap(), Some(long));
        assert_eq!(deflate(vec![1; 100]), vec![1; 100]);
        assert_eq!(inflate(&[1; 100], 100).unwrap(), None);
    }

    #[test]
    fn what_lies_about_its_size_is_refused_and_never_inflated_beyond_it() {
        let bomb = deflate(vec![0; 4_000_000]);
        assert!(matches!(inflate(&bomb, 1_000_000), Err(BadFrame::TooLarge { size: 4_000_000, .. })));
        let mut less = bomb.clone();
        less[1..5].copy_from_slice(&1_000u32.to_be_bytes());
        assert!(inflate(&less, 1_000_000).is_err());
        let mut more = bomb.clone();
        more[1..5].copy_from_slice(&4_000_001u32.to_be_bytes());
        assert!(inflate(&more, 5_000_000).is_err());
        for cut in [0, 1, 4, 5, bomb.len() / 2] {
            assert!(!matches!(inflate(&bomb[..cut], 5_000_000), Ok(Some(_))), "cut at {cut}");
        }
    }
}
