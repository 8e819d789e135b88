//! How things stand, and hearing of it.

use std::sync::{Arc, Weak};

use fieldfolio_core::blob::BlobHash;
use tokio::sync::{Mutex, watch};

use super::super::closing::Closed;
use super::super::demand::Going;
use super::super::handle::{DeviceHandle, Version};
use super::super::{FieldfolioError, now};
use super::SyncService;
use crate::Views;
use crate::records::{Status, Upload};

/// How this device is connected with its school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Connection {
    /// Nothing is asked of it now.
    Idle,
    /// Something is on its way.
    Syncing,
    /// Everything that needs nobody's help is done.
    InStep,
    /// The same, and news come as they commit.
    Live,
    /// The school can't be reached; it is tried again.
    Offline,
    /// The school does not know this device any more.
    Locked,
}

/// How things stand.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct SyncStatus {
    /// How it is connected.
    pub connection: Connection,
    /// What waits, and why.
    pub status: Status,
    /// Bytes of the queue's files that have left.
    pub sent: u64,
    /// Bytes of them in all.
    pub size: u64,
}

/// Tells whenever something about the sync changed. What comes while nobody asks is told as one.
#[derive(Debug, uniffi::Object)]
pub struct StatusStream {
    /// Who only listens does not keep a store open.
    handle: Weak<DeviceHandle>,
    feed: Mutex<Feed>,
    closed: Closed,
}

#[derive(Debug)]
struct Feed {
    versions: watch::Receiver<Version>,
    going: watch::Receiver<Going>,
    /// What was told last; the first is told at once.
    last: Option<SyncStatus>,
}

impl Feed {
    /// Waits until something changed; false once there is nothing any more that could.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            changed = self.versions.changed() => changed.is_ok(),
            changed = self.going.changed() => changed.is_ok(),
        }
    }
}

fn connection(going: Going) -> Connection {
    match going {
        Going { is_locked: true, .. } => Connection::Locked,
        Going { is_running: false, .. } => Connection::Idle,
        Going { is_offline: true, .. } => Connection::Offline,
        Going { is_busy: true, .. } => Connection::Syncing,
        Going { is_live: true, .. } => Connection::Live,
        Going { .. } => Connection::InStep,
    }
}

impl DeviceHandle {
    /// The queue, with what has left of the stretch that is on its way now.
    async fn uploads(self: &Arc<Self>) -> Result<Status, FieldfolioError> {
        let traffic = self.net.traffic().clone();
        self.with(move |device| {
            let mut status = Views::at(device, now())?.status()?;
            for upload in &mut status.uploads {
                let path =
                    upload.hash.parse::<BlobHash>().ok().and_then(|hash| device.store().blobs().path(hash));
                let left = path.and_then(|path| traffic.left(&path));
                upload.sent = upload.sent.max(left.unwrap_or(0)).min(upload.size);
            }
            Ok(status)
        })
        .await
    }

    async fn sync_status(self: &Arc<Self>, going: Going) -> Result<SyncStatus, FieldfolioError> {
        let status = self.uploads().await?;
        let total = |of: fn(&Upload) -> u64| status.uploads.iter().map(of).sum();
        let (sent, size) = (total(|upload| upload.sent), total(|upload| upload.size));
        let connection = if status.locked { Connection::Locked } else { connection(going) };
        Ok(SyncStatus { connection, sent, size, status })
    }
}

#[uniffi::export]
impl SyncService {
    /// Files on their way to the school, small pictures first, each with its progress and what it waits for.
    pub async fn queue(&self) -> Result<Vec<Upload>, FieldfolioError> {
        Ok(self.handle.uploads().await?.uploads)
    }

    /// How things stand now.
    pub async fn status(&self) -> Result<SyncStatus, FieldfolioError> {
        let going = *self.handle.pumping.going().borrow();
        self.handle.sync_status(going).await
    }

    /// Tells how things stand, first at once and then whenever that changes.
    pub fn open_status_stream(&self) -> StatusStream {
        let feed = Feed { versions: self.handle.versions(), going: self.handle.pumping.going(), last: None };
        StatusStream {
            handle: Arc::downgrade(&self.handle),
            feed: Mutex::new(feed),
            closed: Closed::default(),
        }
    }
}

#[uniffi::export]
impl StatusStream {
    /// Waits until something changed, and says how things stand then. Nothing once the store is gone, or closed by everyone
    /// who used it. While the store is paused it waits.
    pub async fn next(&self) -> Result<Option<SyncStatus>, FieldfolioError> {
        let told = self.closed.unless(self.told()).await;
        told.unwrap_or(Ok(None))
    }

    /// Nobody listens any more: who waits for the next status is answered with nothing.
    pub fn end(&self) {
        self.closed.close();
    }
}

impl StatusStream {
    async fn told(&self) -> Result<Option<SyncStatus>, FieldfolioError> {
        let mut feed = self.feed.lock().await;
        let mut waits = feed.last.is_some();
        loop {
            if std::mem::replace(&mut waits, true) && !feed.wait().await {
                return Ok(None);
            }
            if feed.versions.borrow_and_update().is_gone {
                return Ok(None);
            }
            let going = *feed.going.borrow_and_update();
            let Some(handle) = self.handle.upgrade() else { return Ok(None) };
            match handle.sync_status(going).await {
                Err(FieldfolioError::Closed { .. }) => {}
                Ok(status) if feed.last.as_ref() == Some(&status) => {}
                Ok(status) => {
                    feed.last = Some(status.clone());
                    return Ok(Some(status));
                }
                Err(error) => return Err(error),
            }
        }
    }
}
