//! The end of an upload: verify, publish, record. Each step can be repeated, so a crash between them only repeats one.

use std::sync::PoisonError;

use super::rows::{Kind, Row};
use super::{DAY, UploadError, Uploads, part_name};
use crate::blobs::{BlobError, Part};

impl Uploads {
    /// Lands an upload whose bytes are all here: in `part`, in the part file, or published already. Blocks. When the
    /// relay refuses or fails to record, the bytes stay, and the next request about the upload tries again. A stretch
    /// stays what it is.
    pub(super) fn finish(&self, row: &Row, part: Option<Part>) -> Result<(), UploadError> {
        let (Some(file), Some(length)) = (row.file(), row.length) else { return Ok(()) };
        let name = part_name(row.id);
        let part = match part {
            Some(part) => Some(part),
            None if length == 0 || self.store.part_length(&name)?.is_some() => {
                Some(self.store.part(&name, length)?)
            }
            None => None,
        };
        let whole = part.map(|part| self.or_give_up(row, part.verify(file.hash))).transpose()?;
        if whole.is_some() {
            self.rows.set_offset(row.id, length, (self.now)())?;
        }

        let _landing = self.landings.read().unwrap_or_else(PoisonError::into_inner);
        self.policy.may_bring(row.caller, file.piece, file.hash)?;
        self.still_has_room_for(row)?;
        match whole {
            Some(whole) => self.or_give_up(row, self.store.publish(whole))?,
            None if self.store.size(file.hash)? == Some(length) => {}
            None => return Err(BlobError::Missing { hash: file.hash }.into()),
        }
        let landed = self.policy.landed(row.caller, file.piece, file.hash, length);
        landed.map_err(UploadError::NotRecorded)?;
        self.rows.set_landed(row, (self.now)().plus_millis(DAY))?;
        self.remove_stretches(row)
    }

    /// After a failed sync nothing is known of the bytes, and with the wrong hash nothing good: the upload goes, and
    /// the device begins again. Stretches go with the file that they can't make up.
    pub(super) fn or_give_up<T>(&self, row: &Row, result: Result<T, BlobError>) -> Result<T, UploadError> {
        if let Err(BlobError::Sync { .. } | BlobError::Mismatch { .. }) = &result {
            self.discard(row)?;
            if let (Kind::Joined(_, stretches), Err(BlobError::Mismatch { .. })) = (&row.kind, &result) {
                for stretch in stretches {
                    self.rows.remove(*stretch)?;
                }
                self.remove_stretches(row)?;
            }
        }
        result.map_err(|error| match error {
            BlobError::Mismatch { hash, .. } => UploadError::Mismatch { hash },
            other => UploadError::Blob(other),
        })
    }

    fn remove_stretches(&self, row: &Row) -> Result<(), UploadError> {
        let Kind::Joined(_, stretches) = &row.kind else { return Ok(()) };
        stretches.iter().try_for_each(|stretch| Ok(self.store.remove_part(&part_name(*stretch))?))
    }
}
