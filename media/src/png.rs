//! PNG, rebuilt from the chunks a decoder needs.
//!
//! What stays: the header, the palette, the image data, transparency, chunks that say how colours look, and the frames
//! of an animation. Texts, times, EXIF, XMP, suggested palettes and whatever follows the end are left out by not being
//! named here. The chunks are those of the PNG specification (third edition), section 11.

mod animation;

use std::io::Cursor;

use super::exif::Orientation;
use super::{Advice, MediaError, Rebuilt, check_size, damaged, icc, tail};
use animation::Animation;

pub(super) const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1A\n";

/// What decoding a colour profile may allocate.
const PROFILE_LIMIT: ::png::Limits = ::png::Limits { bytes: 2 * icc::MAX_PROFILE };

/// Builds the cleaned file.
pub(super) fn rebuild(bytes: &[u8]) -> Result<Rebuilt, MediaError> {
    let mut reader = Reader { bytes, at: SIGNATURE.len() };
    let first = reader.chunk()?;
    if first.name == b"CgBI" {
        return Err(MediaError::Unsupported { advice: Advice::AppPng });
    }
    let (width, height) = header_size(&first)?;
    let mut before_data = vec![first];
    let mut data = Vec::new();
    let mut profile = None;
    let mut orientation = None;
    let mut animation = None;
    loop {
        let chunk = reader.chunk()?;
        match chunk.name {
            b"IEND" => break,
            b"IDAT" => {
                data.push(chunk.sound()?);
                animation.iter_mut().for_each(Animation::picture);
            }
            b"IHDR" => return Err(damaged("it has two headers")),
            b"eXIf" if orientation.is_none() => {
                orientation = chunk.sound().ok().map(|chunk| Orientation::read(chunk.data));
            }
            b"iCCP" if data.is_empty() && profile.is_none() => profile = Some(chunk.sound()?),
            // Behind the picture it says nothing, and no viewer looks for frames.
            b"acTL" if data.is_empty() && animation.is_none() => {
                animation = Some(Animation::read(chunk.sound()?.data, (width, height))?);
            }
            b"fcTL" | b"fdAT" => {
                if let Some(animation) = &mut animation {
                    animation.part(chunk.sound()?)?;
                }
            }
            name if data.is_empty() && fits(name, chunk.data) => {
                let chunk = chunk.sound()?;
                if before_data.iter().all(|earlier| earlier.name != name) {
                    before_data.push(chunk);
                }
            }
            b"PLTE" => return Err(damaged("its palette is malformed or out of place")),
            _ => {}
        }
    }
    if data.is_empty() {
        return Err(damaged("it ends before the picture starts"));
    }
    animation.iter().try_for_each(Animation::check_whole)?;
    let orientation = orientation.unwrap_or(Orientation::UPRIGHT);
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(SIGNATURE);
    let profile = profile.and_then(|chunk| slim_profile(&before_data, &chunk));
    for (index, chunk) in before_data.iter().enumerate() {
        push_chunk(&mut out, chunk.name, chunk.data);
        // The profile has to come before the palette, so right after the header.
        if let (0, Some(profile)) = (index, &profile) {
            push_chunk(&mut out, b"iCCP", profile);
        }
    }
    if orientation != Orientation::UPRIGHT {
        push_chunk(&mut out, b"eXIf", &orientation.tiff());
    }
    // Right before the picture: some readers look for the first frame's data behind its head.
    if let Some(animation) = &animation {
        animation.before().for_each(|(name, data)| push_chunk(&mut out, name, data));
    }
    for chunk in data {
        push_chunk(&mut out, chunk.name, chunk.data);
    }
    if let Some(animation) = &animation {
        animation.after().for_each(|(name, data)| push_chunk(&mut out, name, data));
    }
    push_chunk(&mut out, b"IEND", b"");
    let notes = tail::note(bytes.get(reader.at..).unwrap_or_default());
    Ok(Rebuilt { bytes: out, width, height, orientation, notes: notes.into_iter().collect() })
}

fn header_size(header: &Chunk<'_>) -> Result<(u32, u32), MediaError> {
    let (b"IHDR", [w3, w2, w1, w0, h3, h2, h1, h0, ..]) = (header.name, header.data) else {
        return Err(damaged("it doesn't start with a header"));
    };
    if header.data.len() != 13 || !header.is_sound() {
        return Err(damaged("its header is malformed"));
    }
    let (width, height) =
        (u32::from_be_bytes([*w3, *w2, *w1, *w0]), u32::from_be_bytes([*h3, *h2, *h1, *h0]));
    check_size(width, height)?;
    Ok((width, height))
}

/// Chunks that have a place of their own: the header, a fresh colour profile and orientation, the picture, the frames of
/// an animation, and the end.
pub(super) const BUILT: [&[u8; 4]; 8] =
    [b"IHDR", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"IDAT", b"fdAT", b"IEND"];

/// Chunks that stay if they stand before the image data, and how long each may be. The last two are how the two before
/// them were spelt before the third edition.
pub(super) const KEPT: [(&[u8; 4], std::ops::RangeInclusive<usize>); 13] = [
    (b"PLTE", 3..=768),
    (b"tRNS", 1..=256),
    (b"gAMA", 4..=4),
    (b"cHRM", 32..=32),
    (b"sRGB", 1..=1),
    (b"sBIT", 1..=4),
    (b"pHYs", 9..=9),
    (b"bKGD", 1..=6),
    (b"cICP", 4..=4),
    (b"mDCV", 24..=24),
    (b"cLLI", 8..=8),
    (b"mDCv", 24..=24),
    (b"cLLi", 8..=8),
];

/// Whether a chunk before the image data stays: it is on the list, and what its kind can be.
fn fits(name: &[u8; 4], data: &[u8]) -> bool {
    let has_length = KEPT.iter().any(|(known, lengths)| *known == name && lengths.contains(&data.len()));
    has_length
        && match name {
            b"PLTE" => data.len().is_multiple_of(3),
            b"bKGD" => matches!(data.len(), 1 | 2 | 6),
            // Red, green and blue as they are, in the full range or the narrow one of films.
            b"cICP" => matches!(data, [_, _, 0, 0 | 1]),
            _ => true,
        }
}

/// The data of a fresh `iCCP` chunk. The decoder unpacks the old one, handed a file that ends there.
fn slim_profile(before_data: &[Chunk<'_>], chunk: &Chunk<'_>) -> Option<Vec<u8>> {
    if chunk.data.len() > icc::MAX_PROFILE {
        return None;
    }
    let header = before_data.first()?;
    let mut file = SIGNATURE.to_vec();
    push_chunk(&mut file, header.name, header.data);
    push_chunk(&mut file, chunk.name, chunk.data);
    // Grey and colour need no palette to be read this far; an indexed picture does.
    push_chunk(
        &mut file,
        b"PLTE",
        before_data.iter().find(|chunk| chunk.name == b"PLTE").map_or(&[0; 3], |chunk| chunk.data),
    );
    push_chunk(&mut file, b"IDAT", b"");
    let reader = ::png::Decoder::new_with_limits(Cursor::new(file), PROFILE_LIMIT).read_info().ok()?;
    let slim = icc::slim(reader.info().icc_profile.as_deref()?)?;
    Some([&b"icc\0\0"[..], &stored_zlib(&slim)].concat())
}

/// A zlib stream that stores without compressing (RFC 1950, RFC 1951 section 3.2.4): profiles are small, and the
/// PNG library keeps its compressor to itself.
fn stored_zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xFFFF).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut low, mut high) = (1u32, 0u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    out.extend_from_slice(&(high << 16 | low).to_be_bytes());
    out
}

fn push_chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(&(data.len() as u32).to_be_bytes());
    out.extend_from_slice(name);
    out.extend_from_slice(data);
    out.extend_from_slice(&checksum(name, data).to_be_bytes());
}

#[derive(Clone, Copy)]
struct Chunk<'a> {
    name: &'a [u8; 4],
    data: &'a [u8],
    checksum: u32,
}

impl<'a> Chunk<'a> {
    fn is_sound(&self) -> bool {
        checksum(self.name, self.data) == self.checksum
    }

    /// The chunk, if its checksum is right. Chunks that are left out anyway may be wrong.
    fn sound(self) -> Result<Chunk<'a>, MediaError> {
        if self.is_sound() {
            return Ok(self);
        }
        Err(damaged(format!("the checksum of its part {} is wrong", self.name.escape_ascii())))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn chunk(&mut self) -> Result<Chunk<'a>, MediaError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.next(rest)
            .ok_or_else(|| damaged(format!("it is cut short: no end after {} bytes", self.bytes.len())))
    }

    fn next(&mut self, rest: &'a [u8]) -> Option<Chunk<'a>> {
        let (length, rest) = rest.split_first_chunk()?;
        let (name, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (data, rest) = rest.split_at_checked(length)?;
        let (checksum, _) = rest.split_first_chunk()?;
        self.at += length + 12;
        Some(Chunk { name, data, checksum: u32::from_be_bytes(*checksum) })
    }
}

/// CRC-32 as PNG uses it (annex D of the specification), over a chunk's name and data.
fn checksum(name: &[u8], data: &[u8]) -> u32 {
    !name
        .iter()
        .chain(data)
        .fold(!0, |crc, byte| TABLE[((crc ^ u32::from(*byte)) & 0xFF) as usize] ^ crc >> 8)
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ crc >> 1 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) use super::animation::tests::animation;

    /// A small picture, 9 by 7, with EXIF, text, a profile, a second picture's chunks and a trailer.
    pub(crate) fn sample(color: ::png::ColorType, orientation: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut info = ::png::Info::with_size(9, 7);
        info.color_type = color;
        info.bit_depth = ::png::BitDepth::Eight;
        info.icc_profile = Some(icc::tests::sample().into());
        if color == ::png::ColorType::Indexed {
            info.palette = Some((0..=255).flat_map(|n| [n, 255 - n, 40]).collect::<Vec<u8>>().into());
        }
        let mut encoder = ::png::Encoder::with_info(&mut bytes, info).unwrap();
        encoder.add_text_chunk("Author".into(), "SECRET".into()).unwrap();
        let mut writer = encoder.write_header().unwrap();
        let tiff = Orientation::from_exif(orientation).unwrap().tiff();
        writer.write_chunk(::png::chunk::ChunkType(*b"eXIf"), &[&tiff[..], b"SECRET"].concat()).unwrap();
        writer.write_chunk(::png::chunk::ChunkType(*b"gAMA"), &45_455u32.to_be_bytes()).unwrap();
        let pixels: Vec<u8> = (0..9 * 7 * color.samples()).map(|n| (n * 5 % 256) as u8).collect();
        writer.write_image_data(&pixels).unwrap();
        writer.finish().unwrap();
        bytes.extend_from_slice(b"SECRET trailer");
        bytes
    }

    /// Makes checksums right again, so that a mutation gets past the door. Other bytes are left as they are.
    pub(crate) fn mend_checksums(bytes: &mut [u8]) {
        let source = bytes.to_vec();
        let mut reader = Reader { bytes: &source, at: SIGNATURE.len() };
        while let (true, Ok(chunk)) = (source.starts_with(SIGNATURE), reader.chunk()) {
            bytes[reader.at - 4..reader.at].copy_from_slice(&checksum(chunk.name, chunk.data).to_be_bytes());
        }
    }

    pub(super) fn has(bytes: &[u8], needle: &[u8]) -> bool {
        bytes.windows(needle.len()).any(|window| window == needle)
    }

    pub(super) fn names(bytes: &[u8]) -> Vec<String> {
        let mut reader = Reader { bytes, at: SIGNATURE.len() };
        std::iter::from_fn(|| reader.chunk().ok().map(|chunk| chunk.name.escape_ascii().to_string()))
            .collect()
    }

    #[test]
    fn only_what_a_picture_needs_stays() {
        let rebuilt = rebuild(&sample(::png::ColorType::Rgb, 6)).unwrap();
        assert_eq!(names(&rebuilt.bytes), ["IHDR", "iCCP", "gAMA", "eXIf", "IDAT", "IEND"]);
        assert!(!rebuilt.bytes.windows(6).any(|window| window == b"SECRET"));
        assert!(!rebuilt.bytes.windows(6).any(|window| window == b"SN-DIS"));
        let upright = rebuild(&sample(::png::ColorType::Indexed, 1)).unwrap();
        assert_eq!(names(&upright.bytes), ["IHDR", "iCCP", "PLTE", "gAMA", "IDAT", "IEND"]);
    }

    #[test]
    fn how_bright_and_how_wide_colours_are_stays() {
        let source = sample(::png::ColorType::Rgb, 1);
        let marked = |chunks: &[(&[u8; 4], &[u8])]| {
            let mut added = Vec::new();
            chunks.iter().for_each(|(name, data)| push_chunk(&mut added, name, data));
            let mut bytes = source.clone();
            bytes.splice(33..33, added);
            rebuild(&bytes).unwrap().bytes
        };
        let bright = marked(&[(b"cICP", &[9, 16, 0, 1]), (b"mDCV", &[1; 24]), (b"cLLI", &[2; 8])]);
        assert_eq!(names(&bright)[..5], ["IHDR", "iCCP", "cICP", "mDCV", "cLLI"]);
        assert_ne!(bright, marked(&[(b"cICP", &[12, 13, 0, 1])]), "two pictures stay two");
        let wrong = marked(&[(b"cICP", b"SECRET"), (b"mDCV", b"SECRET"), (b"cICP", &[1, 1, 7, 1])]);
        assert_eq!(wrong, marked(&[]));
    }

    #[test]
    fn the_rebuilt_profile_opens() {
        let rebuilt = rebuild(&sample(::png::ColorType::Indexed, 1)).unwrap();
        let reader = ::png::Decoder::new(Cursor::new(&rebuilt.bytes)).read_info().unwrap();
        assert_eq!(reader.info().icc_profile.as_deref(), icc::slim(&icc::tests::sample()).as_deref());
        assert_eq!(stored_zlib(&vec![1; 70_000]).len(), 2 + 5 + 0xFFFF + 5 + (70_000 - 0xFFFF) + 4);
    }

    #[test]
    fn a_checksum_is_checked_where_it_matters() {
        assert_eq!(checksum(b"IEND", b""), 0xAE42_6082);
        let source = sample(::png::ColorType::Grayscale, 1);
        let find = |name: &[u8]| source.windows(name.len()).position(|window| window == name).unwrap();
        let mut torn = source.clone();
        torn[find(b"IDAT") + 6] ^= 1;
        assert!(rebuild(&torn).unwrap_err().to_string().contains("IDAT"));
        let mut smudged = source.clone();
        smudged[find(b"SECRET")] ^= 1;
        assert!(rebuild(&smudged).is_ok(), "the text goes anyway");
    }

    #[test]
    fn every_cut_is_noticed() {
        let source = sample(::png::ColorType::Rgba, 1);
        for end in 8..source.len() - b"SECRET trailer".len() {
            assert!(matches!(rebuild(&source[..end]), Err(MediaError::Damaged { .. })), "cut at {end}");
        }
    }
}
