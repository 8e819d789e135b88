//! Where things are: on this device, on their way, at the school; and what waits, with the reason's code.

use serde::{Deserialize, Serialize};

/// How far something of one's own has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Enum))]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Saved on this device, not sent.
    Here,
    /// On its way.
    Sending,
    /// The school has all of it.
    School,
    /// Something stops it that time alone won't clear.
    Waiting,
    /// The school refused it for good.
    Refused,
}

/// Where something of one's own is. Others' work is always at the school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Whereabouts {
    pub at: At,
    /// The reason's code.
    pub why: Option<String>,
    /// Bytes of photos that arrived.
    pub sent: u64,
    /// Bytes of photos in all.
    pub of: u64,
}

/// How this device stands with the school.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Status {
    /// The school does not know this device any more.
    pub locked: bool,
    /// What has not reached the school.
    pub waiting: Vec<Waiting>,
    pub uploads: Vec<Upload>,
    /// Announced and not here yet.
    pub to_fill: u32,
    /// What the school keeps back, since it came after one's part had ended.
    pub held: Vec<Kept>,
    /// What the school refused for good; kept here, readable.
    pub refused: Vec<Refused>,
    /// Sheets that can't be opened.
    pub unopened: u32,
    /// Records of which this version can't read everything: a newer one wrote them. They are kept, and read after an update.
    pub newer: u32,
    /// Other devices in one's own name that none of one's devices vouched for.
    pub new_devices: Vec<String>,
    pub media: MediaUsage,
    /// All uploads are held back.
    pub paused: bool,
    /// Originals wait for a line that is not paid by the byte.
    pub thrifty: bool,
}

/// One piece with something that has not reached the school.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Waiting {
    pub piece: Option<String>,
    pub piece_title: Option<String>,
    pub why: Option<String>,
}

/// Something of one's own that the school keeps back until a teacher lets it through.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Kept {
    pub piece: String,
    pub piece_title: Option<String>,
}

/// Something of somebody else's that came after her part had ended: a teacher lets it through, or leaves it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct LateWork {
    /// The sheet's name.
    pub sheet: String,
    pub piece: String,
    pub piece_title: Option<String>,
    pub author_name: String,
    /// When the first of it came, in milliseconds.
    pub since: u64,
}

/// A photo on its way.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Upload {
    pub piece: String,
    pub piece_title: String,
    pub hash: String,
    pub is_preview: bool,
    pub held: HeldBack,
    pub sent: u64,
    pub size: u64,
    pub why: Option<String>,
}

/// Does somebody hold an upload back?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Enum))]
#[serde(rename_all = "snake_case")]
pub enum HeldBack {
    Not,
    Paused,
    Cancelled,
}

/// Something the school refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Refused {
    pub why: String,
    pub words: String,
}

/// Room that files take on this device, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct MediaUsage {
    pub bytes: u64,
    /// One's own that the school does not have yet.
    pub unsent: u64,
    /// What may be let go of, and comes back when it is opened: one's own originals that the school has, and others'.
    pub may_go: u64,
}
