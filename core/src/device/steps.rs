//! What a driver is asked to do, one thing at a time. It moves bytes and decides nothing.

use std::path::PathBuf;

use crate::blob::BlobHash;
use crate::ids::Chance;
use crate::store::transfers::{self, Upload};
use crate::store::{log, outbox, records};
use crate::sync::device::back_off;
use crate::sync::wire::{self, Fill, Item, MAX_FILLS, Response};
use crate::sync::{Failure, Next, OutboxItem};
use crate::time::Timestamp;

use super::absorb::cursor;
use super::{Device, DeviceError, LOCKED, Why};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask the relay this, then hand the answer to [`Device::answered`].
    Ask(Ask),
    /// Nothing before this moment, unless the person does something; `None`: not until then at all.
    Wait(Option<Timestamp>),
    /// The school does not know this device any more: lock it, and name what was not sent.
    Locked,
}

/// One HTTP request. The driver adds `Authorization: Bearer <token in base64url>` and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// "GET", "POST", "HEAD", "PATCH".
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// What to send.
    pub body: Body,
    /// The most bytes of the answer to read.
    pub limit: usize,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A stretch of a file.
    File {
        /// Which one.
        path: PathBuf,
        /// From here.
        offset: u64,
        /// So many bytes.
        length: u64,
    },
}

/// What came back. Only a whole answer is one: a cut is a [`Failure`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The `Upload-Offset` header.
    pub upload_offset: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

/// What was asked last.
#[derive(Debug, Clone, Default)]
pub(super) enum InFlight {
    #[default]
    Nothing,
    Exchange {
        items: usize,
    },
    Upload {
        upload: Upload,
        asked: UploadAsk,
    },
    Download {
        hash: BlobHash,
        rounds: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UploadAsk {
    Begin,
    Where,
    Send,
}

/// Pieces in which an original travels: a cut costs at most one of them.
const UPLOAD_PIECE: u64 = 4 * 1024 * 1024;
/// Rows of the outbox that are looked at for one exchange.
const OUTBOX_LOOK: usize = 500;
/// Milliseconds until a file that is missing here is looked for again.
const LOOK_AGAIN: u64 = 300_000;
const MAX_BLOB: usize = 64 * 1024 * 1024;

impl Device {
    /// What to do now. Exchanges come first; then uploads, previews before originals, small before large; then
    /// downloads.
    pub fn next_step(&mut self, now: Timestamp) -> Result<Step, DeviceError> {
        let conn = self.store.read();
        let mut owed = Vec::new();
        for row in outbox::due(conn, now, OUTBOX_LOOK)? {
            let item = match row.owed {
                outbox::Owed::Act(id) => match log::act(conn, id)? {
                    Some(act) => Item::Act(act),
                    None => continue,
                },
                outbox::Owed::Change(change) => Item::Change(log::change(conn, change)?.change),
            };
            owed.push(OutboxItem { row: row.row, item, rounds: row.rounds });
        }
        let fills: Vec<Fill> = records::fills(conn, MAX_FILLS)?
            .into_iter()
            .map(|(document, after)| Fill { document, after })
            .collect();
        let wait = match self.half.next(now, cursor(conn)?, &owed, outbox::earliest(conn)?, &fills) {
            Next::Exchange(request) => {
                self.steps = InFlight::Exchange { items: request.items.len() };
                return Ok(Step::Ask(Ask {
                    method: "POST",
                    url: format!("{}/v1/sync", self.me.relay),
                    headers: vec![("Content-Type", "application/cbor".to_owned())],
                    body: Body::Bytes(wire::to_bytes(&request)),
                    limit: wire::MAX_RESPONSE_BYTES,
                }));
            }
            Next::Locked => return Ok(Step::Locked),
            Next::Wait(until) => until,
        };
        let (ask, transfers_wait) = self.next_transfer(now)?;
        Ok(match ask {
            Some(ask) => Step::Ask(ask),
            None => Step::Wait(wait.into_iter().chain(transfers_wait).min()),
        })
    }

    fn next_transfer(&mut self, now: Timestamp) -> Result<(Option<Ask>, Option<Timestamp>), DeviceError> {
        let mut wait = None;
        let mut later =
            |until: Timestamp| wait = Some(wait.map_or(until, |so_far: Timestamp| so_far.min(until)));
        for mut upload in transfers::ready_uploads(self.store.read())? {
            if upload.not_before > now {
                later(upload.not_before);
                continue;
            }
            if !self.store.blobs().has(upload.hash) {
                // One lost file must not hold back the others. It is looked for again, and named until then.
                upload.not_before = now.plus_millis(LOOK_AGAIN);
                upload.reason = Some(Why::FILE_MISSING.code().to_owned());
                later(upload.not_before);
                self.store.write(|tx| Ok::<_, DeviceError>(transfers::update_upload(tx, &upload)?))?;
                continue;
            }
            let (ask, asked) = self.ask_upload(&upload)?;
            self.steps = InFlight::Upload { upload, asked };
            return Ok((Some(ask), None));
        }
        for download in transfers::wanted(self.store.read())? {
            if self.store.blobs().has(download.hash) {
                self.store.write(|tx| transfers::unwant(tx, download.hash))?;
                continue;
            }
            if download.not_before > now {
                later(download.not_before);
                continue;
            }
            self.steps = InFlight::Download { hash: download.hash, rounds: download.rounds };
            let ask = Ask {
                method: "GET",
                url: format!("{}/v1/blobs/{}", self.me.relay, download.hash),
                headers: Vec::new(),
                body: Body::Empty,
                limit: MAX_BLOB,
            };
            return Ok((Some(ask), None));
        }
        Ok((None, wait))
    }

    /// tus 1.0: begin, or ask how far it came, or send the next stretch.
    fn ask_upload(&self, upload: &Upload) -> Result<(Ask, UploadAsk), DeviceError> {
        let tus = ("Tus-Resumable", "1.0.0".to_owned());
        let Some(url) = &upload.url else {
            use base64::Engine;
            let encode = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
            let metadata = format!(
                "hash {},piece {}",
                encode(upload.hash.to_string()),
                encode(upload.piece.to_string())
            );
            let headers =
                vec![tus, ("Upload-Length", upload.size.to_string()), ("Upload-Metadata", metadata)];
            let url = format!("{}/v1/uploads", self.me.relay);
            let ask = Ask { method: "POST", url, headers, body: Body::Empty, limit: 4096 };
            return Ok((ask, UploadAsk::Begin));
        };
        if upload.rounds > 0 {
            // Something went wrong: the relay knows best how far it came.
            let ask =
                Ask { method: "HEAD", url: url.clone(), headers: vec![tus], body: Body::Empty, limit: 4096 };
            return Ok((ask, UploadAsk::Where));
        }
        let headers = vec![
            tus,
            ("Upload-Offset", upload.sent.to_string()),
            ("Content-Type", "application/offset+octet-stream".to_owned()),
        ];
        let (offset, length) = (upload.sent, upload.size.saturating_sub(upload.sent).min(UPLOAD_PIECE));
        let body = match self.store.blobs().path(upload.hash) {
            Some(path) => Body::File { path, offset, length },
            None => Body::Bytes(self.store.blobs().read(upload.hash, offset, length)?),
        };
        Ok((Ask { method: "PATCH", url: url.clone(), headers, body, limit: 4096 }, UploadAsk::Send))
    }

    /// Takes what came of the last [`Step::Ask`].
    pub fn answered(
        &mut self,
        answer: Result<HttpAnswer, Failure>,
        now: Timestamp,
        chance: &mut dyn Chance,
    ) -> Result<(), DeviceError> {
        match std::mem::take(&mut self.steps) {
            InFlight::Nothing => Ok(()),
            InFlight::Exchange { items } => self.exchanged(answer, items, now, chance),
            InFlight::Upload { upload, asked } => self.uploaded(upload, asked, answer, now, chance),
            InFlight::Download { hash, rounds } => self.downloaded(hash, rounds, answer, now, chance),
        }
    }

    /// The person pulled to refresh, or the network came back: nothing waits for its time any more.
    pub fn wake(&mut self) -> Result<(), DeviceError> {
        self.half.wake();
        self.store.write(|tx| {
            outbox::wake(tx)?;
            Ok(transfers::wake(tx)?)
        })
    }

    fn exchanged(
        &mut self,
        answer: Result<HttpAnswer, Failure>,
        items: usize,
        now: Timestamp,
        chance: &mut dyn Chance,
    ) -> Result<(), DeviceError> {
        let response = match answer {
            Ok(HttpAnswer { status: 200, body, .. }) => {
                Response::from_bytes(&body, items).map_err(|_| Failure::Unreadable)
            }
            Ok(HttpAnswer { status: 401, .. }) => Err(Failure::Refused),
            Ok(_) => Err(Failure::Unreachable),
            Err(failure) => Err(failure),
        };
        match response {
            Ok(response) => {
                let batch = self.half.received(response, now, chance);
                self.absorb(batch)
            }
            Err(failure) => self.failed(failure, now, chance),
        }
    }

    /// A refusal is remembered across restarts: a revoked device stays locked.
    fn failed(
        &mut self,
        failure: Failure,
        now: Timestamp,
        chance: &mut dyn Chance,
    ) -> Result<(), DeviceError> {
        self.half.failed(failure, now, chance);
        if failure == Failure::Refused {
            self.store.write(|tx| Ok::<_, DeviceError>(crate::store::put_meta(tx, LOCKED, b"")?))?;
        }
        Ok(())
    }

    fn uploaded(
        &mut self,
        mut upload: Upload,
        asked: UploadAsk,
        answer: Result<HttpAnswer, Failure>,
        now: Timestamp,
        chance: &mut dyn Chance,
    ) -> Result<(), DeviceError> {
        let mut failed = |upload: &mut Upload, why: Why| {
            upload.rounds += 1;
            upload.not_before = now.plus_millis(back_off(upload.rounds, chance));
            upload.reason = Some(why.code().to_owned());
        };
        let HttpAnswer { status, location, upload_offset, .. } = answer.unwrap_or_default();
        match (asked, status) {
            (UploadAsk::Begin, 201) if location.is_some() => {
                upload.url = location.map(|location| absolute(&self.me.relay, &location));
                (upload.sent, upload.rounds, upload.reason) = (0, 0, None);
                upload.is_done = upload.size == 0;
            }
            (UploadAsk::Where | UploadAsk::Send, 200 | 204)
                if upload_offset.is_some_and(|at| at <= upload.size) =>
            {
                upload.sent = upload_offset.unwrap_or_default();
                (upload.rounds, upload.reason) = (0, None);
                upload.is_done = upload.sent == upload.size;
            }
            (UploadAsk::Where | UploadAsk::Send, 404 | 410 | 422) => {
                // The relay let go of it: begin again.
                upload.url = None;
                upload.sent = 0;
                failed(&mut upload, Why::STARTED_AGAIN);
            }
            (_, 0) => failed(&mut upload, Why::NO_CONNECTION),
            (_, 401) => return self.failed(Failure::Refused, now, chance),
            (_, 403) => failed(&mut upload, Why::NOT_EXPECTED_YET),
            (_, 413) => failed(&mut upload, Why::OVER_QUOTA),
            (_, _) => failed(&mut upload, Why::BUSY),
        }
        self.store.write(|tx| Ok(transfers::update_upload(tx, &upload)?))
    }

    fn downloaded(
        &mut self,
        hash: BlobHash,
        rounds: u32,
        answer: Result<HttpAnswer, Failure>,
        now: Timestamp,
        chance: &mut dyn Chance,
    ) -> Result<(), DeviceError> {
        let problem = match answer {
            Ok(HttpAnswer { status: 200, body, .. }) if BlobHash::of(&body) == hash => {
                self.store.blobs().put(&body)?;
                return self.store.write(|tx| Ok(transfers::unwant(tx, hash)?));
            }
            Ok(HttpAnswer { status: 200, .. }) => Why::SOMETHING_ELSE,
            Ok(HttpAnswer { status: 401, .. }) => return self.failed(Failure::Refused, now, chance),
            Ok(HttpAnswer { status: 404, .. }) => Why::ON_ITS_WAY,
            Ok(_) | Err(_) => Why::NO_CONNECTION,
        };
        let until = now.plus_millis(back_off(rounds + 1, chance));
        self.store.write(|tx| Ok(transfers::put_off_download(tx, hash, until, problem.code())?))
    }
}

fn absolute(relay: &str, location: &str) -> String {
    // Only ever to the relay itself: a token goes nowhere else.
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => location,
    };
    format!("{relay}{path}")
}
