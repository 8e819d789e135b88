//! One person's work on this device: opening and closing, room, and leaving.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldfolio_core::device::{Call, Device, DeviceError, Line, Unsent};
use fieldfolio_core::store::Identity;
use tokio::sync::{OwnedMutexGuard, watch};

use super::log::{LogLevel, log};
use super::net::{self, Net};
use super::sync::Pumping;
use super::{FieldfolioError, beside, blocking, now, through};
use crate::Look;

/// One person's work on this device. Everything that is done with it is on disk when the call returns.
#[derive(Debug, uniffi::Object)]
pub struct Store {
    pub(super) desk: Arc<Desk>,
}

/// What the store and everything made from it work with.
#[derive(Debug)]
pub(super) struct Desk {
    held: Mutex<Held>,
    is_paused: AtomicBool,
    /// Whether the line is paid by the byte, as the platform said last.
    is_metered: AtomicBool,
    /// Pausing, resuming and leaving wait for each other.
    door: Arc<tokio::sync::Mutex<()>>,
    pub(super) identity: Identity,
    folder: PathBuf,
    pub(super) net: Net,
    version: watch::Sender<Version>,
    pub(super) pumping: Pumping,
}

/// Nobody else pauses, resumes or leaves meanwhile.
type Alone = OwnedMutexGuard<()>;

#[derive(Debug)]
struct Held {
    device: Option<Device>,
    /// Rows that had been written when the version last rose.
    written: u64,
}

/// How often something changed, and whether anything ever will again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) count: u64,
    pub(super) is_gone: bool,
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

impl Desk {
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
        let desk = self.clone();
        blocking(move || desk.now(work)).await
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

    fn closed(&self) -> FieldfolioError {
        let reason = match self.is_gone() {
            true => "this store was wiped: enrol again",
            false => "this store is paused: resume it",
        };
        FieldfolioError::Closed { reason: reason.into() }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.version.borrow().is_gone
    }

    fn held(&self) -> MutexGuard<'_, Held> {
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

    fn line(&self) -> Line {
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
        let desk = self.clone();
        beside(async move {
            let call = desk.with(call).await?;
            let answer = desk.net.perform(&call.ask).await.map_err(|_| FieldfolioError::unreachable())?;
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
            let _ = desk.with(|device| Ok(device.wake()?)).await;
            desk.nudge();
            Ok(done)
        })
        .await
    }

    async fn pause(self: &Arc<Self>, _alone: Alone) -> Result<(), FieldfolioError> {
        self.pumping.stop().await;
        let desk = self.clone();
        blocking(move || {
            let mut held = desk.held();
            desk.is_paused.store(!desk.is_gone(), Ordering::Relaxed);
            match held.device.take() {
                Some(device) => Ok(device.pause()?),
                None => Ok(()),
            }
        })
        .await
    }

    async fn resume(self: &Arc<Self>, _alone: Alone) -> Result<(), FieldfolioError> {
        let desk = self.clone();
        blocking(move || {
            let mut held = desk.held();
            if desk.is_gone() {
                return Err(desk.closed());
            }
            if held.device.is_none() {
                let mut device = Device::open(desk.folder.as_path())?;
                device.set_line(desk.line());
                held.device = Some(device);
                held.written = 0;
                desk.is_paused.store(false, Ordering::Relaxed);
                // Whoever looked meanwhile saw nothing: there is something to look at again.
                desk.version.send_modify(|version| version.count += 1);
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
        let desk = self.clone();
        let left = blocking(move || {
            let mut held = desk.held();
            let device = match held.device.take() {
                Some(device) => device,
                None if desk.is_gone() => return Ok(()),
                None => Device::open(desk.folder.as_path())?,
            };
            if unsent == Unsent::Keep
                && let Err(refused) = device.may_be_wiped()
            {
                held.device = Some(device);
                desk.is_paused.store(false, Ordering::Relaxed);
                return Err(refused.into());
            }
            // Until it is gone it can be resumed.
            desk.is_paused.store(true, Ordering::Relaxed);
            device.wipe(Unsent::MayBeLost)?;
            desk.is_paused.store(false, Ordering::Relaxed);
            desk.version.send_modify(|version| version.is_gone = true);
            log(LogLevel::Info, || "a store was wiped".into());
            Ok(())
        })
        .await;
        self.reopened();
        left
    }
}

impl Store {
    /// Looks, and hands out what was seen.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        see: impl FnOnce(&Look<'_>) -> Result<T, DeviceError> + Send + 'static,
    ) -> Result<T, FieldfolioError> {
        self.desk.with(move |device| Ok(see(&Look::at(device, now())?)?)).await
    }

    /// Does something that the school should hear of.
    pub(super) async fn act<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Device) -> Result<T, FieldfolioError> + Send + 'static,
    ) -> Result<T, FieldfolioError> {
        let done = self.desk.with(work).await?;
        self.desk.nudge();
        Ok(done)
    }

    /// In the order of the calls, which the runtime would not keep.
    async fn alone(&self) -> (Arc<Desk>, Alone) {
        (self.desk.clone(), self.desk.door.clone().lock_owned().await)
    }

    async fn leave(&self, unsent: Unsent) -> Result<(), FieldfolioError> {
        let (desk, alone) = self.alone().await;
        through(async move { desk.leave(alone, unsent).await }).await
    }
}

#[uniffi::export]
impl Store {
    /// The folder it lies in.
    pub fn folder(&self) -> String {
        self.desk.folder.to_string_lossy().into_owned()
    }

    /// Where the school's relay answers.
    pub fn relay(&self) -> String {
        self.desk.identity.relay.clone()
    }

    /// Does the school vouch for its web server itself? Then the platform, which knows nothing of that, would turn it away:
    /// ask `believes`.
    pub fn is_pinned(&self) -> bool {
        self.desk.identity.pin.is_some()
    }

    /// Is this the certificate (in DER) of the key that the school vouches for? For the platform's own uploader. False where
    /// nothing is pinned: the platform's word counts then.
    pub fn believes(&self, certificate: Vec<u8>) -> bool {
        self.desk.identity.pin.is_some_and(|pin| net::is_pinned(&certificate, pin))
    }

    /// Writes everything back and lets go of the files and the network: a phone ends an app that holds a database while
    /// it is suspended. Call it when the app leaves the foreground. Everything else throws `Closed` until `resume`.
    pub async fn pause(&self) -> Result<(), FieldfolioError> {
        let (desk, alone) = self.alone().await;
        through(async move { desk.pause(alone).await }).await
    }

    /// Opens it again. What was live before the pause goes on.
    pub async fn resume(&self) -> Result<(), FieldfolioError> {
        let (desk, alone) = self.alone().await;
        through(async move { desk.resume(alone).await }).await
    }

    /// Is it paused?
    pub fn is_paused(&self) -> bool {
        self.desk.is_paused.load(Ordering::Relaxed)
    }

    /// The media that lie here.
    pub async fn storage(&self) -> Result<Storage, FieldfolioError> {
        self.desk
            .with(|device| {
                let room = device.room()?;
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
        self.desk.with(move |device| Ok(device.set_room_budget(bytes)?)).await
    }

    /// Lets go of every original that the school has. They come back when they are opened.
    pub async fn free_room(&self) -> Result<Freed, FieldfolioError> {
        self.desk
            .with(|device| {
                let freed = device.free_room()?;
                Ok(Freed { count: freed.count, bytes: freed.bytes })
            })
            .await
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
                self.desk.run(super::SyncBudget { seconds }).await?;
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
