//! Uploads: media on its way from a device, over a line that may break at any byte.
//!
//! The protocol is tus 1.0 with its extensions: creation, with the bytes and with a length that is told later too,
//! checksum, concatenation, expiration and termination; [`router`] speaks it. An upload is a row in `uploads.db` and a
//! part in the blob store. These hold, whatever breaks:
//!
//! - An offset is told to the device only after its bytes, and then its row, are on the disk. At start each part is cut
//!   to its row's offset.
//! - One writer at a time: whoever comes next about an upload stops the one before, which first records what it has.
//! - A file's offset equals its length only once the bytes match their hash. From there every HEAD or PATCH, and a new
//!   upload of the same bytes, finishes what a crash may have left open: publish, then [`UploadPolicy::landed`], then the
//!   row's `landed`. Clients take such an offset for success, so it is told only after all three.
//! - Bytes are reserved when an upload begins, of its person's quota, the school's and the disk: what was begun fits.
//! - An id alone grants nothing: to anyone but the device that began it, an upload isn't there.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{PersonId, PieceId};
use fieldfolio_core::time::Timestamp;

use crate::blobs::{BlobError, BlobStore};
use crate::disk::make_folder;

mod answer;
mod asked;
mod begin;
mod checksum;
mod concat;
mod error;
mod finish;
mod http;
mod id;
mod janitor;
mod join;
mod metadata;
pub(crate) mod policy;
mod receive;
mod rows;
mod storage_space;
mod turns;

/// Who asks, as the authorising layer found out. It puts one into every request's extensions except `OPTIONS`.
pub use crate::exchange::Caller;
pub use asked::readable;
pub use error::UploadError;
pub use http::router;
pub use rows::Reserved;

use id::UploadId;
use rows::{Kind, Row, Rows};
use turns::Turns;

/// Where uploads begin; each goes on at a name of its own below.
const PATH: &str = "/v1/uploads";

/// What the rest of the relay says to an upload. Both may block; neither may wait for [`Uploads::while_nothing_lands`].
pub trait UploadPolicy: Send + Sync + 'static {
    /// May this device's person bring these bytes for this piece? Asked at creation, and again before landing.
    fn may_bring(&self, caller: Caller, piece: PieceId, hash: BlobHash) -> Result<(), Refusal>;

    /// Do so many bytes more fit into the quotas? Asked at creation, of stretches too, and again before landing.
    /// `reserved` are the bytes of other uploads that have begun and not landed: they count as used.
    fn has_space(&self, caller: Caller, length: u64, reserved: Reserved) -> Result<(), Refusal>;

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

    #[error("the school's space for media is used up: keep the file, and ask the school for more")]
    SchoolOverQuota { used: u64, quota: u64, length: u64 },

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
    /// Bytes of the disk that uploads leave free: the database and its backups live there too.
    pub disk_floor: u64,
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
            disk_floor: 0,
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
    policy: Arc<dyn UploadPolicy>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    limits: Limits,
    /// Held for reading from before a blob is published until its landing is recorded.
    landings: RwLock<()>,
    /// Held while an upload is admitted, so that two at once can't both fit into the same rest of a quota.
    admissions: std::sync::Mutex<()>,
    /// By device: taken while stretches are looked up and the upload that joins them begins, so that it begins once.
    joins: Turns,
}

impl Uploads {
    /// Opens `uploads.db` in `folder`, and makes rows and parts agree: a part longer than its row is cut, a row ahead
    /// of its part goes back, and parts without a row and rows past their time go.
    pub fn open(
        folder: &Path,
        store: Arc<dyn BlobStore>,
        policy: Arc<dyn UploadPolicy>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        limits: Limits,
    ) -> Result<Self, UploadError> {
        make_folder(folder).map_err(|cause| UploadError::Folder { path: folder.to_owned(), cause })?;
        let uploads = Self {
            rows: Rows::open(&folder.join("uploads.db"))?,
            turns: Turns::default(),
            store,
            policy,
            now: Box::new(now),
            limits,
            landings: RwLock::new(()),
            admissions: std::sync::Mutex::new(()),
            joins: Turns::default(),
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

    /// Bytes that this person's uploads, and everyone's, have reserved.
    pub fn reserved(&self, person: PersonId) -> Result<Reserved, UploadError> {
        Ok(self.rows.reserved(person, self.limits.max_size, (self.now)())?)
    }

    /// Runs `act` while no upload is between its blob and the record of it. Whoever removes unlinked blobs looks for
    /// links and removes in here; otherwise equal bytes could land in between and their link dangle.
    pub fn while_nothing_lands<T>(&self, act: impl FnOnce() -> T) -> T {
        let _nothing_lands = self.landings.write().unwrap_or_else(PoisonError::into_inner);
        act()
    }

    /// The row as its part allows it.
    fn settle(&self, mut row: Row) -> Result<Row, UploadError> {
        let part = self.store.part_length(&part_name(row.id))?;
        let published = || match row.file() {
            Some(file) => Ok::<_, BlobError>(self.store.size(file.hash)? == row.length),
            None => Ok(false),
        };
        let offset = match part {
            _ if row.landed => row.offset,
            Some(length) => row.offset.min(length),
            None if row.is_whole() && published()? => row.offset,
            None => 0,
        };
        if part.is_some_and(|length| length > offset) {
            drop(self.store.part(&part_name(row.id), offset)?);
        }
        if offset != row.offset {
            tracing::warn!(upload = %row.id, recorded = row.offset, offset, "a part is shorter than recorded");
            self.rows.set_offset(row.id, offset, (self.now)())?;
            row.offset = offset;
        }
        Ok(row)
    }
}

/// What the part of an upload is called.
fn part_name(id: UploadId) -> String {
    format!("{id}.part")
}

/// Runs `work` on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, UploadError> {
    tokio::task::spawn_blocking(work).await?
}
