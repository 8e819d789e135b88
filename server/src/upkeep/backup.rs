//! A copy of a school, made beside a running relay: a folder that is itself a school.
//!
//! The database is copied as it was at one moment. Files follow; none that it names is ever removed within a week, so
//! what the copied database names is there to be copied. The copy's database takes its place only when all of them are.
//! Made again into the same folder, only what is new is copied.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fieldfolio_core::blob::BlobHash;
use rusqlite::Connection;
use serde::Serialize;

use crate::blobs::{BlobError, BlobStore, FolderBlobs, put};
use crate::database::{self, DatabaseError};
use crate::directory::{DirectoryError, school};
use crate::disk;
use crate::log::epochs;

/// What copying a school's files came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Files that were copied now.
    pub copied: u64,
    /// Bytes of those.
    pub copied_bytes: u64,
    /// Files that were there already.
    pub kept: u64,
    /// Files that are missing or damaged where they were copied from. They are not in the copy.
    pub missing: Vec<BlobHash>,
}

/// No backup was made; an earlier one in the same folder is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder holds something else.
    #[error(
        "{0} holds something else than a backup of this school: choose an empty folder, or the one of an earlier backup"
    )]
    Occupied(PathBuf),
    /// The folder lies within the school's, or the other way round.
    #[error("a backup within the school's own folder is lost with it: choose another folder")]
    Within,
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A file.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The file system.
    #[error("{path} could not be {doing}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// "written", "read".
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

/// Copies the school in `folder` to `to`.
pub fn back_up(folder: &Path, to: &Path) -> Result<Copied, BackupError> {
    let written = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::File { path, doing: "written", source }
    };
    let conn = database::open(folder)?;
    disk::make_folder(to).map_err(written(to))?;
    let (from, into) = (folder.canonicalize(), to.canonicalize());
    let (from, into) = (from.map_err(written(folder))?, into.map_err(written(to))?);
    if into.starts_with(&from) || from.starts_with(&into) {
        return Err(BackupError::Within);
    }
    is_ours(&conn, to)?;
    let aside = to.join("relay.db.new");
    remove(&aside).map_err(written(&aside))?;
    conn.execute("vacuum into ?1", [aside.to_string_lossy()])?;
    let made = Connection::open(&aside)?;
    epochs::mark_copy(&made, crate::log::head(&made)?)?;
    let files = named(&made)?;
    made.close().map_err(|(_, error)| error)?;
    File::open(&aside).and_then(|file| file.sync_all()).map_err(written(&aside))?;

    let copied = copy_files(files, folder, to)?;
    for name in ["root.key", "fieldfolio.toml"] {
        copy(&folder.join(name), &to.join(name))?;
    }
    let database = database::path(to);
    // A write-ahead log of an earlier time would be played into the new database.
    for left in ["relay.db-wal", "relay.db-shm"] {
        let left = to.join(left);
        remove(&left).map_err(written(&left))?;
    }
    fs::rename(&aside, &database).and_then(|()| File::open(to)?.sync_all()).map_err(written(&database))?;
    Ok(copied)
}

/// An empty folder, or what an earlier backup of the same school made or began.
fn is_ours(conn: &Connection, to: &Path) -> Result<(), BackupError> {
    let occupied = || BackupError::Occupied(to.to_owned());
    let read = |source| BackupError::File { path: to.to_owned(), doing: "read", source };
    if database::path(to).exists() {
        let theirs = database::open_reader(to)?;
        return if school::id(&theirs)? == school::id(conn)? { Ok(()) } else { Err(occupied()) };
    }
    for found in fs::read_dir(to).map_err(read)? {
        let name = found.map_err(read)?.file_name();
        if name != "blobs" && name != "relay.db.new" && name != "relay.db.new-journal" {
            return Err(occupied());
        }
    }
    Ok(())
}

/// Copies those of a school's files that the other has not, each with its size.
pub(crate) fn copy_files(files: Vec<(BlobHash, u64)>, from: &Path, to: &Path) -> Result<Copied, BlobError> {
    let (source, target) = (FolderBlobs::open(&from.join("blobs"))?, FolderBlobs::open(&to.join("blobs"))?);
    let mut copied = Copied::default();
    for (hash, size) in files {
        if target.size(hash)? == Some(size) {
            copied.kept += 1;
            continue;
        }
        let found = match source.open(hash)? {
            Some(blob) => Some(put(&target, &format!("{}.copy", hash.hex()), blob.reader)?),
            None => None,
        };
        if found == Some(hash) {
            copied.copied += 1;
            copied.copied_bytes += size;
        } else {
            // Damaged bytes went under a name that nothing knows.
            copied.missing.push(hash);
        }
    }
    Ok(copied)
}

/// The files that a school's database names, with their sizes.
pub(crate) fn named(conn: &Connection) -> rusqlite::Result<Vec<(BlobHash, u64)>> {
    let mut query = conn.prepare("select hash, size from blob order by hash")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| row.map(|(hash, size)| (BlobHash::from_digest(hash), size.cast_unsigned()))).collect()
}

/// Copies a file that may be absent, with its permissions.
fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let copied = fs::copy(from, to).and_then(|_| File::open(to)?.sync_all());
    match copied {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::File { path: to.to_owned(), doing: "written", source })
        }
        _ => Ok(()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
