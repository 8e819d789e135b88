//! Thousands of broken changes in the same batches as honest ones.

use std::collections::BTreeMap;
use std::time::Duration;

use fieldfolio_core::device::{Body, Device, NewPiece};
use fieldfolio_core::document::{EntryWords, NewChange, Sheet};
use fieldfolio_core::ids::{Chance, DocumentId, EntryId, PieceId, SeededChance, random};
use fieldfolio_core::model::entry::Feedback;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::database;
use fieldfolio_tests::driver::{self, OsChance, now};
use fieldfolio_tests::ledger::{every_document_opens, is_sound};
use fieldfolio_tests::processes::DeviceProcess;
use fieldfolio_tests::raw;
use fieldfolio_tests::real::{Client, RealSchool, Writing};

use super::mutate::{bomb, long_run, mutated};

const BATCHES: u64 = 80;
/// Fewer than the failures after which a relay puts the rest of an exchange off.
const BROKEN_IN_EACH: u64 = 30;
/// The relay's most memory, ever: some times what it uses for honest work, and far less than a small machine has.
const MOST_MEMORY: u64 = 128 * 1024;

#[test]
fn a_relay_under_a_flood_of_broken_changes_lives_and_loses_nothing_honest() {
    let seed = 20_261_124;
    let mut dice = SeededChance::new(seed);
    let school = RealSchool::start().unwrap();
    let before = relay_process(&school);
    let mut honest = Honest::begin(&school);
    let mut liar = Liar::new(&school, &mut dice);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut count = |verdict: &Verdict| {
        let name = format!("{verdict:?}");
        *counts.entry(name.split('(').next().unwrap_or_default().to_owned()).or_default() += 1;
    };
    for batch in 0..BATCHES {
        let (items, is_honest) = liar.batch(batch, &mut dice);
        let verdicts = liar
            .client
            .send(&items)
            .unwrap_or_else(|failure| panic!("{failure:?}, seed {seed}, batch {batch}"));
        for (verdict, is_honest) in verdicts.iter().zip(is_honest) {
            if is_honest {
                assert!(matches!(verdict, Verdict::Stored(_)), "{verdict:?} for honest work, seed {seed}");
            } else {
                count(verdict);
            }
        }
        honest.goes_on(batch);
    }
    let broken: u64 = counts.values().sum();
    assert!(broken >= 2_000, "{counts:?}");
    let refused: u64 = ["Malformed", "MissingDependency", "ActorTaken"]
        .map(|name| counts.get(name).copied().unwrap_or(0))
        .iter()
        .sum();
    assert!(refused > broken / 2 && refused < broken, "too easy, or too dull: {counts:?}");

    let after = relay_process(&school);
    assert_eq!(after.pid, before.pid, "the relay was replaced");
    assert_eq!(liar.client.call("GET", "/health", &[], Body::Empty).unwrap().status, 200);
    assert!(after.most_memory < MOST_MEMORY, "{} KB of memory, seed {seed}", after.most_memory);
    honest.everyone_reads_everything(&school, &liar);
    everything_opens_in_a_fresh_process(&school, &liar);
    println!(
        "{broken} broken changes, seed {seed}: {counts:?}; {} KB at most, {} KB before",
        after.most_memory, before.most_memory
    );
}

#[test]
fn changes_that_claim_billions_of_rows_cost_the_relay_little() {
    let school = RealSchool::start().unwrap();
    let before = relay_process(&school);
    let mut dice = SeededChance::new(4);
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
    let after = relay_process(&school);
    assert_eq!(after.pid, before.pid);
    assert!(after.most_memory < MOST_MEMORY, "{} KB of memory after {bombs} bombs", after.most_memory);
    println!("{bombs} bombs: {} KB at most, {} KB before", after.most_memory, before.most_memory);
}

#[test]
fn a_small_change_of_a_million_rows_is_refused_before_it_costs_memory() {
    let school = RealSchool::start().unwrap();
    let mut dice = SeededChance::new(5);
    let mut client = school.client("mina", "hostile").unwrap();
    let (piece, acts) = client.new_piece(school.folio("mina/community-garden"), &mut dice);
    client.send(&acts).unwrap();
    let document = DocumentId::content(piece);
    let few = long_run(&Sheet::genesis(), [1; 16], 1_000);
    let many = long_run(&Sheet::genesis(), [2; 16], 1_000_000);
    assert!(many.raw.len() < 200, "it is small: {} bytes", many.raw.len());
    let items = [few, many].map(|change| Item::Change(raw::signed(&client.me, document, change)));
    let verdicts = client.send(&items).unwrap();
    let most_memory = relay_process(&school).most_memory;
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
    targets: Vec<Writing>,
    /// Sheets that only ever get honest ones, with their last words.
    honest: Vec<(Writing, String)>,
}

impl Liar {
    fn new(school: &RealSchool, dice: &mut SeededChance) -> Self {
        let mut client = school.client("mina", "hostile").unwrap();
        let me = client.me.person;
        let (mut targets, mut honest) = (Vec::new(), Vec::new());
        for number in 0..40 {
            let (piece, mut items) = client.new_piece(school.folio("mina/community-garden"), dice);
            let mut content = Writing::new(DocumentId::content(piece), dice);
            let mut voice = Writing::new(DocumentId::voice(piece, me, Some(me)), dice);
            let title = format!("Piece {number}");
            items.push(Item::Change(content.write(&client.me, &[], |edit| edit.title(&title))));
            if number % 2 == 0 {
                let id = EntryId::new(now(), dice);
                items.push(Item::Change(
                    voice.write(&client.me, &[], |edit| {
                        edit.entry_words(id, EntryWords::Reflection, "So far")
                    }),
                ));
            }
            let verdicts = client.send(&items).unwrap();
            assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
            if number % 4 == 0 {
                honest.push((content, String::new()))
            } else {
                targets.push(content)
            }
            targets.push(voice);
        }
        Self { client, targets, honest }
    }

    /// Broken changes, an honest one beside them in the same document, and honest ones in others.
    fn batch(&mut self, batch: u64, dice: &mut SeededChance) -> (Vec<Item>, Vec<bool>) {
        let mut items = Vec::new();
        for number in 0..BROKEN_IN_EACH {
            let target = &self.targets[(batch * 7 + number / 4) as usize % self.targets.len()];
            let change = mutated(&model(&target.sheet, number, dice), dice);
            items.push((Item::Change(raw::signed(&self.client.me, target.document, change)), false));
        }
        // A neighbour, under an actor of its own, on the beginning of the document.
        let target = self.targets[(batch * 7) as usize % self.targets.len()].document;
        let mut neighbour = Writing::new(target, dice);
        let words = format!("Beside {batch}");
        let change = neighbour.write(&self.client.me, &[], |edit| edit.words(&words));
        items.insert(dice.below(4) as usize, (Item::Change(change), true));
        let last = self.honest.len() as u64;
        let (sheet, said) = &mut self.honest[(batch % last) as usize];
        *said = format!("Honest words {batch}");
        let change = sheet.write(&self.client.me, &[], |edit| edit.words(said));
        items.insert(dice.below(BROKEN_IN_EACH) as usize, (Item::Change(change), true));
        items.into_iter().unzip()
    }
}

/// An honest change of this sheet, under an actor of its own; what it does goes by the number.
fn model(sheet: &Sheet, number: u64, dice: &mut dyn Chance) -> NewChange {
    let mut sheet = sheet.clone();
    let moment = Timestamp::from_millis(1_790_000_000_000);
    let id = EntryId::new(moment, dice);
    let actor = random(dice);
    let made = sheet.edit(actor, 1_790_000_000, |edit| match number % 4 {
        0 => edit.words("Seen from below, it lets the light through"),
        1 => edit.entry_words(id, EntryWords::Reflection, "Next time I look twice"),
        2 => {
            edit.title("A leaf, held against the light")?;
            edit.work_date("2026-05-04".parse().expect("a day"))
        }
        _ => {
            let feedback =
                Feedback { did_well: "Patient".into(), improve: "Dates".into(), ..Feedback::default() };
            edit.feedback(id, &feedback, None)?;
            edit.outcomes(&[fieldfolio_core::ids::OutcomeId::new(moment, &mut SeededChance::new(number))])
        }
    });
    made.expect("a sheet can be edited").expect("something differs")
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
                ..NewPiece::default()
            };
            let piece = otto.capture(new, now(), &mut OsChance).unwrap().piece;
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

struct RelayProcess {
    pid: u32,
    /// Kilobytes of memory at most, ever.
    most_memory: u64,
}

/// The relay's process, found by its folder.
fn relay_process(school: &RealSchool) -> RelayProcess {
    let home = school.home().display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
        (words.contains(&home.as_bytes()) && words.contains(&b"serve".as_slice())).then_some(pid)
    });
    let found: Vec<u32> = processes.collect();
    let [pid] = found[..] else { panic!("not one relay, but {found:?}") };
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    RelayProcess { pid, most_memory: line.trim().trim_end_matches(" kB").parse().unwrap() }
}
