//! Acts, documents and changes: what was said, with the signatures that prove it.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use crate::blob::BlobHash;
use crate::document::SignedChange;
use crate::ids::{ActId, DeviceId, DocumentId, PersonId, PieceId};
use crate::model::act::{Act, SignedAct};
use crate::model::entry::Head;
use crate::model::role::Class;
use crate::signing::Signature;

use super::{StoreError, bytes};

/// A document's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// Its row.
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

/// How a change is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// Part of the document, as soon as all it builds on is.
    InUse = 0,
    /// Its signature can't be verified yet.
    Unverified = 1,
    /// Refused by the relay for good.
    SetAside = 2,
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

/// Adds a change, or learns the number of one that is here. Returns its row, and whether it is in use from now on.
pub fn put_change(
    tx: &Transaction<'_>,
    document: i64,
    change: &SignedChange,
    n: Option<u64>,
    state: ChangeState,
) -> Result<(i64, bool), StoreError> {
    let number = n.map(u64::cast_signed);
    let present: Option<(i64, i64)> = tx
        .prepare_cached("select row, state from change where document = ?1 and hash = ?2")?
        .query_row((document, change.hash.0.as_slice()), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let blobs: Vec<u8> = change.blobs.iter().flat_map(|blob| *blob.as_bytes()).collect();
    if let Some((row, was)) = present {
        if state == ChangeState::InUse {
            // Verified under this hash: what is here may have been damaged since, or was a lie when it came, or was
            // refused by a relay that has it after all.
            tx.prepare_cached(
                "update change set n = coalesce(?2, n), held = held and ?2 is null, actor = ?3, seq = ?4, device = ?5, blobs = ?6, raw = ?7,
                     signature = ?8, state = ?9 where row = ?1",
            )?
            .execute((
                row,
                number,
                change.actor.as_slice(),
                change.seq.cast_signed(),
                change.device,
                blobs,
                &change.raw,
                change.signature,
                state as i64,
            ))?;
        }
        return Ok((row, state == ChangeState::InUse && was != state as i64));
    }
    tx.prepare_cached(
        "insert into change (document, hash, actor, seq, device, blobs, raw, signature, n, state)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute((
        document,
        change.hash.0.as_slice(),
        change.actor.as_slice(),
        change.seq.cast_signed(),
        change.device,
        blobs,
        &change.raw,
        change.signature,
        number,
        state as i64,
    ))?;
    Ok((tx.last_insert_rowid(), true))
}

/// A change has its number at the relay.
pub fn set_number(tx: &Transaction<'_>, change: i64, n: u64) -> Result<(), StoreError> {
    tx.prepare_cached("update change set n = ?2, held = 0 where row = ?1")?
        .execute((change, n.cast_signed()))?;
    Ok(())
}

/// The relay keeps a change back.
pub fn set_held(tx: &Transaction<'_>, change: i64) -> Result<(), StoreError> {
    tx.prepare_cached("update change set held = 1 where row = ?1")?.execute([change])?;
    Ok(())
}

/// The documents of which the relay keeps something back, with how many changes.
pub fn held(conn: &Connection) -> Result<Vec<(DocumentId, u64)>, StoreError> {
    let mut query = conn.prepare_cached(
        "select d.id, count(*) from change c join document d on d.row = c.document where c.held group by d.id",
    )?;
    let rows = query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| {
        let (id, count) = row?;
        let id = DocumentId::from_bytes(&id).ok_or(StoreError::Unexpected("a document's id"))?;
        Ok((id, count.cast_unsigned()))
    })
    .collect()
}

/// The change of our own that has this actor and number, and is another one.
pub fn clash(
    conn: &Connection,
    document: i64,
    change: &SignedChange,
) -> Result<Option<(i64, Option<u64>)>, StoreError> {
    let mut query = conn.prepare_cached(
        "select row, n from change
         where document = ?1 and actor = ?2 and seq = ?3 and hash <> ?4 and state = 0",
    )?;
    let named = (document, change.actor.as_slice(), change.seq.cast_signed(), change.hash.0.as_slice());
    let found = query.query_row(named, |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?))).optional()?;
    Ok(found.map(|(row, n)| (row, n.map(i64::cast_unsigned))))
}

/// The row of a delivered change that names this blob.
pub fn change_that_names(
    conn: &Connection,
    document: i64,
    blob: BlobHash,
) -> Result<Option<i64>, StoreError> {
    let mut query = conn.prepare_cached(
        "select row from change where document = ?1 and state = 0 and n is not null and instr(blobs, ?2) > 0
         order by row limit 1",
    )?;
    Ok(query.query_row((document, blob), |row| row.get(0)).optional()?)
}

/// The device that wrote the first change here of a document under this actor.
pub fn first_under(
    conn: &Connection,
    document: i64,
    actor: [u8; 16],
) -> Result<Option<DeviceId>, StoreError> {
    let mut query = conn.prepare_cached(
        "select device from change where document = ?1 and actor = ?2 and state = 0 order by seq limit 1",
    )?;
    let found = query.query_row((document, actor.as_slice()), |row| row.get(0)).optional()?;
    Ok(found.map(DeviceId::from_bytes))
}

/// Is this change here?
pub fn has_change(conn: &Connection, document: i64, hash: Head) -> Result<bool, StoreError> {
    let mut query = conn.prepare_cached("select 1 from change where document = ?1 and hash = ?2")?;
    Ok(query.exists((document, hash.0.as_slice()))?)
}

/// No actor of this device is used any more: this store was put back to an earlier state, or stands on two devices.
pub fn forget_actors(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("update document set actor = null where actor is not null", [])?;
    Ok(())
}

/// The relay's log has lost its numbers above this one. What had such a number has none, until it gets a new one.
pub fn lose_numbers(tx: &Transaction<'_>, above: u64) -> Result<(), StoreError> {
    let above = above.cast_signed();
    tx.execute("update change set lost_n = n, n = null where n > ?1", [above])?;
    tx.execute("update act set lost_n = n, n = null where n > ?1", [above])?;
    tx.execute("update change set held = 0", [])?;
    Ok(())
}

/// The verified acts that have no number at the relay, oldest first.
pub fn unnumbered_acts(conn: &Connection) -> Result<Vec<ActId>, StoreError> {
    let mut query = conn.prepare(
        "select id, device, body, signature from act
         where n is null and refused is null and verified order by rowid",
    )?;
    query.query_map([], act_row)?.map(|row| row?.map(|act| act.id)).collect()
}

/// The rows of changes in use that have no number at the relay, oldest first; of one document, or of all.
pub fn unnumbered_changes(conn: &Connection, document: Option<i64>) -> Result<Vec<i64>, StoreError> {
    const OF_ONE: &str =
        "select row from change where document = ?1 and n is null and state = 0 and not held order by row";
    const OF_ALL: &str =
        "select row from change where ?1 is null and n is null and state = 0 and not held order by row";
    let mut query = conn.prepare_cached(if document.is_some() { OF_ONE } else { OF_ALL })?;
    Ok(query.query_map([document], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Every change that has a number up to this one, by document and hash: what is compared with the relay.
pub fn numbered(
    conn: &Connection,
    up_to: u64,
    mut each: impl FnMut(DocumentId, &Head),
) -> Result<(), StoreError> {
    let mut query = conn.prepare(
        "select d.id, c.hash from change c join document d on d.row = c.document
         where c.n <= ?1 order by d.id, c.hash",
    )?;
    let mut rows = query.query([up_to.cast_signed()])?;
    while let Some(row) = rows.next()? {
        let (id, hash): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let id = DocumentId::from_bytes(&id).ok_or(StoreError::Unexpected("a document's id"))?;
        each(id, &Head(bytes(&hash, "a change's hash")?));
    }
    Ok(())
}

/// Every act of a piece that has a number up to this one: what is compared with the relay. Own acts on a piece that is not
/// here any more are kept, and are nobody's to compare.
pub fn numbered_acts(
    conn: &Connection,
    up_to: u64,
    mut each: impl FnMut(PieceId, ActId),
) -> Result<(), StoreError> {
    let mut query = conn.prepare(
        "select a.piece, a.id from act a join piece_index p on p.piece = a.piece
         where a.n <= ?1 and a.refused is null and a.verified",
    )?;
    let mut rows = query.query([up_to.cast_signed()])?;
    while let Some(row) = rows.next()? {
        let (piece, id): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let piece = PieceId::from_bytes(bytes(&piece, "a piece's id")?);
        each(piece, ActId::from_bytes(bytes(&id, "an act's id")?));
    }
    Ok(())
}

/// Sets how a change is held.
pub fn set_state(tx: &Transaction<'_>, change: i64, state: ChangeState) -> Result<(), StoreError> {
    tx.prepare_cached("update change set state = ?2 where row = ?1")?.execute((change, state as i64))?;
    Ok(())
}

/// The raw bytes of a document's changes that are in use, in the order they came.
pub fn raw_changes(conn: &Connection, document: i64) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut query =
        conn.prepare_cached("select raw from change where document = ?1 and state = 0 order by row")?;
    Ok(query.query_map([document], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// How many changes of a document are not verified yet.
pub fn unverified(conn: &Connection, document: i64) -> Result<u64, StoreError> {
    let mut query = conn.prepare_cached("select count(*) from change where document = ?1 and state = 1")?;
    Ok(query.query_row([document], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

/// A change with its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its row.
    pub row: i64,
    /// Its document's row.
    pub document: i64,
    /// The change.
    pub change: SignedChange,
    /// Its number at the relay.
    pub n: Option<u64>,
    /// Its number in a log that the relay has lost.
    pub lost_n: Option<u64>,
}

const CHANGE: &str =
    "select c.row, c.document, d.id, c.device, c.actor, c.seq, c.hash, c.blobs, c.raw, c.signature, c.n,
         c.lost_n
     from change c join document d on d.row = c.document";

fn change_row(row: &Row<'_>) -> rusqlite::Result<Result<ChangeRow, StoreError>> {
    let (id, device, actor): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(3)?, row.get(4)?);
    let (hash, blobs, signature): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(6)?, row.get(7)?, row.get(9)?);
    let (number, document, seq): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(5)?);
    let (raw, n, lost_n): (Vec<u8>, Option<i64>, Option<i64>) = (row.get(8)?, row.get(10)?, row.get(11)?);
    Ok((|| {
        let blobs = blobs.chunks(32).map(|blob| Ok(BlobHash::from_digest(bytes(blob, "a change's blobs")?)));
        Ok(ChangeRow {
            row: number,
            document,
            change: SignedChange {
                document: DocumentId::from_bytes(&id).ok_or(StoreError::Unexpected("a document's id"))?,
                device: DeviceId::from_bytes(bytes(&device, "a change's device")?),
                actor: bytes(&actor, "a change's actor")?,
                seq: seq.cast_unsigned(),
                hash: Head(bytes(&hash, "a change's hash")?),
                blobs: blobs.collect::<Result<_, StoreError>>()?,
                raw,
                signature: Signature::from_bytes(bytes(&signature, "a change's signature")?),
            },
            n: n.map(i64::cast_unsigned),
            lost_n: lost_n.map(i64::cast_unsigned),
        })
    })())
}

/// One change.
pub fn change(conn: &Connection, row: i64) -> Result<ChangeRow, StoreError> {
    conn.prepare_cached(&format!("{CHANGE} where c.row = ?1"))?.query_row([row], change_row)?
}

/// The changes that are not verified yet, oldest first.
pub fn unverified_changes(conn: &Connection) -> Result<Vec<ChangeRow>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{CHANGE} where c.state = 1 order by c.row"))?;
    query.query_map([], change_row)?.map(|row| row?).collect()
}

/// The changes in use of one document, in the order they came.
pub fn changes_of(conn: &Connection, document: i64) -> Result<Vec<ChangeRow>, StoreError> {
    let mut query =
        conn.prepare_cached(&format!("{CHANGE} where c.document = ?1 and c.state = 0 order by c.row"))?;
    query.query_map([document], change_row)?.map(|row| row?).collect()
}

/// The rows of changes in use, made by this device, of documents of one piece (of all pieces for `None`), oldest
/// first: what is offered again.
pub fn own_changes(
    conn: &Connection,
    device: DeviceId,
    piece: Option<PieceId>,
) -> Result<Vec<i64>, StoreError> {
    const OF_ONE: &str = "select c.row from document d cross join change c on c.document = d.row
         where d.piece = ?2 and c.device = ?1 and c.state = 0 order by c.row";
    const OF_ALL: &str = "select row from change where ?2 is null and device = ?1 and state = 0 order by row";
    let mut query = conn.prepare_cached(if piece.is_some() { OF_ONE } else { OF_ALL })?;
    let piece = piece.map(|piece| piece.as_bytes().to_vec());
    Ok(query.query_map((device, piece), |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Adds an act; one that is here stays as it is.
pub fn put_act(
    tx: &Transaction<'_>,
    signed: &SignedAct,
    act: &Act,
    delivered: bool,
    verified: bool,
) -> Result<(), StoreError> {
    let piece = act.piece().map(|piece| piece.as_bytes().to_vec());
    tx.prepare_cached(
        "insert into act (id, piece, device, body, signature, delivered, verified) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (id) do update set delivered = delivered or excluded.delivered",
    )?
    .execute((
        signed.id,
        piece,
        signed.device,
        &signed.body,
        signed.signature,
        delivered,
        verified,
    ))?;
    if delivered && verified {
        // What is here may have been a lie when it came, or was refused by a relay that has it after all.
        tx.prepare_cached("update act set refused = null where id = ?1 and refused is not null")?
            .execute([signed.id])?;
        tx.prepare_cached(
            "update act set piece = ?2, device = ?3, body = ?4, signature = ?5, verified = true
             where id = ?1 and not verified",
        )?
        .execute((
            signed.id,
            act.piece().map(|piece| piece.as_bytes().to_vec()),
            signed.device,
            &signed.body,
            signed.signature,
        ))?;
    }
    Ok(())
}

/// The acts whose signature could not be verified yet.
pub fn unverified_acts(conn: &Connection) -> Result<Vec<SignedAct>, StoreError> {
    let mut query =
        conn.prepare_cached("select id, device, body, signature from act where not verified order by rowid")?;
    query.query_map([], act_row)?.map(|row| row?).collect()
}

/// An act's signature held.
pub fn set_act_verified(tx: &Transaction<'_>, id: ActId) -> Result<(), StoreError> {
    tx.prepare_cached("update act set verified = 1 where id = ?1")?.execute([id])?;
    Ok(())
}

/// An act has its number at the relay.
pub fn set_act_number(tx: &Transaction<'_>, id: ActId, n: u64) -> Result<(), StoreError> {
    tx.prepare_cached("update act set n = ?2 where id = ?1")?.execute((id, n.cast_signed()))?;
    Ok(())
}

/// The same for one whose signature could not be verified yet.
pub fn set_unverified_act_number(tx: &Transaction<'_>, id: ActId, n: u64) -> Result<(), StoreError> {
    tx.prepare_cached("update act set n = ?2 where id = ?1 and not verified")?
        .execute((id, n.cast_signed()))?;
    Ok(())
}

/// The number that an act had in a log that the relay has lost.
pub fn lost_act_number(conn: &Connection, id: ActId) -> Result<Option<u64>, StoreError> {
    let mut query = conn.prepare_cached("select lost_n from act where id = ?1")?;
    let lost: Option<Option<i64>> = query.query_row([id], |row| row.get(0)).optional()?;
    Ok(lost.flatten().map(i64::cast_unsigned))
}

/// Marks an act as delivered, or as refused for good.
pub fn settle_act(tx: &Transaction<'_>, id: ActId, refused: Option<&str>) -> Result<(), StoreError> {
    tx.execute("update act set delivered = ?2 is null, refused = ?2 where id = ?1", (id, refused))?;
    Ok(())
}

fn act_row(row: &Row<'_>) -> rusqlite::Result<Result<SignedAct, StoreError>> {
    let (id, device, signature): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let body = row.get(2)?;
    Ok((|| {
        Ok(SignedAct {
            id: ActId::from_bytes(bytes(&id, "an act's id")?),
            device: DeviceId::from_bytes(bytes(&device, "an act's device")?),
            body,
            signature: Signature::from_bytes(bytes(&signature, "an act's signature")?),
        })
    })())
}

/// One act.
pub fn act(conn: &Connection, id: ActId) -> Result<Option<SignedAct>, StoreError> {
    let mut query = conn.prepare_cached("select id, device, body, signature from act where id = ?1")?;
    query.query_row([id], act_row).optional()?.transpose()
}

/// The verified acts of a piece that were not refused, in the order they came.
pub fn acts_of(conn: &Connection, piece: PieceId) -> Result<Vec<SignedAct>, StoreError> {
    let mut query = conn.prepare_cached(
        "select id, device, body, signature from act
         where piece = ?1 and refused is null and verified order by rowid",
    )?;
    query.query_map([piece], act_row)?.map(|row| row?).collect()
}

/// The ids of this device's acts, oldest first: what is offered again.
pub fn own_acts(
    conn: &Connection,
    device: DeviceId,
    piece: Option<PieceId>,
) -> Result<Vec<ActId>, StoreError> {
    const OF_ONE: &str = "select id, device, body, signature from act
         where piece = ?2 and device = ?1 and refused is null order by rowid";
    const OF_ALL: &str = "select id, device, body, signature from act
         where ?2 is null and device = ?1 and refused is null order by rowid";
    let mut query = conn.prepare_cached(if piece.is_some() { OF_ONE } else { OF_ALL })?;
    let piece = piece.map(|piece| piece.as_bytes().to_vec());
    query.query_map((device, piece), act_row)?.map(|row| row?.map(|act| act.id)).collect()
}

/// Forgets other people's acts of a piece.
pub fn forget_acts(tx: &Transaction<'_>, piece: PieceId, keep: DeviceId) -> Result<(), StoreError> {
    tx.execute(
        "delete from act where piece = ?1 and device <> ?2 and id not in (select act from outbox where act is not null)",
        (piece, keep),
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
