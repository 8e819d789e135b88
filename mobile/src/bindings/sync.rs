//! Moving bytes: one run within a budget while the app is in the background, live while it is in the foreground; the queue
//! of files with its progress; and how things stand, as a stream.

mod background;
mod pump;
mod status;
mod wanted;

use std::sync::Arc;
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::PieceId;

use super::FieldfolioError;
use super::handle::DeviceHandle;
use super::store::Store;
use crate::records::HeldBack;

pub use background::{BackgroundUpload, BackgroundUploadAnswer, Header};
pub use status::{Connection, StatusStream, SyncStatus};

/// Moves bytes between one store and its school. There is one of it for a store, however often it is asked for.
#[derive(Debug, uniffi::Object)]
pub struct SyncService {
    handle: Arc<DeviceHandle>,
}

/// How long a run may take: what the platform grants an app in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncBudget {
    /// Seconds.
    pub seconds: u32,
}

/// How a run ended. Nothing is lost by any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SyncEnd {
    /// Nothing is left to be sent or fetched, but for what waits for people.
    InStep,
    /// The school can't be reached.
    Offline,
    /// The school does not know this device any more.
    Locked,
    /// The time is over; the next run goes on where this one stopped.
    OutOfTime,
    /// `cancel` was called.
    Cancelled,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// How it ended.
    pub end: SyncEnd,
    /// Bytes of bodies that left meanwhile.
    pub bytes_up: u64,
    /// Bytes of bodies that came.
    pub bytes_down: u64,
}

impl DeviceHandle {
    /// One run, beside whatever else moves bytes.
    pub(super) async fn run(self: &Arc<Self>, budget: SyncBudget) -> Result<SyncReport, FieldfolioError> {
        let handle = self.clone();
        // Cancelled from now on.
        let cancelled = self.pumping.cancelled();
        super::beside(async move {
            let (up, down) = handle.net.traffic().bytes();
            // Someone asked for this: no old pause holds it up.
            handle.with(|device| Ok(device.wake()?)).await?;
            let end = handle.run_until(Duration::from_secs(budget.seconds.into()), cancelled).await;
            let now = handle.net.traffic().bytes();
            Ok(SyncReport { end, bytes_up: now.0 - up, bytes_down: now.1 - down })
        })
        .await
    }
}

#[uniffi::export]
impl Store {
    /// What moves bytes for this store.
    pub fn sync_service(&self) -> SyncService {
        SyncService { handle: self.handle.clone() }
    }
}

#[uniffi::export]
impl SyncService {
    /// Syncs until nothing is left to do or the budget is over. Nobody waiting for it any more ends it; so does `cancel`.
    /// For background work: a WorkManager worker, a BGTask, a script.
    pub async fn run(&self, budget: SyncBudget) -> Result<SyncReport, FieldfolioError> {
        self.handle.run(budget).await
    }

    /// Stays in step from now on, over a line on which news come as they commit. For the foreground. It returns at once;
    /// the status stream tells how it goes.
    pub fn go_live(&self) {
        self.handle.pumping.want_live(true);
        self.handle.pump();
    }

    /// Ends that. A run that is under way goes on.
    pub fn stop_live(&self) {
        self.handle.pumping.want_live(false);
    }

    /// Ends a run that is under way. What was acknowledged stays so; the rest goes on at the very byte next time.
    pub fn cancel(&self) {
        self.handle.pumping.cancel();
    }

    /// Nothing waits for its time any more: somebody pulled to refresh, or the network came back.
    pub async fn retry(&self) -> Result<(), FieldfolioError> {
        self.handle.with(|device| Ok(device.wake()?)).await?;
        self.handle.nudge();
        Ok(())
    }

    /// Holds a piece's files back (one of them, if it is named by its hash), or lets them go. What is cancelled is let go
    /// of by the school, and stays here.
    #[uniffi::method(default(hash = None))]
    pub async fn hold(
        &self,
        piece: PieceId,
        held: HeldBack,
        hash: Option<BlobHash>,
    ) -> Result<(), FieldfolioError> {
        self.handle.with(move |device| Ok(device.hold_upload(piece, hash, held.into())?)).await?;
        self.handle.nudge();
        Ok(())
    }

    /// Holds all files back, or lets them go. What people wrote goes on.
    pub async fn pause_uploads(&self, is_paused: bool) -> Result<(), FieldfolioError> {
        self.handle.with(move |device| Ok(device.pause_uploads(is_paused)?)).await?;
        self.handle.nudge();
        Ok(())
    }

    /// With true, originals wait for a line that is not paid by the byte.
    pub async fn set_thrifty(&self, is_thrifty: bool) -> Result<(), FieldfolioError> {
        self.handle.with(move |device| Ok(device.set_thrifty(is_thrifty)?)).await?;
        self.handle.nudge();
        Ok(())
    }

    /// Says whether the line is paid by the byte, whenever the platform tells. While the store is paused it throws `Closed`
    /// and is remembered all the same.
    pub async fn set_metered(&self, is_metered: bool) -> Result<(), FieldfolioError> {
        self.handle.set_metered(is_metered).await?;
        self.handle.nudge();
        Ok(())
    }
}
