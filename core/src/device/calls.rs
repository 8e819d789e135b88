//! What needs a network: inviting, granting, starting a project for a class, revoking. The school's directory is changed
//! where it is kept, so each of these is one call to the relay, done or refused at once. Nothing of it is queued.
//!
//! A method makes a [`Call`]; a driver performs its [`Ask`] as any other and hands the answer to [`Call::finish`]. A
//! call whose answer was lost may be performed again: it is done once. What it changed comes back as news.

mod devices;
mod mentors;
mod school;

pub use devices::OwnDevice;
pub use school::ClassProject;

use super::{Ask, Body, Device, DeviceError, HttpAnswer};
use crate::sync::wire::{self, DirectoryCall};

/// One call to the relay.
pub struct Call<T> {
    /// What to perform, with this device's token.
    pub ask: Ask,
    read: Read<T>,
}

/// What the body of a good answer means.
type Read<T> = Box<dyn FnOnce(&[u8]) -> Result<T, DeviceError> + Send>;

impl<T> std::fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body may hold names.
        f.debug_struct("Call").field("url", &self.ask.url).finish_non_exhaustive()
    }
}

impl<T> Call<T> {
    /// What the relay's answer means; a refusal is [`DeviceError::Relay`] with its words.
    pub fn finish(self, answer: HttpAnswer) -> Result<T, DeviceError> {
        match answer.status {
            200..=299 => (self.read)(&answer.body),
            _ => Err(DeviceError::Relay(String::from_utf8_lossy(&answer.body).trim_end().to_owned())),
        }
    }
}

impl<T: 'static> Call<T> {
    /// The same call, its answer made into something else.
    pub fn map<U>(self, make: impl FnOnce(T) -> U + Send + 'static) -> Call<U> {
        let Call { ask, read } = self;
        Call { ask, read: Box::new(move |body| read(body).map(make)) }
    }
}

/// The most bytes of an answer.
const ANSWER: usize = 64 * 1024;

impl Device {
    fn call<T>(
        &self,
        call: &DirectoryCall,
        read: impl FnOnce(&[u8]) -> Result<T, DeviceError> + Send + 'static,
    ) -> Call<T> {
        let ask = Ask {
            method: "POST",
            url: format!("{}/v1/directory", self.me.relay),
            headers: vec![("Content-Type", "application/cbor".to_owned())],
            body: Body::Bytes(wire::to_bytes(call)),
            limit: ANSWER,
        };
        Call { ask, read: Box::new(read) }
    }
}
