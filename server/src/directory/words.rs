//! Words that people give to people and things.
//!
//! A name is compared without capitals, accents' spelling, invisible signs and look-alike letters (Unicode TR 39's
//! skeletons).

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

use super::error::DirectoryError;

/// Trims words, composes their letters, and checks their length. Signs that steer how text is drawn, or draw nothing, are
/// refused; the two joiners that some scripts are written with are not.
pub(crate) fn words(what: &'static str, text: &str, limit: usize) -> Result<String, DirectoryError> {
    let text: String = text.trim().nfc().collect();
    let fine = !text.is_empty() && text.chars().count() <= limit && !text.chars().any(is_unwritable);
    // A name of joiners alone is no name.
    let fine = fine && !fold(&text).is_empty();
    fine.then_some(text).ok_or(DirectoryError::Words { what, limit })
}

/// Signs that no name is written with.
fn is_unwritable(c: char) -> bool {
    // Joiners and variation selectors belong to letters and emoji.
    let is_part_of_a_sign =
        matches!(c, '\u{200c}' | '\u{200d}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}');
    c.is_control() || (is_invisible(c) && !is_part_of_a_sign)
}

/// Signs that draw nothing: Unicode's formats and fillers.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A name as it is compared.
pub(crate) fn fold(text: &str) -> String {
    let seen: String = text.nfkc().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).collect();
    let spaced = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    // A capital I looks like an l, and is an i.
    skeleton(&spaced).flat_map(char::to_lowercase).map(|c| if c == 'i' { 'l' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (a, b) in [
            ("Mr Okafor", "mr okafor"),
            ("Mr Okafor", "Mr  Okafor"),
            ("Mr Okafor", "Mr Okafоr"),
            ("Mr Okafor", "Mr Oka\u{200b}for"),
            ("Zoë", "Zoe\u{308}"),
            ("Ms Ito", "Ms lto"),
            ("Ms Ito", "Ｍｓ Ito"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        assert_ne!(fold("Ms Ito"), fold("Ms Ino"));
    }

    #[test]
    fn names_are_written_with_what_can_be_seen() {
        for bad in ["", " ", "a\u{202e}b", "a\u{200b}", "\u{200d}", "a\nb", "\u{3164}"] {
            assert!(words("a name", bad, 20).is_err(), "{bad:?}");
        }
        assert_eq!(words("a name", " Zoe\u{308} ", 20).unwrap(), "Zoë");
        assert_eq!(words("a name", "🏳️‍🌈 class", 20).unwrap(), "🏳️‍🌈 class");
        assert!(words("a name", "می\u{200c}خواهم", 20).is_ok(), "some scripts are written with joiners");
    }
}
