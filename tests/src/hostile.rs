//! Changes that mean harm, made from real ones: right keys, right checksums, terrible content.
//!
//! One generator for every test that throws them at something: a relay, its gate, a device.

use std::io::Write;

use fieldfolio_core::document::{NewChange, ROOT_KEYS, Sheet};
use fieldfolio_core::ids::{EntryId, OutcomeId, Rng, SeededRng, random};
use fieldfolio_core::model::entry::{Feedback, Head};
use fieldfolio_core::time::Timestamp;

use chunk::below;
use ops::{Action, Op, OpId, Ops, Whose};

pub mod chunk;
pub mod ops;

/// What is wrong with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Some of its bytes are others.
    Mutated,
    /// Its columns claim up to 2^62 rows.
    Bomb,
    /// Few bytes that unfold to very many rows.
    LongRun,
    /// It claims another actor than its bytes do, or the actor of genesis.
    Actor,
    /// It has a number that isn't its turn, or a first operation that can't be.
    Number,
    /// It builds on what nobody has, or on nothing.
    Deps,
    /// A second change of the same number.
    Fork,
    /// It hides a root container.
    Shadow,
    /// It removes what is there.
    Removal,
    /// It writes into what isn't there, or does what nothing does.
    Nowhere,
    /// Maps in maps in maps.
    Deep,
    /// One enormous value, or very many small ones.
    Huge,
    /// It is packed, and unfolds to far more.
    Packed,
    /// Not a change, but a whole document, a bundle, or two changes in one.
    Chunk,
    /// Made for another document.
    Foreign,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 15] = [
        Kind::Mutated,
        Kind::Bomb,
        Kind::LongRun,
        Kind::Actor,
        Kind::Number,
        Kind::Deps,
        Kind::Fork,
        Kind::Shadow,
        Kind::Removal,
        Kind::Nowhere,
        Kind::Deep,
        Kind::Huge,
        Kind::Packed,
        Kind::Chunk,
        Kind::Foreign,
    ];

    /// Any kind; mutations half of the time, for those find what nobody thought of.
    pub fn any(dice: &mut SeededRng) -> Self {
        if dice.happens(50) { Kind::Mutated } else { Self::ALL[below(dice, Self::ALL.len())] }
    }
}

/// A broken change of this sheet. Its last honest change, if there is one, tells whose line can be forked.
pub fn broken(kind: Kind, sheet: &Sheet, last: Option<&NewChange>, dice: &mut SeededRng) -> NewChange {
    let honest = model(sheet, dice.below(4), dice);
    match kind {
        Kind::Mutated => chunk::mutated(&honest, dice),
        Kind::Bomb => chunk::bomb(&honest, 1 << (12 + dice.below(51)), below(dice, 16)),
        Kind::LongRun => chunk::long_run(sheet, random(dice), 100_001 << dice.below(20)),
        Kind::Actor => forged_actor(sheet, honest, last, dice),
        Kind::Number => forged_number(sheet, dice),
        Kind::Deps => forged_deps(sheet, dice),
        Kind::Fork => fork(sheet, last, dice),
        Kind::Shadow => shadow(sheet, dice),
        Kind::Removal => removal(sheet, last, dice),
        Kind::Nowhere => nowhere(sheet, dice),
        Kind::Deep => deep(sheet, dice),
        Kind::Huge => huge(sheet, dice),
        Kind::Packed => packed(honest, dice),
        Kind::Chunk => other_chunk(sheet, honest, dice),
        Kind::Foreign => foreign(dice),
    }
}

/// An honest change of this sheet, under an actor of its own; what it does goes by the number.
pub fn model(sheet: &Sheet, number: u64, dice: &mut dyn Rng) -> NewChange {
    let mut sheet = sheet.clone();
    let moment = Timestamp::from_millis(1_790_000_000_000);
    let id = EntryId::new(moment, dice);
    let actor = random(dice);
    let made = sheet.edit(actor, 1_790_000_000, |edit| match number % 4 {
        0 => edit.words("Seen from below, it lets the light through"),
        1 => edit.reflection(id, "Next time I look twice"),
        2 => {
            edit.title("A leaf, held against the light")?;
            edit.work_date("2026-05-04".parse().expect("a day"))
        }
        _ => {
            let feedback =
                Feedback { did_well: "Patient".into(), improve: "Dates".into(), ..Feedback::default() };
            edit.entry(id, &feedback.into(), None)?;
            edit.outcomes(&[OutcomeId::new(moment, &mut SeededRng::new(number))])
        }
    });
    made.expect("a sheet can be edited").expect("something differs")
}

/// The objects that genesis makes.
const ROOTS: [(&str, OpId); 6] = [
    ("title", (1, Whose::Genesis)),
    ("words", (2, Whose::Genesis)),
    ("tags", (3, Whose::Genesis)),
    ("media", (4, Whose::Genesis)),
    ("fields", (5, Whose::Genesis)),
    ("entries", (7, Whose::Genesis)),
];
const ENTRIES: OpId = ROOTS[5].1;

fn written(sheet: &Sheet, ops: Vec<Op>, dice: &mut SeededRng) -> Ops {
    // It begins where an honest one would.
    let first =
        chunk::first_operation(&model(sheet, 0, dice).raw).expect("automerge's own change has numbers");
    Ops { actor: random(dice), seq: 1, first, deps: sheet.heads(), other: None, ops }
}

fn op(object: Option<OpId>, key: &str, action: Action, over: Vec<OpId>) -> Op {
    Op { object, key: key.to_owned(), action, over }
}

fn put(object: Option<OpId>, key: &str, over: Vec<OpId>) -> Op {
    op(object, key, Action::Set("mine now".to_owned()), over)
}

fn forged_actor(
    sheet: &Sheet,
    honest: NewChange,
    last: Option<&NewChange>,
    dice: &mut SeededRng,
) -> NewChange {
    let genesis = fieldfolio_core::document::GENESIS_ACTOR;
    match (dice.below(3), last) {
        (0, Some(last)) => NewChange { actor: last.actor, ..honest },
        (1, _) => {
            Ops { actor: genesis, seq: 2, ..written(sheet, vec![put(None, "x", vec![])], dice) }.change()
        }
        _ => NewChange { actor: random(dice), ..honest },
    }
}

fn forged_number(sheet: &Sheet, dice: &mut SeededRng) -> NewChange {
    let ops = written(sheet, vec![put(Some(ROOTS[4].1), "colour", vec![])], dice);
    let numbers = [0, 2, 3, u64::from(u32::MAX), i64::MAX as u64, u64::MAX];
    let number = numbers[below(dice, numbers.len())];
    match dice.below(3) {
        0 => Ops { seq: number, ..ops }.change(),
        1 => Ops { first: number, ..ops }.change(),
        _ => NewChange { seq: number, ..ops.change() },
    }
}

fn forged_deps(sheet: &Sheet, dice: &mut SeededRng) -> NewChange {
    let ops = written(sheet, vec![put(Some(ROOTS[4].1), "colour", vec![])], dice);
    let heads = sheet.heads();
    let deps = match dice.below(4) {
        0 => Vec::new(),
        1 => vec![Head(random(dice))],
        2 => heads.iter().chain(&heads).copied().collect(),
        _ => (0..2_000).map(|_| Head(random(dice))).collect(),
    };
    Ops { deps, ..ops }.change()
}

/// What would be the last change, had it said something else; or a change that does not know it.
fn fork(sheet: &Sheet, last: Option<&NewChange>, dice: &mut SeededRng) -> NewChange {
    let ops = written(sheet, vec![put(Some(ROOTS[4].1), "colour", vec![])], dice);
    let Some(last) = last else { return Ops { seq: 2, ..ops }.change() };
    match dice.below(3) {
        0 => Ops { actor: last.actor, seq: last.seq, ..ops }.change(),
        1 => Ops { actor: last.actor, seq: last.seq, deps: Sheet::genesis().heads(), ..ops }.change(),
        _ => Ops { actor: last.actor, seq: last.seq + 1, deps: Sheet::genesis().heads(), ..ops }.change(),
    }
}

fn shadow(sheet: &Sheet, dice: &mut SeededRng) -> NewChange {
    let (key, object) = ROOTS[below(dice, ROOTS.len())];
    let op = match dice.below(5) {
        0 => put(None, key, vec![object]),
        1 => put(None, key, vec![]),
        2 => op(None, key, Action::Make(dice.below(8)), vec![object]),
        3 => op(None, key, Action::Delete, vec![object]),
        _ => put(None, &ROOT_KEYS[below(dice, 6)].to_uppercase(), vec![]),
    };
    written(sheet, vec![op], dice).change()
}

/// Deletes or replaces an entry. The operation that made it is among the first of whoever wrote last.
fn removal(sheet: &Sheet, last: Option<&NewChange>, dice: &mut SeededRng) -> NewChange {
    let ids: Vec<String> = sheet.entries().iter().map(|entry| entry.id.to_string()).collect();
    let Some(id) = (!ids.is_empty()).then(|| &ids[below(dice, ids.len())]) else {
        return shadow(sheet, dice);
    };
    let over = vec![(8 + dice.below(3), Whose::Other)];
    let action = if dice.happens(50) { Action::Delete } else { Action::Make(0) };
    let ops = written(sheet, vec![op(Some(ENTRIES), id, action, over)], dice);
    Ops { other: last.map(|last| last.actor), ..ops }.change()
}

fn nowhere(sheet: &Sheet, dice: &mut SeededRng) -> NewChange {
    let whose = [Whose::Own, Whose::Genesis, Whose::Other, Whose::Nobody];
    let strange = (dice.below(1 << 40), whose[below(dice, 4)]);
    let ops = match dice.below(4) {
        0 => vec![put(Some(strange), "colour", vec![])],
        1 => vec![put(Some(ENTRIES), "colour", vec![strange])],
        2 => vec![op(Some(ENTRIES), "colour", Action::Other(dice.below(300)), vec![])],
        _ => vec![put(Some(ROOTS[0].1), "a key in a text", vec![])],
    };
    let other = dice.happens(30).then(|| random(dice));
    Ops { other, ..written(sheet, ops, dice) }.change()
}

/// Each map is made in the one before.
fn deep(sheet: &Sheet, dice: &mut SeededRng) -> NewChange {
    let depth = 1 << (4 + dice.below(9));
    let mut written = written(sheet, Vec::new(), dice);
    let inside = |level: u64| if level == 0 { ENTRIES } else { (written.first + level - 1, Whose::Own) };
    written.ops =
        (0..depth).map(|level| op(Some(inside(level)), "deeper", Action::Make(0), vec![])).collect();
    written.change()
}

fn huge(sheet: &Sheet, dice: &mut SeededRng) -> NewChange {
    let fields = Some(ROOTS[4].1);
    let ops = match dice.below(3) {
        // Four such would fill a document.
        0 if dice.happens(10) => vec![op(fields, "colour", Action::Set("g".repeat(250_000)), vec![])],
        0 => vec![op(fields, "colour", Action::Set("g".repeat(60_000)), vec![])],
        1 => vec![put(fields, &"colour".repeat(10_000), vec![])],
        _ => (0..2_000).map(|number| put(fields, &format!("colour {number}"), vec![])).collect(),
    };
    written(sheet, ops, dice).change()
}

/// A packed change: what its body packs is far larger, or no change at all.
fn packed(honest: NewChange, dice: &mut SeededRng) -> NewChange {
    let body = match dice.below(2) {
        0 => chunk::body(&honest.raw).to_vec(),
        _ => vec![dice.below(4) as u8; 32 << 20],
    };
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    let packed =
        packer.write_all(&body).and_then(|()| packer.finish()).expect("memory takes whatever is written");
    let (raw, hash) = chunk::seal_as(2, &packed);
    NewChange { raw, hash, ..honest }
}

fn other_chunk(sheet: &Sheet, honest: NewChange, dice: &mut SeededRng) -> NewChange {
    let (raw, hash) = match dice.below(4) {
        0 => (sheet.save(), honest.hash),
        1 => chunk::seal_as(3, chunk::body(&honest.raw)),
        2 => chunk::seal_as(dice.below(256) as u8, chunk::body(&honest.raw)),
        _ => ([&honest.raw[..], &honest.raw].concat(), honest.hash),
    };
    NewChange { raw, hash, ..honest }
}

/// A change that is in order, of a document that this one is not.
fn foreign(dice: &mut SeededRng) -> NewChange {
    let mut other = Sheet::genesis();
    let actor = random(dice);
    let mut change = None;
    for words in ["Elsewhere", "Elsewhere, and later"] {
        change = other.edit(actor, 0, |edit| edit.words(words)).expect("a sheet can be edited");
    }
    change.expect("something differs")
}
