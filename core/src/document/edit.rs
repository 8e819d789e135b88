//! Writing a sheet: one change per pause, made by one device.

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};

use super::read::MAX_SHOWN;
use super::{NewChange, Sheet, SheetError, TextEdit};
use crate::ids::{EntryId, OutcomeId, PieceId};
use crate::model::entry::{self, EntryBody, Head, Reflection};
use crate::time::WorkDate;

/// What is being written into a sheet, all of it in one change.
pub struct Edit<'a> {
    pub(super) tx: Transaction<'a>,
}

impl Sheet {
    /// Makes one change under `actor`, dated `seconds` for display only. `None` when nothing differs. On an error the
    /// sheet is as it was.
    pub fn edit(
        &mut self,
        actor: [u8; 16],
        seconds: i64,
        write: impl FnOnce(&mut Edit<'_>) -> Result<(), SheetError>,
    ) -> Result<Option<NewChange>, SheetError> {
        let mut doc = self.doc.clone();
        doc.set_actor(actor.into());
        {
            let mut edit = Edit { tx: doc.transaction() };
            write(&mut edit)?;
            if edit.tx.pending_ops() == 0 {
                return Ok(None);
            }
            let Edit { tx } = edit;
            tx.commit_with(CommitOptions::default().with_time(seconds));
        }
        let Some(change) = doc.get_last_local_change() else { return Ok(None) };
        let new = NewChange {
            raw: change.raw_bytes().to_vec(),
            hash: Head(change.hash().0),
            actor,
            seq: change.seq(),
        };
        self.doc = doc;
        Ok(Some(new))
    }
}

impl Edit<'_> {
    /// Sets the title; what differs merges by word with what other devices wrote.
    pub fn title(&mut self, title: impl Into<TextEdit>) -> Result<(), SheetError> {
        let object = self.root("title")?;
        self.reword(&object, &title.into(), MAX_SHOWN)
    }

    /// Sets the maker's words, merging like [`Edit::title`].
    pub fn words(&mut self, words: impl Into<TextEdit>) -> Result<(), SheetError> {
        let object = self.root("words")?;
        self.reword(&object, &words.into(), MAX_SHOWN)
    }

    /// Sets the day of the work.
    pub fn work_date(&mut self, date: WorkDate) -> Result<(), SheetError> {
        self.field("work_date", date.to_string())
    }

    /// Names the earlier piece that this one revises.
    pub fn revises(&mut self, piece: PieceId) -> Result<(), SheetError> {
        self.field("revises", piece.to_string())
    }

    /// Offers the work for some more outcomes, and for some no longer.
    pub fn retag(&mut self, more: &[OutcomeId], fewer: &[OutcomeId]) -> Result<(), SheetError> {
        let tags = self.root("tags")?;
        for gone in fewer {
            if self.tx.get(&tags, gone.to_string())?.is_some() {
                self.tx.delete(&tags, gone.to_string())?;
            }
        }
        for new in more {
            if self.tx.get(&tags, new.to_string())?.is_none() {
                self.tx.put(&tags, new.to_string(), true)?;
            }
        }
        Ok(())
    }

    /// Offers the work for exactly these outcomes.
    pub fn outcomes(&mut self, outcomes: &[OutcomeId]) -> Result<(), SheetError> {
        let tags = self.root("tags")?;
        let wanted: std::collections::BTreeSet<String> = outcomes.iter().map(OutcomeId::to_string).collect();
        let present: std::collections::BTreeSet<String> = self.tx.keys(&tags).collect();
        for gone in present.difference(&wanted) {
            self.tx.delete(&tags, gone.as_str())?;
        }
        for new in wanted.difference(&present) {
            self.tx.put(&tags, new.as_str(), true)?;
        }
        Ok(())
    }

    /// Gives an entry, once and for all.
    pub fn entry(
        &mut self,
        id: EntryId,
        body: &EntryBody,
        replaces: Option<EntryId>,
    ) -> Result<(), SheetError> {
        let entries = self.root("entries")?;
        let object = self.tx.put_object(&entries, id.to_string(), ObjType::Map)?;
        self.tx.put(&object, "kind", body.name())?;
        if let Some(earlier) = replaces {
            self.tx.put(&object, "replaces", earlier.to_string())?;
        }
        for (name, value) in body.fields() {
            match value {
                entry::Value::String(text) => self.tx.put(&object, name, text)?,
                entry::Value::Number(number) => self.tx.put(&object, name, number)?,
                entry::Value::Bytes(bytes) => self.tx.put(&object, name, bytes)?,
                entry::Value::Text(words) => {
                    let text = self.tx.put_object(&object, name, ObjType::Text)?;
                    self.text(&text, &words)?;
                }
            }
        }
        Ok(())
    }

    /// Begins a reflection, or edits its words in place if it is there.
    pub fn reflection(&mut self, id: EntryId, words: impl Into<TextEdit>) -> Result<(), SheetError> {
        let entries = self.root("entries")?;
        match self.tx.get(&entries, id.to_string())? {
            Some((Value::Object(ObjType::Map), entry)) => match self.tx.get(&entry, "words")? {
                Some((Value::Object(ObjType::Text), text)) => self.reword(&text, &words.into(), MAX_SHOWN),
                _ => Err(SheetError::Absent("that entry has no words that can be edited")),
            },
            _ => self.entry(id, &Reflection { words: words.into().after }.into(), None),
        }
    }

    /// Takes an entry back. It stays readable.
    pub fn withdraw(&mut self, id: EntryId) -> Result<(), SheetError> {
        let entries = self.root("entries")?;
        match self.tx.get(&entries, id.to_string())? {
            Some((Value::Object(ObjType::Map), entry)) => Ok(self.tx.put(&entry, "withdrawn", true)?),
            _ => Err(SheetError::Absent("that entry is not in this voice")),
        }
    }

    fn field(&mut self, name: &str, value: impl Into<ScalarValue>) -> Result<(), SheetError> {
        let fields = self.root("fields")?;
        let value = value.into();
        let same = match self.tx.get_all(&fields, name)?.as_slice() {
            [(Value::Scalar(present), _)] => **present == value,
            _ => false,
        };
        if !same {
            self.tx.put(&fields, name, value)?;
        }
        Ok(())
    }

    pub(super) fn root(&self, key: &'static str) -> Result<ObjId, SheetError> {
        match self.tx.get(ROOT, key)? {
            Some((Value::Object(_), object)) => Ok(object),
            _ => Err(SheetError::Absent("the document has lost a root container")),
        }
    }
}
