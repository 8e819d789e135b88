//! What whoever keeps the directory can do against an attacker, beside a running relay and under load: at once.

use std::time::{Duration, Instant};

use fieldfolio_core::device::Body;
use fieldfolio_core::sync::wire::{Cursor, DirectoryCall, Request};
use fieldfolio_tests::driver::Came;
use fieldfolio_tests::flood;
use fieldfolio_tests::real::{Client, RealSchool};

use super::{dice, school};

fn status(client: &mut Client) -> u16 {
    match client.exchange(&Request::of(Cursor::default(), Vec::new())).unwrap() {
        Ok(_) => 200,
        Err((status, _)) => status,
    }
}

#[test]
fn a_person_who_is_locked_is_answered_no_more_and_comes_in_again_when_she_is_let() {
    let school = school();
    let (mut otto, mut mina) =
        (school.client("otto", "otto").unwrap(), school.client("mina", "mina").unwrap());
    let line = otto.listen().unwrap();
    let open = school.link("otto").unwrap();
    school.office(&["person", "lock", "Otto Sample"]).unwrap();
    assert_eq!(status(&mut otto), 401);
    let words = otto.exchange(&Request::of(Cursor::default(), Vec::new())).unwrap().unwrap_err().1;
    assert!(words.contains("locked"), "{words}");
    assert!(closes(line), "his open line is closed");
    let refused = fieldfolio_tests::driver::enrol(&open, &school.folder().join("again"));
    assert!(refused.is_err(), "nobody signs in as him");
    assert_eq!(status(&mut mina), 200);
    school.office(&["person", "unlock", "Otto Sample"]).unwrap();
    assert_eq!(status(&mut otto), 200);
}

/// A line that ends within a second or so: the test's own patience is longer, and says when it is used up.
fn closes(mut line: fieldfolio_tests::driver::Line) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if let Came::Closed(_) = line.hear(Duration::from_millis(200)) {
            return true;
        }
    }
    false
}

#[test]
fn all_devices_of_a_person_end_at_once_with_what_they_vouched_for() {
    let (school, mut dice) = (school(), dice(51));
    let mut otto = school.client("otto", "otto").unwrap();
    let second = flood::another_device(&mut otto, &mut dice).unwrap().unwrap();
    let mut second = Client::with(second);
    let third = flood::another_device(&mut second, &mut dice).unwrap().unwrap();
    let mut third = Client::with(third);
    assert_eq!([status(&mut otto), status(&mut second), status(&mut third)], [200; 3]);
    let told = school.office(&["revoke", "--all", "Otto Sample", "--with-vouched"]).unwrap();
    assert_eq!(told["revoked"].as_array().unwrap().len(), 3, "{told}");
    assert_eq!([status(&mut otto), status(&mut second), status(&mut third)], [401; 3]);
    let again = school.office(&["revoke", "--all", "Otto Sample"]).unwrap();
    assert_eq!(again["revoked"].as_array().unwrap().len(), 0);
}

#[test]
fn an_open_invitation_is_listed_and_cancelled() {
    let school = school();
    let link = school.link("otto").unwrap();
    let open = school.office(&["invitation", "list", "Otto Sample"]).unwrap();
    let key = open[0]["key"].as_str().unwrap().to_owned();
    school.office(&["invitation", "cancel", &key[..12]]).unwrap();
    assert!(school.office(&["invitation", "list", "Otto Sample"]).unwrap().as_array().unwrap().is_empty());
    let refused =
        fieldfolio_tests::driver::enrol(&link, &school.folder().join("otto")).unwrap_err().to_string();
    assert!(refused.contains("expired") || refused.contains("ask for a new one"), "{refused}");
    assert!(school.office(&["invitation", "cancel", &key]).is_err(), "it is open no more");
    assert!(school.office(&["invitation", "cancel", "a"]).is_err(), "that could be any");
}

#[test]
fn a_kind_is_taken_away_with_what_follows_from_it() {
    let school = school();
    let mut sam = school.client("sam", "sam").unwrap();
    school.office(&["person", "add-kind", "Sam Sample", "guardian"]).unwrap();
    let refused =
        school.office(&["person", "remove-kind", "Ms Ito Sample", "teacher"]).unwrap_err().to_string();
    assert!(refused.contains("person lock"), "{refused}");
    school.office(&["person", "remove-kind", "Sam Sample", "administrator"]).unwrap();
    // An administrator no more, she invites nobody else.
    let invite = |client: &mut Client, person| {
        let key = fieldfolio_core::signing::SecretKey::generate(&mut fieldfolio_tests::driver::OsRng);
        let expires = fieldfolio_tests::driver::now().plus_millis(100_000);
        let message =
            fieldfolio_core::signing::invitation_message(client.me.school, &key.public(), person, expires);
        let frame = fieldfolio_core::sync::wire::Invite {
            invitation: key.public(),
            person,
            expires,
            signature: client.me.key.sign(&message),
        };
        client.ask_directory(&DirectoryCall::Invite(frame)).unwrap().status
    };
    assert_eq!(invite(&mut sam, school.person("mina")), 403);
    let own = sam.me.person;
    assert_eq!(invite(&mut sam, own), 204);
    school.office(&["person", "add-kind", "Ms Ito Sample", "guardian"]).unwrap();
    school.office(&["person", "remove-kind", "Ms Ito Sample", "teacher"]).unwrap();
    let circle = school.office(&["circle", "list", "Mina Sample/Community garden"]).unwrap();
    let roles: Vec<&str> = circle["circle"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["name"] == "Ms Ito Sample")
        .map(|row| row["role"].as_str().unwrap())
        .collect();
    assert!(!roles.contains(&"teacher"), "{roles:?}");
}

#[test]
fn activity_says_who_asks_and_is_refused_and_a_limit_holds() {
    let (school, mut dice) = (school(), dice(52));
    let mut otto = school.client("otto", "otto").unwrap();
    for _ in 0..50 {
        assert_eq!(status(&mut otto), 200);
    }
    for _ in 0..5 {
        assert_eq!(otto.call("GET", "/v1/blobs/nothing", &[], Body::Empty).unwrap().status, 404);
    }
    let until = Instant::now() + Duration::from_secs(20);
    let told = loop {
        let told = school.office(&["activity", "Otto Sample"]).unwrap()[0].clone();
        if told["this_hour"]["requests"].as_u64().unwrap() >= 55 || Instant::now() > until {
            break told;
        }
    };
    assert!(told["this_hour"]["requests"].as_u64().unwrap() >= 55, "{told}");
    assert_eq!(told["this_hour"]["refused"], 5, "{told}");
    assert_eq!(told["devices"], 1);
    let all = school.office(&["activity"]).unwrap();
    assert_eq!(all[0]["person"], school.person("otto").to_string());
    assert!(!all.to_string().contains("Otto"), "ids only");
    // With a limit of her own she is refused in words, and goes on when it is lifted.
    school.office(&["person", "limit", "Otto Sample", "--records", "100"]).unwrap();
    let (_, acts) = otto.new_piece(school.folio("otto/community-garden"), &mut dice);
    let first = otto.send(&acts).unwrap();
    let (_, more) = otto.new_piece(school.folio("otto/community-garden"), &mut dice);
    let second = otto.send(&more).unwrap();
    assert!(
        second[0] == fieldfolio_core::sync::Verdict::OverQuota
            && !second.iter().any(|verdict| matches!(verdict, fieldfolio_core::sync::Verdict::Stored(_))),
        "{first:?} {second:?}"
    );
    school.office(&["person", "limit", "Otto Sample"]).unwrap();
    assert!(matches!(otto.send(&more).unwrap()[0], fieldfolio_core::sync::Verdict::Stored(_)));
}

/// Silent connections of one address, more than the relay has places: others are answered.
#[test]
fn who_says_nothing_takes_nobodys_place() {
    let school = RealSchool::start_with("connections = 400\n").unwrap();
    let mut mina = school.client("mina", "mina").unwrap();
    let mut silent = Vec::new();
    for _ in 0..1_500 {
        match std::net::TcpStream::connect(school.address) {
            Ok(stream) => silent.push(stream),
            Err(error) => panic!("{error}"),
        }
    }
    for _ in 0..5 {
        assert_eq!(status(&mut mina), 200);
    }
    assert_eq!(mina.call("GET", "/health", &[], Body::Empty).unwrap().status, 200);
    drop(silent);
}

/// Where a web server is named, each caller behind it has her own guesses; where none is, nobody is believed.
#[test]
fn callers_behind_a_named_web_server_are_told_apart() {
    for (settings, told_apart) in [("", false), ("proxies = ['127.0.0.1']\n", true)] {
        let school = RealSchool::start_with(settings).unwrap();
        let mut mina = school.client("mina", "mina").unwrap();
        let mut stranger = Client::with(mina.me.clone());
        let mut guess = |from: &str, number: u32| {
            stranger.me.token[..4].copy_from_slice(&number.to_be_bytes());
            let mut client = Client::with(stranger.me.clone());
            let headers = [("X-Forwarded-For", format!("198.51.100.77, {from}"))];
            client.call("POST", "/v1/sync", &headers, Body::Bytes(Vec::new())).unwrap().status
        };
        let statuses: Vec<u16> = (0..400).map(|number| guess("203.0.113.9", number)).collect();
        assert!(statuses.contains(&429), "who guesses waits");
        let other = guess("203.0.113.10", 9_999);
        assert_eq!(other == 401, told_apart, "{other}");
        assert_eq!(status(&mut mina), 200);
    }
}

#[test]
fn refusals_are_kept_by_no_cache() {
    let school = school();
    use std::io::{Read, Write};
    for path in ["/v1/sync", "/v1/blobs/x"] {
        let mut stream = std::net::TcpStream::connect(school.address).unwrap();
        let method = if path.ends_with("sync") { "POST" } else { "GET" };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(
            said.starts_with("HTTP/1.1 401") && said.to_lowercase().contains("cache-control: no-store"),
            "{said}"
        );
    }
}
