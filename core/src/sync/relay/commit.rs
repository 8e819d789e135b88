//! What is decided under the single writer: who may, on what the log says now.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Membership;
use crate::ids::{ActId, DeviceId, DocumentId, FolioId, Part, PersonId, PieceId, Writer};
use crate::model::act::{Act, audience};
use crate::model::piece::Makers;
use crate::model::role::{Class, Role};
use crate::sync::budget;
use crate::sync::wire::Verdict;

use super::placing::{self, Taking};
use super::prepare::{Batch, Group, Prepared, SentAct};
use super::{Asker, Ledger, Student, Taken};

/// Decides on each item and appends what is taken. Runs under the single writer; what it appends is acknowledged only
/// after the caller's commit is on disk.
pub fn commit<L: Ledger>(ledger: &mut L, asker: Asker, batch: &Batch) -> Result<Vec<Verdict>, L::Error> {
    let mut verdicts = vec![Verdict::Busy; batch.items.len()];
    let alive = ledger.device(asker.device)?.is_some_and(|device| !device.revoked && !device.locked);
    for (position, item) in batch.items.iter().enumerate() {
        match item {
            _ if !alive => verdicts[position] = Verdict::RoleEnded,
            Prepared::Settled(verdict) => verdicts[position] = verdict.clone(),
            // Answered below, like the one it repeats.
            Prepared::Again(_) => {}
            Prepared::Act(sent) => {
                let lost = batch.lost.get(&position).copied();
                verdicts[position] = commit_act(ledger, asker, sent, lost)?;
            }
            Prepared::Change(number) => {
                let Some(group) = batch.groups.get(*number) else { continue };
                if group.changes.last().is_some_and(|(last, _)| *last == position) {
                    commit_group(ledger, asker, group, &batch.lost, &mut verdicts)?;
                }
            }
        }
    }
    for (position, item) in batch.items.iter().enumerate() {
        if let Prepared::Again(first) = item {
            let first = verdicts[*first].clone();
            verdicts[position] = if let Verdict::Stored(n) = first { Verdict::Known(n) } else { first };
        }
    }
    Ok(verdicts)
}

fn commit_act<L: Ledger>(
    ledger: &mut L,
    asker: Asker,
    sent: &SentAct,
    lost: Option<u64>,
) -> Result<Verdict, L::Error> {
    let SentAct { signed, act, author } = sent;
    let author = Asker { person: *author, device: signed.device };
    if let Some(piece) = act.piece()
        && ledger.is_erased(piece)?
    {
        return Ok(Verdict::Erased);
    }
    match ledger.taken(signed.id, act)? {
        Taken::Same(n) => return Ok(Verdict::Known(n)),
        Taken::Other => return Ok(Verdict::IdTaken),
        Taken::Free => {}
    }
    if !is_still_good(ledger, asker, signed.device, lost)? {
        return Ok(Verdict::RoleEnded);
    }
    let lost = lost.filter(|_| is_witness(asker, author.person));
    if let Some(refusal) = refuse_act(ledger, author, signed.id, act, lost)? {
        return Ok(refusal);
    }
    // To take something back is never refused for want of room.
    let takes_back = matches!(act, Act::Erase { .. } | Act::Unshare { .. } | Act::Unplace { .. });
    if !takes_back && ledger.quota(author.person)?.is_used_up() {
        return Ok(Verdict::OverQuota);
    }
    Ok(Verdict::Stored(ledger.append_act(signed, act, author.person)?))
}

/// Was this number given in a log that was lost, as a witness says?
fn was_in<L: Ledger>(ledger: &L, lost: Option<u64>) -> Result<bool, L::Error> {
    Ok(match lost {
        Some(lost) => ledger.forked_at()?.is_some_and(|forked_at| lost > forked_at),
        None => false,
    })
}

/// The number that an item had in a lost log is only said by whoever brings it. Nobody is believed about her own: she could
/// write on, long after her part ended, under a number from before. Others have it because the lost log told them.
fn is_witness(asker: Asker, author: PersonId) -> bool {
    asker.person != author
}

/// What a device made counts while it is not revoked; and what a log that was lost had taken before the revocation, by the
/// word of another device of the same person, or of one of the staff: whoever has the key of a revoked device could write
/// with it under any number, and would only need somebody to bring it.
fn is_still_good<L: Ledger>(
    ledger: &L,
    asker: Asker,
    device: DeviceId,
    lost: Option<u64>,
) -> Result<bool, L::Error> {
    let Some(facts) = ledger.device(device)? else { return Ok(false) };
    if !facts.revoked {
        return Ok(true);
    }
    if asker.person != facts.person && !ledger.is_staff(asker.person)? {
        return Ok(false);
    }
    let forked_at = ledger.forked_at()?;
    Ok(match (lost, facts.revoked_at, forked_at) {
        (Some(lost), Some(revoked), Some(forked)) => forked < lost && lost < revoked,
        _ => false,
    })
}

fn refuse_act<L: Ledger>(
    ledger: &L,
    asker: Asker,
    id: ActId,
    act: &Act,
    lost: Option<u64>,
) -> Result<Option<Verdict>, L::Error> {
    let begins = matches!(
        act,
        Act::DeclareProject { .. }
            | Act::DeclareFolio { .. }
            | Act::DeclarePiece { .. }
            | Act::Place { .. }
            | Act::Offer { .. }
    );
    if begins && !was_in(ledger, lost)? && !ledger.may_begin(asker.person)? {
        return Ok(Some(Verdict::RoleEnded));
    }
    Ok(match act {
        Act::DeclareProject { .. } => {
            (ledger.own_projects(asker.person)? >= budget::OWN_FOLIOS).then_some(Verdict::TooLarge)
        }
        Act::DeclareFolio { student, project } => {
            if *student != asker.person || ledger.is_student(asker.person)? == Student::No {
                return Ok(Some(Verdict::NotInCircle));
            }
            match project {
                None => None,
                Some(_) if ledger.own_folios(*student)? >= budget::OWN_FOLIOS => Some(Verdict::TooLarge),
                Some(project) => match ledger.project_is_open(*project)? {
                    None => Some(Verdict::MissingAct),
                    Some(true) => None,
                    Some(false) => Some(Verdict::NotInCircle),
                },
            }
        }
        Act::DeclarePiece { maker, kind, .. } => {
            let may = match kind.rules().makers {
                Makers::Anyone => true,
                Makers::Adults => ledger.is_student(asker.person)? != Student::Only,
                // A kind of a newer version: what holds for it is not known here.
                Makers::Nobody => return Ok(Some(Verdict::NotUnderstood)),
            };
            (*maker != asker.person || !may).then_some(Verdict::NotInCircle)
        }
        Act::Place { piece, folio } => placing::refuse_place(ledger, asker, *piece, *folio, lost)?,
        Act::Offer { piece, folio } => placing::refuse_offer(ledger, asker, *piece, *folio, lost)?,
        Act::Accept { piece, offer } => placing::refuse_accept(ledger, asker, *piece, *offer, lost)?,
        Act::Unplace { piece, folio, replaces, to } => {
            let taking = Taking { piece: *piece, folio: *folio, replaces, to: *to };
            placing::refuse_taking_out(ledger, asker, &taking, lost)?
        }
        Act::Share { piece, .. } | Act::Unshare { piece, .. } => {
            refuse_sharing(ledger, asker, *piece, id, act)?
        }
        Act::Erase { piece } => match ledger.piece(*piece, asker.person)? {
            None => Some(Verdict::MissingAct),
            Some(facts) if facts.piece.maker != asker.person => Some(Verdict::NotInCircle),
            // What others said is theirs, too: the school decides.
            Some(facts) => facts.others_wrote.then_some(Verdict::TooLate),
        },
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
    if facts.acts.len() >= budget::ACTS_OF_A_PIECE {
        return Ok(Some(Verdict::TooLarge));
    }
    let reached = |audience: Option<crate::model::role::Roles>| {
        audience.is_some_and(|audience| audience.contains(Role::Teacher))
    };
    let with_it = facts.acts.iter().map(|known| (known.id, &known.act)).chain([(id, act)]);
    let takes_away = reached(facts.piece.audience) && !reached(audience(with_it));
    Ok((facts.others_wrote && takes_away).then_some(Verdict::TooLate))
}

fn commit_group<L: Ledger>(
    ledger: &mut L,
    asker: Asker,
    group: &Group,
    lost: &BTreeMap<usize, u64>,
    verdicts: &mut [Verdict],
) -> Result<(), L::Error> {
    let author = group.author;
    let mut answer_all = |verdict: Verdict| {
        for (position, _) in &group.changes {
            verdicts[*position] = verdict.clone();
        }
    };
    if ledger.is_erased(group.document.piece)? {
        answer_all(Verdict::Erased);
        return Ok(());
    }
    let document = ledger.document(group.document)?;
    let held = ledger.held(group.document)?;
    let stored = document.as_ref().map(|document| &document.heads);
    let heads = held.as_ref().map(|held| &held.heads).or(stored);
    if heads.is_some_and(|heads| *heads != group.before) {
        answer_all(Verdict::Busy);
        return Ok(());
    }
    let lost_at = group.changes.iter().map(|(position, _)| lost.get(position).copied()).min().flatten();
    let lost_at = lost_at.filter(|_| is_witness(asker, author));
    let fixed = document.map(|document| document.class);
    let permit = class_of(ledger, author, group.document, fixed, lost_at)?;
    let refusal = match &permit {
        Permit::Refused(refusal) => Some(refusal.clone()),
        // Before anything new, what is held back of it is released.
        Permit::Write(_) if held.is_some() => Some(Verdict::Busy),
        Permit::Write(_) | Permit::Late(_) if ledger.quota(author)?.is_used_up() => Some(Verdict::OverQuota),
        Permit::Write(_) | Permit::Late(_) if names_too_many(ledger, group)? => Some(Verdict::TooLarge),
        Permit::Write(_) | Permit::Late(_) => None,
    };
    if let Some(refusal) = refusal {
        answer_all(refusal);
        return Ok(());
    }
    let mut refused = Vec::new();
    for (position, change) in &group.changes {
        if !is_still_good(ledger, asker, change.device, lost.get(position).copied())? {
            refused.push((*position, Verdict::RoleEnded));
        } else if is_another_persons(ledger, group.document, change.actor, author)? {
            refused.push((*position, Verdict::ActorTaken));
        }
    }
    if !refused.is_empty() {
        // What her other devices made is tried again without it.
        answer_all(Verdict::Busy);
        refused.into_iter().for_each(|(position, verdict)| verdicts[position] = verdict);
        return Ok(());
    }
    for (position, change) in &group.changes {
        verdicts[*position] = match &permit {
            Permit::Write(class) => {
                Verdict::Stored(ledger.append_change(change, *class, &group.after, author)?)
            }
            Permit::Late(class) => {
                ledger.hold(change, *class, &group.after, author)?;
                Verdict::Quarantined
            }
            Permit::Refused(refusal) => refusal.clone(),
        };
    }
    Ok(())
}

/// Is this an actor that somebody else writes under? In a sheet that several people write to, each is one person's, so
/// that what stands under it can be told to be hers.
fn is_another_persons<L: Ledger>(
    ledger: &L,
    document: DocumentId,
    actor: [u8; 16],
    author: PersonId,
) -> Result<bool, L::Error> {
    let owner = match document.writer() {
        Writer::Circle => ledger.actor_owner(document, actor)?,
        Writer::Maker | Writer::One(_) | Writer::Unknown => None,
    };
    Ok(owner.is_some_and(|owner| owner != author))
}

/// Would the document name more files than it may?
fn names_too_many<L: Ledger>(ledger: &L, group: &Group) -> Result<bool, L::Error> {
    let new: BTreeSet<_> = group.changes.iter().flat_map(|(_, change)| &change.blobs).collect();
    Ok(!new.is_empty()
        && ledger.named_files(group.document)?.saturating_add(new.len() as u64) > budget::FILES_OF_A_DOCUMENT)
}

/// What the author of a change may do with it.
pub(super) enum Permit {
    /// It is taken, and read as this.
    Write(Class),
    /// She could a short while ago: it is held back, and would be read as this.
    Late(Class),
    /// It is not taken.
    Refused(Verdict),
}

/// What the asker may write this document as. A voice keeps the class of its first change, so it is open only while its
/// author holds that very role: a parent who once taught does not judge on.
pub(super) fn class_of<L: Ledger>(
    ledger: &L,
    writer: PersonId,
    document: DocumentId,
    fixed: Option<Class>,
    lost: Option<u64>,
) -> Result<Permit, L::Error> {
    let Some(facts) = ledger.piece(document.piece, writer)? else {
        return Ok(Permit::Refused(Verdict::MissingAct));
    };
    let class_in = |memberships: &BTreeMap<FolioId, Membership>| {
        let circles = |folio: FolioId, _: PersonId| memberships.get(&folio).copied().unwrap_or_default();
        match document.part {
            Part::Content => facts.piece.may_write_content(&circles, writer).then_some(Class::Content),
            Part::Shared => facts.piece.may_write_shared(&circles, writer).then_some(Class::Shared),
            Part::Voice { author, about } if author == writer => {
                let roles = facts.piece.speaks_as(&circles, writer, about);
                match fixed {
                    None => roles.iter().next().map(Class::Voice),
                    Some(fixed) => roles.iter().map(Class::Voice).find(|class| *class == fixed),
                }
            }
            Part::Voice { .. } | Part::Newer { .. } => None,
        }
    };
    if let Some(class) = class_in(&facts.memberships) {
        // What lies nowhere is its maker's alone, and nobody else's business: it needs somebody who belongs here.
        if facts.piece.placements.is_empty() && !was_in(ledger, lost)? && !ledger.may_begin(writer)? {
            return Ok(Permit::Refused(Verdict::RoleEnded));
        }
        return Ok(Permit::Write(class));
    }
    let folios = || facts.piece.placements.iter().map(|placement| placement.folio);
    // A log that was lost had taken it, and her part ended only after that.
    if let (Some(lost), Some(forked_at)) = (lost, ledger.forked_at()?)
        && lost > forked_at
    {
        let then = folios().map(|folio| Ok((folio, ledger.membership_before(folio, writer, lost)?)));
        if let Some(class) = class_in(&then.collect::<Result<_, _>>()?) {
            return Ok(Permit::Write(class));
        }
    }
    let lately = folios().map(|folio| Ok((folio, ledger.membership_lately(folio, writer)?)));
    if let Some(class) = class_in(&lately.collect::<Result<_, _>>()?) {
        let (changes, bytes) = ledger.held_of(writer)?;
        let there_is_room = changes < budget::HELD && bytes < budget::HELD_BYTES;
        return Ok(if there_is_room { Permit::Late(class) } else { Permit::Refused(Verdict::OverQuota) });
    }
    // A voice of hers that is there was begun while she held a role.
    let had_one = fixed.is_some() && document.author() == Some(writer);
    let has_ended = facts.role_ended || had_one;
    Ok(Permit::Refused(if has_ended { Verdict::RoleEnded } else { Verdict::NotInCircle }))
}
