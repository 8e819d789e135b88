//! What is remembered of uploads: one small database, one connection, every commit on the disk before it returns.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{DeviceId, PersonId, PieceId};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::id::UploadId;
use super::{Caller, UploadError};

/// "ffup", so that `file` and we know the database from others.
const APPLICATION: i32 = 0x6666_7570;

/// Before 3.51.3, a reset of the write-ahead log could damage the database.
const OLDEST_SQLITE: i32 = 3_051_003;

/// One upload.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: UploadId,
    pub(super) caller: Caller,
    pub(super) piece: PieceId,
    pub(super) hash: BlobHash,
    pub(super) length: u64,
    pub(super) offset: u64,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) landed: bool,
}

pub(super) struct Rows(Mutex<Connection>);

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self, UploadError> {
        let unusable = |problem| UploadError::Unusable { path: path.to_owned(), problem };
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(unusable(format!("SQLite {} is too old", rusqlite::version())));
        }
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.execute_batch(
            "pragma synchronous = full; pragma busy_timeout = 5000; pragma foreign_keys = on;
             pragma trusted_schema = off; pragma journal_size_limit = 1048576;",
        )?;
        let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            0 => {
                let transaction = connection.transaction()?;
                transaction.execute_batch(include_str!("schema.sql"))?;
                transaction.pragma_update(None, "application_id", APPLICATION)?;
                transaction.pragma_update(None, "user_version", 1)?;
                transaction.commit()?;
            }
            1 => {}
            newer => return Err(unusable(format!("version {newer} was made by a newer relay"))),
        }
        Ok(Self(Mutex::new(connection)))
    }

    pub(super) fn find(&self, id: UploadId) -> rusqlite::Result<Option<Row>> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("select * from upload where id = ?1")?;
        select.query_row([id.0], read).optional()
    }

    /// The upload that this one would take the place of.
    pub(super) fn twin(
        &self,
        caller: Caller,
        piece: PieceId,
        hash: BlobHash,
    ) -> rusqlite::Result<Option<Row>> {
        let connection = self.lock();
        let mut select = connection.prepare_cached(
            "select * from upload where device = ?1 and piece = ?2 and hash = ?3 and landed = 0",
        )?;
        select
            .query_row(params![caller.device.as_bytes(), piece.as_bytes(), hash.as_bytes()], read)
            .optional()
    }

    /// Those past their time at `now`.
    pub(super) fn expired(&self, now: Timestamp) -> rusqlite::Result<Vec<Row>> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("select * from upload where expires <= ?1 order by id")?;
        select.query_map([number(now.millis())], read)?.collect()
    }

    pub(super) fn of_person(&self, person: PersonId) -> rusqlite::Result<Vec<Row>> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("select * from upload where person = ?1 order by id")?;
        select.query_map([person.as_bytes()], read)?.collect()
    }

    /// Those that have not landed.
    pub(super) fn open_ones(&self) -> rusqlite::Result<Vec<Row>> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("select * from upload where landed = 0 order by id")?;
        select.query_map([], read)?.collect()
    }

    pub(super) fn count_open(&self, device: DeviceId) -> rusqlite::Result<u64> {
        let connection = self.lock();
        let mut count =
            connection.prepare_cached("select count(*) from upload where device = ?1 and landed = 0")?;
        count.query_row([device.as_bytes()], |row| unsigned(row, 0))
    }

    /// Bytes announced by this person and not landed, `except` for one upload.
    pub(super) fn pending_bytes(&self, person: PersonId, except: Option<UploadId>) -> rusqlite::Result<u64> {
        let connection = self.lock();
        let mut sum = connection.prepare_cached(
            "select coalesce(sum(length), 0) from upload
             where person = ?1 and landed = 0 and id is not ?2",
        )?;
        sum.query_row(params![person.as_bytes(), except.map(|id| id.0)], |row| unsigned(row, 0))
    }

    pub(super) fn insert(&self, row: &Row) -> rusqlite::Result<()> {
        let connection = self.lock();
        let mut insert = connection.prepare_cached(
            "insert into upload (id, device, person, piece, hash, length, offset, created, expires, landed)
             values (:id, :device, :person, :piece, :hash, :length, :offset, :created, :expires, :landed)",
        )?;
        insert.execute(named_params! {
            ":id": row.id.0,
            ":device": row.caller.device.as_bytes(),
            ":person": row.caller.person.as_bytes(),
            ":piece": row.piece.as_bytes(),
            ":hash": row.hash.as_bytes(),
            ":length": number(row.length),
            ":offset": number(row.offset),
            ":created": number(row.created.millis()),
            ":expires": number(row.expires.millis()),
            ":landed": row.landed,
        })?;
        Ok(())
    }

    pub(super) fn set_offset(&self, id: UploadId, offset: u64) -> rusqlite::Result<()> {
        let connection = self.lock();
        let mut update = connection.prepare_cached("update upload set offset = ?2 where id = ?1")?;
        update.execute(params![id.0, number(offset)])?;
        Ok(())
    }

    pub(super) fn set_landed(&self, id: UploadId, expires: Timestamp) -> rusqlite::Result<()> {
        let connection = self.lock();
        let mut update =
            connection.prepare_cached("update upload set landed = 1, expires = ?2 where id = ?1")?;
        update.execute(params![id.0, number(expires.millis())])?;
        Ok(())
    }

    pub(super) fn remove(&self, id: UploadId) -> rusqlite::Result<()> {
        let connection = self.lock();
        connection.prepare_cached("delete from upload where id = ?1")?.execute([id.0])?;
        Ok(())
    }

    /// A thread that panicked left no transaction open: each statement is one of its own.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: UploadId(row.get("id")?),
        caller: Caller {
            person: PersonId::from_bytes(row.get("person")?),
            device: DeviceId::from_bytes(row.get("device")?),
        },
        piece: PieceId::from_bytes(row.get("piece")?),
        hash: BlobHash::from_digest(row.get("hash")?),
        length: unsigned(row, "length")?,
        offset: unsigned(row, "offset")?,
        created: Timestamp::from_millis(unsigned(row, "created")?),
        expires: Timestamp::from_millis(unsigned(row, "expires")?),
        landed: row.get("landed")?,
    })
}

/// SQLite's integers are signed; a moment after the year 292,000,000 is the end of time.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(row: &rusqlite::Row<'_>, column: impl rusqlite::RowIndex) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_from_the_future_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("uploads.db");
        let rows = Rows::open(&path).unwrap();
        rows.lock().pragma_update(None, "user_version", 9).unwrap();
        drop(rows);
        let problem = Rows::open(&path).err().unwrap().to_string();
        assert!(problem.contains("newer relay"), "{problem}");
        assert!(path.exists());
    }
}
