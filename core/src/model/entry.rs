//! Entries: the things said in a voice. Each kind has a file of its own: its name, its fields, how it is read and written,
//! and its rules.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::ids::{EntryId, PersonId};

pub use fields::{Field, ReadFields, Value};

pub mod fields;

/// The hash of an automerge change, as heads are pinned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Head(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl Head {
    /// Heads one after the other, 32 bytes each, as documents and databases keep them.
    pub fn join(heads: &[Head]) -> Vec<u8> {
        heads.iter().flat_map(|head| head.0).collect()
    }
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({:02x}{:02x}{:02x}…)", self.0[0], self.0[1], self.0[2])
    }
}

/// One thing said, as the voice's document reads now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name within the voice.
    pub id: EntryId,
    /// What it says.
    pub body: EntryBody,
    /// The entry of the same voice that this one replaces.
    pub replaces: Option<EntryId>,
    /// Taken back by its author.
    pub withdrawn: bool,
    /// A field was written by a later change than the one that gave the entry. Such a judgement does not count.
    pub altered: bool,
}

/// What a kind of entry says of itself.
pub trait EntryKind: Sized {
    /// Its name in documents, for ever.
    const NAME: &str;

    /// Reads it; nothing where it is not whole.
    fn read(fields: &impl ReadFields) -> Option<Self>;

    /// Its fields, as they are written.
    fn fields(&self) -> Vec<Field>;

    /// Is it within its bounds? Else what is wrong, in words for who wrote it.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

/// Makes [`EntryBody`] of the kinds there are: nothing else lists them.
macro_rules! entry_kinds {
    ($($(#[$doc:meta])* $kind:ident in $file:ident;)*) => {
        $(mod $file;)*

        /// What an entry says, by kind.
        ///
        /// Names that are taken for later: `self_assessment`, `readiness`, `endorsement`, `sign_off`, `habits`,
        /// `highlight`, `comment`, `understood`, `tried`, `returned`.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "says", rename_all = "snake_case")]
        pub enum EntryBody {
            $($(#[$doc])* $kind($kind),)*
            /// A kind this version does not know, or fields it can't read: kept, counted, never counted as a judgement.
            Unreadable {
                /// The kind's name, if it has one.
                name: String,
            },
        }

        impl EntryBody {
            /// The names of all kinds.
            pub const NAMES: &[&str] = &[$($kind::NAME),*];

            /// The kind's name in documents and indices.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $kind::NAME,)*
                    Self::Unreadable { .. } => "unreadable",
                }
            }

            /// Reads an entry of the kind of this name; nothing for a kind that is not known, or is not whole.
            pub fn read(name: &str, fields: &impl ReadFields) -> Option<Self> {
                match name {
                    $($kind::NAME => $kind::read(fields).map(Self::$kind),)*
                    _ => None,
                }
            }

            /// Its fields, as they are written; none for what can't be read, which nobody writes.
            pub fn fields(&self) -> Vec<Field> {
                match self {
                    $(Self::$kind(body) => body.fields(),)*
                    Self::Unreadable { .. } => Vec::new(),
                }
            }

            /// Is it within its bounds?
            pub fn check(&self) -> Result<(), &'static str> {
                match self {
                    $(Self::$kind(body) => body.check(),)*
                    Self::Unreadable { .. } => Err("an entry of a kind that this version does not know can't be given"),
                }
            }
        }

        $(impl From<$kind> for EntryBody {
            fn from(body: $kind) -> Self {
                Self::$kind(body)
            }
        })*
    };
}

entry_kinds! {
    /// What was good and what comes next, in three parts.
    Feedback in feedback;
    /// One person's judgement of one outcome on this piece.
    Assessment in assessment;
    /// The student on her own work. Edited in place; merges by word.
    Reflection in reflection;
    /// An answer to another entry of the same piece.
    Reply in reply;
    /// A teacher takes a mentor's judgement as hers, as it stood at the pinned heads.
    Confirmation in confirmation;
}

pub use assessment::{Assessment, AssessmentKind, Editions};
pub use confirmation::Confirmation;
pub use feedback::{Feedback, Spot};
pub use reflection::Reflection;
pub use reply::Reply;

impl EntryBody {
    /// The judgement, if it is one.
    pub fn assessment(&self) -> Option<&Assessment> {
        if let EntryBody::Assessment(assessment) = self { Some(assessment) } else { None }
    }

    /// The mentor's judgement that it confirms, and the heads of her voice then.
    pub fn confirmation(&self) -> Option<(Reference, &[Head])> {
        if let EntryBody::Confirmation(Confirmation { of, heads }) = self { Some((*of, heads)) } else { None }
    }
}

/// How long words may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// A part of feedback, a next step, a reply.
    Remark,
    /// A reflection.
    Essay,
}

impl Words {
    /// Are they short enough?
    pub fn check(self, words: &str) -> Result<(), &'static str> {
        let (most, why) = match self {
            Words::Remark => (10_000, "at most 10,000 characters"),
            Words::Essay => (50_000, "a reflection has at most 50,000 characters"),
        };
        if words.chars().count() > most { Err(why) } else { Ok(()) }
    }
}

/// An entry of another voice on the same piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// Whose voice.
    pub author: PersonId,
    /// About whom.
    pub about: Option<PersonId>,
    /// Which entry.
    pub entry: EntryId,
}

#[cfg(test)]
mod tests {
    use super::fields::tests::InMemory;
    use super::*;

    /// What is written is read as the same, by its kind and by its name.
    pub(super) fn reads_back<K>(kind: &K)
    where
        K: EntryKind + Clone + PartialEq + std::fmt::Debug + Into<EntryBody>,
    {
        let fields = InMemory::of(kind.fields());
        assert_eq!(K::read(&fields).as_ref(), Some(kind));
        let body: EntryBody = kind.clone().into();
        assert_eq!(EntryBody::read(K::NAME, &fields), Some(body.clone()));
        assert_eq!(body.name(), K::NAME);
        let json = serde_json::to_string(&body).expect("an entry is JSON");
        assert_eq!(serde_json::from_str::<EntryBody>(&json).ok(), Some(body), "{json}");
        assert!(json.contains(&format!("\"says\":\"{}\"", K::NAME)), "{json}");
    }

    /// Somebody's entry, about a student or about the work.
    pub(super) fn anybody(about: bool) -> Reference {
        Reference {
            author: PersonId::from_bytes([1; 16]),
            about: about.then(|| PersonId::from_bytes([2; 16])),
            entry: EntryId::from_bytes([3; 16]),
        }
    }

    #[test]
    fn a_kind_that_is_not_known_reads_as_nothing_and_no_two_have_one_name() {
        assert_eq!(EntryBody::read("sign_off", &InMemory::default()), None);
        let names: std::collections::BTreeSet<_> = EntryBody::NAMES.iter().collect();
        assert_eq!(names.len(), EntryBody::NAMES.len());
    }
}
