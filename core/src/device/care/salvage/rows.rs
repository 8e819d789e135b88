//! Rows of a damaged database, read as far as they can be.

use std::collections::BTreeMap;

use rusqlite::Row;

use crate::blob::BlobHash;
use crate::document::SignedChange;
use crate::ids::{ActId, DeviceId, DocumentId, PersonId, PieceId, SchoolId};
use crate::model::act::SignedAct;
use crate::model::directory::DeviceRecord;
use crate::model::entry::Head;
use crate::model::invitation::Pin;
use crate::model::role::Class;
use crate::signing::{PublicKey, SecretKey, Signature};
use crate::store::log::ChangeState;
use crate::store::outbox::SetAside;
use crate::store::salvage::{Found, Remains, Table};
use crate::store::{Identity, StoreError};
use crate::sync::verify::KeyRing;

use super::Salvaged;

/// Reads a table, and remembers if it is broken.
pub(super) fn found<T>(
    remains: &Remains,
    table: Table,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    saved: &mut Salvaged,
) -> Result<Found<T>, StoreError> {
    let found = remains.table(table, read)?;
    if !found.whole && !saved.broken.contains(&table.name()) {
        saved.broken.push(table.name());
    }
    Ok(found)
}

pub(super) type RecordRow = (i64, Vec<u8>, Vec<u8>);

pub(super) fn record_row(row: &Row<'_>) -> rusqlite::Result<RecordRow> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

pub(super) struct ActRow {
    pub(super) signed: Option<SignedAct>,
    pub(super) refused: Option<String>,
}

pub(super) fn act_row(row: &Row<'_>) -> rusqlite::Result<ActRow> {
    let (id, device, signature): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let (body, refused) = (row.get(2)?, row.get(4)?);
    let signed = (|| {
        let (id, device) = (ActId::from_bytes(array(&id)?), DeviceId::from_bytes(array(&device)?));
        Some(SignedAct { id, device, body, signature: Signature::from_bytes(array(&signature)?) })
    })();
    Ok(ActRow { signed, refused })
}

pub(super) type DocumentRow = (i64, Option<(DocumentId, Class, bool)>);

pub(super) fn document_row(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    let (id, class, from_relay): (Vec<u8>, u8, bool) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let known = DocumentId::from_bytes(&id).map(|id| (id, Class::from_number(class)));
    Ok((row.get(0)?, known.map(|(id, class)| (id, class, from_relay))))
}

/// A change, but for the sheet it belongs to.
pub(super) struct ChangeRow {
    pub(super) row: i64,
    pub(super) document: i64,
    pub(super) change: Option<SignedChange>,
    pub(super) is_aside: bool,
}

pub(super) fn change_row(row: &Row<'_>) -> rusqlite::Result<ChangeRow> {
    let (hash, actor, device): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(3)?, row.get(5)?);
    let (blobs, raw, signature): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(6)?, row.get(7)?, row.get(8)?);
    let (seq, state): (i64, i64) = (row.get(4)?, row.get(9)?);
    let change = (|| {
        let blobs = blobs.chunks(32).map(|blob| Some(BlobHash::from_digest(array(blob)?)));
        Some(SignedChange {
            // Whichever it turns out to be.
            document: DocumentId::content(PieceId::from_bytes([0; 16])),
            device: DeviceId::from_bytes(array(&device)?),
            actor: array(&actor)?,
            seq: seq.cast_unsigned(),
            hash: Head(array(&hash)?),
            blobs: blobs.collect::<Option<_>>()?,
            raw,
            signature: Signature::from_bytes(array(&signature)?),
        })
    })();
    let is_aside = state == ChangeState::SetAside as i64;
    Ok(ChangeRow { row: row.get(0)?, document: row.get(1)?, change, is_aside })
}

pub(super) fn set_aside_row(row: &Row<'_>) -> rusqlite::Result<SetAside> {
    let (piece, document): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
    Ok(SetAside {
        piece: piece.and_then(|piece| array(&piece)).map(PieceId::from_bytes),
        document: document.and_then(|document| DocumentId::from_bytes(&document)),
        item: row.get(2)?,
        reason: row.get(3)?,
        words: row.get(4)?,
    })
}

pub(super) fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// The keys that can be read, inviters before the invited as far as that is known.
pub(super) fn keys_in(remains: &Remains) -> Result<Vec<(DeviceRecord, bool)>, StoreError> {
    let read = |row: &Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, bool>(1)?));
    let found = remains.table(Table::Key, read)?.all();
    let mut keys: Vec<(DeviceRecord, bool)> =
        found.filter_map(|(body, is_new)| Some((minicbor::decode(&body).ok()?, is_new))).collect();
    // Ids begin with the time: nobody invites before she was invited.
    keys.sort_by_key(|(record, _)| record.device);
    keys.dedup_by_key(|(record, _)| record.device);
    Ok(keys)
}

/// Whose store it is, if that can be read and fits together.
pub(super) fn identity_in(
    remains: &Remains,
    keys: &[(DeviceRecord, bool)],
) -> Result<Option<Identity>, StoreError> {
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?));
    let mut meta = BTreeMap::new();
    for (key, value) in remains.table(Table::Meta, read)?.all() {
        meta.entry(key).or_insert(value);
    }
    let id = |key: &str| meta.get(key).and_then(|value| array::<16>(value));
    let long = |key: &str| meta.get(key).and_then(|value| array::<32>(value));
    let identity = (|| {
        Some(Identity {
            school: SchoolId::from_bytes(id("school")?),
            root: PublicKey::from_bytes(long("root")?),
            person: PersonId::from_bytes(id("person")?),
            device: DeviceId::from_bytes(id("device")?),
            key: SecretKey::from_seed(&long("key")?),
            token: long("token")?,
            relay: String::from_utf8(meta.get("relay")?.clone()).ok()?,
            pin: long(crate::store::PIN).map(Pin),
        })
    })();
    // A key that is vouched for says whose device it is; where none holds, the school or its root is not what it was.
    let fits = |me: &Identity| {
        let mut ring = KeyRing::new(me.school, me.root);
        let learned = keys.iter().filter(|(record, _)| ring.learn(record).is_ok()).count();
        let is_hers = |device: &crate::sync::verify::TrustedKey| {
            (device.person, device.key) == (me.person, me.key.public())
        };
        (learned > 0 || keys.is_empty()) && ring.get(me.device).is_none_or(is_hers)
    };
    Ok(identity.filter(fits))
}
