//! Why an upload came to nothing, and how that is told: words for the person who reads the client's log, a status for
//! the client.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::StatusCode;
use fieldfolio_core::blob::BlobHash;

use super::Refusal;
use crate::blobs::BlobError;

/// Why nothing came of a request about an upload. The text is for the person who reads the client's log.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("there is no such upload")]
    NotFound,
    #[error("this upload was given up; begin a new one")]
    Expired,
    #[error("another request about this upload is still at work; try again")]
    Busy,
    #[error("another request took this upload over; ask for its offset")]
    TakenOver,
    #[error("the next byte belongs at {offset}; ask for the offset and go on from there")]
    WrongOffset { offset: u64 },
    #[error("this is more than the {length} bytes that were announced; nothing beyond them is kept")]
    TooLong { length: u64 },
    #[error("an upload may have {max} bytes at most")]
    TooLarge { max: u64 },
    #[error("the length of this upload was told before, and stays")]
    LengthStays,
    #[error("{offset} bytes are here already: the length can't be less")]
    LengthTooShort { offset: u64 },
    #[error("{max} uploads have begun and not ended; go on with those first")]
    TooMany { max: u64 },
    #[error("a file that was joined takes no more bytes")]
    Joined,
    #[error("only uploads that began with Upload-Concat: partial can be joined")]
    NoStretch,
    #[error("an upload that is to be joined is not complete; go on with it first")]
    Unfinished,
    #[error("an upload that is to be joined is part of another file; begin a new one")]
    UsedUp,
    #[error("the school's disk is nearly full: keep the file, and tell whoever looks after the relay")]
    DiskFull,
    #[error("the body broke off; what arrived is kept: ask for the offset and go on from there")]
    BrokeOff,
    #[error("the body fell silent; what arrived is kept: ask for the offset and go on from there")]
    Silent,
    #[error("the body broke off before its checksum could be told; none of it is kept")]
    Unchecked,
    #[error(
        "the bytes do not match Upload-Checksum; none of them is kept, send them again from the same offset"
    )]
    Checksum,
    #[error("the bytes do not match {hash}; send the file again")]
    Mismatch { hash: BlobHash },
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("recording that the bytes arrived: {0}")]
    NotRecorded(#[source] super::Failed),
    #[error("storing the bytes: {0}")]
    Blob(#[from] BlobError),
    #[error("the uploads' database: {0}")]
    Rows(#[from] rusqlite::Error),
    #[error("the uploads' database {path}: {problem}")]
    Unusable { path: PathBuf, problem: String },
    #[error("the uploads' files, {path}: {cause}")]
    Folder { path: PathBuf, cause: std::io::Error },
    #[error("no randomness for an id: {0}")]
    Rng(getrandom::Error),
    #[error("the work was broken off: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

impl UploadError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Expired | Self::UsedUp => StatusCode::GONE,
            Self::Busy | Self::TakenOver => StatusCode::LOCKED,
            // Clients that meet a conflict ask for the offset and go on; another 4xx would end the upload.
            Self::WrongOffset { .. } | Self::BrokeOff | Self::Silent | Self::Unchecked => {
                StatusCode::CONFLICT
            }
            Self::TooLong { .. } | Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::LengthStays | Self::LengthTooShort { .. } | Self::NoStretch | Self::Unfinished => {
                StatusCode::BAD_REQUEST
            }
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Joined => StatusCode::FORBIDDEN,
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Checksum => StatusCode::from_u16(460).expect("a status has three digits"),
            Self::Mismatch { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(Refusal::NotNamed { .. }) => StatusCode::FORBIDDEN,
            Self::Refused(Refusal::OverQuota { .. } | Refusal::SchoolOverQuota { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Refused(Refusal::Failed(_)) | Self::NotRecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Blob(BlobError::Missing { .. } | BlobError::Mismatch { .. } | BlobError::Short { .. })
            | Self::Unusable { .. }
            | Self::Rng(_)
            | Self::Stopped(_) => StatusCode::INTERNAL_SERVER_ERROR,
            // A disk that fails is tried again: somebody makes room, or mends it.
            Self::Blob(_) | Self::Rows(_) | Self::Folder { .. } if self.found_no_room() => {
                StatusCode::INSUFFICIENT_STORAGE
            }
            Self::Blob(_) | Self::Rows(_) | Self::Folder { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn found_no_room(&self) -> bool {
        let cause = match self {
            Self::Blob(
                BlobError::Sync { cause, .. }
                | BlobError::Write { cause, .. }
                | BlobError::Read { cause, .. }
                | BlobError::List { cause, .. },
            )
            | Self::Folder { cause, .. } => cause,
            Self::Rows(error) => return error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            _ => return false,
        };
        cause.kind() == std::io::ErrorKind::StorageFull
    }

    /// When the same request may fare better, where waiting is all that helps.
    pub(super) fn again_after(&self) -> Option<Duration> {
        let seconds = match self.status() {
            StatusCode::LOCKED => 1,
            StatusCode::SERVICE_UNAVAILABLE => 10,
            StatusCode::TOO_MANY_REQUESTS => 60,
            StatusCode::INSUFFICIENT_STORAGE => 3600,
            _ => return None,
        };
        Some(Duration::from_secs(seconds))
    }
}
