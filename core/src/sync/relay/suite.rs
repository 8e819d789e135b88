//! What every ledger must do, wherever it keeps the log: one suite that each implementation passes.

use std::fmt::Debug;

use super::{Asker, Ledger, Sandbox, commit, prepare};
use crate::document::{Sheet, SignedChange};
use crate::ids::{ActId, DocumentId, FolioId, PieceId};
use crate::model::act::{Act, SignedAct};
use crate::model::piece::PieceKind;
use crate::model::role::{Class, Roles};
use crate::signing::SecretKey;
use crate::sync::wire::{Item, Verdict};

/// Runs the suite on a ledger that is open for appending and knows this student: her device, its key, and a folio of
/// hers in a project. Panics with what does not hold.
pub fn every_ledger_must<L: Ledger>(
    ledger: &mut L,
    room: &impl Sandbox,
    student: Asker,
    key: &SecretKey,
    folio: FolioId,
) where
    L::Error: Debug,
{
    let school = ledger.school();
    let piece = PieceId::from_bytes([0xa1; 16]);
    let document = DocumentId::content(piece);
    let act = |number: u8, act: Act| {
        Item::Act(SignedAct::sign(school, student.device, key, ActId::from_bytes([number; 16]), &act))
    };
    let mut sheet = Sheet::genesis();
    let mut change = |title: &str| {
        let new = sheet.edit([7; 16], 0, |edit| edit.title(title)).expect("an edit").expect("a change");
        SignedChange::sign(school, student.device, key, document, new, Vec::new())
    };
    let mut send = |items: Vec<Item>| {
        let batch = prepare(ledger, student, items).expect("reading").try_all(room);
        commit(ledger, student, &batch).expect("appending")
    };
    let (first, second) = (change("A leaf"), change("A green leaf"));

    // Out of turn: nothing is known of the piece.
    assert_eq!(send(vec![Item::Change(first.clone())]), [Verdict::MissingAct], "a change before its piece");
    let declare = Act::DeclarePiece { piece, maker: student.person, kind: PieceKind::Evidence };
    let verdicts = send(vec![
        act(1, declare.clone()),
        act(2, Act::Place { piece, folio }),
        act(3, Act::Share { piece, audience: Roles::WHOLE_CIRCLE, replaces: Vec::new() }),
        Item::Change(first.clone()),
        Item::Change(second.clone()),
    ]);
    let numbers: Vec<u64> = verdicts
        .iter()
        .map(|verdict| {
            let Verdict::Stored(n) = verdict else { panic!("stored, not {verdict:?}") };
            *n
        })
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "every item has the next number: {numbers:?}");

    // Twice is once, under the first number.
    let again = send(vec![act(1, declare.clone()), Item::Change(first.clone()), act(9, declare)]);
    assert_eq!(again[..2], [Verdict::Known(numbers[0]), Verdict::Known(numbers[3])]);
    assert!(matches!(again[2], Verdict::Known(_)), "the same declaration under another id is known");
    let other = Act::DeclarePiece { piece, maker: student.person, kind: PieceKind::Observation };
    assert_eq!(send(vec![act(10, other)]), [Verdict::IdTaken], "another declaration of the same piece");

    let facts = ledger.piece(piece, student.person).expect("reading").expect("the piece");
    assert_eq!(facts.piece.maker, student.person);
    assert_eq!(facts.piece.audience, Some(Roles::WHOLE_CIRCLE));
    assert_eq!(facts.piece.placements.len(), 1);
    assert!(!facts.others_wrote && facts.acts.len() == 3);
    let stored = ledger.document(document).expect("reading").expect("the document");
    assert_eq!((stored.class, stored.heads), (Class::Content, vec![second.hash]));
    assert_eq!(ledger.stored(document).expect("reading"), [first.raw.clone(), second.raw.clone()]);
    assert_eq!(ledger.change(document, first.hash).expect("reading"), Some(numbers[3]));
    assert_eq!(ledger.actor_owner(document, [7; 16]).expect("reading"), Some(student.person));
    assert_eq!(ledger.actor_owner(document, [8; 16]).expect("reading"), None);
    let elsewhere = DocumentId::voice(piece, student.person, None);
    assert_eq!(ledger.change(elsewhere, first.hash).expect("reading"), None, "hashes are known per document");
    assert_eq!(ledger.actor_owner(elsewhere, [7; 16]).expect("reading"), None, "and so are actors");
    assert!(
        ledger.quota(student.person).expect("reading").used >= (first.raw.len() + second.raw.len()) as u64
    );
}
