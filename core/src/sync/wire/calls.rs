//! What devices ask the directory for while they are online, one call at a time. Never queued: each is answered at once
//! or was not done. Ids are the device's, so that a call whose answer was lost can be repeated.

use minicbor::{Decode, Encode};

use super::Invite;
use crate::ids::{ClassId, DeviceId, DocumentId, FolioId, FrameworkId, OutcomeId, PersonId, ProjectId};
use crate::model::role::Role;
use crate::time::Timestamp;

/// The largest of these frames, in bytes.
pub const MAX_CALL_BYTES: usize = 128 * 1024;
/// The most outcomes a project aims at.
pub const MAX_OUTCOMES: usize = 200;

/// One call, as it is posted to `/v1/directory`. It is answered with 204 and nothing, with 200 and the frame that its variant
/// names, or with a refusal in words.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum DirectoryCall {
    /// An invitation that this device signed.
    #[n(0)]
    Invite(#[n(0)] Invite),
    /// A mentor for one folio.
    #[n(1)]
    InviteMentor(#[n(0)] InviteMentor),
    /// A proposed mentor has her part.
    #[n(2)]
    ConfirmMentor(#[n(0)] ProposedMentor),
    /// A proposed mentor is declined.
    #[n(3)]
    DeclineMentor(#[n(0)] ProposedMentor),
    /// A part is granted.
    #[n(4)]
    GrantPart(#[n(0)] GrantPart),
    /// A granted part ends.
    #[n(5)]
    EndPart(#[n(0)] EndPart),
    /// A project for a class.
    #[n(6)]
    StartProject(#[n(0)] StartProject),
    /// A device is revoked; answered with [`RevokedDevice`].
    #[n(7)]
    RevokeDevice(#[n(0)] RevokeDevice),
    /// What is held back is let through.
    #[n(8)]
    ReleaseHeld(#[n(0)] ReleaseHeld),
}

impl DirectoryCall {
    /// Its name in logs.
    pub const fn name(&self) -> &'static str {
        match self {
            DirectoryCall::Invite(_) => "invite",
            DirectoryCall::InviteMentor(_) => "invite_mentor",
            DirectoryCall::ConfirmMentor(_) => "confirm_mentor",
            DirectoryCall::DeclineMentor(_) => "decline_mentor",
            DirectoryCall::GrantPart(_) => "grant_part",
            DirectoryCall::EndPart(_) => "end_part",
            DirectoryCall::StartProject(_) => "start_project",
            DirectoryCall::RevokeDevice(_) => "revoke_device",
            DirectoryCall::ReleaseHeld(_) => "release_held",
        }
    }
}

/// Brings a mentor into one folio: granted at once by a teacher of the folio, proposed by its owner. The invitation's
/// person is the new mentor's id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct InviteMentor {
    /// Into which folio.
    #[n(0)]
    pub folio: FolioId,
    /// How she is called, 1 to 100 characters.
    #[n(1)]
    pub name: String,
    /// When her part ends, within a year.
    #[n(2)]
    pub until: Timestamp,
    /// The invitation of her first device.
    #[n(3)]
    pub invite: Invite,
}

/// Which proposed mentor a teacher confirms or declines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ProposedMentor {
    /// In which folio.
    #[n(0)]
    pub folio: FolioId,
    /// Whom.
    #[n(1)]
    pub person: PersonId,
}

/// What came after its author's role had ended, and is let through now: all that is held back of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ReleaseHeld {
    /// Of which document.
    #[n(0)]
    pub document: DocumentId,
}

/// A part that a teacher grants: reader, peer or mentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct GrantPart {
    /// In which folio.
    #[n(0)]
    pub folio: FolioId,
    /// To whom.
    #[n(1)]
    pub person: PersonId,
    /// As what.
    #[n(2)]
    pub role: Role,
    /// A reader may speak too.
    #[n(3)]
    pub may_write: bool,
    /// Until when; for ever if nothing is said.
    #[n(4)]
    pub expires: Option<Timestamp>,
}

/// A granted part that a teacher ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct EndPart {
    /// In which folio.
    #[n(0)]
    pub folio: FolioId,
    /// Whose.
    #[n(1)]
    pub person: PersonId,
    /// Which.
    #[n(2)]
    pub role: Role,
}

/// A project that a teacher starts for a class she teaches.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct StartProject {
    /// Its id.
    #[n(0)]
    pub project: ProjectId,
    /// The class that works on it.
    #[n(1)]
    pub class: ClassId,
    #[n(2)]
    pub title: String,
    /// What it is about; may be empty.
    #[n(3)]
    pub brief: String,
    /// The outcomes it aims at.
    #[n(4)]
    pub outcomes: Vec<OutcomeId>,
    /// The framework they are from.
    #[n(5)]
    pub framework: Option<FrameworkId>,
}

/// A device that its person, or a teacher of hers, revokes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct RevokeDevice {
    /// Which one.
    #[n(0)]
    pub device: DeviceId,
}

/// The answer to [`RevokeDevice`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RevokedDevice {
    /// The devices it vouched for, and those that they did: each deserves a look.
    #[n(0)]
    pub vouched_for: Vec<DeviceId>,
}
