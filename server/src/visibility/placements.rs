//! In which folios a piece lies and to which it is offered: worked out from its acts, and kept as rows.

use std::collections::BTreeSet;

use fieldfolio_core::ids::{ActId, FolioId, PersonId, PieceId};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::model::placing::places;
use fieldfolio_core::sync::relay::PieceAct;
use rusqlite::{Connection, Transaction};

/// The acts of a piece, in number order, without those that were taken back in a log that was lost.
pub(crate) fn acts_of(conn: &Connection, piece: PieceId) -> rusqlite::Result<Vec<PieceAct>> {
    let mut query = conn.prepare_cached(
        "select a.id, a.body, p.id from act a join device d on d.id = a.device join person p on p.row = d.person
         where a.piece = ?1 and not exists (select 1 from undone u where u.act = a.id) order by a.n",
    )?;
    let rows = query.query_map([piece], |row| {
        let by = row.get::<_, PersonId>(2)?;
        Ok((row.get::<_, ActId>(0)?, row.get::<_, Vec<u8>>(1)?, by))
    })?;
    let mut acts = Vec::new();
    for row in rows {
        let (id, body, by) = row?;
        if let Ok(act) = Act::from_bytes(&body) {
            acts.push(PieceAct { id, by, act });
        }
    }
    Ok(acts)
}

/// Brings the rows in line with the acts. Returns the students in whose folios the piece lies no more.
pub(crate) fn work_out(tx: &Transaction<'_>, piece: PieceId) -> rusqlite::Result<BTreeSet<i64>> {
    let acts = acts_of(tx, piece)?;
    let places = places(acts.iter().map(|known| (known.id, &known.act)), &BTreeSet::new());
    let before: Vec<(FolioId, i64)> = tx
        .prepare_cached("select folio, student from placement where piece = ?1")?
        .query_map([piece], |row| Ok((row.get::<_, FolioId>(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut left = BTreeSet::new();
    for (folio, student) in &before {
        if !places.folios.contains(folio) {
            tx.prepare_cached("delete from placement where piece = ?1 and student = ?2")?
                .execute((piece, student))?;
            left.insert(*student);
        }
    }
    for folio in &places.folios {
        // A folio is here before anything is placed in it; of a student's folios the piece lies in one.
        tx.prepare_cached(
            "insert or ignore into placement (piece, student, folio)
             select ?1, student, id from folio where id = ?2",
        )?
        .execute((piece, folio))?;
    }
    tx.prepare_cached("delete from offer where piece = ?1")?.execute([piece])?;
    for folio in places.offers.keys() {
        tx.prepare_cached(
            "insert or ignore into offer (piece, student, folio) select ?1, student, id from folio where id = ?2",
        )?
        .execute((piece, folio))?;
    }
    Ok(left)
}
