//! What a device remembers by name: one list, so that no two things share a name.

use rusqlite::{Connection, Transaction};

use crate::store::{StoreError, meta, put_meta};
use crate::sync::wire;

use super::DeviceError;

/// The school has refused this device, until it is taken back.
pub(super) const LOCKED: &str = "locked";
/// When everything here was last compared with what the school has, in milliseconds.
pub(super) const COMPARED_AT: &str = "audited";
/// A step of the schema, or a salvage, asks for a new index.
pub(super) const REINDEX: &str = "reindex";
/// Changes that are written once more under a new actor.
pub(super) const REWRITE: &str = "again";
/// Uploads are paused.
pub(super) const PAUSED: &str = "uploads_paused";
/// Large files wait for a line that costs nothing.
pub(super) const THRIFTY: &str = "uploads_thrifty";
/// The most bytes of files that are kept here.
pub(super) const SPACE: &str = "storage_budget";
/// Up to where the school's log is known.
const CURSOR: &str = "cursor";

pub(super) fn cursor(conn: &Connection) -> Result<wire::Cursor, DeviceError> {
    let Some(bytes) = meta(conn, CURSOR)? else { return Ok(wire::Cursor::default()) };
    Ok(minicbor::decode(&bytes).map_err(|_| StoreError::Unexpected("the cursor"))?)
}

pub(super) fn set_cursor(tx: &Transaction<'_>, cursor: wire::Cursor) -> Result<(), DeviceError> {
    Ok(put_meta(tx, CURSOR, &wire::to_bytes(&cursor))?)
}
