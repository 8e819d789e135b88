//! Blobs on their way: previews first, small before large, and one that fails holds back no other.

use rusqlite::{Connection, Row, Transaction};

use crate::blob::BlobHash;
use crate::ids::PieceId;
use crate::time::Timestamp;

use super::{StoreError, bytes};

/// One blob that this device owes the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Which bytes.
    pub hash: BlobHash,
    /// For which piece.
    pub piece: PieceId,
    /// How many bytes.
    pub size: u64,
    /// A preview rather than an original.
    pub is_preview: bool,
    /// Where the relay takes them, once it said so.
    pub url: Option<String>,
    /// Bytes that the relay has acknowledged.
    pub sent: u64,
    /// The relay has all of it.
    pub is_done: bool,
    /// Failures so far.
    pub rounds: u32,
    /// Not before this.
    pub not_before: Timestamp,
    /// Why it waits, by its code.
    pub reason: Option<String>,
}

const UPLOAD: &str =
    "select hash, piece, size, is_preview, url, sent, is_done, rounds, not_before, reason from upload";

fn upload_row(row: &Row<'_>) -> rusqlite::Result<Result<Upload, StoreError>> {
    let (hash, piece): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
    let (size, sent, not_before): (i64, i64, i64) = (row.get(2)?, row.get(5)?, row.get(8)?);
    let (is_preview, url, is_done) = (row.get(3)?, row.get(4)?, row.get(6)?);
    let (rounds, reason) = (row.get(7)?, row.get(9)?);
    Ok((|| {
        Ok(Upload {
            hash: BlobHash::from_digest(bytes(&hash, "an upload's hash")?),
            piece: PieceId::from_bytes(bytes(&piece, "an upload's piece")?),
            size: size.cast_unsigned(),
            is_preview,
            url,
            sent: sent.cast_unsigned(),
            is_done,
            rounds,
            not_before: Timestamp::from_millis(not_before.cast_unsigned()),
            reason,
        })
    })())
}

/// Owes a blob, named by `change`. One that is owed or sent already stays as it is.
pub fn add_upload(
    tx: &Transaction<'_>,
    hash: BlobHash,
    piece: PieceId,
    size: u64,
    is_preview: bool,
    change: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert or ignore into upload (hash, piece, size, is_preview, change) values (?1, ?2, ?3, ?4, ?5)",
        (hash.as_bytes().as_slice(), piece.as_bytes().as_slice(), size.cast_signed(), is_preview, change),
    )?;
    Ok(())
}

/// The uploads that may start: those whose naming change the relay has. Previews first, small before large.
pub fn ready_uploads(conn: &Connection) -> Result<Vec<Upload>, StoreError> {
    let mut query = conn.prepare_cached(&format!(
        "{UPLOAD} where not is_done and (select n from change where row = upload.change) is not null
         order by is_preview desc, size, hash"
    ))?;
    query.query_map([], upload_row)?.map(|row| row?).collect()
}

/// Every upload, done or not.
pub fn uploads(conn: &Connection) -> Result<Vec<Upload>, StoreError> {
    let mut query =
        conn.prepare_cached(&format!("{UPLOAD} order by is_done, is_preview desc, size, hash"))?;
    query.query_map([], upload_row)?.map(|row| row?).collect()
}

/// Does this device owe this blob, or has it sent it?
pub fn is_owed_or_sent(conn: &Connection, hash: BlobHash) -> Result<bool, StoreError> {
    let mut query = conn.prepare_cached("select 1 from upload where hash = ?1")?;
    Ok(query.exists([hash.as_bytes().as_slice()])?)
}

/// How an upload stands now.
pub fn update_upload(tx: &Transaction<'_>, upload: &Upload) -> Result<(), StoreError> {
    tx.prepare_cached(
        "update upload set url = ?3, sent = ?4, is_done = ?5, rounds = ?6, not_before = ?7, reason = ?8
         where hash = ?1 and piece = ?2",
    )?
    .execute((
        upload.hash.as_bytes().as_slice(),
        upload.piece.as_bytes().as_slice(),
        &upload.url,
        upload.sent.cast_signed(),
        upload.is_done,
        upload.rounds,
        upload.not_before.millis().cast_signed(),
        &upload.reason,
    ))?;
    Ok(())
}

/// Sends everything again: the relay is another one.
pub fn restart_uploads(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("update upload set url = null, sent = 0, is_done = 0, rounds = 0, not_before = 0", [])?;
    Ok(())
}

/// Wakes uploads and downloads that wait.
pub fn wake(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("update upload set not_before = 0", [])?;
    tx.execute("update download set not_before = 0", [])?;
    Ok(())
}

/// A blob to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Which bytes.
    pub hash: BlobHash,
    /// Failures so far.
    pub rounds: u32,
    /// Not before this.
    pub not_before: Timestamp,
}

/// Wants a blob.
pub fn want(tx: &Transaction<'_>, hash: BlobHash) -> Result<(), StoreError> {
    tx.execute("insert or ignore into download (hash) values (?1)", [hash.as_bytes().as_slice()])?;
    Ok(())
}

/// The blobs that are wanted.
pub fn wanted(conn: &Connection) -> Result<Vec<Download>, StoreError> {
    let mut query =
        conn.prepare_cached("select hash, rounds, not_before from download order by not_before, hash")?;
    let rows =
        query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get::<_, i64>(2)?)))?;
    rows.map(|row| {
        let (hash, rounds, not_before) = row?;
        Ok(Download {
            hash: BlobHash::from_digest(bytes(&hash, "a download's hash")?),
            rounds,
            not_before: Timestamp::from_millis(not_before.cast_unsigned()),
        })
    })
    .collect()
}

/// It is here, or is not wanted any more.
pub fn unwant(tx: &Transaction<'_>, hash: BlobHash) -> Result<(), StoreError> {
    tx.execute("delete from download where hash = ?1", [hash.as_bytes().as_slice()])?;
    Ok(())
}

/// Again later.
pub fn put_off_download(
    tx: &Transaction<'_>,
    hash: BlobHash,
    until: Timestamp,
    reason: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "update download set rounds = rounds + 1, not_before = ?2, reason = ?3 where hash = ?1",
        (hash.as_bytes().as_slice(), until.millis().cast_signed(), reason),
    )?;
    Ok(())
}
