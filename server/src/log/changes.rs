//! The changes of documents, as the log keeps them: each whole, or in the saved form of its document
//! ([`snapshots`](crate::upkeep::snapshots)).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::ControlFlow;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::{Sheet, SignedChange, chunk_hash};
use fieldfolio_core::ids::{DeviceId, DocumentId};
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::signing::Signature;
use fieldfolio_core::sync::wire::News;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::database::{self, unreadable};

const CHANGE: &str =
    "select c.n, d.id, c.device, c.actor, c.seq, c.hash, c.blobs, c.raw, c.signature, c.document
     from change c join document d on d.row = c.document";

/// The bytes of a document's changes, by their hashes, as its saved form gives them back.
type Raws = BTreeMap<Head, Vec<u8>>;

/// Saved forms that were opened, by their documents.
#[derive(Default)]
pub(crate) struct Opened(BTreeMap<i64, Raws>);

impl Opened {
    /// The change of this number.
    pub(crate) fn change(&mut self, conn: &Connection, n: u64) -> rusqlite::Result<Option<News>> {
        conn.prepare_cached(&format!("{CHANGE} where c.n = ?1"))?
            .query_row([n.cast_signed()], |row| change_row(conn, row, self))
            .optional()
    }
}

/// The changes of a document, by its row, after a number, in the order of the log, until `visit` says that it has enough.
pub(crate) fn after(
    conn: &Connection,
    document: i64,
    after: u64,
    visit: &mut dyn FnMut(News) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let mut query =
        conn.prepare_cached(&format!("{CHANGE} where c.document = ?1 and c.n > ?2 order by c.n"))?;
    let mut rows = query.query((document, after.cast_signed()))?;
    let mut opened = Opened::default();
    while let Some(row) = rows.next()? {
        if visit(change_row(conn, row, &mut opened)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// Every change of a document, in the order of the log.
pub fn of_document(conn: &Connection, document: i64) -> rusqlite::Result<Vec<News>> {
    let mut query = conn.prepare_cached(&format!("{CHANGE} where c.document = ?1 order by c.n"))?;
    let mut opened = Opened::default();
    query.query_map([document], |row| change_row(conn, row, &mut opened))?.collect()
}

fn change_row(conn: &Connection, row: &Row<'_>, opened: &mut Opened) -> rusqlite::Result<News> {
    let hash = Head(row.get(5)?);
    let raw = whole(conn, row.get(9)?, hash, row.get(7)?, opened)?;
    let (id, blobs): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(6)?);
    Ok(News {
        n: row.get::<_, i64>(0)?.cast_unsigned(),
        change: SignedChange {
            document: document_id(1, &id)?,
            device: row.get::<_, DeviceId>(2)?,
            actor: row.get(3)?,
            seq: row.get::<_, i64>(4)?.cast_unsigned(),
            hash,
            blobs: blobs
                .chunks_exact(32)
                .filter_map(|blob| blob.try_into().ok().map(BlobHash::from_digest))
                .collect(),
            raw,
            signature: row.get::<_, Signature>(8)?,
        },
    })
}

/// The bytes of one change: its own, or those that the saved form gives back. `opened` keeps what was opened.
pub(crate) fn whole(
    conn: &Connection,
    document: i64,
    hash: Head,
    raw: Vec<u8>,
    opened: &mut Opened,
) -> rusqlite::Result<Vec<u8>> {
    if !raw.is_empty() {
        return Ok(raw);
    }
    let saved = match opened.0.entry(document) {
        Entry::Occupied(there) => there.into_mut(),
        Entry::Vacant(place) => place.insert(raws(conn, document)?),
    };
    saved.get(&hash).cloned().ok_or_else(|| unreadable(0, Type::Blob, "a document that is kept in one"))
}

/// What a document's saved form holds; nothing where there is none.
fn raws(conn: &Connection, document: i64) -> rusqlite::Result<Raws> {
    let body: Option<Vec<u8>> = conn
        .prepare_cached("select body from snapshot where document = ?1")?
        .query_row([document], |row| row.get(0))
        .optional()?;
    let Some(body) = body else { return Ok(Raws::new()) };
    // Its changes went through the gate before they were saved.
    let changes =
        Sheet::changes_of(&body).map_err(|_| unreadable(0, Type::Blob, "a document that is kept in one"))?;
    Ok(changes.into_iter().filter_map(|raw| Some((chunk_hash(&raw).ok()?, raw))).collect())
}

pub(crate) fn document_id(column: usize, bytes: &[u8]) -> rusqlite::Result<DocumentId> {
    DocumentId::from_bytes(bytes)
        .ok_or_else(|| database::unreadable(column, Type::Blob, "the id of a document"))
}
