//! The store of one person on one device: a SQLite database and a folder of blobs.
//!
//! Documents are the truth; the index beside them can be rebuilt. What writes takes a `&Transaction`, what reads a
//! `&Connection`. `open` never deletes and never repairs: a database that can't be trusted is refused, named, and left
//! as it is.

pub mod blobs;
mod columns;
pub mod distrusted;
pub mod erased;
pub mod idempotency;
mod identity;
pub mod index;
pub mod last_used;
pub mod log;
pub mod newer;
mod opening;
pub mod outbox;
pub mod place;
mod private;
pub mod read_marks;
pub mod records;
pub(crate) mod salvage;
pub mod transfers;
pub mod upload_chunks;

use std::path::{Path, PathBuf};

use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use opening::SCHEMA;

pub use blobs::Blobs;
pub use idempotency::CallId;
pub use identity::Identity;
pub(crate) use identity::PIN;
pub(crate) use place::Hold;
pub use place::Place;

/// Something about the store went wrong. Nothing was deleted.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no store in this folder.
    #[error("there is no Fieldfolio store in {0}: enrol this device first")]
    Absent(PathBuf),
    /// There is one already.
    #[error("there is a Fieldfolio store in {0} already: use it, or choose another folder")]
    Present(PathBuf),
    /// The folder holds files that are no store's.
    #[error("{0} holds a folder \"blobs\" already, and no store: choose an empty folder")]
    Occupied(PathBuf),
    /// Somebody works with it.
    #[error("the store in {0} is open in another program: close it there, and do this again")]
    InUse(PathBuf),
    /// The system does not let anybody at its files just now.
    #[error(
        "the store in {0} can't be opened just now: unlock the device, or see who may read it, and do this again"
    )]
    OutOfReach(PathBuf),
    /// The database is damaged. It was not touched.
    #[error(
        "the database {path} is damaged ({what}). Nothing was changed: keep a copy of the folder, it may hold work that exists nowhere else"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The database was written by a newer version.
    #[error(
        "the database {path} was written by a newer Fieldfolio (schema {found}, this one knows {SCHEMA}): update this program"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// The database doesn't say any more whose it is.
    #[error(
        "{0} does not say any more whose it is: enrol a device in another folder, sync it, and save what is here into that"
    )]
    Nobody(PathBuf),
    /// The store belongs to somebody else.
    #[error("{0} belongs to another person or school: choose another folder")]
    Foreign(PathBuf),
    /// There is no room left.
    #[error(
        "this device has no room left, so this was not saved; what was saved before is safe. Make room, and do it again"
    )]
    NoRoom,
    /// SQLite failed.
    #[error("the device's database failed ({0}); what was saved before is safe. Try again")]
    Sqlite(rusqlite::Error),
    /// A file could not be read or written.
    #[error("{path} could not be {doing}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// "written", "read".
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// This very call was made before: what it did is there.
    #[error("this was done already")]
    DoneAlready,
    /// A row doesn't hold what this program wrote.
    #[error("the device's database holds something unexpected in {0}")]
    Unexpected(&'static str),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::NoRoom,
            // The memory that a write-ahead log is read by is a file, too.
            _ if extended_code(&error) == Some(SQLITE_IOERR_SHMSIZE) => StoreError::NoRoom,
            _ => StoreError::Sqlite(error),
        }
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// One person's store on one device.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    place: Place,
    blobs: Blobs,
    under: Option<CallId>,
    /// Let go of last.
    hold: Hold,
}

impl Store {
    /// Makes a new store for `identity`.
    pub fn create(place: impl Into<Place>, identity: &Identity) -> Result<Self, StoreError> {
        let place = place.into();
        let hold = place.hold_new()?;
        Self::create_held(place, hold, identity)
    }

    pub(crate) fn create_held(place: Place, hold: Hold, identity: &Identity) -> Result<Self, StoreError> {
        match &place {
            Place::Folder(folder) => opening::create_aside(&place, folder, identity)?,
            Place::Databases(_) => opening::create_at(&place, &place.database(), identity)?,
        }
        Self::open_held(place, hold)
    }

    /// Opens a store, which has one that works with it at a time. A damaged or newer database is refused untouched.
    pub fn open(place: impl Into<Place>) -> Result<Self, StoreError> {
        let place = place.into();
        // First: whoever has it until now may remove it.
        let hold = place.hold()?;
        match &place {
            _ if place.is_taken() => Self::open_held(place, hold),
            Place::Folder(folder) if place.database().try_exists().is_err() => {
                Err(StoreError::OutOfReach(folder.clone()))
            }
            Place::Folder(_) | Place::Databases(_) => Err(StoreError::Absent(place.path().to_owned())),
        }
    }

    fn open_held(place: Place, hold: Hold) -> Result<Self, StoreError> {
        let path = place.database();
        if let Place::Folder(folder) = &place {
            private::tighten(folder);
        }
        opening::inspect(&path)?;
        let mut conn = Connection::open(&path)?;
        place.settle(&conn)?;
        opening::migrate(&mut conn, &path)?;
        opening::notice_copy(&mut conn, &place)?;
        let blobs = Blobs::open(&place)?;
        Ok(Self { conn, place, blobs, under: None, hold })
    }

    /// The next write is made under this name: if it was made before, it is refused as done already.
    pub fn under(&mut self, call: Option<CallId>) {
        self.under = call;
    }

    /// For reading.
    pub fn read(&self) -> &Connection {
        &self.conn
    }

    /// Runs `write` in one transaction: all of it is on disk when this returns, or none of it.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let begin = self.conn.transaction_with_behavior(TransactionBehavior::Immediate);
        let tx = begin.map_err(StoreError::from)?;
        if let Some(call) = self.under.take() {
            idempotency::begin(&tx, call)?;
        }
        let done = write(&tx)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(done)
    }

    /// The blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Where it lies.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Who this store belongs to.
    pub fn identity(&self) -> Result<Identity, StoreError> {
        identity::read(&self.conn)
    }

    /// Writes everything back into the main file and lets go of it.
    pub fn close(self) -> Result<(), StoreError> {
        self.end().map(drop)
    }

    /// Closes it and removes all of it, or fails and names what stayed.
    pub fn remove(self) -> Result<(), StoreError> {
        let place = self.place.clone();
        let _hold = self.end()?;
        place.remove()
    }

    fn end(self) -> Result<Hold, StoreError> {
        let Self { conn, hold, .. } = self;
        opening::write_back(&conn)?;
        conn.close().map_err(|(_, error)| error)?;
        Ok(hold)
    }
}

/// One value that belongs to the store as a whole.
pub fn meta(conn: &Connection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    use rusqlite::OptionalExtension;
    let value = conn.query_row("select value from meta where key = ?1", [key], |row| row.get(0));
    Ok(value.optional()?)
}

/// Sets such a value.
pub fn put_meta(tx: &Transaction<'_>, key: &str, value: &[u8]) -> Result<(), StoreError> {
    tx.execute("insert or replace into meta (key, value) values (?1, ?2)", (key, value))?;
    Ok(())
}

/// Forgets such a value.
pub fn remove_meta(tx: &Transaction<'_>, key: &str) -> Result<(), StoreError> {
    tx.prepare_cached("delete from meta where key = ?1")?.execute([key])?;
    Ok(())
}

fn meta_array<const N: usize>(conn: &Connection, key: &'static str) -> Result<[u8; N], StoreError> {
    let value = meta(conn, key)?.ok_or(StoreError::Unexpected(key))?;
    value.try_into().map_err(|_| StoreError::Unexpected(key))
}

/// Makes a folder and what is missing above it, so that their names outlast a power cut.
pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let above = match folder.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => return Ok(()),
    };
    if folder.is_dir() {
        // It may have been made by a program that was ended before it came to this. Where one may not look into the
        // folder above, somebody else has made it.
        let _ = sync_folder(above);
        return Ok(());
    }
    make_folder(above)?;
    match private::create_dir(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(file_error(folder, "written", source))
        }
        _ => sync_folder(above),
    }
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| file_error(folder, "written", source))
}

fn file_error(path: &Path, doing: &'static str, source: std::io::Error) -> StoreError {
    match source.kind() {
        std::io::ErrorKind::StorageFull => StoreError::NoRoom,
        _ => StoreError::File { path: path.to_owned(), doing, source },
    }
}

/// Reads 16 or 32 bytes of a row into an id.
pub(crate) fn bytes<const N: usize>(blob: &[u8], what: &'static str) -> Result<[u8; N], StoreError> {
    blob.try_into().map_err(|_| StoreError::Unexpected(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DeviceId, PersonId, SchoolId, SeededRng};
    use crate::signing::SecretKey;
    use crate::time::Timestamp;

    pub(crate) fn identity() -> Identity {
        let mut rng = SeededRng::new(1);
        let now = Timestamp::from_millis(1);
        let key = SecretKey::generate(&mut rng);
        Identity {
            school: SchoolId::new(now, &mut rng),
            root: key.public(),
            person: PersonId::new(now, &mut rng),
            device: DeviceId::new(now, &mut rng),
            key,
            token: [7; 32],
            relay: "http://127.0.0.1:1".into(),
            pin: None,
        }
    }

    #[test]
    fn what_was_created_opens_again() {
        let folder = tempfile::tempdir().unwrap();
        let identity = identity();
        drop(Store::create(folder.path(), &identity).unwrap());
        let again = Store::open(folder.path()).unwrap().identity().unwrap();
        assert_eq!(
            (again.person, again.device, again.token),
            (identity.person, identity.device, identity.token)
        );
        assert!(matches!(Store::create(folder.path(), &identity), Err(StoreError::Present(_))));
        let version: String = Store::open(folder.path())
            .unwrap()
            .conn
            .query_row("select sqlite_version()", [], |row| row.get(0))
            .unwrap();
        let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
        assert!(parts >= vec![3, 51, 3], "SQLite {version} has the WAL-reset bug");
    }

    #[test]
    fn a_damaged_database_is_named_and_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        Store::create(folder.path(), &identity()).unwrap().close().unwrap();
        let path = Place::from(folder.path()).database();
        let whole = std::fs::read(&path).unwrap();
        let mut torn = whole.clone();
        for byte in &mut torn[4096..8192] {
            *byte ^= 0x5a;
        }
        for damaged in [
            b"not a database at all, just some text that is long enough".to_vec(),
            torn,
            whole[..6000].to_vec(),
        ] {
            std::fs::write(&path, &damaged).unwrap();
            let error = Store::open(folder.path()).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains("fieldfolio.db"));
            assert_eq!(std::fs::read(&path).unwrap(), damaged);
        }
        std::fs::write(&path, whole).unwrap();
        Store::open(folder.path()).unwrap();
    }

    #[test]
    fn no_store_is_made_around_files_that_are_somebodys() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("blobs").join("mine");
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "mine").unwrap();
        let refused = Store::create(folder.path(), &identity()).unwrap_err();
        assert!(matches!(refused, StoreError::Occupied(_)), "{refused:?}");
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    }

    #[cfg(unix)]
    #[test]
    fn a_database_that_nobody_gets_at_is_not_called_damaged() {
        let folder = tempfile::tempdir().unwrap();
        // A file that is there and that opens for nobody.
        let _socket = std::os::unix::net::UnixListener::bind(Place::from(folder.path()).database()).unwrap();
        let refused = Store::open(folder.path()).unwrap_err();
        assert!(matches!(refused, StoreError::OutOfReach(_)), "{refused:?}");
    }

    #[test]
    fn a_folder_is_worked_in_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Store::create(folder.path(), &identity()).unwrap();
        let refused = Store::open(folder.path()).unwrap_err();
        assert!(matches!(&refused, StoreError::InUse(path) if path == folder.path()), "{refused}");

        // Whoever is about to end is waited for.
        let next = std::thread::scope(|threads| {
            let next = threads.spawn(|| Store::open(folder.path()));
            first.close().unwrap();
            next.join().unwrap().unwrap()
        });
        assert!(matches!(Store::create(folder.path(), &identity()), Err(StoreError::Present(_))));
        next.remove().unwrap();
        drop(Store::create(folder.path(), &identity()).unwrap());
    }

    #[test]
    fn a_newer_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path(), &identity()).unwrap();
        store.conn.execute_batch("pragma user_version = 99").unwrap();
        store.close().unwrap();
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Newer { found: 99, .. })));
    }
}
