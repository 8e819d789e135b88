//! Where one person's store lies, and how SQLite keeps its promise there.
//!
//! Phones and laptops have folders: a database in write-ahead mode, photos as files. A browser's private file system is
//! reached through a VFS that the platform registered as SQLite's default; it knows databases by name and nothing else,
//! so photos lie in a second database, and a commit is safe once its journal is cut.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::opening::APPLICATION_ID;
use super::{StoreError, file_error, make_folder, private, sync_folder};

/// Where a store lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this folder.
    Folder(PathBuf),
    /// In databases of SQLite's default VFS whose names begin like this.
    Databases(PathBuf),
}

/// The right to work in a place. In a folder one has it at a time: two would write into each other's files. It ends with
/// the program, however that ends.
#[derive(Debug)]
pub(crate) struct Hold {
    /// The folder itself, locked. The locks of SQLite would not do: they are gone as soon as the same program reads its
    /// files in any other way, to copy them for example.
    _folder: Option<File>,
}

/// How often it is tried: whoever is just ending, or was just starting another process, has it a moment longer.
const TRIES: u32 = 200;
const BETWEEN: Duration = Duration::from_millis(10);

impl From<&Place> for Place {
    fn from(place: &Place) -> Self {
        place.clone()
    }
}

impl From<&Path> for Place {
    fn from(folder: &Path) -> Self {
        Self::Folder(folder.to_owned())
    }
}

impl From<&PathBuf> for Place {
    fn from(folder: &PathBuf) -> Self {
        Self::Folder(folder.clone())
    }
}

impl Place {
    /// Its path, for messages.
    pub fn path(&self) -> &Path {
        match self {
            Place::Folder(path) | Place::Databases(path) => path,
        }
    }

    /// Takes hold of the place, or says that somebody has it.
    #[expect(clippy::disallowed_methods, reason = "a store is opened before there is anything else to do")]
    pub(crate) fn hold(&self) -> Result<Hold, StoreError> {
        let Place::Folder(folder) = self else {
            // Its VFS gives a database to one at a time.
            return Ok(Hold { _folder: None });
        };
        // Not every system opens a folder like a file, and not every disk knows locks: a device works there all the same.
        let Ok(file) = File::open(folder) else { return Ok(Hold { _folder: None }) };
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Hold { _folder: Some(file) }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN),
                Err(TryLockError::Error(_)) => return Ok(Hold { _folder: None }),
            }
        }
        Err(StoreError::InUse(folder.clone()))
    }

    /// Takes hold of a place for a new store.
    pub(crate) fn hold_new(&self) -> Result<Hold, StoreError> {
        let free = || match self {
            _ if self.is_taken() => Err(StoreError::Present(self.path().to_owned())),
            // They may be all that is left of somebody's.
            Place::Folder(folder) if folder.join("blobs").exists() => {
                Err(StoreError::Occupied(folder.clone()))
            }
            Place::Folder(_) | Place::Databases(_) => Ok(()),
        };
        free()?;
        if let Place::Folder(folder) = self {
            make_folder(folder)?;
        }
        let hold = self.hold()?;
        free().map(|()| hold)
    }

    /// The database of documents.
    pub(super) fn database(&self) -> PathBuf {
        match self {
            Place::Folder(folder) => folder.join("fieldfolio.db"),
            Place::Databases(name) => with_suffix(name, ".db"),
        }
    }

    /// Is there a store here, whole?
    pub fn is_taken(&self) -> bool {
        match self {
            Place::Folder(_) => self.database().exists(),
            // It is made in one transaction that ends by marking it: without the mark nothing was ever in it.
            Place::Databases(_) => is_marked(&self.database()),
        }
    }

    /// How SQLite keeps a commit here. On disk when it returns: anything less could lose it at a power cut.
    pub(super) fn settle(&self, conn: &Connection) -> Result<(), StoreError> {
        let journal = match self {
            Place::Folder(_) => "pragma journal_mode = wal; pragma journal_size_limit = 8388608;",
            // No shared memory there, and one connection to each database.
            Place::Databases(_) => {
                "pragma locking_mode = exclusive; pragma journal_mode = truncate; pragma temp_store = memory;"
            }
        };
        conn.execute_batch(journal)?;
        conn.execute_batch(
            "pragma synchronous = full;
             pragma busy_timeout = 5000;
             pragma foreign_keys = on;
             pragma trusted_schema = off;
             pragma secure_delete = on;
             pragma cache_size = -8192;",
        )?;
        // A kept statement is not planned anew for every value that is bound.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // One answer of the relay takes more kinds of statements than are kept unasked.
        conn.set_prepared_statement_cache_capacity(64);
        Ok(())
    }

    /// What of this place no copy shares with it: where the database lies on which disk, and since when. `None` where a
    /// platform has no copies, or does not say.
    pub(super) fn mark(&self) -> Option<Vec<u8>> {
        match self {
            Place::Folder(_) => mark_of(&self.database()),
            Place::Databases(_) => None,
        }
    }

    /// Keeps what an enrolment begins with until it has ended, safe on disk.
    pub(crate) fn keep_enrolment(&self, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Place::Folder(folder) => {
                let file = folder.join("enrolment");
                let failed = |source| file_error(&file, "written", source);
                make_folder(folder)?;
                let written = private::create(&file).and_then(|mut file| {
                    file.write_all(bytes)?;
                    file.sync_all()
                });
                written.map_err(failed)?;
                sync_folder(folder)
            }
            Place::Databases(_) => {
                let conn = self.open_enrolment()?;
                conn.execute("insert or replace into begun (one, bytes) values (1, ?1)", [bytes])?;
                Ok(())
            }
        }
    }

    /// What an enrolment here began with.
    pub(crate) fn enrolment(&self) -> Option<Vec<u8>> {
        match self {
            Place::Folder(folder) => std::fs::read(folder.join("enrolment")).ok(),
            Place::Databases(_) => {
                let conn = self.open_enrolment().ok()?;
                conn.query_row("select bytes from begun", [], |row| row.get(0)).ok()
            }
        }
    }

    /// Forgets it. A left-over is only never read again.
    pub(crate) fn forget_enrolment(&self) {
        match self {
            Place::Folder(folder) => drop(std::fs::remove_file(folder.join("enrolment"))),
            Place::Databases(_) => drop(
                self.open_enrolment()
                    .and_then(|conn| conn.execute("delete from begun", []).map_err(StoreError::from)),
            ),
        }
    }

    fn open_enrolment(&self) -> Result<Connection, StoreError> {
        let conn = Connection::open(with_suffix(self.path(), "-enrolment.db"))?;
        self.settle(&conn)?;
        conn.execute_batch(
            "create table if not exists begun (one integer primary key check (one = 1), bytes blob) strict",
        )?;
        Ok(conn)
    }

    /// Removes the store: all of it, or an error that names what stayed. It must be closed.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        match self {
            Place::Folder(folder) => {
                // The database goes last: as long as it is there, whoever was cut in the middle can do this again.
                gone(std::fs::remove_dir_all(folder.join("blobs")), folder)?;
                for name in ["enrolment", "fieldfolio.db-wal", "fieldfolio.db-shm", "fieldfolio.db"] {
                    gone(std::fs::remove_file(folder.join(name)), folder)?;
                }
                Ok(())
            }
            Place::Databases(name) => {
                for suffix in [".db", "-blobs.db", "-enrolment.db"] {
                    empty(&with_suffix(name, suffix))?;
                }
                Ok(())
            }
        }
    }

    /// Every name a store of databases may use: for a platform that removes the emptied files themselves.
    pub fn database_names(name: &Path) -> Vec<PathBuf> {
        [".db", "-blobs.db", "-enrolment.db"].map(|suffix| with_suffix(name, suffix)).into()
    }

    /// The database of photos, for a place that has no folders.
    pub(super) fn blob_database(name: &Path) -> PathBuf {
        with_suffix(name, "-blobs.db")
    }
}

#[cfg(unix)]
fn mark_of(database: &Path) -> Option<Vec<u8>> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(database).ok()?;
    let since = file.created().ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    let since = since.map_or(0, |since| since.as_nanos());
    let (dev, ino) = (file.dev().to_be_bytes(), file.ino().to_be_bytes());
    Some([dev.as_slice(), &ino, &since.to_be_bytes()].concat())
}

#[cfg(not(unix))]
fn mark_of(_: &Path) -> Option<Vec<u8>> {
    None
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn is_marked(database: &Path) -> bool {
    let Ok(conn) = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return false;
    };
    // A database that can't be read is there: it must not be written over.
    conn.query_row("pragma application_id", [], |row| row.get::<_, i64>(0))
        .map_or(true, |id| id == APPLICATION_ID)
}

fn gone(done: std::io::Result<()>, folder: &Path) -> Result<(), StoreError> {
    match done {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(file_error(folder, "removed", source))
        }
        _ => Ok(()),
    }
}

/// Takes everything out of a database, its pages overwritten and given back.
fn empty(database: &Path) -> Result<(), StoreError> {
    let Ok(conn) = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return Ok(());
    };
    conn.execute_batch(
        "pragma journal_mode = truncate; pragma foreign_keys = off; pragma secure_delete = on; pragma application_id = 0;",
    )?;
    let tables: Vec<String> = conn
        .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for table in tables {
        conn.execute_batch(&format!("drop table \"{table}\""))?;
    }
    conn.execute_batch("pragma user_version = 0; vacuum")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::store::{Store, StoreError, tests::identity};

    use super::*;

    #[test]
    fn a_store_of_databases_keeps_everything_without_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Databases(folder.path().join("mina"));
        assert!(matches!(Store::open(&place), Err(StoreError::Absent(_))));
        let me = identity();
        let store = Store::create(&place, &me).unwrap();
        assert!(matches!(Store::create(&place, &me), Err(StoreError::Present(_))));
        let hash = store.blobs().put(b"a leaf").unwrap();
        store.close().unwrap();

        let store = Store::open(&place).unwrap();
        assert_eq!(store.identity().unwrap().device, me.device);
        assert_eq!(store.blobs().get(hash).unwrap(), b"a leaf");
        assert_eq!(store.blobs().read(hash, 2, 3).unwrap(), b"lea");
        assert!(store.blobs().path(hash).is_none());
        store.close().unwrap();

        place.remove().unwrap();
        assert!(!place.is_taken());
        assert!(matches!(Store::open(&place), Err(StoreError::Absent(_))));
        let left = std::fs::read_dir(folder.path()).unwrap();
        let bytes: Vec<u8> = left.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        assert!(!bytes.windows(6).any(|window| window == b"a leaf"));
        Store::create(&place, &me).unwrap();
    }

    #[test]
    fn a_store_that_was_cut_while_it_was_made_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Databases(folder.path().join("mina"));
        drop(Connection::open(place.database()).unwrap());
        assert!(!place.is_taken());
        Store::create(&place, &identity()).unwrap();
    }

    #[test]
    fn an_enrolment_that_began_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        for place in [Place::Folder(folder.path().join("a")), Place::Databases(folder.path().join("b"))] {
            assert_eq!(place.enrolment(), None);
            place.keep_enrolment(b"begun").unwrap();
            assert_eq!(place.enrolment().as_deref(), Some(b"begun".as_slice()));
            place.forget_enrolment();
            assert_eq!(place.enrolment(), None);
        }
    }
}
