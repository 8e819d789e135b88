//! The gate's children one by one: ended, halted, too small, and none at all.

use std::path::PathBuf;

use fieldfolio_core::document::{NewChange, Sheet, SignedChange, Tried, Unfit};
use fieldfolio_core::ids::{DeviceId, DocumentId, PersonId, PieceId};
use fieldfolio_core::signing::Signature;
use fieldfolio_core::sync::relay::{Sandbox, Untaken};
use fieldfolio_server::config::Config;
use fieldfolio_server::gate::{Gate, GateError};
use fieldfolio_tests::processes::{self, binary};

/// A gate of the built program with one child, that has begun.
fn gate(config: Config) -> Gate {
    let gate = Gate::of_program(binary("fieldfolio").unwrap(), &Config { gate_children: Some(1), ..config });
    gate.prove().unwrap();
    gate
}

fn person() -> PersonId {
    PersonId::from_bytes([1; 16])
}

/// The gate looks at everything but signatures: those are checked before.
fn unsigned(new: NewChange) -> SignedChange {
    SignedChange {
        document: DocumentId::content(PieceId::from_bytes([1; 16])),
        device: DeviceId::from_bytes([1; 16]),
        actor: new.actor,
        seq: new.seq,
        hash: new.hash,
        blobs: Vec::new(),
        raw: new.raw,
        signature: Signature::from_bytes([0; 64]),
    }
}

fn words(sheet: &mut Sheet, actor: u8, words: &str) -> SignedChange {
    unsigned(sheet.edit([actor; 16], 0, |edit| edit.words(words)).unwrap().unwrap())
}

fn a_leaf(gate: &Gate) -> Result<Tried, Untaken> {
    gate.of(person()).trial(&[], &[&words(&mut Sheet::genesis(), 1, "A leaf")])
}

fn signal(pid: u32, name: &str) {
    processes::signal(pid, name).unwrap();
}

/// The one child; other tests of this program have theirs.
fn child_of(gate: &Gate) -> u32 {
    let [pid] = gate.children()[..] else { panic!("one child: {gate:?}") };
    pid
}

#[test]
fn a_child_that_was_ended_is_replaced_and_the_change_is_tried() {
    let gate = gate(Config::default());
    let first = child_of(&gate);
    assert!(a_leaf(&gate).is_ok());
    assert_eq!(child_of(&gate), first, "one that is well is kept");
    for name in ["KILL", "TERM", "ABRT", "XCPU"] {
        let before = child_of(&gate);
        signal(before, name);
        assert!(a_leaf(&gate).is_ok(), "after {name}");
        assert_ne!(child_of(&gate), before);
    }
}

#[test]
fn a_child_that_stands_still_is_ended_and_the_change_is_tried() {
    let gate = gate(Config { gate_seconds: 1, ..Config::default() });
    let before = child_of(&gate);
    signal(before, "STOP");
    assert!(a_leaf(&gate).is_ok());
    assert_ne!(child_of(&gate), before);
}

#[test]
fn children_end_with_their_gate() {
    let gate = gate(Config::default());
    let pid = child_of(&gate);
    drop(gate);
    assert!(!processes::runs(pid));
}

/// What a large document needs is more than this gate's children have: no child tries it to its end.
#[test]
fn what_ends_its_child_twice_alone_is_refused_and_its_neighbour_is_not() {
    let small = Config { gate_memory_bytes: 64 * 1024 * 1024, ..Config::default() };
    let gate = gate(small);
    let mut sheet = Sheet::genesis();
    let large = words(&mut sheet, 1, &"leaf ".repeat(15_000));
    let beside = words(&mut Sheet::genesis(), 2, "Beside it");
    let room = gate.of(person());
    assert_eq!(room.trial(&[], &[&large, &beside]), Err(Untaken::Unfinished), "together: nobody's fault");
    assert!(room.trial(&[], &[&beside]).is_ok());
    assert!(matches!(room.trial(&[], &[&large]), Err(Untaken::Unfit(Unfit::Damages(_)))));
    assert!(room.trial(&[], &[&beside]).is_ok());

    let usual = Gate::of_program(binary("fieldfolio").unwrap(), &Config::default());
    assert!(usual.of(person()).trial(&[], &[&large, &beside]).is_ok(), "a gate as it is by default takes it");
}

#[test]
fn a_program_that_is_no_gate_is_told_at_once() {
    let prove = |program: &str| Gate::of_program(PathBuf::from(program), &Config::default()).prove();
    assert!(matches!(prove("/nowhere/fieldfolio"), Err(GateError::Start(_))));
    assert!(matches!(prove("/bin/false"), Err(GateError::Ended(_))));
    let said = prove("/bin/echo").unwrap_err().to_string();
    assert!(said.starts_with("the gate can't be opened: "), "{said}");
}
