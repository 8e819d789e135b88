//! What a file is, told from its first bytes; and for what can't be stored, what to do instead.

use super::sound::{self, Sound};
use super::source::Reader;
use super::{Advice, Kind, MediaError};

/// Brands of pictures that are built as films are.
const STILLS: [&[u8; 4]; 10] =
    [b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"];

/// How much of a file is looked at.
const BEGINNING: usize = 4096;

/// How a file is built. What it holds may show only later: a film without a picture is a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Jpeg,
    Png,
    Webp,
    Gif,
    /// HEIC or AVIF.
    Still,
    Film,
    Ogg,
    Wav,
    /// A chain of frames.
    Sound(Sound),
    Pdf,
    /// An archive, of which office files are.
    Zip,
    Text,
}

impl Container {
    /// What it is as far as its size is concerned.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::Gif | Self::Still => Kind::Picture,
            Self::Film => Kind::Film,
            Self::Pdf | Self::Zip | Self::Text => Kind::Document,
            Self::Ogg | Self::Wav | Self::Sound(_) => Kind::Sound,
        }
    }
}

/// How this file is built, or a refusal that names what it is.
pub(super) fn container(reader: &mut Reader<'_>) -> Result<Container, MediaError> {
    let start = reader.up_to(0, BEGINNING)?;
    if start.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Ok(Container::Jpeg);
    }
    if start.starts_with(super::png::SIGNATURE) {
        return Ok(Container::Png);
    }
    if start.starts_with(b"GIF87a") || start.starts_with(b"GIF89a") {
        return Ok(Container::Gif);
    }
    if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP") {
        return Ok(Container::Webp);
    }
    if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WAVE") {
        return Ok(Container::Wav);
    }
    if start.starts_with(b"OggS") {
        return Ok(Container::Ogg);
    }
    if start.starts_with(b"PK\x03\x04") {
        return Ok(Container::Zip);
    }
    if start.starts_with(b"%PDF-") {
        return Ok(Container::Pdf);
    }
    if start.get(4..8) == Some(b"ftyp") {
        return match start.get(8..12).unwrap_or_default() {
            b"crx " => Err(MediaError::Unsupported { advice: Advice::Tiff }),
            brand if STILLS.iter().any(|known| known[..] == *brand) => Ok(Container::Still),
            _ => Ok(Container::Film),
        };
    }
    // Films of before 2001 have no mark of their own, but begin with one of a few parts.
    if matches!(start.get(4..8), Some(b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" | b"styp")) {
        return Ok(Container::Film);
    }
    if let Some(sound) = sound::tell(reader)? {
        return Ok(Container::Sound(sound));
    }
    if super::pdf::head(&start).is_some() && ends_as_pdf(reader)? {
        return Ok(Container::Pdf);
    }
    if super::text::begins_as_text(&start) {
        return Ok(Container::Text);
    }
    Err(MediaError::Unsupported { advice: refusal(&start) })
}

/// Whether a PDF ends here: a text that only speaks of one does not.
fn ends_as_pdf(reader: &mut Reader<'_>) -> Result<bool, MediaError> {
    let tail = reader.up_to(reader.length().saturating_sub(2048), 2048)?;
    Ok(tail.windows(9).any(|window| window == b"startxref"))
}

fn refusal(bytes: &[u8]) -> Advice {
    if bytes.starts_with(b"RIFF") {
        return match bytes.get(8..12).unwrap_or_default() {
            b"AVI " => Advice::OtherFilm,
            _ => Advice::Unknown,
        };
    }
    if bytes.starts_with(b"\x1A\x45\xDF\xA3") {
        return matroska(bytes);
    }
    if bytes.starts_with(b"\x30\x26\xB2\x75\x8E\x66\xCF\x11") {
        return windows_media(bytes);
    }
    if bytes.starts_with(b"FORM") && matches!(bytes.get(8..12), Some(b"AIFF" | b"AIFC")) {
        return Advice::OtherSound;
    }
    if bytes.first() == Some(&0x47) && bytes.get(188) == Some(&0x47) {
        return Advice::OtherFilm;
    }
    let known: [(&[u8], Advice); 20] = [
        (b"II*\0", Advice::Tiff),
        (b"MM\0*", Advice::Tiff),
        (b"BM", Advice::Bmp),
        (b"\xFF\x0A", Advice::JpegXl),
        (b"\0\0\0\x0CJXL ", Advice::JpegXl),
        (b"\xD0\xCF\x11\xE0", Advice::OldOffice),
        (b"MZ", Advice::Program),
        (b"\x7FELF", Advice::Program),
        (b"Rar!", Advice::Archive),
        (b"7z\xBC\xAF", Advice::Archive),
        (b"\x1F\x8B", Advice::Archive),
        (b"FLV\x01", Advice::OtherFilm),
        (b"\0\0\x01\xBA", Advice::OtherFilm),
        (b"caff", Advice::OtherSound),
        (b"MThd", Advice::OtherSound),
        (b"RF64", Advice::OtherSound),
        (b"ADIF", Advice::OtherSound),
        (b".snd", Advice::OtherSound),
        (b"MAC ", Advice::OtherSound),
        (b"wvPk", Advice::OtherSound),
    ];
    known.iter().find(|(start, _)| bytes.starts_with(start)).map_or(Advice::Unknown, |(_, advice)| *advice)
}

/// A film, unless the first track that is met is a sound (RFC 9559 section 5.1.4.1.3).
fn matroska(bytes: &[u8]) -> Advice {
    let kinds = bytes.windows(3).filter_map(|three| three.strip_prefix(b"\x83\x81"));
    match kinds.map(|kind| kind.first()).find(|kind| matches!(kind, Some(1 | 2))) {
        Some(Some(2)) => Advice::OtherSound,
        _ => Advice::OtherFilm,
    }
}

/// A sound, unless it says that it has a stream of pictures.
fn windows_media(bytes: &[u8]) -> Advice {
    const PICTURES: &[u8] = b"\xC0\xEF\x19\xBC\x4D\x5B\xCF\x11\xA8\xFD\x00\x80\x5F\x5C\x44\x2B";
    if super::tail::holds(bytes, PICTURES) { Advice::OtherFilm } else { Advice::OtherSound }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn told(bytes: &[u8]) -> Result<Container, MediaError> {
        container(&mut Reader::new(&mut Cursor::new(bytes))?)
    }

    #[test]
    fn a_file_is_known_by_its_bytes() {
        assert_eq!(told(b"\xFF\xD8\xFF\xE0"), Ok(Container::Jpeg));
        assert_eq!(told(b"\x89PNG\r\n\x1A\nrest"), Ok(Container::Png));
        assert_eq!(told(b"RIFF\x10\0\0\0WEBPVP8 "), Ok(Container::Webp));
        assert_eq!(told(b"GIF89a"), Ok(Container::Gif));
        assert_eq!(told(b"\n%PDF-1.4 1 0 obj startxref 9 %%EOF"), Ok(Container::Pdf));
        assert_eq!(told(b"A PDF begins with %PDF-1.7"), Ok(Container::Text));
        assert_eq!(told(b"A leaf in the garden"), Ok(Container::Text));
        assert_eq!(told(b"\0\0\0\x18ftypheic\0\0\0\0"), Ok(Container::Still));
        assert_eq!(told(b"\0\0\0\x18ftypisom\0\0\0\0"), Ok(Container::Film));
        assert_eq!(told(b"ID3\x04\0\0\0\0\0\0"), Ok(Container::Sound(Sound::Mp3)));
        assert_eq!(told(b"ID3 is a kind of tag"), Ok(Container::Text));
        assert_eq!(told(b"\0\0\0\x08wide\0\0\0\0mdat"), Ok(Container::Film));
    }

    #[test]
    fn every_other_file_is_refused_with_something_to_do() {
        let files: [(&[u8], &str); 6] = [
            (b"\x1A\x45\xDF\xA3", "MP4"),
            (b"RIFF\x10\0\0\0AVI LIST", "MP4"),
            (b"FORM\0\0\0\x20AIFF", "M4A"),
            (b"\xD0\xCF\x11\xE0\xA1\xB1", "DOCX"),
            (b"MZ\x90\0", "source"),
            (b"\xFF\xD8", "JPEG or PNG"),
        ];
        for (bytes, hint) in files {
            let error = told(bytes).unwrap_err();
            assert!(error.to_string().contains(hint), "{error}");
        }
    }
}
