//! A device whose relay, or whoever stands in between, answers about files what can't be: it neither spins, nor sends or
//! fetches the same bytes without end, nor loses anything.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{
    Ask, BackgroundUpload, BackgroundUploader, Body, Device, HttpAnswer, NewMedium, NewPiece, Step,
};
use fieldfolio_core::device::{CHUNK, Turn, Variant};
use fieldfolio_core::ids::{DocumentId, EntryId, PieceId, SeededRng};
use fieldfolio_core::model::piece::Medium;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::sync::wire::Item;
use fieldfolio_core::time::Timestamp;
use fieldfolio_tests::driver::{self, now};
use fieldfolio_tests::photos::field_photo;
use fieldfolio_tests::real::{RealSchool, Writing};

const HOUR: u64 = 60 * 60 * 1000;

/// A recording of so many bytes, and a few more.
fn recording(seed: u32, bytes: u64) -> Vec<u8> {
    let noise = (0..bytes as u32).map(|at| ((at ^ seed).wrapping_mul(2_654_435_761) >> 24) as u8);
    let mut body = b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x40\x1F\0\0\x01\0\x08\0data".to_vec();
    body.extend_from_slice(&(bytes as u32).to_le_bytes());
    body.extend(noise);
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// A phone that has made this, and whose words are at the school, but no byte of a file.
fn phone_with(school: &RealSchool, media: Vec<Vec<u8>>) -> (Device, PieceId) {
    let mut phone = school.enrol("mina", "phone").unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    let new = NewPiece {
        media: media.into_iter().map(NewMedium::of_bytes).collect(),
        folios: vec![school.folio("mina/community-garden")],
        audience: Some(Roles::WHOLE_CIRCLE),
        ..NewPiece::of(fieldfolio_tests::a_day())
    };
    let piece = phone.capture(new, now(), &mut driver::OsRng).unwrap().piece;
    phone.pause_uploads(true).unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    phone.pause_uploads(false).unwrap();
    (phone, piece)
}

/// Does what the device asks for an hour, in the time of a test; `relay` answers. Exchanges get no answer.
fn for_an_hour(device: &mut Device, mut relay: impl FnMut(&Ask) -> HttpAnswer) -> Vec<Ask> {
    let start = now();
    let (mut at, mut asked) = (start, Vec::new());
    while at < start.plus_millis(HOUR) {
        match device.next_step(at).unwrap() {
            Step::Ask(turn, ask) => {
                let answer = if ask.url.ends_with("/v1/sync") { HttpAnswer::default() } else { relay(&ask) };
                // A request takes a moment, on the best of lines.
                at = at.plus_millis(50);
                device.answered(turn, Ok(answer), at, &mut driver::OsRng).unwrap();
                asked.push(ask);
            }
            Step::Wait(Some(until)) => at = at.max(until).plus_millis(1),
            Step::Wait(None) | Step::Locked => break,
        }
    }
    asked
}

fn created() -> HttpAnswer {
    HttpAnswer { status: 201, location: Some("/v1/uploads/a".to_owned()), ..HttpAnswer::default() }
}

fn stands_at(status: u16, offset: u64) -> HttpAnswer {
    HttpAnswer { status, upload_offset: Some(offset), ..HttpAnswer::default() }
}

fn of(asked: &[Ask], method: &str) -> usize {
    asked.iter().filter(|ask| ask.method == method).count()
}

#[test]
fn pieces_that_are_never_kept_are_not_sent_without_end() {
    let school = RealSchool::start().unwrap();
    let (mut phone, _) = phone_with(&school, vec![recording(1, 100_000)]);
    // It takes each piece, and stays where it was.
    let asked = for_an_hour(&mut phone, |ask| match ask.method {
        "POST" => created(),
        _ => stands_at(204, 0),
    });
    let sent = of(&asked, "PATCH");
    assert!((5..60).contains(&sent), "sent {sent} times in an hour");

    phone.wake().unwrap();
    // It tells where it is, and refuses every piece: a server in between that takes no large bodies.
    let asked = for_an_hour(&mut phone, |ask| match ask.method {
        "POST" => created(),
        "HEAD" => stands_at(200, 0),
        _ => HttpAnswer { status: 413, ..HttpAnswer::default() },
    });
    let sent = of(&asked, "PATCH");
    assert!((5..60).contains(&sent), "sent {sent} times in an hour");

    phone.wake().unwrap();
    // It lets go of every upload it began.
    let asked = for_an_hour(&mut phone, |ask| match ask.method {
        "POST" => created(),
        _ => HttpAnswer { status: 404, ..HttpAnswer::default() },
    });
    let sent = of(&asked, "PATCH");
    assert!((5..60).contains(&sent), "sent {sent} times in an hour");

    // The true relay still gets all of it.
    let report = driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    assert!(report.quiet && phone.uploads().unwrap().iter().all(|upload| upload.is_done));
}

/// How many bytes a piece has that is sent.
fn bytes_of(ask: &Ask) -> u64 {
    match &ask.body {
        Body::Empty => 0,
        Body::Bytes(bytes) => bytes.len() as u64,
        Body::File { length, .. } => *length,
    }
}

#[test]
fn a_web_server_in_between_is_not_taken_for_the_school() {
    const FRONT: u64 = 1024 * 1024;
    let school = RealSchool::start().unwrap();
    let (mut phone, _) = phone_with(&school, vec![recording(2, 3_000_000)]);
    // It takes no requests of more than 1 MiB, as web servers do by themselves: smaller pieces get through.
    let mut there = 0;
    for_an_hour(&mut phone, |ask| match ask.method {
        "POST" => created(),
        "HEAD" => stands_at(200, there),
        _ if bytes_of(ask) > FRONT => HttpAnswer { status: 413, ..HttpAnswer::default() },
        _ => {
            there += bytes_of(ask);
            stands_at(204, there)
        }
    });
    assert!(phone.uploads().unwrap().iter().all(|upload| upload.is_done), "{:?}", phone.uploads());

    // One that takes not even those, and a network that wants a sign-in first, are called what they are; the school's own
    // word is something else.
    let why = |seed, status, is_of_relay| {
        let school = RealSchool::start().unwrap();
        let (mut phone, _) = phone_with(&school, vec![recording(seed, 3_000_000)]);
        for_an_hour(&mut phone, |ask| match ask.method {
            "POST" => created(),
            "HEAD" => stands_at(200, 0),
            _ => HttpAnswer { status, is_of_relay, ..HttpAnswer::default() },
        });
        phone.uploads().unwrap().into_iter().find_map(|upload| upload.reason).unwrap()
    };
    assert_eq!(why(3, 413, false), "too_large_on_the_way");
    assert_eq!(why(4, 413, true), "over_quota");
    assert_eq!(why(5, 302, false), "sign_in_first");
    // A 401 of somebody else locks nobody out.
    assert_eq!(why(6, 401, false), "busy");
}

fn wanted(phone: &mut Device, piece: PieceId) -> (BlobHash, u64) {
    let report = driver::sync(phone, true, Duration::from_secs(30)).unwrap();
    assert!(report.quiet, "{report:?}");
    let original = phone.piece(piece).unwrap().content.media[0].original;
    let size = phone.store().blobs().size(original).unwrap();
    phone.free_space().unwrap();
    assert_eq!(phone.media(piece, original, now()).unwrap(), None);
    (original, size)
}

fn range(ask: &Ask) -> (u64, u64) {
    let (_, value) = ask.headers.iter().find(|(name, _)| *name == "Range").unwrap();
    let (from, to) = value.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    (from.parse().unwrap(), to.parse().unwrap())
}

fn stretch(from: u64, body: Vec<u8>, of: u64) -> HttpAnswer {
    let to = from + body.len() as u64 - 1;
    let content_range = Some(format!("bytes {from}-{to}/{of}"));
    HttpAnswer { status: 206, content_range, body, ..HttpAnswer::default() }
}

#[test]
fn a_file_that_is_damaged_at_the_school_is_fetched_once_a_day_and_heals() {
    let school = RealSchool::start().unwrap();
    let (mut phone, piece) = phone_with(&school, vec![recording(1, 9_000_000)]);
    let (original, size) = wanted(&mut phone, piece);
    let mut weeds = |ask: &Ask| {
        let (from, to) = range(ask);
        stretch(from, vec![7; (to.min(size - 1) + 1 - from) as usize], size)
    };
    assert_eq!(of(&for_an_hour(&mut phone, &mut weeds), "GET"), 3, "three pieces, once");
    // Every network that comes and goes wakes the device.
    phone.wake().unwrap();
    assert_eq!(of(&for_an_hour(&mut phone, &mut weeds), "GET"), 0);
    assert!(!phone.store().blobs().has(original));

    let tomorrow = now().plus_millis(25 * HOUR);
    let mut http = driver::Http::of(&phone);
    while let Step::Ask(turn, ask) = phone.next_step(tomorrow).unwrap() {
        let answer = http.perform(&ask);
        phone.answered(turn, answer, tomorrow, &mut driver::OsRng).unwrap();
    }
    assert!(phone.store().blobs().has(original), "it is mended at the school meanwhile");
}

#[test]
fn stretches_of_other_lengths_than_were_asked_for_are_not_taken() {
    let school = RealSchool::start().unwrap();
    let (mut phone, piece) = phone_with(&school, vec![recording(1, 9_000_000)]);
    let (original, size) = wanted(&mut phone, piece);
    type Lie = fn(u64, u64) -> HttpAnswer;
    let lies: [(&str, Lie); 6] = [
        ("a byte at a time", |from, of| stretch(from, vec![7], of)),
        ("more than was asked for", |from, of| stretch(from, vec![7; 5 << 20], of)),
        ("an end without end", |from, _| stretch(from, vec![7; 4 << 20], u64::MAX)),
        ("another place", |from, of| stretch(from + 1, vec![7; 4 << 20], of)),
        ("no bytes", |from, of| HttpAnswer {
            content_range: Some(format!("bytes {from}-{}/{of}", from.wrapping_sub(1))),
            status: 206,
            ..HttpAnswer::default()
        }),
        ("a number beyond numbers", |_, of| HttpAnswer {
            content_range: Some(format!("bytes 0-{}/{of}", u64::MAX)),
            status: 206,
            ..HttpAnswer::default()
        }),
    ];
    for (name, lie) in lies {
        phone.wake().unwrap();
        let asked = for_an_hour(&mut phone, |ask| lie(range(ask).0, size));
        let fetched = of(&asked, "GET");
        assert!((5..60).contains(&fetched), "{name}: fetched {fetched} times in an hour");
        assert!(!phone.store().blobs().has(original));
    }
    // A total that changes on the way ends in bytes that match nothing.
    phone.wake().unwrap();
    let asked = for_an_hour(&mut phone, |ask| match range(ask).0 {
        0 => stretch(0, vec![7; 4 << 20], size),
        from => stretch(from, vec![7; 10], from + 10),
    });
    assert_eq!(of(&asked, "GET"), 2);
    assert!(!phone.store().blobs().has(original));
}

/// Small pictures come by themselves, to everybody: a student who calls a film one fills no phone with it.
#[test]
fn a_film_that_is_called_a_small_picture_comes_to_nobody_by_itself() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    let film = recording(1, 6_000_000);
    let hash = BlobHash::of(&film);
    let medium = Medium {
        key: EntryId::from_bytes([7; 16]),
        original: hash,
        preview: Some(hash),
        media_type: "image/jpeg".to_owned(),
        width: 0,
        height: u32::MAX,
        size: u64::MAX,
        duration: Some(u64::MAX),
        placeholder: vec![0xFF; 64],
        name: String::new(),
        caption: String::new(),
        alt: String::new(),
        turn: Default::default(),
        marks: Vec::new(),
    };
    let mut dice = SeededRng::new(7);
    let (piece, mut items) = client.new_piece(school.folio("mina/community-garden"), &mut dice);
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    items.push(Item::Change(content.write(&client.me, &[hash], |edit| edit.add_medium(&medium))));
    client.send(&items).unwrap();
    client.upload(piece, &film).unwrap();

    let mut ito = school.enrol("ms-ito", "ito").unwrap();
    let report = driver::sync(&mut ito, true, Duration::from_secs(30)).unwrap();
    assert!(report.quiet && report.bytes_down < 5_000_000, "{report:?}");
    assert!(!ito.store().blobs().has(hash), "it did not come by itself");
    // Its place in a list asks for it again and again.
    for _ in 0..3 {
        assert_eq!(ito.media(piece, hash, now()).unwrap(), None);
        let report = driver::sync(&mut ito, true, Duration::from_secs(30)).unwrap();
        assert!(report.quiet && report.bytes_down < 100_000, "{report:?}");
    }
    // Whoever opens it gets it, and it goes as any other.
    assert_eq!(ito.media_path(piece, 0, Variant::Original, now()).unwrap(), None);
    driver::sync(&mut ito, true, Duration::from_secs(30)).unwrap();
    assert_eq!(ito.storage_space().unwrap().others, film.len() as u64);
    assert_eq!(ito.free_space().unwrap().bytes, film.len() as u64);
}

/// A platform that takes so many requests and no more.
struct Full {
    takes: usize,
    uploads: Vec<BackgroundUpload>,
}

impl BackgroundUploader for Full {
    fn take(&mut self, upload: BackgroundUpload) -> bool {
        let has_room = self.uploads.len() < self.takes;
        if has_room {
            self.uploads.push(upload);
        }
        has_room
    }
}

#[test]
fn a_platform_that_takes_a_part_of_a_film_does_not_make_it_start_again() {
    let school = RealSchool::start().unwrap();
    let (mut phone, _) = phone_with(&school, vec![recording(1, 3 * CHUNK - 100)]);
    let mut platform = Full { takes: 2, uploads: Vec::new() };
    assert_eq!(phone.background_uploads(&mut platform).unwrap(), 2);
    let mut http = driver::Http::of(&phone);
    for upload in &platform.uploads {
        // Each is performed twice and brought twice: one is used.
        for _ in 0..2 {
            let answer = http.perform(&upload.ask);
            assert_eq!(answer.as_ref().map(|answer| answer.status), Ok(201));
            phone.background_upload_done(&upload.name, answer, now(), &mut driver::OsRng).unwrap();
        }
    }
    let (before, _) = http.traffic();
    assert_eq!(before, 4 * CHUNK);
    let report = driver::sync(&mut phone, true, Duration::from_secs(60)).unwrap();
    assert!(report.quiet && phone.uploads().unwrap().iter().all(|upload| upload.is_done), "{report:?}");
    assert!(report.bytes_up < 2 * CHUNK, "the two that were left, not the whole: {}", report.bytes_up);
}

#[test]
fn a_platform_that_takes_nothing_leaves_everything_as_it_was() {
    let school = RealSchool::start().unwrap();
    let (mut phone, _) = phone_with(&school, vec![recording(1, CHUNK), field_photo(1, 320, 240)]);
    let mut platform = Full { takes: 0, uploads: Vec::new() };
    assert_eq!(phone.background_uploads(&mut platform).unwrap(), 0);
    let asked = for_an_hour(&mut phone, |_| HttpAnswer::default());
    let is_whole = |ask: &Ask| ask.headers.iter().all(|(name, _)| *name != "Upload-Concat");
    assert!(!asked.is_empty() && asked.iter().all(is_whole), "{asked:?}");
}

#[test]
fn stretches_are_joined_by_short_names_and_a_refusal_of_those_starts_again() {
    let school = RealSchool::start().unwrap();
    let (mut phone, _) = phone_with(&school, vec![recording(1, 2 * CHUNK - 100)]);
    let mut platform = Full { takes: 9, uploads: Vec::new() };
    phone.background_uploads(&mut platform).unwrap();
    for (number, upload) in platform.uploads.iter().enumerate() {
        let Body::File { length, .. } = upload.ask.body else { panic!("{upload:?}") };
        // A location that points elsewhere leads to the relay all the same.
        let location = Some(format!("https://elsewhere.example/v1/uploads/{number:032x}"));
        let answer = HttpAnswer { location, ..stands_at(201, length) };
        phone.background_upload_done(&upload.name, Ok(answer), now(), &mut driver::OsRng).unwrap();
    }
    let asked =
        for_an_hour(&mut phone, |ask| match ask.headers.iter().any(|(name, _)| *name == "Upload-Concat") {
            true => HttpAnswer { status: 431, ..HttpAnswer::default() },
            false => HttpAnswer::default(),
        });
    let joins: Vec<&str> = asked
        .iter()
        .flat_map(|ask| &ask.headers)
        .filter(|(name, _)| *name == "Upload-Concat")
        .map(|(_, value)| value.as_str())
        .collect();
    let paths = [format!("/v1/uploads/{:032x}", 0), format!("/v1/uploads/{:032x}", 1)];
    assert_eq!(joins, [format!("final;{} {}", paths[0], paths[1])], "once; then in one line");
    assert!(of(&asked, "POST") > 1);
}

#[test]
fn answers_out_of_turn_twice_and_to_nothing_change_nothing() {
    let school = RealSchool::start().unwrap();
    let (mut phone, _) = phone_with(&school, vec![recording(1, 100_000), recording(2, 200_000)]);
    let mut turns: Vec<Turn> = Vec::new();
    let at: Timestamp = now();
    while let Step::Ask(turn, _) = phone.next_step(at).unwrap() {
        turns.push(turn);
    }
    assert!(turns.len() >= 2);
    for turn in turns.iter().rev().chain(&turns) {
        phone.answered(*turn, Ok(stands_at(204, u64::MAX)), at, &mut driver::OsRng).unwrap();
    }
    assert!(phone.uploads().unwrap().iter().all(|upload| !upload.is_done && upload.sent == 0));
    assert_eq!(phone.storage_space().unwrap().unsent, 300_000 + 2 * 44);
    assert_eq!(phone.free_space().unwrap().count, 0);
}
