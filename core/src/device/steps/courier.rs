//! Handing files to the platform's own uploader, which goes on when the app is suspended or ended.
//!
//! Such an uploader (a background `URLSession`, WorkManager) performs whole requests, and performs them again when they
//! fail. So an original travels as stretches that each are an upload of their own (`Upload-Concat: partial`); one that
//! arrives twice is there twice and used once. When all have arrived, this device has the relay join them.

use crate::blob::BlobHash;
use crate::ids::{Chance, PieceId};
use crate::store::errands::{self, Errand};
use crate::store::transfers::{self, Held, Upload};
use crate::sync::Failure;
use crate::time::Timestamp;

use super::super::{Device, DeviceError};
use super::upload::{absolute, metadata, tus};
use super::{Ask, Body, HttpAnswer};

/// Bytes of one stretch: a request that fails is sent again as a whole.
pub const STRETCH: u64 = 8 * 1024 * 1024;

/// The platform's own uploader.
pub trait Courier {
    /// Takes over a request whose body is a stretch of a file, to be performed some time, also after this program has
    /// ended. What comes of it is handed to [`Device::brought`] under the parcel's name. False: it takes no more.
    fn take(&mut self, parcel: Parcel) -> bool;
}

/// One request for a [`Courier`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// What it is handed back under.
    pub name: String,
    /// What to ask. The courier adds `Authorization`, as a driver does.
    pub ask: Ask,
}

impl Device {
    /// Hands what is ready to be sent to the platform: as the app goes to the background, say. Returns how many requests
    /// it took. What it has is not sent from here; [`Device::take_back`] changes that.
    pub fn hand_over(&mut self, courier: &mut dyn Courier) -> Result<usize, DeviceError> {
        if self.are_uploads_paused()? || self.store.blobs().path(BlobHash::of(b"")).is_none() {
            return Ok(0);
        }
        let saves = self.saves_now()?;
        let mut taken = 0;
        for upload in transfers::ready_uploads(self.store.read())? {
            let goes_on = upload.url.is_some() || upload.held != Held::Not || (saves && !upload.is_preview);
            let is_in_flight = self.is_in_flight(&upload);
            if goes_on || is_in_flight || !self.store.blobs().has(upload.hash) {
                continue;
            }
            for errand in self.errands_of(&upload)?.into_iter().filter(|errand| errand.url.is_none()) {
                let ask = self.ask_stretch(&upload, &errand)?;
                let name = format!("{}/{}/{}", upload.hash, upload.piece, errand.start);
                if !courier.take(Parcel { name, ask }) {
                    return Ok(taken);
                }
                let carried = Errand { carried: true, ..errand };
                self.store.write(|tx| {
                    Ok::<_, DeviceError>(errands::put(tx, upload.hash, upload.piece, &carried)?)
                })?;
                taken += 1;
            }
        }
        Ok(taken)
    }

    /// Takes what came of a parcel. One that failed is sent from here.
    pub fn brought(
        &mut self,
        name: &str,
        answer: Result<HttpAnswer, Failure>,
        now: Timestamp,
        chance: &mut dyn Chance,
    ) -> Result<(), DeviceError> {
        let unknown = || DeviceError::Unknown(format!("parcel {name}"));
        let (hash, piece, start) = read_name(name).ok_or_else(unknown)?;
        let all = errands::of(self.store.read(), hash, piece)?;
        let Some(mut errand) = all.into_iter().find(|errand| errand.start == start) else {
            // Sent from here meanwhile.
            return Ok(());
        };
        if let Ok(HttpAnswer { status: 401, .. }) = answer {
            return self.failed(Failure::Refused, now, chance);
        }
        errand.carried = false;
        if let Ok(HttpAnswer { status: 201, location: Some(location), upload_offset, .. }) = answer
            && upload_offset == Some(errand.length)
        {
            errand.url = Some(absolute(&self.me.relay, &location));
        }
        self.store.write(|tx| Ok(errands::put(tx, hash, piece, &errand)?))
    }

    /// What the platform was given is sent from here: it says that it has nothing any more.
    pub fn take_back(&mut self) -> Result<(), DeviceError> {
        self.store.write(|tx| Ok(errands::take_back(tx)?))
    }

    /// The stretches of an upload, planned if it is the first time.
    fn errands_of(&self, upload: &Upload) -> Result<Vec<Errand>, DeviceError> {
        let known = errands::of(self.store.read(), upload.hash, upload.piece)?;
        if !known.is_empty() {
            return Ok(known);
        }
        let starts = (0..upload.size).step_by(STRETCH as usize);
        let planned = starts.map(|start| Errand {
            start,
            length: (upload.size - start).min(STRETCH),
            carried: false,
            url: None,
        });
        Ok(planned.collect())
    }

    /// One stretch, begun and sent in one request.
    pub(super) fn ask_stretch(&self, upload: &Upload, errand: &Errand) -> Result<Ask, DeviceError> {
        let headers = vec![
            tus(),
            ("Upload-Concat", "partial".to_owned()),
            ("Upload-Length", errand.length.to_string()),
            ("Content-Type", "application/offset+octet-stream".to_owned()),
        ];
        let body = match self.store.blobs().path(upload.hash) {
            Some(path) => Body::File { path, offset: errand.start, length: errand.length },
            None => Body::Bytes(self.store.blobs().read(upload.hash, errand.start, errand.length)?),
        };
        Ok(Ask { method: "POST", url: format!("{}/v1/uploads", self.me.relay), headers, body, limit: 4096 })
    }

    /// All stretches, to be joined.
    pub(super) fn ask_join(&self, upload: &Upload, urls: &[&str]) -> Ask {
        let headers = vec![
            tus(),
            ("Upload-Concat", format!("final;{}", urls.join(" "))),
            ("Upload-Metadata", metadata(upload)),
        ];
        let url = format!("{}/v1/uploads", self.me.relay);
        Ask { method: "POST", url, headers, body: Body::Empty, limit: 4096 }
    }
}

fn read_name(name: &str) -> Option<(BlobHash, PieceId, u64)> {
    let mut parts = name.split('/');
    let read = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(read)
}
