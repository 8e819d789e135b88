//! The school's own records as devices receive them: people and keys, projects, folios with their circles, the rules.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::framework::Scale;
use super::lenient;
use super::mastery::Rule;
use super::role::{Class as RoleClass, Role};
use crate::ids::{
    ClassId, DeviceId, DocumentId, FolioId, FrameworkId, OutcomeId, PersonId, ProjectId, SchoolId,
};
use crate::signing::{BadSignature, PublicKey, Signature, device_message, invitation_message};
use crate::time::Timestamp;

/// The school: its name, its levels, its rule.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct School {
    #[n(0)]
    pub id: SchoolId,
    #[n(1)]
    pub name: String,
    /// Its levels. None that this version can read: then no level is worked out here.
    #[n(2)]
    #[cbor(decode_with = "lenient::if_readable", default)]
    pub scale: Option<Scale>,
    /// How levels are worked out; the same.
    #[n(3)]
    #[cbor(decode_with = "lenient::if_readable", default)]
    pub rule: Option<Rule>,
}

impl School {
    /// How levels are worked out and called, if this version can read both.
    pub fn levels(&self) -> Option<(&Rule, &Scale)> {
        Some((self.rule.as_ref()?, self.scale.as_ref()?))
    }
}

/// The kinds of record that a person is told of. Their numbers are those on the wire and in databases; a number that is not
/// here is a newer version's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    School,
    Framework,
    /// A person with her devices.
    Person,
    Project,
    /// A folio with its circle.
    Folio,
    /// The acts of a piece.
    Piece,
    /// How many voices about a student can count.
    Census,
    /// A class, for who teaches or advises it.
    Class,
    /// What is held back of a document.
    Held,
    /// A piece that was erased.
    Erased,
    /// What a person has looked at of what was said to her on a piece; told to her alone.
    Read,
}

impl RecordKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [RecordKind; 11] = [
        RecordKind::School,
        RecordKind::Framework,
        RecordKind::Person,
        RecordKind::Project,
        RecordKind::Folio,
        RecordKind::Piece,
        RecordKind::Census,
        RecordKind::Class,
        RecordKind::Held,
        RecordKind::Erased,
        RecordKind::Read,
    ];

    /// Its number.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Reads [`RecordKind::number`].
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A person, as others in her circles know her.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Person {
    #[n(0)]
    pub id: PersonId,
    #[n(1)]
    pub name: String,
    /// What she is in the school.
    #[n(2)]
    #[cbor(decode_with = "lenient::readable")]
    pub kinds: Vec<PersonKind>,
    /// What she was, and is no more: whom she vouched for then, she vouched for.
    #[n(3)]
    #[cbor(decode_with = "lenient::readable", default)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_kinds: Vec<PersonKind>,
}

impl Person {
    /// Is she one of these, or was she?
    fn has_been(&self, any: &[PersonKind]) -> bool {
        self.kinds.iter().chain(&self.past_kinds).any(|kind| any.contains(kind))
    }

    /// Can one of her devices have vouched for a living device of this person? Nobody but staff ever vouches for the
    /// device of somebody else who is staff: a student's chain never ends at a teacher's.
    pub fn can_vouch_for(&self, invited: &Person) -> bool {
        let is_staff = invited.kinds.iter().any(|kind| PersonKind::STAFF.contains(kind));
        self.id == invited.id || !is_staff || self.has_been(&PersonKind::STAFF)
    }
}

/// What someone is in the school. One person may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// Learns here.
    #[n(0)]
    Student,
    /// Teaches here.
    #[n(1)]
    Teacher,
    /// Accompanies students from outside.
    #[n(2)]
    Mentor,
    /// Family.
    #[n(3)]
    Guardian,
    /// Keeps the directory, and sees no work for it.
    #[n(4)]
    Administrator,
}

impl PersonKind {
    /// Those who judge, or keep the directory.
    pub const STAFF: [PersonKind; 2] = [PersonKind::Teacher, PersonKind::Administrator];
    /// Every kind.
    pub const ALL: [PersonKind; 5] = [
        PersonKind::Student,
        PersonKind::Teacher,
        PersonKind::Mentor,
        PersonKind::Guardian,
        PersonKind::Administrator,
    ];

    /// The name used in commands and databases.
    pub const fn name(self) -> &'static str {
        match self {
            PersonKind::Student => "student",
            PersonKind::Teacher => "teacher",
            PersonKind::Mentor => "mentor",
            PersonKind::Guardian => "guardian",
            PersonKind::Administrator => "administrator",
        }
    }

    /// Reads [`PersonKind::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something students work on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Project {
    #[n(0)]
    pub id: ProjectId,
    #[n(1)]
    pub title: String,
    /// What it is about.
    #[n(2)]
    pub brief: String,
    /// The outcomes it aims at.
    #[n(3)]
    pub outcomes: Vec<OutcomeId>,
    /// The framework they are from.
    #[n(4)]
    pub framework: Option<FrameworkId>,
    /// The class that works on it.
    #[n(5)]
    pub class: Option<ClassId>,
    /// The student who started it, for a student's own project.
    #[n(6)]
    pub started_by: Option<PersonId>,
}

/// A folio, with its circle as this reader may know it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Folio {
    #[n(0)]
    pub id: FolioId,
    /// Whose.
    #[n(1)]
    pub student: PersonId,
    /// In which project; home for none.
    #[n(2)]
    pub project: Option<ProjectId>,
    /// Who may see what is in it, and as what.
    #[n(3)]
    #[cbor(decode_with = "lenient::readable")]
    pub circle: Vec<CircleRow>,
    /// Mentors whom the owner proposed and no teacher has confirmed; told to her and to teachers only.
    #[n(4)]
    #[cbor(default)]
    #[serde(default)]
    pub proposed: Vec<Proposed>,
    /// A teacher put the reader and its owner in one group of the project: she places what they made together.
    #[n(5)]
    #[cbor(default)]
    #[serde(default)]
    pub group: bool,
}

/// A mentor who was proposed for a folio. She is not in its circle, so her name is told here.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Proposed {
    /// Who.
    #[n(0)]
    pub person: PersonId,
    #[n(1)]
    pub name: String,
    /// Who proposed her.
    #[n(2)]
    pub by: PersonId,
    /// When her part would end.
    #[n(3)]
    pub until: Timestamp,
}

/// A class, as its teachers and advisors know it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Class {
    #[n(0)]
    pub id: ClassId,
    #[n(1)]
    pub title: String,
    /// Who learns in it.
    #[n(2)]
    pub students: Vec<PersonId>,
    /// Who teaches it.
    #[n(3)]
    pub teachers: Vec<PersonId>,
}

/// What came after its author's role had ended, as her teachers know it: kept, and not delivered before one of them
/// releases it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Held {
    /// The sheet it is for.
    #[n(0)]
    pub document: DocumentId,
    /// Who wrote it.
    #[n(1)]
    pub author: PersonId,
    /// What it would be read as.
    #[n(2)]
    pub class: RoleClass,
    /// How many changes of the sheet wait.
    #[n(3)]
    pub changes: u64,
    /// When the first of them came.
    #[n(4)]
    pub since: Timestamp,
}

/// One person's place in a circle.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct CircleRow {
    /// Who.
    #[n(0)]
    pub person: PersonId,
    /// As what.
    #[n(1)]
    pub role: Role,
    /// Until when; for ever if nothing is said.
    #[n(2)]
    pub expires: Option<Timestamp>,
    /// A reader who was granted a voice.
    #[n(3)]
    pub may_write: bool,
}

/// A device of a person, with the chain that vouches for its key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DeviceRecord {
    #[n(0)]
    pub device: DeviceId,
    /// Whose it is.
    #[n(1)]
    pub person: PersonId,
    /// Its public key.
    #[n(2)]
    pub key: PublicKey,
    /// The public key of the invitation it was enrolled by.
    #[n(3)]
    pub invitation: PublicKey,
    /// When that invitation ended.
    #[n(4)]
    pub invitation_expires: Timestamp,
    /// Who invited.
    #[n(5)]
    pub inviter: Inviter,
    /// The inviter's signature over the invitation.
    #[n(6)]
    pub inviter_signature: Signature,
    /// The invitation key's signature over the device.
    #[n(7)]
    pub device_signature: Signature,
    /// The relay's number at which the device was revoked.
    #[n(8)]
    pub revoked_at: Option<u64>,
}

/// Who vouches for an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Inviter {
    /// The school's root key, kept in the relay's folder.
    #[n(0)]
    Root,
    #[n(1)]
    Device(#[n(0)] DeviceId),
}

impl DeviceRecord {
    /// Checks both signatures, given the inviter's key.
    pub fn verify(&self, school: SchoolId, inviter: &PublicKey) -> Result<(), BadSignature> {
        let invitation = invitation_message(school, &self.invitation, self.person, self.invitation_expires);
        inviter.verify(&invitation, &self.inviter_signature)?;
        let device = device_message(school, self.person, self.device, &self.key);
        self.invitation.verify(&device, &self.device_signature)
    }
}
