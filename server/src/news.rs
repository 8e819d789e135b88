//! What a device is told: everything its person may know that happened after its cursor, read in one transaction.
//!
//! Four streams are merged by number up to a bound: records that changed, documents that came into sight, documents
//! that went out of it, and new changes of documents in sight. Access is state, kept in `sight`, so nothing is replayed
//! and reconnecting with nothing new costs four index look-ups, however many folios there are.

mod render;

pub(crate) use render::acts;

use std::collections::BTreeMap;

use fieldfolio_core::document::SignedChange;
use fieldfolio_core::ids::{DeviceId, DocumentId, PersonId};
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::model::role::Class;
use fieldfolio_core::signing::Signature;
use fieldfolio_core::sync::audit::Fingerprint;
use fieldfolio_core::sync::wire::{
    self, Cursor, Fill, Lacking, News, PROTOCOL, Pack, Record, Response, ToFill,
};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Row};

use crate::fork::{self, Standing};
use crate::snapshots::{self, Raws};
use crate::{media, sight};

/// Rows of one stream in one response.
const PAGE: usize = 1_000;
/// Raw bytes of changes in one response.
const ROOM: usize = 2 * 1024 * 1024;
/// Bytes of records in one response.
const RECORDS_ROOM: usize = 4 * 1024 * 1024;

/// Reads one page. `conn` is inside one read transaction.
pub fn read(
    conn: &Connection,
    person: PersonId,
    cursor: Cursor,
    fill: &[Fill],
    now: Timestamp,
) -> rusqlite::Result<Response> {
    let head = head(conn)?;
    let forked_at = match fork::standing(conn, cursor, head)? {
        Standing::Here => None,
        Standing::Lost(at) => Some(at),
        // Whoever exchanges has begun a new epoch before it reads.
        Standing::Unheard | Standing::Foreign => Some(0),
    };
    if let Some(at) = forked_at {
        return Ok(Response {
            version: PROTOCOL,
            cursor: fork::cursor_at(conn, at.min(cursor.n))?,
            start_over: true,
            forked_at,
            ..Response::default()
        });
    }
    let Some(row) = sight::person_row(conn, person)? else { return Ok(Response::default()) };
    let mut bound = head;
    let (notices, notices_reach) = notices(conn, row, cursor.n)?;
    let (changed, sight_reaches) = changed_sight(conn, row, cursor.n)?;
    let mut room = ROOM;
    let (news, news_reach) = changes_in_sight(conn, row, cursor.n, &mut room)?;
    for reach in [notices_reach, sight_reaches, news_reach].into_iter().flatten() {
        bound = bound.min(reach);
    }

    let mut response = Response { version: PROTOCOL, ..Response::default() };
    let (records, records_reach) = records(conn, person, row, &notices, bound, now)?;
    response.records = records;
    bound = bound.min(records_reach.unwrap_or(bound));
    for sight in changed.into_iter().filter(|sight| sight.since <= bound) {
        if sight.visible {
            response.to_fill.push(ToFill { document: sight.document, class: sight.class });
        } else {
            response.purge.push(sight.document);
        }
    }
    response.news = news.into_iter().filter(|news| news.n <= bound).collect();
    let mut all_packed = true;
    let asked = fill.iter().map(|fill| (fill.document, fill.after));
    let announced = response.to_fill.iter().map(|fill| (fill.document, 0)).collect::<Vec<_>>();
    for (document, after) in asked.chain(announced) {
        if room == 0 {
            all_packed = false;
            break;
        }
        response.packs.push(pack(conn, row, document, after, &mut room)?);
    }
    all_packed &= response.packs.iter().all(|pack| pack.whole);
    response.cursor = fork::cursor_at(conn, bound)?;
    response.more = bound < head || !all_packed;
    Ok(response)
}

/// Is there anything after this number that a person, by her row, may be told? Three looks at indices; where it says
/// yes, [`read`] decides.
pub fn concerns(conn: &Connection, person: i64, after: u64) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "select exists (select 1 from notice where person = ?1 and n > ?2)
             or exists (select 1 from sight where person = ?1 and since_n > ?2)
             or exists (select 1 from sight where person = ?1 and visible and last_n > ?2)",
    )?
    .query_row((person, after.cast_signed()), |row| row.get(0))
}

/// The number of the newest event.
pub fn head(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached("select coalesce(max(n), 0) from log")?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(i64::cast_unsigned)
}

/// Compares what a device holds with all that its person may read, both up to its cursor. Where they differ, everything in sight
/// is announced once more.
pub fn audit(
    conn: &Connection,
    person: PersonId,
    (held, up_to): ([u8; 32], u64),
    response: &mut Response,
) -> rusqlite::Result<()> {
    let Some(row) = sight::person_row(conn, person)? else { return Ok(()) };
    let lacking = media::lacking(conn, row)?;
    response.lacks = lacking.into_iter().map(|(piece, blob)| Lacking { piece, blob }).collect();
    let mut fingerprint = Fingerprint::default();
    let mut query = conn.prepare_cached(
        "select d.id, c.hash from sight s join document d on d.row = s.document join change c on c.document = d.row
         where s.person = ?1 and s.visible and c.n <= ?2 order by d.id, c.hash",
    )?;
    let mut rows = query.query((row, up_to.cast_signed()))?;
    while let Some(row) = rows.next()? {
        let id: Vec<u8> = row.get(0)?;
        let document = DocumentId::from_bytes(&id).ok_or(rusqlite::Error::InvalidQuery)?;
        fingerprint.add(document, &Head(row.get(1)?));
    }
    if fingerprint.finish() == held {
        return Ok(());
    }
    let mut query = conn.prepare_cached(
        "select d.id, d.class, s.visible, s.since_n from sight s join document d on d.row = s.document
         where s.person = ?1 and s.visible",
    )?;
    for sight in query.query_map([row], changed_row)? {
        let sight = sight?;
        response.to_fill.push(ToFill { document: sight.document, class: sight.class });
    }
    (response.differs, response.more) = (true, true);
    Ok(())
}

/// Renders what notices name, up to a number of bytes; says up to which number that reaches if not to the bound. One
/// number's records are never cut apart.
fn records(
    conn: &Connection,
    person: PersonId,
    row: i64,
    notices: &[Notified],
    bound: u64,
    now: Timestamp,
) -> rusqlite::Result<(Vec<Record>, Option<u64>)> {
    let mut records = Vec::new();
    let mut room = RECORDS_ROOM;
    let mut reached = None;
    for notice in notices.iter().filter(|notice| notice.n <= bound) {
        if room == 0 && reached.is_some_and(|reached| reached < notice.n) {
            return Ok((records, reached));
        }
        if let Some(record) = render::record(conn, person, row, notice.kind, &notice.id, now)? {
            room = room.saturating_sub(wire::to_bytes(&record).len());
            records.push(record);
        }
        reached = Some(notice.n);
    }
    Ok((records, None))
}

struct Notified {
    kind: i64,
    id: Vec<u8>,
    n: u64,
}

fn notices(conn: &Connection, person: i64, after: u64) -> rusqlite::Result<(Vec<Notified>, Option<u64>)> {
    let mut query = conn.prepare_cached(
        "select kind, id, n from notice where person = ?1 and n > ?2 order by n, kind limit ?3",
    )?;
    let found: Vec<Notified> = query
        .query_map((person, after.cast_signed(), limit()), |row| {
            Ok(Notified { kind: row.get(0)?, id: row.get(1)?, n: row.get::<_, i64>(2)?.cast_unsigned() })
        })?
        .collect::<rusqlite::Result<_>>()?;
    whole_numbers(
        found,
        |notice| notice.n,
        |n| {
            let mut query =
                conn.prepare_cached("select kind, id, n from notice where person = ?1 and n = ?2")?;
            query
                .query_map((person, n.cast_signed()), |row| {
                    Ok(Notified {
                        kind: row.get(0)?,
                        id: row.get(1)?,
                        n: row.get::<_, i64>(2)?.cast_unsigned(),
                    })
                })?
                .collect()
        },
    )
}

struct ChangedSight {
    document: DocumentId,
    class: Class,
    visible: bool,
    since: u64,
}

fn changed_sight(
    conn: &Connection,
    person: i64,
    after: u64,
) -> rusqlite::Result<(Vec<ChangedSight>, Option<u64>)> {
    const COLUMNS: &str =
        "select d.id, d.class, s.visible, s.since_n from sight s join document d on d.row = s.document";
    let mut query = conn.prepare_cached(&format!(
        "{COLUMNS} where s.person = ?1 and s.since_n > ?2 order by s.since_n limit ?3"
    ))?;
    let found: Vec<ChangedSight> = query
        .query_map((person, after.cast_signed(), limit()), changed_row)?
        .collect::<rusqlite::Result<_>>()?;
    whole_numbers(
        found,
        |sight| sight.since,
        |n| {
            let mut query =
                conn.prepare_cached(&format!("{COLUMNS} where s.person = ?1 and s.since_n = ?2"))?;
            query.query_map((person, n.cast_signed()), changed_row)?.collect()
        },
    )
}

fn changed_row(row: &Row<'_>) -> rusqlite::Result<ChangedSight> {
    let id: Vec<u8> = row.get(0)?;
    Ok(ChangedSight {
        document: DocumentId::from_bytes(&id).ok_or(rusqlite::Error::InvalidQuery)?,
        class: Class::from_number(row.get(1)?).ok_or(rusqlite::Error::InvalidQuery)?,
        visible: row.get(2)?,
        since: row.get::<_, i64>(3)?.cast_unsigned(),
    })
}

/// Cuts a page at a whole number, and says up to which number it reaches if that is not the head. One event can concern
/// more rows than a page takes (a teacher who joins a class sees all its folios at once): that number is read whole, so
/// that the cursor can pass it.
fn whole_numbers<T>(
    mut found: Vec<T>,
    number: impl Fn(&T) -> u64,
    whole: impl FnOnce(u64) -> rusqlite::Result<Vec<T>>,
) -> rusqlite::Result<(Vec<T>, Option<u64>)> {
    let (Some(first), Some(last)) = (found.first().map(&number), found.last().map(&number)) else {
        return Ok((found, None));
    };
    if found.len() < PAGE {
        return Ok((found, None));
    }
    if first == last {
        return Ok((whole(first)?, Some(first)));
    }
    found.retain(|row| number(row) < last);
    Ok((found, Some(last - 1)))
}

fn limit() -> i64 {
    i64::try_from(PAGE).unwrap_or(i64::MAX)
}

const CHANGE: &str =
    "select c.n, d.id, c.device, c.actor, c.seq, c.hash, c.blobs, c.raw, c.signature, c.document
     from change c join document d on d.row = c.document";

/// Saved forms that were opened, by their documents.
type Opened = BTreeMap<i64, Raws>;

fn change_row(conn: &Connection, row: &Row<'_>, opened: &mut Opened) -> rusqlite::Result<News> {
    use fieldfolio_core::blob::BlobHash;
    let hash = Head(row.get(5)?);
    let raw = snapshots::whole(conn, row.get(9)?, hash, row.get(7)?, opened)?;
    let (id, blobs): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(6)?);
    Ok(News {
        n: row.get::<_, i64>(0)?.cast_unsigned(),
        change: SignedChange {
            document: DocumentId::from_bytes(&id).ok_or(rusqlite::Error::InvalidQuery)?,
            device: DeviceId::from_bytes(row.get(2)?),
            actor: row.get(3)?,
            seq: row.get::<_, i64>(4)?.cast_unsigned(),
            hash,
            blobs: blobs
                .chunks_exact(32)
                .filter_map(|blob| blob.try_into().ok().map(BlobHash::from_digest))
                .collect(),
            raw,
            signature: Signature::from_bytes(row.get(8)?),
        },
    })
}

/// Every change of a document, in the order of the log.
pub fn changes_of(conn: &Connection, document: i64) -> rusqlite::Result<Vec<News>> {
    let mut query = conn.prepare_cached(&format!("{CHANGE} where c.document = ?1 order by c.n"))?;
    let mut opened = Opened::new();
    query.query_map([document], |row| change_row(conn, row, &mut opened))?.collect()
}

/// New changes of documents that were in sight at the cursor already, and the number they reach to if not to the head.
fn changes_in_sight(
    conn: &Connection,
    person: i64,
    after: u64,
    room: &mut usize,
) -> rusqlite::Result<(Vec<News>, Option<u64>)> {
    let mut query = conn.prepare_cached(&format!(
        "{CHANGE} join sight s on s.document = c.document
         where s.person = ?1 and s.visible and s.last_n > ?2 and s.since_n <= ?2 and c.n > ?2
         order by c.n limit ?3"
    ))?;
    let mut news: Vec<News> = Vec::new();
    let mut opened = Opened::new();
    let mut rows = query.query((person, after.cast_signed(), limit()))?;
    while let Some(row) = rows.next()? {
        let next = change_row(conn, row, &mut opened)?;
        if next.change.raw.len() > *room {
            let reached = news.last().map(|last| last.n);
            *room = 0;
            return Ok((news, Some(reached.unwrap_or(after))));
        }
        *room -= next.change.raw.len();
        news.push(next);
    }
    let reached = (news.len() == PAGE).then(|| news.last().map_or(after, |last| last.n));
    Ok((news, reached))
}

/// The changes of one document after a number, as of now. An id that the asker may not see gives an empty, whole pack:
/// the same as one that does not exist.
fn pack(
    conn: &Connection,
    person: i64,
    document: DocumentId,
    after: u64,
    room: &mut usize,
) -> rusqlite::Result<Pack> {
    let mut query = conn.prepare_cached(&format!(
        "{CHANGE} join sight s on s.document = c.document
         where s.person = ?1 and s.visible and d.id = ?2 and c.n > ?3 order by c.n"
    ))?;
    let mut rows = query.query((person, document.to_bytes().as_slice(), after.cast_signed()))?;
    let mut opened = Opened::new();
    let mut pack = Pack { document, changes: Vec::new(), whole: true };
    while let Some(row) = rows.next()? {
        let next = change_row(conn, row, &mut opened)?;
        if next.change.raw.len() > *room {
            pack.whole = false;
            *room = 0;
            break;
        }
        *room -= next.change.raw.len();
        pack.changes.push(next);
    }
    Ok(pack)
}
