//! Looking after media, every night: bytes that no document is linked to go after a while, bytes that nobody knows of go
//! too, and all others are read and compared with their names, a seventh each night.
//!
//! Nothing goes at once. What lost its last link is marked, and removed a week later if it still has none: a backup that
//! is put back, or a device that offers its work again, finds it. Only what was erased goes at once. A blob that does not match its name is named and left;
//! the same bytes, brought again, heal it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction};
use serde::Serialize;

use super::media::{
    forget, is_unknown, known, longest_unchecked, mark_orphans, mark_unlinked, note_checked, orphan_for,
    unlinked_for,
};
use crate::blobs::{BlobError, BlobStore};
use crate::directory::erasure;
use crate::exchange::{Relay, RelayError, blocking, now};
use crate::upkeep::{restore, snapshots};
use crate::uploads::{Failed, Refusal, UploadError, Uploads};
use crate::visibility::media;

/// How long bytes without a link are kept: 7 days, in milliseconds.
pub const GRACE: u64 = 7 * DAY;
const DAY: u64 = 24 * 60 * 60 * 1000;
/// In so many nights every blob is read once.
const NIGHTS: u64 = 7;
/// At three in the morning, by the relay's clock.
const HOUR: u64 = 3;

/// What one night's look came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Night {
    /// Blobs that were read and matched.
    pub sound: u64,
    /// Blobs that don't match their name, or are missing.
    pub damaged: Vec<BlobHash>,
    /// Blobs that were removed, since nothing was linked to them any more.
    pub removed: u64,
    /// Bytes of those.
    pub removed_bytes: u64,
}

impl Night {
    /// What came of one removal. One that fails keeps no other from being tried, and is told at the end.
    fn count(&mut self, removed: Result<bool, NightlyError>, size: u64, failed: &mut Option<NightlyError>) {
        match removed {
            Ok(true) => (self.removed, self.removed_bytes) = (self.removed + 1, self.removed_bytes + size),
            Ok(false) => {}
            Err(error) => *failed = Some(error),
        }
    }
}

/// It could not be looked after. Nothing was removed that should not be.
#[derive(Debug, thiserror::Error)]
pub enum NightlyError {
    /// The database.
    #[error(transparent)]
    Relay(#[from] RelayError),
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// Does the database let go of a blob? What it knew of it is then forgotten.
type LetsGo = fn(&Transaction<'_>, BlobHash) -> rusqlite::Result<bool>;

/// The media of one school, and what is known of them.
#[derive(Clone)]
pub struct Stock {
    pub(crate) relay: Arc<Relay>,
    pub(crate) blobs: Arc<dyn BlobStore>,
}

/// Looks after the media of one school.
#[derive(Clone)]
pub struct Nightly {
    pub(crate) stock: Stock,
    pub(crate) uploads: Arc<Uploads>,
}

impl Nightly {
    /// Every night, for as long as the relay runs.
    pub(crate) async fn every_night(self) {
        loop {
            tokio::time::sleep(until_night(now())).await;
            let nightly = self.clone();
            let night = blocking(move || Ok(nightly.look(now()))).await;
            match night {
                Ok(Ok(night)) if night.damaged.is_empty() => {
                    tracing::info!(sound = night.sound, removed = night.removed, "looked after media");
                }
                Ok(Ok(night)) => {
                    tracing::error!(
                        damaged = night.damaged.len(),
                        "media are damaged: see `fieldfolio blobs`"
                    );
                }
                Ok(Err(error)) => tracing::error!(%error, "media could not be looked after"),
                Err(error) => tracing::error!(%error, "media could not be looked after"),
            }
        }
    }

    /// The files of what was erased go within minutes, for as long as the relay runs.
    pub(crate) async fn after_erasures(self) {
        let mut beat = tokio::time::interval(Duration::from_secs(5 * 60));
        loop {
            tokio::select! {
                _ = beat.tick() => {}
                () = self.stock.relay.erased() => {}
            }
            let relay = self.stock.relay.clone();
            match blocking(move || Ok(restore::erase_in_asides(&relay))).await {
                Ok(Ok(0)) => {}
                Ok(Ok(erased)) => {
                    tracing::info!(erased, "erased what was erased in databases of before, too")
                }
                Ok(Err(error)) => tracing::error!(%error, "a database of before still holds what was erased"),
                Err(error) => tracing::error!(%error, "a database of before still holds what was erased"),
            }
            if let Err(error) = self.stop_uploads_to_erased().await {
                tracing::error!(%error, "uploads to what was erased could not be removed");
            }
            let nightly = self.clone();
            match blocking(move || Ok(nightly.remove_erased(now()))).await {
                Ok(Ok(night)) if night.removed == 0 => {}
                Ok(Ok(night)) => tracing::info!(removed = night.removed, "removed files of what was erased"),
                Ok(Err(error)) => tracing::error!(%error, "files of what was erased could not be removed"),
                Err(error) => tracing::error!(%error, "files of what was erased could not be removed"),
            }
        }
    }

    /// What came of a file whose piece was erased meanwhile goes, too.
    pub async fn stop_uploads_to_erased(&self) -> Result<usize, UploadError> {
        let relay = self.stock.relay.clone();
        let is_gone = move |piece| {
            let erased = relay.read(|conn| erasure::is_erased(conn, piece));
            erased.map_err(|error| Refusal::Failed(Failed(Box::new(error))).into())
        };
        self.uploads.forget_pieces(is_gone).await
    }

    /// Removes the files that lost their last link by an erasure.
    pub fn remove_erased(&self, now: Timestamp) -> Result<Night, NightlyError> {
        let mut night = Night::default();
        let waits = |conn: &Connection| {
            conn.query_row("select exists (select 1 from watch where unlinked = 0)", [], |row| row.get(0))
        };
        if self.stock.relay.read(waits)? {
            self.remove_unlinked(now, &mut night)?;
        }
        Ok(night)
    }

    /// One night's look.
    pub fn look(&self, now: Timestamp) -> Result<Night, NightlyError> {
        let mut night = Night::default();
        // First, so that something that can't be removed never keeps damage from being found.
        let total = self.stock.relay.read(media::stored_bytes)?;
        self.stock.check(total.div_ceil(NIGHTS), now, &mut night)?;
        self.remove_unlinked(now, &mut night)?;
        self.remove_orphans(now, &mut night)?;
        let saved = snapshots::save_quiet(&*self.stock.relay, now)?;
        tracing::info!(sheets = saved.sheets, from = saved.from, to = saved.to, "saved quiet sheets in one");
        Ok(night)
    }

    fn remove_unlinked(&self, now: Timestamp, night: &mut Night) -> Result<(), NightlyError> {
        self.stock.relay.write(move |tx, _| mark_unlinked(tx, now))?;
        let mut failed = None;
        for (hash, size) in self.stock.relay.read(|conn| unlinked_for(conn, now, GRACE))? {
            night.count(self.remove(hash, forget), size, &mut failed);
        }
        failed.map_or(Ok(()), Err)
    }

    /// A crash between a blob and the record of it leaves bytes that nobody knows of.
    fn remove_orphans(&self, now: Timestamp, night: &mut Night) -> Result<(), NightlyError> {
        let orphans = self.stock.orphans()?;
        let marked = orphans.clone();
        self.stock.relay.write(move |tx, _| mark_orphans(tx, &marked, now))?;
        let mut failed = None;
        for hash in self.stock.relay.read(|conn| orphan_for(conn, now, GRACE))? {
            let size = self.stock.blobs.size(hash)?.unwrap_or(0);
            night.count(self.remove(hash, is_unknown), size, &mut failed);
        }
        failed.map_or(Ok(()), Err)
    }

    /// Removes a blob's bytes if the database, asked once more, lets go of it. Equal bytes that land in between would lose
    /// what they were just linked to, so none do.
    fn remove(&self, hash: BlobHash, lets_go: LetsGo) -> Result<bool, NightlyError> {
        self.uploads.while_nothing_lands(|| {
            let is_gone = self.stock.relay.write(move |tx, _| lets_go(tx, hash))?;
            if is_gone {
                self.stock.blobs.remove(hash)?;
            }
            Ok(is_gone)
        })
    }
}

impl Stock {
    /// Reads the longest unread blobs, so many bytes of them, and at least one.
    fn check(&self, bytes: u64, now: Timestamp, night: &mut Night) -> Result<(), NightlyError> {
        for hash in self.relay.read(|conn| longest_unchecked(conn, bytes))? {
            let is_sound = match self.blobs.verify(hash) {
                Ok(()) => true,
                Err(BlobError::Missing { .. } | BlobError::Mismatch { .. } | BlobError::Read { .. }) => false,
                Err(error) => return Err(error.into()),
            };
            self.relay.write(move |tx, _| note_checked(tx, hash, is_sound, now))?;
            match is_sound {
                true => night.sound += 1,
                false => night.damaged.push(hash),
            }
        }
        Ok(())
    }

    /// Bytes that are here and that no row knows.
    pub fn orphans(&self) -> Result<BTreeSet<BlobHash>, NightlyError> {
        let known = self.relay.read(known)?;
        let mut orphans = BTreeSet::new();
        self.blobs.each(&mut |hash| {
            if !known.contains(&hash) {
                orphans.insert(hash);
            }
        })?;
        Ok(orphans)
    }

    /// Reads every blob.
    pub fn check_all(&self, now: Timestamp) -> Result<Night, NightlyError> {
        let mut night = Night::default();
        self.check(u64::MAX, now, &mut night)?;
        Ok(night)
    }

    /// Blobs that a row knows and that are not here.
    pub fn missing(&self) -> Result<Vec<BlobHash>, NightlyError> {
        let mut missing = Vec::new();
        for hash in self.relay.read(known)? {
            if !self.blobs.contains(hash)? {
                missing.push(hash);
            }
        }
        Ok(missing)
    }
}

fn until_night(now: Timestamp) -> Duration {
    let into_day = now.millis() % DAY;
    let at = HOUR * 60 * 60 * 1000;
    Duration::from_millis(if into_day < at { at - into_day } else { DAY + at - into_day })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn night_comes_once_a_day() {
        let three = HOUR * 60 * 60 * 1000;
        assert_eq!(until_night(Timestamp::from_millis(10 * DAY)), Duration::from_millis(three));
        assert_eq!(until_night(Timestamp::from_millis(10 * DAY + three)), Duration::from_millis(DAY));
        assert_eq!(until_night(Timestamp::from_millis(10 * DAY + three - 1)), Duration::from_millis(1));
    }
}
