//! What is checked of an exchange's items without a lock: known hashes, sizes, signatures, and the trial.

use std::collections::BTreeMap;

use crate::document::{BadChange, ParsedChange, SignedChange, Tried, Unfit, Unverified};
use crate::ids::DocumentId;
use crate::model::act::{Act, SignedAct};
use crate::model::entry::Head;
use crate::sync::wire::{Item, Verdict};

use super::{Asker, Ledger, TrialRoom};

/// An item that is ready for [`commit`](super::commit()).
#[derive(Debug, Clone)]
pub enum Prepared {
    /// Decided already.
    Settled(Verdict),
    /// The same change as the one at this earlier position.
    Again(usize),
    /// An act whose signature held.
    Act(Box<(SignedAct, Act)>),
    /// One of the changes of a document that were tried together; they are committed with the last of them.
    Change(usize),
}

/// An exchange's items, ready for [`commit`](super::commit()).
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub(super) items: Vec<Prepared>,
    pub(super) groups: Vec<Group>,
}

#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) document: DocumentId,
    /// Positions among the items, with the changes.
    pub(super) changes: Vec<(usize, SignedChange)>,
    pub(super) before: Vec<Head>,
    pub(super) after: Vec<Head>,
}

/// Items whose signatures held, with what is stored of the documents they change: ready to be tried.
#[derive(Debug, Clone, Default)]
pub struct Untried {
    batch: Batch,
    documents: Vec<UntriedDocument>,
}

/// A document with its stored changes, and the new ones with their positions among the items.
#[derive(Debug, Clone)]
struct UntriedDocument {
    document: DocumentId,
    stored: Vec<Vec<u8>>,
    changes: Vec<(usize, SignedChange)>,
}

/// Trials that fail in one exchange before the rest is put off: an honest device has none.
const FAILED_TRIALS: u32 = 40;

impl Untried {
    /// Tries all changes. Needs no ledger, so nobody waits for a connection meanwhile.
    pub fn try_all(self, room: &impl TrialRoom) -> Batch {
        let mut batch = self.batch;
        let mut patience = FAILED_TRIALS;
        for untried in self.documents {
            try_document(room, untried, &mut batch, &mut patience);
        }
        batch
    }
}

/// Checks all that needs no lock but reads the log: known hashes, sizes, signatures. The ledger shows the log as it stands
/// at one moment.
pub fn prepare<L: Ledger>(ledger: &L, asker: Asker, items: Vec<Item>) -> Result<Untried, L::Error> {
    let mut batch = Batch::default();
    let mut by_document: BTreeMap<DocumentId, Vec<(usize, SignedChange)>> = BTreeMap::new();
    for (position, item) in items.into_iter().enumerate() {
        let prepared = match item {
            Item::Act(signed) => prepare_act(ledger, asker, signed)?,
            Item::Change(change) => match prepare_change(ledger, asker, &change)? {
                Some(verdict) => Prepared::Settled(verdict),
                None => {
                    let changes = by_document.entry(change.document).or_default();
                    match changes.iter().find(|(_, earlier)| earlier.hash == change.hash) {
                        Some((first, _)) => Prepared::Again(*first),
                        None => {
                            changes.push((position, change));
                            Prepared::Settled(Verdict::Busy)
                        }
                    }
                }
            },
        };
        batch.items.push(prepared);
    }
    let mut documents = Vec::with_capacity(by_document.len());
    for (document, changes) in by_document {
        documents.push(UntriedDocument { document, stored: ledger.stored(document)?, changes });
    }
    Ok(Untried { batch, documents })
}

fn prepare_act<L: Ledger>(ledger: &L, asker: Asker, signed: SignedAct) -> Result<Prepared, L::Error> {
    let Some(device) = ledger.device(signed.device)?.filter(|device| device.person == asker.person) else {
        return Ok(Prepared::Settled(Verdict::BadSignature));
    };
    if signed.verify(ledger.school(), &device.key).is_err() {
        return Ok(Prepared::Settled(Verdict::BadSignature));
    }
    Ok(match Act::from_bytes(&signed.body) {
        Ok(act) => Prepared::Act(Box::new((signed, act))),
        Err(_) => Prepared::Settled(Verdict::Malformed),
    })
}

/// `None` when the change is to be tried.
fn prepare_change<L: Ledger>(
    ledger: &L,
    asker: Asker,
    change: &SignedChange,
) -> Result<Option<Verdict>, L::Error> {
    let Some(device) = ledger.device(change.device)?.filter(|device| device.person == asker.person) else {
        return Ok(Some(Verdict::BadSignature));
    };
    if let Err(unverified) = change.verify(ledger.school(), &device.key) {
        return Ok(Some(match unverified {
            Unverified::Blobs | Unverified::Bytes(BadChange::TooLarge(_)) => Verdict::TooLarge,
            Unverified::Hash | Unverified::Bytes(_) => Verdict::Malformed,
            Unverified::Signature(_) => Verdict::BadSignature,
        }));
    }
    if change.document.author().is_some_and(|author| author != asker.person) {
        return Ok(Some(Verdict::NotInCircle));
    }
    let known = ledger.change(change.document, change.hash)?;
    Ok(known.map(Verdict::Known))
}

/// Tries all changes of one document at once; where that fails, halves, so that one bad change never takes its
/// neighbours along.
fn try_document(room: &impl TrialRoom, untried: UntriedDocument, batch: &mut Batch, patience: &mut u32) {
    let UntriedDocument { document, mut stored, changes } = untried;
    let mut group = Group { document, changes: Vec::new(), before: Vec::new(), after: Vec::new() };
    let mut waiting = vec![changes];
    while let Some(mut changes) = waiting.pop().filter(|_| *patience > 0) {
        let refs: Vec<&SignedChange> = changes.iter().map(|(_, change)| change).collect();
        match room.trial(&stored, &refs) {
            Ok(tried) => {
                if group.changes.is_empty() {
                    group.before = tried.before;
                }
                group.after = tried.after;
                stored.extend(changes.iter().map(|(_, change)| change.raw.clone()));
                group.changes.extend(changes);
            }
            Err(unfit) => match changes.as_slice() {
                [(position, _)] => {
                    *patience -= 1;
                    batch.items[*position] = Prepared::Settled(verdict_of(&unfit));
                }
                _ => {
                    let later = changes.split_off(changes.len() / 2);
                    waiting.push(later);
                    waiting.push(changes);
                }
            },
        }
    }
    if !group.changes.is_empty() {
        for (position, _) in &group.changes {
            batch.items[*position] = Prepared::Change(batch.groups.len());
        }
        batch.groups.push(group);
    }
}

fn verdict_of(unfit: &Unfit) -> Verdict {
    match unfit {
        Unfit::MissingDependency => Verdict::MissingDependency,
        Unfit::ActorTaken => Verdict::ActorTaken,
        Unfit::Full => Verdict::TooLarge,
        Unfit::Change(_) | Unfit::Damages(_) => Verdict::Malformed,
    }
}

/// The trial itself, for an implementation of [`TrialRoom`] to call where a panic is contained.
pub fn try_changes(stored: &[Vec<u8>], new: &[&SignedChange]) -> Result<Tried, Unfit> {
    let stored: Vec<ParsedChange> =
        stored.iter().map(|raw| ParsedChange::parse(raw)).collect::<Result<_, _>>()?;
    let mut parsed = Vec::with_capacity(new.len());
    for change in new {
        let own = ParsedChange::parse(&change.raw)?;
        if own.actor != change.actor || own.seq != change.seq {
            return Err(Unfit::ActorTaken);
        }
        parsed.push(own);
    }
    crate::document::trial(&stored, &parsed)
}
