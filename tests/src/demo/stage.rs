//! The stage: the school, its relay, the devices; what is printed, and what is checked.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::BoxError;
use crate::processes::{DeviceProcess, Relay, school};
use crate::{driver, photos};

/// One device of the play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Player {
    /// How it is called: "Mina's phone".
    pub(super) name: &'static str,
    pub(super) device: DeviceProcess,
}

/// The school and everyone's devices.
pub(super) struct Stage {
    folder: PathBuf,
    pub(super) relay: Relay,
    people: Value,
    pub(super) phone: Player,
    pub(super) tablet: Player,
    pub(super) lea: Player,
    pub(super) ito: Player,
    pub(super) okafor: Player,
    pub(super) otto: Player,
    scenes: u32,
    passed: u32,
    failed: u32,
}

impl Stage {
    /// Makes a sample school in `folder` and starts its relay.
    pub(super) fn set(folder: &Path, address: &str) -> Result<Self, BoxError> {
        let school_folder = folder.join("school");
        let made = school(&school_folder, None, &["sample"])?;
        let relay = Relay::start_at(&school_folder, address)?;
        let player = |name, place: &str| Player { name, device: DeviceProcess::at(folder.join(place)) };
        Ok(Self {
            folder: folder.to_owned(),
            relay,
            people: made["people"].clone(),
            phone: player("Mina's phone", "mina-phone"),
            tablet: player("Mina's tablet", "mina-tablet"),
            lea: player("Lea's phone", "lea"),
            ito: player("Ms Ito's laptop", "ms-ito"),
            okafor: player("Mr Okafor's tablet", "mr-okafor"),
            otto: player("Otto's phone", "otto"),
            scenes: 0,
            passed: 0,
            failed: 0,
        })
    }

    /// The same once more, when the first relay could not listen.
    pub(super) fn set_again(folder: &Path, address: &str) -> Result<Self, BoxError> {
        std::fs::remove_dir_all(folder.join("school"))?;
        Self::set(folder, address)
    }

    /// Signs everyone in.
    pub(super) fn sign_in(&mut self) -> Result<(), BoxError> {
        self.scene("A school, its relay, and six devices");
        println!("  The relay of Sample School runs at {}.", self.relay.url());
        for (person, player) in [
            ("mina", &self.phone),
            ("lea", &self.lea),
            ("ms-ito", &self.ito),
            ("mr-okafor", &self.okafor),
            ("otto", &self.otto),
        ] {
            let invited =
                school(self.relay.folder(), Some(self.relay.url()), &["invite", self.person(person)?])?;
            player.device.json(&["enrol", text(&invited, "url")?])?;
            player.device.json(&["sync", "--until-quiet"])?;
            println!("  {} signed in with the school's invitation.", player.name);
        }
        let invited = self.phone.device.json(&["invite"])?;
        self.tablet.device.json(&["enrol", text(&invited, "url")?])?;
        self.tablet.device.json(&["sync", "--until-quiet"])?;
        println!("  {} signed in with an invitation made on {}.", self.tablet.name, self.phone.name);
        let again = self.otto.device.folder.with_extension("again");
        let refused = DeviceProcess::at(again).refused(&["enrol", text(&invited, "url")?])?;
        self.check("an invitation works once", refused.contains("refused"));
        Ok(())
    }

    /// Every device.
    pub(super) fn players(&self) -> [&Player; 6] {
        [&self.phone, &self.tablet, &self.lea, &self.ito, &self.okafor, &self.otto]
    }

    /// The id of a person, by the name that scripts use.
    pub(super) fn person(&self, name: &str) -> Result<&str, BoxError> {
        text(&self.people, name)
    }

    /// A new scene.
    pub(super) fn scene(&mut self, title: &str) {
        self.scenes += 1;
        println!("\n{}. {title}\n", self.scenes);
    }

    /// A check that counts at the end.
    pub(super) fn check(&mut self, claim: &str, holds: bool) {
        if holds {
            self.passed += 1;
            println!("  [ok] {claim}");
        } else {
            self.failed += 1;
            println!("  [FAILED] {claim}");
        }
    }

    /// Syncs these devices, one after the other, until each is quiet.
    pub(super) fn sync(&self, players: &[&Player]) -> Result<(), BoxError> {
        for player in players {
            player.device.json(&["sync", "--until-quiet"])?;
        }
        let names: Vec<&str> = players.iter().map(|player| player.name).collect();
        println!("  Reception: {} synced.", and(&names));
        Ok(())
    }

    /// A photo as a camera made it: a real one from the shared data if it is there, else one of ours with all that a
    /// camera tells.
    pub(super) fn camera(&self, name: &str, seed: u64) -> Result<PathBuf, BoxError> {
        let shared = std::env::var_os("FIELDFOLIO_SHARED")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
        let real = shared.join("data/photos").join(name);
        if real.is_file() {
            return Ok(real);
        }
        let made = self.folder.join(format!("photo-{seed}.jpg"));
        std::fs::write(&made, photos::field_photo(seed, 3264, 2448))?;
        Ok(made)
    }

    /// A file beside the devices.
    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, BoxError> {
        let path = self.folder.join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    }

    /// Leaves the relay running; answers how many checks passed and failed, where it answers and its process.
    pub(super) fn stay(self) -> (u32, u32, String, u32) {
        let Self { relay, passed, failed, .. } = self;
        let url = relay.url().to_owned();
        (passed, failed, url, relay.stay())
    }

    /// Stops the relay; answers how many checks passed and failed, and whether the relay ended well.
    pub(super) fn close(self) -> (u32, u32, Result<(), BoxError>) {
        let Self { relay, passed, failed, .. } = self;
        (passed, failed, relay.stop().map_err(BoxError::from))
    }
}

impl Player {
    /// Prints a short line of what the device says.
    pub(super) fn says(&self, words: &str) {
        println!("  {}: {}", self.name, plain(words));
    }

    /// Prints what the device shows for a command.
    pub(super) fn shows(&self, args: &[&str]) -> Result<String, BoxError> {
        let words = self.device.words(args)?;
        println!("  {} shows:", self.name);
        words.lines().for_each(|line| println!("      {}", plain(line)));
        Ok(words)
    }

    /// Mina's level in an outcome: its sentence; `None` where none is shown.
    pub(super) fn level(&self, student: &str, outcome: &str) -> Result<Option<String>, BoxError> {
        let shown = self.device.json(&["level", "--student", student, "--outcome", outcome])?;
        if shown["shown"] == false {
            return Ok(None);
        }
        if shown["completeness"] != "whole" {
            return Err(format!("{} does not see everything about {student}", self.name).into());
        }
        Ok(Some(text(&shown["outcomes"][0], "sentence")?.to_owned()))
    }

    /// What waits to be sent, in words.
    pub(super) fn waits(&self) -> Result<(), BoxError> {
        let words = self.device.words(&["status"])?;
        let waits = words.lines().next().and_then(|line| line.split_once(". ")).map_or("", |(_, rest)| rest);
        self.says(waits);
        Ok(())
    }

    /// One piece as the device shows it.
    pub(super) fn piece(&self, piece: &str) -> Result<Value, BoxError> {
        Ok(self.device.json(&["show", piece])?)
    }

    /// The words of the reflections on a piece.
    pub(super) fn reflection(&self, piece: &str) -> Result<String, BoxError> {
        let view = self.piece(piece)?;
        let voices = view["voices"].as_array().into_iter().flatten();
        let said = voices.flat_map(|voice| voice["entries"].as_array().into_iter().flatten());
        let words: Vec<&str> = said
            .map(|entry| &entry["body"])
            .filter(|said| said["says"] == "reflection")
            .filter_map(|said| said["words"].as_str())
            .collect();
        Ok(words.join(" | "))
    }
}

/// A text in a JSON answer.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, BoxError> {
    value[key].as_str().ok_or_else(|| format!("an answer has no text {key:?}: {value}").into())
}

/// The day so many days ago.
pub(super) fn days_ago(days: u64) -> Result<String, BoxError> {
    let then = driver::now().millis().saturating_sub(days * 24 * 60 * 60 * 1000);
    let day = fieldfolio_core::time::Timestamp::from_millis(then).utc_day();
    Ok(day.ok_or("the clock of this machine names no day")?.to_string())
}

/// "a, b and c".
pub(super) fn and(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Without the ids that scripts need, and without the surname that all sample people share.
fn plain(line: &str) -> String {
    let line = match line.rfind("  [") {
        Some(at) if line.ends_with(']') => &line[..at],
        _ => line,
    };
    let line = line.split(", piece 0").next().unwrap_or(line);
    line.replace(" Sample", "")
}
