//! Where a piece may lie: placing it, offering it, accepting an offer, taking it out.

use std::collections::BTreeSet;

use crate::access::{self, Placing, Stays, TakingOut};
use crate::ids::{ActId, FolioId, PersonId, PieceId};
use crate::model::act::Act;
use crate::model::placing::standing_in;
use crate::sync::budget;
use crate::sync::wire::Verdict;

use super::{Asker, FolioFacts, Ledger, PieceFacts, Student};

/// What an act takes out of a folio.
pub(super) struct Taking<'a> {
    pub(super) piece: PieceId,
    pub(super) folio: FolioId,
    pub(super) replaces: &'a [ActId],
    pub(super) to: Option<FolioId>,
}

/// The piece and the folio that an act is about, if both are here. What the log that was lost had taken is looked at with the
/// parts of then.
fn facts<L: Ledger>(
    ledger: &L,
    asker: Asker,
    piece: PieceId,
    folio: FolioId,
    lost: Option<u64>,
) -> Result<Option<(PieceFacts, FolioFacts)>, L::Error> {
    let Some(piece) = ledger.piece(piece, asker.person)? else { return Ok(None) };
    let Some(mut there) = ledger.folio(folio, asker.person)? else { return Ok(None) };
    if let (Some(lost), Some(forked_at)) = (lost, ledger.forked_at()?)
        && lost > forked_at
    {
        there.membership = ledger.membership_before(folio, asker.person, lost)?;
    }
    Ok(Some((piece, there)))
}

impl PieceFacts {
    /// The acts that put it in this folio or offer it there, and stand.
    fn standing_in(&self, folio: FolioId) -> Vec<ActId> {
        standing_in(self.acts.iter().map(|known| (known.id, &known.act)), folio)
    }

    /// Did somebody else than its maker take it out of this folio?
    fn was_sent_away(&self, folio: FolioId) -> bool {
        self.acts.iter().any(|known| {
            known.by != self.piece.maker
                && matches!(&known.act, Act::Unplace { folio: from, to: None, .. } if *from == folio)
        })
    }

    /// A piece lies in one folio of a student.
    fn lies_elsewhere(&self, student: PersonId, folio: FolioId) -> bool {
        self.piece.placement_of(student).is_some_and(|placement| placement.folio != folio)
    }

    fn is_full(&self, folio: FolioId) -> bool {
        self.piece.placements.len() + self.piece.offers.len() >= budget::PLACEMENTS
            || self.acts.len() >= budget::ACTS_OF_A_PIECE
            || self.standing_in(folio).len() >= budget::PLACINGS_OF_A_FOLIO
    }
}

fn not_hers(there: &FolioFacts) -> Verdict {
    if there.role_ended { Verdict::RoleEnded } else { Verdict::NotInCircle }
}

pub(super) fn refuse_place<L: Ledger>(
    ledger: &L,
    asker: Asker,
    piece: PieceId,
    folio: FolioId,
    lost: Option<u64>,
) -> Result<Option<Verdict>, L::Error> {
    let Some((facts, there)) = facts(ledger, asker, piece, folio, lost)? else {
        return Ok(Some(Verdict::MissingAct));
    };
    let may = access::may_place(asker.person, there.student, there.membership, there.tie);
    // Who works together brings each other's work; what was sent away comes back only when it is accepted.
    let is_back = there.student != asker.person
        && ledger.is_student(asker.person)? != Student::No
        && facts.was_sent_away(folio);
    Ok(if facts.piece.maker != asker.person {
        Some(Verdict::NotInCircle)
    } else if facts.lies_elsewhere(there.student, folio) {
        Some(Verdict::IdTaken)
    } else if facts.is_full(folio) {
        Some(Verdict::TooLarge)
    } else if may == Placing::Now && !is_back {
        None
    } else {
        Some(not_hers(&there))
    })
}

pub(super) fn refuse_offer<L: Ledger>(
    ledger: &L,
    asker: Asker,
    piece: PieceId,
    folio: FolioId,
    lost: Option<u64>,
) -> Result<Option<Verdict>, L::Error> {
    let Some((facts, there)) = facts(ledger, asker, piece, folio, lost)? else {
        return Ok(Some(Verdict::MissingAct));
    };
    let offers = |act: &Act| matches!(act, Act::Offer { folio: to, .. } if *to == folio);
    let made = facts.acts.iter().filter(|known| offers(&known.act)).count();
    Ok(if facts.piece.maker != asker.person {
        Some(Verdict::NotInCircle)
    } else if access::may_place(asker.person, there.student, there.membership, there.tie) == Placing::No {
        Some(not_hers(&there))
    } else if facts.lies_elsewhere(there.student, folio) {
        Some(Verdict::IdTaken)
    } else if facts.is_full(folio)
        || made >= budget::OFFERS
        || ledger.open_offers(folio, asker.person)? >= budget::OPEN_OFFERS
    {
        Some(Verdict::TooLarge)
    } else {
        None
    })
}

pub(super) fn refuse_accept<L: Ledger>(
    ledger: &L,
    asker: Asker,
    piece: PieceId,
    offer: ActId,
    lost: Option<u64>,
) -> Result<Option<Verdict>, L::Error> {
    let Some(known) = ledger.piece(piece, asker.person)? else { return Ok(Some(Verdict::MissingAct)) };
    let offered = known.acts.iter().find_map(|act| match (&act.act, act.id == offer) {
        (Act::Offer { folio, .. }, true) => Some(*folio),
        _ => None,
    });
    let Some(folio) = offered else { return Ok(Some(Verdict::MissingAct)) };
    let Some((facts, there)) = facts(ledger, asker, piece, folio, lost)? else {
        return Ok(Some(Verdict::MissingAct));
    };
    Ok(if !access::may_answer_offer(asker.person, there.student, there.membership) {
        Some(not_hers(&there))
    } else if !facts.standing_in(folio).contains(&offer) {
        Some(Verdict::TooLate)
    } else if facts.lies_elsewhere(there.student, folio) {
        Some(Verdict::IdTaken)
    } else if facts.acts.len() >= budget::ACTS_OF_A_PIECE {
        Some(Verdict::TooLarge)
    } else {
        None
    })
}

pub(super) fn refuse_taking_out<L: Ledger>(
    ledger: &L,
    asker: Asker,
    taking: &Taking<'_>,
    lost: Option<u64>,
) -> Result<Option<Verdict>, L::Error> {
    let Some((known, there)) = facts(ledger, asker, taking.piece, taking.folio, lost)? else {
        return Ok(Some(Verdict::MissingAct));
    };
    let to = match taking.to {
        None => None,
        Some(to) => match facts(ledger, asker, taking.piece, to, lost)? {
            None => return Ok(Some(Verdict::MissingAct)),
            Some((_, to)) => Some(to),
        },
    };
    let maker = known.piece.maker;
    let taking_out = TakingOut {
        maker,
        student: there.student,
        maker_is_student: ledger.is_student(maker)? != Student::No,
        is_judged: ledger.is_judged(taking.piece, there.student)?,
        to_project: to.as_ref().is_some_and(|to| to.project.is_some()),
    };
    match taking_out.check(asker.person, there.membership) {
        Ok(()) => {}
        Err(Stays::NotHers) => return Ok(Some(not_hers(&there))),
        Err(Stays::Judged) => return Ok(Some(Verdict::TooLate)),
    }
    let standing: BTreeSet<ActId> = known.standing_in(taking.folio).into_iter().collect();
    let takes_something = taking.replaces.iter().any(|id| standing.contains(id));
    if let (Some(folio), Some(to)) = (taking.to, to) {
        let lies_here =
            known.piece.placement_of(there.student).is_some_and(|placement| placement.folio == taking.folio);
        let may = to.student == there.student
            && access::may_place(asker.person, to.student, to.membership, to.tie) == Placing::Now;
        if !may || folio == taking.folio {
            return Ok(Some(not_hers(&to)));
        }
        if !lies_here || !takes_something {
            return Ok(Some(Verdict::TooLate));
        }
        if known.acts.len() >= budget::ACTS_OF_A_PIECE {
            return Ok(Some(Verdict::TooLarge));
        }
    }
    // Nobody is kept from taking something out of her folio by how many acts there are.
    let is_full = known.acts.len() >= budget::ACTS_OF_A_PIECE;
    Ok((is_full && !takes_something).then_some(Verdict::TooLarge))
}
