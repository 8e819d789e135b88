//! What is stored of an event: its kind and its subject. What is written here is read in years to come: a text that
//! changes is a text that old files don't have.

use std::fmt;

use fieldfolio_core::ids::{FolioId, PersonId};
use fieldfolio_core::model::directory::Inviter;
use fieldfolio_core::model::role::Role;

use super::Event;
use crate::log::{hex, kind};

impl Event {
    /// The word it is found by: one of those in [`kind`], or that of a newer version.
    pub fn kind(&self) -> &str {
        match self {
            Event::SchoolMade { .. } => kind::INIT,
            Event::ClassesAnnounced => kind::UPGRADE,
            Event::EntriesRead { .. } => kind::READ,
            Event::EpochBegun { .. } => kind::FORK,
            Event::PersonNamed { .. }
            | Event::KindAdded { .. }
            | Event::KindRemoved { .. }
            | Event::PersonLocked { .. }
            | Event::PersonUnlocked { .. }
            | Event::PersonLimited { .. } => kind::PERSON,
            Event::GuardianLinked { .. } | Event::GuardianUnlinked { .. } => kind::GUARDIAN,
            Event::ClassMade { .. } | Event::ClassJoined { .. } | Event::ClassLeft { .. } => kind::CLASS,
            Event::FrameworkImported { .. } => kind::FRAMEWORK,
            Event::ProjectMade { .. } => kind::PROJECT,
            Event::StudentsGrouped { .. } | Event::GroupsLeft { .. } => kind::GROUP,
            Event::PartGranted { .. }
            | Event::PartNarrowed { .. }
            | Event::PartBounded { .. }
            | Event::PartEnded { .. } => kind::CIRCLE,
            Event::PartsExpired { .. } => kind::EXPIRY,
            Event::CirclesClosed { .. } | Event::CirclesOpened { .. } => kind::DENIAL,
            Event::MentorBrought { .. }
            | Event::MentorProposed { .. }
            | Event::MentorConfirmed { .. }
            | Event::MentorDeclined { .. } => kind::MENTOR,
            Event::DeviceInvited { .. } => kind::INVITE,
            Event::InvitationCancelled { .. } => kind::INVITATION,
            Event::DeviceEnrolled { .. } | Event::DeviceCameBack { .. } => kind::ENROL,
            Event::DeviceRevoked { .. } => kind::REVOKE,
            Event::ActTaken => kind::ACT,
            Event::ChangeTaken => kind::CHANGE,
            Event::ChangeHeld { .. } => kind::HOLD,
            Event::HeldReleased { .. } => kind::RELEASE,
            Event::PieceErased { .. } => kind::ERASE,
            Event::PieceNarrowed { .. } | Event::PieceBounded { .. } => kind::SHARE,
            Event::PieceUndone { .. } | Event::PlacingsUndone { .. } => kind::PLACE,
            Event::PiecesRefreshed { .. } => kind::SIGHT,
            Event::Unknown { kind, .. } => kind,
        }
    }

    /// Whom and what it concerns: ids and numbers.
    pub fn subject(&self) -> String {
        match self {
            Event::SchoolMade { school } => school.to_string(),
            Event::ClassesAnnounced => "classes".to_owned(),
            Event::EpochBegun { epoch, at } => format!("epoch {epoch} at {at}"),
            Event::PersonNamed { person } | Event::EntriesRead { person } => format!("person {person}"),
            Event::KindAdded { person, kind } => format!("person {person} {}", kind.name()),
            Event::KindRemoved { person, kind } => format!("remove-kind person {person} {}", kind.name()),
            Event::PersonLocked { person } => format!("lock person {person}"),
            Event::PersonUnlocked { person } => format!("unlock person {person}"),
            Event::PersonLimited { person, files, records } => {
                format!("limit person {person} files {} records {}", bytes(*files), bytes(*records))
            }
            Event::GuardianLinked { student, guardian } => {
                format!("link student {student} guardian {guardian}")
            }
            Event::GuardianUnlinked { student, guardian } => {
                format!("unlink student {student} guardian {guardian}")
            }
            Event::ClassMade { class } => format!("class {class}"),
            Event::ClassJoined { class, person, role } => {
                format!("join class {class} person {person} {}", role.name())
            }
            Event::ClassLeft { class, person, role } => {
                format!("leave class {class} person {person} {}", role.name())
            }
            Event::FrameworkImported { framework, edition } => {
                format!("framework {framework} edition {edition}")
            }
            Event::ProjectMade { project, class } => format!("project {project} class {class}"),
            Event::StudentsGrouped { project, students } => {
                format!("project {project} students{}", list(students))
            }
            Event::GroupsLeft { project, left } => {
                let left: Vec<_> = left.iter().map(|(student, mark)| format!("{student}:{mark}")).collect();
                format!("leave project {project}{}", list(&left))
            }
            Event::PartGranted { folio, person, role } => format!("grant {}", part(folio, person, *role)),
            Event::PartNarrowed { folio, person, role } => format!("narrow {}", part(folio, person, *role)),
            Event::PartBounded { folio, person, role, may_write, until } => {
                let voice = if *may_write { "voice" } else { "silent" };
                let until = until.map_or(i64::MAX, |until| until.millis().cast_signed());
                format!("narrow {} {voice} {until}", part(folio, person, *role))
            }
            Event::PartEnded { folio, person, role } => format!("end {}", part(folio, person, *role)),
            Event::PartsExpired { folios, others: 0 } => format!("folio{}", list(folios)),
            Event::PartsExpired { folios, others } => format!("folio{} and {others} more", list(folios)),
            Event::CirclesClosed { student, person } => format!("deny student {student} person {person}"),
            Event::CirclesOpened { student, person } => format!("allow student {student} person {person}"),
            Event::MentorBrought { folio, person } => format!("bring folio {folio} person {person}"),
            Event::MentorProposed { folio, person } => format!("propose folio {folio} person {person}"),
            Event::MentorConfirmed { folio, person } => format!("confirm folio {folio} person {person}"),
            Event::MentorDeclined { folio, person } => format!("decline folio {folio} person {person}"),
            Event::DeviceInvited { person, inviter: Inviter::Root } => format!("person {person} by root"),
            Event::DeviceInvited { person, inviter: Inviter::Device(device) } => {
                format!("person {person} by device {device}")
            }
            Event::InvitationCancelled { invitation } => {
                format!("cancel {}", hex::write(invitation.as_bytes()))
            }
            Event::DeviceEnrolled { device } | Event::DeviceRevoked { device, invitation: None } => {
                format!("device {device}")
            }
            Event::DeviceCameBack { device } => format!("device {device} came back"),
            Event::DeviceRevoked { device, invitation: Some(invitation) } => {
                format!("device {device} invitation {}", hex::write(invitation.as_bytes()))
            }
            Event::ActTaken | Event::ChangeTaken => String::new(),
            Event::ChangeHeld { document } | Event::HeldReleased { document } => document.to_string(),
            Event::PieceErased { piece } => format!("piece {piece}"),
            Event::PieceNarrowed { piece } => format!("narrow piece {piece}"),
            Event::PieceBounded { piece, audience } => format!("narrow piece {piece} {}", audience.bits()),
            Event::PieceUndone { piece } => format!("undone piece {piece}"),
            Event::PlacingsUndone { piece, acts } => format!("undo piece {piece}{}", list(acts)),
            Event::PiecesRefreshed { pieces } => format!("{pieces} pieces"),
            Event::Unknown { subject, .. } => subject.clone(),
        }
    }
}

/// Kind and subject in one line, for people and for `ends.log`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.subject())
    }
}

fn part(folio: &FolioId, person: &PersonId, role: Role) -> String {
    format!("folio {folio} person {person} {role}")
}

fn bytes(limit: Option<u64>) -> String {
    limit.map_or("none".to_owned(), |limit| limit.to_string())
}

fn list(words: &[impl fmt::Display]) -> String {
    words.iter().map(|word| format!(" {word}")).collect()
}
