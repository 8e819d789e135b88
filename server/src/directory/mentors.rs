//! Mentors whom a teacher or a student brings in by a device.
//!
//! A teacher's word gives the part at once. A student's is a proposal: the mentor's device can be enrolled by it, and
//! sees nothing until a teacher of the folio confirms.

use fieldfolio_core::ids::{FolioId, PersonId};
use fieldfolio_core::model::directory::{PersonKind, Proposed};
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::ProposedMentor;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::edit::{Edit, millis, moment};
use super::error::DirectoryError;
use super::{derivation, people};
use crate::log::Event;
use crate::visibility;

/// What came of taking a proposal out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withdrawn {
    /// It is gone, or there was none.
    Gone,
    /// A teacher has confirmed it: it is a part by now, and ends as one.
    IsPart,
}

/// Takes a proposal out. One that is gone already stays so.
pub(crate) fn withdraw(edit: &Edit<'_>, frame: &ProposedMentor) -> Result<Withdrawn, DirectoryError> {
    match proposal(edit.tx, frame)? {
        None => return Ok(Withdrawn::Gone),
        Some((_, true)) => return Ok(Withdrawn::IsPart),
        Some((_, false)) => {}
    }
    edit.tx.execute(
        "delete from mentor where folio = ?1 and person = (select row from person where id = ?2)",
        (frame.folio.as_bytes(), frame.person.as_bytes()),
    )?;
    let n = edit.event(&Event::MentorDeclined { folio: frame.folio, person: frame.person })?;
    visibility::folio_changed(edit.tx, frame.folio, n)?;
    Ok(Withdrawn::Gone)
}

/// Has the folio room for this mentor besides those who are there or proposed?
pub(super) fn has_room(edit: &Edit<'_>, folio: FolioId, person: i64) -> rusqlite::Result<bool> {
    let there: u32 = edit.tx.query_row(
        "select count(*) from (
             select person from mentor where folio = ?1 and not confirmed and until > ?3 and person <> ?2
             union select person from circle
                 where folio = ?1 and role = 'mentor' and ended_n is null and person <> ?2)",
        (folio.as_bytes(), person, millis(edit.now)),
        |row| row.get(0),
    )?;
    Ok(there < budget::MENTORS_OF_A_FOLIO)
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
            person: row.get::<_, PersonId>(0)?,
            name: row.get(1)?,
            by: row.get::<_, PersonId>(2)?,
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
pub enum MentorStatus {
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
pub fn status(conn: &Connection, person: i64, now: Timestamp) -> rusqlite::Result<MentorStatus> {
    let (kinds, named_by): (i64, Option<i64>) = conn
        .prepare_cached("select kinds, named_by from person where row = ?1")?
        .query_row([person], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if kinds != people::bits(&[PersonKind::Mentor]) {
        return Ok(MentorStatus::Here);
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
        (Some(end), _) if end > now => MentorStatus::Here,
        (_, Some(until)) if until > now => MentorStatus::Expected,
        (Some(end), _) if end.saturating_add(FAREWELL.cast_signed()) > now => MentorStatus::Leaving,
        (None, None) if named_by.is_none() => MentorStatus::Expected,
        _ => MentorStatus::Gone,
    })
}

/// May this person begin anything: declare, place, bring files?
pub fn may_begin(conn: &Connection, person: i64, now: Timestamp) -> rusqlite::Result<bool> {
    Ok(status(conn, person, now)? == MentorStatus::Here)
}

/// Until when someone is proposed, and whether a teacher confirmed it.
pub(super) fn proposal(conn: &Connection, of: &ProposedMentor) -> rusqlite::Result<Option<(i64, bool)>> {
    conn.prepare_cached(
        "select until, confirmed from mentor join person on person.row = mentor.person
         where folio = ?1 and person.id = ?2",
    )?
    .query_row((of.folio.as_bytes(), of.person.as_bytes()), |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}
