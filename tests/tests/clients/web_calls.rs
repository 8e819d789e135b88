//! What the web client's pages call, on a device of the simulated school: the same calls, the same JSON, without a browser.

use fieldfolio_core::device::NewMedium;
use fieldfolio_core::media::{Advice, Note};
use fieldfolio_mobile::Refusal;
use fieldfolio_server::directory::projects;
use fieldfolio_tests::photos;
use fieldfolio_tests::sim::School;
use fieldfolio_web::asks;
use fieldfolio_web::calls::{self, CallContext};
use proptest::prelude::*;
use serde_json::{Value, json};

fn school(seed: u64, devices: &[(&str, &str)]) -> School {
    let mut school = School::new(seed);
    for (device, person) in devices {
        school.enrol(device, person);
    }
    school.settle();
    school
}

/// Makes a call, under a name if it has one.
fn call_as(
    school: &mut School,
    device: &str,
    id: Option<[u8; 16]>,
    name: &str,
    input: &Value,
    files: Vec<Vec<u8>>,
) -> Result<Value, Refusal> {
    let mut input = input.clone();
    if input["files"].is_array() {
        input["files"] =
            files.iter().map(|_| json!({ "caption": "", "alt": "", "replaces": null })).collect();
    }
    let files = files.into_iter().map(NewMedium::of_bytes).collect();
    let answer = school.on(device, |device, now, rng| {
        device.under(id);
        let answer = calls::call(name, &input.to_string(), CallContext { device, now, rng, files });
        device.under(None);
        answer
    })?;
    Ok(serde_json::from_str(&answer).expect("an answer is JSON"))
}

fn call(school: &mut School, device: &str, name: &str, input: Value) -> Result<Value, Refusal> {
    call_as(school, device, None, name, &input, Vec::new())
}

fn new_piece(school: &School) -> Value {
    json!({
        "files": [], "links": [],
        "title": "A leaf", "words": "It grows.", "work_date": "2026-05-02",
        "outcomes": [school.outcome("THINK")], "folios": [school.folio("mina/community-garden")],
        "audience": ["owner", "teacher", "mentor", "guardian"], "kind": "evidence", "revises": null,
    })
}

#[test]
fn what_one_captures_another_finds_ready_to_draw_and_answers() {
    let devices = [("phone", "mina"), ("ito", "ms-ito"), ("lea", "lea"), ("hana", "hana")];
    let mut school = school(80, &devices);
    let input = new_piece(&school);
    let photo = photos::field_photo(3, 640, 480);
    let made = call_as(&mut school, "phone", None, "capture", &input, vec![photo]).unwrap();
    let piece = made["piece"].clone();
    let mine = call(&mut school, "phone", "mine", json!({})).unwrap();
    assert_eq!(
        (&mine[0]["title"], &mine[0]["photos"], &mine[0]["where"]["at"]),
        (&json!("A leaf"), &json!(1), &json!("here"))
    );
    school.settle();
    let mine = call(&mut school, "phone", "mine", json!({})).unwrap();
    assert_eq!(mine[0]["where"]["at"], "sending", "the photo is still on its way: {}", mine[0]["where"]);

    let queue = call(&mut school, "ito", "review_queue", json!({})).unwrap();
    assert_eq!(queue[0]["student_name"], "Mina Sample");
    let view = call(&mut school, "ito", "piece", json!({ "piece": piece })).unwrap();
    let student = &queue[0]["student"];
    assert_eq!(view["may"]["judge"], json!([{ "student": student, "as": "teacher" }]));
    let judging = json!({
        "piece": piece, "student": student, "outcome": school.outcome("THINK"), "level": 2, "weight": "summative",
        "work_date": null, "next_step": "", "replaces": null,
    });
    call(&mut school, "ito", "assess", judging).unwrap();
    school.settle();

    let levels = call(&mut school, "phone", "levels", json!({ "student": student })).unwrap();
    let standing =
        levels["outcomes"].as_array().unwrap().iter().find(|of| !of["at_bats"][0].is_null()).unwrap();
    assert_eq!((&standing["is"], &standing["whole"]), (&json!("level"), &json!(true)));
    assert_eq!(standing["at_bats"][0]["judgements"][0]["judge_name"], "Ms Ito Sample");
    let growth = call(&mut school, "hana", "growth", json!({ "student": student })).unwrap();
    assert_eq!(growth["outcomes"][0]["steps"][0]["at_bat_level"], 2);
    assert_eq!(call(&mut school, "lea", "levels", json!({ "student": student })).unwrap(), Value::Null);
    let grid = call(&mut school, "ito", "grid", json!({ "class": null, "project": null })).unwrap();
    assert_eq!(grid["students"].as_array().unwrap().len(), 3, "every student she teaches");

    let sees = call(&mut school, "phone", "who_sees", json!({ "piece": piece })).unwrap();
    let names: Vec<&str> = sees.as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"Hana Sample") && !names.contains(&"Otto Sample"), "{names:?}");
}

#[test]
fn somebody_with_a_role_for_two_reasons_has_one_part() {
    let mut school = school(81, &[("phone", "mina"), ("ito", "ms-ito")]);
    let folio = school.folio("mina/community-garden");
    let view = call(&mut school, "phone", "folio", json!({ "folio": folio })).unwrap();
    let circle = view["circle"].as_array().unwrap();
    let parts: Vec<(&Value, &Value)> = circle.iter().map(|line| (&line["person"], &line["role"])).collect();
    for (at, part) in parts.iter().enumerate() {
        assert!(!parts[..at].contains(part), "{part:?} stands there twice");
    }
    let me = call(&mut school, "ito", "me", json!({})).unwrap();
    let parts: Vec<String> = me["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| format!("{} {}", part["folio"], part["role"]))
        .collect();
    assert!(parts.iter().enumerate().all(|(at, part)| !parts[..at].contains(part)), "{parts:?}");
}

#[test]
fn a_group_piece_may_lie_with_everyone_of_the_group_and_with_nobody_else() {
    let mut school = school(85, &[("phone", "mina"), ("otto", "otto"), ("lea", "lea")]);
    let places = |school: &mut School, device: &str| {
        let places = call(school, device, "places", json!({})).unwrap();
        let places = places.as_array().unwrap().iter();
        places
            .map(|of| format!("{}: {}", of["student_name"].as_str().unwrap(), of["title"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let phone = places(&mut school, "phone");
    assert!(phone.contains(&"Otto Sample: Community garden".to_owned()), "{phone:?}");
    let others: Vec<&String> = phone.iter().filter(|place| !place.starts_with("Mina")).collect();
    assert_eq!(others, ["Otto Sample: Community garden"], "only the group of that project");
    assert_eq!(places(&mut school, "lea"), ["Mina Sample: Community garden"]);
    // Who leaves the group is not offered any more, to either of them.
    let (garden, otto) = (school.project("community-garden"), school.person("otto"));
    let bed = [school.person("mina"), otto];
    school.edit(|edit| projects::group(edit, garden, None, &[otto]));
    school.settle();
    assert!(places(&mut school, "phone").iter().all(|place| place.starts_with("Mina")));
    assert!(places(&mut school, "otto").iter().all(|place| place.starts_with("Otto")));
    school.edit(|edit| projects::group(edit, garden, Some("Bed 1"), &bed));
    school.settle();
    // What she is offered is what the school takes.
    let mut input = new_piece(&school);
    input["folios"] = json!([school.folio("mina/community-garden"), school.folio("otto/community-garden")]);
    call(&mut school, "phone", "capture", input).unwrap();
    school.settle();
    let status = call(&mut school, "phone", "status", json!({})).unwrap();
    assert_eq!((&status["waiting"], &status["refused"]), (&json!([]), &json!([])));
    let his = json!({ "folio": school.folio("otto/community-garden") });
    assert_eq!(call(&mut school, "otto", "folio", his).unwrap()["pieces"], 1);
}

#[test]
fn a_new_device_is_told_to_its_person_and_to_nobody_else() {
    let mut school = school(86, &[("phone", "mina"), ("ito", "ms-ito")]);
    school.enrol("tablet", "mina");
    school.settle();
    let new = |school: &mut School, device: &str| {
        call(school, device, "status", json!({})).unwrap()["new_devices"].as_array().unwrap().len()
    };
    assert_eq!(new(&mut school, "phone"), 1, "the school's key invited it, and no device of hers");
    assert_eq!((new(&mut school, "tablet"), new(&mut school, "ito")), (0, 0));
}

#[test]
fn a_call_that_is_repeated_under_its_name_is_done_once() {
    let mut school = school(82, &[("phone", "mina")]);
    let input = new_piece(&school);
    let id = Some([7; 16]);
    let first = call_as(&mut school, "phone", id, "capture", &input, Vec::new()).unwrap();
    let again = call_as(&mut school, "phone", id, "capture", &input, Vec::new()).unwrap_err();
    assert_eq!(again.code, "done_already");
    assert_eq!(call(&mut school, "phone", "mine", json!({})).unwrap().as_array().unwrap().len(), 1);
    // What was answered can be answered again.
    let answer = first.to_string();
    school.on("phone", |phone, _, _| phone.remember([7; 16], &answer)).unwrap();
    let kept = school.on("phone", |phone, _, _| phone.answer_to([7; 16])).unwrap();
    assert_eq!(kept.as_deref(), Some(answer.as_str()));
    // A refused call left nothing, so its name is free.
    let refused = json!({ "piece": first["piece"], "words": " ", "to": {
        "author": school.person("mina"), "about": null, "entry": "018f4d3c-1111-7abc-8def-0123456789ab" } });
    for _ in 0..2 {
        let no = call_as(&mut school, "phone", Some([8; 16]), "reply", &refused, Vec::new()).unwrap_err();
        assert_eq!(no.code, "bounds");
    }
    call_as(&mut school, "phone", Some([9; 16]), "capture", &input, Vec::new()).unwrap();
    assert_eq!(call(&mut school, "phone", "mine", json!({})).unwrap().as_array().unwrap().len(), 2);
}

#[test]
fn refusals_have_codes_that_the_catalogues_know() {
    let mut school = school(83, &[("phone", "mina"), ("otto", "otto")]);
    let input = new_piece(&school);
    let made = call_as(&mut school, "phone", None, "capture", &input, Vec::new()).unwrap();
    let words: Value =
        serde_json::from_str(include_str!("../../../mobile/web/src/i18n/en.json")).expect("a catalogue");
    let nobody = "018f4d3c-1111-7abc-8def-0123456789ab";
    let mut long = new_piece(&school);
    long["title"] = json!("x".repeat(201));
    let refused = [
        call(&mut school, "otto", "share", json!({ "piece": made["piece"], "audience": [] })),
        call(&mut school, "phone", "piece", json!({ "piece": nobody })),
        call(&mut school, "phone", "capture", long),
        call_as(&mut school, "phone", None, "capture", &input, vec![b"<svg>no photo</svg>".to_vec()]),
        call_as(&mut school, "phone", None, "capture", &input, vec![Vec::new()]),
        call(&mut school, "phone", "no_such_call", json!({})),
        call(&mut school, "phone", "piece", json!({ "piece": "<script>" })),
        call(&mut school, "phone", "piece", json!({ "piece": made["piece"], "more": 1 })),
    ];
    let codes: Vec<&str> = refused.iter().map(|refused| refused.as_ref().unwrap_err().code).collect();
    let expected =
        ["unknown", "unknown", "bounds", "media_markup", "media_damaged", "other", "other", "other"];
    assert_eq!(codes, expected);
    // Of several files, the one that was not taken is named.
    let two = vec![photos::field_photo(1, 64, 48), b"<svg>no photo</svg>".to_vec()];
    let refusal = call_as(&mut school, "phone", None, "capture", &input, two).unwrap_err();
    assert!(refusal.reason.starts_with("file 2 was not taken"), "{refusal}");
    for code in codes {
        assert!(!words[format!("refusal.{code}")].is_null(), "the catalogue has no words for {code}");
    }
}

#[test]
fn what_to_do_with_a_file_that_is_not_taken_and_what_one_loses_is_said_in_both_languages() {
    for catalogue in [
        include_str!("../../../mobile/web/src/i18n/en.json"),
        include_str!("../../../mobile/web/src/i18n/es.json"),
    ] {
        let words: Value = serde_json::from_str(catalogue).expect("a catalogue");
        let advice = Advice::ALL.iter().map(|one| format!("refusal.{}", one.code()));
        let notes = Note::ALL.iter().map(|one| format!("note.{}", one.code()));
        let missing: Vec<_> = advice.chain(notes).filter(|key| words[key].is_null()).collect();
        assert!(missing.is_empty(), "no words for {missing:?}");
    }
}

/// Everything that is null stays.
fn no_edits(piece: &Value) -> Value {
    json!({
        "piece": piece, "title": null, "words": null, "work_date": null, "outcomes": null, "files": [],
        "links": [], "media": [], "order": null,
    })
}

fn medium_edit(medium: &Value) -> Value {
    json!({
        "key": medium["key"], "caption": null, "alt": null, "turn": null, "is_out": null, "mark": null,
        "unmark": null,
    })
}

#[test]
fn photos_are_arranged_described_turned_replaced_and_pointed_at() {
    let mut school = school(87, &[("phone", "mina"), ("tablet", "mina"), ("lea", "lea")]);
    let mut input = new_piece(&school);
    input["links"] = json!([{ "url": "https://example.org/soil", "caption": "How to test soil" }]);
    let photo = |number| photos::field_photo(number, 64, 48);
    let three = vec![photo(1), photo(2), photo(3)];
    let piece = call_as(&mut school, "phone", None, "capture", &input, three).unwrap()["piece"].clone();
    let one = json!({ "piece": piece });
    let view = call(&mut school, "phone", "piece", one.clone()).unwrap();
    let keys: Vec<Value> = (0..3).map(|at| view["media"][at]["key"].clone()).collect();
    school.settle();

    let mut edit = no_edits(&piece);
    edit["order"] = json!([keys[2], keys[0], keys[1]]);
    let mut change = medium_edit(&view["media"][0]);
    change["caption"] = json!({ "before": "", "after": "The bed in May" });
    change["turn"] = json!(1);
    change["mark"] = json!({ "x": 2500, "y": 10_000, "words": "a slug" });
    edit["media"] = json!([change]);
    call(&mut school, "phone", "edit", edit).unwrap();
    // At the same time, on her other device, offline:
    let mut edit = no_edits(&piece);
    let mut change = medium_edit(&view["media"][0]);
    change["alt"] = json!({ "before": "", "after": "Rows of lettuce" });
    edit["media"] = json!([change]);
    call(&mut school, "tablet", "edit", edit).unwrap();
    school.settle();
    for device in ["phone", "tablet", "lea"] {
        let view = call(&mut school, device, "piece", one.clone()).unwrap();
        let shown: Vec<&Value> = (0..3).map(|at| &view["media"][at]["key"]).collect();
        assert_eq!(shown, [&keys[2], &keys[0], &keys[1]], "on {device}");
        let bed = &view["media"][1];
        assert_eq!(
            (&bed["caption"], &bed["alt"], &bed["turn"]),
            (&json!("The bed in May"), &json!("Rows of lettuce"), &json!(1))
        );
        assert_eq!((&bed["marks"][0]["x"], &bed["marks"][0]["words"]), (&json!(2500), &json!("a slug")));
        assert_eq!(view["links"][0]["url"], "https://example.org/soil");
    }

    // The mentor points at a spot of a photo that is then replaced: it still says where.
    let feedback = json!({
        "piece": piece, "about": school.person("mina"), "did_well": "Straight rows", "improve": "", "next_step": "",
        "outcome": null, "spot": { "medium": keys[0], "x": 100, "y": 200 }, "replaces": null,
    });
    call(&mut school, "lea", "give_feedback", feedback.clone()).unwrap();
    let mut edit = no_edits(&piece);
    edit["files"] = json!([{ "caption": "", "alt": "", "replaces": keys[0] }]);
    let replacing = |school: &mut School| {
        let files = vec![NewMedium::of_bytes(photos::field_photo(9, 64, 48))];
        school.on("phone", |device, now, rng| {
            calls::call("edit", &edit.to_string(), CallContext { device, now, rng, files })
        })
    };
    replacing(&mut school).unwrap();
    school.settle();
    let view = call(&mut school, "lea", "piece", one).unwrap();
    assert_eq!(view["media"].as_array().unwrap().len(), 3);
    let better = &view["media"][1];
    assert_eq!(
        (&better["caption"], &better["alt"], &better["turn"]),
        (&json!("The bed in May"), &json!("Rows of lettuce"), &json!(0))
    );
    assert_eq!(view["earlier"][0]["key"], keys[0], "the replaced photo is kept");
    let said = &view["voices"]
        .as_array()
        .unwrap()
        .iter()
        .find(|voice| voice["author_name"] == "Lea Sample")
        .unwrap()["entries"][0]["body"];
    assert_eq!(said["spot"], json!({ "medium": keys[0], "x": 100, "y": 200 }));

    // Nobody points at a photo that is not there, or beyond its edge.
    let mut wrong = feedback.clone();
    wrong["spot"]["medium"] = piece.clone();
    assert_eq!(call(&mut school, "lea", "give_feedback", wrong.clone()).unwrap_err().code, "unknown");
    let about = wrong["about"].clone();
    wrong["kind"] = json!("feedback");
    wrong["outcome"] = json!(null);
    let mut plain = json!({ "piece": piece, "about": about, "body": wrong, "replaces": null });
    assert_eq!(call(&mut school, "lea", "give", plain.clone()).unwrap_err().code, "unknown");
    let nothing = json!({ "author": school.person("mina"), "about": null, "entry": "018f4d3c-1111-7abc-8def-0123456789ab" });
    plain["body"] = json!({ "kind": "reply", "to": nothing, "words": "Which?" });
    assert_eq!(call(&mut school, "lea", "give", plain).unwrap_err().code, "unknown");
    let mut wrong = feedback;
    wrong["spot"]["x"] = json!(10_001);
    assert!(call(&mut school, "lea", "give_feedback", wrong).is_err());
    let mut link = no_edits(&piece);
    link["links"] = json!([{ "url": "javascript:alert(1)", "caption": "" }]);
    assert_eq!(call(&mut school, "phone", "edit", link).unwrap_err().code, "bounds");
}

#[test]
fn uploads_are_held_back_and_let_go() {
    let mut school = school(88, &[("phone", "mina")]);
    let input = new_piece(&school);
    let photo = vec![photos::field_photo(1, 64, 48)];
    let piece = call_as(&mut school, "phone", None, "capture", &input, photo).unwrap()["piece"].clone();
    school.settle();
    let mut status = |call_name: &str, input: Value| {
        call(&mut school, "phone", call_name, input).unwrap();
        let status = call(&mut school, "phone", "status", json!({})).unwrap();
        let of = |preview: bool| {
            let uploads = status["uploads"].as_array().unwrap();
            uploads.iter().find(|upload| upload["is_preview"] == preview).unwrap()["why"].clone()
        };
        (of(true), of(false))
    };
    let hold = |held: &str| json!({ "piece": piece, "hash": null, "held": held });
    let none = status("on_line", json!({ "is_metered": false })).0;
    assert_eq!(status("hold", hold("paused")), (json!("paused"), json!("paused")));
    assert_eq!(status("hold", hold("cancelled")), (json!("cancelled"), json!("cancelled")));
    assert_eq!(status("hold", hold("not")).0, Value::Null);
    assert_eq!(status("sending", json!({ "paused": true, "thrifty": null })).1, json!("paused"));
    status("sending", json!({ "paused": false, "thrifty": true }));
    assert_eq!(status("on_line", json!({ "is_metered": true })), (Value::Null, json!("metered")));
    assert_eq!(status("on_line", json!({ "is_metered": false })), (Value::Null, Value::Null));
    assert_eq!(none, json!("no_connection"), "this school carries no photos");
    let room = call(&mut school, "phone", "status", json!({})).unwrap()["media"].clone();
    assert_eq!(room["bytes"], room["unsent"], "what was not sent is all there is: {room}");
    assert_eq!(call(&mut school, "phone", "free_space", json!({})).unwrap()["bytes"], 0);
}

const NAMES: [&str; 14] = [
    "me",
    "piece",
    "folio",
    "levels",
    "grid",
    "capture",
    "edit",
    "start_project",
    "share",
    "give_feedback",
    "assess",
    "confirm",
    "reply",
    "withdraw",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Whatever a page asks, the core answers or refuses.
    #[test]
    fn nothing_that_is_asked_stops_the_core(name in 0..NAMES.len(), input in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        thread_local! {
            static SCHOOL: std::cell::RefCell<School> = std::cell::RefCell::new(school(84, &[("phone", "mina")]));
        }
        SCHOOL.with_borrow_mut(|school| {
            let made = school.on("phone", |device, now, rng| {
                let context = CallContext { device, now, rng, files: vec![NewMedium::of_bytes(bytes.clone())] };
                Ok::<_, Refusal>(calls::call(NAMES[name], &input, context).is_ok())
            });
            prop_assert!(made.is_ok());
            let asking = school.on("phone", |device, now, rng| {
                asks::ask("invite_mentor", &input, CallContext { device, now, rng, files: Vec::new() })
            });
            prop_assert!(asking.is_err());
            Ok(())
        })?;
    }
}
