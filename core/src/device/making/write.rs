//! The one way anything made here gets into the store: signed, indexed, and owed to the relay, in one transaction.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use rusqlite::{Connection, Transaction};

use crate::access::{Piece, Placement};
use crate::blob::BlobHash;
use crate::document::{Edit, Sheet, SheetError, SignedChange, Stopped, contained};
use crate::ids::{ActId, Chance, DocumentId, Part, PieceId, random};
use crate::model::act::{Act, SignedAct, audience};
use crate::model::entry::{Entry, Head};
use crate::model::piece::Content;
use crate::model::placing::places;
use crate::model::role::Class;
use crate::store::log::ChangeState;
use crate::store::outbox::Owed;
use crate::store::{Identity, StoreError, distrusted, index, log, outbox, records};
use crate::time::Timestamp;

use crate::device::{DeviceError, new_act, seconds};

/// Signs an act and owes it.
pub(in crate::device) fn act(
    tx: &Transaction<'_>,
    me: &Identity,
    now: Timestamp,
    chance: &mut dyn Chance,
    act: &Act,
) -> Result<(), DeviceError> {
    act.check()?;
    let signed = SignedAct::sign(me.school, me.device, &me.key, new_act(now, chance), act);
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
    chance: &mut dyn Chance,
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
            let actor = random(chance);
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

/// Brings a document's row and index in line with its changes. Returns the hashes of changes that still lack
/// something they build on. A document that can't be opened is set aside alone, with the reason.
pub(in crate::device) fn reindex_document(
    tx: &Transaction<'_>,
    row: i64,
    id: DocumentId,
) -> Result<Vec<Head>, DeviceError> {
    let raws = log::raw_changes(tx, row)?;
    let read = || {
        let (sheet, waiting) = Sheet::load_available(raws.iter().map(Vec::as_slice))?;
        Ok::<_, SheetError>((sheet.heads(), Reading::of(id, &sheet), waiting))
    };
    let opened = match distrusted::contains(tx, id)? {
        true => Err(Stopped),
        false => contained(id, read),
    };
    let why = match opened {
        // What a document says must never stop the others: if it can't be indexed, it is set aside too.
        Ok(Ok((heads, reading, waiting))) => match reading.put(tx, row, id) {
            Ok(()) => {
                log::update_document(tx, row, &heads, None)?;
                return Ok(waiting);
            }
            Err(error) => error.to_string(),
        },
        Ok(Err(error)) => error.to_string(),
        Err(Stopped) => "reading it made the reader stop".to_owned(),
    };
    let was_open = log::document(tx, id)?.is_some_and(|document| document.set_aside.is_none());
    log::update_document(tx, row, &[], Some(&why))?;
    index::clear_document(tx, row)?;
    if was_open {
        // The relay's copy may be sound: it is asked for once.
        records::put_fill(tx, id, 0)?;
    }
    Ok(Vec::new())
}

/// Sets a sheet aside for good.
pub(in crate::device) fn distrust(tx: &Transaction<'_>, document: DocumentId) -> Result<(), DeviceError> {
    distrusted::add(tx, document)?;
    match log::document(tx, document)? {
        Some(known) => reindex_document(tx, known.row, document).map(drop),
        None => Ok(()),
    }
}

/// What the index keeps of a sheet.
enum Reading {
    Content(Content),
    Voice(Vec<Entry>),
    /// What several people write together, and what only a newer version can read: the document is all there is of it.
    Nothing,
}

impl Reading {
    fn of(id: DocumentId, sheet: &Sheet) -> Self {
        match id.part {
            Part::Content => Reading::Content(sheet.content()),
            Part::Voice { .. } => Reading::Voice(sheet.entries()),
            Part::Shared | Part::Newer { .. } => Reading::Nothing,
        }
    }

    fn put(&self, tx: &Transaction<'_>, row: i64, id: DocumentId) -> Result<(), StoreError> {
        match self {
            Reading::Content(content) => index::put_content(tx, row, id.piece, content),
            Reading::Voice(entries) => index::put_entries(tx, row, entries),
            Reading::Nothing => Ok(()),
        }
    }
}

/// Works out anew what a piece's verified acts add up to.
pub(in crate::device) fn reindex_piece(tx: &Transaction<'_>, id: PieceId) -> Result<(), DeviceError> {
    let acts = acts_of(tx, id)?;
    // Its maker erased it: it is gone here, whenever the school hears of it.
    if acts.iter().any(|(_, act)| matches!(act, Act::Erase { .. })) {
        return Ok(index::remove_piece(tx, id)?);
    }
    let declared = acts.iter().find_map(|(_, act)| act.declared());
    let Some((maker, kind)) = declared else { return Ok(index::remove_piece(tx, id)?) };
    let places = places(acts.iter().map(|(id, act)| (*id, act)), &BTreeSet::new());
    // Whose folio it is stands in the folio's record, which may come later; the index keeps the folio.
    let in_folio = |folio| Placement { folio, student: maker };
    let placements = places.folios.into_iter().map(in_folio).collect();
    let offers = places.offers.into_keys().map(in_folio).collect();
    let audience = audience(acts.iter().map(|(id, act)| (*id, act)));
    Ok(index::put_piece(tx, &Piece { id, maker, kind, placements, offers, audience })?)
}

/// The verified acts of a piece that this version can read.
pub(in crate::device) fn acts_of(conn: &Connection, id: PieceId) -> Result<Vec<(ActId, Act)>, StoreError> {
    let readable = |signed: SignedAct| Some((signed.id, Act::from_bytes(&signed.body).ok()?));
    Ok(log::acts_of(conn, id)?.into_iter().filter_map(readable).collect())
}
