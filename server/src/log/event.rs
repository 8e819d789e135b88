//! Everything that can happen in the school, as the log keeps it: one variant for each, with the ids of whom and what it
//! concerns. Never a name, a word of somebody's or a token.
//!
//! An event is stored as two texts, its kind and its subject ([`Event::kind`], [`Event::subject`]), which
//! [`Event::parse`] reads back. Databases and `ends.log` files keep these texts for years, so they are never changed; each
//! variant's doc names its own, with ids in capitals. Who did it and when stands beside the event in the log.
//!
//! Some events take something away that must not come back when the log goes back to a backup
//! ([`Event::takes_away`]): those are written to `ends.log`, too.

use std::fmt;

use fieldfolio_core::ids::{
    ActId, ClassId, DeviceId, DocumentId, FolioId, FrameworkId, PersonId, PieceId, ProjectId, SchoolId,
};
use fieldfolio_core::model::directory::{Inviter, PersonKind};
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::signing::PublicKey;
use fieldfolio_core::time::Timestamp;

use crate::log::class_role::ClassRole;
use crate::log::hex;

mod parse;
mod text;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `init`, `SCHOOL`: the school was made.
    SchoolMade { school: SchoolId },
    /// `upgrade`, `classes`: a newer version told teachers and advisors of the classes that were there already.
    ClassesAnnounced,
    /// `fork`, `epoch NUMBER at N`: the log went back to number `at`, and a new epoch began.
    EpochBegun { epoch: u32, at: u64 },

    /// `person`, `person PERSON`: somebody was added to the directory, or given another name.
    PersonNamed { person: PersonId },
    /// `person`, `person PERSON KIND`: she became something more.
    KindAdded { person: PersonId, kind: PersonKind },
    /// `person`, `remove-kind person PERSON KIND`: a kind was taken from her.
    KindRemoved { person: PersonId, kind: PersonKind },
    /// `person`, `lock person PERSON`: nobody signs in as her any more.
    PersonLocked { person: PersonId },
    /// `person`, `unlock person PERSON`: she may sign in again.
    PersonUnlocked { person: PersonId },
    /// `person`, `limit person PERSON files BYTES records BYTES`: limits of her own, `none` for the school's.
    PersonLimited { person: PersonId, files: Option<u64>, records: Option<u64> },
    /// `read`, `person PERSON`: she looked at something that was said to her; what, only her devices are told.
    EntriesRead { person: PersonId },
    /// `guardian`, `link student PERSON guardian PERSON`.
    GuardianLinked { student: PersonId, guardian: PersonId },
    /// `guardian`, `unlink student PERSON guardian PERSON`.
    GuardianUnlinked { student: PersonId, guardian: PersonId },

    /// `class`, `class CLASS`: a class was made.
    ClassMade { class: ClassId },
    /// `class`, `join class CLASS person PERSON ROLE`.
    ClassJoined { class: ClassId, person: PersonId, role: ClassRole },
    /// `class`, `leave class CLASS person PERSON ROLE`.
    ClassLeft { class: ClassId, person: PersonId, role: ClassRole },
    /// `framework`, `framework FRAMEWORK edition NUMBER`: a framework, or a later edition of one, was brought in.
    FrameworkImported { framework: FrameworkId, edition: u32 },
    /// `project`, `project PROJECT class CLASS`: a project was made for a class.
    ProjectMade { project: ProjectId, class: ClassId },
    /// `group`, `project PROJECT students PERSON …`: these came into another group of the project, or out of theirs.
    StudentsGrouped { project: ProjectId, students: Vec<PersonId> },
    /// `group`, `leave project PROJECT PERSON:MARK …`: which groups they left by that. Only as an ending.
    GroupsLeft { project: ProjectId, left: Vec<(PersonId, GroupMark)> },

    /// `circle`, `grant folio FOLIO person PERSON ROLE`: somebody was granted a part.
    PartGranted { folio: FolioId, person: PersonId, role: Role },
    /// `circle`, `narrow folio FOLIO person PERSON ROLE`: a granted part became narrower once more, after the log went back.
    PartNarrowed { folio: FolioId, person: PersonId, role: Role },
    /// `circle`, `narrow folio FOLIO person PERSON ROLE voice|silent MILLIS`: how wide a part is at most since it was
    /// granted anew: with a voice or not, and until when (no `until` is for ever). Only as an ending.
    PartBounded { folio: FolioId, person: PersonId, role: Role, may_write: bool, until: Option<Timestamp> },
    /// `circle`, `end folio FOLIO person PERSON ROLE`: a part that was granted ended.
    PartEnded { folio: FolioId, person: PersonId, role: Role },
    /// `expiry`, `folio FOLIO … and NUMBER more`: the time of parts in these folios was over; so many others are not named.
    PartsExpired { folios: Vec<FolioId>, others: usize },
    /// `denial`, `deny student PERSON person PERSON`: all circles of the student were closed to somebody.
    CirclesClosed { student: PersonId, person: PersonId },
    /// `denial`, `allow student PERSON person PERSON`: that was taken back.
    CirclesOpened { student: PersonId, person: PersonId },

    /// `mentor`, `bring folio FOLIO person PERSON`: a teacher brought a mentor in, with her part.
    MentorBrought { folio: FolioId, person: PersonId },
    /// `mentor`, `propose folio FOLIO person PERSON`: a student proposed a mentor.
    MentorProposed { folio: FolioId, person: PersonId },
    /// `mentor`, `confirm folio FOLIO person PERSON`: a teacher confirmed the proposal.
    MentorConfirmed { folio: FolioId, person: PersonId },
    /// `mentor`, `decline folio FOLIO person PERSON`: a teacher declined it.
    MentorDeclined { folio: FolioId, person: PersonId },

    /// `invite`, `person PERSON by root` or `person PERSON by device DEVICE`: an invitation for a device of hers.
    DeviceInvited { person: PersonId, inviter: Inviter },
    /// `invitation`, `cancel KEY`: an open invitation was made worthless.
    InvitationCancelled { invitation: PublicKey },
    /// `enrol`, `device DEVICE`.
    DeviceEnrolled { device: DeviceId },
    /// `enrol`, `device DEVICE came back`: it had been enrolled in a log that is lost.
    DeviceCameBack { device: DeviceId },
    /// `revoke`, `device DEVICE invitation KEY`: the device, and the invitation it had come in by. Older versions wrote
    /// `device DEVICE` alone.
    DeviceRevoked { device: DeviceId, invitation: Option<PublicKey> },

    /// `act`, no subject: an act was taken in; its body lies under the same number.
    ActTaken,
    /// `change`, no subject: a change of a document was taken in; its body lies under the same number.
    ChangeTaken,
    /// `hold`, `DOCUMENT`: a change of it was held back.
    ChangeHeld { document: DocumentId },
    /// `release`, `DOCUMENT`: what was held back of it was let go, into the log or for ever.
    HeldReleased { document: DocumentId },
    /// `erase`, `piece PIECE`: it was erased for ever, with all that was said on it.
    PieceErased { piece: PieceId },
    /// `share`, `narrow piece PIECE`: a piece became visible to fewer once more, after the log went back.
    PieceNarrowed { piece: PieceId },
    /// `share`, `narrow piece PIECE BITS`: to which roles a piece is visible at most since its maker shared it with fewer.
    /// Only as an ending.
    PieceBounded { piece: PieceId, audience: Roles },
    /// `place`, `undone piece PIECE`: a piece left a folio, or an offer ended, once more, after the log went back.
    PieceUndone { piece: PieceId },
    /// `place`, `undo piece PIECE ACT ACT …`: acts that put a piece in a folio or offered it there, and were taken back. Only
    /// as an ending.
    PlacingsUndone { piece: PieceId, acts: Vec<ActId> },
    /// `sight`, `NUMBER pieces`: who sees these was worked out anew, after an event that concerned more than one
    /// transaction takes.
    PiecesRefreshed { pieces: usize },

    /// Of another version, or damaged: what it means is not known here, and its two texts are kept as they are.
    Unknown { kind: String, subject: String },
}

/// What tells a group of a project from the others, where its name must not be written: the beginning of a digest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupMark(pub [u8; 8]);

impl fmt::Display for GroupMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

impl Event {
    /// Does it take something away that must not come back when the log goes back? Of an event that is not known here,
    /// that is not known either.
    pub const fn takes_away(&self) -> bool {
        match self {
            Event::KindRemoved { .. }
            | Event::PersonLocked { .. }
            | Event::PersonLimited { .. }
            | Event::GuardianUnlinked { .. }
            | Event::ClassLeft { .. }
            | Event::GroupsLeft { .. }
            | Event::PartBounded { .. }
            | Event::PartEnded { .. }
            | Event::CirclesClosed { .. }
            | Event::MentorDeclined { .. }
            | Event::InvitationCancelled { .. }
            | Event::DeviceRevoked { .. }
            | Event::PieceErased { .. }
            | Event::PieceBounded { .. }
            | Event::PlacingsUndone { .. } => true,
            Event::SchoolMade { .. }
            | Event::EntriesRead { .. }
            | Event::ClassesAnnounced
            | Event::EpochBegun { .. }
            | Event::PersonNamed { .. }
            | Event::KindAdded { .. }
            | Event::PersonUnlocked { .. }
            | Event::GuardianLinked { .. }
            | Event::ClassMade { .. }
            | Event::ClassJoined { .. }
            | Event::FrameworkImported { .. }
            | Event::ProjectMade { .. }
            | Event::StudentsGrouped { .. }
            | Event::PartGranted { .. }
            | Event::PartNarrowed { .. }
            | Event::PartsExpired { .. }
            | Event::CirclesOpened { .. }
            | Event::MentorBrought { .. }
            | Event::MentorProposed { .. }
            | Event::MentorConfirmed { .. }
            | Event::DeviceInvited { .. }
            | Event::DeviceEnrolled { .. }
            | Event::DeviceCameBack { .. }
            | Event::ActTaken
            | Event::ChangeTaken
            | Event::ChangeHeld { .. }
            | Event::HeldReleased { .. }
            | Event::PieceNarrowed { .. }
            | Event::PieceUndone { .. }
            | Event::PiecesRefreshed { .. }
            | Event::Unknown { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
