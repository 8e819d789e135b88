//! Devices: how one becomes a person's, whom it vouched for, and how it ends.

use fieldfolio_core::ids::{DeviceId, PersonId};
use fieldfolio_core::model::directory::{DeviceRecord, Inviter};
use fieldfolio_core::signing::{PublicKey, Signature, device_message, token_message};
use fieldfolio_core::sync::verify::KeyRing;
use fieldfolio_core::sync::wire::{ComeBack, Enrol, MAX_CHAIN};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};
use serde::Serialize;

use super::invitations::{self, InviteError};
use super::{DirectoryError, Edit, millis, moment, people, school};
use crate::database::{self, Event};
use crate::sight;

/// Why a device was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// There is no such invitation.
    #[error("this school does not know this invitation: ask for a new one")]
    Unknown,
    /// It has ended, or whoever made it can't vouch any more.
    #[error("this invitation has expired: ask for a new one")]
    Expired,
    /// Another device used it.
    #[error(
        "this invitation was used by another device: ask for a new one, and tell the school if it wasn't yours"
    )]
    Used,
    /// The signature isn't the invitation key's.
    #[error("the signature does not match the invitation: open the whole link again")]
    BadSignature,
    /// The device's id is in use.
    #[error("this device is enrolled already, by another invitation: start over with a new device")]
    DeviceTaken,
    /// The school can't be read.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The inviter can't be looked up.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// SQLite failed.
    #[error("the relay's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// A device, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// The device that invited it; none for the school's root key.
    pub invited_by: Option<DeviceId>,
    /// It was revoked.
    pub revoked: bool,
}

struct Invitation {
    person: i64,
    person_id: PersonId,
    expires_at: i64,
    used_by: Option<DeviceId>,
    /// The device that made it; none for the school's root key.
    inviter: Option<DeviceId>,
}

/// Makes a device a person's. The same device and key again get the new token in place of the old.
pub fn enrol(tx: &Transaction<'_>, now: Timestamp, frame: &Enrol) -> Result<DeviceRecord, EnrolError> {
    let invitation = invitation(tx, &frame.invitation)?.ok_or(EnrolError::Unknown)?;
    let message = device_message(school::id(tx)?, invitation.person_id, frame.device, &frame.key);
    frame.invitation.verify(&message, &frame.signature).map_err(|_| EnrolError::BadSignature)?;
    // Everything else here is public once the device is known; only the device itself can choose its token.
    let token_hash = &frame.token_hash;
    let chosen = token_message(school::id(tx)?, frame.device, token_hash);
    frame.key.verify(&chosen, &frame.token_signature).map_err(|_| EnrolError::BadSignature)?;
    if invitation.used_by.is_some_and(|device| device != frame.device) {
        return Err(EnrolError::Used);
    }
    if invitation.expires_at <= millis(now) {
        return Err(EnrolError::Expired);
    }
    let barred = "select 1 from barred where device = ?1";
    if tx.prepare_cached(barred)?.exists([frame.device.as_bytes()])? {
        return Err(EnrolError::Used);
    }
    // Whoever invited must still be the one who may: a teacher who has left opens no more doors.
    if let Some(inviter) = invitation.inviter
        && invitation.used_by.is_none()
        && !invitations::still_vouches(tx, inviter, invitation.person)?
    {
        return Err(EnrolError::Expired);
    }
    let subject = format!("device {}", frame.device);
    let event = |kind| Event { kind, by: Some(invitation.person_id), subject: &subject };
    let known = tx
        .query_row(
            "select key, invitation, revoked_n is not null from device where id = ?1",
            [frame.device.as_bytes()],
            |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, [u8; 32]>(1)?, row.get::<_, bool>(2)?)),
        )
        .optional()?;
    match known {
        Some((_, _, true)) => return Err(EnrolError::Used),
        Some((key, by, false)) if key == *frame.key.as_bytes() && by == *frame.invitation.as_bytes() => {
            tx.execute(
                "update device set token_hash = ?2 where id = ?1",
                (frame.device.as_bytes(), token_hash),
            )?;
            database::append(tx, now, &event("token"))?;
        }
        Some(_) => return Err(EnrolError::DeviceTaken),
        None => {
            tx.execute(
                "insert into device (id, person, key, invitation, signature, token_hash)
                 values (?1, ?2, ?3, ?4, ?5, ?6)",
                (
                    frame.device.as_bytes(),
                    invitation.person,
                    frame.key.as_bytes(),
                    frame.invitation.as_bytes(),
                    frame.signature.as_bytes(),
                    token_hash,
                ),
            )?;
            tx.execute(
                "update invitation set used_by = ?2 where key = ?1",
                (frame.invitation.as_bytes(), frame.device.as_bytes()),
            )?;
            let n = database::append(tx, now, &event("enrol"))?;
            sight::person_changed(tx, invitation.person, n)?;
        }
    }
    Ok(record(tx, frame.device)?.ok_or(DirectoryError::Broken("devices"))?)
}

/// Makes a device known again that was enrolled in a log which is lost. Whoever vouched for it does so still: the chain
/// begins at the school's root key. What was revoked stays so.
pub fn come_back(tx: &Transaction<'_>, now: Timestamp, frame: &ComeBack) -> Result<DeviceRecord, EnrolError> {
    let Some(own) = frame.chain.last().filter(|_| frame.chain.len() <= MAX_CHAIN) else {
        return Err(EnrolError::Unknown);
    };
    if crate::fork::since(tx, 0)?.is_none() {
        return Err(EnrolError::Unknown);
    }
    let mut ring = KeyRing::new(school::id(tx)?, school::root(tx)?);
    if !frame.chain.iter().all(|record| ring.learn(record).is_ok()) {
        return Err(EnrolError::BadSignature);
    }
    let chosen = token_message(school::id(tx)?, own.device, &frame.token_hash);
    own.key.verify(&chosen, &frame.token_signature).map_err(|_| EnrolError::BadSignature)?;
    for link in &frame.chain {
        restore_record(tx, link)?;
    }
    tx.execute("update device set token_hash = ?2 where id = ?1", (own.device.as_bytes(), frame.token_hash))?;
    let subject = format!("device {} came back", own.device);
    let n = database::append(tx, now, &Event { kind: "enrol", by: Some(own.person), subject: &subject })?;
    sight::person_changed(tx, people::row_of(tx, own.person)?, n)?;
    Ok(record(tx, own.device)?.ok_or(DirectoryError::Broken("devices"))?)
}

/// One link of such a chain, whose signatures hold.
fn restore_record(tx: &Transaction<'_>, link: &DeviceRecord) -> Result<(), EnrolError> {
    let is_barred = tx.query_row(
        "select exists (select 1 from barred where device = ?1)",
        [link.device.as_bytes()],
        |row| row.get(0),
    )?;
    if is_barred {
        return Err(EnrolError::Used);
    }
    match record(tx, link.device)? {
        Some(known) if known.revoked_at.is_some() => return Err(EnrolError::Used),
        Some(known) if known.key == link.key && known.person == link.person => return Ok(()),
        Some(_) => return Err(EnrolError::DeviceTaken),
        None => {}
    }
    was_open(tx, link)?;
    // Somebody whom the directory does not know any more is added there first.
    let person = people::row_of(tx, link.person).map_err(|_| EnrolError::Unknown)?;
    let inviter = match link.inviter {
        Inviter::Root => None,
        Inviter::Device(device) => Some(*device.as_bytes()),
    };
    tx.execute(
        "insert or ignore into invitation (key, person, expires_at, inviter, signature, used_by)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            link.invitation.as_bytes(),
            person,
            millis(link.invitation_expires),
            inviter,
            link.inviter_signature.as_bytes(),
            link.device.as_bytes(),
        ),
    )?;
    tx.execute(
        "update invitation set used_by = ?2 where key = ?1 and used_by is null",
        (link.invitation.as_bytes(), link.device.as_bytes()),
    )?;
    // Nobody has this token: the device brings its own when it comes.
    tx.execute(
        "insert into device (id, person, key, invitation, signature, token_hash)
         values (?1, ?2, ?3, ?4, ?5, randomblob(32))",
        (
            link.device.as_bytes(),
            person,
            link.key.as_bytes(),
            link.invitation.as_bytes(),
            link.device_signature.as_bytes(),
        ),
    )?;
    Ok(())
}

/// Could a device have been enrolled with this invitation in the log that is lost? Not with one that another device had
/// used, nor with one whose time was over when this log and that one parted: whoever finds an old link opens nothing.
fn was_open(tx: &Transaction<'_>, link: &DeviceRecord) -> Result<(), EnrolError> {
    let used_by: Option<DeviceId> = tx
        .prepare_cached("select used_by from invitation where key = ?1")?
        .query_row([link.invitation.as_bytes()], |row| row.get::<_, Option<_>>(0))
        .optional()?
        .flatten()
        .map(DeviceId::from_bytes);
    if used_by.is_some_and(|device| device != link.device) {
        return Err(EnrolError::Used);
    }
    let parted: Option<i64> = tx
        .prepare_cached("select max(at) from log where n <= (select min(at_n) from fork)")?
        .query_row([], |row| row.get(0))?;
    if parted.is_some_and(|parted| millis(link.invitation_expires) <= parted) {
        return Err(EnrolError::Expired);
    }
    Ok(())
}

/// Revokes a device: from now on the relay knows it no more. Returns the devices that it vouched for, and those that
/// they did: each deserves a look.
pub fn revoke(edit: &Edit<'_>, device: DeviceId) -> Result<Vec<Device>, DirectoryError> {
    let unknown = || DirectoryError::Unknown { kind: "device", text: device.to_string() };
    let revoked = record(edit.tx, device)?.ok_or_else(unknown)?;
    if revoked.revoked_at.is_some() {
        return Err(DirectoryError::RevokedAlready(device));
    }
    let n = edit.event("revoke", &format!("device {device}"))?;
    edit.tx
        .execute("update device set revoked_n = ?2 where id = ?1", (device.as_bytes(), n.cast_signed()))?;
    sight::person_changed(edit.tx, people::row_of(edit.tx, revoked.person)?, n)?;
    vouched_for(edit.tx, device)
}

/// The devices that a device vouched for, and those that they did.
pub fn vouched_for(conn: &Connection, device: DeviceId) -> Result<Vec<Device>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "with recursive chain (id) as (
           select used_by from invitation where inviter = ?1 and used_by is not null
           union select used_by from invitation join chain on inviter = chain.id where used_by is not null
         )
         select device.id, person.id, inviter, revoked_n is not null from device join chain using (id)
         join person on person.row = device.person join invitation on invitation.key = device.invitation
         order by device.id",
    )?;
    let devices = statement.query_map([device.as_bytes()], read)?;
    Ok(devices.collect::<Result<_, _>>()?)
}

/// The devices of a person.
pub fn list(conn: &Connection, person: PersonId) -> Result<Vec<Device>, DirectoryError> {
    let row = people::row_of(conn, person)?;
    let mut statement = conn.prepare_cached(
        "select device.id, person.id, inviter, revoked_n is not null from device
         join person on person.row = device.person join invitation on invitation.key = device.invitation
         where device.person = ?1 order by device.id",
    )?;
    Ok(statement.query_map([row], read)?.collect::<Result<_, _>>()?)
}

/// Every device.
pub fn all(conn: &Connection) -> rusqlite::Result<Vec<DeviceId>> {
    let mut query = conn.prepare("select id from device order by id")?;
    query.query_map([], |row| Ok(DeviceId::from_bytes(row.get(0)?)))?.collect()
}

/// A device's record, as others see it.
pub fn record(conn: &Connection, device: DeviceId) -> rusqlite::Result<Option<DeviceRecord>> {
    conn.prepare_cached(
        "select person.id, device.key, invitation, expires_at, inviter, invitation.signature, device.signature,
           revoked_n
         from device join person on person.row = device.person join invitation on invitation.key = device.invitation
         where device.id = ?1",
    )?
    .query_row([device.as_bytes()], |row| {
        let inviter: Option<[u8; 16]> = row.get(4)?;
        Ok(DeviceRecord {
            device,
            person: PersonId::from_bytes(row.get(0)?),
            key: PublicKey::from_bytes(row.get(1)?),
            invitation: PublicKey::from_bytes(row.get(2)?),
            invitation_expires: moment(row.get(3)?),
            inviter: inviter.map_or(Inviter::Root, |id| Inviter::Device(DeviceId::from_bytes(id))),
            inviter_signature: Signature::from_bytes(row.get(5)?),
            device_signature: Signature::from_bytes(row.get(6)?),
            revoked_at: row.get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
        })
    })
    .optional()
}

fn invitation(conn: &Connection, key: &PublicKey) -> rusqlite::Result<Option<Invitation>> {
    conn.query_row(
        "select invitation.person, person.id, expires_at, used_by, inviter
         from invitation join person on person.row = invitation.person where invitation.key = ?1",
        [key.as_bytes()],
        |row| {
            Ok(Invitation {
                person: row.get(0)?,
                person_id: PersonId::from_bytes(row.get(1)?),
                expires_at: row.get(2)?,
                used_by: row.get::<_, Option<_>>(3)?.map(DeviceId::from_bytes),
                inviter: row.get::<_, Option<_>>(4)?.map(DeviceId::from_bytes),
            })
        },
    )
    .optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: DeviceId::from_bytes(row.get(0)?),
        person: PersonId::from_bytes(row.get(1)?),
        invited_by: row.get::<_, Option<_>>(2)?.map(DeviceId::from_bytes),
        revoked: row.get(3)?,
    })
}
