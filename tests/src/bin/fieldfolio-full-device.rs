//! A device on a disk that fails: it works and syncs, says what was saved and what was refused, and goes on. Then the
//! disk is well again, and it does everything once more, without having been started anew.
//!
//! `fieldfolio-full-device FOLDER FOLIO RELAY`; the file that `FIELDFOLIO_FAULT_RULE` names is removed for the second time.

use std::io::Write;
use std::path::Path;

use fieldfolio_core::device::{Device, DeviceError, Edits, NewMedium, NewPiece};
use fieldfolio_core::ids::{FolioId, PieceId};
use fieldfolio_core::model::role::Roles;
use fieldfolio_tests::driver::{OsRng, now};
use fieldfolio_tests::ledger::Acknowledged;
use fieldfolio_tests::local_relay::LocalRelay;
use fieldfolio_tests::photos::field_photo;
use fieldfolio_tests::sim::BoxError;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, folio, local] = arguments.as_slice() else { return Err("FOLDER FOLIO RELAY".into()) };
    let folder = Path::new(folder);
    let device = match Device::open(folder) {
        Ok(device) => device,
        Err(refused) => {
            say(&format!("refused {refused}"))?;
            well_again()?;
            Device::open(folder)?
        }
    };
    let mut life = Life {
        device,
        folio: folio.parse()?,
        local: LocalRelay::open(Path::new(local))?,
        pieces: Vec::new(),
    };
    life.work(1)?;
    well_again()?;
    say("well")?;
    life.work(2)?;
    say("end")
}

fn well_again() -> Result<(), BoxError> {
    match std::env::var_os("FIELDFOLIO_FAULT_RULE") {
        Some(rule) if Path::new(&rule).exists() => Ok(std::fs::remove_file(rule)?),
        _ => Ok(()),
    }
}

fn say(line: &str) -> Result<(), BoxError> {
    let mut out = std::io::stdout();
    writeln!(out, "{}", line.replace('\n', " "))?;
    Ok(out.flush()?)
}

fn acknowledge(saved: &Acknowledged) -> Result<(), BoxError> {
    say(&serde_json::to_string(saved)?)
}

struct Life {
    device: Device,
    folio: FolioId,
    local: LocalRelay,
    pieces: Vec<(PieceId, u32)>,
}

impl Life {
    /// Everything a person does in a lesson. Whatever is refused, what is there can be read.
    fn work(&mut self, time: u32) -> Result<(), BoxError> {
        self.capture(time)?;
        for at in 0..self.pieces.len() {
            self.edit(at)?;
        }
        if let Err(refused) = self.local.sync(&mut self.device, &mut OsRng) {
            say(&format!("refused {refused}"))?;
        }
        for at in 0..self.pieces.len() {
            self.edit(at)?;
            self.reflect(at)?;
        }
        Ok(())
    }

    fn capture(&mut self, time: u32) -> Result<(), BoxError> {
        let title = format!("Piece {time}");
        let new = NewPiece {
            // The same photo both times: what is left of the first must not be taken for the second.
            media: vec![NewMedium::of_bytes(field_photo(7, 96, 64))],
            title: title.clone(),
            folios: vec![self.folio],
            audience: Some(Roles::WHOLE_CIRCLE),
            ..NewPiece::of(fieldfolio_tests::a_day())
        };
        let captured = self.device.capture(new, now(), &mut OsRng);
        let Some(captured) = self.unless_refused(captured)? else { return Ok(()) };
        self.pieces.push((captured.piece, 0));
        let blobs = captured.media.iter().flat_map(|medium| medium.blobs()).collect();
        acknowledge(&Acknowledged::Saved { piece: captured.piece, title, blobs })
    }

    fn edit(&mut self, at: usize) -> Result<(), BoxError> {
        let (piece, version) = self.pieces[at];
        let version = version + 1;
        let edits = Edits { words: Some(format!("version {version}").into()), ..Edits::default() };
        let edited = self.device.edit(piece, edits, now(), &mut OsRng);
        if self.unless_refused(edited)?.is_some() {
            self.pieces[at].1 = version;
            acknowledge(&Acknowledged::Words { piece, reflection: false, version })?;
        }
        Ok(())
    }

    fn reflect(&mut self, at: usize) -> Result<(), BoxError> {
        let (piece, version) = self.pieces[at];
        let reflected = self.device.reflect(piece, format!("version {version}"), now(), &mut OsRng);
        if self.unless_refused(reflected)?.is_some() {
            acknowledge(&Acknowledged::Words { piece, reflection: true, version })?;
        }
        Ok(())
    }

    fn unless_refused<T>(&self, done: Result<T, DeviceError>) -> Result<Option<T>, BoxError> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(refused) => {
                say(&format!("refused {refused}"))?;
                self.device.portfolio(None)?;
                for (piece, _) in &self.pieces {
                    self.device.piece(*piece)?;
                }
                Ok(None)
            }
        }
    }
}
