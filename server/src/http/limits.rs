//! How much one may ask at a time, and how often: a person who floods the relay, over however many devices and lines, and
//! an address from which invitations or tokens are guessed, are told to wait. Everybody else goes on. The numbers are in
//! [`budget`].
//!
//! A school is one address to the outside, so nothing that succeeds is ever counted by address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use fieldfolio_core::ids::PersonId;
use fieldfolio_core::sync::{budget, wire};
use futures_util::StreamExt;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// When so many are remembered, those that have been quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// Something to be looked up or written: short, and many of them.
    Work,
    /// A file, in either direction: it may take long, and waits for nobody.
    Transfer,
}

/// What is counted.
#[derive(Debug)]
pub(crate) struct Limits {
    requests: DefaultKeyedRateLimiter<PersonId>,
    guesses: DefaultKeyedRateLimiter<IpAddr>,
    /// Who claims to be whom, from where.
    claims: DefaultKeyedRateLimiter<(Option<IpAddr>, [u8; 16])>,
    people: Mutex<BTreeMap<PersonId, Arc<Places>>>,
}

/// One person's places.
#[derive(Debug)]
struct Places {
    work: Arc<Semaphore>,
    /// Requests that are not answered yet.
    open: AtomicU32,
    transfers: Arc<Semaphore>,
    news: Arc<Semaphore>,
}

/// A request that was let in, until it is answered.
#[derive(Debug, Clone)]
pub(crate) struct Entered(Arc<Visit>);

#[derive(Debug)]
struct Visit {
    places: Arc<Places>,
    load: Load,
    /// For a file: its place.
    _transfer: Option<OwnedSemaphorePermit>,
}

/// A request that is worked on.
#[derive(Debug)]
pub(crate) struct UnderWay {
    _place: OwnedSemaphorePermit,
}

impl Drop for Visit {
    fn drop(&mut self) {
        if self.load == Load::Work {
            self.places.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Entered {
    /// Its turn to be worked on, once all of it is here: whoever sends slowly keeps none of her own from working.
    pub(crate) async fn turn(&self) -> Option<UnderWay> {
        let place = self.0.places.work.clone().acquire_owned().await.ok()?;
        Some(UnderWay { _place: place })
    }
}

impl Limits {
    pub(crate) fn new() -> Self {
        let per_second = Quota::per_second(some(budget::REQUESTS_A_SECOND));
        let per_minute = Quota::per_minute(some(budget::GUESSES_A_MINUTE));
        Self {
            requests: RateLimiter::keyed(per_second.allow_burst(some(budget::REQUESTS_AT_FIRST))),
            guesses: RateLimiter::keyed(per_minute.allow_burst(some(budget::GUESSES_AT_FIRST))),
            claims: RateLimiter::keyed(per_minute),
            people: Mutex::default(),
        }
    }

    /// Lets a request of this person in. `None` when she asks too much, or too much of hers is there already.
    pub(crate) fn enter(&self, person: PersonId, load: Load) -> Option<Entered> {
        if self.requests.len() > REMEMBERED {
            self.requests.retain_recent();
        }
        self.requests.check_key(&person).ok()?;
        let places = self.places(person);
        let transfer = match load {
            Load::Transfer => Some(places.transfers.clone().try_acquire_owned().ok()?),
            Load::Work => None,
        };
        let open = match load {
            Load::Transfer => 0,
            Load::Work => places.open.fetch_add(1, Ordering::Relaxed),
        };
        let visit = Visit { places, load, _transfer: transfer };
        (open < budget::AT_ONCE + budget::WAITING).then(|| Entered(Arc::new(visit)))
    }

    /// A turn for one person to be told news: one at a time, over however many lines.
    pub(crate) async fn listens(&self, person: PersonId) -> Option<UnderWay> {
        let places = self.places(person);
        let place = places.news.clone().acquire_owned().await.ok()?;
        Some(UnderWay { _place: place })
    }

    fn places(&self, person: PersonId) -> Arc<Places> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() > REMEMBERED {
            let at_rest = |places: &Places| {
                places.work.available_permits() == budget::AT_ONCE as usize
                    && places.news.available_permits() == 1
                    && places.transfers.available_permits() == budget::TRANSFERS as usize
            };
            people.retain(|_, places| Arc::strong_count(places) > 1 || !at_rest(places));
        }
        let new = || {
            Arc::new(Places {
                work: Arc::new(Semaphore::new(budget::AT_ONCE as usize)),
                open: AtomicU32::new(0),
                news: Arc::new(Semaphore::new(1)),
                transfers: Arc::new(Semaphore::new(budget::TRANSFERS as usize)),
            })
        };
        people.entry(person).or_insert_with(new).clone()
    }

    /// Something was shown that nobody has. Whether it is answered as it is, or with "too often".
    pub(crate) fn guessed(&self, from: Option<IpAddr>) -> bool {
        if self.guesses.len() > REMEMBERED {
            self.guesses.retain_recent();
        }
        from.is_none_or(|from| self.guesses.check_key(&from).is_ok())
    }

    /// Somebody says to be this (a person, an invitation), which takes work to find out. May she be heard?
    pub(crate) fn may_claim(&self, from: Option<IpAddr>, claimed: [u8; 16]) -> bool {
        if self.claims.len() > REMEMBERED {
            self.claims.retain_recent();
        }
        self.claims.check_key(&(from, claimed)).is_ok()
    }
}

const fn some(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("no bound is zero")
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
    use futures_util::FutureExt;

    use super::*;

    fn person(number: u8) -> PersonId {
        PersonId::from_bytes([number; 16])
    }

    #[tokio::test]
    async fn a_person_works_on_a_few_at_a_time_and_others_on_theirs() {
        let limits = Limits::new();
        let most = budget::AT_ONCE + budget::WAITING;
        let mut entered: Vec<Entered> =
            (0..most).map(|_| limits.enter(person(1), Load::Work).expect("let in")).collect();
        assert!(limits.enter(person(1), Load::Work).is_none(), "enough of hers is there");
        assert!(limits.enter(person(1), Load::Transfer).is_some(), "her files don't wait for that");
        let mut held = Vec::new();
        for one in entered.iter().take(budget::AT_ONCE as usize) {
            held.push(one.turn().await.expect("a turn"));
        }
        assert!(entered[most as usize - 1].turn().now_or_never().is_none(), "the others wait");
        let other = limits.enter(person(2), Load::Work).expect("nobody else does");
        assert!(other.turn().now_or_never().is_some());
        held.pop();
        assert!(entered[most as usize - 1].turn().now_or_never().is_some(), "the next one's turn");
        entered.pop();
        assert!(limits.enter(person(1), Load::Work).is_some(), "who was answered makes room");
    }

    #[test]
    fn one_person_who_floods_waits_and_another_does_not() {
        let limits = Limits::new();
        let went_through = (0..5_000).filter(|_| limits.enter(person(1), Load::Work).is_some()).count();
        assert!((1_900..4_000).contains(&went_through), "{went_through}");
        assert!(limits.enter(person(2), Load::Work).is_some());
    }

    #[test]
    fn who_guesses_is_told_to_wait() {
        let limits = Limits::new();
        let (here, there) = (Some(IpAddr::from([10, 0, 0, 1])), Some(IpAddr::from([10, 0, 0, 2])));
        let answered = (0..1_000).filter(|_| limits.guessed(here)).count();
        assert!((300..400).contains(&answered), "{answered}");
        assert!(limits.guessed(there));
        let heard = (0..1_000).filter(|_| limits.may_claim(here, [1; 16])).count();
        assert!((60..100).contains(&heard), "{heard}");
        assert!(limits.may_claim(here, [2; 16]), "somebody else at the same address is heard");
    }
}
