//! The end of an upload: verify, publish, record. Each step can be repeated, so a crash between them only repeats one.

use std::sync::PoisonError;

use super::rows::Row;
use super::{DAY, UploadError, Uploads};
use crate::blobs::{BlobError, Part};

impl Uploads {
    /// Lands an upload whose bytes are all here: in `part`, in the part file, or published already. Blocks. When the
    /// relay refuses or fails to record, the bytes stay, and the next request about the upload tries again.
    pub(super) fn finish(&self, row: &Row, part: Option<Part>) -> Result<(), UploadError> {
        let Row { id, caller, piece, hash, length, .. } = *row;
        let path = self.part_path(id);
        let part = match part {
            Some(part) => Some(part),
            None if path.exists() || length == 0 => Some(Part::open(&path, length)?),
            None => None,
        };
        let whole = part.map(|part| self.or_give_up(row, part.verify(hash))).transpose()?;
        if whole.is_some() {
            self.rows.set_offset(id, length)?;
        }

        let _landing = self.landings.read().unwrap_or_else(PoisonError::into_inner);
        let reserved = self.rows.pending_bytes(caller.person, Some(id))?;
        self.landing.may_upload(caller, piece, hash, length, reserved)?;
        match whole {
            Some(whole) => self.or_give_up(row, self.store.publish(whole))?,
            None if self.store.size(hash)? == Some(length) => {}
            None => return Err(BlobError::Missing { hash }.into()),
        }
        self.landing.landed(caller, piece, hash, length).map_err(UploadError::NotRecorded)?;
        self.rows.set_landed(id, (self.now)().plus_millis(DAY))?;
        Ok(())
    }
}
