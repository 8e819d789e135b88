//! Entries: the things said in a voice.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::framework::Level;
use super::piece::Point;
use crate::ids::{EntryId, OutcomeId, PersonId};
use crate::time::WorkDate;

/// The hash of an automerge change, as heads are pinned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Head(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl Head {
    /// Heads one after the other, 32 bytes each, as documents and databases keep them.
    pub fn join(heads: &[Head]) -> Vec<u8> {
        heads.iter().flat_map(|head| head.0).collect()
    }
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({:02x}{:02x}{:02x}…)", self.0[0], self.0[1], self.0[2])
    }
}

/// One thing said, as the voice's document reads now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name within the voice.
    pub id: EntryId,
    /// What it says.
    pub said: Said,
    /// The entry of the same voice that this one replaces.
    pub replaces: Option<EntryId>,
    /// Taken back by its author.
    pub withdrawn: bool,
    /// A field was written by a later change than the one that gave the entry. Such a judgement does not count.
    pub altered: bool,
}

/// What an entry says, by kind.
///
/// Names that are taken for later: `self_assessment`, `readiness`, `endorsement`, `sign_off`, `habits`, `highlight`,
/// `comment`, `understood`, `tried`, `returned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum Said {
    /// What was good and what comes next, in three parts.
    Feedback(Feedback),
    /// One person's judgement of one outcome on this piece.
    Assessment(Assessment),
    /// The student on her own work. Edited in place; merges by character.
    Reflection {
        /// Her words.
        words: String,
    },
    /// An answer to another entry of the same piece.
    Reply {
        /// What is answered.
        to: Reference,
        /// The words.
        words: String,
    },
    /// A teacher takes a mentor's judgement as hers, as it stood at the pinned heads.
    Confirmation {
        /// The mentor's assessment.
        of: Reference,
        /// The heads of the mentor's voice when it was confirmed.
        heads: Vec<Head>,
    },
    /// A kind this version does not know, or fields it can't read: kept, counted, never counted as a judgement.
    Unreadable {
        /// The kind's name, if it has one.
        name: String,
    },
}

impl Said {
    /// The judgement, if it is one.
    pub fn assessment(&self) -> Option<&Assessment> {
        match self {
            Said::Assessment(assessment) => Some(assessment),
            Said::Feedback(_)
            | Said::Reflection { .. }
            | Said::Reply { .. }
            | Said::Confirmation { .. }
            | Said::Unreadable { .. } => None,
        }
    }

    /// The mentor's judgement that it confirms, and the heads of her voice then.
    pub fn confirmation(&self) -> Option<(Reference, &[Head])> {
        match self {
            Said::Confirmation { of, heads } => Some((*of, heads)),
            Said::Feedback(_)
            | Said::Assessment(_)
            | Said::Reflection { .. }
            | Said::Reply { .. }
            | Said::Unreadable { .. } => None,
        }
    }
}

/// Feedback in three parts, any of which may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Feedback {
    /// What was done well.
    pub did_well: String,
    /// What to improve.
    pub improve: String,
    /// The next step.
    pub next_step: String,
    /// The outcome it is pegged to.
    pub outcome: Option<OutcomeId>,
    /// The spot on a picture of the piece that it points at.
    pub spot: Option<Spot>,
}

/// A spot on a picture of the piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// Which picture.
    pub medium: EntryId,
    /// Where on it.
    pub at: Point,
}

/// A judgement of one outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// What was judged.
    pub outcome: OutcomeId,
    /// The level shown.
    pub level: Level,
    /// Whether it may count.
    pub kind: AssessmentKind,
    /// The day the work was done, copied by the assessor at judging.
    pub work_date: WorkDate,
    /// What comes next, in the assessor's words.
    pub next_step: String,
    /// The heads of the content that was judged.
    pub judged: Vec<Head>,
    /// The edition of the framework that the outcome was read in, and that of the school's levels: what is said with them
    /// keeps its words.
    #[serde(default)]
    pub editions: Editions,
}

/// Which editions of a framework and of the school's levels a judgement was made with. What does not say is of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Editions {
    /// Of the framework.
    pub framework: u32,
    /// Of the school's levels.
    pub scale: u32,
}

impl Default for Editions {
    fn default() -> Self {
        Self { framework: 1, scale: 1 }
    }
}

/// How much an assessment weighs. Only a summative one counts towards a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssessmentKind {
    /// For learning: never counts.
    Formative,
    /// On the way: never counts.
    Interim,
    /// An at-bat.
    Summative,
}

impl AssessmentKind {
    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            AssessmentKind::Formative => "formative",
            AssessmentKind::Interim => "interim",
            AssessmentKind::Summative => "summative",
        }
    }

    /// Reads [`AssessmentKind::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Formative, Self::Interim, Self::Summative].into_iter().find(|kind| kind.name() == name)
    }
}

/// An entry of another voice on the same piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// Whose voice.
    pub author: PersonId,
    /// About whom.
    pub about: Option<PersonId>,
    /// Which entry.
    pub entry: EntryId,
}
