//! What goes without being asked for: uploads past their time, those of a person who is forgotten, parts of no upload.

use std::sync::Arc;
use std::time::Duration;

use fieldfolio_core::ids::{PersonId, PieceId};
use fieldfolio_core::time::Timestamp;

use super::id::UploadId;
use super::rows::Row;
use super::turns::Turn;
use super::{UploadError, Uploads, blocking, part_name};

/// How often the janitor looks.
const ROUND: Duration = Duration::from_secs(60 * 60);

impl Uploads {
    /// Sweeps every hour, for as long as it is polled.
    pub async fn janitor(self: Arc<Self>) {
        let mut rounds = tokio::time::interval(ROUND);
        loop {
            rounds.tick().await;
            match self.sweep((self.now)()).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "uploads past their time were removed"),
                Err(error) => tracing::error!(%error, "expired uploads could not be removed"),
            }
        }
    }

    /// Removes the uploads that are past their time at `now`; how many.
    pub async fn sweep(self: &Arc<Self>, now: Timestamp) -> Result<usize, UploadError> {
        let uploads = self.clone();
        let expired = blocking(move || {
            uploads.rows.shorten(now, uploads.limits.lifetime)?;
            Ok(uploads.rows.expired(now)?)
        });
        let expired = expired.await?;
        self.give_up(expired).await
    }

    /// Removes every trace of this person's uploads that haven't landed, and the memory of those that have; how many.
    /// For erasure: whoever is uploading is stopped.
    pub async fn forget(self: &Arc<Self>, person: PersonId) -> Result<usize, UploadError> {
        let uploads = self.clone();
        let theirs = blocking(move || Ok(uploads.rows.of_person(person)?)).await?;
        self.give_up(theirs).await
    }

    /// The same for the uploads to pieces that are gone.
    pub async fn forget_pieces(
        self: &Arc<Self>,
        is_gone: impl Fn(PieceId) -> Result<bool, UploadError> + Send + 'static,
    ) -> Result<usize, UploadError> {
        let uploads = self.clone();
        let theirs = blocking(move || {
            let mut theirs = uploads.rows.open_ones()?;
            let mut failed = None;
            theirs.retain(|row| {
                let gone = row.file().map_or(Ok(false), |file| is_gone(file.piece));
                gone.unwrap_or_else(|error| {
                    failed = Some(error);
                    false
                })
            });
            failed.map_or(Ok(theirs), Err)
        });
        self.give_up(theirs.await?).await
    }

    async fn give_up(self: &Arc<Self>, rows: Vec<Row>) -> Result<usize, UploadError> {
        let mut count = 0;
        for row in rows {
            // One that won't let go doesn't keep the others; the next round asks it again.
            let Ok(turn) = self.turns.take(row.id, self.limits.patience).await else { continue };
            self.remove(row, turn).await?;
            count += 1;
        }
        Ok(count)
    }

    pub(super) async fn remove(self: &Arc<Self>, row: Row, turn: Turn) -> Result<(), UploadError> {
        let uploads = self.clone();
        blocking(move || {
            let _turn = turn;
            uploads.discard(&row)
        })
        .await
    }

    /// Removes the upload: first the row, so that a crash leaves an orphan and not a promise.
    pub(super) fn discard(&self, row: &Row) -> Result<(), UploadError> {
        self.rows.remove(row.id)?;
        Ok(self.store.remove_part(&part_name(row.id))?)
    }

    pub(super) fn remove_orphans(&self) -> Result<(), UploadError> {
        let mut parts = Vec::new();
        self.store.each_part(&mut |name| parts.push(name.to_owned()))?;
        for name in parts {
            let Some(id) = name.strip_suffix(".part").and_then(UploadId::parse) else { continue };
            if self.rows.find(id)?.is_none() {
                self.store.remove_part(&name)?;
            }
        }
        Ok(())
    }
}
