//! The relay's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use fieldfolio_core::time::Timestamp;

/// The relay's clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
