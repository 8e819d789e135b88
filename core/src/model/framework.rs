//! Frameworks: what can be shown, in official and in student-friendly words, and the school's levels.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::ids::{FrameworkId, OutcomeId};

/// A level as the school's ordinal, lowest 0.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Level(#[n(0)] pub u8);

/// The school's levels, lowest first, and the one to reach.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The words, lowest first: 2 to 10 of them.
    #[n(0)]
    pub levels: Vec<LevelWord>,
    /// The level to reach.
    #[n(1)]
    pub target: Level,
    /// Raised whenever the school changes its levels.
    #[n(2)]
    #[cbor(default)]
    #[serde(default)]
    pub edition: u32,
}

/// One level in the school's own words.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelWord {
    /// A letter or two: "D".
    #[n(0)]
    pub code: String,
    /// The word: "demonstrates".
    #[n(1)]
    pub word: String,
}

/// A versioned list of outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    #[n(0)]
    pub id: FrameworkId,
    #[n(1)]
    pub title: String,
    /// Raised with each published edition.
    #[n(2)]
    pub version: u32,
    /// The outcomes, in the order a reader meets them.
    #[n(3)]
    pub outcomes: Vec<Outcome>,
}

/// One thing a student can show.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    #[n(0)]
    pub id: OutcomeId,
    /// A short code: "OBS".
    #[n(1)]
    pub code: String,
    /// The official wording.
    #[n(2)]
    pub statement: String,
    /// The same in a student's words.
    #[n(3)]
    pub friendly: String,
    /// What each level looks like, lowest first; may be shorter than the scale.
    #[n(4)]
    #[serde(default)]
    pub rubric: Vec<String>,
    /// The outcome above it in the tree.
    #[n(5)]
    #[serde(default)]
    pub parent: Option<OutcomeId>,
}

/// Why a scale or a framework can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFramework {
    /// Too few or too many levels.
    #[error("a school has 2 to 10 levels, this one has {0}")]
    Levels(usize),
    /// The target isn't one of the levels, or is the lowest.
    #[error("the target must be one of the levels above the lowest")]
    Target,
    /// A word is empty or longer than 2,000 characters.
    #[error("{0} must have 1 to 2,000 characters")]
    Words(&'static str),
    /// Too many outcomes.
    #[error("a framework holds at most 5,000 outcomes, this one has {0}")]
    Outcomes(usize),
    /// Two outcomes under one id or code, or a parent that isn't there.
    #[error("outcome {0} is there twice, or names a parent that is not there")]
    Tree(String),
}

impl Default for Scale {
    fn default() -> Self {
        let word = |code: &str, word: &str| LevelWord { code: code.into(), word: word.into() };
        Self {
            levels: vec![
                word("N", "not yet"),
                word("P", "approaching"),
                word("D", "demonstrates"),
                word("E", "exceeds"),
            ],
            target: Level(2),
            edition: 1,
        }
    }
}

impl Scale {
    /// Checks that the scale can be used.
    pub fn check(&self) -> Result<(), BadFramework> {
        if !(2..=10).contains(&self.levels.len()) {
            return Err(BadFramework::Levels(self.levels.len()));
        }
        if self.target.0 == 0 || !self.has(self.target) {
            return Err(BadFramework::Target);
        }
        self.levels.iter().try_for_each(|level| {
            words("a level's code", &level.code)?;
            words("a level's word", &level.word)
        })
    }

    /// Is this one of the school's levels?
    pub fn has(&self, level: Level) -> bool {
        usize::from(level.0) < self.levels.len()
    }

    /// The school's word for a level.
    pub fn word(&self, level: Level) -> &str {
        self.levels.get(usize::from(level.0)).map_or("a level this school does not have", |level| &level.word)
    }

    /// The level with this code or word.
    pub fn find(&self, text: &str) -> Option<Level> {
        let named = |level: &LevelWord| {
            level.code.eq_ignore_ascii_case(text) || level.word.eq_ignore_ascii_case(text)
        };
        self.levels.iter().position(named).and_then(|index| u8::try_from(index).ok()).map(Level)
    }
}

impl Framework {
    /// Checks sizes and the tree.
    pub fn check(&self) -> Result<(), BadFramework> {
        words("a framework's title", &self.title)?;
        if self.outcomes.len() > 5_000 {
            return Err(BadFramework::Outcomes(self.outcomes.len()));
        }
        let mut ids = std::collections::BTreeSet::new();
        let mut codes = std::collections::BTreeSet::new();
        for outcome in &self.outcomes {
            words("an outcome's code", &outcome.code)?;
            words("an outcome's statement", &outcome.statement)?;
            words("an outcome's student wording", &outcome.friendly)?;
            if !ids.insert(outcome.id) || !codes.insert(&outcome.code) {
                return Err(BadFramework::Tree(outcome.code.clone()));
            }
        }
        match self.outcomes.iter().find(|outcome| outcome.parent.is_some_and(|parent| !ids.contains(&parent)))
        {
            Some(orphan) => Err(BadFramework::Tree(orphan.code.clone())),
            None => Ok(()),
        }
    }
}

fn words(what: &'static str, text: &str) -> Result<(), BadFramework> {
    let fine = !text.trim().is_empty() && text.chars().count() <= 2_000;
    fine.then_some(()).ok_or(BadFramework::Words(what))
}
