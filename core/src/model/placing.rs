//! Where a piece lies, and where it is offered: what its acts add up to, in whatever order they came.

use std::collections::{BTreeMap, BTreeSet};

use super::act::Act;
use crate::ids::{ActId, FolioId};

/// Where a piece lies and where it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// The folios it lies in.
    pub folios: BTreeSet<FolioId>,
    /// The folios it is offered to and was not accepted in, with the offers.
    pub offers: BTreeMap<FolioId, BTreeSet<ActId>>,
}

/// Where a piece lies, by its acts: in a folio that an act puts it in (a placement, an accepted offer, a move to it) and no
/// [`Act::Unplace`] took it out of again. An `Unplace` undoes the acts that it names, as far as they are about its folio; one
/// that moves the piece undoes every placement in the folio it moves it from. `undone` names acts that count as taken back
/// though the act that did so is not here.
pub fn places<'a>(
    acts: impl IntoIterator<Item = (ActId, &'a Act)> + Clone,
    undone: &BTreeSet<ActId>,
) -> Places {
    let standing = standing(acts.clone(), undone);
    let (mut accepted, mut moved_from) = (BTreeSet::new(), BTreeSet::new());
    for (_, act) in acts {
        if let Act::Accept { offer, .. } = act {
            accepted.insert(*offer);
        }
    }
    for (_, act) in &standing {
        if let Act::Unplace { folio, to: Some(_), .. } = act {
            moved_from.insert(*folio);
        }
    }
    let mut places = Places::default();
    for (id, act) in standing {
        let Some(folio) = act.puts_in() else { continue };
        let is_move = matches!(act, Act::Unplace { .. });
        let is_open = matches!(act, Act::Offer { .. }) && !accepted.contains(&id);
        if !is_move && moved_from.contains(&folio) {
            continue;
        }
        if is_open {
            places.offers.entry(folio).or_default().insert(id);
        } else {
            places.folios.insert(folio);
        }
    }
    places.offers.retain(|folio, _| !places.folios.contains(folio));
    places
}

/// The acts that put a piece in this folio or offer it there, and stand: what an `Unplace` has to name.
pub fn standing_in<'a>(
    acts: impl IntoIterator<Item = (ActId, &'a Act)> + Clone,
    folio: FolioId,
) -> Vec<ActId> {
    let standing = standing(acts, &BTreeSet::new()).into_iter();
    standing.filter(|(_, act)| act.puts_in() == Some(folio)).map(|(id, _)| id).collect()
}

/// The acts that put the piece somewhere or offer it, and that nothing undid.
fn standing<'a>(
    acts: impl IntoIterator<Item = (ActId, &'a Act)> + Clone,
    undone: &BTreeSet<ActId>,
) -> Vec<(ActId, &'a Act)> {
    let mut unplaced: BTreeSet<(ActId, FolioId)> = BTreeSet::new();
    for (_, act) in acts.clone() {
        if let Act::Unplace { folio, replaces, .. } = act {
            unplaced.extend(replaces.iter().map(|id| (*id, *folio)));
        }
    }
    acts.into_iter()
        .filter(|(id, act)| {
            let folio = act.puts_in();
            folio.is_some_and(|folio| !undone.contains(id) && !unplaced.contains(&(*id, folio)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PieceId;

    const PIECE: PieceId = PieceId::from_bytes([9; 16]);
    const HERS: FolioId = FolioId::from_bytes([1; 16]);
    const HIS: FolioId = FolioId::from_bytes([2; 16]);
    const OTHER: FolioId = FolioId::from_bytes([3; 16]);

    const fn id(number: u8) -> ActId {
        ActId::from_bytes([number; 16])
    }

    fn place(folio: FolioId) -> Act {
        Act::Place { piece: PIECE, folio }
    }

    fn unplace(folio: FolioId, replaces: &[u8], to: Option<FolioId>) -> Act {
        let replaces = replaces.iter().map(|number| id(*number)).collect();
        Act::Unplace { piece: PIECE, folio, replaces, to }
    }

    /// The same places in whatever order the acts came.
    fn of(acts: &[(u8, Act)]) -> Places {
        let acts: Vec<_> = acts.iter().map(|(number, act)| (id(*number), act)).collect();
        let forwards = places(acts.iter().copied(), &BTreeSet::new());
        assert_eq!(forwards, places(acts.iter().rev().copied(), &BTreeSet::new()));
        forwards
    }

    #[test]
    fn an_offer_lies_nowhere_until_it_is_accepted_and_is_nothing_once_it_was_taken_back() {
        let offer = (1, Act::Offer { piece: PIECE, folio: HERS });
        let accept = (2, Act::Accept { piece: PIECE, offer: id(1) });
        assert_eq!(
            of(std::slice::from_ref(&offer)).offers,
            BTreeMap::from([(HERS, BTreeSet::from([id(1)]))])
        );
        assert_eq!(of(std::slice::from_ref(&offer)).folios, BTreeSet::new());
        let both = of(&[offer.clone(), accept.clone()]);
        assert_eq!((both.folios, both.offers), (BTreeSet::from([HERS]), BTreeMap::new()));
        // Declined on one device while it is accepted on another: a no is a no.
        assert_eq!(of(&[offer, accept, (3, unplace(HERS, &[1], None))]), Places::default());
    }

    #[test]
    fn what_takes_a_piece_out_undoes_what_it_names_in_its_own_folio_alone() {
        let placed = [(1, place(HERS)), (2, place(HIS))];
        let with = |act: Act| of(&[placed[0].clone(), placed[1].clone(), (3, act)]).folios;
        assert_eq!(with(unplace(HERS, &[1], None)), BTreeSet::from([HIS]));
        assert_eq!(with(unplace(HERS, &[1, 2], None)), BTreeSet::from([HIS]));
        assert_eq!(with(unplace(HERS, &[], None)), BTreeSet::from([HERS, HIS]));
        // What is placed once more afterwards has an id of its own.
        let again = of(&[placed[0].clone(), (3, unplace(HERS, &[1], None)), (4, place(HERS))]);
        assert_eq!(again.folios, BTreeSet::from([HERS]));
    }

    #[test]
    fn a_move_leaves_nothing_behind_and_can_be_taken_back() {
        // Two devices placed it, and the one that moves it knows of one of them only.
        let moved = [(1, place(HERS)), (2, place(HERS)), (3, unplace(HERS, &[1], Some(OTHER)))];
        assert_eq!(of(&moved).folios, BTreeSet::from([OTHER]));
        let [one, two, three] = moved;
        let back = of(&[one, two, three, (4, unplace(OTHER, &[3], Some(HERS)))]);
        assert_eq!(back.folios, BTreeSet::from([HERS]));
    }

    #[test]
    fn what_counts_as_undone_stands_no_more() {
        let act = place(HERS);
        let acts = [(id(1), &act)];
        assert_eq!(places(acts, &BTreeSet::from([id(1)])), Places::default());
        assert_eq!(standing_in(acts, HERS), [id(1)]);
    }
}
