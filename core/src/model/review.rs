//! What waits for a teacher on a piece: outcomes that she has not judged, what mentors judged and nobody has confirmed, and
//! work that is offered for no outcome and that no teacher has answered.

use super::entry::{Entry, Reference};
use super::role::{Class, Role};
use crate::ids::{OutcomeId, PersonId};

/// What one person said about the student, as it counts for a review.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceAbout {
    /// Whose words.
    pub author: PersonId,
    /// As what she speaks.
    pub class: Class,
    pub entries: Vec<Entry>,
}

/// What is done and what is not, for one teacher, on one piece, about one student.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Review {
    /// Outcomes that this teacher has judged.
    pub judged: Vec<OutcomeId>,
    /// Mentors' judgements that no teacher has confirmed.
    pub to_confirm: Vec<Reference>,
    /// A teacher has said something of it to the student.
    pub is_answered: bool,
}

impl Review {
    /// Of the voices about `student` that `teacher` reads. What was withdrawn is not said.
    pub fn of(teacher: PersonId, student: PersonId, voices: impl IntoIterator<Item = VoiceAbout>) -> Self {
        let mut review = Self::default();
        let mut confirmed = Vec::new();
        for voice in voices {
            let author = voice.author;
            for entry in voice.entries.iter().filter(|entry| !entry.withdrawn) {
                review.is_answered |= voice.class == Class::Voice(Role::Teacher);
                confirmed.extend(entry.body.confirmation().map(|(of, _)| of));
                let Some(said) = entry.body.assessment() else { continue };
                if author == teacher {
                    review.judged.push(said.outcome);
                } else if voice.class == Class::Voice(Role::Mentor) {
                    review.to_confirm.push(Reference { author, about: Some(student), entry: entry.id });
                }
            }
        }
        review.to_confirm.retain(|of| !confirmed.contains(of));
        review
    }

    /// Of the outcomes that a piece is offered for, those that she has not judged.
    pub fn open(&self, offered: &[OutcomeId]) -> Vec<OutcomeId> {
        offered.iter().copied().filter(|outcome| !self.judged.contains(outcome)).collect()
    }

    /// Does anything of a piece that is offered for these outcomes wait for her?
    pub fn waits(&self, offered: &[OutcomeId]) -> bool {
        !self.to_confirm.is_empty() || !self.open(offered).is_empty()
    }

    /// Is this work that its maker offered for no outcome, and that no teacher has answered?
    pub fn is_untagged(&self, offered: &[OutcomeId]) -> bool {
        offered.is_empty() && !self.is_answered
    }
}
