//! Who holds a token: the only way in.

use crate::exchange::Caller;
use fieldfolio_core::ids::{DeviceId, PersonId};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use crate::directory;

/// Who shows a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A device that may ask.
    Known(Caller),
    /// A device that was revoked.
    Revoked,
    /// No device at all.
    Nobody,
    /// A device of somebody whom the school has locked.
    Locked,
    /// A device of a mentor whose last part ended more than 30 days ago.
    Gone,
}

impl Holder {
    /// The device, if it may ask.
    pub fn known(self) -> Option<Caller> {
        match self {
            Holder::Known(caller) => Some(caller),
            Holder::Revoked | Holder::Nobody | Holder::Locked | Holder::Gone => None,
        }
    }
}

/// Who shows this token, now.
pub fn holder(conn: &Connection, token: &[u8], now: Timestamp) -> rusqlite::Result<Holder> {
    let hash: [u8; 32] = Sha256::digest(token).into();
    let found: Option<(Caller, i64, bool, bool)> = conn
        .prepare_cached(
            "select p.id, d.id, p.row, p.locked_at is not null, d.revoked_n is not null
             from device d join person p on p.row = d.person where d.token_hash = ?1",
        )?
        .query_row([hash.as_slice()], |row| {
            let (person, device) = (row.get::<_, PersonId>(0)?, row.get::<_, DeviceId>(1)?);
            Ok((Caller { person, device }, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let Some((caller, row, is_locked, is_revoked)) = found else { return Ok(Holder::Nobody) };
    if is_revoked {
        return Ok(Holder::Revoked);
    }
    if is_locked {
        return Ok(Holder::Locked);
    }
    Ok(match directory::mentors::status(conn, row, now)? {
        directory::mentors::MentorStatus::Gone => Holder::Gone,
        _ => Holder::Known(caller),
    })
}

/// The device that holds this token and may ask.
pub fn token_holder(conn: &Connection, token: &[u8], now: Timestamp) -> rusqlite::Result<Option<Caller>> {
    holder(conn, token, now).map(Holder::known)
}
