//! Mentors whom a teacher or a student brings in by a device.
//!
//! A teacher's word gives the part at once. A student's is a proposal: the mentor's device can be enrolled by it, and
//! sees nothing until a teacher of the folio confirms.

use fieldfolio_core::ids::{DeviceId, FolioId, PersonId};
use fieldfolio_core::model::directory::{PersonKind, Proposed};
use fieldfolio_core::model::role::Role;
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::{InviteMentor, ProposedMentor};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::calls::{AskError, NOT_HER_TEACHER, asker, is_teacher, must_be_teacher};
use super::circles::{self, Grant};
use super::invitations::record_invitation;
use super::names::words;
use super::{DirectoryError, Edit, derivation, folios, millis, moment, people};
use crate::log::Event;
use crate::visibility;

/// How long a mentor's part may last: a year, in milliseconds.
pub const LONGEST: u64 = 366 * 24 * 60 * 60 * 1000;

/// Brings a mentor in: with her part by a teacher of the folio, as a proposal by its owner. The same again changes
/// nothing.
pub fn invite(edit: &Edit<'_>, device: DeviceId, frame: &InviteMentor) -> Result<(), AskError> {
    let by = asker(edit)?;
    let (folio, person) = (frame.folio, frame.invite.person);
    let Some((student, in_project)) = folios::of(edit.tx, folio)? else {
        return Err(AskError::Refused(NOT_HER_TEACHER));
    };
    let teaches = is_teacher(edit, folio, by)?;
    if !teaches && student != by {
        return Err(AskError::Refused(NOT_HER_TEACHER));
    }
    if !in_project {
        return Err(AskError::Refused("a mentor accompanies a project: choose a project's folio, not home"));
    }
    let name = words("a mentor's name", &frame.name, 100)?;
    match of(edit.tx, person)? {
        Some(there) if there == (folio, by, millis(frame.until), name.clone()) => {
            return Ok(record_invitation(edit.tx, edit.now, Some(device), &frame.invite)?);
        }
        Some(_) => return Err(AskError::Refused("this id is somebody else's: invite her anew")),
        None if people::row_of(edit.tx, person).is_ok() => {
            return Err(AskError::Refused("this id is somebody else's: invite her anew"));
        }
        None => {}
    }
    if frame.until <= edit.now || frame.until > edit.now.plus_millis(LONGEST) {
        return Err(AskError::Refused(
            "a mentor's part lasts from now to a year at most: choose another end",
        ));
    }
    if frame.invite.expires > frame.until {
        return Err(AskError::Refused("an invitation ends with the part it is for: let it end sooner"));
    }
    if !teaches && proposals_of(edit.tx, by)? >= budget::PROPOSALS {
        return Err(AskError::Refused(
            "you have proposed 20 mentors whom no teacher confirmed: ask a teacher to bring her in",
        ));
    }
    people::add_as(edit, person, &name, &[PersonKind::Mentor])?;
    let row = people::row_of(edit.tx, person)?;
    must_have_room(edit, folio, row)?;
    edit.tx.execute(
        "insert into mentor (folio, person, brought_by, until, confirmed) values (?1, ?2, ?3, ?4, ?5)",
        (folio.as_bytes(), row, by, millis(frame.until), teaches),
    )?;
    let n = edit.event(&match teaches {
        true => Event::MentorBrought { folio, person },
        false => Event::MentorProposed { folio, person },
    })?;
    visibility::folio_changed(edit.tx, folio, n)?;
    if teaches {
        give(edit, folio, person, millis(frame.until))?;
    }
    Ok(record_invitation(edit.tx, edit.now, Some(device), &frame.invite)?)
}

/// A teacher turns a proposal into the part. One that was confirmed before stays as it is.
pub fn confirm(edit: &Edit<'_>, frame: &ProposedMentor) -> Result<(), AskError> {
    must_be_teacher(edit, frame.folio)?;
    let Some((until, confirmed)) = proposal(edit.tx, frame)? else {
        return Err(AskError::Refused("nobody proposed her for this folio: sync and look again"));
    };
    if confirmed {
        return Ok(());
    }
    if until <= millis(edit.now) {
        return Err(AskError::Refused("the time she was proposed for is over: invite her anew"));
    }
    edit.tx.execute(
        "update mentor set confirmed = 1
         where folio = ?1 and person = (select row from person where id = ?2)",
        (frame.folio.as_bytes(), frame.person.as_bytes()),
    )?;
    edit.event(&Event::MentorConfirmed { folio: frame.folio, person: frame.person })?;
    give(edit, frame.folio, frame.person, until)
}

/// Mentors whom this person proposed and no teacher confirmed, ever: she is somebody in the directory all the same.
fn proposals_of(conn: &Connection, by: i64) -> rusqlite::Result<u32> {
    conn.prepare_cached(
        "select count(*) from person p where p.named_by = ?1
         and not exists (select 1 from mentor m where m.person = p.row and m.confirmed)",
    )?
    .query_row([by], |row| row.get(0))
}

/// A teacher declines a proposal. One that is gone already stays so.
pub fn decline(edit: &Edit<'_>, frame: &ProposedMentor) -> Result<(), AskError> {
    must_be_teacher(edit, frame.folio)?;
    withdraw(edit, frame)
}

/// Takes a proposal out by what is known of a log that is lost.
pub(crate) fn withdraw_again(edit: &Edit<'_>, frame: &ProposedMentor) -> Result<(), DirectoryError> {
    match withdraw(edit, frame) {
        Err(AskError::Sqlite(error)) => Err(error.into()),
        Err(AskError::Directory(error)) => Err(error),
        // One that has become a part ends by the line that ends it.
        Ok(()) | Err(AskError::Refused(_) | AskError::UsedUp { .. } | AskError::Invite(_)) => Ok(()),
    }
}

fn withdraw(edit: &Edit<'_>, frame: &ProposedMentor) -> Result<(), AskError> {
    match proposal(edit.tx, frame)? {
        None => return Ok(()),
        Some((_, true)) => {
            return Err(AskError::Refused("she is a mentor here already: end her part instead"));
        }
        Some((_, false)) => {}
    }
    edit.tx.execute(
        "delete from mentor where folio = ?1 and person = (select row from person where id = ?2)",
        (frame.folio.as_bytes(), frame.person.as_bytes()),
    )?;
    let n = edit.event(&Event::MentorDeclined { folio: frame.folio, person: frame.person })?;
    Ok(visibility::folio_changed(edit.tx, frame.folio, n)?)
}

fn give(edit: &Edit<'_>, folio: FolioId, person: PersonId, until: i64) -> Result<(), AskError> {
    let expires = Some(moment(until));
    circles::grant(edit, &Grant { folio, person, role: Role::Mentor, may_write: false, expires })?;
    Ok(())
}

/// Has the folio room for this mentor besides those who are there or proposed?
pub(super) fn must_have_room(edit: &Edit<'_>, folio: FolioId, person: i64) -> Result<(), AskError> {
    let there: u32 = edit.tx.query_row(
        "select count(*) from (
             select person from mentor where folio = ?1 and not confirmed and until > ?3 and person <> ?2
             union select person from circle
                 where folio = ?1 and role = 'mentor' and ended_n is null and person <> ?2)",
        (folio.as_bytes(), person, millis(edit.now)),
        |row| row.get(0),
    )?;
    match there < budget::MENTORS_OF_A_FOLIO {
        true => Ok(()),
        false => Err(AskError::Refused("this folio has 20 mentors and proposals: end or decline one first")),
    }
}

/// Who is proposed for a folio and not confirmed, while that can still be done.
pub fn proposed(conn: &Connection, folio: FolioId, now: Timestamp) -> rusqlite::Result<Vec<Proposed>> {
    conn.prepare_cached(
        "select p.id, p.name, b.id, m.until from mentor m
         join person p on p.row = m.person join person b on b.row = m.brought_by
         where m.folio = ?1 and not m.confirmed and m.until > ?2 order by p.id",
    )?
    .query_map((folio.as_bytes(), millis(now)), |row| {
        Ok(Proposed {
            person: PersonId::from_bytes(row.get(0)?),
            name: row.get(1)?,
            by: PersonId::from_bytes(row.get(2)?),
            until: moment(row.get(3)?),
        })
    })?
    .collect()
}

/// At which step of an invitation somebody vouches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// She makes it.
    Invites,
    /// A device is enrolled by it, or comes back under it.
    Enrols,
}

/// Does this person, by her row, vouch for a device of a mentor whom she brought in? Only for who is a mentor and nothing
/// else, while she herself is the folio's teacher or owner and the part, or the proposal of it, is not over. An owner
/// vouches for the first device ever, and makes no invitation once a teacher has confirmed: from then on the mentor
/// invites her next one herself.
pub(super) fn vouches(
    conn: &Connection,
    (inviter, invited): (i64, i64),
    step: Step,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "select 1 from mentor m join folio f on f.id = m.folio
         join circle c on c.folio = m.folio and c.person = m.brought_by and c.ended_n is null
         where m.person = ?1 and m.brought_by = ?2 and m.until > ?5
           and (select kinds from person where row = ?1) = ?3
           and not exists (select 1 from denial d where d.student = f.student and d.person = ?2)
           and (not m.confirmed or exists (
                select 1 from circle t where t.folio = m.folio and t.person = ?1 and t.ended_n is null))
           and (c.role = 'teacher' or c.role = 'owner' and (not m.confirmed or ?4)
                and not exists (select 1 from device where person = ?1))",
    )?
    .exists((invited, inviter, people::bits(&[PersonKind::Mentor]), step == Step::Enrols, millis(now)))
}

/// How long after its last part a mentor's token lives: to deliver, to learn and to purge. 30 days, in milliseconds.
pub const FAREWELL: u64 = derivation::FORMER_TEACHER;

/// Where a mentor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// She has a part in a circle; or she is somebody else, too.
    Here,
    /// She is proposed, or was named by the school and has no part yet: she sees and begins nothing.
    Expected,
    /// Her last part ended less than [`FAREWELL`] ago.
    Leaving,
    /// It is longer ago, or she was declined.
    Gone,
}

/// Where a person, by her row, stands as a mentor.
pub fn standing(conn: &Connection, person: i64, now: Timestamp) -> rusqlite::Result<Standing> {
    let (kinds, named_by): (i64, Option<i64>) = conn
        .prepare_cached("select kinds, named_by from person where row = ?1")?
        .query_row([person], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if kinds != people::bits(&[PersonKind::Mentor]) {
        return Ok(Standing::Here);
    }
    // When each of her parts ends, or ended; and so of proposals.
    let last_part: Option<i64> = conn
        .prepare_cached(
            "select max(min(coalesce(c.expires_at, ?2), coalesce(l.at, ?2))) from circle c
             left join log l on l.n = c.ended_n where c.person = ?1",
        )?
        .query_row((person, i64::MAX), |row| row.get(0))?;
    let proposed: Option<i64> = conn
        .prepare_cached("select max(until) from mentor where person = ?1 and not confirmed")?
        .query_row([person], |row| row.get(0))?;
    let now = millis(now);
    Ok(match (last_part, proposed) {
        (Some(end), _) if end > now => Standing::Here,
        (_, Some(until)) if until > now => Standing::Expected,
        (Some(end), _) if end.saturating_add(FAREWELL.cast_signed()) > now => Standing::Leaving,
        (None, None) if named_by.is_none() => Standing::Expected,
        _ => Standing::Gone,
    })
}

/// May this person begin anything: declare, place, bring files?
pub fn may_begin(conn: &Connection, person: i64, now: Timestamp) -> rusqlite::Result<bool> {
    Ok(standing(conn, person, now)? == Standing::Here)
}

/// Until when someone is proposed, and whether a teacher confirmed it.
fn proposal(conn: &Connection, of: &ProposedMentor) -> rusqlite::Result<Option<(i64, bool)>> {
    conn.prepare_cached(
        "select until, confirmed from mentor join person on person.row = mentor.person
         where folio = ?1 and person.id = ?2",
    )?
    .query_row((of.folio.as_bytes(), of.person.as_bytes()), |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}

/// How a mentor was brought in: the folio, by whom, until when, under which name.
fn of(conn: &Connection, person: PersonId) -> rusqlite::Result<Option<(FolioId, i64, i64, String)>> {
    conn.prepare_cached(
        "select folio, brought_by, until, name from mentor join person on person.row = mentor.person
         where person.id = ?1",
    )?
    .query_row([person.as_bytes()], |row| {
        Ok((FolioId::from_bytes(row.get(0)?), row.get(1)?, row.get(2)?, row.get(3)?))
    })
    .optional()
}
