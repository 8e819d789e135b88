//! The log: one sequence for everything that happens in the school, each number with a random tag.
//!
//! Everything that changes the database appends an event here, in the same transaction. What must not come back when the
//! log goes back is written down a second time, as an ending.

use fieldfolio_core::ids::PersonId;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

pub mod event;
pub mod kind;

/// What the log says of an event. The subject names ids only.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// An audit word: "change", "act", "enrol", "revoke", "circle", …
    pub kind: &'a str,
    /// The person whose device did it; none for the command line.
    pub by: Option<PersonId>,
    /// Ids, never names or words.
    pub subject: &'a str,
}

/// Gives the next number to an event.
pub fn append(tx: &Transaction<'_>, now: Timestamp, event: &Event<'_>) -> rusqlite::Result<u64> {
    let by = event.by.map(|person| person.as_bytes().to_vec());
    tx.prepare_cached("insert into log (tag, at, kind, by, subject) values (randomblob(8), ?1, ?2, ?3, ?4)")?
        .execute((now.millis().cast_signed(), event.kind, by, event.subject))?;
    Ok(tx.last_insert_rowid().cast_unsigned())
}

/// The event of this number took something away that must not come back when the log goes back: it is written down
/// beside the database, too, in words that say what to end again. Ids only.
pub fn note_ending(tx: &Transaction<'_>, n: u64, kind: &str, subject: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("insert or replace into ending (n, kind, subject) values (?1, ?2, ?3)")?.execute((
        n.cast_signed(),
        kind,
        subject,
    ))?;
    Ok(())
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
