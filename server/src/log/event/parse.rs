//! Reading an event back from its two texts.

use std::str::FromStr;

use fieldfolio_core::ids::{DocumentId, PersonId};
use fieldfolio_core::model::directory::{Inviter, PersonKind};
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::signing::PublicKey;
use fieldfolio_core::time::Timestamp;

use super::{Event, GroupMark};
use crate::log::class_role::ClassRole;
use crate::log::{hex, kind};

impl Event {
    /// The event that is stored as these two texts. Whatever they are, they are kept: what is not exactly the text of an
    /// event that is known here becomes [`Event::Unknown`], never the nearest known one.
    pub fn parse(kind: &str, subject: &str) -> Self {
        // Numbers have several spellings; only the one that would be written is taken.
        known(kind, subject)
            .filter(|event| event.subject() == subject)
            .unwrap_or_else(|| Event::Unknown { kind: kind.to_owned(), subject: subject.to_owned() })
    }
}

fn known(word: &str, subject: &str) -> Option<Event> {
    let words: Vec<&str> = subject.split(' ').collect();
    Some(match (word, words.as_slice()) {
        (kind::INIT, [school]) => Event::SchoolMade { school: read(school)? },
        (kind::UPGRADE, ["classes"]) => Event::ClassesAnnounced,
        (kind::FORK, ["epoch", epoch, "at", at]) => Event::EpochBegun { epoch: read(epoch)?, at: read(at)? },
        (kind::READ, ["person", person]) => Event::EntriesRead { person: read(person)? },
        (kind::PERSON, ["person", person]) => Event::PersonNamed { person: read(person)? },
        (kind::PERSON, ["person", person, kind]) => {
            Event::KindAdded { person: read(person)?, kind: PersonKind::from_name(kind)? }
        }
        (kind::PERSON, ["remove-kind", "person", person, kind]) => {
            Event::KindRemoved { person: read(person)?, kind: PersonKind::from_name(kind)? }
        }
        (kind::PERSON, ["lock", "person", person]) => Event::PersonLocked { person: read(person)? },
        (kind::PERSON, ["unlock", "person", person]) => Event::PersonUnlocked { person: read(person)? },
        (kind::PERSON, ["limit", "person", person, "files", files, "records", records]) => {
            Event::PersonLimited { person: read(person)?, files: bytes(files)?, records: bytes(records)? }
        }
        (kind::GUARDIAN, ["link", "student", student, "guardian", guardian]) => {
            Event::GuardianLinked { student: read(student)?, guardian: read(guardian)? }
        }
        (kind::GUARDIAN, ["unlink", "student", student, "guardian", guardian]) => {
            Event::GuardianUnlinked { student: read(student)?, guardian: read(guardian)? }
        }
        (kind::CLASS, ["class", class]) => Event::ClassMade { class: read(class)? },
        (kind::CLASS, ["join", "class", class, "person", person, role]) => Event::ClassJoined {
            class: read(class)?,
            person: read(person)?,
            role: ClassRole::from_name(role)?,
        },
        (kind::CLASS, ["leave", "class", class, "person", person, role]) => {
            Event::ClassLeft { class: read(class)?, person: read(person)?, role: ClassRole::from_name(role)? }
        }
        (kind::FRAMEWORK, ["framework", framework, "edition", edition]) => {
            Event::FrameworkImported { framework: read(framework)?, edition: read(edition)? }
        }
        (kind::PROJECT, ["project", project, "class", class]) => {
            Event::ProjectMade { project: read(project)?, class: read(class)? }
        }
        (kind::GROUP, ["project", project, "students", students @ ..]) => {
            Event::StudentsGrouped { project: read(project)?, students: read_all(students)? }
        }
        (kind::GROUP, ["leave", "project", project, left @ ..]) => Event::GroupsLeft {
            project: read(project)?,
            left: left.iter().map(|left| group_left(left)).collect::<Option<_>>()?,
        },
        (kind::CIRCLE, ["grant", "folio", folio, "person", person, role]) => {
            Event::PartGranted { folio: read(folio)?, person: read(person)?, role: read(role)? }
        }
        (kind::CIRCLE, ["narrow", "folio", folio, "person", person, role]) => {
            Event::PartNarrowed { folio: read(folio)?, person: read(person)?, role: read(role)? }
        }
        (kind::CIRCLE, ["narrow", "folio", folio, "person", person, role, voice, until]) => {
            Event::PartBounded {
                folio: read(folio)?,
                person: read(person)?,
                role: read(role)?,
                may_write: *voice == "voice",
                until: moment(until)?,
            }
        }
        (kind::CIRCLE, ["end", "folio", folio, "person", person, role]) => {
            Event::PartEnded { folio: read(folio)?, person: read(person)?, role: read(role)? }
        }
        (kind::EXPIRY, ["folio", folios @ .., "and", others, "more"]) => {
            Event::PartsExpired { folios: read_all(folios)?, others: read(others)? }
        }
        (kind::EXPIRY, ["folio", folios @ ..]) => {
            Event::PartsExpired { folios: read_all(folios)?, others: 0 }
        }
        (kind::DENIAL, ["deny", "student", student, "person", person]) => {
            Event::CirclesClosed { student: read(student)?, person: read(person)? }
        }
        (kind::DENIAL, ["allow", "student", student, "person", person]) => {
            Event::CirclesOpened { student: read(student)?, person: read(person)? }
        }
        (kind::MENTOR, ["bring", "folio", folio, "person", person]) => {
            Event::MentorBrought { folio: read(folio)?, person: read(person)? }
        }
        (kind::MENTOR, ["propose", "folio", folio, "person", person]) => {
            Event::MentorProposed { folio: read(folio)?, person: read(person)? }
        }
        (kind::MENTOR, ["confirm", "folio", folio, "person", person]) => {
            Event::MentorConfirmed { folio: read(folio)?, person: read(person)? }
        }
        (kind::MENTOR, ["decline", "folio", folio, "person", person]) => {
            Event::MentorDeclined { folio: read(folio)?, person: read(person)? }
        }
        (kind::INVITE, ["person", person, "by", "root"]) => {
            Event::DeviceInvited { person: read(person)?, inviter: Inviter::Root }
        }
        (kind::INVITE, ["person", person, "by", "device", device]) => {
            Event::DeviceInvited { person: read(person)?, inviter: Inviter::Device(read(device)?) }
        }
        (kind::INVITATION, ["cancel", invitation]) => {
            Event::InvitationCancelled { invitation: key(invitation)? }
        }
        (kind::ENROL, ["device", device]) => Event::DeviceEnrolled { device: read(device)? },
        (kind::ENROL, ["device", device, "came", "back"]) => Event::DeviceCameBack { device: read(device)? },
        (kind::REVOKE, ["device", device]) => {
            Event::DeviceRevoked { device: read(device)?, invitation: None }
        }
        (kind::REVOKE, ["device", device, "invitation", invitation]) => {
            Event::DeviceRevoked { device: read(device)?, invitation: Some(key(invitation)?) }
        }
        (kind::ACT, [""]) => Event::ActTaken,
        (kind::CHANGE, [""]) => Event::ChangeTaken,
        (kind::HOLD, [document]) => Event::ChangeHeld { document: document_id(document)? },
        (kind::RELEASE, [document]) => Event::HeldReleased { document: document_id(document)? },
        (kind::ERASE, ["piece", piece]) => Event::PieceErased { piece: read(piece)? },
        (kind::SHARE, ["narrow", "piece", piece]) => Event::PieceNarrowed { piece: read(piece)? },
        (kind::SHARE, ["narrow", "piece", piece, bits]) => {
            Event::PieceBounded { piece: read(piece)?, audience: Roles::from_bits(read(bits)?) }
        }
        (kind::PLACE, ["undone", "piece", piece]) => Event::PieceUndone { piece: read(piece)? },
        (kind::PLACE, ["undo", "piece", piece, acts @ ..]) => {
            Event::PlacingsUndone { piece: read(piece)?, acts: read_all(acts)? }
        }
        (kind::SIGHT, [pieces, "pieces"]) => Event::PiecesRefreshed { pieces: read(pieces)? },
        _ => return None,
    })
}

/// An id, a role or a number.
fn read<T: FromStr>(word: &str) -> Option<T> {
    word.parse().ok()
}

fn read_all<T: FromStr>(words: &[&str]) -> Option<Vec<T>> {
    words.iter().map(|word| read(word)).collect()
}

fn bytes(limit: &str) -> Option<Option<u64>> {
    if limit == "none" { Some(None) } else { read(limit).map(Some) }
}

/// The largest number is for ever.
fn moment(millis: &str) -> Option<Option<Timestamp>> {
    let millis: i64 = read(millis)?;
    Some(if millis == i64::MAX { None } else { Some(Timestamp::from_millis(millis.cast_unsigned())) })
}

fn key(text: &str) -> Option<PublicKey> {
    hex::read(text).map(PublicKey::from_bytes)
}

fn group_left(text: &str) -> Option<(PersonId, GroupMark)> {
    let (student, mark) = text.split_once(':')?;
    Some((read(student)?, GroupMark(hex::read(mark)?)))
}

fn document_id(text: &str) -> Option<DocumentId> {
    let parts: Vec<&str> = text.split('/').collect();
    Some(match parts.as_slice() {
        [piece, "content"] => DocumentId::content(read(piece)?),
        [piece, "voice", author] => DocumentId::voice(read(piece)?, read(author)?, None),
        [piece, "voice", author, about] => DocumentId::voice(read(piece)?, read(author)?, Some(read(about)?)),
        _ => return None,
    })
}
