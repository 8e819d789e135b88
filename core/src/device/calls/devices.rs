//! One's own devices, and how one is revoked.

use serde::Serialize;

use super::Call;
use crate::device::{Device, DeviceError};
use crate::ids::DeviceId;
use crate::model::directory::Inviter;
use crate::store::records;
use crate::sync::wire::{self, DirectoryCall, MAX_CALL_BYTES, RevokeDevice, RevokedDevice};
use crate::time::Timestamp;

/// A device of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OwnDevice {
    pub id: DeviceId,
    /// It is this one.
    pub is_this: bool,
    /// None of her devices known here vouched for it.
    pub is_new: bool,
    /// It was revoked.
    pub revoked: bool,
    /// The device that invited it; none for the school.
    pub invited_by: Option<DeviceId>,
    /// When it was enrolled, by its own clock.
    pub enrolled_at: Timestamp,
}

impl Device {
    /// This person's devices, as far as they are known here.
    pub fn devices(&self) -> Result<Vec<OwnDevice>, DeviceError> {
        let keys = records::keys(self.store.read())?;
        let own = keys.into_iter().filter(|(record, _)| record.person == self.me.person);
        Ok(own
            .map(|(record, is_new)| OwnDevice {
                id: record.device,
                is_this: record.device == self.me.device,
                is_new,
                revoked: record.revoked_at.is_some(),
                invited_by: match record.inviter {
                    Inviter::Root => None,
                    Inviter::Device(device) => Some(device),
                },
                enrolled_at: record.device.made_at(),
            })
            .collect())
    }

    /// Revokes a device of one's own, or one of a student one teaches. Needs a network. Answers the devices it vouched
    /// for: each deserves a look.
    pub fn revoke_device(&self, device: DeviceId) -> Call<Vec<DeviceId>> {
        self.call(&DirectoryCall::RevokeDevice(RevokeDevice { device }), |body| {
            let revoked: RevokedDevice = wire::from_bytes(body, MAX_CALL_BYTES)
                .map_err(|bad| DeviceError::Relay(format!("the relay answered something else: {bad}")))?;
            Ok(revoked.vouched_for)
        })
    }
}
