//! The herald: notices that the log moved, whoever moved it, and wakes those whom it concerns.
//!
//! It looks on a thread and a connection that nobody's work occupies, so that a revocation closes lines within a second
//! whatever else the relay is asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::time::MissedTickBehavior;

use super::{Ending, Live, Seat};
use crate::exchange::{RelayError, blocking, now, token_holder};
use crate::{log, news};

/// How often the log is looked at for what the command line wrote, and circles for rows whose time is over.
const LOOK: Duration = Duration::from_millis(500);
/// How often everybody's token is looked at, whether anything concerns her or not: a mentor's ends by the clock.
const TOKENS: Duration = Duration::from_secs(60);

/// Runs as long as the relay does.
pub async fn herald(live: Arc<Live>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut told, mut tokens) = (0, Instant::now());
    let expiring = Arc::new(AtomicBool::new(false));
    loop {
        tokio::select! {
            () = live.relay.committed() => {}
            _ = look.tick() => {}
        }
        end_what_expired(&live, &expiring);
        let everyone = tokens.elapsed() >= TOKENS;
        if everyone {
            tokens = Instant::now();
        }
        match tell(&live, told, everyone).await {
            Ok(head) => told = head,
            Err(error) => tracing::error!(%error, "nobody could be told what is new"),
        }
    }
}

/// Roles whose time is over end in the log; nobody waits for that. One such turn at a time.
fn end_what_expired(live: &Arc<Live>, expiring: &Arc<AtomicBool>) {
    if expiring.swap(true, Ordering::AcqRel) {
        return;
    }
    let (live, expiring) = (live.clone(), expiring.clone());
    tokio::spawn(async move {
        if let Err(error) = blocking(move || live.relay.end_what_expired()).await {
            tracing::error!(%error, "roles whose time is over could not be ended");
        }
        expiring.store(false, Ordering::Release);
    });
}

/// Wakes whomever something after number `told` concerns, and ends connections of devices that may not ask any more.
/// Returns the number that was reached.
async fn tell(live: &Arc<Live>, told: u64, everyone: bool) -> Result<u64, RelayError> {
    let listening = live.clone();
    live.relay
        .look(move |conn| {
            let reading = conn.unchecked_transaction()?;
            let head = log::head(&reading)?;
            if head == told && !everyone {
                return Ok(head);
            }
            // Read after the transaction saw the log: who takes a place later also reads later.
            for (person, seats) in seated(&listening) {
                let concerns = head != told && news::concerns(&reading, person, told)?;
                if concerns || everyone {
                    wake(&reading, &seats, concerns)?;
                }
            }
            Ok(head)
        })
        .await
}

fn wake(conn: &Connection, seats: &[Arc<Seat>], concerns: bool) -> rusqlite::Result<()> {
    for seat in seats {
        match token_holder(conn, &seat.token, now())? {
            Some(_) if concerns => seat.woken.notify_one(),
            Some(_) => {}
            None => seat.end(Ending::Revoked),
        }
    }
    Ok(())
}

fn seated(live: &Live) -> BTreeMap<i64, Vec<Arc<Seat>>> {
    let mut people: BTreeMap<i64, Vec<Arc<Seat>>> = BTreeMap::new();
    for seat in live.seats().by_device.values().flatten() {
        people.entry(seat.person).or_default().push(seat.clone());
    }
    people
}
