//! The open device that everything of a store works with: one holder, however many ask.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldfolio_core::device::{Call, Device, Line};
use fieldfolio_core::store::Identity;
use tokio::sync::watch;

use super::demand::Pumping;
use super::net::Net;
use super::{FieldfolioError, beside, blocking};

/// What the store and everything made from it work with.
#[derive(Debug)]
pub(super) struct DeviceHandle {
    pub(super) held: Mutex<Held>,
    pub(super) is_paused: AtomicBool,
    /// Whether the line is paid by the byte, as the platform said last.
    is_metered: AtomicBool,
    /// Pausing, resuming and leaving wait for each other.
    pub(super) door: Arc<tokio::sync::Mutex<()>>,
    pub(super) identity: Identity,
    pub(super) folder: PathBuf,
    pub(super) net: Net,
    pub(super) version: watch::Sender<Version>,
    pub(super) pumping: Pumping,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) device: Option<Device>,
    /// Rows that had been written when the version last rose.
    pub(super) written: u64,
}

/// How often something changed, and whether anything ever will again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) count: u64,
    pub(super) is_gone: bool,
}

impl DeviceHandle {
    pub(super) fn of(device: Device) -> Result<Arc<Self>, FieldfolioError> {
        let identity = device.identity().clone();
        Ok(Arc::new(Self {
            folder: device.store().place().path().to_owned(),
            net: Net::of(&identity)?,
            identity,
            held: Mutex::new(Held { device: Some(device), written: 0 }),
            is_paused: AtomicBool::new(false),
            is_metered: AtomicBool::new(false),
            door: Arc::default(),
            version: watch::Sender::new(Version { count: 0, is_gone: false }),
            pumping: Pumping::default(),
        }))
    }

    /// Does something with the device, as soon as nobody else does.
    pub(super) async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Device) -> Result<T, FieldfolioError> + Send + 'static,
    ) -> Result<T, FieldfolioError> {
        let handle = self.clone();
        blocking(move || handle.now(work)).await
    }

    /// The same on this thread.
    fn now<T>(
        &self,
        work: impl FnOnce(&mut Device) -> Result<T, FieldfolioError>,
    ) -> Result<T, FieldfolioError> {
        let mut held = self.held();
        let device = held.device.as_mut().ok_or_else(|| self.closed())?;
        let done = work(device);
        let written = device.store().read().total_changes();
        if written != held.written {
            held.written = written;
            self.version.send_modify(|version| version.count += 1);
        }
        done
    }

    pub(super) fn closed(&self) -> FieldfolioError {
        let reason = match self.is_gone() {
            true => "this store was wiped: enrol again",
            false => "this store is paused: resume it",
        };
        FieldfolioError::Closed { reason: reason.into() }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.version.borrow().is_gone
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        // What a panic interrupted was one transaction, and is undone.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn set_metered(self: &Arc<Self>, is_metered: bool) -> Result<(), FieldfolioError> {
        self.is_metered.store(is_metered, Ordering::Relaxed);
        let line = self.line();
        self.with(move |device| {
            device.set_line(line);
            Ok(())
        })
        .await
    }

    pub(super) fn line(&self) -> Line {
        match self.is_metered.load(Ordering::Relaxed) {
            true => Line::Metered,
            false => Line::Free,
        }
    }

    pub(super) fn versions(&self) -> watch::Receiver<Version> {
        self.version.subscribe()
    }

    /// Something was done that the school should hear of.
    pub(super) fn nudge(&self) {
        self.pumping.nudge();
    }

    /// Asks the school, once.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        call: impl FnOnce(&mut Device) -> Result<Call<T>, FieldfolioError> + Send + 'static,
    ) -> Result<T, FieldfolioError> {
        let handle = self.clone();
        beside(async move {
            let call = handle.with(call).await?;
            let answer = handle.net.perform(&call.ask).await.map_err(|_| FieldfolioError::unreachable())?;
            if answer.status == 401 {
                return Err(FieldfolioError::SignIn {
                    reason: "the school does not know this device any more".into(),
                });
            }
            if matches!(answer.status, 429 | 500..) {
                return Err(FieldfolioError::busy());
            }
            let done = call.finish(answer)?;
            // What it changed comes back as news: soon, if this can be said.
            let _ = handle.with(|device| Ok(device.wake()?)).await;
            handle.nudge();
            Ok(done)
        })
        .await
    }
}
