//! Which sheet of which piece: the unit that has one writer.

use std::fmt;

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

use super::{PersonId, PieceId};

/// One automerge document: a part of a piece. On the wire it is its 49 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentId {
    /// The piece this sheet belongs to.
    pub piece: PieceId,
    /// Which sheet of it.
    pub part: Part,
}

/// The sheets of a piece.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The work itself. Its writer is the piece's maker.
    Content,
    /// What one person says on the piece about one student, or about the work itself.
    Voice {
        /// The only writer.
        author: PersonId,
        /// The student spoken of; nobody when the words are on the work itself.
        about: Option<PersonId>,
    },
    /// Written together by those of the circle who may: for plans and conferences. No kind of piece has one yet.
    Shared,
    /// A part of a newer version: kept, and neither read nor written here.
    Newer {
        number: u8,
        /// The bytes where a voice has its author and whom it is about.
        names: [[u8; 16]; 2],
    },
}

/// Who may write a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The piece's maker alone.
    Maker,
    /// This person alone.
    One(PersonId),
    /// Several people of the piece's circles.
    Circle,
    /// Only a newer version knows.
    Unknown,
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

    /// What several people write together on `piece`.
    pub const fn shared(piece: PieceId) -> Self {
        Self { piece, part: Part::Shared }
    }

    /// Who may write it.
    pub const fn writer(&self) -> Writer {
        match self.part {
            Part::Content => Writer::Maker,
            Part::Voice { author, .. } => Writer::One(author),
            Part::Shared => Writer::Circle,
            Part::Newer { .. } => Writer::Unknown,
        }
    }

    /// Whose voice this is; `None` for what is no voice.
    pub const fn author(&self) -> Option<PersonId> {
        match self.part {
            Part::Voice { author, .. } => Some(author),
            Part::Content | Part::Shared | Part::Newer { .. } => None,
        }
    }

    /// The student a voice is about.
    pub const fn about(&self) -> Option<PersonId> {
        match self.part {
            Part::Voice { about, .. } => about,
            Part::Content | Part::Shared | Part::Newer { .. } => None,
        }
    }

    /// 49 bytes: piece, part, author, about; an absent person is sixteen zero bytes. Signed, sent, and used as a key.
    pub fn to_bytes(&self) -> [u8; 49] {
        const NOBODY: [u8; 16] = [0; 16];
        let (number, [author, about]) = match self.part {
            Part::Content => (0, [NOBODY; 2]),
            Part::Voice { author, about } => {
                (1, [*author.as_bytes(), about.map_or(NOBODY, |about| *about.as_bytes())])
            }
            Part::Shared => (2, [NOBODY; 2]),
            Part::Newer { number, names } => (number, names),
        };
        let mut bytes = [0; 49];
        bytes[..16].copy_from_slice(self.piece.as_bytes());
        bytes[16] = number;
        bytes[17..33].copy_from_slice(&author);
        bytes[33..].copy_from_slice(&about);
        bytes
    }

    /// Reads what [`DocumentId::to_bytes`] wrote. `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 49] = bytes.try_into().ok()?;
        let id = |range: std::ops::Range<usize>| <[u8; 16]>::try_from(&bytes[range]).ok();
        let piece = PieceId::from_bytes(id(0..16)?);
        let names @ [author, about] = [id(17..33)?, id(33..49)?];
        let is_bare = names == [[0; 16]; 2];
        let part = match bytes[16] {
            0 if is_bare => Part::Content,
            1 => Part::Voice {
                author: PersonId::from_bytes(author),
                about: (about != [0; 16]).then(|| PersonId::from_bytes(about)),
            },
            2 if is_bare => Part::Shared,
            0 | 2 => return None,
            number => Part::Newer { number, names },
        };
        Some(Self { piece, part })
    }
}

impl<C> Encode<C> for DocumentId {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.to_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for DocumentId {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        DocumentId::from_bytes(d.bytes()?).ok_or_else(|| Error::message("these bytes name no sheet"))
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Content => write!(f, "{}/content", self.piece),
            Part::Voice { author, about: Some(about) } => write!(f, "{}/voice/{author}/{about}", self.piece),
            Part::Voice { author, about: None } => write!(f, "{}/voice/{author}", self.piece),
            Part::Shared => write!(f, "{}/shared", self.piece),
            Part::Newer { number, .. } => write!(f, "{}/part-{number}", self.piece),
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
            DocumentId::shared(piece),
            DocumentId { piece, part: Part::Newer { number: 3, names: [[4; 16], [0; 16]] } },
        ] {
            assert_eq!(DocumentId::from_bytes(&id.to_bytes()), Some(id));
            assert_eq!(minicbor::decode::<DocumentId>(&minicbor::to_vec(id).unwrap()).unwrap(), id);
        }
        let mut content_of_somebody = DocumentId::content(piece).to_bytes();
        content_of_somebody[20] = 1;
        assert_eq!(DocumentId::from_bytes(&content_of_somebody), None);
        assert_eq!(DocumentId::from_bytes(&[0; 48]), None);
    }
}
