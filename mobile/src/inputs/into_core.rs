//! From what apps ask to what the core takes.

use fieldfolio_core::device::{self, Judging};
use fieldfolio_core::model::entry::{Feedback, Spot};
use fieldfolio_core::model::framework::Level;
use fieldfolio_core::model::piece::{Point, Turn};
use fieldfolio_core::store::transfers::Held;

use super::{MediumEdit, NewAssessment, NewFeedback, NewLink, NewMark, OutcomesEdit, TextEdit};
use crate::Refusal;
use crate::records::HeldBack;

impl From<NewLink> for device::NewLink {
    fn from(NewLink { url, caption }: NewLink) -> Self {
        Self { url, caption }
    }
}

impl From<TextEdit> for device::TextEdit {
    fn from(TextEdit { before, after }: TextEdit) -> Self {
        Self { before: Some(before), after }
    }
}

impl From<OutcomesEdit> for device::OutcomesEdit {
    fn from(OutcomesEdit { before, after }: OutcomesEdit) -> Self {
        Self { before, after }
    }
}

impl TryFrom<MediumEdit> for device::MediumEdit {
    type Error = Refusal;

    fn try_from(asked: MediumEdit) -> Result<Self, Refusal> {
        let MediumEdit { key, caption, alt, turn, is_out, mark, unmark } = asked;
        let mark = match mark {
            Some(NewMark { x, y, words }) => Some(device::NewMark { at: point(x, y)?, words }),
            None => None,
        };
        let turn = turn.map(|quarters| Turn::quarters(quarters.into()));
        let (caption, alt) = (caption.map(Into::into), alt.map(Into::into));
        Ok(Self { key, caption, alt, turn, is_out, mark, unmark })
    }
}

impl TryFrom<NewFeedback> for Feedback {
    type Error = Refusal;

    fn try_from(asked: NewFeedback) -> Result<Self, Refusal> {
        let NewFeedback { did_well, improve, next_step, outcome, spot, .. } = asked;
        Ok(Self { did_well, improve, next_step, outcome, spot: spot.map(Spot::try_from).transpose()? })
    }
}

impl From<NewAssessment> for Judging {
    fn from(asked: NewAssessment) -> Self {
        let NewAssessment { outcome, level, weight, work_date, next_step, replaces, .. } = asked;
        Self { outcome, level: Level(level), kind: weight, work_date, next_step, replaces }
    }
}

impl From<HeldBack> for Held {
    fn from(asked: HeldBack) -> Self {
        match asked {
            HeldBack::Not => Held::Not,
            HeldBack::Paused => Held::Paused,
            HeldBack::Cancelled => Held::Cancelled,
        }
    }
}

fn point(x: u16, y: u16) -> Result<Point, Refusal> {
    Point::new(x.into(), y.into()).ok_or_else(|| Refusal::new("other", "a spot lies within the picture"))
}
