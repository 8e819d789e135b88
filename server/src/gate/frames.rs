//! What the relay and a child of its gate say to each other: frames of CBOR, each after its length in four bytes.

use std::io::{self, ErrorKind, Read, Write};

use fieldfolio_core::document::{SignedChange, Tried, Unfit};
use fieldfolio_core::model::entry::Head;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Decoder, Encode, Encoder};

/// The longest question: all that a document holds and all that an exchange brings, twice over.
const LONGEST_ASK: usize = 16 * 1024 * 1024;
/// The longest answer: as many heads as a document has changes, before and after.
pub(super) const LONGEST_ANSWER: usize = 1024 * 1024;

/// What is to be tried: new changes on a document of stored ones.
pub(super) struct Ask<'a> {
    pub(super) stored: &'a [Vec<u8>],
    pub(super) new: &'a [&'a SignedChange],
}

/// The first word of a child, when nothing can be opened any more.
#[derive(Debug, Encode, Decode)]
pub(super) enum Ready {
    /// It is ready.
    #[n(0)]
    Yes {
        /// Its system calls are filtered.
        #[n(0)]
        filtered: bool,
    },
    /// It could not give up its rights.
    #[n(1)]
    No(#[n(0)] String),
}

/// What came of a trial.
#[derive(Debug, Encode, Decode)]
pub(super) enum Answer {
    #[n(0)]
    Fit {
        #[n(0)]
        before: Vec<Head>,
        #[n(1)]
        after: Vec<Head>,
        #[n(2)]
        changes: u32,
    },
    #[n(1)]
    MissingDependency,
    #[n(2)]
    ActorTaken,
    #[n(3)]
    Full,
    #[n(4)]
    Damages,
}

impl From<Result<Tried, Unfit>> for Answer {
    fn from(tried: Result<Tried, Unfit>) -> Self {
        match tried {
            Ok(Tried { before, after, changes }) => {
                Answer::Fit { before, after, changes: u32::try_from(changes).unwrap_or(u32::MAX) }
            }
            Err(Unfit::MissingDependency) => Answer::MissingDependency,
            Err(Unfit::ActorTaken) => Answer::ActorTaken,
            Err(Unfit::Full) => Answer::Full,
            Err(Unfit::Change(_) | Unfit::Damages(_)) => Answer::Damages,
        }
    }
}

impl From<Answer> for Result<Tried, Unfit> {
    fn from(answer: Answer) -> Self {
        Err(match answer {
            Answer::Fit { before, after, changes } => {
                return Ok(Tried { before, after, changes: usize::try_from(changes).unwrap_or(usize::MAX) });
            }
            Answer::MissingDependency => Unfit::MissingDependency,
            Answer::ActorTaken => Unfit::ActorTaken,
            Answer::Full => Unfit::Full,
            Answer::Damages => Unfit::Damages("it did not pass its trial"),
        })
    }
}

/// The frame of a question.
pub(super) fn ask(ask: &Ask<'_>) -> Vec<u8> {
    frame(|cbor| {
        cbor.array(ask.stored.len() as u64)?;
        for raw in ask.stored {
            cbor.bytes(raw)?;
        }
        cbor.encode(ask.new)?.ok()
    })
}

/// The stored and the new changes of a question.
pub(super) fn asked(bytes: &[u8]) -> Result<(Vec<Vec<u8>>, Vec<SignedChange>), minicbor::decode::Error> {
    let mut cbor = Decoder::new(bytes);
    let stored: Vec<ByteVec> = cbor.decode()?;
    Ok((stored.into_iter().map(Vec::from).collect(), cbor.decode()?))
}

/// The frame of anything else.
pub(super) fn said(value: &impl Encode<()>) -> Vec<u8> {
    frame(|cbor| cbor.encode(value)?.ok())
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn frame(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Written) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    write(&mut Encoder::new(&mut bytes)).expect("memory takes whatever is written");
    let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// Sends a frame.
pub(super) fn send(mut into: impl Write, frame: &[u8]) -> io::Result<()> {
    into.write_all(frame)?;
    into.flush()
}

/// The next question; `None` when there will be none.
pub(super) fn next_ask(from: impl Read) -> io::Result<Option<Vec<u8>>> {
    match next(from, LONGEST_ASK) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        frame => frame.map(Some),
    }
}

/// The next frame, of so many bytes at most.
pub(super) fn next(mut from: impl Read, longest: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > longest {
        return Err(io::Error::new(ErrorKind::InvalidData, "a frame of the gate is too long"));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_arrives_as_it_was_put() {
        let stored = [vec![1, 2, 3], Vec::new()];
        let change = super::super::ours();
        let frame = ask(&Ask { stored: &stored, new: &[&change, &change] });
        let body = next_ask(&frame[..]).unwrap().unwrap();
        assert_eq!(asked(&body).unwrap(), (stored.to_vec(), vec![change.clone(), change]));
        assert!(next_ask(&frame[..frame.len() - 1]).unwrap().is_none(), "cut off is ended");
        assert!(next(&[0xff; 9][..], LONGEST_ANSWER).is_err());
        assert!(asked(&body[..body.len() / 2]).is_err());
    }

    #[test]
    fn an_answer_arrives_as_it_was_given() {
        let tried =
            Tried { before: vec![Head([1; 32])], after: vec![Head([2; 32]), Head([3; 32])], changes: 7 };
        for answer in [Ok(tried), Err(Unfit::MissingDependency), Err(Unfit::ActorTaken), Err(Unfit::Full)] {
            let frame = said(&Answer::from(answer.clone()));
            let body = next(&frame[..], LONGEST_ANSWER).unwrap();
            let heard: Answer = minicbor::decode(&body).unwrap();
            assert_eq!(Result::from(heard), answer);
        }
    }
}
