//! Whose a store is, and by what the relay knows its device.

use rusqlite::{Connection, Transaction};

use super::{StoreError, meta, meta_array, put_meta};
use crate::ids::{DeviceId, PersonId, SchoolId};
use crate::model::invitation::Pin;
use crate::signing::{PublicKey, SecretKey};

/// Who this store belongs to.
#[derive(Debug, Clone)]
pub struct Identity {
    pub school: SchoolId,
    /// The school's root key, pinned at enrolment.
    pub root: PublicKey,
    pub person: PersonId,
    pub device: DeviceId,
    /// The device's key.
    pub key: SecretKey,
    /// The access token, 32 bytes.
    pub token: [u8; 32],
    /// Where the relay answers, without a trailing slash.
    pub relay: String,
    /// The key that the relay's web server proves itself by, where no authority vouches for it.
    pub pin: Option<Pin>,
}

/// Under which the relay's own key is kept, if it has one.
pub(crate) const PIN: &str = "pin";

pub(super) fn write(tx: &Transaction<'_>, identity: &Identity) -> Result<(), StoreError> {
    put_meta(tx, "school", identity.school.as_bytes())?;
    put_meta(tx, "root", identity.root.as_bytes())?;
    put_meta(tx, "person", identity.person.as_bytes())?;
    put_meta(tx, "device", identity.device.as_bytes())?;
    put_meta(tx, "key", &identity.key.seed())?;
    put_meta(tx, "token", &identity.token)?;
    if let Some(Pin(pin)) = identity.pin {
        put_meta(tx, PIN, &pin)?;
    }
    put_meta(tx, "relay", identity.relay.as_bytes())
}

pub(super) fn read(conn: &Connection) -> Result<Identity, StoreError> {
    let id = |key| meta_array::<16>(conn, key);
    Ok(Identity {
        school: SchoolId::from_bytes(id("school")?),
        root: PublicKey::from_bytes(meta_array(conn, "root")?),
        person: PersonId::from_bytes(id("person")?),
        device: DeviceId::from_bytes(id("device")?),
        key: SecretKey::from_seed(&meta_array(conn, "key")?),
        token: meta_array(conn, "token")?,
        relay: meta(conn, "relay")?
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(StoreError::Unexpected("the relay's address"))?,
        pin: match meta(conn, PIN)? {
            Some(_) => Some(Pin(meta_array(conn, PIN)?)),
            None => None,
        },
    })
}
