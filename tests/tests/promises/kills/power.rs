//! The power goes, at every moment: a device and a relay work on a disk that remembers everything, and for each moment
//! the folder is built that a cut would have left, at worst and with anything in between. It opens, has what was
//! acknowledged, works on, and agrees with the school.
//!
//! `FIELDFOLIO_POWER=all` tries many ways to lose something at every moment.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use fieldfolio_core::ids::SeededRng;

use disk::Disk;

#[path = "power/device.rs"]
pub(crate) mod device;
#[path = "power/disk.rs"]
pub(crate) mod disk;
#[path = "power/migration.rs"]
mod migration;
#[path = "power/relay.rs"]
mod relay;

/// Is everything to be tried?
pub(crate) fn all() -> bool {
    std::env::var("FIELDFOLIO_POWER").is_ok_and(|asked| asked == "all")
}

/// How many ways of losing some of what was not synced are tried at each moment.
fn ways() -> u64 {
    if all() { 12 } else { 1 }
}

/// Folders as cuts leave them, each where the one before was.
struct Cuts {
    place: PathBuf,
    made: u64,
}

impl Cuts {
    fn at(place: PathBuf) -> Self {
        Self { place, made: 0 }
    }

    /// Calls `look` with what each cut now would leave, and what to call it. `is_new` says whether anything more came
    /// to last since the last time, or something was acknowledged.
    fn each(&mut self, disk: &Disk, moment: usize, is_new: bool, mut look: impl FnMut(&Path, &str)) {
        let mut cut = |lay_out: &dyn Fn(&Path), how: &str| {
            if self.place.exists() {
                std::fs::remove_dir_all(&self.place).unwrap();
            }
            lay_out(&self.place);
            self.made += 1;
            look(&self.place, how);
        };
        if is_new {
            cut(&|into| disk.with_synced_only(into), &format!("a cut at moment {moment} that took all"));
        }
        for way in 0..ways() {
            let lay_out = |into: &Path| {
                disk.with_some_lost(into, &mut SeededRng::new((moment as u64) << 8 | way));
            };
            cut(&lay_out, &format!("a cut at moment {moment} that took some, way {way}"));
        }
    }
}

/// A relay's process that ends with its test.
pub(crate) struct Listening {
    process: Child,
    pub(crate) url: String,
}

impl Listening {
    /// Its standard output must be piped. `None` when it ends instead of listening.
    pub(crate) fn begin(command: &mut Command) -> Option<Self> {
        let mut process = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        match said.trim_end().strip_prefix("listening on ") {
            Some(url) => Some(Self { url: url.to_owned(), process }),
            None => {
                assert!(!process.wait().unwrap().success());
                None
            }
        }
    }

    /// Has it ended by itself?
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Nobody is left to tell; the process is gone either way.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
