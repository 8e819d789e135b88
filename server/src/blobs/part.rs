//! A part: bytes on their way to becoming a blob.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fieldfolio_core::blob::BlobHash;
use sha2::{Digest, Sha256};

use super::BlobError;

/// How much is read at once.
pub(super) const BUFFER: usize = 128 * 1024;

/// A file that grows at its end. It stays when dropped, so that it can be gone on with; see [`Part::discard`].
pub struct Part {
    path: PathBuf,
    file: File,
    length: u64,
    unsynced: u64,
    /// Counts along while everything was written through this value; a part gone on with is read again at the end.
    hasher: Option<Sha256>,
    /// Whether the folder may not know the file yet.
    new: bool,
}

/// A part whose bytes are on the disk and match `hash`. Only [`Part::verify`] and [`Part::seal`] make one.
pub struct Whole {
    path: PathBuf,
    hash: BlobHash,
    length: u64,
}

impl Part {
    /// Goes on after the first `length` bytes of the file at `path`; whatever is behind them is cut off. For 0 the
    /// file needn't exist.
    pub fn open(path: &Path, length: u64) -> Result<Self, BlobError> {
        let failed = |cause| BlobError::Write { path: path.to_owned(), cause };
        let new = length == 0;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(new)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        let found = file.metadata().map_err(failed)?.len();
        if found < length {
            return Err(BlobError::Short { path: path.to_owned(), found, expected: length });
        }
        if found > length {
            file.set_len(length).map_err(failed)?;
        }
        file.seek(SeekFrom::Start(length)).map_err(failed)?;
        let hasher = new.then(Sha256::new);
        Ok(Self { path: path.to_owned(), file, length, unsynced: 0, hasher, new })
    }

    /// Appends `bytes`. They may be lost in a power cut until [`Part::sync`] has returned.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.file.write_all(bytes).map_err(|cause| BlobError::Write { path: self.path.clone(), cause })?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.length += bytes.len() as u64;
        self.unsynced += bytes.len() as u64;
        Ok(())
    }

    /// Where it lies, for errors.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes written in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes written since the last [`Part::sync`].
    pub fn unsynced(&self) -> u64 {
        self.unsynced
    }

    /// Returns when the bytes and the file's place in its folder are on the disk. A failure consumes the part and
    /// removes its file: after one, the kernel may call lost bytes written when asked again.
    pub fn sync(self) -> Result<Self, BlobError> {
        let part = self.sync_bytes()?;
        if part.new {
            let folder = part.path.parent().unwrap_or(Path::new("."));
            sync_folder(folder)?;
        }
        Ok(Self { new: false, ..part })
    }

    /// Makes sure that the bytes are on the disk and are the ones called `expected`. If they aren't, the part is
    /// gone: no later bytes could make it right.
    pub fn verify(self, expected: BlobHash) -> Result<Whole, BlobError> {
        let path = self.path.clone();
        let whole = self.seal()?;
        if whole.hash != expected {
            remove(&path)?;
            return Err(BlobError::Mismatch { hash: expected, found: whole.hash });
        }
        Ok(whole)
    }

    /// Ends the part under whatever name its bytes have. The folder's turn comes with publishing.
    pub fn seal(self) -> Result<Whole, BlobError> {
        let mut part = self.sync_bytes()?;
        let hash = match part.hasher.take() {
            Some(hasher) => BlobHash::from_digest(hasher.finalize().into()),
            None => part.read_again().map_err(|cause| BlobError::Write { path: part.path.clone(), cause })?,
        };
        Ok(Whole { path: part.path, hash, length: part.length })
    }

    /// Gives the bytes up.
    pub fn discard(self) -> Result<(), BlobError> {
        remove(&self.path)
    }

    fn sync_bytes(mut self) -> Result<Self, BlobError> {
        if let Err(cause) = self.file.sync_data() {
            let path = self.path;
            drop(self.file);
            if let Err(error) = remove(&path) {
                tracing::error!(%error, "a part that failed to sync could not be removed");
            }
            return Err(BlobError::Sync { path, cause });
        }
        self.unsynced = 0;
        Ok(self)
    }

    fn read_again(&mut self) -> io::Result<BlobHash> {
        self.file.seek(SeekFrom::Start(0))?;
        let (hash, length) = digest(&mut self.file)?;
        if length == self.length { Ok(hash) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Whole {
    /// The name of the bytes.
    pub fn hash(&self) -> BlobHash {
        self.hash
    }

    /// Bytes in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The file that holds them.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The name and the number of the bytes that `reader` yields.
pub(super) fn digest(reader: &mut impl Read) -> io::Result<(BlobHash, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok((BlobHash::from_digest(hasher.finalize().into()), length)),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns when the folder's entries are on the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), BlobError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|cause| BlobError::Sync { path: folder.to_owned(), cause })
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), BlobError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(BlobError::Write { path: path.to_owned(), cause })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_gone_on_with_has_the_name_of_all_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leaf");
        let mut part = Part::open(&path, 0).unwrap();
        part.write(b"a leaf, not yet acknowledged").unwrap();
        drop(part.sync().unwrap());

        let mut part = Part::open(&path, 6).unwrap();
        part.write(b" of the oak").unwrap();
        let whole = part.verify(BlobHash::of(b"a leaf of the oak")).ok().unwrap();
        assert_eq!(whole.length(), 17);
        assert_eq!(fs::read(whole.path()).unwrap(), b"a leaf of the oak");
    }

    #[test]
    fn a_part_shorter_than_recorded_says_how_long_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leaf");
        fs::write(&path, b"a leaf").unwrap();
        assert!(matches!(Part::open(&path, 9), Err(BlobError::Short { found: 6, expected: 9, .. })));
    }

    /// `/dev/null` takes every byte and refuses to sync: a disk that fails, without breaking one.
    #[test]
    fn a_part_that_fails_to_sync_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leaf");
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        let mut part = Part::open(&path, 0).unwrap();
        part.write(b"a leaf").unwrap();
        assert!(matches!(part.sync(), Err(BlobError::Sync { .. })));
        assert!(path.symlink_metadata().is_err(), "the part is gone");
    }

    #[test]
    fn bytes_of_another_name_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leaf");
        let mut part = Part::open(&path, 0).unwrap();
        part.write(b"a leaf").unwrap();
        assert!(matches!(part.verify(BlobHash::of(b"a stone")), Err(BlobError::Mismatch { .. })));
        assert!(!path.exists());
    }
}
