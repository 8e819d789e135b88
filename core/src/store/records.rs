//! The school's records as the relay last told them, keys, fills and the cursor.

use minicbor::{Decode, Encode};
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::ids::{DeviceId, DocumentId, PersonId};
use crate::model::directory::{Class, DeviceRecord, Folio, Held, Person, Project, School};

pub use crate::model::directory::RecordKind;
use crate::model::framework::Framework;

use super::{StoreError, bytes};

/// Sets a record to its state now.
pub fn put<T: Encode<()>>(
    tx: &Transaction<'_>,
    kind: RecordKind,
    id: &[u8],
    body: &T,
) -> Result<(), StoreError> {
    let body = minicbor::to_vec(body).map_err(|_| StoreError::Unexpected("a record"))?;
    tx.prepare_cached("insert or replace into record (kind, id, body) values (?1, ?2, ?3)")?.execute((
        kind.number(),
        id,
        body,
    ))?;
    Ok(())
}

/// A record that was made here: the relay tells of it later.
pub fn put_local<T: Encode<()>>(
    tx: &Transaction<'_>,
    kind: RecordKind,
    id: &[u8],
    body: &T,
) -> Result<(), StoreError> {
    put(tx, kind, id, body)?;
    tx.execute("update record set is_local = 1 where kind = ?1 and id = ?2", (kind.number(), id))?;
    Ok(())
}

/// Everything of these kinds that the relay told of, by kind and id.
pub fn told(
    conn: &Connection,
    kinds: &[RecordKind],
    mut each: impl FnMut(RecordKind, &[u8], &[u8]),
) -> Result<(), StoreError> {
    for kind in kinds {
        let mut query =
            conn.prepare_cached("select id, body from record where kind = ?1 and not is_local order by id")?;
        let mut rows = query.query([kind.number()])?;
        while let Some(row) = rows.next()? {
            let (id, body): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            each(*kind, &id, &body);
        }
    }
    Ok(())
}

/// Keeps the body of a record that was found somewhere, if it can be read as one and there is none yet.
pub(crate) fn restore(tx: &Transaction<'_>, kind: i64, id: &[u8], body: &[u8]) -> Result<(), StoreError> {
    fn is<'b, T: Decode<'b, ()>>(body: &'b [u8]) -> bool {
        minicbor::decode::<T>(body).is_ok()
    }
    let Some(known) = u16::try_from(kind).ok().and_then(RecordKind::from_number) else { return Ok(()) };
    let is_one = match known {
        RecordKind::School => is::<School>(body),
        RecordKind::Framework => is::<Framework>(body),
        RecordKind::Person => is::<Person>(body),
        RecordKind::Project => is::<Project>(body),
        RecordKind::Folio => is::<Folio>(body),
        RecordKind::Census => is::<u64>(body),
        RecordKind::Class => is::<Class>(body),
        RecordKind::Held => is::<Held>(body),
        RecordKind::Piece | RecordKind::Erased | RecordKind::Read => false,
    };
    let is_named = id.len() == if known == RecordKind::Held { 49 } else { 16 };
    if is_one && is_named {
        tx.prepare_cached("insert or ignore into record (kind, id, body) values (?1, ?2, ?3)")?
            .execute((kind, id, body))?;
    }
    Ok(())
}

/// Forgets a record.
pub fn remove(tx: &Transaction<'_>, kind: RecordKind, id: &[u8]) -> Result<(), StoreError> {
    tx.execute("delete from record where kind = ?1 and id = ?2", (kind.number(), id))?;
    Ok(())
}

/// One record.
pub fn get<T: for<'b> Decode<'b, ()>>(
    conn: &Connection,
    kind: RecordKind,
    id: &[u8],
) -> Result<Option<T>, StoreError> {
    let mut query = conn.prepare_cached("select body from record where kind = ?1 and id = ?2")?;
    let body: Option<Vec<u8>> = query.query_row((kind.number(), id), |row| row.get(0)).optional()?;
    body.map(|body| minicbor::decode(&body).map_err(|_| StoreError::Unexpected("a record"))).transpose()
}

/// Every record of a kind, by id.
pub fn all<T: for<'b> Decode<'b, ()>>(conn: &Connection, kind: RecordKind) -> Result<Vec<T>, StoreError> {
    let mut query = conn.prepare_cached("select body from record where kind = ?1 order by id")?;
    let rows = query.query_map([kind.number()], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|body| minicbor::decode(&body?).map_err(|_| StoreError::Unexpected("a record"))).collect()
}

/// Keeps a key that was found to be vouched for, or learns that its device was revoked. `is_new` marks one that no
/// other device of that person vouched for although she had some.
pub fn put_key(tx: &Transaction<'_>, record: &DeviceRecord, is_new: bool) -> Result<(), StoreError> {
    let body = minicbor::to_vec(record).map_err(|_| StoreError::Unexpected("a key"))?;
    tx.execute(
        "insert into device_key (device, person, body, is_new) values (?1, ?2, ?3, ?4)
         on conflict (device) do update set body = excluded.body",
        (record.device, record.person, body, is_new),
    )?;
    Ok(())
}

/// Every key, inviters before the invited, with whether it is marked as new.
pub fn keys(conn: &Connection) -> Result<Vec<(DeviceRecord, bool)>, StoreError> {
    let mut query = conn.prepare_cached("select body, is_new from device_key order by row")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (body, is_new) = row?;
        Ok((minicbor::decode(&body).map_err(|_| StoreError::Unexpected("a key"))?, is_new))
    })
    .collect()
}

/// The devices of a person.
pub fn devices_of(conn: &Connection, person: PersonId) -> Result<Vec<DeviceId>, StoreError> {
    let mut query = conn.prepare_cached("select device from device_key where person = ?1 order by row")?;
    let rows = query.query_map([person], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|device| Ok(DeviceId::from_bytes(bytes(&device?, "a device's id")?))).collect()
}

/// A document that is still to be filled, and the number of the last change that came.
pub fn put_fill(tx: &Transaction<'_>, document: DocumentId, after: u64) -> Result<(), StoreError> {
    tx.prepare_cached("insert or replace into fill (document, after) values (?1, ?2)")?
        .execute((document, after.cast_signed()))?;
    Ok(())
}

/// Every fill begins at its beginning again.
pub fn restart_fills(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("update fill set after = 0", [])?;
    Ok(())
}

/// It is filled.
pub fn remove_fill(tx: &Transaction<'_>, document: DocumentId) -> Result<(), StoreError> {
    tx.prepare_cached("delete from fill where document = ?1")?.execute([document])?;
    Ok(())
}

/// How many documents are still to be filled.
pub fn count_fills(conn: &Connection) -> Result<usize, StoreError> {
    let count: i64 = conn.prepare_cached("select count(*) from fill")?.query_row([], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Documents still to be filled, at most `limit`.
pub fn fills(conn: &Connection, limit: usize) -> Result<Vec<(DocumentId, u64)>, StoreError> {
    let mut query = conn.prepare_cached("select document, after from fill order by document limit ?1")?;
    let rows = query.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
    })?;
    rows.map(|row| {
        let (document, after) = row?;
        let document = DocumentId::from_bytes(&document).ok_or(StoreError::Unexpected("a document's id"))?;
        Ok((document, after.cast_unsigned()))
    })
    .collect()
}
