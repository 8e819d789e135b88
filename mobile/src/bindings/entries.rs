//! Speaking on a piece: feedback, judgements, confirmations, replies, reflections. Each is saved and signed when the call
//! returns, without a network. The id that comes back names what was said.

use fieldfolio_core::ids::{EntryId, PersonId, PieceId};
use fieldfolio_core::model::entry;

use super::store::Store;
use super::{FieldfolioError, OsRng, now};
use crate::inputs;
use crate::records::Reference;

#[uniffi::export]
impl Store {
    /// Gives an entry of a kind that needs nothing but its words.
    pub async fn give(&self, new: inputs::NewEntry) -> Result<EntryId, FieldfolioError> {
        self.act(move |device| {
            let inputs::NewEntry { piece, about, body, replaces } = new;
            Ok(device.give(piece, about, body.try_into()?, replaces, now(), &mut OsRng)?)
        })
        .await
    }

    /// Says what was good and what comes next.
    pub async fn give_feedback(&self, new: inputs::NewFeedback) -> Result<EntryId, FieldfolioError> {
        self.act(move |device| {
            let (piece, about, replaces) = (new.piece, new.about, new.replaces);
            Ok(device.feedback(piece, about, &new.try_into()?, replaces, now(), &mut OsRng)?)
        })
        .await
    }

    /// Judges one outcome for one student. The judgement pins the work as it stands here now.
    pub async fn assess(&self, new: inputs::NewAssessment) -> Result<EntryId, FieldfolioError> {
        self.act(move |device| {
            let (piece, student) = (new.piece, new.student);
            Ok(device.assess(piece, student, new.into(), now(), &mut OsRng)?)
        })
        .await
    }

    /// Takes a mentor's judgement as one's own: only then it counts.
    pub async fn confirm(&self, piece: PieceId, of: Reference) -> Result<EntryId, FieldfolioError> {
        self.act(move |device| {
            Ok(device.confirm(piece, entry::Reference::try_from(&of)?, now(), &mut OsRng)?)
        })
        .await
    }

    /// Answers an entry.
    pub async fn reply(
        &self,
        piece: PieceId,
        to: Reference,
        words: String,
    ) -> Result<EntryId, FieldfolioError> {
        self.act(move |device| {
            Ok(device.reply(piece, entry::Reference::try_from(&to)?, &words, now(), &mut OsRng)?)
        })
        .await
    }

    /// Writes one's reflection on one's own work, or edits it in place.
    pub async fn reflect(&self, piece: PieceId, words: inputs::TextEdit) -> Result<EntryId, FieldfolioError> {
        self.act(move |device| {
            Ok(device.reflect(piece, fieldfolio_core::device::TextEdit::from(words), now(), &mut OsRng)?)
        })
        .await
    }

    /// Takes back something one said about a student, or about the work itself for nobody. It stays readable, marked.
    pub async fn withdraw(
        &self,
        piece: PieceId,
        about: Option<PersonId>,
        entry: EntryId,
    ) -> Result<(), FieldfolioError> {
        self.act(move |device| Ok(device.withdraw(piece, about, entry, now(), &mut OsRng)?)).await
    }
}
