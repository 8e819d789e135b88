//! How a live connection is refused, and how it ends.

use std::io::Read;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldfolio_core::device::Body;
use fieldfolio_core::ids::{DocumentId, PieceId, SeededRng};
use fieldfolio_core::sync::wire::{self, Cursor, Fill, MAX_ITEMS, MAX_REQUEST_BYTES, Request};
use fieldfolio_tests::driver::{Line, Until, follow, now};
use fieldfolio_tests::real::{Client, RealSchool};

use crate::listener::{Listener, PATIENCE, Received, Writer};

#[test]
fn only_an_enrolled_device_gets_in_by_header_or_by_protocol() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    let url = format!("{}/v1/live", school.url.replacen("http", "ws", 1));
    let token = URL_SAFE_NO_PAD.encode(client.me.token);
    let offer = |text: String| vec![("sec-websocket-protocol", text)];
    let status = |headers: &[(&'static str, String)]| match Line::open_with(&url, headers) {
        Ok(line) => (101, line.protocol),
        Err(refused) => {
            assert!(refused.status != 401 || refused.words.split_whitespace().count() > 4);
            (refused.status, None)
        }
    };
    let chosen = Some("fieldfolio-2".to_owned());
    assert_eq!(status(&offer(format!("fieldfolio-2, bearer.{token}"))), (101, chosen.clone()));
    assert_eq!(status(&offer(format!("bearer.{token},fieldfolio-2"))), (101, chosen));
    assert_eq!(status(&[("authorization", format!("Bearer {token}"))]), (101, None));
    let unknown = URL_SAFE_NO_PAD.encode([9; 32]);
    for headers in [
        vec![],
        offer("fieldfolio-2".into()),
        offer(format!("fieldfolio-2, bearer.{unknown}")),
        offer(format!("fieldfolio-2, {token}")),
        offer(format!("fieldfolio-2, bearer.{token}x")),
        offer(format!("fieldfolio-2, bearer.{}", "A".repeat(5_000))),
        vec![("authorization", format!("Bearer {unknown}"))],
        vec![("authorization", format!("Basic {token}"))],
    ] {
        assert_eq!(status(&headers).0, 401, "{headers:?}");
    }
    // Elsewhere a token among protocols opens nothing.
    client.authorization = None;
    let headers = [("Sec-WebSocket-Protocol", format!("fieldfolio-2, bearer.{token}"))];
    for path in ["/v1/sync", "/v1/directory"] {
        assert_eq!(client.call("POST", path, &headers, Body::Empty).unwrap().status, 401, "{path}");
    }
    // Without the wish for a socket there is none.
    client.authorization = Some(format!("Bearer {token}"));
    assert!(matches!(client.call("GET", "/v1/live", &[], Body::Empty).unwrap().status, 400 | 426));
    school.office(&["revoke", &client.me.device.to_string()]).unwrap();
    assert_eq!(status(&offer(format!("fieldfolio-2, bearer.{token}"))).0, 401);
    assert_eq!(status(&[("authorization", format!("Bearer {token}"))]).0, 401);
}

#[test]
fn a_device_that_the_command_line_revokes_hears_it_within_a_second() {
    let school = RealSchool::start().unwrap();
    let phone = school.client("mina", "phone").unwrap();
    let tablet = school.client("mina", "tablet").unwrap();
    let mut asked = Listener::caught_up(&phone);
    let mut silent = Listener::silent(&phone);
    let mut other = Listener::caught_up(&tablet);
    school.office(&["revoke", &phone.me.device.to_string()]).unwrap();
    let revoked = Instant::now();
    for listener in [&mut asked, &mut silent] {
        assert_eq!(listener.closed(), Some((4401, "revoked".into())));
        assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    }
    println!("closed {:?} after the command's end", revoked.elapsed());
    // Her other device is told, and stays.
    assert_eq!(other.hear(), Received::News);
}

#[test]
fn a_device_that_follows_is_locked_when_it_is_revoked() {
    let school = RealSchool::start().unwrap();
    let mut device = school.enrol("mina", "phone").unwrap();
    let id = device.identity().device.to_string();
    let mut revoked = false;
    let report = follow(&mut device, Until::After(PATIENCE), |_, _| {
        if !std::mem::replace(&mut revoked, true) {
            school.office(&["revoke", &id]).unwrap();
        }
    });
    assert!(report.unwrap().locked);
    assert!(device.status().unwrap().locked);
}

#[test]
fn what_is_no_request_ends_the_connection_with_a_reason() {
    let school = RealSchool::start().unwrap();
    let client = school.client("mina", "phone").unwrap();
    let nothing = Request::of(Cursor::default(), Vec::new());
    let document = DocumentId::content(PieceId::new(now(), &mut SeededRng::new(3)));
    let many = vec![Fill { document, after: 0 }; MAX_ITEMS + 1];
    for (frame, code) in [
        (vec![], 1008),
        (b"nothing that anyone speaks".to_vec(), 1008),
        (vec![0x9b; 10_000], 1008),
        (wire::to_bytes(&Request { version: 9, ..nothing.clone() }), 1008),
        (wire::to_bytes(&Request { fill: many, ..nothing.clone() }), 1008),
        ([wire::to_bytes(&nothing), vec![0]].concat(), 1008),
        (vec![0; MAX_REQUEST_BYTES + 1], 1009),
    ] {
        let mut listener = Listener::silent(&client);
        listener.line.send(frame);
        let (said, reason) = listener.closed().unwrap();
        assert_eq!(said, code, "{reason}");
        assert!(reason.split_whitespace().count() > 3, "{reason}");
    }
    let mut talker = Listener::caught_up(&client);
    talker.line.send_text("hello");
    assert_eq!(talker.closed().unwrap().0, 1003);
    let mut shouter = Listener::caught_up(&client);
    shouter.line.send(vec![0; 3 * MAX_REQUEST_BYTES]);
    // Far too large is not read at all; whether the reason is heard is the line's luck.
    assert!(shouter.closed().is_none_or(|(code, _)| code == 1002));
    Listener::caught_up(&client);
}

#[test]
fn a_fifth_connection_of_a_device_ends_its_oldest_and_a_full_relay_refuses() {
    let school = RealSchool::start_with("live_connections = 6").unwrap();
    let phone = school.client("mina", "phone").unwrap();
    let mut listeners: Vec<Listener> = (0..5).map(|_| Listener::caught_up(&phone)).collect();
    assert_eq!(listeners.remove(0).closed().unwrap().0, 4429);
    let tablet = school.client("mina", "tablet").unwrap();
    let others = [Listener::caught_up(&tablet), Listener::caught_up(&tablet)];
    let refused = tablet.listen().err().unwrap();
    assert_eq!(refused.status, 503, "{refused}");
    drop(others);
    let mut writer = Writer::new(school.client("mina", "laptop").unwrap(), &school, "mina/home", 5);
    writer.write("the others still hear");
    for listener in &mut listeners {
        while !writer.written.is_subset(&listener.changes) {
            assert_eq!(listener.hear(), Received::News);
        }
    }
}

#[test]
fn a_relay_that_stops_says_good_bye() {
    let mut school = RealSchool::start().unwrap();
    let mut listener = Listener::caught_up(&school.client("mina", "phone").unwrap());
    let relay =
        std::sync::Arc::into_inner(std::mem::replace(&mut school.relay, RealSchool::start().unwrap().relay));
    let stopping = std::thread::spawn(move || relay.unwrap().into_inner().unwrap().stop());
    assert_eq!(listener.closed().unwrap().0, 1001);
    stopping.join().unwrap().unwrap();
}

#[test]
fn who_answers_no_ping_is_closed() {
    let school = RealSchool::start_with("live_ping_seconds = 1").unwrap();
    let client = school.client("mina", "phone").unwrap();
    let mut alive = Listener::caught_up(&client);
    let mut silent = client.listen().unwrap();
    let mut bytes = Vec::new();
    // Read below the protocol, which would answer pings by itself.
    silent.stream().set_read_timeout(Some(PATIENCE)).unwrap();
    silent.stream().read_to_end(&mut bytes).unwrap();
    let ping = [0x89, 0];
    assert!(bytes.starts_with(&ping), "{bytes:?}");
    let close = bytes.iter().position(|byte| *byte == 0x88).unwrap();
    assert_eq!(u16::from_be_bytes([bytes[close + 2], bytes[close + 3]]), 4408, "{bytes:?}");
    // Meanwhile nobody read this one either, but pings that wait are answered as soon as somebody does.
    let mut writer = Writer::new(Client::with(client.me.clone()), &school, "mina/home", 8);
    writer.write("still there?");
    assert!(alive.line.hear(PATIENCE) != fieldfolio_tests::driver::Came::Nothing);
}
