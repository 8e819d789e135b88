//! Erasing a piece: its sheets, what others said on it, its links to files, what was held back. What stays is that it was
//! erased, for ever, and the numbers of the log. Files go with their last link.

use fieldfolio_core::ids::{PersonId, PieceId};
use fieldfolio_core::model::directory::RecordKind;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::edit::Edit;
use super::error::DirectoryError;
use super::words::words;
use crate::log::{self, Event};
use crate::visibility;

/// The reason of what its maker erased.
pub(crate) const BY_ITS_MAKER: &str = "by its maker";

/// Was this piece erased?
pub(crate) fn is_erased(conn: &Connection, piece: PieceId) -> rusqlite::Result<bool> {
    conn.prepare_cached("select 1 from erased where piece = ?1")?.exists([piece])
}

/// The school erases a piece, whoever wrote on it, for a reason that stays on record. Returns whose work it was.
pub fn erase(edit: &Edit<'_>, piece: PieceId, reason: &str) -> Result<PersonId, DirectoryError> {
    let reason = words("a reason", reason, 200)?;
    let maker: Option<[u8; 16]> = edit
        .tx
        .query_row(
            "select m.id from piece p join person m on m.row = p.maker where p.id = ?1",
            [piece.as_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    let maker = maker.ok_or_else(|| DirectoryError::Unknown { kind: "piece", text: piece.to_string() })?;
    let n = append(edit.tx, edit.now, piece, edit.by)?;
    remove(edit.tx, piece, &reason, n)?;
    Ok(PersonId::from_bytes(maker))
}

/// The event of an erasure. A piece of which nothing was ever written needs no word beside the database: there is nothing
/// to erase once more.
pub(crate) fn append(
    tx: &Transaction<'_>,
    now: Timestamp,
    piece: PieceId,
    by: Option<PersonId>,
) -> rusqlite::Result<u64> {
    let event = Event::PieceErased { piece };
    let n = log::append(tx, now, by, &event)?;
    let is_empty = !tx
        .prepare_cached("select 1 from document where piece = ?1 union select 1 from held where piece = ?1")?
        .exists([piece])?;
    if !is_empty {
        log::note_ending(tx, n, &event)?;
    }
    Ok(n)
}

/// Takes everything of a piece out of the database, as of event `n`, and tells everyone who may still hold it.
pub(crate) fn remove(tx: &Transaction<'_>, piece: PieceId, reason: &str, n: u64) -> rusqlite::Result<()> {
    let concerned = visibility::rows(
        tx,
        "select s.person from document d cross join visibility s on s.document = d.row where d.piece = ?1
         union select maker from piece where id = ?1
         union select author from held where piece = ?1
         union select c.person from placement l join circle c on c.folio = l.folio where l.piece = ?1",
        piece,
    )?;
    let students = visibility::rows(tx, "select student from placement where piece = ?1", piece)?;
    // A file that loses its last link has no week to wait.
    tx.execute(
        "insert into watch (blob, unlinked)
             select distinct l.blob, 0 from document d cross join link l on l.document = d.row where d.piece = ?1
         on conflict (blob) do update set unlinked = 0",
        [piece],
    )?;
    for sql in [
        "delete from claim where document in (select row from document where piece = ?1)",
        "delete from link where document in (select row from document where piece = ?1)",
        "delete from signer where document in (select row from document where piece = ?1)",
        "delete from refresh where piece = ?1",
        "delete from visibility where document in (select row from document where piece = ?1)",
        "delete from snapshot where document in (select row from document where piece = ?1)",
        "delete from change where document in (select row from document where piece = ?1)",
        "delete from held where piece = ?1",
        "delete from document where piece = ?1",
        "delete from placement where piece = ?1",
        "delete from offer where piece = ?1",
        "delete from placed_by where piece = ?1",
        "delete from act where piece = ?1",
        "delete from piece where id = ?1",
    ] {
        tx.execute(sql, [piece])?;
    }
    tx.execute(
        "insert or ignore into erased (piece, n, reason) values (?1, ?2, ?3)",
        (piece, n.cast_signed(), reason),
    )?;
    for person in concerned {
        visibility::notify(tx, person, RecordKind::Piece, piece, n)?;
    }
    for student in students {
        visibility::count_voices(tx, student, n)?;
    }
    Ok(())
}
