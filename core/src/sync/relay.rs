//! The relay's half: what it takes, and why not.
//!
//! [`prepare`] does what is slow and needs no lock: sizes, known hashes, signatures, the trial. [`commit`] runs under
//! the single writer: who may, on what the document is *now*, and the append. A trial that was made on other heads
//! than the document has at commit answers *busy*, and is made again.

use std::collections::BTreeMap;

use crate::access::{self, Membership, Tie};
use crate::document::{SignedChange, Tried, Unfit};
use crate::ids::{ActId, DeviceId, DocumentId, FolioId, PersonId, PieceId, ProjectId, SchoolId};
use crate::model::act::{Act, SignedAct};
use crate::model::entry::Head;
use crate::model::role::Class;
use crate::signing::PublicKey;

pub use commit::commit;
pub use prepare::{Batch, Prepared, Untried, prepare, try_changes};
pub use release::{Release, UntriedRelease, commit_release, prepare_release};

mod commit;
mod placing;
mod prepare;
mod release;
pub mod suite;

/// Where the log lives. One implementation keeps it in SQLite; another one must pass the same test-suite.
pub trait Ledger {
    /// What can go wrong with the storage itself. No verdict is given then.
    type Error;

    /// The school.
    fn school(&self) -> SchoolId;
    /// What is known of a device.
    fn device(&self, device: DeviceId) -> Result<Option<DeviceFacts>, Self::Error>;
    /// A piece as `person` stands to it.
    fn piece(&self, piece: PieceId, person: PersonId) -> Result<Option<PieceFacts>, Self::Error>;
    /// A folio as `person` stands to it.
    fn folio(&self, folio: FolioId, person: PersonId) -> Result<Option<FolioFacts>, Self::Error>;
    /// Whether a project exists, and whether anyone may have a folio of her own in it.
    fn project_is_open(&self, project: ProjectId) -> Result<Option<bool>, Self::Error>;
    /// Whether `person` is a student, and whether she is nothing else.
    fn is_student(&self, person: PersonId) -> Result<Student, Self::Error>;
    /// What acts and changes of this person take, with all that is kept of them, and how much they may.
    fn quota(&self, person: PersonId) -> Result<Quota, Self::Error>;
    /// May this person begin anything? A mentor only while she has a part in some circle.
    fn may_begin(&self, person: PersonId) -> Result<bool, Self::Error>;
    /// Is this person one of the staff?
    fn is_staff(&self, person: PersonId) -> Result<bool, Self::Error>;
    /// Folios of this student's own, outside of the projects of classes.
    fn own_folios(&self, student: PersonId) -> Result<u64, Self::Error>;
    /// Projects that this person started on her devices.
    fn own_projects(&self, person: PersonId) -> Result<u64, Self::Error>;
    /// Did a teacher or a mentor say something about this student on the piece?
    fn is_judged(&self, piece: PieceId, student: PersonId) -> Result<bool, Self::Error>;
    /// Offers of this person to this folio that nobody answered.
    fn open_offers(&self, folio: FolioId, maker: PersonId) -> Result<u64, Self::Error>;
    /// Who wrote the first change of the document under this actor.
    fn actor_owner(&self, document: DocumentId, actor: [u8; 16]) -> Result<Option<PersonId>, Self::Error>;
    /// Different files that a document names.
    fn named_files(&self, document: DocumentId) -> Result<u64, Self::Error>;
    /// Whether the id that an act declares, or the act's own, is there already.
    fn taken(&self, id: ActId, act: &Act) -> Result<Taken, Self::Error>;
    /// A document, if anything of it was stored.
    fn document(&self, document: DocumentId) -> Result<Option<DocumentFacts>, Self::Error>;
    /// The number of a stored change.
    fn change(&self, document: DocumentId, hash: Head) -> Result<Option<u64>, Self::Error>;
    /// The raw changes of a document, in number order.
    fn stored(&self, document: DocumentId) -> Result<Vec<Vec<u8>>, Self::Error>;
    /// Was this piece erased?
    fn is_erased(&self, piece: PieceId) -> Result<bool, Self::Error>;
    /// The number up to which this log agrees with one that was lost, if it had to go back.
    fn forked_at(&self) -> Result<Option<u64>, Self::Error>;
    /// What `person` was in a circle when a log that was lost stood at this number, as far as that is known.
    fn membership_before(
        &self,
        folio: FolioId,
        person: PersonId,
        lost: u64,
    ) -> Result<Membership, Self::Error>;
    /// What `person` is in a circle, with what ended within [`LATE`].
    fn membership_lately(&self, folio: FolioId, person: PersonId) -> Result<Membership, Self::Error>;
    /// What is held back of a document, in the order it came.
    fn held(&self, document: DocumentId) -> Result<Option<HeldFacts>, Self::Error>;
    /// How much of a person's is held back: changes, and their bytes.
    fn held_of(&self, person: PersonId) -> Result<(u64, u64), Self::Error>;
    /// Holds a change back; `heads` are those of the document with all that is held of it.
    fn hold(
        &mut self,
        change: &SignedChange,
        class: Class,
        heads: &[Head],
        by: PersonId,
    ) -> Result<(), Self::Error>;
    /// Nothing is held back of this document any more: it was released.
    fn let_go(&mut self, document: DocumentId, by: PersonId) -> Result<(), Self::Error>;
    /// Appends an act and brings what it changes up to date.
    fn append_act(&mut self, signed: &SignedAct, act: &Act, by: PersonId) -> Result<u64, Self::Error>;
    /// Appends a change; `class` and `heads` are the document's from now on.
    fn append_change(
        &mut self,
        change: &SignedChange,
        class: Class,
        heads: &[Head],
        by: PersonId,
    ) -> Result<u64, Self::Error>;
}

/// What the relay knows of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Whose it is.
    pub person: PersonId,
    pub key: PublicKey,
    /// It may do nothing any more.
    pub revoked: bool,
    /// Its person may do nothing for now. What she made before stays hers, whoever brings it.
    pub locked: bool,
    /// The number of its revocation in a log that was lost, if it was revoked there.
    pub revoked_at: Option<u64>,
}

/// A piece as one person stands to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceFacts {
    pub piece: access::Piece,
    /// What she is in the circle of each folio it lies in.
    pub memberships: BTreeMap<FolioId, Membership>,
    /// A role of hers in one of those circles has ended.
    pub role_ended: bool,
    /// Someone other than the maker wrote on it.
    pub others_wrote: bool,
    /// Its acts so far, in number order.
    pub acts: Vec<PieceAct>,
}

/// An act of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceAct {
    pub id: ActId,
    /// Who made it.
    pub by: PersonId,
    /// What it says.
    pub act: Act,
}

/// A folio as one person stands to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolioFacts {
    /// Whose.
    pub student: PersonId,
    /// In which project.
    pub project: Option<ProjectId>,
    /// What she is in its circle.
    pub membership: Membership,
    /// What she has in common with that student in the project.
    pub tie: Tie,
    /// A role of hers in the circle has ended.
    pub role_ended: bool,
}

/// A stored document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFacts {
    /// What it is read as, since its first change.
    pub class: Class,
    /// Its heads, ascending.
    pub heads: Vec<Head>,
}

/// What is held back of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFacts {
    /// The changes, in the order they came.
    pub changes: Vec<SignedChange>,
    /// Who wrote them.
    pub author: PersonId,
    /// What they would be read as.
    pub class: Class,
    /// The heads of the document with them, ascending.
    pub heads: Vec<Head>,
}

/// What someone wrote is held back, not refused, for so long after her role ended: 30 days, in milliseconds.
pub const LATE: u64 = 30 * 24 * 60 * 60 * 1000;

/// How many bytes someone has used, and how many she may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Bytes that are used.
    pub used: u64,
    /// Bytes that may be.
    pub limit: u64,
}

impl Quota {
    /// Is all of it used?
    pub fn is_used_up(self) -> bool {
        self.used > self.limit
    }
}

/// Whether someone is a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Student {
    /// No.
    No,
    /// Yes, among other things.
    Also,
    /// Yes, and nothing else.
    Only,
}

/// Whether an act's id is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Free.
    Free,
    /// By the same body, under this number.
    Same(u64),
    /// By something else.
    Other,
}

/// Where changes are tried. The trial parses bytes from outside: it may panic, want all memory there is, or come to no
/// end. An implementation contains that.
pub trait Sandbox {
    /// Tries `new` on a document of `stored` changes.
    fn trial(&self, stored: &[Vec<u8>], new: &[&SignedChange]) -> Result<Tried, Untaken>;
}

/// Why changes that were brought to a trial aren't taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untaken {
    /// They were tried, and can't go into the document.
    Unfit(Unfit),
    /// Their trial was begun and came to no end. That says nothing of any one of them.
    Unfinished,
    /// No trial can be held now. That says nothing of them at all: they may be brought again later.
    NoRoom,
}

impl From<Unfit> for Untaken {
    fn from(unfit: Unfit) -> Self {
        Untaken::Unfit(unfit)
    }
}

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    pub person: PersonId,
    pub device: DeviceId,
}
