//! Pieces: what people gather around, and what their content says.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::blob::BlobHash;
use crate::ids::{EntryId, OutcomeId, PieceId};
use crate::time::WorkDate;

/// What a piece is. It is declared by an act and never lives in a document.
///
/// Numbers that are taken for later: 2 goal, 3 plan, 4 conference, 5 own words, 6 profile, 7 note, 8 collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PieceKind {
    /// Work that a student shows.
    #[default]
    Evidence,
    /// Work that an adult records: a talk, a demonstration.
    Observation,
    /// A kind of a newer version: kept, and shown as such.
    Newer(u8),
}

/// What holds for pieces of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindRules {
    /// Who may make one.
    pub makers: Makers,
    /// Peers who are asked to look may read it.
    pub peers_read: bool,
    /// It has a sheet that several people write together.
    pub has_shared: bool,
}

/// Who may make pieces of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Makers {
    /// Anybody.
    Anyone,
    /// Whoever is more than a student.
    Adults,
    /// Nobody, as far as this version knows.
    Nobody,
}

impl PieceKind {
    /// Every kind that this version knows.
    pub const ALL: [PieceKind; 2] = [PieceKind::Evidence, PieceKind::Observation];

    /// What holds for pieces of this kind: the one table of it.
    pub const fn rules(self) -> KindRules {
        match self {
            PieceKind::Evidence => KindRules { makers: Makers::Anyone, peers_read: true, has_shared: false },
            PieceKind::Observation => {
                KindRules { makers: Makers::Adults, peers_read: false, has_shared: false }
            }
            PieceKind::Newer(_) => KindRules { makers: Makers::Nobody, peers_read: false, has_shared: false },
        }
    }

    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            PieceKind::Evidence => "evidence",
            PieceKind::Observation => "observation",
            PieceKind::Newer(_) => "newer",
        }
    }

    /// Its number in acts and databases.
    pub const fn number(self) -> u8 {
        match self {
            PieceKind::Evidence => 0,
            PieceKind::Observation => 1,
            PieceKind::Newer(number) => number,
        }
    }

    /// Reads [`PieceKind::number`].
    pub fn from_number(number: u8) -> Self {
        Self::ALL.into_iter().find(|kind| kind.number() == number).unwrap_or(Self::Newer(number))
    }
}

impl<C> Encode<C> for PieceKind {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u8(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PieceKind {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.u8().map(PieceKind::from_number)
    }
}

impl Serialize for PieceKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A photo, film, recording or document of a piece, as its content names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// Its name within the piece. Keys sort in the order of capture.
    pub key: EntryId,
    /// The cleaned original.
    pub original: BlobHash,
    /// A small picture of it, longest side about 1,280 pixels; none for what can't be seen.
    pub preview: Option<BlobHash>,
    /// What kind of file the original is: `image/jpeg`, `video/mp4`.
    pub media_type: String,
    /// Width in pixels, as shown before the maker turned it; 0 for what can't be seen.
    pub width: u32,
    /// Height in pixels, as shown before the maker turned it; 0 for what can't be seen.
    pub height: u32,
    /// Bytes of the original.
    pub size: u64,
    /// How long it plays, in milliseconds.
    pub duration: Option<u64>,
    /// ThumbHash of the picture, for lists; empty for what can't be seen.
    pub placeholder: Vec<u8>,
    /// What a document is called; empty for what a camera or microphone made.
    pub name: String,
    /// The maker's line beneath it.
    pub caption: String,
    /// What it shows, for who can't see it.
    pub alt: String,
    /// How far the maker turned it.
    pub turn: Turn,
    /// Spots the maker points at, by their keys.
    pub marks: Vec<Mark>,
}

impl Medium {
    /// The blobs it names.
    pub fn blobs(&self) -> impl Iterator<Item = BlobHash> + use<> {
        self.preview.into_iter().chain([self.original])
    }

    /// Is `hash` one of its blobs?
    pub fn names(&self, hash: BlobHash) -> bool {
        self.original == hash || self.preview == Some(hash)
    }
}

/// A quarter turn or several, clockwise. The bytes stay as they are; whoever shows the picture turns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Turn(u8);

impl Turn {
    /// So many quarter turns clockwise; four are none.
    pub const fn quarters(quarters: u64) -> Self {
        Self((quarters % 4) as u8)
    }

    /// Quarter turns clockwise: 0, 1, 2 or 3.
    pub const fn count(self) -> u8 {
        self.0
    }
}

/// A place on a picture, in ten-thousandths of its width and height from the upper left corner of the picture as it was
/// before the maker turned it: turned later, it still points at the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// From the left.
    pub x: u16,
    /// From the top.
    pub y: u16,
}

impl Point {
    /// The right or lower edge.
    pub const EDGE: u16 = 10_000;

    /// A place within the picture.
    pub fn new(x: u64, y: u64) -> Option<Self> {
        let within = |at: u64| u16::try_from(at).ok().filter(|at| *at <= Self::EDGE);
        Some(Self { x: within(x)?, y: within(y)? })
    }
}

/// A spot that the maker points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its name within the medium.
    pub key: EntryId,
    /// Where.
    pub at: Point,
    /// What is there.
    pub words: String,
}

/// A page elsewhere that a piece points to. It is never fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its name within the piece.
    pub key: EntryId,
    /// `https://…` or `http://…`.
    pub url: String,
    /// The maker's line about it.
    pub caption: String,
}

/// The longest address that a link may have, in bytes. Editors and drawing boards keep the whole work in one.
pub const MAX_URL: usize = 32 << 10;

impl Link {
    /// Is this an address that can be shown as a link: of the web, with a host, and without a name or password in it?
    pub fn is_address(url: &str) -> bool {
        let rest = url.split_once("://").filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
        });
        let rest = rest.map(|(_, rest)| rest);
        let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        url.len() <= MAX_URL
            && host.is_some_and(|host| !host.is_empty() && !host.contains(['@', '\\']))
            && !url.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"`".contains(c))
    }
}

/// What the content sheet of a piece says now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Content {
    /// A line naming the work.
    pub title: String,
    /// The maker's words.
    pub words: String,
    /// The day the work was done.
    pub work_date: Option<WorkDate>,
    /// The outcomes it is offered for, ascending.
    pub outcomes: Vec<OutcomeId>,
    /// Photos, films, recordings and documents, in the order that the maker gave them.
    pub media: Vec<Medium>,
    /// Those that the maker replaced or took out. They are kept.
    pub earlier: Vec<Medium>,
    /// Pages elsewhere, in the order in which they were added.
    pub links: Vec<Link>,
    /// The earlier piece that this one revises.
    pub revises: Option<PieceId>,
    /// Fields on which two of the maker's own devices disagree: name → the values, the one shown first.
    pub alternatives: BTreeMap<String, Vec<String>>,
    /// How many things here this version can't show (made by a newer one?). They are kept.
    pub unreadable: u32,
}

impl Content {
    /// The medium with this key, also one that was replaced.
    pub fn medium(&self, key: EntryId) -> Option<&Medium> {
        self.media.iter().chain(&self.earlier).find(|medium| medium.key == key)
    }

    /// Does it name this blob, now or earlier?
    pub fn names(&self, hash: BlobHash) -> bool {
        self.media.iter().chain(&self.earlier).any(|medium| medium.names(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for good in [
            "https://example.org",
            "http://example.org:8080/a?b=c#d",
            "https://xn--bcher-kva.example/",
            "HTTPS://Example.org",
            "https://example.org/@mina#{\"a\":[1|2]}".replace('"', "%22").as_str(),
        ] {
            assert!(Link::is_address(good), "{good}");
        }
        let work = format!("https://example.org/{}", "a".repeat(MAX_URL - 20));
        assert!(Link::is_address(&work), "a drawing of 32 kB in its address");
        let long = format!("https://example.org/{}", "a".repeat(MAX_URL));
        for bad in [
            "",
            "example.org",
            "javascript:alert(1)",
            "https://",
            "https:///path",
            "https://user:secret@example.org",
            "https://example.org\\@evil.example",
            "https://example.org/a b",
            "https://example.org/\n",
            "ftp://example.org",
            &long,
        ] {
            assert!(!Link::is_address(bad), "{bad}");
        }
    }

    #[test]
    fn four_quarter_turns_are_none() {
        assert_eq!(Turn::quarters(4), Turn::default());
        assert_eq!(Turn::quarters(7).count(), 3);
        assert_eq!(Point::new(10_000, 0), Some(Point { x: 10_000, y: 0 }));
        assert_eq!(Point::new(10_001, 0), None);
    }
}
