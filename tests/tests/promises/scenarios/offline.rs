//! Nobody waits for a network, and nothing is lost for the lack of one.

use fieldfolio_core::device::{Edits, OutcomesEdit, TextEdit};
use fieldfolio_core::document::Sheet;
use fieldfolio_core::model::entry::{Entry, EntryBody, Reflection};
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_tests::raw;
use fieldfolio_tests::sim::School;

use super::school;

#[test]
fn one_photo_reaches_the_teacher_and_her_judgement_comes_back() {
    let mut school = school(1, &[("phone", "mina"), ("ito", "ms-ito")]);
    school.device("phone").go_offline();
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    assert_eq!(school.device("phone").device().piece(leaf).unwrap().content.title, "A leaf");
    school.settle();
    assert!(school.device("ito").device().piece(leaf).is_err());

    school.device("phone").go_online().unwrap();
    school.settle();
    let now = school.now;
    assert_eq!(school.device("ito").device().review_queue(now).unwrap()[0].piece, leaf);
    school.assess("ito", leaf, "mina", "THINK", 2);
    assert!(school.device("ito").device().review_queue(now).unwrap().is_empty());
    school.settle();
    let expected = "approaching: 1 of 3 at-bats, 1 of 2 projects at \u{201c}demonstrates\u{201d}";
    assert_eq!(school.sentence("phone", "mina", "THINK"), expected);
}

#[test]
fn two_devices_that_edit_one_reflection_apart_keep_both_edits() {
    let mut school = school(2, &[("phone", "mina"), ("tablet", "mina")]);
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-04", &[]);
    let reflect = |school: &mut fieldfolio_tests::sim::School, device: &str, words: &str| {
        school.on(device, |device, now, rng| device.reflect(bed, words, now, rng)).unwrap();
    };
    reflect(&mut school, "phone", "I planted beans.");
    school.settle();
    school.device("phone").go_offline();
    school.device("tablet").go_offline();
    reflect(&mut school, "phone", "Today I planted beans.");
    reflect(&mut school, "tablet", "I planted beans. They need a pole.");
    school.device("phone").go_online().unwrap();
    school.device("tablet").go_online().unwrap();
    school.settle();
    for device in ["phone", "tablet"] {
        let view = school.device(device).device().piece(bed).unwrap();
        let [Entry { body: EntryBody::Reflection(Reflection { words }), .. }] = &view.voices[0].entries[..]
        else {
            panic!("one reflection on the {device}")
        };
        assert_eq!(words, "Today I planted beans. They need a pole.");
    }
}

#[test]
fn two_devices_that_change_one_text_apart_keep_every_word_in_its_place() {
    let essay = "We plantd beans in the long bed. It rained for a week, and half of them drowned. \
        Now the others stand as high as my knee.";
    let mut school = school(17, &[("phone", "mina"), ("tablet", "mina")]);
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-04", &[]);
    let write = |school: &mut School, device: &str, words: &str| {
        let edits = Edits { words: Some(words.into()), ..Edits::default() };
        school.on(device, |device, now, rng| device.edit(bed, edits, now, rng)).unwrap();
    };
    write(&mut school, "phone", essay);
    school.settle();
    school.device("phone").go_offline();
    school.device("tablet").go_offline();
    let mended = essay.replace("plantd", "planted") + " I would dig sooner.";
    write(&mut school, "phone", &mended);
    write(&mut school, "tablet", &essay.replace("half of them drowned", "most of them died in the mud"));
    school.device("phone").go_online().unwrap();
    school.device("tablet").go_online().unwrap();
    school.settle();
    for device in ["phone", "tablet"] {
        let words = school.device(device).device().piece(bed).unwrap().content.words;
        assert_eq!(words, mended.replace("half of them drowned", "most of them died in the mud"));
    }
}

#[test]
fn a_form_that_was_open_while_another_device_wrote_saves_what_it_changed() {
    let mut school = school(18, &[("phone", "mina"), ("tablet", "mina")]);
    let bed = school.capture("phone", "The bed", "mina/community-garden", "2026-05-04", &["THINK", "TEAM"]);
    school.settle();
    let edit = |school: &mut School, device: &str, edits: Edits| {
        school.on(device, |device, now, rng| device.edit(bed, edits, now, rng)).unwrap();
    };
    let form =
        |before: &str, after: &str| Some(TextEdit { before: Some(before.into()), after: after.into() });
    let seen = school.device("tablet").device().piece(bed).unwrap().content;
    edit(&mut school, "phone", Edits { words: Some("Beans, and a pole.".into()), ..Edits::default() });
    school.settle();
    // The form on the tablet was opened before, and is saved after.
    let [one, other] = [seen.outcomes[0], seen.outcomes[1]];
    let outcomes = Some(OutcomesEdit { before: seen.outcomes.clone(), after: vec![one] });
    let title = form(&seen.title, "The long bed");
    edit(
        &mut school,
        "tablet",
        Edits { title, words: form(&seen.words, "Peas."), outcomes, ..Edits::default() },
    );
    school.settle();
    // And one on the phone, which still shows both outcomes and the old title.
    let outcomes = Some(OutcomesEdit { before: vec![one, other], after: vec![one, other] });
    edit(&mut school, "phone", Edits { outcomes, title: form(&seen.title, "The bed!"), ..Edits::default() });
    school.settle();
    for device in ["phone", "tablet"] {
        let content = school.device(device).device().piece(bed).unwrap().content;
        assert!(
            content.words.contains("Beans, and a pole.") && content.words.contains("Peas."),
            "{content:?}"
        );
        assert_eq!((content.title.as_str(), content.outcomes), ("The long bed!", vec![one]));
    }
}

#[test]
fn a_project_started_offline_gets_her_teachers_and_family() {
    let mut school =
        school(3, &[("phone", "mina"), ("ito", "ms-ito"), ("okafor", "mr-okafor"), ("hana", "hana")]);
    school.device("phone").go_offline();
    let think = school.outcome("THINK");
    let started = school
        .on("phone", |phone, now, rng| {
            phone.start_project("A bee hotel", "For the garden", &[think], now, rng)
        })
        .unwrap();
    let new = fieldfolio_core::device::NewPiece {
        title: "The plan".into(),
        folios: vec![started.folio],
        audience: Some(fieldfolio_core::model::role::Roles::WHOLE_CIRCLE),
        ..fieldfolio_core::device::NewPiece::of(fieldfolio_tests::a_day())
    };
    let plan = school.on("phone", |phone, now, rng| phone.capture(new, now, rng)).unwrap().piece;
    school.device("phone").go_online().unwrap();
    school.settle();
    for reader in ["ito", "okafor", "hana"] {
        assert_eq!(school.device(reader).device().piece(plan).unwrap().content.title, "The plan", "{reader}");
        let folios = school.device(reader).device().portfolio(None).unwrap();
        assert!(folios.iter().any(|folio| folio.title == "A bee hotel"), "{reader}");
    }
}

#[test]
fn a_clock_ten_years_off_grants_and_takes_nothing() {
    let mut school = school(4, &[("phone", "mina"), ("ito", "ms-ito")]);
    let honest = school.now;
    let me = school.device("phone").device().identity().clone();
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    // A change dated in 2036 by the phone is taken like any other, and orders nothing.
    let document = fieldfolio_core::ids::DocumentId::voice(leaf, me.person, Some(me.person));
    let mut sheet = Sheet::genesis();
    let change = raw::change(&me, document, &mut sheet, [9; 16], |edit| edit.title("From the future"));
    let answer = raw::send(&mut school, &me, vec![Item::Change(change)]).unwrap();
    assert!(matches!(answer.verdicts[..], [Verdict::Stored(_)]));
    let future = honest.plus_millis(10 * 365 * 86_400_000);
    let status = school.device("phone").device().next_step(future).unwrap();
    assert!(!matches!(status, fieldfolio_core::device::Step::Locked));
}

#[test]
fn a_process_that_dies_between_any_two_steps_loses_nothing() {
    let mut school = school(5, &[("phone", "mina"), ("ito", "ms-ito")]);
    let mut pieces = Vec::new();
    for number in 0..6 {
        let title = format!("piece {number}");
        pieces.push(school.capture("phone", &title, "mina/community-garden", "2026-05-04", &["THINK"]));
        school.device("phone").restart().unwrap();
        school.step("phone").unwrap();
        school.device("phone").restart().unwrap();
    }
    school.settle();
    for (number, piece) in pieces.into_iter().enumerate() {
        assert_eq!(
            school.device("ito").device().piece(piece).unwrap().content.title,
            format!("piece {number}")
        );
    }
}

#[test]
fn a_relay_that_lost_its_last_days_is_offered_them_again() {
    let mut school = school(6, &[("phone", "mina"), ("ito", "ms-ito")]);
    let old = school.capture("phone", "Before", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.keep_backup();
    let new = school.capture("phone", "After", "mina/community-garden", "2026-05-05", &["THINK"]);
    school.settle();
    school.assess("ito", new, "mina", "THINK", 2);
    school.settle();

    school.restore_backup();
    let later = school.capture("phone", "Later", "mina/community-garden", "2026-05-06", &["THINK"]);
    school.settle();
    for (piece, title) in [(old, "Before"), (new, "After"), (later, "Later")] {
        assert_eq!(school.device("ito").device().piece(piece).unwrap().content.title, title);
        assert_eq!(school.device("phone").device().piece(piece).unwrap().content.title, title);
    }
    assert!(school.sentence("phone", "mina", "THINK").starts_with("approaching: 1 of 3 at-bats"));
}

#[test]
fn a_new_member_of_a_circle_gets_all_that_was_written_before_she_joined() {
    let mut school = school(7, &[("phone", "mina"), ("ada", "ada")]);
    let pieces: Vec<_> = (0..30)
        .map(|number| {
            school.capture(
                "phone",
                &format!("piece {number}"),
                "mina/community-garden",
                "2026-05-04",
                &["THINK"],
            )
        })
        .collect();
    school.settle();
    school.enrol("lea", "lea");
    school.settle();
    assert!(pieces.iter().all(|piece| school.device("lea").device().piece(*piece).is_ok()));
    assert!(pieces.iter().all(|piece| school.device("ada").device().piece(*piece).is_err()));
}

#[test]
fn a_reconnect_with_nothing_new_is_one_small_exchange() {
    let mut school = school(8, &[("phone", "mina"), ("ito", "ms-ito")]);
    for number in 0..20 {
        school.capture(
            "phone",
            &format!("piece {number}"),
            "mina/community-garden",
            "2026-05-04",
            &["THINK"],
        );
    }
    school.settle();
    let before = school.happened.exchanges;
    school.device("ito").device().wake().unwrap();
    assert!(school.step("ito").unwrap());
    assert!(!school.step("ito").unwrap());
    assert_eq!(school.happened.exchanges, before + 1);
}

#[test]
fn a_title_written_anew_on_two_devices_shows_both_whole() {
    let mut school = school(17, &[("phone", "mina"), ("tablet", "mina")]);
    let leaf = school.capture("phone", "First name", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    for (device, title) in [("phone", "By the phone"), ("tablet", "On the laptop")] {
        school.device(device).go_offline();
        let edits = Edits { title: Some(title.into()), ..Edits::default() };
        school.on(device, |device, now, rng| device.edit(leaf, edits, now, rng)).unwrap();
    }
    for device in ["phone", "tablet"] {
        school.device(device).go_online().unwrap();
    }
    school.settle();
    let title =
        |school: &mut School, device: &str| school.device(device).device().piece(leaf).unwrap().content.title;
    let both = title(&mut school, "phone");
    assert!(both.contains("By the phone") && both.contains("On the laptop"), "{both}");
    assert_eq!(title(&mut school, "tablet"), both);

    // A letter put right on one, and a word added on the other, still merge into one.
    for (device, more) in [("phone", "!"), ("tablet", " and I")] {
        school.device(device).go_offline();
        let edits = Edits { title: Some(format!("{both}{more}").into()), ..Edits::default() };
        school.on(device, |device, now, rng| device.edit(leaf, edits, now, rng)).unwrap();
        school.device(device).go_online().unwrap();
    }
    school.settle();
    let merged = title(&mut school, "phone");
    assert!(merged.starts_with(&both) && merged.contains('!') && merged.contains(" and I"), "{merged}");
}
