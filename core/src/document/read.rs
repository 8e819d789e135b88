//! Reading a sheet leniently: what can't be shown is counted and kept, never dropped.

use std::collections::BTreeMap;

use automerge::{ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};

use super::Sheet;
use crate::ids::{EntryId, OutcomeId, PieceId};
use crate::model::entry::{Entry, EntryBody, ReadFields};
use crate::model::piece::Content;

/// The longest text that is shown, in characters.
pub(super) const MAX_SHOWN: usize = 100_000;

impl Sheet {
    /// What the content says now.
    pub fn content(&self) -> Content {
        let mut content =
            Content { title: self.text("title"), words: self.text("words"), ..Content::default() };
        for tag in self.keys("tags") {
            match tag.parse::<OutcomeId>() {
                Ok(outcome) => content.outcomes.push(outcome),
                Err(_) => content.unreadable += 1,
            }
        }
        content.outcomes.sort();
        self.read_media(&mut content);
        if let Some(fields) = self.root("fields") {
            content.work_date = self.parsed(&fields, "work_date");
            content.revises = self.parsed::<PieceId>(&fields, "revises");
            for name in ["work_date", "revises"] {
                let values = self.values(&fields, name);
                if values.len() > 1 {
                    content.alternatives.insert(name.to_owned(), values);
                }
            }
            let known = ["schema", "work_date", "revises"];
            let unknown =
                self.keys("fields").into_iter().filter(|key| !known.contains(&key.as_str())).count();
            content.unreadable += u32::try_from(unknown).unwrap_or(u32::MAX);
        }
        content
    }

    /// Every entry of a voice, by id.
    pub fn entries(&self) -> Vec<Entry> {
        let Some(entries) = self.root("entries") else { return Vec::new() };
        self.keys("entries").iter().filter_map(|key| self.entry_under(&entries, key)).collect()
    }

    /// One entry of a voice.
    pub fn entry(&self, id: EntryId) -> Option<Entry> {
        self.entry_under(&self.root("entries")?, &id.to_string())
    }

    /// The keys of all entries, whatever they are.
    pub(super) fn entry_keys(&self) -> std::collections::BTreeSet<String> {
        self.keys("entries").into_iter().collect()
    }

    fn entry_under(&self, entries: &ObjId, key: &str) -> Option<Entry> {
        let id: EntryId = key.parse().ok()?;
        let unreadable = |name: String| Entry {
            id,
            body: EntryBody::Unreadable { name },
            replaces: None,
            withdrawn: false,
            altered: false,
        };
        let Some(object) = self.object(entries, key) else { return Some(unreadable(String::new())) };
        let name = self.string(&object, "kind").unwrap_or_default();
        let Some(body) = EntryBody::read(&name, &InSheet { sheet: self, object: &object }) else {
            return Some(unreadable(name.chars().take(60).collect()));
        };
        Some(Entry {
            id,
            replaces: self.parsed(&object, "replaces"),
            withdrawn: self.flag(&object, "withdrawn"),
            altered: self.is_altered(entries, key, &object),
            body,
        })
    }

    /// Was any field but `withdrawn` written by another change than the one that gave the entry? Words that are edited
    /// in place live in a text of their own, whose place is such a field and whose letters are not.
    fn is_altered(&self, entries: &ObjId, key: &str, object: &ObjId) -> bool {
        let given = self.doc.hash_for_opid(object);
        let one_entry = self.doc.get_all(entries, key).map_or(0, |values| values.len()) == 1;
        // What was there when it was given and is there no more was taken out later.
        let complete = given.is_some_and(|given| {
            self.doc.keys_at(object, &[given]).all(|name| matches!(self.doc.get(object, name), Ok(Some(_))))
        });
        let as_given = self.doc.keys(object).filter(|name| name != "withdrawn").all(|name| {
            match self.doc.get_all(object, name.as_str()).as_deref() {
                Ok([(_, op)]) => self.doc.hash_for_opid(op) == given,
                _ => false,
            }
        });
        !complete || !one_entry || !as_given
    }

    pub(super) fn root(&self, key: &str) -> Option<ObjId> {
        match self.doc.get(ROOT, key).ok()?? {
            (Value::Object(_), object) => Some(object),
            (Value::Scalar(_), _) => None,
        }
    }

    pub(super) fn keys(&self, root: &str) -> Vec<String> {
        self.root(root).map(|object| self.doc.keys(&object).collect()).unwrap_or_default()
    }

    pub(super) fn object(&self, parent: &ObjId, key: &str) -> Option<ObjId> {
        match self.doc.get(parent, key).ok()?? {
            (Value::Object(ObjType::Map), object) => Some(object),
            _ => None,
        }
    }

    fn text(&self, root: &str) -> String {
        self.root(root).and_then(|object| self.doc.text(&object).ok()).map(bounded).unwrap_or_default()
    }

    pub(super) fn text_in(&self, object: &ObjId, key: &str) -> Option<String> {
        match self.doc.get(object, key).ok()?? {
            (Value::Object(ObjType::Text), text) => self.doc.text(&text).ok().map(bounded),
            _ => None,
        }
    }

    fn scalar(&self, object: &ObjId, key: &str) -> Option<ScalarValue> {
        match self.doc.get(object, key).ok()?? {
            (Value::Scalar(value), _) => Some(value.into_owned()),
            (Value::Object(_), _) => None,
        }
    }

    pub(super) fn string(&self, object: &ObjId, key: &str) -> Option<String> {
        match self.scalar(object, key)? {
            ScalarValue::Str(text) => Some(bounded(text.to_string())),
            _ => None,
        }
    }

    pub(super) fn parsed<T: std::str::FromStr>(&self, object: &ObjId, key: &str) -> Option<T> {
        self.string(object, key)?.parse().ok()
    }

    pub(super) fn number(&self, object: &ObjId, key: &str) -> Option<u64> {
        match self.scalar(object, key)? {
            ScalarValue::Uint(number) => Some(number),
            ScalarValue::Int(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    pub(super) fn bytes(&self, object: &ObjId, key: &str) -> Option<Vec<u8>> {
        match self.scalar(object, key)? {
            ScalarValue::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn flag(&self, object: &ObjId, key: &str) -> bool {
        self.scalar(object, key) == Some(ScalarValue::Boolean(true))
    }

    /// The values that concurrent edits left under one name, the shown one first.
    fn values(&self, object: &ObjId, key: &str) -> Vec<String> {
        let shown = self.string(object, key);
        let all = self.doc.get_all(object, key).unwrap_or_default();
        let texts: BTreeMap<String, ()> = all
            .into_iter()
            .filter_map(|(value, _)| match value {
                Value::Scalar(scalar) => match scalar.into_owned() {
                    ScalarValue::Str(text) => Some((bounded(text.to_string()), ())),
                    _ => None,
                },
                Value::Object(_) => None,
            })
            .collect();
        let others = texts.into_keys().filter(|text| Some(text) != shown.as_ref());
        shown.iter().cloned().chain(others).collect()
    }
}

/// The fields of one entry.
struct InSheet<'a> {
    sheet: &'a Sheet,
    object: &'a ObjId,
}

impl ReadFields for InSheet<'_> {
    fn string(&self, name: &str) -> Option<String> {
        self.sheet.string(self.object, name)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.sheet.number(self.object, name)
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.sheet.bytes(self.object, name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.sheet.text_in(self.object, name)
    }

    fn has(&self, name: &str) -> bool {
        !matches!(self.sheet.doc.get(self.object, name), Ok(None))
    }
}

fn bounded(text: String) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use automerge::transaction::Transactable;

    use super::*;
    use crate::document::ParsedChange;
    use crate::ids::PersonId;
    use crate::model::entry::{
        Assessment, AssessmentKind, Confirmation, Editions, Head, Reference, Reflection,
    };
    use crate::model::framework::Level;
    use crate::time::WorkDate;

    fn id(number: u8) -> EntryId {
        EntryId::from_bytes([number; 16])
    }

    fn assessment() -> Assessment {
        Assessment {
            outcome: OutcomeId::from_bytes([5; 16]),
            level: Level(2),
            kind: AssessmentKind::Summative,
            work_date: WorkDate::new(2026, 5, 4).unwrap(),
            next_step: "Measure it again in June".into(),
            judged: Sheet::genesis().heads(),
            editions: Editions { framework: 3, scale: 2 },
        }
    }

    fn merged(one: &Sheet, raw: &[u8]) -> Sheet {
        let mut merged = one.clone();
        merged.apply(&[ParsedChange::parse(raw).unwrap()]).unwrap();
        merged
    }

    #[test]
    fn content_reads_back_as_written() {
        let outcome = OutcomeId::from_bytes([4; 16]);
        let medium = super::super::media::tests::leaf(1);
        let mut sheet = Sheet::genesis();
        sheet
            .edit([1; 16], 0, |edit| {
                edit.title("A leaf")?;
                edit.words("From the bed by the fence")?;
                edit.work_date(WorkDate::new(2026, 5, 4).unwrap())?;
                edit.outcomes(&[outcome])?;
                edit.add_medium(&medium)
            })
            .unwrap();
        let content = sheet.content();
        assert_eq!((content.title.as_str(), content.words.as_str()), ("A leaf", "From the bed by the fence"));
        assert_eq!(content.outcomes, [outcome]);
        assert_eq!(content.media, [medium]);
        assert_eq!(content.unreadable, 0);
    }

    #[test]
    fn two_devices_that_edit_one_reflection_keep_both_edits() {
        let mut phone = Sheet::genesis();
        let write =
            |words: &'static str| move |edit: &mut crate::document::Edit<'_>| edit.reflection(id(1), words);
        phone.edit([1; 16], 0, write("I planted beans.")).unwrap();
        let mut tablet = phone.clone();
        phone.edit([1; 16], 0, write("Today I planted beans.")).unwrap();
        let on_tablet =
            tablet.edit([2; 16], 0, write("I planted beans. They need a pole.")).unwrap().unwrap();
        let [Entry { body: EntryBody::Reflection(Reflection { words }), .. }] =
            &merged(&phone, &on_tablet.raw).entries()[..]
        else {
            panic!("one reflection")
        };
        assert_eq!(words, "Today I planted beans. They need a pole.");
    }

    #[test]
    fn concurrent_days_are_shown_as_alternatives() {
        let mut phone = Sheet::genesis();
        let mut tablet = phone.clone();
        phone.edit([1; 16], 0, |edit| edit.work_date(WorkDate::new(2026, 5, 4).unwrap())).unwrap();
        let other = tablet.edit([2; 16], 0, |edit| edit.work_date(WorkDate::new(2026, 5, 5).unwrap()));
        let mut both = merged(&phone, &other.unwrap().unwrap().raw);
        let mut days = both.content().alternatives["work_date"].clone();
        days.sort();
        assert_eq!(days, ["2026-05-04", "2026-05-05"]);
        both.edit([1; 16], 0, |edit| edit.work_date(WorkDate::new(2026, 5, 5).unwrap())).unwrap();
        assert!(both.content().alternatives.is_empty());
    }

    #[test]
    fn an_assessment_touched_later_is_altered_and_a_withdrawn_one_is_not() {
        let mut sheet = Sheet::genesis();
        sheet.edit([1; 16], 0, |edit| edit.entry(id(1), &assessment().into(), None)).unwrap();
        let given = sheet.entry(id(1)).unwrap();
        assert_eq!(given.body, EntryBody::Assessment(assessment()));
        assert!(!given.altered && !given.withdrawn);

        sheet.edit([1; 16], 0, |edit| edit.withdraw(id(1))).unwrap();
        let withdrawn = sheet.entry(id(1)).unwrap();
        assert!(withdrawn.withdrawn && !withdrawn.altered);

        let entries = sheet.root("entries").unwrap();
        let object = sheet.object(&entries, &id(1).to_string()).unwrap();
        let mut tx = sheet.doc.transaction();
        tx.put(&object, "level", 3u64).unwrap();
        tx.commit();
        assert!(sheet.entry(id(1)).unwrap().altered);
    }

    #[test]
    fn what_a_newer_version_wrote_is_kept_and_counted() {
        let mut sheet = Sheet::genesis();
        let entries = sheet.root("entries").unwrap();
        let fields = sheet.root("fields").unwrap();
        let mut tx = sheet.doc.transaction();
        let entry = tx.put_object(&entries, id(1).to_string(), ObjType::Map).unwrap();
        tx.put(&entry, "kind", "sign_off").unwrap();
        tx.put(&fields, "mood", "sunny").unwrap();
        tx.commit();
        assert_eq!(sheet.content().unreadable, 1);
        assert_eq!(sheet.entry(id(1)).unwrap().body, EntryBody::Unreadable { name: "sign_off".into() });
        sheet.edit([1; 16], 0, |edit| edit.title("A leaf")).unwrap();
        assert_eq!(sheet.content().unreadable, 1);
    }

    #[test]
    fn a_confirmation_reads_the_entry_as_it_stood() {
        let mut mentor = Sheet::genesis();
        mentor.edit([1; 16], 0, |edit| edit.entry(id(1), &assessment().into(), None)).unwrap();
        let heads = mentor.heads();
        mentor.edit([1; 16], 0, |edit| edit.withdraw(id(1))).unwrap();
        assert!(!mentor.at(&heads).unwrap().entry(id(1)).unwrap().withdrawn);
        assert!(mentor.at(&[Head([9; 32])]).is_none());

        let of = Reference { author: PersonId::from_bytes([1; 16]), about: None, entry: id(1) };
        let confirmation = EntryBody::from(Confirmation { of, heads });
        let mut teacher = Sheet::genesis();
        teacher.edit([2; 16], 0, |edit| edit.entry(id(2), &confirmation, None)).unwrap();
        assert_eq!(teacher.entry(id(2)).unwrap().body, confirmation);
    }
}
