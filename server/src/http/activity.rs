//! What each person's devices ask of the relay, by the hour: counts and ids, for whoever has to look into it. Gathered in
//! memory, written down every few seconds, and forgotten after a month.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fieldfolio_core::ids::PersonId;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction};
use serde::Serialize;

use crate::exchange::{Lane, Relay, blocking};

/// How often it is written down.
const BEAT: Duration = Duration::from_secs(2);
const HOUR: u64 = 60 * 60 * 1000;
/// Hours that are kept: a month.
const KEPT: i64 = 31 * 24;

/// Counts of some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests that were let in.
    pub requests: u64,
    /// Requests that were refused: asked too often, or what may not be.
    pub refused: u64,
    /// Bytes of requests.
    pub bytes: u64,
}

/// What was counted since it was last written down.
#[derive(Debug, Default)]
pub struct Activity(Mutex<BTreeMap<PersonId, Counts>>);

impl Activity {
    /// One request.
    pub(crate) fn count(&self, person: PersonId, bytes: u64, refused: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = all.entry(person).or_default();
        counts.requests += 1;
        counts.refused += u64::from(refused);
        counts.bytes = counts.bytes.saturating_add(bytes);
    }

    fn take(&self) -> BTreeMap<PersonId, Counts> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes it down, for as long as the relay runs.
    pub(crate) async fn write_down(self: Arc<Self>, relay: Arc<Relay>) {
        let mut beat = tokio::time::interval(BEAT);
        loop {
            beat.tick().await;
            let counted = self.take();
            if counted.is_empty() || relay.only_reads() {
                continue;
            }
            let relay = relay.clone();
            let written =
                blocking(move || relay.write_in(Lane::Later, move |tx, now| put(tx, &counted, now)));
            if let Err(error) = written.await {
                tracing::warn!(%error, "what was asked could not be written down");
            }
        }
    }
}

fn hour(now: Timestamp) -> i64 {
    (now.millis() / HOUR).cast_signed()
}

fn put(tx: &Transaction<'_>, counted: &BTreeMap<PersonId, Counts>, now: Timestamp) -> rusqlite::Result<()> {
    for (person, counts) in counted {
        tx.prepare_cached(
            "insert into activity (person, hour, requests, refused, bytes)
             select row, ?2, ?3, ?4, ?5 from person where id = ?1
             on conflict (person, hour) do update set requests = requests + excluded.requests,
                 refused = refused + excluded.refused, bytes = bytes + excluded.bytes",
        )?
        .execute((
            person,
            hour(now),
            counts.requests.cast_signed(),
            counts.refused.cast_signed(),
            counts.bytes.cast_signed(),
        ))?;
    }
    tx.prepare_cached("delete from activity where hour < ?1")?.execute([hour(now) - KEPT])?;
    Ok(())
}

/// What a person's devices asked within so many hours, this one included.
pub fn lately(conn: &Connection, person: i64, now: Timestamp, hours: i64) -> rusqlite::Result<Counts> {
    conn.prepare_cached(
        "select coalesce(sum(requests), 0), coalesce(sum(refused), 0), coalesce(sum(bytes), 0) from activity
         where person = ?1 and hour > ?2",
    )?
    .query_row((person, hour(now) - hours), |row| {
        let count = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
        Ok(Counts { requests: count(0)?, refused: count(1)?, bytes: count(2)? })
    })
}
