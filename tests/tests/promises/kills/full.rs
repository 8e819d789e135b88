//! The disk is full, or fails, at every place that needs it: once, or until somebody makes room. What can't be saved is
//! refused in words, what is there can be read, what was acknowledged stays, also when the power goes afterwards, and
//! work goes on without a restart as soon as the disk is well.
//!
//! `FIELDFOLIO_POWER=all` tries both errors both ways at every place.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use fieldfolio_core::device::Device;
use fieldfolio_tests::driver;
use fieldfolio_tests::ledger::Acknowledged;
use fieldfolio_tests::local_relay::LocalRelay;
use fieldfolio_tests::real::RealSchool;
use fieldfolio_tests::sim::copy_folder;

use crate::device::{all_is_there, known_of};
use crate::power;
use crate::power::device::{agrees_with, copy_of};
use crate::power::disk::{Disk, Watched};

#[path = "full/relay.rs"]
mod relay;

const FULL: i32 = 28;
const BROKEN: i32 = 5;

/// The ways in which a disk fails at a place: all of them, or one after the other.
fn ways(place: u64) -> Vec<(i32, &'static str)> {
    let all = [(FULL, "stays"), (BROKEN, "once"), (BROKEN, "stays"), (FULL, "once")];
    if power::all() { all.to_vec() } else { vec![all[place as usize % 4]] }
}

#[test]
fn a_phone_whose_disk_fails_anywhere_says_so_and_goes_on_when_it_is_well() {
    let (watched, school) = (Watched::new(), RealSchool::start().unwrap());
    let folio = school.folio("mina/community-garden");
    let mut phone = school.enrol("mina", "phone").unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    drop(phone);
    let base = watched.beside("base");
    copy_folder(&school.folder().join("phone"), &base).unwrap();
    std::fs::create_dir(watched.beside("school")).unwrap();
    let relay = copy_of(&school.home(), &watched.beside("school/copy"));
    let local = watched.beside("desk");
    let (mut runs, mut refused) = (0, 0);
    for place in 1.. {
        for (error, how_long) in ways(place) {
            let how = format!("error {error} {how_long} at place {place}");
            watched.begin_with("phone", &base);
            drop(LocalRelay::with(&local, &relay).unwrap());
            let disk = watched.disk();
            let mut command = Command::new(env!("CARGO_BIN_EXE_fieldfolio-full-device"));
            command.arg(watched.root().join("phone")).arg(folio.to_string()).arg(&local);
            watched.under(&mut command);
            watched.fail(&mut command, &format!("{place} {error} {how_long}"));
            let output = command.stdin(Stdio::null()).output().unwrap();
            let (said, complaint) = (
                String::from_utf8(output.stdout).unwrap(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            );
            assert!(output.status.success() && !complaint.contains("panicked"), "{how}: {said}{complaint}");
            runs += 1;
            let (sick, well) = said.split_once("well\n").unwrap();
            refused += sick.matches("refused").count();
            assert!(!well.contains("refused") && well.ends_with("end\n"), "{how}: {said}");
            let acknowledged: Vec<Acknowledged> =
                said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            let known = known_of(acknowledged);
            let cut = after_a_cut(&watched, disk);
            for (folder, how) in [
                (watched.root().join("phone"), how.clone()),
                (cut.join("phone"), format!("{how}, and then the power went")),
            ] {
                let mut phone = Device::open(&folder).unwrap_or_else(|error| panic!("{how}: {error}"));
                all_is_there(&phone, &known, &how);
                agrees_with(&mut LocalRelay::open(&local).unwrap(), &mut phone, &how);
            }
        }
        if place > watched.count() {
            break;
        }
    }
    println!("{runs} runs, {refused} refusals");
    assert!(refused > runs / 2, "{refused} refusals in {runs} runs");
}

/// What is left when the power goes now; `disk` is how it lay when the diary began.
fn after_a_cut(watched: &Watched, mut disk: Disk) -> PathBuf {
    for entry in watched.diary() {
        disk.play(&entry.what);
    }
    let cut = watched.beside("cut");
    if cut.exists() {
        std::fs::remove_dir_all(&cut).unwrap();
    }
    disk.with_synced_only(&cut);
    cut
}
