//! Who sees what, kept as state: for each person and document whether she may read it, and the number of the event
//! that last changed that. So news is read by number, without looking at acts or circles again.
//!
//! Every function takes the number `n` of the event that made it necessary. What a notice's record says is read when
//! a device asks, and checked again then.

use std::collections::BTreeSet;

use fieldfolio_core::ids::{
    ClassId, DeviceId, DocumentId, FolioId, FrameworkId, PersonId, PieceId, ProjectId,
};
use fieldfolio_core::model::directory::RecordKind;
use rusqlite::{Connection, OptionalExtension, ToSql, Transaction};

pub use refresh::{is_narrowed, is_waited_for, refresh_some};
pub use standing::{membership, membership_before, membership_since, piece};

pub mod media;
pub(crate) mod placements;
pub(crate) mod read_marks;
mod refresh;
mod standing;

/// Tells `person` that a record changed.
pub fn notify(
    tx: &Transaction<'_>,
    person: i64,
    kind: RecordKind,
    id: impl ToSql,
    n: u64,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "insert into notice (person, kind, id, n, seq) values (?1, ?2, ?3, ?4, ?5)
         on conflict (person, kind, id) do update set n = excluded.n, seq = excluded.seq",
    )?
    .execute((person, kind.number(), id, n.cast_signed(), next_seq(tx)?))?;
    Ok(())
}

/// Tells everyone who was told of a record before that it changed.
fn notify_again(tx: &Transaction<'_>, kind: RecordKind, id: impl ToSql, n: u64) -> rusqlite::Result<()> {
    tx.prepare_cached("update notice set n = ?3, seq = ?4 where kind = ?1 and id = ?2")?.execute((
        kind.number(),
        id,
        n.cast_signed(),
        next_seq(tx)?,
    ))?;
    Ok(())
}

/// The place of a row among those of its number, for readers who are told them in several answers.
fn next_seq(tx: &Transaction<'_>) -> rusqlite::Result<i64> {
    tx.prepare_cached("update counter set value = value + 1 returning value")?.query_row([], |row| row.get(0))
}

/// The folio or its circle changed.
pub fn folio_changed(tx: &Transaction<'_>, folio: FolioId, n: u64) -> rusqlite::Result<()> {
    let (student, project): (i64, Option<Vec<u8>>) =
        tx.query_row("select student, project from folio where id = ?1", [folio], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let framework: Option<Vec<u8>> = match &project {
        Some(project) => tx
            .query_row("select framework from project where id = ?1", [project], |row| row.get(0))
            .optional()?
            .flatten(),
        None => None,
    };
    let concerned = rows(tx, "select distinct person from circle where folio = ?1", folio)?;
    for person in &concerned {
        notify(tx, *person, RecordKind::Folio, folio, n)?;
        notify(tx, *person, RecordKind::Census, person_id(tx, student)?, n)?;
        if let Some(project) = &project {
            notify(tx, *person, RecordKind::Project, project, n)?;
        }
        if let Some(framework) = &framework {
            notify(tx, *person, RecordKind::Framework, framework, n)?;
        }
        for other in &concerned {
            notify(tx, *person, RecordKind::Person, person_id(tx, *other)?, n)?;
        }
    }
    if let Some(project) = &project {
        for member in same_group(tx, project, student)? {
            group_changed(tx, member, student, folio, n)?;
        }
    }
    refresh::refresh_folio(tx, folio, n)
}

fn same_group(conn: &Connection, project: &[u8], student: i64) -> rusqlite::Result<BTreeSet<i64>> {
    conn.prepare_cached(
        "select b.student from project_group a join project_group b on b.project = a.project and b.name = a.name
         where a.project = ?1 and a.student = ?2",
    )?
    .query_map((project, student), |row| row.get(0))?
    .collect()
}

/// Whether `member` works with the student of this folio changed, either way: whom she may place a common piece with.
pub fn group_changed(
    tx: &Transaction<'_>,
    member: i64,
    student: i64,
    folio: impl ToSql,
    n: u64,
) -> rusqlite::Result<()> {
    if member == student {
        return Ok(());
    }
    notify(tx, member, RecordKind::Folio, folio, n)?;
    notify(tx, member, RecordKind::Person, person_id(tx, student)?, n)
}

/// A person's name or kinds changed.
pub fn person_changed(tx: &Transaction<'_>, person: i64, n: u64) -> rusqlite::Result<()> {
    let id = person_id(tx, person)?;
    notify_again(tx, RecordKind::Person, id, n)?;
    notify(tx, person, RecordKind::Person, id, n)?;
    notify(tx, person, RecordKind::School, b"", n)
}

/// A device of a person is new, or was revoked. Others than herself and who teaches her learn of it when they see
/// something that it signed.
pub fn device_changed(tx: &Transaction<'_>, person: i64, device: DeviceId, n: u64) -> rusqlite::Result<()> {
    let id = person_id(tx, person)?;
    let concerned = tx
        .prepare_cached(
            "select c.person from folio f join circle c on c.folio = f.id
             where f.student = ?1 and c.role = 'teacher' and c.ended_n is null
             union select reader from known_device where device = ?2",
        )?
        .query_map((person, device), |row| row.get(0))?
        .collect::<rusqlite::Result<BTreeSet<i64>>>()?;
    for other in concerned {
        notify(tx, other, RecordKind::Person, id, n)?;
    }
    notify(tx, person, RecordKind::Person, id, n)?;
    notify(tx, person, RecordKind::School, b"", n)
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
    let everyone = tx
        .prepare("select row from person")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for person in everyone {
        notify(tx, person, RecordKind::School, b"", n)?;
    }
    Ok(())
}

/// A framework was imported or replaced.
pub fn framework_changed(tx: &Transaction<'_>, framework: FrameworkId, n: u64) -> rusqlite::Result<()> {
    notify_again(tx, RecordKind::Framework, framework, n)?;
    for person in rows(
        tx,
        "select distinct c.person from project p join folio f on f.project = p.id join circle c on c.folio = f.id
         where p.framework = ?1",
        framework,
    )? {
        notify(tx, person, RecordKind::Framework, framework, n)?;
    }
    Ok(())
}

/// Somebody joined or left a class: its members and she learn each other's names; its teachers and advisors, who is in it.
pub fn classmates_changed(tx: &Transaction<'_>, class: ClassId, person: i64, n: u64) -> rusqlite::Result<()> {
    let staff =
        "select distinct person from class_member where class = ?1 and role in ('teacher', 'advisor')";
    for member in rows(tx, staff, class.as_bytes())? {
        notify(tx, member, RecordKind::Class, class.as_bytes(), n)?;
    }
    let id = person_id(tx, person)?;
    for member in rows(tx, "select distinct person from class_member where class = ?1", class.as_bytes())? {
        notify(tx, member, RecordKind::Person, id, n)?;
        notify(tx, person, RecordKind::Person, person_id(tx, member)?, n)?;
    }
    Ok(())
}

/// A piece's acts changed; the newest was signed by this device. Returns how many rows of readers that took.
pub fn piece_changed(
    tx: &Transaction<'_>,
    piece: PieceId,
    device: DeviceId,
    n: u64,
) -> rusqlite::Result<u64> {
    let seeing = rows(
        tx,
        "select s.person from document d cross join visibility s on s.document = d.row where d.piece = ?1 and s.visible
         union select maker from piece where id = ?1",
        piece,
    )?;
    let told = seeing.len() as u64;
    for person in seeing {
        notify(tx, person, RecordKind::Piece, piece, n)?;
        refresh::meet(tx, person, device.as_bytes(), n)?;
    }
    Ok(told + refresh::refresh_piece(tx, piece, n)?)
}

/// A piece lies in no folio of these students any more.
pub fn piece_left(tx: &Transaction<'_>, students: &BTreeSet<i64>, n: u64) -> rusqlite::Result<()> {
    students.iter().try_for_each(|student| count_voices(tx, *student, n))
}

/// Fewer may see a piece than its acts say.
pub fn piece_narrowed(tx: &Transaction<'_>, piece: PieceId, n: u64) -> rusqlite::Result<()> {
    refresh::refresh_piece(tx, piece, n)?;
    Ok(())
}

/// A document got a change, signed by this device. Returns how many rows of readers that took.
pub fn document_changed(
    tx: &Transaction<'_>,
    (document, piece): (i64, PieceId),
    device: DeviceId,
    is_new: bool,
    n: u64,
) -> rusqlite::Result<u64> {
    tx.prepare_cached("update visibility set last_n = ?2 where document = ?1")?
        .execute((document, n.cast_signed()))?;
    let signs_first = tx
        .prepare_cached("insert or ignore into signer (document, device) values (?1, ?2)")?
        .execute((document, device))?
        > 0;
    if is_new {
        return refresh::refresh_piece(tx, piece, n);
    }
    if signs_first {
        let readers = tx
            .prepare_cached("select person from visibility where document = ?1 and visible")?
            .query_map([document], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for reader in readers {
            refresh::meet(tx, reader, device.as_bytes(), n)?;
        }
    }
    Ok(0)
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
        "select distinct c.person from placement l join circle c on c.folio = l.folio
         where l.piece = ?1 and c.role = 'teacher' and c.ended_n is null",
        document.piece.as_bytes(),
    )?;
    for person in teachers {
        notify(tx, person, RecordKind::Held, document.to_bytes(), n)?;
        notify(tx, person, RecordKind::Person, author.as_bytes(), n)?;
    }
    Ok(())
}

/// Counts the voices about a student that can count, and tells those who are shown her level when the number changed.
pub(crate) fn count_voices(tx: &Transaction<'_>, student: i64, n: u64) -> rusqlite::Result<()> {
    let voices: i64 = tx
        .prepare_cached(
            "select count(*) from document d
             cross join placement l on l.piece = d.piece and l.student = d.about
             cross join folio f on f.id = l.folio
             cross join visibility s on s.person = d.about and s.document = d.row
             where d.about = ?1 and d.class in (?2, ?3) and f.project is not null and s.visible",
        )?
        .query_row((student, refresh::COUNTING[0].number(), refresh::COUNTING[1].number()), |row| {
            row.get(0)
        })?;
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
        "select distinct c.person from folio f join circle c on c.folio = f.id
         where f.student = (select row from person where id = ?1)",
        person_id(tx, student)?,
    )?;
    for person in shown {
        notify(tx, person, RecordKind::Census, person_id(tx, student)?, n)?;
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
        .query_row([id], |found| found.get(0))
        .optional()
}

pub(crate) fn rows(conn: &Connection, sql: &str, key: impl ToSql) -> rusqlite::Result<BTreeSet<i64>> {
    conn.prepare_cached(sql)?.query_map([key], |row| row.get(0))?.collect()
}

fn ids<T>(conn: &Connection, sql: &str, key: &[u8], id: fn([u8; 16]) -> T) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map([key], |row| Ok(id(row.get(0)?)))?.collect()
}
