//! Who may bring what, how much and for how long; what others learn of it: nothing.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::PersonId;
use fieldfolio_core::time::Timestamp;

use super::relay::{Answer, BYTES, LEAF, MINA, PIECE, Relay, TUS, UPLOADS, announce};

#[tokio::test]
async fn nobody_gets_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    for (method, path) in [("POST", UPLOADS), ("HEAD", &upload), ("PATCH", &upload), ("DELETE", &upload)] {
        assert_eq!(relay.ask_as("nobody", method, path, TUS, b"").await.status, 401, "{method}");
    }
}

#[tokio::test]
async fn an_upload_of_another_device_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let nowhere = "/v1/uploads/0123456789abcdef0123456789abcdef";
    let bring = format!("{TUS}{BYTES}Upload-Offset: 0\r\n");
    for who in ["tom", "mina's tablet"] {
        for (method, headers, body) in
            [("HEAD", TUS, &b""[..]), ("PATCH", &bring, LEAF), ("DELETE", TUS, b"")]
        {
            let theirs = relay.ask_as(who, method, &upload, headers, body).await;
            let none = relay.ask_as(who, method, nowhere, headers, body).await;
            assert_eq!((theirs.status, &theirs.body), (404, &none.body), "{who} {method}");
            let names = |answer: &Answer| answer.headers.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
            assert_eq!(names(&theirs), names(&none), "{who} {method}");
        }
    }
    assert_eq!(relay.offset(&upload).await, 0);
}

#[tokio::test]
async fn odd_ids_name_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let id = upload.strip_prefix("/v1/uploads/").unwrap();
    let escaped = format!("%{:02x}{}", id.as_bytes()[0], &id[1..]);
    let upper = "0123456789ABCDEF0123456789ABCDEF";
    for odd in [
        "../uploads.db",
        "..%2fuploads.db",
        "%2e%2e/uploads.db",
        "%00",
        "a%00b",
        "x",
        upper,
        &escaped,
        &format!("{id}/"),
        &format!("{id}.part"),
        &format!("{id}%00"),
        &format!("./{id}"),
        &"a".repeat(3000),
        "%ff%fe",
    ] {
        for method in ["HEAD", "PATCH", "DELETE"] {
            let answer = relay.ask(method, &format!("/v1/uploads/{odd}"), TUS, b"").await;
            assert_eq!(answer.status, 404, "{method} {odd}");
        }
    }
    assert_eq!(relay.offset(&upload).await, 0);
}

#[tokio::test]
async fn an_upload_left_for_a_week_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    relay.append(&upload, 0, &LEAF[..6]).await;
    relay.time_passes(Duration::from_secs(7 * 86400 - 1));
    assert_eq!(relay.offset(&upload).await, 6);

    relay.time_passes(Duration::from_secs(1));
    assert_eq!(relay.ask("HEAD", &upload, TUS, b"").await.status, 410);
    assert_eq!(relay.append(&upload, 6, &LEAF[6..]).await.status, 410);
    assert_eq!(relay.ask_as("tom", "HEAD", &upload, TUS, b"").await.status, 404);

    let now = Timestamp::from_millis(relay.clock.load(SeqCst));
    assert_eq!(relay.uploads.sweep(now).await.unwrap(), 1);
    assert_eq!(relay.ask("HEAD", &upload, TUS, b"").await.status, 404);
    assert_eq!((relay.pending(), relay.parts()), (0, 0));
    assert_eq!(relay.uploads.sweep(now).await.unwrap(), 0);
}

#[tokio::test]
async fn a_person_is_forgotten_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let hers = relay.begin(LEAF).await;
    relay.append(&hers, 0, &LEAF[..6]).await;
    let his = relay.ask_as("tom", "POST", UPLOADS, &announce(LEAF), b"").await;
    assert_eq!(relay.uploads.forget(MINA).await.unwrap(), 1);
    assert_eq!(relay.ask("HEAD", &hers, TUS, b"").await.status, 404);
    assert_eq!(relay.ask_as("tom", "HEAD", his.header("location").unwrap(), TUS, b"").await.status, 200);
    assert_eq!(relay.parts(), 0);
    assert_eq!(relay.uploads.reserved(PersonId::from_bytes([2; 16])).unwrap().person, 20);
}

#[tokio::test]
async fn uploads_to_a_piece_that_is_gone_stop_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    relay.append(&upload, 0, &LEAF[..6]).await;
    assert_eq!(relay.uploads.forget_pieces(|piece| Ok(piece != PIECE)).await.unwrap(), 0);
    assert_eq!(relay.uploads.forget_pieces(|piece| Ok(piece == PIECE)).await.unwrap(), 1);
    assert_eq!(relay.ask("HEAD", &upload, TUS, b"").await.status, 404);
    assert_eq!((relay.pending(), relay.parts()), (0, 0));
}

#[tokio::test]
async fn bytes_the_relay_knows_are_answered_like_any_others() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let mut answers = Vec::new();
    for who in ["mina", "tom"] {
        let created = relay.ask_as(who, "POST", UPLOADS, &announce(LEAF), b"").await;
        let upload = created.header("location").unwrap();
        let asked = relay.ask_as(who, "HEAD", upload, TUS, b"").await;
        let headers = format!("{TUS}{BYTES}Upload-Offset: 0\r\n");
        let landed = relay.ask_as(who, "PATCH", upload, &headers, LEAF).await;
        let mut said = Vec::new();
        for answer in [&created, &asked, &landed] {
            let headers =
                answer.headers.iter().filter(|(name, _)| !["location", "date"].contains(&name.as_str()));
            said.push((answer.status, headers.cloned().collect::<Vec<_>>(), answer.body.clone()));
        }
        answers.push(said);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(relay.landings().len(), 2);
    let mut stored = 0;
    relay.store.each(&mut |_| stored += 1).unwrap();
    assert_eq!(stored, 1);
}

#[tokio::test]
async fn what_may_not_be_brought_is_refused_before_it_travels() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    relay.office.names_everything.store(false, SeqCst);
    let unnamed = relay.ask("POST", UPLOADS, &announce(LEAF), b"").await;
    assert_eq!(unnamed.status, 403);
    assert!(unnamed.body.contains("send the change that names it first"), "{}", unnamed.body);

    relay.office.names_everything.store(true, SeqCst);
    relay.office.quota.store(25, SeqCst);
    relay.begin(LEAF).await;
    let full = relay.ask("POST", UPLOADS, &announce(b"a stone"), b"").await;
    assert_eq!(full.status, 413, "the leaf has reserved its share");
    assert!(full.body.contains("20 of 25 bytes are used"), "{}", full.body);
}

#[tokio::test]
async fn a_large_refusal_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    relay.office.names_everything.store(false, SeqCst);
    let photo = vec![7; 6_000_000];
    let answer = relay.ask("POST", UPLOADS, &format!("{}{BYTES}", announce(&photo)), &photo).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_refusal_at_the_end_waits_for_a_better_day() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    relay.office.names_everything.store(false, SeqCst);
    assert_eq!(relay.append(&upload, 0, LEAF).await.status, 403);
    assert_eq!(
        relay.ask("HEAD", &upload, TUS, b"").await.status,
        403,
        "never told as an offset: it would read as done"
    );
    assert!(!relay.store.contains(BlobHash::of(LEAF)).unwrap());

    relay.office.names_everything.store(true, SeqCst);
    assert_eq!(relay.offset(&upload).await, 20);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
}

#[tokio::test]
async fn a_device_cannot_begin_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    for stone in 0..4_u8 {
        relay.begin(&[stone]).await;
    }
    assert_eq!(relay.ask("POST", UPLOADS, &announce(LEAF), b"").await.status, 429);
    assert_eq!(relay.ask_as("mina's tablet", "POST", UPLOADS, &announce(LEAF), b"").await.status, 201);
}
