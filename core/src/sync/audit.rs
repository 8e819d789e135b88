//! Do a device and the relay hold the same? Both work out two hashes over all that the device's person may read up to her
//! cursor, and compare. Where the documents differ, every one in sight is sent once more, and the device offers what the
//! relay turns out to lack. Where acts or records differ, everything comes again from the beginning.

use sha2::{Digest, Sha256};

use crate::ids::{ActId, DocumentId, PieceId};
use crate::model::directory::RecordKind;
use crate::model::entry::Head;

/// A fingerprint of documents under way: documents ascending, and the hashes of each ascending.
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

/// Records that are compared. What others say of time (when a part ends, who may release what) makes a person's or a folio's
/// state a matter of the moment, so of those only is compared which there are.
pub const COMPARED: [RecordKind; 6] = [
    RecordKind::School,
    RecordKind::Framework,
    RecordKind::Person,
    RecordKind::Project,
    RecordKind::Folio,
    RecordKind::Class,
];

/// Is what such a record says compared, too?
const fn by_its_words(kind: RecordKind) -> bool {
    match kind {
        RecordKind::School | RecordKind::Framework | RecordKind::Project | RecordKind::Class => true,
        RecordKind::Person
        | RecordKind::Folio
        | RecordKind::Piece
        | RecordKind::Census
        | RecordKind::Held
        | RecordKind::Erased
        | RecordKind::Read => false,
    }
}

/// A fingerprint of acts and records under way: pieces ascending, each with its acts ascending; then records, by kind and id.
/// Nothing is held of what was added.
#[derive(Debug, Default)]
pub struct RecordsFingerprint(Sha256);

impl RecordsFingerprint {
    /// A piece with the ids of its acts, ascending.
    pub fn add_piece(&mut self, piece: PieceId, acts: &[ActId]) {
        self.0.update(piece.as_bytes());
        acts.iter().for_each(|act| self.0.update(act.as_bytes()));
    }

    /// A record of one of the kinds that are [`COMPARED`].
    pub fn add_record(&mut self, kind: RecordKind, id: &[u8], body: &[u8]) {
        let words = if by_its_words(kind) { Sha256::digest(body).into() } else { [0; 32] };
        self.0.update(kind.number().to_be_bytes());
        self.0.update(u16::try_from(id.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.0.update(id);
        self.0.update(words);
    }

    /// SHA-256 over each piece's id and its acts' ids (16 bytes each); then of each record its kind (u16, big-endian), its
    /// id's length (the same) and bytes, and the SHA-256 of its body or zeros.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
