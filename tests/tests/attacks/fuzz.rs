//! Broken copies of real bytes, thrown at every reader; and what once stopped one, read again.
//!
//! `FIELDFOLIO_FUZZ=10` throws ten times as many; `FIELDFOLIO_SEED=17` begins elsewhere. What stops a reader is kept
//! below `target/tmp/crashers`: give it a name that says what is wrong with it, and a place in `fixtures/crashers`.

#![cfg(test)]

use std::panic;
use std::path::Path;

use fieldfolio_core::ids::SeededRng;
use fieldfolio_tests::fuzz::{TARGETS, mutate, seeds};

/// So many of each, unless a reader's are large.
const INPUTS: u64 = 3_000;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Throws so many broken inputs at a reader, after the real ones.
fn holds_of(target: &str, inputs: u64) {
    let (_, read) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("a reader of this name");
    let real = seeds::of(target);
    let (first, count) = (number("FIELDFOLIO_SEED", 0), inputs * number("FIELDFOLIO_FUZZ", 1));
    let broken = (first..first + count).map(|seed| mutate::broken(&real, &mut SeededRng::new(seed)));
    for (input, bytes) in real.iter().cloned().chain(broken).enumerate() {
        if let Err(panic) = panic::catch_unwind(|| read(&bytes)) {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crashers").join(target);
            std::fs::create_dir_all(&folder).unwrap();
            let kept = folder.join(input.to_string());
            std::fs::write(&kept, &bytes).unwrap();
            eprintln!("{target}: {} bytes stopped it, kept at {}", bytes.len(), kept.display());
            panic::resume_unwind(panic);
        }
    }
    println!("{target}: {} real inputs and {count} broken ones", real.len());
}

#[test]
fn frames_of_the_protocol() {
    holds_of("wire_frames", INPUTS);
}

#[test]
fn bodies_of_acts() {
    holds_of("acts", INPUTS);
}

#[test]
fn raw_changes() {
    holds_of("changes", INPUTS);
}

#[test]
fn photos_films_sounds_and_documents() {
    holds_of("media", INPUTS);
}

#[test]
fn headers_of_uploads() {
    holds_of("upload_headers", INPUTS);
}

#[test]
fn invitation_links() {
    holds_of("invitations", INPUTS);
}

#[test]
fn settings_of_the_relay() {
    holds_of("settings", INPUTS);
}

#[test]
fn files_of_frameworks() {
    holds_of("frameworks", INPUTS);
}

#[test]
fn the_file_of_what_ended() {
    holds_of("ends", INPUTS);
}

/// Where cargo-fuzz begins: see `fuzz/README.md`.
#[test]
#[ignore = "it writes files: for cargo-fuzz"]
fn seeds_for_cargo_fuzz() {
    for (target, _) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&folder).unwrap();
        for (number, bytes) in seeds::of(target).iter().enumerate() {
            std::fs::write(folder.join(number.to_string()), bytes).unwrap();
        }
    }
}

/// Every reader has a target of cargo-fuzz by its name.
#[test]
fn cargo_fuzz_has_a_target_for_each_reader() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let listed = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (target, _) in TARGETS {
        assert!(fuzz.join(format!("fuzz_targets/{target}.rs")).is_file(), "{target}");
        assert!(listed.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
    }
}

/// Each lies in the folder of its reader, under a name that says what is wrong with it.
#[test]
fn what_once_stopped_a_reader_stops_it_no_more() {
    let crashers = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crashers");
    for folder in std::fs::read_dir(&crashers).unwrap() {
        let folder = folder.unwrap().path();
        // A note on what lies here is none of them.
        if folder.is_file() {
            continue;
        }
        let target = folder.file_name().and_then(|name| name.to_str()).unwrap();
        let found = TARGETS.into_iter().find(|(name, _)| *name == target);
        let (_, read) = found.unwrap_or_else(|| panic!("{} is no reader's", folder.display()));
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            println!("{}", file.display());
            read(&std::fs::read(&file).unwrap());
        }
    }
}
