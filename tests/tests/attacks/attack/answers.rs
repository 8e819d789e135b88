//! How large an answer may become, and how long others wait for what one event makes the relay do.

use std::time::{Duration, Instant};

use fieldfolio_core::ids::DocumentId;
use fieldfolio_core::sync::wire::{Cursor, MAX_RESPONSE_BYTES, Request, Verdict};
use fieldfolio_tests::driver;
use fieldfolio_tests::flood;
use fieldfolio_tests::real::{Client, RealSchool, Writing};

use super::{dice, school, sync};

/// Six sheets of 900 changes, each of which names a hundred files that nobody brings: 18 MB of answers for 0.7 MB that
/// were counted once. Everybody who sees them syncs on.
#[test]
fn changes_that_name_a_hundred_files_each_end_nobodys_sync() {
    let (school, mut dice) = (school(), dice(1));
    let mut otto = school.client("otto", "otto").unwrap();
    let mut ito = school.enrol("ms-ito", "ito").unwrap();
    sync(&mut ito);
    let (his, hers) = (school.folio("otto/community-garden"), school.folio("mina/community-garden"));
    let files = flood::nobodys_files(100, &mut dice);
    let mut sheets = Vec::new();
    for (piece, acts) in flood::pieces(&otto.me, 6, &[his, hers], &mut dice) {
        flood::send(&mut otto, &acts, 100).unwrap();
        let changes = flood::naming(&otto.me, piece, 900, &files, &mut dice);
        let came = flood::send(&mut otto, &changes, 300).unwrap();
        assert_eq!(came.stored, 900, "{came:?}");
        sheets.push(piece);
    }
    // Who was up to date, a classmate whose folio it was put into, and her mother.
    let mut mina = school.enrol("mina", "mina").unwrap();
    let mut hana = school.enrol("hana", "hana").unwrap();
    for device in [&mut ito, &mut mina, &mut hana] {
        sync(device);
        for piece in &sheets {
            assert_eq!(device.piece(*piece).unwrap().content.title, "899");
        }
    }
    // And no page of it is larger than a device reads.
    let mut reader = school.client("mina", "reader").unwrap();
    let mut cursor = Cursor::default();
    loop {
        let request = Request::of(cursor, Vec::new());
        let bytes = reader.post(fieldfolio_core::sync::wire::to_bytes(&request)).unwrap().body;
        assert!(bytes.len() < MAX_RESPONSE_BYTES / 2, "{} bytes", bytes.len());
        let answer = reader.exchange(&request).unwrap().unwrap();
        if answer.cursor == cursor {
            break;
        }
        cursor = answer.cursor;
    }
}

/// A document names a bounded number of different files, whatever it says.
#[test]
fn a_document_names_so_many_files_and_no_more() {
    let (school, mut dice) = (school(), dice(2));
    let mut otto = school.client("otto", "otto").unwrap();
    let (piece, acts) =
        flood::pieces(&otto.me, 1, &[school.folio("otto/community-garden")], &mut dice).remove(0);
    flood::send(&mut otto, &acts, 100).unwrap();
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    let mut verdicts = Vec::new();
    for number in 0..12 {
        let files = flood::nobodys_files(100, &mut dice);
        let change = content.write(&otto.me, &files, |edit| edit.title(format!("{number}")));
        verdicts.extend(otto.send(&[fieldfolio_core::sync::wire::Item::Change(change)]).unwrap());
    }
    assert!(verdicts[..10].iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
    assert_eq!(verdicts[10], Verdict::TooLarge);
}

/// How many pieces each of thirty students has: a few hundred in `make soak`, fewer otherwise.
fn pieces_each() -> usize {
    std::env::var("FIELDFOLIO_PIECES").ok().and_then(|count| count.parse().ok()).unwrap_or(40)
}

/// A new advisor of thirty students who have worked for years: her first sync ends, and nobody waits while the school
/// works out what she may see.
#[test]
fn a_new_advisor_of_very_many_pieces_syncs_and_nobody_waits_for_it() {
    let (school, mut dice) = (school(), dice(3));
    school.office(&["class", "add", "Advisory"]).unwrap();
    let each = pieces_each();
    for number in 0..30 {
        let name = format!("Student {number}");
        let mut student = school.newcomer(&name, "student", 0).unwrap();
        school.office(&["class", "join", "Advisory", &name, "--as", "student"]).unwrap();
        let home = school.office(&["folio", "list"]).unwrap();
        let id = student.me.person.to_string();
        let home = home.as_array().unwrap().iter().find(|folio| folio["student"] == id.as_str()).unwrap();
        let home = home["id"].as_str().unwrap().parse().unwrap();
        let acts: Vec<_> =
            flood::pieces(&student.me, each, &[home], &mut dice).into_iter().map(|(_, acts)| acts).collect();
        let mut items = acts.concat();
        for (piece, _) in acts.iter().map(|acts| (piece_of(&acts[0]), ())) {
            let mut content = Writing::new(DocumentId::content(piece), &mut dice);
            items.push(fieldfolio_core::sync::wire::Item::Change(
                content.write(&student.me, &[], |edit| edit.title("A leaf")),
            ));
        }
        let came = flood::send(&mut student, &items, 500).unwrap();
        assert_eq!(came.stored, 4 * each, "{came:?}");
    }
    school.office(&["person", "add", "New Advisor", "--kind", "teacher"]).unwrap();
    let (joined, slowest) = beside(&school, || {
        let begun = Instant::now();
        school.office(&["class", "join", "Advisory", "New Advisor", "--as", "advisor"]).unwrap();
        begun.elapsed()
    });
    let link = school.office(&["invite", "New Advisor"]).unwrap();
    let mut advisor = driver::enrol(link["url"].as_str().unwrap(), &school.folder().join("advisor")).unwrap();
    let begun = Instant::now();
    let report = sync(&mut advisor);
    println!(
        "{} pieces: the command {joined:?}, others' slowest write meanwhile {slowest:?}; first sync {:?}, {} exchanges, {} bytes",
        30 * each,
        begun.elapsed(),
        report.exchanges,
        report.bytes_down
    );
    let seen: i64 = advisor
        .store()
        .read()
        .query_row("select count(distinct piece) from document where class = 0", [], |row| row.get(0))
        .unwrap();
    assert_eq!(seen as usize, 30 * each);
    // She leaves: nothing of it is told to her any more, at once, however long it takes to be worked out.
    let left = Instant::now();
    let (command, slowest_leaving) = beside(&school, || {
        school.office(&["class", "leave", "Advisory", "New Advisor", "--as", "advisor"]).unwrap();
        left.elapsed()
    });
    println!("leaving {command:?}, others' slowest write {slowest_leaving:?}");
    sync(&mut advisor);
    let left: i64 = advisor
        .store()
        .read()
        .query_row("select count(distinct piece) from document where class = 0", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0, "all of it went");
    // Nobody was refused, and the slowest of them waited for turns, not for the whole.
    assert!(slowest < joined.max(Duration::from_secs(2)), "{slowest:?} beside {joined:?}");
}

fn piece_of(item: &fieldfolio_core::sync::wire::Item) -> fieldfolio_core::ids::PieceId {
    use fieldfolio_core::model::act::Act;
    use fieldfolio_core::sync::wire::Item;
    let Item::Act(act) = item else { panic!("the first is an act") };
    Act::from_bytes(&act.body).unwrap().piece().unwrap()
}

/// Runs `act` while Mina goes on writing; how long her slowest write took. None of hers is refused.
fn beside<T: Send>(school: &RealSchool, act: impl FnOnce() -> T + Send) -> (T, Duration) {
    use std::sync::atomic::{AtomicBool, Ordering};
    let done = AtomicBool::new(false);
    let me = school.client("mina", &format!("beside-{}", random_name())).unwrap().me;
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let (mut mina, mut dice) = (Client::with(me), dice(9));
            let mut slowest = Duration::ZERO;
            while !done.load(Ordering::Acquire) {
                let (_, acts) = mina.new_piece(school.folio("mina/community-garden"), &mut dice);
                let begun = Instant::now();
                let verdicts = mina.send(&acts).unwrap();
                slowest = slowest.max(begun.elapsed());
                assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
            }
            slowest
        });
        let acted = act();
        done.store(true, Ordering::Release);
        (acted, writing.join().unwrap())
    })
}

fn random_name() -> String {
    fieldfolio_core::ids::DeviceId::new(driver::now(), &mut driver::OsRng).to_string()
}
