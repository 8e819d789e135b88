//! What needs a network: inviting, granting, starting a project for a class, revoking. Each is one question to the school,
//! done or refused at once; nothing of it is queued.

use fieldfolio_core::device::ClassProject;
use fieldfolio_core::ids::{DeviceId, FolioId, PersonId, ProjectId};
use fieldfolio_core::model::role::Role;
use fieldfolio_core::time::Timestamp;

use super::store::Store;
use super::{FieldfolioError, OsRng, now};
use crate::records::LateWork;
use crate::{Views, inputs};

/// A link that makes a device somebody's. Show it as a code or hand it over; it works once.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Invited {
    pub link: String,
    /// Until when, in milliseconds since 1970.
    pub expires: u64,
}

/// A link for a mentor.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MentorInvited {
    pub link: String,
    /// Her id.
    pub person: PersonId,
    /// She sees nothing until a teacher confirms.
    pub is_proposed: bool,
}

#[uniffi::export]
impl Store {
    /// Invites the next device of one's own, or of a student one teaches.
    #[uniffi::method(default(person = None))]
    pub async fn invite_device(&self, person: Option<PersonId>) -> Result<Invited, FieldfolioError> {
        let link = self.handle.ask(move |device| {
            let person = person.unwrap_or(device.identity().person);
            let until = now().plus_millis(inputs::DEVICE_LINK_MILLIS);
            Ok(device.invite_device(person, until, &mut OsRng))
        });
        let link = link.await?;
        Ok(Invited { link: link.to_url(), expires: link.expires.millis() })
    }

    /// Invites a mentor into one folio, until her part ends.
    pub async fn invite_mentor(&self, new: inputs::NewMentor) -> Result<MentorInvited, FieldfolioError> {
        let invited = self.handle.ask(move |device| {
            let is_proposed = !Views::at(device, now())?.teaches(new.folio);
            let until = Timestamp::from_millis(new.until);
            let call = device.invite_mentor(new.folio, &new.name, until, now(), &mut OsRng)?;
            Ok(call.map(move |link| (link, is_proposed)))
        });
        let (link, is_proposed) = invited.await?;
        Ok(MentorInvited { link: link.to_url(), person: link.person, is_proposed })
    }

    /// Confirms a mentor whom a student proposed.
    pub async fn confirm_mentor(&self, folio: FolioId, person: PersonId) -> Result<(), FieldfolioError> {
        self.handle.ask(move |device| Ok(device.confirm_mentor(folio, person))).await
    }

    /// Declines a mentor whom a student proposed.
    pub async fn decline_mentor(&self, folio: FolioId, person: PersonId) -> Result<(), FieldfolioError> {
        self.handle.ask(move |device| Ok(device.decline_mentor(folio, person))).await
    }

    /// Gives somebody a part in a circle.
    pub async fn grant_part(&self, new: inputs::NewPart) -> Result<(), FieldfolioError> {
        let until = new.until.map(Timestamp::from_millis);
        self.handle
            .ask(move |device| Ok(device.grant_part(new.folio, new.person, new.role, new.may_write, until)))
            .await
    }

    /// Ends a part that was granted.
    pub async fn end_part(
        &self,
        folio: FolioId,
        person: PersonId,
        role: Role,
    ) -> Result<(), FieldfolioError> {
        self.handle.ask(move |device| Ok(device.end_part(folio, person, role))).await
    }

    /// Starts a project for a class one teaches; each of its students gets a folio in it.
    pub async fn start_class_project(
        &self,
        new: inputs::NewClassProject,
    ) -> Result<ProjectId, FieldfolioError> {
        self.handle
            .ask(move |device| {
                let framework = Views::at(device, now())?.framework_of(&new.outcomes)?;
                let inputs::NewClassProject { class, title, brief, outcomes } = &new;
                let project = ClassProject { title, brief, outcomes, framework };
                Ok(device.start_class_project(*class, project, now(), &mut OsRng)?)
            })
            .await
    }

    /// What came after its author's part had ended, and waits for a teacher's word.
    pub async fn late_work(&self) -> Result<Vec<LateWork>, FieldfolioError> {
        self.views(|views| views.late_work()).await
    }

    /// Lets through what came late of a sheet, by the name that `late_work` gave it.
    pub async fn release(&self, sheet: String) -> Result<(), FieldfolioError> {
        self.handle
            .ask(move |device| {
                let sheet = Views::at(device, now())?.late_sheet(&sheet)?;
                let sheet = sheet.ok_or_else(|| FieldfolioError::Missing {
                    reason: "nothing of this sheet waits any more".into(),
                })?;
                Ok(device.release(sheet))
            })
            .await
    }

    /// Revokes a device of one's own, or of a student one teaches. Answers the devices that it had vouched for: look
    /// whether each is really its person's.
    pub async fn revoke_device(&self, device: DeviceId) -> Result<Vec<DeviceId>, FieldfolioError> {
        self.handle.ask(move |own| Ok(own.revoke_device(device))).await
    }
}
