//! Bytes that are no frame of the protocol, or too much of one: an answer in the four hundreds, in words.

use fieldfolio_core::device::{Body, HttpAnswer};
use fieldfolio_core::ids::{DocumentId, PieceId, Rng, SeededRng};
use fieldfolio_core::sync::wire::{self, Cursor, Fill, Item, Request};
use fieldfolio_tests::real::{Client, RealSchool};

fn empty() -> Request {
    Request::of(Cursor::default(), Vec::new())
}

/// Refused, with this status and words that a person can read.
fn refused(answer: &HttpAnswer, status: u16, what: &str) {
    let words = String::from_utf8(answer.body.clone()).unwrap_or_else(|_| panic!("{what}: not text"));
    assert_eq!(answer.status, status, "{what}: {words}");
    assert!(words.split_whitespace().count() >= 3, "{what}: {words:?}");
    assert!(!words.contains("panicked") && !words.contains(".rs"), "{what}: {words:?}");
}

#[test]
fn what_is_no_frame_is_refused_in_words() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "hostile").unwrap();
    let (_, items) = client.new_piece(school.folio("mina/home"), &mut SeededRng::new(8));
    let whole = wire::to_bytes(&Request { items, ..empty() });
    let mut dice = SeededRng::new(9);
    let mut garbage = vec![0; 5_000];
    dice.fill(&mut garbage);
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("garbage", garbage),
        ("text", b"GET / HTTP/1.1".to_vec()),
        ("a thousand open lists", vec![0x9f; 1_000]),
        ("four million open lists", vec![0x81; 4 * 1024 * 1024 - 1]),
        ("a list of 2^64 items", [&[0xa1, 0x02, 0x9b][..], &[0xff; 8]].concat()),
        ("2^64 bytes", [&[0xa1, 0x01, 0x5b][..], &[0xff; 8]].concat()),
        ("something after its end", [&whole[..], b"!"].concat()),
        ("another version", wire::to_bytes(&Request { version: 9, ..empty() })),
    ] {
        refused(&client.post(bytes).unwrap(), 400, what);
    }
    for cut in (0..whole.len()).step_by(7) {
        refused(&client.post(whole[..cut].to_vec()).unwrap(), 400, "a frame cut off");
    }
    for _ in 0..200 {
        let mut bent = whole.clone();
        let at = dice.below(bent.len() as u64) as usize;
        bent[at] ^= 1 << dice.below(8);
        let answer = client.post(bent).unwrap();
        if answer.status != 200 {
            refused(&answer, 400, "a frame with one bit bent");
        }
    }
    is_well(&mut client);
}

#[test]
fn too_much_is_refused_in_words() {
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "hostile").unwrap();
    refused(&client.post(vec![0; 4 * 1024 * 1024 + 1]).unwrap(), 413, "more than 4 MiB");
    let mut dice = SeededRng::new(8);
    let (_, items) = client.new_piece(school.folio("mina/home"), &mut dice);
    let many: Vec<Item> = items.iter().cycle().take(1_001).cloned().collect();
    refused(&client.post(wire::to_bytes(&Request { items: many, ..empty() })).unwrap(), 400, "1,001 items");
    let document = DocumentId::content(PieceId::from_bytes([1; 16]));
    let fill = vec![Fill { document, after: 0 }; 1_001];
    refused(&client.post(wire::to_bytes(&Request { fill, ..empty() })).unwrap(), 400, "1,001 documents");
    for path in ["/v1/enrol", "/v1/directory"] {
        for (what, bytes) in
            [("nothing", vec![]), ("garbage", vec![0xff; 300]), ("5,000 bytes", vec![0xa0; 5_000])]
        {
            let answer = client.call("POST", path, &[], Body::Bytes(bytes)).unwrap();
            refused(&answer, 400, &format!("{what} to {path}"));
        }
    }
    for path in ["directory", "re-enrol"] {
        for (what, bytes, status) in [
            ("nothing", vec![], 400),
            ("garbage", vec![0xff; 300], 400),
            ("too much", vec![0xa0; 128 * 1024 + 1], 413),
        ] {
            let answer = client.call("POST", &format!("/v1/{path}"), &[], Body::Bytes(bytes)).unwrap();
            refused(&answer, status, &format!("{what} to {path}"));
        }
    }
    is_well(&mut client);
}

/// A line that never ends its request, and one that never reads its answer, cost the others nothing.
#[test]
fn lines_that_hang_hold_nobody_up() {
    use std::io::Write;
    let school = RealSchool::start().unwrap();
    let mut client = school.client("mina", "phone").unwrap();
    let token = client.authorization.clone().unwrap();
    let hanging: Vec<_> = (0..64)
        .map(|number| {
            let mut line = std::net::TcpStream::connect(school.address).unwrap();
            let head = match number % 3 {
                0 => format!("POST /v1/sync HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\ncontent-length: 900\r\n\r\nhalf"),
                1 => "POST /v1/sync HT".to_owned(),
                _ => format!("GET /v1/blobs/x HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n"),
            };
            line.write_all(head.as_bytes()).unwrap();
            line
        })
        .collect();
    is_well(&mut client);
    assert_eq!(hanging.len(), 64);
}

fn is_well(client: &mut Client) {
    assert_eq!(client.call("GET", "/ready", &[], Body::Empty).unwrap().status, 200);
    client.exchange(&empty()).unwrap().unwrap();
}
