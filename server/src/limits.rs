//! How often one may ask: a device that floods the relay, and an address from which invitations or tokens are guessed, are
//! told to wait. Everybody else goes on.
//!
//! A school is one address to the outside, so nothing that succeeds is ever counted by address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use fieldfolio_core::ids::DeviceId;
use fieldfolio_core::sync::wire;
use futures_util::StreamExt;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::time::Duration;

/// Requests of one device in a second, for long.
const REQUESTS: NonZeroU32 = NonZeroU32::new(100).expect("it is not zero");
/// Requests of one device at once, after a quiet while.
const BURST: NonZeroU32 = NonZeroU32::new(2_000).expect("it is not zero");
/// Requests of one device that are under way.
const AT_ONCE: u32 = 24;
/// Guesses from one address in a minute, for long.
const GUESSES: NonZeroU32 = NonZeroU32::new(60).expect("it is not zero");
/// Guesses from one address at once.
const FIRST_GUESSES: NonZeroU32 = NonZeroU32::new(300).expect("it is not zero");
/// How often one device may have all that it holds compared, at once and for long: reading it all is dear, and a device
/// does so once a week.
const COMPARED_AT_ONCE: NonZeroU32 = NonZeroU32::new(12).expect("it is not zero");
const COMPARED_EVERY: Duration = Duration::from_secs(10 * 60);
/// When so many are remembered, those that have been quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// What is counted.
#[derive(Debug)]
pub(crate) struct Limits {
    devices: DefaultKeyedRateLimiter<DeviceId>,
    guesses: DefaultKeyedRateLimiter<IpAddr>,
    under_way: Arc<Mutex<BTreeMap<DeviceId, u32>>>,
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct UnderWay {
    all: Arc<Mutex<BTreeMap<DeviceId, u32>>>,
    device: DeviceId,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.device) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                all.remove(&self.device);
            }
        }
    }
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self {
            devices: RateLimiter::keyed(Quota::per_second(REQUESTS).allow_burst(BURST)),
            guesses: RateLimiter::keyed(Quota::per_minute(GUESSES).allow_burst(FIRST_GUESSES)),
            under_way: Arc::default(),
        }
    }

    /// May this device ask now? `None` when it asks too much.
    pub(crate) fn enter(&self, device: DeviceId) -> Option<UnderWay> {
        if self.devices.len() > REMEMBERED {
            self.devices.retain_recent();
        }
        self.devices.check_key(&device).ok()?;
        let mut all = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(device).or_default();
        if *count >= AT_ONCE {
            return None;
        }
        *count += 1;
        drop(all);
        Some(UnderWay { all: self.under_way.clone(), device })
    }

    /// Something was shown that nobody has. Whether it is answered as it is, or with "too often".
    pub(crate) fn guessed(&self, from: Option<IpAddr>) -> bool {
        if self.guesses.len() > REMEMBERED {
            self.guesses.retain_recent();
        }
        from.is_none_or(|from| self.guesses.check_key(&from).is_ok())
    }
}

/// How often devices have what they hold compared with what the school has.
#[derive(Debug)]
pub(crate) struct Comparisons(DefaultKeyedRateLimiter<DeviceId>);

impl Comparisons {
    pub(crate) fn new() -> Self {
        let quota = Quota::with_period(COMPARED_EVERY).expect("it is not zero");
        Self(RateLimiter::keyed(quota.allow_burst(COMPARED_AT_ONCE)))
    }

    /// May this device have it done now? It has just been done, and done again, where it may not.
    pub(crate) fn may_compare(&self, device: DeviceId) -> bool {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        self.0.check_key(&device).is_ok()
    }
}

/// A body that stands still for so long is given up.
const STILL: Duration = Duration::from_secs(30);
/// After this time a body comes with so many bytes a second at least, on average.
const AT_FIRST: Duration = Duration::from_secs(60);
const SLOWEST: u64 = 200;

/// Reads a body to its end, bounded in size and in patience.
pub(crate) async fn whole_body(request: Request, limit: usize) -> Result<(Request, Bytes), StatusCode> {
    let (parts, body) = request.into_parts();
    let begun = tokio::time::Instant::now();
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    loop {
        let Ok(next) = tokio::time::timeout(STILL, stream.next()).await else {
            return Err(StatusCode::REQUEST_TIMEOUT);
        };
        let Some(chunk) = next else { break };
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if whole.len() + chunk.len() > limit {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        whole.extend_from_slice(&chunk);
        let spent = begun.elapsed();
        if spent > AT_FIRST && (whole.len() as u64) < spent.as_secs() * SLOWEST {
            return Err(StatusCode::REQUEST_TIMEOUT);
        }
    }
    Ok((Request::from_parts(parts, Body::empty()), whole.into()))
}

/// The most bytes that a route reads of a body.
pub(crate) fn body_limit(path: &str) -> usize {
    match path {
        "/v1/sync" => wire::MAX_REQUEST_BYTES,
        _ => wire::MAX_CALL_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_device_that_floods_waits_and_another_does_not() {
        let limits = Limits::new();
        let (greedy, patient) = (DeviceId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
        let held: Vec<UnderWay> = std::iter::from_fn(|| limits.enter(greedy)).take(100).collect();
        assert_eq!(held.len(), AT_ONCE as usize);
        assert!(limits.enter(patient).is_some());
        drop(held);
        assert!(limits.enter(greedy).is_some());
        let went_through = (0..5_000).filter(|_| limits.enter(greedy).is_some()).count();
        assert!((1_900..4_000).contains(&went_through), "{went_through}");
        assert!(limits.enter(patient).is_some());
    }

    #[test]
    fn who_guesses_is_told_to_wait() {
        let limits = Limits::new();
        let (here, there) = (Some(IpAddr::from([10, 0, 0, 1])), Some(IpAddr::from([10, 0, 0, 2])));
        let answered = (0..1_000).filter(|_| limits.guessed(here)).count();
        assert!((300..400).contains(&answered), "{answered}");
        assert!(limits.guessed(there));
    }
}
