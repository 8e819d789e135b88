//! What could not be done: a case for each thing that an app can do about it.

use fieldfolio_core::device::DeviceError;
use fieldfolio_core::ids::BadId;
use fieldfolio_core::store::StoreError;

use crate::Refusal;

/// Something could not be done. Nothing was lost: what was not done left no trace, and what was saved before is safe.
/// `reason` is a sentence in English for logs and for developers; show people words of your own for each case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum FieldfolioError {
    /// The school can't be reached, or has no time. Do it again when there is a network.
    #[error("{reason}")]
    Offline {
        /// What was tried.
        reason: String,
    },
    /// The school does not know this device any more. Show what is not sent (`Store.status`), and ask for a new
    /// invitation.
    #[error("{reason}")]
    SignIn {
        /// Why.
        reason: String,
    },
    /// The invitation is none, is over, or was used. Ask for a new one.
    #[error("{reason}")]
    Invitation {
        /// Why.
        reason: String,
    },
    /// The device is full. Offer `Store.freeSpace`, then do it again.
    #[error("{reason}")]
    Space {
        /// What was not saved.
        reason: String,
    },
    /// A file was not taken, and stays where it is. Say which, and go on with the others.
    #[error("{reason}")]
    Media {
        /// Which of those that were handed over, from 1.
        number: u32,
        /// Why.
        reason: String,
    },
    /// Words or lists are over their bounds. Say so beside the field.
    #[error("{reason}")]
    TooLong {
        /// Which bound.
        reason: String,
    },
    /// This person may not do this, here or at the school. Don't offer it; ask `May` before.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// It is not on this device. Sync, and look again.
    #[error("{reason}")]
    Missing {
        /// What.
        reason: String,
    },
    /// Something has not reached the school. Sync first, or ask the person whether it may be lost.
    #[error("{reason}")]
    Unsent {
        /// How many things.
        count: u64,
        /// The same in words.
        reason: String,
    },
    /// The store is paused, was wiped, is open in another program, or can't be read while the device is locked.
    /// `Store.resume`, open another, close it there, or wait.
    #[error("{reason}")]
    Closed {
        /// Which of these.
        reason: String,
    },
    /// The app handed over what can't be: an id that is none, a folder that is taken. A mistake in the app.
    #[error("{reason}")]
    Argument {
        /// What.
        reason: String,
    },
    /// The store can't be used as it is. Keep its folder, update the app, and else save what can be read by
    /// `Fieldfolio.salvage`.
    #[error("{reason}")]
    Broken {
        /// What was found.
        reason: String,
    },
}

impl FieldfolioError {
    pub(super) fn stopped() -> Self {
        Self::Broken {
            reason: "the library stopped in the middle of this: do it again, and report it".into(),
        }
    }

    pub(super) fn busy() -> Self {
        Self::Offline { reason: "the school has no time just now: do it again in a while".into() }
    }

    pub(super) fn unreachable() -> Self {
        Self::Offline { reason: "the school can't be reached: everything is kept on this device".into() }
    }
}

impl From<DeviceError> for FieldfolioError {
    fn from(error: DeviceError) -> Self {
        let reason = error.to_string();
        match error {
            DeviceError::Store(store) => match store {
                StoreError::NoRoom => Self::Space { reason },
                StoreError::Absent(_) => Self::Missing { reason },
                StoreError::Present(_)
                | StoreError::Foreign(_)
                | StoreError::Occupied(_)
                | StoreError::DoneAlready => Self::Argument { reason },
                StoreError::InUse(_) | StoreError::OutOfReach(_) => Self::Closed { reason },
                StoreError::Damaged { .. }
                | StoreError::Newer { .. }
                | StoreError::Nobody(_)
                | StoreError::Sqlite(_)
                | StoreError::Unexpected(_) => Self::Broken { reason },
                StoreError::File { source, .. } => match source.kind() {
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                        Self::Space { reason }
                    }
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied => {
                        Self::Missing { reason }
                    }
                    std::io::ErrorKind::NotADirectory
                    | std::io::ErrorKind::AlreadyExists
                    | std::io::ErrorKind::InvalidInput
                    | std::io::ErrorKind::InvalidFilename => Self::Argument { reason },
                    _ => Self::Broken { reason },
                },
            },
            DeviceError::Media { number, .. } => {
                Self::Media { number: u32::try_from(number).unwrap_or(u32::MAX), reason }
            }
            DeviceError::Sheet(_) | DeviceError::Act(_) | DeviceError::Bounds(_) => Self::TooLong { reason },
            DeviceError::Unknown(_) => Self::Missing { reason },
            DeviceError::NotAllowed(_) | DeviceError::Relay(_) => Self::Refused { reason },
            DeviceError::Unsent(count) => Self::Unsent { count, reason },
        }
    }
}

impl From<Refusal> for FieldfolioError {
    /// Only what an app handed over is refused this way.
    fn from(refusal: Refusal) -> Self {
        Self::Argument { reason: refusal.reason }
    }
}

impl From<BadId> for FieldfolioError {
    fn from(bad: BadId) -> Self {
        Self::Argument { reason: bad.to_string() }
    }
}
