//! Comparing what a device holds with all that its person may read.

use fieldfolio_core::ids::{ActId, DocumentId, PersonId, PieceId};
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::sync::audit::{COMPARED, Fingerprint, RecordsFingerprint};
use fieldfolio_core::sync::wire::{Envelope, Holdings, Lacking, Record, Response, ToFill};
use fieldfolio_core::time::Timestamp;
use rusqlite::Connection;
use rusqlite::types::Type;

use super::{MOST_ANNOUNCED, changed_row, render};
use crate::log::epochs;
use crate::visibility::media;
use crate::{database, visibility};

/// Compares what a device holds with all that its person may read, both up to its cursor. Where documents differ, all in
/// sight are announced once more; where acts or records differ, everything is told from the beginning.
pub fn audit(
    conn: &Connection,
    person: PersonId,
    (held, up_to): (Holdings, u64),
    now: Timestamp,
    response: &mut Response,
) -> rusqlite::Result<()> {
    let Some(row) = visibility::person_row(conn, person)? else { return Ok(()) };
    let lacking = media::lacking(conn, row)?;
    response.lacks = lacking.into_iter().map(|(piece, blob)| Lacking { piece, blob }).collect();
    if records(conn, (person, row), up_to, now)? != held.records {
        response.cursor = epochs::cursor_at(conn, 0)?;
        (response.again, response.more) = (true, true);
    }
    let mut fingerprint = Fingerprint::default();
    let mut query = conn.prepare_cached(
        "select d.id, c.hash from visibility s join document d on d.row = s.document join change c on c.document = d.row
         where s.person = ?1 and s.visible and c.n <= ?2 order by d.id, c.hash",
    )?;
    let mut rows = query.query((row, up_to.cast_signed()))?;
    while let Some(row) = rows.next()? {
        let id: Vec<u8> = row.get(0)?;
        let document = DocumentId::from_bytes(&id)
            .ok_or_else(|| database::unreadable(0, Type::Blob, "the id of a document"))?;
        fingerprint.add(document, &Head(row.get(1)?));
    }
    if fingerprint.finish() == held.documents {
        return Ok(());
    }
    let in_sight: i64 = conn
        .prepare_cached("select count(*) from visibility where person = ?1 and visible")?
        .query_row([row], |row| row.get(0))?;
    if in_sight > MOST_ANNOUNCED {
        tracing::warn!(%person, in_sight, "a device differs, and has more in sight than can be announced at once");
        return Ok(());
    }
    let mut query = conn.prepare_cached(
        "select d.id, d.class, s.visible from visibility s join document d on d.row = s.document
         where s.person = ?1 and s.visible",
    )?;
    for seen in query.query_map([row], changed_row)? {
        let seen = seen?;
        response.to_fill.push(ToFill { document: seen.document, class: seen.class });
    }
    (response.differs, response.more) = (true, true);
    Ok(())
}

/// The fingerprint of the acts and records that this person may know.
fn records(
    conn: &Connection,
    (person, row): (PersonId, i64),
    up_to: u64,
    now: Timestamp,
) -> rusqlite::Result<[u8; 32]> {
    let mut fingerprint = RecordsFingerprint::default();
    let mut pieces = conn.prepare_cached(
        "select d.piece as id from visibility s join document d on d.row = s.document
         where s.person = ?1 and s.visible
         union select id from piece where maker = ?1 order by id",
    )?;
    let mut acts_of = conn.prepare_cached("select id from act where piece = ?1 and n <= ?2 order by id")?;
    for piece in pieces.query_map([row], |row| row.get::<_, PieceId>(0))? {
        let piece = piece?;
        let key = (piece, up_to.cast_signed());
        let acts: Vec<ActId> =
            acts_of.query_map(key, |row| row.get::<_, ActId>(0))?.collect::<rusqlite::Result<_>>()?;
        if !acts.is_empty() {
            fingerprint.add_piece(piece, &acts);
        }
    }
    let mut notices =
        conn.prepare_cached("select id from notice where person = ?1 and kind = ?2 order by id")?;
    for kind in COMPARED {
        let ids: Vec<Vec<u8>> =
            notices.query_map((row, kind.number()), |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for id in ids {
            // A person with many devices comes in several parts, and is compared by her id alone.
            let told = render::records(conn, person, row, kind.number().into(), &id, now)?;
            if let Some(Envelope { id, body: Some(body), .. }) = told.first().map(Record::to_envelope) {
                fingerprint.add_record(kind, &id, &body);
            }
        }
    }
    Ok(fingerprint.finish())
}
