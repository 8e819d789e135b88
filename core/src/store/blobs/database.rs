//! Blobs in a database of their own: each in one row, safe once its transaction is.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::super::place::Place;
use super::super::{StoreError, file_error};
use crate::blob::BlobHash;

/// The database that a device without folders keeps its blobs in.
#[derive(Debug, Clone)]
pub(super) struct BlobDatabase {
    conn: Arc<Mutex<Connection>>,
}

impl BlobDatabase {
    pub(super) fn open(place: &Place, path: &Path) -> Result<Self, StoreError> {
        let conn = Connection::open(path)?;
        place.settle(&conn)?;
        conn.execute_batch(
            "create table if not exists blob (
                 row integer primary key,
                 hash blob not null unique,
                 bytes blob not null
             ) strict",
        )?;
        Ok(Self { conn: Arc::new(Mutex::new(conn)) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves a connection whose transactions are whole or rolled back.
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, bytes: &[u8]) -> Result<BlobHash, StoreError> {
        let hash = BlobHash::of(bytes);
        self.lock()
            .prepare_cached("insert or ignore into blob (hash, bytes) values (?1, ?2)")?
            .execute((hash.as_bytes().as_slice(), bytes))?;
        Ok(hash)
    }

    pub(super) fn has(&self, hash: BlobHash) -> bool {
        row_of(&self.lock(), hash).is_ok_and(|row| row.is_some())
    }

    pub(super) fn get(&self, hash: BlobHash) -> Result<Vec<u8>, StoreError> {
        self.read(hash, 0, u64::MAX)
    }

    pub(super) fn read(&self, hash: BlobHash, offset: u64, length: u64) -> Result<Vec<u8>, StoreError> {
        let failed = |source| file_error(Path::new(&hash.to_string()), "read", source);
        let conn = self.lock();
        let Some(row) = row_of(&conn, hash)? else {
            return Err(failed(std::io::ErrorKind::NotFound.into()));
        };
        let mut blob = conn.blob_open("main", "blob", "bytes", row, true)?;
        let mut bytes = Vec::new();
        let read = blob.seek(SeekFrom::Start(offset)).and_then(|_| blob.take(length).read_to_end(&mut bytes));
        read.map_err(failed)?;
        Ok(bytes)
    }

    pub(super) fn usage(&self) -> Result<(u64, u64), StoreError> {
        let usage =
            self.lock().query_row("select count(*), coalesce(sum(length(bytes)), 0) from blob", [], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
            });
        Ok(usage?)
    }

    pub(super) fn remove(&self, hash: BlobHash) -> Result<(), StoreError> {
        let conn = self.lock();
        conn.execute("delete from blob where hash = ?1", [hash.as_bytes().as_slice()])?;
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn damage(&self, hash: BlobHash) {
        let damaged = self
            .lock()
            .execute("update blob set bytes = x'00' where hash = ?1", [hash.as_bytes().as_slice()]);
        assert_eq!(damaged.unwrap(), 1);
    }
}

fn row_of(conn: &Connection, hash: BlobHash) -> Result<Option<i64>, StoreError> {
    let mut query = conn.prepare_cached("select row from blob where hash = ?1")?;
    Ok(query.query_row([hash.as_bytes().as_slice()], |row| row.get(0)).optional()?)
}
