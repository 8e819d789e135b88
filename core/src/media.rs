//! Photos at the door: bytes from a camera go in, bytes that are safe to share come out.
//!
//! A phone writes down where a child stood, whose phone it was and its serial number, in half a dozen places of
//! one file. So the cleaned file is built anew from a short list of what a picture needs (never by listing what
//! must go), and its pixels stay bit for bit what the camera stored. Only then is it hashed and kept.
//!
//! The module is bytes in, bytes out: [`prepare`] for a capture, [`clean`] for the stripping alone. Refusals are
//! [`MediaError`]s, and each says what the person can do; the caller leaves the original where it was.

mod exif;
mod icc;
mod jpeg;
mod pixels;
mod png;
mod sniff;

use exif::Orientation;

/// The largest file that is read, in bytes: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;

/// The most pixels a picture may have: 64 binary megapixels, because "64 MP" phones store 9,248 × 6,936.
pub const MAX_PIXELS: u64 = 64 << 20;

/// The longest side of a preview, in pixels.
pub const PREVIEW_SIDE: u32 = 1280;

/// The kinds of photo that can be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    Jpeg,
    Png,
}

impl MediaType {
    /// The name in headers and documents: `image/jpeg`, `image/png`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// The type with this name, as [`as_str`](Self::as_str) writes it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "image/jpeg" => Some(Self::Jpeg),
            "image/png" => Some(Self::Png),
            _ => None,
        }
    }

    /// What a file of this type is called after the dot: `jpg`, `png`.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }
}

/// A photo without its metadata; the pixels are as the camera stored them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    pub bytes: Vec<u8>,
    pub media_type: MediaType,
    /// In pixels, as shown: after the orientation was applied.
    pub width: u32,
    /// In pixels, as shown: after the orientation was applied.
    pub height: u32,
}

/// All that one capture stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    pub original: Cleaned,
    /// A JPEG, upright, without metadata, its longest side at most [`PREVIEW_SIDE`]; small photos aren't enlarged.
    /// It carries no colour profile, so wide-gamut photos look a little paler here than in the original.
    pub preview: Vec<u8>,
    /// A [ThumbHash](https://evanw.github.io/thumbhash/) of the upright photo, about 25 bytes.
    pub placeholder: Vec<u8>,
}

/// Why a file was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    #[error("the file is empty: take or choose the photo again")]
    Empty,
    #[error(
        "the file has {bytes} bytes and the limit is {MAX_BYTES}: choose a smaller size in the camera's settings"
    )]
    TooLarge { bytes: usize },
    #[error(
        "the photo is {width} × {height} pixels and the limit is 64 megapixels: choose a smaller size in the camera's settings"
    )]
    TooManyPixels { width: u32, height: u32 },
    #[error("{what}")]
    Unsupported { what: &'static str },
    #[error("the photo is damaged and was not taken ({reason}): take it again or choose another copy")]
    Damaged { reason: String },
}

/// Cleans a photo and makes what lists and reviews show of it.
///
/// The type is told from the bytes, never from a name. The cleaned file, not the one handed in, is decoded to its
/// last pixel, so what is stored is known to open.
pub fn prepare(bytes: &[u8]) -> Result<Photo, MediaError> {
    let (original, orientation) = clean_keeping_orientation(bytes)?;
    let stored = match original.media_type {
        MediaType::Jpeg => pixels::decode_jpeg(&original.bytes)?,
        MediaType::Png => pixels::decode_png(&original.bytes)?,
    };
    let shown = stored.fit(PREVIEW_SIDE)?.upright(orientation);
    let preview = shown.to_jpeg()?;
    let placeholder = shown.thumb_hash()?;
    Ok(Photo { original, preview, placeholder })
}

/// Cleans a photo: the structure is checked and rebuilt, the pixels are not decoded.
pub fn clean(bytes: &[u8]) -> Result<Cleaned, MediaError> {
    clean_keeping_orientation(bytes).map(|(cleaned, _)| cleaned)
}

fn clean_keeping_orientation(bytes: &[u8]) -> Result<(Cleaned, Orientation), MediaError> {
    if bytes.is_empty() {
        return Err(MediaError::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(MediaError::TooLarge { bytes: bytes.len() });
    }
    let media_type = sniff::media_type(bytes)?;
    let rebuilt = match media_type {
        MediaType::Jpeg => jpeg::rebuild(bytes)?,
        MediaType::Png => png::rebuild(bytes)?,
    };
    let (width, height) = rebuilt.orientation.turn(rebuilt.width, rebuilt.height);
    Ok((Cleaned { bytes: rebuilt.bytes, media_type, width, height }, rebuilt.orientation))
}

/// A file built from the parts on the allow-list.
#[derive(Debug)]
struct Rebuilt {
    bytes: Vec<u8>,
    /// As stored: before the orientation is applied.
    width: u32,
    /// As stored: before the orientation is applied.
    height: u32,
    orientation: Orientation,
}

fn check_size(width: u32, height: u32) -> Result<(), MediaError> {
    if width == 0 || height == 0 {
        return Err(damaged(format!("its header says {width} × {height} pixels")));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(MediaError::TooManyPixels { width, height });
    }
    Ok(())
}

fn damaged(reason: impl Into<String>) -> MediaError {
    MediaError::Damaged { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_reads_back_from_its_name() {
        for media_type in [MediaType::Jpeg, MediaType::Png] {
            assert_eq!(MediaType::parse(media_type.as_str()), Some(media_type));
        }
        assert_eq!(MediaType::parse("image/JPEG"), None);
        assert_eq!(MediaType::Jpeg.extension(), "jpg");
    }

    #[test]
    fn an_empty_file_and_a_huge_one_are_refused_before_they_are_read() {
        assert_eq!(prepare(b""), Err(MediaError::Empty));
        assert_eq!(clean(&vec![0; MAX_BYTES + 1]), Err(MediaError::TooLarge { bytes: MAX_BYTES + 1 }));
    }

    #[test]
    fn a_photo_lying_on_its_side_is_prepared_upright() {
        let photo = prepare(&jpeg::tests::sample(40, 20, 6)).unwrap();
        assert_eq!((photo.original.width, photo.original.height), (20, 40));
        let preview = clean(&photo.preview).unwrap();
        assert_eq!((preview.width, preview.height), (20, 40));
        assert!((5..=40).contains(&photo.placeholder.len()), "{}", photo.placeholder.len());
    }

    #[test]
    fn cleaning_twice_changes_nothing_more() {
        for bytes in [jpeg::tests::sample(24, 16, 8), png::tests::sample(::png::ColorType::Rgba, 6)] {
            let once = clean(&bytes).unwrap();
            assert_eq!(clean(&once.bytes).unwrap(), once);
        }
    }

    #[test]
    fn a_size_beyond_the_limit_is_refused_from_the_header_alone() {
        assert!(check_size(9248, 6936).is_ok());
        assert!(matches!(check_size(0, 5), Err(MediaError::Damaged { .. })));
        let error = check_size(u32::MAX, u32::MAX).unwrap_err();
        assert_eq!(error, MediaError::TooManyPixels { width: u32::MAX, height: u32::MAX });
    }

    /// Broken bytes are refused or repaired, but nothing here may panic: a photo comes from anywhere.
    #[test]
    fn no_mutation_of_a_small_photo_panics() {
        let progressive = {
            let mut bytes = Vec::new();
            let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 70);
            encoder.set_progressive(true);
            encoder.encode(&[90; 3 * 19 * 13], 19, 13, jpeg_encoder::ColorType::Rgb).unwrap();
            bytes
        };
        let seeds = [
            jpeg::tests::sample(24, 16, 6),
            progressive,
            png::tests::sample(::png::ColorType::Indexed, 3),
            png::tests::sample(::png::ColorType::GrayscaleAlpha, 8),
        ];
        let mut dice = 0x2545_F491_4F6C_DD1D_u64;
        let mut roll = move |sides: usize| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            (dice >> 11) as usize % sides
        };
        for round in 0..6000 {
            let mut bytes = seeds[round % seeds.len()].clone();
            for _ in 0..=roll(4) {
                let at = roll(bytes.len());
                match roll(5) {
                    0 => bytes.truncate(at.max(1)),
                    1 => bytes.insert(at, roll(256) as u8),
                    2 => bytes[at] = 0xFF,
                    3 => drop(bytes.remove(at)),
                    _ => bytes[at] ^= 1 << roll(8),
                }
                if bytes.is_empty() {
                    bytes.push(0xFF);
                }
            }
            png::tests::mend_checksums(&mut bytes);
            let _ = prepare(&bytes);
        }
    }
}
