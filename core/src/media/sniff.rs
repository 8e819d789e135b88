//! What a file is, told from its first bytes; and for what can't be stored, what to do instead.

use super::{MediaError, MediaType};

const HEIC: &str = "HEIC photos can't be stored yet: set the camera to \"most compatible\" (JPEG), or share the photo as JPEG";
const AVIF: &str = "AVIF pictures can't be stored yet: save the picture as JPEG or PNG";
const WEBP: &str = "WebP pictures can't be stored yet: save the picture as JPEG or PNG";
const GIF: &str = "GIF pictures can't be stored: save the picture as JPEG or PNG";
const TIFF: &str = "TIFF and raw photos can't be stored: set the camera to JPEG";
const BMP: &str = "BMP pictures can't be stored: save the picture as JPEG or PNG";
const JXL: &str = "JPEG XL photos can't be stored yet: set the camera to JPEG";
const SVG: &str = "SVG drawings can't be stored: save the drawing as PNG";
const VIDEO: &str = "videos can't be stored yet: take a photo, or save one frame of the video as JPEG";
const SOUND: &str = "sound recordings can't be stored yet: write down what was said";
const PDF: &str = "PDF files can't be stored: take a photo of the page, or save the page as JPEG or PNG";
const UNKNOWN: &str = "this file is not a photo that is known here: save it as JPEG or PNG";

/// The type of these bytes, or a refusal that names what they are.
pub(super) fn media_type(bytes: &[u8]) -> Result<MediaType, MediaError> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Ok(MediaType::Jpeg);
    }
    if bytes.starts_with(super::png::SIGNATURE) {
        return Ok(MediaType::Png);
    }
    Err(MediaError::Unsupported { what: refusal(bytes) })
}

fn refusal(bytes: &[u8]) -> &'static str {
    if bytes.get(4..8) == Some(b"ftyp") {
        return match bytes.get(8..12).unwrap_or_default() {
            b"avif" | b"avis" => AVIF,
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => HEIC,
            b"M4A " | b"M4B " => SOUND,
            _ => VIDEO,
        };
    }
    if bytes.starts_with(b"RIFF") {
        return match bytes.get(8..12).unwrap_or_default() {
            b"WEBP" => WEBP,
            b"WAVE" => SOUND,
            b"AVI " => VIDEO,
            _ => UNKNOWN,
        };
    }
    let known: [(&[u8], &'static str); 13] = [
        (b"GIF8", GIF),
        (b"%PDF", PDF),
        (b"II*\0", TIFF),
        (b"MM\0*", TIFF),
        (b"BM", BMP),
        (b"\xFF\x0A", JXL),
        (b"\0\0\0\x0CJXL ", JXL),
        (b"<svg", SVG),
        (b"<?xml", SVG),
        (b"\x1A\x45\xDF\xA3", VIDEO),
        (b"OggS", SOUND),
        (b"ID3", SOUND),
        (b"\xFF\xFB", SOUND),
    ];
    known.iter().find(|(start, _)| bytes.starts_with(start)).map_or(UNKNOWN, |(_, what)| what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_known_by_its_bytes() {
        assert_eq!(media_type(b"\xFF\xD8\xFF\xE0"), Ok(MediaType::Jpeg));
        assert_eq!(media_type(b"\x89PNG\r\n\x1A\nrest"), Ok(MediaType::Png));
    }

    #[test]
    fn every_other_file_is_refused_with_something_to_do() {
        let files: [(&[u8], &str); 8] = [
            (b"\0\0\0\x18ftypheic\0\0\0\0", "most compatible"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0", "most compatible"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "videos"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
            (b"GIF89a", "GIF"),
            (b"%PDF-1.7", "PDF"),
            (b"hello", "JPEG or PNG"),
            (b"\xFF\xD8", "JPEG or PNG"),
        ];
        for (bytes, hint) in files {
            let error = media_type(bytes).unwrap_err();
            assert!(error.to_string().contains(hint), "{error}");
        }
    }
}
