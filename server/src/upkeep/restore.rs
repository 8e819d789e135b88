//! Going back to a backup: the school's folder becomes what the backup holds, and what ended since ends again.
//!
//! Nothing is removed: what is in the folder now is moved into a folder of its own beside it. Files that both have are not
//! copied again. When the relay starts, it begins a new epoch, and every device brings what the backup lacks.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fieldfolio_core::ids::PieceId;
use fieldfolio_core::time::Timestamp;
use serde::Serialize;

use crate::blobs::BlobError;
use crate::database::{self, DatabaseError};
use crate::directory::{DirectoryError, school};
use crate::disk;
use crate::exchange::{Relay, RelayError, revocations};
use crate::log::{self, Event, epochs};
use crate::upkeep::backup::{self, Copied};

/// What a restoration came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The files, and what the backup lacks of them.
    #[serde(flatten)]
    pub files: Copied,
    /// Where the database of before is now, if there was one.
    pub aside: Option<PathBuf>,
}

/// It was not restored; the folder is as it was, or what was in it stands beside it.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is no backup.
    #[error("{0} is not a backup that `fieldfolio backup` made: name the folder with its relay.db")]
    NoBackup(PathBuf),
    /// It is of another school.
    #[error("{0} is a backup of another school than the one in this folder: choose an empty folder")]
    OtherSchool(PathBuf),
    /// Nobody knows what ended since.
    #[error(
        "there is no {0}, which says what was revoked and erased since the backup. Put it there, from the disk or the \
         copy that has the newest; or, if it is lost, add --without-ends and revoke and erase once more what has to be"
    )]
    WithoutEnds(PathBuf),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A file.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The school that is served.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// The file system.
    #[error("{path} could not be {doing}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// "written", "moved".
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl From<rusqlite::Error> for RestoreError {
    fn from(error: rusqlite::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

/// What may be done without the file that says what has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutEnds {
    /// Nothing: it must be there.
    Refuse,
    /// It is lost, and that is accepted.
    Accept,
}

/// Makes the school in `folder` what the backup in `from` holds. No relay may serve the folder meanwhile.
pub fn restore(
    folder: &Path,
    from: &Path,
    ends_file: &Path,
    without: WithoutEnds,
    now: Timestamp,
) -> Result<Restored, RestoreError> {
    let failed = |path: &Path, doing| {
        let path = path.to_owned();
        move |source| RestoreError::File { path, doing, source }
    };
    if !database::path(from).is_file() {
        return Err(RestoreError::NoBackup(from.to_owned()));
    }
    let copy = database::open_reader(from)?;
    if !epochs::is_copy(&copy)? {
        return Err(RestoreError::NoBackup(from.to_owned()));
    }
    if database::path(folder).exists() {
        let theirs = database::open_reader(folder).ok().and_then(|conn| school::id(&conn).ok());
        // A database that can't be read any more may be the reason for all this.
        if theirs.is_some_and(|theirs| school::id(&copy).ok() != Some(theirs)) {
            return Err(RestoreError::OtherSchool(from.to_owned()));
        }
    }
    if !ends_file.exists() && without == WithoutEnds::Refuse {
        return Err(RestoreError::WithoutEnds(ends_file.to_owned()));
    }
    disk::make_folder(folder).map_err(failed(folder, "written"))?;
    let new = folder.join("relay.db.new");
    fs::copy(database::path(from), &new)
        .and_then(|_| File::open(&new)?.sync_all())
        .map_err(failed(&new, "written"))?;
    let files = backup::copy_files(backup::named(&copy)?, from, folder)?;
    for name in ["root.key", "fieldfolio.toml"] {
        let (here, there) = (folder.join(name), from.join(name));
        if !here.exists() && there.exists() {
            fs::copy(&there, &here)
                .and_then(|_| File::open(&here)?.sync_all())
                .map_err(failed(&here, "written"))?;
        }
    }
    let aside = move_aside(folder, now).map_err(failed(folder, "moved"))?;
    fs::rename(&new, database::path(folder))
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(failed(&new, "moved"))?;
    match ends_file.exists() {
        true => drop(database::open(folder)?),
        false => accept_without_ends(folder, now)?,
    }
    Ok(Restored { files, aside })
}

/// It is accepted that what ended since the copy in `folder` was made is not known.
pub fn accept_without_ends(folder: &Path, now: Timestamp) -> Result<(), RestoreError> {
    let mut conn = database::open(folder)?;
    let tx = database::begin(&mut conn)?;
    revocations::do_without(&tx)?;
    epochs::take_over(&tx, now)?;
    tx.commit()?;
    Ok(())
}

/// Erases in the databases that restorations moved aside what was erased in the one that is served: `before-…` keeps what
/// may be needed, and nothing that is gone for good. How many pieces that were.
pub(crate) fn erase_in_asides(relay: &Relay) -> Result<usize, RestoreError> {
    let mut count = 0;
    for aside in asides(relay.folder())? {
        let Ok(mut conn) = database::open(&aside) else {
            // A damaged one may be the reason for the restoration. Its words are not found by anyone, and not here.
            tracing::warn!(folder = %aside.display(), "a database of before can't be opened: remove it when it is not needed");
            continue;
        };
        let pieces: Vec<PieceId> = conn
            .prepare("select id from piece")?
            .query_map([], |row| row.get(0).map(PieceId::from_bytes))?
            .collect::<Result<_, _>>()?;
        let gone: Vec<PieceId> = relay.read(|served| {
            let is_gone = |piece: &PieceId| crate::directory::erasure::is_erased(served, *piece);
            pieces
                .into_iter()
                .filter_map(|piece| is_gone(&piece).map(|gone| gone.then_some(piece)).transpose())
                .collect()
        })?;
        if gone.is_empty() {
            continue;
        }
        let tx = database::begin(&mut conn)?;
        for piece in &gone {
            let n = log::append(&tx, crate::exchange::now(), None, &Event::PieceErased { piece: *piece })?;
            crate::directory::erasure::remove(&tx, *piece, "erased in the school that is served", n)?;
        }
        tx.commit()?;
        conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
        count += gone.len();
    }
    Ok(count)
}

/// The folders that restorations made.
fn asides(folder: &Path) -> Result<Vec<PathBuf>, RestoreError> {
    let failed = |source| RestoreError::File { path: folder.to_owned(), doing: "read", source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_aside = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("before-"));
        if is_aside && database::path(&path).is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The database of before, and the uploads it knew, into a folder of their own.
fn move_aside(folder: &Path, now: Timestamp) -> io::Result<Option<PathBuf>> {
    let aside = folder.join(format!("before-{}", now.millis()));
    let mut moved = false;
    for name in ["relay.db", "relay.db-wal", "relay.db-shm", "uploads"] {
        let here = folder.join(name);
        if here.exists() {
            disk::make_folder(&aside)?;
            fs::rename(&here, aside.join(name))?;
            moved = true;
        }
    }
    Ok(moved.then_some(aside))
}
