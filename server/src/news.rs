//! What a device is told: everything its person may know that happened after its cursor, read in one transaction.
//!
//! Three streams are merged by number up to a bound in bytes: records that changed, documents that came into visibility or went
//! out of it, and new changes of documents in sight. Access is state, kept in `visibility`, so nothing is replayed and
//! reconnecting with nothing new costs a few index look-ups, however many folios there are. One event can concern more
//! than one answer holds: then the cursor points into its number.

mod acquaintance;
mod audit;
mod render;

pub use audit::audit;
pub(crate) use render::acts;

use std::ops::ControlFlow;

use fieldfolio_core::ids::{DocumentId, PersonId};
use fieldfolio_core::model::role::Class;
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::{Cursor, Envelope, Fill, PROTOCOL, Pack, Record, Response, ToFill};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::log::changes::{self, Opened};
use crate::log::epochs::{self, CursorStatus};
use crate::{log, visibility};

/// Rows of one stream in one response.
const PAGE: usize = 1_000;
/// Documents that an answer announces once more when what a device holds differs; with more, its bytes would be too many.
const MOST_ANNOUNCED: i64 = 200_000;

/// Reads one page. `conn` is inside one read transaction.
pub fn read(
    conn: &Connection,
    person: PersonId,
    cursor: Cursor,
    fill: &[Fill],
    now: Timestamp,
) -> rusqlite::Result<Response> {
    let head = log::head(conn)?;
    let forked_at = match epochs::cursor_status(conn, cursor, head)? {
        CursorStatus::Here => None,
        CursorStatus::Lost(at) => Some(at),
        // Whoever exchanges has begun a new epoch before it reads.
        CursorStatus::Unheard | CursorStatus::Foreign => Some(0),
    };
    if let Some(at) = forked_at {
        return Ok(Response {
            version: PROTOCOL,
            cursor: epochs::cursor_at(conn, at.min(cursor.n))?,
            start_over: true,
            forked_at,
            ..Response::default()
        });
    }
    let Some(row) = visibility::person_row(conn, person)? else { return Ok(Response::default()) };
    let mut response = Response { version: PROTOCOL, ..Response::default() };
    if visibility::is_narrowed(conn, row)? {
        // What she may see is still being worked out: she asks again.
        return Ok(Response { cursor, more: true, ..response });
    }
    let mut page = Page::read(conn, row, cursor, head)?;
    let mut room = budget::ANSWER_BYTES;
    for (place, told) in std::mem::take(&mut page.told) {
        let is_first = page.reached.is_none();
        let bytes = match told {
            Told::Record { kind, id } => {
                let records: Vec<Envelope> = render::records(conn, person, row, kind, &id, now)?
                    .iter()
                    .map(Record::to_envelope)
                    .collect();
                let bytes = records.iter().map(Envelope::bytes).sum();
                if bytes <= room || is_first {
                    response.records.extend(records);
                }
                bytes
            }
            Told::Visibility(seen) => {
                if seen.visible {
                    response.to_fill.push(ToFill { document: seen.document, class: seen.class });
                } else {
                    response.purge.push(seen.document);
                }
                ANNOUNCEMENT
            }
            Told::Change => {
                let Some(news) = page.opened.change(conn, place.n)? else { continue };
                let bytes = news.most_bytes();
                if bytes <= room || is_first {
                    response.news.push(news);
                }
                bytes
            }
        };
        if bytes > room && !is_first {
            page.is_cut = true;
            break;
        }
        room = room.saturating_sub(bytes);
        page.reached = Some(place);
    }
    let (bound, part) = page.bound();
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
    response.cursor = Cursor { part, ..epochs::cursor_at(conn, bound)? };
    response.more = bound < head || !all_packed;
    Ok(response)
}

/// No less than the encoded bytes of a document that is announced, or of the head of a pack.
const ANNOUNCEMENT: usize = 80;

/// A place in what a person is to be told: the event's number, and the row's place among those of its number. A change
/// comes last in its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    n: u64,
    seq: u64,
}

const LAST: u64 = u64::MAX;

/// What is told at a place.
enum Told {
    Record { kind: i64, id: Vec<u8> },
    Visibility(ChangedVisibility),
    Change,
}

/// What follows a cursor, as far as it is certain that nothing lies between.
struct Page {
    told: Vec<(Place, Told)>,
    /// Up to here everything is in `told`.
    limit: Place,
    /// Up to here it was told.
    reached: Option<Place>,
    /// It was not told to its end.
    is_cut: bool,
    opened: Opened,
}

impl Page {
    fn read(conn: &Connection, row: i64, cursor: Cursor, head: u64) -> rusqlite::Result<Self> {
        let mut limit = Place { n: head, seq: LAST };
        let mut told = Vec::new();
        let streams = [
            notices(conn, row, cursor)?,
            changed_sight(conn, row, cursor)?,
            changes_in_sight(conn, row, cursor)?,
        ];
        for stream in streams {
            if let Some((last, _)) = stream.last().filter(|_| stream.len() == PAGE) {
                limit = limit.min(*last);
            }
            told.extend(stream);
        }
        told.sort_by_key(|(place, _)| *place);
        told.retain(|(place, _)| *place <= limit);
        Ok(Self { told, limit, reached: None, is_cut: false, opened: Opened::default() })
    }

    /// The number up to which everything was told, and how far into the next one.
    fn bound(&self) -> (u64, u64) {
        let end = match self.reached {
            Some(reached) if self.is_cut => reached,
            _ => self.limit,
        };
        match end.seq {
            LAST => (end.n, 0),
            seq => (end.n.saturating_sub(1), seq),
        }
    }
}

/// Is there anything after this number that a person, by her row, may be told? Three looks at indices; where it says
/// yes, [`read`] decides.
pub fn concerns(conn: &Connection, person: i64, after: u64) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "select exists (select 1 from notice where person = ?1 and n > ?2)
             or exists (select 1 from visibility where person = ?1 and since_n > ?2)
             or exists (select 1 from visibility where person = ?1 and visible and last_n > ?2)",
    )?
    .query_row((person, after.cast_signed()), |row| row.get(0))
}

/// Records that changed. The rows of the number after the cursor's may be known in part.
fn notices(conn: &Connection, person: i64, cursor: Cursor) -> rusqlite::Result<Vec<(Place, Told)>> {
    let mut query = conn.prepare_cached(
        "select kind, id, n, seq from notice where person = ?1 and n > ?2 and (n > ?2 + 1 or seq > ?3)
         order by n, seq limit ?4",
    )?;
    query
        .query_map((person, cursor.n.cast_signed(), part(cursor), limit()), |row| {
            Ok((place(row, 2)?, Told::Record { kind: row.get(0)?, id: row.get(1)? }))
        })?
        .collect()
}

struct ChangedVisibility {
    document: DocumentId,
    class: Class,
    visible: bool,
}

fn changed_sight(conn: &Connection, person: i64, cursor: Cursor) -> rusqlite::Result<Vec<(Place, Told)>> {
    let mut query = conn.prepare_cached(
        "select d.id, d.class, s.visible, s.since_n, s.seq from visibility s join document d on d.row = s.document
         where s.person = ?1 and s.since_n > ?2 and (s.since_n > ?2 + 1 or s.seq > ?3)
         order by s.since_n, s.seq limit ?4",
    )?;
    query
        .query_map((person, cursor.n.cast_signed(), part(cursor), limit()), |row| {
            Ok((place(row, 3)?, Told::Visibility(changed_row(row)?)))
        })?
        .collect()
}

fn changed_row(row: &Row<'_>) -> rusqlite::Result<ChangedVisibility> {
    Ok(ChangedVisibility {
        document: row.get(0)?,
        class: Class::from_number(row.get(1)?),
        visible: row.get(2)?,
    })
}

/// New changes of documents that were in sight at the cursor already, by the part of the next number that is known, too:
/// their numbers. What they say is read one by one.
fn changes_in_sight(conn: &Connection, person: i64, cursor: Cursor) -> rusqlite::Result<Vec<(Place, Told)>> {
    let mut query = conn.prepare_cached(
        "select c.n from visibility s cross join change c on c.document = s.document
         where s.person = ?1 and s.visible and s.last_n > ?2 and c.n > ?2
             and (s.since_n <= ?2 or (s.since_n = ?2 + 1 and s.seq <= ?3))
         order by c.n limit ?4",
    )?;
    query
        .query_map((person, cursor.n.cast_signed(), part(cursor), limit()), |row| {
            let n = row.get::<_, i64>(0)?.cast_unsigned();
            Ok((Place { n, seq: LAST }, Told::Change))
        })?
        .collect()
}

fn place(row: &Row<'_>, at: usize) -> rusqlite::Result<Place> {
    let (n, seq): (i64, i64) = (row.get(at)?, row.get(at + 1)?);
    Ok(Place { n: n.cast_unsigned(), seq: seq.cast_unsigned() })
}

/// A part that nobody gave out is none.
fn part(cursor: Cursor) -> i64 {
    i64::try_from(cursor.part).unwrap_or(0)
}

fn limit() -> i64 {
    i64::try_from(PAGE).unwrap_or(i64::MAX)
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
    let mut pack = Pack { document, changes: Vec::new(), whole: true };
    let seen: Option<i64> = conn
        .prepare_cached(
            "select d.row from document d cross join visibility s on s.person = ?1 and s.document = d.row
             where d.id = ?2 and s.visible",
        )?
        .query_row((person, document), |row| row.get(0))
        .optional()?;
    *room = room.saturating_sub(ANNOUNCEMENT);
    let Some(seen) = seen else { return Ok(pack) };
    changes::after(conn, seen, after, &mut |next| {
        if next.most_bytes() > *room {
            pack.whole = false;
            *room = 0;
            return ControlFlow::Break(());
        }
        *room -= next.most_bytes();
        pack.changes.push(next);
        ControlFlow::Continue(())
    })?;
    Ok(pack)
}
