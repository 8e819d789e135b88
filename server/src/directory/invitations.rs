//! Invitations: who may vouch for a new device of whom.
//!
//! An invitation is a key pair; the relay knows its public half, and the inviter's signature over it. A person's own
//! device may invite her next one, a teacher's those of students she teaches, an administrator's anyone's, and who
//! brings a mentor in, hers; the command line invites by the school's root key.

use fieldfolio_core::ids::{DeviceId, PersonId, Rng};
use fieldfolio_core::model::directory::{Inviter, PersonKind};
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::signing::{PublicKey, SecretKey, invitation_message};
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::Invite;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::{Serialize, Serializer};

use super::edit::{Edit, millis, moment};
use super::error::DirectoryError;
use super::mentors::{self, MentorStatus, Step};
use super::{people, school};
use crate::log::{self, Event, hex};

/// How long an invitation may last: 90 days, in milliseconds.
pub const LONGEST: u64 = 90 * 24 * 60 * 60 * 1000;
const DAY: u64 = 24 * 60 * 60 * 1000;

/// How many invitations of one person may have been made by devices, within a day, and not been used.
const OF_A_DAY: u32 = 3 * budget::OPEN_INVITATIONS;

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
    #[error(
        "{} invitations of this person are open: use one of them, or wait until one expires",
        budget::OPEN_INVITATIONS
    )]
    TooMany,
    /// There were enough of them lately.
    #[error(
        "{} invitations of this person were made within a day and not used: try again tomorrow",
        OF_A_DAY
    )]
    TooManyToday,
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
    rng: &mut dyn Rng,
) -> Result<InvitationLink, InviteError> {
    let key = SecretKey::generate(rng);
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
            if !may_invite(tx, &device, row, Step::Invites, now)? {
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
    let unused_since = |since: i64| -> rusqlite::Result<u32> {
        tx.prepare_cached(
            "select count(*) from invitation
             where person = ?1 and used_by is null and expires_at > ?2 and cancelled_n is null",
        )?
        .query_row((row, since), |row| row.get(0))
    };
    if unused_since(millis(now))? >= budget::OPEN_INVITATIONS {
        return Err(InviteError::TooMany);
    }
    if inviter.is_some() && unused_since(millis(now).saturating_sub(DAY.cast_signed()))? >= OF_A_DAY {
        return Err(InviteError::TooManyToday);
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
    let inviter = inviter.map_or(Inviter::Root, Inviter::Device);
    log::append(tx, now, by, &Event::DeviceInvited { person: invite.person, inviter })?;
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
            "select person.row, person.id, kinds, key, revoked_n is not null or locked_at is not null
             from device join person on person.row = device.person where device.id = ?1",
        )?
        .query_row([device.as_bytes()], |row| {
            let administrator = people::kinds(row.get(2)?).contains(&PersonKind::Administrator);
            let person = row.get::<_, PersonId>(1)?;
            let key = row.get::<_, PublicKey>(3)?;
            Ok((InvitingDevice { row: row.get(0)?, person, administrator, key }, row.get(4)?))
        })
        .optional()?;
    match found {
        None => Err(InviteError::UnknownDevice),
        Some((_, true)) => Err(InviteError::Revoked),
        Some((device, false)) => Ok(device),
    }
}

/// The one rule for every way in which a device comes to be somebody's, by an invitation or back after its log was lost:
/// may whoever invited vouch for the invited now? The school's root key may; of a device, its person's right counts.
pub(super) fn may_vouch(
    conn: &Connection,
    inviter: Inviter,
    invited: i64,
    now: Timestamp,
) -> Result<bool, InviteError> {
    match inviter {
        Inviter::Root => Ok(true),
        Inviter::Device(device) => match inviting_device(conn, device) {
            Ok(device) => Ok(may_invite(conn, &device, invited, Step::Enrols, now)?),
            Err(InviteError::UnknownDevice | InviteError::Revoked) => Ok(false),
            Err(error) => Err(error),
        },
    }
}

/// The person herself, an administrator, who teaches her if she is a student and nothing else, who brought her in if she
/// is a mentor and nothing else. So nobody but an administrator ever vouches for staff.
fn may_invite(
    conn: &Connection,
    device: &InvitingDevice,
    invited: i64,
    step: Step,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    // Who is only proposed has the one device that she was invited with: nobody who got hold of her link stays beside her.
    let own = device.row == invited && mentors::status(conn, invited, now)? != MentorStatus::Expected;
    Ok(own
        || device.administrator
        || teaches(conn, device.row, invited)?
        || mentors::vouches(conn, (device.row, invited), step, now)?)
}

/// Does this person, by her row, teach or advise a student now?
pub(crate) fn teaches(conn: &Connection, teacher: i64, student: i64) -> rusqlite::Result<bool> {
    // Teaching or advising her now; a row that someone granted is no vouching. And only for who is a student and nothing
    // else: a learner who also keeps the directory is not her teacher's to sign in.
    conn.prepare_cached(
        "select exists (
           select 1 from folio join circle on circle.folio = folio.id
           where folio.student = ?1 and circle.person = ?2 and role = 'teacher' and ended_n is null
             and (reason = 'advisor' or reason like 'class %')
         ) and not exists (select 1 from denial where student = ?1 and person = ?2)
           and (select kinds from person where row = ?1) = ?3",
    )?
    .query_row((student, teacher, 1i64 << PersonKind::Student as i64), |row| row.get(0))
}

/// An invitation that can still be used, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// Its public key: what `fieldfolio invitation cancel` takes, in hexadecimal.
    #[serde(serialize_with = "as_hex")]
    pub key: PublicKey,
    /// Whose device it would make.
    pub person: PersonId,
    /// The device that made it; none for the school.
    pub invited_by: Option<DeviceId>,
    /// Until when.
    pub expires: Timestamp,
}

impl Open {
    /// Its key in hexadecimal.
    pub fn key_text(&self) -> String {
        hex::write(self.key.as_bytes())
    }
}

fn as_hex<S: Serializer>(key: &PublicKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::write(key.as_bytes()))
}

/// The invitations that can be used now: of one person, or of everybody.
pub fn open(
    conn: &Connection,
    person: Option<PersonId>,
    now: Timestamp,
) -> Result<Vec<Open>, DirectoryError> {
    let row = person.map(|person| people::row_of(conn, person)).transpose()?;
    let mut statement = conn.prepare(
        "select key, p.id, inviter, expires_at from invitation i join person p on p.row = i.person
         where used_by is null and cancelled_n is null and expires_at > ?1 and (?2 is null or i.person = ?2)
         order by expires_at, key",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Open {
            key: row.get::<_, PublicKey>(0)?,
            person: row.get::<_, PersonId>(1)?,
            invited_by: row.get::<_, Option<_>>(2)?.map(DeviceId::from_bytes),
            expires: moment(row.get(3)?),
        })
    };
    Ok(statement.query_map((millis(now), row), read)?.collect::<Result<_, _>>()?)
}

/// Makes an open invitation worthless. Its key in hexadecimal, or the beginning of it that no other open one has.
pub fn cancel(edit: &Edit<'_>, key: &str) -> Result<Open, DirectoryError> {
    let key = key.trim().to_lowercase();
    let unknown = || DirectoryError::Unknown { kind: "invitation", text: key.chars().take(64).collect() };
    let mut found = open(edit.tx, None, edit.now)?;
    found.retain(|one| key.len() >= 8 && one.key_text().starts_with(&key));
    let [one] = found.as_slice() else { return Err(unknown()) };
    cancel_key(edit, one.key)?;
    Ok(one.clone())
}

/// Cancels every open invitation of a person, and those that her devices made for others; how many.
pub fn cancel_of(edit: &Edit<'_>, person: PersonId) -> Result<usize, DirectoryError> {
    let row = people::row_of(edit.tx, person)?;
    let hers: Vec<DeviceId> = edit
        .tx
        .prepare_cached("select id from device where person = ?1")?
        .query_map([row], |row| row.get(0).map(DeviceId::from_bytes))?
        .collect::<Result<_, _>>()?;
    let mut found = open(edit.tx, None, edit.now)?;
    found.retain(|one| one.person == person || one.invited_by.is_some_and(|by| hers.contains(&by)));
    found.iter().try_for_each(|one| cancel_key(edit, one.key))?;
    Ok(found.len())
}

/// The same by the whole key, as what is known of a log that is lost says it. What is not here is no invitation.
pub(crate) fn cancel_key(edit: &Edit<'_>, key: PublicKey) -> Result<(), DirectoryError> {
    let is_open = edit
        .tx
        .prepare_cached(
            "select 1 from invitation where key = ?1 and used_by is null and cancelled_n is null",
        )?
        .exists([key.as_bytes()])?;
    if is_open {
        let n = edit.event(&Event::InvitationCancelled { invitation: key })?;
        let sql = "update invitation set cancelled_n = ?2 where key = ?1";
        edit.tx.execute(sql, (key.as_bytes(), n.cast_signed()))?;
    }
    Ok(())
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
