//! Uploads: media on its way from a device, over a line that may break at any byte.
//!
//! The protocol is tus 1.0 with creation, creation-with-upload, checksum, expiration and termination; [`router`] speaks it. An upload is a
//! row in `uploads.db` and a part in the blob store. These hold, whatever breaks:
//!
//! - An offset is told to the device only after its bytes, and then its row, are on the disk. At start each part is cut
//!   to its row's offset.
//! - One writer at a time: whoever comes next about an upload stops the one before, which first records what it has.
//! - An offset equals the length only once the bytes match their hash. From there every HEAD or PATCH, and a new upload
//!   of the same bytes, finishes what a crash may have left open: publish, then [`Landing::landed`], then the row's
//!   `landed`. Clients take such an offset for success, so it is told only after all three.
//! - An id alone grants nothing: to anyone but the device that began it, an upload isn't there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::StatusCode;
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{DeviceId, PersonId, PieceId};
use fieldfolio_core::time::Timestamp;

use crate::blobs::{BlobError, BlobStore};

mod begin;
mod checksum;
mod finish;
mod http;
mod id;
mod metadata;
mod receive;
mod rows;
mod turns;

pub use http::router;

use id::UploadId;
use rows::{Row, Rows};
use turns::{Turn, Turns};

/// Who asks, as the authorising layer found out. It puts one into every request's extensions except `OPTIONS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub person: PersonId,
    pub device: DeviceId,
}

/// What the rest of the relay says to an upload. Both may block; neither may wait for [`Uploads::while_nothing_lands`].
pub trait Landing: Send + Sync + 'static {
    /// May this device's person bring these bytes for this piece? Asked at creation, and again before landing.
    /// `reserved` are the bytes of the person's other uploads that have begun and not landed: they count as used.
    fn may_upload(
        &self,
        caller: Caller,
        piece: PieceId,
        hash: BlobHash,
        length: u64,
        reserved: u64,
    ) -> Result<(), Refusal>;

    /// The bytes are durable under their name: record it, durably, before the device is told. After a crash it is
    /// called again for what it may have recorded already; that is no error.
    fn landed(&self, caller: Caller, piece: PieceId, hash: BlobHash, length: u64) -> Result<(), Failed>;
}

/// Why bytes may not be brought.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("nothing you have sent names {hash} in this piece: send the change that names it first")]
    NotNamed { hash: BlobHash },

    #[error("this would go over your quota: {used} of {quota} bytes are used, and this needs {length} more")]
    OverQuota { used: u64, quota: u64, length: u64 },

    #[error(transparent)]
    Failed(#[from] Failed),
}

/// The relay couldn't look or record. The cause goes to the log, not to the device.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failed(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// How much is allowed.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one upload.
    pub max_size: u64,
    /// Uploads of one device that have begun and not landed.
    pub max_open: u64,
    /// An upload that hasn't landed is given up after this many milliseconds.
    pub lifetime: u64,
    /// How long a body may be silent.
    pub idle: Duration,
    /// How long to wait for another request about the same upload to let go.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_size: 2 * 1024 * 1024 * 1024,
            max_open: 512,
            lifetime: 7 * DAY,
            idle: Duration::from_secs(30),
            patience: Duration::from_secs(10),
        }
    }
}

const DAY: u64 = 24 * 60 * 60 * 1000;

/// The uploads of one relay. Only one may be open on a folder.
pub struct Uploads {
    rows: Rows,
    turns: Turns,
    store: Arc<dyn BlobStore>,
    landing: Arc<dyn Landing>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    limits: Limits,
    /// Held for reading from before a blob is published until its landing is recorded.
    landings: RwLock<()>,
    /// Held while an upload is admitted, so that two at once can't both fit into the same rest of a quota.
    admissions: std::sync::Mutex<()>,
}

impl Uploads {
    /// Opens `uploads.db` in `folder`, and makes rows and parts agree: a part longer than its row is cut, a row ahead
    /// of its part goes back, and parts without a row and rows past their time go.
    pub fn open(
        folder: &Path,
        store: Arc<dyn BlobStore>,
        landing: Arc<dyn Landing>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        limits: Limits,
    ) -> Result<Self, UploadError> {
        fs::create_dir_all(folder).map_err(|cause| UploadError::Folder { path: folder.to_owned(), cause })?;
        let uploads = Self {
            rows: Rows::open(&folder.join("uploads.db"))?,
            turns: Turns::default(),
            store,
            landing,
            now: Box::new(now),
            limits,
            landings: RwLock::new(()),
            admissions: std::sync::Mutex::new(()),
        };
        for row in uploads.rows.expired((uploads.now)())? {
            uploads.discard(&row)?;
        }
        for row in uploads.rows.open_ones()? {
            uploads.settle(row)?;
        }
        uploads.remove_orphans()?;
        Ok(uploads)
    }

    /// Bytes that this person's uploads will take when they land.
    pub fn pending_bytes(&self, person: PersonId) -> Result<u64, UploadError> {
        Ok(self.rows.pending_bytes(person, None)?)
    }

    /// Removes the uploads that are past their time at `now`; how many. For a janitor, every hour or so.
    pub async fn sweep(self: &Arc<Self>, now: Timestamp) -> Result<usize, UploadError> {
        let uploads = self.clone();
        let expired = blocking(move || Ok(uploads.rows.expired(now)?)).await?;
        self.give_up(expired).await
    }

    /// Removes every trace of this person's uploads that haven't landed, and the memory of those that have; how many.
    /// For erasure: whoever is uploading is stopped.
    pub async fn forget(self: &Arc<Self>, person: PersonId) -> Result<usize, UploadError> {
        let uploads = self.clone();
        let theirs = blocking(move || Ok(uploads.rows.of_person(person)?)).await?;
        self.give_up(theirs).await
    }

    /// Runs `act` while no upload is between its blob and the record of it. Whoever removes unlinked blobs looks for
    /// links and removes in here; otherwise equal bytes could land in between and their link dangle.
    pub fn while_nothing_lands<T>(&self, act: impl FnOnce() -> T) -> T {
        let _nothing_lands = self.landings.write().unwrap_or_else(PoisonError::into_inner);
        act()
    }

    async fn give_up(self: &Arc<Self>, rows: Vec<Row>) -> Result<usize, UploadError> {
        let mut count = 0;
        for row in rows {
            // One that won't let go doesn't keep the others; the next round asks it again.
            let Ok(turn) = self.turns.take(row.id, self.limits.patience).await else { continue };
            self.remove(row, turn).await?;
            count += 1;
        }
        Ok(count)
    }

    async fn remove(self: &Arc<Self>, row: Row, turn: Turn) -> Result<(), UploadError> {
        let uploads = self.clone();
        blocking(move || {
            let _turn = turn;
            uploads.discard(&row)
        })
        .await
    }

    /// The row as its part allows it.
    fn settle(&self, mut row: Row) -> Result<Row, UploadError> {
        let path = self.part_path(row.id);
        let part = match fs::metadata(&path) {
            Ok(found) => Some(found.len()),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => None,
            Err(cause) => return Err(UploadError::Folder { path, cause }),
        };
        let published = || Ok::<_, BlobError>(self.store.size(row.hash)? == Some(row.length));
        let offset = match part {
            _ if row.landed => row.offset,
            Some(length) => row.offset.min(length),
            None if row.offset == row.length && published()? => row.offset,
            None => 0,
        };
        if part.is_some_and(|length| length > offset) {
            let cut = fs::OpenOptions::new().write(true).open(&path).and_then(|part| part.set_len(offset));
            cut.map_err(|cause| UploadError::Folder { path, cause })?;
        }
        if offset != row.offset {
            tracing::warn!(upload = %row.id, recorded = row.offset, offset, "a part is shorter than recorded");
            self.rows.set_offset(row.id, offset)?;
            row.offset = offset;
        }
        Ok(row)
    }

    /// Removes the upload: first the row, so that a crash leaves an orphan and not a promise.
    fn discard(&self, row: &Row) -> Result<(), UploadError> {
        self.rows.remove(row.id)?;
        self.remove_part(&self.part_path(row.id))
    }

    fn remove_orphans(&self) -> Result<(), UploadError> {
        let folder = self.store.part_folder();
        let failed = |cause| UploadError::Folder { path: folder.to_owned(), cause };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name =
                path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".part"));
            let Some(id) = name.and_then(UploadId::parse) else { continue };
            if self.rows.find(id)?.is_none() {
                self.remove_part(&path)?;
            }
        }
        Ok(())
    }

    fn remove_part(&self, path: &Path) -> Result<(), UploadError> {
        match fs::remove_file(path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(UploadError::Folder { path: path.to_owned(), cause })
            }
            _ => Ok(()),
        }
    }

    fn part_path(&self, id: UploadId) -> PathBuf {
        self.store.part_folder().join(format!("{id}.part"))
    }
}

/// Why nothing came of a request about an upload. The text is for the person who reads the client's log.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("there is no such upload")]
    NotFound,
    #[error("this upload was given up; begin a new one")]
    Expired,
    #[error("another request about this upload is still at work; try again")]
    Busy,
    #[error("another request took this upload over; ask for its offset")]
    TakenOver,
    #[error("the next byte belongs at {offset}; ask for the offset and go on from there")]
    WrongOffset { offset: u64 },
    #[error("this is more than the {length} bytes that were announced; nothing beyond them is kept")]
    TooLong { length: u64 },
    #[error("an upload may have {max} bytes at most")]
    TooLarge { max: u64 },
    #[error("{max} uploads have begun and not ended; go on with those first")]
    TooMany { max: u64 },
    #[error("the body broke off; what arrived is kept")]
    BrokeOff,
    #[error("the body fell silent; what arrived is kept")]
    Silent,
    #[error("the body broke off before its checksum could be told; none of it is kept")]
    Unchecked,
    #[error(
        "the bytes do not match Upload-Checksum; none of them is kept, send them again from the same offset"
    )]
    Checksum,
    #[error("the bytes do not match {hash}; send the file again")]
    Mismatch { hash: BlobHash },
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("recording that the bytes arrived: {0}")]
    NotRecorded(#[source] Failed),
    #[error("storing the bytes: {0}")]
    Blob(#[from] BlobError),
    #[error("the uploads' database: {0}")]
    Rows(#[from] rusqlite::Error),
    #[error("the uploads' database {path}: {problem}")]
    Unusable { path: PathBuf, problem: String },
    #[error("the uploads' files, {path}: {cause}")]
    Folder { path: PathBuf, cause: std::io::Error },
    #[error("no randomness for an id: {0}")]
    Chance(getrandom::Error),
    #[error("the work was broken off: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

impl UploadError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Expired => StatusCode::GONE,
            Self::Busy | Self::TakenOver => StatusCode::LOCKED,
            Self::WrongOffset { .. } => StatusCode::CONFLICT,
            Self::TooLong { .. } | Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::BrokeOff | Self::Unchecked => StatusCode::BAD_REQUEST,
            Self::Checksum => StatusCode::from_u16(460).expect("a status has three digits"),
            Self::Silent => StatusCode::REQUEST_TIMEOUT,
            Self::Mismatch { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(Refusal::NotNamed { .. }) => StatusCode::FORBIDDEN,
            Self::Refused(Refusal::OverQuota { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(Refusal::Failed(_)) | Self::NotRecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Blob(BlobError::Write { cause, .. }) if cause.kind() == std::io::ErrorKind::StorageFull => {
                StatusCode::INSUFFICIENT_STORAGE
            }
            Self::Blob(_) | Self::Rows(_) | Self::Unusable { .. } | Self::Folder { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Chance(_) | Self::Stopped(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Runs `work` on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, UploadError> {
    tokio::task::spawn_blocking(work).await?
}
