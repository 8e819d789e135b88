//! The outbox: everything this device still owes the relay.
//!
//! A row appears in the same transaction as the change that caused it, and leaves only when the relay has confirmed. So
//! a power cut can repeat an upload but never lose one.

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::ids::{ActId, DocumentId, PieceId};
use crate::time::Timestamp;

use super::{StoreError, bytes};

/// What one row owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    Act(ActId),
    /// A change, by its row.
    Change(i64),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place.
    pub row: i64,
    /// What is owed.
    pub owed: Owed,
    /// How often the relay put it off.
    pub rounds: u32,
    /// Not before this.
    pub not_before: Timestamp,
    /// Why it waits, by its code.
    pub reason: Option<String>,
}

/// Adds what is owed, at the end. What is owed already stays where it is.
pub fn add(tx: &Transaction<'_>, owed: Owed) -> Result<(), StoreError> {
    let (act, change) = match owed {
        Owed::Act(act) => (Some(act.as_bytes().to_vec()), None),
        Owed::Change(row) => (None, Some(row)),
    };
    tx.prepare_cached("insert or ignore into outbox (act, change) values (?1, ?2)")?
        .execute((act, change))?;
    Ok(())
}

/// Every row.
pub fn all(conn: &Connection) -> Result<Vec<OutboxRow>, StoreError> {
    due(conn, Timestamp::from_millis(i64::MAX.cast_unsigned()), usize::MAX)
}

/// When the earliest row is due; `None` when nothing is owed.
pub fn earliest(conn: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let earliest: Option<i64> =
        conn.prepare_cached("select min(not_before) from outbox")?.query_row([], |row| row.get(0))?;
    Ok(earliest.map(|millis| Timestamp::from_millis(millis.cast_unsigned())))
}

/// No row waits longer than so many milliseconds: one that seems to was put off before the clock was put back.
const LONGEST: u64 = 300_000;

/// The first `limit` rows that are due. Those that wait, however many, hold back no other.
pub fn due(conn: &Connection, now: Timestamp, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
    let mut query = conn.prepare_cached(
        "select row, act, change, rounds, not_before, reason from outbox
         where not_before <= ?1 or not_before > ?2 order by row limit ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (now, end) = (now.millis().cast_signed(), now.plus_millis(LONGEST).millis().cast_signed());
    let rows = query.query_map((now, end, limit), |row| {
        let (act, change): (Option<Vec<u8>>, Option<i64>) = (row.get(1)?, row.get(2)?);
        let (number, rounds, not_before, reason) =
            (row.get(0)?, row.get(3)?, row.get::<_, i64>(4)?, row.get(5)?);
        Ok((act, change, number, rounds, not_before, reason))
    })?;
    rows.map(|row| {
        let (act, change, row, rounds, not_before, reason) = row?;
        let owed = match (act, change) {
            (Some(act), None) => Owed::Act(ActId::from_bytes(bytes(&act, "an outbox row")?)),
            (None, Some(change)) => Owed::Change(change),
            _ => return Err(StoreError::Unexpected("an outbox row")),
        };
        let not_before = Timestamp::from_millis(not_before.cast_unsigned());
        Ok(OutboxRow { row, owed, rounds, not_before, reason })
    })
    .collect()
}

/// What one row owes.
pub fn owed(conn: &Connection, row: i64) -> Result<Option<Owed>, StoreError> {
    let found = conn
        .query_row("select act, change from outbox where row = ?1", [row], |row| {
            Ok((row.get::<_, Option<Vec<u8>>>(0)?, row.get::<_, Option<i64>>(1)?))
        })
        .optional()?;
    Ok(match found {
        Some((Some(act), _)) => Some(Owed::Act(ActId::from_bytes(bytes(&act, "an outbox row")?))),
        Some((None, Some(change))) => Some(Owed::Change(change)),
        _ => None,
    })
}

/// How many rows there are.
pub fn len(conn: &Connection) -> Result<u64, StoreError> {
    let count: i64 = conn.query_row("select count(*) from outbox", [], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// The relay has it.
pub fn remove(tx: &Transaction<'_>, row: i64) -> Result<(), StoreError> {
    tx.prepare_cached("delete from outbox where row = ?1")?.execute([row])?;
    Ok(())
}

/// Again, not before `until`, with a reason if it is one to show.
pub fn put_off(
    tx: &Transaction<'_>,
    row: i64,
    until: Timestamp,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    tx.prepare_cached("update outbox set rounds = rounds + 1, not_before = ?2, reason = ?3 where row = ?1")?
        .execute((row, until.millis().cast_signed(), reason))?;
    Ok(())
}

/// Nothing is owed for this change any more: it is set aside.
pub fn remove_change(tx: &Transaction<'_>, change: i64) -> Result<(), StoreError> {
    tx.execute("delete from outbox where change = ?1", [change])?;
    Ok(())
}

/// Makes due now what waits for people: the directory changed, and it may be for them.
pub fn wake_waiting(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("update outbox set not_before = 0 where reason is not null", [])?;
    Ok(())
}

/// Makes everything due now: the person asked, or the directory changed.
pub fn wake(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("update outbox set not_before = 0 where not_before > 0", [])?;
    Ok(())
}

/// One thing that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The piece it was about.
    pub piece: Option<PieceId>,
    /// The document it belongs to.
    pub document: Option<DocumentId>,
    /// The item as it would have been sent, CBOR.
    pub item: Vec<u8>,
    /// Why, by its code.
    pub reason: String,
    /// What it said.
    pub words: String,
}

/// Sets something aside.
pub fn set_aside(tx: &Transaction<'_>, aside: &SetAside) -> Result<(), StoreError> {
    tx.execute(
        "insert into set_aside (piece, document, item, reason, words) values (?1, ?2, ?3, ?4, ?5)",
        (
            aside.piece.map(|piece| piece.as_bytes().to_vec()),
            aside.document.map(|document| document.to_bytes().to_vec()),
            &aside.item,
            &aside.reason,
            &aside.words,
        ),
    )?;
    Ok(())
}

/// Everything that was set aside, oldest first.
pub fn all_set_aside(conn: &Connection) -> Result<Vec<SetAside>, StoreError> {
    let mut query =
        conn.prepare("select piece, document, item, reason, words from set_aside order by row")?;
    let rows = query.query_map([], |row| {
        let (piece, document): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
        Ok((piece, document, row.get(2)?, row.get(3)?, row.get(4)?))
    })?;
    rows.map(|row| {
        let (piece, document, item, reason, words) = row?;
        let piece = piece.map(|piece| bytes(&piece, "a piece's id").map(PieceId::from_bytes)).transpose()?;
        let document = document.and_then(|document| DocumentId::from_bytes(&document));
        Ok(SetAside { piece, document, item, reason, words })
    })
    .collect()
}
