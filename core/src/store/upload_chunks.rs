//! Stretches of originals that travel apart: the platform's own uploader sends whole requests, and the relay joins them.

use rusqlite::{Connection, Row, Transaction};

use crate::blob::BlobHash;
use crate::ids::PieceId;

use super::StoreError;

/// One stretch of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadChunk {
    /// Its first byte.
    pub start: u64,
    /// How many bytes.
    pub length: u64,
    /// The platform has it.
    pub carried: bool,
    /// Where the relay keeps it, once it has all of it.
    pub url: Option<String>,
}

fn chunk_row(row: &Row<'_>) -> rusqlite::Result<UploadChunk> {
    let (start, length): (i64, i64) = (row.get(0)?, row.get(1)?);
    let (carried, url) = (row.get(2)?, row.get(3)?);
    Ok(UploadChunk { start: start.cast_unsigned(), length: length.cast_unsigned(), carried, url })
}

/// The stretches of an upload, in order; none for one that travels in one line.
pub fn of(conn: &Connection, hash: BlobHash, piece: PieceId) -> Result<Vec<UploadChunk>, StoreError> {
    let mut query = conn.prepare_cached(
        "select start, length, carried, url from upload_chunk where hash = ?1 and piece = ?2 order by start",
    )?;
    let rows = query.query_map((hash, piece), chunk_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many stretches there are of all uploads.
pub fn count(conn: &Connection) -> Result<usize, StoreError> {
    let count: i64 = conn.query_row("select count(*) from upload_chunk", [], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// How one stretch stands.
pub fn put(
    tx: &Transaction<'_>,
    hash: BlobHash,
    piece: PieceId,
    chunk: &UploadChunk,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "insert or replace into upload_chunk (hash, piece, start, length, carried, url) values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        hash,
        piece,
        chunk.start.cast_signed(),
        chunk.length.cast_signed(),
        chunk.carried,
        &chunk.url,
    ))?;
    Ok(())
}

/// The upload travels in one line again.
pub fn forget(tx: &Transaction<'_>, hash: BlobHash, piece: PieceId) -> Result<(), StoreError> {
    tx.prepare_cached("delete from upload_chunk where hash = ?1 and piece = ?2")?.execute((hash, piece))?;
    Ok(())
}

/// The platform has lost what it was given: what it did not bring is sent from here.
pub fn take_back(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("update upload_chunk set carried = 0", [])?;
    Ok(())
}
