//! The power goes in the middle of a migration: what an earlier version left opens at any moment, and the migration goes on
//! where it was.

use std::fs;
use std::process::Command;

use fieldfolio_core::device::Device;
use fieldfolio_tests::fixtures;
use fieldfolio_tests::ledger::audit;
use fieldfolio_tests::processes::{Relay, binary};

use super::Cuts;
use super::disk::Watched;

/// One in so many cuts of a school is served; in the others its database is opened.
const SERVED: u64 = 5;

fn sheets(device: &Device) -> serde_json::Value {
    serde_json::to_value(device.digest().unwrap()).unwrap()["documents"].clone()
}

#[test]
fn a_migration_that_is_cut_at_any_moment_goes_on() {
    let (mut moments, mut made) = (0, 0);
    for version in ["first", "second", "third", "fourth"] {
        let watched = Watched::new();
        fixtures::lay_out(version, &watched.root()).unwrap();
        let digest = fs::read(watched.root().join("digest.json")).unwrap();
        let digest: serde_json::Value = serde_json::from_slice(&digest).unwrap();
        let mut disk = watched.disk();
        let run = |program: &str, folder: &str, name: &str, rest: &[&str]| {
            let mut command = Command::new(binary(program).unwrap());
            command.arg(folder).arg(watched.root().join(name)).args(rest);
            watched.under(&mut command);
            assert!(command.output().unwrap().status.success(), "{version}");
        };
        run("fieldfolio-device", "--data", "phone", &["status"]);
        run("fieldfolio", "--dir", "school", &["person", "list"]);
        let mut cuts = Cuts::at(watched.beside("cut"));
        for (moment, entry) in watched.diary().iter().enumerate() {
            let is_new = disk.play(&entry.what);
            let mut number = cuts.made;
            cuts.each(&disk, moment, is_new, |cut, how| {
                let how = format!("{version}, {how}");
                let phone = Device::open(&cut.join("phone")).unwrap_or_else(|error| panic!("{how}: {error}"));
                assert_eq!(sheets(&phone), digest["documents"], "{how}");
                let school = cut.join("school");
                number += 1;
                if number.is_multiple_of(SERVED) {
                    drop(Relay::start(&school).unwrap_or_else(|error| panic!("{how}: {error}")));
                } else {
                    drop(
                        fieldfolio_server::database::open(&school)
                            .unwrap_or_else(|error| panic!("{how}: {error}")),
                    );
                }
                audit(&school, &[]).unwrap_or_else(|error| panic!("{how}: {error}"));
            });
            moments += 1;
        }
        made += cuts.made;
    }
    println!("{made} cuts at {moments} moments of migrations");
    assert!(moments > 60, "{moments}");
}
