//! What a relay makes of `ends.log` when it starts: lines of a newer version, and lines that can't be.

use std::path::PathBuf;

use fieldfolio_server::exchange::revocations::Revocations;
use fieldfolio_server::log::Event;

use crate::office::Office;

fn file(office: &Office) -> PathBuf {
    office.folder.path().join("ends.log")
}

fn starts(office: &Office) {
    Revocations::open(&mut office.open(), file(office), office.now).unwrap().expect("the file is there");
}

fn text(office: &Office) -> String {
    std::fs::read_to_string(file(office)).unwrap()
}

/// The relay stops, its file has these lines behind its own, and it starts again.
fn starts_with(office: &Office, lines: &str) {
    starts(office);
    std::fs::write(file(office), text(office) + lines).unwrap();
    starts(office);
}

fn is_locked(office: &Office, name: &str) -> bool {
    let sql = "select locked_at is not null from person where id = ?1";
    office.open().query_row(sql, [office.person(name).as_bytes()], |row| row.get(0)).unwrap()
}

/// Everything in the log, in its order.
fn events(office: &Office) -> Vec<Event> {
    let conn = office.open();
    let mut log = conn.prepare("select kind, subject from log order by n").unwrap();
    let read = |row: &rusqlite::Row<'_>| {
        let (kind, subject): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(Event::parse(&kind, &subject))
    };
    log.query_map([], read).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_a_newer_version_ended_is_kept_and_keeps_no_relay_from_starting() {
    let office = Office::sample();
    let mina = office.person("mina");
    let newer = [
        format!("900000 00000000000000aa portrait hide person {mina} 17"),
        format!("900001 00000000000000ab person lock person {mina} for 3 days"),
        "900002 00000000000000ac silence ".to_owned(),
    ];
    let lines: String = newer.iter().map(|line| format!("{line}\n")).collect();
    let before = events(&office);
    starts_with(&office, &lines);
    assert_eq!(events(&office), before, "nothing is taken for what it is not");
    assert!(!is_locked(&office, "mina"));

    // A file that says one thing over and over is written anew.
    let piece = "018f4d3c-1111-7abc-8def-0123456789ab";
    let heap: String =
        (0..6_000).map(|n| format!("{} {n:016x} erase piece {piece}\n", 910_000 + n)).collect();
    starts_with(&office, &heap);
    let after = text(&office);
    assert!(after.len() < 2_000, "{} bytes", after.len());
    for line in newer {
        assert!(after.lines().any(|kept| kept == line), "{line:?} is not in {after}");
    }
    starts(&office);
    assert_eq!(text(&office), after);
}

#[test]
fn every_event_that_is_written_is_known_and_so_is_what_it_ended() {
    let mut office = Office::sample();
    for command in [
        ["person", "rename", "Otto Sample", "Otto Example"].as_slice(),
        &["circle", "deny", "Mina Sample", "Lea Sample"],
        &["circle", "allow", "Mina Sample", "Lea Sample"],
        &["person", "lock", "Lea Sample"],
        &["person", "unlock", "Lea Sample"],
        &["invite", "Otto Example"],
    ] {
        office.run(command);
    }
    let unknown: Vec<Event> =
        events(&office).into_iter().filter(|event| matches!(event, Event::Unknown { .. })).collect();
    assert_eq!(unknown, []);
    starts(&office);
    let mina = office.person("mina");
    assert!(text(&office).contains(&format!(" denial deny student {mina} person ")), "{}", text(&office));
}

#[test]
fn a_line_that_can_not_be_done_keeps_no_relay_from_starting_and_no_other_line_from_being_read() {
    let office = Office::sample();
    let (mina, otto) = (office.person("mina"), office.person("otto"));
    let lines = [
        format!("900000 00000000000000aa denial deny student {mina} person {mina}\n"),
        format!("900001 00000000000000ab person remove-kind person {mina} student\n"),
        format!("900002 00000000000000ac circle end folio {mina} person {otto} owner\n"),
        format!("900003 00000000000000ad group leave project {mina} {mina}:0a0a0a0a0a0a0a0a\n"),
        format!("900004 00000000000000ae person lock person {otto}\n"),
    ];
    starts_with(&office, &lines.concat());
    assert!(is_locked(&office, "otto") && !is_locked(&office, "mina"));
}
