//! The beginning of an upload: is it wanted, does it fit, and does it take the place of one that was lost?

use std::sync::{Arc, PoisonError};

use super::id::UploadId;
use super::rows::{Kind, Row};
use super::turns::Turn;
use super::{Caller, UploadError, Uploads, blocking};

/// How often a place may be taken by someone else while we clear it.
const ATTEMPTS: usize = 8;

impl Uploads {
    /// Begins an upload, and reserves its share of the quotas. An earlier one by the same device of the same bytes for
    /// the same piece goes: the device lost its address, or never got it.
    pub(super) async fn begin(
        self: &Arc<Self>,
        caller: Caller,
        kind: Kind,
        length: Option<u64>,
    ) -> Result<(Turn, Row), UploadError> {
        if length.is_some_and(|length| length > self.limits.max_size) {
            return Err(UploadError::TooLarge { max: self.limits.max_size });
        }
        let id = UploadId::random().map_err(UploadError::Rng)?;
        let created = (self.now)();
        let expires = created.plus_millis(self.limits.lifetime);
        let row = Row { id, caller, kind, length, offset: 0, created, expires, landed: false };
        let turn = self.turns.take(id, self.limits.patience).await?;
        for _ in 0..ATTEMPTS {
            let (uploads, new) = (self.clone(), row.clone());
            let Some(twin) = blocking(move || uploads.admit(&new)).await? else { return Ok((turn, row)) };
            let twins_turn = self.turns.take(twin, self.limits.patience).await?;
            let uploads = self.clone();
            blocking(move || {
                let _turn = twins_turn;
                match uploads.rows.find(twin)? {
                    Some(found) if !found.landed => uploads.discard(&found),
                    _ => Ok(()),
                }
            })
            .await?;
        }
        Err(UploadError::Busy)
    }

    /// Adds the row, unless it may not be, or its place is taken by the upload that is returned.
    fn admit(&self, row: &Row) -> Result<Option<UploadId>, UploadError> {
        let _one_at_a_time = self.admissions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = row.file() {
            self.policy.may_bring(row.caller, file.piece, file.hash)?;
        }
        let twin = self.rows.twin(row)?;
        self.has_space_for(row, twin.as_ref())?;
        if let Some(twin) = twin {
            return Ok(Some(twin.id));
        }
        let is_joined = matches!(row.kind, Kind::Joined(..));
        if !is_joined && self.rows.count_open(row.caller.device)? >= self.limits.max_open {
            return Err(UploadError::TooMany { max: self.limits.max_open });
        }
        self.rows.insert(row)?;
        Ok(None)
    }
}
