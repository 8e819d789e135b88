//! Devices that were enrolled in a log which is lost: they come back by the chain that vouches for them.

use fieldfolio_core::model::directory::{DeviceRecord, Inviter};
use fieldfolio_core::signing::token_message;
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::verify::KeyRing;
use fieldfolio_core::sync::wire::{MAX_CHAIN, ReEnrol};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction};

use super::{EnrolError, invitation, is_barred, is_locked, must_have_room};
use crate::directory::devices::record;
use crate::directory::edit::millis;
use crate::directory::error::DirectoryError;
use crate::directory::{invitations, people, school};
use crate::log::{self, Event};
use crate::visibility;

/// A chain of devices that vouch for each other from the school's root key on, whose signatures hold, and whose last one
/// chose its token.
#[derive(Debug, Clone)]
pub struct ProvenChain {
    chain: Vec<DeviceRecord>,
    own: DeviceRecord,
    token_hash: [u8; 32],
}

/// Checks the signatures of a device that comes back. Needs no lock; whether it is taken, [`re_enrol`] decides.
pub fn prove_chain(conn: &Connection, frame: ReEnrol) -> Result<ProvenChain, EnrolError> {
    let Some(own) = frame.chain.last().filter(|_| frame.chain.len() <= MAX_CHAIN).cloned() else {
        return Err(EnrolError::Unknown);
    };
    if crate::log::epochs::since(conn, 0)?.is_none() {
        return Err(EnrolError::Unknown);
    }
    // What costs nothing comes first: a stranger's chain is not worth its signatures. Whether she is one is not told.
    people::row_of(conn, own.person).map_err(|_| EnrolError::BadSignature)?;
    let school = school::id(conn)?;
    let mut ring = KeyRing::new(school, school::root(conn)?);
    if !frame.chain.iter().all(|record| ring.learn(record).is_ok()) {
        return Err(EnrolError::BadSignature);
    }
    let chosen = token_message(school, own.device, &frame.token_hash);
    own.key.verify(&chosen, &frame.token_signature).map_err(|_| EnrolError::BadSignature)?;
    Ok(ProvenChain { chain: frame.chain, own, token_hash: frame.token_hash })
}

/// Makes a device known again that was enrolled in a log which is lost, with those unknown ones that vouch for it. Each
/// inviter must be one who may vouch now. What was revoked stays so.
pub fn re_enrol(
    tx: &Transaction<'_>,
    now: Timestamp,
    proven: &ProvenChain,
) -> Result<DeviceRecord, EnrolError> {
    let ProvenChain { chain, own, token_hash } = proven;
    if crate::log::epochs::since(tx, 0)?.is_none() {
        return Err(EnrolError::Unknown);
    }
    let mut unknown = 0;
    for link in chain {
        if restore_record(tx, now, link)? {
            unknown += 1;
            if unknown > budget::CHAIN_UNKNOWN {
                return Err(EnrolError::TooManyUnknown);
            }
        }
    }
    tx.execute("update device set token_hash = ?2 where id = ?1", (own.device.as_bytes(), token_hash))?;
    // One that is known already, and chooses its token anew, is nothing new to anybody.
    if unknown > 0 {
        let event = Event::DeviceCameBack { device: own.device };
        let n = log::append(tx, now, Some(own.person), &event)?;
        for link in chain {
            visibility::device_changed(tx, people::row_of(tx, link.person)?, link.device, n)?;
        }
    }
    Ok(record(tx, own.device)?.ok_or(DirectoryError::Broken("devices"))?)
}

/// One link of such a chain, whose signatures hold. True if it was not known.
fn restore_record(tx: &Transaction<'_>, now: Timestamp, link: &DeviceRecord) -> Result<bool, EnrolError> {
    if is_barred(tx, link.device, &link.invitation)? {
        return Err(EnrolError::Used);
    }
    // Somebody whom the directory does not know any more is added there first.
    let person = people::row_of(tx, link.person).map_err(|_| EnrolError::Unknown)?;
    if is_locked(tx, person)? {
        return Err(EnrolError::Locked);
    }
    match record(tx, link.device)? {
        Some(known) if known.revoked_at.is_some() => return Err(EnrolError::Used),
        Some(known) if known.key == link.key && known.person == link.person => return Ok(false),
        Some(_) => return Err(EnrolError::DeviceTaken),
        None => {}
    }
    was_open(tx, link, now)?;
    if !invitations::may_vouch(tx, link.inviter, person, now)? {
        return Err(EnrolError::MayNotVouch);
    }
    must_have_room(tx, person, now)?;
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
        "insert into device (id, person, key, invitation, signature, token_hash, enrolled_at)
         values (?1, ?2, ?3, ?4, ?5, randomblob(32), ?6)",
        (
            link.device.as_bytes(),
            person,
            link.key.as_bytes(),
            link.invitation.as_bytes(),
            link.device_signature.as_bytes(),
            millis(now),
        ),
    )?;
    Ok(true)
}

/// Could a device have been enrolled with this invitation in the log that is lost? Not with one that another device had
/// used, nor with one whose time was over when this log and that one parted: whoever finds an old link opens nothing.
fn was_open(tx: &Transaction<'_>, link: &DeviceRecord, now: Timestamp) -> Result<(), EnrolError> {
    let known = invitation(tx, &link.invitation)?;
    if let Some(known) = &known {
        if known.used_by.is_some_and(|device| device != link.device) || known.is_cancelled {
            return Err(EnrolError::Used);
        }
        // The same key, as it was recorded here: for the same person, by the same inviter, until the same moment.
        let same = known.person_id == link.person
            && known.inviter == link.inviter
            && known.expires_at == millis(link.invitation_expires);
        if !same {
            return Err(EnrolError::BadSignature);
        }
    }
    // No invitation lasts longer: one that seems to was never recorded anywhere.
    if link.invitation_expires > now.plus_millis(invitations::LONGEST) {
        return Err(EnrolError::Expired);
    }
    let parted: Option<i64> = tx
        .prepare_cached(
            "select max(at) from log where n <= (select at_n from fork order by epoch desc limit 1)",
        )?
        .query_row([], |row| row.get(0))?;
    if parted.is_some_and(|parted| millis(link.invitation_expires) <= parted) {
        return Err(EnrolError::Expired);
    }
    Ok(())
}
