//! Photos, films, recordings, documents and links in a content sheet: each under its key in `media`.
//!
//! What the camera gave is written once. Caption and description are texts that merge by character; place, turn and
//! "taken out" are single fields, the latest of which holds. Nothing is ever removed from `media`.

use automerge::transaction::Transactable;
use automerge::{ObjId, ObjType, ReadDoc, Value};

use super::{Edit, Sheet, SheetError, TextEdit};
use crate::blob::BlobHash;
use crate::ids::EntryId;
use crate::model::piece::{Content, Link, Mark, Medium, Point, Turn};

/// The longest name, caption and description that is shown, in characters.
const MAX_LINE: usize = 2_000;
/// The most spots of one medium that are shown.
const MAX_MARKS: usize = 50;

/// Which words of a medium or a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediumWords {
    /// The line beneath it.
    Caption,
    /// What it shows, for who can't see it.
    Alt,
}

impl MediumWords {
    const fn name(self) -> &'static str {
        match self {
            MediumWords::Caption => "caption",
            MediumWords::Alt => "alt",
        }
    }
}

impl Edit<'_> {
    /// Adds a medium under its key, which must be fresh.
    pub fn add_medium(&mut self, medium: &Medium) -> Result<(), SheetError> {
        let object = self.new_medium(medium.key)?;
        self.tx.put(&object, "original", medium.original.to_string())?;
        if let Some(preview) = medium.preview {
            self.tx.put(&object, "preview", preview.to_string())?;
        }
        self.tx.put(&object, "type", medium.media_type.as_str())?;
        self.tx.put(&object, "width", u64::from(medium.width))?;
        self.tx.put(&object, "height", u64::from(medium.height))?;
        self.tx.put(&object, "size", medium.size)?;
        if let Some(duration) = medium.duration {
            self.tx.put(&object, "duration", duration)?;
        }
        self.tx.put(&object, "placeholder", medium.placeholder.clone())?;
        if !medium.name.is_empty() {
            self.tx.put(&object, "name", medium.name.as_str())?;
        }
        self.tx.put_object(&object, "marks", ObjType::Map)?;
        self.begin_words(&object, MediumWords::Caption, &medium.caption)?;
        self.begin_words(&object, MediumWords::Alt, &medium.alt)
    }

    /// Adds a link under a fresh key.
    pub fn add_link(&mut self, link: &Link) -> Result<(), SheetError> {
        let object = self.new_medium(link.key)?;
        self.tx.put(&object, "link", link.url.as_str())?;
        self.begin_words(&object, MediumWords::Caption, &link.caption)
    }

    /// Sets words of a medium or a link; what differs merges by word with what other devices wrote.
    pub fn medium_words(
        &mut self,
        key: EntryId,
        which: MediumWords,
        words: impl Into<TextEdit>,
    ) -> Result<(), SheetError> {
        let (object, words) = (self.medium(key)?, words.into());
        match self.tx.get(&object, which.name())? {
            Some((Value::Object(ObjType::Text), text)) => self.reword(&text, &words, MAX_LINE),
            _ => self.begin_words(&object, which, &words.after),
        }
    }

    /// Turns a picture for everybody who looks at it.
    pub fn turn_medium(&mut self, key: EntryId, turn: Turn) -> Result<(), SheetError> {
        let object = self.medium(key)?;
        Ok(self.tx.put(&object, "turn", u64::from(turn.count()))?)
    }

    /// Takes a medium or a link out of what is shown, or puts it back. Its bytes stay.
    pub fn take_out(&mut self, key: EntryId, is_out: bool) -> Result<(), SheetError> {
        let object = self.medium(key)?;
        Ok(self.tx.put(&object, "gone", is_out)?)
    }

    /// Puts media in this order. Those that are not named come after them, in the order of their keys.
    pub fn arrange(&mut self, order: &[EntryId]) -> Result<(), SheetError> {
        for (place, key) in (0u64..).zip(order) {
            let object = self.medium(*key)?;
            let same = match self.tx.get_all(&object, "place")?.as_slice() {
                [(Value::Scalar(present), _)] => present.as_u64() == Some(place),
                _ => false,
            };
            if !same {
                self.tx.put(&object, "place", place)?;
            }
        }
        Ok(())
    }

    /// Points at a spot of a medium, under a fresh key.
    pub fn mark(&mut self, medium: EntryId, mark: &Mark) -> Result<(), SheetError> {
        let object = self.medium(medium)?;
        let marks = match self.tx.get(&object, "marks")? {
            Some((Value::Object(ObjType::Map), marks)) => marks,
            _ => self.tx.put_object(&object, "marks", ObjType::Map)?,
        };
        let object = self.tx.put_object(&marks, mark.key.to_string(), ObjType::Map)?;
        self.tx.put(&object, "x", u64::from(mark.at.x))?;
        self.tx.put(&object, "y", u64::from(mark.at.y))?;
        Ok(self.tx.put(&object, "words", mark.words.as_str())?)
    }

    /// Points at it no more.
    pub fn unmark(&mut self, medium: EntryId, mark: EntryId) -> Result<(), SheetError> {
        let object = self.medium(medium)?;
        if let Some((Value::Object(ObjType::Map), marks)) = self.tx.get(&object, "marks")? {
            let key = mark.to_string();
            if self.tx.get(&marks, key.as_str())?.is_some() {
                self.tx.delete(&marks, key.as_str())?;
            }
        }
        Ok(())
    }

    fn new_medium(&mut self, key: EntryId) -> Result<ObjId, SheetError> {
        let media = self.root("media")?;
        Ok(self.tx.put_object(&media, key.to_string(), ObjType::Map)?)
    }

    fn medium(&self, key: EntryId) -> Result<ObjId, SheetError> {
        let media = self.root("media")?;
        match self.tx.get(&media, key.to_string())? {
            Some((Value::Object(ObjType::Map), object)) => Ok(object),
            _ => Err(SheetError::Absent("that photo is not in this piece")),
        }
    }

    /// The text is there from the start, so that two devices edit the same one.
    fn begin_words(&mut self, object: &ObjId, which: MediumWords, words: &str) -> Result<(), SheetError> {
        let text = self.tx.put_object(object, which.name(), ObjType::Text)?;
        if words.is_empty() { Ok(()) } else { self.text(&text, words) }
    }
}

impl Sheet {
    /// Reads what stands in `media`.
    pub(super) fn read_media(&self, content: &mut Content) {
        let Some(media) = self.root("media") else { return };
        let mut found: Vec<(u64, bool, Medium)> = Vec::new();
        for name in self.keys("media") {
            let Some((key, object)) = name.parse().ok().zip(self.object(&media, &name)) else {
                content.unreadable += 1;
                continue;
            };
            let is_out = self.flag(&object, "gone");
            if let Some(link) = self.link(key, &object) {
                content.links.extend(Some(link).filter(|_| !is_out));
            } else if let Some(medium) = self.medium(key, &object) {
                let place = self.number(&object, "place").unwrap_or(u64::MAX);
                found.push((place, is_out, medium));
            } else {
                content.unreadable += 1;
            }
        }
        found.sort_by_key(|(place, _, medium)| (*place, medium.key));
        for (_, is_out, medium) in found {
            if is_out { content.earlier.push(medium) } else { content.media.push(medium) }
        }
        content.links.sort_by_key(|link| link.key);
    }

    fn link(&self, key: EntryId, object: &ObjId) -> Option<Link> {
        let url = self.string(object, "link").filter(|url| Link::is_address(url))?;
        Some(Link { key, url, caption: self.line(object, "caption") })
    }

    fn medium(&self, key: EntryId, object: &ObjId) -> Option<Medium> {
        let preview = match self.string(object, "preview") {
            Some(hash) => Some(hash.parse::<BlobHash>().ok()?),
            None => None,
        };
        Some(Medium {
            key,
            original: self.parsed::<BlobHash>(object, "original")?,
            preview,
            media_type: self.string(object, "type")?,
            width: u32::try_from(self.number(object, "width")?).ok()?,
            height: u32::try_from(self.number(object, "height")?).ok()?,
            size: self.number(object, "size")?,
            duration: self.number(object, "duration"),
            placeholder: self.bytes(object, "placeholder").filter(|bytes| bytes.len() <= 64)?,
            name: plain(&short(self.string(object, "name").unwrap_or_default())),
            caption: self.line(object, "caption"),
            alt: self.line(object, "alt"),
            turn: Turn::quarters(self.number(object, "turn").unwrap_or_default()),
            marks: self.marks(object),
        })
    }

    fn marks(&self, object: &ObjId) -> Vec<Mark> {
        let Some(marks) = self.object(object, "marks") else { return Vec::new() };
        let keys = self.doc.keys(&marks).take(MAX_MARKS);
        let read = keys.filter_map(|key| {
            let mark = self.object(&marks, &key)?;
            let at = Point::new(self.number(&mark, "x")?, self.number(&mark, "y")?)?;
            let words = short(self.string(&mark, "words").unwrap_or_default());
            Some(Mark { key: key.parse().ok()?, at, words })
        });
        let mut marks: Vec<Mark> = read.collect();
        marks.sort_by_key(|mark| mark.key);
        marks
    }

    fn line(&self, object: &ObjId, name: &str) -> String {
        short(self.text_in(object, name).unwrap_or_default())
    }
}

fn short(text: String) -> String {
    match text.char_indices().nth(MAX_LINE) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

/// A file's name without what would make it look like another: an invisible mark can turn `exe.gpj` round.
fn plain(name: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.chars().filter(|c| !c.is_control() && !turns(*c) && !matches!(c, '/' | '\\')).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::document::ParsedChange;

    pub(in crate::document) fn leaf(number: u8) -> Medium {
        Medium {
            key: EntryId::from_bytes([number; 16]),
            original: BlobHash::of(&[number]),
            preview: Some(BlobHash::of(&[number, 1])),
            media_type: "image/jpeg".into(),
            width: 4000,
            height: 3000,
            size: 1,
            duration: None,
            placeholder: vec![1, 2, 3],
            name: String::new(),
            caption: String::new(),
            alt: String::new(),
            turn: Turn::default(),
            marks: Vec::new(),
        }
    }

    fn with_leaves(count: u8) -> Sheet {
        let mut sheet = Sheet::genesis();
        let add = |edit: &mut Edit<'_>| (1..=count).try_for_each(|number| edit.add_medium(&leaf(number)));
        sheet.edit([1; 16], 0, add).unwrap();
        sheet
    }

    fn shown(sheet: &Sheet) -> Vec<u8> {
        sheet.content().media.iter().map(|medium| medium.key.as_bytes()[0]).collect()
    }

    fn key(number: u8) -> EntryId {
        EntryId::from_bytes([number; 16])
    }

    fn merged(one: &Sheet, raw: &[u8]) -> Sheet {
        let mut merged = one.clone();
        merged.apply(&[ParsedChange::parse(raw).unwrap()]).unwrap();
        merged
    }

    #[test]
    fn media_stand_in_the_order_given_and_new_ones_come_last() {
        let mut sheet = with_leaves(3);
        assert_eq!(shown(&sheet), [1, 2, 3]);
        sheet.edit([1; 16], 0, |edit| edit.arrange(&[key(3), key(1), key(2)])).unwrap();
        assert_eq!(shown(&sheet), [3, 1, 2]);
        assert!(sheet.edit([1; 16], 0, |edit| edit.arrange(&[key(3), key(1), key(2)])).unwrap().is_none());
        sheet.edit([1; 16], 0, |edit| edit.add_medium(&leaf(4))).unwrap();
        assert_eq!(shown(&sheet), [3, 1, 2, 4]);
    }

    #[test]
    fn a_photo_taken_out_is_kept_and_can_be_put_back() {
        let mut sheet = with_leaves(2);
        sheet.edit([1; 16], 0, |edit| edit.take_out(key(1), true)).unwrap();
        assert_eq!(shown(&sheet), [2]);
        assert_eq!(sheet.content().earlier, [leaf(1)]);
        sheet.edit([1; 16], 0, |edit| edit.take_out(key(1), false)).unwrap();
        assert_eq!(shown(&sheet), [1, 2]);
        assert!(sheet.edit([1; 16], 0, |edit| edit.take_out(key(9), true)).is_err());
    }

    #[test]
    fn captions_from_two_devices_merge_and_a_turn_is_the_latest() {
        let mut phone = with_leaves(1);
        let caption = |words: &'static str| {
            move |edit: &mut Edit<'_>| edit.medium_words(key(1), MediumWords::Caption, words)
        };
        phone.edit([1; 16], 0, caption("The bed in May.")).unwrap();
        let mut tablet = phone.clone();
        phone.edit([1; 16], 0, caption("Here: The bed in May.")).unwrap();
        let other = tablet.edit([2; 16], 0, |edit| {
            edit.medium_words(key(1), MediumWords::Caption, "The bed in May. And a slug.")?;
            edit.medium_words(key(1), MediumWords::Alt, "A bed with rows of lettuce")?;
            edit.turn_medium(key(1), Turn::quarters(1))
        });
        let both = merged(&phone, &other.unwrap().unwrap().raw).content();
        assert_eq!(both.media[0].caption, "Here: The bed in May. And a slug.");
        assert_eq!(
            (both.media[0].alt.as_str(), both.media[0].turn.count()),
            ("A bed with rows of lettuce", 1)
        );
    }

    #[test]
    fn spots_and_links_read_back() {
        let mut sheet = with_leaves(1);
        let mark = Mark { key: key(7), at: Point { x: 2_500, y: 10_000 }, words: "a slug".into() };
        let link =
            Link { key: key(8), url: "https://example.org/soil".into(), caption: "How to test soil".into() };
        sheet
            .edit([1; 16], 0, |edit| {
                edit.mark(key(1), &mark)?;
                edit.add_link(&link)
            })
            .unwrap();
        assert_eq!(sheet.content().media[0].marks, [mark]);
        assert_eq!(sheet.content().links, [link]);
        sheet
            .edit([1; 16], 0, |edit| {
                edit.unmark(key(1), key(7))?;
                edit.take_out(key(8), true)
            })
            .unwrap();
        let content = sheet.content();
        assert!(content.media[0].marks.is_empty() && content.links.is_empty());
        assert_eq!(content.unreadable, 0);
    }

    #[test]
    fn a_name_can_hide_nothing() {
        assert_eq!(plain("essay.docx"), "essay.docx");
        assert_eq!(plain("../essay\u{202e}gpj.exe\n"), "..essaygpj.exe");
    }

    #[test]
    fn an_address_of_a_script_is_counted_and_never_shown() {
        let mut sheet = with_leaves(0);
        let link = Link { key: key(8), url: "javascript:alert(1)".into(), caption: String::new() };
        sheet.edit([1; 16], 0, |edit| edit.add_link(&link)).unwrap();
        assert!(sheet.content().links.is_empty());
        assert_eq!(sheet.content().unreadable, 1);
    }
}
