//! Plain text: kept as it is. It has no place for anything but its words.

use super::exif::Orientation;
use super::plan::Plan;
use super::source::Reader;
use super::{Advice, Found, MediaError, MediaType, Picture, damaged};

/// Longer than any book; a browser shows a text whole.
const MAX_TEXT: u64 = 4 << 20;

/// Whoever chose a file of such a name wants something else than its text.
const OTHERS: [&str; 22] = [
    "jpg", "jpeg", "png", "webp", "gif", "heic", "heif", "avif", "mp4", "m4v", "mov", "3gp", "m4a", "mp3",
    "wav", "ogg", "opus", "pdf", "docx", "xlsx", "pptx", "odt",
];

/// Whether a file that begins so may be a text.
pub(super) fn begins_as_text(start: &[u8]) -> bool {
    let is_control =
        |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C) || *byte == 0x7F;
    // The end may fall into the middle of a letter.
    let is_utf_8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    is_utf_8 && !start.iter().any(is_control)
}

/// Plans the file, which stays as it is.
pub(super) fn rebuild(reader: &mut Reader<'_>, name: &str) -> Result<Found, MediaError> {
    if reader.length() > MAX_TEXT {
        return Err(MediaError::TooLarge { bytes: reader.length(), limit: MAX_TEXT });
    }
    let bytes = reader.whole()?;
    if !begins_as_text(&bytes) || std::str::from_utf8(&bytes).is_err() {
        return Err(damaged("it begins as text in UTF-8 and goes on as something else"));
    }
    if let Some(advice) = refusal(&bytes, name) {
        return Err(MediaError::Unsupported { advice });
    }
    Ok(Found {
        notes: Vec::new(),
        media_type: MediaType::Text,
        plan: Plan::of(bytes),
        width: 0,
        height: 0,
        orientation: Orientation::UPRIGHT,
        duration_ms: None,
        picture: Picture::Opaque,
    })
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
mod tests {
    use std::io::Cursor;

    use super::super::{MediaError, MediaType, Offered, clean, prepare};
    use super::*;

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
        let late = [&[b'a'; 5000][..], b"\xFF\xFE"].concat();
        assert!(matches!(offer("a.txt", &late), Err(MediaError::Damaged { .. })));
        let long = vec![b'a'; MAX_TEXT as usize + 1];
        assert!(matches!(offer("a.txt", &long), Err(MediaError::TooLarge { .. })));
    }
}
