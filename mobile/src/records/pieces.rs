//! Pieces: in lists, whole, and waiting for a teacher.

use fieldfolio_core::model::piece;
use fieldfolio_core::model::role::Role;
use serde::{Deserialize, Serialize};

use super::{EntryBody, Placings, Reference, Spot, Whereabouts};

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Enum))]
#[serde(rename_all = "snake_case")]
pub enum PieceKind {
    /// Work that a student shows.
    Evidence,
    /// Work that an adult records: a talk, a demonstration.
    Observation,
    /// A kind that a newer version made. None can be made here.
    Newer,
}

impl From<piece::PieceKind> for PieceKind {
    fn from(kind: piece::PieceKind) -> Self {
        match kind {
            piece::PieceKind::Evidence => PieceKind::Evidence,
            piece::PieceKind::Observation => PieceKind::Observation,
            piece::PieceKind::Newer(_) => PieceKind::Newer,
        }
    }
}

impl From<PieceKind> for piece::PieceKind {
    fn from(kind: PieceKind) -> Self {
        match kind {
            PieceKind::Evidence => piece::PieceKind::Evidence,
            PieceKind::Observation => piece::PieceKind::Observation,
            PieceKind::Newer => piece::PieceKind::Newer(u8::MAX),
        }
    }
}

/// A piece in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct PieceLine {
    pub piece: String,
    pub kind: PieceKind,
    pub maker: String,
    pub maker_name: String,
    pub title: String,
    pub work_date: Option<String>,
    /// When it was made, by the maker's device.
    pub made: u64,
    /// Those in whose folios it lies.
    pub students: Vec<Placed>,
    pub outcomes: Vec<String>,
    pub photos: u32,
    /// ThumbHash of the first that can be seen, base64.
    pub placeholder: Option<String>,
    /// Hash of its preview.
    pub preview: Option<String>,
    /// How far its maker turned it, in quarter turns clockwise.
    pub turn: u8,
    /// What the first medium is, for a piece without a picture.
    pub shows: Option<Shows>,
    pub feedback: u32,
    pub judgements: u32,
    pub replies: u32,
    /// With whom it is shared; its maker's alone for none.
    #[cfg_attr(feature = "typescript", ts(type = "Role[] | null"))]
    pub audience: Option<Vec<Role>>,
    #[serde(rename = "where")]
    pub whereabouts: Whereabouts,
}

/// A folio that a piece lies in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Placed {
    /// The student's id.
    pub id: String,
    pub name: String,
    pub folio: String,
    pub title: String,
}

/// A piece as this person may see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Piece {
    #[serde(flatten)]
    pub line: PieceLine,
    pub words: String,
    pub media: Vec<Medium>,
    /// Media that the maker replaced or took out; kept.
    pub earlier: Vec<Medium>,
    pub links: Vec<Link>,
    pub voices: Vec<Voice>,
    /// The earlier piece that it revises.
    pub revises: Option<String>,
    /// Where two of the maker's devices disagree.
    pub alternatives: Vec<Alternative>,
    /// Sheets that can't be shown now.
    pub unshown: u32,
    pub may: May,
    pub placings: Placings,
}

/// A field on which two devices of its maker disagree.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Alternative {
    pub field: String,
    /// The one shown first.
    pub values: Vec<String>,
}

/// What this person can do on a piece.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct May {
    pub edit: bool,
    pub share: bool,
    pub take_back: bool,
    /// Erase it for ever.
    pub erase: bool,
    /// About whom one may speak; about the work itself for null.
    pub write_about: Vec<Option<String>>,
    pub judge: Vec<Judge>,
    pub reflect: bool,
}

/// Whom one may judge, and as what.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Judge {
    pub student: String,
    #[serde(rename = "as")]
    #[cfg_attr(feature = "typescript", ts(type = "\"teacher\" | \"mentor\""))]
    pub role: Role,
}

/// A photo, film, recording or document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Medium {
    /// Its name within the piece.
    pub key: String,
    pub shows: Shows,
    /// Hash of the cleaned original.
    pub original: String,
    /// Hash of the small picture, for what can be seen.
    pub preview: Option<String>,
    pub media_type: String,
    /// What a file of its type is called after the dot.
    pub ending: String,
    /// As shown before the maker turned it; 0 for what can't be seen.
    pub width: u32,
    pub height: u32,
    pub size: u64,
    /// How long it plays, in milliseconds.
    pub duration: Option<u64>,
    /// ThumbHash, base64; empty for what can't be seen.
    pub placeholder: String,
    /// What a document is called.
    pub name: String,
    pub caption: String,
    /// What it shows, for who can't see it.
    pub alt: String,
    /// Quarter turns clockwise.
    pub turn: u8,
    pub marks: Vec<Mark>,
    /// The original's bytes are on this device.
    pub is_here: bool,
    #[serde(rename = "where")]
    pub whereabouts: Whereabouts,
}

/// How a medium is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Enum))]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    Picture,
    Film,
    Sound,
    /// To be opened elsewhere.
    Document,
}

/// A spot that the maker points at.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Mark {
    pub key: String,
    #[serde(flatten)]
    pub at: Spot,
    pub words: String,
}

/// A page elsewhere. It is opened only when somebody asks for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Link {
    pub key: String,
    pub url: String,
    pub caption: String,
}

/// What one person says on a piece about one student.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Voice {
    pub author: String,
    pub author_name: String,
    pub about: Option<String>,
    pub about_name: Option<String>,
    /// As what it is read.
    #[cfg_attr(feature = "typescript", ts(type = "Role"))]
    pub role: Role,
    pub entries: Vec<Entry>,
    /// Changes whose signature can't be verified yet.
    pub unverified: u64,
    #[serde(rename = "where")]
    pub whereabouts: Whereabouts,
}

/// One thing said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Entry {
    pub id: String,
    /// When it was said, by its author's device.
    pub made: u64,
    pub body: EntryBody,
    pub replaces: Option<String>,
    /// A later entry of the same voice replaces it.
    pub is_replaced: bool,
    pub withdrawn: bool,
    /// Altered after it was given: it doesn't count.
    pub altered: bool,
    /// A judgement whose work was edited since.
    pub edited_since: bool,
    /// Teachers who confirmed it.
    pub confirmed_by: Vec<String>,
}

/// A piece that waits for a teacher.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct QueueRow {
    pub piece: PieceLine,
    pub student: String,
    pub student_name: String,
    /// Outcomes it is offered for that this teacher has not judged.
    pub outcomes: Vec<String>,
    /// Mentors' judgements that no teacher has confirmed.
    pub to_confirm: Vec<ToConfirm>,
    /// It is offered for no outcome, and no teacher has answered it.
    pub is_untagged: bool,
}

/// A file that was picked, and will be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Inspected {
    /// `image/jpeg`, `application/pdf` …
    pub media_type: String,
    /// What the person should know before she saves, as codes for the app's catalogue: what is left out of it, or stays.
    pub notes: Vec<String>,
}

/// One thing that somebody said to this person, or of what is hers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct InboxRow {
    pub piece: String,
    /// The piece's title; may be empty.
    pub title: String,
    /// Which entry.
    pub of: Reference,
    pub author_name: String,
    /// As what its author speaks; nothing for a role that a newer version has.
    #[cfg_attr(feature = "typescript", ts(type = "Role | null"))]
    pub author_as: Option<Role>,
    /// About whom, by name; nothing for the work itself.
    pub about_name: Option<String>,
    /// What was said.
    pub body: EntryBody,
    /// When it was said, by its author's device, in milliseconds since 1970.
    pub made: u64,
    /// She has not looked at it yet, on any of her devices.
    pub is_new: bool,
}

/// A mentor's judgement that waits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct ToConfirm {
    pub of: Reference,
    pub mentor_name: String,
    pub outcome: String,
    pub level: u8,
}

/// A piece that is offered to a folio of one's own, or of a student whom one teaches.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Offer {
    pub piece: PieceLine,
    pub folio: String,
    pub student: String,
    pub student_name: String,
    /// The project's title.
    pub title: String,
}
