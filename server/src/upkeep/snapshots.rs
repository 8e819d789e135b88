//! Sheets that nobody has written on for a month are kept in one: automerge's own saved form, which is much smaller than
//! the bytes of its changes. Only here: what is sent and what is signed are the changes, made from it byte by byte.
//!
//! A sheet is saved so only after every one of its changes came out of the saved form exactly as it went in.

use fieldfolio_core::document::{Sheet, contained};
use fieldfolio_core::ids::DocumentId;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction};

use crate::exchange::{Backend, Lane, RelayError};
use crate::log::changes;

/// So long nobody has written on it: 30 days, in milliseconds.
const QUIET: u64 = 30 * 24 * 60 * 60 * 1000;
/// The most sheets in one night.
const MOST: i64 = 2_000;
/// With fewer changes there is nothing to win.
const FEWEST: i64 = 6;

/// What saving came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Saved {
    /// Sheets that are kept in one now.
    pub sheets: u64,
    /// Bytes of their changes.
    pub from: u64,
    /// Bytes of their saved forms.
    pub to: u64,
}

/// Saves the sheets that have been quiet for a month.
pub fn save_quiet(backend: &impl Backend, now: Timestamp) -> Result<Saved, RelayError> {
    let mut saved = Saved::default();
    for document in backend.reading(Lane::School, |conn| quiet(conn, now))? {
        let Some(snapshot) = backend.reading(Lane::School, |conn| snapshot(conn, document))? else {
            continue;
        };
        if backend.only_reads() {
            return Err(RelayError::OnlyReading);
        }
        let (from, to) = (snapshot.from, snapshot.body.len() as u64);
        if backend.writing(Lane::School, move |tx, _| put(tx, &snapshot))? {
            saved = Saved { sheets: saved.sheets + 1, from: saved.from + from, to: saved.to + to };
        }
    }
    Ok(saved)
}

fn quiet(conn: &Connection, now: Timestamp) -> rusqlite::Result<Vec<i64>> {
    let mut query = conn.prepare_cached(
        "select c.document from change c join log l on l.n = c.n group by c.document
         having max(l.at) <= ?1 and count(*) >= ?2 and sum(length(c.raw)) > 0 limit ?3",
    )?;
    let before = now.millis().saturating_sub(QUIET).cast_signed();
    query.query_map((before, FEWEST, MOST), |row| row.get(0))?.collect()
}

struct Snapshot {
    document: i64,
    heads: Vec<u8>,
    changes: i64,
    body: Vec<u8>,
    from: u64,
}

/// The saved form of a document; nothing if it is not worth it, or would not give back every change.
fn snapshot(conn: &Connection, document: i64) -> rusqlite::Result<Option<Snapshot>> {
    let (id, heads): (Vec<u8>, Vec<u8>) = conn
        .prepare_cached("select id, heads from document where row = ?1")?
        .query_row([document], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(id) = DocumentId::from_bytes(&id) else { return Ok(None) };
    let changes = changes::of_document(conn, document)?;
    let raws: Vec<&[u8]> = changes.iter().map(|news| news.change.raw.as_slice()).collect();
    let from: usize = raws.iter().map(|raw| raw.len()).sum();
    let body = contained(id, || Sheet::load(raws.iter().copied()).map(|sheet| sheet.save()));
    let Ok(Ok(body)) = body else { return Ok(None) };
    let Ok(Ok(given_back)) = contained(id, || Sheet::changes_of(&body)) else { return Ok(None) };
    let is_worth_it = body.len() * 10 < from * 8;
    let is_exact = raws.iter().all(|raw| given_back.iter().any(|back| back == raw));
    Ok((is_worth_it && is_exact).then(|| Snapshot {
        document,
        heads,
        changes: i64::try_from(changes.len()).unwrap_or(i64::MAX),
        body,
        from: from as u64,
    }))
}

/// Puts it in the place of the changes' bytes, if nothing was added meanwhile.
fn put(tx: &Transaction<'_>, snapshot: &Snapshot) -> rusqlite::Result<bool> {
    let same = tx
        .prepare_cached(
            "select 1 from document where row = ?1 and heads = ?2
             and (select count(*) from change where document = ?1) = ?3",
        )?
        .exists((snapshot.document, &snapshot.heads, snapshot.changes))?;
    if same {
        tx.prepare_cached("insert or replace into snapshot (document, body) values (?1, ?2)")?
            .execute((snapshot.document, &snapshot.body))?;
        tx.prepare_cached("update change set raw = x'' where document = ?1")?.execute([snapshot.document])?;
    }
    Ok(same)
}
