//! Making and opening the database of documents: a cut leaves a whole store or none, and what can't be trusted stays as it is.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::identity::{self, Identity};
use super::{Place, StoreError, file_error, log, make_folder, meta, private, put_meta, sync_folder};

/// "FFdv": marks the file as a device's store.
pub(super) const APPLICATION_ID: i64 = 0x4646_6476;
/// The newest schema this program knows.
pub(super) const SCHEMA: i64 = 8;
const MIGRATIONS: [&str; SCHEMA as usize] = [
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
    include_str!("schema_8.sql"),
];

/// Made aside and renamed when it is whole: a cut leaves either a store or none, and the enrolment goes on.
pub(super) fn create_aside(place: &Place, folder: &Path, identity: &Identity) -> Result<(), StoreError> {
    make_folder(folder)?;
    let aside = folder.join("fieldfolio.db.new");
    for left in [aside.clone(), folder.join("fieldfolio.db.new-wal"), folder.join("fieldfolio.db.new-shm")] {
        match std::fs::remove_file(&left) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(file_error(&left, "removed", source));
            }
            _ => {}
        }
    }
    create_at(place, &aside, identity)?;
    let path = place.database();
    std::fs::rename(&aside, &path).map_err(|source| file_error(&path, "written", source))?;
    sync_folder(folder)
}

/// Schema, identity and mark, in one transaction.
pub(super) fn create_at(place: &Place, path: &Path, identity: &Identity) -> Result<(), StoreError> {
    if let Place::Folder(_) = place {
        private::reserve(path).map_err(|source| file_error(path, "written", source))?;
    }
    let mut conn = Connection::open(path)?;
    place.settle(&conn)?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (step, sql) in (1..).zip(MIGRATIONS) {
        step_to(&tx, step, sql)?;
    }
    identity::write(&tx, identity)?;
    tx.commit()?;
    write_back(&conn)?;
    conn.close().map_err(|(_, error)| error.into())
}

/// Brings what is still in the write-ahead log into the main file; nothing where there is none.
pub(super) fn write_back(conn: &Connection) -> Result<(), StoreError> {
    Ok(conn.execute_batch("pragma wal_checkpoint(truncate)")?)
}

/// Looks at a database without writing to it.
pub(super) fn inspect(path: &Path) -> Result<(), StoreError> {
    let damaged = |what: String| StoreError::Damaged { path: path.to_owned(), what };
    let refused = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
            StoreError::OutOfReach(path.parent().unwrap_or(path).to_owned())
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(error.to_string()),
        // Not what is in it: no room, or a disk that fails.
        _ => error.into(),
    };
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(refused)?;
    let ask = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = ask("pragma application_id").map_err(refused)?;
    if application != APPLICATION_ID {
        return Err(damaged("it is not a Fieldfolio store".to_owned()));
    }
    let found = ask("pragma user_version").map_err(refused)?;
    if found > SCHEMA {
        return Err(StoreError::Newer { path: path.to_owned(), found });
    }
    let check = conn.query_row("pragma quick_check(1)", [], |row| row.get::<_, String>(0));
    match check.map_err(refused)?.as_str() {
        "ok" => Ok(()),
        found => Err(damaged(found.to_owned())),
    }
}

pub(super) fn migrate(conn: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let at: i64 = conn.query_row("pragma user_version", [], |row| row.get(0))?;
    if at > SCHEMA {
        return Err(StoreError::Newer { path: path.to_owned(), found: at });
    }
    for (step, sql) in (1..).zip(MIGRATIONS).skip(usize::try_from(at).unwrap_or(0)) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step_to(&tx, step, sql)?;
        tx.commit()?;
    }
    Ok(())
}

/// The mark of where this store lies.
const MARK: &str = "mark";

/// A store that lies somewhere else than it did was put back from a backup, or copied to a second device. Its other self
/// may have written on under the same actors, so none of them is used any more.
pub(super) fn notice_copy(conn: &mut Connection, place: &Place) -> Result<(), StoreError> {
    let Some(mark) = place.mark() else { return Ok(()) };
    let known = meta(conn, MARK)?;
    if known.as_deref() == Some(mark.as_slice()) {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if known.is_some() {
        log::forget_actors(&tx)?;
    }
    put_meta(&tx, MARK, &mark)?;
    Ok(tx.commit()?)
}

fn step_to(tx: &Transaction<'_>, step: i64, sql: &str) -> Result<(), StoreError> {
    tx.execute_batch(sql)?;
    tx.execute_batch(&format!("pragma application_id = {APPLICATION_ID}; pragma user_version = {step};"))?;
    Ok(())
}
