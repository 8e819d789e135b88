//! Hearing that something changed.

use tokio::sync::{Mutex, watch};

use super::store::{Store, Version};

/// Tells that something changed in a store: by somebody here, or by the school. What was drawn is then read again. Changes
/// that come while nobody asks are told as one.
#[derive(Debug, uniffi::Object)]
pub struct ChangeStream {
    versions: Mutex<watch::Receiver<Version>>,
}

#[uniffi::export]
impl Store {
    /// Tells of every change from now on.
    pub fn open_change_stream(&self) -> ChangeStream {
        ChangeStream { versions: Mutex::new(self.desk.versions()) }
    }
}

#[uniffi::export]
impl ChangeStream {
    /// Waits for the next change. Answers how often something has changed since the store was opened; nothing once the
    /// store is gone, and nothing will change any more.
    pub async fn next(&self) -> Option<u64> {
        let mut versions = self.versions.lock().await;
        versions.changed().await.ok()?;
        let Version { count, is_gone } = *versions.borrow_and_update();
        (!is_gone).then_some(count)
    }
}
