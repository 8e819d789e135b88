//! One person's work on this device: what lies there, and the room it takes.

use std::sync::Arc;

use fieldfolio_core::device::{Device, DeviceError};

use super::handle::DeviceHandle;
use super::net;
use super::{FieldfolioError, now};
use crate::Views;

/// One person's work on this device. Everything that is done with it is on disk when the call returns.
#[derive(Debug, uniffi::Object)]
pub struct Store {
    pub(super) handle: Arc<DeviceHandle>,
}

/// The media that lie on this device, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Storage {
    /// All of it.
    pub bytes: u64,
    /// One's own that the school does not have yet. It stays.
    pub unsent: u64,
    /// One's own originals that the school has: they may go, and come back when they are opened.
    pub own_sent: u64,
    /// Others' originals: they may go, too.
    pub others: u64,
    /// Small pictures.
    pub previews: u64,
    /// What others' originals grow to before the longest unseen go by themselves.
    pub budget: u64,
}

/// Room that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Freed {
    /// How many originals went.
    pub count: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Store {
    /// Looks, and hands out what was seen.
    pub(super) async fn views<T: Send + 'static>(
        &self,
        see: impl FnOnce(&Views<'_>) -> Result<T, DeviceError> + Send + 'static,
    ) -> Result<T, FieldfolioError> {
        self.handle.with(move |device| Ok(see(&Views::at(device, now())?)?)).await
    }

    /// Does something that the school should hear of.
    pub(super) async fn act<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Device) -> Result<T, FieldfolioError> + Send + 'static,
    ) -> Result<T, FieldfolioError> {
        let done = self.handle.with(work).await?;
        self.handle.nudge();
        Ok(done)
    }
}

#[uniffi::export]
impl Store {
    /// The folder it lies in.
    pub fn folder(&self) -> String {
        self.handle.folder.to_string_lossy().into_owned()
    }

    /// Where the school's relay answers.
    pub fn relay(&self) -> String {
        self.handle.identity.relay.clone()
    }

    /// Does the school vouch for its web server itself? Then the platform, which knows nothing of that, would turn it away:
    /// ask `believes`.
    pub fn is_pinned(&self) -> bool {
        self.handle.identity.pin.is_some()
    }

    /// Is this the certificate (in DER) of the key that the school vouches for? For the platform's own uploader. False where
    /// nothing is pinned: the platform's word counts then.
    pub fn believes(&self, certificate: Vec<u8>) -> bool {
        self.handle.identity.pin.is_some_and(|pin| net::is_pinned(&certificate, pin))
    }

    /// The media that lie here.
    pub async fn storage(&self) -> Result<Storage, FieldfolioError> {
        self.handle
            .with(|device| {
                let room = device.storage_space()?;
                Ok(Storage {
                    bytes: room.bytes,
                    unsent: room.unsent,
                    own_sent: room.own_sent,
                    others: room.others,
                    previews: room.previews,
                    budget: room.budget,
                })
            })
            .await
    }

    /// Sets how many bytes of others' originals are kept, and lets go of what is over it.
    pub async fn set_storage_budget(&self, bytes: u64) -> Result<(), FieldfolioError> {
        self.handle.with(move |device| Ok(device.set_storage_budget(bytes)?)).await
    }

    /// Lets go of every original that the school has. They come back when they are opened.
    pub async fn free_space(&self) -> Result<Freed, FieldfolioError> {
        self.handle
            .with(|device| {
                let freed = device.free_space()?;
                Ok(Freed { count: freed.count, bytes: freed.bytes })
            })
            .await
    }
}
