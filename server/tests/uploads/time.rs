//! Time passes: slow bodies, silent ones, and the janitor's rounds. The clock here stands still until everything waits
//! for it, and then jumps; nothing is waited for.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use futures_util::{StreamExt, stream};

use super::relay::{BYTES, LEAF, Relay, TUS, copy};

/// A body of which these parts come after one another with a pause before each, and then nothing, without an end.
fn slowly(parts: &'static [&'static [u8]], pause: Duration) -> Body {
    let parts = stream::iter(parts).then(move |bytes| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, std::io::Error>(Bytes::from_static(bytes))
    });
    Body::from_stream(parts.chain(stream::pending()))
}

fn patch(upload: &str, body: Body) -> Request<Body> {
    let request = Request::patch(upload).header("authorization", "mina").header("upload-offset", 0);
    let request = request.header("tus-resumable", "1.0.0");
    request.header("content-type", "application/offset+octet-stream").body(body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_slow_phone_loses_a_second_when_the_relay_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let relay = Relay::open(&before).await;
    let upload = relay.begin(LEAF).await;
    let trickle: &[&[u8]] = &[b"a", b" ", b"l", b"e", b"a", b"f"];
    let sending = tokio::spawn({
        let (app, request) = (relay.app.clone(), patch(&upload, slowly(trickle, Duration::from_millis(450))));
        async move { super::relay::hand(app, request).await }
    });
    tokio::time::sleep(Duration::from_millis(2300)).await;
    copy(&before, &after);
    let killed = Relay::open(&after).await;
    assert_eq!(killed.offset(&upload).await, 4, "what came in the last second is asked for again");
    // The last byte waits for nothing but the end of its second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    std::fs::remove_dir_all(&after).unwrap();
    copy(&before, &after);
    let killed = Relay::open(&after).await;
    assert_eq!(killed.offset(&upload).await, 6);
    assert_eq!(sending.await.unwrap().status(), StatusCode::CONFLICT, "and then it fell silent");
}

#[tokio::test(start_paused = true)]
async fn a_body_is_waited_for_as_long_as_it_says_something() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let began = tokio::time::Instant::now();
    let body = slowly(&[b"a", b" ", b"leaf"], Duration::from_secs(29));
    let answer = super::relay::hand(relay.app.clone(), patch(&upload, body)).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(began.elapsed().as_secs(), 3 * 29 + 30);
    assert_eq!(relay.offset(&upload).await, 6);
}

#[tokio::test(start_paused = true)]
async fn the_janitor_removes_what_is_past_its_time_within_the_hour() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let janitor = tokio::spawn(relay.uploads.clone().janitor());
    let left = relay.begin(LEAF).await;
    relay.append(&left, 0, &LEAF[..6]).await;
    relay.time_passes(Duration::from_secs(6 * 86400));
    let young = relay.begin(b"a stone").await;
    tokio::time::sleep(Duration::from_secs(3601)).await;
    assert_eq!((relay.offset(&left).await, relay.parts()), (6, 1));

    relay.time_passes(Duration::from_secs(86400));
    tokio::time::sleep(Duration::from_secs(3601)).await;
    assert_eq!((relay.parts(), relay.pending()), (0, 0), "nobody asked for it");
    assert_eq!(relay.ask("HEAD", &left, TUS, b"").await.status, 404);
    assert_eq!(relay.offset(&young).await, 0);
    let headers = format!("{TUS}{BYTES}Upload-Offset: 0\r\n");
    assert_eq!(relay.ask("PATCH", &young, &headers, b"a stone").await.status, 204);
    janitor.abort();
}
