//! What could not be done, as a code for the catalogues and the core's own sentence.

use fieldfolio_core::device::DeviceError;
use fieldfolio_core::ids::BadId;
use fieldfolio_core::media::MediaError;
use fieldfolio_core::store::StoreError;
use serde::Serialize;

/// Something could not be done. Nothing was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What the apps' catalogues are keyed by.
    pub code: &'static str,
    /// The core's own sentence, in English.
    pub reason: String,
}

impl Refusal {
    /// A refusal with this code.
    pub fn new(code: &'static str, reason: impl ToString) -> Self {
        Self { code, reason: reason.to_string() }
    }
}

impl From<BadId> for Refusal {
    fn from(bad: BadId) -> Self {
        Self::new("other", bad)
    }
}

impl From<DeviceError> for Refusal {
    fn from(error: DeviceError) -> Self {
        let code = match &error {
            DeviceError::Store(StoreError::DoneAlready) => "done_already",
            DeviceError::Store(StoreError::NoRoom) => "no_room",
            DeviceError::Store(StoreError::Sqlite(sqlite)) if is_full(sqlite) => "no_room",
            DeviceError::Store(StoreError::Sqlite(sqlite)) if is_too_big(sqlite) => "media_too_large",
            DeviceError::Store(_) => "store",
            DeviceError::Media { source, .. } => match source {
                MediaError::Unsupported { advice } => advice.code(),
                MediaError::TooLarge { .. } | MediaError::TooManyPixels { .. } => "media_too_large",
                MediaError::Empty | MediaError::Damaged { .. } | MediaError::Unreadable { .. } => {
                    "media_damaged"
                }
                MediaError::Unwritable { .. } => "no_room",
            },
            DeviceError::Sheet(_) | DeviceError::Act(_) | DeviceError::Bounds(_) => "bounds",
            DeviceError::Unknown(_) => "unknown",
            DeviceError::NotAllowed(_) => "not_allowed",
            DeviceError::Relay(_) => "school_refused",
            DeviceError::Unsent(_) => "unsent",
        };
        Self::new(code, error)
    }
}

/// A database keeps files of up to a billion bytes.
fn is_too_big(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::TooBig)
}

/// A browser that gives no more room says so as a failed write.
fn is_full(error: &rusqlite::Error) -> bool {
    let Some(code) = error.sqlite_error().map(|error| error.extended_code) else { return false };
    const FULL: [i32; 2] = [rusqlite::ffi::SQLITE_IOERR_WRITE, rusqlite::ffi::SQLITE_IOERR_FSYNC];
    FULL.contains(&code)
}
