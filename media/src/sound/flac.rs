//! FLAC (RFC 9639): how the sound is stored, where to seek, and frames that are summed up to their last byte.

use super::super::plan::Plan;
use super::super::source::Reader;
use super::super::{Found, MediaError, MediaType, damaged};
use super::{WINDOW, Window, found, millis};

pub(crate) const MARK: &[u8] = b"fLaC";

/// What is kept before the frames, by the names of RFC 9639.
pub(crate) const KEPT: [&str; 2] = ["STREAMINFO", "SEEKTABLE"];

const STREAMINFO: u8 = 0;
const SEEKTABLE: u8 = 3;

/// More blocks before the sound than any program writes.
const MAX_BLOCKS: usize = 1000;

/// The longest head of a frame.
const HEAD: usize = 16;

/// Plans the cleaned file.
pub(super) fn rebuild(reader: &mut Reader<'_>) -> Result<Found, MediaError> {
    let mut at = super::after_tags(reader)? + MARK.len() as u64;
    let mut kept: Vec<(u8, Vec<u8>)> = Vec::new();
    for count in 0.. {
        let head = reader.bytes(at, 4)?;
        let &[kind, high, middle, low] = head.as_slice() else { return Err(malformed()) };
        let length = u64::from(u32::from_be_bytes([0, high, middle, low]));
        at += 4;
        let (is_last, kind) = (kind & 0x80 != 0, kind & 0x7F);
        match (count, kind, length) {
            (0, STREAMINFO, 34) => kept.push((kind, reader.bytes(at, 34)?)),
            (0, ..) | (MAX_BLOCKS.., ..) | (_, STREAMINFO | 127, _) => return Err(malformed()),
            (_, SEEKTABLE, _) if length % 18 == 0 && kept.len() == 1 => {
                kept.push((kind, reader.bytes(at, length as usize)?));
            }
            _ => {}
        }
        at += length;
        if is_last {
            break;
        }
    }
    let info = kept.first().map(|(_, info)| Info::read(info)).ok_or_else(malformed)?;
    let end = without_tags(reader)?;
    let samples = Frames { window: Window::new(reader), end }.walk(at)?;
    if info.samples != 0 && info.samples != samples {
        return Err(damaged(format!("it is cut short: {samples} of {} samples", info.samples)));
    }
    let mut plan = Plan::default();
    plan.bytes(MARK);
    for (number, (kind, block)) in kept.iter().enumerate() {
        let last = if number + 1 == kept.len() { 0x80 } else { 0 };
        let [_, high, middle, low] = (block.len() as u32).to_be_bytes();
        plan.bytes(&[kind | last, high, middle, low]);
        plan.bytes(block);
    }
    plan.copy(at, end - at);
    Ok(found(MediaType::Flac, plan, millis(samples, info.rate), Vec::new()))
}

struct Info {
    rate: u32,
    /// None told: 0.
    samples: u64,
}

impl Info {
    fn read(info: &[u8]) -> Self {
        let packed = info
            .get(10..18)
            .and_then(|eight| eight.first_chunk())
            .map_or(0, |eight| u64::from_be_bytes(*eight));
        Self { rate: (packed >> 44) as u32, samples: packed & 0xF_FFFF_FFFF }
    }
}

/// Where the tag begins that some programs put at the end of any sound; else the end of the file.
fn without_tags(reader: &mut Reader<'_>) -> Result<u64, MediaError> {
    let mut end = reader.length();
    if end > 128 && reader.bytes(end - 128, 3)? == b"TAG" {
        end -= 128;
    }
    let footer = reader.up_to(end.saturating_sub(32), 32)?;
    if let (Some(b"APETAGEX"), Some(size)) =
        (footer.get(..8), footer.get(12..16).and_then(|four| four.first_chunk()))
    {
        let head = if footer.get(23).is_some_and(|flags| flags & 0x80 != 0) { 32 } else { 0 };
        end = end.saturating_sub(u64::from(u32::from_le_bytes(*size)) + head);
    }
    Ok(end)
}

struct Frames<'r, 'a> {
    window: Window<'r, 'a>,
    end: u64,
}

impl Frames<'_, '_> {
    /// Walks all frames from here on and answers how many samples they hold. A frame ends where its sum comes out
    /// and the next begins.
    fn walk(&mut self, start: u64) -> Result<u64, MediaError> {
        let mut at = start;
        let mut samples = u64::from(self.head(at)?.ok_or_else(malformed)?);
        let mut sum = 0u16;
        while at < self.end {
            let length = (self.end - at).min(WINDOW as u64) as usize;
            let bytes = self.window.peek(at, length)?.to_vec();
            for (index, byte) in bytes.iter().enumerate() {
                let here = at + index as u64;
                if sum == 0 && *byte == 0xFF && here > start {
                    samples += self.head(here)?.map_or(0, u64::from);
                }
                sum = sum << 8 ^ SUMS[usize::from((sum >> 8) as u8 ^ byte)];
            }
            at += bytes.len() as u64;
        }
        if sum != 0 || at == start {
            return Err(damaged("a frame of it is cut short or broken"));
        }
        Ok(samples)
    }

    /// How many samples the frame holds that starts here, if one does.
    fn head(&mut self, at: u64) -> Result<Option<u32>, MediaError> {
        let window = &self.window;
        let inside = at.checked_sub(window.start).and_then(|from| window.bytes.get(from as usize..));
        // Mostly it is at hand; else it is read for itself, so that the window stays where it is.
        match inside.filter(|rest| rest.len() >= HEAD) {
            Some(rest) => Ok(samples_of(rest)),
            None => Ok(samples_of(&self.window.reader.up_to(at, HEAD)?)),
        }
    }
}

/// The samples in a frame with this head (RFC 9639 section 9.1), whose own sum must come out.
fn samples_of(head: &[u8]) -> Option<u32> {
    let &[0xFF, 0xF8 | 0xF9, sizes, layout, first] = head.get(..5)? else { return None };
    let number = match first.leading_ones() {
        0 => 1,
        length @ 2..=7 => length as usize,
        _ => return None,
    };
    let at = 4 + number;
    let (samples, more) = match sizes >> 4 {
        0 => return None,
        1 => (192, 0),
        size @ 2..=5 => (576 << (size - 2), 0),
        6 => (u32::from(*head.get(at)?) + 1, 1),
        7 => (u32::from(u16::from_be_bytes(*head.get(at..)?.first_chunk()?)) + 1, 2),
        size => (256 << (size - 8), 0),
    };
    let rate = match sizes & 15 {
        12 => 1,
        13 | 14 => 2,
        15 => return None,
        _ => 0,
    };
    let end = at + more + rate;
    let is_right = head.get(..=end)?.iter().fold(0u8, |sum, byte| HEAD_SUMS[usize::from(sum ^ byte)]) == 0;
    (is_right && layout & 1 == 0 && layout >> 4 < 11).then_some(samples)
}

/// CRC-16 with the polynomial 0x8005, over a whole frame.
const SUMS: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum >> 15 == 1 { sum << 1 ^ 0x8005 } else { sum << 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

/// CRC-8 with the polynomial 0x07, over a frame's head.
const HEAD_SUMS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u8;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum >> 7 == 1 { sum << 1 ^ 0x07 } else { sum << 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

fn malformed() -> MediaError {
    damaged("its description is malformed")
}

/// Writes the sums that make a frame right.
#[cfg(test)]
pub(super) fn summed(head: &[u8], body: &[u8]) -> Vec<u8> {
    let check = head.iter().fold(0u8, |sum, byte| HEAD_SUMS[usize::from(sum ^ byte)]);
    let mut frame = [head, &[check], body].concat();
    let sum = frame.iter().fold(0u16, |sum, byte| sum << 8 ^ SUMS[usize::from((sum >> 8) as u8 ^ byte)]);
    frame.extend_from_slice(&sum.to_be_bytes());
    frame
}
