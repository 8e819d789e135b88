//! Who wants the loop of a store that moves bytes, and how it goes.

use tokio::sync::{Notify, watch};

/// Who wants the loop, and how it goes.
#[derive(Debug)]
pub(super) struct Pumping {
    pub(super) wanted: watch::Sender<Wanted>,
    pub(super) going: watch::Sender<Going>,
    pub(super) nudged: Notify,
}

/// Who wants the loop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) live: bool,
    pub(super) runs: u32,
    /// Rises with every call to cancel.
    pub(super) cancelled: u64,
    /// The store is being paused or left: nobody gets it now.
    pub(super) closing: bool,
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
    pub(super) fn nudge(&self) {
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
    pub(super) async fn stop(&self) {
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
