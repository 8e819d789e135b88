//! Devices: whose each is, whom it vouched for, and how it ends.

use fieldfolio_core::ids::{DeviceId, PersonId};
use fieldfolio_core::model::directory::{DeviceRecord, Inviter, PersonKind};
use fieldfolio_core::signing::{PublicKey, Signature};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;

use super::edit::{Edit, moment};
use super::error::DirectoryError;
use super::invitations::{self};
use super::{mentors, people};
use crate::log::Event;
use crate::visibility;

/// A device, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    pub id: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// The device that invited it; none for the school's root key.
    pub invited_by: Option<DeviceId>,
    /// It was revoked.
    pub revoked: bool,
}

/// May this device still ask for what it asked for, now that it is its turn?
pub(crate) fn may_act(conn: &Connection, device: DeviceId, now: Timestamp) -> rusqlite::Result<bool> {
    let person: Option<i64> = conn
        .prepare_cached(
            "select p.row from device d join person p on p.row = d.person
             where d.id = ?1 and d.revoked_n is null and p.locked_at is null",
        )?
        .query_row([device.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(match person {
        Some(person) => mentors::status(conn, person, now)? != mentors::MentorStatus::Gone,
        None => false,
    })
}

/// Revokes a device: from now on the relay knows it no more. Returns the devices that it vouched for, and those that
/// they did: each deserves a look.
pub fn revoke(edit: &Edit<'_>, device: DeviceId) -> Result<Vec<Device>, DirectoryError> {
    let unknown = || DirectoryError::Unknown { kind: "device", text: device.to_string() };
    let revoked = record(edit.tx, device)?.ok_or_else(unknown)?;
    if revoked.revoked_at.is_some() {
        return Err(DirectoryError::RevokedAlready(device));
    }
    let n = edit.event(&Event::DeviceRevoked { device, invitation: Some(revoked.invitation) })?;
    edit.tx
        .execute("update device set revoked_n = ?2 where id = ?1", (device.as_bytes(), n.cast_signed()))?;
    visibility::device_changed(edit.tx, people::row_of(edit.tx, revoked.person)?, device, n)?;
    vouched_for(edit.tx, device)
}

/// Revokes every device of a person, and, if that is wanted, every one that they vouched for, of whomever. Her open
/// invitations, and those that her devices made, are cancelled. Returns what was revoked, and what they vouched for that
/// still lives.
pub fn revoke_all(
    edit: &Edit<'_>,
    person: PersonId,
    reach: Reach,
) -> Result<(Vec<DeviceId>, Vec<Device>), DirectoryError> {
    let living = |devices: Vec<Device>| devices.into_iter().filter(|device| !device.revoked);
    let mut to_revoke: Vec<DeviceId> = living(list(edit.tx, person)?).map(|device| device.id).collect();
    let (mut revoked, mut left) = (Vec::new(), Vec::new());
    while let Some(device) = to_revoke.pop() {
        match revoke(edit, device) {
            Ok(vouched_for) => {
                revoked.push(device);
                match reach {
                    Reach::Hers => left.extend(living(vouched_for)),
                    Reach::VouchedFor => to_revoke.extend(living(vouched_for).map(|device| device.id)),
                }
            }
            Err(DirectoryError::RevokedAlready(_)) => {}
            Err(error) => return Err(error),
        }
    }
    invitations::cancel_of(edit, person)?;
    left.sort_by_key(|device| device.id);
    left.dedup();
    left.retain(|device| !revoked.contains(&device.id));
    Ok((revoked, left))
}

/// How far a revocation of all devices goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To her own devices.
    Hers,
    /// To all that they vouched for, too.
    VouchedFor,
}

/// The devices that a device vouched for, and those that they did.
pub fn vouched_for(conn: &Connection, device: DeviceId) -> Result<Vec<Device>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "with recursive chain (id) as (
           select used_by from invitation where inviter = ?1 and used_by is not null
           union select used_by from invitation join chain on inviter = chain.id where used_by is not null
         )
         select device.id, person.id, inviter, revoked_n is not null from chain
         cross join device on device.id = chain.id join person on person.row = device.person join invitation on invitation.key = device.invitation
         order by device.id",
    )?;
    let devices = statement.query_map([device.as_bytes()], read)?;
    Ok(devices.collect::<Result<_, _>>()?)
}

/// A living device of a person that somebody else's device vouched for, at the end of a chain, who never was staff: it
/// must not become a device of staff.
pub(super) fn vouched_for_by_others(
    conn: &Connection,
    person: PersonId,
) -> Result<Option<DeviceId>, DirectoryError> {
    let staff = people::bits(&PersonKind::STAFF);
    for device in list(conn, person)?.into_iter().filter(|device| !device.revoked) {
        let mut next = device.invited_by;
        while let Some(inviter) = next {
            let Some(record) = record(conn, inviter)? else { break };
            let is_staffs = record.person == person || people::was_any(conn, record.person, staff)?;
            if !is_staffs {
                return Ok(Some(device.id));
            }
            next = match record.inviter {
                Inviter::Root => None,
                Inviter::Device(inviter) => Some(inviter),
            };
        }
    }
    Ok(None)
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
    query.query_map([], |row| row.get::<_, DeviceId>(0))?.collect()
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
            person: row.get::<_, PersonId>(0)?,
            key: row.get::<_, PublicKey>(1)?,
            invitation: row.get::<_, PublicKey>(2)?,
            invitation_expires: moment(row.get(3)?),
            inviter: inviter.map_or(Inviter::Root, |id| Inviter::Device(DeviceId::from_bytes(id))),
            inviter_signature: row.get::<_, Signature>(5)?,
            device_signature: row.get::<_, Signature>(6)?,
            revoked_at: row.get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
        })
    })
    .optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: row.get::<_, DeviceId>(0)?,
        person: row.get::<_, PersonId>(1)?,
        invited_by: row.get::<_, Option<_>>(2)?.map(DeviceId::from_bytes),
        revoked: row.get(3)?,
    })
}
