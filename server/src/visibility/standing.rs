//! What a piece is and what people are in circles, as access looks at it: read from the tables, decided in core.

use std::collections::{BTreeMap, BTreeSet};

use fieldfolio_core::access::{self, Membership, Placement};
use fieldfolio_core::ids::{FolioId, PersonId, PieceId};
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};

/// A piece as access looks at it.
pub fn piece(conn: &Connection, id: PieceId) -> rusqlite::Result<Option<access::Piece>> {
    let found = conn
        .prepare_cached(
            "select m.id, p.kind, p.audience from piece p join person m on m.row = p.maker where p.id = ?1",
        )?
        .query_row([id], |row| {
            Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, u8>(1)?, row.get::<_, Option<u16>>(2)?))
        })
        .optional()?;
    let Some((maker, kind, audience)) = found else { return Ok(None) };
    let placements = placements_in(
        conn,
        "select p.folio, s.id from placement p join person s on s.row = p.student where p.piece = ?1 order by s.id",
        id,
    )?;
    let offers = placements_in(
        conn,
        "select o.folio, s.id from offer o join person s on s.row = o.student where o.piece = ?1
         order by s.id, o.folio",
        id,
    )?;
    Ok(Some(access::Piece {
        id,
        maker: PersonId::from_bytes(maker),
        kind: PieceKind::from_number(kind),
        placements,
        offers,
        audience: audience.map(Roles::from_bits),
    }))
}

fn placements_in(conn: &Connection, sql: &str, piece: PieceId) -> rusqlite::Result<Vec<Placement>> {
    conn.prepare_cached(sql)?
        .query_map([piece], |row| {
            Ok(Placement { folio: row.get::<_, FolioId>(0)?, student: row.get::<_, PersonId>(1)? })
        })?
        .collect()
}

/// What a person is in a circle, or was when a log that was lost stood at this number.
pub fn membership_before(
    conn: &Connection,
    folio: FolioId,
    person: PersonId,
    lost: u64,
) -> rusqlite::Result<Membership> {
    let mut query = conn.prepare_cached(
        "select c.role, c.may_write from circle c join person p on p.row = c.person
         where c.folio = ?1 and p.id = ?2 and (c.ended_n is null or c.lost_n > ?3)",
    )?;
    let key = (folio, person, lost.cast_signed());
    let rows = query.query_map(key, role_row)?;
    add_up(conn, folio, person, rows)
}

/// What a person is in a circle, or was at any time since this moment.
pub fn membership_since(
    conn: &Connection,
    folio: FolioId,
    person: PersonId,
    since: Timestamp,
) -> rusqlite::Result<Membership> {
    let mut query = conn.prepare_cached(
        "select c.role, c.may_write from circle c join person p on p.row = c.person
         left join log l on l.n = c.ended_n
         where c.folio = ?1 and p.id = ?2 and (l.at is null or l.at > ?3)
           and (c.expires_at is null or c.expires_at > ?3)",
    )?;
    let since = since.millis().cast_signed();
    let rows = query.query_map((folio, person, since), role_row)?;
    add_up(conn, folio, person, rows)
}

/// What a person is in a circle. With a time, rows that have expired by then don't count even if they have not been
/// ended yet.
pub fn membership(
    conn: &Connection,
    folio: FolioId,
    person: PersonId,
    now: Option<Timestamp>,
) -> rusqlite::Result<Membership> {
    let now = now.map_or(0, Timestamp::millis).cast_signed();
    let mut query = conn.prepare_cached(
        "select c.role, c.may_write from circle c join person p on p.row = c.person
         where c.folio = ?1 and p.id = ?2 and c.ended_n is null and (c.expires_at is null or c.expires_at > ?3)",
    )?;
    let rows = query.query_map((folio, person, now), role_row)?;
    add_up(conn, folio, person, rows)
}

fn role_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(String, bool)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn add_up(
    conn: &Connection,
    folio: FolioId,
    person: PersonId,
    rows: impl Iterator<Item = rusqlite::Result<(String, bool)>>,
) -> rusqlite::Result<Membership> {
    let mut membership = Membership::default();
    for row in rows {
        let (role, may_write) = row?;
        if let Ok(role) = role.parse::<Role>() {
            membership.add(role, may_write);
        }
    }
    membership.denied = conn
        .prepare_cached(
            "select 1 from folio f join person p on p.id = ?2
             join denial d on d.student = f.student and d.person = p.row where f.id = ?1",
        )?
        .exists((folio, person))?;
    Ok(membership)
}

/// Everybody's membership in the circle of a folio: rows that have not ended, whether their time is over or not.
pub(super) fn memberships(
    conn: &Connection,
    folio: FolioId,
) -> rusqlite::Result<BTreeMap<PersonId, Membership>> {
    let key = [folio];
    let mut all: BTreeMap<PersonId, Membership> = BTreeMap::new();
    let mut query = conn.prepare_cached(
        "select p.id, c.role, c.may_write from circle c join person p on p.row = c.person
         where c.folio = ?1 and c.ended_n is null",
    )?;
    let mut rows = query.query(key)?;
    while let Some(row) = rows.next()? {
        let (role, may_write): (String, bool) = (row.get(1)?, row.get(2)?);
        if let Ok(role) = role.parse::<Role>() {
            all.entry(row.get::<_, PersonId>(0)?).or_default().add(role, may_write);
        }
    }
    let mut query = conn.prepare_cached(
        "select p.id from folio f join denial d on d.student = f.student join person p on p.row = d.person
         where f.id = ?1",
    )?;
    let denied: BTreeSet<PersonId> =
        query.query_map(key, |row| row.get::<_, PersonId>(0))?.collect::<rusqlite::Result<_>>()?;
    for person in denied {
        all.entry(person).or_default().denied = true;
    }
    Ok(all)
}
