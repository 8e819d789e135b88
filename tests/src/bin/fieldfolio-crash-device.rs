//! A device that is made to die: it captures, edits, reflects and syncs without end, and says after each call what is
//! saved. At the place that it was told it stands still, for its parent to kill it.
//!
//! `fieldfolio-crash-device FOLDER FOLIO SEED` with `FIELDFOLIO_STOP_AT`, like `after-capture 2` for the second time.
//! With `FIELDFOLIO_PIECES` it makes so many pieces, syncs once, and ends by itself.

use std::io::{Read, Write};
use std::path::Path;

use fieldfolio_core::device::{Body, Device, Edits, NewMedium, NewPiece, Step};
use fieldfolio_core::ids::{FolioId, PieceId, SeededRng};
use fieldfolio_core::model::role::Roles;
use fieldfolio_tests::driver::{Http, Mishap, OsRng, now};
use fieldfolio_tests::ledger::Acknowledged;
use fieldfolio_tests::photos::field_photo;
use fieldfolio_tests::sim::BoxError;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, folio, seed] = arguments.as_slice() else { return Err("FOLDER FOLIO SEED".into()) };
    let stop = Stop::told(&std::env::var("FIELDFOLIO_STOP_AT").unwrap_or_default())?;
    let mut life = Life { device: Device::open(Path::new(folder))?, folio: folio.parse()?, stop };
    let mut dice = SeededRng::new(seed.parse()?);
    if let Ok(pieces) = std::env::var("FIELDFOLIO_PIECES") {
        for _ in 0..pieces.parse()? {
            life.work(&mut dice)?;
        }
        return life.sync();
    }
    loop {
        life.work(&mut dice)?;
        if dice.happens(70) {
            life.sync()?;
        }
    }
}

/// Where it stands still.
struct Stop {
    place: String,
    /// How often it passes before.
    left: u32,
}

impl Stop {
    fn told(text: &str) -> Result<Self, BoxError> {
        let (place, times) = text.split_once(' ').unwrap_or((text, "1"));
        Ok(Self { place: place.to_owned(), left: times.parse()? })
    }

    /// Never returns from the place, the time it was told.
    fn here(&mut self, place: &str) {
        if self.is_now(place) {
            stand_still();
        }
    }

    fn is_now(&mut self, place: &str) -> bool {
        if self.place != place {
            return false;
        }
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }
}

/// Says so, and waits for an end that never comes by itself: the parent holds the other end of standard input.
fn stand_still() {
    say("\"stopped\"");
    let mut nothing = [0];
    while std::io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
    std::process::exit(1);
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    // Without a parent there is nobody to work for.
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

fn acknowledge(saved: &Acknowledged) -> Result<(), BoxError> {
    say(&serde_json::to_string(saved)?);
    Ok(())
}

struct Life {
    device: Device,
    folio: FolioId,
    stop: Stop,
}

impl Life {
    /// A new piece, and words on it.
    fn work(&mut self, dice: &mut SeededRng) -> Result<(), BoxError> {
        let piece = self.capture(dice)?;
        for version in 1..=2 + dice.below(2) as u32 {
            self.edit(piece, version)?;
            self.reflect(piece, version)?;
        }
        Ok(())
    }

    fn capture(&mut self, dice: &mut SeededRng) -> Result<PieceId, BoxError> {
        let number = dice.below(1 << 40);
        let title = format!("Piece {number}");
        let new = NewPiece {
            media: vec![NewMedium::of_bytes(field_photo(number, 96, 64))],
            title: title.clone(),
            folios: vec![self.folio],
            audience: Some(Roles::WHOLE_CIRCLE),
            ..NewPiece::of(fieldfolio_tests::a_day())
        };
        let captured = self.device.capture(new, now(), &mut OsRng)?;
        self.stop.here("after-capture");
        let blobs = captured.media.iter().flat_map(|medium| medium.blobs()).collect();
        acknowledge(&Acknowledged::Saved { piece: captured.piece, title, blobs })?;
        Ok(captured.piece)
    }

    fn edit(&mut self, piece: PieceId, version: u32) -> Result<(), BoxError> {
        let edits = Edits { words: Some(format!("version {version}").into()), ..Edits::default() };
        self.device.edit(piece, edits, now(), &mut OsRng)?;
        acknowledge(&Acknowledged::Words { piece, reflection: false, version })
    }

    fn reflect(&mut self, piece: PieceId, version: u32) -> Result<(), BoxError> {
        self.device.reflect(piece, format!("version {version}"), now(), &mut OsRng)?;
        acknowledge(&Acknowledged::Words { piece, reflection: true, version })
    }

    /// Does what the device asks for until it waits.
    fn sync(&mut self) -> Result<(), BoxError> {
        self.device.wake()?;
        loop {
            let (turn, ask) = match self.device.next_step(now())? {
                Step::Ask(turn, ask) => (turn, ask),
                Step::Wait(_) => return Ok(()),
                Step::Locked => return Err("the relay does not know this device".into()),
            };
            let is_exchange = ask.exchange().is_some();
            let mut http = Http::of(&self.device);
            if is_exchange {
                self.stop.here("before-send");
            } else if let Body::File { length, .. } = &ask.body
                && self.stop.is_now("during-upload")
            {
                http = http.with(Mishap::HaltAfter(length / 2, Box::new(stand_still)));
            }
            let answer = http.perform(&ask);
            if is_exchange {
                self.stop.here("after-answer-before-apply");
            }
            self.device.answered(turn, answer, now(), &mut OsRng)?;
            if is_exchange {
                self.stop.here("after-apply");
            }
        }
    }
}
