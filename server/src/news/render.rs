//! A record of the directory as one person may know it now. A notice only says that something changed; whether she may
//! still see it is decided here, when it is read.

use fieldfolio_core::ids::{
    ActId, ClassId, DeviceId, DocumentId, FolioId, FrameworkId, OutcomeId, PersonId, PieceId, ProjectId,
    SchoolId,
};
use fieldfolio_core::model::act::SignedAct;
use fieldfolio_core::model::directory::{CircleRow, Class, Folio, Person, Project, RecordKind, School};
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::signing::Signature;
use fieldfolio_core::sync::wire::{PersonRecord, PieceRecord, Record};
use fieldfolio_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use super::acquaintance::{devices, may_know, may_release_something};
use crate::database::unreadable;
use crate::directory::erasure;
use crate::{database, directory, visibility};

/// The devices of one person in one record: one that has more comes in several.
const DEVICES: usize = 100;

/// The record's state now for this reader, in one or more parts; none for a kind that no record has.
pub(super) fn records(
    conn: &Connection,
    reader: PersonId,
    row: i64,
    kind: i64,
    id: &[u8],
    now: Timestamp,
) -> rusqlite::Result<Vec<Record>> {
    let found = record(conn, reader, row, kind, id, now)?;
    Ok(match found {
        Some(Record::Person(PersonRecord { person, devices })) if devices.len() > DEVICES => devices
            .chunks(DEVICES)
            .map(|devices| Record::Person(PersonRecord { person: person.clone(), devices: devices.to_vec() }))
            .collect(),
        found => found.into_iter().collect(),
    })
}

fn record(
    conn: &Connection,
    reader: PersonId,
    row: i64,
    kind: i64,
    id: &[u8],
    now: Timestamp,
) -> rusqlite::Result<Option<Record>> {
    let kind = u16::try_from(kind).ok().and_then(RecordKind::from_number);
    let Some(kind) = kind else { return Ok(None) };
    if kind == RecordKind::School {
        return Ok(Some(Record::School(school(conn)?)));
    }
    if kind == RecordKind::Held {
        return DocumentId::from_bytes(id).map(|id| held(conn, reader, id, now)).transpose();
    }
    let Ok(id) = <[u8; 16]>::try_from(id) else { return Ok(None) };
    Ok(match kind {
        // An erased piece is told of as one, under its own kind.
        RecordKind::School | RecordKind::Held | RecordKind::Erased => None,
        RecordKind::Framework => framework(conn, FrameworkId::from_bytes(id))?,
        RecordKind::Person => Some(person(conn, (reader, row), PersonId::from_bytes(id), now)?),
        RecordKind::Project => Some(project(conn, row, ProjectId::from_bytes(id))?),
        RecordKind::Folio => Some(folio(conn, reader, FolioId::from_bytes(id), now)?),
        RecordKind::Piece => Some(piece(conn, row, PieceId::from_bytes(id))?),
        RecordKind::Census => Some(census(conn, row, PersonId::from_bytes(id))?),
        RecordKind::Class => Some(class(conn, row, ClassId::from_bytes(id))?),
        RecordKind::Read => {
            Some(Record::Read(PieceId::from_bytes(id), visibility::read_marks::of(conn, row, id)?))
        }
    })
}

fn school(conn: &Connection) -> rusqlite::Result<School> {
    let meta = |key| database::meta(conn, key).map(Option::unwrap_or_default);
    Ok(School {
        id: SchoolId::from_bytes(
            meta("school")?.try_into().map_err(|_| unreadable(0, Type::Blob, "the school's id"))?,
        ),
        name: String::from_utf8(meta("name")?).unwrap_or_default(),
        scale: readable("list of levels", &meta("scale")?),
        rule: readable("rule", &meta("rule")?),
    })
}

/// What the school chose, if this version can read it. Devices work no level out without it.
fn readable<T: for<'b> minicbor::Decode<'b, ()>>(what: &'static str, bytes: &[u8]) -> Option<T> {
    let read = minicbor::decode(bytes);
    if let Err(error) = &read {
        tracing::error!(what, %error, "the database holds what this version can't read: no device works levels out");
    }
    read.ok()
}

fn framework(conn: &Connection, id: FrameworkId) -> rusqlite::Result<Option<Record>> {
    let body: Option<Vec<u8>> = conn
        .prepare_cached("select body from framework where id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(body.and_then(|body| minicbor::decode(&body).ok()).map(Record::Framework))
}

fn person(
    conn: &Connection,
    (reader, reader_row): (PersonId, i64),
    id: PersonId,
    now: Timestamp,
) -> rusqlite::Result<Record> {
    let found: Option<(i64, String, i64, i64)> = conn
        .prepare_cached("select row, name, kinds, past_kinds from person where id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((row, name, kinds, past)) = found else {
        return Ok(Record::gone(RecordKind::Person, id.as_bytes()));
    };
    if !may_know(conn, reader_row, row)? && !may_release_something(conn, reader, id, now)? {
        return Ok(Record::gone(RecordKind::Person, id.as_bytes()));
    }
    let (kinds, past_kinds) = (directory::people::kinds(kinds), directory::people::kinds(past));
    Ok(Record::Person(PersonRecord {
        person: Person { id, name, kinds, past_kinds },
        devices: devices(conn, reader_row, row)?,
    }))
}

fn project(conn: &Connection, reader: i64, id: ProjectId) -> rusqlite::Result<Record> {
    let visible = conn
        .prepare_cached(
            "select 1 from folio f join circle c on c.folio = f.id
             where f.project = ?1 and c.person = ?2 and c.ended_n is null
             and not exists (select 1 from denial d where d.student = f.student and d.person = c.person)
             union select 1 from project where id = ?1 and started_by = ?2",
        )?
        .exists((id, reader))?;
    if !visible {
        return Ok(Record::gone(RecordKind::Project, id.as_bytes()));
    }
    conn.prepare_cached(
        "select p.title, p.brief, p.outcomes, p.framework, p.class, s.id
         from project p left join person s on s.row = p.started_by where p.id = ?1",
    )?
    .query_row([id], |row| {
        let outcomes: Vec<u8> = row.get(2)?;
        Ok(Record::Project(Project {
            id,
            title: row.get(0)?,
            brief: row.get(1)?,
            outcomes: outcomes
                .chunks_exact(16)
                .filter_map(|id| id.try_into().ok().map(OutcomeId::from_bytes))
                .collect(),
            framework: row.get::<_, Option<[u8; 16]>>(3)?.map(FrameworkId::from_bytes),
            class: row.get::<_, Option<[u8; 16]>>(4)?.map(ClassId::from_bytes),
            started_by: row.get::<_, Option<[u8; 16]>>(5)?.map(PersonId::from_bytes),
        }))
    })
    .optional()
    .map(|project| project.unwrap_or(Record::gone(RecordKind::Project, id.as_bytes())))
}

fn folio(conn: &Connection, reader: PersonId, id: FolioId, now: Timestamp) -> rusqlite::Result<Record> {
    let membership = visibility::membership(conn, id, reader, Some(now))?;
    let is_member = !membership.roles.is_empty();
    if membership.denied || !(is_member || works_with(conn, reader, id)?) {
        return Ok(Record::gone(RecordKind::Folio, id.as_bytes()));
    }
    let found: Option<([u8; 16], Option<[u8; 16]>)> = conn
        .prepare_cached(
            "select s.id, f.project from folio f join person s on s.row = f.student where f.id = ?1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((student, project)) = found else { return Ok(Record::gone(RecordKind::Folio, id.as_bytes())) };
    let whole = Roles::of([Role::Owner, Role::Teacher, Role::Reader, Role::Guardian]);
    let sees_all = !membership.roles.intersection(whole).is_empty();
    let mut query = conn.prepare_cached(
        "select p.id, c.role, c.expires_at, c.may_write from circle c join person p on p.row = c.person
         where c.folio = ?1 and c.ended_n is null order by c.row",
    )?;
    let rows = query.query_map([id], |row| {
        Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<i64>>(2)?, row.get(3)?))
    })?;
    let mut circle = Vec::new();
    for row in rows {
        let (person, role, expires, may_write) = row?;
        let Ok(role) = role.parse::<Role>() else { continue };
        let person = PersonId::from_bytes(person);
        let of_members = is_member && (person == reader || role == Role::Teacher);
        if sees_all || of_members || role == Role::Owner {
            let expires = expires.map(|millis| Timestamp::from_millis(millis.cast_unsigned()));
            circle.push(CircleRow { person, role, expires, may_write });
        }
    }
    let (student, project) = (PersonId::from_bytes(student), project.map(ProjectId::from_bytes));
    let answers = !membership.roles.intersection(Roles::of([Role::Owner, Role::Teacher])).is_empty();
    let proposed = if answers { directory::mentors::proposed(conn, id, now)? } else { Vec::new() };
    let group = student != reader && in_one_group(conn, reader, id)?;
    Ok(Record::Folio(Folio { id, student, project, circle, proposed, group }))
}

/// A class, for who teaches or advises it now.
fn class(conn: &Connection, reader: i64, id: ClassId) -> rusqlite::Result<Record> {
    let key = id;
    let title: Option<String> = conn
        .prepare_cached(
            "select title from class where id = ?1 and exists (
                 select 1 from class_member where class = ?1 and person = ?2
                 and role in ('teacher', 'advisor') and removed_at is null)",
        )?
        .query_row((key, reader), |row| row.get(0))
        .optional()?;
    let Some(title) = title else { return Ok(Record::gone(RecordKind::Class, id.as_bytes())) };
    let mut query = conn.prepare_cached(
        "select p.id from class_member m join person p on p.row = m.person
         where m.class = ?1 and m.role = ?2 and m.removed_at is null order by p.id",
    )?;
    let mut members = |role: &str| -> rusqlite::Result<Vec<PersonId>> {
        query.query_map((key, role), |row| row.get::<_, PersonId>(0))?.collect()
    };
    let (students, teachers) = (members("student")?, members("teacher")?);
    Ok(Record::Class(Class { id, title, students, teachers }))
}

/// Did a teacher put this person and the folio's student in one group of its project?
fn in_one_group(conn: &Connection, person: PersonId, folio: FolioId) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "select 1 from folio f join project_group a on a.project = f.project and a.student = f.student
         join project_group b on b.project = a.project and b.name = a.name join person p on p.row = b.student
         where f.id = ?1 and p.id = ?2",
    )?
    .exists((folio, person))
}

/// Group members know whose folio their common piece lies in, or may lie in, and nothing else of its circle.
fn works_with(conn: &Connection, reader: PersonId, folio: FolioId) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "select 1 from person p join works_with w on w.person = p.row and w.folio = ?1 where p.id = ?2",
    )?
    .exists((folio, reader))
    .and_then(|works_with| Ok(works_with || in_one_group(conn, reader, folio)?))
}

fn piece(conn: &Connection, reader: i64, id: PieceId) -> rusqlite::Result<Record> {
    let key = id;
    if erasure::is_erased(conn, id)? {
        return Ok(Record::Erased(id));
    }
    let visible = conn
        .prepare_cached(
            "select 1 from document d cross join visibility s on s.person = ?2 and s.document = d.row
             where d.piece = ?1 and s.visible
             union select 1 from piece where id = ?1 and maker = ?2",
        )?
        .exists((key, reader))?;
    if !visible {
        return Ok(Record::gone(RecordKind::Piece, id.as_bytes()));
    }
    let mut query =
        conn.prepare_cached("select id, device, body, signature, n from act where piece = ?1 order by n")?;
    let rows = query.query_map([key], |row| Ok((act_row(row)?, row.get::<_, i64>(4)?.cast_unsigned())))?;
    let (acts, numbers) = rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().unzip();
    Ok(Record::Piece(PieceRecord { piece: id, acts, numbers }))
}

/// What is held back of a document, for who teaches where its piece lies.
fn held(conn: &Connection, reader: PersonId, id: DocumentId, now: Timestamp) -> rusqlite::Result<Record> {
    let found = match directory::releases::may_release(conn, reader, id, now)? {
        true => directory::releases::waiting(conn, id)?,
        false => None,
    };
    Ok(found.map_or(Record::held_gone(id), Record::Held))
}

/// Every act, in the order of the log.
pub(crate) fn acts(conn: &Connection) -> rusqlite::Result<Vec<SignedAct>> {
    let mut query = conn.prepare("select id, device, body, signature from act order by n")?;
    query.query_map([], act_row)?.collect()
}

fn act_row(row: &Row<'_>) -> rusqlite::Result<SignedAct> {
    Ok(SignedAct {
        id: row.get::<_, ActId>(0)?,
        device: row.get::<_, DeviceId>(1)?,
        body: row.get(2)?,
        signature: row.get::<_, Signature>(3)?,
    })
}

fn census(conn: &Connection, reader: i64, student: PersonId) -> rusqlite::Result<Record> {
    let key = student;
    let shown = conn
        .prepare_cached(
            "select 1 from person s join folio f on f.student = s.row join circle c on c.folio = f.id
             where s.id = ?1 and c.person = ?2 and c.ended_n is null
             and c.role in ('owner', 'teacher', 'reader', 'guardian')
             and not exists (select 1 from denial d where d.student = s.row and d.person = ?2)",
        )?
        .exists((key, reader))?;
    if !shown {
        return Ok(Record::gone(RecordKind::Census, student.as_bytes()));
    }
    let voices: Option<i64> = conn
        .prepare_cached("select voices from census c join person s on s.row = c.student where s.id = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(Record::Census { student, voices: voices.unwrap_or_default().cast_unsigned() })
}
