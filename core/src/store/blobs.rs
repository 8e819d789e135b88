//! Media bytes, named by their hash and written so that a power cut leaves all of them or none: as files in a folder, or
//! in a database where there are no folders.

mod database;
mod folder;

use std::path::{Path, PathBuf};

use crate::blob::BlobHash;

use self::database::BlobDatabase;
use self::folder::BlobFolder;
use super::place::Place;
use super::{StoreError, file_error};

/// The blobs of one store.
#[derive(Debug, Clone)]
pub struct Blobs(Kept);

#[derive(Debug, Clone)]
enum Kept {
    Folder(BlobFolder),
    Database(BlobDatabase),
}

impl Blobs {
    pub(super) fn open(place: &Place) -> Result<Self, StoreError> {
        Ok(Self(match place {
            Place::Folder(folder) => Kept::Folder(BlobFolder::open(&folder.join("blobs"))?),
            Place::Databases(name) => Kept::Database(BlobDatabase::open(place, &Place::blob_database(name))?),
        }))
    }

    /// Stores `bytes` under their name, safe on disk when this returns. Bytes that are here already are not written again.
    pub fn put(&self, bytes: &[u8]) -> Result<BlobHash, StoreError> {
        match &self.0 {
            Kept::Folder(folder) => folder.put(bytes),
            Kept::Database(database) => database.put(bytes),
        }
    }

    /// The file of `hash`, whether or not it is here; none where blobs are no files.
    pub fn path(&self, hash: BlobHash) -> Option<PathBuf> {
        match &self.0 {
            Kept::Folder(folder) => Some(folder.path(hash)),
            Kept::Database(_) => None,
        }
    }

    /// Are the bytes here?
    pub fn has(&self, hash: BlobHash) -> bool {
        match &self.0 {
            Kept::Folder(folder) => folder.path(hash).is_file(),
            Kept::Database(database) => database.has(hash),
        }
    }

    /// The bytes, checked against their name.
    pub fn get(&self, hash: BlobHash) -> Result<Vec<u8>, StoreError> {
        let bytes = match &self.0 {
            Kept::Folder(folder) => folder.get(hash)?,
            Kept::Database(database) => database.get(hash)?,
        };
        if BlobHash::of(&bytes) != hash {
            let source =
                std::io::Error::new(std::io::ErrorKind::InvalidData, "its bytes do not match its name");
            return Err(file_error(Path::new(&hash.to_string()), "read", source));
        }
        Ok(bytes)
    }

    /// A stretch of the bytes, unchecked: for sending.
    pub fn read(&self, hash: BlobHash, offset: u64, length: u64) -> Result<Vec<u8>, StoreError> {
        match &self.0 {
            Kept::Folder(folder) => folder.read(hash, offset, length),
            Kept::Database(database) => database.read(hash, offset, length),
        }
    }

    /// How many blobs are here, and how many bytes they have.
    pub fn usage(&self) -> Result<(u64, u64), StoreError> {
        match &self.0 {
            Kept::Folder(folder) => folder.usage(),
            Kept::Database(database) => database.usage(),
        }
    }

    /// Forgets the bytes: only for what can be fetched again or must go.
    pub fn remove(&self, hash: BlobHash) -> Result<(), StoreError> {
        match &self.0 {
            Kept::Folder(folder) => folder.remove(hash),
            Kept::Database(database) => database.remove(hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_under_their_name_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let places = [Place::Folder(folder.path().join("a")), Place::Databases(folder.path().join("b"))];
        for place in &places {
            let blobs = Blobs::open(place).unwrap();
            let hash = blobs.put(b"a leaf").unwrap();
            assert_eq!(blobs.put(b"a leaf").unwrap(), hash);
            assert_eq!(blobs.get(hash).unwrap(), b"a leaf");
            assert_eq!(blobs.usage().unwrap(), (1, 6));
            assert_eq!(blobs.read(hash, 2, 100).unwrap(), b"leaf");
            match &blobs.0 {
                Kept::Folder(files) => {
                    assert_eq!(std::fs::read_dir(files.root.join("incoming")).unwrap().count(), 0);
                    std::fs::write(files.path(hash), b"a weed").unwrap();
                }
                Kept::Database(database) => database.damage(hash),
            }
            assert!(blobs.get(hash).unwrap_err().to_string().contains("do not match"));
            blobs.remove(hash).unwrap();
            blobs.remove(hash).unwrap();
            assert!(!blobs.has(hash));
        }
    }
}
