//! Which sheet of which piece: the unit that has one writer.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{PersonId, PieceId};

/// One automerge document: a part of a piece.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct DocumentId {
    /// The piece this sheet belongs to.
    #[n(0)]
    pub piece: PieceId,
    /// Which sheet of it.
    #[n(1)]
    pub part: Part,
}

/// The sheets of a piece. (A third one, written together, is reserved under the number 2 for plans and conferences.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The work itself. Its writer is the piece's maker.
    #[n(0)]
    Content,
    /// What one person says on the piece about one student, or about the work itself.
    #[n(1)]
    Voice {
        /// The only writer.
        #[n(0)]
        author: PersonId,
        /// The student spoken of; nobody when the words are on the work itself.
        #[n(1)]
        about: Option<PersonId>,
    },
}

impl DocumentId {
    /// The content of `piece`.
    pub const fn content(piece: PieceId) -> Self {
        Self { piece, part: Part::Content }
    }

    /// What `author` says on `piece` about `about`.
    pub const fn voice(piece: PieceId, author: PersonId, about: Option<PersonId>) -> Self {
        Self { piece, part: Part::Voice { author, about } }
    }

    /// Whose voice this is; `None` for content, whose writer is the piece's maker.
    pub const fn author(&self) -> Option<PersonId> {
        match self.part {
            Part::Content => None,
            Part::Voice { author, .. } => Some(author),
        }
    }

    /// The student a voice is about.
    pub const fn about(&self) -> Option<PersonId> {
        match self.part {
            Part::Content => None,
            Part::Voice { about, .. } => about,
        }
    }

    /// 49 bytes: piece, part, author, about; an absent person is sixteen zero bytes. Signed and used as a key.
    pub fn to_bytes(&self) -> [u8; 49] {
        let mut bytes = [0; 49];
        bytes[..16].copy_from_slice(self.piece.as_bytes());
        if let Part::Voice { author, about } = &self.part {
            bytes[16] = 1;
            bytes[17..33].copy_from_slice(author.as_bytes());
            if let Some(about) = about {
                bytes[33..].copy_from_slice(about.as_bytes());
            }
        }
        bytes
    }

    /// Reads what [`DocumentId::to_bytes`] wrote. `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 49] = bytes.try_into().ok()?;
        let id = |range: std::ops::Range<usize>| <[u8; 16]>::try_from(&bytes[range]).ok();
        let piece = PieceId::from_bytes(id(0..16)?);
        let (author, about) = (id(17..33)?, id(33..49)?);
        match bytes[16] {
            0 if author == [0; 16] && about == [0; 16] => Some(Self::content(piece)),
            1 => {
                let about = (about != [0; 16]).then(|| PersonId::from_bytes(about));
                Some(Self::voice(piece, PersonId::from_bytes(author), about))
            }
            _ => None,
        }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Content => write!(f, "{}/content", self.piece),
            Part::Voice { author, about: Some(about) } => write!(f, "{}/voice/{author}/{about}", self.piece),
            Part::Voice { author, about: None } => write!(f, "{}/voice/{author}", self.piece),
        }
    }
}

impl fmt::Debug for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocumentId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_name_the_same_sheet() {
        let (piece, mina, ito) =
            (PieceId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]), PersonId::from_bytes([3; 16]));
        for id in [
            DocumentId::content(piece),
            DocumentId::voice(piece, ito, Some(mina)),
            DocumentId::voice(piece, ito, None),
        ] {
            assert_eq!(DocumentId::from_bytes(&id.to_bytes()), Some(id));
        }
        assert_eq!(DocumentId::from_bytes(&[9; 49]), None);
        assert_eq!(DocumentId::from_bytes(&[0; 48]), None);
    }
}
