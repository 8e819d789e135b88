//! Levels, how they grew, and a class at a glance.

use std::collections::{BTreeMap, BTreeSet};

use fieldfolio_core::device::{self, DeviceError};
use fieldfolio_core::ids::{ClassId, OutcomeId, PersonId, PieceId, ProjectId};
use fieldfolio_core::model::directory::School;
use fieldfolio_core::model::mastery::{self, Completeness, Rule, growth};
use fieldfolio_core::model::role::Role;

use super::{Views, count, texts};
use crate::records::{
    AtBat, Beside, Cell, Grid, GridRow, Grown, Growth, Judgement, LevelState, Levels, OutcomeGrowth,
    OutcomeLevel, Tally,
};

impl Views<'_> {
    /// A student's levels; `None` for those who are shown none.
    pub fn levels(&self, student: PersonId) -> Result<Option<Levels>, DeviceError> {
        let Some(view) = self.device.levels(student)? else { return Ok(None) };
        let (school, titles) = (self.device.school()?, self.titles()?);
        // Without a rule nothing is counted, and every outcome says so.
        let needs = school.as_ref().and_then(|school| school.rule).map_or((0, 0, 0), needs);
        Ok(Some(Levels {
            student: student.to_string(),
            student_name: self.name(student),
            whole: view.completeness == Completeness::Whole,
            outcomes: view.outcomes.iter().map(|level| self.outcome_level(level, needs, &titles)).collect(),
        }))
    }

    pub(super) fn titles(&self) -> Result<BTreeMap<PieceId, String>, DeviceError> {
        let overviews = self.device.overviews()?.into_iter();
        Ok(overviews.map(|piece| (piece.piece, piece.content.title)).collect())
    }

    fn outcome_level(
        &self,
        level: &device::OutcomeLevel,
        (of_at_bats, of_projects, of_days): (u8, u8, u8),
        titles: &BTreeMap<PieceId, String>,
    ) -> OutcomeLevel {
        let answer = &level.answer;
        let (state, reached) = level_state(answer.state);
        let at_bats = answer.at_bats.iter().map(|at_bat| AtBat {
            piece: at_bat.piece.to_string(),
            piece_title: titles.get(&at_bat.piece).cloned().unwrap_or_default(),
            project_title: self.projects.get(&at_bat.project).map(|of| of.title.clone()).unwrap_or_default(),
            day: at_bat.day.to_string(),
            level: at_bat.level.0,
            judged_differently: at_bat.judged_differently,
            judgements: at_bat
                .judgements
                .iter()
                .map(|judgement| Judgement {
                    judge_name: self.name(judgement.judge),
                    level: judgement.level.0,
                    work_date: judgement.work_date.to_string(),
                    entry: judgement.entry.to_string(),
                })
                .collect(),
        });
        let beside = level.beside.iter().map(|beside| Beside {
            author_name: self.name(beside.author),
            piece: beside.piece.to_string(),
            level: beside.assessment.level.0,
            weight: beside.assessment.kind,
            work_date: beside.assessment.work_date.to_string(),
            because: beside.because,
        });
        OutcomeLevel {
            outcome: level.outcome.to_string(),
            state,
            level: reached,
            whole: answer.completeness == Completeness::Whole,
            tally: Tally {
                towards: answer.tally.towards.0,
                at_bats: count(answer.tally.at_bats),
                of_at_bats,
                projects: count(answer.tally.projects),
                of_projects,
                days: count(answer.tally.days),
                of_days,
            },
            at_bats: at_bats.collect(),
            beside: beside.collect(),
        }
    }

    /// How a student's levels grew; `None` for those who are shown none.
    pub fn growth(&self, student: PersonId) -> Result<Option<Growth>, DeviceError> {
        let Some(view) = self.device.levels(student)? else { return Ok(None) };
        let titles = self.titles()?;
        let school = self.device.school()?;
        let grown = |at_bats: &[mastery::AtBat]| {
            let levels = school.as_ref().and_then(School::levels);
            levels.map(|(rule, scale)| growth(rule, scale, at_bats)).unwrap_or_default()
        };
        let judged = view.outcomes.iter().filter(|level| !level.answer.at_bats.is_empty());
        let outcomes = judged.map(|level| OutcomeGrowth {
            outcome: level.outcome.to_string(),
            steps: grown(&level.answer.at_bats)
                .into_iter()
                .map(|grown| Grown {
                    day: grown.at_bat.day.to_string(),
                    level: level_state(grown.state).1,
                    at_bat_level: grown.at_bat.level.0,
                    piece: grown.at_bat.piece.to_string(),
                    piece_title: titles.get(&grown.at_bat.piece).cloned().unwrap_or_default(),
                })
                .collect(),
        });
        Ok(Some(Growth {
            student: student.to_string(),
            student_name: self.name(student),
            whole: view.completeness == Completeness::Whole,
            outcomes: outcomes.collect(),
        }))
    }

    /// The students one teaches (in a class, in a project, or all) by the outcomes their projects aim at.
    pub fn grid(&self, class: Option<ClassId>, project: Option<ProjectId>) -> Result<Grid, DeviceError> {
        let mut students: BTreeMap<PersonId, BTreeSet<OutcomeId>> = BTreeMap::new();
        for folio in self.folios.values() {
            let Some(of) = folio.project.and_then(|id| self.projects.get(&id)) else { continue };
            let taught = folio.circle.iter().any(|row| row.person == self.me && row.role == Role::Teacher);
            let wanted = class.is_none_or(|class| of.class == Some(class))
                && project.is_none_or(|project| of.id == project);
            if taught && wanted {
                students.entry(folio.student).or_default().extend(&of.outcomes);
            }
        }
        let aimed_at: BTreeSet<OutcomeId> = students.values().flatten().copied().collect();
        let frameworks = self.device.frameworks()?;
        let in_order = frameworks.iter().flat_map(|framework| &framework.outcomes).map(|outcome| outcome.id);
        let outcomes: Vec<OutcomeId> = in_order.filter(|outcome| aimed_at.contains(outcome)).collect();
        let rule = self.device.school()?.and_then(|school| school.rule);
        let mut rows = Vec::new();
        for student in students.into_keys() {
            let Some(view) = self.device.levels(student)? else { continue };
            let cells = outcomes.iter().map(|outcome| {
                let level = view.outcomes.iter().find(|level| level.outcome == *outcome);
                let (state, reached) =
                    level.map_or((LevelState::NotAssessed, None), |level| level_state(level.answer.state));
                Cell {
                    outcome: outcome.to_string(),
                    state,
                    level: reached,
                    at_bats: level.map_or(0, |level| count(level.answer.at_bats.len())),
                    of_at_bats: rule.map_or(0, |rule| rule.at_bats),
                }
            });
            rows.push(GridRow {
                student: student.to_string(),
                student_name: self.name(student),
                whole: view.completeness == Completeness::Whole,
                cells: cells.collect(),
            });
        }
        rows.sort_by(|a, b| (&a.student_name, &a.student).cmp(&(&b.student_name, &b.student)));
        Ok(Grid { outcomes: texts(&outcomes), students: rows })
    }
}

/// At-bats, projects and days that a level needs.
fn needs(rule: Rule) -> (u8, u8, u8) {
    (rule.at_bats, rule.projects, rule.days)
}

fn level_state(state: mastery::LevelState) -> (LevelState, Option<u8>) {
    match state {
        mastery::LevelState::NotAssessed => (LevelState::NotAssessed, None),
        mastery::LevelState::Practised => (LevelState::Practised, None),
        mastery::LevelState::At(level) => (LevelState::Level, Some(level.0)),
        mastery::LevelState::NotHere => (LevelState::NotHere, None),
    }
}
