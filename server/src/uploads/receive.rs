//! Taking in a body: what arrives is written, recorded now and then and at the end, and kept when the line breaks.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use tokio::time::Instant;

use super::checksum::Checksum;
use super::rows::Row;
use super::turns::Turn;
use super::{UploadError, Uploads, blocking, part_name};
use crate::blobs::Part;

/// How much is gathered before it is written.
const GATHER: usize = 512 * 1024;

/// How much may be unrecorded, and for how long: so much would be sent again after a power cut. A photo on a good line
/// is smaller than that and faster: it is synced once. A phone at 20 kB a second repeats a second.
const RECORD: u64 = 4 * 1024 * 1024;
const RECORD_EVERY: Duration = Duration::from_secs(1);

/// How long bytes that are about to be here are still taken after somebody else asked for the upload: what a phone sent
/// before its line broke needn't be sent again. Whoever asks waits so long at most.
const PARTING: Duration = Duration::from_millis(100);

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
        let most = row.length.unwrap_or(self.limits.max_size);
        let (mut offset, mut gathered, mut parting) = (row.offset, 0, None);
        let (mut heard, mut recorded) = (Instant::now(), Instant::now());
        let end = loop {
            let is_behind = gathered > 0 && !inflow.is_checked;
            let due = recorded + RECORD_EVERY;
            let frame = tokio::select! {
                biased;
                () = turn.wanted(), if parting.is_none() => {
                    parting = Some(Instant::now() + PARTING);
                    continue;
                }
                frame = frames.next() => frame,
                () = tokio::time::sleep_until(due), if is_behind => {
                    inflow = blocking(move || inflow.record()).await?;
                    (gathered, recorded) = (0, Instant::now());
                    continue;
                }
                () = tokio::time::sleep_until(parting.unwrap_or(due)), if parting.is_some() => {
                    break Err(UploadError::TakenOver);
                }
                () = tokio::time::sleep_until(heard + self.limits.idle) => break Err(UploadError::Silent),
            };
            heard = Instant::now();
            match frame {
                Some(Ok(bytes)) if bytes.len() as u64 > most - offset => {
                    // What isn't recorded yet is cut off when the upload is next looked at.
                    return Err(self.too_long(row));
                }
                Some(Ok(bytes)) => {
                    offset += bytes.len() as u64;
                    gathered += bytes.len();
                    if let Some(checksum) = &mut checksum {
                        checksum.count(&bytes);
                    }
                    inflow.gathered.push(bytes);
                    let is_due = !inflow.is_checked && heard >= due;
                    if is_due || gathered >= GATHER {
                        inflow =
                            blocking(move || if is_due { inflow.record() } else { inflow.write() }).await?;
                        gathered = 0;
                    }
                    if is_due {
                        recorded = Instant::now();
                    }
                    if parting.is_some_and(|end| heard >= end) {
                        break Err(UploadError::TakenOver);
                    }
                }
                Some(Err(_)) => break Err(UploadError::BrokeOff),
                None => break Ok(()),
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
        let whole = row.length == Some(offset);
        blocking(move || inflow.end(offset)).await?;
        if whole { Ok(offset) } else { end.map(|()| offset) }
    }

    /// More came than was announced, or than any file may have.
    pub(super) fn too_long(&self, row: &Row) -> UploadError {
        match row.length {
            Some(length) => UploadError::TooLong { length },
            None => UploadError::TooLarge { max: self.limits.max_size },
        }
    }
}

/// A body on its way into a part, which is opened when the first bytes are written.
struct Inflow {
    uploads: Arc<Uploads>,
    row: Row,
    part: Option<Part>,
    gathered: Vec<Bytes>,
    /// Nothing is recorded before the end, where the checksum is.
    is_checked: bool,
}

impl Inflow {
    fn write(mut self) -> Result<Self, UploadError> {
        if self.gathered.is_empty() {
            return Ok(self);
        }
        self.uploads.has_disk()?;
        let mut part = match self.part.take() {
            Some(part) => part,
            None => self.uploads.store.part(&part_name(self.row.id), self.row.offset)?,
        };
        for bytes in self.gathered.drain(..) {
            part.write(&bytes)?;
        }
        let is_much = part.unsynced() >= RECORD;
        self.part = Some(part);
        if is_much && !self.is_checked { self.record() } else { Ok(self) }
    }

    /// The last bytes of a file are recorded by `finish` only: an offset equals the length once the hash is right.
    fn record(self) -> Result<Self, UploadError> {
        let mut inflow = if self.gathered.is_empty() { self } else { self.write()? };
        let Some(part) = inflow.part.take() else { return Ok(inflow) };
        let is_last = inflow.row.file().is_some() && inflow.row.length == Some(part.length());
        let part =
            if is_last || part.unsynced() == 0 { part } else { inflow.uploads.record(&inflow.row, part)? };
        inflow.part = Some(part);
        Ok(inflow)
    }

    fn end(self, offset: u64) -> Result<(), UploadError> {
        let is_last = self.row.file().is_some() && self.row.length == Some(offset);
        let Self { uploads, row, part, .. } = if is_last { self.write()? } else { self.record()? };
        if is_last && !row.landed { uploads.finish(&row, part) } else { Ok(()) }
    }
}

impl Uploads {
    fn record(&self, row: &Row, part: Part) -> Result<Part, UploadError> {
        let part = self.or_give_up(row, part.sync())?;
        self.rows.set_offset(row.id, part.length(), (self.now)())?;
        Ok(part)
    }
}
