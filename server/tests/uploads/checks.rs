//! Checksums of bodies, and the end of an upload's time: what did not add up is not there.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fieldfolio_core::blob::BlobHash;
use sha2::{Digest, Sha256};

use super::relay::{BYTES, LEAF, Relay, TUS, UPLOADS, announce, head};

fn sha256(bytes: &[u8]) -> String {
    format!("Upload-Checksum: sha256 {}\r\n", BASE64_STANDARD.encode(Sha256::digest(bytes)))
}

fn at(offset: u64, checksum: &str) -> String {
    format!("{TUS}{BYTES}Upload-Offset: {offset}\r\n{checksum}")
}

#[tokio::test]
async fn a_body_that_adds_up_is_kept_and_one_that_does_not_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let first = relay.ask("PATCH", &upload, &at(0, &sha256(&LEAF[..6])), &LEAF[..6]).await;
    assert_eq!((first.status, first.header("upload-offset")), (204, Some("6")));

    let wrong = relay.ask("PATCH", &upload, &at(6, &sha256(b"another leaf")), &LEAF[6..]).await;
    assert_eq!(wrong.status, 460);
    assert!(wrong.body.contains("same offset"), "{}", wrong.body);
    assert_eq!(relay.offset(&upload).await, 6, "the last bytes too are taken only if they add up");
    assert_eq!(relay.landings(), []);

    let right = relay.ask("PATCH", &upload, &at(6, &sha256(&LEAF[6..])), &LEAF[6..]).await;
    assert_eq!(right.status, 204);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
    relay.store.verify(BlobHash::of(LEAF)).unwrap();
}

#[tokio::test]
async fn an_algorithm_that_is_not_spoken_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    for checksum in [
        "Upload-Checksum: md5 XrY7u+Ae7tCTyyK7j1rNww==\r\n".to_owned(),
        "Upload-Checksum: sha1 leaf\r\n".to_owned(),
        "Upload-Checksum: sha256\r\n".to_owned(),
        format!("{0}{0}", sha256(LEAF)),
    ] {
        assert_eq!(relay.ask("PATCH", &upload, &at(0, &checksum), LEAF).await.status, 400, "{checksum}");
        let created = relay.ask("POST", UPLOADS, &format!("{}{BYTES}{checksum}", announce(b"x")), b"x").await;
        assert_eq!(created.status, 400, "{checksum}");
    }
    assert_eq!(relay.offset(&upload).await, 0);
    assert_eq!(relay.pending(), 20, "no other upload began");
}

#[tokio::test]
async fn a_large_body_that_does_not_add_up_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let photo: Vec<u8> = (0..7_000_000_u32).map(|i| (i / 257) as u8).collect();
    let upload = relay.begin(&photo).await;
    assert_eq!(relay.ask("PATCH", &upload, &at(0, &sha256(LEAF)), &photo).await.status, 460);
    assert_eq!(relay.offset(&upload).await, 0);
    assert_eq!(relay.ask("PATCH", &upload, &at(0, &sha256(&photo)), &photo).await.status, 204);
    assert_eq!(relay.landings(), [(BlobHash::of(&photo), 7_000_000)]);
}

#[tokio::test]
async fn a_checked_body_that_breaks_off_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let headers = format!("{}Content-Length: 20\r\n", at(0, &sha256(LEAF)));
    let mut request = head("mina", "PATCH", &upload, &headers);
    request.extend_from_slice(&LEAF[..6]);
    relay.say(&request).await.breaks().await;
    assert_eq!(relay.offset(&upload).await, 0);
    assert_eq!(relay.append(&upload, 0, LEAF).await.status, 204);
}

#[tokio::test]
async fn a_creation_may_be_checked_too() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let wrong = format!("{}{BYTES}{}", announce(LEAF), sha256(b"a stone"));
    assert_eq!(relay.ask("POST", UPLOADS, &wrong, LEAF).await.status, 460);
    assert_eq!((relay.pending(), relay.parts()), (0, 0));
    let right = format!("{}{BYTES}{}", announce(LEAF), sha256(LEAF));
    assert_eq!(relay.ask("POST", UPLOADS, &right, LEAF).await.status, 201);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
}

#[tokio::test]
async fn an_open_upload_tells_when_it_is_given_up_and_a_whole_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let created = relay.ask("POST", UPLOADS, &announce(LEAF), b"").await;
    // The clock of these tests stands at 2023-11-14T22:13:20Z; uploads wait for a week.
    let end = Some("Tue, 21 Nov 2023 22:13:20 GMT");
    assert_eq!(created.header("upload-expires"), end);
    let upload = created.header("location").unwrap().to_owned();
    assert_eq!(relay.ask("HEAD", &upload, TUS, b"").await.header("upload-expires"), end);
    assert_eq!(relay.append(&upload, 0, &LEAF[..6]).await.header("upload-expires"), end);
    assert_eq!(relay.append(&upload, 6, &LEAF[6..]).await.header("upload-expires"), None);

    let late = relay.begin(b"a stone").await;
    relay.time_passes(Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(relay.ask("HEAD", &late, TUS, b"").await.status, 410);
}
