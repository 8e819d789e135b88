//! GIF, rebuilt from the blocks a viewer needs.
//!
//! What stays: the screen, the palettes, every frame with its timing, and how often an animation repeats. Comments,
//! plain texts, the blocks of applications (XMP is one) and whatever follows the end are left out by not being named
//! here. The blocks are those of the GIF89a specification.

use super::exif::Orientation;
use super::{MediaError, Note, Rebuilt, check_moving, check_size, damaged, tail};

const EXTENSION: u8 = 0x21;
const CONTROL: u8 = 0xF9;
const APPLICATION: u8 = 0xFF;
const IMAGE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;

/// What is kept, by the specification's names.
pub(super) const KEPT: [&str; 6] =
    ["header", "screen", "palettes", "NETSCAPE2.0", "graphic control", "image"];

/// More frames than any animation has.
const MAX_FRAMES: usize = 10_000;

/// Builds the cleaned file.
pub(super) fn rebuild(bytes: &[u8]) -> Result<Rebuilt, MediaError> {
    let mut reader = Reader(bytes);
    let mut out = Vec::with_capacity(bytes.len());
    let signature = reader.take(6)?;
    if !matches!(signature, b"GIF87a" | b"GIF89a") {
        return Err(damaged("its version is unknown"));
    }
    out.extend_from_slice(signature);
    let screen = reader.take(7)?;
    let &[w0, w1, h0, h1, flags, ..] = screen else { return Err(cut_short()) };
    let (width, height) = (u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into());
    check_size(width, height)?;
    out.extend_from_slice(screen);
    out.extend_from_slice(reader.palette(flags)?);
    let mut frames = 0;
    let mut repeats = false;
    let mut control = None;
    let mut has_end = true;
    loop {
        // Some writers forget the end mark; but a file may as well be cut short between two frames.
        if reader.0.is_empty() && frames > 0 && control.is_none() {
            has_end = false;
            break;
        }
        match reader.byte()? {
            EXTENSION => match reader.byte()? {
                CONTROL => control = Some(reader.control()?),
                APPLICATION => {
                    if let (Some(looping), false) = (reader.application()?, repeats) {
                        out.extend_from_slice(&looping);
                        repeats = true;
                    }
                }
                label => {
                    reader.blocks()?;
                    // A plain text uses up the control before it; other extensions stand apart.
                    if label == 0x01 {
                        control = None;
                    }
                }
            },
            IMAGE => {
                if let Some(control) = control.take() {
                    out.extend_from_slice(&[EXTENSION, CONTROL, 4]);
                    out.extend_from_slice(control);
                    out.push(0);
                }
                out.push(IMAGE);
                let place = reader.take(9)?;
                out.extend_from_slice(place);
                out.extend_from_slice(reader.palette(place.last().copied().unwrap_or(0))?);
                out.push(reader.byte()?);
                out.extend_from_slice(reader.blocks()?);
                frames += 1;
                if frames == 2 {
                    check_moving(width, height)?;
                }
                if frames > MAX_FRAMES {
                    return Err(damaged("it has too many frames"));
                }
            }
            TRAILER => break,
            // Some writers pad between blocks.
            0 => {}
            other => return Err(damaged(format!("it has an unknown part {other:02x}"))),
        }
    }
    if frames == 0 {
        return Err(damaged("it ends before the picture starts"));
    }
    out.push(TRAILER);
    let note = if has_end { tail::note(reader.0) } else { Some(Note::NoEnd) };
    let notes = note.into_iter().collect();
    Ok(Rebuilt { bytes: out, width, height, orientation: Orientation::UPRIGHT, notes })
}

fn cut_short() -> MediaError {
    damaged("it is cut short")
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], MediaError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, MediaError> {
        self.take(1)?.first().copied().ok_or_else(cut_short)
    }

    /// The colours that follow, if the flags say that there are any.
    fn palette(&mut self, flags: u8) -> Result<&'a [u8], MediaError> {
        let colours = if flags & 0x80 == 0 { 0 } else { 2 << (flags & 7) };
        self.take(3 * colours)
    }

    /// A chain of blocks with the empty one that ends it.
    fn blocks(&mut self) -> Result<&'a [u8], MediaError> {
        let chain = self.0;
        loop {
            let length = self.byte()?;
            if length == 0 {
                return chain.get(..chain.len() - self.0.len()).ok_or_else(cut_short);
            }
            self.take(length.into())?;
        }
    }

    fn control(&mut self) -> Result<&'a [u8], MediaError> {
        match self.blocks()? {
            [4, control @ .., 0] if control.len() == 4 => Ok(control),
            _ => Err(damaged("the timing of a frame is malformed")),
        }
    }

    /// The block that says how often the animation repeats, written afresh; nothing for any other application's.
    fn application(&mut self) -> Result<Option<Vec<u8>>, MediaError> {
        let &[11, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, 3, 1, low, high, ..] = self.blocks()? else {
            return Ok(None);
        };
        let name = [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10];
        if !matches!(&name, b"NETSCAPE2.0" | b"ANIMEXTS1.0") {
            return Ok(None);
        }
        Ok(Some([&[EXTENSION, APPLICATION, 11], &name[..], &[3, 1, low, high, 0]].concat()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two frames that repeat, with a comment, a plain text, XMP and a trailer.
    pub(crate) fn sample() -> Vec<u8> {
        let palette: Vec<u8> = (0..16u8).flat_map(|n| [n * 16, 255 - n * 16, 40]).collect();
        let mut bytes = Vec::new();
        let mut encoder = ::gif::Encoder::new(&mut bytes, 8, 6, &palette).unwrap();
        encoder.set_repeat(::gif::Repeat::Infinite).unwrap();
        encoder.write_raw_extension(::gif::AnyExtension(0xFE), &[b"SECRET comment"]).unwrap();
        encoder.write_raw_extension(::gif::AnyExtension(0xFF), &[b"XMP DataXMP", b"SECRET place"]).unwrap();
        for shade in [1, 9] {
            let mut frame = ::gif::Frame::from_indexed_pixels(8, 6, vec![shade; 48], None);
            frame.delay = 20;
            encoder.write_frame(&frame).unwrap();
        }
        drop(encoder);
        let end = bytes.len() - 1;
        bytes.splice(end..end, *b"\x21\x01\x0C0123456789ab\x06SECRET\0");
        bytes.extend_from_slice(b"SECRET trailer");
        bytes
    }

    fn has(bytes: &[u8], needle: &[u8]) -> bool {
        bytes.windows(needle.len()).any(|window| window == needle)
    }

    #[test]
    fn frames_and_their_looping_stay_and_words_go() {
        let rebuilt = rebuild(&sample()).unwrap();
        assert!(!has(&rebuilt.bytes, b"SECRET") && !has(&rebuilt.bytes, b"XMP"));
        assert!(has(&rebuilt.bytes, b"NETSCAPE2.0"));
        let mut decoder = ::gif::Decoder::new(&rebuilt.bytes[..]).unwrap();
        let mut delays = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            delays.push(frame.delay);
        }
        assert_eq!(delays, [20, 20]);
        assert_eq!(rebuild(&rebuilt.bytes).unwrap().bytes, rebuilt.bytes);
    }

    #[test]
    fn an_animation_too_large_to_be_played_is_refused() {
        let mut large = sample();
        large[6..10].copy_from_slice(&[0, 0x10, 0, 0x10]);
        assert!(rebuild(&large).is_ok());
        large[6] = 1;
        let error = rebuild(&large).unwrap_err();
        assert!(error.to_string().contains("MP4"), "{error}");
    }

    #[test]
    fn an_end_mark_that_is_missing_is_written() {
        let whole = rebuild(&sample()).unwrap();
        assert_eq!(whole.notes, [Note::Tail]);
        let cut = rebuild(&whole.bytes[..whole.bytes.len() - 1]).unwrap();
        assert_eq!((cut.bytes, cut.notes), (whole.bytes, vec![Note::NoEnd]));
    }

    #[test]
    fn every_cut_is_noticed() {
        let source = sample();
        for end in 6..source.len() - b"SECRET trailer".len() {
            match rebuild(&source[..end]) {
                Err(MediaError::Damaged { .. }) => {}
                Ok(cut) => assert_eq!(cut.notes, [Note::NoEnd], "cut at {end}"),
                Err(error) => panic!("cut at {end}: {error}"),
            }
        }
    }
}
