//! What is counted is what is kept; and what a hash, or a quota, tells.

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{DocumentId, SeededRng};
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_tests::flood;
use fieldfolio_tests::real::{Client, RealSchool, Writing};

use super::{dice, school};

/// Pages of the relay's database that are in use, in bytes.
fn kept(school: &RealSchool) -> u64 {
    let conn = fieldfolio_server::database::open(&school.home()).unwrap();
    let ask = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    let pages = ask("pragma page_count") - ask("pragma freelist_count");
    (pages * ask("pragma page_size")).cast_unsigned()
}

fn counted(school: &RealSchool, person: &str) -> u64 {
    let person = school.person(person).to_string();
    school.office(&["activity", &person]).unwrap()[0]["record_bytes"].as_u64().unwrap()
}

/// Whatever somebody sends, what is counted of it is no less than what the relay's database grew by.
#[test]
fn what_is_counted_is_no_less_than_what_is_kept() {
    type Attack = fn(&RealSchool, &mut Client, &mut SeededRng) -> usize;
    let attacks: [(&str, Attack); 4] = [
        ("many small pieces", |school, otto, dice| {
            let folio = school.folio("otto/community-garden");
            let acts = flood::pieces(&otto.me, 600, &[folio], dice);
            let items: Vec<Item> = acts.into_iter().flat_map(|(_, acts)| acts).collect();
            flood::send(otto, &items, 300).unwrap().stored
        }),
        ("changes that name files", |school, otto, dice| {
            let folio = school.folio("otto/community-garden");
            let mut stored = 0;
            for (piece, acts) in flood::pieces(&otto.me, 8, &[folio], dice) {
                flood::send(otto, &acts, 100).unwrap();
                let mut content = Writing::new(DocumentId::content(piece), dice);
                let changes: Vec<Item> = (0..10)
                    .map(|number| {
                        let files = flood::nobodys_files(100, dice);
                        Item::Change(content.write(&otto.me, &files, |edit| edit.title(format!("{number}"))))
                    })
                    .collect();
                stored += flood::send(otto, &changes, 100).unwrap().stored;
            }
            stored
        }),
        ("small changes", |school, otto, dice| {
            let folio = school.folio("otto/community-garden");
            let (piece, acts) = flood::pieces(&otto.me, 1, &[folio], dice).remove(0);
            flood::send(otto, &acts, 100).unwrap();
            let changes = flood::naming(&otto.me, piece, 900, &[], dice);
            flood::send(otto, &changes, 300).unwrap().stored
        }),
        ("projects of one's own", |_, otto, dice| {
            let items = flood::projects(&otto.me, 150, dice);
            flood::send(otto, &items, 100).unwrap().stored
        }),
    ];
    for (seed, (what, attack)) in (10..).zip(attacks) {
        let (school, mut dice) = (school(), dice(seed));
        let mut otto = school.client("otto", "otto").unwrap();
        let (before, counted_before) = (kept(&school), counted(&school, "otto"));
        let stored = attack(&school, &mut otto, &mut dice);
        assert!(stored > 70, "{what}: {stored}");
        let (grown, counted) = (kept(&school) - before, counted(&school, "otto") - counted_before);
        println!("{what}: {stored} items, {grown} bytes more in the database, {counted} counted");
        assert!(counted >= grown, "{what}: {counted} counted of {grown}");
        assert!(counted < 6 * grown, "{what}: and not out of all proportion: {counted} of {grown}");
    }
}

/// A student starts so many projects and folios, and the others of one request are taken.
#[test]
fn projects_of_ones_own_are_bounded() {
    let (school, mut dice) = (school(), dice(20));
    let mut otto = school.client("otto", "otto").unwrap();
    let items = flood::projects(&otto.me, 260, &mut dice);
    let came = flood::send(&mut otto, &items, 200).unwrap();
    let most = usize::try_from(2 * budget::OWN_FOLIOS).unwrap();
    assert!(came.stored <= most && came.stored > most - 4, "{came:?}");
    assert_eq!(otto.send(&items[..2]).unwrap().iter().filter(|v| matches!(v, Verdict::Known(_))).count(), 2);
}

/// Naming somebody else's bytes counts nothing and tells nothing: not whether they are here, nor how many.
#[test]
fn a_hash_tells_nothing_by_the_quota() {
    let settings = "quota_bytes_per_person = 1000000\nmax_upload_bytes = 900000\n";
    let (school, mut dice) = (RealSchool::start_with(settings).unwrap(), dice(21));
    let secret = vec![7; 123_457];
    let hash = BlobHash::of(&secret);
    let own = vec![8; 880_000];
    let mut told = Vec::new();
    for is_there in [false, true] {
        if is_there {
            let mut mina = school.client("mina", "mina").unwrap();
            let (piece, mut items) = mina.new_piece(school.folio("mina/community-garden"), &mut dice);
            items.truncate(1);
            let mut content = Writing::new(DocumentId::content(piece), &mut dice);
            items.push(Item::Change(content.write(&mina.me, &[hash], |edit| edit.title("Hers alone"))));
            assert!(mina.send(&items).unwrap().iter().all(|verdict| matches!(verdict, Verdict::Stored(_))));
            assert_eq!(mina.upload(piece, &secret).unwrap(), 204);
        }
        let mut otto = school.client("otto", &format!("otto-{is_there}")).unwrap();
        let (piece, mut items) = otto.new_piece(school.folio("otto/community-garden"), &mut dice);
        let mut content = Writing::new(DocumentId::content(piece), &mut dice);
        let names = [hash, BlobHash::of(&own)];
        items.push(Item::Change(content.write(&otto.me, &names, |edit| edit.title("Mine"))));
        assert!(otto.send(&items).unwrap().iter().all(|verdict| matches!(verdict, Verdict::Stored(_))));
        let begun = otto.begin_upload(piece, BlobHash::of(&own), own.len() as u64).unwrap();
        let seen = otto.blob(hash).unwrap();
        told.push((begun.status, begun.body, seen.status, seen.body));
        // He gives up, so that the second time begins like the first.
        if let Some(path) = begun.location {
            otto.call(
                "DELETE",
                &path,
                &[fieldfolio_tests::real::tus()],
                fieldfolio_core::device::Body::Empty,
            )
            .unwrap();
        }
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].0, 201);
}
