//! What is checked of an exchange's items without a lock: known hashes, sizes, signatures, and the trial.

use std::collections::BTreeMap;

use crate::document::{BadChange, ParsedChange, SignedChange, Tried, Unfit, Unverified};
use crate::ids::{DeviceId, DocumentId, PersonId, Writer};
use crate::model::act::{Act, BadAct, SignedAct};
use crate::model::entry::Head;
use crate::sync::wire::{Item, Verdict};

use super::{Asker, DeviceFacts, Ledger, Sandbox, Untaken};

/// An item that is ready for [`commit`](super::commit()).
#[derive(Debug, Clone)]
pub enum Prepared {
    /// Decided already.
    Settled(Verdict),
    /// The same change as the one at this earlier position.
    Again(usize),
    /// An act whose signature held.
    Act(Box<SentAct>),
    /// One of the changes of a document that were tried together; they are committed with the last of them.
    Change(usize),
}

/// An act, with who made it.
#[derive(Debug, Clone)]
pub struct SentAct {
    pub(super) signed: SignedAct,
    pub(super) act: Act,
    pub(super) author: PersonId,
}

/// An exchange's items, ready for [`commit`](super::commit()).
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub(super) items: Vec<Prepared>,
    pub(super) groups: Vec<Group>,
    /// The numbers that items had in a log that is lost, by their positions.
    pub(super) lost: BTreeMap<usize, u64>,
}

impl Batch {
    /// Did the trial find the change at this position fit? If it is *busy* at the commit all the same, another commit
    /// overtook it, and a new trial can be made at once.
    pub fn is_fit(&self, position: usize) -> bool {
        match self.items.get(position) {
            Some(Prepared::Change(_)) => true,
            Some(Prepared::Again(first)) => matches!(self.items.get(*first), Some(Prepared::Change(_))),
            Some(Prepared::Settled(_) | Prepared::Act(_)) | None => false,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) document: DocumentId,
    /// Who made the changes.
    pub(super) author: PersonId,
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
    author: PersonId,
    stored: Vec<Vec<u8>>,
    changes: Vec<(usize, SignedChange)>,
}

/// How many trials of one exchange may go wrong before the rest of it is put off. An honest device has none.
struct Patience {
    /// Changes that may be found unfit.
    unfit: u32,
    /// Trials that may come to no end: each costs a process, and seconds. Enough to find one such change among a
    /// thousand by halving.
    unfinished: u32,
}

impl Patience {
    const OF_AN_EXCHANGE: Self = Self { unfit: 40, unfinished: 12 };

    fn lasts(&self) -> bool {
        self.unfit > 0 && self.unfinished > 0
    }

    fn wears(&mut self, untaken: &Untaken, changes: usize) {
        match untaken {
            Untaken::Unfit(_) if changes == 1 => self.unfit = self.unfit.saturating_sub(1),
            Untaken::Unfit(_) => {}
            Untaken::Unfinished => self.unfinished = self.unfinished.saturating_sub(1),
            Untaken::NoRoom => self.unfinished = 0,
        }
    }
}

impl Untried {
    /// Tries all changes. Needs no ledger, so nobody waits for a connection meanwhile.
    pub fn try_all(self, room: &impl Sandbox) -> Batch {
        let mut batch = self.batch;
        let mut patience = Patience::OF_AN_EXCHANGE;
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
    let mut by_document: BTreeMap<(DocumentId, PersonId), Vec<(usize, SignedChange)>> = BTreeMap::new();
    for (position, item) in items.into_iter().enumerate() {
        if let Item::OldAct(_, n) | Item::OldChange(_, n) = &item {
            batch.lost.insert(position, *n);
        }
        let prepared = match item {
            Item::Newer => Prepared::Settled(Verdict::NotUnderstood),
            Item::Act(signed) | Item::OldAct(signed, _) => prepare_act(ledger, asker, signed)?,
            Item::Change(change) | Item::OldChange(change, _) => {
                match prepare_change(ledger, asker, &change)? {
                    Err(verdict) => Prepared::Settled(verdict),
                    Ok(author) => {
                        let changes = by_document.entry((change.document, author)).or_default();
                        match changes.iter().find(|(_, earlier)| earlier.hash == change.hash) {
                            Some((first, _)) => Prepared::Again(*first),
                            None => {
                                changes.push((position, change));
                                Prepared::Settled(Verdict::Busy)
                            }
                        }
                    }
                }
            }
        };
        batch.items.push(prepared);
    }
    let mut documents = Vec::with_capacity(by_document.len());
    for ((document, author), changes) in by_document {
        let mut stored = ledger.stored(document)?;
        // Later changes build on what is held back, too.
        stored.extend(held(ledger, document)?.into_iter().map(|change| change.raw));
        documents.push(UntriedDocument { document, author, stored, changes });
    }
    Ok(Untried { batch, documents })
}

fn prepare_act<L: Ledger>(ledger: &L, asker: Asker, signed: SignedAct) -> Result<Prepared, L::Error> {
    let Some(device) = maker(ledger, asker, signed.device)? else {
        return Ok(Prepared::Settled(Verdict::BadSignature));
    };
    if signed.verify(ledger.school(), &device.key).is_err() {
        return Ok(Prepared::Settled(Verdict::BadSignature));
    }
    Ok(match Act::from_bytes(&signed.body) {
        Ok(act) => Prepared::Act(Box::new(SentAct { signed, act, author: device.person })),
        Err(BadAct::Newer) => Prepared::Settled(Verdict::NotUnderstood),
        Err(BadAct::Malformed | BadAct::Bounds(_)) => Prepared::Settled(Verdict::Malformed),
    })
}

/// The device that made an item, if the asker may bring it: it is one of her own; or the log had to go back, and
/// whoever holds what it lost brings that, under its maker's signature.
fn maker<L: Ledger>(ledger: &L, asker: Asker, device: DeviceId) -> Result<Option<DeviceFacts>, L::Error> {
    let facts = ledger.device(device)?;
    Ok(match facts {
        Some(facts) if facts.person == asker.person || ledger.forked_at()?.is_some() => Some(facts),
        _ => None,
    })
}

fn held<L: Ledger>(ledger: &L, document: DocumentId) -> Result<Vec<SignedChange>, L::Error> {
    Ok(ledger.held(document)?.map(|held| held.changes).unwrap_or_default())
}

/// Who made a change that is to be tried; else its verdict.
fn prepare_change<L: Ledger>(
    ledger: &L,
    asker: Asker,
    change: &SignedChange,
) -> Result<Result<PersonId, Verdict>, L::Error> {
    let Some(device) = maker(ledger, asker, change.device)? else {
        return Ok(Err(Verdict::BadSignature));
    };
    if let Err(unverified) = change.verify(ledger.school(), &device.key) {
        return Ok(Err(match unverified {
            Unverified::Blobs | Unverified::Bytes(BadChange::TooLarge(_)) => Verdict::TooLarge,
            Unverified::Hash | Unverified::Bytes(_) => Verdict::Malformed,
            Unverified::Signature(_) => Verdict::BadSignature,
        }));
    }
    match change.document.writer() {
        Writer::One(author) if author != device.person => return Ok(Err(Verdict::NotInCircle)),
        Writer::Unknown => return Ok(Err(Verdict::NotUnderstood)),
        Writer::Maker | Writer::One(_) | Writer::Circle => {}
    }
    if let Some(n) = ledger.change(change.document, change.hash)? {
        return Ok(Err(Verdict::Known(n)));
    }
    if held(ledger, change.document)?.iter().any(|held| held.hash == change.hash) {
        return Ok(Err(Verdict::Quarantined));
    }
    Ok(Ok(device.person))
}

/// Tries all changes of one document at once; where that fails or ends in nothing, halves, so that one bad change never
/// takes its neighbours along.
fn try_document(room: &impl Sandbox, untried: UntriedDocument, batch: &mut Batch, patience: &mut Patience) {
    let UntriedDocument { document, author, mut stored, changes } = untried;
    let mut group = Group { document, author, changes: Vec::new(), before: Vec::new(), after: Vec::new() };
    let mut waiting = vec![changes];
    let mut is_put_off = false;
    while let Some(mut changes) = waiting.pop().filter(|_| patience.lasts()) {
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
            Err(untaken) => {
                patience.wears(&untaken, changes.len());
                match (changes.as_slice(), untaken) {
                    // What builds on one that has to be brought again has to wait with it.
                    ([_], Untaken::Unfit(Unfit::MissingDependency)) if is_put_off => {}
                    ([(position, _)], Untaken::Unfit(unfit)) => {
                        batch.items[*position] = Prepared::Settled(verdict_of(&unfit));
                    }
                    ([_], Untaken::Unfinished | Untaken::NoRoom) => is_put_off = true,
                    _ => {
                        let later = changes.split_off(changes.len() / 2);
                        waiting.push(later);
                        waiting.push(changes);
                    }
                }
            }
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

/// The trial itself, for an implementation of [`Sandbox`] to call where a panic is contained.
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
