//! Two schools, each with its relay, and everything of the one brought to the other: tokens, ids, signed items, cursors,
//! invitations, chains of devices, uploads and hashes. Nothing is taken, nothing is told, and what is somebody else's
//! is answered exactly as what is nobody's.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use std::io::{Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{Body, Device, Enrolment, HttpAnswer};
use fieldfolio_core::ids::{
    ActId, ClassId, DeviceId, DocumentId, FolioId, FrameworkId, OutcomeId, PersonId, PieceId, ProjectId,
    SeededRng, random,
};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::model::directory::DeviceRecord;
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::signing::{SecretKey, token_message};
use fieldfolio_core::store::Identity;
use fieldfolio_core::sync::wire::{
    self, Cursor, DirectoryCall, Fill, Item, PersonRecord, Record, Request, Response, Verdict,
};
use fieldfolio_server::log::epochs;
use fieldfolio_server::{database, log};
use fieldfolio_tests::driver::{self, OsRng, now};
use fieldfolio_tests::raw;
use fieldfolio_tests::real::{Client, RealSchool, Writing, tus};

const LEAF: &[u8] = b"a leaf, seen closely";
const DAY: u64 = 24 * 60 * 60 * 1000;

/// A school in which Mina has made a piece with a photo, and has begun to send another.
struct Place {
    school: RealSchool,
    mina: Client,
    piece: PieceId,
    /// What she sent for it.
    items: Vec<Item>,
    /// Where her second photo goes on.
    upload: String,
    /// What she was told since.
    told: Response,
}

impl Place {
    fn new(seed: u64) -> Self {
        let school = RealSchool::start().unwrap();
        let mut mina = school.client("mina", "phone").unwrap();
        let mut dice = SeededRng::new(seed);
        let (piece, mut items) = mina.new_piece(school.folio("mina/community-garden"), &mut dice);
        let bark = BlobHash::of(b"bark");
        let mut content = Writing::new(DocumentId::content(piece), &mut dice);
        let named = [BlobHash::of(LEAF), bark];
        items.push(Item::Change(content.write(&mina.me, &named, |edit| edit.title("A leaf"))));
        assert!(mina.send(&items).unwrap().iter().all(|verdict| matches!(verdict, Verdict::Stored(_))));
        assert_eq!(mina.upload(piece, LEAF).unwrap(), 204);
        let upload = mina.begin_upload(piece, bark, 4).unwrap().location.unwrap();
        let told = mina.exchange(&Request::of(Cursor::default(), Vec::new())).unwrap().unwrap();
        Self { school, mina, piece, items, upload, told }
    }

    /// The newest number of the relay's log.
    fn head(&self) -> u64 {
        log::head(&database::open(&self.school.home()).unwrap()).unwrap()
    }

    /// A device of this person, and a client with its keys.
    fn device(&self, person: &str) -> (Device, Client) {
        let device = self.school.enrol(person, person).unwrap();
        let client = Client::with(device.identity().clone());
        (device, client)
    }

    fn ids(&self) -> Ids {
        Ids {
            folio: self.school.folio("mina/community-garden"),
            person: self.mina.me.person,
            device: self.mina.me.device,
            piece: self.piece,
            project: self.school.project("community-garden"),
            class: self.school.class("science-9"),
            outcome: self.school.outcome("THINK"),
            framework: framework(&self.told),
            act: self.items.iter().find_map(placed).unwrap(),
        }
    }
}

/// The act that put her piece into her folio.
fn placed(item: &Item) -> Option<ActId> {
    let Item::Act(signed) = item else { return None };
    matches!(Act::from_bytes(&signed.body), Ok(Act::Place { .. })).then_some(signed.id)
}

fn framework(told: &Response) -> FrameworkId {
    let found = told.records.iter().find_map(|record| match record.record()? {
        Record::Framework(framework) => Some(framework.id),
        _ => None,
    });
    found.unwrap()
}

/// What a request may be about.
#[derive(Clone, Copy)]
struct Ids {
    folio: FolioId,
    person: PersonId,
    device: DeviceId,
    piece: PieceId,
    project: ProjectId,
    class: ClassId,
    outcome: OutcomeId,
    framework: FrameworkId,
    act: ActId,
}

impl Ids {
    /// Of nothing that is anywhere.
    fn of_nothing() -> Self {
        let mut dice = OsRng;
        Self {
            folio: FolioId::new(now(), &mut dice),
            person: PersonId::new(now(), &mut dice),
            device: DeviceId::new(now(), &mut dice),
            piece: PieceId::new(now(), &mut dice),
            project: ProjectId::new(now(), &mut dice),
            class: ClassId::new(now(), &mut dice),
            outcome: OutcomeId::new(now(), &mut dice),
            framework: FrameworkId::new(now(), &mut dice),
            act: ActId::new(now(), &mut dice),
        }
    }
}

fn post(client: &mut Client, path: &str, frame: Vec<u8>) -> HttpAnswer {
    client.call("POST", path, &[], Body::Bytes(frame)).unwrap()
}

#[test]
fn a_token_of_another_school_opens_nothing() {
    let (here, there) = (Place::new(1), Place::new(2));
    let before = here.head();
    let me = Identity { relay: here.mina.me.relay.clone(), ..there.mina.me.clone() };
    let nobody = Identity { token: random(&mut OsRng), ..me.clone() };
    let (mut foreign, mut unknown) = (Client::with(me), Client::with(nobody));
    let leaf = format!("/v1/blobs/{}", BlobHash::of(LEAF));
    let (own, other) = (here.upload.clone(), there.upload.clone());
    let whole = wire::to_bytes(&Request::of(there.told.cursor, there.items.clone()));
    for (method, path, body) in [
        ("POST", "/v1/sync", whole.as_slice()),
        ("GET", "/v1/live", b""),
        ("POST", "/v1/directory", b""),
        ("GET", &leaf, b""),
        ("HEAD", &leaf, b""),
        ("POST", "/v1/uploads", b""),
        ("HEAD", &own, b""),
        ("DELETE", &own, b""),
        ("HEAD", &other, b""),
    ] {
        let ask =
            |client: &mut Client| client.call(method, path, &[tus()], Body::Bytes(body.to_vec())).unwrap();
        let (told, nothing) = (ask(&mut foreign), ask(&mut unknown));
        assert_eq!((told.status, &told), (401, &nothing), "{method} {path}");
    }
    assert_eq!(here.head(), before);
}

/// Every call with one id of the other school in it; then the same with an id of nothing.
fn calls(device: &Device, ours: Ids, ids: Ids) -> Vec<(&'static str, Vec<u8>)> {
    let soon = now().plus_millis(DAY);
    let part = |folio, person| {
        DirectoryCall::GrantPart(wire::GrantPart {
            folio,
            person,
            role: Role::Reader,
            may_write: true,
            expires: None,
        })
    };
    let end = |folio, person| DirectoryCall::EndPart(wire::EndPart { folio, person, role: Role::Mentor });
    let proposed = |folio, person| wire::ProposedMentor { folio, person };
    let project = |class, outcome, framework| {
        let project = ProjectId::new(now(), &mut OsRng);
        let (title, brief) = ("Bees".to_owned(), String::new());
        let (outcomes, framework) = (vec![outcome], Some(framework));
        DirectoryCall::StartProject(wire::StartProject { project, class, title, brief, outcomes, framework })
    };
    let (invite, _) = device.invite(ids.person, soon, &mut OsRng);
    let (first, _) = device.invite(PersonId::new(now(), &mut OsRng), soon, &mut OsRng);
    let mentor = wire::InviteMentor { folio: ids.folio, name: "Noor".into(), until: soon, invite: first };
    let held = [DocumentId::content(ids.piece), DocumentId::voice(ours.piece, ids.person, Some(ours.person))];
    let mut calls = vec![
        DirectoryCall::Invite(invite),
        DirectoryCall::InviteMentor(mentor),
        DirectoryCall::ConfirmMentor(proposed(ids.folio, ours.person)),
        DirectoryCall::ConfirmMentor(proposed(ours.folio, ids.person)),
        DirectoryCall::DeclineMentor(proposed(ids.folio, ours.person)),
        DirectoryCall::DeclineMentor(proposed(ours.folio, ids.person)),
        part(ids.folio, ours.person),
        part(ours.folio, ids.person),
        end(ids.folio, ours.person),
        end(ours.folio, ids.person),
        project(ids.class, ours.outcome, ours.framework),
        project(ours.class, ids.outcome, ours.framework),
        project(ours.class, ours.outcome, ids.framework),
        DirectoryCall::RevokeDevice(wire::RevokeDevice { device: ids.device }),
    ];
    calls.extend(held.map(|document| DirectoryCall::ReleaseHeld(wire::ReleaseHeld { document })));
    calls.into_iter().map(|call| (call.name(), wire::to_bytes(&call))).collect()
}

#[test]
fn a_call_about_another_schools_is_answered_as_one_about_nothing() {
    let (here, there) = (Place::new(3), Place::new(4));
    for person in ["ms-ito", "mina", "sam", "lea"] {
        let (device, mut caller) = here.device(person);
        let before = here.head();
        let foreign = calls(&device, here.ids(), there.ids());
        let nothing = calls(&device, here.ids(), Ids::of_nothing());
        for ((name, frame), (_, none)) in foreign.into_iter().zip(nothing) {
            let path = "/v1/directory";
            let (told, known) = (post(&mut caller, path, frame), post(&mut caller, path, none));
            assert_eq!(told, known, "{person} {name}: {}", String::from_utf8_lossy(&told.body));
            // Declining whom nobody proposed is done already.
            assert!(matches!(told.status, 403 | 204), "{person} {name}: {}", told.status);
        }
        assert_eq!(here.head(), before, "{person} changed nothing");
    }
}

/// What is of this school and none of hers is answered so, too: whoever has an id learns nothing from asking about it.
#[test]
fn a_call_about_what_is_none_of_hers_is_answered_as_one_about_nothing() {
    let here = Place::new(22);
    let (_, otto) = here.device("otto");
    let ids = Ids {
        folio: here.school.folio("otto/bridge-workshop"),
        person: otto.me.person,
        device: otto.me.device,
        class: here.school.class("design-9"),
        ..here.ids()
    };
    for person in ["ada", "lea", "hana"] {
        let (device, mut caller) = here.device(person);
        let before = here.head();
        let about_otto = calls(&device, here.ids(), ids);
        let nothing = calls(&device, here.ids(), Ids::of_nothing());
        for ((name, frame), (_, none)) in about_otto.into_iter().zip(nothing) {
            let path = "/v1/directory";
            let (told, known) = (post(&mut caller, path, frame), post(&mut caller, path, none));
            assert_eq!((told.status, &told), (403, &known), "{person} {name}");
        }
        assert_eq!(here.head(), before, "{person} changed nothing");
    }
}

#[test]
fn documents_and_cursors_of_another_school_tell_nothing() {
    let (mut here, there) = (Place::new(5), Place::new(6));
    let none = Ids::of_nothing();
    let sheets = |ids: &Ids| {
        [
            DocumentId::content(ids.piece),
            DocumentId::voice(ids.piece, ids.person, None),
            DocumentId::voice(ids.piece, ids.person, Some(ids.person)),
        ]
    };
    let cursor = here.told.cursor;
    let mut ask = |cursor: Cursor, documents: &[DocumentId]| {
        let fill = documents.iter().map(|document| Fill { document: *document, after: 0 }).collect();
        here.mina.exchange(&Request { fill, ..Request::of(cursor, Vec::new()) }).unwrap().unwrap()
    };
    for (foreign, nothing) in sheets(&there.ids()).into_iter().zip(sheets(&none)) {
        let (told, mut known) = (ask(cursor, &[foreign]), ask(cursor, &[nothing]));
        for pack in &mut known.packs {
            assert_eq!((pack.document, pack.changes.len()), (nothing, 0));
            pack.document = foreign;
        }
        assert_eq!(told, known, "{foreign}");
    }
    let own = DocumentId::content(here.piece);
    let beside = ask(cursor, &[sheets(&there.ids())[0], own]);
    let filled = beside.packs.iter().find(|pack| pack.document == own).unwrap();
    assert_eq!(filled.changes.len(), 1, "what is hers comes, whatever is asked beside it");

    // Their cursor, one that was made up, and theirs with a mark that was made up.
    let theirs = there.told.cursor;
    let invented = Cursor { tag: random(&mut OsRng), proof: random(&mut OsRng), ..theirs };
    let unmarked = Cursor { proof: random(&mut OsRng), ..theirs };
    let told = ask(theirs, &[]);
    assert!(told.start_over && told.records.is_empty() && told.news.is_empty(), "{told:?}");
    assert_eq!(told, ask(invented, &[]));
    assert_eq!(told, ask(unmarked, &[]));
    let is_forked = epochs::since(&database::open(&here.school.home()).unwrap(), 0).unwrap();
    assert_eq!(is_forked, None, "nobody talks a relay into having gone back");
}

/// Items of one's own device, each with an id in it that isn't of this school, or isn't hers to use.
fn items(me: &Identity, own: PieceId, ids: Ids, dice: &mut SeededRng) -> Vec<(&'static str, Item)> {
    let new = PieceId::new(now(), dice);
    let (whole, kind) = (Roles::WHOLE_CIRCLE, PieceKind::Evidence);
    let acts = [
        ("folio", Act::Place { piece: own, folio: ids.folio }),
        ("piece", Act::Place { piece: ids.piece, folio: ids.folio }),
        ("offered", Act::Offer { piece: own, folio: ids.folio }),
        ("offer of theirs", Act::Offer { piece: ids.piece, folio: ids.folio }),
        ("accepted", Act::Accept { piece: ids.piece, offer: ids.act }),
        ("accepted for hers", Act::Accept { piece: own, offer: ids.act }),
        ("taken out", Act::Unplace { piece: ids.piece, folio: ids.folio, replaces: Vec::new(), to: None }),
        (
            "taken out of theirs",
            Act::Unplace { piece: own, folio: ids.folio, replaces: vec![ids.act], to: None },
        ),
        (
            "moved",
            Act::Unplace { piece: own, folio: ids.folio, replaces: vec![ids.act], to: Some(ids.folio) },
        ),
        ("shared", Act::Share { piece: ids.piece, audience: whole, replaces: Vec::new() }),
        ("hidden", Act::Unshare { piece: ids.piece, replaces: Vec::new() }),
        ("erased", Act::Erase { piece: ids.piece }),
        ("maker", Act::DeclarePiece { piece: new, maker: ids.person, kind }),
        ("student", Act::DeclareFolio { student: ids.person, project: None }),
        ("project", Act::DeclareFolio { student: me.person, project: Some(ids.project) }),
    ];
    let mut items = Vec::new();
    for (what, act) in acts {
        let Item::Act(signed) = raw::act(me, ActId::new(now(), dice), &act) else { continue };
        items.push((what, Item::OldAct(signed.clone(), 9)));
        items.push((what, Item::Act(signed)));
    }
    for (what, document) in [
        ("content", DocumentId::content(ids.piece)),
        ("voice", DocumentId::voice(ids.piece, me.person, Some(ids.person))),
        ("author", DocumentId::voice(own, ids.person, None)),
        ("about", DocumentId::voice(own, me.person, Some(ids.person))),
    ] {
        let change = Writing::new(document, dice).write(me, &[], |edit| edit.words("Hm"));
        items.push((what, Item::OldChange(change.clone(), 9)));
        items.push((what, Item::Change(change)));
    }
    items
}

/// Sends a foreign item between two honest ones; what became of it. The honest ones are stored.
fn sent_between(place: &mut Place, item: Item, dice: &mut SeededRng) -> Verdict {
    let (_, mut items) = place.mina.new_piece(place.school.folio("mina/home"), dice);
    items.insert(1, item);
    let mut verdicts = place.mina.send(&items).unwrap();
    let verdict = verdicts.remove(1);
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
    verdict
}

#[test]
fn one_foreign_item_is_refused_as_one_about_nothing_and_takes_no_other_along() {
    let (mut here, there) = (Place::new(7), Place::new(8));
    let mut dice = SeededRng::new(9);
    let own = here.piece;
    let me = here.mina.me.clone();
    let foreign = items(&me, own, there.ids(), &mut dice);
    let nothing = items(&me, own, Ids::of_nothing(), &mut dice);
    for ((what, item), (_, none)) in foreign.into_iter().zip(nothing) {
        let verdict = sent_between(&mut here, item, &mut dice);
        assert_eq!(verdict, sent_between(&mut here, none, &mut dice), "{what}");
        let is_taken = matches!(verdict, Verdict::Stored(_) | Verdict::Known(_) | Verdict::Quarantined);
        assert!(!is_taken, "{what}: {verdict:?}");
    }
}

/// The signed items of another school, as they are; the same under this school's device, and made for that school.
#[test]
fn what_was_signed_for_another_school_is_not_taken_here_even_after_a_log_went_back() {
    let (mut here, there) = (Place::new(10), Place::new(11));
    let mut dice = SeededRng::new(12);
    let elsewhere = Identity { school: there.mina.me.school, ..here.mina.me.clone() };
    let mut stranger = here.mina.me.clone();
    (stranger.device, stranger.key) = (DeviceId::new(now(), &mut dice), SecretKey::generate(&mut dice));
    for has_gone_back in [false, true] {
        if has_gone_back {
            let mut conn = database::open(&here.school.home()).unwrap();
            let tx = database::begin(&mut conn).unwrap();
            epochs::begin(&tx, now(), 1).unwrap();
            tx.commit().unwrap();
        }
        let declared = |me: &Identity, dice: &mut SeededRng| {
            let piece = PieceId::new(now(), dice);
            let act = Act::DeclarePiece { piece, maker: me.person, kind: PieceKind::Evidence };
            let change = Writing::new(DocumentId::content(here.piece), dice);
            [
                raw::act(me, ActId::new(now(), dice), &act),
                Item::Change({ change }.write(me, &[], |edit| edit.words("Hm"))),
            ]
        };
        let mut brought = there.items.clone();
        brought.extend(declared(&elsewhere, &mut dice));
        brought.extend(declared(&stranger, &mut dice));
        let old: Vec<Item> = brought
            .iter()
            .cloned()
            .map(|item| match item {
                Item::Act(act) => Item::OldAct(act, 5),
                Item::Change(change) => Item::OldChange(change, 5),
                old => old,
            })
            .collect();
        for item in brought.into_iter().chain(old) {
            let verdict = sent_between(&mut here, item.clone(), &mut dice);
            assert_eq!(verdict, Verdict::BadSignature, "gone back: {has_gone_back}, {item:?}");
        }
    }
    let conn = database::open(&here.school.home()).unwrap();
    let count = "select count(*) from document where piece = ?1";
    let known: u32 = conn.query_row(count, [there.piece.as_bytes()], |row| row.get(0)).unwrap();
    assert_eq!(known, 0, "nothing of their piece is here");
}

#[test]
fn an_invitation_or_a_chain_of_another_school_makes_no_device_here() {
    let (here, there) = (Place::new(13), Place::new(14));
    let mut caller = Client::with(here.mina.me.clone());
    caller.authorization = None;
    let enrol = |caller: &mut Client, link: InvitationLink, folder: &str| {
        let folder = here.school.folder().join(folder);
        let enrolment = Enrolment::begin(&folder, link, now(), &mut OsRng).unwrap();
        post(caller, "/v1/enrol", wire::to_bytes(&enrolment.request()))
    };
    let theirs = InvitationLink::from_url(&there.school.link("mina").unwrap()).unwrap();
    let invented = InvitationLink { key: SecretKey::generate(&mut OsRng), ..theirs.clone() };
    let told = enrol(&mut caller, theirs, "theirs");
    assert_eq!((told.status, &told), (403, &enrol(&mut caller, invented, "invented")));

    let records = |told: &Response, device: DeviceId| -> Vec<DeviceRecord> {
        let all = told.records.iter().flat_map(|record| match record.record() {
            Some(Record::Person(PersonRecord { devices, .. })) => devices,
            _ => Vec::new(),
        });
        all.filter(|record| record.device == device).take(1).collect()
    };
    let own = records(&here.told, here.mina.me.device);
    let foreign = records(&there.told, there.mina.me.device);
    assert_eq!((own.len(), foreign.len()), (1, 1), "a chain from the root key has one link");
    let re_enrol = |caller: &mut Client, chain: Vec<DeviceRecord>, me: &Identity| {
        let token_hash = random(&mut OsRng);
        let token_signature = me.key.sign(&token_message(me.school, me.device, &token_hash));
        let frame = wire::ReEnrol { chain, token_hash, token_signature };
        post(caller, "/v1/re-enrol", wire::to_bytes(&frame))
    };
    let them = &there.mina.me;
    let here_by_name = Identity { school: here.mina.me.school, ..them.clone() };
    for has_gone_back in [false, true] {
        if has_gone_back {
            let mut conn = database::open(&here.school.home()).unwrap();
            let tx = database::begin(&mut conn).unwrap();
            epochs::begin(&tx, now(), 1).unwrap();
            tx.commit().unwrap();
        }
        let before = here.head();
        let mut made_up = foreign.clone();
        made_up[0].device = DeviceId::new(now(), &mut OsRng);
        made_up[0].key = SecretKey::generate(&mut OsRng).public();
        let nothing = re_enrol(&mut caller, made_up, them);
        for (chain, me) in [
            (foreign.clone(), them),
            (foreign.clone(), &here_by_name),
            ([own.clone(), foreign.clone()].concat(), them),
            ([foreign.clone(), own.clone()].concat(), them),
        ] {
            let told = re_enrol(&mut caller, chain, me);
            assert_eq!((told.status, &told), (403, &nothing), "gone back: {has_gone_back}");
        }
        assert_eq!(here.head(), before);
    }
}

/// One request as it stands, without any client that would tidy its path.
fn as_it_stands(client: &Client, method: &str, path: &[u8]) -> (String, String) {
    let address = client.me.relay.trim_start_matches("http://");
    let authorization = client.authorization.clone().unwrap();
    let mut line = TcpStream::connect(address).unwrap();
    let head = format!(
        " HTTP/1.1\r\nHost: {address}\r\nAuthorization: {authorization}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    line.write_all(&[method.as_bytes(), b" ", path, head.as_bytes()].concat()).unwrap();
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn uploads_of_another_school_and_names_that_are_none_are_not_there() {
    let (mut here, there) = (Place::new(15), Place::new(16));
    let nothing = format!("/v1/uploads/{:032x}", 1);
    for method in ["HEAD", "DELETE", "PATCH"] {
        let mut ask = |path: &str| {
            let kind = ("Content-Type", "application/offset+octet-stream".to_owned());
            let headers = [tus(), kind, ("Upload-Offset", "0".to_owned())];
            here.mina.call(method, path, &headers, Body::Bytes(b"bark".to_vec())).unwrap()
        };
        let (told, known) = (ask(&there.upload), ask(&nothing));
        assert_eq!((told.status, &told), (404, &known), "{method}");
    }
    let own = here.upload.trim_start_matches("/v1/uploads/");
    let long = "a".repeat(40_000);
    let names: Vec<String> = [
        "../uploads.db",
        "../../relay.db",
        "..%2f..%2frelay.db",
        "%2e%2e%2froot.key",
        "%252e%252e%252froot.key",
        "..\\..\\root.key",
        "..%5c..%5croot.key",
        "%00",
        "%ff%fe",
        "/etc/passwd",
        "//",
        ".",
        "..",
        "*",
        "' or 1=1 --",
        &long,
    ]
    .iter()
    .map(|name| (*name).to_owned())
    .chain([
        own.to_uppercase(),
        format!("{own}%00"),
        format!("{own}/"),
        format!("./{own}"),
        format!("x/../{own}"),
        format!("{own}{own}"),
        format!("%{:02x}{}", own.as_bytes()[0], &own[1..]),
    ])
    .filter(|name| name != own)
    .collect();
    let known = as_it_stands(&here.mina, "DELETE", nothing.as_bytes());
    assert!(known.0.contains("404"), "{known:?}");
    for name in &names {
        let path = format!("/v1/uploads/{}", name.replace(' ', "%20"));
        assert_eq!(as_it_stands(&here.mina, "DELETE", path.as_bytes()), known, "{name:.60}");
        let head = as_it_stands(&here.mina, "HEAD", path.as_bytes());
        assert!(head.0.contains("404"), "{name:.60}: {head:?}");
    }
    // What is no request at all is answered before anything looks at it.
    for name in [&b"\0"[..], b"\xff\xfe"] {
        let told = as_it_stands(&here.mina, "HEAD", &[b"/v1/uploads/", name].concat());
        assert!(told.0.contains("400") || told.0.contains("404"), "{told:?}");
    }

    // Beginning one for their piece, and joining theirs.
    let (leaf, none) = (BlobHash::of(LEAF), Ids::of_nothing());
    let told = here.mina.begin_upload(there.piece, leaf, 20).unwrap();
    assert_eq!((told.status, &told), (403, &here.mina.begin_upload(none.piece, leaf, 20).unwrap()));
    let bark = BlobHash::of(b"bark").to_string();
    let metadata =
        format!("hash {},piece {}", STANDARD.encode(bark), STANDARD.encode(here.piece.to_string()));
    let mut joined = |place: &str| {
        let concat = ("Upload-Concat", format!("final;{place}"));
        let headers = [tus(), concat, ("Upload-Metadata", metadata.clone())];
        here.mina.call("POST", "/v1/uploads", &headers, Body::Empty).unwrap()
    };
    let told = joined(&there.upload);
    assert_eq!((told.status / 100, &told), (4, &joined(&nothing)));
    let theirs = format!("{}{}", there.mina.me.relay, there.upload);
    assert_eq!(told, joined(&theirs), "nor at its whole address");
    assert_eq!(here.mina.offset(&here.upload).unwrap().upload_offset, Some(0), "her own stayed as it was");
}

#[test]
fn a_hash_alone_opens_nothing_however_it_is_asked() {
    let (here, there) = (Place::new(17), Place::new(18));
    // Ada is in no circle of Mina's garden.
    let (_, mut ada) = here.device("ada");
    let mut dice = SeededRng::new(19);
    let secret = b"what only the other school has";
    let mut their_phone = there.mina;
    let (piece, mut items) = their_phone.new_piece(there.school.folio("mina/home"), &mut dice);
    let hash = BlobHash::of(secret);
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    items.push(Item::Change(content.write(&their_phone.me, &[hash], |edit| edit.title("Ours"))));
    their_phone.send(&items).unwrap();
    assert_eq!(their_phone.upload(piece, secret).unwrap(), 204);

    let absent = BlobHash::of(b"what nobody has");
    let same = |ada: &mut Client, when: &str| {
        for known in [BlobHash::of(LEAF), hash] {
            let tag = |blob: BlobHash| format!("\"{}\"", blob.to_string().trim_start_matches("sha256:"));
            for (method, header) in [
                ("GET", None),
                ("HEAD", None),
                ("GET", Some(("Range", "bytes=0-3".to_owned()))),
                ("GET", Some(("Range", "bytes=9000-".to_owned()))),
                ("HEAD", Some(("Range", "bytes=-1".to_owned()))),
                ("GET", Some(("If-None-Match", tag(known)))),
                ("GET", Some(("If-None-Match", "*".to_owned()))),
                ("GET", Some(("If-Range", tag(known)))),
            ] {
                let mut ask = |blob: BlobHash| {
                    let path = format!("/v1/blobs/{blob}");
                    ada.call(method, &path, header.as_slice(), Body::Empty).unwrap()
                };
                let (told, nothing) = (ask(known), ask(absent));
                assert_eq!((told.status, &told), (404, &nothing), "{when}: {method} {header:?}");
            }
        }
    };
    same(&mut ada, "before");
    // She names all three in a sheet of her own, and brings none.
    let (piece, mut items) = ada.new_piece(here.school.folio("ada/home"), &mut dice);
    let mut sheet = Writing::new(DocumentId::content(piece), &mut dice);
    let mut named = vec![BlobHash::of(LEAF), hash, absent];
    named.sort();
    items.push(Item::Change(sheet.write(&ada.me, &named, |edit| edit.title("Mine"))));
    let verdicts = ada.send(&items).unwrap();
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
    same(&mut ada, "named");
    // Beginning tells nothing either: not that the bytes are here already, nor how long they are.
    for length in [1, LEAF.len() as u64, secret.len() as u64] {
        for blob in &named {
            let begun = ada.begin_upload(piece, *blob, length).unwrap();
            assert_eq!((begun.status, begun.upload_offset.unwrap_or(0)), (201, 0), "{length}");
            let path = begun.location.unwrap();
            let guess = vec![b'?'; usize::try_from(length).unwrap()];
            let told = ada.patch(&path, 0, &guess).unwrap();
            assert_eq!(told.status, 422, "{length}");
            assert_eq!(ada.offset(&path).unwrap().status, 404, "what did not match is gone");
        }
    }
    same(&mut ada, "brought other bytes");
    assert_eq!(here.mina_reads(), LEAF, "and those of others are what they were");
}

impl Place {
    fn mina_reads(&self) -> Vec<u8> {
        let mut again = Client::with(self.mina.me.clone());
        again.blob(BlobHash::of(LEAF)).unwrap().body
    }
}

/// A device of the other school whose requests come to this relay.
#[test]
fn a_whole_device_of_another_school_leaves_nothing_here() {
    let (here, there) = (Place::new(20), Place::new(21));
    let before = here.head();
    let mut phone = there.school.enrol("otto", "otto").unwrap();
    let mut http = driver::Http::of(&phone);
    let now = now();
    if let fieldfolio_core::device::Step::Ask(turn, mut ask) = phone.next_step(now).unwrap() {
        ask.url = ask.url.replace(&there.mina.me.relay, &here.mina.me.relay);
        let answer = http.perform(&ask);
        assert_eq!(answer.as_ref().unwrap().status, 401);
        phone.answered(turn, answer, now, &mut OsRng).unwrap();
    }
    assert_eq!(here.head(), before);
}
