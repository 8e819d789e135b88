//! PINs of staff stores, beside the list of residents: a salted hash of each, and how often it was guessed wrong. What is
//! hashed and compared, and how long a guesser waits, is in `core/pin.ts` and `core/pins.ts`.

use rusqlite::OptionalExtension;
use wasm_bindgen::prelude::*;

use super::{Core, residents, thrown};

/// A PIN as it is kept.
#[wasm_bindgen(getter_with_clone)]
pub struct KeptPin {
    pub salt: Vec<u8>,
    pub iterations: u32,
    pub hash: Vec<u8>,
    /// Wrong tries since the last right one.
    pub tries: u32,
    /// When the last of them was made, in milliseconds since 1970.
    pub last_try: f64,
}

#[wasm_bindgen]
impl Core {
    /// The PIN of a store; nothing if it has none.
    pub fn pin(&self, store: &str) -> Result<Option<KeptPin>, JsValue> {
        let find = "select salt, iterations, hash, tries, last_try from pin where store = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(KeptPin {
                salt: row.get(0)?,
                iterations: row.get(1)?,
                hash: row.get(2)?,
                tries: row.get(3)?,
                last_try: row.get::<_, i64>(4)? as f64,
            })
        };
        let found = self.residents.query_row(find, [store], read).optional();
        found.map_err(residents::failed).map_err(thrown)
    }

    /// Keeps a PIN, the first or the next one of a store.
    pub fn keep_pin(&self, store: &str, salt: &[u8], iterations: u32, hash: &[u8]) -> Result<(), JsValue> {
        let keep = "insert or replace into pin (store, salt, iterations, hash)
                    select store, ?2, ?3, ?4 from resident where store = ?1";
        let kept = self.residents.execute(keep, (store, salt, iterations, hash));
        kept.map(drop).map_err(residents::failed).map_err(thrown)
    }

    /// Keeps how often it was guessed wrong, and when last.
    pub fn keep_pin_tries(&self, store: &str, tries: u32, last_try: f64) -> Result<(), JsValue> {
        let keep = "update pin set tries = ?2, last_try = ?3 where store = ?1";
        let kept = self.residents.execute(keep, (store, tries, last_try as i64));
        kept.map(drop).map_err(residents::failed).map_err(thrown)
    }
}
