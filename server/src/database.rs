//! The relay's database: how it is opened, and its values of the school as a whole.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

/// "FFrl": marks the file as a relay's database.
const APPLICATION_ID: i64 = 0x4646_726c;
const SCHEMA: i64 = 7;
const MIGRATIONS: [&str; SCHEMA as usize] = [
    include_str!("database/schema_1.sql"),
    include_str!("database/schema_2.sql"),
    include_str!("database/schema_3.sql"),
    include_str!("database/schema_4.sql"),
    include_str!("database/schema_5.sql"),
    include_str!("database/schema_6.sql"),
    include_str!("database/schema_7.sql"),
];

/// The database can't be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// There is none.
    #[error("there is no school in {0}: make one with `fieldfolio init`")]
    Absent(PathBuf),
    /// There is one already.
    #[error("there is a school in {0} already: nothing was changed")]
    Present(PathBuf),
    /// It isn't a relay's.
    #[error("{0} is not a Fieldfolio relay's database, or it is damaged: nothing was changed")]
    Foreign(PathBuf),
    /// It was written by a newer version.
    #[error(
        "{path} was written by a newer Fieldfolio (schema {found}, this one knows {SCHEMA}): update this program"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// A file could not be made, named or removed.
    #[error("{path} could not be written: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite failed.
    #[error("the relay's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// A value that the database holds is not what was written there.
#[derive(Debug, thiserror::Error)]
#[error("{0} in the relay's database can't be read: `fieldfolio verify` says more")]
struct Unreadable(&'static str);

/// The error for a column, counted from 0, that is of this type and holds something else than what it is for.
pub(crate) fn unreadable(column: usize, kind: Type, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(Unreadable(what)))
}

/// Where the database lies in the relay's folder.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("relay.db")
}

/// Makes a new database aside: a cut leaves either a school or none.
pub fn create_aside(folder: &Path) -> Result<Connection, DatabaseError> {
    if path(folder).exists() {
        return Err(DatabaseError::Present(folder.to_owned()));
    }
    let aside = aside(folder);
    for left in ["relay.db.new", "relay.db.new-wal", "relay.db.new-shm"] {
        match std::fs::remove_file(folder.join(left)) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(DatabaseError::File { path: folder.join(left), source });
            }
            _ => {}
        }
    }
    let mut conn = Connection::open(&aside)?;
    settings(&conn)?;
    migrate(&mut conn, &aside)?;
    Ok(conn)
}

/// What was made aside is whole: from here on it is the school's.
pub fn give_its_name(conn: Connection, folder: &Path) -> Result<(), DatabaseError> {
    conn.execute_batch("pragma wal_checkpoint(truncate)")?;
    conn.close().map_err(|(_, error)| error)?;
    let path = path(folder);
    let named = std::fs::rename(aside(folder), &path).and_then(|()| std::fs::File::open(folder)?.sync_all());
    named.map_err(|source| DatabaseError::File { path, source })
}

fn aside(folder: &Path) -> PathBuf {
    folder.join("relay.db.new")
}

/// Opens the database for writing. There may be several writers (the relay, the command line); SQLite puts them in line.
pub fn open(folder: &Path) -> Result<Connection, DatabaseError> {
    let path = path(folder);
    if !path.exists() {
        return Err(DatabaseError::Absent(folder.to_owned()));
    }
    let mut conn = Connection::open(&path)?;
    let application: i64 = conn
        .query_row("pragma application_id", [], |row| row.get(0))
        .map_err(|_| DatabaseError::Foreign(path.clone()))?;
    if application != APPLICATION_ID {
        return Err(DatabaseError::Foreign(path));
    }
    // Before anything is written: the settings are.
    known_schema(&conn, &path)?;
    settings(&conn)?;
    migrate(&mut conn, &path)?;
    Ok(conn)
}

/// Opens the database for reading only.
pub fn open_reader(folder: &Path) -> Result<Connection, DatabaseError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path(folder), flags)?;
    conn.execute_batch("pragma busy_timeout = 5000; pragma trusted_schema = off;")?;
    keep_plans(&conn)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// So long the relay waits for a command that is inside.
const PATIENCE: Duration = Duration::from_secs(5);
/// It looks again after this.
const A_LITTLE: Duration = Duration::from_millis(2);

/// Where commands that write beside a relay wait for their turn. SQLite puts writers in line by chance, and a relay that
/// writes without pause would have them wait until they give up: so it passes through here before each of its groups,
/// and whoever is inside goes first.
#[derive(Debug)]
pub struct Turnstile {
    _inside: File,
}

impl Turnstile {
    fn file(folder: &Path) -> std::io::Result<File> {
        File::options().create(true).truncate(false).write(true).open(folder.join("relay.turn"))
    }

    /// Goes in, and stays until this is dropped.
    pub fn enter(folder: &Path) -> std::io::Result<Self> {
        let file = Self::file(folder)?;
        file.lock()?;
        Ok(Self { _inside: file })
    }

    /// Lets whoever is inside finish. One who doesn't is waited for as long as SQLite would wait, and no longer.
    pub fn pass(folder: &Path) -> std::io::Result<()> {
        let file = Self::file(folder)?;
        let asked = Instant::now();
        loop {
            match file.try_lock_shared() {
                Err(TryLockError::WouldBlock) if asked.elapsed() < PATIENCE => std::thread::sleep(A_LITTLE),
                Ok(()) | Err(TryLockError::WouldBlock) => return Ok(()),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

/// Begins a transaction that will write.
pub fn begin(conn: &mut Connection) -> Result<Transaction<'_>, DatabaseError> {
    Ok(conn.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

fn settings(conn: &Connection) -> Result<(), DatabaseError> {
    // A commit is on disk before it is acknowledged; NORMAL could lose it at a power cut.
    conn.execute_batch(
        "pragma journal_mode = wal;
         pragma synchronous = full;
         pragma busy_timeout = 10000;
         pragma foreign_keys = on;
         pragma trusted_schema = off;
         pragma secure_delete = on;
         pragma journal_size_limit = 67108864;",
    )?;
    keep_plans(conn)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Without this SQLite plans a kept statement anew for every value that is bound, wherever an index of some rows only
/// might serve: most of the writer's time went into that.
fn keep_plans(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn known_schema(conn: &Connection, path: &Path) -> Result<i64, DatabaseError> {
    let found: i64 = conn.query_row("pragma user_version", [], |row| row.get(0))?;
    if found > SCHEMA {
        return Err(DatabaseError::Newer { path: path.to_owned(), found });
    }
    Ok(found)
}

fn migrate(conn: &mut Connection, path: &Path) -> Result<(), DatabaseError> {
    let at = known_schema(conn, path)?;
    for (step, sql) in (1..).zip(MIGRATIONS).skip(usize::try_from(at).unwrap_or(0)) {
        let tx = begin(conn)?;
        tx.execute_batch(sql)?;
        tx.execute_batch(&format!(
            "pragma application_id = {APPLICATION_ID}; pragma user_version = {step};"
        ))?;
        tx.commit()?;
    }
    Ok(())
}

/// One value that belongs to the school as a whole.
pub fn meta(conn: &Connection, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    conn.prepare_cached("select value from meta where key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

/// Sets such a value.
pub fn put_meta(tx: &Transaction<'_>, key: &str, value: &[u8]) -> rusqlite::Result<()> {
    tx.execute("insert or replace into meta (key, value) values (?1, ?2)", (key, value))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_school_of_the_first_version_opens_and_its_teachers_are_told_of_their_classes() {
        let folder = tempfile::tempdir().unwrap();
        let conn = Connection::open(path(folder.path())).unwrap();
        conn.execute_batch(MIGRATIONS[0]).unwrap();
        conn.execute_batch(&format!(
            "pragma application_id = {APPLICATION_ID}; pragma user_version = 1;
             insert into log (tag, at, kind) values (x'00', 1, 'init');
             insert into person (row, id, name, kinds) values (1, x'01', 'a teacher', 2), (2, x'02', 'a student', 1);
             insert into class (id, title) values (x'0a', 'Science 9');
             insert into class_member (class, person, role) values (x'0a', 1, 'teacher'), (x'0a', 2, 'student');"
        ))
        .unwrap();
        drop(conn);
        let conn = open(folder.path()).unwrap();
        let told: Vec<(i64, i64)> = conn
            .prepare("select person, n from notice where kind = 7")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(told, [(1, 2)]);
        drop(conn);
        assert!(open(folder.path()).is_ok(), "once is enough");
    }
}
