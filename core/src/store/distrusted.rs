//! Sheets whose reading stopped this program: they stay closed, and everything else goes on.

use rusqlite::{Connection, Transaction};

use crate::ids::DocumentId;

use super::StoreError;

/// Remembers that reading this sheet stopped the program.
pub fn add(tx: &Transaction<'_>, document: DocumentId) -> Result<(), StoreError> {
    tx.execute("insert or ignore into distrusted (document) values (?1)", [document])?;
    Ok(())
}

/// Did reading this sheet stop the program?
pub fn contains(conn: &Connection, document: DocumentId) -> Result<bool, StoreError> {
    let mut query = conn.prepare_cached("select 1 from distrusted where document = ?1")?;
    Ok(query.exists([document])?)
}
