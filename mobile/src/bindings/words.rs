//! The core's own small words, for the other languages.

use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::judgement::Because;
use fieldfolio_core::model::role::Role;

/// What someone is in the school. One person may be several.
#[uniffi::remote(Enum)]
pub enum PersonKind {
    /// Learns here.
    Student,
    /// Teaches here.
    Teacher,
    /// Accompanies students from outside.
    Mentor,
    /// Family.
    Guardian,
    /// Keeps the directory, and sees no work for it.
    Administrator,
}

/// How much an assessment weighs. Only a summative one counts towards a level.
#[uniffi::remote(Enum)]
pub enum AssessmentKind {
    /// For learning: never counts.
    Formative,
    /// On the way: never counts.
    Interim,
    /// An at-bat.
    Summative,
}

/// Why an assessment doesn't count.
#[uniffi::remote(Enum)]
pub enum Because {
    /// It is for learning, or on the way.
    NotSummative,
    /// A mentor's, which no teacher has confirmed.
    Unconfirmed,
    /// Its author's role doesn't judge.
    Role,
    /// Replaced by a later one of the same author.
    Replaced,
    /// Taken back.
    Withdrawn,
    /// Altered after it was given.
    Altered,
}

/// What someone is in the circle of a folio, in the order in which a voice's class is decided.
#[uniffi::remote(Enum)]
pub enum Role {
    /// The student whose folio it is.
    Owner,
    /// Teaches or advises her now.
    Teacher,
    /// Aide, counsellor, principal, substitute, panel: reads; writes only if granted.
    Reader,
    /// Accompanies her work in this folio from outside the school.
    Mentor,
    /// Made the piece together with her. Follows from placements; nobody is given it.
    Group,
    /// Another student, asked to look at evidence.
    Peer,
    /// Her family.
    Guardian,
}
