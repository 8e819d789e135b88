//! A school whose disk is full, or fails.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::Body;
use fieldfolio_core::ids::{DocumentId, FolioId, PieceId, Rng, SeededRng};
use fieldfolio_core::sync::wire::{Cursor, Item, Request, Verdict};
use fieldfolio_tests::ledger::{Acknowledged, audit};
use fieldfolio_tests::processes::binary;
use fieldfolio_tests::real::{Client, RealSchool, Writing};
use fieldfolio_tests::sim::copy_folder;

use super::{after_a_cut, ways};
use crate::power::Listening;
use crate::power::disk::Watched;

#[test]
fn a_school_whose_disk_fails_anywhere_says_so_and_goes_on_when_it_is_well() {
    let (watched, school) = (Watched::new(), RealSchool::start().unwrap());
    let folio = school.folio("mina/community-garden");
    let mut client = school.client("mina", "phone").unwrap();
    // What is there before anything fails can always be read.
    let mut before = Work::new(&client, folio, 1, b"a leaf that was there before");
    before.bring(&mut client, true, "before");
    school.relay.lock().unwrap().kill9().unwrap();
    let base = watched.beside("base");
    copy_folder(&school.home(), &base).unwrap();
    let (mut runs, mut refused) = (0, 0);
    for place in 1.. {
        for (error, how_long) in ways(place) {
            let how = format!("error {error} {how_long} at place {place}");
            watched.begin_with("school", &base);
            let (home, disk) = (watched.root().join("school"), watched.disk());
            let mut command = Command::new(binary("fieldfolio").unwrap());
            command.arg("--dir").arg(&home).arg("serve").env("FIELDFOLIO_LISTEN", "127.0.0.1:0");
            command.env("FIELDFOLIO_LOG_LEVEL", "error").stdout(Stdio::piped());
            let complaints = watched.beside("complaints");
            command.stderr(fs::File::create(&complaints).unwrap());
            watched.under(&mut command);
            let rule = watched.fail(&mut command, &format!("{place} {error} {how_long}"));
            let mut work = Work::new(&client, folio, 2, &[7; 5_000]);
            let mut relay = match Listening::begin(&mut command) {
                Some(relay) => {
                    relay.url.clone_into(&mut client.me.relay);
                    work.bring(&mut client, false, &how);
                    before.can_be_read(&mut client, &how);
                    fs::remove_file(&rule).unwrap();
                    relay
                }
                None => {
                    // It did not start, and said why; it does as soon as it can.
                    assert!(!fs::read(&complaints).unwrap().is_empty(), "{how}");
                    fs::remove_file(&rule).unwrap();
                    Listening::begin(&mut command).unwrap_or_else(|| {
                        let said = fs::read_to_string(&complaints).unwrap();
                        panic!("{how}: it does not start again: {said}")
                    })
                }
            };
            refused += work.refused;
            relay.url.clone_into(&mut client.me.relay);
            work.bring(&mut client, true, &how);
            before.can_be_read(&mut client, &how);
            assert!(!relay.has_ended(), "{how}");
            drop(relay);
            let complaints = fs::read_to_string(&complaints).unwrap();
            assert!(!complaints.contains("panicked"), "{how}: {complaints}");
            runs += 1;
            let told: Vec<Acknowledged> = before.told.iter().chain(&work.told).cloned().collect();
            let cut = after_a_cut(&watched, disk).join("school");
            holds(&home, &told, &how);
            holds(&cut, &told, &format!("{how}, and then the power went"));
        }
        if place > watched.count() {
            break;
        }
    }
    println!("{runs} runs, {refused} refusals");
    assert!(refused > runs / 2, "{refused} refusals in {runs} runs");
}

fn holds(home: &Path, told: &[Acknowledged], how: &str) {
    drop(fieldfolio_server::database::open(home).unwrap_or_else(|error| panic!("{how}: {error}")));
    audit(home, told).unwrap_or_else(|error| panic!("{how}: {error}"));
}

/// A piece with a photo on its way to the school.
struct Work {
    piece: PieceId,
    photo: Vec<u8>,
    items: Vec<Item>,
    told: Vec<Acknowledged>,
    refused: usize,
}

impl Work {
    fn new(client: &Client, folio: FolioId, seed: u64, photo: &[u8]) -> Self {
        let mut rng = SeededRng::new(seed);
        rng.fill(&mut [0; 8]);
        let (piece, mut items) = client.new_piece(folio, &mut rng);
        let mut content = Writing::new(DocumentId::content(piece), &mut rng);
        let named = [BlobHash::of(photo)];
        items.push(Item::Change(content.write(&client.me, &named, |edit| edit.title("A leaf"))));
        items.push(Item::Change(content.write(&client.me, &[], |edit| edit.words("Seen closely"))));
        Self { piece, photo: photo.to_vec(), items, told: Vec::new(), refused: 0 }
    }

    /// Brings it. On a disk that is well nothing is refused.
    fn bring(&mut self, client: &mut Client, is_well: bool, how: &str) {
        // The acts and the first change, then one more.
        for items in [self.items[..4].to_vec(), self.items[4..].to_vec()] {
            let request = Request::of(Cursor::default(), items.clone());
            match client.exchange(&request).unwrap() {
                Ok(answer) => {
                    let taken = |verdict: &Verdict| matches!(verdict, Verdict::Stored(_) | Verdict::Known(_));
                    let waits = |verdict: &Verdict| {
                        matches!(verdict, Verdict::Busy | Verdict::MissingAct | Verdict::MissingDependency)
                    };
                    let fits = |verdict: &Verdict| taken(verdict) || (!is_well && waits(verdict));
                    assert!(answer.verdicts.iter().all(fits), "{how}: {:?}", answer.verdicts);
                    let pairs = items.iter().zip(&answer.verdicts);
                    self.told.extend(pairs.filter_map(|(item, verdict)| Acknowledged::of(item, verdict)));
                }
                Err((status, words)) => self.refusal(status, &words, is_well, how),
            }
        }
        self.upload(client, is_well, how);
    }

    fn upload(&mut self, client: &mut Client, is_well: bool, how: &str) {
        let (blob, length) = (BlobHash::of(&self.photo), self.photo.len());
        let begun = client.begin_upload(self.piece, blob, length as u64).unwrap();
        if !matches!(begun.status, 200 | 201) {
            // Nothing of the piece has been taken, so nothing names its photo.
            if is_well || begun.status != 403 {
                self.refusal(begun.status, &String::from_utf8_lossy(&begun.body), is_well, how);
            }
            return;
        }
        let path = begun.location.unwrap();
        let mut at = begun.upload_offset.unwrap() as usize;
        for until in [length / 2, length] {
            if at >= until {
                continue;
            }
            let sent = client.patch(&path, at as u64, &self.photo[at..until]).unwrap();
            if sent.status != 204 {
                // What was dropped with its bytes is not there any more: it begins again.
                if is_well || !matches!(sent.status, 404 | 409 | 410) {
                    self.refusal(sent.status, &String::from_utf8_lossy(&sent.body), is_well, how);
                }
                return;
            }
            at = sent.upload_offset.unwrap() as usize;
        }
        assert_eq!(at, length);
        self.told.push(Acknowledged::Blob { piece: self.piece, blob });
    }

    fn refusal(&mut self, status: u16, words: &str, is_well: bool, how: &str) {
        assert!(!is_well, "{how}: the disk is well, and it says {status}: {words}");
        assert!(matches!(status, 503 | 507) && !words.trim().is_empty(), "{how}: {status}: {words:?}");
        self.refused += 1;
    }

    fn can_be_read(&self, client: &mut Client, how: &str) {
        let photo = client.blob(BlobHash::of(&self.photo)).unwrap();
        assert_eq!((photo.status, &photo.body), (200, &self.photo), "{how}");
        let request = Request::of(Cursor::default(), Vec::new());
        let news = client.exchange(&request).unwrap();
        assert!(news.is_ok_and(|news| !news.records.is_empty()), "{how}");
        let ready = client.call("GET", "/ready", &[], Body::Empty).unwrap();
        assert_eq!(ready.status, 200, "{how}");
    }
}
