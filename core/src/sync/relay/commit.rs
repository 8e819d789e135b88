//! What is decided under the single writer: who may, on what the log says now.

use crate::access;
use crate::ids::{ActId, DocumentId, FolioId, PersonId, PieceId};
use crate::model::act::{Act, SignedAct, audience};
use crate::model::piece::PieceKind;
use crate::model::role::{Class, Role};
use crate::sync::wire::Verdict;

use super::prepare::{Batch, Group, Prepared};
use super::{Asker, Ledger, Student, Taken};

/// Decides on each item and appends what is taken. Runs under the single writer; what it appends is acknowledged only
/// after the caller's commit is on disk.
pub fn commit<L: Ledger>(ledger: &mut L, asker: Asker, batch: &Batch) -> Result<Vec<Verdict>, L::Error> {
    let mut verdicts = vec![Verdict::Busy; batch.items.len()];
    let alive = ledger.device(asker.device)?.is_some_and(|device| !device.revoked);
    for (position, item) in batch.items.iter().enumerate() {
        match item {
            _ if !alive => verdicts[position] = Verdict::RoleEnded,
            Prepared::Settled(verdict) => verdicts[position] = verdict.clone(),
            // Answered below, like the one it repeats.
            Prepared::Again(_) => {}
            Prepared::Act(act) => verdicts[position] = commit_act(ledger, asker, &act.0, &act.1)?,
            Prepared::Change(number) => {
                let Some(group) = batch.groups.get(*number) else { continue };
                if group.changes.last().is_some_and(|(last, _)| *last == position) {
                    commit_group(ledger, asker, group, &mut verdicts)?;
                }
            }
        }
    }
    for (position, item) in batch.items.iter().enumerate() {
        if let Prepared::Again(first) = item {
            verdicts[position] = match &verdicts[*first] {
                Verdict::Stored(n) => Verdict::Known(*n),
                other => other.clone(),
            };
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
    // A voice of hers that is there was begun while she held a role.
    let had_one = fixed.is_some() && document.author() == Some(asker.person);
    let has_ended = facts.role_ended || had_one;
    Ok(class.ok_or(if has_ended { Verdict::RoleEnded } else { Verdict::NotInCircle }))
}
