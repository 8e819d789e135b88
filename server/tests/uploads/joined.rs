//! Files that come as stretches, several at a time, and are joined at the end.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::uploads::Limits;

use super::relay::{Answer, BYTES, LEAF, Relay, TUS, UPLOADS, metadata};

fn stretch(length: usize) -> String {
    format!("{TUS}Upload-Concat: partial\r\nUpload-Length: {length}\r\n")
}

fn joining(stretches: &[impl AsRef<str>], bytes: &[u8]) -> String {
    let places: Vec<&str> = stretches.iter().map(AsRef::as_ref).collect();
    format!("{TUS}Upload-Concat: final;{}\r\n{}", places.join(" "), metadata(BlobHash::of(bytes)))
}

/// Brings a stretch whole; its address.
async fn bring(relay: &Relay, who: &str, bytes: &[u8]) -> String {
    let created =
        relay.ask_as(who, "POST", UPLOADS, &format!("{}{BYTES}", stretch(bytes.len())), bytes).await;
    assert_eq!(created.status, 201, "{}", created.body);
    created.header("location").unwrap().to_owned()
}

async fn leaf_in_two(relay: &Relay) -> [String; 2] {
    [bring(relay, "mina", &LEAF[..6]).await, bring(relay, "mina", &LEAF[6..]).await]
}

async fn join(relay: &Relay, stretches: &[impl AsRef<str>]) -> Answer {
    relay.ask("POST", UPLOADS, &joining(stretches, LEAF), b"").await
}

#[tokio::test]
async fn stretches_make_up_the_file_in_the_order_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    // The second one first, and in two requests.
    let begun = relay.ask("POST", UPLOADS, &stretch(14), b"").await;
    let second = begun.header("location").unwrap().to_owned();
    assert_eq!(relay.append(&second, 0, &LEAF[6..10]).await.status, 204);
    let first = bring(&relay, "mina", &LEAF[..6]).await;
    assert_eq!(relay.append(&second, 4, &LEAF[10..]).await.status, 204);
    let asked = relay.ask("HEAD", &second, TUS, b"").await;
    let said = ["upload-concat", "upload-offset", "upload-length"].map(|name| asked.header(name));
    assert_eq!(said, [Some("partial"), Some("14"), Some("14")]);
    assert!(asked.header("upload-expires").is_some(), "a stretch waits to be joined, not for ever");
    assert_eq!((relay.pending(), relay.landings()), (20, vec![]));

    let whole = format!("http://relay{second}");
    let created = join(&relay, &[&first, &whole]).await;
    assert_eq!((created.status, created.header("upload-offset")), (201, Some("20")), "{}", created.body);
    let file = created.header("location").unwrap();
    let asked = relay.ask("HEAD", file, TUS, b"").await;
    assert_eq!(asked.header("upload-concat"), Some(format!("final;{first} {second}").as_str()));
    assert_eq!((asked.header("upload-offset"), asked.header("upload-length")), (Some("20"), Some("20")));
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
    relay.store.verify(BlobHash::of(LEAF)).unwrap();
    assert_eq!((relay.pending(), relay.parts()), (0, 0), "the stretches' bytes are gone");
    assert_eq!(relay.offset(&first).await, 6, "who missed the answer may ask for them");
    assert_eq!(join(&relay, &[&second, &first]).await.status, 410, "they are part of a file");
    let day = relay.clock.load(SeqCst) + 86_400_000;
    assert_eq!(relay.uploads.sweep(Timestamp::from_millis(day)).await.unwrap(), 3);
    assert_eq!(relay.ask("HEAD", &first, TUS, b"").await.status, 404);
}

#[tokio::test]
async fn a_joined_file_takes_no_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let stretches = leaf_in_two(&relay).await;
    let with_bytes = relay.ask("POST", UPLOADS, &format!("{}{BYTES}", joining(&stretches, LEAF)), b"x").await;
    assert_eq!(with_bytes.status, 403);
    let with_length = format!("{}Upload-Length: 20\r\n", joining(&stretches, LEAF));
    assert_eq!(relay.ask("POST", UPLOADS, &with_length, b"").await.status, 400);
    let file = join(&relay, &stretches).await.header("location").unwrap().to_owned();
    for offset in [0, 20] {
        let answer = relay.append(&file, offset, b"x").await;
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("no more bytes"), "{}", answer.body);
    }
    assert_eq!(relay.ask("DELETE", &file, TUS, b"").await.status, 204);
}

#[tokio::test]
async fn who_missed_the_answer_is_told_of_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let stretches = leaf_in_two(&relay).await;
    let first = join(&relay, &stretches).await;
    let again = join(&relay, &stretches).await;
    let at_once = tokio::join!(join(&relay, &stretches), join(&relay, &stretches));
    for answer in [&again, &at_once.0, &at_once.1] {
        assert_eq!((answer.status, answer.header("location")), (201, first.header("location")));
    }
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
}

/// A large file takes a while to be joined, and its phone asks again and again meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_file_to_be_joined_holds_up_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let patience = Duration::from_secs(3_600);
    let relay = Relay::with(folder.path(), Limits { patience, ..Limits::default() }).await;
    let stretches = leaf_in_two(&relay).await;
    // The landing of this file takes as long as this thread lives.
    let (let_go, until) = std::sync::mpsc::channel::<()>();
    let (is_held, held) = tokio::sync::oneshot::channel();
    let office = relay.office.clone();
    let keeper = std::thread::spawn(move || {
        let _landings = office.landed.lock().unwrap();
        is_held.send(()).unwrap();
        let _ = until.recv();
    });
    held.await.unwrap();
    let joins =
        async { tokio::join!(join(&relay, &stretches), join(&relay, &stretches), join(&relay, &stretches)) };
    let tom = async {
        while relay.store.size(BlobHash::of(LEAF)).unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        let unknown = [format!("{UPLOADS}/{}", "0".repeat(32))];
        let headers = joining(&unknown, LEAF);
        let answer = relay.ask_as("tom", "POST", UPLOADS, &headers, b"");
        let answer = tokio::time::timeout(Duration::from_secs(60), answer).await;
        drop(let_go);
        answer.expect("he waits for somebody else's file").status
    };
    let (joined, status) = tokio::join!(joins, tom);
    keeper.join().unwrap();
    assert_eq!((status, joined.0.status, joined.1.status, joined.2.status), (404, 201, 201, 201));
}

#[tokio::test]
async fn stretches_that_cannot_be_joined_are_refused_and_stay() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let [first, second] = leaf_in_two(&relay).await;
    let begun = relay.ask("POST", UPLOADS, &stretch(9), b"").await;
    let unfinished = begun.header("location").unwrap().to_owned();
    let file = relay.begin(b"a stone").await;
    let foreign = bring(&relay, "tom", &LEAF[6..]).await;
    let tablets = bring(&relay, "mina's tablet", &LEAF[6..]).await;
    let nowhere = "/v1/uploads/0123456789abcdef0123456789abcdef".to_owned();
    for (other, status) in [(&unfinished, 400), (&file, 400), (&first, 400)] {
        assert_eq!(join(&relay, &[&first, other]).await.status, status, "{other}");
    }
    let none = join(&relay, &[&first, &nowhere]).await;
    assert_eq!(none.status, 404);
    let id = second.rsplit_once('/').unwrap().1;
    for odd in [
        foreign,
        tablets,
        id.to_owned(),
        format!("/v1/uploads/../uploads/{id}"),
        format!("/v1/uploads/%{:02x}{}", id.as_bytes()[0], &id[1..]),
        format!("{second}%00"),
        format!("{second}.part"),
        "/v1/uploads/../../relay.db".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let answer = join(&relay, &[&first, &odd]).await;
        assert_eq!((answer.status, &answer.body), (404, &none.body), "{odd}");
    }
    let nul = format!("{}\0\r\n", joining(&[&first, &second], LEAF).trim_end());
    assert_eq!(relay.say(&super::relay::head("mina", "POST", UPLOADS, &nul)).await.status().await, 400);
    assert_eq!(relay.landings(), []);
    assert_eq!(join(&relay, &[&first, &second]).await.status, 201);
}

#[tokio::test]
async fn stretches_of_another_file_are_given_up_together() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let [first, second] = leaf_in_two(&relay).await;
    let swapped = join(&relay, &[&second, &first]).await;
    assert_eq!(swapped.status, 422);
    assert!(swapped.body.contains("send the file again"), "{}", swapped.body);
    assert_eq!((relay.landings(), relay.parts(), relay.pending()), (vec![], 0, 0));
    assert_eq!(join(&relay, &[&first, &second]).await.status, 404);
}

#[tokio::test]
async fn a_crash_while_joining_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let relay = Relay::open(&before).await;
    let stretches = leaf_in_two(&relay).await;
    *relay.office.snapshot.lock().unwrap() = Some((before, after.clone()));
    let file = join(&relay, &stretches).await.header("location").unwrap().to_owned();

    let relay = Relay::open(&after).await;
    assert_eq!(relay.pending(), 20);
    assert_eq!(join(&relay, &stretches).await.header("location"), Some(file.as_str()));
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
    assert_eq!((relay.pending(), relay.parts()), (0, 0));
}

#[tokio::test]
async fn a_joined_file_that_is_refused_waits_for_a_better_day() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    relay.office.names_everything.store(false, SeqCst);
    let stretches = leaf_in_two(&relay).await;
    assert_eq!(join(&relay, &stretches).await.status, 403, "stretches claim nothing; the file does");
    relay.office.names_everything.store(true, SeqCst);
    relay.office.cannot_record.store(true, SeqCst);
    assert_eq!(join(&relay, &stretches).await.status, 503);
    relay.office.cannot_record.store(false, SeqCst);
    let answer = join(&relay, &stretches).await;
    assert_eq!(answer.status, 201);
    assert_eq!(relay.offset(answer.header("location").unwrap()).await, 20);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
}

#[tokio::test]
async fn stretches_reserve_once_and_count_as_begun() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    relay.office.quota.store(20, SeqCst);
    let quarters: Vec<&[u8]> = LEAF.chunks(5).collect();
    let mut stretches = Vec::new();
    for bytes in quarters {
        stretches.push(bring(&relay, "mina", bytes).await);
    }
    assert_eq!(relay.ask("POST", UPLOADS, &stretch(1), b"").await.status, 413, "the quota");
    relay.office.quota.store(25, SeqCst);
    assert_eq!(relay.ask("POST", UPLOADS, &stretch(1), b"").await.status, 429, "four are open");
    relay.office.quota.store(20, SeqCst);
    assert_eq!(join(&relay, &stretches).await.status, 201);
    assert_eq!(relay.landings(), [(BlobHash::of(LEAF), 20)]);
}

#[tokio::test]
async fn stretches_never_joined_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let [first, second] = leaf_in_two(&relay).await;
    let nothing = bring(&relay, "mina", b"").await;
    relay.time_passes(Duration::from_secs(7 * 86400));
    assert_eq!(join(&relay, &[&first, &nothing, &second]).await.status, 410);
    let now = Timestamp::from_millis(relay.clock.load(SeqCst));
    assert_eq!(relay.uploads.sweep(now).await.unwrap(), 3);
    assert_eq!(join(&relay, &[&first, &nothing, &second]).await.status, 404);
    assert_eq!((relay.pending(), relay.parts()), (0, 0));
}

#[tokio::test]
async fn stretches_outlive_a_restart_and_may_be_empty() {
    let folder = tempfile::tempdir().unwrap();
    let mut stretches = {
        let relay = Relay::open(folder.path()).await;
        leaf_in_two(&relay).await.to_vec()
    };
    let relay = Relay::open(folder.path()).await;
    stretches.push(bring(&relay, "mina", b"").await);
    assert_eq!(join(&relay, &stretches).await.status, 201);
    relay.store.verify(BlobHash::of(LEAF)).unwrap();
}
