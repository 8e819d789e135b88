//! What a person has looked at of what was said to her: kept for her other devices, told to nobody else.

use fieldfolio_core::ids::{EntryId, PersonId};
use fieldfolio_core::model::directory::RecordKind;
use fieldfolio_core::sync::wire::ReadMark;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction};

use crate::log::{self, Event};

/// The most marks that are kept of one person: ten a day for fifty years.
const MOST: i64 = 200_000;

/// Keeps what is new of these marks, of pieces that are here, and tells her devices.
pub(crate) fn take(
    tx: &Transaction<'_>,
    person: PersonId,
    marks: &[ReadMark],
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Some(row) = super::person_row(tx, person)? else { return Ok(()) };
    let kept: i64 = tx
        .prepare_cached("select count(*) from read_entry where person = ?1")?
        .query_row([row], |row| row.get(0))?;
    let room = usize::try_from(MOST - kept).unwrap_or_default();
    let mut pieces = std::collections::BTreeSet::new();
    let mut put = tx.prepare_cached(
        "insert or ignore into read_entry (person, piece, entry) select ?1, id, ?3 from piece where id = ?2",
    )?;
    for mark in marks.iter().take(room) {
        if put.execute((row, mark.piece, mark.entry))? > 0 {
            pieces.insert(mark.piece);
        }
    }
    if pieces.is_empty() {
        return Ok(());
    }
    let n = log::append(tx, now, Some(person), &Event::EntriesRead { person })?;
    pieces.into_iter().try_for_each(|piece| super::notify(tx, row, RecordKind::Read, piece, n))
}

/// What she has looked at on a piece.
pub(crate) fn of(conn: &Connection, person: i64, piece: [u8; 16]) -> rusqlite::Result<Vec<EntryId>> {
    conn.prepare_cached("select entry from read_entry where person = ?1 and piece = ?2 order by entry")?
        .query_map((person, piece), |row| row.get(0))?
        .collect()
}
