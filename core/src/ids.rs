//! The names of things: one newtype per kind of id, so that a person can't be passed for a folio.
//!
//! An id is 16 bytes. Most are UUIDv7, built from a time and randomness that the caller hands in, so they sort
//! roughly by when they were made; a [`FolioId`] is derived, so that two phones which start the same project
//! offline name the same folio. The text form is the hyphenated UUID form for all of them.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::time::Timestamp;

pub use document_id::{DocumentId, Part, Writer};

mod document_id;

/// Where randomness comes from. The driver hands in the operating system's; a simulation hands in a seed.
pub trait Rng {
    /// Fills `into` with bytes that nobody else can guess.
    fn fill(&mut self, into: &mut [u8]);
}

/// `N` random bytes from `chance`.
pub fn random<const N: usize>(rng: &mut dyn Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes
}

/// An id's text isn't 32 hexadecimal digits in UUID form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {kind} id: expected the form 018f4d3c-1111-7abc-8def-0123456789ab")]
pub struct BadId {
    kind: &'static str,
    text: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        #[cbor(transparent)]
        pub struct $name(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

        impl $name {
            /// A new id (UUIDv7) from the time and 80 bits of randomness.
            pub fn new(now: Timestamp, rng: &mut dyn Rng) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(now.millis(), &random(rng)).into_uuid().into_bytes())
            }

            /// The id with these bytes, whatever they are: what came from outside may use any.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// When it was made, by the clock of who made it; for display only.
            pub fn made_at(&self) -> Timestamp {
                let [a, b, c, d, e, f, ..] = self.0;
                Timestamp::from_millis(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
            }

            /// The 16 bytes, as they are signed, stored and sent.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_bytes(self.0).hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                // One text per id: another spelling would be another key in a document.
                match Uuid::try_parse(text) {
                    Ok(uuid) if uuid.hyphenated().to_string() == text => Ok(Self(uuid.into_bytes())),
                    _ => Err(BadId { kind: $kind, text: text.chars().take(60).collect() }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    )*};
}

ids! {
    /// One installation: its people, classes, projects, frameworks and rules.
    SchoolId "school";
    /// A student, teacher, mentor, guardian or administrator.
    PersonId "person";
    /// One person's store on one phone, tablet or browser.
    DeviceId "device";
    /// A class: the teachers, students and advisors that circles derive from.
    ClassId "class";
    /// A versioned tree of outcomes.
    FrameworkId "framework";
    /// One thing a student can show.
    OutcomeId "outcome";
    /// Something students work on: a unit, a community project, an internship.
    ProjectId "project";
    /// One student's work in one project, or her home.
    FolioId "folio";
    /// One thing people gather around: a piece of evidence, an observation.
    PieceId "piece";
    /// One thing said in a voice.
    EntryId "entry";
    /// One act: a declaration, a placement, a share.
    ActId "act";
}

impl FolioId {
    /// The folio of `student` in `project`; her home folio for `None`. The same on every device, with no one asked.
    pub fn derive(school: SchoolId, student: PersonId, project: Option<ProjectId>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"fieldfolio-folio-1");
        hash.update(school.0);
        hash.update(student.0);
        match project {
            Some(project) => hash.update(project.0),
            None => hash.update(b"home"),
        }
        let digest = hash.finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

/// A sequence of bytes that looks random and is always the same: for tests and simulations only, never for keys
/// of real people.
#[derive(Debug, Clone)]
pub struct SeededRng {
    seed: u64,
    counter: u64,
}

impl SeededRng {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    /// The next number below `bound` (which must not be zero), near enough evenly for a test.
    pub fn below(&mut self, bound: u64) -> u64 {
        u64::from_be_bytes(random(self)) % bound
    }

    /// True about `percent` times in a hundred.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

impl Rng for SeededRng {
    fn fill(&mut self, into: &mut [u8]) {
        for chunk in into.chunks_mut(32) {
            let mut hash = Sha256::new();
            hash.update(self.seed.to_be_bytes());
            hash.update(self.counter.to_be_bytes());
            self.counter += 1;
            let block = hash.finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_name_the_same_id() {
        let id = PieceId::new(Timestamp::from_millis(1_700_000_000_000), &mut SeededRng::new(1));
        assert_eq!(id.to_string().parse::<PieceId>().unwrap(), id);
        assert_eq!(PieceId::from_bytes(*id.as_bytes()), id);
        assert_eq!(Uuid::from_bytes(*id.as_bytes()).get_version_num(), 7);
    }

    #[test]
    fn ids_made_later_sort_later() {
        let mut rng = SeededRng::new(2);
        let early = EntryId::new(Timestamp::from_millis(1_000), &mut rng);
        let late = EntryId::new(Timestamp::from_millis(2_000), &mut rng);
        assert!(early < late);
    }

    #[test]
    fn text_that_is_no_id_says_what_was_expected() {
        for text in ["", "mina", "{018f4d3c-1111-7abc-8def-0123456789ab}", "018f4d3c11117abc8def0123456789ab"]
        {
            assert!(text.parse::<PersonId>().unwrap_err().to_string().contains("expected the form"));
        }
    }

    #[test]
    fn a_home_folio_differs_from_every_project_folio() {
        let mut rng = SeededRng::new(3);
        let now = Timestamp::from_millis(5);
        let (school, mina) = (SchoolId::new(now, &mut rng), PersonId::new(now, &mut rng));
        let garden = ProjectId::new(now, &mut rng);
        let home = FolioId::derive(school, mina, None);
        assert_ne!(home, FolioId::derive(school, mina, Some(garden)));
        assert_eq!(home, FolioId::derive(school, mina, None));
    }
}
