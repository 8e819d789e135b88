//! Turns: one request at a time about one upload, and the newest first.
//!
//! A phone that lost its line comes back on a new one while the relay still listens to the old. So whoever waits for a
//! turn asks the one who has it to stop; a writer that is asked records what it has and lets go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, watch};

use super::UploadError;
use super::id::UploadId;

#[derive(Clone, Default)]
pub(super) struct Turns {
    seats: Arc<Mutex<BTreeMap<UploadId, Arc<Seat>>>>,
}

#[derive(Default)]
struct Seat {
    gate: Arc<tokio::sync::Mutex<()>>,
    waiting: watch::Sender<usize>,
}

/// The sole right to change one upload, until dropped.
pub(super) struct Turn {
    turns: Turns,
    id: UploadId,
    seat: Arc<Seat>,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Asks whoever is at work on this upload to stop, and waits for it.
    pub(super) async fn take(&self, id: UploadId, patience: Duration) -> Result<Turn, UploadError> {
        let waiting = Waiting::new(self, id);
        let gate = waiting.seat.gate.clone().lock_owned();
        let held = tokio::time::timeout(patience, gate).await.map_err(|_| UploadError::Busy)?;
        Ok(Turn { turns: self.clone(), id, seat: waiting.seat.clone(), held: Some(held) })
    }

    fn tidy(&self, id: UploadId, leave: impl FnOnce()) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        leave();
        let unused = |seat: &Arc<Seat>| *seat.waiting.borrow() == 0 && seat.gate.try_lock().is_ok();
        if seats.get(&id).is_some_and(unused) {
            seats.remove(&id);
        }
    }
}

impl Turn {
    /// Returns once somebody waits for this upload.
    pub(super) async fn wanted(&self) {
        let mut waiting = self.seat.waiting.subscribe();
        // The sender lives in our own seat, so the channel can't close under us.
        let _ = waiting.wait_for(|count| *count > 0).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let held = self.held.take();
        self.turns.tidy(self.id, || drop(held));
    }
}

/// Somebody who waits, counted until they get their turn or give up.
struct Waiting<'a> {
    turns: &'a Turns,
    id: UploadId,
    seat: Arc<Seat>,
}

impl<'a> Waiting<'a> {
    fn new(turns: &'a Turns, id: UploadId) -> Self {
        let mut seats = turns.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let seat = seats.entry(id).or_default().clone();
        seat.waiting.send_modify(|count| *count += 1);
        drop(seats);
        Self { turns, id, seat }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turns.tidy(self.id, || self.seat.waiting.send_modify(|count| *count -= 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: UploadId = UploadId([1; 16]);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn who_waits_asks_the_one_at_work_to_stop() {
        let turns = Turns::default();
        let first = turns.take(ID, LONG).await.unwrap();
        let next = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(ID, LONG).await.is_ok() }
        });
        first.wanted().await;
        drop(first);
        assert!(next.await.unwrap());
        assert!(turns.seats.lock().unwrap().is_empty(), "nothing is remembered of an upload left alone");
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_so() {
        let turns = Turns::default();
        let first = turns.take(ID, LONG).await.unwrap();
        assert!(matches!(turns.take(ID, Duration::ZERO).await, Err(UploadError::Busy)));
        drop(first);
        assert!(turns.seats.lock().unwrap().is_empty());
        turns.take(ID, Duration::ZERO).await.unwrap();
    }

    #[tokio::test]
    async fn different_uploads_do_not_wait_for_each_other() {
        let turns = Turns::default();
        let _first = turns.take(ID, LONG).await.unwrap();
        turns.take(UploadId([2; 16]), Duration::ZERO).await.unwrap();
    }
}
