//! How things stand: what waits and why, what was set aside, and whether two devices agree.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::ids::{DocumentId, PersonId, PieceId};
use crate::model::directory::Folio;
use crate::model::mastery::Completeness;
use crate::store::records::{self, RecordKind};
use crate::store::{log, newer, outbox, transfers};

use crate::device::settings::LOCKED;
use crate::device::why::Why;
use crate::device::{Device, DeviceError};

/// How a device stands.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Whose it is.
    pub person: PersonId,
    /// The school refused this device: it was revoked, or is not known.
    pub locked: bool,
    /// What has not reached the school yet.
    pub waiting: Vec<Waiting>,
    /// Uploads that are not done: how many, and how many bytes are left.
    pub uploads: usize,
    /// Bytes of them that are still to be sent.
    pub upload_bytes: u64,
    /// Documents that are announced and not here yet.
    pub to_fill: usize,
    /// Sheets of which the school keeps something back, and how many changes: it came after the role had ended, and waits
    /// for a teacher's word.
    pub held: Vec<(DocumentId, u64)>,
    /// What the school refused for good: the reason, and what it said.
    pub set_aside: Vec<(Why, String)>,
    /// Sheets that can't be opened, with the reason.
    pub unopened: Vec<String>,
    /// Records of which this version can't read everything: a newer one wrote them. They are kept as they came, and read
    /// again after an update.
    pub newer: u64,
    /// Devices that nobody known vouched for.
    pub new_devices: Vec<crate::ids::DeviceId>,
}

/// One thing that has not reached the school.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// What kind of thing: "act", "change".
    pub what: &'static str,
    /// The piece it is about.
    pub piece: Option<PieceId>,
    /// For a change: of which document.
    pub document: Option<DocumentId>,
    /// Why it waits; on its way for none.
    pub reason: Option<Why>,
}

/// What a device holds, in a form that can be compared with another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Digest {
    /// SHA-256 over the lines below.
    pub digest: String,
    /// Each document with its heads, by id.
    pub documents: Vec<(String, Vec<String>)>,
    /// Each level that this device shows with whole sight: student, outcome, sentence.
    pub levels: Vec<(PersonId, crate::ids::OutcomeId, String)>,
    /// Students whose levels it can show only in part.
    pub partial: Vec<PersonId>,
}

/// What becomes of unsent work when a device is wiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    /// Refuse to wipe while there is any.
    Keep,
    /// It may be lost.
    MayBeLost,
}

impl Device {
    /// How things stand.
    pub fn status(&self) -> Result<Status, DeviceError> {
        let conn = self.store.read();
        let uploads: Vec<_> =
            transfers::uploads(conn)?.into_iter().filter(|upload| !upload.is_done).collect();
        let unopened = log::all_documents(conn)?
            .into_iter()
            .filter_map(|document| document.set_aside.map(|why| format!("{}: {why}", document.id)));
        Ok(Status {
            person: self.me.person,
            locked: self.is_locked()?,
            waiting: self.waiting()?,
            uploads: uploads.len(),
            upload_bytes: uploads.iter().map(|upload| upload.size.saturating_sub(upload.sent)).sum(),
            to_fill: self.to_fill()?,
            held: log::held(conn)?,
            set_aside: outbox::all_set_aside(conn)?
                .into_iter()
                .map(|aside| (Why::read(&aside.reason), aside.words))
                .collect(),
            unopened: unopened.collect(),
            newer: newer::count(conn)?,
            new_devices: self.new_devices()?,
        })
    }

    /// Did the school refuse this device?
    pub fn is_locked(&self) -> Result<bool, DeviceError> {
        Ok(crate::store::meta(self.store.read(), LOCKED)?.is_some())
    }

    /// How many documents are announced and not here yet.
    pub fn to_fill(&self) -> Result<usize, DeviceError> {
        Ok(records::count_fills(self.store.read())?)
    }

    /// What has not reached the school yet.
    pub fn waiting(&self) -> Result<Vec<Waiting>, DeviceError> {
        let conn = self.store.read();
        let mut waiting = Vec::new();
        for row in outbox::all(conn)? {
            let (what, piece, document) = match row.owed {
                outbox::Owed::Act(id) => {
                    let act = log::act(conn, id)?;
                    let act = act.and_then(|signed| crate::model::act::Act::from_bytes(&signed.body).ok());
                    ("act", act.and_then(|act| act.piece()), None)
                }
                outbox::Owed::Change(change) => {
                    let document = log::change(conn, change)?.change.document;
                    ("change", Some(document.piece), Some(document))
                }
            };
            waiting.push(Waiting { what, piece, document, reason: row.reason.as_deref().map(Why::read) });
        }
        Ok(waiting)
    }

    /// Pieces of which something was refused for good.
    pub fn refused_pieces(&self) -> Result<Vec<PieceId>, DeviceError> {
        let aside = outbox::all_set_aside(self.store.read())?;
        Ok(aside.into_iter().filter_map(|aside| aside.piece).collect())
    }

    /// The number of the relay's log up to which everything is known here.
    pub fn known_up_to(&self) -> Result<u64, DeviceError> {
        Ok(crate::device::settings::cursor(self.store.read())?.n)
    }

    /// Is something on its way that needs nobody's help?
    pub fn is_busy(&self) -> Result<bool, DeviceError> {
        let conn = self.store.read();
        if self.to_fill()? > 0 || self.waiting()?.iter().any(|waiting| waiting.reason.is_none()) {
            return Ok(true);
        }
        let needs_nobody = |reason: &Option<String>| {
            !reason.as_deref().is_some_and(|code| Why::read(code).waits_for_people())
        };
        let ready = transfers::ready_uploads(conn)?;
        let is_ready = |upload: &transfers::Upload| {
            ready.iter().any(|other| (other.hash, other.piece) == (upload.hash, upload.piece))
        };
        let uploads = self.uploads()?;
        let sends = uploads.iter().any(|upload| is_ready(upload) && needs_nobody(&upload.reason));
        let fetches = |download: &transfers::Download| !download.is_spoilt && needs_nobody(&download.reason);
        Ok(sends || transfers::wanted(conn)?.iter().any(fetches))
    }

    /// What this device holds. Two devices agree when the heads of every document that both hold are equal, and the
    /// levels of every student whom both see whole.
    pub fn digest(&self) -> Result<Digest, DeviceError> {
        let conn = self.store.read();
        let documents: Vec<(DocumentId, Vec<String>)> = log::all_documents(conn)?
            .into_iter()
            .filter(|document| !document.heads.is_empty())
            .map(|document| (document.id, document.heads.iter().map(hex).collect()))
            .collect();
        let folios: Vec<Folio> = records::all(conn, RecordKind::Folio)?;
        let students: std::collections::BTreeSet<PersonId> =
            folios.iter().map(|folio| folio.student).collect();
        let (mut levels, mut partial) = (Vec::new(), Vec::new());
        for student in students {
            let Some(view) = self.levels(student)? else { continue };
            if view.completeness == Completeness::Partial {
                partial.push(student);
                continue;
            }
            levels.extend(
                view.outcomes.into_iter().map(|level| (student, level.outcome, level.answer.sentence)),
            );
        }
        let documents: Vec<(String, Vec<String>)> =
            documents.into_iter().map(|(id, heads)| (id.to_string(), heads)).collect();
        let mut hash = Sha256::new();
        for (id, heads) in &documents {
            hash.update(format!("{id} {}\n", heads.join(" ")));
        }
        for (student, outcome, sentence) in &levels {
            hash.update(format!("{student} {outcome} {sentence}\n"));
        }
        let digest = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Digest { digest, documents, levels, partial })
    }

    /// Is there nothing that only this device has?
    pub fn may_be_wiped(&self) -> Result<(), DeviceError> {
        let conn = self.store.read();
        let uploads = transfers::uploads(conn)?;
        let open = outbox::len(conn)? + uploads.iter().filter(|upload| !upload.is_done).count() as u64;
        if open > 0 { Err(DeviceError::Unsent(open)) } else { Ok(()) }
    }

    /// Removes everything this device holds. With [`Unsent::Keep`] it refuses while anything has not reached the school.
    pub fn wipe(self, unsent: Unsent) -> Result<(), DeviceError> {
        match unsent {
            Unsent::Keep => self.may_be_wiped()?,
            Unsent::MayBeLost => {}
        }
        Ok(self.store.remove()?)
    }
}

fn hex(head: &crate::model::entry::Head) -> String {
    head.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
