//! Where changes are tried before they are stored.
//!
//! automerge panics on some well-formed hostile changes. Here the trial runs on the thread that prepares the exchange,
//! with bounded input, and a panic costs one verdict. The seam is [`TrialRoom`]: child processes with memory and time
//! limits fit behind it.

use std::cell::Cell;
use std::panic;
use std::sync::Once;

use fieldfolio_core::document::{SignedChange, Tried, Unfit};
use fieldfolio_core::sync::relay::{TrialRoom, try_changes};

/// Tries changes on the calling thread and contains panics.
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
}

impl Default for ContainedTrial {
    fn default() -> Self {
        Self::new()
    }
}

impl TrialRoom for ContainedTrial {
    fn trial(&self, stored: &[Vec<u8>], new: &[&SignedChange]) -> Result<Tried, Unfit> {
        TRYING.set(true);
        let tried = panic::catch_unwind(|| try_changes(stored, new));
        TRYING.set(false);
        tried.unwrap_or(Err(Unfit::Damages("the trial did not survive it")))
    }
}
