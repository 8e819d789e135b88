//! Uploads whose length is told later: by who films while sending, or doesn't know yet what will come.

use std::sync::atomic::Ordering::SeqCst;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_server::uploads::Limits;

use super::relay::{Answer, BYTES, LEAF, Relay, TUS, UPLOADS, head, metadata};

const LATER: &str = "Upload-Defer-Length: 1\r\n";

fn deferred(bytes: &[u8]) -> String {
    format!("{TUS}{LATER}{}", metadata(BlobHash::of(bytes)))
}

async fn begin(relay: &Relay, bytes: &[u8]) -> String {
    let created = relay.ask("POST", UPLOADS, &deferred(bytes), b"").await;
    assert_eq!(created.status, 201, "{}", created.body);
    created.header("location").unwrap().to_owned()
}

async fn append(relay: &Relay, upload: &str, offset: u64, length: u64, bytes: &[u8]) -> Answer {
    let headers = format!("{TUS}{BYTES}Upload-Offset: {offset}\r\nUpload-Length: {length}\r\n");
    relay.ask("PATCH", upload, &headers, bytes).await
}

#[tokio::test]
async fn the_length_comes_with_the_last_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = begin(&relay, LEAF).await;
    assert_eq!(relay.append(&upload, 0, &LEAF[..6]).await.status, 204);
    let asked = relay.ask("HEAD", &upload, TUS, b"").await;
    let said = ["upload-offset", "upload-defer-length", "upload-length"].map(|name| asked.header(name));
    assert_eq!(said, [Some("6"), Some("1"), None]);

    let last = append(&relay, &upload, 6, 20, &LEAF[6..]).await;
    assert_eq!((last.status, last.header("upload-offset")), (204, Some("20")));
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
    let asked = relay.ask("HEAD", &upload, TUS, b"").await;
    let said = ["upload-offset", "upload-defer-length", "upload-length"].map(|name| asked.header(name));
    assert_eq!(said, [Some("20"), None, Some("20")]);
    relay.store.verify(BlobHash::of(LEAF)).unwrap();
}

#[tokio::test]
async fn the_length_is_told_once_and_fits_what_is_here() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = begin(&relay, LEAF).await;
    relay.append(&upload, 0, &LEAF[..6]).await;
    for (length, status, words) in [
        ("5", 400, "6 bytes are here already"),
        ("8000001", 413, "8000000 bytes at most"),
        ("7", 413, "more than the 7 bytes"),
        ("twenty", 400, "Upload-Length must be"),
    ] {
        let headers = format!("{TUS}{BYTES}Upload-Offset: 6\r\nUpload-Length: {length}\r\n");
        let answer = relay.ask("PATCH", &upload, &headers, &LEAF[6..]).await;
        assert_eq!(answer.status, status, "{length}");
        assert!(answer.body.contains(words), "{}", answer.body);
        assert_eq!(relay.ask("HEAD", &upload, TUS, b"").await.header("upload-defer-length"), Some("1"));
    }
    assert_eq!(append(&relay, &upload, 6, 20, b"").await.status, 204, "told alone");
    let other = append(&relay, &upload, 6, 21, &LEAF[6..]).await;
    assert_eq!(other.status, 400);
    assert!(other.body.contains("told before"), "{}", other.body);
    assert_eq!(
        append(&relay, &upload, 6, 20, &LEAF[6..]).await.status,
        204,
        "who missed an answer repeats it"
    );
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);

    let known = relay.begin(b"a stone").await;
    assert_eq!(append(&relay, &known, 0, 8, b"a stone!").await.status, 400, "announced at the beginning");
    assert_eq!(append(&relay, &known, 0, 7, b"a stone").await.status, 204);
}

#[tokio::test]
async fn as_much_is_reserved_as_it_may_become_until_the_length_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = begin(&relay, LEAF).await;
    assert_eq!(relay.pending(), 8_000_000);
    append(&relay, &upload, 0, 20, b"").await;
    assert_eq!(relay.pending(), 20);

    relay.office.quota.store(7_000_000, SeqCst);
    assert_eq!(relay.ask("POST", UPLOADS, &deferred(b"a stone"), b"").await.status, 413);
    assert_eq!(append(&relay, &upload, 0, 20, LEAF).await.status, 204);
    assert_eq!(relay.pending(), 0);
}

#[tokio::test]
async fn what_may_have_any_length_has_an_end_too() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::with(folder.path(), Limits { max_size: 9, ..Limits::default() }).await;
    let upload = begin(&relay, b"a stone").await;
    assert_eq!(relay.append(&upload, 0, b"a mountain").await.status, 413, "announced");
    let headers = format!("{TUS}{BYTES}Upload-Offset: 0\r\nTransfer-Encoding: chunked\r\n");
    let mut request = head("mina", "PATCH", &upload, &headers);
    request.extend_from_slice(b"a\r\na mountain\r\n0\r\n\r\n");
    let answer = relay.say(&request).await.answer().await;
    assert_eq!((answer.status, answer.header("tus-max-size")), (413, Some("9")), "unannounced");
    assert_eq!(append(&relay, &upload, 0, 7, b"a stone").await.status, 204);
}

#[tokio::test]
async fn an_unknown_length_outlives_a_restart_and_may_be_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (upload, empty) = {
        let relay = Relay::open(folder.path()).await;
        let first = relay.ask("POST", UPLOADS, &format!("{}{BYTES}", deferred(LEAF)), &LEAF[..6]).await;
        assert_eq!((first.status, first.header("upload-offset")), (201, Some("6")));
        (first.header("location").unwrap().to_owned(), begin(&relay, b"").await)
    };
    let relay = Relay::open(folder.path()).await;
    assert_eq!(relay.offset(&upload).await, 6);
    assert_eq!(append(&relay, &upload, 6, 20, &LEAF[6..]).await.status, 204);
    assert_eq!(append(&relay, &empty, 0, 0, b"").await.status, 204);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20), (BlobHash::of(b""), 0)]);
}

#[tokio::test]
async fn a_length_told_with_bytes_that_do_not_add_up_is_told_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = begin(&relay, LEAF).await;
    let wrong = "Upload-Checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=\r\n";
    let headers = format!("{TUS}{BYTES}Upload-Offset: 0\r\nUpload-Length: 20\r\n{wrong}");
    assert_eq!(relay.ask("PATCH", &upload, &headers, LEAF).await.status, 460);
    let asked = relay.ask("HEAD", &upload, TUS, b"").await;
    assert_eq!((asked.header("upload-offset"), asked.header("upload-length")), (Some("0"), Some("20")));
    assert_eq!(relay.append(&upload, 0, LEAF).await.status, 204);
}
