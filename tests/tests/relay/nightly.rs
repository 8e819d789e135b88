//! The relay's looking after media: what is damaged or missing is found and named, what nothing is linked to goes after a
//! week and not before, and nothing that somebody may still read ever goes.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

use std::path::PathBuf;
use std::sync::Barrier;
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{Body, Device, NewMedium, NewPiece};
use fieldfolio_core::ids::{DocumentId, SeededRng};
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::sync::wire::Item;
use fieldfolio_server::cli;
use fieldfolio_server::directory::OsRng;
use fieldfolio_tests::driver::{self, now};
use fieldfolio_tests::photos::field_photo;
use fieldfolio_tests::real::{Client, RealSchool, Writing};
use serde_json::{Value, json};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// A school with one photo of Mina's at it: the original's hash.
fn school_with_a_photo() -> (RealSchool, BlobHash) {
    let school = RealSchool::start().unwrap();
    let mut phone = school.enrol("mina", "phone").unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    let new = NewPiece {
        media: vec![NewMedium::of_bytes(field_photo(1, 320, 240))],
        folios: vec![school.folio("mina/community-garden")],
        audience: Some(Roles::WHOLE_CIRCLE),
        ..NewPiece::of(fieldfolio_tests::a_day())
    };
    let captured = phone.capture(new, now(), &mut driver::OsRng).unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    let original = captured.media[0].original;
    (school, original)
}

/// `fieldfolio blobs`, so many days from now.
fn blobs(school: &RealSchool, arguments: &[&str], days: u64) -> Value {
    let home = school.home().to_str().unwrap().to_owned();
    let mut all = vec!["fieldfolio", "--dir", &home, "--json", "blobs"];
    all.extend(arguments);
    let answer = cli::run_with(all, now().plus_millis(days * DAY), &mut OsRng).unwrap();
    serde_json::from_str(&answer).unwrap()
}

fn file_of(school: &RealSchool, hash: BlobHash) -> PathBuf {
    school.home().join("blobs").join(hash.path())
}

#[test]
fn usage_is_told_and_what_is_damaged_or_missing_is_named() {
    let (school, original) = school_with_a_photo();
    let told = blobs(&school, &["--check"], 0);
    assert_eq!(told["people"][0]["name"], "Mina Sample");
    assert_eq!((&told["people"][0]["count"], &told["checked"]["sound"]), (&json!(2), &json!(2)));
    assert_eq!((&told["missing"], &told["damaged"], &told["orphans"]), (&json!([]), &json!([]), &json!([])));

    let whole = std::fs::read(file_of(&school, original)).unwrap();
    let mut torn = whole.clone();
    torn[100] ^= 1;
    std::fs::write(file_of(&school, original), torn).unwrap();
    assert_eq!(blobs(&school, &["--check"], 0)["damaged"], json!([original]));
    std::fs::remove_file(file_of(&school, original)).unwrap();
    let told = blobs(&school, &["--check"], 0);
    assert_eq!((&told["missing"], &told["damaged"]), (&json!([original]), &json!([original])));
    // Once the bytes are back, they are sound.
    std::fs::write(file_of(&school, original), whole).unwrap();
    let told = blobs(&school, &["--check"], 0);
    assert_eq!((&told["missing"], &told["damaged"]), (&json!([]), &json!([])));
}

#[test]
fn bytes_without_a_link_go_after_a_week_and_linked_ones_never() {
    let (school, original) = school_with_a_photo();
    let stray = BlobHash::of(b"left by a crash");
    std::fs::create_dir_all(file_of(&school, stray).parent().unwrap()).unwrap();
    std::fs::write(file_of(&school, stray), b"left by a crash").unwrap();
    let home = school.home().to_str().unwrap().to_owned();
    let beside = cli::run_with(["fieldfolio", "--dir", &home, "blobs", "--tidy"], now(), &mut OsRng);
    assert!(beside.unwrap_err().to_string().contains("stop it first"), "a relay serves it");
    school.relay.lock().unwrap().kill9().unwrap();

    let night = |days| blobs(&school, &["--tidy"], days);
    assert_eq!(night(0)["orphans"], json!([stray]));
    assert_eq!(night(6)["night"]["removed"], 0);
    assert!(file_of(&school, stray).exists());
    assert_eq!(night(7)["night"]["removed"], 1);
    assert!(!file_of(&school, stray).exists());
    assert!(file_of(&school, original).exists(), "what is linked stays");

    // As an erasure will leave it.
    let conn = rusqlite::Connection::open(school.home().join("relay.db")).unwrap();
    conn.execute("delete from link where blob = ?1", [original.as_bytes().as_slice()]).unwrap();
    assert_eq!(night(10)["unlinked"]["count"], 1);
    assert_eq!(night(16)["night"]["removed"], 0);
    assert!(file_of(&school, original).exists());
    assert_eq!(night(17)["night"]["removed"], 1);
    assert!(!file_of(&school, original).exists());
    assert_eq!((&night(18)["missing"], &night(18)["unlinked"]["count"]), (&json!([]), &json!(0)));
}

#[test]
fn bytes_that_are_brought_again_heal_what_was_damaged() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    let leaf = b"a leaf of the oak";
    let hash = BlobHash::of(leaf);
    let mut dice = SeededRng::new(5);
    let (piece, mut items) = client.new_piece(school.folio("mina/community-garden"), &mut dice);
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    items.push(Item::Change(content.write(&client.me, &[hash], |edit| edit.title("A leaf"))));
    client.send(&items).unwrap();
    client.upload(piece, leaf).unwrap();
    std::fs::write(file_of(&school, hash), b"a loaf of the oak").unwrap();
    assert_eq!(blobs(&school, &["--check"], 0)["damaged"], json!([hash]));

    client.upload(piece, leaf).unwrap();
    assert_eq!(blobs(&school, &[], 0)["damaged"], json!([]));
    assert_eq!(blobs(&school, &["--check"], 0)["checked"]["sound"], 1);
}

#[test]
fn files_of_others_in_the_folder_keep_nobody_from_looking_after_media() {
    let (school, original) = school_with_a_photo();
    school.relay.lock().unwrap().kill9().unwrap();
    let folder = school.home().join("blobs");
    std::fs::write(folder.join("ab"), "a file where a folder might be").unwrap();
    let stray = BlobHash::of(b"a folder that is named like a blob");
    std::fs::create_dir_all(file_of(&school, stray).join("within")).unwrap();
    std::fs::write(file_of(&school, original), b"damaged").unwrap();
    for days in [0, 8, 16] {
        let told = blobs(&school, &["--tidy"], days);
        assert_eq!((&told["orphans"], &told["night"]["removed"]), (&json!([]), &json!(0)));
    }
    assert_eq!(blobs(&school, &["--tidy"], 17)["damaged"], json!([original]));
    assert!(file_of(&school, stray).join("within").exists());
}

#[test]
fn one_file_that_can_not_be_removed_keeps_no_other() {
    let (school, original) = school_with_a_photo();
    school.relay.lock().unwrap().kill9().unwrap();
    let conn = rusqlite::Connection::open(school.home().join("relay.db")).unwrap();
    conn.execute("delete from link", []).unwrap();
    blobs(&school, &["--tidy"], 0);
    std::fs::remove_file(file_of(&school, original)).unwrap();
    std::fs::create_dir(file_of(&school, original)).unwrap();
    let home = school.home().to_str().unwrap().to_owned();
    let week = now().plus_millis(8 * DAY);
    let told = cli::run_with(["fieldfolio", "--dir", &home, "blobs", "--tidy"], week, &mut OsRng);
    assert!(told.unwrap_err().to_string().contains(&original.hex()), "it is named");
    let left: i64 = conn.query_row("select count(*) from blob", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "the other one is gone, too");
}

#[test]
fn bytes_that_are_linked_again_in_time_stay() {
    let (school, original) = school_with_a_photo();
    school.relay.lock().unwrap().kill9().unwrap();
    let conn = rusqlite::Connection::open(school.home().join("relay.db")).unwrap();
    let name = original.as_bytes().as_slice();
    let document: i64 =
        conn.query_row("select document from link where blob = ?1", [name], |row| row.get(0)).unwrap();
    conn.execute("delete from link where blob = ?1", [name]).unwrap();
    blobs(&school, &["--tidy"], 0);
    conn.execute("insert into link (document, blob) values (?1, ?2)", (document, name)).unwrap();
    blobs(&school, &["--tidy"], 5);
    conn.execute("delete from link where blob = ?1", [name]).unwrap();
    assert_eq!(blobs(&school, &["--tidy"], 8)["night"]["removed"], 0, "its week begins anew");
    assert!(file_of(&school, original).exists());
}

/// Any command on a folder, as the program says it.
fn command(folder: &std::path::Path, arguments: &[&str]) -> Result<Value, String> {
    let folder = folder.to_str().unwrap().to_owned();
    let mut all = vec!["fieldfolio", "--dir", &folder, "--json"];
    all.extend(arguments);
    let said = cli::run_with(all, now(), &mut OsRng).map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&said).unwrap())
}

#[test]
fn a_backup_made_beside_the_relay_is_a_school_and_the_next_one_copies_what_is_new() {
    let (school, original) = school_with_a_photo();
    let copy = tempfile::tempdir().unwrap();
    let to = copy.path().join("copy");
    let to_text = to.to_str().unwrap();
    let made = command(&school.home(), &["backup", to_text]).unwrap();
    assert_eq!((&made["copied"], &made["kept"], &made["missing"]), (&json!(2), &json!(0), &json!([])));
    let verified = command(&to, &["verify", "--files"]).unwrap();
    assert_eq!((&verified["verified"]["problems"], &verified["files"]), (&json!([]), &json!(2)));
    assert!(verified["verified"]["documents"].as_u64().unwrap() > 0);

    // More happens at the school, whose relay runs on; only that is copied.
    let mut phone = Device::open(&school.folder().join("phone")).unwrap();
    let new = NewPiece {
        media: vec![NewMedium::of_bytes(field_photo(2, 64, 48))],
        ..NewPiece::of(fieldfolio_tests::a_day())
    };
    phone.capture(new, now(), &mut driver::OsRng).unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    let made = command(&school.home(), &["backup", to_text]).unwrap();
    assert_eq!((&made["copied"], &made["kept"]), (&json!(2), &json!(2)));
    command(&to, &["verify", "--files"]).unwrap();

    // What is lost at the school is named, and not in the copy.
    std::fs::remove_file(file_of(&school, original)).unwrap();
    let other = copy.path().join("other");
    let made = command(&school.home(), &["backup", other.to_str().unwrap()]).unwrap();
    assert_eq!(made["missing"], json!([original]));
}

#[test]
fn a_backup_never_overwrites_something_else() {
    let school = RealSchool::start().unwrap();
    let other = RealSchool::start().unwrap();
    let home = school.home();
    for (to, why) in [
        (other.home(), "something else"),
        (school.home().join("copy"), "lost with it"),
        (school.folder().to_owned(), "lost with it"),
    ] {
        let error = command(&home, &["backup", to.to_str().unwrap()]).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let full = tempfile::tempdir().unwrap();
    std::fs::write(full.path().join("diary.txt"), "mine").unwrap();
    let error = command(&home, &["backup", full.path().to_str().unwrap()]).unwrap_err();
    assert!(error.contains("something else"), "{error}");
    assert_eq!(std::fs::read_dir(full.path()).unwrap().count(), 1);
    command(&other.home(), &["verify", "--files"]).unwrap();
}

#[test]
fn what_somebody_changed_in_the_database_is_found() {
    let (school, _) = school_with_a_photo();
    school.relay.lock().unwrap().kill9().unwrap();
    let path = school.home().join("relay.db");
    let tampers = [
        ("update change set signature = zeroblob(64) where n = (select min(n) from change)", "not signed"),
        (
            "update act set body = cast(x'00' || body as blob) where n = (select min(n) from act)",
            "not signed",
        ),
        (
            "update document set heads = zeroblob(32) where row = (select min(row) from document)",
            "other heads",
        ),
        ("update change set raw = x'0102' where n = (select max(n) from change)", "can't be opened"),
        ("delete from blob where hash = (select min(hash) from blob)", "belongs to a row"),
    ];
    command(&school.home(), &["verify", "--files"]).unwrap();
    for (sql, why) in tampers {
        let whole = std::fs::read(&path).unwrap();
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch("pragma foreign_keys = off").unwrap();
        assert!(conn.execute(sql, []).unwrap() > 0, "{sql}");
        conn.execute_batch("pragma wal_checkpoint(truncate)").unwrap();
        drop(conn);
        let error = command(&school.home(), &["verify"]).unwrap_err();
        assert!(error.contains(why), "{sql}: {error}");
        std::fs::write(&path, whole).unwrap();
    }
}

/// A film that ten people watch at once: each gets what she asks for, in stretches, with one copy on disk.
#[test]
fn ten_people_watch_one_film_at_once() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    let film: Vec<u8> = (0..6_000_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let hash = BlobHash::of(&film);
    let mut dice = SeededRng::new(5);
    let (piece, mut items) = client.new_piece(school.folio("mina/community-garden"), &mut dice);
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    items.push(Item::Change(content.write(&client.me, &[hash], |edit| edit.title("A film"))));
    client.send(&items).unwrap();
    client.upload(piece, &film).unwrap();
    let begin = Barrier::new(10);
    std::thread::scope(|scope| {
        for viewer in 0..10u64 {
            let (film, begin, me) = (&film, &begin, client.me.clone());
            scope.spawn(move || {
                let mut client = Client::with(me);
                begin.wait();
                // Each begins somewhere else and goes round.
                for stretch in 0..6 {
                    let start = (viewer * 600_000 + stretch * 1_000_000) % 6_000_000;
                    let end = (start + 1_000_000).min(6_000_000);
                    let headers = [
                        ("Range", format!("bytes={start}-{}", end - 1)),
                        ("If-Range", format!("\"{}\"", hash.hex())),
                    ];
                    let answer =
                        client.call("GET", &format!("/v1/blobs/{hash}"), &headers, Body::Empty).unwrap();
                    assert_eq!(answer.status, 206);
                    assert_eq!(answer.content_range, Some(format!("bytes {start}-{}/6000000", end - 1)));
                    assert!(answer.body == film[start as usize..end as usize], "other bytes");
                }
            });
        }
    });
}
