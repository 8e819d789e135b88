//! What a person does on a device: enrol, capture, say, share, browse, and stay in step with the school.
//!
//! A [`Device`] owns one person's [`Store`]. Everything she does is on disk when the call returns, with what it owes the
//! relay, in one transaction; no call waits for a network. A driver moves bytes: it asks [`Device::next_step`], does
//! what it says, hands in the answer, and asks again until it says wait.

mod calls;
mod care;
mod circles;
mod making;
mod reindex;
mod requests;
mod settings;
mod syncing;
mod views;
mod why;

use crate::document::SheetError;
use crate::ids::{DocumentId, FolioId, PersonId, PieceId};
use crate::media::MediaError;
use crate::model::act::BadAct;
use crate::model::directory::School;
use crate::store::idempotency;
use crate::store::records::{self, RecordKind};
use crate::store::{CallId, Identity, Place, Store, StoreError};
use crate::sync::SyncClient;
use crate::sync::verify::KeyRing;
use crate::time::Timestamp;

pub use crate::document::TextEdit;
pub use calls::{Call, ClassProject, OwnDevice};
pub use care::enrol::{ENROLLED_BYTES, Enrolment};
pub use care::salvage::Salvaged;
pub use care::storage_space::{Freed, StorageSpace};
pub use making::capture::{Captured, Edits, MediumEdit, NewLink, NewMark, NewMedium, NewPiece, OutcomesEdit};
pub use making::entries::Judging;
pub use making::placing::{OfferState, OfferTarget, OfferView, OwnOffer, Placings};
pub use making::share::StartedProject;
pub use requests::{Ask, Body, HttpAnswer};
pub use syncing::live::Frame;
pub use syncing::steps::{BackgroundUpload, BackgroundUploader, CHUNK, Line, Step, Turn};
pub use views::browse::{
    FolioView, MediaHere, MediumView, PieceLine, PieceView, QueueRow, Variant, VoiceView,
};
pub use views::inbox::InboxRow;
pub use views::level::{LevelView, OutcomeLevel};
pub use views::overview::{EntryCounts, May, Overview};
pub use views::status::{Digest, Status, Unsent, Waiting};
pub use why::Why;

/// One person on one device.
#[derive(Debug)]
pub struct Device {
    store: Store,
    me: Identity,
    ring: KeyRing,
    client: SyncClient,
    steps: syncing::steps::Flight,
    uploading: syncing::steps::Uploading,
    /// Bytes that came since the room was last looked at.
    came: u64,
    /// A fingerprint was sent along with what is in flight.
    comparing: bool,
    coming: care::re_enrol::ReEnrolment,
}

/// Why something can't be done. Nothing was lost: what was not done left no trace.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of the files.
    #[error("file {number} was not taken, and stays where it is: {source}")]
    Media {
        /// Which of those that were handed over, from 1.
        number: usize,
        /// Why.
        source: MediaError,
    },
    /// A document.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// Something too long.
    #[error(transparent)]
    Act(#[from] BadAct),
    /// Words or lists over their bounds.
    #[error("{0}")]
    Bounds(&'static str),
    /// It isn't on this device.
    #[error("{0} is not on this device: sync first, or check the id")]
    Unknown(String),
    /// The person may not.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// The relay answered what can't be right.
    #[error("{0}")]
    Relay(String),
    /// Something is still unsent.
    #[error("unsent work: {0}. Sync first, or say that it may be lost")]
    Unsent(u64),
}

impl From<rusqlite::Error> for DeviceError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl Device {
    /// Opens the device that lies here.
    pub fn open(place: impl Into<Place>) -> Result<Self, DeviceError> {
        Self::with(Store::open(place)?)
    }

    fn with(store: Store) -> Result<Self, DeviceError> {
        let me = store.identity()?;
        let mut ring = KeyRing::new(me.school, me.root);
        for (record, _) in records::keys(store.read())? {
            ring.restore(&record);
        }
        let client = match crate::store::meta(store.read(), settings::LOCKED)? {
            Some(_) => SyncClient::locked(),
            None => SyncClient::default(),
        };
        let (steps, uploading) = (syncing::steps::Flight::default(), syncing::steps::Uploading::default());
        let mut device = Self {
            store,
            me,
            ring,
            client,
            steps,
            uploading,
            came: 0,
            comparing: false,
            coming: care::re_enrol::ReEnrolment::Known,
        };
        device.bring_index_up_to_date()?;
        device.read_newer_records()?;
        Ok(device)
    }

    /// Writes everything back and lets go of the files, as a phone demands before it suspends an app. Open it again
    /// to resume.
    pub fn pause(self) -> Result<(), DeviceError> {
        Ok(self.store.close()?)
    }

    /// What is done next is done under this name: repeated, it is refused with [`StoreError::DoneAlready`] and changes
    /// nothing. For callers whose answer may be lost on the way.
    pub fn under(&mut self, call: Option<CallId>) {
        self.store.under(call);
    }

    /// Remembers what a call was answered, for [`Device::answer_to`].
    pub fn remember(&mut self, call: CallId, answer: &str) -> Result<(), DeviceError> {
        self.store.write(|tx| Ok(idempotency::answer(tx, call, answer)?))
    }

    /// What a call that was done already was answered.
    pub fn answer_to(&self, call: CallId) -> Result<Option<String>, DeviceError> {
        Ok(idempotency::answer_to(self.store.read(), call)?)
    }

    /// Reading this sheet stopped the program: it is set aside, alone, and not opened again.
    pub fn distrust(&mut self, document: DocumentId) -> Result<(), DeviceError> {
        self.store.write(|tx| reindex::distrust(tx, document))
    }

    /// Who this device belongs to.
    pub fn identity(&self) -> &Identity {
        &self.me
    }

    /// The store, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The school, once it is known here.
    pub fn school(&self) -> Result<Option<School>, DeviceError> {
        Ok(records::get(self.store.read(), RecordKind::School, self.me.school.as_bytes())?)
    }

    /// The folio of a student in a project.
    pub fn folio_of(&self, student: PersonId, project: Option<crate::ids::ProjectId>) -> FolioId {
        FolioId::derive(self.me.school, student, project)
    }

    /// A piece as access looks at it, with who is in the circles of its folios now.
    fn piece_and_circles(
        &self,
        id: PieceId,
        now: Timestamp,
    ) -> Result<(crate::access::Piece, impl crate::access::Circles + use<>), DeviceError> {
        circles::piece_and_circles(self.store.read(), id, now)
    }
}
