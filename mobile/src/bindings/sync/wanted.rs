//! Who wants the loop of a store, a run or the live line, and how it goes.

use std::sync::Arc;
use std::time::Duration;

use super::super::handle::DeviceHandle;
use super::super::log::{LogLevel, log};
use super::super::runtime;
use super::SyncEnd;
use super::pump::Pump;

/// A run wants the loop as long as this lives.
struct Running(Arc<DeviceHandle>);

impl Running {
    fn begin(handle: &Arc<DeviceHandle>) -> Self {
        handle.pumping.wanted.send_modify(|wanted| wanted.runs += 1);
        Self(handle.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.pumping.wanted.send_modify(|wanted| wanted.runs -= 1);
    }
}

impl DeviceHandle {
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
