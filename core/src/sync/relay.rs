//! The relay's half: what it takes, and why not.
//!
//! [`prepare`] does what is slow and needs no lock: sizes, known hashes, signatures, the trial. [`commit`] runs under
//! the single writer: who may, on what the document is *now*, and the append. A trial that was made on other heads
//! than the document has at commit answers *busy*, and is made again.

use std::collections::BTreeMap;

use crate::access::{self, Membership};
use crate::document::{BadChange, SignedChange, Tried, Unfit, Unverified};
use crate::ids::{ActId, DeviceId, DocumentId, FolioId, PersonId, PieceId, ProjectId, SchoolId};
use crate::model::act::{Act, SignedAct, audience};
use crate::model::entry::Head;
use crate::model::piece::PieceKind;
use crate::model::role::{Class, Role};
use crate::signing::PublicKey;

use super::wire::{Item, Verdict};

/// Where the log lives. One implementation keeps it in SQLite; another one must pass the same test-suite.
pub trait Ledger {
    /// What can go wrong with the storage itself. No verdict is given then.
    type Error;

    /// The school.
    fn school(&self) -> SchoolId;
    /// What is known of a device.
    fn device(&self, device: DeviceId) -> Result<Option<DeviceFacts>, Self::Error>;
    /// A piece as `person` stands to it.
    fn piece(&self, piece: PieceId, person: PersonId) -> Result<Option<PieceFacts>, Self::Error>;
    /// A folio as `person` stands to it.
    fn folio(&self, folio: FolioId, person: PersonId) -> Result<Option<FolioFacts>, Self::Error>;
    /// Whether a project exists, and whether anyone may have a folio of her own in it.
    fn project_is_open(&self, project: ProjectId) -> Result<Option<bool>, Self::Error>;
    /// Whether `person` is a student, and whether she is nothing else.
    fn is_student(&self, person: PersonId) -> Result<Student, Self::Error>;
    /// Bytes of acts and changes that this person has stored.
    fn used_bytes(&self, person: PersonId) -> Result<u64, Self::Error>;
    /// Whether the id that an act declares, or the act's own, is there already.
    fn taken(&self, id: ActId, act: &Act) -> Result<Taken, Self::Error>;
    /// A document, if anything of it was stored.
    fn document(&self, document: DocumentId) -> Result<Option<DocumentFacts>, Self::Error>;
    /// The number of a stored change.
    fn change(&self, document: DocumentId, hash: Head) -> Result<Option<u64>, Self::Error>;
    /// The raw changes of a document, in number order.
    fn stored(&self, document: DocumentId) -> Result<Vec<Vec<u8>>, Self::Error>;
    /// Appends an act and brings what it changes up to date.
    fn append_act(&mut self, signed: &SignedAct, act: &Act, by: PersonId) -> Result<u64, Self::Error>;
    /// Appends a change; `class` and `heads` are the document's from now on.
    fn append_change(
        &mut self,
        change: &SignedChange,
        class: Class,
        heads: &[Head],
        by: PersonId,
    ) -> Result<u64, Self::Error>;
}

/// What the relay knows of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Whose it is.
    pub person: PersonId,
    /// Its key.
    pub key: PublicKey,
    /// It may do nothing any more.
    pub revoked: bool,
}

/// A piece as one person stands to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceFacts {
    /// The piece.
    pub piece: access::Piece,
    /// What she is in the circle of each folio it lies in.
    pub memberships: BTreeMap<FolioId, Membership>,
    /// A role of hers in one of those circles has ended.
    pub role_ended: bool,
    /// Someone other than the maker wrote on it.
    pub others_wrote: bool,
    /// Its acts so far, in number order.
    pub acts: Vec<(ActId, Act)>,
}

/// A folio as one person stands to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolioFacts {
    /// Whose.
    pub student: PersonId,
    /// In which project.
    pub project: Option<ProjectId>,
    /// What she is in its circle.
    pub membership: Membership,
    /// She has a folio of her own in the same project, in the same group.
    pub same_project: bool,
    /// A role of hers in the circle has ended.
    pub role_ended: bool,
}

/// A stored document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFacts {
    /// What it is read as, since its first change.
    pub class: Class,
    /// Its heads, ascending.
    pub heads: Vec<Head>,
}

/// Whether someone is a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Student {
    /// No.
    No,
    /// Yes, among other things.
    Also,
    /// Yes, and nothing else.
    Only,
}

/// Whether an act's id is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Free.
    Free,
    /// By the same body, under this number.
    Same(u64),
    /// By something else.
    Other,
}

/// Where changes are tried. The trial parses bytes from outside and may panic: an implementation contains that.
pub trait TrialRoom {
    /// Tries `new` on a document of `stored` changes.
    fn trial(&self, stored: &[Vec<u8>], new: &[&SignedChange]) -> Result<Tried, Unfit>;
}

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// The person.
    pub person: PersonId,
    /// Her device.
    pub device: DeviceId,
}

/// An item that is ready for [`commit`].
#[derive(Debug, Clone)]
pub enum Prepared {
    /// Decided already.
    Settled(Verdict),
    /// An act whose signature held.
    Act(Box<(SignedAct, Act)>),
    /// One of the changes of a document that were tried together; they are committed with the last of them.
    Change(usize),
}

/// An exchange's items, ready for [`commit`].
#[derive(Debug, Clone, Default)]
pub struct Batch {
    items: Vec<Prepared>,
    groups: Vec<Group>,
}

#[derive(Debug, Clone)]
struct Group {
    document: DocumentId,
    /// Positions among the items, with the changes.
    changes: Vec<(usize, SignedChange)>,
    before: Vec<Head>,
    after: Vec<Head>,
}

/// Items whose signatures held, with what is stored of the documents they change: ready to be tried.
#[derive(Debug, Clone, Default)]
pub struct Untried {
    batch: Batch,
    documents: Vec<(DocumentId, Vec<Vec<u8>>, Vec<(usize, SignedChange)>)>,
}

/// Trials that fail in one exchange before the rest is put off: an honest device has none.
const FAILED_TRIALS: u32 = 40;

impl Untried {
    /// Tries all changes. Needs no ledger, so nobody waits for a connection meanwhile.
    pub fn try_all(self, room: &impl TrialRoom) -> Batch {
        let mut batch = self.batch;
        let mut patience = FAILED_TRIALS;
        for (document, stored, changes) in self.documents {
            try_document(room, document, stored, changes, &mut batch, &mut patience);
        }
        batch
    }
}

/// Checks all that needs no lock but reads the log: known hashes, sizes, signatures.
pub fn prepare<L: Ledger>(ledger: &L, asker: Asker, items: Vec<Item>) -> Result<Untried, L::Error> {
    let mut batch = Batch::default();
    let mut by_document: BTreeMap<DocumentId, Vec<(usize, SignedChange)>> = BTreeMap::new();
    for (position, item) in items.into_iter().enumerate() {
        let prepared = match item {
            Item::Act(signed) => prepare_act(ledger, asker, signed)?,
            Item::Change(change) => match prepare_change(ledger, asker, &change)? {
                Some(verdict) => Prepared::Settled(verdict),
                None => {
                    by_document.entry(change.document).or_default().push((position, change));
                    Prepared::Settled(Verdict::Busy)
                }
            },
        };
        batch.items.push(prepared);
    }
    let mut documents = Vec::with_capacity(by_document.len());
    for (document, changes) in by_document {
        documents.push((document, ledger.stored(document)?, changes));
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
fn try_document(
    room: &impl TrialRoom,
    document: DocumentId,
    mut stored: Vec<Vec<u8>>,
    changes: Vec<(usize, SignedChange)>,
    batch: &mut Batch,
    patience: &mut u32,
) {
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

/// Decides on each item and appends what is taken. Runs under the single writer; what it appends is acknowledged only
/// after the caller's commit is on disk.
pub fn commit<L: Ledger>(ledger: &mut L, asker: Asker, batch: &Batch) -> Result<Vec<Verdict>, L::Error> {
    let mut verdicts = vec![Verdict::Busy; batch.items.len()];
    let alive = ledger.device(asker.device)?.is_some_and(|device| !device.revoked);
    for (position, item) in batch.items.iter().enumerate() {
        match item {
            _ if !alive => verdicts[position] = Verdict::RoleEnded,
            Prepared::Settled(verdict) => verdicts[position] = verdict.clone(),
            Prepared::Act(act) => verdicts[position] = commit_act(ledger, asker, &act.0, &act.1)?,
            Prepared::Change(number) => {
                let Some(group) = batch.groups.get(*number) else { continue };
                if group.changes.last().is_some_and(|(last, _)| *last == position) {
                    commit_group(ledger, asker, group, &mut verdicts)?;
                }
            }
        }
    }
    Ok(verdicts)
}

fn commit_act<L: Ledger>(
    ledger: &mut L,
    asker: Asker,
    signed: &SignedAct,
    act: &Act,
) -> Result<Verdict, L::Error> {
    match ledger.taken(signed.id, act)? {
        Taken::Same(n) => return Ok(Verdict::Known(n)),
        Taken::Other => return Ok(Verdict::IdTaken),
        Taken::Free => {}
    }
    if ledger.device(signed.device)?.is_none_or(|device| device.revoked) {
        return Ok(Verdict::RoleEnded);
    }
    if let Some(refusal) = refuse_act(ledger, asker, signed.id, act)? {
        return Ok(refusal);
    }
    if ledger.used_bytes(asker.person)? > MAX_PERSON_BYTES {
        return Ok(Verdict::OverQuota);
    }
    Ok(Verdict::Stored(ledger.append_act(signed, act, asker.person)?))
}

/// The most folios one piece lies in.
const MAX_PLACEMENTS: usize = 60;
/// The most acts one piece has.
const MAX_ACTS: usize = 200;
/// The most bytes of acts and changes that one person stores: years of work, and no way to fill a disk.
const MAX_PERSON_BYTES: u64 = 256 * 1024 * 1024;

fn refuse_act<L: Ledger>(
    ledger: &L,
    asker: Asker,
    id: ActId,
    act: &Act,
) -> Result<Option<Verdict>, L::Error> {
    Ok(match act {
        Act::DeclareProject { .. } => None,
        Act::DeclareFolio { student, project } => {
            if *student != asker.person || ledger.is_student(asker.person)? == Student::No {
                return Ok(Some(Verdict::NotInCircle));
            }
            match project {
                None => None,
                Some(project) => match ledger.project_is_open(*project)? {
                    None => Some(Verdict::MissingAct),
                    Some(true) => None,
                    Some(false) => Some(Verdict::NotInCircle),
                },
            }
        }
        Act::DeclarePiece { maker, kind, .. } => {
            let observes =
                *kind == PieceKind::Observation && ledger.is_student(asker.person)? == Student::Only;
            (*maker != asker.person || observes).then_some(Verdict::NotInCircle)
        }
        Act::Place { piece, folio } => {
            let Some(facts) = ledger.piece(*piece, asker.person)? else {
                return Ok(Some(Verdict::MissingAct));
            };
            let Some(folio) = ledger.folio(*folio, asker.person)? else {
                return Ok(Some(Verdict::MissingAct));
            };
            if facts.piece.maker != asker.person {
                Some(Verdict::NotInCircle)
            } else if facts.piece.placements.len() >= MAX_PLACEMENTS || facts.acts.len() >= MAX_ACTS {
                Some(Verdict::TooLarge)
            } else if access::may_place(asker.person, folio.student, folio.membership, folio.same_project) {
                None
            } else {
                Some(if folio.role_ended { Verdict::RoleEnded } else { Verdict::NotInCircle })
            }
        }
        Act::Share { piece, .. } | Act::Unshare { piece, .. } => {
            refuse_sharing(ledger, asker, *piece, id, act)?
        }
    })
}

/// A piece can be widened and narrowed. Once others have written on it, it can't be taken away from its teachers any
/// more, by whatever act: what counts is what the shares would add up to.

fn refuse_sharing<L: Ledger>(
    ledger: &L,
    asker: Asker,
    piece: PieceId,
    id: ActId,
    act: &Act,
) -> Result<Option<Verdict>, L::Error> {
    let Some(facts) = ledger.piece(piece, asker.person)? else { return Ok(Some(Verdict::MissingAct)) };
    if facts.piece.maker != asker.person {
        return Ok(Some(Verdict::NotInCircle));
    }
    if facts.acts.len() >= MAX_ACTS {
        return Ok(Some(Verdict::TooLarge));
    }
    let reached = |audience: Option<crate::model::role::Roles>| {
        audience.is_some_and(|audience| audience.contains(Role::Teacher))
    };
    let with_it = facts.acts.iter().map(|(id, act)| (*id, act)).chain([(id, act)]);
    let takes_away = reached(facts.piece.audience) && !reached(audience(with_it));
    Ok((facts.others_wrote && takes_away).then_some(Verdict::TooLate))
}

fn commit_group<L: Ledger>(
    ledger: &mut L,
    asker: Asker,
    group: &Group,
    verdicts: &mut [Verdict],
) -> Result<(), L::Error> {
    let mut answer_all = |verdict: Verdict| {
        for (position, _) in &group.changes {
            verdicts[*position] = verdict.clone();
        }
    };
    let document = ledger.document(group.document)?;
    let heads = document.as_ref().map_or_else(|| group.before.clone(), |document| document.heads.clone());
    if heads != group.before {
        answer_all(Verdict::Busy);
        return Ok(());
    }
    let class = match class_of(ledger, asker, group.document, document.map(|document| document.class))? {
        Ok(class) => class,
        Err(refusal) => {
            answer_all(refusal);
            return Ok(());
        }
    };
    if ledger.used_bytes(asker.person)? > MAX_PERSON_BYTES {
        answer_all(Verdict::OverQuota);
        return Ok(());
    }
    for (_, change) in &group.changes {
        if ledger.device(change.device)?.is_none_or(|device| device.revoked) {
            answer_all(Verdict::RoleEnded);
            return Ok(());
        }
    }
    for (position, change) in &group.changes {
        let n = ledger.append_change(change, class, &group.after, asker.person)?;
        verdicts[*position] = Verdict::Stored(n);
    }
    Ok(())
}

/// What the asker may write this document as. A voice keeps the class of its first change, so it is open only while its
/// author holds that very role: a parent who once taught does not judge on.
fn class_of<L: Ledger>(
    ledger: &L,
    asker: Asker,
    document: DocumentId,
    fixed: Option<Class>,
) -> Result<Result<Class, Verdict>, L::Error> {
    let Some(facts) = ledger.piece(document.piece, asker.person)? else {
        return Ok(Err(Verdict::MissingAct));
    };
    let circles = |folio: FolioId, _: PersonId| facts.memberships.get(&folio).copied().unwrap_or_default();
    let class = match document.author() {
        None => facts.piece.may_write_content(&circles, asker.person).then_some(Class::Content),
        Some(author) if author == asker.person => {
            let roles = facts.piece.speaks_as(&circles, asker.person, document.about());
            match fixed {
                None => roles.iter().next().map(Class::Voice),
                Some(fixed) => roles.iter().map(Class::Voice).find(|class| *class == fixed),
            }
        }
        Some(_) => None,
    };
    let has_ended = facts.role_ended || fixed.is_some();
    Ok(class.ok_or(if has_ended { Verdict::RoleEnded } else { Verdict::NotInCircle }))
}

/// The trial itself, for an implementation of [`TrialRoom`] to call where a panic is contained.
pub fn try_changes(stored: &[Vec<u8>], new: &[&SignedChange]) -> Result<Tried, Unfit> {
    use crate::document::ParsedChange;
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
