//! Blobs in a database of their own: each in one row, safe once its transaction is.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::super::place::Place;
use super::super::{StoreError, file_error};
use super::Hashing;
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
             ) strict;
             create table if not exists part (
                 hash blob not null,
                 at integer not null,
                 bytes blob not null,
                 primary key (hash, at)
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
            .execute((hash, bytes))?;
        Ok(hash)
    }

    pub(super) fn put_from<E: From<StoreError>>(
        &self,
        size: u64,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<BlobHash, E> {
        let mut conn = self.lock();
        let tx = conn.transaction().map_err(StoreError::from)?;
        let row = room_for(&tx, size)?;
        let hash = {
            let blob = tx.blob_open("main", "blob", "bytes", row, false).map_err(StoreError::from)?;
            let mut to = Hashing::new(blob);
            write(&mut to)?;
            to.hash()
        };
        if row_of(&tx, hash)?.is_some() {
            return Ok(hash);
        }
        name(&tx, row, hash)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(hash)
    }

    pub(super) fn put_piece(&self, hash: BlobHash, at: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let mut conn = self.lock();
        let tx = conn.transaction()?;
        tx.execute("delete from part where hash = ?1 and at >= ?2", (hash, at.cast_signed()))?;
        tx.execute(
            "update part set bytes = substr(bytes, 1, ?2 - at) where hash = ?1 and at + length(bytes) > ?2",
            (hash, at.cast_signed()),
        )?;
        tx.execute(
            "insert into part (hash, at, bytes) values (?1, ?2, ?3)",
            (hash, at.cast_signed(), bytes),
        )?;
        Ok(tx.commit()?)
    }

    pub(super) fn finish(&self, hash: BlobHash, size: u64) -> Result<bool, StoreError> {
        let mut conn = self.lock();
        let tx = conn.transaction()?;
        let matches = match parts(&tx, hash)? {
            parts if parts.iter().map(|(_, length)| length).sum::<u64>() != size => false,
            _ if row_of(&tx, hash)?.is_some() => true,
            parts => {
                let row = room_for(&tx, size)?;
                let found = {
                    let blob = tx.blob_open("main", "blob", "bytes", row, false)?;
                    let mut to = Hashing::new(blob);
                    for (part, _) in parts {
                        let mut piece = tx.blob_open("main", "part", "bytes", part, true)?;
                        std::io::copy(&mut piece, &mut to)
                            .map_err(|source| file_error(Path::new(&hash.to_string()), "written", source))?;
                    }
                    to.hash()
                };
                match found == hash {
                    true => name(&tx, row, hash)?,
                    false => drop(tx.execute("delete from blob where row = ?1", [row])?),
                }
                found == hash
            }
        };
        tx.execute("delete from part where hash = ?1", [hash])?;
        tx.commit()?;
        Ok(matches)
    }

    pub(super) fn size(&self, hash: BlobHash) -> Option<u64> {
        let conn = self.lock();
        let mut query = conn.prepare_cached("select length(bytes) from blob where hash = ?1").ok()?;
        let size = query.query_row([hash], |row| row.get::<_, i64>(0)).ok()?;
        Some(size.cast_unsigned())
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

    #[cfg(test)]
    pub(super) fn usage(&self) -> Result<(u64, u64), StoreError> {
        let usage =
            self.lock().query_row("select count(*), coalesce(sum(length(bytes)), 0) from blob", [], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
            });
        Ok(usage?)
    }

    pub(super) fn remove(&self, hash: BlobHash) -> Result<(), StoreError> {
        let conn = self.lock();
        conn.execute("delete from blob where hash = ?1", [hash])?;
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn damage(&self, hash: BlobHash) {
        let damaged = self.lock().execute("update blob set bytes = x'00' where hash = ?1", [hash]);
        assert_eq!(damaged.unwrap(), 1);
    }
}

/// A row of so many zeros, under a name that no blob has: it is shorter.
fn room_for(conn: &Connection, size: u64) -> Result<i64, StoreError> {
    conn.prepare_cached("insert or replace into blob (hash, bytes) values (x'', zeroblob(?1))")?
        .execute([size.cast_signed()])?;
    Ok(conn.last_insert_rowid())
}

fn name(conn: &Connection, row: i64, hash: BlobHash) -> Result<(), StoreError> {
    conn.prepare_cached("update blob set hash = ?2 where row = ?1")?.execute((row, hash))?;
    Ok(())
}

/// The pieces of a blob that are here, in order: their rows and lengths.
fn parts(conn: &Connection, hash: BlobHash) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut query =
        conn.prepare_cached("select rowid, length(bytes) from part where hash = ?1 order by at")?;
    let rows = query.query_map([hash], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
    rows.map(|row| Ok(row?)).collect()
}

fn row_of(conn: &Connection, hash: BlobHash) -> Result<Option<i64>, StoreError> {
    let mut query = conn.prepare_cached("select row from blob where hash = ?1")?;
    Ok(query.query_row([hash], |row| row.get(0)).optional()?)
}
