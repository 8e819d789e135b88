//! What ended stays ended after a restoration, also when power went while that was written down.

use std::path::{Path, PathBuf};

use fieldfolio_core::ids::PieceId;
use fieldfolio_server::directory::erasure;
use fieldfolio_server::exchange::revocations::Revocations;
use fieldfolio_tests::sim::School;

use super::school;

/// Two pieces, and a relay that was started with them.
fn story(seed: u64) -> (School, [PieceId; 2], PathBuf) {
    let mut school = school(seed, &[("phone", "mina")]);
    let pieces = ["A leaf", "A wall"]
        .map(|title| school.capture("phone", title, "mina/community-garden", "2026-05-02", &["THINK"]));
    school.settle();
    let file = school.relay_folder().join("ends.log");
    starts(&mut school, &file);
    (school, pieces, file)
}

fn starts(school: &mut School, file: &Path) -> Revocations {
    Revocations::open(&mut school.conn, file.to_owned(), school.now).unwrap().expect("the file is there")
}

fn erase(school: &mut School, piece: PieceId) {
    school.edit(|edit| erasure::erase(edit, piece, "the family asked"));
}

fn is_named(file: &Path, piece: PieceId) -> bool {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().any(|line| line.ends_with(&format!(" erase piece {piece}")) && line.split(' ').count() == 5)
}

#[test]
fn a_line_that_power_cut_anywhere_is_whole_after_the_next_start_and_takes_no_other_along() {
    let (mut school, [leaf, wall], file) = story(130);
    let before = std::fs::read(&file).unwrap();
    erase(&mut school, leaf);
    starts(&mut school, &file);
    let after = std::fs::read(&file).unwrap();
    assert!(is_named(&file, leaf));
    let mut ends = None;
    for cut in before.len()..after.len() {
        std::fs::write(&file, &after[..cut]).unwrap();
        ends = Some(starts(&mut school, &file));
        assert!(is_named(&file, leaf), "cut after {} bytes of the line", cut - before.len());
    }
    erase(&mut school, wall);
    ends.unwrap().catch_up(&mut school.conn).unwrap();
    assert!(is_named(&file, leaf) && is_named(&file, wall), "{}", std::fs::read_to_string(&file).unwrap());
}

#[test]
fn a_line_that_could_not_be_written_whole_takes_none_along_that_comes_after_it() {
    let (mut school, [leaf, wall], file) = story(131);
    let mut ends = starts(&mut school, &file);
    erase(&mut school, leaf);
    ends.catch_up(&mut school.conn).unwrap();
    // The disk was full for a moment, in the middle of a line.
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    erase(&mut school, wall);
    ends.catch_up(&mut school.conn).unwrap();
    assert!(is_named(&file, leaf) && is_named(&file, wall), "{}", std::fs::read_to_string(&file).unwrap());
}

#[test]
fn a_long_file_keeps_no_relay_from_starting_and_is_written_anew_without_what_is_said_twice() {
    let (mut school, [leaf, wall], file) = story(132);
    erase(&mut school, leaf);
    starts(&mut school, &file);
    // The same piece over and over, and lines of other versions and of nobody: as if somebody had made a heap of them.
    let mut text = std::fs::read_to_string(&file).unwrap();
    let before = text.len();
    for number in 0..60_000 {
        text += &format!("{} {number:016x} erase piece {leaf}\n", 1_000_000 + number % 7);
        if number % 1_000 == 0 {
            text += "nothing that anybody reads\n";
        }
    }
    text += &format!("2000000 00000000000000aa erase piece {wall}\n");
    std::fs::write(&file, &text).unwrap();
    starts(&mut school, &file);
    let after = std::fs::read_to_string(&file).unwrap();
    assert!(after.len() < before + 1_000, "{} bytes of {}", after.len(), text.len());
    assert!(is_named(&file, leaf) && is_named(&file, wall), "{after}");
    assert!(school.device("phone").device().piece(leaf).is_ok(), "the phone has not heard of it");
    school.settle();
    assert!(school.device("phone").device().piece(wall).is_err(), "what was read at the end has ended, too");
    // What was written anew is read as a file of its own: nothing is done twice, and nothing is lost.
    let head = fieldfolio_server::log::head(&school.conn).unwrap();
    starts(&mut school, &file);
    assert_eq!(fieldfolio_server::log::head(&school.conn).unwrap(), head);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), after);
}
