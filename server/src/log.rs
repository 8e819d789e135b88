//! The log: one sequence for everything that happens in the school, each number with a random tag.
//!
//! Everything that changes the database appends an event here, in the same transaction. What must not come back when the
//! log goes back is written down a second time, as an ending.

use fieldfolio_core::ids::PersonId;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

pub mod changes;
pub mod class_role;
pub mod epochs;
pub mod event;
pub(crate) mod hex;
pub mod kind;

pub use event::Event;

/// Gives the next number to an event: at which moment, and whose device did it; nobody's for the command line.
pub fn append(
    tx: &Transaction<'_>,
    now: Timestamp,
    by: Option<PersonId>,
    event: &Event,
) -> rusqlite::Result<u64> {
    let by = by.map(|person| *person.as_bytes());
    tx.prepare_cached("insert into log (tag, at, kind, by, subject) values (randomblob(8), ?1, ?2, ?3, ?4)")?
        .execute((now.millis().cast_signed(), event.kind(), by, event.subject()))?;
    Ok(tx.last_insert_rowid().cast_unsigned())
}

/// The event of this number took something away that must not come back when the log goes back: it is written down
/// beside the database, too, as what to end again.
pub fn note_ending(tx: &Transaction<'_>, n: u64, ending: &Event) -> rusqlite::Result<()> {
    tx.prepare_cached("insert or replace into ending (n, kind, subject) values (?1, ?2, ?3)")?.execute((
        n.cast_signed(),
        ending.kind(),
        ending.subject(),
    ))?;
    Ok(())
}

/// Is there an event of this [`kind`] after this number? Only what is new in the log is looked at.
pub fn has_since(conn: &Connection, after: u64, kind: &str) -> rusqlite::Result<bool> {
    conn.prepare_cached("select 1 from log where n > ?1 and kind = ?2")?.exists((after.cast_signed(), kind))
}

/// The number of the newest event.
pub fn head(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached("select coalesce(max(n), 0) from log")?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(i64::cast_unsigned)
}

/// The tag of the event with this number, if there is one.
pub(crate) fn tag(conn: &Connection, n: u64) -> rusqlite::Result<Option<[u8; 8]>> {
    conn.prepare_cached("select tag from log where n = ?1")?
        .query_row([n.cast_signed()], |row| row.get(0))
        .optional()
}
