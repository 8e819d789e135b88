//! `fieldfolio activity`

use clap::Args;
use fieldfolio_core::ids::PersonId;
use fieldfolio_core::sync::budget;
use rusqlite::Connection;
use serde::Serialize;

use super::blobs::bytes;
use super::{Answer, CliError, Office, to_json};
use crate::directory::{DirectoryError, find, invitations, people};
use crate::http::activity::{Counts, lately};
use fieldfolio_core::time::Timestamp;

#[derive(Debug, Args)]
#[command(after_help = "Example: fieldfolio activity \"Otto Sample\"\n\n\
    Without a person: whoever asked most, or was refused most, within a day. Ids and counts only. A running relay writes\n\
    them down every two seconds.")]
pub(super) struct ActivityArguments {
    /// Who: her id or unique name; everybody who did much, if nobody is named
    person: Option<String>,
}

/// What one person's devices ask and take.
#[derive(Debug, Serialize)]
struct Activity {
    person: PersonId,
    locked: bool,
    /// Devices that are not revoked, and how many of all were enrolled within a day.
    devices: u64,
    enrolled_today: u64,
    open_invitations: usize,
    this_hour: Counts,
    today: Counts,
    /// Bytes of acts and changes with all that is kept of them, and of files; each with its limit, if it is her own.
    record_bytes: u64,
    record_limit: Option<u64>,
    file_bytes: u64,
    file_limit: Option<u64>,
}

/// How many people are listed.
const MOST: i64 = 20;

pub(super) fn run(arguments: &ActivityArguments, office: &Office<'_>) -> Result<Answer, CliError> {
    let conn = office.open()?;
    let who = match &arguments.person {
        Some(person) => vec![find::person(&conn, person)?],
        None => busiest(&conn, office.now)?,
    };
    let all = who.into_iter().map(|id| of(&conn, id, office.now)).collect::<Result<Vec<_>, _>>()?;
    let text: Vec<String> = all.iter().map(words).collect();
    Ok(Answer { text: text.join("\n\n"), json: to_json(all) })
}

fn busiest(conn: &Connection, now: Timestamp) -> Result<Vec<PersonId>, DirectoryError> {
    let hour = (now.millis() / 3_600_000).cast_signed();
    Ok(conn
        .prepare(
            "select p.id from activity a join person p on p.row = a.person where a.hour > ?1
             group by a.person order by sum(a.requests) + 100 * sum(a.refused) desc limit ?2",
        )?
        .query_map((hour - 24, MOST), |row| row.get(0).map(PersonId::from_bytes))?
        .collect::<Result<_, _>>()?)
}

fn of(conn: &Connection, id: PersonId, now: Timestamp) -> Result<Activity, DirectoryError> {
    let row = people::row_of(conn, id)?;
    let limits = people::limits(conn, id)?;
    let (locked, used, files): (bool, i64, i64) = conn
        .prepare("select locked_at is not null, used_bytes, media_bytes from person where row = ?1")?
        .query_row([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let count = |sql: &str, since: i64| -> rusqlite::Result<u64> {
        conn.prepare(sql)?.query_row((row, since), |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
    };
    let day = now.millis().saturating_sub(24 * 3_600_000).cast_signed();
    Ok(Activity {
        person: id,
        locked,
        devices: count("select count(*) from device where person = ?1 and ?2 = ?2 and revoked_n is null", 0)?,
        enrolled_today: count("select count(*) from device where person = ?1 and enrolled_at > ?2", day)?,
        open_invitations: invitations::open(conn, Some(id), now)?.len(),
        this_hour: lately(conn, row, now, 1)?,
        today: lately(conn, row, now, 24)?,
        record_bytes: used.cast_unsigned(),
        record_limit: limits.records,
        file_bytes: files.cast_unsigned(),
        file_limit: limits.files,
    })
}

fn words(of: &Activity) -> String {
    let counts = |name: &str, counts: &Counts| {
        format!("{name}: {} requests, {} refused, {}", counts.requests, counts.refused, bytes(counts.bytes))
    };
    let limit = |limit: Option<u64>, usual: &str| limit.map_or(usual.to_owned(), bytes);
    format!(
        "{}{}\n  {}\n  {}\n  devices: {} of {}, {} enrolled within a day, {} open invitations\n  \
         records: {} of {}\n  files: {} of {}",
        of.person,
        if of.locked { "  locked" } else { "" },
        counts("this hour", &of.this_hour),
        counts("24 hours", &of.today),
        of.devices,
        budget::DEVICES,
        of.enrolled_today,
        of.open_invitations,
        bytes(of.record_bytes),
        limit(of.record_limit, &bytes(budget::PERSON_BYTES)),
        bytes(of.file_bytes),
        limit(of.file_limit, "the school's limit"),
    )
}
