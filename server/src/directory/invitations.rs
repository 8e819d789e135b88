//! Invitations: who may vouch for a new device of whom.
//!
//! An invitation is a key pair; the relay knows its public half, and the inviter's signature over it. A person's own
//! device may invite her next one, a teacher's those of students she teaches, an administrator's anyone's, and who
//! brings a mentor in, hers; the command line invites by the school's root key.

use fieldfolio_core::ids::{Chance, DeviceId, PersonId};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::signing::{PublicKey, SecretKey, invitation_message};
use fieldfolio_core::sync::wire::Invite;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{DirectoryError, Edit, mentors, millis, people, school};
use crate::database::{self, Event};

/// How long an invitation may last: 90 days, in milliseconds.
pub const LONGEST: u64 = 90 * 24 * 60 * 60 * 1000;
/// How many invitations of one person may be open at a time.
pub const MOST_OPEN: u32 = 20;

/// Why an invitation was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The inviting device isn't known.
    #[error("this device is not enrolled in this school: enrol it first")]
    UnknownDevice,
    /// The inviting device is revoked.
    #[error("this device was revoked: it can't invite others")]
    Revoked,
    /// There is no such person.
    #[error("there is no such person in this school: ask whoever keeps its directory to add her")]
    UnknownPerson,
    /// The inviter may not invite this person.
    #[error("only the person herself, a teacher of hers, or an administrator can invite a device of hers")]
    Refused,
    /// It ends too late, or has ended.
    #[error("an invitation lasts from now to 90 days at most: choose another end")]
    Expiry,
    /// There are enough open ones.
    #[error("{MOST_OPEN} invitations of this person are open: use one of them, or wait until one expires")]
    TooMany,
    /// The signature isn't the inviter's.
    #[error("the inviter's signature does not match: make a new invitation")]
    BadSignature,
    /// The key belongs to another invitation.
    #[error("this invitation's key was used before: make a new invitation")]
    Taken,
    /// The school can't be read.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// SQLite failed.
    #[error("the relay's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// Invites a device of a person by the school's root key, for `lifetime` milliseconds.
pub fn invite(
    edit: &Edit<'_>,
    person: PersonId,
    lifetime: u64,
    root: &SecretKey,
    relay: &str,
    chance: &mut dyn Chance,
) -> Result<InvitationLink, InviteError> {
    let key = SecretKey::generate(chance);
    let school = school::id(edit.tx)?;
    let expires = edit.now.plus_millis(lifetime);
    let signature = root.sign(&invitation_message(school, &key.public(), person, expires));
    let invite = Invite { invitation: key.public(), person, expires, signature };
    record_invitation(edit.tx, edit.now, None, &invite)?;
    Ok(InvitationLink {
        relay: relay.to_owned(),
        pin: None,
        school,
        root: root.public(),
        person,
        key,
        expires,
    })
}

/// Records an invitation that a device made, or the school's root key for none. The same one again changes nothing.
pub fn record_invitation(
    tx: &Transaction<'_>,
    now: Timestamp,
    inviter: Option<DeviceId>,
    invite: &Invite,
) -> Result<(), InviteError> {
    let row = match people::row_of(tx, invite.person) {
        Err(DirectoryError::Unknown { .. }) => return Err(nobody(tx, inviter)?),
        row => row?,
    };
    let (key, by) = match inviter {
        None => (school::root(tx)?, None),
        Some(device) => {
            let device = inviting_device(tx, device)?;
            if !may_invite(tx, &device, row)? {
                return Err(InviteError::Refused);
            }
            (device.key, Some(device.person))
        }
    };
    let message = invitation_message(school::id(tx)?, &invite.invitation, invite.person, invite.expires);
    key.verify(&message, &invite.signature).map_err(|_| InviteError::BadSignature)?;
    if is_known(tx, inviter, row, invite)? {
        return Ok(());
    }
    if invite.expires <= now || invite.expires > now.plus_millis(LONGEST) {
        return Err(InviteError::Expiry);
    }
    let open: u32 = tx.query_row(
        "select count(*) from invitation where person = ?1 and expires_at > ?2 and used_by is null",
        (row, millis(now)),
        |row| row.get(0),
    )?;
    if open >= MOST_OPEN {
        return Err(InviteError::TooMany);
    }
    tx.execute(
        "insert into invitation (key, person, expires_at, inviter, signature) values (?1, ?2, ?3, ?4, ?5)",
        (
            invite.invitation.as_bytes(),
            row,
            millis(invite.expires),
            inviter.map(|device| *device.as_bytes()),
            invite.signature.as_bytes(),
        ),
    )?;
    let from = inviter.map_or("root".to_owned(), |device| format!("device {device}"));
    let subject = format!("person {} by {from}", invite.person);
    database::append(tx, now, &Event { kind: "invite", by, subject: &subject })?;
    Ok(())
}

/// Why nobody can be invited: whoever may not invite everyone is told no more than of somebody who isn't hers.
fn nobody(conn: &Connection, inviter: Option<DeviceId>) -> Result<InviteError, InviteError> {
    Ok(match inviter {
        Some(device) if !inviting_device(conn, device)?.administrator => InviteError::Refused,
        Some(_) | None => InviteError::UnknownPerson,
    })
}

struct InvitingDevice {
    row: i64,
    person: PersonId,
    administrator: bool,
    key: PublicKey,
}

fn inviting_device(conn: &Connection, device: DeviceId) -> Result<InvitingDevice, InviteError> {
    let found = conn
        .prepare_cached(
            "select person.row, person.id, kinds, key, revoked_n is not null
             from device join person on person.row = device.person where device.id = ?1",
        )?
        .query_row([device.as_bytes()], |row| {
            let administrator = people::kinds(row.get(2)?).contains(&PersonKind::Administrator);
            let person = PersonId::from_bytes(row.get(1)?);
            let key = PublicKey::from_bytes(row.get(3)?);
            Ok((InvitingDevice { row: row.get(0)?, person, administrator, key }, row.get(4)?))
        })
        .optional()?;
    match found {
        None => Err(InviteError::UnknownDevice),
        Some((_, true)) => Err(InviteError::Revoked),
        Some((device, false)) => Ok(device),
    }
}

/// May whoever made an invitation with this device still vouch for the invited?
pub(super) fn still_vouches(conn: &Connection, device: DeviceId, invited: i64) -> Result<bool, InviteError> {
    match inviting_device(conn, device) {
        Ok(device) => Ok(may_invite(conn, &device, invited)?),
        Err(InviteError::UnknownDevice | InviteError::Revoked) => Ok(false),
        Err(error) => Err(error),
    }
}

fn may_invite(conn: &Connection, device: &InvitingDevice, invited: i64) -> rusqlite::Result<bool> {
    Ok(device.row == invited
        || device.administrator
        || teaches(conn, device.row, invited)?
        || mentors::vouches(conn, device.row, invited)?)
}

/// Does this person, by her row, teach or advise a student now?
pub(super) fn teaches(conn: &Connection, teacher: i64, student: i64) -> rusqlite::Result<bool> {
    // Teaching or advising her now; a row that someone granted is no vouching. And only for who is a student and nothing
    // else: a learner who also keeps the directory is not her teacher's to sign in.
    conn.prepare_cached(
        "select exists (
           select 1 from circle join folio on folio.id = circle.folio
           where folio.student = ?1 and circle.person = ?2 and role = 'teacher' and ended_n is null
             and (reason = 'advisor' or reason like 'class %')
         ) and not exists (select 1 from denial where student = ?1 and person = ?2)
           and (select kinds from person where row = ?1) = ?3",
    )?
    .query_row((student, teacher, 1i64 << PersonKind::Student as i64), |row| row.get(0))
}

fn is_known(
    conn: &Connection,
    inviter: Option<DeviceId>,
    person: i64,
    invite: &Invite,
) -> Result<bool, InviteError> {
    let found: Option<(i64, i64, Option<[u8; 16]>)> = conn
        .prepare_cached("select person, expires_at, inviter from invitation where key = ?1")?
        .query_row([invite.invitation.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match found {
        None => Ok(false),
        Some(known) if known == (person, millis(invite.expires), inviter.map(|id| *id.as_bytes())) => {
            Ok(true)
        }
        Some(_) => Err(InviteError::Taken),
    }
}
