//! How often devices have what they hold compared with what the school has.

use std::num::NonZeroU32;
use std::time::Duration;

use fieldfolio_core::ids::DeviceId;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// How often one device may have all that it holds compared, at once and for long: reading it all is dear, and a device
/// does so once a week.
const COMPARED_AT_ONCE: NonZeroU32 = NonZeroU32::new(12).expect("it is not zero");
const COMPARED_EVERY: Duration = Duration::from_secs(10 * 60);
/// When so many devices are remembered, those that have been quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// How often devices have what they hold compared with what the school has.
#[derive(Debug)]
pub(super) struct Comparisons(DefaultKeyedRateLimiter<DeviceId>);

impl Comparisons {
    pub(super) fn new() -> Self {
        let quota = Quota::with_period(COMPARED_EVERY).expect("it is not zero");
        Self(RateLimiter::keyed(quota.allow_burst(COMPARED_AT_ONCE)))
    }

    /// May this device have it done now? It has just been done, and done again, where it may not.
    pub(super) fn may_compare(&self, device: DeviceId) -> bool {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        self.0.check_key(&device).is_ok()
    }
}
