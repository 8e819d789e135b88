//! Changes: what was written in a document, under which actor and number.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use crate::blob::BlobHash;
use crate::document::SignedChange;
use crate::ids::{DeviceId, DocumentId, PieceId};
use crate::model::entry::Head;
use crate::signing::Signature;

use crate::store::{StoreError, bytes};

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
    pub row: i64,
    /// Its document's row.
    pub document: i64,
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
