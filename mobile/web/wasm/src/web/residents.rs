//! Who is kept in this browser: a shared tablet may hold several people's stores.

use rusqlite::Connection;
use serde::Serialize;

use fieldfolio_mobile::Refusal;

/// Somebody whose work is kept here.
#[derive(Debug, Serialize)]
pub(super) struct Resident {
    /// The name of the store.
    store: String,
    /// What she is called, once the school has told it.
    name: String,
    /// Who.
    pub(super) person: String,
}

impl Resident {
    pub(super) fn store(&self) -> &str {
        &self.store
    }
}

pub(super) fn open() -> Result<Connection, Refusal> {
    let conn = Connection::open("residents.db").map_err(failed)?;
    conn.execute_batch(
        "pragma locking_mode = exclusive; pragma journal_mode = truncate; pragma synchronous = full;
         pragma temp_store = memory;
         create table if not exists resident (
             store text primary key,
             person text not null,
             name text not null default '',
             came integer not null default 0      -- counts up: the greatest worked last
         ) strict",
    )
    .map_err(failed)?;
    Ok(conn)
}

pub(super) fn all(conn: &Connection) -> Result<Vec<Resident>, Refusal> {
    let mut query = conn
        .prepare_cached("select store, name, person from resident order by came desc, store")
        .map_err(failed)?;
    let read =
        |row: &rusqlite::Row<'_>| Ok(Resident { store: row.get(0)?, name: row.get(1)?, person: row.get(2)? });
    let residents = query.query_map([], read).map_err(failed)?;
    residents.collect::<Result<_, _>>().map_err(failed)
}

pub(super) fn add(conn: &Connection, store: &str, person: &str) -> Result<(), Refusal> {
    let add = "insert or ignore into resident (store, person) values (?1, ?2)";
    conn.execute(add, (store, person)).map(drop).map_err(failed)
}

/// Remembers who worked last.
pub(super) fn came(conn: &Connection, store: &str) -> Result<(), Refusal> {
    let came = "update resident set came = (select max(came) + 1 from resident) where store = ?1";
    conn.execute(came, [store]).map(drop).map_err(failed)
}

/// Sets what somebody is called. True if that is new.
pub(super) fn call(conn: &Connection, store: &str, name: &str) -> Result<bool, Refusal> {
    let call = "update resident set name = ?2 where store = ?1 and name <> ?2";
    conn.execute(call, (store, name)).map(|changed| changed > 0).map_err(failed)
}

pub(super) fn remove(conn: &Connection, store: &str) -> Result<(), Refusal> {
    conn.execute("delete from resident where store = ?1", [store]).map(drop).map_err(failed)
}

fn failed(error: rusqlite::Error) -> Refusal {
    fieldfolio_core::device::DeviceError::from(error).into()
}
