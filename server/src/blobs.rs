//! The blob store: photos and other media, each under the name of its own bytes.
//!
//! Bytes arrive in a [`Part`], a file that may break off and go on later. [`Part::verify`] turns it into a [`Whole`],
//! whose bytes are on the disk and match their name; only a `Whole` can be published. So nothing exists under a name
//! that it doesn't match, and a power cut leaves a blob there entirely or not at all.
//!
//! The store knows nothing of people: whether somebody may read a blob is decided before its bytes are sent.

use std::io::{self, Read, Seek};
use std::path::PathBuf;

use fieldfolio_core::blob::BlobHash;

mod folder;
mod part;
pub mod suite;

pub use folder::FolderBlobs;
pub use part::{Part, Whole};

/// Where blobs live. A folder for a school; a district may bring an object store. Every call may block, so it belongs
/// on a thread that may. [`suite::every_store_must`] says what an implementation promises.
pub trait BlobStore: Send + Sync + 'static {
    /// The part of this name, to be gone on with after its first `length` bytes; whatever is behind them is cut off.
    fn part(&self, name: &str, length: u64) -> Result<Part, BlobError>;

    /// How many bytes the part of this name holds, if it is there.
    fn part_length(&self, name: &str) -> Result<Option<u64>, BlobError>;

    /// What the part of this name holds.
    fn read_part(&self, name: &str) -> Result<Box<dyn Read>, BlobError>;

    /// Removes the part; it's no error if it isn't there.
    fn remove_part(&self, name: &str) -> Result<(), BlobError>;

    /// Names every part.
    fn each_part(&self, visit: &mut dyn FnMut(&str)) -> Result<(), BlobError>;

    /// How many more bytes could be taken.
    fn free_space(&self) -> Result<u64, BlobError>;

    /// Makes the bytes readable under their name, durably, before it returns. The part is gone afterwards.
    /// Bytes that are there already are replaced by their equals, which costs the same and heals a damaged copy.
    fn publish(&self, whole: Whole) -> Result<(), BlobError>;

    /// The blob's bytes, if it is there. Nothing is checked: see [`BlobStore::verify`].
    fn open(&self, hash: BlobHash) -> Result<Option<Blob>, BlobError>;

    /// The blob's length in bytes, if it is there.
    fn size(&self, hash: BlobHash) -> Result<Option<u64>, BlobError>;

    /// Whether the blob is there.
    fn contains(&self, hash: BlobHash) -> Result<bool, BlobError> {
        Ok(self.size(hash)?.is_some())
    }

    /// Reads the whole blob and compares it with its name.
    fn verify(&self, hash: BlobHash) -> Result<(), BlobError> {
        let mut blob = self.open(hash)?.ok_or(BlobError::Missing { hash })?;
        let (found, _) = part::digest(&mut blob.reader).map_err(|cause| BlobError::Read { hash, cause })?;
        if found == hash { Ok(()) } else { Err(BlobError::Mismatch { hash, found }) }
    }

    /// Removes the blob, durably; it's no error if it isn't there. See `Uploads::while_nothing_lands` for when.
    fn remove(&self, hash: BlobHash) -> Result<(), BlobError>;

    /// Names every blob that is there, in order. Blobs published or removed meanwhile may be missed or named.
    fn each(&self, visit: &mut dyn FnMut(BlobHash)) -> Result<(), BlobError>;
}

/// An open blob.
pub struct Blob {
    pub reader: Box<dyn ReadSeek>,
    /// Bytes in all.
    pub size: u64,
}

/// Bytes that can be read from any place.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// What can go wrong with a blob or a part.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("there is no blob {hash}")]
    Missing { hash: BlobHash },

    #[error("the bytes do not match {hash}: they are {found}")]
    Mismatch { hash: BlobHash, found: BlobHash },

    #[error("the part {path} holds {found} bytes, fewer than the {expected} recorded")]
    Short { path: PathBuf, found: u64, expected: u64 },

    #[error("the disk did not take the bytes of {path}, which was dropped: {cause}")]
    Sync { path: PathBuf, cause: io::Error },

    #[error("writing {path}: {cause}")]
    Write { path: PathBuf, cause: io::Error },

    #[error("reading blob {hash}: {cause}")]
    Read { hash: BlobHash, cause: io::Error },

    #[error("listing {path}: {cause}")]
    List { path: PathBuf, cause: io::Error },
}

/// Stores everything that `bytes` yields, through a part called `name`.
pub fn put(store: &dyn BlobStore, name: &str, mut bytes: impl Read) -> Result<BlobHash, BlobError> {
    let mut part = store.part(name, 0)?;
    let mut buffer = vec![0; part::BUFFER];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => part.write(&buffer[..count])?,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(BlobError::Write { path: part.path().to_owned(), cause }),
        }
    }
    let whole = part.seal()?;
    let hash = whole.hash();
    store.publish(whole)?;
    Ok(hash)
}
