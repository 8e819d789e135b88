//! Words that people give to people and things, and whom or what a command means by them.
//!
//! A name is compared without capitals, accents' spelling, invisible signs and look-alike letters (Unicode TR 39's
//! skeletons): who chooses a name that only looks like another's makes it ambiguous, and never takes its place.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

use super::DirectoryError;

/// Who chose a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namer {
    /// The school's office.
    School,
    /// Somebody on a device, as a student does whom she brings.
    Device,
}

/// Something that a command may mean.
#[derive(Debug, Clone)]
pub(crate) struct Candidate<I> {
    /// Its id.
    pub(crate) id: I,
    /// Its name.
    pub(crate) name: String,
    /// What tells it from others of the same name.
    pub(crate) about: String,
    /// Who named it.
    pub(crate) namer: Namer,
}

impl<I> From<(I, String)> for Candidate<I> {
    fn from((id, name): (I, String)) -> Self {
        Self { id, name, about: String::new(), namer: Namer::School }
    }
}

/// One of several that a command may have meant, for whoever has to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What tells it from the others: kinds and classes.
    pub about: String,
}

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

/// The one of `all` with this id, or else the only one that the school calls so.
pub(crate) fn pick<I: Copy + ToString, C: Into<Candidate<I>>>(
    kind: &'static str,
    text: &str,
    all: impl IntoIterator<Item = C>,
) -> Result<I, DirectoryError> {
    let text = text.trim();
    let (as_id, folded) = (text.to_lowercase(), fold(text));
    let (mut found, mut by_devices) = (Vec::new(), Vec::new());
    for candidate in all {
        let candidate: Candidate<I> = candidate.into();
        if candidate.id.to_string() == as_id {
            return Ok(candidate.id);
        }
        if fold(&candidate.name) == folded {
            match candidate.namer {
                Namer::School => found.push(candidate),
                Namer::Device => by_devices.push(candidate),
            }
        }
    }
    let meant = |candidates: &[Candidate<I>]| {
        let meant = |one: &Candidate<I>| Meant {
            id: one.id.to_string(),
            name: one.name.clone(),
            about: one.about.clone(),
        };
        candidates.iter().map(meant).collect::<Vec<_>>()
    };
    let text: String = text.chars().take(60).collect();
    match (found.as_slice(), by_devices.as_slice()) {
        ([one], _) => Ok(one.id),
        ([], []) => Err(DirectoryError::Unknown { kind, text }),
        ([], some) => Err(DirectoryError::NamedByDevice { text, candidates: meant(some) }),
        (several, _) => Err(DirectoryError::Ambiguous { text, candidates: meant(several) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(names: &[(&str, Namer)]) -> Vec<Candidate<u8>> {
        let candidate = |(number, (name, namer)): (u8, &(&str, Namer))| Candidate {
            id: number,
            name: (*name).to_owned(),
            about: String::new(),
            namer: *namer,
        };
        (1..).zip(names).map(candidate).collect()
    }

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
    fn a_name_that_somebody_chose_on_a_device_decides_nothing() {
        let (school, device) = (Namer::School, Namer::Device);
        let pick = |text: &str, names: &[(&str, Namer)]| pick("person", text, all(names));
        let one = [("Mr Okafor", school), ("mr okafor", device), ("Mr Okafor", device)];
        assert_eq!(pick("mr okafor", &one).unwrap(), 1);
        assert_eq!(pick("2", &one).unwrap(), 2);
        let two = [("Mr Okafor", school), ("MR OKAFOR", school)];
        assert!(matches!(pick("Mr Okafor", &two), Err(DirectoryError::Ambiguous { .. })));
        let none = [("Mr Okafor", device)];
        assert!(matches!(pick("Mr Okafor", &none), Err(DirectoryError::NamedByDevice { .. })));
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
