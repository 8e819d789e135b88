//! Pausing and resuming a store, and leaving it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fieldfolio_core::device::{Device, Unsent};
use tokio::sync::OwnedMutexGuard;

use super::handle::DeviceHandle;
use super::log::{LogLevel, log};
use super::store::Store;
use super::{FieldfolioError, blocking, through};

/// Nobody else pauses, resumes or leaves meanwhile.
type Alone = OwnedMutexGuard<()>;

/// What becomes of work that has not reached the school when somebody logs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LogOut {
    /// Logging out is refused while there is any.
    Keep,
    /// It is sent first, for so long at most; what is still unsent then refuses.
    SendFirst {
        /// How long, in seconds.
        seconds: u32,
    },
    /// It is lost. Ask the person first, and name what it is.
    Lose,
}

impl DeviceHandle {
    async fn pause(self: &Arc<Self>, _alone: Alone) -> Result<(), FieldfolioError> {
        self.pumping.stop().await;
        let handle = self.clone();
        blocking(move || {
            let mut held = handle.held();
            handle.is_paused.store(!handle.is_gone(), Ordering::Relaxed);
            match held.device.take() {
                Some(device) => Ok(device.pause()?),
                None => Ok(()),
            }
        })
        .await
    }

    async fn resume(self: &Arc<Self>, _alone: Alone) -> Result<(), FieldfolioError> {
        let handle = self.clone();
        blocking(move || {
            let mut held = handle.held();
            if handle.is_gone() {
                return Err(handle.closed());
            }
            if held.device.is_none() {
                let mut device = Device::open(handle.folder.as_path())?;
                device.set_line(handle.line());
                held.device = Some(device);
                held.written = 0;
                handle.is_paused.store(false, Ordering::Relaxed);
                // Whoever looked meanwhile saw nothing: there is something to look at again.
                handle.version.send_modify(|version| version.count += 1);
            }
            Ok(())
        })
        .await?;
        self.reopened();
        Ok(())
    }

    async fn leave(self: &Arc<Self>, _alone: Alone, unsent: Unsent) -> Result<(), FieldfolioError> {
        if unsent == Unsent::Keep {
            self.with(|device| Ok(device.may_be_wiped()?)).await?;
        }
        self.pumping.stop().await;
        let handle = self.clone();
        let left = blocking(move || {
            let mut held = handle.held();
            let device = match held.device.take() {
                Some(device) => device,
                None if handle.is_gone() => return Ok(()),
                None => Device::open(handle.folder.as_path())?,
            };
            if unsent == Unsent::Keep
                && let Err(refused) = device.may_be_wiped()
            {
                held.device = Some(device);
                handle.is_paused.store(false, Ordering::Relaxed);
                return Err(refused.into());
            }
            // Until it is gone it can be resumed.
            handle.is_paused.store(true, Ordering::Relaxed);
            device.wipe(Unsent::MayBeLost)?;
            handle.is_paused.store(false, Ordering::Relaxed);
            handle.version.send_modify(|version| version.is_gone = true);
            log(LogLevel::Info, || "a store was wiped".into());
            Ok(())
        })
        .await;
        self.reopened();
        left
    }
}

impl Store {
    /// In the order of the calls, which the runtime would not keep.
    async fn alone(&self) -> (Arc<DeviceHandle>, Alone) {
        (self.handle.clone(), self.handle.door.clone().lock_owned().await)
    }

    async fn leave(&self, unsent: Unsent) -> Result<(), FieldfolioError> {
        let (handle, alone) = self.alone().await;
        through(async move { handle.leave(alone, unsent).await }).await
    }
}

#[uniffi::export]
impl Store {
    /// Writes everything back and lets go of the files and the network: a phone ends an app that holds a database while
    /// it is suspended. Call it when the app leaves the foreground. Everything else throws `Closed` until `resume`.
    pub async fn pause(&self) -> Result<(), FieldfolioError> {
        let (handle, alone) = self.alone().await;
        through(async move { handle.pause(alone).await }).await
    }

    /// Opens it again. What was live before the pause goes on.
    pub async fn resume(&self) -> Result<(), FieldfolioError> {
        let (handle, alone) = self.alone().await;
        through(async move { handle.resume(alone).await }).await
    }

    /// Is it paused?
    pub fn is_paused(&self) -> bool {
        self.handle.is_paused.load(Ordering::Relaxed)
    }

    /// Removes this person's work from this device, once the school has all of it, or as `unsent` says. The school keeps
    /// what it has.
    pub async fn log_out(&self, unsent: LogOut) -> Result<(), FieldfolioError> {
        if unsent != LogOut::Lose {
            self.resume().await?;
        }
        match unsent {
            LogOut::Keep => self.leave(Unsent::Keep).await,
            LogOut::SendFirst { seconds } => {
                self.handle.run(super::SyncBudget { seconds }).await?;
                self.leave(Unsent::Keep).await
            }
            LogOut::Lose => self.leave(Unsent::MayBeLost).await,
        }
    }

    /// Removes everything from this device at once, unsent work, too. For a device that is given away.
    pub async fn wipe(&self) -> Result<(), FieldfolioError> {
        self.leave(Unsent::MayBeLost).await
    }
}
