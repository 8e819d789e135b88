//! `Upload-Metadata`: which bytes are coming, and for which piece.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::PieceId;

/// The longest header that is looked into.
const LONGEST: usize = 4096;

/// What a device says of a file before it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) hash: BlobHash,
    pub(super) piece: PieceId,
}

/// Why metadata can't be used. Values aren't repeated: nobody knows what a client puts there.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum BadMetadata {
    #[error("Upload-Metadata is longer than {LONGEST} bytes")]
    TooLong,
    #[error("Upload-Metadata must name {0}: a key, a space, and the value in Base64")]
    Missing(&'static str),
    #[error("Upload-Metadata names {0} twice")]
    Twice(&'static str),
    #[error("Upload-Metadata: {0} is not Base64")]
    NotBase64(&'static str),
    #[error("Upload-Metadata: hash must be sha256: and 64 lower-case hexadecimal digits")]
    Hash,
    #[error("Upload-Metadata: piece must be an id such as 018f4d3c-1111-7abc-8def-0123456789ab")]
    Piece,
}

impl FromStr for Metadata {
    type Err = BadMetadata;

    fn from_str(header: &str) -> Result<Self, BadMetadata> {
        if header.len() > LONGEST {
            return Err(BadMetadata::TooLong);
        }
        let hash = value("hash", header)?.parse().map_err(|_| BadMetadata::Hash)?;
        let piece = value("piece", header)?.parse().map_err(|_| BadMetadata::Piece)?;
        Ok(Self { hash, piece })
    }
}

/// What is kept of it, as the header it came in. Whatever else a client said there, a file's name perhaps, is not.
impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hash, piece) = (self.hash.to_string(), self.piece.to_string());
        write!(f, "hash {},piece {}", BASE64_STANDARD.encode(hash), BASE64_STANDARD.encode(piece))
    }
}

fn value(key: &'static str, header: &str) -> Result<String, BadMetadata> {
    let pairs = header.split(',').filter_map(|pair| pair.trim().split_once(' '));
    let mut values = pairs.filter(|(name, _)| *name == key).map(|(_, value)| value);
    let value = values.next().ok_or(BadMetadata::Missing(key))?;
    if values.next().is_some() {
        return Err(BadMetadata::Twice(key));
    }
    let bytes = BASE64_STANDARD.decode(value).map_err(|_| BadMetadata::NotBase64(key))?;
    String::from_utf8(bytes).map_err(|_| BadMetadata::NotBase64(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_and_piece_are_found_among_others() {
        let (hash, piece) = (BlobHash::of(b"a leaf"), PieceId::from_bytes([7; 16]));
        let header = format!("filename bGVhZg==,{},private, {}", pair("piece", piece), pair("hash", hash));
        let metadata = Metadata { hash, piece };
        assert_eq!(header.parse(), Ok(metadata));
        assert_eq!(metadata.to_string().parse(), Ok(metadata));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let (hash, piece) =
            (pair("hash", BlobHash::of(b"a leaf")), pair("piece", PieceId::from_bytes([7; 16])));
        for (header, problem) in [
            (String::new(), BadMetadata::Missing("hash")),
            (hash.clone(), BadMetadata::Missing("piece")),
            (piece.clone(), BadMetadata::Missing("hash")),
            ("hash".to_owned(), BadMetadata::Missing("hash")),
            (format!("{hash},{hash},{piece}"), BadMetadata::Twice("hash")),
            (format!("hash sha256:00,{piece}"), BadMetadata::NotBase64("hash")),
            (format!("{},{piece}", pair("hash", "leaf.jpg")), BadMetadata::Hash),
            (format!("{hash},{}", pair("piece", "../../etc/passwd")), BadMetadata::Piece),
            ("a".repeat(5000), BadMetadata::TooLong),
        ] {
            assert_eq!(header.parse::<Metadata>(), Err(problem));
        }
    }

    fn pair(key: &str, value: impl ToString) -> String {
        format!("{key} {}", BASE64_STANDARD.encode(value.to_string()))
    }
}
