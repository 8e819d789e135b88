//! Who sees what, kept as state: for each person and document whether she may read it, and the number of the event
//! that last changed that. So news is read by number, without looking at acts or circles again.
//!
//! Every function takes the number `n` of the event that made it necessary. What a notice's record says is read when
//! a device asks, and checked again then.

use std::collections::{BTreeMap, BTreeSet};

use fieldfolio_core::access::{self, Membership, Placement};
use fieldfolio_core::ids::{ClassId, DocumentId, FolioId, FrameworkId, PersonId, PieceId, ProjectId};
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::{Class, Role, Roles};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

/// The kinds of record a person is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// The school.
    School = 0,
    /// A framework.
    Framework = 1,
    /// A person with her devices.
    Person = 2,
    /// A project.
    Project = 3,
    /// A folio with its circle.
    Folio = 4,
    /// The acts of a piece.
    Piece = 5,
    /// How many voices about a student can count.
    Census = 6,
    /// A class, for who teaches or advises it.
    Class = 7,
    /// What is held back of a document.
    Held = 8,
}

impl Notice {
    /// Every kind.
    pub const ALL: [Notice; 9] = [
        Notice::School,
        Notice::Framework,
        Notice::Person,
        Notice::Project,
        Notice::Folio,
        Notice::Piece,
        Notice::Census,
        Notice::Class,
        Notice::Held,
    ];
}

/// Tells `person` that a record changed.
pub fn notify(tx: &Transaction<'_>, person: i64, kind: Notice, id: &[u8], n: u64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "insert into notice (person, kind, id, n) values (?1, ?2, ?3, ?4)
         on conflict (person, kind, id) do update set n = excluded.n",
    )?
    .execute((person, kind as i64, id, n.cast_signed()))?;
    Ok(())
}

/// The folio or its circle changed.
pub fn folio_changed(tx: &Transaction<'_>, folio: FolioId, n: u64) -> rusqlite::Result<()> {
    let id = folio.as_bytes().as_slice();
    let (student, project): (i64, Option<Vec<u8>>) =
        tx.query_row("select student, project from folio where id = ?1", [id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let framework: Option<Vec<u8>> = match &project {
        Some(project) => tx
            .query_row("select framework from project where id = ?1", [project], |row| row.get(0))
            .optional()?
            .flatten(),
        None => None,
    };
    let concerned = rows(tx, "select distinct person from circle where folio = ?1", id)?;
    for person in &concerned {
        notify(tx, *person, Notice::Folio, id, n)?;
        notify(tx, *person, Notice::Census, &person_id(tx, student)?, n)?;
        if let Some(project) = &project {
            notify(tx, *person, Notice::Project, project, n)?;
        }
        if let Some(framework) = &framework {
            notify(tx, *person, Notice::Framework, framework, n)?;
        }
        for other in &concerned {
            notify(tx, *person, Notice::Person, &person_id(tx, *other)?, n)?;
        }
    }
    if let Some(project) = &project {
        for member in rows(tx, "select student from project_group where project = ?1", project)? {
            group_changed(tx, member, student, id, n)?;
        }
    }
    for piece in ids::<PieceId>(tx, "select piece from placement where folio = ?1", id, PieceId::from_bytes)?
    {
        refresh_piece(tx, piece, n)?;
    }
    count_voices(tx, student, n)
}

/// Whether `member` works with the student of this folio changed, either way: whom she may place a common piece with.
pub fn group_changed(
    tx: &Transaction<'_>,
    member: i64,
    student: i64,
    folio: &[u8],
    n: u64,
) -> rusqlite::Result<()> {
    if member == student {
        return Ok(());
    }
    notify(tx, member, Notice::Folio, folio, n)?;
    notify(tx, member, Notice::Person, &person_id(tx, student)?, n)
}

/// A person's name, kinds or devices changed.
pub fn person_changed(tx: &Transaction<'_>, person: i64, n: u64) -> rusqlite::Result<()> {
    let id = person_id(tx, person)?;
    tx.execute(
        "update notice set n = ?3 where kind = ?1 and id = ?2",
        (Notice::Person as i64, id.as_slice(), n.cast_signed()),
    )?;
    notify(tx, person, Notice::Person, &id, n)?;
    notify(tx, person, Notice::School, b"", n)
}

/// A project's words changed.
pub fn project_changed(tx: &Transaction<'_>, project: ProjectId, n: u64) -> rusqlite::Result<()> {
    let folios = ids(tx, "select id from folio where project = ?1", project.as_bytes(), FolioId::from_bytes)?;
    for folio in folios {
        folio_changed(tx, folio, n)?;
    }
    Ok(())
}

/// The school's name, scale or rule changed.
pub fn school_changed(tx: &Transaction<'_>, n: u64) -> rusqlite::Result<()> {
    for person in rows(tx, "select row from person where ?1 = ?1", &[])? {
        notify(tx, person, Notice::School, b"", n)?;
    }
    Ok(())
}

/// A framework was imported or replaced.
pub fn framework_changed(tx: &Transaction<'_>, framework: FrameworkId, n: u64) -> rusqlite::Result<()> {
    let id = framework.as_bytes().as_slice();
    tx.execute(
        "update notice set n = ?3 where kind = ?1 and id = ?2",
        (Notice::Framework as i64, id, n.cast_signed()),
    )?;
    for person in rows(
        tx,
        "select distinct c.person from circle c join folio f on f.id = c.folio join project p on p.id = f.project
         where p.framework = ?1",
        id,
    )? {
        notify(tx, person, Notice::Framework, id, n)?;
    }
    Ok(())
}

/// Members of a class learn each other's names; its teachers and advisors, who is in it.
pub fn classmates_changed(tx: &Transaction<'_>, class: ClassId, n: u64) -> rusqlite::Result<()> {
    let staff =
        "select distinct person from class_member where class = ?1 and role in ('teacher', 'advisor')";
    for person in rows(tx, staff, class.as_bytes())? {
        notify(tx, person, Notice::Class, class.as_bytes(), n)?;
    }
    let members = rows(tx, "select distinct person from class_member where class = ?1", class.as_bytes())?;
    for person in &members {
        for other in &members {
            notify(tx, *person, Notice::Person, &person_id(tx, *other)?, n)?;
        }
    }
    Ok(())
}

/// A piece's acts changed.
pub fn piece_changed(tx: &Transaction<'_>, piece: PieceId, n: u64) -> rusqlite::Result<()> {
    let id = piece.as_bytes().as_slice();
    let seeing = rows(
        tx,
        "select distinct s.person from sight s join document d on d.row = s.document where d.piece = ?1 and s.visible
         union select maker from piece where id = ?1",
        id,
    )?;
    for person in seeing {
        notify(tx, person, Notice::Piece, id, n)?;
    }
    refresh_piece(tx, piece, n)
}

/// A document got changes up to `n`; `is_new` when they are its first.
pub fn document_changed(
    tx: &Transaction<'_>,
    document: i64,
    piece: PieceId,
    is_new: bool,
    n: u64,
) -> rusqlite::Result<()> {
    tx.prepare_cached("update sight set last_n = ?2 where document = ?1")?
        .execute((document, n.cast_signed()))?;
    if is_new {
        refresh_piece(tx, piece, n)?;
    }
    Ok(())
}

/// What is held back of a document changed: those who teach where its piece lies are told.
pub fn held_changed(
    tx: &Transaction<'_>,
    document: DocumentId,
    author: PersonId,
    n: u64,
) -> rusqlite::Result<()> {
    let teachers = rows(
        tx,
        "select distinct c.person from circle c join placement l on l.folio = c.folio
         where l.piece = ?1 and c.role = 'teacher' and c.ended_n is null",
        document.piece.as_bytes(),
    )?;
    for person in teachers {
        notify(tx, person, Notice::Held, &document.to_bytes(), n)?;
        notify(tx, person, Notice::Person, author.as_bytes(), n)?;
    }
    Ok(())
}

/// A piece as access looks at it.
pub fn piece(conn: &Connection, id: PieceId) -> rusqlite::Result<Option<access::Piece>> {
    let found = conn
        .prepare_cached(
            "select m.id, p.kind, p.audience from piece p join person m on m.row = p.maker where p.id = ?1",
        )?
        .query_row([id.as_bytes().as_slice()], |row| {
            Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<u8>>(2)?))
        })
        .optional()?;
    let Some((maker, kind, audience)) = found else { return Ok(None) };
    let mut query = conn.prepare_cached(
        "select p.folio, s.id from placement p join person s on s.row = p.student where p.piece = ?1 order by s.id",
    )?;
    let placements = query
        .query_map([id.as_bytes().as_slice()], |row| {
            Ok(Placement {
                folio: FolioId::from_bytes(row.get(0)?),
                student: PersonId::from_bytes(row.get(1)?),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(access::Piece {
        id,
        maker: PersonId::from_bytes(maker),
        kind: if kind == 0 { PieceKind::Evidence } else { PieceKind::Observation },
        placements,
        audience: audience.and_then(Roles::from_bits),
    }))
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
    let key = (folio.as_bytes().as_slice(), person.as_bytes().as_slice(), lost.cast_signed());
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
    let rows =
        query.query_map((folio.as_bytes().as_slice(), person.as_bytes().as_slice(), since), role_row)?;
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
    let rows = query.query_map((folio.as_bytes().as_slice(), person.as_bytes().as_slice(), now), role_row)?;
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
            membership.roles = membership.roles.with(role);
            membership.reader_may_write |= may_write && role == Role::Reader;
        }
    }
    membership.denied = conn
        .prepare_cached(
            "select 1 from denial d join folio f on f.student = d.student join person p on p.row = d.person
             where f.id = ?1 and p.id = ?2",
        )?
        .exists((folio.as_bytes().as_slice(), person.as_bytes().as_slice()))?;
    Ok(membership)
}

/// Works out anew who sees the documents of a piece.
fn refresh_piece(tx: &Transaction<'_>, id: PieceId, n: u64) -> rusqlite::Result<()> {
    let Some(piece) = piece(tx, id)? else { return Ok(()) };
    let key = id.as_bytes().as_slice();
    let people = people(
        tx,
        "select p.row, p.id from person p where p.row in (
             select c.person from circle c join placement l on l.folio = c.folio where l.piece = ?1
             union select s.person from sight s join document d on d.row = s.document where d.piece = ?1
             union select author from document where piece = ?1 and author is not null
             union select student from placement where piece = ?1
             union select maker from piece where id = ?1)",
        key,
    )?;
    let mut memberships: BTreeMap<(FolioId, PersonId), Membership> = BTreeMap::new();
    for placement in &piece.placements {
        for (_, person) in &people {
            memberships.insert((placement.folio, *person), membership(tx, placement.folio, *person, None)?);
        }
    }
    let circles =
        |folio: FolioId, person: PersonId| memberships.get(&(folio, person)).copied().unwrap_or_default();
    for (row, person) in &people {
        if piece.placement_of(*person).is_some() {
            for placement in piece.placements.iter().filter(|placement| placement.student != *person) {
                notify(tx, *row, Notice::Folio, placement.folio.as_bytes(), n)?;
                notify(tx, *row, Notice::Person, placement.student.as_bytes(), n)?;
            }
        }
    }
    for document in documents(tx, key)? {
        for (row, person) in &people {
            let visible = match document.id.author() {
                None => piece.may_read_content(&circles, *person),
                Some(author) => {
                    piece.may_read_voice(&circles, *person, document.class, author, document.id.about())
                }
            };
            if set_sight(tx, *row, &document, visible, n)? {
                notify(tx, *row, Notice::Piece, key, n)?;
                for writer in [Some(piece.maker), document.id.author()].into_iter().flatten() {
                    notify(tx, *row, Notice::Person, writer.as_bytes(), n)?;
                }
            }
        }
    }
    for placement in &piece.placements {
        let student = tx.query_row(
            "select row from person where id = ?1",
            [placement.student.as_bytes().as_slice()],
            |row| row.get(0),
        )?;
        count_voices(tx, student, n)?;
    }
    Ok(())
}

struct DocumentRow {
    row: i64,
    id: DocumentId,
    class: Class,
}

fn documents(conn: &Connection, piece: &[u8]) -> rusqlite::Result<Vec<DocumentRow>> {
    let mut query = conn.prepare_cached("select row, id, class from document where piece = ?1")?;
    let rows = query.query_map([piece], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, u8>(2)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (row, id, class) = row?;
        let (Some(id), Some(class)) = (DocumentId::from_bytes(&id), Class::from_number(class)) else {
            continue;
        };
        found.push(DocumentRow { row, id, class });
    }
    Ok(found)
}

/// Returns whether anything changed.
fn set_sight(
    tx: &Transaction<'_>,
    person: i64,
    document: &DocumentRow,
    visible: bool,
    n: u64,
) -> rusqlite::Result<bool> {
    let before: Option<bool> = tx
        .prepare_cached("select visible from sight where person = ?1 and document = ?2")?
        .query_row((person, document.row), |row| row.get(0))
        .optional()?;
    if before.unwrap_or(false) == visible {
        return Ok(false);
    }
    tx.prepare_cached(
        "insert into sight (person, document, visible, since_n, last_n)
         values (?1, ?2, ?3, ?4, (select coalesce(max(n), 0) from change where document = ?2))
         on conflict (person, document) do update set visible = excluded.visible, since_n = excluded.since_n",
    )?
    .execute((person, document.row, visible, n.cast_signed()))?;
    Ok(true)
}

/// Counts the voices about a student that can count, and tells those who are shown her level when the number changed.
pub(crate) fn count_voices(tx: &Transaction<'_>, student: i64, n: u64) -> rusqlite::Result<()> {
    let voices: i64 = tx
        .prepare_cached(
            "select count(*) from document d
             join placement l on l.piece = d.piece and l.student = d.about
             join folio f on f.id = l.folio
             join sight s on s.document = d.row and s.person = d.about
             where d.about = ?1 and d.class in (?2, ?3) and f.project is not null and s.visible",
        )?
        .query_row(
            (student, Class::Voice(Role::Teacher).number(), Class::Voice(Role::Mentor).number()),
            |row| row.get(0),
        )?;
    let before: Option<i64> = tx
        .prepare_cached("select voices from census where student = ?1")?
        .query_row([student], |row| row.get(0))
        .optional()?;
    if before == Some(voices) {
        return Ok(());
    }
    tx.execute("insert or replace into census (student, voices) values (?1, ?2)", (student, voices))?;
    let shown = rows(
        tx,
        "select distinct c.person from circle c join folio f on f.id = c.folio
         where f.student = (select row from person where id = ?1)",
        &person_id(tx, student)?,
    )?;
    for person in shown {
        notify(tx, person, Notice::Census, &person_id(tx, student)?, n)?;
    }
    Ok(())
}

/// The id of a person's row.
pub fn person_id(conn: &Connection, row: i64) -> rusqlite::Result<[u8; 16]> {
    conn.prepare_cached("select id from person where row = ?1")?.query_row([row], |found| found.get(0))
}

/// The row of a person.
pub fn person_row(conn: &Connection, id: PersonId) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("select row from person where id = ?1")?
        .query_row([id.as_bytes().as_slice()], |found| found.get(0))
        .optional()
}

pub(crate) fn rows(conn: &Connection, sql: &str, key: &[u8]) -> rusqlite::Result<BTreeSet<i64>> {
    conn.prepare_cached(sql)?.query_map([key], |row| row.get(0))?.collect()
}

fn people(conn: &Connection, sql: &str, key: &[u8]) -> rusqlite::Result<Vec<(i64, PersonId)>> {
    let mut query = conn.prepare_cached(sql)?;
    query.query_map([key], |row| Ok((row.get(0)?, PersonId::from_bytes(row.get(1)?))))?.collect()
}

fn ids<T>(conn: &Connection, sql: &str, key: &[u8], id: fn([u8; 16]) -> T) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map([key], |row| Ok(id(row.get(0)?)))?.collect()
}
