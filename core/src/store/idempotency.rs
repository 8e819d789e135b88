//! Calls by name: one whose answer was lost may be made again, and is done once.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::StoreError;

/// The caller's own name for a call: 16 random bytes.
pub type CallId = [u8; 16];

/// So many are remembered. Whoever repeats a call does it within seconds.
const REMEMBERED: i64 = 1_000;

/// Begins a call, in the transaction of what it does.
pub(super) fn begin(tx: &Transaction<'_>, call: CallId) -> Result<(), StoreError> {
    let is_new = tx.prepare_cached("insert or ignore into call (id) values (?1)")?.execute([call])? == 1;
    if !is_new {
        return Err(StoreError::DoneAlready);
    }
    tx.prepare_cached("delete from call where row <= (select max(row) from call) - ?1")?
        .execute([REMEMBERED])?;
    Ok(())
}

/// Remembers what it was answered.
pub fn answer(tx: &Transaction<'_>, call: CallId, answer: &str) -> Result<(), StoreError> {
    tx.prepare_cached("update call set answer = ?2 where id = ?1")?.execute((call, answer))?;
    Ok(())
}

/// What it was answered.
pub fn answer_to(conn: &Connection, call: CallId) -> Result<Option<String>, StoreError> {
    let mut query = conn.prepare_cached("select answer from call where id = ?1")?;
    Ok(query.query_row([call], |row| row.get(0)).optional()?.flatten())
}
