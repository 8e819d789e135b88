//! A school that is put back to a backup, with real processes: what it lacks comes back from the devices, what was revoked
//! stays revoked, what was erased stays erased.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use fieldfolio_core::device::{Device, NewMedium, NewPiece, Variant};
use fieldfolio_core::ids::PieceId;
use fieldfolio_core::model::role::Roles;
use fieldfolio_server::cli;
use fieldfolio_server::directory::OsRng;
use fieldfolio_tests::driver::{self, now};
use fieldfolio_tests::photos::field_photo;
use fieldfolio_tests::processes::Relay;
use fieldfolio_tests::real::RealSchool;
use serde_json::{Value, json};

fn command(home: &Path, arguments: &[&str]) -> Result<Value, String> {
    let mut all = vec!["fieldfolio", "--dir", home.to_str().unwrap(), "--json"];
    all.extend(arguments);
    let said = cli::run_with(all, now(), &mut OsRng).map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&said).unwrap())
}

fn sync(device: &mut Device) {
    let report = driver::sync(device, true, Duration::from_secs(60)).unwrap();
    assert!(report.quiet && !report.locked, "{report:?} {:?}", device.status().unwrap());
}

/// A shared piece of Mina's with a photo.
fn photo(device: &mut Device, school: &RealSchool, title: &str, seed: u64) -> PieceId {
    let new = NewPiece {
        title: title.into(),
        media: vec![NewMedium::of_bytes(field_photo(seed, 160, 120))],
        folios: vec![school.folio("mina/community-garden")],
        audience: Some(Roles::WHOLE_CIRCLE),
        ..NewPiece::of(fieldfolio_tests::a_day())
    };
    device.capture(new, now(), &mut driver::OsRng).unwrap().piece
}

/// Both the preview and the original of a piece's photo can be fetched and read.
fn opens(device: &mut Device, piece: PieceId) {
    let view = device.piece(piece).unwrap();
    let hash = view.content.media[0].original;
    for variant in [Variant::Preview, Variant::Original] {
        // Asked for, fetched, there.
        device.media_path(piece, 0, variant, now()).unwrap();
        sync(device);
        assert!(device.media_path(piece, 0, variant, now()).unwrap().is_some(), "{variant:?} of {piece}");
    }
    assert!(!device.store().blobs().get(hash).unwrap().is_empty());
}

struct Story {
    school: RealSchool,
    backup: PathBuf,
    phone: Device,
    tablet: Device,
    lost: Device,
    ito: Device,
    before: PieceId,
    after: PieceId,
    erased: PieceId,
    on_the_lost_phone: PieceId,
}

/// A backup is made; after it, photos are taken, a device is enrolled, another one is revoked, and a piece is erased.
fn story() -> Story {
    let school = RealSchool::start().unwrap();
    let mut phone = school.enrol("mina", "phone").unwrap();
    let mut lost = school.enrol("mina", "lost").unwrap();
    let mut ito = school.enrol("ms-ito", "ito").unwrap();
    for device in [&mut phone, &mut lost, &mut ito] {
        sync(device);
    }
    let before = photo(&mut phone, &school, "Before", 1);
    let erased = photo(&mut phone, &school, "To be erased", 2);
    sync(&mut phone);
    let backup = school.folder().join("backup");
    command(&school.home(), &["backup", backup.to_str().unwrap()]).unwrap();

    let mut tablet = school.enrol("mina", "tablet").unwrap();
    let on_the_lost_phone = photo(&mut lost, &school, "On the lost phone", 3);
    sync(&mut lost);
    let after = photo(&mut phone, &school, "After", 4);
    for device in [&mut phone, &mut tablet, &mut ito] {
        sync(device);
    }
    opens(&mut ito, on_the_lost_phone);
    command(&school.home(), &["revoke", &lost.identity().device.to_string()]).unwrap();
    let reason = ["--reason", "the family asked"];
    command(&school.home(), &["erase", &erased.to_string(), reason[0], reason[1]]).unwrap();
    for device in [&mut phone, &mut tablet, &mut ito] {
        sync(device);
        assert!(device.piece(erased).is_err());
    }
    school.relay.lock().unwrap().kill9().unwrap();
    Story { school, backup, phone, tablet, lost, ito, before, after, erased, on_the_lost_phone }
}

impl Story {
    /// Everybody comes back to the relay that was put back.
    fn everything_is_there_again(&mut self) {
        for _ in 0..2 {
            for device in [&mut self.tablet, &mut self.phone, &mut self.ito] {
                device.compare().unwrap();
                sync(device);
            }
        }
        let mut second = self.school.enrol("ms-ito", "second").unwrap();
        sync(&mut second);
        for piece in [self.before, self.after, self.on_the_lost_phone] {
            opens(&mut second, piece);
        }
        for device in [&self.phone, &self.tablet, &self.ito, &second] {
            assert!(device.piece(self.erased).is_err(), "the erased stays erased");
        }
        let report = driver::sync(&mut self.lost, true, Duration::from_secs(30)).unwrap();
        assert!(report.locked, "the revoked stays revoked");
    }
}

#[test]
fn a_school_that_is_put_back_in_its_own_folder_has_everything_again() {
    let mut story = story();
    let home = story.school.home();
    let restored = command(&home, &["restore", story.backup.to_str().unwrap()]).unwrap();
    assert_eq!(restored["missing"], json!([]));
    let aside = PathBuf::from(restored["aside"].as_str().unwrap());
    assert!(aside.join("relay.db").is_file(), "nothing was removed");
    let relay = Relay::start_at(&home, &story.school.address.to_string()).unwrap();
    story.everything_is_there_again();
    // Started once more, it does not go back once more.
    relay.stop().unwrap();
    let relay = Relay::start_at(&home, &story.school.address.to_string()).unwrap();
    sync(&mut story.phone);
    relay.stop().unwrap();
    let verified = command(&home, &["verify", "--files"]).unwrap();
    assert_eq!(verified["verified"]["problems"], json!([]));
}

#[test]
fn in_an_empty_folder_it_needs_what_says_what_has_ended() {
    let mut story = story();
    let new = story.school.folder().join("new");
    let refused = command(&new, &["restore", story.backup.to_str().unwrap()]).unwrap_err();
    assert!(refused.contains("ends.log") && refused.contains("--without-ends"), "{refused}");
    std::fs::copy(story.school.home().join("ends.log"), new.join("ends.log")).unwrap();
    command(&new, &["restore", story.backup.to_str().unwrap()]).unwrap();
    // The links of the sample school are made where the relay is.
    std::fs::rename(story.school.home(), story.school.folder().join("old")).unwrap();
    std::fs::rename(&new, story.school.home()).unwrap();
    let relay = Relay::start_at(&story.school.home(), &story.school.address.to_string()).unwrap();
    story.everything_is_there_again();
    relay.stop().unwrap();
}

#[test]
fn a_copy_that_is_served_as_it_is_takes_nothing_in_until_somebody_says_so() {
    let mut story = story();
    let relay = Relay::start_at(&story.backup, &story.school.address.to_string()).unwrap();
    let unsent = photo(&mut story.phone, &story.school, "Not taken", 9);
    let report = driver::sync(&mut story.phone, false, Duration::from_secs(20)).unwrap();
    assert!(!report.locked);
    assert!(story.phone.status().unwrap().waiting.iter().any(|waiting| waiting.piece == Some(unsent)));
    assert!(story.phone.piece(story.after).is_ok(), "reading goes on");
    relay.stop().unwrap();
    command(&story.backup, &["restore", "--without-ends"]).unwrap();
    let relay = Relay::start_at(&story.backup, &story.school.address.to_string()).unwrap();
    sync(&mut story.phone);
    assert!(story.phone.status().unwrap().waiting.is_empty());
    // Nobody knew of the revocation any more, and that was said.
    assert!(!driver::sync(&mut story.lost, false, Duration::from_secs(20)).unwrap().locked);
    relay.stop().unwrap();
}

#[test]
fn what_is_no_backup_or_another_schools_is_refused_and_nothing_is_touched() {
    let school = RealSchool::start().unwrap();
    let other = RealSchool::start().unwrap();
    for running in [&school, &other] {
        running.relay.lock().unwrap().kill9().unwrap();
    }
    let backup = other.folder().join("backup");
    command(&other.home(), &["backup", backup.to_str().unwrap()]).unwrap();
    let database = std::fs::read(school.home().join("relay.db")).unwrap();
    for (from, why) in [
        (school.folder().join("nothing"), "not a backup"),
        (other.home(), "not a backup"),
        (backup, "another school"),
    ] {
        let refused = command(&school.home(), &["restore", from.to_str().unwrap()]).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    assert!(std::fs::read(school.home().join("relay.db")).unwrap() == database);
    command(&school.home(), &["verify"]).unwrap();
}

#[test]
fn a_lost_file_is_brought_again_by_a_device_that_has_it() {
    let school = RealSchool::start().unwrap();
    let mut phone = school.enrol("mina", "phone").unwrap();
    let mut ito = school.enrol("ms-ito", "ito").unwrap();
    sync(&mut phone);
    let leaf = photo(&mut phone, &school, "A leaf", 1);
    sync(&mut phone);
    sync(&mut ito);
    opens(&mut ito, leaf);
    let original = phone.piece(leaf).unwrap().content.media[0].original;
    std::fs::remove_file(school.home().join("blobs").join(original.path())).unwrap();
    let told = command(&school.home(), &["blobs", "--check"]).unwrap();
    assert_eq!(told["missing"], json!([original]));
    // The teacher's device holds it, and the school asks for it when they compare.
    ito.compare().unwrap();
    sync(&mut ito);
    let told = command(&school.home(), &["blobs", "--check"]).unwrap();
    assert_eq!((&told["missing"], &told["damaged"]), (&json!([]), &json!([])));
}
