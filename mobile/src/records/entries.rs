//! What entries say, to be drawn and to be given: one place for each kind.

use fieldfolio_core::ids::{EntryId, PersonId};
use fieldfolio_core::model::entry::{self, AssessmentKind, Confirmation, Reflection};
use fieldfolio_core::model::piece::Point;
use serde::{Deserialize, Serialize};

use crate::Refusal;

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Enum))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EntryBody {
    Feedback {
        did_well: String,
        improve: String,
        next_step: String,
        outcome: Option<String>,
        /// What it points at.
        spot: Option<SpotOn>,
    },
    Assessment {
        outcome: String,
        level: u8,
        #[cfg_attr(feature = "typescript", ts(type = "AssessmentKind"))]
        weight: AssessmentKind,
        work_date: String,
        next_step: String,
    },
    Reflection {
        words: String,
    },
    Reply {
        to: Reference,
        words: String,
    },
    Confirmation {
        of: Reference,
    },
    /// Made by a newer version, or out of shape: kept, not shown.
    Unreadable {
        name: String,
    },
}

/// An entry of another voice on the same piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Reference {
    pub author: String,
    pub about: Option<String>,
    pub entry: String,
}

/// A spot on one of the pictures of a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct SpotOn {
    pub medium: String,
    #[serde(flatten)]
    pub at: Spot,
}

/// A place on a picture, in ten-thousandths from the upper left corner of the picture before its maker turned it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Spot {
    pub x: u16,
    pub y: u16,
}

impl From<&entry::EntryBody> for EntryBody {
    fn from(said: &entry::EntryBody) -> Self {
        match said {
            entry::EntryBody::Feedback(feedback) => EntryBody::Feedback {
                did_well: feedback.did_well.clone(),
                improve: feedback.improve.clone(),
                next_step: feedback.next_step.clone(),
                outcome: feedback.outcome.map(|outcome| outcome.to_string()),
                spot: feedback.spot.map(|spot| SpotOn {
                    medium: spot.medium.to_string(),
                    at: Spot { x: spot.at.x, y: spot.at.y },
                }),
            },
            entry::EntryBody::Assessment(assessment) => EntryBody::Assessment {
                outcome: assessment.outcome.to_string(),
                level: assessment.level.0,
                weight: assessment.kind,
                work_date: assessment.work_date.to_string(),
                next_step: assessment.next_step.clone(),
            },
            entry::EntryBody::Reflection(Reflection { words }) => {
                EntryBody::Reflection { words: words.clone() }
            }
            entry::EntryBody::Reply(entry::Reply { to, words }) => {
                EntryBody::Reply { to: (*to).into(), words: words.clone() }
            }
            entry::EntryBody::Confirmation(Confirmation { of, .. }) => {
                EntryBody::Confirmation { of: (*of).into() }
            }
            entry::EntryBody::Unreadable { name } => EntryBody::Unreadable { name: name.clone() },
        }
    }
}

/// An entry to be given. What pins or edits something that is here has a call of its own, and is refused.
impl TryFrom<EntryBody> for entry::EntryBody {
    type Error = Refusal;

    fn try_from(body: EntryBody) -> Result<Self, Refusal> {
        Ok(match body {
            EntryBody::Feedback { did_well, improve, next_step, outcome, spot } => {
                let outcome = outcome.as_deref().map(str::parse).transpose()?;
                let spot = spot.map(entry::Spot::try_from).transpose()?;
                entry::Feedback { did_well, improve, next_step, outcome, spot }.into()
            }
            EntryBody::Reply { to, words } => entry::Reply { to: (&to).try_into()?, words }.into(),
            EntryBody::Reflection { .. }
            | EntryBody::Assessment { .. }
            | EntryBody::Confirmation { .. }
            | EntryBody::Unreadable { .. } => {
                return Err(Refusal::new("other", "an entry of this kind has a call of its own"));
            }
        })
    }
}

impl TryFrom<SpotOn> for entry::Spot {
    type Error = Refusal;

    fn try_from(spot: SpotOn) -> Result<Self, Refusal> {
        let at = Point::new(spot.at.x.into(), spot.at.y.into());
        let at = at.ok_or_else(|| Refusal::new("other", "a spot lies within the picture"))?;
        Ok(Self { medium: spot.medium.parse()?, at })
    }
}

impl From<entry::Reference> for Reference {
    fn from(of: entry::Reference) -> Self {
        let about = of.about.map(|about| about.to_string());
        Self { author: of.author.to_string(), about, entry: of.entry.to_string() }
    }
}

/// Why a reference that came back from an app can't be used.
impl TryFrom<&Reference> for entry::Reference {
    type Error = fieldfolio_core::ids::BadId;

    fn try_from(of: &Reference) -> Result<Self, Self::Error> {
        Ok(Self {
            author: of.author.parse::<PersonId>()?,
            about: of.about.as_deref().map(str::parse).transpose()?,
            entry: of.entry.parse::<EntryId>()?,
        })
    }
}
