//! Texts that are not in UTF-8: UTF-16, and what spreadsheets and editors write in the code page of their system.
//!
//! A code page stands nowhere in a file, so it is guessed, as browsers guess it. A guess that makes no words is none.

use super::super::letters::{self, Utf16};

/// Whether a file that begins so may be a text in another way than UTF-8.
pub(super) fn begins(start: &[u8]) -> bool {
    if let Some((encoding, text)) = utf_16(start) {
        let text = text.get(..text.len() & !1).unwrap_or_default();
        // The end may fall into the middle of a letter.
        return !encoding.decode(text).contains(is_no_text);
    }
    !start.is_ascii() && start.iter().any(u8::is_ascii) && !start.iter().any(super::is_control)
}

/// The text; none where its letters can't be told.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let text = match utf_16(bytes) {
        Some((encoding, text)) => encoding.decode_whole(text)?,
        None if bytes.iter().any(super::is_control) || is_broken_utf_8(bytes) => return None,
        None => in_code_page(bytes)?,
    };
    (!text.contains(is_no_text)).then_some(text)
}

/// A guess that makes no words is none.
fn in_code_page(bytes: &[u8]) -> Option<String> {
    let found = letters::guess(bytes)?;
    let makes_words =
        if found.is_single_byte { has_no_sign_in_a_word(&found.text) } else { stands_together(&found.text) };
    makes_words.then_some(found.text)
}

/// UTF-16 by its mark; or, without one, by the zeros that every other byte of Latin letters is.
fn utf_16(bytes: &[u8]) -> Option<(Utf16, &[u8])> {
    if let Some(marked) = Utf16::marked(bytes) {
        return Some(marked);
    }
    let pairs = bytes.len() / 2;
    let zeros = |first| bytes.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    match (zeros(0), zeros(1)) {
        (0, low) if low > pairs / 2 => Some((Utf16::Little, bytes)),
        (high, 0) if high > pairs / 2 => Some((Utf16::Big, bytes)),
        _ => None,
    }
}

/// Whether this is UTF-8 that was cut or damaged, rather than a text in another way: most of its letters are in UTF-8.
fn is_broken_utf_8(bytes: &[u8]) -> bool {
    let (mut sound, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|letter| !letter.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    sound > broken
}

fn is_no_text(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{0C}')
        || matches!(letter, '\u{FFFD}' | '\u{FEFF}' | '\u{E000}'..='\u{F8FF}')
}

/// Whether no sign stands in the midst of a word, as it does where an old Mac's or DOS's letters are taken for those of
/// Windows (`Ni–a`, `D¡a`). What may stand there is an apostrophe, and the dot of `col·lecció`.
fn has_no_sign_in_a_word(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let is_wrong = |around: &[char]| match around {
        [before, sign, after] => {
            before.is_alphabetic()
                && after.is_alphabetic()
                && !sign.is_ascii()
                && !sign.is_alphanumeric()
                && !matches!(sign, '’' | '‘' | '·' | '\u{A0}' | '\u{AD}')
        }
        _ => false,
    };
    !letters.windows(3).any(is_wrong)
}

/// Whether most letters beyond ASCII have another one beside them, as those of Chinese, Japanese and Korean do: a single
/// one among Latin letters is one of those, misread.
fn stands_together(text: &str) -> bool {
    let runs = text.split(|letter: char| letter.is_ascii()).map(|run| run.chars().count());
    let (alone, together) = runs.fold((0, 0), |(alone, together), count| match count {
        0 | 1 => (alone + count, together),
        _ => (alone, together + count),
    });
    together > alone
}
