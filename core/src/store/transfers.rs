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
    /// Somebody holds it back.
    pub held: Held,
}

/// Does somebody hold an upload back?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Held {
    /// Nobody does.
    #[default]
    Not,
    /// It goes on from where it is, once it is let go.
    Paused,
    /// The relay lets go of what it has; it begins again, once it is let go. The bytes stay here.
    Cancelled,
}

impl Held {
    const fn number(self) -> i64 {
        match self {
            Held::Not => 0,
            Held::Paused => 1,
            Held::Cancelled => 2,
        }
    }

    pub(crate) const fn of(number: i64) -> Self {
        match number {
            1 => Held::Paused,
            2 => Held::Cancelled,
            _ => Held::Not,
        }
    }
}

const UPLOAD: &str =
    "select hash, piece, size, is_preview, url, sent, is_done, rounds, not_before, reason, held from upload";

fn upload_row(row: &Row<'_>) -> rusqlite::Result<Result<Upload, StoreError>> {
    let (hash, piece): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
    let (size, sent, not_before): (i64, i64, i64) = (row.get(2)?, row.get(5)?, row.get(8)?);
    let (is_preview, url, is_done) = (row.get(3)?, row.get(4)?, row.get(6)?);
    let (rounds, reason, held) = (row.get(7)?, row.get(9)?, Held::of(row.get(10)?));
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
            held,
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
        (hash, piece, size.cast_signed(), is_preview, change),
    )?;
    Ok(())
}

/// What one change named is named by another one now.
pub fn follow(tx: &Transaction<'_>, old: i64, new: i64) -> Result<(), StoreError> {
    tx.execute("update upload set change = ?2 where change = ?1", (old, new))?;
    Ok(())
}

/// The hashes of a piece's uploads, done or not.
pub fn of_piece(conn: &Connection, piece: PieceId) -> Result<Vec<BlobHash>, StoreError> {
    let mut query = conn.prepare_cached("select hash from upload where piece = ?1")?;
    let rows = query.query_map([piece], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|hash| Ok(BlobHash::from_digest(bytes(&hash?, "an upload's hash")?))).collect()
}

/// The uploads that may start: those whose naming change the relay has, and that nobody holds back. Previews first, small
/// before large. Cancelled ones are among them as long as the relay has a part of them. What the platform carries is not.
pub fn ready_uploads(conn: &Connection) -> Result<Vec<Upload>, StoreError> {
    let mut query = conn.prepare_cached(&format!(
        "{UPLOAD} where not is_done and (select n from change where row = upload.change) is not null
         and (held = 0 or (held = 2 and url is not null))
         and not exists (select 1 from upload_chunk e where e.hash = upload.hash and e.piece = upload.piece and e.carried)
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

/// One upload.
pub fn upload(conn: &Connection, hash: BlobHash, piece: PieceId) -> Result<Option<Upload>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{UPLOAD} where hash = ?1 and piece = ?2"))?;
    let mut rows = query.query_map((hash, piece), upload_row)?;
    rows.next().transpose()?.transpose()
}

/// Does this device owe this blob, or has it sent it?
pub fn is_owed_or_sent(conn: &Connection, hash: BlobHash) -> Result<bool, StoreError> {
    let mut query = conn.prepare_cached("select 1 from upload where hash = ?1")?;
    Ok(query.exists([hash])?)
}

/// How an upload stands now.
pub fn update_upload(tx: &Transaction<'_>, upload: &Upload) -> Result<(), StoreError> {
    tx.prepare_cached(
        "update upload set url = ?3, sent = ?4, is_done = ?5, rounds = ?6, not_before = ?7, reason = ?8
         where hash = ?1 and piece = ?2",
    )?
    .execute((
        upload.hash,
        upload.piece,
        &upload.url,
        upload.sent.cast_signed(),
        upload.is_done,
        upload.rounds,
        upload.not_before.millis().cast_signed(),
        &upload.reason,
    ))?;
    Ok(())
}

/// Holds uploads back, or lets them go: of one piece, or of one blob of it.
pub fn hold(
    tx: &Transaction<'_>,
    piece: PieceId,
    hash: Option<BlobHash>,
    held: Held,
) -> Result<usize, StoreError> {
    let mut update = tx.prepare_cached(
        "update upload set held = ?3, rounds = 0, not_before = 0, reason = null
         where piece = ?1 and (?2 is null or hash = ?2) and not is_done",
    )?;

    Ok(update.execute((piece, hash, held.number()))?)
}

/// Sends again what the relay's lost log had of ours; the rest of it the relay still has.
pub fn restart_uploads(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("delete from upload_chunk", [])?;
    tx.execute("update upload set url = null, sent = 0 where not is_done", [])?;
    tx.execute(
        "update upload set is_done = 0, url = null, sent = 0, rounds = 0, not_before = 0, reason = null
         where change in (select row from change where n is null)",
        [],
    )?;
    Ok(())
}

/// Sends one file again, or for another who brought it first.
pub fn bring_again(
    tx: &Transaction<'_>,
    hash: BlobHash,
    piece: PieceId,
    size: u64,
    is_preview: bool,
    change: i64,
) -> Result<(), StoreError> {
    add_upload(tx, hash, piece, size, is_preview, change)?;
    tx.execute(
        "update upload set is_done = 0, url = null, sent = 0, rounds = 0, not_before = 0, reason = null
         where hash = ?1 and piece = ?2 and is_done",
        (hash, piece),
    )?;
    Ok(())
}

/// Wakes uploads and downloads that wait, but for files that did not match their name.
pub fn wake(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("update upload set not_before = 0", [])?;
    tx.execute("update download set not_before = 0 where spoilt = 0", [])?;
    Ok(())
}

/// A blob to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Which bytes.
    pub hash: BlobHash,
    /// How many of them are here.
    pub got: u64,
    /// Failures so far.
    pub rounds: u32,
    /// Not before this.
    pub not_before: Timestamp,
    /// Why it waits, by its code.
    pub reason: Option<String>,
    /// It came and was not what it was called. It is tried again after a long while.
    pub is_spoilt: bool,
    /// Only a small picture is expected.
    pub is_small: bool,
}

/// What is wanted of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The bytes, however many there are: somebody opens it.
    All,
    /// The bytes, if they are a small picture: those come by themselves.
    Small,
}

/// Wants a blob. What somebody opens may be of any size from then on.
pub fn want(tx: &Transaction<'_>, hash: BlobHash, wanted: Wanted) -> Result<(), StoreError> {
    tx.prepare_cached(
        "insert into download (hash, is_small) values (?1, ?2)
         on conflict (hash) do update set is_small = 0, spoilt = 0, not_before = 0 where is_small and not ?2",
    )?
    .execute((hash, wanted == Wanted::Small))?;
    Ok(())
}

/// The blobs that are wanted.
pub fn wanted(conn: &Connection) -> Result<Vec<Download>, StoreError> {
    let mut query = conn.prepare_cached(
        "select hash, got, rounds, not_before, reason, spoilt > 0, is_small from download
         order by not_before, got, hash",
    )?;
    let rows = query.query_map([], |row| {
        let (hash, got, not_before): (Vec<u8>, i64, i64) = (row.get(0)?, row.get(1)?, row.get(3)?);
        Ok((hash, got, row.get(2)?, not_before, row.get(4)?, row.get(5)?, row.get(6)?))
    })?;
    rows.map(|row| {
        let (hash, got, rounds, not_before, reason, is_spoilt, is_small) = row?;
        Ok(Download {
            hash: BlobHash::from_digest(bytes(&hash, "a download's hash")?),
            got: got.cast_unsigned(),
            rounds,
            not_before: Timestamp::from_millis(not_before.cast_unsigned()),
            reason,
            is_spoilt,
            is_small,
        })
    })
    .collect()
}

/// So many bytes of it are here.
pub fn got(tx: &Transaction<'_>, hash: BlobHash, got: u64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "update download set got = ?2, rounds = 0, not_before = 0, reason = null where hash = ?1",
    )?
    .execute((hash, got.cast_signed()))?;
    Ok(())
}

/// It is here, or is not wanted any more.
pub fn unwant(tx: &Transaction<'_>, hash: BlobHash) -> Result<(), StoreError> {
    tx.execute("delete from download where hash = ?1", [hash])?;
    Ok(())
}

/// It is not what it was called: from the start, and not before this.
pub fn spoilt(
    tx: &Transaction<'_>,
    hash: BlobHash,
    until: Timestamp,
    reason: &str,
) -> Result<(), StoreError> {
    let name = [hash];
    tx.execute("update download set got = 0, spoilt = spoilt + 1 where hash = ?1", name)?;
    put_off_download(tx, hash, until, reason)
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
        (hash, until.millis().cast_signed(), reason),
    )?;
    Ok(())
}
