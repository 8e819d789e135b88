//! The relay dies, again and again, and never lost what it acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{DocumentId, FolioId, PieceId, Rng, SeededRng};
use fieldfolio_core::sync::wire::{Cursor, Fill, Item, Request, Response, Verdict};
use fieldfolio_tests::ledger::{Acknowledged, Ledger};
use fieldfolio_tests::proxy::Point;
use fieldfolio_tests::real::{Client, Writing};

use super::stage::{Power, Stage, random_kills};

const SYNC: &str = "POST /v1/sync";
const BEGIN: &str = "POST /v1/uploads";
const SEND: &str = "PATCH /v1/uploads/";

/// Where the relay is killed while one piece with its photo is brought.
const PLACES: [(&str, Point); 8] = [
    (SYNC, Point::RequestPassed),
    (SYNC, Point::AnswerBegun),
    (BEGIN, Point::AnswerBegun),
    (SEND, Point::HalfwayUp),
    (SEND, Point::RequestPassed),
    // Between two pieces of one upload.
    (SEND, Point::AnswerPassed),
    (SEND, Point::AnswerBegun),
    (SYNC, Point::AnswerPassed),
];
const ROUNDS: u64 = 4;

#[test]
fn a_relay_killed_at_named_points_has_what_it_acknowledged() {
    let stage = Stage::new();
    let mut rng = SeededRng::new(1);
    let mut writer = Writer::new(&stage, "mina", "phone");
    let mut kills = 0;
    for _ in 0..ROUNDS {
        for (request, point) in PLACES {
            stage.kill_at(request, point);
            let writing = std::thread::scope(|scope| {
                let bringing = scope.spawn(|| writer.bring_a_piece(&mut rng));
                let before = stage.survive();
                kills += 1;
                bringing.join().unwrap();
                before
            });
            let after = stage.audit();
            assert!(after.items > writing.items, "{request} {point:?}: what was repeated is in the log");
            assert_eq!(after.blobs, kills, "every photo arrived, whatever happened on its way");
        }
    }
    assert_eq!(kills, PLACES.len() * ROUNDS as usize);
    writer.everything_is_there_once();
    println!("killed {kills} times at named points: {:?}", stage.audit());
}

#[test]
fn a_relay_killed_at_any_byte_under_load_has_what_it_acknowledged() {
    let stage = Stage::new();
    let is_over = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicU32::new(0));
    let seed = 20_261_122;
    let mut dice = SeededRng::new(seed);
    let writers: Vec<_> = [("mina", "phone"), ("mina", "tablet"), ("otto", "phone-2"), ("ada", "phone-3")]
        .into_iter()
        .zip(100..)
        .map(|((person, device), seed)| {
            let mut writer = Writer::new(&stage, person, device);
            let (is_over, written) = (is_over.clone(), written.clone());
            std::thread::spawn(move || {
                let mut rng = SeededRng::new(seed);
                while !is_over.load(Ordering::SeqCst) {
                    if rng.happens(20) {
                        writer.bring_a_piece(&mut rng);
                    } else {
                        writer.write_more(&mut rng);
                    }
                    written.fetch_add(1, Ordering::SeqCst);
                }
                writer
            })
        })
        .collect();
    let reader = {
        let (mut teacher, power, is_over) =
            (stage.client("ms-ito", "phone-4"), stage.power(), is_over.clone());
        std::thread::spawn(move || read_everything(&mut teacher, &power, &is_over))
    };
    let kills = random_kills();
    for kill in 0..kills {
        stage.kill_at("", Point::Bytes(1 + dice.below(120_000)));
        let audited = stage.survive();
        assert!(kill == 0 || audited.items > 0, "seed {seed}");
    }
    is_over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.join().unwrap().everything_is_there_once();
    }
    let read = reader.join().unwrap();
    let failures = stage.power().failures.load(Ordering::SeqCst);
    assert!(failures >= kills as u32 / 2, "only {failures} requests were hit: the load was no load");
    let audited = stage.audit();
    println!(
        "killed {kills} times under load, {failures} requests hit, {read} photos read, seed {seed}: {audited:?}"
    );
}

/// Follows all news, and now and then reads everything from the beginning, with its photos. Answers how many photos.
fn read_everything(teacher: &mut Client, power: &Power, is_over: &AtomicBool) -> u32 {
    let (mut photos, mut cursor) = (0, Cursor::default());
    for round in 0u32.. {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        // All of it is much, and the writers are to have their turn.
        if round.is_multiple_of(100) {
            cursor = Cursor::default();
        }
        let request = Request::of(cursor, Vec::new());
        // Who asks too often is put off; the next relay has not heard of it.
        let Ok(news) = power.insist(|| teacher.exchange(&request)) else {
            std::thread::yield_now();
            continue;
        };
        cursor = news.cursor;
        let fill = news.to_fill.iter().map(|to_fill| Fill { document: to_fill.document, after: 0 });
        let request = Request { fill: fill.take(10).collect(), ..Request::of(cursor, Vec::new()) };
        if request.fill.is_empty() {
            continue;
        }
        let Ok(Response { packs, .. }) = power.insist(|| teacher.exchange(&request)) else { continue };
        for blob in packs.iter().flat_map(|pack| &pack.changes).flat_map(|news| &news.change.blobs).take(5) {
            let photo = power.insist(|| teacher.blob(*blob));
            // One that is named may still be on its way; what comes is whole.
            assert!(
                matches!(photo.status, 404 | 429) || BlobHash::of(&photo.body) == *blob,
                "{}",
                photo.status
            );
            photos += u32::from(photo.status == 200);
        }
    }
    photos
}

/// A client that repeats itself until it is told, and writes down what it was told.
struct Writer {
    client: Client,
    folio: FolioId,
    sheets: Vec<Writing>,
    sent: Vec<Item>,
    power: Arc<Power>,
    ledger: Arc<Ledger>,
}

impl Writer {
    fn new(stage: &Stage, person: &str, device: &str) -> Self {
        let client = stage.client(person, device);
        let folio = stage.school.folio(&format!("{person}/community-garden"));
        let (power, ledger) = (stage.power(), stage.ledger.clone());
        Self { client, folio, sheets: Vec::new(), sent: Vec::new(), power, ledger }
    }

    /// A new piece with a photo in two stretches, then words on it.
    fn bring_a_piece(&mut self, rng: &mut SeededRng) {
        let (piece, mut items) = self.client.new_piece(self.folio, rng);
        let mut photo = vec![0; 20_000];
        rng.fill(&mut photo);
        let blob = BlobHash::of(&photo);
        let mut content = Writing::new(DocumentId::content(piece), rng);
        let change = content.write(&self.client.me, &[blob], |edit| edit.title("A leaf"));
        items.push(Item::Change(change));
        self.sheets.push(content);
        self.send(items);
        self.bring_photo(piece, blob, &photo);
        self.write_more(rng);
    }

    /// One change more on one of her sheets.
    fn write_more(&mut self, rng: &mut SeededRng) {
        let Some(last) = self.sheets.len().checked_sub(1) else { return };
        let sheet = &mut self.sheets[last - rng.below(4).min(last as u64) as usize];
        let words = format!("Words {}", rng.below(u64::MAX));
        let change = sheet.write(&self.client.me, &[], |edit| edit.words(&words));
        self.send(vec![Item::Change(change)]);
    }

    /// Sends items until each is taken; the ledger knows before anything else happens.
    fn send(&mut self, items: Vec<Item>) {
        self.sent.extend(items.iter().cloned());
        let mut open = items;
        while !open.is_empty() {
            let verdicts = self.power.insist(|| self.client.send(&open));
            assert_eq!(verdicts.len(), open.len());
            self.ledger.write_verdicts(&open, &verdicts).unwrap();
            let mut verdicts = verdicts.into_iter();
            open.retain(|_| match verdicts.next() {
                Some(Verdict::Stored(_) | Verdict::Known(_)) => false,
                Some(Verdict::Busy) => true,
                other => panic!("honest work was refused: {other:?}"),
            });
        }
    }

    fn bring_photo(&mut self, piece: PieceId, blob: BlobHash, photo: &[u8]) {
        let begun = self.power.insist(|| self.client.begin_upload(piece, blob, photo.len() as u64));
        assert_eq!(begun.status, 201);
        let path = begun.location.unwrap();
        let mut offset = begun.upload_offset.unwrap();
        let mut is_sure = true;
        while offset < photo.len() as u64 {
            // Only the relay knows how far a stretch came whose answer was lost.
            if !is_sure {
                let asked = self.power.insist(|| self.client.offset(&path));
                assert_eq!(asked.status, 200, "an upload that was begun goes on");
                let known = asked.upload_offset.unwrap();
                assert!(
                    known >= offset,
                    "the relay forgot bytes that it had acknowledged: {known} < {offset}"
                );
                (offset, is_sure) = (known, true);
                continue;
            }
            let from = offset as usize;
            let until = if from < photo.len() / 2 { photo.len() / 2 } else { photo.len() };
            match self.client.patch(&path, offset, &photo[from..until]) {
                Ok(answer) if answer.status == 204 => offset = answer.upload_offset.unwrap(),
                // Broke off, or still held by the request that was cut.
                Ok(answer) if matches!(answer.status, 400 | 409 | 423) => is_sure = false,
                Ok(answer) => panic!("a stretch was answered with {}", answer.status),
                Err(_) => {
                    self.power.failures.fetch_add(1, Ordering::SeqCst);
                    is_sure = false;
                }
            }
        }
        self.ledger.write(&Acknowledged::Blob { piece, blob }).unwrap();
        let there = self.power.insist(|| self.client.blob(blob));
        assert_eq!((there.status, there.body == photo), (200, true), "what was acknowledged is served");
    }

    /// All that was ever sent is known under the number that was acknowledged first: the ledger holds each number.
    fn everything_is_there_once(&mut self) {
        for items in std::mem::take(&mut self.sent).chunks(500) {
            let verdicts = self.power.insist(|| self.client.send(items));
            assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Known(_))), "{verdicts:?}");
            self.ledger.write_verdicts(items, &verdicts).unwrap();
        }
    }
}
