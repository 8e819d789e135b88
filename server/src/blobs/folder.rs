//! The blob store of a school: a folder with `ab/cd/<hash>` for blobs and `parts/` for what is on its way.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fieldfolio_core::blob::BlobHash;

use super::part::{remove, sync_folder};
use super::{Blob, BlobError, BlobStore, Part, Whole};

/// Blobs in a folder, on one file system.
pub struct FolderBlobs {
    root: PathBuf,
    parts: PathBuf,
    /// The folders `ab` and `ab/cd` known to survive a power cut. That one exists doesn't say so: a process killed between
    /// making and syncing it leaves it in the kernel's memory only.
    lasting: Mutex<BTreeSet<PathBuf>>,
}

impl FolderBlobs {
    /// The store at `root`, made if it isn't there.
    pub fn open(root: &Path) -> Result<Self, BlobError> {
        let parts = root.join("parts");
        fs::create_dir_all(&parts).map_err(|cause| BlobError::Write { path: parts.clone(), cause })?;
        sync_folder(root)?;
        if let Some(above) = root.parent().filter(|above| !above.as_os_str().is_empty()) {
            sync_folder(above)?;
        }
        Ok(Self { root: root.to_owned(), parts, lasting: Mutex::default() })
    }

    /// Makes the folder for this blob, so that it survives a power cut.
    fn shelf(&self, hash: BlobHash) -> Result<PathBuf, BlobError> {
        let hex = hash.hex();
        let above = self.root.join(&hex[..2]);
        let shelf = above.join(&hex[2..4]);
        for (folder, parent) in [(&above, &self.root), (&shelf, &above)] {
            if !self.lasting().contains(folder) {
                // Not while others wait: two that make the same folder both sync it, and a disk syncs two at once.
                fs::create_dir_all(folder)
                    .map_err(|cause| BlobError::Write { path: folder.clone(), cause })?;
                sync_folder(parent)?;
                self.lasting().insert(folder.clone());
            }
        }
        Ok(shelf)
    }

    fn lasting(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.lasting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlobStore for FolderBlobs {
    fn part(&self, name: &str, length: u64) -> Result<Part, BlobError> {
        Part::open(&self.parts.join(name), length)
    }

    fn part_length(&self, name: &str) -> Result<Option<u64>, BlobError> {
        let path = self.parts.join(name);
        match fs::metadata(&path) {
            Ok(found) => Ok(Some(found.len())),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(BlobError::Write { path, cause }),
        }
    }

    fn read_part(&self, name: &str) -> Result<Box<dyn Read>, BlobError> {
        let path = self.parts.join(name);
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(cause) => Err(BlobError::Write { path, cause }),
        }
    }

    fn remove_part(&self, name: &str) -> Result<(), BlobError> {
        remove(&self.parts.join(name))
    }

    fn each_part(&self, visit: &mut dyn FnMut(&str)) -> Result<(), BlobError> {
        let failed = |cause| BlobError::List { path: self.parts.clone(), cause };
        for entry in fs::read_dir(&self.parts).map_err(failed)? {
            if let Some(name) = entry.map_err(failed)?.file_name().to_str() {
                visit(name);
            }
        }
        Ok(())
    }

    fn free_space(&self) -> Result<u64, BlobError> {
        fs4::available_space(&self.parts).map_err(|cause| BlobError::List { path: self.parts.clone(), cause })
    }

    fn publish(&self, whole: Whole) -> Result<(), BlobError> {
        let shelf = self.shelf(whole.hash())?;
        let path = shelf.join(whole.hash().hex());
        fs::rename(whole.path(), &path).map_err(|cause| BlobError::Write { path, cause })?;
        sync_folder(&shelf)
    }

    fn open(&self, hash: BlobHash) -> Result<Option<Blob>, BlobError> {
        let failed = |cause| BlobError::Read { hash, cause };
        let file = match File::open(self.root.join(hash.path())) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(failed)?,
        };
        let size = file.metadata().map_err(failed)?.len();
        Ok(Some(Blob { reader: Box::new(file), size }))
    }

    fn size(&self, hash: BlobHash) -> Result<Option<u64>, BlobError> {
        match fs::metadata(self.root.join(hash.path())) {
            Ok(found) => Ok(Some(found.len())),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(BlobError::Read { hash, cause }),
        }
    }

    fn remove(&self, hash: BlobHash) -> Result<(), BlobError> {
        let path = self.root.join(hash.path());
        let Some(shelf) = path.parent().filter(|shelf| shelf.exists()) else { return Ok(()) };
        remove(&path)?;
        sync_folder(shelf)
    }

    fn each(&self, visit: &mut dyn FnMut(BlobHash)) -> Result<(), BlobError> {
        // Whatever else somebody has put here is none of ours: a blob is a plain file in the place that its name says.
        for first in names(&self.root, 2, fs::FileType::is_dir)? {
            let first = self.root.join(first);
            for second in names(&first, 2, fs::FileType::is_dir)? {
                let shelf = first.join(second);
                for name in names(&shelf, 64, fs::FileType::is_file)? {
                    let hash = format!("sha256:{name}").parse::<BlobHash>().ok();
                    if let Some(hash) = hash.filter(|hash| self.root.join(hash.path()) == shelf.join(&name)) {
                        visit(hash);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The names in `folder` that have this many characters and are of this kind, in order.
fn names(folder: &Path, length: usize, is: fn(&fs::FileType) -> bool) -> Result<Vec<String>, BlobError> {
    let failed = |cause| BlobError::List { path: folder.to_owned(), cause };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().into_string().ok().filter(|name| name.len() == length);
        if let Some(name) = name
            && is(&entry.file_type().map_err(failed)?)
        {
            found.push(name);
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::{put, suite};

    #[test]
    fn a_folder_keeps_every_promise() {
        let folder = tempfile::tempdir().unwrap();
        suite::every_store_must(&FolderBlobs::open(&folder.path().join("blobs")).unwrap());
    }

    #[test]
    fn what_was_published_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let leaf = put(&FolderBlobs::open(folder.path()).unwrap(), "leaf", &b"a leaf"[..]).unwrap();

        let reopened = FolderBlobs::open(folder.path()).unwrap();
        assert_eq!(reopened.size(leaf).unwrap(), Some(6));
        assert_eq!(fs::read_dir(folder.path().join("parts")).unwrap().count(), 0);
    }

    #[test]
    fn what_others_put_into_the_folder_is_no_blob() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderBlobs::open(folder.path()).unwrap();
        let leaf = put(&store, "leaf", &b"a leaf"[..]).unwrap();
        let elsewhere = BlobHash::of(b"another leaf");
        fs::write(folder.path().join("ab"), "a file where a folder might be").unwrap();
        let shelf = folder.path().join(leaf.path()).parent().unwrap().to_owned();
        fs::write(shelf.parent().unwrap().join("zz"), "the same below").unwrap();
        fs::write(shelf.join(elsewhere.hex()), "on the wrong shelf").unwrap();
        fs::create_dir_all(folder.path().join(elsewhere.path())).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", shelf.join("0".repeat(64))).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("00")).unwrap();
        let mut found = Vec::new();
        store.each(&mut |hash| found.push(hash)).unwrap();
        assert_eq!(found, [leaf]);
    }

    #[test]
    fn a_damaged_blob_is_noticed_and_healed_by_its_equal() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderBlobs::open(folder.path()).unwrap();
        let leaf = put(&store, "leaf", &b"a leaf"[..]).unwrap();
        fs::write(folder.path().join(leaf.path()), b"a loaf").unwrap();
        assert!(matches!(store.verify(leaf), Err(BlobError::Mismatch { .. })));

        put(&store, "leaf again", &b"a leaf"[..]).unwrap();
        store.verify(leaf).unwrap();
    }
}
