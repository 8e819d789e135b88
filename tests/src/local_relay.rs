//! A relay on a copy of a school, on this thread: where a device can exchange without a network.

use std::collections::BTreeMap;
use std::path::Path;

use fieldfolio_core::device::{Device, HttpAnswer, Step};
use fieldfolio_core::ids::Rng;
use fieldfolio_core::sync::Failure;
use fieldfolio_core::sync::wire::{self, Request};
use fieldfolio_server::database;
use fieldfolio_server::exchange::{self, OneConnection};
use rusqlite::Connection;

use crate::driver::now;
use crate::sim::BoxError;

/// The relay's half over a database of its own.
pub struct LocalRelay {
    conn: Connection,
}

impl LocalRelay {
    /// In `folder`, which is emptied first, with a copy of this database.
    pub fn with(folder: &Path, school: &Path) -> Result<Self, BoxError> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir(folder)?;
        std::fs::copy(school, folder.join("relay.db"))?;
        Self::open(folder)
    }

    /// On the database in `folder`.
    pub fn open(folder: &Path) -> Result<Self, BoxError> {
        Ok(Self { conn: database::open(folder)? })
    }

    /// Exchanges until nothing but files is owed: those have no way to travel here.
    pub fn sync(&mut self, device: &mut Device, rng: &mut dyn Rng) -> Result<(), BoxError> {
        device.wake()?;
        let mut clock = now();
        for _ in 0..2_000 {
            clock = clock.plus_millis(1_000);
            let (turn, ask) = match device.next_step(clock)? {
                Step::Ask(turn, ask) => (turn, ask),
                Step::Wait(_) => return Ok(()),
                Step::Locked => return Err("the relay does not know the device".into()),
            };
            let answer = match ask.exchange() {
                Some(body) => {
                    let token = device.identity().token;
                    let asker = exchange::token_holder(&self.conn, &token, exchange::now())?
                        .ok_or("nobody holds the token")?;
                    let request = Request::from_bytes(body)?;
                    let response =
                        exchange::exchange(&OneConnection::new(&mut self.conn, clock)?, asker, request)?;
                    Ok(HttpAnswer { status: 200, body: wire::to_bytes(&response), ..HttpAnswer::default() })
                }
                None => Err(Failure::Unreachable),
            };
            device.answered(turn, answer, clock, rng)?;
        }
        Err("the sync does not come to an end".into())
    }

    /// Both have the same heads of every document, nothing waits and nothing was refused.
    pub fn agrees(&self, device: &Device) -> Result<(), BoxError> {
        let status = device.status()?;
        if !status.waiting.is_empty() || !status.set_aside.is_empty() {
            return Err(format!("not everything was delivered: {status:?}").into());
        }
        let heads = |conn: &Connection| -> rusqlite::Result<BTreeMap<Vec<u8>, Vec<u8>>> {
            let mut query = conn.prepare("select id, heads from document")?;
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        match heads(device.store().read())? == heads(&self.conn)? {
            true => Ok(()),
            false => Err("the device and the school have other heads".into()),
        }
    }
}
