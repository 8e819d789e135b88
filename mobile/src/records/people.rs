//! People, the school, projects, folios with their circles, devices.

use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::role::Role;
use serde::Serialize;

use super::PieceLine;

/// Who this device belongs to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Me {
    pub person: String,
    /// Empty until the school has told it.
    pub name: String,
    #[cfg_attr(feature = "typescript", ts(type = "PersonKind[]"))]
    pub kinds: Vec<PersonKind>,
    pub device: String,
    pub school: Option<School>,
    /// Parts she has in circles of others' folios, as of now.
    pub parts: Vec<Part>,
}

/// The school, its levels and its rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct School {
    pub name: String,
    /// Lowest first.
    pub levels: Vec<LevelWord>,
    /// Position of the level to reach.
    pub target: u8,
    pub rule: Rule,
}

/// A level in the school's own words.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct LevelWord {
    pub code: String,
    pub word: String,
}

/// What a level needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Rule {
    pub at_bats: u8,
    pub projects: u8,
    pub days: u8,
}

/// One's own part in a folio.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Part {
    pub folio: String,
    pub student: String,
    pub student_name: String,
    pub title: String,
    #[cfg_attr(feature = "typescript", ts(type = "Role"))]
    pub role: Role,
    pub until: Option<u64>,
}

/// A person, as others in her circles know her.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Person {
    pub id: String,
    pub name: String,
    #[cfg_attr(feature = "typescript", ts(type = "PersonKind[]"))]
    pub kinds: Vec<PersonKind>,
}

/// One thing a student can show.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Outcome {
    pub id: String,
    pub code: String,
    pub statement: String,
    /// The same in a student's words.
    pub friendly: String,
    /// What each level looks like, lowest first; may be shorter than the scale.
    pub rubric: Vec<String>,
    pub parent: Option<String>,
    pub framework: String,
    pub framework_title: String,
}

/// Something students work on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Project {
    pub id: String,
    pub title: String,
    pub brief: String,
    pub outcomes: Vec<String>,
    #[cfg_attr(feature = "phones", uniffi(name = "in_class"))]
    pub class: Option<String>,
    pub started_by: Option<String>,
    /// One's own folio in it, if there is one.
    pub folio: Option<String>,
}

/// A class one teaches or advises.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "Class"))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct SchoolClass {
    pub id: String,
    pub title: String,
    pub students: Vec<Person>,
    pub teachers: Vec<Person>,
}

/// A folio in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct FolioLine {
    pub folio: String,
    pub student: String,
    pub student_name: String,
    /// None: her home folio.
    pub project: Option<String>,
    pub title: String,
    /// One's own roles in its circle.
    #[cfg_attr(feature = "typescript", ts(type = "Role[]"))]
    pub roles: Vec<Role>,
    /// When one's own part ends.
    pub until: Option<u64>,
    pub pieces: u32,
    /// The newest day of work in it.
    pub newest: Option<String>,
}

/// A folio with what lies in it and who is around it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Folio {
    #[serde(flatten)]
    pub line: FolioLine,
    pub brief: String,
    pub outcomes: Vec<String>,
    pub pieces_list: Vec<PieceLine>,
    pub circle: Vec<CircleLine>,
    /// Mentors a student proposed, until a teacher confirms.
    pub proposed: Vec<Proposed>,
}

/// Somebody's part in a circle.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct CircleLine {
    pub person: String,
    pub name: String,
    #[cfg_attr(feature = "typescript", ts(type = "Role"))]
    pub role: Role,
    pub until: Option<u64>,
    pub may_write: bool,
}

/// Somebody who was proposed as a mentor.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Proposed {
    pub person: String,
    pub name: String,
    pub by: String,
    pub by_name: String,
    pub until: u64,
}

/// A mentor who was proposed and waits for a teacher's word, and in which folio.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Proposal {
    pub folio: String,
    /// The folio's project.
    pub title: String,
    pub student: String,
    pub student_name: String,
    pub proposed: Proposed,
    /// This person teaches there: she may confirm or decline it. Otherwise it is her own, and she may take it back.
    pub may_answer: bool,
}

/// Somebody who can see a piece.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Seer {
    pub person: String,
    pub name: String,
    #[cfg_attr(feature = "typescript", ts(type = "Role[]"))]
    pub roles: Vec<Role>,
    pub is_me: bool,
}

/// A device of one's own.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct DeviceLine {
    pub device: String,
    pub is_this: bool,
    /// No device of hers vouched for it.
    pub is_new: bool,
    pub revoked: bool,
    pub enrolled: u64,
    /// "school" or a device's id.
    pub invited_by: String,
}
