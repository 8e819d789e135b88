//! What the worker calls. Everything goes across as text, bytes and numbers; refusals are thrown as JSON of
//! [`Refusal`](crate::Refusal). One [`Core`] lives in one worker and holds the browser's private file system alone.

mod driving;
mod enrolling;
mod files;
mod pins;
mod residents;

use std::collections::BTreeMap;

use fieldfolio_core::blob::{BadBlobHash, BlobHash};
use fieldfolio_core::device::{Device, DeviceError, Enrolment, Turn};
use fieldfolio_core::document::opening;
use fieldfolio_core::ids::{BadId, DocumentId, Rng};
use fieldfolio_core::media::MediaType;
use fieldfolio_core::store::Place;
use fieldfolio_core::time::Timestamp;
use js_sys::{Object, Reflect, Uint8Array};
use rusqlite::Connection;
use sqlite_wasm_vfs::sahpool::{self, OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::asks::Asking;
use crate::calls::{self, CallContext};
use fieldfolio_mobile::Refusal;
use files::given;

/// Files that a store may have open at a time, with their journals; and those of the list of residents.
const FILES_EACH: usize = 6;
const FILES_AT_FIRST: usize = 14;

/// The core in this worker.
#[wasm_bindgen]
pub struct Core {
    pool: OpfsSAHPoolUtil,
    residents: Connection,
    open: Option<Open>,
    enrolling: Option<(String, Enrolment)>,
    asking: BTreeMap<u32, Asking>,
    input: u32,
    /// The turns of steps under way.
    steps: BTreeMap<u32, Turn>,
    step: u32,
}

/// Whose store is open.
struct Open {
    store: String,
    device: Device,
}

/// Randomness from the browser.
struct BrowserRng;

impl Rng for BrowserRng {
    fn fill(&mut self, into: &mut [u8]) {
        getrandom::fill(into).expect("a browser has randomness");
    }
}

fn now() -> Timestamp {
    // Whole milliseconds since 1970 fit 53 bits; a clock before that reads as 1970.
    Timestamp::from_millis(js_sys::Date::now().max(0.0) as u64)
}

/// The sheet that was being read when a call ended in a trap, as text for [`Core::distrust`].
#[wasm_bindgen]
pub fn suspect() -> Option<String> {
    opening().map(|document| document.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[wasm_bindgen]
impl Core {
    /// Takes hold of the private file system. It fails while another worker holds it, and where there is none.
    pub async fn start() -> Result<Core, JsValue> {
        let options = OpfsSAHPoolCfgBuilder::new()
            .vfs_name("fieldfolio")
            .directory("fieldfolio")
            .initial_capacity(FILES_AT_FIRST)
            .build();
        let pool = sahpool::install::<rusqlite::ffi::WasmOsCallback>(&options, true).await;
        let pool = pool.map_err(|error| thrown(Refusal::new("store", error)))?;
        let residents = residents::open().map_err(thrown)?;
        Ok(Core {
            pool,
            residents,
            open: None,
            enrolling: None,
            asking: BTreeMap::new(),
            input: 0,
            steps: BTreeMap::new(),
            step: 0,
        })
    }

    /// Who is kept in this browser, as JSON, the one who worked last first.
    pub fn residents(&self) -> Result<String, JsValue> {
        let residents = residents::all(&self.residents).map_err(thrown)?;
        serde_json::to_string(&residents).map_err(|error| thrown(Refusal::new("other", error)))
    }

    /// Makes room for the files of everybody who is kept here, and of one more. It is waited for before a store is made;
    /// other calls may come meanwhile.
    pub fn make_room(&self) -> Result<js_sys::Promise, JsValue> {
        let kept = residents::all(&self.residents).map_err(thrown)?;
        let pool = self.pool.clone();
        Ok(future_to_promise(async move {
            let made = pool.ensure_capacity(FILES_AT_FIRST + FILES_EACH * (kept.len() + 1)).await;
            made.map(|()| JsValue::UNDEFINED).map_err(|error| thrown(Refusal::new("no_room", error)))
        }))
    }

    /// Opens the store of somebody who is kept here.
    pub fn open(&mut self, store: &str) -> Result<(), JsValue> {
        self.close();
        self.steps.clear();
        let device = Device::open(place(store)).map_err(Refusal::from).map_err(thrown)?;
        // Without room even this can't be written; reading goes on.
        let _ = residents::came(&self.residents, store);
        self.open = Some(Open { store: store.to_owned(), device });
        Ok(())
    }

    /// Lets go of the open store.
    pub fn close(&mut self) {
        if let Some(Open { device, .. }) = self.open.take() {
            // What was committed is safe; a store that can't be closed tidily is opened again all the same.
            let _ = device.pause();
        }
    }

    /// Makes a call on the open store. `id` names it: a call that is repeated under the same name is done once, and
    /// answered as it was the first time.
    pub fn call(
        &mut self,
        name: &str,
        input: &str,
        files: Vec<JsValue>,
        id: Option<Box<[u8]>>,
    ) -> Result<String, JsValue> {
        let id: Option<[u8; 16]> = id.and_then(|id| (*id).try_into().ok());
        let device = &mut self.opened()?.device;
        device.under(id);
        let files = files.iter().map(given).collect::<Result<_, _>>()?;
        let context = CallContext { device, now: now(), rng: &mut BrowserRng, files };
        let done = calls::call(name, input, context);
        let device = &mut self.opened()?.device;
        device.under(None);
        match (done, id) {
            (Ok(answer), Some(id)) => {
                // Only to answer a repetition; what the call did is safe without it.
                let _ = device.remember(id, &answer);
                Ok(answer)
            }
            (Err(refusal), Some(id)) if refusal.code == "done_already" => {
                let answered = device.answer_to(id).map_err(Refusal::from).map_err(thrown)?;
                answered.ok_or_else(|| thrown(refusal))
            }
            (done, _) => done.map_err(thrown),
        }
    }

    /// A medium, as `{size, type}`; nothing while it is not here: it is then input for.
    pub fn media(&mut self, piece: &str, hash: &str) -> Result<JsValue, JsValue> {
        let piece = piece.parse().map_err(|bad: BadId| thrown(Refusal::new("other", bad)))?;
        let found = self.opened()?.device.media(piece, blob(hash)?, now());
        let Some(found) = found.map_err(Refusal::from).map_err(thrown)? else {
            return Ok(JsValue::UNDEFINED);
        };
        let object = Object::new();
        Reflect::set(&object, &"size".into(), &(found.size as f64).into())?;
        // A type that this version doesn't know is none that a browser may run.
        let media_type = found.media_type.map_or("application/octet-stream", MediaType::as_str);
        Reflect::set(&object, &"type".into(), &media_type.into())?;
        Ok(object.into())
    }

    /// A stretch of its bytes.
    pub fn media_bytes(&mut self, hash: &str, from: f64, length: f64) -> Result<Uint8Array, JsValue> {
        let (from, length) = (from.max(0.0) as u64, length.max(0.0) as u64);
        let read = self.opened()?.device.store().blobs().read(blob(hash)?, from, length);
        let bytes = read.map_err(DeviceError::from).map_err(Refusal::from).map_err(thrown)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }

    /// Sets aside the sheet whose reading stopped the last worker, as [`suspect`] named it.
    pub fn distrust(&mut self, suspect: &str) -> Result<(), JsValue> {
        let bytes: Option<Vec<u8>> = (0..suspect.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(suspect.get(at..at + 2)?, 16).ok())
            .collect();
        let document = bytes.and_then(|bytes| DocumentId::from_bytes(&bytes));
        let document = document.ok_or_else(|| thrown(Refusal::new("other", "that names no sheet")))?;
        self.opened()?.device.distrust(document).map_err(Refusal::from).map_err(thrown)
    }

    fn opened(&mut self) -> Result<&mut Open, JsValue> {
        self.open.as_mut().ok_or_else(|| thrown(Refusal::new("other", "nobody's store is open")))
    }
}

fn blob(hash: &str) -> Result<BlobHash, JsValue> {
    hash.parse().map_err(|bad: BadBlobHash| thrown(Refusal::new("other", bad)))
}

fn place(store: &str) -> Place {
    Place::Databases(store.into())
}

fn thrown(refusal: Refusal) -> JsValue {
    JsValue::from_str(&serde_json::to_string(&refusal).unwrap_or(refusal.reason))
}
