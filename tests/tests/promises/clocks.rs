//! Clocks that are wrong by ten years, either way, and are put right again: nothing waits ten years for it, nothing that
//! ended begins again, and nothing said is lost.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use fieldfolio_core::device::{NewMedium, NewPiece, Step};
use fieldfolio_core::ids::{PieceId, SeededRng};
use fieldfolio_core::model::role::Role;
use fieldfolio_core::sync::Failure;
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::directory::circles::{self, Grant};
use fieldfolio_tests::photos::field_photo;
use fieldfolio_tests::sim::School;

const MINUTE: u64 = 60_000;
const TEN_YEARS: i64 = 10 * 365 * 24 * 60 * MINUTE as i64;

fn capture(school: &mut School, title: &str) -> PieceId {
    school.capture("phone", title, "mina/community-garden", "2026-05-04", &["THINK"])
}

/// Steps of the phone within so much simulated time, without anybody asking for them.
fn by_itself(school: &mut School, time: u64) {
    let end = school.now.plus_millis(time);
    while school.now < end {
        school.step("phone").unwrap();
    }
}

#[test]
fn a_phone_whose_clock_is_put_back_by_ten_years_goes_on_within_minutes() {
    for (wrong, right) in [(TEN_YEARS, 0), (0, -TEN_YEARS), (-TEN_YEARS, 0), (0, TEN_YEARS)] {
        let mut school = School::new(60);
        school.enrol("phone", "mina");
        school.enrol("ito", "ms-ito");
        school.settle();
        school.device("phone").set_clock_wrong_by(wrong);
        let piece = capture(&mut school, "A leaf");
        // Nobody answers, again and again: it waits longer each time.
        school.device("phone").go_offline();
        by_itself(&mut school, 10 * MINUTE);
        // The clock is put right, and the network comes back without anybody telling the phone.
        school.device("phone").set_clock_wrong_by(right);
        school.device("phone").come_into_reach();
        by_itself(&mut school, 6 * MINUTE);
        assert!(school.device("phone").device().status().unwrap().waiting.is_empty(), "{wrong} {right}");
        school.settle();
        assert_eq!(school.device("ito").device().piece(piece).unwrap().content.title, "A leaf");
    }
}

#[test]
fn files_that_wait_are_tried_again_at_once_after_a_clock_was_put_back() {
    let mut school = School::new(61);
    school.enrol("phone", "mina");
    school.settle();
    school.device("phone").set_clock_wrong_by(TEN_YEARS);
    let new = NewPiece {
        media: vec![NewMedium::of_bytes(field_photo(1, 64, 48))],
        ..NewPiece::of(fieldfolio_tests::a_day())
    };
    school.on("phone", |phone, now, rng| phone.capture(new, now, rng)).unwrap();
    // Files can't travel in the simulation: each upload fails and waits.
    school.settle();
    school.device("phone").set_clock_wrong_by(0);
    let now = school.now;
    let mut rng = SeededRng::new(6);
    let mut device = school.device("phone").take();
    let mut asked = Vec::new();
    let until = loop {
        match device.next_step(now).unwrap() {
            Step::Ask(turn, ask) => {
                asked.push(ask.url);
                device.answered(turn, Err(Failure::Unreachable), now, &mut rng).unwrap();
            }
            Step::Wait(until) => break until.unwrap(),
            Step::Locked => panic!("it is known"),
        }
    };
    assert_eq!(asked.iter().filter(|url| url.ends_with("/v1/uploads")).count(), 2, "{asked:?}");
    assert!(until.millis() - now.millis() <= 5 * MINUTE, "it waits until {until:?}");
}

#[test]
fn a_part_that_ended_stays_ended_when_the_relays_clock_goes_back() {
    let mut school = School::new(62);
    school.enrol("phone", "mina");
    school.enrol("lea", "lea");
    school.settle();
    let (folio, lea) = (school.folio("mina/community-garden"), school.person("lea"));
    // A parent, too: her phone is known however long her part is over.
    let guardian = fieldfolio_core::model::directory::PersonKind::Guardian;
    school.edit(|edit| fieldfolio_server::directory::roster::add_kind(edit, lea, guardian));
    let end = school.now.plus_millis(10 * MINUTE);
    school.edit(|edit| {
        circles::end(edit, folio, lea, Role::Mentor)?;
        let grant = Grant { folio, person: lea, role: Role::Mentor, may_write: false, expires: Some(end) };
        circles::grant(edit, &grant).map(|_| ())
    });
    let before = capture(&mut school, "While she was there");
    school.settle();
    assert!(school.device("lea").device().piece(before).is_ok());
    // The clock leaps ten years and is put right: her part has ended, and that is no matter of clocks any more.
    let right = school.now;
    school.now = right.plus_millis(TEN_YEARS.unsigned_abs());
    school.settle();
    assert!(school.device("lea").device().piece(before).is_err(), "her part has ended");
    for now in [right, Timestamp::from_millis(right.millis() - TEN_YEARS.unsigned_abs())] {
        school.now = now;
        let after = capture(&mut school, "After she left");
        school.settle();
        assert!(school.device("lea").device().piece(before).is_err());
        assert!(school.device("lea").device().piece(after).is_err());
        assert!(school.device("phone").device().status().unwrap().waiting.is_empty(), "work goes on");
    }
}
