//! Making oneself known to a relay that went back to before one's enrolment. What vouches for this device vouches for it
//! still; if it was revoked, the relay knows.

use sha2::{Digest, Sha256};

use crate::ids::DeviceId;
use crate::model::directory::{DeviceRecord, Inviter};
use crate::signing::token_message;
use crate::store::records;
use crate::sync::wire::{self, MAX_CALL_BYTES, MAX_CHAIN, ReEnrol};

use crate::device::requests::{Ask, Body};
use crate::device::{Device, DeviceError};

/// Whether this device has tried to make itself known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::device) enum ReEnrolment {
    /// Nobody refused it.
    #[default]
    Known,
    /// It was refused, and is to try.
    ToTry,
    /// It tried; if it is refused again, it is locked.
    Tried,
}

impl Device {
    /// What to ask of a relay that does not know this device; nothing if its chain is not here.
    pub(in crate::device) fn re_enrol(&self) -> Result<Option<Ask>, DeviceError> {
        let keys = records::keys(self.store.read())?;
        let record = |id: DeviceId| {
            keys.iter().find(|(record, _)| record.device == id).map(|(record, _)| record.clone())
        };
        let mut chain: Vec<DeviceRecord> = Vec::new();
        let mut next = Some(self.me.device);
        while let Some(device) = next {
            let Some(record) = record(device).filter(|_| chain.len() < MAX_CHAIN) else { return Ok(None) };
            next = match &record.inviter {
                Inviter::Root => None,
                Inviter::Device(inviter) => Some(*inviter),
            };
            chain.push(record);
        }
        chain.reverse();
        let token_hash: [u8; 32] = Sha256::digest(self.me.token).into();
        let token_signature = self.me.key.sign(&token_message(self.me.school, self.me.device, &token_hash));
        Ok(Some(Ask {
            method: "POST",
            url: format!("{}/v1/re-enrol", self.me.relay),
            headers: vec![("Content-Type", "application/cbor".to_owned())],
            body: Body::Bytes(wire::to_bytes(&ReEnrol { chain, token_hash, token_signature })),
            limit: MAX_CALL_BYTES,
        }))
    }
}
