//! Records of the school as devices are told of them.

use minicbor::{Decode, Encode};

use crate::ids::{ClassId, DocumentId, FolioId, PersonId, PieceId, ProjectId};
use crate::model::act::SignedAct;
use crate::model::directory::{self, DeviceRecord, Folio, Person, Project, School};
use crate::model::framework::Framework;

/// The state now of one record of the school.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Record {
    /// The school itself.
    #[n(0)]
    School(#[n(0)] School),
    /// A framework.
    #[n(1)]
    Framework(#[n(0)] Framework),
    /// A person, her devices' keys, and the keys that vouch for those.
    #[n(2)]
    Person {
        /// Who.
        #[n(0)]
        person: Person,
        /// Her devices, and those of others in the chains; inviters before the invited.
        #[n(1)]
        devices: Vec<DeviceRecord>,
    },
    /// A project.
    #[n(3)]
    Project(#[n(0)] Project),
    /// A folio with its circle.
    #[n(4)]
    Folio(#[n(0)] Folio),
    /// The acts of a piece.
    #[n(5)]
    Piece {
        /// Which one.
        #[n(0)]
        piece: PieceId,
        /// Its acts, in number order.
        #[n(1)]
        acts: Vec<SignedAct>,
        /// The number of each.
        #[n(2)]
        numbers: Vec<u64>,
    },
    /// How many voices about a student exist that can count; what a level's sight is measured by.
    #[n(6)]
    Census {
        /// The student.
        #[n(0)]
        student: PersonId,
        /// Voices of teachers and mentors about her on pieces in her project folios that are shared with her.
        #[n(1)]
        voices: u64,
    },
    /// Out of sight.
    #[n(7)]
    PersonGone(#[n(0)] PersonId),
    /// Out of sight.
    #[n(8)]
    ProjectGone(#[n(0)] ProjectId),
    /// Out of sight.
    #[n(9)]
    FolioGone(#[n(0)] FolioId),
    /// Out of sight.
    #[n(10)]
    PieceGone(#[n(0)] PieceId),
    /// Out of sight.
    #[n(11)]
    CensusGone(#[n(0)] PersonId),
    /// A class, for who teaches or advises it.
    #[n(12)]
    Class(#[n(0)] directory::Class),
    /// Out of sight.
    #[n(13)]
    ClassGone(#[n(0)] ClassId),
    /// The piece was erased: what is here of it goes.
    #[n(14)]
    Erased(#[n(0)] PieceId),
    /// Something that came after its author's role had ended, for a teacher to release or to leave.
    #[n(15)]
    Held(#[n(0)] directory::Held),
    /// It was released, or is over.
    #[n(16)]
    HeldGone(#[n(0)] DocumentId),
}
