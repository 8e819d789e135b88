//! Plain text: it has no place for anything but its words. In UTF-8 it is kept as it is, any other is converted to that.

mod decode;

use super::exif::Orientation;
use super::plan::Plan;
use super::source::Reader;
use super::{Advice, Found, MediaError, MediaType, Note, Picture, damaged};

/// Longer than any book; a browser shows a text whole.
const MAX_TEXT: u64 = 4 << 20;

/// Whoever chose a file of such a name wants something else than its text.
const OTHERS: [&str; 22] = [
    "jpg", "jpeg", "png", "webp", "gif", "heic", "heif", "avif", "mp4", "m4v", "mov", "3gp", "m4a", "mp3",
    "wav", "ogg", "opus", "pdf", "docx", "xlsx", "pptx", "odt",
];

/// Whether a file that begins so may be a text.
pub(super) fn begins_as_text(start: &[u8]) -> bool {
    // The end may fall into the middle of a letter.
    let is_utf_8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    is_utf_8 && !start.iter().any(is_control) || decode::begins(start)
}

fn is_control(byte: &u8) -> bool {
    *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C) || *byte == 0x7F
}

/// Plans the file: as it is, or converted.
pub(super) fn rebuild(reader: &mut Reader<'_>, name: &str) -> Result<Found, MediaError> {
    check_length(reader.length())?;
    let (bytes, notes) = in_utf_8(reader.whole()?)?;
    check_length(bytes.len() as u64)?;
    if let Some(advice) = refusal(&bytes, name) {
        return Err(MediaError::Unsupported { advice });
    }
    Ok(Found {
        notes,
        media_type: MediaType::Text,
        plan: Plan::of(bytes),
        width: 0,
        height: 0,
        orientation: Orientation::UPRIGHT,
        duration_ms: None,
        picture: Picture::Opaque,
    })
}

fn check_length(bytes: u64) -> Result<(), MediaError> {
    if bytes > MAX_TEXT { Err(MediaError::TooLarge { bytes, limit: MAX_TEXT }) } else { Ok(()) }
}

/// The text in UTF-8, and what its owner should know of how it came to be.
fn in_utf_8(bytes: Vec<u8>) -> Result<(Vec<u8>, Vec<Note>), MediaError> {
    if std::str::from_utf8(&bytes).is_ok() && !bytes.iter().any(is_control) {
        return Ok((bytes, Vec::new()));
    }
    if let Some(text) = decode::decode(&bytes) {
        return Ok((text.into_bytes(), vec![Note::TextConverted]));
    }
    if decode::begins(&bytes) {
        return Err(MediaError::Unsupported { advice: Advice::TextEncoding });
    }
    Err(damaged("it begins as text and goes on as something else"))
}

/// What can't be stored though it is text. A name that promises plain text is believed where the words allow it.
fn refusal(bytes: &[u8], name: &str) -> Option<Advice> {
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let start = start.get(..start.len().min(16)).unwrap_or_default().to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or(String::new(), |(_, last)| last.to_ascii_lowercase());
    let is_named_plain = matches!(extension.as_str(), "txt" | "md" | "markdown" | "csv" | "tsv");
    let pages: [&[u8]; 6] = [b"<!doctype", b"<html", b"<svg", b"<?xml", b"<script", b"<head"];
    if matches!(extension.as_str(), "html" | "htm" | "xhtml" | "svg" | "xml")
        || pages.iter().any(|page| start.starts_with(page))
        || start.starts_with(b"<") && !is_named_plain
    {
        return Some(Advice::Markup);
    }
    if OTHERS.contains(&extension.as_str()) {
        return Some(Advice::NotWhatItSays);
    }
    if start.starts_with(b"{\\rtf") {
        return Some(Advice::RichText);
    }
    (start.starts_with(b"begin:vcard") || start.starts_with(b"begin:vcalendar")).then_some(Advice::Card)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Cursor;

    use super::super::{MediaError, MediaType, Offered, clean, prepare};
    use super::*;

    /// In UTF-16, without a mark.
    pub(crate) fn sample() -> Vec<u8> {
        "Día;12 cm\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn offer(name: &str, bytes: &[u8]) -> Result<MediaType, MediaError> {
        let offered = Offered { source: &mut Cursor::new(bytes), name, poster: None };
        prepare(offered).map(|prepared| prepared.media_type)
    }

    #[test]
    fn words_stay_as_they_are() {
        let words = "\u{FEFF}Leaf, 緑, 12 cm\r\nroot;\t3 cm\n";
        assert_eq!(clean(words.as_bytes()).unwrap().bytes, words.as_bytes());
        assert_eq!(offer("garden.csv", words.as_bytes()), Ok(MediaType::Text));
        assert_eq!(offer("garden.md", b"<b>Leaf</b>"), Ok(MediaType::Text));
        assert_eq!(offer("", b"BM is how this text begins"), Ok(MediaType::Text));
    }

    #[test]
    fn what_only_looks_like_text_is_refused_with_something_to_do() {
        for (name, bytes, hint) in [
            ("", &b"<b>Leaf</b>"[..], "PDF"),
            ("leaf.txt", b" <!DOCTYPE html><p>", "PDF"),
            ("leaf.svg", b"anything", "PNG"),
            ("", b"{\\rtf1 {\\author Mina}}", "DOCX"),
            ("holiday.jpg", b"this is a text that calls itself a photo", "photo"),
            ("mina.vcf", b"BEGIN:VCARD\nFN:Mina", "write down"),
        ] {
            let error = offer(name, bytes).unwrap_err();
            assert!(
                matches!(error, MediaError::Unsupported { .. }) && error.to_string().contains(hint),
                "{error}"
            );
        }
        assert!(matches!(offer("", b"a\0b"), Err(MediaError::Unsupported { .. })));
        let late = [&[b'a'; 5000][..], b"\x01\xFE"].concat();
        assert!(matches!(offer("a.txt", &late), Err(MediaError::Damaged { .. })));
        let long = vec![b'a'; MAX_TEXT as usize + 1];
        assert!(matches!(offer("a.txt", &long), Err(MediaError::TooLarge { .. })));
    }

    fn converted(bytes: &[u8]) -> Result<String, MediaError> {
        let prepared = super::super::prepare_bytes(bytes)?;
        assert_eq!(prepared.notes, [Note::TextConverted]);
        let once = clean(bytes).unwrap();
        assert_eq!(clean(&once.bytes).unwrap(), once);
        Ok(String::from_utf8(once.bytes).unwrap())
    }

    #[test]
    fn what_other_programs_write_becomes_utf_8() {
        let table = "Día;Altura (cm);Niña\r\n1;3,5;Peña\r\n";
        let pairs = |to: fn(u16) -> [u8; 2]| table.encode_utf16().flat_map(to).collect::<Vec<u8>>();
        let latin: Vec<u8> = table.chars().map(|letter| letter as u8).collect();
        let late = [&b"0;20.5\r\n".repeat(1000)[..], &latin].concat();
        assert_eq!(converted(&latin).unwrap(), table);
        assert!(converted(&late).unwrap().ends_with(table));
        assert_eq!(converted(&pairs(u16::to_le_bytes)).unwrap(), table);
        assert_eq!(converted(&pairs(u16::to_be_bytes)).unwrap(), table);
        assert_eq!(converted(&[b"\xFF\xFE".to_vec(), pairs(u16::to_le_bytes)].concat()).unwrap(), table);
        assert_eq!(converted(&[b"\xFE\xFF".to_vec(), pairs(u16::to_be_bytes)].concat()).unwrap(), table);
        assert_eq!(converted(b"It\x92s a leaf \x96 caf\xE9").unwrap(), "It’s a leaf – café");
        let diary = b"\x92\xEB\x82\xCC\x8A\xCF\x8E\x40\x93\xFA\x8B\x4C\r\n";
        assert_eq!(converted(diary).unwrap(), "庭の観察日記\r\n");
    }

    #[test]
    fn letters_that_cannot_be_told_are_not_guessed() {
        // What an old Mac and DOS make of "Día;Niña", and UTF-8 that lost its end.
        for bytes in [&b"D\x92a;Ni\x96a"[..], b"D\xA1a;Ni\xA4a"] {
            let error = converted(bytes).unwrap_err();
            assert!(error.to_string().contains("UTF-8"), "{error}");
        }
        let cut = &"Día, niña, peñ".as_bytes()[.."Día, niña, peñ".len() - 1];
        assert_eq!(converted(cut), Err(MediaError::Unsupported { advice: Advice::TextEncoding }));
        assert!(matches!(converted(b"\xFF\xFEa\0\0\0b\0"), Err(MediaError::Unsupported { .. })));
        assert!(matches!(converted(b"\xFF\xD8"), Err(MediaError::Unsupported { advice: Advice::Unknown })));
    }

    #[test]
    fn a_converted_text_is_refused_for_what_it_is() {
        let page: Vec<u8> = "\u{FEFF}<html>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(matches!(converted(&page), Err(MediaError::Unsupported { advice: Advice::Markup })));
    }
}
