//! Blobs as files: written aside, synced, renamed, the folders synced.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::blob::BlobHash;

use super::super::{StoreError, file_error, make_folder, private};
use super::Hashing;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 256 * 1024;

/// The folder that a device keeps its blobs in.
#[derive(Debug, Clone)]
pub(super) struct BlobFolder {
    pub(super) root: PathBuf,
}

impl BlobFolder {
    /// Opens the folder, making it if need be.
    pub(super) fn open(root: &Path) -> Result<Self, StoreError> {
        let aside = root.join("incoming");
        make_folder(&aside)?;
        // Also the name of the folder of all blobs, whoever was ended while making it.
        make_folder(root)?;
        Ok(Self { root: root.to_owned() })
    }

    /// Stores `bytes` under their name: written aside, synced, renamed, the folders synced. Bytes that are here already
    /// are not written again.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<BlobHash, StoreError> {
        let hash = BlobHash::of(bytes);
        let path = self.path(hash);
        let written = if fs::metadata(&path).is_ok_and(|found| found.len() == bytes.len() as u64) {
            self.sync_name(hash)
        } else {
            let aside = self.root.join("incoming").join(hash.hex());
            write_synced(&aside, bytes).and_then(|()| self.publish(&aside, hash))
        };
        written.map_err(|source| file_error(&path, "written", source))?;
        Ok(hash)
    }

    /// Stores what `write` writes under its name, in the same way.
    pub(super) fn put_from<E: From<StoreError>>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<BlobHash, E> {
        // One device writes one at a time: what lies here is left from a time that was broken off.
        let aside = self.root.join("incoming").join("new");
        let failed = |source| file_error(&aside, "written", source);
        let file = private::create(&aside).map_err(failed)?;
        let mut to = Hashing::new(BufWriter::with_capacity(BUFFER, &file));
        let written = write(&mut to);
        let flushed = to.flush();
        let hash = to.hash();
        let written = written.and_then(|()| {
            let published = flushed.and_then(|()| file.sync_data()).and_then(|()| {
                // One that is shorter than it was gives way to the whole.
                let whole = file.metadata()?.len();
                let is_here = fs::metadata(self.path(hash)).is_ok_and(|found| found.len() == whole);
                if !is_here {
                    return self.publish(&aside, hash);
                }
                fs::remove_file(&aside)?;
                self.sync_name(hash)
            });
            Ok(published.map_err(failed)?)
        });
        if written.is_err() {
            // Nothing names it, and the room may be needed.
            let _ = fs::remove_file(&aside);
        }
        written.map(|()| hash)
    }

    pub(super) fn put_piece(&self, hash: BlobHash, at: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let part = self.part(hash);
        let file = File::options().create(true).truncate(false).write(true).open(&part);
        let written = file.and_then(|mut file| {
            file.set_len(at)?;
            file.seek(SeekFrom::Start(at))?;
            file.write_all(bytes)?;
            file.sync_data()
        });
        written.map_err(|source| file_error(&part, "written", source))
    }

    pub(super) fn finish(&self, hash: BlobHash, size: u64) -> Result<bool, StoreError> {
        let part = self.part(hash);
        let failed = |source| file_error(&part, "read", source);
        let mut file = match File::open(&part) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        let mut all = Hashing::new(std::io::sink());
        let length = std::io::copy(&mut file, &mut all).map_err(failed)?;
        if length != size || all.hash() != hash {
            fs::remove_file(&part).map_err(failed)?;
            return Ok(false);
        }
        self.publish(&part, hash).map_err(|source| file_error(&self.path(hash), "written", source))?;
        Ok(true)
    }

    fn part(&self, hash: BlobHash) -> PathBuf {
        self.root.join("incoming").join(format!("{}.part", hash.hex()))
    }

    /// Gives bytes that are safe on disk their name.
    fn publish(&self, aside: &Path, hash: BlobHash) -> std::io::Result<()> {
        let path = self.path(hash);
        let folder = path.parent().unwrap_or(&self.root);
        private::create_dir_all(folder)?;
        fs::rename(aside, &path)?;
        self.sync_name(hash)
    }

    /// A name is only safe once every folder above it is. It may be there and not be safe: from a time when a sync failed,
    /// or that was broken off before it.
    fn sync_name(&self, hash: BlobHash) -> std::io::Result<()> {
        for folder in self.path(hash).ancestors().skip(1).take(3) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// Where the bytes of `hash` lie, whether or not they are here.
    pub(super) fn path(&self, hash: BlobHash) -> PathBuf {
        self.root.join(hash.path())
    }

    pub(super) fn get(&self, hash: BlobHash) -> Result<Vec<u8>, StoreError> {
        let path = self.path(hash);
        fs::read(&path).map_err(|source| file_error(&path, "read", source))
    }

    pub(super) fn read(&self, hash: BlobHash, offset: u64, length: u64) -> Result<Vec<u8>, StoreError> {
        let path = self.path(hash);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.take(length).read_to_end(&mut bytes)
        });
        read.map_err(|source| file_error(&path, "read", source))?;
        Ok(bytes)
    }

    #[cfg(test)]
    pub(super) fn usage(&self) -> Result<(u64, u64), StoreError> {
        let (mut count, mut bytes) = (0, 0);
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            let failed = |source| file_error(&folder, "read", source);
            for found in fs::read_dir(&folder).map_err(failed)? {
                let found = found.map_err(failed)?;
                let about = found.metadata().map_err(failed)?;
                match about.is_dir() {
                    true => folders.push(found.path()),
                    false => (count, bytes) = (count + 1, bytes + about.len()),
                }
            }
        }
        Ok((count, bytes))
    }

    /// Forgets the bytes: only for what can be fetched again or must go.
    pub(super) fn remove(&self, hash: BlobHash) -> Result<(), StoreError> {
        let path = self.path(hash);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(file_error(&path, "removed", source))
            }
            _ => Ok(()),
        }
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private::create(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}
