//! Acts, documents and changes: what was said, with the signatures that prove it.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use crate::ids::{DocumentId, PersonId, PieceId};
use crate::model::entry::Head;
use crate::model::role::Class;

use super::{StoreError, bytes};

pub use acts::{
    act, acts_of, forget_acts, lost_act_number, numbered_acts, own_acts, put_act, set_act_number,
    set_act_verified, set_unverified_act_number, settle_act, unnumbered_acts, unverified_acts,
};
pub use changes::{
    ChangeRow, ChangeState, change, change_that_names, changes_of, clash, first_under, forget_actors,
    has_change, held, lose_numbers, numbered, own_changes, put_change, raw_changes, set_held, set_number,
    set_state, unnumbered_changes, unverified, unverified_changes,
};

mod acts;
mod changes;

/// A document's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    pub row: i64,
    /// Which one.
    pub id: DocumentId,
    /// What it is read as.
    pub class: Class,
    /// The relay said so; otherwise it is this device's own reckoning, until the relay took it.
    pub class_from_relay: bool,
    /// Every change that the relay had is here.
    pub whole: bool,
    /// Its heads, ascending.
    pub heads: Vec<Head>,
    /// Our actor in it.
    pub actor: Option<[u8; 16]>,
    /// Why it can't be opened.
    pub set_aside: Option<String>,
}

const DOCUMENT: &str =
    "select row, id, class, class_from_relay, whole, heads, actor, set_aside from document";

fn document_row(row: &Row<'_>) -> rusqlite::Result<Result<DocumentRow, StoreError>> {
    let (id, class, heads): (Vec<u8>, u8, Vec<u8>) = (row.get(1)?, row.get(2)?, row.get(5)?);
    let actor: Option<Vec<u8>> = row.get(6)?;
    let (number, from_relay, whole) = (row.get(0)?, row.get(3)?, row.get(4)?);
    let set_aside = row.get(7)?;
    Ok((|| {
        Ok(DocumentRow {
            row: number,
            id: DocumentId::from_bytes(&id).ok_or(StoreError::Unexpected("a document's id"))?,
            class: Class::from_number(class),
            class_from_relay: from_relay,
            whole,
            heads: heads
                .chunks(32)
                .map(|head| Ok(Head(bytes(head, "heads")?)))
                .collect::<Result<_, StoreError>>()?,
            actor: actor.map(|actor| bytes(&actor, "an actor")).transpose()?,
            set_aside,
        })
    })())
}

/// One document.
pub fn document(conn: &Connection, id: DocumentId) -> Result<Option<DocumentRow>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{DOCUMENT} where id = ?1"))?;
    query.query_row([id], document_row).optional()?.transpose()
}

/// The documents of a piece, by id.
pub fn documents_of(conn: &Connection, piece: PieceId) -> Result<Vec<DocumentRow>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{DOCUMENT} where piece = ?1 order by id"))?;
    query.query_map([piece], document_row)?.map(|row| row?).collect()
}

/// Every voice about a student, by id.
pub fn voices_about(conn: &Connection, student: PersonId) -> Result<Vec<DocumentRow>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{DOCUMENT} where about = ?1 order by id"))?;
    query.query_map([student], document_row)?.map(|row| row?).collect()
}

/// Every document, by id.
pub fn all_documents(conn: &Connection) -> Result<Vec<DocumentRow>, StoreError> {
    let mut query = conn.prepare(&format!("{DOCUMENT} order by id"))?;
    query.query_map([], document_row)?.map(|row| row?).collect()
}

/// Makes a document's row, or updates what the relay says of its class. Returns its row.
pub fn put_document(
    tx: &Transaction<'_>,
    id: DocumentId,
    class: Class,
    from_relay: bool,
) -> Result<i64, StoreError> {
    let mut put = tx.prepare_cached(
        "insert into document (id, piece, author, about, class, class_from_relay) values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (id) do update set
             class = case when excluded.class_from_relay or not class_from_relay then excluded.class else class end,
             class_from_relay = class_from_relay or excluded.class_from_relay
         returning row",
    )?;
    let author = id.author().map(|person| person.as_bytes().to_vec());
    let about = id.about().map(|person| person.as_bytes().to_vec());
    let row = put.query_row((id, id.piece, author, about, class.number(), from_relay), |row| row.get(0))?;
    Ok(row)
}

/// What a document row holds besides its changes.
pub fn update_document(
    tx: &Transaction<'_>,
    row: i64,
    heads: &[Head],
    set_aside: Option<&str>,
) -> Result<(), StoreError> {
    let heads = Head::join(heads);
    tx.prepare_cached("update document set heads = ?2, set_aside = ?3 where row = ?1")?
        .execute((row, heads, set_aside))?;
    Ok(())
}

/// Fixes our actor in a document; `None` asks for a fresh one at the next edit.
pub fn set_actor(tx: &Transaction<'_>, row: i64, actor: Option<&[u8; 16]>) -> Result<(), StoreError> {
    tx.execute("update document set actor = ?2 where row = ?1", (row, actor.map(|actor| actor.as_slice())))?;
    Ok(())
}

/// Marks that everything the relay had of a document is here.
pub fn set_whole(tx: &Transaction<'_>, id: DocumentId) -> Result<(), StoreError> {
    tx.prepare_cached("update document set whole = 1 where id = ?1")?.execute([id])?;
    Ok(())
}

/// Forgets a document with its changes and index: only for what went out of sight. What is set aside stays.
pub fn forget_document(tx: &Transaction<'_>, id: DocumentId) -> Result<(), StoreError> {
    let key = id.to_bytes();
    // What was offered of it for its maker, and files of it that were to be brought, go with it.
    for sql in [
        "delete from outbox where change in
             (select c.row from change c join document d on d.row = c.document where d.id = ?1)",
        "delete from upload where change in
             (select c.row from change c join document d on d.row = c.document where d.id = ?1)",
        "delete from document where id = ?1",
        "delete from fill where document = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([key.as_slice()])?;
    }
    Ok(())
}

/// Forgets what could never be verified: the relay tells everything again, and what somebody really signed is in it.
pub fn forget_unverified(tx: &Transaction<'_>) -> Result<(), StoreError> {
    let unverified = ChangeState::Unverified as i64;
    tx.execute("delete from outbox where change in (select row from change where state = ?1)", [unverified])?;
    tx.execute("delete from change where state = ?1", [unverified])?;
    tx.execute("delete from outbox where act in (select id from act where not verified)", [])?;
    tx.execute("delete from act where not verified", [])?;
    // Nor is there a sheet that nobody wrote anything on.
    tx.execute(
        "delete from document where row not in (select document from change) and id not in (select document from fill)",
        [],
    )?;
    Ok(())
}

/// Every piece that something is known of.
pub fn pieces(conn: &Connection) -> Result<BTreeSet<PieceId>, StoreError> {
    let mut query =
        conn.prepare("select piece from document union select piece from act where piece is not null")?;
    let rows = query.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|row| Ok(PieceId::from_bytes(bytes(&row?, "a piece's id")?))).collect()
}
