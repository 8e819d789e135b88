//! The joining of stretches: one upload more, which names them, is their file.
//!
//! The stretches' bytes stay until the file has landed, and are written into its part one after another. Whatever
//! breaks, the next request about the file begins that anew; who asks for the same file again, is told of the same
//! upload, and of its stretches as if they were there.

use std::io::{self, Read};
use std::sync::Arc;

use super::id::UploadId;
use super::metadata::Metadata;
use super::rows::{Kind, Row};
use super::turns::Turn;
use super::{Caller, UploadError, Uploads, blocking, part_name};
use crate::blobs::{BlobError, Part};

/// How much is read at once.
const BUFFER: usize = 512 * 1024;

impl Uploads {
    /// The upload of `file`, joined from the caller's own complete stretches, and landed.
    pub(super) async fn join(
        self: &Arc<Self>,
        caller: Caller,
        file: Metadata,
        stretches: Vec<UploadId>,
    ) -> Result<Row, UploadError> {
        let kind = Kind::Joined(file, stretches);
        let (turn, row) = {
            // Of one device: whoever asks again and again about a large file holds up no other.
            let device = UploadId(*caller.device.as_bytes());
            let one_at_a_time = self.joins.take(device, self.limits.patience).await?;
            let (uploads, asked) = (self.clone(), kind.clone());
            let earlier = blocking(move || Ok(uploads.rows.joined(caller, &asked)?)).await?;
            match earlier.filter(|earlier| earlier.kind == kind) {
                Some(earlier) => {
                    drop(one_at_a_time);
                    self.look(caller, earlier.id).await?
                }
                None => {
                    let length = self.length_of_all(caller, &kind).await?;
                    self.begin(caller, kind, Some(length)).await?
                }
            }
        };
        self.complete(row, turn).await
    }

    async fn length_of_all(self: &Arc<Self>, caller: Caller, kind: &Kind) -> Result<u64, UploadError> {
        let Kind::Joined(_, stretches) = kind else { return Ok(0) };
        let mut length = 0_u64;
        for stretch in stretches {
            let row = self.own(caller, *stretch).await?;
            if row.kind != Kind::Stretch {
                return Err(UploadError::NoStretch);
            }
            if row.landed {
                return Err(UploadError::UsedUp);
            }
            if !row.is_whole() {
                return Err(UploadError::Unfinished);
            }
            length = length.saturating_add(row.offset);
        }
        Ok(length)
    }

    /// Lands an upload of which every byte is here, if it hasn't; the row as it is then.
    pub(super) async fn complete(self: &Arc<Self>, mut row: Row, turn: Turn) -> Result<Row, UploadError> {
        let mut held = vec![turn];
        match &row.kind {
            _ if row.landed => return Ok(row),
            Kind::Stretch => return Ok(row),
            Kind::File(_) if !row.is_whole() => return Ok(row),
            Kind::File(_) => {}
            Kind::Joined(_, stretches) => {
                // In one order for everybody, so that no two wait for each other.
                let mut stretches = stretches.clone();
                stretches.sort();
                for stretch in stretches {
                    held.push(self.turns.take(stretch, self.limits.patience).await?);
                }
            }
        }
        let uploads = self.clone();
        blocking(move || {
            let _held = held;
            let part = if row.is_whole() { None } else { Some(uploads.write_joined(&row)?) };
            uploads.finish(&row, part)?;
            (row.offset, row.landed) = (row.length.unwrap_or(row.offset), true);
            Ok(row)
        })
        .await
    }

    /// All stretches in one part. When one is missing, nothing can come of the file.
    fn write_joined(&self, row: &Row) -> Result<Part, UploadError> {
        let Kind::Joined(_, stretches) = &row.kind else { return Err(UploadError::NoStretch) };
        let mut part = self.store.part(&part_name(row.id), 0)?;
        let mut buffer = vec![0; BUFFER];
        for id in stretches {
            let stretch = self.rows.find(*id)?.map(|stretch| self.settle(stretch)).transpose()?;
            let Some(stretch) = stretch.filter(|stretch| stretch.is_whole() && !stretch.landed) else {
                self.discard(row)?;
                return Err(UploadError::NotFound);
            };
            if stretch.offset == 0 {
                continue;
            }
            let mut bytes = self.store.read_part(&part_name(*id))?.take(stretch.offset);
            loop {
                match bytes.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => part.write(&buffer[..count])?,
                    Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                    Err(cause) => return Err(BlobError::Write { path: part_name(*id).into(), cause }.into()),
                }
            }
        }
        Ok(part)
    }
}
