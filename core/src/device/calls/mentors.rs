//! Inviting: a device of one's own, one of a student, or a mentor into one folio.

use super::Call;
use crate::device::{Device, DeviceError};
use crate::ids::{FolioId, PersonId, Rng};
use crate::model::directory::{Folio, Proposed};
use crate::model::invitation::InvitationLink;
use crate::store::records::{self, RecordKind};
use crate::sync::wire::{DirectoryCall, InviteMentor, ProposedMentor};
use crate::time::Timestamp;

/// How long a mentor may take to open her invitation: 30 days, in milliseconds, if her part lasts so long.
const TO_ANSWER: u64 = 30 * 24 * 60 * 60 * 1000;

impl Device {
    /// Invites a device of a person: the next one of one's own, or one of a student one teaches. Needs a network. The
    /// link is good once the relay has taken it.
    pub fn invite_device(
        &self,
        person: PersonId,
        expires: Timestamp,
        rng: &mut dyn Rng,
    ) -> Call<InvitationLink> {
        let (invite, link) = self.invite(person, expires, rng);
        self.call(&DirectoryCall::Invite(invite), |_| Ok(link))
    }

    /// Invites a mentor into one folio, until her part ends. Needs a network. By a teacher of the folio she has the part
    /// at once; by its owner she is proposed, and sees nothing until a teacher confirms.
    pub fn invite_mentor(
        &self,
        folio: FolioId,
        name: &str,
        until: Timestamp,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Call<InvitationLink>, DeviceError> {
        let name = name.trim().to_owned();
        if !(1..=100).contains(&name.chars().count()) {
            return Err(DeviceError::Bounds("a mentor's name has 1 to 100 characters"));
        }
        let person = PersonId::new(now, rng);
        let (invite, link) = self.invite(person, until.min(now.plus_millis(TO_ANSWER)), rng);
        let frame = InviteMentor { folio, name, until, invite };
        Ok(self.call(&DirectoryCall::InviteMentor(frame), |_| Ok(link)))
    }

    /// Gives a proposed mentor her part (teachers). Needs a network.
    pub fn confirm_mentor(&self, folio: FolioId, person: PersonId) -> Call<()> {
        self.call(&DirectoryCall::ConfirmMentor(ProposedMentor { folio, person }), |_| Ok(()))
    }

    /// Declines a proposed mentor (teachers). Needs a network.
    pub fn decline_mentor(&self, folio: FolioId, person: PersonId) -> Call<()> {
        self.call(&DirectoryCall::DeclineMentor(ProposedMentor { folio, person }), |_| Ok(()))
    }

    /// Mentors who are proposed and not confirmed, with the folio of each.
    pub fn proposed_mentors(&self) -> Result<Vec<(FolioId, Proposed)>, DeviceError> {
        let folios: Vec<Folio> = records::all(self.store.read(), RecordKind::Folio)?;
        let proposed = |folio: Folio| folio.proposed.into_iter().map(move |proposed| (folio.id, proposed));
        Ok(folios.into_iter().flat_map(proposed).collect())
    }
}
