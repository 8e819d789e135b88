//! Sending media: tus 1.0, previews first, small before large, and one that fails holds back no other.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::blob::BlobHash;
use crate::ids::{PieceId, Rng};
use crate::store::transfers::{self, Held, Upload};
use crate::store::upload_chunks::{self, UploadChunk};
use crate::sync::Failure;
use crate::sync::device::back_off;
use crate::time::Timestamp;

use super::{Ask, Body, HttpAnswer, InFlight, Transfer};
use crate::device::requests::{PIECE, SMALL_PIECE};
use crate::device::settings::{PAUSED, THRIFTY};
use crate::device::why::Why;
use crate::device::{Device, DeviceError};

/// Uploads that are under way at once: the second goes on while the first waits for an answer.
const AT_ONCE: usize = 2;
/// Milliseconds until a file that is missing here is looked for again.
const LOOK_AGAIN: u64 = 300_000;

/// What was asked about an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::device) enum UploadAsk {
    Begin,
    Where,
    Send,
    LetGo,
    /// A stretch that travels apart, by its first byte.
    Stretch(u64),
    Join,
}

/// What kind of line this device is on, as its platform says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Line {
    /// Wi-Fi, a cable, or nobody knows.
    #[default]
    Free,
    /// Paid by the byte.
    Metered,
}

/// What is known of uploads since this device was opened.
#[derive(Debug, Default)]
pub(in crate::device) struct Uploading {
    line: Line,
    /// Those whose offset the relay has confirmed since, and that went well since then: of any other it knows better than
    /// our notes.
    confirmed: BTreeSet<(BlobHash, PieceId)>,
    /// Somebody in between takes small pieces only.
    small_pieces: bool,
}

impl Device {
    /// Says what line this device is on. Until it says so, a device is on a free one.
    pub fn set_line(&mut self, line: Line) {
        self.uploading.line = line;
    }

    /// With true, originals wait for a line that is not paid by the byte. What people wrote and small pictures never do.
    pub fn set_thrifty(&mut self, is_thrifty: bool) -> Result<(), DeviceError> {
        self.set_flag(THRIFTY, is_thrifty)
    }

    /// Do originals wait for a free line?
    pub fn is_thrifty(&self) -> Result<bool, DeviceError> {
        Ok(crate::store::meta(self.store.read(), THRIFTY)?.is_some())
    }

    /// Holds all uploads back, or lets them go on. What people wrote goes on.
    pub fn pause_uploads(&mut self, is_paused: bool) -> Result<(), DeviceError> {
        self.set_flag(PAUSED, is_paused)
    }

    /// Are all uploads held back?
    pub fn are_uploads_paused(&self) -> Result<bool, DeviceError> {
        Ok(crate::store::meta(self.store.read(), PAUSED)?.is_some())
    }

    /// Holds back what is to be sent of a piece (of one blob, if it is named), or lets it go again. A cancelled upload is
    /// let go of by the relay, and its bytes stay here.
    pub fn hold_upload(
        &mut self,
        piece: PieceId,
        hash: Option<BlobHash>,
        held: Held,
    ) -> Result<(), DeviceError> {
        match self.store.write(|tx| transfers::hold(tx, piece, hash, held))? {
            0 => Err(DeviceError::Unknown(format!("an upload of piece {piece}"))),
            _ => Ok(()),
        }
    }

    /// The uploads with their progress and the reasons why they wait, previews first.
    pub fn uploads(&self) -> Result<Vec<Upload>, DeviceError> {
        let mut uploads = transfers::uploads(self.store.read())?;
        let is_paused = self.are_uploads_paused()?;
        let is_thrifty = self.saves_now()?;
        for upload in uploads.iter_mut().filter(|upload| !upload.is_done) {
            let why = match upload.held {
                Held::Cancelled => Some(Why::CANCELLED),
                Held::Paused => Some(Why::PAUSED),
                Held::Not if is_paused => Some(Why::PAUSED),
                Held::Not if is_thrifty && !upload.is_preview => Some(Why::METERED),
                Held::Not => None,
            };
            if let Some(why) = why {
                upload.reason = Some(why.code().to_owned());
            }
        }
        Ok(uploads)
    }

    pub(in crate::device) fn saves_now(&self) -> Result<bool, DeviceError> {
        Ok(self.uploading.line == Line::Metered && self.is_thrifty()?)
    }

    fn set_flag(&mut self, name: &str, is_set: bool) -> Result<(), DeviceError> {
        self.store.write(|tx| match is_set {
            true => Ok(crate::store::put_meta(tx, name, b"")?),
            false => Ok(crate::store::remove_meta(tx, name)?),
        })
    }

    pub(in crate::device) fn next_upload(&mut self, now: Timestamp) -> Result<Transfer, DeviceError> {
        let mut wait: Option<Timestamp> = None;
        if self.steps.uploads().count() >= AT_ONCE || self.are_uploads_paused()? {
            return Ok((None, wait));
        }
        let saves = self.saves_now()?;
        for mut upload in transfers::ready_uploads(self.store.read())? {
            if self.is_in_flight(&upload) || (saves && !upload.is_preview && upload.held == Held::Not) {
                continue;
            }
            if !upload.not_before.is_over(now, LOOK_AGAIN) {
                wait = wait.into_iter().chain([upload.not_before]).min();
                continue;
            }
            if !self.store.blobs().has(upload.hash) && upload.held == Held::Not {
                // One lost file must not hold back the others. It is looked for again, and named until then.
                upload.not_before = now.plus_millis(LOOK_AGAIN);
                upload.reason = Some(Why::FILE_MISSING.code().to_owned());
                wait = wait.into_iter().chain([upload.not_before]).min();
                self.store.write(|tx| Ok::<_, DeviceError>(transfers::update_upload(tx, &upload)?))?;
                continue;
            }
            let (ask, asked) = self.ask_upload(&upload)?;
            return Ok((Some((self.steps.begin(InFlight::Upload { upload, asked }), ask)), None));
        }
        Ok((None, wait))
    }

    pub(in crate::device) fn is_in_flight(&self, upload: &Upload) -> bool {
        self.steps.uploads().any(|other| (other.hash, other.piece) == (upload.hash, upload.piece))
    }

    /// tus 1.0: begin, or ask how far it came, or send the next piece; or have it let go.
    fn ask_upload(&self, upload: &Upload) -> Result<(Ask, UploadAsk), DeviceError> {
        let tus = tus();
        let bare =
            |method, url: String, headers| Ask { method, url, headers, body: Body::Empty, limit: 4096 };
        let Some(url) = &upload.url else {
            let chunks = upload_chunks::of(self.store.read(), upload.hash, upload.piece)?;
            if let Some(missing) = chunks.iter().find(|chunk| chunk.url.is_none()) {
                return Ok((self.ask_stretch(upload, missing)?, UploadAsk::Stretch(missing.start)));
            }
            if !chunks.is_empty() {
                return Ok((self.ask_join(upload, &chunks), UploadAsk::Join));
            }
            let headers =
                vec![tus, ("Upload-Length", upload.size.to_string()), ("Upload-Metadata", metadata(upload))];
            return Ok((bare("POST", format!("{}/v1/uploads", self.me.relay), headers), UploadAsk::Begin));
        };
        if upload.held == Held::Cancelled {
            return Ok((bare("DELETE", url.clone(), vec![tus]), UploadAsk::LetGo));
        }
        if !self.uploading.confirmed.contains(&(upload.hash, upload.piece)) {
            // Something went wrong, or this device was closed: the relay knows best how far it came.
            return Ok((bare("HEAD", url.clone(), vec![tus]), UploadAsk::Where));
        }
        let headers = vec![
            tus,
            ("Upload-Offset", upload.sent.to_string()),
            ("Content-Type", "application/offset+octet-stream".to_owned()),
        ];
        let piece = if self.uploading.small_pieces { SMALL_PIECE } else { PIECE };
        let length = upload.size.saturating_sub(upload.sent).min(piece);
        let body = self.body_of(upload.hash, upload.sent, length)?;
        Ok((Ask { method: "PATCH", url: url.clone(), headers, body, limit: 4096 }, UploadAsk::Send))
    }

    /// A stretch of a blob, as whoever sends it reads it.
    pub(in crate::device) fn body_of(
        &self,
        hash: BlobHash,
        offset: u64,
        length: u64,
    ) -> Result<Body, DeviceError> {
        Ok(match self.store.blobs().path(hash) {
            Some(path) => Body::File { path, offset, length },
            None => Body::Bytes(self.store.blobs().read(hash, offset, length)?),
        })
    }

    pub(in crate::device) fn uploaded(
        &mut self,
        upload: Upload,
        asked: UploadAsk,
        answer: Result<HttpAnswer, Failure>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        let name = (upload.hash, upload.piece);
        let Some(mut upload) = transfers::upload(self.store.read(), name.0, name.1)? else { return Ok(()) };
        let mut failed = |upload: &mut Upload, why: Why| {
            upload.rounds += 1;
            upload.not_before = now.plus_millis(back_off(upload.rounds, rng));
            upload.reason = Some(why.code().to_owned());
        };
        let HttpAnswer { status, location, upload_offset, is_of_relay, .. } = answer.unwrap_or_default();
        let (rounds, sent) = (upload.rounds, upload.sent);
        match (asked, status) {
            (UploadAsk::Begin, 201) if location.is_some() => {
                upload.url = location.map(|location| absolute(&self.me.relay, &location));
                (upload.sent, upload.reason) = (0, None);
                upload.is_done = upload.size == 0;
                self.uploading.confirmed.insert(name);
            }
            (UploadAsk::Send, 200 | 204) if upload_offset.is_none_or(|at| at <= sent) => {
                // It took a piece and has none of it: whoever went on would send it again without end.
                failed(&mut upload, Why::BUSY);
            }
            (UploadAsk::Where | UploadAsk::Send, 200 | 204)
                if upload_offset.is_some_and(|at| at <= upload.size) =>
            {
                upload.sent = upload_offset.unwrap_or_default();
                upload.reason = None;
                // To be told where it stands is no progress: the pauses grow until a byte more is there.
                if upload.sent > sent {
                    upload.rounds = 0;
                }
                upload.is_done = upload.sent == upload.size;
                self.uploading.confirmed.insert(name);
            }
            (UploadAsk::Stretch(start), 201) if location.is_some() => {
                let location = location.map(|location| absolute(&self.me.relay, &location));
                let all = upload_chunks::of(self.store.read(), upload.hash, upload.piece)?;
                if let Some(chunk) = all.into_iter().find(|chunk| chunk.start == start)
                    && upload_offset == Some(chunk.length)
                {
                    let arrived = UploadChunk { carried: false, url: location, ..chunk };
                    upload.rounds = 0;
                    self.store.write(|tx| {
                        Ok::<_, DeviceError>(upload_chunks::put(tx, upload.hash, upload.piece, &arrived)?)
                    })?;
                } else {
                    failed(&mut upload, Why::BUSY);
                }
            }
            (UploadAsk::Join, 201) if location.is_some() && upload_offset == Some(upload.size) => {
                // How far it came is asked next.
                upload.url = location.map(|location| absolute(&self.me.relay, &location));
                self.store.write(|tx| {
                    Ok::<_, DeviceError>(upload_chunks::forget(tx, upload.hash, upload.piece)?)
                })?;
            }
            (UploadAsk::Join, 201 | 400 | 404 | 410 | 422 | 431) => {
                // A stretch is gone, they are not what they should be, or whoever stands in between can't take so many
                // names: from the start, in one line.
                self.store.write(|tx| {
                    Ok::<_, DeviceError>(upload_chunks::forget(tx, upload.hash, upload.piece)?)
                })?;
                failed(&mut upload, Why::STARTED_AGAIN);
            }
            (UploadAsk::LetGo, 204 | 404 | 410) => (upload.url, upload.sent, upload.rounds) = (None, 0, 0),
            (UploadAsk::Where | UploadAsk::Send, 404 | 410 | 422) => {
                // The relay let go of it: begin again.
                (upload.url, upload.sent) = (None, 0);
                failed(&mut upload, Why::STARTED_AGAIN);
            }
            (_, 0) => failed(&mut upload, Why::NO_CONNECTION),
            (_, 401) if is_of_relay => return self.failed(Failure::Refused, now, rng),
            (_, 403) => failed(&mut upload, Why::NOT_EXPECTED_YET),
            (_, 413) if is_of_relay => failed(&mut upload, Why::OVER_QUOTA),
            // Not the school's word: smaller pieces may get through, at once.
            (UploadAsk::Send, 413) if !self.uploading.small_pieces => self.uploading.small_pieces = true,
            (_, 413) => failed(&mut upload, Why::TOO_LARGE_ON_THE_WAY),
            (_, 200..=399 | 511) if !is_of_relay => failed(&mut upload, Why::SIGN_IN_FIRST),
            (_, 507) => failed(&mut upload, Why::NO_ROOM_AT_SCHOOL),
            (_, _) => failed(&mut upload, Why::BUSY),
        }
        if upload.rounds > rounds {
            self.uploading.confirmed.remove(&name);
        }
        self.store.write(|tx| Ok(transfers::update_upload(tx, &upload)?))
    }
}

/// Stands in every request of the protocol.
pub(in crate::device) fn tus() -> (&'static str, String) {
    ("Tus-Resumable", "1.0.0".to_owned())
}

/// What the relay is told of the bytes to come.
pub(in crate::device) fn metadata(upload: &Upload) -> String {
    let (hash, piece) = (upload.hash.to_string(), upload.piece.to_string());
    format!("hash {},piece {}", STANDARD.encode(hash), STANDARD.encode(piece))
}

pub(in crate::device) fn absolute(relay: &str, location: &str) -> String {
    // Only ever to the relay itself: a token goes nowhere else.
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => location,
    };
    // Without a stroke before it, it would go on with the name of the relay's host.
    format!("{relay}/{}", path.trim_start_matches('/'))
}
