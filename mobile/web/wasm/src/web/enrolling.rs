//! Becoming a device of somebody's, and leaving.

use fieldfolio_core::device::{ENROLLED_BYTES, Enrolment, Unsent};
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::store::Place;
use fieldfolio_core::sync::wire::{self, Enrolled};
use rsqlite_vfs::VfsFilesManager;
use wasm_bindgen::prelude::*;

use super::driving::request;
use super::{BrowserRng, Core, Open, now, place, residents, thrown};
use fieldfolio_mobile::Refusal;

#[wasm_bindgen]
impl Core {
    /// Reads a link and begins, or goes on with what was begun. Returns what to ask the relay; nothing when its person
    /// is kept here already: her store is then named by [`Core::resident_of`].
    pub fn begin_enrolment(&mut self, link: &str) -> Result<JsValue, JsValue> {
        let link = read(link)?;
        let store = store_name(&link);
        if self.resident(&link)?.is_some() {
            return Ok(JsValue::UNDEFINED);
        }
        let begun = Enrolment::begin(place(&store), link, now(), &mut BrowserRng);
        let enrolment = begun.map_err(Refusal::from).map_err(thrown)?;
        let input = request(&enrolment.ask())?;
        self.enrolling = Some((store, enrolment));
        Ok(input)
    }

    /// The store of the person a link is for, if she is kept here.
    pub fn resident_of(&self, link: &str) -> Result<Option<String>, JsValue> {
        self.resident(&read(link)?)
    }

    /// Finishes with the relay's answer; her store is open then. Returns its name.
    pub fn finish_enrolment(&mut self, status: u16, body: &[u8]) -> Result<String, JsValue> {
        let (store, enrolment) =
            self.enrolling.take().ok_or_else(|| thrown(Refusal::new("other", "no enrolment was begun")))?;
        if status != 200 {
            let words = String::from_utf8_lossy(body).trim().to_owned();
            return Err(thrown(Refusal::new("school_refused", words)));
        }
        let enrolled: Enrolled = wire::from_bytes(body, ENROLLED_BYTES)
            .map_err(|bad| thrown(Refusal::new("school_refused", bad)))?;
        let device = enrolment.finish(enrolled).map_err(Refusal::from).map_err(thrown)?;
        residents::add(&self.residents, &store, &device.identity().person.to_string()).map_err(thrown)?;
        residents::came(&self.residents, &store).map_err(thrown)?;
        self.close();
        self.open = Some(Open { store: store.clone(), device });
        Ok(store)
    }

    /// Removes the open store from this browser. Refused while something is unsent, unless it may be lost.
    pub fn leave(&mut self, may_be_lost: bool) -> Result<(), JsValue> {
        let Some(Open { store, device }) = self.open.take() else { return Ok(()) };
        let unsent = if may_be_lost { Unsent::MayBeLost } else { Unsent::Keep };
        if !may_be_lost {
            if let Err(refused) = device.may_be_wiped() {
                self.open = Some(Open { store, device });
                return Err(thrown(refused.into()));
            }
        }
        device.wipe(unsent).map_err(Refusal::from).map_err(thrown)?;
        residents::remove(&self.residents, &store).map_err(thrown)?;
        for name in Place::database_names(store.as_ref()) {
            // Emptied already; this gives the room back.
            let _ = self.pool.remove(&name.to_string_lossy());
        }
        Ok(())
    }

    fn resident(&self, link: &InvitationLink) -> Result<Option<String>, JsValue> {
        let residents = residents::all(&self.residents).map_err(thrown)?;
        let (store, person) = (store_name(link), link.person.to_string());
        let here = residents.iter().find(|kept| kept.store() == store || kept.person == person);
        Ok(here.map(|kept| kept.store().to_owned()))
    }
}

fn read(link: &str) -> Result<InvitationLink, JsValue> {
    InvitationLink::from_url(link).map_err(|bad| thrown(Refusal::new("bad_link", bad)))
}

/// One name for one invitation, so that an enrolment that was cut is found again.
fn store_name(link: &InvitationLink) -> String {
    let key = link.key.public();
    let start: String = key.as_bytes()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("store-{start}")
}
