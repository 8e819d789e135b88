//! A judge from outside, as it comes from npm: automerge itself.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use std::path::PathBuf;
use std::time::Duration;

use fieldfolio_core::device::{NewMedium, NewPiece};
use fieldfolio_core::document::Sheet;
use fieldfolio_core::ids::DocumentId;
use fieldfolio_core::model::entry::{EntryBody, Reflection};
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::store::log;
use fieldfolio_tests::driver::{self, OsRng, now};
use fieldfolio_tests::judge::{finish, node};
use fieldfolio_tests::photos;
use fieldfolio_tests::real::RealSchool;
use serde_json::Value;

#[test]
fn automerge_in_javascript_reads_what_was_written_and_its_edit_comes_back() {
    let school = RealSchool::start().unwrap();
    let mut phone = school.enrol("mina", "phone").unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    let outcome = school.outcome("THINK");
    let new = NewPiece {
        media: vec![NewMedium::of_bytes(photos::field_photo(1, 96, 64))],
        title: "Un día de lluvia ☔".into(),
        words: "Leaves drink the rain 👩🏽‍🌾.".into(),
        work_date: "2026-05-04".parse().unwrap(),
        outcomes: vec![outcome],
        folios: vec![school.folio("mina/community-garden")],
        audience: Some(Roles::WHOLE_CIRCLE),
        ..NewPiece::of(fieldfolio_tests::a_day())
    };
    let piece = phone.capture(new, now(), &mut OsRng).unwrap().piece;
    phone.reflect(piece, "I waited for it", now(), &mut OsRng).unwrap();
    phone.reflect(piece, "I waited for the rain", now(), &mut OsRng).unwrap();
    let me = phone.identity().person;
    let (content, voice) = (DocumentId::content(piece), DocumentId::voice(piece, me, Some(me)));
    let content_file = keep(&school, "content.automerge", &phone.export_document(content).unwrap());
    let voice_file = keep(&school, "voice.automerge", &phone.export_document(voice).unwrap());
    let edited_file = school.folder().join("edited.automerge");

    let said = finish(node("automerge.mjs").args([&content_file, &voice_file, &edited_file]));
    let read: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(read["title"], "Un día de lluvia ☔");
    assert_eq!(read["words"], "Leaves drink the rain 👩🏽‍🌾.");
    assert_eq!(read["tags"], serde_json::json!([outcome]));
    assert_eq!(read["media"], 1);
    assert_eq!(read["fields"]["work_date"], "2026-05-04");
    let row = log::document(phone.store().read(), content).unwrap().unwrap();
    let heads: Vec<String> =
        row.heads.iter().map(|head| head.0.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    assert_eq!(read["heads"], serde_json::json!(heads));
    let entries: Vec<&Value> = read["entries"].as_object().unwrap().values().collect();
    let [entry] = entries[..] else { panic!("one reflection, not {entries:?}") };
    assert_eq!((&entry["kind"], &entry["words"]), (&"reflection".into(), &"I waited for the rain".into()));

    // What it gives back is one change more, which every device of ours can take.
    let own = log::raw_changes(phone.store().read(), row.row).unwrap();
    let back = Sheet::changes_of(&std::fs::read(&edited_file).unwrap()).unwrap();
    assert_eq!(back.len(), own.len() + 1);
    assert!(own.iter().all(|raw| back.contains(raw)), "what a device signed comes back byte for byte");
    let news: Vec<&Vec<u8>> = back.iter().filter(|raw| !own.contains(raw)).collect();
    let [news] = news[..] else { panic!("one change is new, not {}", news.len()) };
    let sheet = Sheet::load(own.iter().chain([news]).map(Vec::as_slice)).unwrap();
    let edited = sheet.content();
    assert_eq!(edited.words, "Leaves drink the rain 👩🏽‍🌾. 🌱 And so do we.");
    assert_eq!(Value::from(edited.words.as_str()), read["edited"]);
    assert_eq!((edited.title.as_str(), edited.media.len(), edited.unreadable), ("Un día de lluvia ☔", 1, 0));
    let view = phone.piece(piece).unwrap();
    let kept = &view.voices[0].entries[0];
    assert!(
        matches!(&kept.body, EntryBody::Reflection(Reflection { words }) if words == "I waited for the rain")
            && !kept.altered
    );
}

fn keep(school: &RealSchool, name: &str, bytes: &[u8]) -> PathBuf {
    let path = school.folder().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
