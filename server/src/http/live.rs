//! Live connections: who listens, and how she hears that something concerns her.
//!
//! After each group that is committed, and twice a second for what another process wrote, [`herald()`] looks at the log's
//! newest number. If it moved, it asks for each person who listens, with three look-ups in indices, whether anything
//! since concerns her, and wakes her connections. Each then reads its own news: see [`converse`].
//!
//! Nothing here is kept for anyone who is not connected, and nothing is queued for those who are: a connection that was
//! woken ten times while it was busy reads once.

mod conversation;
mod herald;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::exchange::Caller;
use fieldfolio_core::ids::DeviceId;
use fieldfolio_core::sync::budget;
use tokio::sync::{Notify, Semaphore, watch};

use crate::config::Config;
use crate::exchange::{Relay, RelayError};
use crate::http::activity::Activity;
use crate::http::limits::Limits;
use crate::visibility;

pub(crate) use conversation::MAX_FRAME;
pub use conversation::converse;
pub use herald::herald;

/// How long the relay waits for connections to say good-bye when it stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why the relay closes a connection. Codes below 4000 are those of RFC 6455.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The relay stops.
    Away,
    /// The other side doesn't speak WebSocket, or sends something far too large.
    Broken,
    /// Words came, where only frames are.
    Text,
    /// A frame came that is no request.
    Unreadable,
    /// A request is too large.
    TooLarge,
    /// The relay can't answer just now.
    Unavailable,
    /// The device was revoked.
    Revoked,
    /// The other side didn't answer pings.
    Silent,
    /// The other side didn't read what it was sent.
    Slow,
    /// The device opened more connections than it may have.
    Replaced,
    /// Its person asks more than she may.
    Greedy,
}

impl Ending {
    /// The close code, and the reason that is sent with it.
    const fn said(self) -> (u16, &'static str) {
        match self {
            Ending::Away => (1001, "the relay stops: connect again later"),
            Ending::Broken => (1002, "this can't be read as a frame"),
            Ending::Text => (1003, "only binary frames are read here"),
            Ending::Unreadable => (1008, "this is not a request of this protocol"),
            Ending::TooLarge => (1009, "a request is larger than is read"),
            Ending::Unavailable => (1011, "the school can't answer just now: try again"),
            Ending::Revoked => (4401, "revoked"),
            Ending::Silent => (4408, "no ping was answered"),
            Ending::Slow => (4413, "what was sent was not read"),
            Ending::Replaced => (4429, "this device opened another connection"),
            Ending::Greedy => (4430, "this is asked too often: wait a minute and connect again"),
        }
    }
}

/// Everyone who listens.
#[derive(Debug)]
pub struct Live {
    relay: Arc<Relay>,
    limits: Arc<Limits>,
    activity: Arc<Activity>,
    seats: Mutex<Seats>,
    most: usize,
    ping: Duration,
    /// So many connections read their news at a time: waking a whole school must not take every thread.
    turns: Semaphore,
    /// Each connection holds a receiver, so that the last one's end can be waited for.
    stopping: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Seats {
    by_device: BTreeMap<DeviceId, VecDeque<Arc<Seat>>>,
    taken: usize,
}

/// One connection, as others reach it.
#[derive(Debug)]
struct Seat {
    caller: Caller,
    /// The person's row.
    person: i64,
    /// What it shows for every request, as if it were posted.
    token: Vec<u8>,
    /// Something may concern her.
    woken: Notify,
    /// It is to end.
    ending: watch::Sender<Option<Ending>>,
}

/// A place among those who listen; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    live: Arc<Live>,
    seat: Arc<Seat>,
    ending: watch::Receiver<Option<Ending>>,
    _until_the_last: watch::Receiver<bool>,
}

/// Why there is no place.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// All are taken, or the relay stops.
    #[error("too many devices listen just now: sync by /v1/sync, and try again later")]
    Full,
    /// The school can't be read.
    #[error(transparent)]
    Relay(#[from] RelayError),
}

impl Live {
    /// Nobody listens yet.
    pub(crate) fn new(
        relay: Arc<Relay>,
        limits: Arc<Limits>,
        activity: Arc<Activity>,
        config: &Config,
    ) -> Arc<Self> {
        Arc::new(Self {
            relay,
            limits,
            activity,
            seats: Mutex::default(),
            most: config.live_connections,
            ping: Duration::from_secs(config.live_ping_seconds),
            turns: Semaphore::new(config.reader_connections),
            stopping: watch::Sender::new(false),
        })
    }

    /// Takes a place for a connection of this device. Where it has too many, its oldest one ends.
    pub async fn place(self: &Arc<Self>, caller: Caller, token: Vec<u8>) -> Result<Place, NoPlace> {
        let person = self.relay.look(move |conn| visibility::person_row(conn, caller.person)).await?;
        let person = person.ok_or(RelayError::Missing("such person"))?;
        let (ending, ended) = watch::channel(None);
        let seat = Arc::new(Seat { caller, person, token, woken: Notify::new(), ending });
        let place = Place {
            live: self.clone(),
            seat: seat.clone(),
            ending: ended,
            _until_the_last: self.stopping.subscribe(),
        };
        let mut seats = self.seats();
        if seats.taken >= self.most || *self.stopping.borrow() {
            drop(seats);
            return Err(NoPlace::Full);
        }
        seats.taken += 1;
        let of_device = seats.by_device.entry(caller.device).or_default();
        of_device.push_back(seat);
        if let Some(surplus) = of_device.len().checked_sub(budget::LINES_OF_A_DEVICE) {
            of_device.iter().take(surplus).for_each(|oldest| oldest.end(Ending::Replaced));
        }
        // Over all her devices, too: the first of whichever has most.
        let hers = || seats.by_device.values().filter(|seats| seats.iter().any(|seat| seat.person == person));
        if hers().map(VecDeque::len).sum::<usize>() > budget::LINES_OF_A_PERSON
            && let Some(most) = hers().max_by_key(|seats| seats.len())
        {
            most.iter().take(1).for_each(|oldest| oldest.end(Ending::Replaced));
        }
        Ok(place)
    }

    /// How many connections there are.
    pub fn taken(&self) -> usize {
        self.seats().taken
    }

    /// Ends all connections, and waits a little until they have.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        for seat in self.seats().by_device.values().flatten() {
            seat.end(Ending::Away);
        }
        // Whoever doesn't take the good-bye in this time hears the line break.
        let _ = tokio::time::timeout(FAREWELL, self.stopping.closed()).await;
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Ends the connection, unless it ends already.
    fn end(&self, why: Ending) {
        self.ending.send_if_modified(|ending| match ending {
            Some(_) => false,
            None => {
                *ending = Some(why);
                true
            }
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut seats = self.live.seats();
        let Some(of_device) = seats.by_device.get_mut(&self.seat.caller.device) else { return };
        let before = of_device.len();
        of_device.retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        let (left, gone) = (of_device.len(), before - of_device.len());
        seats.taken -= gone;
        if left == 0 {
            seats.by_device.remove(&self.seat.caller.device);
        }
    }
}
