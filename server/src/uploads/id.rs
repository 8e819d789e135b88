//! The name of one upload.

use std::fmt;

/// 128 random bits, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UploadId(pub(super) [u8; 16]);

impl UploadId {
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The id with exactly this text; no other spelling names it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let canonical =
            text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(text, 16).ok().filter(|_| canonical)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = UploadId([0x0a; 16]);
        assert_eq!(UploadId::parse(&id.to_string()), Some(id));
        for text in [
            "",
            "0a",
            &id.to_string().to_uppercase(),
            "+000000000000000000000000000000a",
            "../../../../../../../etc/passwd",
        ] {
            assert_eq!(UploadId::parse(text), None, "{text}");
        }
    }
}
