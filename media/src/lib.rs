//! Evidence at the door: what a phone or a laptop made goes in, what is safe to share comes out.
//!
//! A phone writes down where a child stood, whose phone it was and its serial number, in half a dozen places of
//! one file. So the cleaned file is built anew from a short list of what a picture, a film, a sound or a page needs
//! (never by listing what must go), and what is seen and heard stays bit for bit what was recorded. Only then is it
//! hashed and kept.
//!
//! [`prepare`] reads any [`Source`] and answers with a plan of the cleaned file, which [`Prepared::write`] carries
//! out: pictures and documents are held in memory, films and sounds never are. [`clean`] strips bytes in memory.
//! Refusals are [`MediaError`]s, and each says what the person can do; the caller leaves the original where it was.
//!
//! This crate knows nothing of schools, and opens no files: they are handed in.

mod advice;
mod boxes;
mod exif;
mod film;
mod gif;
mod icc;
mod jpeg;
mod kinds;
mod letters;
mod office;
mod ogg;
mod pdf;
mod pixels;
mod plan;
mod png;
mod sniff;
mod sound;
mod source;
mod still;
pub mod table;
mod tail;
mod text;
mod wav;
mod webp;

use std::io::{Cursor, Write};

pub use advice::{Advice, Note};
pub use kinds::{Kind, MediaType};
pub use source::Source;

use exif::Orientation;
use pixels::{Shown, Stored};
use plan::Plan;
use sniff::Container;
use source::Reader;

/// The largest picture or document that is read, in bytes: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;

/// The largest film or sound that is read, in bytes: 2 GiB less one.
pub const MAX_STREAM_BYTES: u64 = (2 << 30) - 1;

/// The most pixels a picture may have: 64 binary megapixels, because "64 MP" phones store 9,248 × 6,936.
pub const MAX_PIXELS: u64 = 64 << 20;

/// The most pixels an animation may have: a phone that plays it has a frame or two of it in memory, at four bytes each.
pub const MAX_MOVING_PIXELS: u64 = 16 << 20;

/// The longest side of a preview, in pixels.
pub const PREVIEW_SIDE: u32 = 1280;

/// A file that a person would like to keep.
pub struct Offered<'a> {
    pub source: &'a mut dyn Source,
    /// The file's name, only to tell kinds of text apart; may be empty.
    pub name: &'a str,
    /// A picture of it that the client made, as JPEG, PNG or WebP: a frame of a film, the first page of a document.
    /// HEIC and AVIF, which are not decoded here, are taken only with one.
    pub poster: Option<&'a [u8]>,
}

/// What is stored of a file, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    pub media_type: MediaType,
    /// In pixels, as shown: after the orientation was applied. Zero for what has no picture.
    pub width: u32,
    /// In pixels, as shown: after the orientation was applied. Zero for what has no picture.
    pub height: u32,
    /// How long a film or a sound lasts, if it says so.
    pub duration_ms: Option<u64>,
    /// A JPEG, upright, without metadata, its longest side at most [`PREVIEW_SIDE`]; small pictures aren't enlarged.
    /// It carries no colour profile, so wide-gamut photos look a little paler here than in the original. Films,
    /// sounds and documents have one if the client gave a poster.
    pub preview: Option<Vec<u8>>,
    /// A [ThumbHash](https://evanw.github.io/thumbhash/) of the upright picture, about 25 bytes; empty without one.
    pub placeholder: Vec<u8>,
    /// What the person should know before she saves: what is left out of it, and what stays in it. Each at most once.
    pub notes: Vec<Note>,
    plan: Plan,
}

impl Prepared {
    /// How many bytes the cleaned file has.
    pub fn size(&self) -> u64 {
        self.plan.size()
    }

    /// Writes the cleaned file, reading from the source that it was prepared from what is copied. An error leaves a
    /// part of it in the sink.
    pub fn write(&self, source: &mut dyn Source, sink: &mut dyn Write) -> Result<(), MediaError> {
        self.plan.write(source, sink)
    }
}

/// A file without its metadata, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    pub bytes: Vec<u8>,
    pub media_type: MediaType,
    /// In pixels, as shown: after the orientation was applied. Zero for what has no picture.
    pub width: u32,
    /// In pixels, as shown: after the orientation was applied. Zero for what has no picture.
    pub height: u32,
}

/// Why a file was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    #[error("the file is empty: take or choose it again")]
    Empty,
    #[error("the file has {bytes} bytes and the limit is {limit}: choose a smaller size or a shorter part")]
    TooLarge { bytes: u64, limit: u64 },
    #[error(
        "the photo is {width} × {height} pixels and the limit is 64 megapixels: choose a smaller size in the camera's settings"
    )]
    TooManyPixels { width: u32, height: u32 },
    #[error("{advice}")]
    Unsupported { advice: Advice },
    #[error("the file is damaged and was not taken ({reason}): take it again or choose another copy")]
    Damaged { reason: String },
    #[error("the file could not be read ({reason}): choose it again")]
    Unreadable { reason: String },
    #[error("the cleaned copy could not be written ({reason}): free some space and try again")]
    Unwritable { reason: String },
}

/// Cleans a file and makes what lists and reviews show of it.
///
/// The type is told from the bytes; a name only tells texts apart. A picture's cleaned file, not the one handed in,
/// is decoded to its last pixel, so what is stored is known to open.
pub fn prepare(offered: Offered<'_>) -> Result<Prepared, MediaError> {
    let Offered { source, name, poster } = offered;
    let mut reader = Reader::new(source)?;
    let found = find(&mut reader, name)?;
    let shown = match (&found.picture, poster) {
        (Picture::Decodes(stored), _) => Some(show(stored(found.plan.in_memory())?, found.orientation)?),
        (Picture::NeedsPoster(advice), None) => return Err(MediaError::Unsupported { advice: *advice }),
        (Picture::NeedsPoster(_) | Picture::Opaque, Some(poster)) => Some(show_poster(poster)?),
        (Picture::Opaque, None) => None,
    };
    let (width, height) = found.orientation.turn(found.width, found.height);
    Ok(Prepared {
        media_type: found.media_type,
        width,
        height,
        duration_ms: found.duration_ms,
        preview: shown.as_ref().map(Shown::to_jpeg).transpose()?,
        placeholder: shown.as_ref().map(Shown::thumb_hash).transpose()?.unwrap_or_default(),
        notes: found.notes,
        plan: found.plan,
    })
}

/// What is known of a file before it is decoded or kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    pub media_type: MediaType,
    /// What the person should know before she saves. Each at most once.
    pub notes: Vec<Note>,
}

/// Looks at how a file is built, for when it was just picked. Whether it can be decoded shows when it is kept.
pub fn inspect(offered: Offered<'_>) -> Result<Inspected, MediaError> {
    let Offered { source, name, poster } = offered;
    let found = find(&mut Reader::new(source)?, name)?;
    match found.picture {
        Picture::NeedsPoster(advice) if poster.is_none() => Err(MediaError::Unsupported { advice }),
        Picture::NeedsPoster(_) | Picture::Decodes(_) | Picture::Opaque => {
            Ok(Inspected { media_type: found.media_type, notes: found.notes })
        }
    }
}

/// [`prepare`] for bytes in memory, without a name or a poster.
pub fn prepare_bytes(bytes: &[u8]) -> Result<Prepared, MediaError> {
    prepare(Offered { source: &mut Cursor::new(bytes), name: "", poster: None })
}

/// Cleans a file in memory: the structure is checked and rebuilt, the pixels are not decoded.
pub fn clean(bytes: &[u8]) -> Result<Cleaned, MediaError> {
    let mut source = Cursor::new(bytes);
    let found = find(&mut Reader::new(&mut source)?, "")?;
    let mut out = Vec::new();
    found.plan.write(&mut source, &mut out)?;
    let (width, height) = found.orientation.turn(found.width, found.height);
    Ok(Cleaned { bytes: out, media_type: found.media_type, width, height })
}

/// What a cleaner found in a file, and the plan of what is stored of it.
struct Found {
    media_type: MediaType,
    plan: Plan,
    /// As stored: before the orientation is applied.
    width: u32,
    /// As stored: before the orientation is applied.
    height: u32,
    orientation: Orientation,
    duration_ms: Option<u64>,
    picture: Picture,
    notes: Vec<Note>,
}

/// How a file comes to be looked at.
enum Picture {
    /// It is decoded here.
    Decodes(fn(&[u8]) -> Result<Stored, MediaError>),
    /// It isn't decoded here, so the client has to; what to do where it couldn't.
    NeedsPoster(Advice),
    /// It may come with a picture.
    Opaque,
}

fn find(reader: &mut Reader<'_>, name: &str) -> Result<Found, MediaError> {
    if reader.length() == 0 {
        return Err(MediaError::Empty);
    }
    let container = sniff::container(reader)?;
    let limit = container.kind().max_bytes();
    if reader.length() > limit {
        return Err(MediaError::TooLarge { bytes: reader.length(), limit });
    }
    match container {
        Container::Jpeg => picture(MediaType::Jpeg, jpeg::rebuild(&reader.whole()?)?, pixels::decode_jpeg),
        Container::Png => picture(MediaType::Png, png::rebuild(&reader.whole()?)?, pixels::decode_png),
        Container::Webp => picture(MediaType::Webp, webp::rebuild(&reader.whole()?)?, pixels::decode_webp),
        Container::Gif => picture(MediaType::Gif, gif::rebuild(&reader.whole()?)?, pixels::decode_gif),
        Container::Still => still::rebuild(&reader.whole()?),
        Container::Film => film::rebuild(reader),
        Container::Ogg => ogg::rebuild(reader),
        Container::Pdf => pdf::rebuild(&reader.whole()?),
        Container::Zip => office::rebuild(&reader.whole()?, name),
        Container::Text => text::rebuild(reader, name),
        Container::Wav => wav::rebuild(reader),
        Container::Sound(sound) => sound::rebuild(reader, sound),
    }
}

/// A picture built from the parts on the allow-list.
#[derive(Debug)]
struct Rebuilt {
    bytes: Vec<u8>,
    /// As stored: before the orientation is applied.
    width: u32,
    /// As stored: before the orientation is applied.
    height: u32,
    orientation: Orientation,
    notes: Vec<Note>,
}

fn picture(
    media_type: MediaType,
    rebuilt: Rebuilt,
    decode: fn(&[u8]) -> Result<Stored, MediaError>,
) -> Result<Found, MediaError> {
    let Rebuilt { bytes, width, height, orientation, notes } = rebuilt;
    let picture = Picture::Decodes(decode);
    Ok(Found {
        media_type,
        plan: Plan::of(bytes),
        width,
        height,
        orientation,
        duration_ms: None,
        picture,
        notes,
    })
}

fn show(stored: Stored, orientation: Orientation) -> Result<Shown, MediaError> {
    Ok(stored.fit(PREVIEW_SIDE)?.upright(orientation))
}

/// A poster is as little trusted as any other picture: cleaned, then decoded within the same limits.
fn show_poster(poster: &[u8]) -> Result<Shown, MediaError> {
    let mut source = Cursor::new(poster);
    let found = find(&mut Reader::new(&mut source)?, "")?;
    match found.picture {
        Picture::Decodes(decode) => show(decode(found.plan.in_memory())?, found.orientation),
        Picture::NeedsPoster(_) | Picture::Opaque => {
            Err(MediaError::Unsupported { advice: Advice::PosterKind })
        }
    }
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

/// A picture that moves is decoded again and again while somebody looks, so less of it is taken.
fn check_moving(width: u32, height: u32) -> Result<(), MediaError> {
    match u64::from(width) * u64::from(height) {
        0..=MAX_MOVING_PIXELS => Ok(()),
        _ => Err(MediaError::Unsupported { advice: Advice::LargeAnimation }),
    }
}

fn damaged(reason: impl Into<String>) -> MediaError {
    MediaError::Damaged { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_and_a_huge_one_are_refused_before_they_are_read() {
        assert_eq!(prepare_bytes(b""), Err(MediaError::Empty));
        let mut huge = vec![0; MAX_BYTES + 1];
        huge[..3].copy_from_slice(&[0xFF, 0xD8, 0xFF]);
        let (bytes, limit) = (huge.len() as u64, MAX_BYTES as u64);
        assert_eq!(clean(&huge), Err(MediaError::TooLarge { bytes, limit }));
    }

    #[test]
    fn a_photo_lying_on_its_side_is_prepared_upright() {
        for bytes in [jpeg::tests::sample(40, 20, 6), webp::tests::sample(40, 20, 6)] {
            let photo = prepare_bytes(&bytes).unwrap();
            assert_eq!((photo.width, photo.height), (20, 40));
            let preview = clean(&photo.preview.unwrap()).unwrap();
            assert_eq!((preview.width, preview.height), (20, 40));
            assert!((5..=40).contains(&photo.placeholder.len()), "{}", photo.placeholder.len());
        }
    }

    #[test]
    fn cleaning_twice_changes_nothing_more() {
        for bytes in [
            jpeg::tests::sample(24, 16, 8),
            png::tests::sample(::png::ColorType::Rgba, 6),
            png::tests::animation(),
            webp::tests::sample(24, 16, 8),
            webp::tests::animation(),
            gif::tests::sample(),
            wav::tests::sample(),
            ogg::tests::sample(),
            sound::tests::mp3(),
            sound::tests::aac(),
            sound::tests::narrow(),
            sound::tests::wide(),
            sound::tests::flac(),
            pdf::tests::sample(),
            pdf::tests::packed(),
            still::tests::sample(),
            office::tests::sample(),
            office::tests::open_sample(),
        ] {
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

    /// Broken bytes are refused or repaired, but nothing here may panic: a file comes from anywhere.
    #[test]
    fn no_mutation_of_a_small_file_panics() {
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
            png::tests::animation(),
            webp::tests::sample(24, 16, 6),
            webp::tests::animation(),
            gif::tests::sample(),
            wav::tests::sample(),
            ogg::tests::sample(),
            sound::tests::mp3(),
            sound::tests::aac(),
            sound::tests::narrow(),
            sound::tests::wide(),
            sound::tests::flac(),
            film::tests::sample(),
            film::tests::fragmented(),
            pdf::tests::sample(),
            pdf::tests::packed(),
            still::tests::sample(),
            office::tests::sample(),
            office::tests::open_sample(),
            text::tests::sample(),
        ];
        let mut dice = 0x2545_F491_4F6C_DD1D_u64;
        let mut roll = move |sides: usize| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            (dice >> 11) as usize % sides
        };
        for round in 0..18_000 {
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
            ogg::tests::mend_checksums(&mut bytes);
            let _ = prepare_bytes(&bytes);
        }
    }
}
