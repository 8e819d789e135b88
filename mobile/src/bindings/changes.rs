//! Hearing that something changed.

use tokio::sync::{Mutex, watch};

use super::closing::Closed;
use super::handle::Version;
use super::store::Store;

/// Tells that something changed in a store: by somebody here, or by the school. What was drawn is then read again. Changes
/// that come while nobody asks are told as one.
#[derive(Debug, uniffi::Object)]
pub struct ChangeStream {
    versions: Mutex<watch::Receiver<Version>>,
    closed: Closed,
}

#[uniffi::export]
impl Store {
    /// Tells of every change from now on.
    pub fn open_change_stream(&self) -> ChangeStream {
        ChangeStream { versions: Mutex::new(self.handle.versions()), closed: Closed::default() }
    }
}

#[uniffi::export]
impl ChangeStream {
    /// Waits for the next change. Answers how often something has changed since the store was opened; nothing once the
    /// store is gone, and nothing will change any more.
    pub async fn next(&self) -> Option<u64> {
        let mut versions = self.versions.lock().await;
        self.closed.unless(versions.changed()).await?.ok()?;
        let Version { count, is_gone } = *versions.borrow_and_update();
        (!is_gone).then_some(count)
    }

    /// Nobody listens any more: who waits for the next change is answered with nothing.
    pub fn end(&self) {
        self.closed.close();
    }
}
