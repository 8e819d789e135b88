//! What was acknowledged, written down by who was told, so that it can be held against what is really there.
//!
//! The ledger is a file that is only appended to, and synced before the next thing is asked for: it survives whatever
//! is killed around it. [`audit`] compares it with the relay's folder, after the relay was killed and started again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::Sheet;
use fieldfolio_core::ids::{ActId, DocumentId, PieceId};
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_server::database;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use crate::sim::BoxError;

/// One acknowledgement, as its receiver understood it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acknowledged {
    /// The relay has an act under this number.
    Act {
        /// Which one.
        id: ActId,
        /// Its number; 0 for what the directory knew before.
        n: u64,
    },
    /// The relay has a change under this number.
    Change {
        /// Of which document.
        document: DocumentId,
        hash: [u8; 32],
        /// Its number.
        n: u64,
    },
    /// The relay has all the bytes of a blob, for this piece.
    Blob {
        /// Which piece.
        piece: PieceId,
        /// Which bytes.
        blob: BlobHash,
    },
    /// A device said that a piece is saved.
    Saved {
        /// Which piece.
        piece: PieceId,
        title: String,
        /// Its photo's two forms.
        blobs: Vec<BlobHash>,
    },
    /// A device said that new words are saved: those of the work, or of the reflection on it.
    Words {
        /// Of which piece.
        piece: PieceId,
        /// Of the reflection rather than of the work.
        reflection: bool,
        /// Which version, from 1.
        version: u32,
    },
}

impl Acknowledged {
    /// What a verdict acknowledges of an item; nothing, unless the relay has it.
    pub fn of(item: &Item, verdict: &Verdict) -> Option<Self> {
        let (Verdict::Stored(n) | Verdict::Known(n)) = verdict else { return None };
        Some(match item {
            Item::Act(act) | Item::OldAct(act, _) => Self::Act { id: act.id, n: *n },
            Item::Change(change) | Item::OldChange(change, _) => {
                Self::Change { document: change.document, hash: change.hash.0, n: *n }
            }
            Item::Newer => return None,
        })
    }
}

/// A file of acknowledgements.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: Mutex<File>,
}

impl Ledger {
    /// A new one at `path`.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create_new(true).append(true).open(path)?;
        Ok(Self { path: path.to_owned(), file: Mutex::new(file) })
    }

    /// Writes one line down. It is on disk when this returns.
    pub fn write(&self, acknowledged: &Acknowledged) -> io::Result<()> {
        let line = serde_json::to_string(acknowledged)? + "\n";
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }

    /// Writes down what the relay answered to items.
    pub fn write_verdicts(&self, items: &[Item], verdicts: &[Verdict]) -> io::Result<()> {
        let pairs = items.iter().zip(verdicts);
        pairs
            .filter_map(|(item, verdict)| Acknowledged::of(item, verdict))
            .try_for_each(|one| self.write(&one))
    }

    /// Everything so far, as it lies on disk.
    pub fn read(&self) -> io::Result<Vec<Acknowledged>> {
        let text = std::fs::read_to_string(&self.path)?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}

/// What an audit looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audited {
    /// Acknowledged acts and changes that are in the log.
    pub items: usize,
    /// Acknowledged blobs that are there and linked.
    pub blobs: usize,
    /// Stored documents that opened.
    pub documents: usize,
}

/// Holds a relay's folder against what it acknowledged. An error names the first thing that is wrong.
pub fn audit(folder: &Path, acknowledged: &[Acknowledged]) -> Result<Audited, BoxError> {
    let conn = database::open_reader(folder)?;
    is_sound(&conn, "relay.db")?;
    is_sound(&Connection::open(folder.join("uploads/uploads.db"))?, "uploads.db")?;
    let mut audited = Audited { documents: every_document_opens(&conn)?, ..Audited::default() };
    for one in acknowledged {
        match one {
            Acknowledged::Act { n: 0, .. } | Acknowledged::Saved { .. } | Acknowledged::Words { .. } => {}
            Acknowledged::Act { id, n } => {
                let sql = "select n from act a join log using (n) where a.id = ?1";
                let found: Vec<i64> = numbers(&conn, sql, [id.as_bytes().as_slice()])?;
                if found != [n.cast_signed()] {
                    return Err(
                        format!("act {id} was acknowledged as {n}, and is in the log at {found:?}").into()
                    );
                }
                audited.items += 1;
            }
            Acknowledged::Change { document, hash, n } => {
                let sql = "select n from change c join log using (n) join document d on d.row = c.document
                           where d.id = ?1 and c.hash = ?2";
                let found: Vec<i64> = numbers(&conn, sql, (document.to_bytes().as_slice(), hash.as_slice()))?;
                if found != [n.cast_signed()] {
                    let words =
                        format!("a change of {document} was acknowledged as {n}, and is in the log at");
                    return Err(format!("{words} {found:?}").into());
                }
                audited.items += 1;
            }
            Acknowledged::Blob { piece, blob } => {
                let sql = "select 1 from link l join document d on d.row = l.document where d.piece = ?1 and l.blob = ?2";
                let key = (piece.as_bytes().as_slice(), blob.as_bytes().as_slice());
                if numbers(&conn, sql, key)?.is_empty() {
                    return Err(
                        format!("{blob} was acknowledged for {piece}, and is not linked to it").into()
                    );
                }
                audited.blobs += 1;
            }
        }
    }
    every_blob_is_whole(&conn, folder)?;
    Ok(audited)
}

fn numbers(conn: &Connection, sql: &str, key: impl rusqlite::Params) -> rusqlite::Result<Vec<i64>> {
    conn.prepare_cached(sql)?.query_map(key, |row| row.get(0))?.collect()
}

/// SQLite's own check of a whole database.
pub fn is_sound(conn: &Connection, name: &str) -> Result<(), BoxError> {
    let answer: String = conn.query_row("pragma integrity_check", [], |row| row.get(0))?;
    let foreign: Option<String> =
        conn.query_row("pragma foreign_key_check", [], |row| row.get(0)).optional()?;
    match (answer.as_str(), foreign) {
        ("ok", None) => Ok(()),
        (answer, foreign) => Err(format!("{name} is damaged: {answer} {foreign:?}").into()),
    }
}

/// Opens every stored document from its changes; how many there are. The heads must be those that the relay keeps.
pub fn every_document_opens(conn: &Connection) -> Result<usize, BoxError> {
    // One moment: the relay may be writing.
    let moment = conn.unchecked_transaction()?;
    let mut query = moment.prepare("select row, id, heads from document")?;
    let documents: Vec<(i64, Vec<u8>, Vec<u8>)> =
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    let mut changes = moment.prepare("select raw, hash from change where document = ?1 order by n")?;
    for (row, id, heads) in &documents {
        let name = DocumentId::from_bytes(id).ok_or("a document's id can't be read")?;
        let stored: Vec<(Vec<u8>, [u8; 32])> =
            changes.query_map([row], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let sheet = Sheet::load(stored.iter().map(|(raw, _)| raw.as_slice()))
            .map_err(|error| format!("the relay stores {name}, which can't be opened: {error}"))?;
        let kept: Vec<u8> = sheet.heads().iter().flat_map(|head| head.0).collect();
        if kept != *heads || !stored.iter().all(|(_, hash)| sheet.has(&Head(*hash))) {
            return Err(format!("{name} opens with other heads than the relay keeps").into());
        }
        // Whoever shows it reads all of it.
        let _shown = (sheet.content(), sheet.entries());
    }
    Ok(documents.len())
}

/// Every blob that the relay says it has lies under its name, with its bytes.
fn every_blob_is_whole(conn: &Connection, folder: &Path) -> Result<(), BoxError> {
    let mut query = conn.prepare("select hash, size from blob")?;
    let blobs: Vec<([u8; 32], i64)> =
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (digest, size) in blobs {
        let hash = BlobHash::from_digest(digest);
        let path = folder.join("blobs").join(hash.path());
        let bytes =
            std::fs::read(&path).map_err(|error| format!("{hash} is linked, but {path:?}: {error}"))?;
        if BlobHash::of(&bytes) != hash || bytes.len() as i64 != size {
            return Err(format!("{hash} has other bytes than its name says").into());
        }
    }
    Ok(())
}
