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
    /// Whether her PIN is input for before her store is shown.
    pin: PinState,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum PinState {
    /// Her store opens with a tap.
    NotNeeded,
    /// She is staff, and has not chosen one here yet.
    Missing,
    Set,
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
    if create_pins(&conn, PINS).is_err() {
        // Where there is no room for them, what is here can be read all the same, and a PIN is kept until the worker ends.
        create_pins(&conn, &PINS.replace("create table", "create temp table")).map_err(failed)?;
    }
    Ok(conn)
}

const PINS: &str = "
    create table if not exists staff (store text primary key) strict;
    create table if not exists pin (
        store text primary key,
        salt blob not null,
        iterations integer not null,
        hash blob not null,
        tries integer not null default 0,    -- wrong ones since the last right one
        last_try integer not null default 0  -- milliseconds since 1970
    ) strict";

fn create_pins(conn: &Connection, tables: &str) -> rusqlite::Result<()> {
    let creation = conn.unchecked_transaction()?;
    creation.execute_batch(tables)?;
    creation.commit()
}

pub(super) fn all(conn: &Connection) -> Result<Vec<Resident>, Refusal> {
    let mut query = conn
        .prepare_cached(
            "select store, name, person,
                    exists (select 1 from staff where staff.store = resident.store),
                    exists (select 1 from pin where pin.store = resident.store)
             from resident order by came desc, store",
        )
        .map_err(failed)?;
    let read = |row: &rusqlite::Row<'_>| {
        let pin = match (row.get(3)?, row.get(4)?) {
            (_, true) => PinState::Set,
            (true, false) => PinState::Missing,
            (false, false) => PinState::NotNeeded,
        };
        Ok(Resident { store: row.get(0)?, name: row.get(1)?, person: row.get(2)?, pin })
    };
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

/// Keeps what the school told of somebody. True if that is new.
pub(super) fn describe(conn: &Connection, store: &str, name: &str, is_staff: bool) -> Result<bool, Refusal> {
    let staff = if is_staff {
        "insert or ignore into staff (store) values (?1)"
    } else {
        "delete from staff where store = ?1"
    };
    let mut changed = conn.execute(staff, [store]).map_err(failed)?;
    let call = "update resident set name = ?2 where store = ?1 and name <> ?2";
    changed += conn.execute(call, (store, name)).map_err(failed)?;
    Ok(changed > 0)
}

pub(super) fn remove(conn: &Connection, store: &str) -> Result<(), Refusal> {
    let removal = conn.unchecked_transaction().map_err(failed)?;
    for table in ["pin", "staff", "resident"] {
        removal.execute(&format!("delete from {table} where store = ?1"), [store]).map_err(failed)?;
    }
    removal.commit().map_err(failed)
}

pub(super) fn failed(error: rusqlite::Error) -> Refusal {
    fieldfolio_core::device::DeviceError::from(error).into()
}
