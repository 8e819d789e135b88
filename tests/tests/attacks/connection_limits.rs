//! Who opens connections and says nothing, or says it slowly, or too often, or guesses: she is hung up on or told to wait,
//! and ordinary work goes on beside her, in bounded memory.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use fieldfolio_core::device::{Body, Enrolment};
use fieldfolio_core::ids::{DocumentId, SeededRng};
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::signing::SecretKey;
use fieldfolio_core::sync::wire::{self, Cursor, Item, ReEnrol, Request, Verdict};
use fieldfolio_tests::driver::{OsRng, now};
use fieldfolio_tests::processes::signal;
use fieldfolio_tests::real::{Client, RealSchool, Writing};

/// Connections that stand open and say nothing.
const IDLE: usize = 2_000;

fn knock(school: &RealSchool) -> TcpStream {
    TcpStream::connect(school.address).unwrap()
}

/// One piece of work with ten changes, each taken for good.
fn ordinary_work(client: &mut Client, school: &RealSchool, seed: u64) {
    let mut dice = SeededRng::new(seed);
    let (piece, acts) = client.new_piece(school.folio("mina/community-garden"), &mut dice);
    assert!(client.send(&acts).unwrap().iter().all(|verdict| matches!(verdict, Verdict::Stored(_))));
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    for number in 0..10 {
        let change = content.write(&client.me, &[], |edit| edit.title(format!("A leaf, {number}")));
        assert!(matches!(client.send(&[Item::Change(change)]).unwrap()[0], Verdict::Stored(_)));
    }
}

fn memory(school: &RealSchool) -> u64 {
    school.relay.lock().unwrap().memory().unwrap().0
}

#[test]
fn two_thousand_silent_and_two_hundred_slow_callers_keep_nobody_from_working() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    ordinary_work(&mut client, &school, 1);
    let before = memory(&school);
    let silent: Vec<TcpStream> = (0..IDLE).map(|_| knock(&school)).collect();
    // Heads that never end, and bodies of which a byte comes now and then.
    let mut slow: Vec<TcpStream> = (0..200).map(|_| knock(&school)).collect();
    for (number, stream) in slow.iter_mut().enumerate() {
        let words: &[u8] = match number % 2 {
            0 => b"POST /v1/sync HTTP/1.1\r\nHost: school\r\nX-Slow: ",
            _ => b"POST /v1/enrol HTTP/1.1\r\nHost: school\r\nContent-Length: 4000\r\n\r\n",
        };
        stream.write_all(words).unwrap();
    }
    for round in 0..5 {
        for stream in &mut slow {
            // Some have been hung up on.
            let _ = stream.write_all(b"a");
        }
        ordinary_work(&mut client, &school, 10 + round);
    }
    let grown = memory(&school).saturating_sub(before);
    assert!(grown < 100_000, "the relay holds {grown} kB more for {IDLE} who say nothing");
    drop((silent, slow));
    ordinary_work(&mut client, &school, 99);
}

#[test]
fn who_calls_while_hundreds_of_others_wait_to_be_taken_is_not_dropped() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    let most: usize =
        std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap().trim().parse().unwrap();
    let calls = most.min(800);
    let relay = school.relay.lock().unwrap().number().unwrap();
    signal(relay, "STOP").unwrap();
    // Nobody takes a call. The system answers each at once as long as there is room for it to wait, else never.
    let call = || TcpStream::connect_timeout(&school.address, Duration::from_secs(30));
    let waiting: Vec<TcpStream> = (0..calls).map_while(|_| call().ok()).collect();
    signal(relay, "CONT").unwrap();
    assert_eq!(waiting.len(), calls, "so many of them wait");
    ordinary_work(&mut client, &school, 1);
}

#[test]
fn oversized_heads_and_bodies_are_refused_and_the_line_is_closed() {
    let school = RealSchool::start().unwrap();
    let answer = |words: Vec<u8>| {
        let mut stream = knock(&school);
        // The other side may hang up before it has heard everything.
        let _ = stream.write_all(&words);
        if words.len() < 40 {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    };
    let head = |extra: &str| {
        format!("GET /health HTTP/1.1\r\nHost: school\r\nConnection: close\r\n{extra}\r\n").into_bytes()
    };
    assert!(answer(head("")).starts_with("HTTP/1.1 200"));
    let long = answer(head(&format!("X-Long: {}\r\n", "a".repeat(200_000))));
    assert!(long.is_empty() || long.starts_with("HTTP/1.1 431"), "{long}");
    let many: String = (0..500).map(|number| format!("X-{number}: 1\r\n")).collect();
    let many = answer(head(&many));
    assert!(many.is_empty() || many.starts_with("HTTP/1.1 431"), "{many}");
    let body = vec![b'a'; 300_000];
    let mut words = format!(
        "POST /v1/enrol HTTP/1.1\r\nHost: s\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    words.push_str(&String::from_utf8(body).unwrap());
    let refused = answer(words.into_bytes());
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
    for words in ["\0\0\0\0", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "G"] {
        let said = answer(words.as_bytes().to_vec());
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{words:?}: {said}");
    }
    ordinary_work(&mut school.client("mina", "phone").unwrap(), &school, 1);
}

#[test]
fn a_device_that_floods_is_told_to_wait_and_another_works_beside_it() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    let greedy = school.client("otto", "laptop").unwrap().me;
    let told: u32 = std::thread::scope(|scope| {
        let floods: Vec<_> = (0..6)
            .map(|_| {
                let mut flood = Client::with(greedy.clone());
                scope.spawn(move || {
                    let nothing = wire::to_bytes(&Request::of(Cursor::default(), Vec::new()));
                    let mut told = 0;
                    for _ in 0..1_500 {
                        match flood.post(nothing.clone()).unwrap().status {
                            200 => {}
                            429 => told += 1,
                            other => panic!("{other}"),
                        }
                    }
                    told
                })
            })
            .collect();
        ordinary_work(&mut client, &school, 1);
        floods.into_iter().map(|flood| flood.join().unwrap()).sum()
    });
    assert!(told > 0, "nobody was told to wait");
    ordinary_work(&mut client, &school, 2);
}

#[test]
fn who_guesses_tokens_or_invitations_is_told_to_wait_and_the_school_behind_the_same_address_is_not() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    let mut dice = SeededRng::new(5);
    let mut stranger = client.me.clone();
    let link = InvitationLink::from_url(&school.link("mina").unwrap()).unwrap();
    let (mut refused, mut told) = (0, 0);
    for number in 0..500u32 {
        let answer = if number % 2 == 0 {
            stranger.token[..4].copy_from_slice(&number.to_be_bytes());
            Client::with(stranger.clone()).post(Vec::new()).unwrap()
        } else {
            let guess = InvitationLink { key: SecretKey::generate(&mut dice), ..link.clone() };
            let folder = school.folder().join("guess");
            let enrolment = Enrolment::begin(&folder, guess, now(), &mut OsRng).unwrap();
            let frame = Body::Bytes(wire::to_bytes(&enrolment.request()));
            Client::with(stranger.clone()).call("POST", "/v1/enrol", &[], frame).unwrap()
        };
        match answer.status {
            401 | 403 => refused += 1,
            429 => told += 1,
            other => panic!("{other}"),
        }
    }
    assert!(refused >= 300 && told > 0, "{refused} refused, {told} told to wait");
    // A device that is known, and an invitation that is good, are answered from there as ever.
    ordinary_work(&mut client, &school, 3);
    school.enrol("otto", "laptop").unwrap();
}

#[test]
fn nobody_comes_back_to_a_relay_that_never_went_away() {
    let school = RealSchool::start().unwrap();
    let mut device = school.enrol("mina", "phone").unwrap();
    fieldfolio_tests::driver::sync(&mut device, true, std::time::Duration::from_secs(30)).unwrap();
    let me = device.identity().clone();
    let keys = fieldfolio_core::store::records::keys(device.store().read()).unwrap();
    let own = keys.into_iter().map(|(record, _)| record).find(|record| record.device == me.device).unwrap();
    let token_hash = [7; 32];
    let message = fieldfolio_core::signing::token_message(me.school, me.device, &token_hash);
    let mut client = Client::with(me.clone());
    let mut ask = |frame: &ReEnrol| {
        let body = Body::Bytes(wire::to_bytes(frame));
        client.call("POST", "/v1/re-enrol", &[], body).unwrap().status
    };
    let good = ReEnrol { chain: vec![own], token_hash, token_signature: me.key.sign(&message) };
    assert_eq!(ask(&good), 403, "it is known here");
    assert_eq!(ask(&ReEnrol { chain: Vec::new(), ..good.clone() }), 403);
    let long = ReEnrol { chain: vec![good.chain[0].clone(); 70], ..good.clone() };
    assert_eq!(ask(&long), 403);
    // Its token is what it was.
    assert!(client.send(&[]).unwrap().is_empty());
}
