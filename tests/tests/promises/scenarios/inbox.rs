//! What somebody said reaches whom it concerns, is new until it was looked at on any device, and the answer comes back.

use fieldfolio_core::ids::PieceId;
use fieldfolio_core::model::entry::{Entry, Feedback, Reference};
use fieldfolio_tests::sim::School;

use super::school;

/// Who said something to whoever has this device, newest first; those in capitals are new.
fn inbox(school: &mut School, device: &str) -> Vec<String> {
    let now = school.now;
    let rows = school.device(device).device().inbox(now).unwrap();
    let names: Vec<(fieldfolio_core::ids::PersonId, &str)> =
        ["mina", "otto", "ms-ito", "lea", "hana"].map(|name| (school.person(name), name)).to_vec();
    rows.iter()
        .map(|row| {
            let name =
                names.iter().find(|(person, _)| *person == row.spoken.author).map_or("?", |(_, name)| name);
            let told = format!("{name} {}", row.spoken.entry.body.name());
            if row.is_new { told.to_uppercase() } else { told }
        })
        .collect()
}

fn feedback(school: &mut School, device: &str, piece: PieceId, words: &str) -> Reference {
    let (author, about) = (school.device(device).device().identity().person, Some(school.person("mina")));
    let said = Feedback { did_well: words.to_owned(), ..Feedback::default() };
    let entry =
        school.on(device, |device, now, rng| device.feedback(piece, about, &said, None, now, rng)).unwrap();
    Reference { author, about, entry }
}

fn read(school: &mut School, device: &str, piece: Option<PieceId>) {
    school.on(device, |device, now, _| device.mark_read(piece, now)).unwrap();
}

#[test]
fn feedback_is_new_to_the_student_and_her_family_and_her_question_to_who_gave_it() {
    let devices =
        [("phone", "mina"), ("tablet", "mina"), ("ito", "ms-ito"), ("lea", "lea"), ("hana", "hana")];
    let mut school = school(301, &devices);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-05", &["THINK"]);
    school.settle();
    assert!(inbox(&mut school, "phone").is_empty());

    let to = feedback(&mut school, "ito", leaf, "Clear steps");
    school.assess("ito", bed, "mina", "THINK", 2);
    school.settle();
    for device in ["phone", "tablet", "hana"] {
        assert_eq!(inbox(&mut school, device), ["MS-ITO ASSESSMENT", "MS-ITO FEEDBACK"], "on {device}");
    }
    assert!(inbox(&mut school, "ito").is_empty(), "what she said herself is not news to her");
    assert!(inbox(&mut school, "lea").is_empty(), "another mentor's business is not hers");

    // She looks at one of them, offline; her tablet learns of it, her mother's phone does not.
    school.device("phone").go_offline();
    read(&mut school, "phone", Some(leaf));
    assert_eq!(inbox(&mut school, "phone"), ["MS-ITO ASSESSMENT", "ms-ito feedback"]);
    school.settle();
    assert_eq!(inbox(&mut school, "tablet"), ["MS-ITO ASSESSMENT", "MS-ITO FEEDBACK"]);
    school.device("phone").go_online().unwrap();
    school.settle();
    assert_eq!(inbox(&mut school, "tablet"), ["MS-ITO ASSESSMENT", "ms-ito feedback"]);
    assert_eq!(inbox(&mut school, "hana"), ["MS-ITO ASSESSMENT", "MS-ITO FEEDBACK"]);

    // Her question is new to who gave the feedback, and her answer to her.
    school
        .on("tablet", |device, now, rng| device.reply(leaf, to, "Which ruler do you mean?", now, rng))
        .unwrap();
    school.settle();
    assert_eq!(inbox(&mut school, "ito"), ["MINA REPLY"]);
    assert!(inbox(&mut school, "lea").is_empty());
    let asked = question(&mut school, "ito", leaf);
    school.on("ito", |device, now, rng| device.reply(leaf, asked, "The long one", now, rng)).unwrap();
    read(&mut school, "ito", None);
    school.settle();
    assert_eq!(inbox(&mut school, "ito"), ["mina reply"]);
    assert_eq!(inbox(&mut school, "phone"), ["MS-ITO REPLY", "MS-ITO ASSESSMENT", "ms-ito feedback"]);

    // A device that she enrols later knows what she has looked at.
    school.enrol("laptop", "mina");
    school.settle();
    assert_eq!(inbox(&mut school, "laptop"), ["MS-ITO REPLY", "MS-ITO ASSESSMENT", "ms-ito feedback"]);
}

fn question(school: &mut School, device: &str, piece: PieceId) -> Reference {
    let view = school.device(device).device().piece(piece).unwrap();
    let voices = view.voices.iter().filter(|voice| voice.author == school.person("mina"));
    let found =
        voices.flat_map(|voice| voice.entries.iter().map(move |entry: &Entry| (voice.about, entry.id)));
    let (about, entry) = found.last().expect("she asked something");
    Reference { author: school.person("mina"), about, entry }
}

#[test]
fn what_was_taken_back_is_no_news() {
    let mut school = school(302, &[("phone", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &[]);
    school.settle();
    let said = feedback(&mut school, "ito", leaf, "For another piece");
    school.settle();
    school.on("ito", |device, now, rng| device.withdraw(leaf, said.about, said.entry, now, rng)).unwrap();
    school.settle();
    assert!(inbox(&mut school, "phone").is_empty());
}

#[test]
fn work_without_an_outcome_waits_for_a_teacher_until_one_answers() {
    let mut school = school(303, &[("phone", "mina"), ("ito", "ms-ito"), ("lea", "lea")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &[]);
    school.capture("phone", "About me", "mina/home", "2026-05-04", &[]);
    school.settle();
    let now = school.now;
    let queue = school.device("ito").device().review_queue(now).unwrap();
    let rows: Vec<_> = queue.iter().map(|row| (row.piece, row.is_untagged)).collect();
    assert_eq!(rows, [(leaf, true)], "what lies at home is offered for nothing");
    // A mentor's words answer her, but no teacher has seen it yet.
    feedback(&mut school, "lea", leaf, "Good light");
    school.settle();
    assert_eq!(school.device("ito").device().review_queue(now).unwrap().len(), 1);
    feedback(&mut school, "ito", leaf, "Which outcome is it for?");
    assert!(school.device("ito").device().review_queue(now).unwrap().is_empty());
}
