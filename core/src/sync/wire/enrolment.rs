//! How a device becomes known to a relay, and makes itself known again.

use minicbor::{Decode, Encode};

use crate::ids::{DeviceId, PersonId};
use crate::model::directory::DeviceRecord;
use crate::signing::{PublicKey, Signature};
use crate::time::Timestamp;

/// What a new device sends to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Enrol {
    /// The invitation's public key.
    #[n(0)]
    pub invitation: PublicKey,
    /// The new device.
    #[n(1)]
    pub device: DeviceId,
    /// Its public key.
    #[n(2)]
    pub key: PublicKey,
    /// The invitation key's signature over the device.
    #[n(3)]
    pub signature: Signature,
    /// SHA-256 of the access token that the device chose. The relay never sees the token before it is used.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub token_hash: [u8; 32],
    /// The device key's signature over that.
    #[n(5)]
    pub token_signature: Signature,
}

/// What the relay answers to it. Asking again with the same device and key replaces the token.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Enrolled {
    /// The device's record as others will see it.
    #[n(0)]
    pub record: DeviceRecord,
}

/// What a device sends to a relay that does not know it: the relay's log may have gone back to before its enrolment. It
/// is answered with [`Enrolled`] if that is so.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReEnrol {
    /// The device's own record last, and before it those that vouch for it, from the school's root key on; at most
    /// [`MAX_CHAIN`].
    #[n(0)]
    pub chain: Vec<DeviceRecord>,
    /// SHA-256 of its access token.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub token_hash: [u8; 32],
    /// The device key's signature over that.
    #[n(2)]
    pub token_signature: Signature,
}

/// The longest chain of devices that vouch for each other.
pub const MAX_CHAIN: usize = 64;

/// An invitation that a device made.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Invite {
    /// The invitation's public key.
    #[n(0)]
    pub invitation: PublicKey,
    /// Who is invited.
    #[n(1)]
    pub person: PersonId,
    /// Until when.
    #[n(2)]
    pub expires: Timestamp,
    /// The inviting device's signature.
    #[n(3)]
    pub signature: Signature,
}
