//! What is gone is gone: erased words, narrowed rights, and what other users of the machine can read.

use std::path::{Path, PathBuf};

use fieldfolio_core::ids::DocumentId;
use fieldfolio_core::model::act::Act;
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_tests::driver::{OsRng, now};
use fieldfolio_tests::processes::{self, Relay};
use fieldfolio_tests::raw;
use fieldfolio_tests::real::Writing;

use super::{dice, school};

const WORDS: &str = "the greenhouse smells of tomatoes and rain";

/// Files below a folder that hold these bytes.
fn holding(folder: &Path, words: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(bytes) = std::fs::read(&path)
                && bytes.windows(words.len()).any(|window| window == words.as_bytes())
            {
                found.push(path);
            }
        }
    }
    found
}

/// Until nothing below the folder holds the words. Bounded by the clock of the test's own patience.
fn goes(folder: &Path, words: &str) -> bool {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::time::Instant::now() < until {
        if holding(folder, words).is_empty() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

/// Words that their maker erased are in no file of the relay any more: not in the write-ahead log, nor in a database that
/// a restoration put aside.
#[test]
fn erased_words_are_in_no_file_of_the_school() {
    let (school, mut dice) = (school(), dice(41));
    let mut mina = school.client("mina", "mina").unwrap();
    let (piece, mut items) = mina.new_piece(school.folio("mina/community-garden"), &mut dice);
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    items.push(Item::Change(content.write(&mina.me, &[], |edit| edit.words(WORDS))));
    assert!(mina.send(&items).unwrap().iter().all(|verdict| matches!(verdict, Verdict::Stored(_))));
    assert!(!holding(&school.home(), WORDS).is_empty(), "they are there as they were written");
    let backup = school.folder().join("backup");
    school.office(&["backup", backup.to_str().unwrap()]).unwrap();
    school.relay.lock().unwrap().kill9().unwrap();
    school.office(&["restore", backup.to_str().unwrap()]).unwrap();
    school.relay.lock().unwrap().restart().unwrap();
    let before: Vec<PathBuf> = std::fs::read_dir(school.home())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("before-"))
        .collect();
    assert_eq!(before.len(), 1);
    let erase = Act::Erase { piece };
    let id = fieldfolio_core::ids::ActId::new(now(), &mut OsRng);
    assert!(matches!(mina.send(&[raw::act(&mina.me, id, &erase)]).unwrap()[0], Verdict::Stored(_)));
    assert!(goes(&school.home(), WORDS), "{:?}", holding(&school.home(), WORDS));
}

/// What was narrowed since the backup is as narrow after it was put back: a reader's voice and end, a group, an audience.
#[test]
fn what_was_narrowed_is_not_wide_again_after_a_restoration() {
    let (school, mut dice) = (school(), dice(42));
    let folio = "Mina Sample/Community garden";
    school.office(&["circle", "grant", folio, "Sam Sample", "--as", "reader", "--may-write"]).unwrap();
    let mut mina = school.client("mina", "mina").unwrap();
    let (piece, items) = mina.new_piece(school.folio("mina/community-garden"), &mut dice);
    mina.send(&items).unwrap();
    let backup = school.folder().join("backup");
    school.office(&["backup", backup.to_str().unwrap()]).unwrap();
    school.office(&["circle", "grant", folio, "Sam Sample", "--as", "reader", "--days", "1"]).unwrap();
    school.office(&["project", "group", "Community garden", "Otto Sample", "--end"]).unwrap();
    school.office(&["person", "lock", "Ada Sample"]).unwrap();
    school.office(&["person", "add-kind", "Mr Okafor Sample", "administrator"]).unwrap();
    school.office(&["person", "limit", "Otto Sample", "--files", "1000"]).unwrap();
    let narrower = Act::Unshare { piece, replaces: vec![share_of(&items)] };
    let id = fieldfolio_core::ids::ActId::new(now(), &mut OsRng);
    assert!(matches!(mina.send(&[raw::act(&mina.me, id, &narrower)]).unwrap()[0], Verdict::Stored(_)));
    school.relay.lock().unwrap().kill9().unwrap();
    school.office(&["restore", backup.to_str().unwrap()]).unwrap();
    school.relay.lock().unwrap().restart().unwrap();

    let circle = school.office(&["circle", "list", folio]).unwrap();
    let sam =
        circle["circle"].as_array().unwrap().iter().find(|row| row["name"] == "Sam Sample").unwrap().clone();
    assert!(sam["may_write"] == false && sam["expires"].is_u64(), "{sam}");
    let conn = fieldfolio_server::database::open(&school.home()).unwrap();
    let ask = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    let shares = "select count(*) from project_group g join person p on p.row = g.student
         join project_group other on other.project = g.project and other.name = g.name and other.student <> g.student
         where p.name = 'Otto Sample'";
    assert_eq!(ask(shares), 0, "he works with nobody of the group that he left");
    assert_eq!(ask("select count(*) from person where name = 'Ada Sample' and locked_at is not null"), 1);
    assert_eq!(ask("select media_limit from person where name = 'Otto Sample'"), 1000);
    assert_eq!(ask("select coalesce(audience, 0) from piece"), 0);
}

fn share_of(items: &[Item]) -> fieldfolio_core::ids::ActId {
    let Some(Item::Act(act)) = items.last() else { panic!("the last one shares") };
    act.id
}

#[cfg(unix)]
#[test]
fn nobody_else_on_the_machine_reads_what_is_made_here() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755)).unwrap();
    // Everything in folders that were there before, open to all.
    let made = |name: &str| {
        let folder = home.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        folder
    };
    let (school, backup, phone) = (made("school"), made("stick"), made("phone"));
    let office = |args: &[&str]| processes::school(&school, None, args);
    office(&["sample"]).unwrap();
    std::fs::write(school.join("fieldfolio.toml"), "disk_floor_bytes = 0").unwrap();
    let relay = Relay::start(&school).unwrap();
    let link = processes::school(&school, Some(relay.url()), &["invite", "Mina Sample"]).unwrap();
    let mut device = fieldfolio_tests::driver::enrol(link["url"].as_str().unwrap(), &phone).unwrap();
    let photo = fieldfolio_tests::photos::field_photo(1, 64, 64);
    let new = fieldfolio_core::device::NewPiece {
        media: vec![fieldfolio_core::device::NewMedium::of_bytes(photo)],
        ..fieldfolio_core::device::NewPiece::of(fieldfolio_tests::a_day())
    };
    device.capture(new, now(), &mut OsRng).unwrap();
    super::sync(&mut device);
    office(&["backup", backup.to_str().unwrap()]).unwrap();
    let mut open = Vec::new();
    let mut folders = vec![school.clone(), backup, phone];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // (The settings, and where the test keeps what the relay says, are not the program's.)
            if path.metadata().unwrap().permissions().mode() & 0o077 != 0
                && !path.ends_with("fieldfolio.toml")
                && !path.ends_with("relay.log")
            {
                open.push(path.clone());
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    assert!(open.is_empty(), "others can read {open:#?}");
    // A key that others can read is refused in words.
    std::fs::set_permissions(school.join("root.key"), PermissionsExt::from_mode(0o644)).unwrap();
    let refused = office(&["invite", "Mina Sample"]).unwrap_err().to_string();
    assert!(refused.contains("can be read by others") && refused.contains("chmod 600"), "{refused}");
}
