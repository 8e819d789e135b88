//! Keys, and the exact bytes that are signed.
//!
//! Every signature is Ed25519 over fixed-width fields that begin with a tag of their own, so no signed message can be
//! taken for another. Verification is strict (no weak keys, no malleable signatures). The bytes here never change:
//! `tests/vectors/` pins them.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::blob::BlobHash;
use crate::ids::{ActId, DeviceId, DocumentId, PersonId, Rng, SchoolId, random};
use crate::time::Timestamp;

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Signature(#[cbor(n(0), with = "minicbor::bytes")] [u8; 64]);

/// An Ed25519 key pair, kept as its 32-byte seed.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

/// A signature is not this key's over these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not match")]
pub struct BadSignature;

impl SecretKey {
    /// A new key pair.
    pub fn generate(rng: &mut dyn Rng) -> Self {
        Self::from_seed(&random(rng))
    }

    /// The key pair of this seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed: whoever has it, has the key.
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs one of the messages below.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl PublicKey {
    /// The key with these bytes; whether it is a usable one shows when it verifies.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks that `signature` is this key's over `message`.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(message, &signature).map_err(|_| BadSignature)
    }
}

impl Signature {
    /// The signature with these bytes.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// The name of one change within one document, for its signature.
#[derive(Debug, Clone, Copy)]
pub struct ChangeName<'a> {
    /// The sheet it changes.
    pub document: DocumentId,
    /// The device that made it.
    pub device: DeviceId,
    /// The automerge actor, 16 bytes.
    pub actor: &'a [u8; 16],
    /// The change's number within its actor, from 1.
    pub seq: u64,
    /// The automerge hash.
    pub hash: &'a [u8; 32],
    /// The blobs it names, in any order, repeats allowed.
    pub blobs: &'a [BlobHash],
}

/// What a device signs with a change: tag, school, document (piece, part, author, about), device, actor, seq (big
/// endian), hash, and the hash of the blobs it names.
pub fn change_message(school: SchoolId, change: &ChangeName<'_>) -> Vec<u8> {
    let mut message = b"fieldfolio-change-1".to_vec();
    message.extend_from_slice(school.as_bytes());
    message.extend_from_slice(&change.document.to_bytes());
    message.extend_from_slice(change.device.as_bytes());
    message.extend_from_slice(change.actor);
    message.extend_from_slice(&change.seq.to_be_bytes());
    message.extend_from_slice(change.hash);
    message.extend_from_slice(&blob_list_hash(change.blobs));
    message
}

/// SHA-256 over the distinct blob hashes, ascending, concatenated.
pub fn blob_list_hash(blobs: &[BlobHash]) -> [u8; 32] {
    let distinct: std::collections::BTreeSet<_> = blobs.iter().collect();
    let mut hash = Sha256::new();
    for blob in distinct {
        hash.update(blob.as_bytes());
    }
    hash.finalize().into()
}

/// What a device signs with an act: tag, school, device, act, SHA-256 of the act's body.
pub fn act_message(school: SchoolId, device: DeviceId, act: ActId, body: &[u8]) -> Vec<u8> {
    let mut message = b"fieldfolio-act-1".to_vec();
    message.extend_from_slice(school.as_bytes());
    message.extend_from_slice(device.as_bytes());
    message.extend_from_slice(act.as_bytes());
    message.extend_from_slice(&Sha256::digest(body));
    message
}

/// What an inviter signs: tag, school, the invitation's public key, the person invited, expiry (milliseconds, big
/// endian).
pub fn invitation_message(
    school: SchoolId,
    invitation: &PublicKey,
    person: PersonId,
    expires: Timestamp,
) -> Vec<u8> {
    let mut message = b"fieldfolio-invitation-1".to_vec();
    message.extend_from_slice(school.as_bytes());
    message.extend_from_slice(invitation.as_bytes());
    message.extend_from_slice(person.as_bytes());
    message.extend_from_slice(&expires.millis().to_be_bytes());
    message
}

/// What a new device signs with the invitation's key: tag, school, person, device, the device's own public key.
pub fn device_message(school: SchoolId, person: PersonId, device: DeviceId, key: &PublicKey) -> Vec<u8> {
    let mut message = b"fieldfolio-device-1".to_vec();
    message.extend_from_slice(school.as_bytes());
    message.extend_from_slice(person.as_bytes());
    message.extend_from_slice(device.as_bytes());
    message.extend_from_slice(key.as_bytes());
    message
}

/// What a device signs when it chooses its access token: tag, school, device, SHA-256 of the token. So nobody who has
/// seen the device's public record can put a token of her own in its place.
pub fn token_message(school: SchoolId, device: DeviceId, token_hash: &[u8; 32]) -> Vec<u8> {
    let mut message = b"fieldfolio-token-1".to_vec();
    message.extend_from_slice(school.as_bytes());
    message.extend_from_slice(device.as_bytes());
    message.extend_from_slice(token_hash);
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SeededRng;

    #[test]
    fn a_signature_holds_for_its_bytes_and_key_only() {
        let mut rng = SeededRng::new(1);
        let (mina, ito) = (SecretKey::generate(&mut rng), SecretKey::generate(&mut rng));
        let signature = mina.sign(b"a leaf");
        assert_eq!(mina.public().verify(b"a leaf", &signature), Ok(()));
        assert_eq!(mina.public().verify(b"a weed", &signature), Err(BadSignature));
        assert_eq!(ito.public().verify(b"a leaf", &signature), Err(BadSignature));
        assert_eq!(
            PublicKey::from_bytes([0; 32]).verify(b"", &Signature::from_bytes([0; 64])),
            Err(BadSignature)
        );
    }

    #[test]
    fn the_order_of_blobs_does_not_matter() {
        let (a, b) = (BlobHash::of(b"a"), BlobHash::of(b"b"));
        assert_eq!(blob_list_hash(&[a, b]), blob_list_hash(&[b, a, b]));
        assert_ne!(blob_list_hash(&[a]), blob_list_hash(&[b]));
        assert_eq!(blob_list_hash(&[]), <[u8; 32]>::from(Sha256::digest(b"")));
    }
}
