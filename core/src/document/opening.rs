//! Reading what others wrote, contained: a hostile change can make automerge panic, and that must cost one sheet only.
//!
//! Where a panic unwinds, it is caught here. Where it ends the program (a browser's worker), the sheet that was being
//! read stays marked on this thread, so that whoever starts the program again can set it aside first.

use std::cell::Cell;

use crate::ids::DocumentId;

thread_local! {
    static OPENING: Cell<Option<DocumentId>> = const { Cell::new(None) };
}

/// The reader stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// Reads a sheet, so that a panic costs this sheet only.
pub fn contained<T>(
    document: DocumentId,
    read: impl FnOnce() -> T + std::panic::UnwindSafe,
) -> Result<T, Stopped> {
    OPENING.set(Some(document));
    let done = std::panic::catch_unwind(read).map_err(|_| Stopped);
    OPENING.set(None);
    done
}

/// The sheet that was being read when this thread stopped, if that is how it stopped.
pub fn opening() -> Option<DocumentId> {
    OPENING.get()
}
