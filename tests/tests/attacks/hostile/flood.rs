//! Thousands of broken changes in the same batches as honest ones.

use std::collections::BTreeMap;
use std::time::Duration;

use fieldfolio_core::device::{Body, Device, NewPiece};
use fieldfolio_core::document::{GENESIS, NewChange, Sheet, SignedChange};
use fieldfolio_core::ids::{DocumentId, EntryId, PieceId, SeededRng};
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_server::database;
use fieldfolio_tests::driver::{self, OsRng, now};
use fieldfolio_tests::hostile::chunk::{bomb, long_run};
use fieldfolio_tests::hostile::{Kind, broken, model};
use fieldfolio_tests::judge;
use fieldfolio_tests::ledger::{every_document_opens, is_sound};
use fieldfolio_tests::processes::{DeviceProcess, children_of, memory};
use fieldfolio_tests::raw;
use fieldfolio_tests::real::{Client, RealSchool, Writing};

/// So many broken changes in `make test`; `FIELDFOLIO_MUTANTS` says how many else.
const MUTANTS: u64 = 4_000;
/// Fewer than the failures after which a relay puts the rest of an exchange off.
const BROKEN_IN_EACH: u64 = 30;
/// The relay's most memory, ever: some times what it uses for honest work, and far less than a small machine has.
const MOST_MEMORY: u64 = 128 * 1024;
/// That of each process of its gate, which tries what it is sent.
const MOST_OF_A_CHILD: u64 = 256 * 1024;

#[test]
fn a_relay_under_a_flood_of_broken_changes_lives_and_loses_nothing_honest() {
    let mutants = std::env::var("FIELDFOLIO_MUTANTS").ok().map_or(MUTANTS, |text| text.parse().unwrap());
    let seed = 20_261_124;
    let mut dice = SeededRng::new(seed);
    let school = RealSchool::start().unwrap();
    let relay = relay_of(&school);
    let (_, before) = memory(relay).unwrap();
    let mut honest = Honest::begin(&school);
    let mut liar = Liar::new(&school, mutants / 100, &mut dice);
    let mut counts: BTreeMap<(Kind, String), u64> = BTreeMap::new();
    let mut most_of_a_child = 0;
    for batch in 0..mutants.div_ceil(BROKEN_IN_EACH) {
        let (items, kinds) = liar.batch(batch, &mut dice);
        let verdicts = liar
            .client
            .send(&items)
            .unwrap_or_else(|failure| panic!("{failure:?}, seed {seed}, batch {batch}"));
        for (verdict, kind) in verdicts.iter().zip(kinds) {
            let name = format!("{verdict:?}").split('(').next().unwrap_or_default().to_owned();
            match kind {
                None => assert_eq!(name, "Stored", "for honest work, seed {seed}, batch {batch}"),
                Some(kind) => *counts.entry((kind, name)).or_default() += 1,
            }
        }
        honest.goes_on(batch);
        let children = children_of(relay).into_iter().filter_map(memory);
        most_of_a_child = children.map(|(_, most)| most).fold(most_of_a_child, u64::max);
    }
    let broken: u64 = counts.values().sum();
    let of =
        |verdict: &str| counts.iter().filter(|((_, name), _)| name == verdict).map(|(_, n)| n).sum::<u64>();
    let refused: u64 = ["Malformed", "MissingDependency", "ActorTaken", "TooLarge"].map(of).iter().sum();
    assert!(broken >= mutants);
    assert!(refused > broken / 2 && refused < broken, "too easy, or too dull: {counts:?}");
    for kind in Kind::ALL {
        assert!(counts.keys().any(|(other, _)| *other == kind), "no {kind:?} came");
    }

    assert_eq!(relay_of(&school), relay);
    assert_eq!(liar.client.call("GET", "/health", &[], Body::Empty).unwrap().status, 200);
    let (_, after) = memory(relay).expect("the relay runs, and is the same");
    assert!(after < MOST_MEMORY, "{after} KB of memory, seed {seed}");
    assert!(most_of_a_child < MOST_OF_A_CHILD, "{most_of_a_child} KB of memory in the gate, seed {seed}");
    honest.everyone_reads_everything(&school, &liar);
    everything_opens_in_a_fresh_process(&school, &liar);
    everything_loads_in_javascript(&school);
    for ((kind, verdict), count) in &counts {
        println!("{kind:?}: {count} times {verdict}");
    }
    println!(
        "{broken} broken changes, seed {seed}; {before} KB, then {after} KB at most; {most_of_a_child} KB at most in its gate"
    );
}

#[test]
fn changes_that_claim_billions_of_rows_cost_the_relay_little() {
    let school = RealSchool::start().unwrap();
    let relay = relay_of(&school);
    let mut dice = SeededRng::new(4);
    let mut client = school.client("mina", "hostile").unwrap();
    let (piece, acts) = client.new_piece(school.folio("mina/community-garden"), &mut dice);
    client.send(&acts).unwrap();
    let document = DocumentId::content(piece);
    let mut bombs = 0;
    for power in [12, 20, 31, 40, 62] {
        for which in 0..16 {
            let model = model(&Sheet::genesis(), which as u64, &mut dice);
            let item = Item::Change(raw::signed(&client.me, document, bomb(&model, 1 << power, which)));
            let verdicts = client
                .send(&[item])
                .unwrap_or_else(|failure| panic!("{failure:?}: 2^{power} rows in column {which}"));
            assert!(
                matches!(
                    verdicts[..],
                    [Verdict::Malformed | Verdict::ActorTaken | Verdict::MissingDependency]
                ),
                "2^{power}, {which}: {verdicts:?}"
            );
            bombs += 1;
        }
    }
    let (_, most) = memory(relay).expect("the relay runs, and is the same");
    assert!(most < MOST_MEMORY, "{most} KB of memory after {bombs} bombs");
    for child in children_of(relay) {
        let (_, most) = memory(child).unwrap_or_default();
        assert!(most < MOST_MEMORY, "{most} KB of memory in the gate");
    }
    println!("{bombs} bombs: {most} KB at most");
}

#[test]
fn a_small_change_of_a_million_rows_is_refused_before_it_costs_memory() {
    let school = RealSchool::start().unwrap();
    let mut dice = SeededRng::new(5);
    let mut client = school.client("mina", "hostile").unwrap();
    let (piece, acts) = client.new_piece(school.folio("mina/community-garden"), &mut dice);
    client.send(&acts).unwrap();
    let document = DocumentId::content(piece);
    let few = long_run(&Sheet::genesis(), [1; 16], 1_000);
    let many = long_run(&Sheet::genesis(), [2; 16], 1_000_000);
    assert!(many.raw.len() < 200, "it is small: {} bytes", many.raw.len());
    let items = [few, many].map(|change| Item::Change(raw::signed(&client.me, document, change)));
    let verdicts = client.send(&items).unwrap();
    let (_, most_memory) = memory(relay_of(&school)).unwrap();
    assert!(
        matches!(verdicts[0], Verdict::Stored(_)),
        "the same with a thousand rows is well formed: {verdicts:?}"
    );
    assert!(
        matches!(verdicts[1], Verdict::TooLarge | Verdict::Malformed),
        "{:?} for 140 bytes that unfold to a million rows, here and on every reader's phone",
        verdicts[1]
    );
    assert!(most_memory < MOST_MEMORY, "{most_memory} KB of memory for one change");
}

/// Mina's other device, in the wrong hands.
struct Liar {
    client: Client,
    /// Sheets that get broken changes.
    targets: Vec<(Writing, Option<NewChange>)>,
    /// Sheets that only ever get honest ones, with their last words.
    honest: Vec<(Writing, String)>,
}

impl Liar {
    fn new(school: &RealSchool, pieces: u64, dice: &mut SeededRng) -> Self {
        let mut client = school.client("mina", "hostile").unwrap();
        let me = client.me.person;
        let (mut targets, mut honest) = (Vec::new(), Vec::new());
        for number in 0..pieces.max(8) {
            let (piece, mut items) = client.new_piece(school.folio("mina/community-garden"), dice);
            let mut content = Writing::new(DocumentId::content(piece), dice);
            let mut voice = Writing::new(DocumentId::voice(piece, me, Some(me)), dice);
            let title = format!("Piece {number}");
            let begun = content.write(&client.me, &[], |edit| edit.title(&title));
            let mut spoken = None;
            items.push(Item::Change(begun.clone()));
            if number % 2 == 0 {
                let id = EntryId::new(now(), dice);
                let said = voice.write(&client.me, &[], |edit| edit.reflection(id, "So far"));
                items.push(Item::Change(said.clone()));
                spoken = Some(unsigned(said));
            }
            let verdicts = client.send(&items).unwrap();
            assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
            if number % 4 == 0 {
                honest.push((content, String::new()))
            } else {
                targets.push((content, Some(unsigned(begun))))
            }
            targets.push((voice, spoken));
        }
        Self { client, targets, honest }
    }

    /// Broken changes, each with its kind, an honest one beside them in the same document, and honest ones in others.
    fn batch(&mut self, batch: u64, dice: &mut SeededRng) -> (Vec<Item>, Vec<Option<Kind>>) {
        let mut items = Vec::new();
        for number in 0..BROKEN_IN_EACH {
            let (target, last) = &self.targets[(batch * 7 + number / 4) as usize % self.targets.len()];
            let kind = Kind::any(dice);
            let change = broken(kind, &target.sheet, last.as_ref(), dice);
            items.push((Item::Change(raw::signed(&self.client.me, target.document, change)), Some(kind)));
        }
        // A neighbour, under an actor of its own, on the beginning of the document.
        let target = self.targets[(batch * 7) as usize % self.targets.len()].0.document;
        let mut neighbour = Writing::new(target, dice);
        let words = format!("Beside {batch}");
        let change = neighbour.write(&self.client.me, &[], |edit| edit.words(&words));
        items.insert(dice.below(4) as usize, (Item::Change(change), None));
        let last = self.honest.len() as u64;
        let (sheet, said) = &mut self.honest[(batch % last) as usize];
        *said = format!("Honest words {batch}");
        let change = sheet.write(&self.client.me, &[], |edit| edit.words(&*said));
        items.insert(dice.below(BROKEN_IN_EACH) as usize, (Item::Change(change), None));
        items.into_iter().unzip()
    }
}

fn unsigned(change: SignedChange) -> NewChange {
    let SignedChange { raw, hash, actor, seq, .. } = change;
    NewChange { raw, hash, actor, seq }
}

/// Everyone else, on real devices.
struct Honest {
    devices: Vec<(&'static str, Device)>,
    otto: usize,
    pieces: Vec<(PieceId, String)>,
    folio: fieldfolio_core::ids::FolioId,
}

impl Honest {
    fn begin(school: &RealSchool) -> Self {
        let mut devices: Vec<(&str, Device)> = ["mina", "otto", "ms-ito", "hana"]
            .into_iter()
            .map(|person| (person, school.enrol(person, &format!("honest-{person}")).unwrap()))
            .collect();
        for (_, device) in &mut devices {
            driver::sync(device, true, Duration::from_secs(30)).unwrap();
        }
        Self { devices, otto: 1, pieces: Vec::new(), folio: school.folio("otto/community-garden") }
    }

    /// Otto works and syncs while the flood is on.
    fn goes_on(&mut self, batch: u64) {
        let otto = &mut self.devices[self.otto].1;
        if batch.is_multiple_of(4) {
            let title = format!("Otto's {batch}");
            let new = NewPiece {
                title: title.clone(),
                folios: vec![self.folio],
                audience: Some(Roles::WHOLE_CIRCLE),
                ..NewPiece::of(fieldfolio_tests::a_day())
            };
            let piece = otto.capture(new, now(), &mut OsRng).unwrap().piece;
            self.pieces.push((piece, title));
        }
        let report = driver::sync(otto, true, Duration::from_secs(30)).unwrap();
        assert!(report.quiet, "{report:?}");
        assert!(otto.status().unwrap().waiting.is_empty());
    }

    fn everyone_reads_everything(&mut self, school: &RealSchool, liar: &Liar) {
        for (name, device) in &mut self.devices {
            let report = driver::sync(device, true, Duration::from_secs(30)).unwrap();
            assert!(report.quiet && !report.locked, "{name}: {report:?}");
            let status = device.status().unwrap();
            assert_eq!(status.unopened, Vec::<String>::new(), "{name}");
            assert!(status.set_aside.is_empty() && status.to_fill == 0, "{name}: {status:?}");
            if *name != "otto" {
                for (sheet, words) in &liar.honest {
                    let content = device.piece(sheet.document.piece).unwrap().content;
                    assert_eq!(&content.words, words, "{name}");
                }
            }
            if matches!(*name, "otto" | "ms-ito") {
                for (piece, title) in &self.pieces {
                    assert_eq!(&device.piece(*piece).unwrap().content.title, title, "{name}");
                }
            }
        }
        assert!(self.pieces.len() >= 10 && school.home().is_dir());
    }
}

/// A new device of the teacher, in processes of its own, fetches and opens everything that is stored.
fn everything_opens_in_a_fresh_process(school: &RealSchool, liar: &Liar) {
    let relay = database::open_reader(&school.home()).unwrap();
    is_sound(&relay, "relay.db").unwrap();
    let stored = every_document_opens(&relay).unwrap();
    let fresh = DeviceProcess::at(school.folder().join("fresh"));
    fresh.json(&["enrol", &school.link("ms-ito").unwrap()]).unwrap();
    fresh.json(&["sync", "--until-quiet"]).unwrap();
    let status = fresh.json(&["status"]).unwrap().to_string();
    assert!(status.contains("\"unopened\":[]"), "{status}");
    let digest = fresh.json(&["digest"]).unwrap();
    let opened = digest["documents"].as_array().unwrap().len();
    assert_eq!(opened, stored, "every document here is shared with the teacher");
    assert!(stored > liar.targets.len());
}

/// Each document, as the relay stores it, opens in automerge's own library for JavaScript with the same heads.
fn everything_loads_in_javascript(school: &RealSchool) {
    let relay = database::open_reader(&school.home()).unwrap();
    let folder = school.folder().join("documents");
    std::fs::create_dir(&folder).unwrap();
    let mut query = relay.prepare("select row, heads from document").unwrap();
    let documents =
        query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
    let mut changes = relay.prepare("select raw from change where document = ?1 order by n").unwrap();
    let mut expected = BTreeMap::new();
    for document in documents {
        let (row, heads) = document.unwrap();
        // Changes one after the other, as they came: what any tool can load.
        let mut file = GENESIS.to_vec();
        for raw in changes.query_map([row], |row| row.get::<_, Vec<u8>>(0)).unwrap() {
            file.extend(raw.unwrap());
        }
        std::fs::write(folder.join(row.to_string()), file).unwrap();
        let hex = |head: &[u8]| head.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        expected.insert(row.to_string(), heads.chunks(32).map(hex).collect::<Vec<_>>());
    }
    let said = judge::finish(judge::node("heads.mjs").arg(&folder));
    let read: BTreeMap<String, Vec<String>> = serde_json::from_str(&said).unwrap();
    assert_eq!(read, expected);
    println!("{} documents load in JavaScript", read.len());
}

/// The relay's process.
fn relay_of(school: &RealSchool) -> u32 {
    school.relay.lock().unwrap().number().unwrap()
}
