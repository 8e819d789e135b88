//! Roles in a circle, sets of them, and the class a voice is read as.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// What someone is in the circle of a folio, in the order in which a voice's class is decided.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The student whose folio it is.
    #[n(0)]
    Owner,
    /// Teaches or advises her now.
    #[n(1)]
    Teacher,
    /// Aide, counsellor, principal, substitute, panel: reads; writes only if granted.
    #[n(2)]
    Reader,
    /// Accompanies her work in this folio from outside the school.
    #[n(3)]
    Mentor,
    /// Made the piece together with her. Follows from placements; nobody is given it.
    #[n(4)]
    Group,
    /// Another student, asked to look at evidence.
    #[n(5)]
    Peer,
    /// Her family.
    #[n(6)]
    Guardian,
}

impl Role {
    /// Every role, in the order above.
    pub const ALL: [Role; 7] =
        [Role::Owner, Role::Teacher, Role::Reader, Role::Mentor, Role::Group, Role::Peer, Role::Guardian];

    /// The name used in commands, records and databases.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Teacher => "teacher",
            Role::Reader => "reader",
            Role::Mentor => "mentor",
            Role::Group => "group",
            Role::Peer => "peer",
            Role::Guardian => "guardian",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role: use owner, teacher, reader, mentor, group, peer or guardian")]
pub struct BadRole(String);

impl FromStr for Role {
    type Err = BadRole;

    fn from_str(text: &str) -> Result<Self, BadRole> {
        let named = Role::ALL.into_iter().find(|role| role.name() == text);
        named.ok_or_else(|| BadRole(text.chars().take(40).collect()))
    }
}

/// A set of roles, one bit each: an audience, or what someone is in a circle. Bits that no role of this version has are a
/// newer one's: they are kept, and nobody here has them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Roles(#[n(0)] u16);

impl Roles {
    /// Nobody.
    pub const NONE: Roles = Roles(0);
    /// The whole circle, in whatever role, also in one that comes with a newer version: the default audience. A word of its
    /// own, and not the set of all roles that are known now.
    pub const WHOLE_CIRCLE: Roles = Roles(u16::MAX);

    /// The set of these roles.
    pub fn of(roles: impl IntoIterator<Item = Role>) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }

    /// The audience of these roles: of every role there is, the whole circle.
    pub fn audience(roles: impl IntoIterator<Item = Role>) -> Self {
        let roles = Self::of(roles);
        if roles == Self::of(Role::ALL) { Self::WHOLE_CIRCLE } else { roles }
    }

    /// This set and `role`.
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u8)
    }

    /// What both sets have.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Is `role` in the set?
    pub const fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// Is the set empty?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles, in their order.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }

    /// The bits, for a database.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set with these bits.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What a document is read as: the work itself, or a voice of its author's role when she first spoke. Fixed by the
/// relay at the first accepted change and travelling with the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The work itself.
    Content,
    /// A voice, of this role.
    Voice(Role),
    /// Written together by those of the circle who may.
    Shared,
    /// What only a newer version can name. Nobody is granted anything by it here.
    Newer(u8),
}

impl Class {
    /// Every class that this version knows.
    pub fn all() -> impl Iterator<Item = Class> {
        [Class::Content, Class::Shared].into_iter().chain(Role::ALL.into_iter().map(Class::Voice))
    }

    /// 0 for content, 1 + the role's number for a voice, 64 for what is written together.
    pub const fn number(self) -> u8 {
        match self {
            Class::Content => 0,
            Class::Voice(role) => 1 + role as u8,
            Class::Shared => 64,
            Class::Newer(number) => number,
        }
    }

    /// Reads [`Class::number`].
    pub fn from_number(number: u8) -> Self {
        Class::all().find(|class| class.number() == number).unwrap_or(Class::Newer(number))
    }
}

impl<C> Encode<C> for Class {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u8(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Class {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.u8().map(Class::from_number)
    }
}
