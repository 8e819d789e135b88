//! Pieces that were erased: they are gone from here, and stay away.

use rusqlite::{Connection, Transaction};

use crate::ids::PieceId;

use super::StoreError;

/// Was this piece erased?
pub fn contains(conn: &Connection, piece: PieceId) -> Result<bool, StoreError> {
    let mut query = conn.prepare_cached("select 1 from erased where piece = ?1")?;
    Ok(query.exists([piece])?)
}

/// Removes everything that a piece left in the database, what is unsent included, and remembers that it was erased.
/// Pages that are given up are overwritten.
pub fn erase(tx: &Transaction<'_>, piece: PieceId) -> Result<(), StoreError> {
    for sql in [
        "delete from outbox where act in (select id from act where piece = ?1)",
        "delete from outbox where change in
             (select c.row from change c join document d on d.row = c.document where d.piece = ?1)",
        "delete from upload where piece = ?1",
        "delete from set_aside where piece = ?1",
        "delete from fill where document in (select id from document where piece = ?1)",
        "delete from document where piece = ?1",
        "delete from act where piece = ?1",
        "delete from piece_index where piece = ?1",
        "insert or ignore into erased (piece) values (?1)",
    ] {
        tx.execute(sql, [piece])?;
    }
    Ok(())
}
