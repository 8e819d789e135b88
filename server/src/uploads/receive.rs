//! Taking in a body: what arrives is written, recorded now and then and at the end, and kept when the line breaks.

use std::sync::Arc;

use axum::body::Body;
use futures_util::{FutureExt, StreamExt};

use super::checksum::Checksum;
use super::rows::Row;
use super::turns::Turn;
use super::{UploadError, Uploads, blocking};
use crate::blobs::{BlobError, Part};

/// How much is gathered before it is written.
const GATHER: usize = 256 * 1024;

/// How much may be unrecorded, and so would be sent again after a power cut. A photo is smaller: it is synced once.
const RECORD: u64 = 4 * 1024 * 1024;

/// How many frames that are here already are still taken after somebody else asked for the upload.
const PARTING: usize = 16;

impl Uploads {
    /// Appends `body` to the upload, and lands it when that was the last of it. Returns the new offset. The caller has
    /// the upload's turn and the row as it is now. With a checksum nothing of the body counts until all of it does.
    pub(super) async fn receive(
        self: &Arc<Self>,
        row: &Row,
        turn: &Turn,
        body: Body,
        mut checksum: Option<Checksum>,
    ) -> Result<u64, UploadError> {
        let mut frames = body.into_data_stream();
        let mut inflow = Inflow {
            uploads: self.clone(),
            row: row.clone(),
            part: None,
            gathered: Vec::new(),
            is_checked: checksum.is_some(),
        };
        let mut offset = row.offset;
        let mut parting = PARTING;
        let end = loop {
            let frame = tokio::select! {
                biased;
                () = turn.wanted() => match frames.next().now_or_never() {
                    Some(frame) if parting > 0 => {
                        parting -= 1;
                        Ok(frame)
                    }
                    _ => break Err(UploadError::TakenOver),
                },
                frame = tokio::time::timeout(self.limits.idle, frames.next()) => frame,
            };
            match frame {
                Ok(Some(Ok(bytes))) if bytes.len() as u64 > row.length - offset => {
                    // What isn't recorded yet is cut off when the upload is next looked at.
                    return Err(UploadError::TooLong { length: row.length });
                }
                Ok(Some(Ok(bytes))) => {
                    offset += bytes.len() as u64;
                    if let Some(checksum) = &mut checksum {
                        checksum.count(&bytes);
                    }
                    inflow.gathered.extend_from_slice(&bytes);
                    if inflow.gathered.len() >= GATHER {
                        inflow = blocking(move || inflow.write()).await?;
                    }
                }
                Ok(Some(Err(_))) => break Err(UploadError::BrokeOff),
                Ok(None) => break Ok(()),
                Err(_) => break Err(UploadError::Silent),
            }
        };
        if let Some(checksum) = checksum {
            // What was written and not recorded is cut off when the upload is next looked at.
            end.map_err(|error| match error {
                UploadError::BrokeOff | UploadError::Silent => UploadError::Unchecked,
                other => other,
            })?;
            if !checksum.holds() {
                return Err(UploadError::Checksum);
            }
            return blocking(move || inflow.end(offset)).await.map(|()| offset);
        }
        // Once every byte is here it doesn't matter how the body ended: the hash decides.
        let whole = offset == row.length;
        blocking(move || inflow.end(offset)).await?;
        if whole { Ok(offset) } else { end.map(|()| offset) }
    }
}

/// A body on its way into a part, which is opened when the first bytes are written.
struct Inflow {
    uploads: Arc<Uploads>,
    row: Row,
    part: Option<Part>,
    gathered: Vec<u8>,
    /// Nothing is recorded before the end, where the checksum is.
    is_checked: bool,
}

impl Inflow {
    fn write(mut self) -> Result<Self, UploadError> {
        if self.gathered.is_empty() {
            return Ok(self);
        }
        let mut part = match self.part.take() {
            Some(part) => part,
            None => Part::open(&self.uploads.part_path(self.row.id), self.row.offset)?,
        };
        part.write(&self.gathered)?;
        self.gathered.clear();
        // The last stretch is recorded by `finish` only: an offset equals the length once the hash is right.
        let record = !self.is_checked && part.unsynced() >= RECORD && part.length() < self.row.length;
        self.part = Some(if record { self.uploads.record(&self.row, part)? } else { part });
        Ok(self)
    }

    fn end(self, offset: u64) -> Result<(), UploadError> {
        if offset == self.row.length { self.finish() } else { self.record() }
    }

    fn record(self) -> Result<(), UploadError> {
        let Self { uploads, row, part, .. } = self.write()?;
        if let Some(part) = part {
            uploads.record(&row, part)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), UploadError> {
        let Self { uploads, row, part, .. } = self.write()?;
        if row.landed { Ok(()) } else { uploads.finish(&row, part) }
    }
}

impl Uploads {
    fn record(&self, row: &Row, part: Part) -> Result<Part, UploadError> {
        let part = self.or_give_up(row, part.sync())?;
        self.rows.set_offset(row.id, part.length())?;
        Ok(part)
    }

    /// After a failed sync nothing is known of the bytes, and with the wrong hash nothing good: the upload goes, and
    /// the device begins again.
    pub(super) fn or_give_up<T>(&self, row: &Row, result: Result<T, BlobError>) -> Result<T, UploadError> {
        if let Err(BlobError::Sync { .. } | BlobError::Mismatch { .. }) = &result {
            self.discard(row)?;
        }
        result.map_err(|error| match error {
            BlobError::Mismatch { hash, .. } => UploadError::Mismatch { hash },
            other => UploadError::Blob(other),
        })
    }
}
