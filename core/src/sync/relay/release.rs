//! Releasing what was held back: all of one document, in the order it came, through the gate once more.

use crate::document::SignedChange;
use crate::ids::{DocumentId, PersonId};
use crate::model::entry::Head;
use crate::model::role::Class;

use super::commit::{Permit, class_of};
use super::{Ledger, TrialRoom};

/// What is held back of a document, tried and ready for [`commit_release`].
#[derive(Debug, Clone)]
pub struct Release {
    document: DocumentId,
    changes: Vec<SignedChange>,
    author: PersonId,
    class: Class,
    before: Vec<Head>,
    after: Vec<Head>,
}

impl Release {
    /// Did this person write it?
    pub fn is_of(&self, person: PersonId) -> bool {
        self.author == person
    }
}

/// Tries what is held back of a document on what is stored of it now. `None` when there is nothing, or when it does not
/// pass the gate any more: then it stays where it is.
pub fn prepare_release<L: Ledger>(
    ledger: &L,
    room: &impl TrialRoom,
    document: DocumentId,
) -> Result<Option<Release>, L::Error> {
    let Some(held) = ledger.held(document)? else { return Ok(None) };
    for change in &held.changes {
        let Some(device) = ledger.device(change.device)?.filter(|device| !device.revoked) else {
            return Ok(None);
        };
        if device.person != held.author || change.verify(ledger.school(), &device.key).is_err() {
            return Ok(None);
        }
    }
    let stored = ledger.stored(document)?;
    let changes: Vec<&SignedChange> = held.changes.iter().collect();
    let Ok(tried) = room.trial(&stored, &changes) else { return Ok(None) };
    let (before, after) = (tried.before, tried.after);
    Ok(Some(Release {
        document,
        author: held.author,
        class: held.class,
        changes: held.changes,
        before,
        after,
    }))
}

/// Appends it, if the document still is what it was tried on. By `by`, whose right to release it the caller has looked
/// at; the author herself releases what she may write again. Returns whether it was done.
pub fn commit_release<L: Ledger>(ledger: &mut L, release: &Release, by: PersonId) -> Result<bool, L::Error> {
    let Release { document, changes, author, class, before, after } = release;
    let known = ledger.document(*document)?;
    let is_current = known.as_ref().is_none_or(|known| known.heads == *before && known.class == *class)
        && ledger.held(*document)?.is_some_and(|held| held.changes == *changes);
    if !is_current {
        return Ok(false);
    }
    if by == *author {
        let fixed = known.map(|known| known.class);
        match class_of(ledger, *author, *document, fixed, None)? {
            Permit::Write(now) if now == *class => {}
            Permit::Write(_) | Permit::Late(_) | Permit::Refused(_) => return Ok(false),
        }
    }
    for change in changes {
        ledger.append_change(change, *class, after, *author)?;
    }
    ledger.let_go(*document, by)?;
    Ok(true)
}
