//! A school whose power goes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{DocumentId, Rng, SeededRng};
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_tests::driver;
use fieldfolio_tests::ledger::{Acknowledged, audit};
use fieldfolio_tests::processes::{self, Relay, binary};
use fieldfolio_tests::real::{Client, Writing};
use fieldfolio_tests::sample::Sample;

use super::disk::{Disk, Entry, Watched, What};
use super::{Cuts, Listening};

/// One in so many cuts is looked at through a relay's process; the others through their databases and files.
const SERVED: u64 = 6;

/// What a client was told, and how long the diary was when it had been.
struct Told {
    by: usize,
    what: Acknowledged,
}

/// So much of an upload was acknowledged.
struct Offset {
    by: usize,
    path: String,
    offset: u64,
}

#[test]
fn a_school_whose_power_goes_at_any_moment_has_what_it_acknowledged_and_goes_on() {
    let watched = Watched::new();
    let (home, copy) = (watched.root().join("school"), watched.root().join("copy"));
    // Whatever works on the folder works on the disk that remembers.
    let run = |args: &[&str], url: &str| {
        let mut command = Command::new(binary("fieldfolio").unwrap());
        command.env("FIELDFOLIO_PUBLIC_URL", url);
        command.arg("--dir").arg(&home).arg("--json").args(args);
        watched.under(&mut command);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        (serde_json::from_slice(&done.stdout).unwrap(), watched.length())
    };
    let (sample, made_by): (serde_json::Value, usize) = run(&["sample"], "http://relay.invalid");
    let sample = Sample(sample);
    fs::write(home.join("fieldfolio.toml"), "disk_floor_bytes = 0\n").unwrap();
    let mut command = Command::new(binary("fieldfolio").unwrap());
    command.arg("--dir").arg(&home).arg("serve").env("FIELDFOLIO_LISTEN", "127.0.0.1:0");
    watched.under(&mut command);
    let relay = Listening::begin(command.env("FIELDFOLIO_LOG_LEVEL", "warn").stdout(Stdio::piped())).unwrap();

    let mina = sample.person("mina").to_string();
    let (invited, _) = run(&["invite", &mina], &relay.url);
    let phone = driver::enrol(invited["url"].as_str().unwrap(), &watched.beside("phone")).unwrap();
    let mut work = Work {
        client: Client::with(phone.identity().clone()),
        rng: SeededRng::new(31),
        told: Vec::new(),
        offsets: Vec::new(),
        watched: &watched,
    };
    let folio = sample.folio("mina/community-garden");
    work.bring_a_piece(folio, 9_000);
    let (_, first_copy) = run(&["backup", &copy.display().to_string()], &relay.url);
    let in_first_copy = work.told.len();
    work.bring_a_piece(folio, 700);
    let (_, second_copy) = run(&["backup", &copy.display().to_string()], &relay.url);
    let Work { client, told, offsets, .. } = work;
    drop(relay);

    let diary = watched.diary();
    let mut field = Field {
        disk: Disk::default(),
        cuts: Cuts::at(watched.beside("cut")),
        client,
        folio,
        told,
        offsets,
        copies: [(made_by, None), (first_copy, Some(in_first_copy)), (second_copy, Some(usize::MAX))],
    };
    field.play(&diary);
    println!("{} cuts at {} moments, {} things acknowledged", field.cuts.made, diary.len(), field.told.len());
    assert!(diary.len() > 300 && field.told.len() == 12, "{} {}", diary.len(), field.told.len());
}

struct Work<'a> {
    client: Client,
    rng: SeededRng,
    told: Vec<Told>,
    offsets: Vec<Offset>,
    watched: &'a Watched,
}

impl Work<'_> {
    fn bring_a_piece(&mut self, folio: fieldfolio_core::ids::FolioId, bytes: usize) {
        let mut photo = vec![0; bytes];
        self.rng.fill(&mut photo);
        let blob = BlobHash::of(&photo);
        let (piece, mut items) = self.client.new_piece(folio, &mut self.rng);
        let mut content = Writing::new(DocumentId::content(piece), &mut self.rng);
        items.push(Item::Change(content.write(&self.client.me, &[blob], |edit| edit.title("A leaf"))));
        self.send(&items);
        let words = content.write(&self.client.me, &[], |edit| edit.words("Seen closely"));
        self.send(&[Item::Change(words)]);
        let begun = self.client.begin_upload(piece, blob, bytes as u64).unwrap();
        let path = begun.location.unwrap();
        let mut at = 0;
        for until in [bytes / 3, bytes] {
            let before = self.watched.length();
            let answer = self.client.patch(&path, at as u64, &photo[at..until]).unwrap();
            assert_eq!((answer.status, answer.upload_offset), (204, Some(until as u64)));
            self.offsets.push(Offset { by: before, path: path.clone(), offset: until as u64 });
            if until == bytes {
                self.told.push(Told { by: before, what: Acknowledged::Blob { piece, blob } });
            }
            at = until;
        }
    }

    fn send(&mut self, items: &[Item]) {
        let before = self.watched.length();
        let verdicts = self.client.send(items).unwrap();
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
        let told = items.iter().zip(&verdicts).filter_map(|(item, verdict)| Acknowledged::of(item, verdict));
        self.told.extend(told.map(|what| Told { by: before, what }));
    }
}

struct Field {
    disk: Disk,
    cuts: Cuts,
    client: Client,
    folio: fieldfolio_core::ids::FolioId,
    told: Vec<Told>,
    offsets: Vec<Offset>,
    /// When the school and each of its copies were said to be made, and how much had been told by then.
    copies: [(usize, Option<usize>); 3],
}

impl Field {
    fn play(&mut self, diary: &[Entry]) {
        // An answer to a request leaves after all that had been written when it was asked: the first thing sent since.
        let mut asked: Vec<usize> = self.told.iter().map(|told| told.by).collect();
        asked.extend(self.offsets.iter().map(|offset| offset.by));
        let answered = |asked: usize| {
            let sent = diary.iter().find(|entry| entry.end > asked && matches!(entry.what, What::Sent));
            sent.expect("every request was answered").end
        };
        for told in &mut self.told {
            told.by = answered(told.by);
        }
        for offset in &mut self.offsets {
            offset.by = answered(offset.by);
        }
        for (moment, entry) in diary.iter().enumerate() {
            let lasts = self.disk.play(&entry.what);
            let is_new = lasts || matches!(entry.what, What::Printed(_) | What::Sent);
            let told: Vec<Acknowledged> =
                self.told.iter().filter(|told| told.by <= entry.end).map(|told| told.what.clone()).collect();
            let offsets: Vec<&Offset> = self.offsets.iter().filter(|offset| offset.by <= entry.end).collect();
            let is_made = self.copies[0].0 <= entry.end;
            let copied =
                self.copies[1..].iter().rfind(|(by, _)| *by <= entry.end).and_then(|(_, told)| *told);
            let (client, folio, made) = (&self.client, self.folio, self.cuts.made);
            let mut number = made;
            self.cuts.each(&self.disk, moment, is_new, |cut, how| {
                let home = cut.join("school");
                number += 1;
                if !home.join("relay.db").exists() {
                    assert!(!is_made, "{how}: the school was said to be made");
                    begins_again(&home, how);
                    return;
                }
                if let Some(count) = copied {
                    let told: Vec<_> = self.told.iter().take(count).map(|told| told.what.clone()).collect();
                    is_a_school(&cut.join("copy"), &told, &format!("{how}, the copy"));
                }
                is_a_school(&home, &told, how);
                if number.is_multiple_of(SERVED) {
                    goes_on(&home, client, folio, &told, &offsets, how);
                }
            });
        }
    }
}

/// What was broken off while it was made does not stand in the way; but a key is never written over.
fn begins_again(home: &Path, how: &str) {
    match processes::school(home, None, &["init", "Meadow School"]) {
        Ok(_) => is_a_school(home, &[], how),
        Err(refused) => assert!(home.join("root.key").exists(), "{how}: {refused}"),
    }
}

/// The folder opens and has everything that was told.
fn is_a_school(home: &Path, told: &[Acknowledged], how: &str) {
    drop(fieldfolio_server::database::open(home).unwrap_or_else(|error| panic!("{how}: {error}")));
    // A copy has none before it is served, and neither has a school.
    fs::create_dir_all(home.join("uploads")).unwrap();
    audit(home, told).unwrap_or_else(|error| panic!("{how}: {error}"));
}

/// A relay starts on it, knows how far each upload came, and takes new work.
fn goes_on(
    home: &Path,
    client: &Client,
    folio: fieldfolio_core::ids::FolioId,
    told: &[Acknowledged],
    offsets: &[&Offset],
    how: &str,
) {
    let relay = Relay::start(home).unwrap_or_else(|error| panic!("{how}: {error}"));
    let mut me = client.me.clone();
    relay.url().clone_into(&mut me.relay);
    let mut client = Client::with(me);
    if told.is_empty() {
        return;
    }
    for offset in offsets {
        let known = client.offset(&offset.path).unwrap();
        assert_eq!(known.status, 200, "{how}: an upload that was begun goes on");
        assert!(known.upload_offset >= Some(offset.offset), "{how}: {known:?}, not {}", offset.offset);
    }
    let mut rng = SeededRng::new(32);
    let (piece, mut items) = client.new_piece(folio, &mut rng);
    let photo = b"a leaf after the cut";
    let mut content = Writing::new(DocumentId::content(piece), &mut rng);
    let named = [BlobHash::of(photo)];
    items.push(Item::Change(content.write(&client.me, &named, |edit| edit.title("After the cut"))));
    let verdicts = client.send(&items).unwrap();
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{how}: {verdicts:?}");
    assert_eq!(client.upload(piece, photo).unwrap(), 204, "{how}");
    drop(relay);
    audit(home, told).unwrap_or_else(|error| panic!("{how}, later: {error}"));
}
