//! How a device becomes a person's: by an invitation, or once more after the log that knew it was lost.

use fieldfolio_core::ids::{DeviceId, PersonId};
use fieldfolio_core::model::directory::{DeviceRecord, Inviter};
use fieldfolio_core::signing::{PublicKey, device_message, token_message};
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::Enrol;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::edit::millis;
use super::error::DirectoryError;
use super::invitations::{self, InviteError};
use super::{devices, school};
use crate::log::{self, Event};
use crate::visibility;

pub use re_enrol::{ProvenChain, prove_chain, re_enrol};

mod re_enrol;

const DAY: u64 = 24 * 60 * 60 * 1000;

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
    /// The person is locked.
    #[error("the school has locked this person's access: ask whoever keeps its directory")]
    Locked,
    /// Whoever invited the device may not vouch for its person.
    #[error("whoever invited this device can't vouch for it any more: ask the school for a new invitation")]
    MayNotVouch,
    /// She has enough devices.
    #[error("{} devices of this person are in use: revoke one that she has no more", budget::DEVICES)]
    TooManyDevices,
    /// She enrolled enough of them today.
    #[error(
        "{} devices of this person were enrolled within a day: try again tomorrow",
        budget::ENROLMENTS_A_DAY
    )]
    TooManyToday,
    /// The same device asked too often.
    #[error("this device asked for {} tokens: ask for a new invitation", budget::TOKENS_OF_A_DEVICE)]
    TooManyTokens,
    /// Too many of the devices before it are unknown.
    #[error(
        "more than {} devices that vouch for this one are unknown here: ask the school for a new invitation",
        budget::CHAIN_UNKNOWN
    )]
    TooManyUnknown,
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

struct Invitation {
    person: i64,
    person_id: PersonId,
    expires_at: i64,
    used_by: Option<DeviceId>,
    is_cancelled: bool,
    inviter: Inviter,
}

/// An enrolment whose signatures hold: by the invitation's key, and by the new device's over the token it chose.
#[derive(Debug, Clone)]
pub struct ProvenEnrol(Enrol);

/// Checks an enrolment's signatures. Needs no lock; whether it is taken, [`enrol`] decides.
pub fn prove(conn: &Connection, frame: Enrol) -> Result<ProvenEnrol, EnrolError> {
    let invitation = invitation(conn, &frame.invitation)?.ok_or(EnrolError::Unknown)?;
    let school = school::id(conn)?;
    let message = device_message(school, invitation.person_id, frame.device, &frame.key);
    frame.invitation.verify(&message, &frame.signature).map_err(|_| EnrolError::BadSignature)?;
    // Everything else here is public once the device is known; only the device itself can choose its token.
    let chosen = token_message(school, frame.device, &frame.token_hash);
    frame.key.verify(&chosen, &frame.token_signature).map_err(|_| EnrolError::BadSignature)?;
    Ok(ProvenEnrol(frame))
}

/// Is there such an invitation? Whoever shows one guesses nothing.
pub fn is_invited(conn: &Connection, invitation: &PublicKey) -> rusqlite::Result<bool> {
    conn.prepare_cached("select 1 from invitation where key = ?1")?.exists([invitation.as_bytes()])
}

/// Makes a device a person's. The same device and key again get the new token in place of the old.
pub fn enrol(tx: &Transaction<'_>, now: Timestamp, proven: &ProvenEnrol) -> Result<DeviceRecord, EnrolError> {
    let ProvenEnrol(frame) = proven;
    let invitation = invitation(tx, &frame.invitation)?.ok_or(EnrolError::Unknown)?;
    if invitation.used_by.is_some_and(|device| device != frame.device) {
        return Err(EnrolError::Used);
    }
    if invitation.expires_at <= millis(now) || invitation.is_cancelled {
        return Err(EnrolError::Expired);
    }
    if is_locked(tx, invitation.person)? {
        return Err(EnrolError::Locked);
    }
    if is_barred(tx, frame.device, &frame.invitation)? {
        return Err(EnrolError::Used);
    }
    // Whoever invited must still be the one who may: a teacher who has left opens no more doors.
    let is_first = invitation.used_by.is_none();
    if is_first && !invitations::may_vouch(tx, invitation.inviter, invitation.person, now)? {
        return Err(EnrolError::Expired);
    }
    let known = tx
        .query_row(
            "select key, invitation, revoked_n is not null, token_hash, tokens from device where id = ?1",
            [frame.device.as_bytes()],
            |row| {
                let keys = (row.get::<_, [u8; 32]>(0)?, row.get::<_, [u8; 32]>(1)?);
                Ok((keys, row.get::<_, bool>(2)?, row.get::<_, [u8; 32]>(3)?, row.get::<_, u32>(4)?))
            },
        )
        .optional()?;
    let ours = (*frame.key.as_bytes(), *frame.invitation.as_bytes());
    match known {
        Some((_, true, ..)) => return Err(EnrolError::Used),
        Some((keys, false, token, _)) if keys == ours && token == frame.token_hash => {}
        Some((keys, false, _, tokens)) if keys == ours => {
            if tokens >= budget::TOKENS_OF_A_DEVICE {
                return Err(EnrolError::TooManyTokens);
            }
            tx.execute(
                "update device set token_hash = ?2, tokens = tokens + 1 where id = ?1",
                (frame.device.as_bytes(), frame.token_hash),
            )?;
        }
        Some(_) => return Err(EnrolError::DeviceTaken),
        None => {
            must_have_room(tx, invitation.person, now)?;
            tx.execute(
                "insert into device (id, person, key, invitation, signature, token_hash, enrolled_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                (
                    frame.device.as_bytes(),
                    invitation.person,
                    frame.key.as_bytes(),
                    frame.invitation.as_bytes(),
                    frame.signature.as_bytes(),
                    frame.token_hash,
                    millis(now),
                ),
            )?;
            tx.execute(
                "update invitation set used_by = ?2 where key = ?1",
                (frame.invitation.as_bytes(), frame.device.as_bytes()),
            )?;
            let event = Event::DeviceEnrolled { device: frame.device };
            let n = log::append(tx, now, Some(invitation.person_id), &event)?;
            visibility::device_changed(tx, invitation.person, frame.device, n)?;
        }
    }
    Ok(devices::record(tx, frame.device)?.ok_or(DirectoryError::Broken("devices"))?)
}

/// Was this device, or one that came in by this invitation, revoked in a log that was lost?
fn is_barred(conn: &Connection, device: DeviceId, invitation: &PublicKey) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "select 1 from barred where device = ?1 union all select 1 from barred_invitation where key = ?2",
    )?
    .exists((device.as_bytes(), invitation.as_bytes()))
}

/// Has a person, by her row, room for one more device: of those that are not revoked, and of those of a day?
fn must_have_room(conn: &Connection, person: i64, now: Timestamp) -> Result<(), EnrolError> {
    let living: u32 = conn
        .prepare_cached("select count(*) from device where person = ?1 and revoked_n is null")?
        .query_row([person], |row| row.get(0))?;
    if living >= budget::DEVICES {
        return Err(EnrolError::TooManyDevices);
    }
    let since = millis(now).saturating_sub(DAY.cast_signed());
    let today: u32 = conn
        .prepare_cached("select count(*) from device where person = ?1 and enrolled_at > ?2")?
        .query_row((person, since), |row| row.get(0))?;
    if today >= budget::ENROLMENTS_A_DAY {
        return Err(EnrolError::TooManyToday);
    }
    Ok(())
}

fn is_locked(conn: &Connection, person: i64) -> rusqlite::Result<bool> {
    conn.prepare_cached("select 1 from person where row = ?1 and locked_at is not null")?.exists([person])
}

fn invitation(conn: &Connection, key: &PublicKey) -> rusqlite::Result<Option<Invitation>> {
    conn.query_row(
        "select invitation.person, person.id, expires_at, used_by, inviter, cancelled_n is not null
         from invitation join person on person.row = invitation.person where invitation.key = ?1",
        [key.as_bytes()],
        |row| {
            Ok(Invitation {
                person: row.get(0)?,
                person_id: row.get::<_, PersonId>(1)?,
                expires_at: row.get(2)?,
                used_by: row.get::<_, Option<_>>(3)?.map(DeviceId::from_bytes),
                inviter: row
                    .get::<_, Option<_>>(4)?
                    .map_or(Inviter::Root, |id| Inviter::Device(DeviceId::from_bytes(id))),
                is_cancelled: row.get(5)?,
            })
        },
    )
    .optional()
}
