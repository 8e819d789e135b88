//! Every route of the relay against every kind of caller, from a table written out by hand; and what tokens, invitations
//! and hashes open.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{Body, Device, Enrolment, HttpAnswer};
use fieldfolio_core::ids::{DocumentId, PieceId, SeededRng};
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::sync::wire::{self, Cursor, Item, Request, Verdict};
use fieldfolio_server::http::routes::routes;
use fieldfolio_tests::driver::{OsRng, now};
use fieldfolio_tests::real::{Client, RealSchool, Writing, tus};

/// Path, method, and the status for: nobody, a token that nobody has, one of a revoked device, one that holds.
const TABLE: [(&str, &str, [u16; 4]); 20] = [
    ("/", "GET", [200, 200, 200, 200]),
    ("/", "HEAD", [200, 200, 200, 200]),
    ("/{*path}", "GET", [404, 404, 404, 404]),
    ("/{*path}", "HEAD", [404, 404, 404, 404]),
    ("/health", "GET", [200, 200, 200, 200]),
    ("/ready", "GET", [200, 200, 200, 200]),
    // Asked here with an invitation that was used by another device.
    ("/v1/enrol", "POST", [403, 403, 403, 403]),
    // Asked here with no frame; `going_back` and `restore` hold who is known again.
    ("/v1/re-enrol", "POST", [400, 400, 400, 400]),
    ("/v1/sync", "POST", [401, 401, 401, 200]),
    ("/v1/live", "GET", [401, 401, 401, 101]),
    ("/v1/directory", "POST", [401, 401, 401, 204]),
    ("/v1/blobs/{hash}", "GET", [401, 401, 401, 200]),
    ("/v1/blobs/{hash}", "HEAD", [401, 401, 401, 200]),
    // A browser asks what is allowed before it shows a token.
    ("/v1/uploads", "OPTIONS", [204, 204, 204, 204]),
    ("/v1/uploads", "POST", [401, 401, 401, 201]),
    ("/v1/uploads/{id}", "OPTIONS", [204, 204, 204, 204]),
    ("/v1/uploads/{id}", "HEAD", [401, 401, 401, 200]),
    ("/v1/uploads/{id}", "PATCH", [401, 401, 401, 204]),
    ("/v1/uploads/{id}", "DELETE", [401, 401, 401, 204]),
    // With X-HTTP-Method-Override: PATCH.
    ("/v1/uploads/{id}", "POST", [401, 401, 401, 204]),
];

const LEAF: &[u8] = b"a leaf, seen closely";

/// A piece of one student, which names the leaf and four files more that are not brought yet.
struct Scene {
    school: RealSchool,
    device: Device,
    client: Client,
    piece: PieceId,
    used_link: InvitationLink,
    /// An upload that has begun, for each row.
    uploads: BTreeMap<&'static str, String>,
}

impl Scene {
    fn new() -> Self {
        let school = RealSchool::start().unwrap();
        let link = school.link("mina").unwrap();
        let device = fieldfolio_tests::driver::enrol(&link, &school.folder().join("phone")).unwrap();
        let mut client = Client::with(device.identity().clone());
        let files: Vec<Vec<u8>> = TABLE.iter().map(|(_, method, _)| file(method)).collect();
        let mut blobs: Vec<BlobHash> = files.iter().map(|bytes| BlobHash::of(bytes)).collect();
        blobs.extend([BlobHash::of(LEAF), BlobHash::of(&file("BEGIN"))]);
        blobs.sort();
        blobs.dedup();
        let piece = piece_with(&mut client, &school, "mina/bridge-workshop", &blobs, 1);
        assert_eq!(client.upload(piece, LEAF).unwrap(), 204);
        let mut uploads = BTreeMap::new();
        for (path, method, _) in TABLE {
            if path == "/v1/uploads/{id}" {
                let bytes = file(method);
                let begun = client.begin_upload(piece, BlobHash::of(&bytes), bytes.len() as u64).unwrap();
                uploads.insert(method, begun.location.unwrap());
            }
        }
        let used_link = InvitationLink::from_url(&link).unwrap();
        Self { school, device, client, piece, used_link, uploads }
    }

    /// What a well-meaning caller sends to this route.
    fn ask(&self, caller: &mut Client, path: &str, method: &'static str) -> HttpAnswer {
        let upload = || self.uploads[method].clone();
        let chunk = || Body::Bytes(file(method));
        let bytes = |place: u64| {
            let kind = ("Content-Type", "application/offset+octet-stream".to_owned());
            vec![tus(), kind, ("Upload-Offset", place.to_string())]
        };
        let (path, headers, body) = match (path, method) {
            ("/v1/enrol", _) => {
                let folder = self.school.folder().join("stranger");
                let enrolment = Enrolment::begin(&folder, self.used_link.clone(), now(), &mut OsRng).unwrap();
                (path.to_owned(), vec![], Body::Bytes(wire::to_bytes(&enrolment.request())))
            }
            ("/v1/sync", _) => (path.to_owned(), vec![], Body::Bytes(wire::to_bytes(&nothing()))),
            ("/v1/live", _) => {
                let opened = caller.listen().map(|_| 101);
                let (status, words) =
                    opened.map_or_else(|no| (no.status, no.words), |yes| (yes, String::new()));
                return HttpAnswer { status, body: words.into_bytes(), ..HttpAnswer::default() };
            }
            // `calls` holds who may ask what.
            ("/v1/directory", _) => {
                let me = self.device.identity().person;
                let (invite, _) = self.device.invite(me, now().plus_millis(60_000), &mut OsRng);
                let call = wire::DirectoryCall::Invite(invite);
                (path.to_owned(), vec![], Body::Bytes(wire::to_bytes(&call)))
            }
            ("/v1/blobs/{hash}", _) => (format!("/v1/blobs/{}", BlobHash::of(LEAF)), vec![], Body::Empty),
            ("/v1/uploads", "POST") => {
                return caller.begin_upload(self.piece, BlobHash::of(&file("BEGIN")), 9).unwrap();
            }
            ("/v1/uploads/{id}", "HEAD" | "DELETE") => (upload(), vec![tus()], Body::Empty),
            ("/v1/uploads/{id}", "PATCH") => (upload(), bytes(0), chunk()),
            ("/v1/uploads/{id}", "POST") => {
                let mut headers = bytes(0);
                headers.push(("X-HTTP-Method-Override", "PATCH".to_owned()));
                (upload(), headers, chunk())
            }
            ("/v1/uploads/{id}", _) => (upload(), vec![], Body::Empty),
            (path, _) => (path.to_owned(), vec![], Body::Empty),
        };
        caller.call(method, &path, &headers, body).unwrap()
    }
}

/// Nine bytes for each method.
fn file(method: &str) -> Vec<u8> {
    format!("{method:_<9}").into_bytes()
}

fn nothing() -> Request {
    Request::of(Cursor::default(), Vec::new())
}

/// A new piece in a folio, shared with its circle, whose content names these blobs.
fn piece_with(
    client: &mut Client,
    school: &RealSchool,
    folio: &str,
    blobs: &[BlobHash],
    seed: u64,
) -> PieceId {
    let mut dice = SeededRng::new(seed);
    let (piece, mut items) = client.new_piece(school.folio(folio), &mut dice);
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    items.push(Item::Change(content.write(&client.me, blobs, |edit| edit.title("A leaf"))));
    let verdicts = client.send(&items).unwrap();
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
    piece
}

#[test]
fn every_route_is_in_the_table_and_the_table_names_no_other() {
    let mut listed: Vec<(&str, &str)> =
        routes().iter().flat_map(|route| route.methods.iter().map(|method| (route.path, *method))).collect();
    let mut written: Vec<(&str, &str)> = TABLE.iter().map(|(path, method, _)| (*path, *method)).collect();
    listed.sort_unstable();
    written.sort_unstable();
    assert_eq!(listed, written, "left: routes.rs, right: the table in this test");
}

#[test]
fn every_route_answers_every_caller_as_the_table_says_and_a_revocation_at_once() {
    let scene = Scene::new();
    let shows = |authorization: Option<String>| {
        let mut caller = Client::with(scene.client.me.clone());
        caller.authorization = authorization;
        caller
    };
    let unknown = URL_SAFE_NO_PAD.encode([7; 32]);
    let own = scene.client.authorization.clone().unwrap();
    let garbage = [
        format!("Bearer {unknown}"),
        "Bearer".to_owned(),
        format!("Bearer {}", "A".repeat(10_000)),
        own.replace("Bearer", "Basic"),
        format!("{own}x"),
        own[..own.len() - 1].to_owned(),
    ];
    let check = |column: usize, caller: &mut Client| {
        for (path, method, statuses) in TABLE {
            let answer = scene.ask(caller, path, method);
            let words = String::from_utf8_lossy(&answer.body).into_owned();
            assert_eq!(answer.status, statuses[column], "{method} {path}, caller {column}: {words}");
            if answer.status == 401 && method != "HEAD" {
                assert!(words.split_whitespace().count() > 4, "{method} {path} says why: {words:?}");
            }
        }
    };
    check(0, &mut shows(None));
    for text in garbage {
        check(1, &mut shows(Some(text)));
    }
    let mut holder = Client::with(scene.client.me.clone());
    check(3, &mut holder);
    scene.school.office(&["revoke", &scene.client.me.device.to_string()]).unwrap();
    // The same connection, the next request.
    check(2, &mut holder);
}

#[test]
fn other_methods_and_other_paths_open_nothing() {
    let scene = Scene::new();
    let mut caller = Client::with(scene.client.me.clone());
    for path in ["/health", "/ready", "/v1/enrol", "/v1/sync", "/v1/directory"] {
        assert_eq!(caller.call("DELETE", path, &[], Body::Empty).unwrap().status, 405, "{path}");
    }
    for path in
        ["/v1", "/v1/sync/", "/v1/blobs", "/v1/blobs/", "/v2/sync", "/relay.db", "/v1/blobs/../../relay.db"]
    {
        let answer = caller.call("GET", path, &[], Body::Empty).unwrap();
        assert!(matches!(answer.status, 404 | 405), "{path}: {}", answer.status);
    }
    for id in ["..%2f..%2frelay.db", "%00", "zz", "../sync"] {
        let answer = caller.call("HEAD", &format!("/v1/uploads/{id}"), &[tus()], Body::Empty).unwrap();
        assert!(matches!(answer.status, 404 | 405), "{id}: {}", answer.status);
    }
}

#[test]
fn who_knows_a_hash_gets_nothing_until_she_brings_the_bytes() {
    let scene = Scene::new();
    let school = &scene.school;
    let leaf = BlobHash::of(LEAF);
    let mut otto = school.client("otto", "otto").unwrap();
    let mut ada = school.client("ada", "ada").unwrap();
    let mut teacher = school.client("mr-okafor", "teacher").unwrap();
    assert_eq!(teacher.blob(leaf).unwrap().body, LEAF, "who sees the piece sees its photo");

    let gets_nothing = |client: &mut Client, when: &str| {
        let absent = client.blob(BlobHash::of(b"nothing that anyone has")).unwrap();
        let forbidden = client.blob(leaf).unwrap();
        assert_eq!((forbidden.status, absent.status), (404, 404), "{when}");
        assert_eq!(forbidden, absent, "{when}: absent and forbidden look the same");
        let head = client.call("HEAD", &format!("/v1/blobs/{leaf}"), &[], Body::Empty).unwrap();
        assert_eq!(head.status, 404, "{when}");
    };
    gets_nothing(&mut otto, "before");
    assert_eq!(
        otto.begin_upload(scene.piece, leaf, 20).unwrap().status,
        403,
        "he did not name it on her piece"
    );
    let his = piece_with(&mut otto, school, "otto/bridge-workshop", &[leaf], 2);
    gets_nothing(&mut otto, "named in his own change");
    // Whoever may read his piece gets no more by it.
    gets_nothing(&mut ada, "named in another's change");
    let begun = otto.begin_upload(his, leaf, LEAF.len() as u64).unwrap();
    gets_nothing(&mut otto, "begun to bring it");
    let guess = vec![b'?'; LEAF.len()];
    assert_eq!(otto.patch(&begun.location.unwrap(), 0, &guess).unwrap().status, 422);
    gets_nothing(&mut otto, "brought something else");
    assert_eq!(otto.begin_upload(his, leaf, 0).unwrap().status, 422, "an empty file is not the leaf");
    gets_nothing(&mut otto, "brought nothing");
    assert_eq!(otto.upload(his, LEAF).unwrap(), 204);
    assert_eq!(otto.blob(leaf).unwrap().body, LEAF, "he had the bytes himself");
    gets_nothing(&mut ada, "brought by another");
}

#[test]
fn an_invitation_makes_one_device_however_often_it_asks() {
    let school = RealSchool::start().unwrap();
    let link = InvitationLink::from_url(&school.link("mina").unwrap()).unwrap();
    let mut caller = school.client("otto", "otto").unwrap();
    caller.authorization = None;
    let mut enrol = |folder: &str| {
        let folder = school.folder().join(folder);
        let enrolment = Enrolment::begin(&folder, link.clone(), now(), &mut OsRng).unwrap();
        let frame = wire::to_bytes(&enrolment.request());
        caller.call("POST", "/v1/enrol", &[], Body::Bytes(frame)).unwrap()
    };
    assert_eq!(enrol("phone").status, 200);
    assert_eq!(enrol("phone").status, 200, "the first answer may have been lost");
    let second = enrol("tablet");
    assert_eq!(second.status, 403);
    assert!(String::from_utf8_lossy(&second.body).contains("used by another device"));
}

#[test]
fn the_upload_of_another_device_is_not_there() {
    let scene = Scene::new();
    let tablet = scene.school.client("mina", "tablet").unwrap();
    let otto = scene.school.client("otto", "otto").unwrap();
    for mut other in [tablet, otto] {
        for method in ["HEAD", "PATCH", "DELETE", "POST"] {
            let answer = scene.ask(&mut other, "/v1/uploads/{id}", method);
            assert_eq!(answer.status, 404, "{method}");
        }
    }
    let mut own = Client::with(scene.client.me.clone());
    assert_eq!(
        scene.ask(&mut own, "/v1/uploads/{id}", "HEAD").upload_offset,
        Some(0),
        "nothing was written to it"
    );
}

/// The relay's clock passes the end of a mentor's row. Nobody announces it: the next request finds it ended.
#[test]
fn a_row_of_a_circle_that_expired_opens_nothing_at_the_next_request() {
    let school = RealSchool::start().unwrap();
    let mut mina = school.client("mina", "phone").unwrap();
    let leaf = BlobHash::of(LEAF);
    let piece = piece_with(&mut mina, &school, "mina/community-garden", &[leaf], 3);
    assert_eq!(mina.upload(piece, LEAF).unwrap(), 204);
    for what in ["blob", "exchange", "words"] {
        // Each time a mentor of her own, so that each route is the first to notice.
        let name = format!("Mentor {what}");
        let person = school.office(&["person", "add", &name, "--kind", "mentor"]).unwrap();
        let person = person["id"].as_str().unwrap().to_owned();
        let folio = school.folio("mina/community-garden").to_string();
        school.office(&["circle", "grant", &folio, &person, "--as", "mentor"]).unwrap();
        let link = school.office(&["invite", &person]).unwrap();
        let folder = school.folder().join(what);
        let device = fieldfolio_tests::driver::enrol(link["url"].as_str().unwrap(), &folder).unwrap();
        let mut mentor = Client::with(device.identity().clone());
        assert_eq!(mentor.blob(leaf).unwrap().body, LEAF);
        let content = DocumentId::content(piece);
        let seen = mentor.exchange(&nothing()).unwrap().unwrap();
        assert!(seen.to_fill.iter().any(|fill| fill.document == content));

        let conn = fieldfolio_server::database::open(&school.home()).unwrap();
        let sql = "update circle set expires_at = ?2 where person = (select row from person where id = ?1)";
        let over = now().millis().cast_signed() - 1_000;
        assert_eq!(conn.execute(sql, (device.identity().person.as_bytes().as_slice(), over)).unwrap(), 1);
        match what {
            "blob" => assert_eq!(mentor.blob(leaf).unwrap().status, 404),
            "exchange" => {
                let next = Request { cursor: seen.cursor, ..nothing() };
                let told = mentor.exchange(&next).unwrap().unwrap();
                assert!(told.purge.contains(&content), "the device is told to forget it");
            }
            _ => {
                let me = mentor.me.person;
                let owner = Some(school.person("mina"));
                let mut voice = Writing::new(DocumentId::voice(piece, me, owner), &mut SeededRng::new(4));
                let words = voice.write(&mentor.me, &[], |edit| edit.words("Late"));
                assert_eq!(mentor.send(&[Item::Change(words)]).unwrap(), [Verdict::Quarantined]);
            }
        }
        let again = mentor.exchange(&nothing()).unwrap().unwrap();
        assert!(again.to_fill.is_empty() && again.packs.is_empty(), "{what}");
    }
}

/// A phone that was lost with a full outbox must learn that it is to lock itself, not take it for bad reception.
#[test]
fn a_refusal_reaches_who_is_still_sending() {
    let scene = Scene::new();
    let upload = scene.uploads["PATCH"].clone();
    scene.school.office(&["revoke", &scene.client.me.device.to_string()]).unwrap();
    let much = vec![0; 1024 * 1024];
    let mut lost = Vec::new();
    for attempt in 0..20 {
        let mut revoked = Client::with(scene.client.me.clone());
        let answers = [revoked.post(much.clone()), revoked.patch(&upload, 0, &much)];
        for (what, answer) in ["exchange", "upload"].into_iter().zip(answers) {
            match answer {
                Ok(answer) => assert_eq!(answer.status, 401, "{what}"),
                Err(failure) => lost.push((attempt, what, failure)),
            }
        }
    }
    assert!(lost.is_empty(), "{} of 40 refusals never arrived: {lost:?}", lost.len());
}

#[test]
fn one_folder_has_one_relay() {
    let school = RealSchool::start().unwrap();
    let second = fieldfolio_tests::processes::Relay::start(&school.home()).unwrap_err().to_string();
    assert!(second.contains("another relay serves"), "{second}");
    assert_eq!(
        school.client("mina", "phone").unwrap().call("GET", "/health", &[], Body::Empty).unwrap().status,
        200
    );
}
