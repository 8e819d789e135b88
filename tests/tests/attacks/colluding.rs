//! A relay that means harm and a device that was stolen, together: signed changes of any content, under a key that every
//! reader knows, past any gate. Readers verify them, and so they open them: what breaks costs the sheet it is in.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use fieldfolio_core::device::Edits;
use fieldfolio_core::document::{NewChange, ParsedChange, Sheet, contained};
use fieldfolio_core::ids::{DocumentId, PieceId, SeededRng};
use fieldfolio_core::model::role::{Class, Role};
use fieldfolio_core::sync::relay::Ledger;
use fieldfolio_server::exchange::ledger::SqliteLedger;
use fieldfolio_server::{database, directory, exchange};
use fieldfolio_tests::hostile::{Kind, broken};
use fieldfolio_tests::processes::memory;
use fieldfolio_tests::raw;
use fieldfolio_tests::sim::School;

/// Sheets that are broken, one hostile change each.
const BROKEN: usize = 240;
/// Kilobytes for a relay and three devices, and the test itself.
const MOST_MEMORY: u64 = 256 * 1024;

#[test]
fn what_a_stolen_device_signs_for_a_lying_relay_costs_readers_one_sheet_each() {
    let seed = 71;
    let mut dice = SeededRng::new(seed);
    let mut school = School::new(seed);
    for (device, person) in [("phone", "mina"), ("ito", "ms-ito"), ("stolen", "mina")] {
        school.enrol(device, person);
    }
    let capture = |school: &mut School, title: &str| {
        let piece = school.capture("phone", title, "mina/community-garden", "2026-05-02", &["THINK"]);
        school.on("phone", |phone, now, rng| phone.reflect(piece, "So far", now, rng)).unwrap();
        piece
    };
    let pieces: Vec<PieceId> =
        (0..BROKEN).map(|number| capture(&mut school, &format!("Piece {number}"))).collect();
    let spared: Vec<PieceId> =
        (0..8).map(|number| capture(&mut school, &format!("Spared {number}"))).collect();
    school.settle();
    let thief = school.device("stolen").device().identity().clone();
    school.edit(|edit| directory::devices::revoke(edit, thief.device));

    let mut broken_ones = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let (document, class) = match number % 2 {
            0 => (DocumentId::content(*piece), Class::Content),
            _ => (DocumentId::voice(*piece, thief.person, Some(thief.person)), Class::Voice(Role::Owner)),
        };
        let change = hostile(&school, document, Kind::ALL[number / 2 % Kind::ALL.len()], &mut dice);
        broken_ones.push(document);
        let heads = [change.hash];
        let signed = raw::signed(&thief, document, change);
        let now = school.tick();
        let tx = database::begin(&mut school.conn).unwrap();
        SqliteLedger::writing(&tx, thief.school, now)
            .append_change(&signed, class, &heads, thief.person)
            .unwrap();
        tx.commit().unwrap();
    }
    school.settle();
    // One who comes later gets everything at once.
    school.enrol("okafor", "mr-okafor");
    school.settle();

    let later = capture(&mut school, "After it all");
    school.settle();
    let mut shut = 0;
    for name in ["phone", "ito", "okafor"] {
        reads_all_but_the_broken(&mut school, name, &broken_ones, &[&spared[..], &[later]].concat());
        school.device(name).restart().unwrap();
        school.on(name, |device, _, _| device.rebuild_index()).unwrap();
        shut += reads_all_but_the_broken(&mut school, name, &broken_ones, &[&spared[..], &[later]].concat());
        let (mina, think) = (school.person("mina"), school.outcome("THINK"));
        school.device(name).device().level(mina, think).unwrap();
        for document in &broken_ones {
            // It is given, or refused in words.
            drop(school.device(name).device().export_document(*document));
        }
    }
    assert!((3 * BROKEN / 20..3 * BROKEN).contains(&shut), "too easy, or too dull: {shut}");

    // Whoever goes on writing on what is broken is told, or is not held up; and everything else goes on.
    for piece in &pieces {
        let edits = Edits { title: Some("Still mine".into()), ..Edits::default() };
        drop(school.on("phone", |phone, now, rng| phone.edit(*piece, edits, now, rng)));
        drop(school.on("phone", |phone, now, rng| phone.reflect(*piece, "Still mine", now, rng)));
    }
    let edits = Edits { title: Some("Spared, and edited".into()), ..Edits::default() };
    school.on("phone", |phone, now, rng| phone.edit(spared[0], edits, now, rng)).unwrap();
    school.settle();
    let shown = school.device("ito").device().piece(spared[0]).unwrap();
    assert_eq!(shown.content.title, "Spared, and edited");
    let (_, most) = memory(std::process::id()).unwrap();
    assert!(most < MOST_MEMORY, "{most} KB of memory");
    println!("{shut} of {} sheets were shut, on three devices; {most} KB of memory at most", 3 * BROKEN);
}

/// A hostile change of the document as it is stored; of those that are changed at random, one that gets past a first look.
fn hostile(school: &School, document: DocumentId, kind: Kind, dice: &mut SeededRng) -> NewChange {
    let id = exchange::school_of(&school.conn).unwrap();
    let raws: Vec<Vec<u8>> = SqliteLedger::reading(&school.conn, id, school.now).stored(document).unwrap();
    let sheet = Sheet::load(raws.iter().map(Vec::as_slice)).unwrap();
    let last = raws.last().map(|raw| {
        let parsed = ParsedChange::parse(raw).unwrap();
        NewChange { raw: raw.clone(), hash: parsed.hash, actor: parsed.actor, seq: parsed.seq }
    });
    loop {
        let change = broken(kind, &sheet, last.as_ref(), dice);
        let parses = || ParsedChange::parse(&change.raw).is_ok();
        if kind != Kind::Mutated || contained(document, parses).unwrap_or(true) {
            return change;
        }
    }
}

/// What isn't broken is read; what is may be read or not, and if not it is named, and nothing else. Answers how many aren't.
fn reads_all_but_the_broken(
    school: &mut School,
    name: &str,
    broken: &[DocumentId],
    whole: &[PieceId],
) -> usize {
    let device = school.device(name).device();
    let status = device.status().unwrap();
    assert_eq!(status.to_fill, 0, "{name}: {status:?}");
    for unopened in &status.unopened {
        assert!(
            broken.iter().any(|document| unopened.starts_with(&document.to_string())),
            "{name}: {unopened}"
        );
    }
    for piece in whole {
        let view = device.piece(*piece).unwrap();
        assert!(view.set_aside.is_empty() && !view.content.title.is_empty(), "{name}: {view:?}");
        assert!(view.voices.iter().all(|voice| voice.unverified == 0 && voice.entries.len() == 1), "{name}");
    }
    for document in broken {
        let view = device.piece(document.piece).unwrap();
        let is_shut = status.unopened.iter().any(|unopened| unopened.starts_with(&document.to_string()));
        assert_eq!(is_shut, !view.set_aside.is_empty(), "{name}: {view:?}");
    }
    status.unopened.len()
}
