//! What someone is in a class: the directory keeps it, and the log names it.

use fieldfolio_core::model::directory::PersonKind;
use serde::Serialize;

/// What someone is in a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassRole {
    /// Learns in it.
    Student,
    /// Teaches it.
    Teacher,
    /// Advises its students, across projects and at home.
    Advisor,
}

impl ClassRole {
    /// Every role.
    pub const ALL: [ClassRole; 3] = [ClassRole::Student, ClassRole::Teacher, ClassRole::Advisor];

    /// The name used in commands and databases.
    pub const fn name(self) -> &'static str {
        match self {
            ClassRole::Student => "student",
            ClassRole::Teacher => "teacher",
            ClassRole::Advisor => "advisor",
        }
    }

    /// Reads [`ClassRole::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What a person must be, to be this in a class.
    pub(crate) const fn needs(self) -> PersonKind {
        match self {
            ClassRole::Student => PersonKind::Student,
            ClassRole::Teacher | ClassRole::Advisor => PersonKind::Teacher,
        }
    }
}
