//! What came after its author's role had ended, and who lets it through.

use fieldfolio_core::ids::{ActId, DocumentId, PersonId, PieceId};
use fieldfolio_core::model::directory::Held;
use fieldfolio_core::model::role::{Class, Role, Roles};
use fieldfolio_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension};

use super::edit::{Edit, moment};
use super::error::DirectoryError;
use crate::log::Event;
use crate::{database, visibility};

/// May this person release what is held back of a document? Whoever teaches in the folio it is about; of what is about
/// nobody, in one of the folios its piece lies in.
pub fn may_release(
    conn: &Connection,
    person: PersonId,
    document: DocumentId,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let Some(piece) = visibility::piece(conn, document.piece)? else { return Ok(false) };
    for placement in &piece.placements {
        if document.about().is_some_and(|student| student != placement.student) {
            continue;
        }
        let membership = visibility::membership(conn, placement.folio, person, Some(now))?;
        let is_shared = piece.audience.is_some_and(|audience| audience.contains(Role::Teacher));
        if membership.roles.contains(Role::Teacher) && !membership.denied && is_shared {
            return Ok(document.author() != Some(person));
        }
    }
    Ok(false)
}

/// Makes a piece visible to no more than these roles, until its maker's devices bring what she did to it. What is not
/// here is visible to nobody.
pub(crate) fn narrow(edit: &Edit<'_>, piece: PieceId, most: Roles) -> Result<(), DirectoryError> {
    let before: Option<u16> = edit
        .tx
        .prepare_cached("select audience from piece where id = ?1")?
        .query_row([piece], |row| row.get::<_, Option<u16>>(0))
        .optional()?
        .flatten();
    let Some(before) = before.filter(|before| before & !most.bits() != 0) else { return Ok(()) };
    let left = Some(before & most.bits()).filter(|left| *left != 0);
    edit.tx.execute("update piece set audience = ?2 where id = ?1", (piece, left))?;
    let n = edit.event(&Event::PieceNarrowed { piece })?;
    visibility::piece_narrowed(edit.tx, piece, n)?;
    Ok(())
}

/// Takes back acts that put a piece in a folio or offered it there, whether they are here or come once more.
pub(crate) fn undo_placings(edit: &Edit<'_>, piece: PieceId, acts: &[ActId]) -> Result<(), DirectoryError> {
    let mut undo = edit.tx.prepare_cached("insert or ignore into undone (act) values (?1)")?;
    for act in acts {
        undo.execute([act])?;
    }
    let is_here = "select 1 from piece where id = ?1";
    if !edit.tx.prepare_cached(is_here)?.exists([piece])? {
        return Ok(());
    }
    let left = visibility::placements::work_out(edit.tx, piece)?;
    let n = edit.event(&Event::PieceUndone { piece })?;
    visibility::piece_narrowed(edit.tx, piece, n)?;
    visibility::piece_left(edit.tx, &left, n)?;
    Ok(())
}

/// What is held back of a document.
pub fn waiting(conn: &Connection, document: DocumentId) -> rusqlite::Result<Option<Held>> {
    let key = document.to_bytes();
    conn.prepare_cached(
        "select p.id, h.class, count(*), min(h.at) from held h join person p on p.row = h.author
         where h.document = ?1 group by h.author, h.class",
    )?
    .query_row([key.as_slice()], |row| {
        Ok(Held {
            document,
            author: row.get::<_, PersonId>(0)?,
            class: Class::from_number(row.get(1)?),
            changes: row.get::<_, i64>(2)?.cast_unsigned(),
            since: moment(row.get(3)?),
        })
    })
    .optional()
}

/// The documents of which something of this person is held back.
pub fn of(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<DocumentId>> {
    let mut query = conn.prepare_cached(
        "select distinct h.document from held h join person p on p.row = h.author where p.id = ?1",
    )?;
    let rows = query.query_map([person], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|id| {
        DocumentId::from_bytes(&id?)
            .ok_or_else(|| database::unreadable(0, Type::Blob, "the id of a document"))
    })
    .collect()
}
