//! One person's judgement of one outcome on a piece.

use serde::{Deserialize, Serialize};

use super::fields::{Field, ReadFields, heads, number, string, words};
use super::{EntryKind, Head, Words};
use crate::ids::OutcomeId;
use crate::model::framework::Level;
use crate::time::WorkDate;

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

impl EntryKind for Assessment {
    const NAME: &str = "assessment";

    fn read(fields: &impl ReadFields) -> Option<Self> {
        // The first edition where it says nothing.
        let edition = |name| if fields.has(name) { fields.small(name) } else { Some(1) };
        Some(Self {
            outcome: fields.parsed("outcome")?,
            level: Level(fields.small("level")?),
            kind: AssessmentKind::from_name(&fields.string("assessment_kind")?)?,
            work_date: fields.parsed("work_date")?,
            next_step: fields.words("next_step"),
            judged: fields.heads("judged")?,
            editions: Editions {
                framework: edition("framework_edition")?,
                scale: edition("scale_edition")?,
            },
        })
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = vec![
            string("outcome", self.outcome),
            number("level", self.level.0),
            string("assessment_kind", self.kind.name()),
            string("work_date", self.work_date),
        ];
        fields.extend(words("next_step", &self.next_step));
        fields.extend([
            heads("judged", &self.judged),
            number("framework_edition", self.editions.framework),
            number("scale_edition", self.editions.scale),
        ]);
        fields
    }

    fn check(&self) -> Result<(), &'static str> {
        Words::Remark.check(&self.next_step)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::tests::InMemory;
    use super::super::tests::reads_back;
    use super::*;

    #[test]
    fn it_reads_back_and_counts_for_nothing_where_a_field_is_missing() {
        let judgement = Assessment {
            outcome: OutcomeId::from_bytes([5; 16]),
            level: Level(2),
            kind: AssessmentKind::Summative,
            work_date: WorkDate::new(2026, 5, 4).expect("a day"),
            next_step: "Measure it again in June".into(),
            judged: vec![Head([7; 32]), Head([8; 32])],
            editions: Editions { framework: 3, scale: 2 },
        };
        reads_back(&judgement);
        for name in ["outcome", "level", "assessment_kind", "work_date", "judged"] {
            let fields = InMemory::of(judgement.fields()).without(name);
            assert_eq!(Assessment::read(&fields), None, "{name}");
        }
        let first = InMemory::of(judgement.fields()).without("framework_edition").without("scale_edition");
        let read = Assessment::read(&first).expect("an assessment of the first editions");
        assert_eq!(read.editions, Editions::default());
    }
}
