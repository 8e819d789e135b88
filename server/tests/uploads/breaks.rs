//! Lines, phones and the relay break in the middle: nothing acknowledged is lost, and nothing is ever stuck.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_server::uploads::Limits;
use tokio::io::AsyncWriteExt;

use super::relay::{BYTES, LEAF, Relay, TUS, UPLOADS, announce, copy, head};

#[tokio::test]
async fn a_creation_that_breaks_leaves_nothing_reserved() {
    let folder = tempfile::tempdir().unwrap();
    let relay =
        Relay::with(folder.path(), Limits { idle: Duration::from_millis(20), ..Limits::default() }).await;
    let mut request =
        head("mina", "POST", UPLOADS, &format!("{}{BYTES}Content-Length: 20\r\n", announce(LEAF)));
    request.extend_from_slice(&LEAF[..6]);
    assert_eq!(relay.say(&request).await.answer().await.status, 409);
    assert_eq!((relay.pending(), relay.parts()), (0, 0));
}

#[tokio::test]
async fn a_line_that_breaks_keeps_what_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let headers = format!("{TUS}{BYTES}Upload-Offset: 0\r\nContent-Length: 20\r\n");
    let mut request = head("mina", "PATCH", &upload, &headers);
    request.extend_from_slice(&LEAF[..6]);
    relay.say(&request).await.breaks().await;

    assert_eq!(relay.offset(&upload).await, 6);
    assert_eq!(relay.append(&upload, 6, &LEAF[6..]).await.status, 204);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
}

#[tokio::test]
async fn a_line_that_falls_silent_keeps_what_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let relay =
        Relay::with(folder.path(), Limits { idle: Duration::from_millis(20), ..Limits::default() }).await;
    let upload = relay.begin(LEAF).await;
    let headers = format!("{TUS}{BYTES}Upload-Offset: 0\r\nContent-Length: 20\r\n");
    let mut request = head("mina", "PATCH", &upload, &headers);
    request.extend_from_slice(&LEAF[..6]);
    assert_eq!(relay.say(&request).await.answer().await.status, 409);
    assert_eq!(relay.offset(&upload).await, 6);
}

#[tokio::test]
async fn who_comes_back_on_a_new_line_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let headers = format!("{TUS}{BYTES}Upload-Offset: 0\r\nContent-Length: 20\r\nExpect: 100-continue\r\n");
    let mut stale = relay.say(&head("mina", "PATCH", &upload, &headers)).await;
    stale.is_heard().await;
    stale.0.write_all(&LEAF[..6]).await.unwrap();

    let offset = relay.offset(&upload).await;
    assert!(offset == 0 || offset == 6, "whatever had arrived");
    assert_eq!(stale.answer().await.status, 423);
    assert_eq!(relay.append(&upload, offset, &LEAF[offset..]).await.status, 204);
    relay.store.verify(BlobHash::of(LEAF)).unwrap();
}

#[tokio::test]
async fn two_writers_at_once_never_mix() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let photo: Vec<u8> = (0..2_000_000_u32).map(|i| (i / 257) as u8).collect();
    let upload = relay.begin(&photo).await;
    let answers = tokio::join!(relay.append(&upload, 0, &photo), relay.append(&upload, 0, &photo));
    for answer in [answers.0, answers.1] {
        assert!([204, 409, 423].contains(&answer.status), "{answer:?}");
    }
    let offset = relay.offset(&upload).await;
    assert_eq!(relay.append(&upload, offset, &photo[offset..]).await.status, 204);
    assert_eq!(relay.landings(), [(BlobHash::of(&photo), 2_000_000)]);
    relay.store.verify(BlobHash::of(&photo)).unwrap();
}

#[tokio::test]
async fn bytes_that_do_not_match_their_hash_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    for from in [0, 9] {
        let upload = relay.begin(LEAF).await;
        if from > 0 {
            relay.append(&upload, 0, &b"a loaf, seen closely"[..from]).await;
        }
        let answer = relay.append(&upload, from, &b"a loaf, seen closely"[from..]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains("send the file again"), "{}", answer.body);
        assert_eq!(relay.ask("HEAD", &upload, TUS, b"").await.status, 404);
        assert!(!relay.store.contains(BlobHash::of(LEAF)).unwrap());
        assert_eq!((relay.landings(), relay.parts()), (vec![], 0));
    }
}

#[tokio::test]
async fn an_arrival_that_could_not_be_recorded_is_recorded_later() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    relay.office.cannot_record.store(true, SeqCst);
    let failed = relay.append(&upload, 0, LEAF).await;
    assert_eq!((failed.status, failed.body.contains("disk")), (503, false), "the cause stays inside");
    assert_eq!(relay.ask("HEAD", &upload, TUS, b"").await.status, 503);

    relay.office.cannot_record.store(false, SeqCst);
    assert_eq!(relay.append(&upload, 20, b"").await.status, 204);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
}

#[tokio::test]
async fn bytes_collected_before_their_landing_are_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    relay.office.cannot_record.store(true, SeqCst);
    assert_eq!(relay.append(&upload, 0, LEAF).await.status, 503);
    relay.uploads.while_nothing_lands(|| relay.store.remove(BlobHash::of(LEAF))).unwrap();

    relay.office.cannot_record.store(false, SeqCst);
    assert_eq!(relay.offset(&upload).await, 0);
    assert_eq!(relay.append(&upload, 0, LEAF).await.status, 204);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
}

#[tokio::test]
async fn who_begins_again_loses_nothing_but_the_old_address() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let lost = relay.begin(LEAF).await;
    relay.append(&lost, 0, &LEAF[..6]).await;
    let upload = relay.begin(LEAF).await;
    assert_eq!(relay.pending(), 20, "reserved once");
    assert_eq!(relay.ask("HEAD", &lost, TUS, b"").await.status, 404);
    assert_eq!(relay.append(&upload, 0, LEAF).await.status, 204);
}

#[tokio::test]
async fn a_crash_before_the_landing_is_recorded_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(&folder.path().join("before")).await;
    *relay.office.snapshot.lock().unwrap() =
        Some((folder.path().join("before"), folder.path().join("after")));
    let upload = relay.begin(LEAF).await;
    relay.append(&upload, 0, LEAF).await;

    let relay = Relay::open(&folder.path().join("after")).await;
    assert_eq!(relay.pending(), 20);
    assert_eq!(relay.offset(&upload).await, 20, "asking is enough: clients take this offset for success");
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
    assert_eq!(relay.pending(), 0);
}

#[tokio::test]
async fn after_a_crash_the_same_bytes_may_also_be_brought_anew() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(&folder.path().join("before")).await;
    *relay.office.snapshot.lock().unwrap() =
        Some((folder.path().join("before"), folder.path().join("after")));
    let upload = relay.begin(LEAF).await;
    relay.append(&upload, 0, LEAF).await;

    let relay = Relay::open(&folder.path().join("after")).await;
    let upload = relay.begin(LEAF).await;
    assert_eq!(relay.append(&upload, 0, LEAF).await.status, 204);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
    assert_eq!(relay.pending(), 0);
}

#[tokio::test]
async fn after_a_crash_the_offset_is_what_the_disk_has() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let relay = Relay::open(&before).await;
    let [longer, shorter, missing] = [&b"a leaf of the oak"[..], b"a leaf of the ash", b"a leaf of the elm"];
    let mut uploads = Vec::new();
    for bytes in [longer, shorter, missing] {
        let upload = relay.begin(bytes).await;
        relay.append(&upload, 0, &bytes[..6]).await;
        uploads.push(upload);
    }
    copy(&before, &after);
    let part =
        |upload: &str| after.join("blobs/parts").join(format!("{}.part", &upload["/v1/uploads/".len()..]));
    std::fs::write(part(&uploads[0]), b"a leaf, never acknowledged").unwrap();
    std::fs::write(part(&uploads[1]), b"a l").unwrap();
    std::fs::remove_file(part(&uploads[2])).unwrap();
    let orphan = part("/v1/uploads/0123456789abcdef0123456789abcdef");
    std::fs::write(&orphan, b"of no upload").unwrap();

    let relay = Relay::open(&after).await;
    assert!(!orphan.exists());
    for (upload, bytes, offset) in
        [(&uploads[0], longer, 6), (&uploads[1], shorter, 3), (&uploads[2], missing, 0)]
    {
        assert_eq!(relay.offset(upload).await, offset);
        assert_eq!(relay.append(upload, offset, &bytes[offset..]).await.status, 204);
        relay.store.verify(BlobHash::of(bytes)).unwrap();
    }
}

#[tokio::test]
async fn a_restart_in_the_middle_is_not_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let upload = {
        let relay = Relay::open(folder.path()).await;
        let upload = relay.begin(LEAF).await;
        relay.append(&upload, 0, &LEAF[..6]).await;
        upload
    };
    let relay = Relay::open(folder.path()).await;
    assert_eq!(relay.offset(&upload).await, 6);
    assert_eq!(relay.append(&upload, 6, &LEAF[6..]).await.status, 204);
    let relay = Relay::open(folder.path()).await;
    assert_eq!(relay.offset(&upload).await, 20);
    assert_eq!(relay.landings(), [], "it landed before");
}
