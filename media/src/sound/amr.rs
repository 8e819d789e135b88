//! Voice notes in AMR, narrow and wide (RFC 4867 section 5): a mark, then frames of a few lengths, 20 ms each.

use super::super::plan::Plan;
use super::super::source::Reader;
use super::super::{Advice, Found, MediaError, MediaType, Note, damaged};
use super::{Window, found};

pub(crate) const NARROW: &[u8] = b"#!AMR\n";
pub(crate) const WIDE: &[u8] = b"#!AMR-WB\n";

/// How long a frame is, with its head, by the number in the head; 0 for numbers that mean nothing.
const NARROW_LENGTHS: [u64; 16] = [13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1];
const WIDE_LENGTHS: [u64; 16] = [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1];

/// Plans the cleaned file: the mark and all frames.
pub(super) fn rebuild(reader: &mut Reader<'_>, media_type: MediaType) -> Result<Found, MediaError> {
    let (mark, lengths) = match media_type {
        MediaType::AmrWide => (WIDE, WIDE_LENGTHS),
        _ => (NARROW, NARROW_LENGTHS),
    };
    let length = reader.length();
    let mut window = Window::new(reader);
    let mut at = mark.len() as u64;
    let mut frames = 0;
    let mut is_cut = false;
    while at < length {
        let head = window.peek(at, 1)?.first().copied().unwrap_or(0xFF);
        let frame = lengths.get(usize::from(head >> 3 & 15)).copied().unwrap_or(0);
        if head & 0x83 != 0 || frame == 0 {
            // Behind the mark stands something else from the start: this is not how phones record.
            return Err(match frames {
                0 => MediaError::Unsupported { advice: Advice::RareSound },
                _ => damaged(format!("a frame should start at byte {at}")),
            });
        }
        is_cut = at + frame > length;
        if is_cut {
            break;
        }
        at += frame;
        frames += 1;
    }
    if frames == 0 {
        return Err(damaged("it ends before the sound starts"));
    }
    let mut plan = Plan::default();
    plan.copy(0, at);
    Ok(found(media_type, plan, frames * 20, if is_cut { vec![Note::Tail] } else { Vec::new() }))
}
