//! News as it commits: what a driver needs to keep a WebSocket to the relay, and what becomes of the frames that come.
//!
//! [`crate::sync`] says how a driver uses it. Nothing here is needed to stay in step; it is only faster.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ids::Rng;
use crate::sync::wire::{LIVE_PROTOCOL, Live, Response};
use crate::time::Timestamp;

use crate::device::syncing::steps::Turn;
use crate::device::{Device, DeviceError};

/// What a frame of a live connection was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// The answer to the exchange in flight. It was taken in, as [`Device::answered`] would have.
    Answer,
    /// What others did. It was taken in, and an exchange in flight still is.
    News,
    /// Something that a newer relay says. Nothing was taken in, and nothing is lost.
    Newer,
}

impl Device {
    /// Where a driver opens its WebSocket: `ws://` where the relay is reached by `http://`, else `wss://`.
    pub fn live_url(&self) -> String {
        let relay = &self.me.relay;
        let (scheme, rest) = match relay.strip_prefix("http://") {
            Some(rest) => ("ws", rest),
            None => ("wss", relay.trim_start_matches("https://")),
        };
        format!("{scheme}://{rest}/v1/live")
    }

    /// What to offer as `Sec-WebSocket-Protocol`, for drivers that can't set other headers: the protocol, and this
    /// device's token. The relay chooses the first.
    pub fn live_protocols(&self) -> [String; 2] {
        [LIVE_PROTOCOL.to_owned(), format!("bearer.{}", URL_SAFE_NO_PAD.encode(self.me.token))]
    }

    /// Takes in one binary frame of a live connection. After an error, close the connection; what was not taken in
    /// comes again.
    pub fn receive_frame(
        &mut self,
        frame: &[u8],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Frame, DeviceError> {
        match Live::from_bytes(frame).map_err(unreadable)? {
            // A newer relay says more than this version understands: what it is about comes with the next exchange.
            Live::Newer => Ok(Frame::Newer),
            Live::News(response) => {
                let response = response.to_items(0).map_err(unreadable)?;
                let batch = self.client.received_news(response, now);
                self.client.connection_works();
                self.apply(batch, now)?;
                Ok(Frame::News)
            }
            Live::Answer(response) => {
                let response = self.fitting(response)?;
                self.steps.end_exchange();
                let batch = self.client.received(response, now, rng);
                self.client.connection_works();
                self.apply(batch, now)?;
                Ok(Frame::Answer)
            }
        }
    }

    /// The live connection closed, or a frame of it could not be taken in. An exchange that was sent over it has failed:
    /// hand that in first, by [`Device::answered`]. The device asks again soon, over HTTP.
    pub fn disconnected(&mut self, now: Timestamp, rng: &mut dyn Rng) {
        self.client.disconnected(now, rng);
    }

    /// The exchange in flight, if there is one.
    pub fn exchange_in_flight(&self) -> Option<Turn> {
        self.steps.exchange().map(|(turn, _)| turn)
    }

    /// The response, if it can be the answer to the exchange in flight.
    fn fitting(&self, response: Response) -> Result<Response, DeviceError> {
        match self.steps.exchange() {
            Some((_, items)) => response.to_items(items).map_err(unreadable),
            None => Err(DeviceError::Relay("the relay answered what nobody asked".into())),
        }
    }
}

fn unreadable(bad: impl std::fmt::Display) -> DeviceError {
    DeviceError::Relay(format!("the relay sent something else than news: {bad}"))
}
