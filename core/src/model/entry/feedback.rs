//! What was good and what comes next, in three parts.

use serde::{Deserialize, Serialize};

use super::fields::{Field, ReadFields, number, string, words};
use super::{EntryKind, Words};
use crate::ids::{EntryId, OutcomeId};
use crate::model::piece::Point;

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

impl Feedback {
    fn parts(&self) -> [(&'static str, &str); 3] {
        [("did_well", &self.did_well), ("improve", &self.improve), ("next_step", &self.next_step)]
    }
}

impl EntryKind for Feedback {
    const NAME: &str = "feedback";

    fn read(fields: &impl ReadFields) -> Option<Self> {
        let spot = || {
            let at = Point::new(fields.number("spot_x")?, fields.number("spot_y")?)?;
            Some(Spot { medium: fields.parsed("spot_medium")?, at })
        };
        Some(Self {
            did_well: fields.words("did_well"),
            improve: fields.words("improve"),
            next_step: fields.words("next_step"),
            outcome: fields.parsed("outcome"),
            spot: spot(),
        })
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields: Vec<Field> =
            self.parts().into_iter().filter_map(|(name, part)| words(name, part)).collect();
        fields.extend(self.outcome.map(|outcome| string("outcome", outcome)));
        if let Some(spot) = self.spot {
            fields.extend([
                string("spot_medium", spot.medium),
                number("spot_x", spot.at.x),
                number("spot_y", spot.at.y),
            ]);
        }
        fields
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.parts().iter().all(|(_, part)| part.trim().is_empty()) {
            return Err("feedback needs words in at least one of its three parts");
        }
        self.parts().into_iter().try_for_each(|(_, part)| Words::Remark.check(part))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::reads_back;
    use super::*;

    #[test]
    fn it_reads_back_whatever_part_it_has_and_needs_one() {
        let at = Point::new(10, 20).expect("a point");
        let whole = Feedback {
            did_well: "Straight rows".into(),
            improve: "Deeper".into(),
            next_step: "Water them".into(),
            outcome: Some(OutcomeId::from_bytes([1; 16])),
            spot: Some(Spot { medium: EntryId::from_bytes([2; 16]), at }),
        };
        reads_back(&whole);
        reads_back(&Feedback { improve: "Deeper".into(), ..Feedback::default() });
        assert!(whole.check().is_ok());
        assert!(Feedback { did_well: "  ".into(), ..Feedback::default() }.check().is_err());
        assert!(Feedback { did_well: "a".repeat(10_001), ..Feedback::default() }.check().is_err());
    }
}
