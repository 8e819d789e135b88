//! Letters in other encodings than UTF-8.
//!
//! Code pages need tables of every letter of Chinese, Japanese and Korean, as large as all else that looks into files. A
//! browser would load them before its first page, so there such texts are refused with how to save them; UTF-16 is read
//! everywhere.

/// Which half of a letter of UTF-16 comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Utf16 {
    Little,
    Big,
}

impl Utf16 {
    /// The text without a mark at its beginning; `\u{FFFD}` for what is no letter. A last half is left out.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        let units = bytes.chunks_exact(2).map(|pair| match self {
            Self::Little => u16::from_le_bytes([pair[0], pair[1]]),
            Self::Big => u16::from_be_bytes([pair[0], pair[1]]),
        });
        char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }

    /// The text; none where a half of a letter is missing.
    pub(super) fn decode_whole(self, bytes: &[u8]) -> Option<String> {
        let text = self.decode(bytes);
        (bytes.len().is_multiple_of(2) && !text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
    }

    /// By the mark at the beginning, which is left out of the rest.
    pub(super) fn marked(bytes: &[u8]) -> Option<(Self, &[u8])> {
        match bytes {
            [0xFF, 0xFE, text @ ..] => Some((Self::Little, text)),
            [0xFE, 0xFF, text @ ..] => Some((Self::Big, text)),
            _ => None,
        }
    }
}

/// A text in a code page, and whether each of its letters is one byte.
pub(super) struct InCodePage {
    pub(super) text: String,
    pub(super) is_single_byte: bool,
}

#[cfg(not(target_family = "wasm"))]
mod pages {
    use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
    use encoding_rs::{Encoding, UTF_8};

    use super::InCodePage;

    /// The code page stands nowhere in a text, so it is guessed, as browsers guess it.
    pub(in super::super) fn guess(bytes: &[u8]) -> Option<InCodePage> {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(bytes, true);
        let encoding = detector.guess(None, Utf8Detection::Deny);
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?.into_owned();
        Some(InCodePage { text, is_single_byte: encoding.is_single_byte() })
    }

    /// The text in the code page of this name; none for UTF-8, and for a name that nobody knows.
    pub(in super::super) fn named(label: &[u8], bytes: &[u8]) -> Option<String> {
        let encoding = Encoding::for_label(label).filter(|encoding| *encoding != UTF_8)?;
        Some(encoding.decode(bytes).0.into_owned())
    }

    /// Is this the name of another encoding than UTF-8?
    pub(in super::super) fn is_known(label: &[u8]) -> bool {
        Encoding::for_label(label).is_some_and(|encoding| encoding != UTF_8)
    }
}

#[cfg(target_family = "wasm")]
mod pages {
    use super::InCodePage;

    pub(in super::super) fn guess(_: &[u8]) -> Option<InCodePage> {
        None
    }

    pub(in super::super) fn named(_: &[u8], _: &[u8]) -> Option<String> {
        None
    }

    pub(in super::super) fn is_known(_: &[u8]) -> bool {
        false
    }
}

pub(super) use pages::{guess, is_known, named};
