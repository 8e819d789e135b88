//! What a phone and the relay say to each other when all goes well, and when a request is not tus 1.0.

use fieldfolio_core::blob::BlobHash;

use super::relay::{BYTES, LEAF, Relay, TUS, UPLOADS, announce, head, metadata};

#[tokio::test]
async fn options_tell_what_is_spoken_without_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    for path in [UPLOADS, "/v1/uploads/0123456789abcdef0123456789abcdef"] {
        let answer = relay.ask_as("nobody", "OPTIONS", path, "", b"").await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("tus-version"), Some("1.0.0"));
        assert_eq!(
            answer.header("tus-extension"),
            Some(
                "creation,creation-with-upload,creation-defer-length,checksum,concatenation,expiration,termination"
            )
        );
        assert_eq!(answer.header("tus-max-size"), Some("8000000"));
        assert_eq!(answer.header("tus-checksum-algorithm"), Some("sha1,sha256"));
        assert!(answer.header("access-control-allow-headers").unwrap().contains("Authorization"));
        assert!(answer.header("access-control-expose-headers").unwrap().contains("Upload-Offset"));
    }
}

#[tokio::test]
async fn another_version_is_refused_with_ours() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    for (method, path) in [("POST", UPLOADS), ("HEAD", &upload), ("PATCH", &upload), ("DELETE", &upload)] {
        for version in ["", "Tus-Resumable: 0.2.2\r\n", "Tus-Resumable: 1.0.0\r\nTus-Resumable: 0.2.2\r\n"] {
            let answer = relay.ask(method, path, version, b"").await;
            assert_eq!(answer.status, if version.len() > 30 { 400 } else { 412 }, "{method} {version}");
            assert!(answer.status == 400 || answer.header("tus-version") == Some("1.0.0"));
        }
    }
    assert_eq!(relay.offset(&upload).await, 0);
}

#[tokio::test]
async fn other_methods_are_refused_with_the_ones_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let on_all = relay.ask("GET", UPLOADS, TUS, b"").await;
    assert_eq!((on_all.status, on_all.header("allow")), (405, Some("OPTIONS, POST")));
    let on_one = relay.ask("GET", &upload, &format!("{TUS}X-HTTP-Method-Override: DELETE\r\n"), b"").await;
    assert_eq!((on_one.status, on_one.header("allow")), (405, Some("OPTIONS, HEAD, PATCH, DELETE")));
    assert_eq!(relay.offset(&upload).await, 0, "a GET deletes nothing, whatever it says");
}

#[tokio::test]
async fn a_creation_that_cannot_be_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let about = metadata(BlobHash::of(LEAF));
    for (headers, status, words) in [
        (about.clone(), 400, "Upload-Length must be"),
        (format!("Upload-Length: -1\r\n{about}"), 400, "Upload-Length must be"),
        (format!("Upload-Length: +1\r\n{about}"), 400, "Upload-Length must be"),
        (format!("Upload-Length: 1\r\nUpload-Length: 2\r\n{about}"), 400, "twice"),
        (format!("Upload-Length: 5\r\nUpload-Defer-Length: 1\r\n{about}"), 400, "not both"),
        (format!("Upload-Defer-Length: yes\r\n{about}"), 400, "may only be 1"),
        (format!("Upload-Length: 5\r\nUpload-Concat: whole\r\n{about}"), 400, "partial, or final"),
        (format!("Upload-Length: 8000001\r\n{about}"), 413, "8000000 bytes at most"),
        (format!("Upload-Length: 99999999999999999999999\r\n{about}"), 413, "8000000 bytes at most"),
        ("Upload-Length: 5\r\n".to_owned(), 400, "must name hash"),
        ("Upload-Length: 5\r\nUpload-Metadata: hash bGVhZg==\r\n".to_owned(), 400, "sha256:"),
    ] {
        let answer = relay.ask("POST", UPLOADS, &format!("{TUS}{headers}"), b"").await;
        assert_eq!(answer.status, status, "{headers}");
        assert!(answer.body.contains(words), "{}", answer.body);
    }
    let wrong_type =
        relay.ask("POST", UPLOADS, &format!("{}Content-Type: image/jpeg\r\n", announce(LEAF)), LEAF).await;
    assert_eq!(wrong_type.status, 415);
    assert_eq!(relay.pending(), 0, "none of them began");
}

#[tokio::test]
async fn an_upload_begins_empty_and_tells_its_offset() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let answer = relay.ask("HEAD", &upload, TUS, b"").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("upload-offset"), Some("0"));
    assert_eq!(answer.header("upload-length"), Some("20"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn bytes_land_once_they_are_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let first = relay.append(&upload, 0, &LEAF[..6]).await;
    assert_eq!((first.status, first.header("upload-offset")), (204, Some("6")));
    assert_eq!(relay.landings(), []);
    assert_eq!(relay.pending(), 20);

    let last = relay.append(&upload, 6, &LEAF[6..]).await;
    assert_eq!((last.status, last.header("upload-offset")), (204, Some("20")));
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
    relay.store.verify(BlobHash::of(LEAF)).unwrap();
    assert_eq!((relay.pending(), relay.parts()), (0, 0));

    // The answer was lost: the phone asks, and may say it again.
    assert_eq!(relay.offset(&upload).await, 20);
    assert_eq!(relay.append(&upload, 20, b"").await.status, 204);
    assert_eq!(relay.landings().len(), 1);
}

#[tokio::test]
async fn a_large_photo_lands_in_one_go() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let photo: Vec<u8> = (0..6_000_000_u32).map(|i| (i / 257) as u8).collect();
    let upload = relay.begin(&photo).await;
    assert_eq!(relay.append(&upload, 0, &photo).await.status, 204);
    assert_eq!(relay.landings(), [(BlobHash::of(&photo), 6_000_000)]);
}

#[tokio::test]
async fn no_bytes_at_all_land_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(b"").await;
    assert_eq!(relay.landings(), [(BlobHash::of(b""), 0)]);
    assert_eq!(relay.offset(&upload).await, 0);

    let wrong = format!("{TUS}Upload-Length: 0\r\n{}", metadata(BlobHash::of(LEAF)));
    assert_eq!(relay.ask("POST", UPLOADS, &wrong, b"").await.status, 422);
    assert_eq!(relay.landings().len(), 1);
}

#[tokio::test]
async fn a_creation_may_bring_the_bytes_along() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let whole = relay.ask("POST", UPLOADS, &format!("{}{BYTES}", announce(LEAF)), LEAF).await;
    assert_eq!((whole.status, whole.header("upload-offset")), (201, Some("20")));
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);

    let part = relay.ask("POST", UPLOADS, &format!("{}{BYTES}", announce(b"a stone")), b"a st").await;
    assert_eq!((part.status, part.header("upload-offset")), (201, Some("4")));
    assert_eq!(relay.append(part.header("location").unwrap(), 4, b"one").await.status, 204);
    assert_eq!(relay.landings().len(), 2);
}

#[tokio::test]
async fn bytes_of_another_type_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    for kind in ["", "Content-Type: image/jpeg\r\n"] {
        let answer = relay.ask("PATCH", &upload, &format!("{TUS}{kind}Upload-Offset: 0\r\n"), LEAF).await;
        assert_eq!(answer.status, 415);
    }
    assert_eq!(relay.offset(&upload).await, 0);
}

#[tokio::test]
async fn bytes_for_the_wrong_place_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    relay.append(&upload, 0, &LEAF[..6]).await;
    for place in [0, 5, 7, 20, 999] {
        assert_eq!(relay.append(&upload, place, &LEAF[6..]).await.status, 409, "{place}");
    }
    for place in ["", "Upload-Offset: -1\r\n", "Upload-Offset: six\r\n"] {
        let answer = relay.ask("PATCH", &upload, &format!("{TUS}{BYTES}{place}"), &LEAF[6..]).await;
        assert_eq!(answer.status, 400, "{place}");
    }
    assert_eq!(relay.offset(&upload).await, 6);
    assert_eq!(relay.append(&upload, 6, &LEAF[6..]).await.status, 204);
    relay.store.verify(BlobHash::of(LEAF)).unwrap();
}

#[tokio::test]
async fn nothing_beyond_the_announced_length_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    relay.append(&upload, 0, &LEAF[..6]).await;
    assert_eq!(relay.append(&upload, 6, LEAF).await.status, 413, "announced");

    let chunked = format!("{TUS}{BYTES}Upload-Offset: 6\r\nTransfer-Encoding: chunked\r\n");
    let mut request = head("mina", "PATCH", &upload, &chunked);
    request.extend_from_slice(b"4\r\nmore\r\n14\r\nand more than allowed\r\n0\r\n\r\n");
    assert_eq!(relay.say(&request).await.answer().await.status, 413, "unannounced");
    assert_eq!(relay.offset(&upload).await, 6);
    assert_eq!(relay.append(&upload, 6, &LEAF[6..]).await.status, 204);
    relay.store.verify(BlobHash::of(LEAF)).unwrap();
}

#[tokio::test]
async fn networks_that_know_only_post_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let patch = format!("{TUS}{BYTES}X-HTTP-Method-Override: PATCH\r\nUpload-Offset: 0\r\n");
    assert_eq!(relay.ask("POST", &upload, &patch, &LEAF[..6]).await.status, 204);
    let ask = relay.ask("POST", &upload, &format!("{TUS}X-HTTP-Method-Override: HEAD\r\n"), b"").await;
    assert_eq!((ask.status, ask.header("upload-offset")), (200, Some("6")));
    let delete = relay.ask("POST", &upload, &format!("{TUS}X-HTTP-Method-Override: DELETE\r\n"), b"").await;
    assert_eq!(delete.status, 204);
    assert_eq!(relay.ask("HEAD", &upload, TUS, b"").await.status, 404);
}

#[tokio::test]
async fn an_upload_can_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    relay.append(&upload, 0, &LEAF[..6]).await;
    assert_eq!(relay.ask("DELETE", &upload, TUS, b"").await.status, 204);
    assert_eq!(relay.ask("DELETE", &upload, TUS, b"").await.status, 404);
    assert_eq!((relay.pending(), relay.parts()), (0, 0));
}
