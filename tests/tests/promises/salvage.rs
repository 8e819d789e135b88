//! A damaged device: every page of its database broken in turn, its write-ahead log torn, its identity gone. What can
//! be read is saved, what is lost is counted, and what was saved reaches the school.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{Device, DeviceError, Edits, Judging, NewMedium, NewPiece, Salvaged};
use fieldfolio_core::ids::SeededRng;
use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::framework::Level;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::store::StoreError;
use fieldfolio_tests::local_relay::LocalRelay;
use fieldfolio_tests::photos::field_photo;
use fieldfolio_tests::sim::{School, copy_folder, scratch};
use rusqlite::Connection;

const PAGE: usize = 4096;

/// Mina's phone with work that the school has, work that it has not, and her teacher's judgements.
struct Field {
    scratch: tempfile::TempDir,
    school: School,
    /// The phone's database, whole.
    database: Vec<u8>,
    changes: BTreeSet<Vec<u8>>,
    acts: BTreeSet<Vec<u8>>,
    /// The school's database.
    relay: PathBuf,
    blobs: usize,
}

impl Field {
    fn new() -> Self {
        let mut school = School::new(90);
        school.enrol("phone", "mina");
        school.enrol("ito", "ms-ito");
        school.settle();
        let student = school.person("mina");
        let mut pieces = Vec::new();
        for number in 0..12 {
            let words = format!("What I saw on walk {number}. ").repeat(60);
            let new = NewPiece {
                media: vec![NewMedium::of_bytes(field_photo(number, 64, 48))],
                title: format!("Walk {number}"),
                words,
                outcomes: vec![school.outcome("THINK")],
                folios: vec![school.folio("mina/community-garden")],
                audience: Some(Roles::WHOLE_CIRCLE),
                ..NewPiece::of(fieldfolio_tests::a_day())
            };
            let made = school.on("phone", |phone, now, rng| phone.capture(new, now, rng)).unwrap();
            pieces.push(made.piece);
            if number == 7 {
                school.settle();
                let judging = Judging {
                    outcome: school.outcome("THINK"),
                    level: Level(2),
                    kind: AssessmentKind::Summative,
                    work_date: None,
                    next_step: String::new(),
                    replaces: None,
                };
                for piece in &pieces {
                    let judging = judging.clone();
                    let judged = |ito: &mut Device, now, rng: &mut SeededRng| {
                        ito.assess(*piece, student, judging, now, rng)
                    };
                    school.on("ito", judged).unwrap();
                }
                school.settle();
            }
        }
        for piece in &pieces {
            let edits =
                Edits { words: Some(format!("{piece}, again. ").repeat(20).into()), ..Edits::default() };
            school.on("phone", |phone, now, rng| phone.edit(*piece, edits, now, rng)).unwrap();
            let reflected =
                |phone: &mut Device, now, rng: &mut SeededRng| phone.reflect(*piece, "I thought", now, rng);
            school.on("phone", reflected).unwrap();
        }
        let scratch = scratch().unwrap();
        let relay = scratch.path().join("school.db");
        school.conn.execute("vacuum into ?1", [relay.display().to_string()]).unwrap();
        let phone = school.device("phone").take();
        let folder = phone.store().place().path().to_owned();
        let (changes, acts) = (said(&phone, "change", "hash"), said(&phone, "act", "id"));
        // As it lies there while it is in use, with its log; then at rest.
        copy_folder(&folder, &scratch.path().join("busy")).unwrap();
        phone.pause().unwrap();
        copy_folder(&folder, &scratch.path().join("phone")).unwrap();
        let database = fs::read(folder.join("fieldfolio.db")).unwrap();
        Self { scratch, school, database, changes, acts, relay, blobs: 24 }
    }

    fn damaged(&self) -> PathBuf {
        self.scratch.path().join("phone")
    }

    fn break_database(&self, bytes: &[u8]) {
        fs::write(self.damaged().join("fieldfolio.db"), bytes).unwrap();
    }

    /// Salvages from `from`, which is left as it is.
    fn salvage(&self, from: &Path) -> Result<(Device, Salvaged), DeviceError> {
        let to = self.scratch.path().join("saved");
        if to.exists() {
            fs::remove_dir_all(&to).unwrap();
        }
        let before = fingerprint(from);
        let done = Device::salvage(from, &to);
        assert_eq!(fingerprint(from), before, "the damaged one is left as it is");
        done
    }

    /// How much of what was said is lost: changes and acts. Nothing is there that nobody said.
    fn lost(&self, saved: &Device, how: &str) -> (usize, usize) {
        let (changes, acts) = (said(saved, "change", "hash"), said(saved, "act", "id"));
        assert!(changes.is_subset(&self.changes) && acts.is_subset(&self.acts), "{how}");
        (self.changes.len() - changes.len(), self.acts.len() - acts.len())
    }

    /// It works on, and agrees with the school; all of what was said is there in the end.
    fn agrees(&self, saved: &mut Device, how: &str) {
        let mut local = LocalRelay::with(&self.scratch.path().join("desk"), &self.relay).unwrap();
        let mut rng = SeededRng::new(91);
        let synced = local.sync(saved, &mut rng).and_then(|()| local.agrees(saved));
        synced.unwrap_or_else(|error| panic!("{how}: {error}"));
        assert_eq!(self.lost(saved, how), (0, 0), "{how}");
        let folios = saved.portfolio(None).unwrap();
        let piece = folios.iter().flat_map(|folio| &folio.pieces).next().unwrap().piece;
        let edits = Edits { words: Some("After all".into()), ..Edits::default() };
        saved.edit(piece, edits, self.school.now, &mut rng).unwrap();
        let synced = local.sync(saved, &mut rng).and_then(|()| local.agrees(saved));
        synced.unwrap_or_else(|error| panic!("{how}: {error}"));
    }
}

fn said(device: &Device, table: &str, name: &str) -> BTreeSet<Vec<u8>> {
    let mut query = device.store().read().prepare(&format!("select {name} from {table}")).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn fingerprint(folder: &Path) -> Vec<(PathBuf, BlobHash)> {
    let mut files = Vec::new();
    for found in fs::read_dir(folder).unwrap() {
        let path = found.unwrap().path();
        match path.is_dir() {
            true => files.extend(fingerprint(&path)),
            false => files.push((path.clone(), BlobHash::of(&fs::read(&path).unwrap()))),
        }
    }
    files.sort();
    files
}

/// The most changes and acts that go with each page: those that lie on it.
fn on_pages(database: &Path, table: &str) -> std::collections::BTreeMap<usize, usize> {
    let conn = Connection::open(database).unwrap();
    let sql = "select pageno, case pagetype when 'leaf' then ncell when 'overflow' then 1 else 0 end
               from dbstat where name = ?1";
    let mut query = conn.prepare(sql).unwrap();
    let rows =
        query.query_map([table], |row| Ok((row.get::<_, i64>(0)? as usize, row.get::<_, i64>(1)? as usize)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn whatever_page_is_broken_all_that_was_not_on_it_is_saved() {
    let field = Field::new();
    let whole = field.scratch.path().join("whole.db");
    fs::write(&whole, &field.database).unwrap();
    let (changes, acts) = (on_pages(&whole, "change"), on_pages(&whole, "act"));
    let pages = field.database.len() / PAGE;
    let mut dice = SeededRng::new(92);
    let (mut all, mut nobody, mut some) = (0, 0, 0);
    for page in 0..pages {
        for how in [["zeroed", "one byte"], ["half", "many bytes"]][page % 2] {
            let mut bytes = field.database.clone();
            let broken = &mut bytes[page * PAGE..(page + 1) * PAGE];
            match how {
                "zeroed" => broken.fill(0),
                "one byte" => broken[dice.below(PAGE as u64) as usize] ^= 1 << dice.below(8),
                "many bytes" => (0..40).for_each(|_| broken[dice.below(PAGE as u64) as usize] ^= 0x5a),
                _ => broken[PAGE / 2..].fill(0xff),
            }
            field.break_database(&bytes);
            let name = format!("page {}, {how}", page + 1);
            let (mut saved, report) = match field.salvage(&field.damaged()) {
                Ok(saved) => saved,
                Err(DeviceError::Store(StoreError::Nobody(_))) => {
                    nobody += 1;
                    continue;
                }
                Err(other) => panic!("{name}: {other}"),
            };
            let (lost_changes, lost_acts) = field.lost(&saved, &name);
            let may_go =
                |on: &std::collections::BTreeMap<usize, usize>| on.get(&(page + 1)).copied().unwrap_or(0);
            assert!(lost_changes <= may_go(&changes), "{name}: {lost_changes} changes, {report}");
            assert!(lost_acts <= may_go(&acts), "{name}: {lost_acts} acts, {report}");
            assert_eq!(report.files as usize, field.blobs, "{name}");
            if lost_changes + lost_acts == 0 {
                if page % 4 == 0 {
                    field.agrees(&mut saved, &name);
                }
                all += 1;
            } else {
                let counted = report.damaged_changes + report.damaged_acts > 0 || !report.broken.is_empty();
                assert!(counted, "{name}: lost without a word: {report}");
                some += 1;
            }
        }
    }
    println!(
        "{pages} pages: {all} times all was saved, {some} times some, {nobody} times it said nothing of whose it is"
    );
    // Only the page that says whose it is can hide that, and a page of keys that speaks against it.
    assert!(nobody <= 4 && all > pages, "{all} {some} {nobody}");
}

#[test]
fn a_torn_log_loses_no_row_that_could_be_read() {
    let field = Field::new();
    let busy = field.scratch.path().join("busy");
    let log = fs::read(busy.join("fieldfolio.db-wal")).unwrap();
    assert!(log.len() > 10 * (PAGE + 24), "there is a log: {}", log.len());
    let mut dice = SeededRng::new(93);
    for run in 0..30 {
        let mut torn = log.clone();
        let at = dice.below(torn.len() as u64) as usize;
        match run % 3 {
            0 => torn.truncate(at),
            1 => torn[at] ^= 0x10,
            _ => {
                let end = (at + 5_000).min(torn.len());
                torn[at..end].fill(0);
            }
        }
        fs::write(busy.join("fieldfolio.db-wal"), &torn).unwrap();
        let how = format!("run {run}, at {at}");
        // What SQLite finds by itself.
        let beside = field.scratch.path().join(format!("beside-{run}"));
        copy_folder(&busy, &beside).unwrap();
        let found = Device::open(&beside).map(|device| said(&device, "change", "hash")).unwrap_or_default();
        let (saved, report) = field.salvage(&busy).unwrap_or_else(|error| panic!("{how}: {error}"));
        assert!(found.is_subset(&said(&saved, "change", "hash")), "{how}: {report}");
        let (lost, _) = field.lost(&saved, &how);
        assert!(lost <= field.changes.len() - found.len(), "{how}");
    }
}

#[test]
fn a_store_that_does_not_say_whose_it_is_is_saved_into_one_of_the_same_person() {
    let mut field = Field::new();
    let database = field.damaged().join("fieldfolio.db");
    let conn = Connection::open(&database).unwrap();
    conn.execute_batch("update meta set value = x'00' where key = 'token'; pragma wal_checkpoint(truncate);")
        .unwrap();
    drop(conn);
    let Err(DeviceError::Store(refused @ StoreError::Nobody(_))) = field.salvage(&field.damaged()) else {
        panic!("nobody's")
    };
    assert!(refused.to_string().contains("enrol"), "{refused}");
    // Her tablet takes it all, and another person's phone nothing.
    field.school.enrol("tablet", "mina");
    field
        .school
        .conn
        .execute("vacuum into ?1", [field.scratch.path().join("now.db").display().to_string()])
        .unwrap();
    field.relay = field.scratch.path().join("now.db");
    let mut tablet = field.school.device("tablet").take();
    let folder = tablet.store().place().path().to_owned();
    let mut local = LocalRelay::with(&field.scratch.path().join("desk"), &field.relay).unwrap();
    let mut rng = SeededRng::new(94);
    local.sync(&mut tablet, &mut rng).unwrap();
    drop(tablet);
    let (mut saved, report) = Device::salvage(field.damaged().as_path(), folder.as_path()).unwrap();
    let said_all = |device: &Device| {
        field.changes.is_subset(&said(device, "change", "hash"))
            && field.acts.is_subset(&said(device, "act", "id"))
    };
    assert!(said_all(&saved), "{report}");
    local.sync(&mut saved, &mut rng).and_then(|()| local.agrees(&saved)).unwrap();
    // Twice is once.
    drop(saved);
    let (again, report) = Device::salvage(field.damaged().as_path(), folder.as_path()).unwrap();
    assert_eq!((report.changes, report.acts), (0, 0), "{report}");
    assert!(again.status().unwrap().waiting.is_empty());

    let foreign = field.school.device("ito").take();
    let folder = foreign.store().place().path().to_owned();
    drop(foreign);
    let whole = field.scratch.path().join("whole");
    copy_folder(&field.damaged(), &whole).unwrap();
    fs::write(whole.join("fieldfolio.db"), &field.database).unwrap();
    let refused = Device::salvage(whole.as_path(), folder.as_path()).unwrap_err();
    assert!(matches!(refused, DeviceError::Store(StoreError::Foreign(_))), "{refused}");
}

#[test]
fn damaged_and_lost_files_are_named_and_asked_for() {
    let field = Field::new();
    let blobs = field.damaged().join("blobs");
    let mut files: Vec<PathBuf> = fingerprint(&blobs).into_iter().map(|(path, _)| path).collect();
    let (lost, flipped) = (files.pop().unwrap(), files.pop().unwrap());
    fs::remove_file(lost).unwrap();
    let mut bytes = fs::read(&flipped).unwrap();
    bytes[10] ^= 1;
    fs::write(&flipped, bytes).unwrap();
    let (saved, report) = field.salvage(&field.damaged()).unwrap();
    assert_eq!((report.files as usize, report.damaged_files, report.missing_files), (field.blobs - 2, 1, 2));
    assert_eq!(field.lost(&saved, "files"), (0, 0));
    assert_eq!(saved.uploads().unwrap().len(), field.blobs - 2, "the rest is owed");
    assert!(report.to_string().contains("2 files"), "{report}");
}

#[test]
fn what_was_erased_stays_away() {
    let mut school = School::new(95);
    school.enrol("phone", "mina");
    school.settle();
    let capture = |school: &mut School, title: &str| {
        school.capture("phone", title, "mina/community-garden", "2026-05-04", &["THINK"])
    };
    let (sent, kept) = (capture(&mut school, "Erased, sent"), capture(&mut school, "Kept"));
    school.settle();
    let unsent = capture(&mut school, "Erased, not sent");
    for piece in [sent, unsent] {
        school.on("phone", |phone, now, rng| phone.erase(piece, now, rng)).unwrap();
    }
    school.settle();
    let phone = school.device("phone").take();
    let folder = phone.store().place().path().to_owned();
    phone.pause().unwrap();
    // The table of what is said is broken, so that every page is looked at.
    let database = folder.join("fieldfolio.db");
    let mut bytes = fs::read(&database).unwrap();
    let root = {
        let conn = Connection::open(&database).unwrap();
        conn.query_row("select rootpage from sqlite_schema where name = 'change'", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap()
    };
    bytes[(root as usize - 1) * PAGE + 5] ^= 0xff;
    fs::write(&database, bytes).unwrap();
    let scratch = scratch().unwrap();
    let (saved, report) = Device::salvage(folder.as_path(), scratch.path().join("saved").as_path()).unwrap();
    let pieces: Vec<_> = saved
        .portfolio(None)
        .unwrap()
        .into_iter()
        .flat_map(|folio| folio.pieces)
        .map(|line| line.piece)
        .collect();
    assert!(!pieces.contains(&sent) && !pieces.contains(&unsent), "{report}");
    assert!(pieces.contains(&kept), "{report}");
    assert!(saved.piece(sent).is_err() && saved.piece(unsent).is_err());
}
