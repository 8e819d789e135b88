//! Which people a reader may be told the names of, and which of their devices she needs.

use std::collections::BTreeSet;

use fieldfolio_core::ids::{DeviceId, PersonId};
use fieldfolio_core::model::directory::{DeviceRecord, Inviter};
use fieldfolio_core::time::Timestamp;
use rusqlite::Connection;

use crate::directory;

/// Names go only where people share a class or a circle, or where one reads what the other wrote. A mentor and a peer
/// know the student and her teachers, not the rest of the circle.
pub(super) fn may_know(conn: &Connection, reader: i64, person: i64) -> rusqlite::Result<bool> {
    if reader == person {
        return Ok(true);
    }
    let ways = [
        "select 1 from class_member a join class_member b on b.class = a.class
         where a.person = ?1 and b.person = ?2 and a.removed_at is null and b.removed_at is null",
        "select 1 from project_group a join project_group b on b.project = a.project and b.name = a.name
         where a.student = ?1 and b.student = ?2",
        "select 1 from works_with w join folio f on f.id = w.folio where w.person = ?1 and f.student = ?2",
    ];
    for way in ways {
        if conn.prepare_cached(way)?.exists((reader, person))? {
            return Ok(true);
        }
    }
    Ok(share_a_circle(conn, reader, person)? || reads_work_of(conn, reader, person)?)
}

/// The circles of two people meet: looked for from whichever has fewer.
fn share_a_circle(conn: &Connection, reader: i64, person: i64) -> rusqlite::Result<bool> {
    const MEET: &str = "a.ended_n is null and b.ended_n is null
         and (a.role not in ('mentor', 'peer') or b.role in ('owner', 'teacher'))
         and not exists (
             select 1 from folio f join denial d on d.student = f.student and d.person = a.person
             where f.id = a.folio)";
    let rows = |person: i64| -> rusqlite::Result<i64> {
        conn.prepare_cached("select count(*) from (select 1 from circle where person = ?1 limit 2000)")?
            .query_row([person], |row| row.get(0))
    };
    let sql = match rows(reader)? <= rows(person)? {
        true => format!(
            "select 1 from circle a cross join circle b on b.folio = a.folio
             where a.person = ?1 and b.person = ?2 and {MEET}"
        ),
        false => format!(
            "select 1 from circle b cross join circle a on a.folio = b.folio
             where a.person = ?1 and b.person = ?2 and {MEET}"
        ),
    };
    conn.prepare_cached(&sql)?.exists((reader, person))
}

/// One reads something of what the other made, or decided the place of. Whoever was never given a key of hers does not, and is not looked for.
fn reads_work_of(conn: &Connection, reader: i64, person: i64) -> rusqlite::Result<bool> {
    let knows =
        "select 1 from device d join known_device k on k.reader = ?1 and k.device = d.id where d.person = ?2";
    if !conn.prepare_cached(knows)?.exists((reader, person))? {
        return Ok(false);
    }
    let ways = [
        "select 1 from document d cross join visibility s on s.person = ?1 and s.document = d.row
         where d.author = ?2 and s.visible",
        "select 1 from piece p cross join document d on d.piece = p.id
         cross join visibility s on s.person = ?1 and s.document = d.row where p.maker = ?2 and s.visible",
        "select 1 from placed_by b cross join document d on d.piece = b.piece
         cross join visibility s on s.person = ?1 and s.document = d.row where b.person = ?2 and s.visible",
    ];
    for way in ways {
        if conn.prepare_cached(way)?.exists((reader, person))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Who decides on what came late is told whose it is.
pub(super) fn may_release_something(
    conn: &Connection,
    reader: PersonId,
    author: PersonId,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    for document in directory::releases::of(conn, author)? {
        if directory::releases::may_release(conn, reader, document, now)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Revoked devices that their person, and who teaches her, still hear of though they signed nothing that those see.
const LATELY_REVOKED: i64 = 20;

/// The devices of a person that a reader needs: those that signed something she sees. The person herself and who teaches
/// her know the others, too, as long as they live. With them come those of others that vouch for them; inviters before
/// the invited.
pub(super) fn devices(conn: &Connection, reader: i64, person: i64) -> rusqlite::Result<Vec<DeviceRecord>> {
    let ids = |sql: &str, key: (i64, i64)| -> rusqlite::Result<BTreeSet<DeviceId>> {
        conn.prepare_cached(sql)?.query_map(key, |row| row.get::<_, DeviceId>(0))?.collect()
    };
    let known = "select d.id from device d join known_device k on k.reader = ?1 and k.device = d.id where d.person = ?2";
    let mut own = ids(known, (reader, person))?;
    if reader == person || directory::invitations::teaches(conn, reader, person)? {
        own.extend(ids(
            "select id from device where person = ?1 and ?2 = ?2 and revoked_n is null",
            (person, 0),
        )?);
        let sql = "select id from device where person = ?1 and revoked_n is not null order by revoked_n desc limit ?2";
        own.extend(ids(sql, (person, LATELY_REVOKED))?);
    }
    let mut listed = BTreeSet::new();
    let mut records = Vec::new();
    for device in own {
        let mut chain = Vec::new();
        let mut next = Some(device);
        while let Some(device) = next.filter(|device| !listed.contains(device)) {
            listed.insert(device);
            let Some(record) = directory::devices::record(conn, device)? else { break };
            next = match record.inviter {
                Inviter::Root => None,
                Inviter::Device(inviter) => Some(inviter),
            };
            chain.push(record);
        }
        records.extend(chain.into_iter().rev());
    }
    Ok(records)
}
