//! Levels with their reasons, how they grew, and a class at a glance.

use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::judgement::Because;
use serde::Serialize;

/// A student's levels.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Levels {
    pub student: String,
    pub student_name: String,
    /// Everything that can count is here.
    pub whole: bool,
    pub outcomes: Vec<OutcomeLevel>,
}

/// Where a student stands in one outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct OutcomeLevel {
    pub outcome: String,
    #[serde(rename = "is")]
    pub state: LevelState,
    /// The level's position, for "level".
    pub level: Option<u8>,
    /// If not, it is only "from what you can see", and never shown as the level.
    pub whole: bool,
    pub tally: Tally,
    /// By day.
    pub at_bats: Vec<AtBat>,
    /// Judgements that don't count.
    pub beside: Vec<Beside>,
}

/// What there is to say of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Enum))]
#[serde(rename_all = "snake_case")]
pub enum LevelState {
    /// Nothing that counts yet: not the same as "not yet".
    NotAssessed,
    /// Only judgements that never count.
    Practised,
    Level,
    /// It can't be worked out here: the school's rule or levels were made by a newer version.
    NotHere,
}

/// How far she is on the way to a level: "2 of 3 at-bats, 1 of 2 projects".
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Tally {
    /// The level reached, or the one to reach.
    pub towards: u8,
    pub at_bats: u32,
    pub of_at_bats: u8,
    pub projects: u32,
    pub of_projects: u8,
    pub days: u32,
    pub of_days: u8,
}

/// One summative chance, with its judges.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct AtBat {
    pub piece: String,
    pub piece_title: String,
    pub project_title: String,
    pub day: String,
    pub level: u8,
    pub judged_differently: bool,
    pub judgements: Vec<Judgement>,
}

/// One judgement that counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Judgement {
    pub judge_name: String,
    pub level: u8,
    pub work_date: String,
    pub entry: String,
}

/// One judgement that doesn't count.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Beside {
    pub author_name: String,
    pub piece: String,
    pub level: u8,
    #[cfg_attr(feature = "typescript", ts(type = "AssessmentKind"))]
    pub weight: AssessmentKind,
    pub work_date: String,
    /// The reason's code: not_summative, unconfirmed, role, replaced, withdrawn, altered.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub because: Because,
}

/// How a student's levels grew.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Growth {
    pub student: String,
    pub student_name: String,
    pub whole: bool,
    pub outcomes: Vec<OutcomeGrowth>,
}

/// How one outcome's level grew: a step for each at-bat.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct OutcomeGrowth {
    pub outcome: String,
    pub steps: Vec<Grown>,
}

/// One at-bat, and where she stood once it counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Grown {
    pub day: String,
    pub level: Option<u8>,
    pub at_bat_level: u8,
    pub piece: String,
    pub piece_title: String,
}

/// A class: students by name, outcomes across.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Grid {
    pub outcomes: Vec<String>,
    pub students: Vec<GridRow>,
}

/// One student of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct GridRow {
    pub student: String,
    pub student_name: String,
    pub whole: bool,
    /// One for each outcome of the grid.
    pub cells: Vec<Cell>,
}

/// One student's standing in one outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Cell {
    pub outcome: String,
    #[serde(rename = "is")]
    pub state: LevelState,
    pub level: Option<u8>,
    pub at_bats: u32,
    pub of_at_bats: u8,
}
