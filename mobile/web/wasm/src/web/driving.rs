//! Moving bytes: the worker's driver asks for the next step, does it with fetch or the live socket, and hands in what
//! came of it. It decides nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldfolio_core::device::{Ask, Body, Frame, HttpAnswer, Step};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::sync::Failure;
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::{BrowserRng, Core, now, residents, thrown};
use crate::asks;
use crate::calls::CallContext;
use fieldfolio_mobile::Refusal;

#[wasm_bindgen]
extern "C" {
    /// The headers of an answer that the core reads; see `request.ts`.
    #[wasm_bindgen(typescript_type = "Whole")]
    pub type Headers;

    #[wasm_bindgen(method, getter)]
    fn location(this: &Headers) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    fn offset(this: &Headers) -> Option<f64>;

    #[wasm_bindgen(method, getter)]
    fn range(this: &Headers) -> Option<String>;
    /// The answer bears the relay's mark.
    #[wasm_bindgen(method, getter)]
    fn relay(this: &Headers) -> bool;
}

#[wasm_bindgen]
impl Core {
    /// What to do now: `{step, method, url, headers, body, limit, is_exchange}` to be input (and while that is under way,
    /// what comes after it), `{wait: milliseconds | null}`, or
    /// `{locked: true}`.
    pub fn next_step(&mut self) -> Result<JsValue, JsValue> {
        let open = self.opened()?;
        let now = now();
        let step = open.device.next_step(now).map_err(Refusal::from).map_err(thrown)?;
        match step {
            Step::Ask(turn, ask) => {
                let input = request(&ask)?;
                self.step = self.step.wrapping_add(1);
                self.steps.insert(self.step, turn);
                Reflect::set(&input, &"step".into(), &self.step.into())?;
                Ok(input)
            }
            Step::Wait(until) => {
                let milliseconds = until.map(|until| until.millis().saturating_sub(now.millis()) as f64);
                let wait = Object::new();
                Reflect::set(&wait, &"wait".into(), &milliseconds.map_or(JsValue::NULL, JsValue::from))?;
                Ok(wait.into())
            }
            Step::Locked => {
                let locked = Object::new();
                Reflect::set(&locked, &"locked".into(), &JsValue::TRUE)?;
                Ok(locked.into())
            }
        }
    }

    /// Hands in a whole answer to a step.
    pub fn answered(&mut self, step: u32, status: u16, headers: Headers, body: &[u8]) -> Result<(), JsValue> {
        let upload_offset = headers.offset().filter(|at| *at >= 0.0).map(|at| at as u64);
        let (location, content_range) = (headers.location(), headers.range());
        self.took(
            step,
            Ok(HttpAnswer {
                status,
                location,
                upload_offset,
                content_range,
                is_of_relay: headers.relay(),
                body: body.to_vec(),
            }),
        )
    }

    /// No answer to a step came, or only a part of one.
    pub fn failed(&mut self, step: u32) -> Result<(), JsValue> {
        self.took(step, Err(Failure::Unreachable))
    }

    /// Begins a call that asks the school: what to ask, with `turn` to finish it by; nothing for any other call.
    pub fn begin_asking(&mut self, name: &str, input: &str) -> Result<JsValue, JsValue> {
        let device = &mut self.opened()?.device;
        let context = CallContext { device, now: now(), rng: &mut BrowserRng, files: Vec::new() };
        let Some(asking) = asks::ask(name, input, context).map_err(thrown)? else {
            return Ok(JsValue::UNDEFINED);
        };
        let object = request(&asking.ask)?;
        self.input = self.input.wrapping_add(1);
        Reflect::set(&object, &"turn".into(), &self.input.into())?;
        self.asking.insert(self.input, asking);
        Ok(object)
    }

    /// Finishes it with the relay's answer.
    pub fn finish_asking(&mut self, turn: u32, status: u16, body: &[u8]) -> Result<String, JsValue> {
        let asking = self.asking.remove(&turn);
        let asking = asking.ok_or_else(|| thrown(Refusal::new("other", "nobody input this")))?;
        let answer = HttpAnswer { status, body: body.to_vec(), ..HttpAnswer::default() };
        asking.finish(answer).map_err(thrown)
    }

    /// No answer came: what was input is forgotten here.
    pub fn give_up_asking(&mut self, turn: u32) {
        self.asking.remove(&turn);
    }

    /// Where the live socket is opened, and the protocols it is opened with.
    pub fn live(&mut self) -> Result<Vec<String>, JsValue> {
        let device = &self.opened()?.device;
        let [protocol, token] = device.live_protocols();
        Ok(vec![device.live_url(), protocol, token])
    }

    /// Takes in one frame of the live socket. True if it was the answer to the exchange in flight.
    pub fn receive_frame(&mut self, frame: &[u8]) -> Result<bool, JsValue> {
        let device = &mut self.opened()?.device;
        let input = device.exchange_in_flight();
        let frame =
            device.receive_frame(frame, now(), &mut BrowserRng).map_err(Refusal::from).map_err(thrown)?;
        if frame == Frame::Answer {
            self.steps.retain(|_, turn| Some(*turn) != input);
        }
        Ok(frame == Frame::Answer)
    }

    /// The live socket closed. An exchange that was sent over it is handed in as failed first.
    pub fn disconnected(&mut self) -> Result<(), JsValue> {
        self.opened()?.device.disconnected(now(), &mut BrowserRng);
        Ok(())
    }

    /// The access token, as the `Authorization` header carries it.
    pub fn token(&mut self) -> Result<String, JsValue> {
        Ok(URL_SAFE_NO_PAD.encode(self.opened()?.device.identity().token))
    }

    /// Rises with every row that is written: equal versions are equal data.
    pub fn version(&mut self) -> Result<f64, JsValue> {
        Ok(self.opened()?.device.store().read().total_changes() as f64)
    }

    /// Documents that are announced and not here yet.
    pub fn to_fill(&mut self) -> Result<usize, JsValue> {
        self.opened()?.device.to_fill().map_err(Refusal::from).map_err(thrown)
    }

    /// Is the open store locked: its device was revoked, or is not known?
    pub fn is_locked(&mut self) -> Result<bool, JsValue> {
        self.opened()?.device.is_locked().map_err(Refusal::from).map_err(thrown)
    }

    /// Keeps what the school told of the person of the open store: her name, and whether she is staff. True if that is new.
    pub fn keep_profile(&mut self) -> Result<bool, JsValue> {
        let open = self.opened()?;
        let Some(me) = open.device.myself().map_err(Refusal::from).map_err(thrown)? else { return Ok(false) };
        let is_staff =
            me.kinds.iter().any(|kind| matches!(kind, PersonKind::Teacher | PersonKind::Administrator));
        let store = open.store.clone();
        residents::describe(&self.residents, &store, &me.name, is_staff).map_err(thrown)
    }

    fn took(&mut self, step: u32, answer: Result<HttpAnswer, Failure>) -> Result<(), JsValue> {
        let Some(turn) = self.steps.remove(&step) else { return Ok(()) };
        let device = &mut self.opened()?.device;
        device.answered(turn, answer, now(), &mut BrowserRng).map_err(Refusal::from).map_err(thrown)
    }
}

/// A request as the driver takes it.
pub(super) fn request(ask: &Ask) -> Result<JsValue, JsValue> {
    let body = match &ask.body {
        Body::Empty => JsValue::UNDEFINED,
        Body::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
        Body::File { .. } => return Err(thrown(Refusal::new("other", "photos are no files in a browser"))),
    };
    let headers = Array::new();
    for (name, value) in &ask.headers {
        headers.push(&Array::of2(&(*name).into(), &value.into()));
    }
    let input = Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&input, &name.into(), &value);
    set("method", ask.method.into())?;
    set("url", ask.url.as_str().into())?;
    set("headers", headers.into())?;
    set("limit", (ask.limit as f64).into())?;
    set("body", body)?;
    set("is_exchange", ask.exchange().is_some().into())?;
    Ok(input.into())
}
