//! Do a device and the relay hold the same? Both work out one hash over all that the device's person may read up to her
//! cursor, and compare. Where they differ, every document in sight is sent once more, and the device offers what the
//! relay turns out to lack.

use sha2::{Digest, Sha256};

use crate::ids::DocumentId;
use crate::model::entry::Head;

/// A fingerprint under way: documents ascending, and the hashes of each ascending.
#[derive(Debug, Default)]
pub struct Fingerprint {
    hash: Sha256,
    document: Option<DocumentId>,
}

impl Fingerprint {
    /// One change more.
    pub fn add(&mut self, document: DocumentId, change: &Head) {
        if self.document != Some(document) {
            self.document = Some(document);
            self.hash.update(document.to_bytes());
        }
        self.hash.update(change.0);
    }

    /// SHA-256 of each document's 49 bytes, followed by the hashes of its changes.
    pub fn finish(self) -> [u8; 32] {
        self.hash.finalize().into()
    }
}
