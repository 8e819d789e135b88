//! A change as it is sent, stored and verified: its bytes, what is said of them, and a signature over both.

use minicbor::{Decode, Encode};

use super::{BadChange, NewChange, chunk_hash};
use crate::blob::BlobHash;
use crate::ids::{DeviceId, DocumentId, SchoolId};
use crate::model::entry::Head;
use crate::signing::{BadSignature, ChangeName, PublicKey, SecretKey, Signature, change_message};

/// The most blobs one change names.
pub const MAX_BLOBS: usize = 100;

/// A change of a sheet with the signature of the device that made it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedChange {
    /// The sheet.
    #[n(0)]
    pub document: DocumentId,
    #[n(1)]
    pub device: DeviceId,
    /// The automerge actor.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub actor: [u8; 16],
    /// The number within the actor, from 1.
    #[n(3)]
    pub seq: u64,
    /// The automerge hash.
    #[n(4)]
    pub hash: Head,
    /// The blobs it names, ascending.
    #[n(5)]
    pub blobs: Vec<BlobHash>,
    /// The raw chunk.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub raw: Vec<u8>,
    /// The device's signature.
    #[n(7)]
    pub signature: Signature,
}

impl SignedChange {
    /// A change that `device` made, with its key's signature. `blobs` are ascending.
    pub fn sign(
        school: SchoolId,
        device: DeviceId,
        key: &SecretKey,
        document: DocumentId,
        new: NewChange,
        blobs: Vec<BlobHash>,
    ) -> Self {
        let NewChange { raw, hash, actor, seq } = new;
        let signature = Signature::from_bytes([0; 64]);
        Self { document, device, actor, seq, hash, blobs, raw, signature }.signed(school, key)
    }

    /// The bytes that are signed.
    pub fn message(&self, school: SchoolId) -> Vec<u8> {
        let name = ChangeName {
            document: self.document,
            device: self.device,
            actor: &self.actor,
            seq: self.seq,
            hash: &self.hash.0,
            blobs: &self.blobs,
        };
        change_message(school, &name)
    }

    /// Replaces the signature by `key`'s.
    pub fn signed(mut self, school: SchoolId, key: &SecretKey) -> Self {
        self.signature = key.sign(&self.message(school));
        self
    }

    /// Checks bounds, that the bytes have the hash that was signed, and the signature. Nothing is parsed.
    pub fn verify(&self, school: SchoolId, key: &PublicKey) -> Result<(), Unverified> {
        if self.blobs.len() > MAX_BLOBS || !self.blobs.is_sorted_by(|a, b| a < b) {
            return Err(Unverified::Blobs);
        }
        if chunk_hash(&self.raw)? != self.hash {
            return Err(Unverified::Hash);
        }
        Ok(key.verify(&self.message(school), &self.signature)?)
    }
}

/// Why a change isn't believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// Too many blobs, or not in their order.
    #[error("a change names at most {MAX_BLOBS} blobs, ascending, each once")]
    Blobs,
    /// The bytes aren't those that were signed.
    #[error("the bytes are not those that were signed")]
    Hash,
    /// The bytes are no change.
    #[error(transparent)]
    Bytes(#[from] BadChange),
    /// The signature isn't the device's.
    #[error(transparent)]
    Signature(#[from] BadSignature),
}
