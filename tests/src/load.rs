//! The load program's work: 64 devices of 64 students against one relay process on a real disk.
//!
//! Each device sends one change per request and waits for its acknowledgement, which the relay gives only after the
//! commit is on disk. Then a device that knows everything reconnects, and what that costs is counted.

use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use fieldfolio_core::ids::{DocumentId, FolioId, PersonId, SchoolId};
use fieldfolio_core::sync::wire::{self, Cursor, Item, Request, Verdict};
use serde_json::Value;

use crate::driver::{self, OsRng};
use crate::processes::{self, Relay};
use crate::real::{Client, Writing};
use crate::sim::BoxError;

mod uploads;

/// Devices at once.
const DEVICES: usize = 64;
/// Pieces that each works on.
const PIECES: usize = 6;
/// Changes of each piece.
const CHANGES: usize = 10;

/// Runs the uploads alone.
pub fn uploads() -> Result<(), BoxError> {
    uploads::run()
}

/// Runs everything and prints the figures.
pub fn run() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("relay");
    let sample = processes::school(&home, None, &["sample"])?;
    let relay = Relay::start(&home)?;
    println!("enrolling {DEVICES} devices of {DEVICES} students …");
    let clients = enrol(folder.path(), &relay, &sample)?;
    let (took, mut waits) = write_at_once(clients)?;
    let changes = DEVICES * PIECES * CHANGES;
    waits.sort();
    let at = |percent: usize| {
        waits.get(waits.len() * percent / 100).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    println!(
        "durable changes: {:.0} per second ({changes} changes, {DEVICES} devices, one a request; acknowledged after {:.1} \
         ms in the middle, {:.1} ms at the 99th percentile)",
        changes as f64 / took.as_secs_f64(),
        at(50),
        at(99),
    );
    reconnect(folder.path(), &relay, &sample)?;
    relay.stop()?;
    uploads::run()
}

fn id<T: std::str::FromStr>(value: &Value) -> Result<T, BoxError> {
    let text = value.as_str().ok_or("an id is missing")?;
    text.parse().map_err(|_| format!("{text} is no id").into())
}

fn enrol(folder: &Path, relay: &Relay, sample: &Value) -> Result<Vec<(Client, FolioId)>, BoxError> {
    let school: SchoolId = id(&sample["school"]["id"])?;
    let garden = id(&sample["projects"]["community-garden"])?;
    let class: String = id(&sample["classes"]["science-9"])?;
    (0..DEVICES)
        .map(|number| {
            let office = |args: &[&str]| processes::school(relay.folder(), Some(relay.url()), args);
            let name = format!("Load {number} Sample");
            let person = office(&["person", "add", &name, "--kind", "student"])?;
            let person: PersonId = id(&person["id"])?;
            office(&["class", "join", &class, &person.to_string(), "--as", "student"])?;
            let link = office(&["invite", &person.to_string()])?;
            let link = link["url"].as_str().ok_or("an invitation has no link")?.to_owned();
            let device = driver::enrol(&link, &folder.join(format!("device-{number}")))?;
            Ok((Client::with(device.identity().clone()), FolioId::derive(school, person, Some(garden))))
        })
        .collect()
}

fn write_at_once(clients: Vec<(Client, FolioId)>) -> Result<(Duration, Vec<Duration>), BoxError> {
    let start = Barrier::new(clients.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .into_iter()
            .map(|(mut client, folio)| {
                let start = &start;
                scope.spawn(move || -> Result<Vec<Duration>, String> {
                    let words = |failure| format!("{failure:?}");
                    // Everything is made and signed beforehand: what is timed is the relay.
                    let mut changes = Vec::new();
                    for _ in 0..PIECES {
                        let (piece, acts) = client.new_piece(folio, &mut OsRng);
                        client.send(&acts).map_err(words)?;
                        let mut writing = Writing::new(DocumentId::content(piece), &mut OsRng);
                        changes.extend((0..CHANGES).map(|number| {
                            writing.write(&client.me, &[], |edit| edit.title(format!("title {number}")))
                        }));
                    }
                    let mut waits = Vec::with_capacity(changes.len());
                    // A device that has caught up asks for what comes after its cursor.
                    let mut cursor = Cursor::default();
                    start.wait();
                    for change in changes {
                        let items = vec![Item::Change(change)];
                        let request = Request::of(cursor, items);
                        let asked = Instant::now();
                        let answer =
                            client.exchange(&request).map_err(words)?.map_err(|refused| refused.1)?;
                        waits.push(asked.elapsed());
                        cursor = answer.cursor;
                        if !matches!(answer.verdicts[..], [Verdict::Stored(_)]) {
                            return Err(format!("not stored: {:?}", answer.verdicts));
                        }
                    }
                    Ok(waits)
                })
            })
            .collect();
        start.wait();
        let began = Instant::now();
        let mut waits = Vec::new();
        for thread in threads {
            waits.extend(thread.join().map_err(|_| "a device stopped")??);
        }
        Ok((began.elapsed(), waits))
    })
}

/// A teacher who sees all those folios has everything, and asks again.
fn reconnect(folder: &Path, relay: &Relay, sample: &Value) -> Result<(), BoxError> {
    let teacher: PersonId = id(&sample["people"]["ms-ito"])?;
    let link = processes::school(relay.folder(), Some(relay.url()), &["invite", &teacher.to_string()])?;
    let link = link["url"].as_str().ok_or("an invitation has no link")?.to_owned();
    let mut device = driver::enrol(&link, &folder.join("teacher"))?;
    let began = Instant::now();
    let first = driver::sync(&mut device, true, Duration::from_secs(120))?;
    println!(
        "first sync of a teacher of {DEVICES} students: {:.2} s, {} exchanges, {} KB down",
        began.elapsed().as_secs_f64(),
        first.exchanges,
        first.bytes_down / 1024,
    );
    let began = Instant::now();
    let compared = driver::sync(&mut device, false, Duration::from_secs(10))?;
    println!(
        "once a week, all of it compared: {} round trip, {} bytes up, {:.1} ms",
        compared.requests,
        compared.bytes_up,
        began.elapsed().as_secs_f64() * 1e3,
    );
    let began = Instant::now();
    let again = driver::sync(&mut device, false, Duration::from_secs(10))?;
    println!(
        "reconnect with nothing new: {} round trip, {} bytes up, {} bytes down, {:.1} ms",
        again.requests,
        again.bytes_up,
        again.bytes_down,
        began.elapsed().as_secs_f64() * 1e3,
    );
    let frame = Request::of(Cursor::default(), Vec::new());
    println!("(an empty request is {} bytes of CBOR)", wire::to_bytes(&frame).len());
    Ok(())
}
