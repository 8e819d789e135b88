//! What a teacher changes for her students: projects of a class, and parts in their circles.

use super::Call;
use crate::device::{Device, DeviceError};
use crate::ids::{ClassId, DocumentId, FolioId, FrameworkId, OutcomeId, PersonId, ProjectId, Rng};
use crate::model::directory::{Class, Held};
use crate::model::role::Role;
use crate::store::records::{self, RecordKind};
use crate::sync::wire::{DirectoryCall, EndPart, GrantPart, MAX_OUTCOMES, ReleaseHeld, StartProject};
use crate::time::Timestamp;

/// A project of a class, to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassProject<'a> {
    pub title: &'a str,
    /// What it is about; may be empty.
    pub brief: &'a str,
    /// The outcomes it aims at.
    pub outcomes: &'a [OutcomeId],
    /// The framework they are from.
    pub framework: Option<FrameworkId>,
}

impl Device {
    /// The classes that this person teaches or advises.
    pub fn classes(&self) -> Result<Vec<Class>, DeviceError> {
        Ok(records::all(self.store.read(), RecordKind::Class)?)
    }

    /// Starts a project for a class one teaches; each of its students gets a folio in it. Needs a network. Answers the
    /// project's id.
    pub fn start_class_project(
        &self,
        class: ClassId,
        project: ClassProject<'_>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Call<ProjectId>, DeviceError> {
        let ClassProject { title, brief, outcomes, framework } = project;
        if outcomes.len() > MAX_OUTCOMES {
            return Err(DeviceError::Bounds("a project aims at 200 outcomes at most"));
        }
        let project = ProjectId::new(now, rng);
        let (title, brief) = (title.trim().to_owned(), brief.trim().to_owned());
        let frame = StartProject { project, class, title, brief, outcomes: outcomes.to_vec(), framework };
        Ok(self.call(&DirectoryCall::StartProject(frame), move |_| Ok(project)))
    }

    /// Grants someone a part in a circle, as reader, peer or mentor (teachers of the folio). Needs a network.
    pub fn grant_part(
        &self,
        folio: FolioId,
        person: PersonId,
        role: Role,
        may_write: bool,
        expires: Option<Timestamp>,
    ) -> Call<()> {
        let part = GrantPart { folio, person, role, may_write, expires };
        self.call(&DirectoryCall::GrantPart(part), |_| Ok(()))
    }

    /// What came after its author's role had ended, and waits for the word of who teaches there: of which sheets.
    pub fn held_back(&self) -> Result<Vec<Held>, DeviceError> {
        Ok(records::all(self.store.read(), RecordKind::Held)?)
    }

    /// Lets through what is held back of a sheet, all of it (teachers of the folio). Needs a network.
    pub fn release(&self, document: DocumentId) -> Call<()> {
        self.call(&DirectoryCall::ReleaseHeld(ReleaseHeld { document }), |_| Ok(()))
    }

    /// Ends a part that was granted (teachers of the folio). Needs a network.
    pub fn end_part(&self, folio: FolioId, person: PersonId, role: Role) -> Call<()> {
        self.call(&DirectoryCall::EndPart(EndPart { folio, person, role }), |_| Ok(()))
    }
}
