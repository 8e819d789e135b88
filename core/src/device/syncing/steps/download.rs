//! Fetching media: in pieces, so that a cut costs one of them, and verified by hash before it is there.

use crate::blob::BlobHash;
use crate::ids::Rng;
use crate::store::transfers::{self, Download};
use crate::sync::Failure;
use crate::sync::device::back_off;
use crate::time::Timestamp;

use super::{Ask, Body, HttpAnswer, InFlight, Transfer};
use crate::device::requests::{MAX_SMALL, PIECE};
use crate::device::why::Why;
use crate::device::{Device, DeviceError};

/// Downloads that are under way at once: small pictures are many, and each waits for an answer.
const AT_ONCE: usize = 3;
/// What is read of an answer that isn't a piece: whoever stands in between may send the whole.
const MAX_WHOLE: usize = 64 * 1024 * 1024;
/// The largest blob that is fetched, in bytes.
const MAX_SIZE: u64 = 1 << 31;
/// Milliseconds until a file that did not match its name is fetched again, whoever wakes the device meanwhile: a film that
/// is damaged at the school would use up every line it is fetched over.
const SPOILT_WAIT: u64 = 24 * 60 * 60 * 1000;

impl Device {
    pub(in crate::device) fn next_download(&mut self, now: Timestamp) -> Result<Transfer, DeviceError> {
        if self.steps.downloads().count() >= AT_ONCE {
            return Ok((None, None));
        }
        let mut wait: Option<Timestamp> = None;
        for download in transfers::wanted(self.store.read())? {
            if self.steps.downloads().any(|other| other.hash == download.hash) {
                continue;
            }
            if self.store.blobs().has(download.hash) {
                self.store.write(|tx| transfers::unwant(tx, download.hash))?;
                continue;
            }
            if !download.not_before.is_over(now, SPOILT_WAIT) {
                wait = wait.into_iter().chain([download.not_before]).min();
                continue;
            }
            let range = format!("bytes={}-{}", download.got, download.got + PIECE - 1);
            let ask = Ask {
                method: "GET",
                url: format!("{}/v1/blobs/{}", self.me.relay, download.hash),
                headers: vec![("Range", range)],
                body: Body::Empty,
                limit: MAX_WHOLE,
            };
            return Ok((Some((self.steps.begin(InFlight::Download(download)), ask)), None));
        }
        Ok((None, wait))
    }

    pub(in crate::device) fn downloaded(
        &mut self,
        download: Download,
        answer: Result<HttpAnswer, Failure>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        let hash = download.hash;
        let problem = match answer {
            Ok(HttpAnswer { status: 200, body, .. }) if BlobHash::of(&body) == hash => {
                self.store.blobs().put(&body)?;
                return self.arrived(hash, now);
            }
            Ok(HttpAnswer { status: 206, body, content_range, .. }) => {
                match content_range.and_then(|range| Stretch::read(&range)) {
                    // Whoever calls a film a small picture would have it come to everybody by itself.
                    Some(stretch) if download.is_small && stretch.of > MAX_SMALL => {
                        return self.spoilt(hash, now);
                    }
                    Some(stretch) if stretch.fits(&download, &body) => {
                        return self.piece_arrived(hash, stretch, &body, now);
                    }
                    _ => Why::SOMETHING_ELSE,
                }
            }
            Ok(HttpAnswer { status: 200, .. }) => Why::SOMETHING_ELSE,
            Ok(HttpAnswer { status: 416, .. }) => {
                // It is shorter than what is here of it: from the start.
                self.store.write(|tx| transfers::got(tx, hash, 0))?;
                Why::SOMETHING_ELSE
            }
            Ok(HttpAnswer { status: 401, is_of_relay: true, .. }) => {
                return self.failed(Failure::Refused, now, rng);
            }
            Ok(HttpAnswer { status: 404, .. }) => Why::ON_ITS_WAY,
            Ok(_) | Err(_) => Why::NO_CONNECTION,
        };
        let until = now.plus_millis(back_off(download.rounds + 1, rng));
        self.store.write(|tx| Ok(transfers::put_off_download(tx, hash, until, problem.code())?))
    }

    fn piece_arrived(
        &mut self,
        hash: BlobHash,
        stretch: Stretch,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), DeviceError> {
        self.store.blobs().put_piece(hash, stretch.from, body)?;
        let got = stretch.from + body.len() as u64;
        if got < stretch.of {
            return self.store.write(|tx| Ok(transfers::got(tx, hash, got)?));
        }
        if self.store.blobs().finish(hash, stretch.of)? {
            return self.arrived(hash, now);
        }
        self.spoilt(hash, now)
    }

    fn spoilt(&mut self, hash: BlobHash, now: Timestamp) -> Result<(), DeviceError> {
        let until = now.plus_millis(SPOILT_WAIT);
        self.store.write(|tx| Ok(transfers::spoilt(tx, hash, until, Why::SOMETHING_ELSE.code())?))
    }

    fn arrived(&mut self, hash: BlobHash, now: Timestamp) -> Result<(), DeviceError> {
        self.store.write(|tx| Ok::<_, DeviceError>(transfers::unwant(tx, hash)?))?;
        self.look_at(hash, now)?;
        self.made_fuller(self.store.blobs().size(hash).unwrap_or(0))
    }
}

/// What `Content-Range` says: `bytes 0-4194303/10000000`.
struct Stretch {
    from: u64,
    to: u64,
    of: u64,
}

impl Stretch {
    fn read(text: &str) -> Option<Self> {
        let (range, of) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (from, to) = range.split_once('-')?;
        Some(Self { from: from.parse().ok()?, to: to.parse().ok()?, of: of.parse().ok()? })
    }

    /// It is what was asked for: all of the piece, or all that is left. One that is shorter would be one of endlessly many.
    fn fits(&self, download: &Download, body: &[u8]) -> bool {
        let asked = download.got.saturating_add(PIECE).min(self.of);
        self.from == download.got
            && self.of <= MAX_SIZE
            && self.from < asked
            && self.to.checked_add(1) == Some(asked)
            && body.len() as u64 == asked - self.from
    }
}
