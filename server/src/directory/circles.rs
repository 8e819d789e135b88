//! Circles: rows that someone granted, their end, denials, and the clock that ends rows.

use std::collections::BTreeSet;

use fieldfolio_core::ids::{FolioId, PersonId};
use fieldfolio_core::model::role::Role;
use fieldfolio_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::Serialize;

use super::derivation::GRANTED;
use super::edit::{Edit, millis, moment};
use super::error::DirectoryError;
use super::{folios, people};
use crate::log::{self, Event};
use crate::{database, visibility};

/// A part in a circle, to be granted.
#[derive(Debug, Clone, Copy)]
pub struct Grant {
    /// In which folio.
    pub folio: FolioId,
    /// To whom.
    pub person: PersonId,
    /// As what.
    pub role: Role,
    /// For a reader: she may speak too.
    pub may_write: bool,
    /// Until when; for ever if nothing is said.
    pub expires: Option<Timestamp>,
}

/// Someone in a circle, now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Who.
    pub person: PersonId,
    pub name: String,
    /// As what.
    pub role: Role,
    /// Why: "granted", or what it follows from.
    pub reason: String,
    /// A reader who was granted a voice.
    pub may_write: bool,
    /// Until when.
    pub expires: Option<Timestamp>,
    /// The circle is closed to her, whatever the row says.
    pub denied: bool,
}

/// Grants someone a part in a circle; what she was granted as this role before ends. True if that changed anything.
pub fn grant(edit: &Edit<'_>, grant: &Grant) -> Result<bool, DirectoryError> {
    let (student, in_project) = of(edit.tx, grant.folio)?;
    let person = people::row_of(edit.tx, grant.person)?;
    match grant.role {
        Role::Owner | Role::Group => return Err(DirectoryError::NotGranted(grant.role.name())),
        Role::Mentor if !in_project => return Err(DirectoryError::MentorAtHome),
        Role::Reader => {}
        Role::Mentor | Role::Teacher | Role::Peer | Role::Guardian if grant.may_write => {
            return Err(DirectoryError::VoiceForReaders);
        }
        Role::Mentor | Role::Teacher | Role::Peer | Role::Guardian => {}
    }
    if person == student {
        return Err(DirectoryError::Herself);
    }
    if grant.expires.is_some_and(|end| end <= edit.now) {
        return Err(DirectoryError::EndInThePast);
    }
    let same: bool = edit.tx.query_row(
        "select exists (select 1 from circle where folio = ?1 and person = ?2 and role = ?3 and reason = ?4
           and may_write = ?5 and expires_at is ?6 and ended_n is null)",
        (
            grant.folio.as_bytes(),
            person,
            grant.role.name(),
            GRANTED,
            grant.may_write,
            grant.expires.map(millis),
        ),
        |row| row.get(0),
    )?;
    if same {
        return Ok(false);
    }
    let Grant { folio, person: to, role, .. } = *grant;
    let n = edit.event(&Event::PartGranted { folio, person: to, role })?;
    note_narrowing(edit, grant, person, n)?;
    end_granted(edit.tx, grant.folio, person, grant.role, n)?;
    edit.tx.execute(
        "insert into circle (folio, person, role, reason, may_write, expires_at, since_n)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            grant.folio.as_bytes(),
            person,
            grant.role.name(),
            GRANTED,
            grant.may_write,
            grant.expires.map(millis),
            n.cast_signed(),
        ),
    )?;
    visibility::folio_changed(edit.tx, grant.folio, n)?;
    Ok(true)
}

/// A part that is granted anew, for a shorter time or without a voice, ends what it was before: that is written down.
fn note_narrowing(edit: &Edit<'_>, grant: &Grant, person: i64, n: u64) -> Result<(), DirectoryError> {
    let before: Option<(bool, Option<i64>)> = edit
        .tx
        .prepare_cached(
            "select may_write, expires_at from circle
             where folio = ?1 and person = ?2 and role = ?3 and reason = ?4 and ended_n is null",
        )?
        .query_row((grant.folio.as_bytes(), person, grant.role.name(), GRANTED), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((may_write, expires)) = before else { return Ok(()) };
    let end = |expires: Option<i64>| expires.unwrap_or(i64::MAX);
    if (may_write && !grant.may_write) || end(grant.expires.map(millis)) < end(expires) {
        let Grant { folio, person, role, may_write, expires } = *grant;
        let bound = Event::PartBounded { folio, person, role, may_write, until: expires };
        log::note_ending(edit.tx, n, &bound)?;
    }
    Ok(())
}

/// Makes a granted part no wider than this: without a voice, and over at this moment. What is not there is no wider.
pub fn narrow(edit: &Edit<'_>, most: &Grant) -> Result<(), DirectoryError> {
    let until = most.expires.map_or(i64::MAX, millis);
    let person = people::row_of(edit.tx, most.person)?;
    let changed = edit.tx.execute(
        "update circle set may_write = may_write and ?5, expires_at = nullif(min(coalesce(expires_at, ?6), ?6), ?7)
         where folio = ?1 and person = ?2 and role = ?3 and reason = ?4 and ended_n is null
           and ((may_write and not ?5) or coalesce(expires_at, ?7) > ?6)",
        (
            most.folio.as_bytes(),
            person,
            most.role.name(),
            GRANTED,
            most.may_write,
            until,
            i64::MAX,
        ),
    )?;
    if changed > 0 {
        let Grant { folio, person, role, .. } = *most;
        let n = edit.event(&Event::PartNarrowed { folio, person, role })?;
        visibility::folio_changed(edit.tx, most.folio, n)?;
    }
    Ok(())
}

/// Ends a part that was granted. Rows that follow from a class or a family end with those.
pub fn end(edit: &Edit<'_>, folio: FolioId, person: PersonId, role: Role) -> Result<(), DirectoryError> {
    of(edit.tx, folio)?;
    let row = people::row_of(edit.tx, person)?;
    let n = edit.event(&Event::PartEnded { folio, person, role })?;
    match end_granted(edit.tx, folio, row, role, n)? {
        0 => Err(DirectoryError::NoSuchRow),
        _ => Ok(visibility::folio_changed(edit.tx, folio, n)?),
    }
}

/// The same for what is known of a log that is lost; what is not there has ended.
pub(crate) fn end_again(
    edit: &Edit<'_>,
    folio: FolioId,
    person: PersonId,
    role: Role,
) -> Result<(), DirectoryError> {
    let row = people::row_of(edit.tx, person)?;
    let is_there = edit
        .tx
        .prepare_cached(
            "select 1 from circle where folio = ?1 and person = ?2 and role = ?3 and reason = ?4 and ended_n is null",
        )?
        .exists((folio.as_bytes(), row, role.name(), GRANTED))?;
    match is_there {
        true => end(edit, folio, person, role),
        false => Ok(()),
    }
}

/// Ends every part of this kind that was granted to someone, in whatever folio.
pub(crate) fn end_all(edit: &Edit<'_>, person: PersonId, role: Role) -> Result<(), DirectoryError> {
    let row = people::row_of(edit.tx, person)?;
    let folios: Vec<FolioId> = edit
        .tx
        .prepare_cached(
            "select folio from circle where person = ?1 and role = ?2 and reason = ?3 and ended_n is null",
        )?
        .query_map((row, role.name(), GRANTED), |row| row.get(0).map(FolioId::from_bytes))?
        .collect::<Result<_, _>>()?;
    folios.into_iter().try_for_each(|folio| end(edit, folio, person, role))
}

/// Closes all circles of a student to someone, whatever grants. True if they were open.
pub fn deny(edit: &Edit<'_>, student: PersonId, person: PersonId) -> Result<bool, DirectoryError> {
    if student == person {
        return Err(DirectoryError::Herself);
    }
    let sql = "insert or ignore into denial (student, person) values (?1, ?2)";
    denial(edit, sql, (student, person), &Event::CirclesClosed { student, person })
}

/// Takes a denial back. True if there was one.
pub fn allow(edit: &Edit<'_>, student: PersonId, person: PersonId) -> Result<bool, DirectoryError> {
    let sql = "delete from denial where student = ?1 and person = ?2";
    denial(edit, sql, (student, person), &Event::CirclesOpened { student, person })
}

fn denial(
    edit: &Edit<'_>,
    sql: &str,
    (student, person): (PersonId, PersonId),
    event: &Event,
) -> Result<bool, DirectoryError> {
    let row = people::row_of(edit.tx, student)?;
    if edit.tx.execute(sql, (row, people::row_of(edit.tx, person)?))? == 0 {
        return Ok(false);
    }
    let n = edit.event(event)?;
    for (folio, _) in folios::of_student(edit.tx, row)? {
        visibility::folio_changed(edit.tx, folio, n)?;
    }
    Ok(true)
}

/// Who is in the circle of a folio now: rows that have neither ended nor expired, closed ones marked.
pub fn list(conn: &Connection, folio: FolioId, now: Timestamp) -> Result<Vec<Row>, DirectoryError> {
    of(conn, folio)?;
    let mut statement = conn.prepare_cached(
        "select person.id, person.name, role, reason, may_write, expires_at,
           exists (select 1 from denial d where d.student = folio.student and d.person = circle.person)
         from circle join person on person.row = circle.person join folio on folio.id = circle.folio
         where folio = ?1 and ended_n is null and (expires_at is null or expires_at > ?2)",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        let role: String = row.get(2)?;
        Ok(Row {
            person: row.get::<_, PersonId>(0)?,
            name: row.get(1)?,
            role: role.parse().map_err(|_| database::unreadable(2, Type::Text, "the role of a part"))?,
            reason: row.get(3)?,
            may_write: row.get(4)?,
            expires: row.get::<_, Option<i64>>(5)?.map(moment),
            denied: row.get(6)?,
        })
    };
    let mut rows: Vec<Row> =
        statement.query_map((folio.as_bytes(), millis(now)), read)?.collect::<Result<_, _>>()?;
    rows.sort_by(|a, b| (a.role, &a.name, a.person, &a.reason).cmp(&(b.role, &b.name, b.person, &b.reason)));
    Ok(rows)
}

/// So many folios are named in the log of what ends in one moment.
const MOST_NAMED: usize = 20;

/// Ends every row whose time is over, as one event: a class whose guests all leave on one day is told once. Returns how
/// many rows ended.
pub fn expire_due(tx: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<usize> {
    let due: Vec<(i64, FolioId)> = tx
        .prepare_cached(
            "select row, folio from circle
             where expires_at is not null and expires_at <= ?1 and ended_n is null order by folio, row",
        )?
        .query_map([millis(now)], |row| Ok((row.get(0)?, row.get::<_, FolioId>(1)?)))?
        .collect::<Result<_, _>>()?;
    let folios: BTreeSet<_> = due.iter().map(|(_, folio)| *folio).collect();
    if folios.is_empty() {
        return Ok(0);
    }
    let event = Event::PartsExpired {
        folios: folios.iter().take(MOST_NAMED).copied().collect(),
        others: folios.len().saturating_sub(MOST_NAMED),
    };
    let n = log::append(tx, now, None, &event)?;
    for (row, _) in &due {
        tx.prepare_cached("update circle set ended_n = ?2 where row = ?1")?
            .execute((row, n.cast_signed()))?;
    }
    for folio in folios {
        visibility::folio_changed(tx, folio, n)?;
    }
    Ok(due.len())
}

/// Is there a row whose time is over? One look at an index.
pub fn anything_due(conn: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "select exists (select 1 from circle
           where expires_at is not null and expires_at <= ?1 and ended_n is null)",
    )?
    .query_row([millis(now)], |row| row.get(0))
}

fn end_granted(
    tx: &Transaction<'_>,
    folio: FolioId,
    person: i64,
    role: Role,
    n: u64,
) -> rusqlite::Result<usize> {
    tx.execute(
        "update circle set ended_n = ?5
         where folio = ?1 and person = ?2 and role = ?3 and reason = ?4 and ended_n is null",
        (folio.as_bytes(), person, role.name(), GRANTED, n.cast_signed()),
    )
}

fn of(conn: &Connection, folio: FolioId) -> Result<(i64, bool), DirectoryError> {
    let unknown = || DirectoryError::Unknown { kind: "folio", text: folio.to_string() };
    folios::of(conn, folio)?.ok_or_else(unknown)
}
