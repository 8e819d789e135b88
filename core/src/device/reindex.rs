//! Bringing the index in line with documents and acts: below what is made here and what comes from the school.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction};

use crate::access::{Piece, Placement};
use crate::document::{Sheet, SheetError, Stopped, contained};
use crate::ids::{ActId, DocumentId, EntryId, Part, PieceId};
use crate::model::act::{Act, SignedAct, audience};
use crate::model::entry::{Assessment, Entry, Head};
use crate::model::piece::Content;
use crate::model::placing::places;
use crate::model::role::{Class, Role};
use crate::store::{StoreError, distrusted, index, log, records};

use super::DeviceError;

/// Brings a document's row and index in line with its changes. Returns the hashes of changes that still lack
/// something they build on. A document that can't be opened is set aside alone, with the reason.
pub(super) fn reindex_document(
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
    confirmations(tx, id)?;
    if was_open {
        // The relay's copy may be sound: it is asked for once.
        records::put_fill(tx, id, 0)?;
    }
    Ok(Vec::new())
}

/// Sets a sheet aside for good.
pub(super) fn distrust(tx: &Transaction<'_>, document: DocumentId) -> Result<(), DeviceError> {
    distrusted::add(tx, document)?;
    match log::document(tx, document)? {
        Some(known) => reindex_document(tx, known.row, document).map(drop),
        None => Ok(()),
    }
}

/// A voice changed: what is confirmed in it, or of it, is worked out anew.
fn confirmations(tx: &Transaction<'_>, changed: DocumentId) -> Result<(), StoreError> {
    for document in log::documents_of(tx, changed.piece)? {
        if document.id.author().is_none() || document.id.about() != changed.about() {
            continue;
        }
        index::clear_confirmed(tx, document.row)?;
        for entry in index::entries(tx, document.row)? {
            let Some((of, heads)) = entry.body.confirmation() else { continue };
            let mentor = DocumentId::voice(changed.piece, of.author, of.about);
            if let Some(judgement) = judgement_at(tx, mentor, of.entry, heads)? {
                index::put_confirmed(tx, document.row, entry.id, &judgement)?;
            }
        }
    }
    Ok(())
}

/// A judgement as it stood at these heads; nothing for one that was taken back or altered by then, or can't be read.
fn judgement_at(
    tx: &Transaction<'_>,
    voice: DocumentId,
    entry: EntryId,
    heads: &[Head],
) -> Result<Option<Assessment>, StoreError> {
    let Some(row) = log::document(tx, voice)? else { return Ok(None) };
    if distrusted::contains(tx, voice)? {
        return Ok(None);
    }
    let raws = log::raw_changes(tx, row.row)?;
    let read = contained(voice, || {
        let (sheet, _) = Sheet::load_available(raws.iter().map(Vec::as_slice)).ok()?;
        let entry = sheet.at(heads)?.entry(entry)?;
        let stands = !entry.withdrawn && !entry.altered;
        entry.body.assessment().filter(|_| stands).cloned()
    });
    Ok(read.ok().flatten())
}

/// What the index keeps of a sheet.
pub(super) enum Reading {
    Content(Content),
    Voice(Vec<Entry>),
    /// What several people write together, and what only a newer version can read: the document is all there is of it.
    Nothing,
}

impl Reading {
    pub(super) fn of(id: DocumentId, sheet: &Sheet) -> Self {
        match id.part {
            Part::Content => Reading::Content(sheet.content()),
            Part::Voice { .. } => Reading::Voice(sheet.entries()),
            Part::Shared | Part::Newer { .. } => Reading::Nothing,
        }
    }

    pub(super) fn put(&self, tx: &Transaction<'_>, row: i64, id: DocumentId) -> Result<(), StoreError> {
        match self {
            Reading::Content(content) => index::put_content(tx, row, id.piece, content),
            Reading::Voice(entries) => {
                index::put_entries(tx, row, entries)?;
                confirmations(tx, id)
            }
            Reading::Nothing => Ok(()),
        }
    }
}

/// Works out anew what a piece's verified acts add up to.
pub(super) fn reindex_piece(tx: &Transaction<'_>, id: PieceId) -> Result<(), DeviceError> {
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
pub(super) fn acts_of(conn: &Connection, id: PieceId) -> Result<Vec<(ActId, Act)>, StoreError> {
    let readable = |signed: SignedAct| Some((signed.id, Act::from_bytes(&signed.body).ok()?));
    Ok(log::acts_of(conn, id)?.into_iter().filter_map(readable).collect())
}

/// What a sheet is read as until the school says.
pub(super) fn least(document: DocumentId) -> Class {
    match document.part {
        Part::Content => Class::Content,
        Part::Voice { .. } => Class::Voice(Role::Guardian),
        Part::Shared => Class::Shared,
        Part::Newer { number, .. } => Class::Newer(number),
    }
}

/// What a document says, line by line, for showing what was set aside.
pub(super) fn words_of(tx: &Transaction<'_>, row: i64, id: DocumentId) -> Result<Vec<String>, DeviceError> {
    let json = |value: serde_json::Result<String>| value.unwrap_or_default();
    Ok(match id.part {
        Part::Content => index::content(tx, id.piece)?
            .map(|content| {
                vec![content.title.clone(), content.words.clone(), json(serde_json::to_string(&content))]
            })
            .unwrap_or_default(),
        Part::Shared | Part::Newer { .. } => Vec::new(),
        Part::Voice { .. } => {
            index::entries(tx, row)?.iter().map(|entry| json(serde_json::to_string(&entry.body))).collect()
        }
    })
}
