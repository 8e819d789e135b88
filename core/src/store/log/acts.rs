//! Acts: what was declared, placed and shared.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use crate::ids::{ActId, DeviceId, PieceId};
use crate::model::act::{Act, SignedAct};
use crate::signing::Signature;

use crate::store::{StoreError, bytes};

/// The verified acts that have no number at the relay, oldest first.
pub fn unnumbered_acts(conn: &Connection) -> Result<Vec<ActId>, StoreError> {
    let mut query = conn.prepare(
        "select id, device, body, signature from act
         where n is null and refused is null and verified order by rowid",
    )?;
    query.query_map([], act_row)?.map(|row| row?.map(|act| act.id)).collect()
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
