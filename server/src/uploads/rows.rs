//! What is remembered of uploads: one small database, one connection. What an acknowledged offset rests on is on the
//! disk before its call returns; what can be repeated may wait for the next such call.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{DeviceId, PersonId, PieceId};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::id::UploadId;
use super::metadata::Metadata;
use super::{Caller, UploadError};

/// "ffup", so that `file` and we know the database from others.
const APPLICATION: i32 = 0x6666_7570;

/// Before 3.51.3, a reset of the write-ahead log could damage the database.
const OLDEST_SQLITE: i32 = 3_051_003;

const MIGRATIONS: [&str; 3] =
    [include_str!("schema_1.sql"), include_str!("schema_2.sql"), include_str!("schema_3.sql")];

/// How long what was announced holds room while no byte of it comes: 6 hours, in milliseconds. It may come all the same.
const HELD: u64 = 6 * 60 * 60 * 1000;

/// One upload.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: UploadId,
    pub(super) caller: Caller,
    pub(super) kind: Kind,
    /// Unknown until the device tells it.
    pub(super) length: Option<u64>,
    pub(super) offset: u64,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) landed: bool,
}

/// What an upload brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    File(Metadata),
    /// A stretch of a file; of which, the upload that joins it says.
    Stretch,
    /// A file made up of these stretches.
    Joined(Metadata, Vec<UploadId>),
}

impl Row {
    /// Which bytes these are to be, if it is known.
    pub(super) fn file(&self) -> Option<Metadata> {
        match self.kind {
            Kind::File(file) | Kind::Joined(file, _) => Some(file),
            Kind::Stretch => None,
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.length == Some(self.offset)
    }
}

/// Bytes that uploads which have begun hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// By this person: what came, and what was announced and may be on its way.
    pub person: u64,
    /// By everyone: what she holds, and what came of others'. What others announced and did not send keeps nobody out.
    pub school: u64,
}

/// Bytes of the disk that uploads may still take: announced within [`HELD`], or being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unwritten {
    pub(super) person: PersonId,
    pub(super) bytes: u64,
}

pub(super) struct Rows(Mutex<Connection>);

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self, UploadError> {
        let unusable = |problem| UploadError::Unusable { path: path.to_owned(), problem };
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(unusable(format!("SQLite {} is too old", rusqlite::version())));
        }
        let mut connection = Connection::open(path)?;
        // Before anything is written: the settings are.
        let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let done = usize::try_from(version).ok();
        let Some(missing) = done.and_then(|done| MIGRATIONS.get(done..)) else {
            return Err(unusable(format!(
                "version {version} was made by a newer relay: update this program"
            )));
        };
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.execute_batch(
            "pragma synchronous = full; pragma busy_timeout = 5000; pragma foreign_keys = on;
             pragma trusted_schema = off; pragma journal_size_limit = 1048576;",
        )?;
        for (step, sql) in (version + 1..).zip(missing) {
            let transaction = connection.transaction()?;
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", step)?;
            transaction.commit()?;
        }
        Ok(Self(Mutex::new(connection)))
    }

    pub(super) fn find(&self, id: UploadId) -> rusqlite::Result<Option<Row>> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("select * from upload where id = ?1")?;
        select.query_row([id.0], read).optional()
    }

    /// The upload that this one would take the place of.
    pub(super) fn twin(&self, new: &Row) -> rusqlite::Result<Option<Row>> {
        let Some(file) = new.file() else { return Ok(None) };
        let connection = self.lock();
        let mut select = connection.prepare_cached(
            "select * from upload where landed = 0 and device = ?1
             and ((piece = ?2 and hash = ?3) or (length(stretches) > 0 and stretches = ?4)) limit 1",
        )?;
        let (device, stretches) = (new.caller.device, stretches(&new.kind));
        select
            .query_row(
                params![device.as_bytes(), file.piece.as_bytes(), file.hash.as_bytes(), stretches],
                read,
            )
            .optional()
    }

    /// The upload that joins, or has joined, exactly these stretches.
    pub(super) fn joined(&self, caller: Caller, kind: &Kind) -> rusqlite::Result<Option<Row>> {
        let connection = self.lock();
        let mut select = connection.prepare_cached(
            "select * from upload where device = ?1 and length(stretches) > 0 and stretches = ?2",
        )?;
        select.query_row(params![caller.device.as_bytes(), stretches(kind)], read).optional()
    }

    /// Those past their time at `now`.
    pub(super) fn expired(&self, now: Timestamp) -> rusqlite::Result<Vec<Row>> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("select * from upload where expires <= ?1 order by id")?;
        select.query_map([number(now.millis())], read)?.collect()
    }

    /// None lives longer than `lifetime` from `now`: one that seems to began before the clock was put back.
    pub(super) fn shorten(&self, now: Timestamp, lifetime: u64) -> rusqlite::Result<()> {
        let end = number(now.plus_millis(lifetime).millis());
        self.lock().execute("update upload set expires = ?1 where expires > ?1", [end])?;
        Ok(())
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

    /// What a device has begun. Files that are being joined don't count: their stretches do.
    pub(super) fn count_open(&self, device: DeviceId) -> rusqlite::Result<u64> {
        let connection = self.lock();
        let mut count = connection.prepare_cached(
            "select count(*) from upload
             where device = ?1 and landed = 0 and coalesce(length(stretches), 0) = 0",
        )?;
        count.query_row([device.as_bytes()], |row| unsigned(row, 0))
    }

    /// Bytes announced and not landed. One whose length isn't known may become as long as any: `most`. A file that is
    /// being joined takes what its stretches have reserved.
    pub(super) fn reserved(&self, person: PersonId, most: u64, now: Timestamp) -> rusqlite::Result<Reserved> {
        let connection = self.lock();
        let mut sums = connection.prepare_cached(
            "select coalesce(sum(iif(person = ?1, iif(touched > ?3, coalesce(length, ?2), offset), 0)), 0),
                    coalesce(sum(iif(person = ?1 and touched > ?3, coalesce(length, ?2), offset)), 0)
             from upload where landed = 0 and coalesce(length(stretches), 0) = 0",
        )?;
        sums.query_row(params![person.as_bytes(), number(most), held_since(now)], |row| {
            Ok(Reserved { person: unsigned(row, 0)?, school: unsigned(row, 1)? })
        })
    }

    /// Bytes that each person's uploads may still write. Who joins stretches writes them once more.
    pub(super) fn unwritten(&self, most: u64, now: Timestamp) -> rusqlite::Result<Vec<Unwritten>> {
        let connection = self.lock();
        let mut sums = connection.prepare_cached(
            "select person, coalesce(sum(max(coalesce(length, ?1) - offset, 0)), 0)
             from upload where landed = 0 and touched > ?2 group by person",
        )?;
        sums.query_map(params![number(most), held_since(now)], |row| {
            Ok(Unwritten { person: row.get::<_, PersonId>(0)?, bytes: unsigned(row, 1)? })
        })?
        .collect()
    }

    /// May be lost in a power cut, before anything else of it is on the disk: then the upload never began.
    pub(super) fn insert(&self, row: &Row) -> rusqlite::Result<()> {
        let connection = self.unsynced()?;
        let mut insert = connection.prepare_cached(
            "insert into upload
                 (id, device, person, piece, hash, stretches, length, offset, created, expires, landed, touched)
             values (:id, :device, :person, :piece, :hash, :stretches, :length, :offset, :created, :expires, :landed,
                 :created)",
        )?;
        let file = row.file();
        insert.execute(named_params! {
            ":id": row.id.0,
            ":device": row.caller.device.as_bytes(),
            ":person": row.caller.person.as_bytes(),
            ":piece": file.as_ref().map(|file| file.piece.as_bytes()),
            ":hash": file.as_ref().map(|file| file.hash.as_bytes()),
            ":stretches": stretches(&row.kind),
            ":length": row.length.map(number),
            ":offset": number(row.offset),
            ":created": number(row.created.millis()),
            ":expires": number(row.expires.millis()),
            ":landed": row.landed,
        })?;
        Ok(())
    }

    pub(super) fn set_length(&self, id: UploadId, length: u64) -> rusqlite::Result<()> {
        let connection = self.synced()?;
        let mut update = connection.prepare_cached("update upload set length = ?2 where id = ?1")?;
        update.execute(params![id.0, number(length)])?;
        Ok(())
    }

    pub(super) fn set_offset(&self, id: UploadId, offset: u64, now: Timestamp) -> rusqlite::Result<()> {
        let connection = self.synced()?;
        let mut update =
            connection.prepare_cached("update upload set offset = ?2, touched = ?3 where id = ?1")?;
        update.execute(params![id.0, number(offset), number(now.millis())])?;
        Ok(())
    }

    /// The stretches that it was made of have landed with it. What is lost of this in a power cut is done again when it
    /// is asked for.
    pub(super) fn set_landed(&self, row: &Row, expires: Timestamp) -> rusqlite::Result<()> {
        let mut connection = self.unsynced()?;
        let transaction = connection.transaction()?;
        let stretches = if let Kind::Joined(_, stretches) = &row.kind { stretches.as_slice() } else { &[] };
        for id in stretches.iter().chain([&row.id]) {
            transaction
                .prepare_cached("update upload set landed = 1, expires = ?2 where id = ?1")?
                .execute(params![id.0, number(expires.millis())])?;
        }
        transaction.commit()
    }

    pub(super) fn remove(&self, id: UploadId) -> rusqlite::Result<()> {
        let connection = self.synced()?;
        connection.prepare_cached("delete from upload where id = ?1")?.execute([id.0])?;
        Ok(())
    }

    /// A thread that panicked left no transaction open: those that are dropped roll back.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For what is to be on the disk when the commit returns, and with it everything committed before.
    fn synced(&self) -> rusqlite::Result<MutexGuard<'_, Connection>> {
        let connection = self.lock();
        connection.pragma_update(None, "synchronous", "full")?;
        Ok(connection)
    }

    /// For what outlives a killed process, and may be lost in a power cut until the next synced commit.
    fn unsynced(&self) -> rusqlite::Result<MutexGuard<'_, Connection>> {
        let connection = self.lock();
        connection.pragma_update(None, "synchronous", "normal")?;
        Ok(connection)
    }
}

/// What was touched since then still holds room.
fn held_since(now: Timestamp) -> i64 {
    number(now.millis().saturating_sub(HELD))
}

fn stretches(kind: &Kind) -> Option<Vec<u8>> {
    match kind {
        Kind::File(_) => None,
        Kind::Stretch => Some(Vec::new()),
        Kind::Joined(_, stretches) => Some(stretches.iter().flat_map(|id| id.0).collect()),
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let length: Option<i64> = row.get("length")?;
    Ok(Row {
        id: UploadId(row.get("id")?),
        caller: Caller {
            person: PersonId::from_bytes(row.get("person")?),
            device: DeviceId::from_bytes(row.get("device")?),
        },
        kind: read_kind(row)?,
        length: length.map(|length| u64::try_from(length).unwrap_or(0)),
        offset: unsigned(row, "offset")?,
        created: Timestamp::from_millis(unsigned(row, "created")?),
        expires: Timestamp::from_millis(unsigned(row, "expires")?),
        landed: row.get("landed")?,
    })
}

fn read_kind(row: &rusqlite::Row<'_>) -> rusqlite::Result<Kind> {
    let stretches: Option<Vec<u8>> = row.get("stretches")?;
    if stretches.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Kind::Stretch);
    }
    let file = Metadata {
        hash: BlobHash::from_digest(row.get("hash")?),
        piece: PieceId::from_bytes(row.get("piece")?),
    };
    Ok(match stretches {
        None => Kind::File(file),
        Some(ids) => Kind::Joined(file, ids.as_chunks().0.iter().map(|id| UploadId(*id)).collect()),
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

    #[test]
    fn a_database_of_the_first_version_opens_with_its_uploads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("uploads.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(&format!(
            "pragma application_id = {APPLICATION}; pragma user_version = 1;
             insert into upload values (zeroblob(16), zeroblob(16), zeroblob(16), zeroblob(16), zeroblob(32),
                                        20, 6, 1, 2, 0);"
        ))
        .unwrap();
        drop(old);
        for _ in 0..2 {
            let row = Rows::open(&path).unwrap().find(UploadId([0; 16])).unwrap().unwrap();
            let file = Metadata { hash: BlobHash::from_digest([0; 32]), piece: PieceId::from_bytes([0; 16]) };
            assert_eq!((row.kind, row.length, row.offset), (Kind::File(file), Some(20), 6));
        }
    }
}
