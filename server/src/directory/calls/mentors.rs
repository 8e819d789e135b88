//! A mentor is brought in by a teacher of the folio, or proposed by its owner; a teacher confirms or declines.

use fieldfolio_core::ids::{DeviceId, FolioId, PersonId};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::role::Role;
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::{InviteMentor, ProposedMentor};
use rusqlite::{Connection, OptionalExtension};

use super::caller::{NOT_HER_TEACHER, caller, is_teacher, must_be_teacher};
use super::error::CallError;
use crate::directory::circles::{self, Grant};
use crate::directory::edit::{Edit, millis, moment};
use crate::directory::invitations::record_invitation;
use crate::directory::mentors::{self, Withdrawn};
use crate::directory::words::words;
use crate::directory::{folios, people, roster};
use crate::log::Event;
use crate::visibility;

/// How long a mentor's part may last: a year, in milliseconds.
pub const LONGEST: u64 = 366 * 24 * 60 * 60 * 1000;

/// Brings a mentor in: with her part by a teacher of the folio, as a proposal by its owner. The same again changes
/// nothing.
pub fn invite(edit: &Edit<'_>, device: DeviceId, frame: &InviteMentor) -> Result<(), CallError> {
    let by = caller(edit)?;
    let (folio, person) = (frame.folio, frame.invite.person);
    let Some((student, in_project)) = folios::of(edit.tx, folio)? else {
        return Err(CallError::Refused(NOT_HER_TEACHER));
    };
    let teaches = is_teacher(edit, folio, by)?;
    if !teaches && student != by {
        return Err(CallError::Refused(NOT_HER_TEACHER));
    }
    if !in_project {
        return Err(CallError::Refused("a mentor accompanies a project: choose a project's folio, not home"));
    }
    let name = words("a mentor's name", &frame.name, 100)?;
    match of(edit.tx, person)? {
        Some(there) if there == (folio, by, millis(frame.until), name.clone()) => {
            return Ok(record_invitation(edit.tx, edit.now, Some(device), &frame.invite)?);
        }
        Some(_) => return Err(CallError::Refused("this id is somebody else's: invite her anew")),
        None if people::row_of(edit.tx, person).is_ok() => {
            return Err(CallError::Refused("this id is somebody else's: invite her anew"));
        }
        None => {}
    }
    if frame.until <= edit.now || frame.until > edit.now.plus_millis(LONGEST) {
        return Err(CallError::Refused(
            "a mentor's part lasts from now to a year at most: choose another end",
        ));
    }
    if frame.invite.expires > frame.until {
        return Err(CallError::Refused("an invitation ends with the part it is for: let it end sooner"));
    }
    if !teaches && proposals_of(edit.tx, by)? >= budget::PROPOSALS {
        return Err(CallError::Refused(
            "you have proposed 20 mentors whom no teacher confirmed: ask a teacher to bring her in",
        ));
    }
    roster::add_as(edit, person, &name, &[PersonKind::Mentor])?;
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
pub fn confirm(edit: &Edit<'_>, frame: &ProposedMentor) -> Result<(), CallError> {
    must_be_teacher(edit, frame.folio)?;
    let Some((until, confirmed)) = mentors::proposal(edit.tx, frame)? else {
        return Err(CallError::Refused("nobody proposed her for this folio: sync and look again"));
    };
    if confirmed {
        return Ok(());
    }
    if until <= millis(edit.now) {
        return Err(CallError::Refused("the time she was proposed for is over: invite her anew"));
    }
    edit.tx.execute(
        "update mentor set confirmed = 1
         where folio = ?1 and person = (select row from person where id = ?2)",
        (frame.folio.as_bytes(), frame.person.as_bytes()),
    )?;
    edit.event(&Event::MentorConfirmed { folio: frame.folio, person: frame.person })?;
    give(edit, frame.folio, frame.person, until)
}

/// Is it the caller's own folio? Only its owner proposes mentors for it.
fn is_own(edit: &Edit<'_>, folio: FolioId) -> rusqlite::Result<bool> {
    edit.tx
        .prepare_cached(
            "select 1 from folio f join person s on s.row = f.student where f.id = ?1 and s.id = ?2",
        )?
        .exists((folio, edit.by))
}

/// Mentors whom this person proposed and no teacher confirmed, ever: she is somebody in the directory all the same.
fn proposals_of(conn: &Connection, by: i64) -> rusqlite::Result<u32> {
    conn.prepare_cached(
        "select count(*) from person p where p.named_by = ?1
         and not exists (select 1 from mentor m where m.person = p.row and m.confirmed)",
    )?
    .query_row([by], |row| row.get(0))
}

/// A teacher declines a proposal, or the owner of the folio takes hers back. One that is gone already stays so.
pub fn decline(edit: &Edit<'_>, frame: &ProposedMentor) -> Result<(), CallError> {
    if !is_own(edit, frame.folio)? {
        must_be_teacher(edit, frame.folio)?;
    }
    match mentors::withdraw(edit, frame)? {
        Withdrawn::Gone => Ok(()),
        Withdrawn::IsPart => Err(CallError::Refused("she is a mentor here already: end her part instead")),
    }
}

fn give(edit: &Edit<'_>, folio: FolioId, person: PersonId, until: i64) -> Result<(), CallError> {
    let expires = Some(moment(until));
    circles::grant(edit, &Grant { folio, person, role: Role::Mentor, may_write: false, expires })?;
    Ok(())
}

/// The folio has room for this mentor besides those who are there or proposed.
pub(super) fn must_have_room(edit: &Edit<'_>, folio: FolioId, person: i64) -> Result<(), CallError> {
    match mentors::has_room(edit, folio, person)? {
        true => Ok(()),
        false => Err(CallError::Refused("this folio has 20 mentors and proposals: end or decline one first")),
    }
}

/// How a mentor was brought in: the folio, by whom, until when, under which name.
fn of(conn: &Connection, person: PersonId) -> rusqlite::Result<Option<(FolioId, i64, i64, String)>> {
    conn.prepare_cached(
        "select folio, brought_by, until, name from mentor join person on person.row = mentor.person
         where person.id = ?1",
    )?
    .query_row([person.as_bytes()], |row| {
        Ok((row.get::<_, FolioId>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })
    .optional()
}
