//! `Upload-Checksum`: what a body's bytes add up to, said beforehand. One that adds up to something else is not kept.

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The algorithms, as `Tus-Checksum-Algorithm` names them.
pub(super) const ALGORITHMS: &str = "sha1,sha256";

/// What a body is to add up to, and how far it is counted.
#[derive(Debug, Clone)]
pub(super) struct Checksum {
    expected: Vec<u8>,
    counted: Counted,
}

#[derive(Debug, Clone)]
enum Counted {
    Sha1(Sha1),
    Sha256(Sha256),
}

/// A header that names no checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadChecksum {
    #[error("Upload-Checksum: use one of {ALGORITHMS}")]
    Algorithm,
    #[error("Upload-Checksum must be an algorithm, a space, and the digest in Base64")]
    Digest,
}

impl FromStr for Checksum {
    type Err = BadChecksum;

    fn from_str(header: &str) -> Result<Self, BadChecksum> {
        let (algorithm, digest) = header.split_once(' ').ok_or(BadChecksum::Digest)?;
        let (counted, length) = match algorithm {
            "sha1" => (Counted::Sha1(Sha1::new()), 20),
            "sha256" => (Counted::Sha256(Sha256::new()), 32),
            _ => return Err(BadChecksum::Algorithm),
        };
        let expected = BASE64_STANDARD.decode(digest).map_err(|_| BadChecksum::Digest)?;
        if expected.len() != length {
            return Err(BadChecksum::Digest);
        }
        Ok(Self { expected, counted })
    }
}

impl Checksum {
    /// Counts what arrived.
    pub(super) fn count(&mut self, bytes: &[u8]) {
        match &mut self.counted {
            Counted::Sha1(hasher) => hasher.update(bytes),
            Counted::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// Did it add up to what was said?
    pub(super) fn holds(self) -> bool {
        match self.counted {
            Counted::Sha1(hasher) => hasher.finalize().as_slice() == self.expected,
            Counted::Sha256(hasher) => hasher.finalize().as_slice() == self.expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_checksum_is_refused_by_name() {
        for (header, problem) in [
            ("md5 XrY7u+Ae7tCTyyK7j1rNww==", BadChecksum::Algorithm),
            ("SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", BadChecksum::Algorithm),
            ("sha1", BadChecksum::Digest),
            ("sha1 leaf", BadChecksum::Digest),
            ("sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", BadChecksum::Digest),
            ("", BadChecksum::Digest),
        ] {
            assert_eq!(header.parse::<Checksum>().err(), Some(problem), "{header}");
        }
    }

    #[test]
    fn both_algorithms_count() {
        // The digests of "hello world".
        for header in
            ["sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="]
        {
            let mut checksum: Checksum = header.parse().unwrap();
            checksum.count(b"hello ");
            assert!(!checksum.clone().holds());
            checksum.count(b"world");
            assert!(checksum.holds(), "{header}");
        }
    }
}
