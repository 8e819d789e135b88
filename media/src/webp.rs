//! WebP, rebuilt from the chunks a decoder needs.
//!
//! What stays: the picture or the frames of the animation, transparency, the colour profile cut down to colour, and
//! a fresh orientation. EXIF, XMP, unknown chunks and whatever follows the end are left out by not being named here.
//! The chunks are those of the WebP container specification (RFC 9649).

use super::exif::Orientation;
use super::{MediaError, Rebuilt, check_moving, check_size, damaged, icc, tail};

/// More frames than any animation has.
const MAX_FRAMES: usize = 10_000;

/// Chunks that are looked at; the profile and EXIF are written afresh.
pub(super) const KEPT: [&[u8; 4]; 8] =
    [b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"EXIF"];

const HAS_PROFILE: u8 = 0x20;
const HAS_ALPHA: u8 = 0x10;
const HAS_EXIF: u8 = 0x08;
const IS_ANIMATED: u8 = 0x02;

/// Builds the cleaned file.
pub(super) fn rebuild(bytes: &[u8]) -> Result<Rebuilt, MediaError> {
    let end = riff_end(bytes)?;
    let mut rebuilt = chunks(bytes.get(12..end).ok_or_else(cut_short)?)?;
    rebuilt.notes.extend(tail::note(bytes.get(end..).unwrap_or_default()));
    Ok(rebuilt)
}

fn chunks(body: &[u8]) -> Result<Rebuilt, MediaError> {
    let mut chunks = Chunks(body);
    let first = chunks.next()?.ok_or_else(|| damaged("it has no picture"))?;
    match first.name {
        b"VP8 " | b"VP8L" => {
            let (width, height) = picture_size(&first)?;
            let mut out = Vec::with_capacity(body.len());
            push_chunk(&mut out, first.name, first.data);
            Ok(Rebuilt {
                bytes: riff(&out),
                width,
                height,
                orientation: Orientation::UPRIGHT,
                notes: Vec::new(),
            })
        }
        b"VP8X" => extended(first.data, chunks),
        _ => Err(damaged("it doesn't start with a picture")),
    }
}

/// The end of the RIFF chunk; what lies beyond is not of the picture.
fn riff_end(bytes: &[u8]) -> Result<usize, MediaError> {
    let size = bytes.get(4..8).and_then(|four| four.first_chunk()).map(|four| u32::from_le_bytes(*four));
    let end = size.and_then(|size| usize::try_from(size).ok()?.checked_add(8)).ok_or_else(cut_short)?;
    if end > bytes.len() {
        return Err(cut_short());
    }
    Ok(end)
}

fn extended(header: &[u8], mut chunks: Chunks<'_>) -> Result<Rebuilt, MediaError> {
    let &[mut flags, _, _, _, w0, w1, w2, h0, h1, h2] = header else {
        return Err(damaged("its header is malformed"));
    };
    let (width, height) = (1 + little([w0, w1, w2]), 1 + little([h0, h1, h2]));
    check_size(width, height)?;
    let animated = flags & IS_ANIMATED != 0;
    if animated {
        check_moving(width, height)?;
    }
    let mut body = Vec::new();
    let mut profile = None;
    let mut orientation = Orientation::UPRIGHT;
    let mut alpha = None;
    let mut frames = 0;
    let mut is_prepared = false;
    while let Some(chunk) = chunks.next()? {
        match chunk.name {
            name if !KEPT.contains(&name) => {}
            b"ICCP" if profile.is_none() && frames == 0 => profile = icc::slim(chunk.data),
            b"EXIF" => {
                let tiff = chunk.data.strip_prefix(b"Exif\0\0").unwrap_or(chunk.data);
                orientation = Orientation::read(tiff);
            }
            b"ANIM" if animated && !is_prepared && chunk.data.len() == 6 => {
                push_chunk(&mut body, b"ANIM", chunk.data);
                is_prepared = true;
            }
            b"ANMF" if animated && is_prepared => {
                push_chunk(&mut body, b"ANMF", &frame(chunk.data, width, height)?);
                frames += 1;
            }
            b"ALPH" if !animated && alpha.is_none() && frames == 0 => alpha = Some(chunk.data),
            b"VP8 " | b"VP8L" if !animated && frames == 0 => {
                if picture_size(&chunk)? != (width, height) {
                    return Err(damaged("its picture is not as large as its header says"));
                }
                match (chunk.name, alpha) {
                    (b"VP8 ", Some(alpha)) => push_chunk(&mut body, b"ALPH", alpha),
                    (b"VP8 ", None) => flags &= !HAS_ALPHA,
                    _ => {}
                }
                push_chunk(&mut body, chunk.name, chunk.data);
                frames += 1;
            }
            _ => {}
        }
        if frames > MAX_FRAMES {
            return Err(damaged("it has too many frames"));
        }
    }
    if frames == 0 {
        return Err(damaged("it ends before the picture starts"));
    }
    let mut kept = flags & (HAS_ALPHA | IS_ANIMATED);
    kept |= if profile.is_some() { HAS_PROFILE } else { 0 };
    kept |= if orientation == Orientation::UPRIGHT { 0 } else { HAS_EXIF };
    let mut out = Vec::with_capacity(body.len() + 64);
    push_chunk(&mut out, b"VP8X", &[kept, 0, 0, 0, w0, w1, w2, h0, h1, h2]);
    if let Some(profile) = profile {
        push_chunk(&mut out, b"ICCP", &profile);
    }
    out.append(&mut body);
    if orientation != Orientation::UPRIGHT {
        push_chunk(&mut out, b"EXIF", &orientation.tiff());
    }
    Ok(Rebuilt { bytes: riff(&out), width, height, orientation, notes: Vec::new() })
}

/// One frame of an animation: its place and time, then its transparency and picture.
fn frame(data: &[u8], canvas_width: u32, canvas_height: u32) -> Result<Vec<u8>, MediaError> {
    let (place, parts) = data.split_at_checked(16).ok_or_else(cut_short)?;
    let number = |at: usize| place.get(at..at + 3).map_or(0, |three| little([three[0], three[1], three[2]]));
    let (x, y, width, height) = (number(0) * 2, number(3) * 2, number(6) + 1, number(9) + 1);
    if x + width > canvas_width || y + height > canvas_height {
        return Err(damaged("a frame lies outside the picture"));
    }
    let mut out = place.to_vec();
    if let Some(flags) = out.last_mut() {
        *flags &= 0b11;
    }
    let mut chunks = Chunks(parts);
    let mut alpha = None;
    while let Some(chunk) = chunks.next()? {
        match chunk.name {
            b"ALPH" if alpha.is_none() => alpha = Some(chunk.data),
            b"VP8 " | b"VP8L" => {
                if picture_size(&chunk)? != (width, height) {
                    return Err(damaged("a frame is not as large as it says"));
                }
                if let (b"VP8 ", Some(alpha)) = (chunk.name, alpha) {
                    push_chunk(&mut out, b"ALPH", alpha);
                }
                push_chunk(&mut out, chunk.name, chunk.data);
                return Ok(out);
            }
            _ => {}
        }
    }
    Err(damaged("a frame has no picture"))
}

/// The size that a picture's own header tells (RFC 6386 section 9.1; RFC 9649 section 3.4).
fn picture_size(chunk: &Chunk<'_>) -> Result<(u32, u32), MediaError> {
    let (width, height) = match (chunk.name, chunk.data) {
        (b"VP8 ", &[_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..]) => (
            u32::from(u16::from_le_bytes([w0, w1]) & 0x3FFF),
            u32::from(u16::from_le_bytes([h0, h1]) & 0x3FFF),
        ),
        (b"VP8L", &[0x2F, b0, b1, b2, b3, ..]) => {
            let bits = u32::from_le_bytes([b0, b1, b2, b3]);
            (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
        }
        _ => return Err(damaged("its picture's header is malformed")),
    };
    check_size(width, height)?;
    Ok((width, height))
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    // No more than the file handed in, which is within the limit.
    let size = chunks.len() as u32 + 4;
    [&b"RIFF"[..], &size.to_le_bytes(), b"WEBP", chunks].concat()
}

fn push_chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    if !data.len().is_multiple_of(2) {
        out.push(0);
    }
}

fn little([low, middle, high]: [u8; 3]) -> u32 {
    u32::from_le_bytes([low, middle, high, 0])
}

fn cut_short() -> MediaError {
    damaged("it is cut short")
}

struct Chunk<'a> {
    name: &'a [u8; 4],
    data: &'a [u8],
}

struct Chunks<'a>(&'a [u8]);

impl<'a> Chunks<'a> {
    fn next(&mut self) -> Result<Option<Chunk<'a>>, MediaError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (name, rest) = self.0.split_first_chunk().ok_or_else(cut_short)?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut_short())?;
        let (data, rest) = rest.split_at_checked(length).ok_or_else(cut_short)?;
        // Some writers forget the last byte of padding.
        self.0 = rest.get(length % 2..).unwrap_or_default();
        Ok(Some(Chunk { name, data }))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A lossless picture, `width` by `height`, with a profile, EXIF, XMP, a chunk of a stranger and a trailer.
    pub(crate) fn sample(width: u32, height: u32, orientation: u32) -> Vec<u8> {
        let picture = lossless(width, height);
        let mut out = Vec::new();
        let [w0, w1, w2, _] = (width - 1).to_le_bytes();
        let [h0, h1, h2, _] = (height - 1).to_le_bytes();
        push_chunk(&mut out, b"VP8X", &[0x2C, 1, 2, 3, w0, w1, w2, h0, h1, h2]);
        push_chunk(&mut out, b"ICCP", &icc::tests::sample());
        push_chunk(&mut out, b"VP8L", &picture);
        let tiff = Orientation::from_exif(orientation).unwrap().tiff();
        push_chunk(&mut out, b"EXIF", &[&tiff[..], b"SECRET"].concat());
        push_chunk(&mut out, b"XMP ", b"<x>SECRET</x>");
        push_chunk(&mut out, b"SNRL", b"SECRET");
        let mut file = riff(&out);
        file.extend_from_slice(b"SECRET trailer");
        file
    }

    /// Two frames of half the canvas each.
    pub(crate) fn animation() -> Vec<u8> {
        let mut out = Vec::new();
        push_chunk(&mut out, b"VP8X", &[0x02, 0, 0, 0, 7, 0, 0, 3, 0, 0]);
        push_chunk(&mut out, b"ANIM", &[255, 255, 255, 255, 0, 0]);
        for x in [0, 2] {
            let mut frame = vec![x, 0, 0, 0, 0, 0, 3, 0, 0, 3, 0, 0, 100, 0, 0, 0xFD];
            push_chunk(&mut frame, b"VP8L", &lossless(4, 4));
            push_chunk(&mut frame, b"NOTE", b"SECRET");
            push_chunk(&mut out, b"ANMF", &frame);
        }
        push_chunk(&mut out, b"XMP ", b"SECRET");
        riff(&out)
    }

    fn lossless(width: u32, height: u32) -> Vec<u8> {
        let rgb: Vec<u8> = (0..width * height * 3).map(|n| (n * 7 % 251) as u8).collect();
        let mut file = Vec::new();
        image_webp::WebPEncoder::new(&mut file)
            .encode(&rgb, width, height, image_webp::ColorType::Rgb8)
            .unwrap();
        Chunks(&file[12..]).next().unwrap().unwrap().data.to_vec()
    }

    fn names(file: &[u8]) -> Vec<&str> {
        let mut chunks = Chunks(&file[12..]);
        std::iter::from_fn(|| Some(std::str::from_utf8(chunks.next().unwrap()?.name).unwrap())).collect()
    }

    fn has(bytes: &[u8], needle: &[u8]) -> bool {
        bytes.windows(needle.len()).any(|window| window == needle)
    }

    #[test]
    fn only_what_a_picture_needs_stays() {
        let turned = rebuild(&sample(9, 7, 6)).unwrap();
        assert_eq!(names(&turned.bytes), ["VP8X", "ICCP", "VP8L", "EXIF"]);
        assert_eq!(turned.bytes[20..24], [HAS_PROFILE | HAS_EXIF, 0, 0, 0]);
        assert_eq!((turned.width, turned.height), (9, 7));
        assert!(!has(&turned.bytes, b"SECRET") && !has(&turned.bytes, b"SN-DISPLAY"));
        let upright = rebuild(&sample(9, 7, 1)).unwrap();
        assert_eq!(names(&upright.bytes), ["VP8X", "ICCP", "VP8L"]);
        assert_eq!(rebuild(&turned.bytes).unwrap().bytes, turned.bytes);
    }

    #[test]
    fn an_animation_keeps_its_frames_and_nothing_between_them() {
        let rebuilt = rebuild(&animation()).unwrap();
        assert_eq!(names(&rebuilt.bytes), ["VP8X", "ANIM", "ANMF", "ANMF"]);
        assert!(!has(&rebuilt.bytes, b"SECRET"));
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(&rebuilt.bytes)).unwrap();
        assert_eq!(decoder.num_frames(), 2);
        let mut canvas = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_frame(&mut canvas).unwrap();
        decoder.read_frame(&mut canvas).unwrap();
    }

    #[test]
    fn an_animation_too_large_to_be_played_is_refused() {
        let mut large = animation();
        large[24..30].copy_from_slice(&[0xFF, 0x0F, 0, 0xFF, 0x0F, 0]);
        assert!(rebuild(&large).is_ok());
        large[28] = 0x10;
        let error = rebuild(&large).unwrap_err();
        assert!(error.to_string().contains("MP4"), "{error}");
    }

    #[test]
    fn every_cut_is_noticed() {
        for source in [sample(9, 7, 1), animation()] {
            let whole = source.len() - if source.ends_with(b"trailer") { b"SECRET trailer".len() } else { 0 };
            for end in 12..whole {
                assert!(matches!(rebuild(&source[..end]), Err(MediaError::Damaged { .. })), "cut at {end}");
            }
        }
    }

    #[test]
    fn a_picture_that_is_larger_than_it_says_is_refused() {
        let mut source = sample(9, 7, 1);
        source[24] = 4;
        assert!(matches!(rebuild(&source), Err(MediaError::Damaged { .. })));
    }
}
