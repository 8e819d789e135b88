//! A classmate's piece enters a folio with consent, leaves it when somebody it concerns says so, and can be moved.

use fieldfolio_core::device::{DeviceError, OfferState, OfferTarget};
use fieldfolio_core::ids::{ActId, FolioId, PieceId};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::sync::wire::Verdict;
use fieldfolio_server::directory::projects;
use fieldfolio_tests::raw;
use fieldfolio_tests::sim::School;

use super::school;

const GARDEN: &str = "mina/community-garden";

/// Otto's piece in his own folio, offered to Mina.
fn offered(school: &mut School) -> (PieceId, FolioId) {
    let bed = school.capture("otto", "The bean bed", "otto/community-garden", "2026-05-02", &["THINK"]);
    let (mina, garden) = (school.person("mina"), school.project("community-garden"));
    let folio = school.on("otto", |otto, now, rng| otto.offer(bed, mina, garden, now, rng)).unwrap();
    assert_eq!(folio, school.folio(GARDEN));
    (bed, folio)
}

fn open(school: &mut School, device: &str) -> Vec<PieceId> {
    let offers = school.on(device, |device, now, _| device.offers(now)).unwrap();
    offers.into_iter().map(|offer| offer.piece).collect()
}

fn state(school: &mut School, piece: PieceId) -> Vec<OfferState> {
    let placings = school.on("otto", |otto, now, _| otto.placings(piece, now)).unwrap();
    placings.offers.into_iter().map(|offer| offer.state).collect()
}

fn lies_in(school: &mut School, device: &str, piece: PieceId) -> Vec<FolioId> {
    school.device(device).device().piece(piece).map(|view| view.folios).unwrap_or_default()
}

fn title(school: &mut School, device: &str, piece: PieceId) -> Option<String> {
    school.device(device).device().piece(piece).ok().map(|view| view.content.title)
}

fn nothing_waits(school: &mut School) {
    for name in school.device_names() {
        let status = school.device(&name).device().status().unwrap();
        assert!(status.waiting.is_empty() && status.set_aside.is_empty(), "{name}: {status:?}");
    }
}

#[test]
fn an_offer_is_seen_by_the_owner_and_her_teacher_and_lies_in_her_folio_once_she_accepts() {
    let devices = [("phone", "mina"), ("otto", "otto"), ("ito", "ms-ito"), ("hana", "hana"), ("lea", "lea")];
    let mut school = school(140, &devices);
    let garden = school.project("community-garden");
    let (mina, own) = (school.person("mina"), school.folio("otto/community-garden"));
    let (bed, hers) = offered(&mut school);
    assert_eq!(state(&mut school, bed), [OfferState::Open]);
    school.settle();
    nothing_waits(&mut school);
    // The owner and her teacher see what it is; her family and her mentor don't, and it lies in no folio of hers.
    assert_eq!((open(&mut school, "phone"), open(&mut school, "ito")), (vec![bed], vec![bed]));
    assert_eq!(title(&mut school, "phone", bed).as_deref(), Some("The bean bed"));
    assert_eq!(title(&mut school, "hana", bed), None, "her family");
    assert_eq!(title(&mut school, "lea", bed), None, "her mentor");
    assert_eq!(lies_in(&mut school, "phone", bed), [own]);
    let said = school.on("phone", |phone, now, rng| phone.reflect(bed, "We dug", now, rng));
    assert!(said.is_err(), "nothing is said of it there before it is accepted");

    // Nobody else answers for her.
    for device in ["hana", "lea", "otto"] {
        let answer = school.on(device, |device, now, rng| device.accept_offer(bed, hers, now, rng));
        assert!(answer.is_err(), "{device}");
    }
    school.device("phone").go_offline();
    school.on("phone", |phone, now, rng| phone.accept_offer(bed, hers, now, rng)).unwrap();
    assert!(lies_in(&mut school, "phone", bed).contains(&hers), "at once, without a network");
    assert!(open(&mut school, "phone").is_empty());
    school.device("phone").go_online().unwrap();
    school.settle();
    nothing_waits(&mut school);
    for device in ["phone", "otto", "ito", "hana"] {
        assert!(lies_in(&mut school, device, bed).contains(&hers), "{device}");
        assert!(open(&mut school, device).is_empty(), "{device}");
    }
    assert!(state(&mut school, bed).is_empty(), "it was accepted: it lies there");
    // And now it counts for her.
    school.assess("ito", bed, "mina", "THINK", 2);
    school.settle();
    assert!(school.sentence("phone", "mina", "THINK").contains("1 of 3"));
    let targets = school.on("otto", |otto, now, _| otto.placings(bed, now)).unwrap().offer_to;
    assert!(!targets.contains(&OfferTarget { student: mina, project: garden }), "she has it");
}

#[test]
fn what_was_declined_is_out_of_her_sight_and_its_maker_is_told() {
    let mut school = school(141, &[("phone", "mina"), ("otto", "otto"), ("ito", "ms-ito")]);
    let (bed, hers) = offered(&mut school);
    school.settle();
    school.on("ito", |ito, now, rng| ito.take_out(bed, hers, now, rng)).unwrap();
    school.settle();
    nothing_waits(&mut school);
    assert_eq!(title(&mut school, "phone", bed), None);
    assert!(open(&mut school, "phone").is_empty() && open(&mut school, "ito").is_empty());
    assert_eq!(state(&mut school, bed), [OfferState::Declined]);

    // He can't place what was sent away; he may offer it again, and no more than three times in all.
    let me = school.device("otto").device().identity().clone();
    let id = |number: u8| ActId::from_bytes([number; 16]);
    let items = vec![
        raw::act(&me, id(1), &Act::Place { piece: bed, folio: hers }),
        raw::act(&me, id(2), &Act::Offer { piece: bed, folio: hers }),
        raw::act(&me, id(3), &Act::Offer { piece: bed, folio: hers }),
        raw::act(&me, id(4), &Act::Offer { piece: bed, folio: hers }),
        raw::act(&me, id(5), &Act::Accept { piece: bed, offer: id(2) }),
    ];
    let answer = raw::send(&mut school, &me, items).unwrap();
    assert!(
        matches!(
            answer.verdicts[..],
            [
                Verdict::NotInCircle,
                Verdict::Stored(_),
                Verdict::Stored(_),
                Verdict::TooLarge,
                Verdict::NotInCircle
            ]
        ),
        "{:?}",
        answer.verdicts
    );
}

#[test]
fn a_no_and_a_yes_apart_end_as_a_no_on_every_device() {
    let mut school = school(142, &[("phone", "mina"), ("otto", "otto"), ("ito", "ms-ito")]);
    let (bed, hers) = offered(&mut school);
    school.settle();
    school.device("phone").go_offline();
    school.device("ito").go_offline();
    school.on("phone", |phone, now, rng| phone.take_out(bed, hers, now, rng)).unwrap();
    school.on("ito", |ito, now, rng| ito.accept_offer(bed, hers, now, rng)).unwrap();
    school.device("ito").go_online().unwrap();
    school.settle();
    assert!(lies_in(&mut school, "otto", bed).contains(&hers));
    school.device("phone").go_online().unwrap();
    school.settle();
    nothing_waits(&mut school);
    assert!(!lies_in(&mut school, "otto", bed).contains(&hers));
    assert_eq!(title(&mut school, "phone", bed), None);
    assert!(!lies_in(&mut school, "ito", bed).contains(&hers), "he teaches Otto, too, and sees it there");
}

#[test]
fn a_group_places_at_once_and_what_its_owner_takes_out_counts_no_more_and_stays_with_who_said_it() {
    let devices = [("phone", "mina"), ("otto", "otto"), ("ito", "ms-ito"), ("hana", "hana")];
    let mut school = school(143, &devices);
    let (mina, otto) = (school.person("mina"), school.person("otto"));
    let garden = school.project("community-garden");
    school.edit(|edit| projects::group(edit, garden, Some("the bean bed"), &[mina, otto]));
    school.settle();
    let hers = school.folio(GARDEN);
    let bed = school.capture("otto", "The bean bed", "otto/community-garden", "2026-05-02", &["THINK"]);
    school.on("otto", |otto, now, rng| otto.place(bed, hers, now, rng)).unwrap();
    school.settle();
    school.assess("ito", bed, "mina", "THINK", 2);
    school.settle();
    assert!(school.sentence("hana", "mina", "THINK").contains("1 of 3"));

    school.device("phone").go_offline();
    school.on("phone", |phone, now, rng| phone.take_out(bed, hers, now, rng)).unwrap();
    assert!(!school.sentence("phone", "mina", "THINK").contains("1 of 3"), "at once");
    school.device("phone").go_online().unwrap();
    school.settle();
    nothing_waits(&mut school);
    for device in ["phone", "hana", "ito"] {
        let level = school.sentence(device, "mina", "THINK");
        assert!(!level.contains("1 of 3") && !level.starts_with("from what"), "{device}: {level}");
    }
    assert_eq!(title(&mut school, "hana", bed), None);
    let voices = school.device("ito").device().piece(bed).unwrap().voices;
    assert!(voices.iter().any(|voice| voice.about == Some(mina) && !voice.entries.is_empty()), "{voices:?}");
    // He works with her, and still can't put it back over her head.
    school.on("otto", |otto, now, rng| otto.place(bed, hers, now, rng)).unwrap();
    school.settle();
    assert_eq!(title(&mut school, "hana", bed), None);
    assert_eq!(school.device("otto").device().status().unwrap().waiting.len(), 1);
}

#[test]
fn what_was_judged_is_moved_to_another_project_with_its_judgement_and_not_taken_away() {
    let mut school = school(144, &[("phone", "mina"), ("tablet", "mina"), ("ito", "ms-ito")]);
    let think = school.outcome("THINK");
    let started = school
        .on("phone", |phone, now, rng| phone.start_project("A bee hotel", "", &[think], now, rng))
        .unwrap();
    let leaf = school.capture("phone", "A leaf", GARDEN, "2026-05-02", &["THINK"]);
    school.settle();
    school.assess("ito", leaf, "mina", "THINK", 2);
    school.settle();
    let (garden, home) = (school.folio(GARDEN), school.folio("mina/home"));
    let refused = school.on("phone", |phone, now, rng| phone.take_out(leaf, garden, now, rng));
    assert!(matches!(refused, Err(DeviceError::NotAllowed(_))), "{refused:?}");
    let refused = school.on("phone", |phone, now, rng| phone.move_piece(leaf, garden, home, now, rng));
    assert!(matches!(refused, Err(DeviceError::NotAllowed(_))), "{refused:?}");
    // Two of her devices move it apart: to one place in the end, and the other device is told.
    school.device("tablet").go_offline();
    let move_it = |school: &mut School, device: &str, to| {
        school.on(device, |device, now, rng| device.move_piece(leaf, garden, to, now, rng)).unwrap();
    };
    move_it(&mut school, "tablet", started.folio);
    move_it(&mut school, "phone", started.folio);
    school.settle();
    school.device("tablet").go_online().unwrap();
    school.settle();
    for device in ["phone", "tablet", "ito"] {
        assert_eq!(lies_in(&mut school, device, leaf), [started.folio], "{device}");
        assert!(school.sentence(device, "mina", "THINK").contains("1 of 3"), "{device}");
    }
    // A teacher puts it back.
    school.on("ito", |ito, now, rng| ito.move_piece(leaf, started.folio, garden, now, rng)).unwrap();
    school.settle();
    for device in ["phone", "tablet", "ito"] {
        assert_eq!(lies_in(&mut school, device, leaf), [garden], "{device}");
    }
}

#[test]
fn what_was_taken_out_stays_out_when_the_log_goes_back() {
    let mut school = school(145, &[("phone", "mina"), ("otto", "otto"), ("hana", "hana"), ("ito", "ms-ito")]);
    let (mina, otto) = (school.person("mina"), school.person("otto"));
    let garden = school.project("community-garden");
    school.edit(|edit| projects::group(edit, garden, Some("the bean bed"), &[mina, otto]));
    school.settle();
    let hers = school.folio(GARDEN);
    let bed = school.capture("otto", "The bean bed", "otto/community-garden", "2026-05-02", &["THINK"]);
    school.on("otto", |otto, now, rng| otto.place(bed, hers, now, rng)).unwrap();
    school.settle();
    assert!(title(&mut school, "hana", bed).is_some());
    school.keep_marked_backup();
    school.on("phone", |phone, now, rng| phone.take_out(bed, hers, now, rng)).unwrap();
    school.settle();
    school.restore_backup();
    // Who took it out does not come back for now; nobody is shown it again meanwhile.
    school.device("phone").go_offline();
    school.settle();
    school.enrol("hana-2", "hana");
    school.settle();
    assert_eq!(title(&mut school, "hana-2", bed), None);
    assert_eq!(title(&mut school, "hana", bed), None);
    school.device("phone").go_online().unwrap();
    school.settle();
    nothing_waits(&mut school);
    assert!(!lies_in(&mut school, "otto", bed).contains(&hers));
    // With her word it comes in again.
    school.on("otto", |otto, now, rng| otto.offer(bed, mina, garden, now, rng)).unwrap();
    school.settle();
    school.on("phone", |phone, now, rng| phone.accept_offer(bed, hers, now, rng)).unwrap();
    school.settle();
    assert!(title(&mut school, "hana-2", bed).is_some());
}

#[test]
fn what_lies_in_somebody_elses_folio_is_hers_to_refuse_and_no_strangers() {
    let mut school = school(146, &[("phone", "mina"), ("otto", "otto"), ("hana", "hana"), ("lea", "lea")]);
    let leaf = school.capture("phone", "A leaf", GARDEN, "2026-05-02", &["THINK"]);
    school.settle();
    let garden = school.folio(GARDEN);
    let id = |number: u8| ActId::from_bytes([number; 16]);
    let placed = {
        let conn = school.device("phone").device().store().read();
        let acts = fieldfolio_core::store::log::acts_of(conn, leaf).unwrap();
        let placed = acts.iter().find(|act| matches!(Act::from_bytes(&act.body), Ok(Act::Place { .. })));
        placed.expect("a placement").id
    };
    let act = Act::Unplace { piece: leaf, folio: garden, replaces: vec![placed], to: None };
    for device in ["otto", "hana", "lea"] {
        let me = school.device(device).device().identity().clone();
        let answer = raw::send(&mut school, &me, vec![raw::act(&me, id(40), &act)]).unwrap();
        assert_eq!(answer.verdicts, [Verdict::NotInCircle], "{device}");
        let offer = Act::Offer { piece: leaf, folio: school.folio("otto/community-garden") };
        let answer = raw::send(&mut school, &me, vec![raw::act(&me, id(41), &offer)]).unwrap();
        assert_eq!(answer.verdicts, [Verdict::NotInCircle], "{device}: somebody else's piece");
    }
    // An act that takes something out can't take a share back on the way.
    let me = school.device("phone").device().identity().clone();
    let share = {
        let conn = school.device("phone").device().store().read();
        let acts = fieldfolio_core::store::log::acts_of(conn, leaf).unwrap();
        acts.iter()
            .find(|act| matches!(Act::from_bytes(&act.body), Ok(Act::Share { .. })))
            .expect("a share")
            .id
    };
    let act = Act::Unplace { piece: leaf, folio: garden, replaces: vec![share], to: None };
    raw::send(&mut school, &me, vec![raw::act(&me, id(42), &act)]).unwrap();
    school.settle();
    let view = school.device("hana").device().piece(leaf).unwrap();
    assert_eq!((view.folios, view.audience.is_some()), (vec![garden], true));
}
