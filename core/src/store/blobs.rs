//! Media bytes in a folder, each file named by its hash and written so that a power cut leaves all of it or none.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::blob::BlobHash;

use super::{StoreError, file_error};

/// The folder that a device keeps its blobs in.
#[derive(Debug, Clone)]
pub struct BlobFolder {
    root: PathBuf,
}

impl BlobFolder {
    /// Opens the folder, making it if need be.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let aside = root.join("incoming");
        fs::create_dir_all(&aside).map_err(|source| file_error(&aside, "written", source))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Stores `bytes` under their name: written aside, synced, renamed, the folders synced. Bytes that are here already
    /// are not written again.
    pub fn put(&self, bytes: &[u8]) -> Result<BlobHash, StoreError> {
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
    pub fn path(&self, hash: BlobHash) -> PathBuf {
        self.root.join(hash.path())
    }

    /// Are the bytes here?
    pub fn has(&self, hash: BlobHash) -> bool {
        self.path(hash).is_file()
    }

    /// The bytes, checked against their name.
    pub fn get(&self, hash: BlobHash) -> Result<Vec<u8>, StoreError> {
        let path = self.path(hash);
        let bytes = fs::read(&path).map_err(|source| file_error(&path, "read", source))?;
        if BlobHash::of(&bytes) != hash {
            let source =
                std::io::Error::new(std::io::ErrorKind::InvalidData, "its bytes do not match its name");
            return Err(file_error(&path, "read", source));
        }
        Ok(bytes)
    }

    /// Forgets the bytes: only for what can be fetched again or must go.
    pub fn remove(&self, hash: BlobHash) -> Result<(), StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_under_their_name_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = BlobFolder::open(folder.path()).unwrap();
        let hash = blobs.put(b"a leaf").unwrap();
        assert_eq!(blobs.put(b"a leaf").unwrap(), hash);
        assert_eq!(blobs.get(hash).unwrap(), b"a leaf");
        assert_eq!(fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
        fs::write(blobs.path(hash), b"a weed").unwrap();
        assert!(blobs.get(hash).unwrap_err().to_string().contains("do not match"));
        blobs.remove(hash).unwrap();
        blobs.remove(hash).unwrap();
        assert!(!blobs.has(hash));
    }
}
