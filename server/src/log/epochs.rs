//! When the relay's log had to go back, since a backup was put in its place: a new epoch begins, and devices bring again
//! what is lost.
//!
//! A copy that `fieldfolio backup` made says up to where it reaches. Any other copy is recognised by the first device
//! that comes with a cursor which the relay really gave out, under its own mark, and which its log knows nothing of.

use fieldfolio_core::sync::wire::Cursor;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};
use sha2::{Digest, Sha256};

use crate::database;
use crate::log::{self, Event};

/// Up to which number the copy reaches that this database is: set in a backup's own database.
const COPIED_AT: &str = "copied at";
const CURSOR_KEY: &str = "cursor key";

/// Marks a database as a copy that reaches to this number.
pub fn mark_copy(conn: &Connection, at: u64) -> rusqlite::Result<()> {
    conn.execute("insert or replace into meta (key, value) values (?1, ?2)", (COPIED_AT, at.to_be_bytes()))?;
    Ok(())
}

/// Is this database a copy that is not served yet?
pub fn is_copy(conn: &Connection) -> rusqlite::Result<bool> {
    Ok(database::meta(conn, COPIED_AT)?.is_some())
}

/// A copy takes the place of the original: what the original had more than it is lost.
pub fn take_over(tx: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<()> {
    let Some(at) = database::meta(tx, COPIED_AT)? else { return Ok(()) };
    begin(tx, now, at.try_into().map_or(0, u64::from_be_bytes))?;
    tx.execute("delete from meta where key = ?1", [COPIED_AT])?;
    Ok(())
}

/// A new epoch: this log agrees with the lost one up to this number.
pub fn begin(tx: &Transaction<'_>, now: Timestamp, at: u64) -> rusqlite::Result<()> {
    let next = epoch(tx)? + 1;
    database::put_meta(tx, "epoch", &next.to_be_bytes())?;
    tx.execute("insert into fork (epoch, at_n) values (?1, ?2)", (next, at.cast_signed()))?;
    log::append(tx, now, None, &Event::EpochBegun { epoch: next, at })?;
    Ok(())
}

/// How often the log had to go back, counted from 1.
pub fn epoch(conn: &Connection) -> rusqlite::Result<u32> {
    let bytes = database::meta(conn, "epoch")?.and_then(|bytes| bytes.try_into().ok());
    Ok(bytes.map_or(1, u32::from_be_bytes))
}

/// Up to which number this log agrees with everything that was lost since this epoch.
pub fn since(conn: &Connection, epoch: u32) -> rusqlite::Result<Option<u64>> {
    let at: Option<i64> = conn
        .prepare_cached("select min(at_n) from fork where epoch > ?1")?
        .query_row([epoch], |row| row.get(0))
        .optional()?
        .flatten();
    Ok(at.map(i64::cast_unsigned))
}

/// Where a device's cursor stands to this log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorStatus {
    /// On it, or at its beginning.
    Here,
    /// On a log that was lost, of which this one has everything up to this number.
    Lost(u64),
    /// The relay gave it out, and knows nothing of it: its log went back without a word.
    Unheard,
    /// Nobody gave it out here.
    Foreign,
}

/// Looks at a cursor.
pub fn cursor_status(conn: &Connection, cursor: Cursor, head: u64) -> rusqlite::Result<CursorStatus> {
    if cursor.n == 0 {
        return Ok(CursorStatus::Here);
    }
    let is_ours = cursor.proof == proof(conn, cursor)?;
    let is_known = cursor.n <= head && log::tag(conn, cursor.n)? == Some(cursor.tag);
    let now = epoch(conn)?;
    Ok(match since(conn, cursor.epoch)? {
        Some(at) if is_ours && cursor.epoch < now => CursorStatus::Lost(at),
        _ if cursor.epoch == now && is_known => CursorStatus::Here,
        _ if cursor.epoch == now && is_ours => CursorStatus::Unheard,
        _ => CursorStatus::Foreign,
    })
}

/// The cursor at this number of this log.
pub fn cursor_at(conn: &Connection, n: u64) -> rusqlite::Result<Cursor> {
    let (epoch, tag) = (epoch(conn)?, log::tag(conn, n)?.unwrap_or_default());
    let bare = Cursor { epoch, n, tag, ..Cursor::default() };
    Ok(Cursor { proof: proof(conn, bare)?, ..bare })
}

/// Half of SHA-256 over a key that only this school's relay has, and the cursor: nobody else makes one, so nobody can
/// talk the relay into believing that its log went back.
fn proof(conn: &Connection, cursor: Cursor) -> rusqlite::Result<[u8; 16]> {
    let key = database::meta(conn, CURSOR_KEY)?.unwrap_or_default();
    let digest = Sha256::new()
        .chain_update(b"fieldfolio-cursor-1")
        .chain_update(key)
        .chain_update(cursor.epoch.to_be_bytes())
        .chain_update(cursor.n.to_be_bytes())
        .chain_update(cursor.tag)
        .finalize();
    let mut proof = [0; 16];
    proof.copy_from_slice(digest.get(..16).unwrap_or_default());
    Ok(proof)
}
