//! Releasing what was held back: all of one document, in the order it came, through the gate once more.

use crate::document::SignedChange;
use crate::ids::{DocumentId, PersonId};
use crate::model::entry::Head;
use crate::model::role::Class;

use super::commit::{Permit, class_of};
use super::{HeldFacts, Ledger, Sandbox};

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

/// What is held back of a document, whose signatures hold: ready to be tried.
#[derive(Debug, Clone)]
pub struct UntriedRelease {
    document: DocumentId,
    stored: Vec<Vec<u8>>,
    held: HeldFacts,
}

impl UntriedRelease {
    /// Tries it on what is stored of the document. `None` when it does not pass the gate: then it stays where it is.
    pub fn try_in(self, room: &impl Sandbox) -> Option<Release> {
        let Self { document, stored, held } = self;
        let changes: Vec<&SignedChange> = held.changes.iter().collect();
        let tried = room.trial(&stored, &changes).ok()?;
        let HeldFacts { changes, author, class, .. } = held;
        Some(Release { document, author, class, changes, before: tried.before, after: tried.after })
    }
}

/// Reads what is held back of a document, for `by` to release. `None` when there is nothing, when its signatures count no
/// more, or when she is its author and may not write it again.
pub fn prepare_release<L: Ledger>(
    ledger: &L,
    document: DocumentId,
    by: PersonId,
) -> Result<Option<UntriedRelease>, L::Error> {
    let Some(held) = ledger.held(document)? else { return Ok(None) };
    if by == held.author && renewed(ledger, document, by)?.is_none() {
        return Ok(None);
    }
    for change in &held.changes {
        let Some(device) = ledger.device(change.device)?.filter(|device| !device.revoked && !device.locked)
        else {
            return Ok(None);
        };
        if device.person != held.author || change.verify(ledger.school(), &device.key).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(UntriedRelease { document, stored: ledger.stored(document)?, held }))
}

/// What its author may write a document as, if she may again.
fn renewed<L: Ledger>(ledger: &L, document: DocumentId, author: PersonId) -> Result<Option<Class>, L::Error> {
    let fixed = ledger.document(document)?.map(|known| known.class);
    Ok(match class_of(ledger, author, document, fixed, None)? {
        Permit::Write(class) => Some(class),
        Permit::Late(_) | Permit::Refused(_) => None,
    })
}

/// Appends it, if the document still is what it was tried on. By `by`, whose right to release it the caller has looked
/// at; the author herself releases what she may write again. Returns whether it was done.
pub fn commit_release<L: Ledger>(ledger: &mut L, release: &Release, by: PersonId) -> Result<bool, L::Error> {
    let Release { document, changes, author, class, before, after } = release;
    let known = ledger.document(*document)?;
    let class = match by == *author {
        // Her new part may be another one than she had.
        true => renewed(ledger, *document, by)?,
        false => Some(*class),
    };
    let Some(class) = class else { return Ok(false) };
    let is_current = known.as_ref().is_none_or(|known| known.heads == *before && known.class == class)
        && ledger.held(*document)?.is_some_and(|held| held.changes == *changes);
    if !is_current {
        return Ok(false);
    }
    for change in changes {
        ledger.append_change(change, class, after, *author)?;
    }
    ledger.let_go(*document, by)?;
    Ok(true)
}
