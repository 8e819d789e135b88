//! Room on a device: what is fetched by itself and what when it is opened, what goes when room gets short, and that it
//! comes back.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{Device, NewMedium, NewPiece};
use fieldfolio_core::ids::PieceId;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::time::Timestamp;
use fieldfolio_tests::driver::{self, now};
use fieldfolio_tests::photos::field_photo;
use fieldfolio_tests::real::RealSchool;

const DAY: u64 = 24 * 60 * 60 * 1000;

fn days_ago(days: u64) -> Timestamp {
    Timestamp::from_millis(now().millis() - days * DAY)
}

fn sync(device: &mut Device) {
    let report = driver::sync(device, true, Duration::from_secs(30)).unwrap();
    assert!(report.quiet, "{report:?}");
}

fn captured(school: &RealSchool, phone: &mut Device, seed: u64, at: Timestamp, offered: bool) -> PieceId {
    let outcomes = if offered { vec![school.outcome("THINK")] } else { Vec::new() };
    let new = NewPiece {
        media: vec![NewMedium::of_bytes(field_photo(seed, 640, 480))],
        folios: vec![school.folio("mina/community-garden")],
        audience: Some(Roles::WHOLE_CIRCLE),
        outcomes,
        ..NewPiece::of(fieldfolio_tests::a_day())
    };
    phone.capture(new, at, &mut driver::OsRng).unwrap().piece
}

/// The original and the small picture of a piece's only photo.
fn photo(device: &Device, piece: PieceId) -> (BlobHash, BlobHash) {
    let medium = &device.piece(piece).unwrap().content.media[0];
    (medium.original, medium.preview.unwrap())
}

#[test]
fn small_pictures_come_for_recent_work_and_for_what_waits_and_all_else_when_it_is_opened() {
    let school = RealSchool::start().unwrap();
    let mut phone = school.enrol("mina", "phone").unwrap();
    sync(&mut phone);
    let recent = captured(&school, &mut phone, 1, days_ago(3), false);
    let old = captured(&school, &mut phone, 2, days_ago(90), false);
    let old_and_waiting = captured(&school, &mut phone, 3, days_ago(90), true);
    sync(&mut phone);

    let mut ito = school.enrol("ms-ito", "ito").unwrap();
    let mut lea = school.enrol("lea", "lea").unwrap();
    sync(&mut ito);
    sync(&mut lea);
    let has = |device: &Device, hash| device.store().blobs().has(hash);
    for (piece, of_ito, of_lea) in [(recent, true, true), (old, false, false), (old_and_waiting, true, false)]
    {
        let (original, preview) = photo(&ito, piece);
        assert_eq!((has(&ito, preview), has(&lea, preview)), (of_ito, of_lea), "{piece}");
        assert!(!has(&ito, original) && !has(&lea, original), "originals come when they are opened");
    }
    let (original, preview) = photo(&lea, old);
    for hash in [preview, original] {
        assert_eq!(lea.media(old, hash, now()).unwrap(), None);
    }
    sync(&mut lea);
    assert!(has(&lea, original) && has(&lea, preview));
}

#[test]
fn what_was_not_looked_at_for_longest_goes_first_and_comes_back() {
    let school = RealSchool::start().unwrap();
    let mut phone = school.enrol("mina", "phone").unwrap();
    sync(&mut phone);
    let pieces: Vec<PieceId> =
        (1..=3).map(|seed| captured(&school, &mut phone, seed, now(), false)).collect();
    sync(&mut phone);
    let mut ito = school.enrol("ms-ito", "ito").unwrap();
    sync(&mut ito);
    let originals: Vec<BlobHash> = pieces.iter().map(|piece| photo(&ito, *piece).0).collect();
    for (piece, original) in pieces.iter().zip(&originals) {
        ito.media(*piece, *original, now()).unwrap();
    }
    sync(&mut ito);
    // She looks at the first again, two hours later.
    let later = now().plus_millis(2 * 60 * 60 * 1000);
    assert!(ito.media(pieces[0], originals[0], later).unwrap().is_some());
    let room = ito.storage_space().unwrap();
    assert_eq!((room.unsent, room.own_sent), (0, 0));
    let one = ito.store().blobs().size(originals[0]).unwrap();
    ito.set_storage_budget(one + 1_000).unwrap();
    let here: Vec<bool> = originals.iter().map(|hash| ito.store().blobs().has(*hash)).collect();
    assert_eq!(here, [true, false, false]);
    assert_eq!(ito.storage_space().unwrap().previews, room.previews, "small pictures stay");

    // What is opened now takes the place of what was not looked at for longer.
    assert_eq!(ito.media(pieces[1], originals[1], later).unwrap(), None);
    sync(&mut ito);
    assert!(ito.storage_space().unwrap().others <= one + 1_000);
    // Her own phone keeps what it made until she says so.
    assert_eq!(phone.storage_space().unwrap().others, 0);
    phone.set_storage_budget(0).unwrap();
    assert!(phone.store().blobs().has(originals[0]));
    assert_eq!(phone.free_space().unwrap().count, 3);
    assert_eq!(phone.media(pieces[0], originals[0], now()).unwrap(), None);
    sync(&mut phone);
    assert!(
        phone.media(pieces[0], originals[0], now()).unwrap().is_some(),
        "it comes back when it is opened"
    );
}
