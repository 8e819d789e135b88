//! What earlier versions left on disk (`fixtures/`, made by their own programs): it opens, nothing of it is lost, what was
//! on its way arrives, and a database of a version that is yet to come is left as it is.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fieldfolio_core::device::Device;
use fieldfolio_server::{blobs, database, uploads};
use fieldfolio_tests::driver;
use fieldfolio_tests::fixtures;
use fieldfolio_tests::ledger::audit;
use fieldfolio_tests::processes::{self, Relay};
use fieldfolio_tests::sim::scratch;
use rusqlite::Connection;
use serde_json::Value;

/// Oldest first. Each has the schemas of its time: of a device's store, of the relay and of its uploads.
const VERSIONS: [(&str, [i64; 3]); 5] = [
    ("first", [1, 1, 1]),
    ("second", [2, 2, 1]),
    ("third", [3, 3, 1]),
    ("fourth", [4, 3, 2]),
    ("fifth", [6, 5, 3]),
];

/// A copy of one of them, unpacked.
struct Left {
    folder: tempfile::TempDir,
    digest: Value,
}

impl Left {
    fn by(version: &str) -> Self {
        let folder = scratch().unwrap();
        fixtures::lay_out(version, folder.path()).unwrap();
        let digest = fs::read(folder.path().join("digest.json")).unwrap();
        Self { digest: serde_json::from_slice(&digest).unwrap(), folder }
    }

    fn school(&self) -> PathBuf {
        self.folder.path().join("school")
    }

    fn phone(&self) -> PathBuf {
        self.folder.path().join("phone")
    }

    fn databases(&self) -> [PathBuf; 3] {
        [
            self.phone().join("fieldfolio.db"),
            self.school().join("relay.db"),
            self.school().join("uploads/uploads.db"),
        ]
    }
}

fn schema(database: &Path) -> i64 {
    Connection::open(database).unwrap().query_row("pragma user_version", [], |row| row.get(0)).unwrap()
}

#[test]
fn what_every_version_left_opens_and_what_was_on_its_way_arrives() {
    for (version, schemas) in VERSIONS {
        let left = Left::by(version);
        assert_eq!(left.databases().map(|database| schema(&database)), schemas, "{version}");
        let phone = Device::open(&left.phone()).unwrap();
        let digest = serde_json::to_value(phone.digest().unwrap()).unwrap();
        assert_eq!(
            digest["documents"], left.digest["documents"],
            "{version}: the same sheets, with the same heads"
        );
        let folios = phone.portfolio(None).unwrap();
        let titles: Vec<&str> =
            folios.iter().flat_map(|folio| &folio.pieces).map(|line| line.title.as_str()).collect();
        assert!(
            ["A leaf", "Another leaf", "Not sent"].iter().all(|title| titles.contains(title)),
            "{titles:?}"
        );
        assert!(phone.status().unwrap().unopened.is_empty(), "{version}");
        drop(phone);

        // An upload waits a week, and these files are older: it was broken off yesterday.
        let uploads = Connection::open(left.school().join("uploads/uploads.db")).unwrap();
        let tomorrow = driver::now().plus_millis(86_400_000).millis().cast_signed();
        uploads.execute("update upload set expires = ?1", [tomorrow]).unwrap();
        drop(uploads);
        let relay = Relay::start(&left.school()).unwrap();
        audit(&left.school(), &[]).unwrap_or_else(|error| panic!("{version}: {error}"));
        // It listens elsewhere by now.
        let conn = Connection::open(left.phone().join("fieldfolio.db")).unwrap();
        let moved = "update upload set url = replace(url, cast((select value from meta where key = 'relay') as text), ?1)";
        conn.execute(moved, [relay.url()]).unwrap();
        conn.execute("update meta set value = ?1 where key = 'relay'", [relay.url().as_bytes()]).unwrap();
        drop(conn);
        let mut phone = Device::open(&left.phone()).unwrap();
        let report = driver::sync(&mut phone, true, Duration::from_secs(60)).unwrap();
        assert!(report.quiet, "{version}: {report:?}");
        assert!(
            report.resumed_at.iter().any(|at| *at > 0),
            "{version}: the upload goes on where it broke off"
        );
        let status = phone.status().unwrap();
        assert!(
            status.waiting.is_empty() && status.set_aside.is_empty() && status.uploads == 0,
            "{status:?}"
        );
        // A newcomer reads all of it.
        let people = phone.people().unwrap();
        let ito = people.iter().find(|person| person.name.starts_with("Ms Ito"));
        let ito = ito.unwrap_or_else(|| panic!("{version}: {people:?}")).id.to_string();
        let link = processes::school(&left.school(), Some(relay.url()), &["invite", &ito]).unwrap();
        let folder = left.folder.path().join("newcomer");
        let mut newcomer = driver::enrol(link["url"].as_str().unwrap(), &folder).unwrap();
        assert!(driver::sync(&mut newcomer, true, Duration::from_secs(60)).unwrap().quiet);
        let heads =
            |device: &Device| serde_json::to_value(device.digest().unwrap()).unwrap()["documents"].clone();
        assert_eq!(heads(&newcomer), heads(&phone), "{version}");
        relay.stop().unwrap();
        processes::school(&left.school(), None, &["verify"]).unwrap();
        audit(&left.school(), &[]).unwrap_or_else(|error| panic!("{version}: {error}"));
    }
}

#[test]
fn a_database_of_a_version_to_come_is_refused_and_left_as_it_is() {
    for (version, _) in VERSIONS {
        let left = Left::by(version);
        for database in left.databases() {
            let conn = Connection::open(&database).unwrap();
            conn.execute_batch("pragma journal_mode = delete; pragma user_version = 99").unwrap();
        }
        let before = left.databases().map(|database| fs::read(database).unwrap());
        let [device, relay, uploads] = [
            Device::open(&left.phone()).unwrap_err().to_string(),
            database::open(&left.school()).unwrap_err().to_string(),
            opened_uploads(&left.school()),
        ];
        for (refused, path) in [(device, 0), (relay, 1), (uploads, 2)] {
            let path = left.databases()[path].display().to_string();
            assert!(refused.contains(&path) && refused.contains("newer"), "{refused}");
        }
        assert!(
            before == left.databases().map(|database| fs::read(database).unwrap()),
            "{version}: untouched"
        );
    }
}

/// What opening the uploads of a school comes to, which nobody brings anything to.
fn opened_uploads(school: &Path) -> String {
    struct Nobody;
    impl uploads::UploadPolicy for Nobody {
        fn may_bring(
            &self,
            _: uploads::Caller,
            _: fieldfolio_core::ids::PieceId,
            hash: fieldfolio_core::blob::BlobHash,
        ) -> Result<(), uploads::Refusal> {
            Err(uploads::Refusal::NotNamed { hash })
        }

        fn has_space(
            &self,
            _: uploads::Caller,
            _: u64,
            _: uploads::Reserved,
        ) -> Result<(), uploads::Refusal> {
            Ok(())
        }

        fn landed(
            &self,
            _: uploads::Caller,
            _: fieldfolio_core::ids::PieceId,
            _: fieldfolio_core::blob::BlobHash,
            _: u64,
        ) -> Result<(), uploads::Failed> {
            Ok(())
        }
    }
    let store = std::sync::Arc::new(blobs::FolderBlobs::open(&school.join("blobs")).unwrap());
    let limits = uploads::Limits::default();
    let opened = uploads::Uploads::open(
        &school.join("uploads"),
        store,
        std::sync::Arc::new(Nobody),
        driver::now,
        limits,
    );
    opened.err().map(|error| error.to_string()).unwrap_or_default()
}
