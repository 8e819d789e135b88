//! Acts: what a device declares, places and shares. Immutable, signed, idempotent, sent before what needs them.

use minicbor::{Decode, Encode};

use super::piece::PieceKind;
use super::role::Roles;
use crate::ids::{ActId, DeviceId, FolioId, OutcomeId, PersonId, PieceId, ProjectId, SchoolId};
use crate::signing::{BadSignature, PublicKey, SecretKey, Signature, act_message};

/// One act. Its body is fixed-order CBOR, pinned in `tests/vectors/`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub enum Act {
    /// A project starts, under this id for ever.
    #[n(0)]
    DeclareProject {
        /// Its id.
        #[n(0)]
        project: ProjectId,
        /// Its title, 1 to 200 characters.
        #[n(1)]
        title: String,
        /// What it is about, at most 4,000 characters.
        #[n(2)]
        brief: String,
        /// The outcomes it aims at, at most 100.
        #[n(3)]
        outcomes: Vec<OutcomeId>,
    },
    /// A student has a folio in a project, or her home.
    #[n(1)]
    DeclareFolio {
        /// Whose.
        #[n(0)]
        student: PersonId,
        /// In which project; home for none.
        #[n(1)]
        project: Option<ProjectId>,
    },
    /// A piece exists, of this kind, made by this person, for ever.
    #[n(2)]
    DeclarePiece {
        /// Its id.
        #[n(0)]
        piece: PieceId,
        /// Who made it: the person of the device that declares it.
        #[n(1)]
        maker: PersonId,
        /// What it is.
        #[n(2)]
        kind: PieceKind,
    },
    /// The piece lies in this folio.
    #[n(3)]
    Place {
        #[n(0)]
        piece: PieceId,
        #[n(1)]
        folio: FolioId,
    },
    /// People with these roles may see the piece.
    #[n(4)]
    Share {
        #[n(0)]
        piece: PieceId,
        /// Who may see it. The audience is what all unreplaced shares have in common.
        #[n(1)]
        audience: Roles,
        /// Earlier shares that this one replaces.
        #[n(2)]
        replaces: Vec<ActId>,
    },
    /// The piece is its maker's alone again.
    #[n(5)]
    Unshare {
        #[n(0)]
        piece: PieceId,
        /// The shares it replaces.
        #[n(1)]
        replaces: Vec<ActId>,
    },
    /// The piece is erased: what it said, what others said of it, and its files. Nothing of it comes back.
    #[n(6)]
    Erase {
        #[n(0)]
        piece: PieceId,
    },
    /// The piece lies in this folio no longer, or is offered to it no longer. Who says so is its maker, the folio's owner or
    /// a teacher of hers.
    #[n(7)]
    Unplace {
        #[n(0)]
        piece: PieceId,
        /// The folio it is taken out of.
        #[n(1)]
        folio: FolioId,
        /// The placements and offers that this takes back.
        #[n(2)]
        replaces: Vec<ActId>,
        /// Another folio of the same student, for what is moved there.
        #[n(3)]
        to: Option<FolioId>,
    },
    /// Its maker offers the piece to a classmate's folio. Its owner and her teachers see it; it lies there once one of them
    /// accepts.
    #[n(8)]
    Offer {
        #[n(0)]
        piece: PieceId,
        #[n(1)]
        folio: FolioId,
    },
    /// The owner of a folio, or a teacher of hers, accepts an offer.
    #[n(9)]
    Accept {
        #[n(0)]
        piece: PieceId,
        #[n(1)]
        offer: ActId,
    },
}

/// Why an act is refused before anyone looks at who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAct {
    /// Not an act, or not written as acts are.
    #[error("this is not an act")]
    Malformed,
    /// An act of a kind, or with something in it, that a newer version made.
    #[error("this act was made by a newer version")]
    Newer,
    /// A word or a list is too long or empty.
    #[error("{0}")]
    Bounds(&'static str),
}

/// The longest body of an act, in bytes.
pub const MAX_ACT_BYTES: usize = 32 * 1024;
/// The most acts that one replaces.
pub const MAX_REPLACED: usize = 20;

impl Act {
    /// The body: what is hashed, signed, stored and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to memory can't fail")
    }

    /// Reads a body. Refuses what this program would not have written in exactly these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadAct> {
        if bytes.len() > MAX_ACT_BYTES {
            return Err(BadAct::Bounds("an act has at most 32 KB"));
        }
        let Ok(act) = minicbor::decode::<Act>(bytes) else {
            let is_newer = shape(bytes).is_some_and(|(kind, _)| kind >= KINDS);
            return Err(if is_newer { BadAct::Newer } else { BadAct::Malformed });
        };
        let written = act.to_bytes();
        if written != bytes {
            // A field more than this version knows, or not written as acts are.
            let is_newer = shape(bytes).map(|(_, fields)| fields) > shape(&written).map(|(_, fields)| fields);
            return Err(if is_newer { BadAct::Newer } else { BadAct::Malformed });
        }
        act.check()?;
        Ok(act)
    }

    /// Checks lengths and counts.
    pub fn check(&self) -> Result<(), BadAct> {
        let fine = match self {
            Act::DeclareProject { title, brief, outcomes, .. } => {
                if title.trim().is_empty() || title.chars().count() > 200 {
                    return Err(BadAct::Bounds("a project's title has 1 to 200 characters"));
                }
                if brief.chars().count() > 4_000 {
                    return Err(BadAct::Bounds("a project's brief has at most 4,000 characters"));
                }
                outcomes.len() <= 100
            }
            Act::DeclareFolio { .. }
            | Act::DeclarePiece { .. }
            | Act::Place { .. }
            | Act::Erase { .. }
            | Act::Offer { .. }
            | Act::Accept { .. } => true,
            Act::Share { replaces, .. } | Act::Unshare { replaces, .. } | Act::Unplace { replaces, .. } => {
                replaces.len() <= MAX_REPLACED
            }
        };
        fine.then_some(()).ok_or(BadAct::Bounds("an act aims at 100 outcomes at most, and replaces 20 acts"))
    }

    /// Who made the piece that it declares, and what it is.
    pub fn declared(&self) -> Option<(PersonId, PieceKind)> {
        match self {
            Act::DeclarePiece { maker, kind, .. } => Some((*maker, *kind)),
            Act::DeclareProject { .. }
            | Act::DeclareFolio { .. }
            | Act::Place { .. }
            | Act::Share { .. }
            | Act::Unshare { .. }
            | Act::Erase { .. }
            | Act::Unplace { .. }
            | Act::Offer { .. }
            | Act::Accept { .. } => None,
        }
    }

    /// The folio that it puts its piece in, or offers it to.
    pub fn puts_in(&self) -> Option<FolioId> {
        match self {
            Act::Place { folio, .. } | Act::Offer { folio, .. } => Some(*folio),
            Act::Unplace { to, .. } => *to,
            Act::DeclareProject { .. }
            | Act::DeclareFolio { .. }
            | Act::DeclarePiece { .. }
            | Act::Share { .. }
            | Act::Unshare { .. }
            | Act::Erase { .. }
            | Act::Accept { .. } => None,
        }
    }

    /// The shares that it replaces.
    pub fn replaces(&self) -> &[ActId] {
        match self {
            Act::Share { replaces, .. } | Act::Unshare { replaces, .. } => replaces,
            Act::DeclareProject { .. }
            | Act::DeclareFolio { .. }
            | Act::DeclarePiece { .. }
            | Act::Place { .. }
            | Act::Erase { .. }
            | Act::Unplace { .. }
            | Act::Offer { .. }
            | Act::Accept { .. } => &[],
        }
    }

    /// The piece an act is about, if it is about one.
    pub fn piece(&self) -> Option<PieceId> {
        match self {
            Act::DeclareProject { .. } | Act::DeclareFolio { .. } => None,
            Act::DeclarePiece { piece, .. }
            | Act::Place { piece, .. }
            | Act::Share { piece, .. }
            | Act::Unshare { piece, .. }
            | Act::Erase { piece }
            | Act::Unplace { piece, .. }
            | Act::Offer { piece, .. }
            | Act::Accept { piece, .. } => Some(*piece),
        }
    }
}

/// How many kinds this version knows.
const KINDS: u32 = 10;

/// The number of an act's kind and how many fields it has, if the bytes are `[number, [field, …]]` with nothing after it:
/// what every version's acts look like, whatever they mean.
fn shape(bytes: &[u8]) -> Option<(u32, u64)> {
    let mut d = minicbor::Decoder::new(bytes);
    let is_pair = d.array().ok()? == Some(2);
    let (kind, fields) = (d.u32().ok()?, d.array().ok()??);
    let mut whole = minicbor::Decoder::new(bytes);
    whole.skip().ok()?;
    (is_pair && whole.position() == bytes.len()).then_some((kind, fields))
}

/// An act as it is sent, stored and verified.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedAct {
    #[n(0)]
    pub id: ActId,
    /// The device that made it.
    #[n(1)]
    pub device: DeviceId,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// The device's signature.
    #[n(3)]
    pub signature: Signature,
}

impl SignedAct {
    /// Signs `act`.
    pub fn sign(school: SchoolId, device: DeviceId, key: &SecretKey, id: ActId, act: &Act) -> Self {
        let body = act.to_bytes();
        let signature = key.sign(&act_message(school, device, id, &body));
        Self { id, device, body, signature }
    }

    /// Was it made by a newer version, so that nothing but its bytes can be kept here?
    pub fn is_newer(&self) -> bool {
        Act::from_bytes(&self.body) == Err(BadAct::Newer)
    }

    /// Checks the signature.
    pub fn verify(&self, school: SchoolId, key: &PublicKey) -> Result<(), BadSignature> {
        key.verify(&act_message(school, self.device, self.id, &self.body), &self.signature)
    }
}

/// The audience that a piece's shares add up to: what the unreplaced ones have in common. `None` while it is its
/// maker's alone. An `Unshare` that nothing replaces wins.
pub fn audience<'a>(acts: impl IntoIterator<Item = (ActId, &'a Act)> + Clone) -> Option<Roles> {
    let replaced: std::collections::BTreeSet<ActId> =
        acts.clone().into_iter().flat_map(|(_, act)| act.replaces()).copied().collect();
    let mut audience = None;
    for (_, act) in acts.into_iter().filter(|(id, _)| !replaced.contains(id)) {
        match act {
            Act::Share { audience: to, .. } => {
                audience = Some(audience.map_or(*to, |so_far: Roles| so_far.intersection(*to)));
            }
            Act::Unshare { .. } => return None,
            Act::DeclareProject { .. }
            | Act::DeclareFolio { .. }
            | Act::DeclarePiece { .. }
            | Act::Place { .. }
            | Act::Erase { .. }
            | Act::Unplace { .. }
            | Act::Offer { .. }
            | Act::Accept { .. } => {}
        }
    }
    audience
}
