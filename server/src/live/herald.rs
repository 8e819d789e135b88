//! The herald: notices that the log moved, whoever moved it, and wakes those whom it concerns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::{Ending, Live, Seat};
use crate::news;
use crate::relay::{RelayError, token_holder};

/// How often the log is looked at for what the command line wrote, and circles for rows whose time is over.
const LOOK: Duration = Duration::from_millis(500);

/// Runs as long as the relay does.
pub async fn herald(live: Arc<Live>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = 0;
    loop {
        tokio::select! {
            () = live.relay.committed() => {}
            _ = look.tick() => {}
        }
        let round = live.clone();
        match crate::relay::blocking(move || tell(&round, told)).await {
            Ok(head) => told = head,
            Err(error) => tracing::error!(%error, "nobody could be told what is new"),
        }
    }
}

/// Wakes whomever something after number `told` concerns, and ends connections of devices that were revoked. Returns the
/// number that was reached.
fn tell(live: &Live, told: u64) -> Result<u64, RelayError> {
    live.relay.end_what_expired()?;
    live.relay.read(|conn| {
        let reading = conn.unchecked_transaction()?;
        let head = news::head(&reading)?;
        if head == told {
            return Ok(head);
        }
        // Read after the transaction saw the log: who takes a place later also reads later.
        for (person, seats) in listening(live) {
            if !news::concerns(&reading, person, told)? {
                continue;
            }
            for seat in seats {
                match token_holder(&reading, &seat.token)? {
                    Some(_) => seat.woken.notify_one(),
                    None => seat.end(Ending::Revoked),
                }
            }
        }
        Ok(head)
    })
}

fn listening(live: &Live) -> BTreeMap<i64, Vec<Arc<Seat>>> {
    let mut people: BTreeMap<i64, Vec<Arc<Seat>>> = BTreeMap::new();
    for seat in live.seats().by_device.values().flatten() {
        people.entry(seat.person).or_default().push(seat.clone());
    }
    people
}
