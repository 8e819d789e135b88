//! What the relay says of each item.

use minicbor::{Decode, Encode};

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Verdict {
    /// Committed and synced to disk under this number.
    #[n(0)]
    Stored(#[n(0)] u64),
    /// It was here already, under this number.
    #[n(1)]
    Known(#[n(0)] u64),
    /// A change it builds on has not arrived.
    #[n(2)]
    MissingDependency,
    /// An act it needs (a declaration, a placement) has not arrived.
    #[n(3)]
    MissingAct,
    /// Too much at once: again, later.
    #[n(4)]
    Busy,
    /// The person's or the school's room is used up.
    #[n(5)]
    OverQuota,
    /// The person may not do this.
    #[n(6)]
    NotInCircle,
    /// She could once; the role has ended, or the device that made it is revoked.
    #[n(7)]
    RoleEnded,
    /// Not well formed, or it would damage the document.
    #[n(8)]
    Malformed,
    /// Over a size or count.
    #[n(9)]
    TooLarge,
    /// The signature isn't the device's.
    #[n(10)]
    BadSignature,
    /// The actor already has another change of this number.
    #[n(11)]
    ActorTaken,
    /// The id is taken by something else.
    #[n(12)]
    IdTaken,
    /// It can't be taken back any more.
    #[n(13)]
    TooLate,
    /// Her role has ended lately: it is kept, not delivered, and waits for a teacher's word.
    #[n(14)]
    Quarantined,
    /// The piece was erased. Nothing of it is taken any more, and what is left of it goes.
    #[n(15)]
    Erased,
}
