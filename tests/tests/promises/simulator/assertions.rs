//! What must hold when the weather has cleared.

use std::collections::{BTreeMap, BTreeSet};

use fieldfolio_core::device::Digest;
use fieldfolio_core::ids::{DocumentId, FolioId, OutcomeId, PersonId, PieceId};
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::store::{index, log};
use fieldfolio_tests::sim::School;

use super::reference;
use super::steps::{DEVICES, Play};

/// Everything that must hold.
pub(crate) fn everything_holds(school: &mut School, played: &Play) {
    nothing_is_lost(school, played);
    what_was_erased_is_gone(school, played);
    each_device_holds_what_it_may_and_no_more(school);
    levels_agree_where_sight_is_whole(school);
    if !played.went_back {
        pieces_lie_where_the_school_says(school, played);
    }
    the_index_is_what_the_documents_say(school);
}

/// Whatever was made on a device is at the relay, or shown as waiting or refused with its reason.
fn nothing_is_lost(school: &mut School, played: &Play) {
    for (name, _) in DEVICES {
        let device = school.device(name).device();
        let me = device.identity().clone();
        let status = device.status().expect("a status");
        let conn = device.store().read();
        let own: Vec<_> = log::own_changes(conn, me.device, None)
            .expect("own changes")
            .into_iter()
            .map(|row| log::change(conn, row).expect("a change"))
            .collect();
        let unexplained = status.waiting.iter().filter(|waiting| waiting.reason.is_none()).count();
        assert_eq!(unexplained, 0, "{name} still owes something and doesn't say why: {:?}", status.waiting);
        let waiting = status.waiting.iter().filter(|waiting| waiting.what == "change").count();
        let undelivered = own.iter().filter(|change| change.n.is_none()).count();
        let held: u64 = status.held.iter().map(|(_, changes)| changes).sum();
        assert_eq!(undelivered as u64, waiting as u64 + held, "{name}: what is not delivered waits");
        assert!(status.unopened.is_empty(), "{name}: {:?}", status.unopened);
        for change in own.iter().filter(|change| change.n.is_some()) {
            let found: bool = school
                .conn
                .query_row(
                    "select exists (select 1 from change c join document d on d.row = c.document
                     where d.id = ?1 and c.hash = ?2 and c.n = ?3)",
                    (
                        change.change.document.to_bytes().as_slice(),
                        change.change.hash.0.as_slice(),
                        change.n.map(u64::cast_signed),
                    ),
                    |row| row.get(0),
                )
                .expect("the log can be asked");
            assert!(found, "{name}: an acknowledged change is not in the log");
        }
    }
    for (piece, maker) in &played.pieces {
        if erased(school, *piece) {
            continue;
        }
        let view = school.device(maker).device().piece(*piece).expect("a maker keeps her piece");
        assert!(!view.content.title.is_empty(), "{piece} lost its title");
    }
    for (by, document, entry) in &played.said {
        if erased(school, document.piece) {
            continue;
        }
        let device = school.device(by).device();
        let conn = device.store().read();
        let row = log::document(conn, *document).expect("a document can be looked up");
        let kept = row.map(|row| index::entry(conn, row.row, *entry).expect("an entry can be looked up"));
        assert!(kept.flatten().is_some(), "{by} lost an entry on {document}");
    }
}

fn erased(school: &School, piece: PieceId) -> bool {
    school
        .conn
        .query_row("select exists (select 1 from erased where piece = ?1)", [piece.as_bytes()], |row| {
            row.get(0)
        })
        .expect("the relay can be asked")
}

/// What was erased is nowhere: not at the relay, and on no device.
fn what_was_erased_is_gone(school: &mut School, played: &Play) {
    for (piece, _) in &played.pieces {
        if !erased(school, *piece) {
            continue;
        }
        let left: i64 = school
            .conn
            .query_row(
                "select (select count(*) from document where piece = ?1) + (select count(*) from act where piece = ?1)",
                [piece.as_bytes()],
                |row| row.get(0),
            )
            .expect("the relay can be asked");
        assert_eq!(left, 0, "the relay has something of {piece}");
        for (name, _) in DEVICES {
            let device = school.device(name).device();
            let documents = log::documents_of(device.store().read(), *piece).expect("documents");
            assert!(documents.is_empty() && device.piece(*piece).is_err(), "{name} has something of {piece}");
        }
    }
}

/// Where a piece lies, and where it is offered, is the same on every device that has it and owes no act.
fn pieces_lie_where_the_school_says(school: &mut School, played: &Play) {
    for (name, _) in DEVICES {
        let status = school.device(name).device().status().expect("a status");
        if status.waiting.iter().any(|waiting| waiting.what == "act") {
            continue;
        }
        for (piece, _) in &played.pieces {
            let conn = school.device(name).device().store().read();
            if log::document(conn, DocumentId::content(*piece)).expect("a document").is_none() {
                continue;
            }
            let here = index::placed(conn, *piece).expect("placements");
            let offered = index::offers(conn, *piece).expect("offers");
            let ask = |table: &str| -> Vec<FolioId> {
                let sql = format!("select folio from {table} where piece = ?1 order by folio");
                let mut query = school.conn.prepare(&sql).expect("the query is right");
                let rows = query.query_map([piece.as_bytes().as_slice()], |row| row.get(0));
                rows.expect("rows").map(|row| FolioId::from_bytes(row.expect("a folio"))).collect()
            };
            let there = (ask("placement"), ask("offer"));
            assert_eq!((here, offered), there, "{name}: where {piece} lies");
        }
    }
}

fn each_device_holds_what_it_may_and_no_more(school: &mut School) {
    let mut at_relay: BTreeMap<DocumentId, Vec<Head>> = BTreeMap::new();
    {
        let mut query = school.conn.prepare("select id, heads from document").expect("the query is right");
        let rows = query
            .query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .expect("documents can be listed");
        for row in rows {
            let (id, heads) = row.expect("a document");
            let heads = heads.chunks(32).map(|head| Head(head.try_into().expect("32 bytes"))).collect();
            at_relay.insert(DocumentId::from_bytes(&id).expect("an id"), heads);
        }
    }
    for (name, _) in DEVICES {
        let person = school.device(name).device().identity().person;
        let expected = reference::readable(&school.conn, person);
        let device = school.device(name).device();
        let undelivered: BTreeSet<DocumentId> = {
            // Own ones, and others' that a relay had which went back, and that it does not take again as they are.
            let conn = device.store().read();
            let held = device.status().expect("a status").held.into_iter().map(|(document, _)| document);
            log::unnumbered_changes(conn, None)
                .expect("changes")
                .into_iter()
                .map(|row| log::change(conn, row).expect("a change").change.document)
                .chain(held)
                .collect()
        };
        let rows = log::all_documents(device.store().read()).expect("documents");
        let held: BTreeMap<DocumentId, Vec<Head>> = rows
            .into_iter()
            .filter(|row| !row.heads.is_empty() && !undelivered.contains(&row.id))
            .map(|row| (row.id, row.heads))
            .collect();
        let expected: BTreeSet<DocumentId> = expected.difference(&undelivered).copied().collect();
        let names: BTreeSet<DocumentId> = held.keys().copied().collect();
        assert_eq!(names, expected, "{name} holds what its person may see");
        if std::env::var_os("FIELDFOLIO_SEED").is_some() {
            println!(
                "{name}: {} documents, {} of them others'",
                held.len(),
                held.keys().filter(|id| id.author() != Some(person)).count()
            );
        }
        for (id, heads) in held {
            assert_eq!(Some(&heads), at_relay.get(&id), "{name} has {id} as the relay has it");
        }
    }
}

fn levels_agree_where_sight_is_whole(school: &mut School) {
    let mut agreed: BTreeMap<(PersonId, OutcomeId), (String, &str)> = BTreeMap::new();
    let mut whole = BTreeSet::new();
    for (name, _) in DEVICES {
        let device = school.device(name).device();
        let waits = !device.status().expect("a status").waiting.is_empty();
        let Digest { levels, .. } = device.digest().expect("a digest");
        for (student, outcome, sentence) in levels.into_iter().filter(|_| !waits) {
            whole.insert(name);
            let (known, by) = agreed.entry((student, outcome)).or_insert((sentence.clone(), name));
            assert_eq!(*known, sentence, "{by} and {name} see different levels");
        }
    }
    // What she has from a log that is lost, and the relay holds back now, counts for nobody before it is released.
    let held: i64 = school
        .conn
        .query_row("select count(*) from held", [], |row| row.get(0))
        .expect("the relay can be asked");
    assert!(
        held > 0 || whole.contains("phone") || whole.contains("tablet"),
        "the student sees her own levels whole: {whole:?}, {:?}",
        school.device("phone").device().status()
    );
    assert!(!whole.contains("lea"), "a mentor is shown no level");
}

fn the_index_is_what_the_documents_say(school: &mut School) {
    for (name, _) in DEVICES {
        let device = school.device(name).device();
        let before = index::dump(device.store().read()).expect("an index");
        device.rebuild_index().expect("the index can be rebuilt");
        assert_eq!(before, index::dump(device.store().read()).expect("an index"), "{name}'s index");
    }
}
