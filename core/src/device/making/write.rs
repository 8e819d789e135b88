//! The one way anything made here gets into the store: signed, indexed, and owed to the relay, in one transaction.

use std::panic::AssertUnwindSafe;

use rusqlite::Transaction;

use crate::blob::BlobHash;
use crate::document::{Edit, Sheet, SheetError, SignedChange, contained};
use crate::ids::{ActId, DocumentId, PersonId, PieceId, Rng, random};
use crate::model::act::{Act, SignedAct};
use crate::model::role::Class;
use crate::store::log::ChangeState;
use crate::store::outbox::Owed;
use crate::store::{Identity, StoreError, log, outbox};
use crate::time::Timestamp;

use crate::device::DeviceError;
use crate::device::reindex::{Reading, reindex_piece};

/// Signs an act and owes it.
pub(in crate::device) fn act(
    tx: &Transaction<'_>,
    me: &Identity,
    now: Timestamp,
    rng: &mut dyn Rng,
    act: &Act,
) -> Result<(), DeviceError> {
    act.check()?;
    let signed = SignedAct::sign(me.school, me.device, &me.key, new_act(now, rng), act);
    log::put_act(tx, &signed, act, false, true)?;
    outbox::add(tx, Owed::Act(signed.id))?;
    if let Some(piece) = act.piece() {
        reindex_piece(tx, piece)?;
    }
    Ok(())
}

/// What a change needs besides what it writes.
pub(in crate::device) struct Writing<'a> {
    pub(in crate::device) me: &'a Identity,
    pub(in crate::device) document: DocumentId,
    pub(in crate::device) class: Class,
    pub(in crate::device) now: Timestamp,
    /// The blobs it names.
    pub(in crate::device) blobs: Vec<BlobHash>,
}

/// Makes one change of a document. `None` when nothing differs; else the change's row.
pub(in crate::device) fn change(
    tx: &Transaction<'_>,
    writing: Writing<'_>,
    rng: &mut dyn Rng,
    write: impl FnOnce(&mut Edit<'_>) -> Result<(), SheetError>,
) -> Result<Option<i64>, DeviceError> {
    let Writing { me, document, class, now, mut blobs } = writing;
    let row = log::put_document(tx, document, class, false)?;
    let known = log::document(tx, document)?.ok_or(StoreError::Unexpected("a document"))?;
    let unopened = DeviceError::NotAllowed(
        "this sheet can't be opened at the moment: it was set aside, and nothing was changed",
    );
    if known.set_aside.is_some() {
        return Err(unopened);
    }
    let actor = match known.actor {
        Some(actor) => actor,
        None => {
            let actor = random(rng);
            log::set_actor(tx, row, Some(&actor))?;
            actor
        }
    };
    let raws = log::raw_changes(tx, row)?;
    // A sheet that opens may still stop whoever writes on it.
    let edit = || {
        let (mut sheet, _) = Sheet::load_available(raws.iter().map(Vec::as_slice))?;
        let new = sheet.edit(actor, seconds(now), write)?;
        Ok::<_, SheetError>(new.map(|new| (new, sheet.heads(), Reading::of(document, &sheet))))
    };
    let Ok(edited) = contained(document, AssertUnwindSafe(edit)) else { return Err(unopened) };
    let Some((new, heads, reading)) = edited? else { return Ok(None) };
    if new.raw.len() > crate::document::MAX_CHANGE_BYTES {
        return Err(DeviceError::Bounds("that is too much at once: at most about 250,000 characters"));
    }
    blobs.sort();
    blobs.dedup();
    let signed = SignedChange::sign(me.school, me.device, &me.key, document, new, blobs);
    let (change, _) = log::put_change(tx, row, &signed, None, ChangeState::InUse)?;
    outbox::add(tx, Owed::Change(change))?;
    log::update_document(tx, row, &heads, None)?;
    reading.put(tx, row, document)?;
    Ok(Some(change))
}

/// Milliseconds to the seconds that automerge keeps with a change, for display only.
pub(in crate::device) fn seconds(now: Timestamp) -> i64 {
    i64::try_from(now.millis() / 1000).unwrap_or(i64::MAX)
}

/// A document that is written here: the content of a piece, or the person's own voice on it.
pub(in crate::device) fn own_document(me: &Identity, piece: PieceId, about: Option<PersonId>) -> DocumentId {
    DocumentId::voice(piece, me.person, about)
}

pub(in crate::device) fn new_act(now: Timestamp, rng: &mut dyn Rng) -> ActId {
    ActId::new(now, rng)
}
