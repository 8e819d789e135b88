//! When the bytes of a blob were last looked at.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction};

use crate::blob::BlobHash;
use crate::time::Timestamp;

use super::{StoreError, bytes};

/// Looking twice within this many milliseconds is looking once: not every glance is worth a write.
const GLANCE: u64 = 60 * 60 * 1000;

/// Is it worth writing down that this blob was looked at now?
pub fn is_stale(conn: &Connection, hash: BlobHash, now: Timestamp) -> Result<bool, StoreError> {
    let since = now.millis().saturating_sub(GLANCE).cast_signed();
    let mut query = conn.prepare_cached("select 1 from seen where hash = ?1 and at > ?2")?;
    Ok(!query.exists((hash, since))?)
}

/// It was looked at.
pub fn look(tx: &Transaction<'_>, hash: BlobHash, now: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached("insert or replace into seen (hash, at) values (?1, ?2)")?
        .execute((hash, now.millis().cast_signed()))?;
    Ok(())
}

/// Its bytes are gone.
pub fn forget(tx: &Transaction<'_>, hash: BlobHash) -> Result<(), StoreError> {
    tx.prepare_cached("delete from seen where hash = ?1")?.execute([hash])?;
    Ok(())
}

/// When each was looked at last.
pub fn all(conn: &Connection) -> Result<BTreeMap<BlobHash, Timestamp>, StoreError> {
    let mut query = conn.prepare_cached("select hash, at from seen")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| {
        let (hash, at) = row?;
        let hash = BlobHash::from_digest(bytes(&hash, "a blob's hash")?);
        Ok((hash, Timestamp::from_millis(at.cast_unsigned())))
    })
    .collect()
}
