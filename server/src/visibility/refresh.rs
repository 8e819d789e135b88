//! Working out anew who sees the documents of a piece.
//!
//! An event of the directory can concern very many pieces (a teacher who joins her classes). Its transaction works out
//! a bounded number of them; the others wait in `refresh`, and follow in turns of their own, with others' writes between.
//! Until then nobody is told or shown anything whose rights the event narrowed.

use std::collections::BTreeMap;

use fieldfolio_core::access::{self, Membership};
use fieldfolio_core::ids::{DocumentId, FolioId, Part, PersonId, PieceId};
use fieldfolio_core::model::directory::RecordKind;
use fieldfolio_core::model::role::{Class, Role};
use fieldfolio_core::sync::budget;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{count_voices, next_seq, notify, rows, standing};
use crate::log::{self, Event};

/// The pieces of a folio are to be looked at again, as of event `n`: as many as one transaction takes at once, the
/// others in turns that follow.
pub(super) fn refresh_folio(tx: &Transaction<'_>, folio: FolioId, n: u64) -> rusqlite::Result<()> {
    let waiting = tx
        .prepare_cached(
            "insert or ignore into refresh (piece, n)
             select piece, ?2 from placement where folio = ?1 union select piece, ?2 from offer where folio = ?1",
        )?
        .execute((folio, n.cast_signed()))?;
    if waiting == 0 && !is_waited_for(tx)? {
        return Ok(());
    }
    let done = done_by(tx, n)?;
    let here = take(tx, Some(n), budget::PIECES_A_TURN.saturating_sub(done))?;
    set_done(tx, n, done + here.len())?;
    for piece in here {
        refresh_piece(tx, piece, n)?;
    }
    if is_waited_for(tx)? {
        tx.prepare_cached(
            "insert into narrowed (person, n)
             select person, ?2 from circle where folio = ?1 and ended_n = ?2
             union select d.person, ?2 from folio f join denial d on d.student = f.student where f.id = ?1
             on conflict (person) do update set n = max(n, excluded.n)",
        )?
        .execute((folio, n.cast_signed()))?;
    }
    Ok(())
}

/// Is there a piece that waits? One look at an index.
pub fn is_waited_for(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached("select exists (select 1 from refresh)")?.query_row([], |row| row.get(0))
}

/// The next turn: some of the pieces that wait, under a number of its own. Whether more of them wait after it.
pub fn refresh_some(tx: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<bool> {
    let pieces = take(tx, None, budget::PIECES_A_TURN)?;
    if pieces.is_empty() {
        return Ok(false);
    }
    let n = log::append(tx, now, None, &Event::PiecesRefreshed { pieces: pieces.len() })?;
    for piece in pieces {
        refresh_piece(tx, piece, n)?;
    }
    let free: Vec<i64> = tx
        .prepare_cached(
            "delete from narrowed where n < coalesce((select min(n) from refresh), n + 1) returning person",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for person in free {
        // Whatever happened meanwhile, she is told now.
        notify(tx, person, RecordKind::School, b"", n)?;
    }
    is_waited_for(tx)
}

/// Have this person's rights become fewer by an event that is not worked out to its end? She is told nothing until then.
pub fn is_narrowed(conn: &Connection, person: i64) -> rusqlite::Result<bool> {
    conn.prepare_cached("select 1 from narrowed where person = ?1")?.exists([person])
}

/// Takes pieces out of those that wait: of one event, or the longest waiting.
fn take(tx: &Transaction<'_>, of: Option<u64>, most: usize) -> rusqlite::Result<Vec<PieceId>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let read = |row: &rusqlite::Row<'_>| row.get(0).map(PieceId::from_bytes);
    let pieces: Vec<PieceId> = match of {
        Some(n) => tx
            .prepare_cached("select piece from refresh where n = ?1 limit ?2")?
            .query_map((n.cast_signed(), most), read)?
            .collect::<rusqlite::Result<_>>()?,
        None => tx
            .prepare_cached("select piece from refresh order by n limit ?1")?
            .query_map([most], read)?
            .collect::<rusqlite::Result<_>>()?,
    };
    let mut done = tx.prepare_cached("delete from refresh where piece = ?1")?;
    for piece in &pieces {
        done.execute([piece])?;
    }
    Ok(pieces)
}

fn done_by(tx: &Transaction<'_>, n: u64) -> rusqlite::Result<usize> {
    let done: Option<i64> = tx
        .prepare_cached("select pieces from event_work where n = ?1")?
        .query_row([n.cast_signed()], |row| row.get(0))
        .optional()?;
    Ok(usize::try_from(done.unwrap_or(0)).unwrap_or(0))
}

fn set_done(tx: &Transaction<'_>, n: u64, pieces: usize) -> rusqlite::Result<()> {
    tx.prepare_cached("delete from event_work where n < ?1")?.execute([n.cast_signed()])?;
    tx.prepare_cached("insert or replace into event_work (n, pieces) values (?1, ?2)")?
        .execute((n.cast_signed(), i64::try_from(pieces).unwrap_or(i64::MAX)))?;
    Ok(())
}

/// Everybody's membership in the circles of a piece.
struct Circles(BTreeMap<FolioId, BTreeMap<PersonId, Membership>>);

impl access::Circles for Circles {
    fn membership(&self, folio: FolioId, person: PersonId) -> Membership {
        self.0.get(&folio).and_then(|circle| circle.get(&person)).copied().unwrap_or_default()
    }
}

/// Works out anew who sees the documents of a piece. Returns how many rows of readers that took.
pub(super) fn refresh_piece(tx: &Transaction<'_>, id: PieceId, n: u64) -> rusqlite::Result<u64> {
    let Some(piece) = standing::piece(tx, id)? else { return Ok(0) };
    let key = id;
    let mut circles = Circles(BTreeMap::new());
    for placement in piece.placements.iter().chain(&piece.offers) {
        circles.0.insert(placement.folio, standing::memberships(tx, placement.folio)?);
    }
    let people = concerned(tx, key)?;
    let mut told = tell_group(tx, &piece, &people, n)?;
    let acting = devices(tx, "select distinct device from act where piece = ?1", key)?;
    let documents = documents(tx, key)?;
    for document in &documents {
        let before = seeing(tx, document.row)?;
        let mut signing: Option<Vec<[u8; 16]>> = None;
        for (row, person) in &people {
            let visible = match document.id.part {
                Part::Content => piece.may_read_content(&circles, *person),
                Part::Voice { author, about } => {
                    piece.may_read_voice(&circles, *person, document.class, author, about)
                }
                Part::Shared => piece.may_read_shared(&circles, *person),
                Part::Newer { .. } => false,
            };
            if before.get(row).copied().unwrap_or(false) == visible {
                continue;
            }
            set_sight(tx, *row, document.row, visible, n)?;
            notify(tx, *row, RecordKind::Piece, key, n)?;
            for writer in [Some(piece.maker), document.id.author()].into_iter().flatten() {
                notify(tx, *row, RecordKind::Person, writer.as_bytes(), n)?;
            }
            // What was there already is only written over.
            told += if before.contains_key(row) { 0 } else { 4 };
            if visible {
                if signing.is_none() {
                    let sql = "select device from signer where document = ?1";
                    signing = Some(devices(tx, sql, document.row)?);
                }
                for device in signing.iter().flatten().chain(&acting) {
                    meet(tx, *row, device, n)?;
                }
            }
        }
    }
    let counts = documents.iter().any(|document| COUNTING.contains(&document.class));
    for placement in piece.placements.iter().filter(|_| counts) {
        let student = tx
            .prepare_cached("select row from person where id = ?1")?
            .query_row([placement.student], |row| row.get(0))?;
        count_voices(tx, student, n)?;
    }
    Ok(told)
}

/// Group members, and the maker of what was accepted, learn whose folio their common piece lies in.
fn tell_group(
    tx: &Transaction<'_>,
    piece: &access::Piece,
    people: &[(i64, PersonId)],
    n: u64,
) -> rusqlite::Result<u64> {
    let mut told = 0;
    if piece.audience.is_none() {
        return Ok(0);
    }
    let has_part = |person: PersonId| person == piece.maker || piece.placement_of(person).is_some();
    for (row, person) in people.iter().filter(|(_, person)| has_part(*person)) {
        for placement in piece.placements.iter().filter(|placement| placement.student != *person) {
            let is_new = tx
                .prepare_cached("insert or ignore into works_with (person, folio) values (?1, ?2)")?
                .execute((*row, placement.folio))?;
            if is_new > 0 {
                notify(tx, *row, RecordKind::Folio, placement.folio.as_bytes(), n)?;
                notify(tx, *row, RecordKind::Person, placement.student.as_bytes(), n)?;
                told += 3;
            }
        }
    }
    Ok(told)
}

/// A reader is given the key of a device that signed what she sees; she is told once.
pub(super) fn meet(tx: &Transaction<'_>, reader: i64, device: &[u8; 16], n: u64) -> rusqlite::Result<()> {
    let is_new = tx
        .prepare_cached("insert or ignore into known_device (reader, device) values (?1, ?2)")?
        .execute((reader, device.as_slice()))?;
    if is_new == 0 {
        return Ok(());
    }
    let person: Option<[u8; 16]> = tx
        .prepare_cached("select p.id from device d join person p on p.row = d.person where d.id = ?1")?
        .query_row([device.as_slice()], |row| row.get(0))
        .optional()?;
    match person {
        Some(person) => notify(tx, reader, RecordKind::Person, person, n),
        None => Ok(()),
    }
}

/// Everyone who may come to see, or to lose, something of a piece.
fn concerned(tx: &Transaction<'_>, piece: PieceId) -> rusqlite::Result<Vec<(i64, PersonId)>> {
    let found = rows(
        tx,
        "select c.person from placement l join circle c on c.folio = l.folio where l.piece = ?1
         union select s.person from document d cross join visibility s on s.document = d.row where d.piece = ?1
         union select author from document where piece = ?1 and author is not null
         union select student from placement where piece = ?1
         union select student from offer where piece = ?1
         union select c.person from offer o join circle c on c.folio = o.folio
             where o.piece = ?1 and c.role = 'teacher' and c.ended_n is null
         union select maker from piece where id = ?1",
        piece,
    )?;
    found.into_iter().map(|row| Ok((row, PersonId::from_bytes(super::person_id(tx, row)?)))).collect()
}

struct DocumentRow {
    row: i64,
    id: DocumentId,
    class: Class,
}

fn documents(conn: &Connection, piece: PieceId) -> rusqlite::Result<Vec<DocumentRow>> {
    let mut query = conn.prepare_cached("select row, id, class from document where piece = ?1")?;
    let rows = query.query_map([piece], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, u8>(2)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (row, id, class) = row?;
        let Some(id) = DocumentId::from_bytes(&id) else { continue };
        found.push(DocumentRow { row, id, class: Class::from_number(class) });
    }
    Ok(found)
}

/// Who has a row for this document, and whether she sees it.
fn seeing(conn: &Connection, document: i64) -> rusqlite::Result<BTreeMap<i64, bool>> {
    conn.prepare_cached("select person, visible from visibility where document = ?1")?
        .query_map([document], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn devices(conn: &Connection, sql: &str, key: impl rusqlite::ToSql) -> rusqlite::Result<Vec<[u8; 16]>> {
    conn.prepare_cached(sql)?.query_map([key], |row| row.get(0))?.collect()
}

fn set_sight(
    tx: &Transaction<'_>,
    person: i64,
    document: i64,
    visible: bool,
    n: u64,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "insert into visibility (person, document, visible, since_n, last_n, seq)
         values (?1, ?2, ?3, ?4, (select coalesce(max(n), 0) from change where document = ?2), ?5)
         on conflict (person, document)
             do update set visible = excluded.visible, since_n = excluded.since_n, seq = excluded.seq",
    )?
    .execute((person, document, visible, n.cast_signed(), next_seq(tx)?))?;
    Ok(())
}

/// Can a voice of this class count for a level?
pub(super) const COUNTING: [Class; 2] = [Class::Voice(Role::Teacher), Class::Voice(Role::Mentor)];
