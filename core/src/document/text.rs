//! What a person changed in a text, as few replaced stretches as say it, so that what two devices changed apart merges in
//! its place.
//!
//! Texts are compared word by word ([UAX #29](https://www.unicode.org/reports/tr29/)), since a person changes words: by
//! character, two that share letters would be torn into each other. Only a word that grew or shrank in one place is
//! changed by its characters. What is between two changes without a word in it goes with them, and so do a few words
//! between two changes that are each [`FEW`] times as long: two devices that wrote a passage anew then leave one version
//! after the other. So does a text of which less than one word in [`FEW`] was kept.

use std::ops::Range;

use automerge::transaction::Transactable;
use automerge::{ObjId, ReadDoc};
use similar::{Algorithm, DiffTag, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation;

use super::{Edit, Sheet, SheetError};

/// How many times as much was changed as kept, for what was kept to count as written anew with it.
const FEW: usize = 3;

/// What a person made of a text, and what stood in it when she began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// What she saw when she began. What others wrote since stays. `None` for a caller that saw what stands now.
    pub before: Option<String>,
    /// What she made of it.
    pub after: String,
}

impl TextEdit {
    /// A text as it is to stand, whatever stood there.
    pub fn exactly(text: impl Into<String>) -> Self {
        Self { before: None, after: text.into() }
    }

    /// What the text says once this edit was made on `now`. Its own device's later words and hers both stay.
    pub fn upon(&self, now: &str) -> Result<String, SheetError> {
        match self.before.as_deref() {
            Some(before) if before != now => merged(before, &self.after, now),
            _ => Ok(self.after.clone()),
        }
    }
}

impl<T: Into<String>> From<T> for TextEdit {
    fn from(text: T) -> Self {
        Self::exactly(text)
    }
}

/// What two devices made of one text, apart.
fn merged(from: &str, one: &str, other: &str) -> Result<String, SheetError> {
    let mut base = Sheet::genesis();
    base.edit([0; 16], 0, |edit| edit.words(from))?;
    let (mut mine, mut theirs) = (base.clone(), base);
    mine.edit([1; 16], 0, |edit| edit.words(one))?;
    theirs.edit([2; 16], 0, |edit| edit.words(other))?;
    mine.doc.merge(&mut theirs.doc)?;
    let words = mine.root("words").ok_or(SheetError::Absent("the document has lost a root container"))?;
    Ok(mine.doc.text(&words)?)
}

impl Edit<'_> {
    /// Makes an edit on a text. What it says then is readable whole, or nothing changes.
    pub(super) fn reword(&mut self, object: &ObjId, edit: &TextEdit, limit: usize) -> Result<(), SheetError> {
        let text = edit.upon(&self.tx.text(object)?)?;
        if edit.before.is_some() && text.chars().count() > limit {
            return Err(SheetError::TooLong { limit });
        }
        self.text(object, &text)
    }

    /// Makes a text say this, by what differs from what it says.
    pub(super) fn text(&mut self, object: &ObjId, new: &str) -> Result<(), SheetError> {
        let old = self.tx.text(object)?;
        // From the end, so that what comes before stays where it is.
        for Replaced { at, with } in differences(&old, new).into_iter().rev() {
            let width = |part: &str| part.encode_utf16().count();
            let start = width(&old[..at.start]);
            let length = isize::try_from(width(&old[at])).unwrap_or(isize::MAX);
            self.tx.splice_text(object, start, length, with)?;
        }
        Ok(())
    }
}

/// A stretch of the old text, in bytes, and what stands there now.
#[derive(Debug, PartialEq, Eq)]
struct Replaced<'a> {
    at: Range<usize>,
    with: &'a str,
}

/// A stretch of both texts, in words.
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

impl Change {
    fn is_long(&self, kept: usize) -> bool {
        self.old.len().max(self.new.len()) >= kept * FEW
    }
}

fn differences<'a>(old: &str, new: &'a str) -> Vec<Replaced<'a>> {
    let (was, is) = (Words::of(old), Words::of(new));
    let mut changes: Vec<Change> = Vec::new();
    for op in capture_diff_slices(Algorithm::Histogram, &was.words, &is.words) {
        if op.tag() == DiffTag::Equal {
            continue;
        }
        let next = Change { old: op.old_range(), new: op.new_range() };
        match changes.last_mut() {
            Some(last) if goes_along(&was, last, &next) => {
                (last.old.end, last.new.end) = (next.old.end, next.new.end);
            }
            _ => changes.push(next),
        }
    }
    if is_anew(&was, &is, &changes) {
        return vec![Replaced { at: 0..old.len(), with: new }];
    }
    changes.iter().map(|change| narrowed(old, was.bytes(&change.old), &new[is.bytes(&change.new)])).collect()
}

/// Was so little kept that it is another text?
fn is_anew(was: &Words<'_>, is: &Words<'_>, changes: &[Change]) -> bool {
    let count = |words: &[&str]| words.iter().filter(|word| is_word(word)).count();
    let old = count(&was.words);
    let kept = old - changes.iter().map(|change| count(&was.words[change.old.clone()])).sum::<usize>();
    kept * FEW < old.min(count(&is.words))
}

/// Does what was kept between two changes go along with them?
fn goes_along(was: &Words<'_>, last: &Change, next: &Change) -> bool {
    let kept = was.words[last.old.end..next.old.start].iter().filter(|word| is_word(word)).count();
    kept == 0 || last.is_long(2 * kept) && next.is_long(2 * kept)
}

fn is_word(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

/// A word that only grew or shrank in one place is changed there.
fn narrowed<'a>(old: &str, at: Range<usize>, with: &'a str) -> Replaced<'a> {
    let was = &old[at.clone()];
    let begin: usize = was
        .graphemes(true)
        .zip(with.graphemes(true))
        .take_while(|(a, b)| a == b)
        .map(|(same, _)| same.len())
        .sum();
    let end: usize = was[begin..]
        .graphemes(true)
        .rev()
        .zip(with[begin..].graphemes(true).rev())
        .take_while(|(a, b)| a == b)
        .map(|(same, _)| same.len())
        .sum();
    if begin + end < was.len().min(with.len()) {
        return Replaced { at, with };
    }
    Replaced { at: at.start + begin..at.end - end, with: &with[begin..with.len() - end] }
}

/// A text in its words and what stands between them.
struct Words<'a> {
    words: Vec<&'a str>,
    /// Where each begins, in bytes; and the end.
    starts: Vec<usize>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        let (mut starts, words): (Vec<usize>, Vec<&str>) = text.split_word_bound_indices().unzip();
        starts.push(text.len());
        Self { words, starts }
    }

    fn bytes(&self, words: &Range<usize>) -> Range<usize> {
        self.starts[words.start]..self.starts[words.end]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ESSAY: &str = "We plantd beans in the long bed. It rained for a week, and half of them drowned. \
        Then Otto dug a ditch. Now the others stand as high as my knee.";

    fn differing(old: &str, new: &str) -> Vec<(String, String)> {
        differences(old, new)
            .into_iter()
            .map(|Replaced { at, with }| (old[at].to_owned(), with.to_owned()))
            .collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()
    }

    #[test]
    fn what_differs_is_said_in_whole_words_or_in_what_a_word_gained() {
        assert_eq!(differing("a leaf here", "a leaf here"), []);
        assert_eq!(differing("the plantd bean", "the planted bean"), pairs(&[("", "e")]));
        assert_eq!(differing("the green bean", "the grey bean"), pairs(&[("green", "grey")]));
        assert_eq!(differing("a bean.", "a bean. And a leaf."), pairs(&[("", " And a leaf.")]));
        assert_eq!(differing("", "new"), pairs(&[("", "new")]));
        assert_eq!(differing("gone", ""), pairs(&[("gone", "")]));
        let family = "👩‍👩‍👧 grows";
        assert_eq!(differing(family, "👩‍👩‍👦 grows"), pairs(&[("👩‍👩‍👧", "👩‍👩‍👦")]));
    }

    #[test]
    fn a_mended_typo_a_new_sentence_and_changed_words_in_the_middle_all_stand_in_their_places() {
        let one = ESSAY.replace("plantd", "planted") + " I would dig sooner.";
        let other = ESSAY.replace("half of them drowned", "most of them died in the mud");
        let both = one.replace("half of them drowned", "most of them died in the mud");
        assert_eq!(merged(ESSAY, &one, &other).unwrap(), both);
        assert_eq!(merged(ESSAY, &other, &one).unwrap(), both);
    }

    #[test]
    fn two_that_wrote_everything_anew_leave_one_version_after_the_other() {
        let one = "Carrots like sand and the sun, so I moved the whole bed behind the shed.";
        let other = "My grandmother sows the peas in March, and she never waters them at noon.";
        let both = merged(ESSAY, one, other).unwrap();
        assert!(both == format!("{one}{other}") || both == format!("{other}{one}"), "{both}");
    }

    #[test]
    fn an_edit_keeps_what_came_meanwhile() {
        let edit = TextEdit { before: Some("One. Two.".into()), after: "One. Two. Three.".into() };
        assert_eq!(edit.upon("One. And a half. Two.").unwrap(), "One. And a half. Two. Three.");
        assert_eq!(edit.upon("One. Two.").unwrap(), "One. Two. Three.");
        assert_eq!(TextEdit::exactly("Four").upon("One").unwrap(), "Four");
    }

    /// What one side does to a word, which the other leaves as it is.
    #[derive(Debug, Clone)]
    enum Deed {
        Keep,
        Mend(bool),
        Remove(bool),
        Add(bool),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let deed = prop_oneof![
            6 => Just(Deed::Keep),
            1 => any::<bool>().prop_map(Deed::Mend),
            1 => any::<bool>().prop_map(Deed::Remove),
            1 => any::<bool>().prop_map(Deed::Add),
        ];
        prop::collection::vec(deed, 1..60)
    }

    /// The text as one side, the other or both of them left it; a word that nobody touches stands between two deeds.
    fn text(deeds: &[Deed], counts: impl Fn(bool) -> bool) -> String {
        let mut words: Vec<String> = Vec::new();
        for (number, deed) in deeds.iter().enumerate() {
            let word = format!("word{number}");
            match deed {
                Deed::Mend(side) if counts(*side) => words.push(format!("mended{number}")),
                Deed::Remove(side) if counts(*side) => {}
                Deed::Add(side) if counts(*side) => words.extend([word, format!("more{number}")]),
                Deed::Keep | Deed::Mend(_) | Deed::Remove(_) | Deed::Add(_) => words.push(word),
            }
            words.push(format!("kept{number}"));
        }
        words.join(" ")
    }

    proptest! {
        #[test]
        fn what_one_side_changed_survives_in_its_place(deeds in deeds()) {
            let (base, one) = (text(&deeds, |_| false), text(&deeds, |side| side));
            let (other, both) = (text(&deeds, |side| !side), text(&deeds, |_| true));
            prop_assert_eq!(merged(&base, &one, &other).unwrap(), both);
        }

        #[test]
        fn any_text_becomes_any_other(old in "(\\PC| |the |\n){0,40}", new in "(\\PC| |the |\n){0,40}") {
            let mut sheet = Sheet::genesis();
            sheet.edit([1; 16], 0, |edit| edit.words(&old)).unwrap();
            sheet.edit([1; 16], 0, |edit| edit.words(&new)).unwrap();
            let words = sheet.root("words").unwrap();
            prop_assert_eq!(sheet.doc.text(&words).unwrap(), new);
        }
    }
}
