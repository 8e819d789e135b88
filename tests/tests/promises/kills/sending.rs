//! A phone on its way home: photos and films leave it over a line between a thousand and a million bytes a second, and
//! the phone goes off every few moments. Everything arrives, once, and next to nothing is sent twice.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{
    Ask, BackgroundUpload, BackgroundUploader, Body, CHUNK, Device, HttpAnswer, NewMedium, NewPiece,
};
use fieldfolio_core::ids::SeededRng;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::store::transfers::Held;
use fieldfolio_tests::driver::{self, Http, now};
use fieldfolio_tests::photos::field_photo;
use fieldfolio_tests::processes::binary;
use fieldfolio_tests::proxy::paced::PacedLine;
use fieldfolio_tests::real::{RealSchool, tus};

/// A film of at least this many bytes: noise, which nothing can make smaller.
fn long_film(seed: u64, bytes: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("noise.mp4");
    let frames = bytes / 600_000 + 1;
    let noise = format!("testsrc2=size=640x480:rate=10,noise=alls=100:allf=t:all_seed={seed}");
    let status = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            &noise,
            "-frames:v",
            &frames.to_string(),
        ])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-qp", "4", "-pix_fmt", "yuv420p"])
        .arg(&film)
        .status();
    assert!(status.unwrap().success());
    let made = fs::read(film).unwrap();
    assert!(made.len() as u64 >= bytes, "{} bytes", made.len());
    made
}

fn a_piece(school: &RealSchool, media: Vec<NewMedium>) -> NewPiece {
    NewPiece {
        media,
        folios: vec![school.folio("mina/community-garden")],
        audience: Some(Roles::WHOLE_CIRCLE),
        ..NewPiece::of(fieldfolio_tests::a_day())
    }
}

/// Every file that a device owes: its name and size.
fn owed(device: &Device) -> Vec<(BlobHash, u64)> {
    device.uploads().unwrap().into_iter().map(|upload| (upload.hash, upload.size)).collect()
}

/// The relay has each of them, whole, and nothing else.
fn arrived(school: &RealSchool, owed: &[(BlobHash, u64)]) {
    for (hash, size) in owed {
        let bytes = fs::read(school.home().join("blobs").join(hash.path())).unwrap();
        assert_eq!((bytes.len() as u64, BlobHash::of(&bytes)), (*size, *hash));
    }
    let conn = rusqlite::Connection::open(school.home().join("relay.db")).unwrap();
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("select count(*) from blob"), owed.len() as i64);
    assert_eq!(count("select count(*) from link"), owed.len() as i64, "each is linked once");
    assert_eq!(fs::read_dir(school.home().join("blobs/parts")).unwrap().count(), 0, "no part is left");
}

struct Phone(Child);

impl Phone {
    fn on(folder: &std::path::Path) -> Self {
        let mut command = Command::new(binary("fieldfolio-device").unwrap());
        command.arg("--data").arg(folder).args(["sync", "--until-quiet", "--patience", "600"]);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Done, or off in the middle.
    fn off(mut self, line: &PacedLine) -> bool {
        if let Some(status) = self.0.try_wait().unwrap() {
            return status.success();
        }
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        line.lose();
        false
    }
}

#[test]
fn a_phone_that_goes_off_all_the_time_sends_everything_once() {
    let mut school = RealSchool::start().unwrap();
    let line = PacedLine::start(school.address).unwrap();
    school.url = line.url();
    let mut phone = school.enrol("mina", "phone").unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    for number in 0..30 {
        let photo = NewMedium::of_bytes(field_photo(number, 320, 240));
        phone.capture(a_piece(&school, vec![photo]), now(), &mut driver::OsRng).unwrap();
    }
    let films = (0..2).map(|number| NewMedium::of_bytes(long_film(number, 1_500_000))).collect();
    phone.capture(a_piece(&school, films), now(), &mut driver::OsRng).unwrap();
    let owed = owed(&phone);
    let total: u64 = owed.iter().map(|(_, size)| size).sum();
    assert!(owed.len() >= 62 && total > 4_000_000, "{} files, {total} bytes", owed.len());
    drop(phone);

    let folder = school.folder().join("phone");
    let mut dice = SeededRng::new(30);
    let mut lives = 0;
    loop {
        lives += 1;
        assert!(lives < 400, "it does not come to an end");
        let rate = [1_000, 30_000, 200_000, 1_000_000, 1_000_000][dice.below(5) as usize];
        line.set_rate(rate);
        let life = Phone::on(&folder);
        line.wait_for(line.passed() + 1 + dice.below(rate), Duration::from_millis(300 + dice.below(900)));
        if life.off(&line) {
            break;
        }
        if line.passed() >= total {
            // All that is left is to say so.
            line.set_rate(1_000_000);
            let mut last = Phone::on(&folder);
            assert!(last.0.wait().unwrap().success());
            break;
        }
    }
    arrived(&school, &owed);
    let twice = line.passed() as f64 / total as f64 - 1.0;
    println!("{lives} lives, {total} bytes in {} files, {:.2} % sent twice", owed.len(), 100.0 * twice);
    assert!(twice <= 0.02, "{:.2} % were sent twice", 100.0 * twice);
    let phone = Device::open(&folder).unwrap();
    assert!(phone.uploads().unwrap().iter().all(|upload| upload.is_done));
    phone.may_be_wiped().unwrap();
}

/// What a phone's own uploader is to an app: it takes requests, performs them when it likes, some of them twice, and
/// tells what came of them later. It is a real HTTP client; the app that gave it the requests may be gone.
#[derive(Default)]
struct Platform {
    uploads: Vec<BackgroundUpload>,
}

impl BackgroundUploader for Platform {
    fn take(&mut self, upload: BackgroundUpload) -> bool {
        self.uploads.push(upload);
        true
    }
}

impl Platform {
    fn perform(&self, http: &mut Http, at: usize) -> Result<HttpAnswer, fieldfolio_core::sync::Failure> {
        http.perform(&self.uploads[at].ask)
    }
}

#[test]
fn what_the_platform_carries_while_the_app_is_gone_is_joined_when_it_is_back() {
    let school = RealSchool::start().unwrap();
    let mut phone = school.enrol("mina", "phone").unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    let film = long_film(1, 2 * CHUNK + 1_000);
    let media = vec![NewMedium::of_bytes(film), NewMedium::of_bytes(field_photo(1, 320, 240))];
    phone.capture(a_piece(&school, media), now(), &mut driver::OsRng).unwrap();
    // The words go first, so that the school expects the files.
    phone.pause_uploads(true).unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    phone.pause_uploads(false).unwrap();
    let owed = owed(&phone);

    let mut platform = Platform::default();
    let stretches = owed.iter().map(|(_, size)| size.div_ceil(CHUNK)).sum::<u64>() as usize;
    assert!(stretches >= 5, "three stretches of the film, the photo and its picture");
    assert_eq!(phone.background_uploads(&mut platform).unwrap(), stretches);
    assert_eq!(phone.background_uploads(&mut platform).unwrap(), 0, "nothing is handed over twice");
    assert!(platform.uploads.iter().all(|upload| matches!(upload.ask.body, Body::File { .. })));
    let mut http = Http::of(&phone);
    drop(phone);

    // It performs all but one, and the first of them twice, as it does when an answer was lost.
    drop(platform.perform(&mut http, 0));
    let last = stretches - 1;
    let answers: Vec<_> = (0..last).map(|at| platform.perform(&mut http, at)).collect();
    let mut phone = Device::open(&school.folder().join("phone")).unwrap();
    for (upload, answer) in platform.uploads.iter().zip(answers) {
        assert_eq!(answer.as_ref().map(|answer| answer.status), Ok(201), "{}", upload.name);
        phone.background_upload_done(&upload.name, answer, now(), &mut driver::OsRng).unwrap();
    }
    let lost = platform.uploads[last].name.clone();
    let failure = Err(fieldfolio_core::sync::Failure::Unreachable);
    phone.background_upload_done(&lost, failure, now(), &mut driver::OsRng).unwrap();
    assert!(
        phone
            .background_upload_done("no upload", Ok(HttpAnswer::default()), now(), &mut driver::OsRng)
            .is_err()
    );
    let report = driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    assert!(report.quiet, "{report:?}");
    assert!(phone.uploads().unwrap().iter().all(|upload| upload.is_done), "{:?}", phone.uploads());
    // The one that was lost travelled from here, and nothing else.
    assert!(report.bytes_up < CHUNK + 100_000, "{} bytes", report.bytes_up);
    for (hash, size) in &owed {
        let bytes = fs::read(school.home().join("blobs").join(hash.path())).unwrap();
        assert_eq!((bytes.len() as u64, BlobHash::of(&bytes)), (*size, *hash));
    }

    // What a platform has lost without a word is sent from here once that is said.
    let media = vec![NewMedium::of_bytes(field_photo(2, 320, 240))];
    phone.capture(a_piece(&school, media), now(), &mut driver::OsRng).unwrap();
    phone.pause_uploads(true).unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    phone.pause_uploads(false).unwrap();
    assert_eq!(phone.background_uploads(&mut Platform::default()).unwrap(), 2);
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    assert!(phone.may_be_wiped().is_err(), "the platform is believed to have it");
    phone.take_back().unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    phone.may_be_wiped().unwrap();
}

#[test]
fn what_is_cancelled_is_let_go_of_by_the_relay_and_kept_here_until_it_is_sent_after_all() {
    let mut school = RealSchool::start().unwrap();
    let line = PacedLine::start(school.address).unwrap();
    school.url = line.url();
    let mut phone = school.enrol("mina", "phone").unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    let film = NewMedium::of_bytes(long_film(1, 6_000_000));
    let made = phone.capture(a_piece(&school, vec![film]), now(), &mut driver::OsRng).unwrap();
    let film = made.media[0].original;
    let mut http = Http::of(&phone).cut_after(5_000_000);
    driver::sync_over(&mut http, &mut phone, false, Duration::ZERO).unwrap();
    let parts = || fs::read_dir(school.home().join("blobs/parts")).unwrap().count();
    // The first piece arrived before the line broke in the second. Whoever asks hears of it once that has been noticed.
    let url = phone.uploads().unwrap()[0].url.clone().unwrap();
    let head = Ask { method: "HEAD", url, headers: vec![tus()], body: Body::Empty, limit: 0 };
    let came = Http::of(&phone).perform(&head).unwrap().upload_offset.unwrap();
    assert!(came > 0 && parts() == 1, "a part of it is there: {came} bytes");

    phone.hold_upload(made.piece, Some(film), Held::Cancelled).unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    assert_eq!(parts(), 0, "the relay let go of it");
    assert!(phone.store().blobs().has(film) && phone.may_be_wiped().is_err(), "it is still here, and named");
    assert_eq!(phone.storage_space().unwrap().unsent, phone.store().blobs().size(film).unwrap());
    assert_eq!(phone.free_space().unwrap().count, 0, "what the school does not have is never let go of");

    phone.hold_upload(made.piece, Some(film), Held::Not).unwrap();
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    phone.may_be_wiped().unwrap();
    // Now it may go, and comes back when it is opened.
    assert_eq!(phone.free_space().unwrap().count, 1);
    assert!(!phone.store().blobs().has(film));
    assert_eq!(phone.media(made.piece, film, now()).unwrap(), None);
    driver::sync(&mut phone, true, Duration::from_secs(30)).unwrap();
    assert!(phone.media(made.piece, film, now()).unwrap().is_some());
    assert_eq!(phone.store().blobs().get(film).map(|bytes| BlobHash::of(&bytes)).unwrap(), film);
}
