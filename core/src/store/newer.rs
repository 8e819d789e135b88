//! Records that a newer version wrote, or wrote something in: kept as their bytes, counted, and read again after an update.

use rusqlite::{Connection, Transaction};

use super::StoreError;

/// A record as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewerRecord {
    /// The number of its kind.
    pub kind: u16,
    /// Which one.
    pub id: Vec<u8>,
    /// What it said.
    pub body: Vec<u8>,
}

/// Keeps one. A record may come in several parts, each with a body of its own.
pub fn keep(tx: &Transaction<'_>, record: &NewerRecord) -> Result<(), StoreError> {
    tx.prepare_cached("insert or ignore into newer (kind, id, body) values (?1, ?2, ?3)")?.execute((
        record.kind,
        &record.id,
        &record.body,
    ))?;
    Ok(())
}

/// What was kept of a record is over: its state now has come.
pub fn forget(tx: &Transaction<'_>, kind: u16, id: &[u8]) -> Result<(), StoreError> {
    tx.prepare_cached("delete from newer where kind = ?1 and id = ?2")?.execute((kind, id))?;
    Ok(())
}

/// Every one, in the order they came.
pub fn all(conn: &Connection) -> Result<Vec<NewerRecord>, StoreError> {
    let mut query = conn.prepare_cached("select kind, id, body from newer order by row")?;
    let rows = query
        .query_map([], |row| Ok(NewerRecord { kind: row.get(0)?, id: row.get(1)?, body: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many records.
pub fn count(conn: &Connection) -> Result<u64, StoreError> {
    let count: i64 = conn
        .prepare_cached("select count(*) from (select distinct kind, id from newer)")?
        .query_row([], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}
