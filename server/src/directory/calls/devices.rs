//! A device is revoked by its person, or by a teacher of hers.

use fieldfolio_core::ids::DeviceId;
use fieldfolio_core::sync::wire::{RevokeDevice, RevokedDevice};

use super::caller::caller;
use super::error::CallError;
use crate::directory::edit::Edit;
use crate::directory::{devices, invitations, people};

/// A person revokes a device of her own, or a teacher one of a student she teaches.
pub fn revoke(edit: &Edit<'_>, frame: &RevokeDevice) -> Result<RevokedDevice, CallError> {
    let person = caller(edit)?;
    let refused = CallError::Refused("only its person or a teacher of hers can revoke a device");
    let Some(record) = devices::record(edit.tx, frame.device)? else { return Err(refused) };
    let owner = people::row_of(edit.tx, record.person)?;
    if owner != person && !invitations::teaches(edit.tx, person, owner)? {
        return Err(refused);
    }
    let vouched_for = match record.revoked_at {
        Some(_) => devices::vouched_for(edit.tx, frame.device)?,
        None => devices::revoke(edit, frame.device)?,
    };
    let ids: Vec<DeviceId> = vouched_for.into_iter().map(|device| device.id).collect();
    Ok(RevokedDevice { vouched_for: ids })
}
