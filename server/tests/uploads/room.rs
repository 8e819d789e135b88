//! Room for uploads: each reserves its bytes when it begins, of its person's share, of the school's and of the disk.

use std::sync::atomic::Ordering::SeqCst;

use fieldfolio_server::uploads::Limits;

use super::relay::{LEAF, Relay, UPLOADS, announce, metadata};

#[tokio::test]
async fn a_school_that_is_full_takes_no_more_from_anyone() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    relay.office.school_quota.store(25, SeqCst);
    relay.begin(LEAF).await;
    relay.begin(LEAF).await;
    let refused = relay.ask_as("tom", "POST", UPLOADS, &announce(b"a stone"), b"").await;
    assert_eq!(refused.status, 201, "what was only announced keeps nobody out");
    let refused = relay.ask("POST", UPLOADS, &announce(b"a stone of a wall"), b"").await;
    assert_eq!(refused.status, 413);
    assert!(refused.body.contains("ask the school for more"), "{}", refused.body);
    assert_eq!(relay.ask_as("tom", "POST", UPLOADS, &announce(b"grain"), b"").await.status, 201);
}

#[tokio::test]
async fn what_is_announced_and_does_not_come_holds_room_for_hours_only() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let begun = relay.begin(LEAF).await;
    assert_eq!(relay.pending(), LEAF.len() as u64);
    relay.clock.fetch_add(7 * 60 * 60 * 1000, SeqCst);
    assert_eq!(relay.pending(), 0);
    // It may come all the same, and what came of it counts.
    assert_eq!(relay.append(&begun, 0, &LEAF[..5]).await.status, 204);
    assert_eq!(relay.pending(), LEAF.len() as u64);
    relay.clock.fetch_add(7 * 60 * 60 * 1000, SeqCst);
    assert_eq!(relay.pending(), 5);
}

#[tokio::test]
async fn the_disk_is_never_filled() {
    let folder = tempfile::tempdir().unwrap();
    let free = fs4::available_space(folder.path()).unwrap();
    let limits = Limits { max_size: free, ..Limits::default() };
    let relay = Relay::with(folder.path(), limits.clone()).await;
    let announce = |length: u64, bytes: &[u8]| {
        let about = metadata(fieldfolio_core::blob::BlobHash::of(bytes));
        format!("Tus-Resumable: 1.0.0\r\nUpload-Length: {length}\r\n{about}")
    };
    // Nothing of it is ever sent: what others may still bring counts as gone, a quarter of the room for each at the most.
    let begun = relay.ask("POST", UPLOADS, &announce(free / 3 * 2, LEAF), b"").await;
    assert_eq!(begun.status, 201);
    let again = relay.ask("POST", UPLOADS, &announce(free / 3 * 2, LEAF), b"").await;
    assert_eq!(again.status, 201, "it takes its own place");
    let refused = relay.ask_as("tom", "POST", UPLOADS, &announce(free / 5 * 4, b"a stone"), b"").await;
    assert_eq!((refused.status, refused.header("retry-after")), (507, Some("3600")));
    assert!(refused.body.contains("disk is nearly full"), "{}", refused.body);

    let taken = relay.ask_as("tom", "POST", UPLOADS, &announce(free / 3 * 2, b"a stone"), b"").await;
    assert_eq!(taken.status, 201, "who announces and sends nothing keeps nobody out");

    let small = tempfile::tempdir().unwrap();
    let relay = Relay::with(small.path(), Limits { disk_floor: free / 2 * 3, ..limits }).await;
    assert_eq!(relay.ask("POST", UPLOADS, &announce(1, LEAF), b"").await.status, 507, "the floor");
}
