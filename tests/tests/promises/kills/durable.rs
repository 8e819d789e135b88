//! A kill can't tell what a power cut can: whether bytes had left the machine's memory. So both programs run on a slow
//! disk that keeps a diary, and whatever they acknowledge must stand in it already, in the right order.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{DocumentId, SeededRng};
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_tests::ledger::Acknowledged;
use fieldfolio_tests::processes::binary;
use fieldfolio_tests::real::{Client, RealSchool, Writing};
use fieldfolio_tests::{driver, sim};

/// Long enough that an answer that does not wait for the disk is there first.
const SLOW: &str = "60";

struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        let folder = sim::scratch().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promises/kills/disk.c");
        // The same compiler that SQLite was built with.
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(folder.path().join("disk.so")).arg(source);
        assert!(compiler.status().unwrap().success());
        Self { folder }
    }

    /// The program will run on this disk.
    fn under(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.folder.path().join("disk.so"));
        command.env("FIELDFOLIO_DISK_LOG", self.diary_path()).env("FIELDFOLIO_DISK_MS", SLOW);
    }

    fn diary_path(&self) -> PathBuf {
        self.folder.path().join("diary")
    }

    fn diary(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.diary_path()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Each of these happened, in this order.
fn in_order(diary: &[String], expected: &[(&str, &str)]) {
    let mut rest = diary.iter();
    for (what, end) in expected {
        let found = rest.any(|line| line.starts_with(what) && line.contains(end));
        assert!(found, "{what} …{end} is missing, or too late, in {diary:#?}");
    }
}

/// Where a blob's name becomes durable: its file's folder.
fn folder_of(blob: BlobHash) -> String {
    blob.path().parent().unwrap().display().to_string()
}

#[test]
fn the_relay_answers_only_what_is_on_disk_and_a_photo_before_what_links_it() {
    let disk = Disk::new();
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    school.relay.lock().unwrap().kill9().unwrap();
    let mut command = Command::new(binary("fieldfolio").unwrap());
    command.arg("--dir").arg(school.home()).arg("serve");
    command.env("FIELDFOLIO_LISTEN", school.address.to_string()).env("FIELDFOLIO_LOG_LEVEL", "warn");
    disk.under(&mut command);
    let mut relay = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut said = String::new();
    BufReader::new(relay.0.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.starts_with("listening"), "{said}");

    let mut dice = SeededRng::new(12);
    let photo = b"a leaf, seen closely";
    let blob = BlobHash::of(photo);
    let (piece, mut items) = client.new_piece(school.folio("mina/community-garden"), &mut dice);
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    items.push(Item::Change(content.write(&client.me, &[blob], |edit| edit.title("A leaf"))));
    stored_and_on_disk(&mut client, &disk, &items);
    for version in 0..3 {
        let words = format!("Version {version}");
        let change = content.write(&client.me, &[], |edit| edit.words(&words));
        stored_and_on_disk(&mut client, &disk, &[Item::Change(change)]);
    }

    let before = disk.diary().len();
    assert_eq!(client.upload(piece, photo).unwrap(), 204);
    let name = blob.hex();
    let folder = folder_of(blob);
    let diary = &disk.diary()[before..];
    in_order(diary, &[("sync", ".part"), ("rename", &name), ("sync", &folder), ("sync", "relay.db-wal")]);
}

fn stored_and_on_disk(client: &mut Client, disk: &Disk, items: &[Item]) {
    let before = disk.diary().len();
    let verdicts = client.send(items).unwrap();
    let diary = &disk.diary()[before..];
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
    in_order(diary, &[("sync", "relay.db-wal")]);
}

#[test]
fn a_device_says_saved_only_of_what_is_on_disk_and_photos_before_what_names_them() {
    let disk = Disk::new();
    let school = RealSchool::start().unwrap();
    let folder = school.folder().join("phone");
    let mut phone = school.enrol("mina", "phone").unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    drop(phone);
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldfolio-crash-device"));
    command.arg(&folder).args([school.folio("mina/community-garden").to_string(), "13".to_owned()]);
    command.env("FIELDFOLIO_STOP_AT", "before-send 1").stdin(Stdio::piped()).stdout(Stdio::piped());
    disk.under(&mut command);
    let mut life = Running(command.spawn().unwrap());
    let out = BufReader::new(life.0.stdout.take().unwrap());
    let said: Vec<Acknowledged> =
        out.lines().map_while(|line| serde_json::from_str(&line.unwrap()).ok()).collect();
    // The diary knows what came before each line that was said, however late anyone read it.
    let diary = disk.diary();
    let chapters = diary.split(|line| line.starts_with("said"));
    let (mut pieces, mut words) = (0, 0);
    for (said, diary) in said.into_iter().zip(chapters) {
        match said {
            Acknowledged::Saved { blobs, .. } => {
                for blob in blobs {
                    let (name, folder) = (blob.hex(), folder_of(blob));
                    let renamed =
                        diary.iter().position(|line| line.starts_with("rename") && line.contains(&name));
                    let synced = renamed.and_then(|at| diary.get(at.checked_sub(1)?));
                    let is_synced =
                        synced.is_some_and(|line| line.starts_with("sync") && line.contains("incoming/"));
                    assert!(is_synced, "{name} got its name before it was safe: {diary:#?}");
                    in_order(diary, &[("rename", &name), ("sync", &folder), ("sync", "fieldfolio.db-wal")]);
                }
                let first = diary.iter().position(|line| line.ends_with("fieldfolio.db-wal"));
                let last = diary.iter().rposition(|line| line.starts_with("rename"));
                assert!(first > last, "a row was written before its photo was safe: {diary:#?}");
                pieces += 1;
            }
            Acknowledged::Words { .. } => {
                in_order(diary, &[("sync", "fieldfolio.db-wal")]);
                words += 1;
            }
            other => panic!("a device said {other:?}"),
        }
    }
    assert!(pieces >= 1 && words >= 4, "{pieces} pieces, {words} words");
}

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Nobody is left to tell; the process is gone either way.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
