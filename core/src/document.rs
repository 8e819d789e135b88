//! Sheets as automerge documents. The only module that names automerge.
//!
//! Every document starts from one constant [genesis](GENESIS) change that makes its root containers: `title` and
//! `words` (Text), `tags`, `media`, `fields`, `entries` (maps). It is never sent and never signed; every party starts
//! from it, so two devices that begin the same sheet offline merge cleanly.
//!
//! What comes from outside is treated as untrusted: a change is parsed only after its signature held, tried on a copy
//! ([`trial`]) before the relay stores it, and read leniently: what can't be shown is counted and kept.

mod change;
mod edit;
mod media;
mod opening;
mod read;
mod rewrite;
mod rows;
mod signed;
mod text;
mod trial;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use automerge::{Automerge, ReadDoc, TextEncoding};

pub use change::{BadChange, MAX_CHANGE_BYTES, NewChange, ParsedChange, chunk_hash};
pub use edit::Edit;
pub use media::MediumWords;
pub use opening::{Stopped, contained, opening};
pub use rewrite::again;
pub use rows::MAX_CHANGE_ROWS;
pub use signed::{MAX_BLOBS, SignedChange, Unverified};
pub use text::TextEdit;
pub use trial::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_CHANGES, MAX_DOCUMENT_ROWS, Tried, Unfit, trial};

use crate::model::entry::Head;

/// The bytes of the change that every document starts from. Pinned: they never change.
pub const GENESIS: &[u8] = include_bytes!("document/genesis.change");

/// The actor of genesis. No device may use it.
pub const GENESIS_ACTOR: [u8; 16] = *b"fieldfolio-gen-1";

/// The root containers that genesis makes, ascending.
pub const ROOT_KEYS: [&str; 6] = ["entries", "fields", "media", "tags", "title", "words"];

/// What is opened at most: some times what a relay takes, so that nothing of one's own is ever shut out for being new.
const MOST_ROWS: u64 = 4 * MAX_DOCUMENT_ROWS;
const MOST_CHANGES: usize = 4 * MAX_DOCUMENT_CHANGES;

/// A document in memory.
#[derive(Debug, Clone)]
pub struct Sheet {
    doc: Automerge,
}

/// A document can't be opened or changed as asked. Its changes stay where they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// A change can't be read.
    #[error(transparent)]
    Change(#[from] BadChange),
    /// A change isn't here that another one builds on.
    #[error("the document can't be opened: {missing} changes it builds on are not here")]
    Incomplete {
        /// How many.
        missing: usize,
    },
    /// It unfolds to more than any document that a relay takes.
    #[error("the document is far larger than documents are")]
    TooMuch,
    /// The operations of a change have other numbers than their turn.
    #[error("a change skips numbers of operations")]
    Skips,
    /// automerge refuses.
    #[error("the document can't be read: {0}")]
    Automerge(String),
    /// What another device wrote meanwhile and this edit are longer together than what is shown of a text.
    #[error(
        "what you wrote and what came from another device meanwhile have more than {limit} characters together: open the text again and shorten it"
    )]
    TooLong {
        /// In characters.
        limit: usize,
    },
    /// What is asked for isn't in the document.
    #[error("{0}")]
    Absent(&'static str),
}

impl From<automerge::AutomergeError> for SheetError {
    fn from(error: automerge::AutomergeError) -> Self {
        SheetError::Automerge(error.to_string())
    }
}

impl Sheet {
    /// An empty sheet: genesis alone.
    pub fn genesis() -> Self {
        static BASE: OnceLock<Automerge> = OnceLock::new();
        let doc = BASE.get_or_init(|| {
            let mut doc = blank();
            let genesis =
                automerge::Change::from_bytes(GENESIS.to_vec()).expect("the pinned bytes are a change");
            doc.apply_changes([genesis]).expect("genesis applies to an empty document");
            doc
        });
        Self { doc: doc.clone() }
    }

    /// A sheet from the raw bytes of its changes, in any order that has each after what it builds on.
    pub fn load<'a>(changes: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, SheetError> {
        let mut sheet = Self::genesis();
        let changes: Vec<ParsedChange> =
            changes.into_iter().map(ParsedChange::parse).collect::<Result<_, _>>()?;
        sheet.apply(&changes)?;
        Ok(sheet)
    }

    /// A sheet from those changes that have all they build on, whatever order they come in, and the hashes of the rest.
    pub fn load_available<'a>(
        changes: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(Self, Vec<Head>), SheetError> {
        let mut sheet = Self::genesis();
        let mut known: std::collections::BTreeSet<Head> = sheet.heads().into_iter().collect();
        let mut open: Vec<ParsedChange> =
            changes.into_iter().map(ParsedChange::parse).collect::<Result<_, _>>()?;
        let mut ready = Vec::new();
        loop {
            let before = open.len();
            for change in std::mem::take(&mut open) {
                if change.deps.iter().all(|dep| known.contains(dep)) {
                    known.insert(change.hash);
                    ready.push(change);
                } else {
                    open.push(change);
                }
            }
            if open.len() == before {
                break;
            }
        }
        sheet.apply(&ready)?;
        Ok((sheet, open.iter().map(|change| change.hash).collect()))
    }

    /// Adds changes. Nothing is left half applied: on an error the sheet is as it was.
    pub fn apply(&mut self, changes: &[ParsedChange]) -> Result<(), SheetError> {
        if changes.is_empty() {
            return Ok(());
        }
        let rows = changes.iter().fold(0u64, |rows, change| rows.saturating_add(change.rows));
        if rows > MOST_ROWS || changes.len() > MOST_CHANGES {
            return Err(SheetError::TooMuch);
        }
        self.numbers_follow(changes)?;
        let mut doc = self.doc.clone();
        doc.apply_changes(changes.iter().map(|change| change.change.clone()).collect::<Vec<_>>())?;
        let missing = doc.get_missing_deps(&[]).len();
        if missing > 0 {
            return Err(SheetError::Incomplete { missing });
        }
        self.doc = doc;
        Ok(())
    }

    /// Each change's operations are numbered from where those it builds on end: so every program writes them. Whoever
    /// loads a document makes room for each number up to the last, so one change that skips to the billions would take
    /// the memory of every reader.
    fn numbers_follow(&self, changes: &[ParsedChange]) -> Result<(), SheetError> {
        let mut ends: BTreeMap<Head, u64> = BTreeMap::new();
        for change in changes {
            let mut end = 0;
            for dep in &change.deps {
                let known = match ends.get(dep) {
                    Some(end) => Some(*end),
                    None => self
                        .doc
                        .get_change_meta_by_hash(&automerge::ChangeHash(dep.0))
                        .map(|meta| meta.max_op),
                };
                end = end.max(known.ok_or(SheetError::Incomplete { missing: 1 })?);
            }
            if change.change.start_op().get() > end.saturating_add(1) {
                return Err(SheetError::Skips);
            }
            ends.insert(change.hash, change.change.max_op());
        }
        Ok(())
    }

    /// Is this change in the sheet?
    pub fn has(&self, hash: &Head) -> bool {
        self.doc.get_change_meta_by_hash(&automerge::ChangeHash(hash.0)).is_some()
    }

    /// The heads, ascending.
    pub fn heads(&self) -> Vec<Head> {
        let mut heads: Vec<Head> = self.doc.get_heads().into_iter().map(|hash| Head(hash.0)).collect();
        heads.sort();
        heads
    }

    /// The sheet as it stood at `heads`; `None` if they aren't all in it.
    pub fn at(&self, heads: &[Head]) -> Option<Self> {
        if !heads.iter().all(|head| self.has(head)) {
            return None;
        }
        let hashes: Vec<_> = heads.iter().map(|head| automerge::ChangeHash(head.0)).collect();
        Some(Self { doc: self.doc.fork_at(&hashes).ok()? })
    }

    /// The whole document as any automerge tool opens it.
    pub fn save(&self) -> Vec<u8> {
        self.doc.save()
    }

    /// The raw bytes of each change of a saved document, genesis left out: what an outside tool gives back.
    pub fn changes_of(saved: &[u8]) -> Result<Vec<Vec<u8>>, SheetError> {
        let doc = Automerge::load(saved)?;
        let changes = doc.get_changes(&[]).into_iter();
        Ok(changes
            .map(|change| change.raw_bytes().to_vec())
            .filter(|raw| raw.as_slice() != GENESIS)
            .collect())
    }
}

fn blank() -> Automerge {
    // UTF-16 units are what JavaScript and Swift count in.
    Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit)
}

#[cfg(test)]
mod tests {
    use automerge::transaction::{CommitOptions, Transactable};
    use automerge::{ObjType, ROOT};

    use super::*;

    /// How the pinned bytes were made.
    fn make_genesis() -> Vec<u8> {
        let mut doc = blank().with_actor(GENESIS_ACTOR.into());
        let mut tx = doc.transaction();
        for key in ["title", "words"] {
            tx.put_object(ROOT, key, ObjType::Text).unwrap();
        }
        for key in ["tags", "media", "fields", "entries"] {
            let object = tx.put_object(ROOT, key, ObjType::Map).unwrap();
            if key == "fields" {
                tx.put(&object, "schema", 1).unwrap();
            }
        }
        tx.commit_with(CommitOptions::default().with_time(0));
        doc.get_last_local_change().unwrap().raw_bytes().to_vec()
    }

    #[test]
    fn genesis_is_what_it_was() {
        let vector = include_str!("../../tests/vectors/genesis.hex");
        let hex: String = GENESIS.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, vector.trim());
        assert_eq!(make_genesis(), GENESIS);
        let mut keys: Vec<_> = Sheet::genesis().doc.keys(ROOT).collect();
        keys.sort();
        assert_eq!(keys, ROOT_KEYS);
    }
}
