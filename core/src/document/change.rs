//! One change: its raw bytes, and what they say of themselves.

use sha2::{Digest, Sha256};

use super::{GENESIS, GENESIS_ACTOR};
use crate::model::entry::Head;

/// The longest raw change, in bytes.
pub const MAX_CHANGE_BYTES: usize = 256 * 1024;

/// Raw chunks start with this.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// Bytes that can't be a change of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadChange {
    /// Longer than [`MAX_CHANGE_BYTES`].
    #[error("a change has at most {MAX_CHANGE_BYTES} bytes, this one has {0}")]
    TooLarge(usize),
    /// Not a raw (type 1) change chunk, or cut off.
    #[error("these bytes are not an uncompressed automerge change")]
    NotAChange,
    /// It unfolds to more than [`MAX_CHANGE_ROWS`](super::MAX_CHANGE_ROWS).
    #[error("a change unfolds to at most {max} operations, this one to {0}", max = super::MAX_CHANGE_ROWS)]
    TooManyRows(u64),
    /// automerge can't read it.
    #[error("the change can't be read: {0}")]
    Unreadable(String),
    /// The actor isn't 16 bytes, or is the one of genesis.
    #[error("the change has an actor that no device may use")]
    Actor,
    /// It stands on nothing, or is genesis itself.
    #[error("the change does not build on the document's beginning")]
    Rootless,
}

/// A change made here, ready to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// The canonical raw chunk.
    pub raw: Vec<u8>,
    pub hash: Head,
    pub actor: [u8; 16],
    /// Its number within the actor, from 1.
    pub seq: u64,
}

/// A change that parsed.
#[derive(Debug, Clone)]
pub struct ParsedChange {
    /// What it builds on.
    pub deps: Vec<Head>,
    pub hash: Head,
    pub actor: [u8; 16],
    /// Its number within the actor, from 1.
    pub seq: u64,
    /// Bytes of the raw chunk.
    pub size: usize,
    /// Rows that it unfolds to.
    pub rows: u64,
    pub(super) change: automerge::Change,
}

/// The hash that a raw chunk has by its bytes alone, without parsing what is in it. So a signature over the hash covers
/// the bytes before automerge sees them.
pub fn chunk_hash(raw: &[u8]) -> Result<Head, BadChange> {
    chunk(raw).map(|(hash, _)| hash)
}

/// The hash of a raw chunk, and its body: what comes after its length.
pub(super) fn chunk(raw: &[u8]) -> Result<(Head, &[u8]), BadChange> {
    if raw.len() > MAX_CHANGE_BYTES {
        return Err(BadChange::TooLarge(raw.len()));
    }
    let Some((header, rest)) = raw.split_at_checked(9) else { return Err(BadChange::NotAChange) };
    if header[..4] != MAGIC || header[8] != 1 {
        return Err(BadChange::NotAChange);
    }
    // The length is a LEB128 number; what follows must be exactly that long.
    let mut length = 0u64;
    let mut used = 0;
    for byte in rest.iter().take(4) {
        length |= u64::from(byte & 0x7f) << (7 * used);
        used += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let body = rest.get(used..).ok_or(BadChange::NotAChange)?;
    if u64::try_from(body.len()) != Ok(length) {
        return Err(BadChange::NotAChange);
    }
    let digest: [u8; 32] = Sha256::digest(&raw[8..]).into();
    if digest[..4] != header[4..8] {
        return Err(BadChange::NotAChange);
    }
    Ok((Head(digest), body))
}

impl ParsedChange {
    /// Parses a raw chunk. May panic inside automerge on hostile bytes: call it where a panic is caught.
    pub fn parse(raw: &[u8]) -> Result<Self, BadChange> {
        let (hash, body) = chunk(raw)?;
        if raw == GENESIS {
            return Err(BadChange::Rootless);
        }
        let rows = super::rows::rows(body)?;
        let change = automerge::Change::from_bytes(raw.to_vec())
            .map_err(|error| BadChange::Unreadable(error.to_string().chars().take(200).collect()))?;
        let actor: [u8; 16] = change.actor_id().as_ref().try_into().map_err(|_| BadChange::Actor)?;
        if actor == GENESIS_ACTOR {
            return Err(BadChange::Actor);
        }
        if change.deps().is_empty() {
            return Err(BadChange::Rootless);
        }
        if change.hash().0 != hash.0 || change.raw_bytes() != raw {
            return Err(BadChange::NotAChange);
        }
        Ok(Self {
            deps: change.deps().iter().map(|hash| Head(hash.0)).collect(),
            hash,
            actor,
            seq: change.seq(),
            size: raw.len(),
            rows,
            change,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Sheet;

    #[test]
    fn the_hash_of_the_bytes_is_automerges_hash() {
        assert_eq!(Sheet::genesis().heads(), [chunk_hash(GENESIS).unwrap()]);
    }

    #[test]
    fn bytes_that_are_no_change_are_refused_unparsed() {
        let mut flipped = GENESIS.to_vec();
        let last = flipped.len() - 1;
        flipped[last] ^= 1;
        let long = vec![0; MAX_CHANGE_BYTES + 1];
        for bytes in [&b""[..], b"\x85\x6f\x4a\x83", &flipped, &GENESIS[..40], &long] {
            assert!(chunk_hash(bytes).is_err());
        }
        assert!(matches!(ParsedChange::parse(GENESIS), Err(BadChange::Rootless)));
    }
}
