//! What a driver is asked to send, and what it hands back.

use std::path::PathBuf;

/// Pieces in which files travel: a cut costs at most one of them.
pub(super) const PIECE: u64 = 4 * 1024 * 1024;
/// The most bytes of it where somebody in between takes no larger requests: what web servers take by themselves.
pub(super) const SMALL_PIECE: u64 = 1024 * 1024;
/// The largest small picture, in bytes: one piece.
pub(super) const MAX_SMALL: u64 = PIECE;

/// One HTTP request. The driver adds `Authorization: Bearer <token in base64url>` and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// "GET", "POST", "HEAD", "PATCH".
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// What to send.
    pub body: Body,
    /// The most bytes of the answer to read.
    pub limit: usize,
}

impl Ask {
    /// The frame of the exchange, if this is it: over a live line it travels alone.
    pub fn exchange(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Bytes(frame) if self.url.ends_with("/v1/sync") => Some(frame),
            Body::Bytes(_) | Body::Empty | Body::File { .. } => None,
        }
    }
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A stretch of a file.
    File {
        /// Which one.
        path: PathBuf,
        /// From here.
        offset: u64,
        /// So many bytes.
        length: u64,
    },
}

/// What came back. Only a whole answer is one: a cut is a [`Failure`](crate::sync::Failure).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpAnswer {
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The `Upload-Offset` header.
    pub upload_offset: Option<u64>,
    /// The `Content-Range` header.
    pub content_range: Option<String>,
    /// The answer bears the relay's own mark ([`MARK`](crate::sync::wire::MARK)): without it, it is of somebody in between.
    pub is_of_relay: bool,
    pub body: Vec<u8>,
}
