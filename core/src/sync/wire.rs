//! The frames of an exchange: CBOR arrays, bounded before they are parsed.

mod calls;
mod deflate;
mod enrolment;
mod records;
mod verdict;

use minicbor::{Decode, Decoder, Encode};

use crate::blob::BlobHash;
use crate::document::SignedChange;
use crate::ids::{DocumentId, EntryId, PieceId};
use crate::model::act::SignedAct;
use crate::model::lenient;
use crate::model::role::Class;

pub use calls::{
    DirectoryCall, EndPart, GrantPart, InviteMentor, MAX_CALL_BYTES, MAX_OUTCOMES, ProposedMentor,
    ReleaseHeld, RevokeDevice, RevokedDevice, StartProject,
};
pub use enrolment::{Enrol, Enrolled, Invite, MAX_CHAIN, ReEnrol};
pub use records::{Envelope, Opened, PersonRecord, PieceRecord, Record};
pub use verdict::{Verdict, VerdictClass};

/// The protocol's version. A relay answers a version it doesn't speak with a clear refusal.
pub const PROTOCOL: u8 = 2;
/// The protocol that both sides of a live connection name.
pub const LIVE_PROTOCOL: &str = "fieldfolio-2";
/// The largest request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;
/// The largest response a device reads, in bytes.
pub const MAX_RESPONSE_BYTES: usize = 16 * 1024 * 1024;
/// The largest frame of a live connection that a device reads: a response and its wrapping.
pub const MAX_LIVE_BYTES: usize = MAX_RESPONSE_BYTES + 16;
/// The most items in one request.
pub const MAX_ITEMS: usize = 1_000;
/// The most documents asked to be filled in one request.
pub const MAX_FILLS: usize = 1_000;
/// The header that every answer of a relay bears. What lacks it comes from a web server or a network in between.
pub const MARK: &str = "Fieldfolio-Relay";
/// The most marks of what was read in one request.
pub const MAX_READ: usize = 1_000;

/// A place in the relay's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Cursor {
    /// Raised when the relay's log had to go back.
    #[n(0)]
    pub epoch: u32,
    /// The number up to which everything is known.
    #[n(1)]
    pub n: u64,
    /// The tag of that number; zero for the beginning.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub tag: [u8; 8],
    /// The relay's own mark under all this: that it really gave this cursor out, even if its log has forgotten so.
    #[cbor(n(3), with = "minicbor::bytes", default)]
    pub proof: [u8; 16],
    /// Of the number after that one, a part is known, too: up to here. One event can concern more than one answer holds.
    #[n(4)]
    #[cbor(default)]
    pub part: u64,
}

/// What a device sends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// [`PROTOCOL`].
    #[n(0)]
    pub version: u8,
    /// What it knows already.
    #[n(1)]
    pub cursor: Cursor,
    /// A stretch of its outbox, in order.
    #[n(2)]
    #[cbor(decode_with = "each_item")]
    pub items: Vec<Item>,
    /// Documents it still has to fill.
    #[n(3)]
    pub fill: Vec<Fill>,
    /// It reads frames that are [deflated](Response::to_frame).
    #[n(4)]
    #[cbor(default)]
    pub inflates: bool,
    /// What it holds of all that is in its person's sight, to be compared: see [`audit`](super::audit).
    #[n(5)]
    #[cbor(default)]
    pub audit: Option<Holdings>,
    /// What its person has looked at since the relay was last told, for her other devices; at most [`MAX_READ`].
    #[n(6)]
    #[cbor(default)]
    pub read: Vec<ReadMark>,
}

/// Something that was said to a person, and that she has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ReadMark {
    /// On which piece.
    #[n(0)]
    pub piece: PieceId,
    #[n(1)]
    pub entry: EntryId,
}

/// One thing a device owes the relay.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    #[n(0)]
    Act(#[n(0)] SignedAct),
    /// A change of a sheet.
    #[n(1)]
    Change(#[n(0)] SignedChange),
    /// An act that a relay once had under this number, before its log went back. Whoever holds it may bring it.
    #[n(2)]
    OldAct(#[n(0)] SignedAct, #[n(1)] u64),
    /// The same of a change.
    #[n(3)]
    OldChange(#[n(0)] SignedChange, #[n(1)] u64),
    /// Something that a newer version sends: it is answered, not understood.
    #[n(4)]
    Newer,
}

/// Each item alone: one of a newer version keeps none of its neighbours from being read.
fn each_item<'b, C>(d: &mut Decoder<'b>, _: &mut C) -> Result<Vec<Item>, minicbor::decode::Error> {
    Ok(lenient::each(d)?.into_iter().map(|item| item.unwrap_or(Item::Newer)).collect())
}

/// A document still to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Fill {
    /// Which one.
    #[n(0)]
    pub document: DocumentId,
    /// The number of the last change of it that came; 0 for none.
    #[n(1)]
    pub after: u64,
}

/// What the relay answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Response {
    /// [`PROTOCOL`].
    #[n(0)]
    pub version: u8,
    /// One per item, in the items' order.
    #[n(1)]
    pub verdicts: Vec<Verdict>,
    /// The state now of records that changed since the cursor, in number order.
    #[n(2)]
    pub records: Vec<Envelope>,
    /// Changes since the cursor of documents that were in sight already.
    #[n(3)]
    pub news: Vec<News>,
    /// Documents in sight since the cursor.
    #[n(4)]
    pub to_fill: Vec<ToFill>,
    /// Documents that went out of sight since the cursor.
    #[n(5)]
    pub purge: Vec<DocumentId>,
    /// Documents that were asked for, or that fit in.
    #[n(6)]
    pub packs: Vec<Pack>,
    /// What is known after this.
    #[n(7)]
    pub cursor: Cursor,
    /// There is more to fetch at once.
    #[n(8)]
    pub more: bool,
    /// The cursor was not of this log: go on from the cursor given here, and offer again what its log lacks.
    #[n(9)]
    pub start_over: bool,
    /// With `start_over`, when the relay's log went back: numbers above this one are of the log that is lost. The cursor
    /// says from where to go on.
    #[n(10)]
    pub forked_at: Option<u64>,
    /// What was held against the relay's [fingerprint](super::audit) differs: every document in sight comes once more.
    #[n(11)]
    #[cbor(default)]
    pub differs: bool,
    /// Files that the relay has lost, or never got before its log went back, of pieces in sight: whoever has one brings it.
    #[n(12)]
    #[cbor(default)]
    pub lacks: Vec<Lacking>,
    /// The records or acts that are held differ: all of them come once more, from the cursor given here on.
    #[n(13)]
    #[cbor(default)]
    pub again: bool,
}

/// What a device holds: two [fingerprints](super::audit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Holdings {
    /// Of documents and their changes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub documents: [u8; 32],
    /// Of acts and records.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub records: [u8; 32],
}

/// A file that the relay should have, and lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Lacking {
    /// The piece that names it.
    #[n(0)]
    pub piece: PieceId,
    /// Which bytes.
    #[n(1)]
    pub blob: BlobHash,
}

/// What the relay sends over a live connection.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Live {
    /// The answer to the oldest request of this connection that has none yet.
    #[n(0)]
    Answer(#[n(0)] Response),
    /// What happened since the last response on this connection, without being asked: it has no verdicts.
    #[n(1)]
    News(#[n(0)] Response),
    /// Something that a newer relay says: nothing is lost by not hearing it.
    #[n(2)]
    Newer,
}

/// A change with its number in the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct News {
    /// Its number.
    #[n(0)]
    pub n: u64,
    #[n(1)]
    pub change: SignedChange,
}

/// A document that came into sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ToFill {
    /// Which one.
    #[n(0)]
    pub document: DocumentId,
    /// What it is read as.
    #[n(1)]
    pub class: Class,
}

/// The changes of one document, as of the moment of the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Pack {
    /// Which one.
    #[n(0)]
    pub document: DocumentId,
    /// In number order.
    #[n(1)]
    pub changes: Vec<News>,
    /// Nothing of it is left to send.
    #[n(2)]
    pub whole: bool,
}

/// Bytes from outside that are no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// More bytes than a frame has.
    #[error("a frame of {size} bytes is larger than the {limit} that are read")]
    TooLarge {
        /// What came.
        size: usize,
        /// What is read.
        limit: usize,
    },
    /// Not CBOR of this protocol.
    #[error("these bytes are not a frame of this protocol: {0}")]
    Unreadable(String),
    /// Another version.
    #[error("protocol version {0} is not spoken here, only {PROTOCOL}: update the older side")]
    Version(u8),
    /// Too many of something.
    #[error("a frame has too many {0}")]
    TooMany(&'static str),
}

/// Writes a frame.
pub fn to_bytes<T: Encode<()>>(frame: &T) -> Vec<u8> {
    minicbor::to_vec(frame).expect("writing to memory can't fail")
}

/// Reads a frame of at most `limit` bytes, with nothing after it.
pub fn from_bytes<'b, T: Decode<'b, ()>>(bytes: &'b [u8], limit: usize) -> Result<T, BadFrame> {
    if bytes.len() > limit {
        return Err(BadFrame::TooLarge { size: bytes.len(), limit });
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    let frame = decoder.decode().map_err(|error| BadFrame::Unreadable(error.to_string()))?;
    if decoder.position() != bytes.len() {
        return Err(BadFrame::Unreadable("there is something after its end".into()));
    }
    Ok(frame)
}

impl Request {
    /// These items, from this cursor on.
    pub fn of(cursor: Cursor, items: Vec<Item>) -> Self {
        Self {
            version: PROTOCOL,
            cursor,
            items,
            fill: Vec::new(),
            inflates: false,
            audit: None,
            read: Vec::new(),
        }
    }

    /// Reads a request and checks its bounds.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadFrame> {
        let request: Request = from_bytes(bytes, MAX_REQUEST_BYTES)?;
        if request.version != PROTOCOL {
            return Err(BadFrame::Version(request.version));
        }
        if request.items.len() > MAX_ITEMS {
            return Err(BadFrame::TooMany("items"));
        }
        if request.fill.len() > MAX_FILLS {
            return Err(BadFrame::TooMany("documents to fill"));
        }
        if request.read.len() > MAX_READ {
            return Err(BadFrame::TooMany("marks of what was read"));
        }
        Ok(request)
    }
}

impl News {
    /// No less than its encoded bytes.
    pub fn most_bytes(&self) -> usize {
        self.change.raw.len() + 34 * self.change.blobs.len() + 320
    }
}

impl Response {
    /// Reads a response to a request of `items` items.
    pub fn from_bytes(bytes: &[u8], items: usize) -> Result<Self, BadFrame> {
        let inflated = deflate::inflate(bytes, MAX_RESPONSE_BYTES)?;
        from_bytes::<Response>(inflated.as_deref().unwrap_or(bytes), MAX_RESPONSE_BYTES)?.to_items(items)
    }

    /// The frame for a device that reads deflated ones, or does not.
    pub fn to_frame(&self, inflates: bool) -> Vec<u8> {
        let frame = to_bytes(self);
        if inflates { deflate::deflate(frame) } else { frame }
    }

    /// The same, if a device reads a frame of this size.
    pub fn to_readable_frame(&self, inflates: bool) -> Option<Vec<u8>> {
        let frame = to_bytes(self);
        if frame.len() > MAX_RESPONSE_BYTES {
            return None;
        }
        Some(if inflates { deflate::deflate(frame) } else { frame })
    }

    /// Checks that this can answer a request of `items` items.
    pub fn to_items(self, items: usize) -> Result<Self, BadFrame> {
        if self.version != PROTOCOL {
            return Err(BadFrame::Version(self.version));
        }
        if self.verdicts.len() != items && !self.start_over {
            return Err(BadFrame::Unreadable("it has not one verdict per item".into()));
        }
        Ok(self)
    }

    /// Nothing happened that its reader may know.
    pub fn is_empty(&self) -> bool {
        self.verdicts.is_empty()
            && self.records.is_empty()
            && self.news.is_empty()
            && self.to_fill.is_empty()
            && self.purge.is_empty()
            && self.packs.is_empty()
            && !self.start_over
    }
}

impl Live {
    /// Reads a frame of a live connection. Whether an answer fits its request is checked by [`Response::to_items`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadFrame> {
        let inflated = deflate::inflate(bytes, MAX_LIVE_BYTES)?;
        let frame = inflated.as_deref().unwrap_or(bytes);
        match Decoder::new(frame).array().and_then(|_| Decoder::new(frame.get(1..).unwrap_or_default()).u32())
        {
            Ok(2..) => Ok(Live::Newer),
            Ok(_) | Err(_) => from_bytes(frame, MAX_LIVE_BYTES),
        }
    }

    /// The frame, if a device reads one of this size.
    pub fn to_readable_frame(&self, inflates: bool) -> Option<Vec<u8>> {
        let frame = to_bytes(self);
        if frame.len() > MAX_LIVE_BYTES {
            return None;
        }
        Some(if inflates { deflate::deflate(frame) } else { frame })
    }

    /// The frame for a device that reads deflated ones, or does not.
    pub fn to_frame(&self, inflates: bool) -> Vec<u8> {
        let frame = to_bytes(self);
        if inflates { deflate::deflate(frame) } else { frame }
    }
}
