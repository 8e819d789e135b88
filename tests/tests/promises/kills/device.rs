//! A device dies, again and again: what it said is saved is there, once, and reaches the school, once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::Device;
use fieldfolio_core::ids::{DocumentId, FolioId, PieceId, SeededRng};
use fieldfolio_core::model::entry::{EntryBody, Reflection};
use fieldfolio_server::database;
use fieldfolio_tests::driver;
use fieldfolio_tests::ledger::{Acknowledged, Ledger, audit, is_sound};
use fieldfolio_tests::real::RealSchool;
use rusqlite::Connection;

use crate::stage::random_kills;

const PLACES: [&str; 5] =
    ["after-capture", "before-send", "after-answer-before-apply", "after-apply", "during-upload"];
const TIMES_EACH: u64 = 6;

#[test]
fn a_device_killed_at_named_points_has_what_it_said_is_saved() {
    let mut field = Field::new();
    for times in 1..=TIMES_EACH {
        for place in PLACES {
            // Sometimes at the first occasion, sometimes at the second.
            let mut life = field.begin(times, &format!("{place} {}", times % 2 + 1));
            life.until_it_stands_still(&field.ledger);
            life.kill9();
            field.nothing_is_lost(place);
        }
    }
    field.everything_reaches_the_school_once();
    println!("killed {} times at named points: {:?}", PLACES.len() as u64 * TIMES_EACH, field.count());
}

#[test]
fn a_device_killed_at_any_time_has_what_it_said_is_saved() {
    let mut field = Field::new();
    let seed = 20_261_123;
    let mut dice = SeededRng::new(seed);
    let kills = random_kills();
    for kill in 0..kills {
        let mut life = field.begin(kill, "");
        for _ in 0..dice.below(12) {
            life.next_word(&field.ledger);
        }
        // Some work of random length, to be anywhere in what comes next.
        for _ in 0..dice.below(20_000) {
            dice.below(2);
        }
        life.kill9();
        life.last_words(&field.ledger);
        field.nothing_is_lost(&format!("kill {kill} of seed {seed}"));
    }
    field.everything_reaches_the_school_once();
    println!("killed {kills} times at random, seed {seed}: {:?}", field.count());
}

/// A student's phone that keeps dying, its school, and what its owner was told.
struct Field {
    school: RealSchool,
    folder: PathBuf,
    folio: FolioId,
    ledger: Ledger,
}

/// One life of the phone.
struct Life {
    child: Child,
    out: BufReader<ChildStdout>,
    _in: ChildStdin,
}

/// What the owner knows of one piece.
#[derive(Debug, Default)]
pub(crate) struct Known {
    title: String,
    blobs: Vec<BlobHash>,
    words: u32,
    reflection: u32,
}

impl Field {
    fn new() -> Self {
        let school = RealSchool::start().unwrap();
        let folder = school.folder().join("phone");
        let mut phone = school.enrol("mina", "phone").unwrap();
        driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
        let folio = school.folio("mina/community-garden");
        let ledger = Ledger::create(&school.folder().join("ledger")).unwrap();
        Self { school, folder, folio, ledger }
    }

    fn begin(&self, seed: u64, stop_at: &str) -> Life {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fieldfolio-crash-device"));
        command.arg(&self.folder).args([self.folio.to_string(), seed.to_string()]);
        command.env("FIELDFOLIO_STOP_AT", stop_at);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (out, into) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        Life { child, out: BufReader::new(out), _in: into }
    }

    fn known(&self) -> BTreeMap<PieceId, Known> {
        known_of(self.ledger.read().unwrap())
    }

    fn count(&self) -> (usize, usize) {
        (self.known().len(), self.ledger.read().unwrap().len())
    }

    /// Opens what the killed process left behind, and holds it against what it had said.
    fn nothing_is_lost(&self, when: &str) {
        all_is_there(&Device::open(&self.folder).unwrap(), &self.known(), when);
    }

    /// Syncs until nothing is left, and holds the relay against the device.
    fn everything_reaches_the_school_once(&mut self) {
        let mut phone = Device::open(&self.folder).unwrap();
        let report = driver::sync(&mut phone, true, Duration::from_secs(60)).unwrap();
        assert!(report.quiet, "{report:?}");
        let status = phone.status().unwrap();
        assert!(
            status.waiting.is_empty() && status.set_aside.is_empty() && status.uploads == 0,
            "{status:?}"
        );
        let relay = database::open_reader(&self.school.home()).unwrap();
        let (at_school, here) = (hashes(&relay), hashes(phone.store().read()));
        let unique: BTreeSet<_> = at_school.iter().collect();
        assert_eq!(unique.len(), at_school.len(), "the school has something twice");
        assert_eq!(at_school, here, "the school has each change that was made, once, and no other");
        let mut acknowledged = Vec::new();
        for (piece, known) in self.known() {
            for blob in known.blobs {
                acknowledged.push(Acknowledged::Blob { piece, blob });
            }
        }
        let audited = audit(&self.school.home(), &acknowledged).unwrap();
        assert_eq!(audited.blobs, acknowledged.len());
        let acts = |conn: &Connection| -> Vec<Vec<u8>> {
            let mut query = conn.prepare("select id from act order by id").unwrap();
            query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(acts(&relay), acts(phone.store().read()), "the school has each act once");
        // The teacher, who was never there, reads all of it.
        let mut teacher = self.school.enrol("ms-ito", "teacher").unwrap();
        assert!(driver::sync(&mut teacher, true, Duration::from_secs(60)).unwrap().quiet);
        for (piece, known) in self.known() {
            let content = teacher.piece(piece).unwrap().content;
            assert_eq!(content.title, known.title);
            assert!(version(&content.words) >= known.words);
        }
    }
}

/// What a device's owner knows after she was told this.
pub(crate) fn known_of(said: Vec<Acknowledged>) -> BTreeMap<PieceId, Known> {
    let mut known: BTreeMap<PieceId, Known> = BTreeMap::new();
    for one in said {
        match one {
            Acknowledged::Saved { piece, title, blobs } => {
                known.insert(piece, Known { title, blobs, ..Known::default() });
            }
            Acknowledged::Words { piece, reflection: false, version } => {
                known.get_mut(&piece).unwrap().words = version;
            }
            Acknowledged::Words { piece, reflection: true, version } => {
                known.get_mut(&piece).unwrap().reflection = version;
            }
            other => panic!("a device said {other:?}"),
        }
    }
    known
}

/// Holds a device against what it had said.
pub(crate) fn all_is_there(phone: &Device, known: &BTreeMap<PieceId, Known>, when: &str) {
    is_sound(phone.store().read(), "the device's database").unwrap();
    for (piece, known) in known {
        let view = phone.piece(*piece).unwrap_or_else(|error| panic!("{when}: {piece}: {error}"));
        assert_eq!(view.content.title, known.title, "{when}: {piece}: {view:?}, {:?}", phone.status());
        assert!(version(&view.content.words) >= known.words, "{when}: the words of {piece} went back");
        let said = view.voices.iter().flat_map(|voice| &voice.entries).map(|entry| match &entry.body {
            EntryBody::Reflection(Reflection { words }) => version(words),
            other => panic!("{when}: nobody said {other:?}"),
        });
        let said: Vec<u32> = said.collect();
        assert!(said.len() <= 1 && said.iter().sum::<u32>() >= known.reflection, "{when}: {piece}: {said:?}");
        for blob in &known.blobs {
            let bytes = phone.store().blobs().get(*blob).unwrap_or_else(|error| panic!("{when}: {error}"));
            assert_eq!(BlobHash::of(&bytes), *blob, "{when}: {piece}");
        }
        assert_eq!(view.media.len(), 1, "{when}");
    }
    assert!(phone.status().unwrap().unopened.is_empty(), "{when}");
    let conn = phone.store().read();
    let none = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let owed = "select count(*) from change c where n is null and not exists
                (select 1 from outbox where change = c.row)";
    assert_eq!(none(owed), 0, "{when}: a change is neither delivered nor owed");
    let owed = "select count(*) from act a where not delivered and not exists
                (select 1 from outbox where act = a.id)";
    assert_eq!(none(owed), 0, "{when}: an act is neither delivered nor owed");
    let owed = "select count(*) from content_index c where not exists
                (select 1 from upload u where u.piece = c.piece)";
    assert_eq!(none(owed), 0, "{when}: a photo is owed to nobody");
}

/// Each change as (document, hash), in order.
fn hashes(conn: &Connection) -> Vec<(DocumentId, [u8; 32])> {
    let sql = "select d.id, c.hash from change c join document d on d.row = c.document order by 1, 2";
    let mut query = conn.prepare(sql).unwrap();
    let rows = query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))).unwrap();
    rows.map(|row| row.unwrap()).map(|(id, hash)| (DocumentId::from_bytes(&id).unwrap(), hash)).collect()
}

/// "version 3" is 3, and no words are 0.
fn version(words: &str) -> u32 {
    words.strip_prefix("version ").map_or(0, |number| number.parse().unwrap())
}

impl Life {
    /// Reads one line and writes it down; `false` at the end, or where it stands still.
    fn next_word(&mut self, ledger: &Ledger) -> bool {
        let mut line = String::new();
        let read = self.out.read_line(&mut line).unwrap();
        if read == 0 || !line.ends_with('\n') || line.trim_end() == "\"stopped\"" {
            return false;
        }
        ledger.write(&serde_json::from_str(&line).unwrap()).unwrap();
        true
    }

    fn until_it_stands_still(&mut self, ledger: &Ledger) {
        while self.next_word(ledger) {}
        assert!(self.child.try_wait().unwrap().is_none(), "it ended by itself instead of standing still");
    }

    fn kill9(&mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert!(!status.success() && status.code().is_none(), "it ended by itself: {status}");
    }

    /// What it had said before it died, and nobody had read.
    fn last_words(&mut self, ledger: &Ledger) {
        while self.next_word(ledger) {}
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // After a wait both do nothing.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
