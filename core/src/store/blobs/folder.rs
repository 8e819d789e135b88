//! Blobs as files: written aside, synced, renamed, the folders synced.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::blob::BlobHash;

use super::super::{StoreError, file_error};

/// The folder that a device keeps its blobs in.
#[derive(Debug, Clone)]
pub(super) struct BlobFolder {
    pub(super) root: PathBuf,
}

impl BlobFolder {
    /// Opens the folder, making it if need be.
    pub(super) fn open(root: &Path) -> Result<Self, StoreError> {
        let aside = root.join("incoming");
        fs::create_dir_all(&aside).map_err(|source| file_error(&aside, "written", source))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Stores `bytes` under their name: written aside, synced, renamed, the folders synced. Bytes that are here already
    /// are not written again.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<BlobHash, StoreError> {
        let hash = BlobHash::of(bytes);
        let path = self.path(hash);
        if fs::metadata(&path).is_ok_and(|found| found.len() == bytes.len() as u64) {
            return Ok(hash);
        }
        let aside = self.root.join("incoming").join(hash.hex());
        let written = write_synced(&aside, bytes).and_then(|()| {
            let folder = path.parent().unwrap_or(&self.root);
            fs::create_dir_all(folder)?;
            fs::rename(&aside, &path)?;
            // The name is only safe once every folder above it is.
            for folder in folder.ancestors().take(3) {
                File::open(folder)?.sync_all()?;
            }
            Ok(())
        });
        written.map_err(|source| file_error(&path, "written", source))?;
        Ok(hash)
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
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}
