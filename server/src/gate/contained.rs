//! A trial on the calling thread, with panics contained: what a child of the gate does, and a simulation in one thread.

use std::cell::Cell;
use std::panic;
use std::sync::Once;

use fieldfolio_core::document::{SignedChange, Tried, Unfit};
use fieldfolio_core::sync::relay::{Sandbox, Untaken, try_changes};

/// Tries changes on the calling thread and contains panics. It can't contain what wants all memory, or never ends.
#[derive(Debug, Clone, Copy)]
pub struct ContainedTrial(());

thread_local! {
    static TRYING: Cell<bool> = const { Cell::new(false) };
}

impl ContainedTrial {
    /// A trial room. Panics of the trial itself are not printed: they may quote what people wrote.
    pub fn new() -> Self {
        static QUIET: Once = Once::new();
        QUIET.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if !TRYING.get() {
                    usual(info);
                }
            }));
        });
        Self(())
    }

    pub(super) fn try_here(self, stored: &[Vec<u8>], new: &[&SignedChange]) -> Result<Tried, Unfit> {
        TRYING.set(true);
        let tried = panic::catch_unwind(|| try_changes(stored, new));
        TRYING.set(false);
        tried.unwrap_or(Err(Unfit::Damages("the trial did not survive it")))
    }
}

impl Default for ContainedTrial {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox for ContainedTrial {
    fn trial(&self, stored: &[Vec<u8>], new: &[&SignedChange]) -> Result<Tried, Untaken> {
        Ok(self.try_here(stored, new)?)
    }
}
