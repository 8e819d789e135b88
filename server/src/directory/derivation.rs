//! Circles that follow from classes and families, worked out anew whenever something they follow from has changed.
//!
//! | who | in her project folios | at home |
//! |---|---|---|
//! | the student | owner | owner |
//! | teachers of her classes | teacher | – |
//! | her advisors | teacher | teacher |
//! | her guardians | guardian | guardian |
//! | whoever taught her until less than 30 days ago | reader who may reply, where she was teacher | – |
//!
//! Rows that someone granted are never touched. A row that changes ends, and another begins: what was, stays on record.

use std::collections::{BTreeMap, BTreeSet};

use fieldfolio_core::ids::{ClassId, FolioId};
use fieldfolio_core::model::role::Role;
use fieldfolio_core::time::Timestamp;
use rusqlite::Transaction;

use super::edit::millis;
use super::folios;
use crate::visibility;

/// How long a former teacher still reads and replies: 30 days, in milliseconds.
pub const FORMER_TEACHER: u64 = 30 * 24 * 60 * 60 * 1000;
/// The reason of rows that someone granted.
pub(crate) const GRANTED: &str = "granted";

/// What is unique among the rows of a circle that have not ended.
type Key = (FolioId, i64, &'static str, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Terms {
    may_write: bool,
    expires_at: Option<i64>,
}

/// Works out who is in the circles of a student (by her row) and tells those concerned as of event `n`. Returns how
/// many folios changed.
pub fn derive(tx: &Transaction<'_>, now: Timestamp, student: i64, n: u64) -> rusqlite::Result<usize> {
    let folios = folios::of_student(tx, student)?;
    let (standing, taught) = rows_of(tx, student)?;
    let mut wanted = wanted(tx, now, student, &folios, &taught)?;
    let mut changed = BTreeSet::new();
    for (row, folio, key, terms) in standing {
        if key.as_ref().is_some_and(|key| wanted.get(key) == Some(&terms)) {
            key.map(|key| wanted.remove(&key));
            continue;
        }
        tx.prepare_cached("update circle set ended_n = ?2 where row = ?1")?
            .execute((row, n.cast_signed()))?;
        changed.insert(folio);
    }
    changed.extend(put(tx, wanted, n)?);
    for folio in &changed {
        visibility::folio_changed(tx, *folio, n)?;
    }
    Ok(changed.len())
}

/// Gives a folio that a student declared on her device its circle. The folio's row must be there. Returns how many rows
/// of readers that took.
pub fn folio_declared(
    tx: &Transaction<'_>,
    now: Timestamp,
    student: i64,
    folio: FolioId,
    n: u64,
) -> rusqlite::Result<usize> {
    let Some((_, in_project)) = folios::of(tx, folio)?.filter(|(owner, _)| *owner == student) else {
        return Ok(0);
    };
    // Nobody has a part in it yet, so nobody taught her in it.
    let wanted = wanted(tx, now, student, &[(folio, in_project)], &Taught::new())?;
    let people = wanted.len();
    put(tx, wanted, n)?;
    visibility::folio_changed(tx, folio, n)?;
    Ok(people * (people + 4))
}

/// Adds rows to circles.
fn put(tx: &Transaction<'_>, wanted: BTreeMap<Key, Terms>, n: u64) -> rusqlite::Result<BTreeSet<FolioId>> {
    let mut changed = BTreeSet::new();
    for ((folio, person, role, reason), terms) in wanted {
        tx.prepare_cached(
            "insert into circle (folio, person, role, reason, may_write, expires_at, since_n)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            folio.as_bytes(),
            person,
            role,
            reason,
            terms.may_write,
            terms.expires_at,
            n.cast_signed(),
        ))?;
        changed.insert(folio);
    }
    Ok(changed)
}

type Rows = Vec<(i64, FolioId, Option<Key>, Terms)>;
/// Who ever had a row in a folio, and why.
type Taught = BTreeSet<(FolioId, i64, String)>;

/// The derived rows that have not ended, and every row of a class that ever stood.
fn rows_of(tx: &Transaction<'_>, student: i64) -> rusqlite::Result<(Rows, Taught)> {
    let mut statement = tx.prepare_cached(
        "select row, folio, person, role, reason, may_write, expires_at, ended_n is not null
         from circle where folio in (select id from folio where student = ?1) and reason <> ?2",
    )?;
    let (mut standing, mut taught) = (Vec::new(), Taught::new());
    let mut rows = statement.query((student, GRANTED))?;
    while let Some(row) = rows.next()? {
        let (folio, person) = (row.get::<_, FolioId>(1)?, row.get(2)?);
        let (role, reason): (String, String) = (row.get(3)?, row.get(4)?);
        if reason.starts_with("class ") {
            taught.insert((folio, person, reason.clone()));
        }
        if row.get(7)? {
            continue;
        }
        let terms = Terms { may_write: row.get(5)?, expires_at: row.get(6)? };
        let key = role.parse::<Role>().ok().map(|role| (folio, person, role.name(), reason));
        standing.push((row.get(0)?, folio, key, terms));
    }
    Ok((standing, taught))
}

fn wanted(
    tx: &Transaction<'_>,
    now: Timestamp,
    student: i64,
    folios: &[(FolioId, bool)],
    taught: &Taught,
) -> rusqlite::Result<BTreeMap<Key, Terms>> {
    let advisors = people(
        tx,
        "select distinct a.person from class_member s join class_member a on a.class = s.class
         where s.person = ?1 and s.role = 'student' and s.removed_at is null
           and a.role = 'advisor' and a.removed_at is null and a.person <> ?1",
        student,
    )?;
    let guardians = people(tx, "select guardian from guardian where student = ?1", student)?;
    let teachers = teachers(tx, student)?;
    let mut wanted = BTreeMap::new();
    for &(folio, in_project) in folios {
        let mut want = |person, role: Role, reason: &str, terms| {
            wanted.insert((folio, person, role.name(), reason.to_owned()), terms);
        };
        want(student, Role::Owner, "owner", Terms::default());
        advisors.iter().for_each(|advisor| want(*advisor, Role::Teacher, "advisor", Terms::default()));
        guardians.iter().for_each(|guardian| want(*guardian, Role::Guardian, "guardian", Terms::default()));
        for (class, teacher, ended) in teachers.iter().filter(|_| in_project) {
            let reason = format!("class {class}");
            let Some(ended) = ended else {
                want(*teacher, Role::Teacher, &reason, Terms::default());
                continue;
            };
            let until = ended.saturating_add(FORMER_TEACHER.cast_signed());
            if until > millis(now) && taught.contains(&(folio, *teacher, reason.clone())) {
                let terms = Terms { may_write: true, expires_at: Some(until) };
                want(*teacher, Role::Reader, &format!("former {reason}"), terms);
            }
        }
    }
    Ok(wanted)
}

/// Everyone in a class of hers as its teacher; with a moment, when one of the two had left it.
fn teachers(tx: &Transaction<'_>, student: i64) -> rusqlite::Result<Vec<(ClassId, i64, Option<i64>)>> {
    tx.prepare_cached(
        "select t.class, t.person, min(coalesce(s.removed_at, t.removed_at), coalesce(t.removed_at, s.removed_at))
         from class_member s join class_member t on t.class = s.class
         where s.person = ?1 and s.role = 'student' and t.role = 'teacher' and t.person <> ?1",
    )?
    .query_map([student], |row| Ok((row.get::<_, ClassId>(0)?, row.get(1)?, row.get(2)?)))?
    .collect()
}

fn people(tx: &Transaction<'_>, sql: &str, student: i64) -> rusqlite::Result<Vec<i64>> {
    tx.prepare_cached(sql)?.query_map([student], |row| row.get(0))?.collect()
}
