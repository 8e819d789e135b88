//! The heads of frames: MPEG audio (ISO/IEC 11172-3, 13818-3 and the 2.5 in use) and ADTS (ISO/IEC 13818-7).

use super::super::MediaError;
use super::super::source::Reader;

/// The most bytes that a head is told from.
pub(super) const HEAD: usize = 10;

/// What a frame's head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Of the whole frame, in bytes.
    pub(super) length: u64,
    pub(super) samples: u32,
    /// Samples a second.
    pub(super) rate: u32,
    /// What all frames of a recording have in common.
    pub(super) kind: [u8; 2],
}

/// Reads a head, if these bytes are one.
pub(super) type Read = fn(&[u8]) -> Option<Head>;

/// Kilobits a second, by the number in the head: layer III of version 1, of the lower versions, and layer II.
const HIGH: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const LOW: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const SECOND: [u32; 15] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];

/// MP3. Frames of a free length are rare, and can't be found by their heads.
pub(super) fn layer_three(bytes: &[u8]) -> Option<Head> {
    mpeg(bytes, 0b01, &HIGH, 576)
}

/// MP2, only to be called by its name.
pub(super) fn layer_two(bytes: &[u8]) -> Option<Head> {
    mpeg(bytes, 0b10, &SECOND, 1152)
}

/// The head of a frame of this layer; `high` are the rates of version 1, `low_samples` how much the lower ones hold.
fn mpeg(bytes: &[u8], layer: u8, high: &[u32; 15], low_samples: u32) -> Option<Head> {
    let &[0xFF, second, third, fourth] = bytes.get(..4)? else { return None };
    let (shift, rates, samples) = match second >> 3 & 0b11 {
        0b11 => (0, high, 1152),
        0b10 => (1, &LOW, low_samples),
        0b00 => (2, &LOW, low_samples),
        _ => return None,
    };
    let rate = *[44_100u32, 48_000, 32_000].get(usize::from(third >> 2 & 0b11))? >> shift;
    let kilobits = *rates.get(usize::from(third >> 4))?;
    let length = samples / 8 * kilobits * 1000 / rate + u32::from(third >> 1 & 1);
    let is_known = second & 0xE0 == 0xE0 && second >> 1 & 0b11 == layer && fourth & 0b11 != 0b10;
    let kind = [second & 0xFE, third & 0x0C];
    (is_known && kilobits > 0).then_some(Head { length: length.into(), samples, rate, kind })
}

/// AAC as it is sent over the air and recorded by some phones.
pub(super) fn adts(bytes: &[u8]) -> Option<Head> {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
    ];
    let &[0xFF, second, third, fourth, fifth, sixth, seventh] = bytes.get(..7)? else { return None };
    let rate = *RATES.get(usize::from(third >> 2 & 15))?;
    let length = u64::from(fourth & 3) << 11 | u64::from(fifth) << 3 | u64::from(sixth >> 5);
    let least = if second & 1 == 0 { 9 } else { 7 };
    let kind = [second & 0xFE, third & 0xFC];
    let samples = 1024 * (u32::from(seventh & 3) + 1);
    (second & 0xF6 == 0xF0 && length > least).then_some(Head { length, samples, rate, kind })
}

/// Whether a frame starts here and another follows it, or the end of the file does.
pub(super) fn follows(reader: &mut Reader<'_>, at: u64, read: Read) -> Result<bool, MediaError> {
    let Some(first) = read(&reader.up_to(at, HEAD)?) else { return Ok(false) };
    let next = at + first.length;
    if next >= reader.length() {
        // Behind a tag, a frame that is cut short is one, too.
        return Ok(next == reader.length() || at > 0);
    }
    Ok(read(&reader.up_to(next, HEAD)?).is_some_and(|next| next.kind == first.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_how_long_its_frame_is() {
        let three = layer_three(&[0xFF, 0xFB, 0x90, 0x64]).unwrap();
        assert_eq!((three.length, three.samples, three.rate), (417, 1152, 44_100));
        let low = layer_three(&[0xFF, 0xF3, 0x40, 0xC4]).unwrap();
        assert_eq!((low.length, low.samples, low.rate), (104, 576, 22_050));
        let lowest = layer_three(&[0xFF, 0xE3, 0x18, 0xC4]).unwrap();
        assert_eq!((lowest.length, lowest.rate), (72, 8_000));
        assert_eq!(layer_two(&[0xFF, 0xFD, 0xA4, 0x04]).map(|head| head.length), Some(576));
        let aac = adts(&[0xFF, 0xF1, 0x50, 0x40, 0x21, 0x3F, 0xFC]).unwrap();
        assert_eq!((aac.length, aac.samples, aac.rate), (265, 1024, 44_100));
        for other in [&b"\xFF\xFE\x41\x00"[..], b"\xFF\xFB\xF0\x64", b"\xFF\xFB\x00\x64", b"\xFF\xD8\xFF\xE0"]
        {
            assert_eq!((layer_three(other), layer_two(other), adts(other)), (None, None, None), "{other:?}");
        }
    }
}
