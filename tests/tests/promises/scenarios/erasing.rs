//! What is erased is gone, everywhere, and nothing brings it back.

use fieldfolio_core::ids::PieceId;
use fieldfolio_core::model::entry::Feedback;
use fieldfolio_core::store::log;
use fieldfolio_core::sync::Verdict;
use fieldfolio_core::sync::wire::Item;
use fieldfolio_server::directory::erasure;
use fieldfolio_tests::sim::School;

use super::school;

/// Rows of the relay's database in which this piece still is, besides the record that it was erased.
fn left_at_the_relay(school: &School, piece: PieceId) -> i64 {
    let id = piece.as_bytes().as_slice();
    school
        .conn
        .query_row(
            "select (select count(*) from act where piece = ?1) + (select count(*) from document where piece = ?1)
                 + (select count(*) from placement where piece = ?1) + (select count(*) from held where piece = ?1)
                 + (select count(*) from piece where id = ?1)
                 + (select count(*) from change where document not in (select row from document))",
            [id],
            |row| row.get(0),
        )
        .unwrap()
}

/// The piece's words anywhere in a device's files.
fn stands_in_files(school: &mut School, device: &str, words: &str) -> bool {
    let place = school.device(device).device().store().place().clone();
    school.device(device).device().store().read().execute_batch("pragma wal_checkpoint(truncate)").unwrap();
    std::fs::read_dir(place.path()).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        bytes.windows(words.len()).any(|window| window == words.as_bytes())
    })
}

#[test]
fn what_its_maker_erases_is_gone_from_every_device_and_from_the_relay() {
    let mut school = school(60, &[("phone", "mina"), ("tablet", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "ZERKNITTERT", "mina/community-garden", "2026-05-02", &["THINK"]);
    let other = school.capture("phone", "Another", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    assert!(stands_in_files(&mut school, "ito", "ZERKNITTERT"));
    school.device("phone").go_offline();
    school.on("phone", |phone, now, rng| phone.erase(leaf, now, rng)).unwrap();
    // Out of sight at once, also offline.
    assert!(school.device("phone").device().piece(leaf).is_err());
    assert!(school.device("ito").device().piece(leaf).is_ok());
    school.device("phone").go_online().unwrap();
    school.settle();
    for device in ["phone", "tablet", "ito"] {
        assert!(school.device(device).device().piece(leaf).is_err(), "{device}");
        assert!(school.device(device).device().piece(other).is_ok(), "{device}");
        assert!(!stands_in_files(&mut school, device, "ZERKNITTERT"), "{device}");
        assert!(school.device(device).device().status().unwrap().waiting.is_empty(), "{device}");
    }
    assert_eq!(left_at_the_relay(&school, leaf), 0);
    assert_eq!(school.happened.differed, 0);
}

#[test]
fn an_erased_piece_never_comes_back_from_an_old_phone() {
    let mut school = school(61, &[("phone", "mina"), ("tablet", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    school.keep_device("tablet");
    school.device("tablet").go_offline();
    let edits = fieldfolio_core::device::Edits { title: Some("An old leaf".into()), ..Default::default() };
    school.on("tablet", |tablet, now, rng| tablet.edit(leaf, edits, now, rng)).unwrap();
    school.on("phone", |phone, now, rng| phone.erase(leaf, now, rng)).unwrap();
    school.settle();
    // The tablet wrote on it meanwhile, and hears of it only now; then it is put back to what it was before.
    school.device("tablet").go_online().unwrap();
    school.settle();
    assert!(school.device("tablet").device().piece(leaf).is_err());
    school.restore_device("tablet");
    assert!(school.device("tablet").device().piece(leaf).is_ok());
    school.settle();
    assert!(school.device("tablet").device().piece(leaf).is_err());
    assert!(school.device("ito").device().piece(leaf).is_err());
    assert!(school.device("tablet").device().status().unwrap().waiting.is_empty());
    assert_eq!(left_at_the_relay(&school, leaf), 0);
}

#[test]
fn once_others_have_written_only_the_school_erases_and_what_they_could_not_send_is_kept_for_them() {
    let mut school = school(62, &[("phone", "mina"), ("ito", "ms-ito"), ("lea", "lea")]);
    let mina = school.person("mina");
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    school.device("phone").go_offline();
    let words = Feedback { did_well: "Sharp".into(), ..Default::default() };
    school.on("ito", |ito, now, rng| ito.feedback(leaf, Some(mina), &words, None, now, rng)).unwrap();
    school.settle();
    school.on("phone", |phone, now, rng| phone.erase(leaf, now, rng)).unwrap();
    school.device("phone").go_online().unwrap();
    school.settle();
    // It was too late for that: the piece is there again, and says why.
    let status = school.device("phone").device().status().unwrap();
    assert!(status.set_aside[0].0.to_string().contains("others have written"), "{:?}", status.set_aside);
    assert_eq!(school.device("phone").device().piece(leaf).unwrap().voices.len(), 1);
    let refused = school.on("phone", |phone, now, rng| phone.erase(leaf, now, rng)).unwrap_err();
    assert!(refused.to_string().contains("only the school"), "{refused}");

    school.device("lea").go_offline();
    let words = Feedback { did_well: "Seen from above".into(), ..Default::default() };
    school.on("lea", |lea, now, rng| lea.feedback(leaf, Some(mina), &words, None, now, rng)).unwrap();
    school.edit(|edit| erasure::erase(edit, leaf, "the family asked for it"));
    school.device("lea").go_online().unwrap();
    school.settle();
    for device in ["phone", "ito", "lea"] {
        assert!(school.device(device).device().piece(leaf).is_err(), "{device}");
    }
    let kept = school.device("lea").device().status().unwrap().set_aside;
    assert!(
        kept.iter()
            .any(|(why, words)| why.to_string().contains("erased") && words.contains("Seen from above"))
    );
    assert!(school.device("ito").device().status().unwrap().set_aside.is_empty());
    assert_eq!(left_at_the_relay(&school, leaf), 0);
    assert!(school.edit_fails(|edit| erasure::erase(edit, leaf, "again")).contains("there is no piece"));
}

#[test]
fn whatever_is_brought_for_an_erased_piece_is_refused() {
    let mut school = school(63, &[("phone", "mina"), ("otto", "otto")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    let me = school.device("phone").device().identity().clone();
    let items: Vec<Item> = {
        let conn = school.device("phone").device().store().read();
        let acts = log::own_acts(conn, me.device, Some(leaf)).unwrap();
        let changes = log::own_changes(conn, me.device, Some(leaf)).unwrap();
        let acts = acts.into_iter().map(|id| Item::Act(log::act(conn, id).unwrap().unwrap()));
        let changes = changes.into_iter().map(|row| Item::Change(log::change(conn, row).unwrap().change));
        acts.chain(changes).collect()
    };
    school.on("phone", |phone, now, rng| phone.erase(leaf, now, rng)).unwrap();
    school.settle();
    let answer = fieldfolio_tests::raw::send(&mut school, &me, items.clone()).unwrap();
    assert!(answer.verdicts.iter().all(|verdict| *verdict == Verdict::Erased), "{:?}", answer.verdicts);
    // Nobody else may erase, and nobody else can bring it, either.
    let otto = school.device("otto").device().identity().clone();
    let answer = fieldfolio_tests::raw::send(&mut school, &otto, items).unwrap();
    assert!(answer.verdicts.iter().all(|verdict| *verdict == Verdict::BadSignature), "{:?}", answer.verdicts);
    assert_eq!(left_at_the_relay(&school, leaf), 0);
}

#[test]
fn nobody_erases_what_another_made() {
    let mut school = school(64, &[("phone", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    let refused = school.on("ito", |ito, now, rng| ito.erase(leaf, now, rng)).unwrap_err();
    assert!(refused.to_string().contains("only the person who made"), "{refused}");
    let me = school.device("ito").device().identity().clone();
    let act = fieldfolio_core::model::act::Act::Erase { piece: leaf };
    let id = fieldfolio_core::ids::ActId::from_bytes([3; 16]);
    let forged = fieldfolio_tests::raw::act(&me, id, &act);
    let answer = fieldfolio_tests::raw::send(&mut school, &me, vec![forged]).unwrap();
    assert_eq!(answer.verdicts, [Verdict::NotInCircle]);
    assert!(school.device("phone").device().piece(leaf).is_ok());
}
