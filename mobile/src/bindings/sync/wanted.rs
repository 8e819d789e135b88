//! Who wants the loop of a store, a run or the live line, and how it goes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::super::log::{LogLevel, log};
use super::super::runtime;
use super::super::store::Desk;
use super::SyncEnd;
use super::pump::Pump;

/// Who wants the loop, and how it goes.
#[derive(Debug)]
pub(in super::super) struct Pumping {
    pub(super) wanted: watch::Sender<Wanted>,
    pub(super) going: watch::Sender<Going>,
    pub(super) nudged: Notify,
}

/// Who wants the loop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    live: bool,
    runs: u32,
    /// Rises with every call to cancel.
    cancelled: u64,
    /// The store is being paused or left: nobody gets it now.
    closing: bool,
}

impl Wanted {
    pub(super) const fn by_somebody(&self) -> bool {
        !self.closing && (self.live || self.runs > 0)
    }

    /// Is the line wanted now?
    pub(super) const fn is_live(&self) -> bool {
        !self.closing && self.live
    }
}

/// How it goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Going {
    /// The loop runs.
    pub(super) is_running: bool,
    /// The live line is open.
    pub(super) is_live: bool,
    /// Something is on its way.
    pub(super) is_busy: bool,
    pub(super) is_offline: bool,
    pub(super) is_locked: bool,
    /// How often nothing was left to do.
    pub(super) in_step: u64,
    /// How often the school could not be reached.
    pub(super) offline: u64,
    /// How often the loop ended since the store was closed.
    pub(super) closed: u64,
}

impl Default for Pumping {
    fn default() -> Self {
        Self {
            wanted: watch::Sender::new(Wanted::default()),
            going: watch::Sender::new(Going::default()),
            nudged: Notify::new(),
        }
    }
}

impl Pumping {
    /// There may be something to do.
    pub(in super::super) fn nudge(&self) {
        self.nudged.notify_one();
    }

    pub(super) fn going(&self) -> watch::Receiver<Going> {
        self.going.subscribe()
    }

    pub(super) fn want_live(&self, live: bool) {
        self.wanted.send_modify(|wanted| wanted.live = live);
    }

    /// How often it was cancelled so far.
    pub(super) fn cancelled(&self) -> u64 {
        self.wanted.borrow().cancelled
    }

    pub(super) fn cancel(&self) {
        self.wanted.send_modify(|wanted| wanted.cancelled += 1);
    }

    /// Ends the loop and everything that wants it, and returns when it has ended. Whether it shall be live again is
    /// remembered.
    pub(in super::super) async fn stop(&self) {
        self.wanted.send_modify(|wanted| {
            wanted.closing = true;
            wanted.cancelled += 1;
        });
        // The sender lives as long as this.
        let _ = self.going.subscribe().wait_for(|going| !going.is_running).await;
    }

    pub(super) fn tell(&self, how: impl FnOnce(&mut Going)) {
        self.going.send_if_modified(|going| {
            let before = *going;
            how(going);
            *going != before
        });
    }
}

/// A run wants the loop as long as this lives.
struct Running(Arc<Desk>);

impl Running {
    fn begin(desk: &Arc<Desk>) -> Self {
        desk.pumping.wanted.send_modify(|wanted| wanted.runs += 1);
        Self(desk.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.pumping.wanted.send_modify(|wanted| wanted.runs -= 1);
    }
}

impl Desk {
    /// Waits for the loop to have nothing to do, for so long.
    pub(super) async fn run_until(self: &Arc<Self>, budget: Duration, cancelled: u64) -> SyncEnd {
        let mut going = self.pumping.going();
        let before = *going.borrow_and_update();
        let mut wanted = self.pumping.wanted.subscribe();
        let running = Running::begin(self);
        self.pump();
        self.pumping.nudge();
        let ended = going.wait_for(|now| {
            now.in_step > before.in_step
                || now.offline > before.offline
                || now.is_locked
                || now.closed > before.closed
        });
        let end = tokio::select! {
            now = ended => match now.map(|now| *now) {
                Ok(now) if now.is_locked => SyncEnd::Locked,
                Ok(now) if now.in_step > before.in_step => SyncEnd::InStep,
                Ok(now) if now.offline > before.offline => SyncEnd::Offline,
                Ok(_) | Err(_) => SyncEnd::Cancelled,
            },
            _ = wanted.wait_for(|wanted| wanted.closing || wanted.cancelled > cancelled) => SyncEnd::Cancelled,
            () = tokio::time::sleep(budget) => SyncEnd::OutOfTime,
        };
        drop(running);
        // Whoever is granted so much time does nothing afterwards.
        if !self.pumping.wanted.borrow().by_somebody() {
            let _ = self.pumping.going().wait_for(|going| !going.is_running).await;
        }
        log(LogLevel::Info, || format!("a run ended: {end:?}"));
        end
    }

    /// The store is open again, or was not closed after all: what was live lives on.
    pub(in super::super) fn reopened(self: &Arc<Self>) {
        self.pumping.wanted.send_modify(|wanted| wanted.closing = false);
        if self.pumping.wanted.borrow().by_somebody() {
            self.pump();
        }
    }

    /// Starts the loop, unless it runs.
    pub(super) fn pump(self: &Arc<Self>) {
        let starts = self.pumping.going.send_if_modified(|going| {
            let starts = !going.is_running;
            if starts {
                (going.is_running, going.is_busy, going.is_locked) = (true, true, false);
            }
            starts
        });
        if starts {
            runtime().spawn(Pump::run(self.clone()));
        }
    }
}
