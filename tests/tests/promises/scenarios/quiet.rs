//! Sheets that nobody has written on for long are kept in one at the relay, and nobody can tell.

use fieldfolio_core::device::Edits;
use fieldfolio_core::ids::PieceId;
use fieldfolio_server::log::changes;
use fieldfolio_server::upkeep::snapshots::{self, Saved};
use fieldfolio_tests::sim::School;

use super::school;

const MONTH: u64 = 31 * 24 * 60 * 60 * 1000;

fn raws(school: &School) -> Vec<Vec<u8>> {
    let rows: Vec<i64> = {
        let mut query = school.conn.prepare("select row from document order by row").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let changes = rows.iter().flat_map(|row| changes::of_document(&school.conn, *row).unwrap());
    changes.map(|news| news.change.raw).collect()
}

fn rename(school: &mut School, piece: PieceId, words: &str) {
    let edits = Edits { words: Some(words.into()), ..Edits::default() };
    school.on("phone", |phone, now, rng| phone.edit(piece, edits, now, rng)).unwrap();
}

/// What the relay does every night.
fn save_quiet(school: &mut School) -> Saved {
    let now = school.now;
    snapshots::save_quiet(&school.relay(), now).unwrap()
}

#[test]
fn what_is_kept_in_one_comes_out_as_it_went_in_byte_by_byte_and_goes_on() {
    let mut school = school(50, &[("phone", "mina"), ("ito", "ms-ito")]);
    let mut pieces = Vec::new();
    for number in 0..4 {
        let title = format!("piece {number}");
        let piece = school.capture("phone", &title, "mina/community-garden", "2026-05-04", &["THINK"]);
        for version in 0..20 {
            rename(
                &mut school,
                piece,
                &format!("It is {version} days old, and I see something new each day."),
            );
        }
        pieces.push(piece);
    }
    school.settle();
    let before = raws(&school);
    assert_eq!(save_quiet(&mut school).sheets, 0, "it is not quiet yet");
    school.now = school.now.plus_millis(MONTH);
    rename(&mut school, pieces[3], "Somebody still writes here.");
    school.settle();
    let saved = save_quiet(&mut school);
    assert_eq!(saved.sheets, 3);
    assert!(saved.to * 10 < saved.from * 8, "{saved:?}");
    let empty: i64 = school
        .conn
        .query_row("select count(*) from change where length(raw) = 0", [], |row| row.get(0))
        .unwrap();
    assert!(empty >= 60, "{empty}");
    let after = raws(&school);
    assert!(before.iter().all(|raw| after.contains(raw)), "every change comes out as it went in");

    // A newcomer gets all of it, a writer goes on, and a year later it is kept in one again.
    school.enrol("second", "ms-ito");
    school.settle();
    rename(&mut school, pieces[0], "A year later.");
    school.settle();
    let words = |school: &mut School, device: &str, piece| {
        school.device(device).device().piece(piece).unwrap().content.words
    };
    assert_eq!(words(&mut school, "second", pieces[0]), "A year later.");
    assert_eq!(words(&mut school, "second", pieces[1]), words(&mut school, "phone", pieces[1]));
    school.now = school.now.plus_millis(MONTH);
    assert!(save_quiet(&mut school).sheets >= 2);
    school.device("ito").device().compare().unwrap();
    school.enrol("third", "ms-ito");
    school.settle();
    assert_eq!(words(&mut school, "third", pieces[0]), "A year later.");
    assert_eq!(school.happened.differed, 0);
    // Erased, it is gone from there, too.
    school.on("phone", |phone, now, rng| phone.erase(pieces[1], now, rng)).unwrap();
    school.settle();
    let left: i64 = school.conn.query_row("select count(*) from snapshot", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 3);
    let found = fieldfolio_server::upkeep::verify::database(&school.conn).unwrap();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
}
