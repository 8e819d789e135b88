//! Handing files to the platform's own uploader, which goes on when the app is suspended or ended.
//!
//! Such an uploader (a background `URLSession`, WorkManager) performs whole requests, and performs them again when they
//! fail. So an original travels as stretches that each are an upload of their own (`Upload-Concat: partial`); one that
//! arrives twice is there twice and used once. When all have arrived, this device has the relay join them.

use crate::blob::BlobHash;
use crate::ids::{PieceId, Rng};
use crate::store::transfers::{self, Held, Upload};
use crate::store::upload_chunks::{self, UploadChunk};
use crate::sync::Failure;
use crate::time::Timestamp;

use super::upload::{absolute, metadata, tus};
use super::{Ask, Body, HttpAnswer};
use crate::device::{Device, DeviceError};

/// Bytes of one stretch: a request that fails is sent again as a whole.
pub const CHUNK: u64 = 8 * 1024 * 1024;

/// Stretches that are under way or wait to be joined. The relay joins so many to one file, and keeps twice as many open
/// for a device: were there more, those could be stretches of films of which none is whole.
const MAX_STRETCHES: usize = 256;

/// The platform's own uploader.
pub trait BackgroundUploader {
    /// Takes over a request whose body is a stretch of a file, to be performed some time, also after this program has
    /// ended. What comes of it is handed to [`Device::background_upload_done`] under the upload's name. False: it takes no more.
    fn take(&mut self, upload: BackgroundUpload) -> bool;
}

/// One request for a [`BackgroundUploader`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackgroundUpload {
    /// What it is handed back under.
    pub name: String,
    /// What to ask. The courier adds `Authorization`, as a driver does.
    pub ask: Ask,
}

impl Device {
    /// Hands what is ready to be sent to the platform: as the app goes to the background, say. Returns how many requests
    /// it took. What it has is not sent from here; [`Device::take_back`] changes that.
    pub fn background_uploads(
        &mut self,
        uploader: &mut dyn BackgroundUploader,
    ) -> Result<usize, DeviceError> {
        if self.are_uploads_paused()? || self.store.blobs().path(BlobHash::of(b"")).is_none() {
            return Ok(0);
        }
        let saves = self.saves_now()?;
        let mut taken = 0;
        let mut open = upload_chunks::count(self.store.read())?;
        for upload in transfers::ready_uploads(self.store.read())? {
            let goes_on = upload.url.is_some() || upload.held != Held::Not || (saves && !upload.is_preview);
            let is_in_flight = self.is_in_flight(&upload);
            if goes_on || is_in_flight || !self.store.blobs().has(upload.hash) {
                continue;
            }
            let known = upload_chunks::of(self.store.read(), upload.hash, upload.piece)?;
            let is_new = known.is_empty();
            let all = if is_new { stretches(&upload) } else { known };
            if is_new {
                if open + all.len() > MAX_STRETCHES {
                    continue;
                }
                // All of them before the first leaves: a file is joined from all its stretches or not at all.
                self.store.write(|tx| {
                    all.iter().try_for_each(|chunk| {
                        Ok::<_, DeviceError>(upload_chunks::put(tx, upload.hash, upload.piece, chunk)?)
                    })
                })?;
                open += all.len();
            }
            for (position, chunk) in all.into_iter().enumerate().filter(|(_, chunk)| chunk.url.is_none()) {
                let ask = self.ask_stretch(&upload, &chunk)?;
                let name = format!("{}/{}/{}", upload.hash, upload.piece, chunk.start);
                if !uploader.take(BackgroundUpload { name, ask }) {
                    if is_new && position == 0 {
                        // Nothing of it left: in one line it goes quicker.
                        self.store.write(|tx| {
                            Ok::<_, DeviceError>(upload_chunks::forget(tx, upload.hash, upload.piece)?)
                        })?;
                    }
                    return Ok(taken);
                }
                let carried = UploadChunk { carried: true, ..chunk };
                self.store.write(|tx| {
                    Ok::<_, DeviceError>(upload_chunks::put(tx, upload.hash, upload.piece, &carried)?)
                })?;
                taken += 1;
            }
        }
        Ok(taken)
    }

    /// Takes what came of an upload. One that failed is sent from here.
    pub fn background_upload_done(
        &mut self,
        name: &str,
        answer: Result<HttpAnswer, Failure>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        let unknown = || DeviceError::Unknown(format!("upload {name}"));
        let (hash, piece, start) = read_name(name).ok_or_else(unknown)?;
        let all = upload_chunks::of(self.store.read(), hash, piece)?;
        let Some(mut chunk) = all.into_iter().find(|chunk| chunk.start == start) else {
            // Sent from here meanwhile.
            return Ok(());
        };
        if chunk.url.is_some() && !chunk.carried {
            // Brought a second time, or sent from here: one of it is enough.
            return Ok(());
        }
        if let Ok(HttpAnswer { status: 401, is_of_relay: true, .. }) = answer {
            return self.failed(Failure::Refused, now, rng);
        }
        chunk.carried = false;
        if let Ok(HttpAnswer { status: 201, location: Some(location), upload_offset, .. }) = answer
            && upload_offset == Some(chunk.length)
        {
            chunk.url = Some(absolute(&self.me.relay, &location));
        }
        self.store.write(|tx| Ok(upload_chunks::put(tx, hash, piece, &chunk)?))
    }

    /// What the platform was given is sent from here: it says that it has nothing any more.
    pub fn take_back(&mut self) -> Result<(), DeviceError> {
        self.store.write(|tx| Ok(upload_chunks::take_back(tx)?))
    }

    /// One stretch, begun and sent in one request.
    pub(super) fn ask_stretch(&self, upload: &Upload, chunk: &UploadChunk) -> Result<Ask, DeviceError> {
        let headers = vec![
            tus(),
            ("Upload-Concat", "partial".to_owned()),
            ("Upload-Length", chunk.length.to_string()),
            ("Content-Type", "application/offset+octet-stream".to_owned()),
        ];
        let body = self.body_of(upload.hash, chunk.start, chunk.length)?;
        Ok(Ask { method: "POST", url: format!("{}/v1/uploads", self.me.relay), headers, body, limit: 4096 })
    }

    /// All stretches, to be joined: named by their paths, since servers in between take few kilobytes of headers.
    pub(super) fn ask_join(&self, upload: &Upload, chunks: &[UploadChunk]) -> Ask {
        let urls = chunks.iter().filter_map(|chunk| chunk.url.as_deref());
        let paths: Vec<&str> = urls.map(|url| url.strip_prefix(&self.me.relay).unwrap_or(url)).collect();
        let headers = vec![
            tus(),
            ("Upload-Concat", format!("final;{}", paths.join(" "))),
            ("Upload-Metadata", metadata(upload)),
        ];
        let url = format!("{}/v1/uploads", self.me.relay);
        Ask { method: "POST", url, headers, body: Body::Empty, limit: 4096 }
    }
}

/// The stretches of an upload, none of which left yet.
fn stretches(upload: &Upload) -> Vec<UploadChunk> {
    let starts = (0..upload.size.div_ceil(CHUNK)).map(|number| number * CHUNK);
    let planned = starts.map(|start| UploadChunk {
        start,
        length: (upload.size - start).min(CHUNK),
        carried: false,
        url: None,
    });
    planned.collect()
}

fn read_name(name: &str) -> Option<(BlobHash, PieceId, u64)> {
    let mut parts = name.split('/');
    let read = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(read)
}
