//! Pieces: what people gather around, and what their content says.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::blob::BlobHash;
use crate::ids::{OutcomeId, PieceId};
use crate::time::WorkDate;

/// What a piece is. It is declared by an act and never lives in a document.
///
/// Reserved for later: 2 goal, 3 plan, 4 conference, 5 own words, 6 profile, 7 note.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum PieceKind {
    /// Work that a student shows.
    #[n(0)]
    Evidence,
    /// Work that an adult records: a talk, a demonstration.
    #[n(1)]
    Observation,
}

impl PieceKind {
    /// The name used in databases and output.
    pub const fn name(self) -> &'static str {
        match self {
            PieceKind::Evidence => "evidence",
            PieceKind::Observation => "observation",
        }
    }
}

/// A photo of a piece, as its content names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// The cleaned original.
    pub original: BlobHash,
    /// A small picture of it, longest side about 1,280 pixels.
    pub preview: BlobHash,
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
    /// Width in pixels, as shown.
    pub width: u32,
    /// Height in pixels, as shown.
    pub height: u32,
    /// Bytes of the original.
    pub size: u64,
    /// ThumbHash of the picture, for lists.
    pub placeholder: Vec<u8>,
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
    /// Photos, in the order of their keys (which is the order of capture).
    pub media: Vec<Medium>,
    /// The earlier piece that this one revises.
    pub revises: Option<PieceId>,
    /// Fields on which two of the maker's own devices disagree: name → the values, the one shown first.
    pub alternatives: BTreeMap<String, Vec<String>>,
    /// How many things here this version can't show (made by a newer one?). They are kept.
    pub unreadable: u32,
}
