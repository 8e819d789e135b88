//! Levels with their reasons and their sight, from what this device holds.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::Serialize;

use crate::access::Piece;
use crate::ids::{DocumentId, OutcomeId, PersonId, ProjectId};
use crate::model::directory::{Folio, Project, School};
use crate::model::framework::Framework;
use crate::model::judgement::{Beside, Judged, Spoken, judged};
use crate::model::mastery::{Answer, Completeness, answer};
use crate::model::role::{Class, Role, Roles};
use crate::store::log::DocumentRow;
use crate::store::records::{self, RecordKind};
use crate::store::{distrusted, index, log};

use crate::device::circles::piece_of;
use crate::device::{Device, DeviceError};

/// Where a student stands in one outcome.
#[derive(Debug, Clone, Serialize)]
pub struct OutcomeLevel {
    pub outcome: OutcomeId,
    /// The level with its reasons.
    #[serde(flatten)]
    pub answer: Answer,
    /// What stands beside it and doesn't count, with the reason.
    pub beside: Vec<Beside>,
}

/// A student's levels, as this device may show them.
#[derive(Debug, Clone, Serialize)]
pub struct LevelView {
    pub student: PersonId,
    /// Whether everything that can count is here.
    pub completeness: Completeness,
    /// By outcome: those that were judged, and those that her projects aim at.
    pub outcomes: Vec<OutcomeLevel>,
}

impl Device {
    /// A student's levels. `None` for those who are shown none: mentors, peers, group members.
    pub fn levels(&self, student: PersonId) -> Result<Option<LevelView>, DeviceError> {
        levels(self.store.read(), self.me.person, student, self.school()?)
    }

    /// Her level in one outcome.
    pub fn level(&self, student: PersonId, outcome: OutcomeId) -> Result<Option<OutcomeLevel>, DeviceError> {
        let Some(view) = self.levels(student)? else { return Ok(None) };
        if let Some(level) = view.outcomes.into_iter().find(|level| level.outcome == outcome) {
            return Ok(Some(level));
        }
        let school = self.school()?;
        let answer = match school.as_ref().and_then(School::levels) {
            Some((rule, scale)) => answer(rule, scale, view.completeness, [], false),
            None => Answer::not_here(),
        };
        Ok(Some(OutcomeLevel { outcome, answer, beside: Vec::new() }))
    }
}

fn levels(
    conn: &Connection,
    me: PersonId,
    student: PersonId,
    school: Option<School>,
) -> Result<Option<LevelView>, DeviceError> {
    let folios: Vec<Folio> = records::all(conn, RecordKind::Folio)?;
    let shown = Roles::of([Role::Owner, Role::Teacher, Role::Reader, Role::Guardian]);
    let is_shown = folios
        .iter()
        .filter(|folio| folio.student == student)
        .any(|folio| folio.circle.iter().any(|row| row.person == me && shown.contains(row.role)));
    if !is_shown {
        return Ok(None);
    }
    let Some((rule, scale)) = school.as_ref().and_then(School::levels) else {
        return Ok(Some(not_here(conn, &folios, student)?));
    };
    let projects: BTreeMap<_, ProjectId> =
        folios.iter().filter_map(|folio| Some((folio.id, folio.project?))).collect();
    let mut voices = Vec::new();
    let mut countable = Countable::default();
    let mut confirmations = Vec::new();
    for document in log::voices_about(conn, student)? {
        let Some(piece) = piece_of(conn, document.id.piece)? else { continue };
        let Some(placement) = piece.placement_of(student) else { continue };
        let (Some(project), true) = (projects.get(&placement.folio), is_shared_with(&piece, student)) else {
            continue;
        };
        let Some(author) = document.id.author() else { continue };
        let entries = index::entries(conn, document.row)?;
        countable.see(conn, &document)?;
        if document.class == Class::Voice(Role::Teacher) {
            let confirms = entries.iter().any(|entry| entry.body.confirmation().is_some());
            let mut taken_over =
                if confirms { index::confirmed(conn, document.row)? } else { BTreeMap::new() };
            confirmations.extend(entries.iter().filter_map(|entry| {
                let (of, _) = entry.body.confirmation()?;
                Some((document.id, author, entry.id, of, taken_over.remove(&entry.id)?))
            }));
        }
        voices.push(Spoken {
            piece: document.id.piece,
            project: *project,
            author,
            class: document.class,
            entries,
        });
    }
    let mut confirmed = BTreeMap::new();
    for (document, author, entry, of, assessment) in confirmations {
        // One that names nothing counts for nothing; a mentor's voice that is not here is missed by the census.
        let mentor = DocumentId::voice(document.piece, of.author, of.about);
        let is_mentors =
            log::document(conn, mentor)?.is_some_and(|row| row.class == Class::Voice(Role::Mentor));
        if is_mentors && document.about() == of.about && !distrusted::contains(conn, mentor)? {
            confirmed.insert((author, entry), (of, assessment));
        }
    }
    let census: Option<u64> = records::get(conn, RecordKind::Census, student.as_bytes())?;
    let completeness = if census == Some(countable.held) && !countable.lacks {
        Completeness::Whole
    } else {
        Completeness::Partial
    };
    let mut by_outcome: BTreeMap<OutcomeId, Judged> = judged(rule, &voices, &confirmed);
    for outcome in aimed_at(conn, &folios, student)? {
        by_outcome.entry(outcome).or_default();
    }
    let outcomes = by_outcome
        .into_iter()
        .map(|(outcome, judged)| {
            let practised = judged.is_practised();
            let answer = answer(rule, scale, completeness, judged.counting, practised);
            OutcomeLevel { outcome, answer, beside: judged.beside }
        })
        .collect();
    Ok(Some(LevelView { student, completeness, outcomes }))
}

/// What is shown where the school's rule or levels can't be read: each outcome aimed at, and that it can't be told.
fn not_here(conn: &Connection, folios: &[Folio], student: PersonId) -> Result<LevelView, DeviceError> {
    let aimed_at: std::collections::BTreeSet<OutcomeId> =
        aimed_at(conn, folios, student)?.into_iter().collect();
    let level = |outcome| OutcomeLevel { outcome, answer: Answer::not_here(), beside: Vec::new() };
    Ok(LevelView {
        student,
        completeness: Completeness::Partial,
        outcomes: aimed_at.into_iter().map(level).collect(),
    })
}

/// How many voices that can count are here, and whether one of them can't be relied on.
#[derive(Default)]
struct Countable {
    held: u64,
    lacks: bool,
}

impl Countable {
    fn see(&mut self, conn: &Connection, document: &DocumentRow) -> Result<(), DeviceError> {
        if !matches!(document.class, Class::Voice(Role::Teacher | Role::Mentor)) {
            return Ok(());
        }
        // The relay counts what it has; one's own that it has not taken yet is not in its number.
        if document.class_from_relay {
            self.held += 1;
            let readable = document.set_aside.is_none() && document.whole;
            self.lacks |= !readable || log::unverified(conn, document.row)? > 0;
        }
        Ok(())
    }
}

/// Does the student herself see the piece? Only what is shared with her can count.
fn is_shared_with(piece: &Piece, student: PersonId) -> bool {
    let made_by_owner = piece.placement_of(piece.maker).is_some();
    piece.placement_of(student).is_some()
        && piece.audience.is_some_and(|audience| made_by_owner || audience.contains(Role::Owner))
}

fn aimed_at(conn: &Connection, folios: &[Folio], student: PersonId) -> Result<Vec<OutcomeId>, DeviceError> {
    let mut outcomes = Vec::new();
    for project in folios.iter().filter(|folio| folio.student == student).filter_map(|folio| folio.project) {
        if let Some(project) = records::get::<Project>(conn, RecordKind::Project, project.as_bytes())? {
            outcomes.extend(project.outcomes);
        }
    }
    Ok(outcomes)
}

impl Device {
    /// The frameworks this device knows.
    pub fn frameworks(&self) -> Result<Vec<Framework>, DeviceError> {
        Ok(records::all(self.store.read(), RecordKind::Framework)?)
    }
}
