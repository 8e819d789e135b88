//! Media bytes, named by their hash and written so that a power cut leaves all of them or none: as files in a folder, or
//! in a database where there are no folders.

mod database;
mod folder;

use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::blob::BlobHash;

use self::database::BlobDatabase;
use self::folder::BlobFolder;
use super::place::Place;
use super::{StoreError, file_error};

/// Writes on, and takes the hash of what it wrote.
struct Hashing<W> {
    to: W,
    digest: Sha256,
}

impl<W: Write> Hashing<W> {
    fn new(to: W) -> Self {
        Self { to, digest: Sha256::new() }
    }

    fn hash(self) -> BlobHash {
        BlobHash::from_digest(self.digest.finalize().into())
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

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

    /// Stores what `write` writes, `size` bytes, under its name, safe on disk when this returns. A film is never whole in
    /// memory.
    pub fn put_from<E: From<StoreError>>(
        &self,
        size: u64,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<BlobHash, E> {
        match &self.0 {
            Kept::Folder(folder) => folder.put_from(write),
            Kept::Database(database) => database.put_from(size, write),
        }
    }

    /// Keeps the next bytes of a blob that arrives in pieces. `at` bytes of it are here already; what lies beyond them,
    /// from an earlier time, is forgotten. [`Blobs::finish`] makes it one.
    pub fn put_piece(&self, hash: BlobHash, at: u64, bytes: &[u8]) -> Result<(), StoreError> {
        match &self.0 {
            Kept::Folder(folder) => folder.put_piece(hash, at, bytes),
            Kept::Database(database) => database.put_piece(hash, at, bytes),
        }
    }

    /// Makes a blob of the `size` bytes that arrived in pieces, if they match its name. False, and they are forgotten, if
    /// not.
    pub fn finish(&self, hash: BlobHash, size: u64) -> Result<bool, StoreError> {
        match &self.0 {
            Kept::Folder(folder) => folder.finish(hash, size),
            Kept::Database(database) => database.finish(hash, size),
        }
    }

    /// How many bytes a blob has, if it is here.
    pub fn size(&self, hash: BlobHash) -> Option<u64> {
        match &self.0 {
            Kept::Folder(folder) => std::fs::metadata(folder.path(hash)).ok().map(|found| found.len()),
            Kept::Database(database) => database.size(hash),
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
    #[cfg(test)]
    fn usage(&self) -> Result<(u64, u64), StoreError> {
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

    #[test]
    fn what_is_written_as_it_comes_is_named_by_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        for place in [Place::Folder(folder.path().join("a")), Place::Databases(folder.path().join("b"))] {
            let blobs = Blobs::open(&place).unwrap();
            let write = |to: &mut dyn Write| {
                to.write_all(b"a le").and_then(|()| to.write_all(b"af")).map_err(|_| StoreError::DoneAlready)
            };
            let hash = blobs.put_from(6, write).unwrap();
            assert_eq!(hash, BlobHash::of(b"a leaf"));
            assert_eq!(blobs.put_from(6, write).unwrap(), hash);
            assert_eq!(
                (blobs.get(hash).unwrap().as_slice(), blobs.usage().unwrap()),
                (b"a leaf".as_slice(), (1, 6))
            );
            if let Kept::Folder(files) = &blobs.0 {
                std::fs::write(files.path(hash), b"a l").unwrap();
                blobs.put_from(6, write).unwrap();
                assert_eq!(blobs.get(hash).unwrap(), b"a leaf", "a file that was torn is whole again");
            }
            let failed = blobs.put_from(6, |to| {
                to.write_all(b"a we").expect("there is room");
                Err(StoreError::DoneAlready)
            });
            assert!(matches!(failed, Err(StoreError::DoneAlready)));
            assert_eq!(blobs.usage().unwrap(), (1, 6), "nothing is left of what was broken off");
        }
    }

    #[test]
    fn what_arrives_in_pieces_is_one_once_it_matches() {
        let folder = tempfile::tempdir().unwrap();
        for place in [Place::Folder(folder.path().join("a")), Place::Databases(folder.path().join("b"))] {
            let blobs = Blobs::open(&place).unwrap();
            let hash = BlobHash::of(b"a leaf");
            blobs.put_piece(hash, 0, b"a x").unwrap();
            blobs.put_piece(hash, 3, b"xxxxxxx").unwrap();
            blobs.put_piece(hash, 2, b"le").unwrap();
            assert!(!blobs.has(hash) && blobs.size(hash).is_none());
            blobs.put_piece(hash, 4, b"af").unwrap();
            assert!(blobs.finish(hash, 6).unwrap());
            assert_eq!(blobs.size(hash), Some(6));
            assert_eq!(blobs.get(hash).unwrap(), b"a leaf");

            let weed = BlobHash::of(b"a weed");
            blobs.put_piece(weed, 0, b"a leek").unwrap();
            assert!(!blobs.finish(weed, 6).unwrap());
            assert!(!blobs.finish(weed, 6).unwrap(), "what did not match is forgotten");
            assert_eq!(blobs.usage().unwrap(), (1, 6));
        }
    }
}
