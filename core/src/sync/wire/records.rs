//! Records of the school as devices are told of them: each in an envelope whose body is read alone, so that one of a newer
//! version costs an older device nothing but itself.

use minicbor::{Decode, Encode};

use super::{from_bytes, to_bytes};
use crate::ids::{DocumentId, EntryId, PersonId, PieceId};
use crate::model::act::SignedAct;
use crate::model::directory::{self, DeviceRecord, Folio, Person, Project, RecordKind, School};
use crate::model::framework::Framework;
use crate::model::lenient;

/// A record as it travels: what it is, which one, and its state now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Envelope {
    /// The number of a [`RecordKind`], or of a kind that a newer version has.
    #[n(0)]
    pub kind: u16,
    /// Which one.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub id: Vec<u8>,
    /// Its state now, as CBOR; nothing once it is out of the reader's visibility.
    #[cbor(n(2), with = "minicbor::bytes", default)]
    pub body: Option<Vec<u8>>,
}

/// The state now of one record of the school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The school itself.
    School(School),
    Framework(Framework),
    /// A person, her devices' keys, and the keys that vouch for those.
    Person(PersonRecord),
    Project(Project),
    /// A folio with its circle.
    Folio(Folio),
    /// The acts of a piece.
    Piece(PieceRecord),
    /// How many voices about a student exist that can count; what a level's sight is measured by.
    Census {
        student: PersonId,
        /// Voices of teachers and mentors about her on pieces in her project folios that are shared with her.
        voices: u64,
    },
    /// A class, for who teaches or advises it.
    Class(directory::Class),
    /// Something that came after its author's role had ended, for a teacher to release or to leave.
    Held(directory::Held),
    /// The piece was erased: what is here of it goes.
    Erased(PieceId),
    /// What the reader has looked at, on one of her devices, of what was said to her on this piece.
    Read(PieceId, Vec<EntryId>),
    /// Out of the reader's visibility.
    Gone(RecordKind, Vec<u8>),
}

/// A person, her devices' keys, and the keys that vouch for those.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PersonRecord {
    /// Who.
    #[n(0)]
    pub person: Person,
    /// Her devices, and those of others in the chains; inviters before the invited.
    #[n(1)]
    #[cbor(decode_with = "lenient::readable")]
    pub devices: Vec<DeviceRecord>,
}

/// The acts of a piece.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PieceRecord {
    /// Which one.
    #[n(0)]
    pub piece: PieceId,
    /// Its acts, in number order.
    #[n(1)]
    pub acts: Vec<SignedAct>,
    /// The number of each.
    #[n(2)]
    pub numbers: Vec<u64>,
}

/// What could be read of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// All of it.
    Whole(Record),
    /// Some of it was written by a newer version.
    InPart(Record),
    /// Nothing: the kind, or something that it can't do without, is of a newer version.
    Closed,
}

impl Record {
    /// The record as it travels.
    pub fn to_envelope(&self) -> Envelope {
        let of = |kind: RecordKind, id: &[u8], body: Vec<u8>| Envelope {
            kind: kind.number(),
            id: id.to_vec(),
            body: Some(body),
        };
        match self {
            Record::School(school) => of(RecordKind::School, school.id.as_bytes(), to_bytes(school)),
            Record::Framework(framework) => {
                of(RecordKind::Framework, framework.id.as_bytes(), to_bytes(framework))
            }
            Record::Person(record) => of(RecordKind::Person, record.person.id.as_bytes(), to_bytes(record)),
            Record::Project(project) => of(RecordKind::Project, project.id.as_bytes(), to_bytes(project)),
            Record::Folio(folio) => of(RecordKind::Folio, folio.id.as_bytes(), to_bytes(folio)),
            Record::Piece(record) => of(RecordKind::Piece, record.piece.as_bytes(), to_bytes(record)),
            Record::Census { student, voices } => {
                of(RecordKind::Census, student.as_bytes(), to_bytes(voices))
            }
            Record::Class(class) => of(RecordKind::Class, class.id.as_bytes(), to_bytes(class)),
            Record::Held(held) => of(RecordKind::Held, &held.document.to_bytes(), to_bytes(held)),
            Record::Erased(piece) => of(RecordKind::Erased, piece.as_bytes(), to_bytes(&())),
            Record::Read(piece, entries) => of(RecordKind::Read, piece.as_bytes(), to_bytes(entries)),
            Record::Gone(kind, id) => Envelope { kind: kind.number(), id: id.clone(), body: None },
        }
    }
}

impl Envelope {
    /// No less than its encoded bytes.
    pub fn bytes(&self) -> usize {
        16 + self.id.len() + self.body.as_ref().map_or(0, Vec::len)
    }

    /// Reads what this version can read. A body that says more than was read (a field, an element, an act that a newer
    /// version wrote) is there in part.
    pub fn open(&self) -> Opened {
        let Some(kind) = RecordKind::from_number(self.kind) else { return Opened::Closed };
        let Some(body) = &self.body else { return Opened::Whole(Record::Gone(kind, self.id.clone())) };
        let Some(record) = self.read(kind, body) else { return Opened::Closed };
        let is_whole = record.to_envelope() == *self && !record.has_newer_acts();
        if is_whole { Opened::Whole(record) } else { Opened::InPart(record) }
    }

    /// What can be read of it.
    pub fn record(&self) -> Option<Record> {
        match self.open() {
            Opened::Whole(record) | Opened::InPart(record) => Some(record),
            Opened::Closed => None,
        }
    }

    fn read(&self, kind: RecordKind, body: &[u8]) -> Option<Record> {
        fn body_of<'b, T: Decode<'b, ()>>(body: &'b [u8]) -> Option<T> {
            from_bytes(body, usize::MAX).ok()
        }
        let id = <[u8; 16]>::try_from(self.id.as_slice()).ok();
        let record = match kind {
            RecordKind::School => Record::School(body_of(body)?),
            RecordKind::Framework => Record::Framework(body_of(body)?),
            RecordKind::Person => Record::Person(body_of(body)?),
            RecordKind::Project => Record::Project(body_of(body)?),
            RecordKind::Folio => Record::Folio(body_of(body)?),
            RecordKind::Piece => Record::Piece(body_of(body)?),
            RecordKind::Census => {
                Record::Census { student: PersonId::from_bytes(id?), voices: body_of(body)? }
            }
            RecordKind::Class => Record::Class(body_of(body)?),
            RecordKind::Held => Record::Held(body_of(body)?),
            RecordKind::Erased => Record::Erased(PieceId::from_bytes(id?)),
            RecordKind::Read => Record::Read(PieceId::from_bytes(id?), body_of(body)?),
        };
        // The id is what a record is kept under: a body that names another one is none of this.
        (record.to_envelope().id == self.id).then_some(record)
    }
}

impl Record {
    fn has_newer_acts(&self) -> bool {
        match self {
            Record::Piece(record) => record.acts.iter().any(SignedAct::is_newer),
            Record::School(_)
            | Record::Framework(_)
            | Record::Person(_)
            | Record::Project(_)
            | Record::Folio(_)
            | Record::Census { .. }
            | Record::Class(_)
            | Record::Held(_)
            | Record::Erased(_)
            | Record::Read(..)
            | Record::Gone(..) => false,
        }
    }

    /// It is out of visibility.
    pub fn gone(kind: RecordKind, id: impl AsRef<[u8]>) -> Self {
        Record::Gone(kind, id.as_ref().to_vec())
    }

    /// Nothing is held back of this document any more.
    pub fn held_gone(document: DocumentId) -> Self {
        Record::gone(RecordKind::Held, document.to_bytes())
    }
}
