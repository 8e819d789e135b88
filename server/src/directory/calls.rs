//! What people change in the directory from their devices: who may, and what she is told where she may not.
//!
//! An id that is not there and one that is not hers to change are refused in the same words.

use fieldfolio_core::ids::{DeviceId, FolioId, PersonId};
use fieldfolio_core::model::role::Role;
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::{
    DirectoryCall, EndPart, GrantPart, MAX_OUTCOMES, RevokeDevice, RevokedDevice, StartProject,
};
use rusqlite::{Connection, Transaction};

use super::circles::{self, Grant};
use super::invitations::{self, InviteError};
use super::names::words;
use super::projects::{self, Draft};
use super::{DirectoryError, Edit, devices, mentors, millis, people};
use crate::database::DatabaseError;

/// Why a call was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// She may not, or it can't be.
    #[error("{0}")]
    Refused(&'static str),
    /// Her room is used up.
    #[error(
        "all of the {limit} bytes that the school keeps of one person's work and calls are used: ask it for more"
    )]
    UsedUp {
        /// How many.
        limit: u64,
    },
    /// The directory's own rules.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The rules of invitations.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// SQLite failed.
    #[error("the relay's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl AskError {
    /// A failure of the relay, which is not the caller's to know, if this is one.
    pub fn failure(self) -> Result<Self, rusqlite::Error> {
        match self {
            AskError::Sqlite(error)
            | AskError::Directory(
                DirectoryError::Sqlite(error) | DirectoryError::Database(DatabaseError::Sqlite(error)),
            )
            | AskError::Invite(InviteError::Sqlite(error)) => Err(error),
            AskError::Directory(
                error @ (DirectoryError::Database(_)
                | DirectoryError::Broken(_)
                | DirectoryError::File { .. }),
            )
            | AskError::Invite(InviteError::Directory(error)) => {
                Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
            }
            refused => Ok(refused),
        }
    }
}

/// Carries a call out as a whole, or changes nothing.
pub fn whole<T>(
    tx: &Transaction<'_>,
    call: impl FnOnce() -> Result<T, AskError>,
) -> rusqlite::Result<Result<T, AskError>> {
    tx.execute_batch("savepoint call")?;
    match call().map_err(AskError::failure) {
        Ok(done) => {
            tx.execute_batch("release call")?;
            Ok(Ok(done))
        }
        Err(Ok(refused)) => {
            tx.execute_batch("rollback to call; release call")?;
            Ok(Err(refused))
        }
        Err(Err(failed)) => Err(failed),
    }
}

/// What a call that was carried out is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// It is done, and these devices deserve a look.
    Revoked(RevokedDevice),
}

/// Carries out what `edit.by` asks from this device, or says why not: the one table of calls.
pub fn carry_out(edit: &Edit<'_>, device: DeviceId, call: &DirectoryCall) -> Result<Answer, AskError> {
    match call {
        DirectoryCall::Invite(invite) => {
            invitations::record_invitation(edit.tx, edit.now, Some(device), invite)?;
        }
        DirectoryCall::InviteMentor(invite) => mentors::invite(edit, device, invite)?,
        DirectoryCall::ConfirmMentor(proposed) => mentors::confirm(edit, proposed)?,
        DirectoryCall::DeclineMentor(proposed) => mentors::decline(edit, proposed)?,
        DirectoryCall::GrantPart(part) => grant(edit, part)?,
        DirectoryCall::EndPart(part) => end(edit, part)?,
        DirectoryCall::StartProject(project) => start_project(edit, project)?,
        DirectoryCall::RevokeDevice(device) => return Ok(Answer::Revoked(revoke(edit, device)?)),
        DirectoryCall::ReleaseHeld(_) => {
            return Err(AskError::Refused("what is held back is released through the gate"));
        }
    }
    Ok(Answer::Done)
}

/// Is a call refused while the caller's room is used up? What takes something away never is, nor a device of hers or of a
/// student.
const fn needs_room(call: &DirectoryCall) -> bool {
    match call {
        DirectoryCall::InviteMentor(_)
        | DirectoryCall::ConfirmMentor(_)
        | DirectoryCall::GrantPart(_)
        | DirectoryCall::StartProject(_) => true,
        DirectoryCall::Invite(_)
        | DirectoryCall::DeclineMentor(_)
        | DirectoryCall::EndPart(_)
        | DirectoryCall::RevokeDevice(_)
        | DirectoryCall::ReleaseHeld(_) => false,
    }
}

/// The device may still ask: it was not revoked, nor its person locked, while the call waited for its turn.
pub fn must_still_be_known(edit: &Edit<'_>, device: DeviceId) -> Result<(), AskError> {
    match devices::may_act(edit.tx, device, edit.now)? {
        true => Ok(()),
        false => Err(AskError::Refused("this device was revoked: ask the school for a new invitation")),
    }
}

/// What a call leaves in the log and in circles is the caller's, like what she writes.
pub fn charge(edit: &Edit<'_>, call: &DirectoryCall) -> Result<(), AskError> {
    let person = asker(edit)?;
    let (used, limit): (i64, Option<i64>) = edit
        .tx
        .prepare_cached("select used_bytes, record_limit from person where row = ?1")?
        .query_row([person], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let limit = limit.map_or(budget::PERSON_BYTES, i64::cast_unsigned);
    if used.cast_unsigned() > limit && needs_room(call) {
        return Err(AskError::UsedUp { limit });
    }
    edit.tx
        .prepare_cached("update person set used_bytes = used_bytes + ?2 where row = ?1")?
        .execute((person, budget::CALL_BYTES.cast_signed()))?;
    Ok(())
}

pub(super) const NOT_HER_TEACHER: &str =
    "only a teacher of this folio can do this: ask one of the student's teachers";

/// The row of who asks.
pub(super) fn asker(edit: &Edit<'_>) -> Result<i64, AskError> {
    let by = edit.by.ok_or(AskError::Refused("nobody asked"))?;
    Ok(people::row_of(edit.tx, by)?)
}

/// Has this person, by her row, the part of a teacher in this folio now?
pub(super) fn is_teacher(edit: &Edit<'_>, folio: FolioId, person: i64) -> rusqlite::Result<bool> {
    edit.tx
        .prepare_cached(
            "select 1 from circle c join folio f on f.id = c.folio
             where c.folio = ?1 and c.person = ?2 and c.role = 'teacher' and c.ended_n is null
             and (c.expires_at is null or c.expires_at > ?3)
             and not exists (select 1 from denial d where d.student = f.student and d.person = c.person)",
        )?
        .exists((folio.as_bytes(), person, millis(edit.now)))
}

pub(super) fn must_be_teacher(edit: &Edit<'_>, folio: FolioId) -> Result<i64, AskError> {
    let person = asker(edit)?;
    match is_teacher(edit, folio, person)? {
        true => Ok(person),
        false => Err(AskError::Refused(NOT_HER_TEACHER)),
    }
}

const PARTS: &str =
    "a teacher grants the parts of reader, peer and mentor; other parts follow from classes and families";

fn is_a_part(role: Role) -> Result<(), AskError> {
    match role {
        Role::Reader | Role::Peer | Role::Mentor => Ok(()),
        Role::Owner | Role::Teacher | Role::Group | Role::Guardian => Err(AskError::Refused(PARTS)),
    }
}

/// A teacher of a folio grants a part in it.
pub fn grant(edit: &Edit<'_>, frame: &GrantPart) -> Result<(), AskError> {
    must_be_teacher(edit, frame.folio)?;
    is_a_part(frame.role)?;
    if edit.by == Some(frame.person) {
        return Err(AskError::Refused("nobody grants herself a part: ask another teacher"));
    }
    let person = known(edit.tx, frame.person)?;
    if frame.role == Role::Mentor {
        mentors::must_have_room(edit, frame.folio, person)?;
    }
    if frame.role == Role::Mentor {
        // Whoever was proposed for this folio is no longer only that.
        edit.tx.execute(
            "update mentor set confirmed = 1 where folio = ?1 and person = ?2",
            (frame.folio.as_bytes(), person),
        )?;
    }
    let GrantPart { folio, person, role, may_write, expires } = *frame;
    circles::grant(edit, &Grant { folio, person, role, may_write, expires })?;
    Ok(())
}

fn known(conn: &Connection, person: PersonId) -> Result<i64, AskError> {
    match people::row_of(conn, person) {
        Err(DirectoryError::Unknown { .. }) => {
            Err(AskError::Refused("there is no such person in this school: ask whoever keeps its directory"))
        }
        row => Ok(row?),
    }
}

/// A teacher of a folio ends a part that was granted in it. One that has ended already stays so.
pub fn end(edit: &Edit<'_>, frame: &EndPart) -> Result<(), AskError> {
    must_be_teacher(edit, frame.folio)?;
    is_a_part(frame.role)?;
    known(edit.tx, frame.person)?;
    let rows = circles::list(edit.tx, frame.folio, edit.now)?;
    let mut hers = rows.iter().filter(|row| row.person == frame.person && row.role == frame.role).peekable();
    if hers.peek().is_none() {
        return Ok(());
    }
    if hers.all(|row| row.reason != super::derivation::GRANTED) {
        return Err(AskError::Refused(
            "this part was not granted: it follows from a class, and ends with it",
        ));
    }
    Ok(circles::end(edit, frame.folio, frame.person, frame.role)?)
}

/// A teacher starts a project for a class she teaches. The same again is known.
pub fn start_project(edit: &Edit<'_>, frame: &StartProject) -> Result<(), AskError> {
    let person = asker(edit)?;
    let teaches = edit
        .tx
        .prepare_cached(
            "select 1 from class_member
             where class = ?1 and person = ?2 and role = 'teacher' and removed_at is null",
        )?
        .exists((frame.class.as_bytes(), person))?;
    if !teaches {
        return Err(AskError::Refused("only a teacher of this class can start a project for it"));
    }
    if frame.outcomes.len() > MAX_OUTCOMES {
        return Err(AskError::Refused("a project aims at 200 outcomes at most"));
    }
    match projects::project(edit.tx, frame.project) {
        Ok(there) => {
            let same = there.class == Some(frame.class)
                && there.framework == frame.framework
                && there.outcomes == frame.outcomes
                && there.title == words("a project's title", &frame.title, 200)?
                && there.brief == frame.brief.trim();
            match same {
                true => Ok(()),
                false => Err(AskError::Refused("there is another project under this id: start it anew")),
            }
        }
        Err(DirectoryError::Unknown { .. }) => {
            let outcomes: Vec<String> = frame.outcomes.iter().map(ToString::to_string).collect();
            let draft = Draft {
                class: frame.class,
                title: &frame.title,
                brief: &frame.brief,
                framework: frame.framework,
                outcomes: &outcomes,
            };
            match projects::add_as(edit, frame.project, &draft) {
                Err(DirectoryError::Unknown { .. }) => Err(AskError::Refused(
                    "the school has no such framework or outcome: sync and choose again",
                )),
                done => Ok(done?),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// A person revokes a device of her own, or a teacher one of a student she teaches.
pub fn revoke(edit: &Edit<'_>, frame: &RevokeDevice) -> Result<RevokedDevice, AskError> {
    let person = asker(edit)?;
    let refused = AskError::Refused("only its person or a teacher of hers can revoke a device");
    let Some(record) = devices::record(edit.tx, frame.device)? else { return Err(refused) };
    let owner = people::row_of(edit.tx, record.person)?;
    if owner != person && !invitations::teaches(edit.tx, person, owner)? {
        return Err(refused);
    }
    let vouched_for = match record.revoked_at {
        Some(_) => devices::vouched_for(edit.tx, frame.device)?,
        None => devices::revoke(edit, frame.device)?,
    };
    let ids: Vec<DeviceId> = vouched_for.into_iter().map(|device| device.id).collect();
    Ok(RevokedDevice { vouched_for: ids })
}
