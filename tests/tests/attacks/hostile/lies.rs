//! Well-formed items that say what isn't so: each gets the verdict that names what is wrong, and stores nothing.

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::{NewChange, SignedChange};
use fieldfolio_core::ids::{ActId, DocumentId, PieceId, ProjectId, SchoolId, SeededRng};
use fieldfolio_core::model::act::{Act, SignedAct};
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::sync::wire::{Cursor, Fill, Item, Request, Verdict};
use fieldfolio_server::database;
use fieldfolio_tests::driver::now;
use fieldfolio_tests::hostile::chunk::{body, seal};
use fieldfolio_tests::raw;
use fieldfolio_tests::real::{Client, RealSchool, Writing};

/// Mina with a piece of hers, Otto with one of his, and a change of Mina's that nobody has yet.
struct Scene {
    school: RealSchool,
    mina: Client,
    otto: Client,
    hers: PieceId,
    his: PieceId,
    dice: SeededRng,
}

impl Scene {
    fn new() -> Self {
        let mut dice = SeededRng::new(6);
        let school = RealSchool::start().unwrap();
        let mut pieces = Vec::new();
        let mut clients = Vec::new();
        for person in ["mina", "otto"] {
            let mut client = school.client(person, person).unwrap();
            let folio = school.folio(&format!("{person}/bridge-workshop"));
            let (piece, mut items) = client.new_piece(folio, &mut dice);
            let mut content = Writing::new(DocumentId::content(piece), &mut dice);
            items.push(Item::Change(content.write(&client.me, &[], |edit| edit.title(person))));
            let verdicts = client.send(&items).unwrap();
            assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))));
            pieces.push(piece);
            clients.push(client);
        }
        let (hers, his) = (pieces[0], pieces[1]);
        let [mina, otto] = clients.try_into().map_err(|_| ()).unwrap();
        Self { school, mina, otto, hers, his, dice }
    }

    /// A change that could be stored, of Mina's piece.
    fn honest(&mut self) -> SignedChange {
        let mut content = Writing::new(DocumentId::content(self.hers), &mut self.dice);
        content.write(&self.mina.me, &[], |edit| edit.words("As it was"))
    }

    fn signed(&self, change: SignedChange) -> SignedChange {
        change.signed(self.mina.me.school, &self.mina.me.key)
    }

    fn length(&self) -> i64 {
        let conn = database::open_reader(&self.school.home()).unwrap();
        conn.query_row("select count(*) from log", [], |row| row.get(0)).unwrap()
    }

    /// Mina's device sends it and hears this; nothing was stored.
    fn hears(&mut self, what: &str, item: Item, expected: &Verdict) {
        let before = self.length();
        let verdicts = self.mina.send(&[item]).unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
        assert_eq!(verdicts, std::slice::from_ref(expected), "{what}");
        assert_eq!(self.length(), before, "{what} left something in the log");
    }
}

#[test]
fn changes_that_lie_about_whose_they_are_or_where_they_belong_are_refused_by_name() {
    let mut scene = Scene::new();
    let (mina, otto) = (scene.mina.me.clone(), scene.otto.me.clone());
    let (hers, his) = (DocumentId::content(scene.hers), DocumentId::content(scene.his));
    let honest = scene.honest();

    let wrong_signer = honest.clone().signed(mina.school, &otto.key);
    scene.hears("signed by another key", Item::Change(wrong_signer), &Verdict::BadSignature);
    let others_device = SignedChange { device: otto.device, ..honest.clone() }.signed(otto.school, &otto.key);
    scene.hears(
        "another's device and signature, by her token",
        Item::Change(others_device),
        &Verdict::BadSignature,
    );
    let no_device =
        SignedChange { device: fieldfolio_core::ids::DeviceId::from_bytes([9; 16]), ..honest.clone() };
    let no_device = scene.signed(no_device);
    scene.hears("a device that nobody knows", Item::Change(no_device), &Verdict::BadSignature);
    let elsewhere = SchoolId::from_bytes([5; 16]);
    let other_school = honest.clone().signed(elsewhere, &mina.key);
    scene.hears("signed for another school", Item::Change(other_school), &Verdict::BadSignature);
    let voice = DocumentId::voice(scene.hers, mina.person, Some(mina.person));
    let replayed = SignedChange { document: voice, ..honest.clone() };
    scene.hears("replayed under another document", Item::Change(replayed), &Verdict::BadSignature);
    let renamed = SignedChange { blobs: vec![BlobHash::of(b"his photo")], ..honest.clone() };
    scene.hears("with a blob that was not signed", Item::Change(renamed), &Verdict::BadSignature);

    for (what, document, expected) in [
        ("the work of a classmate", his, Verdict::NotInCircle),
        (
            "a classmate's voice",
            DocumentId::voice(scene.hers, otto.person, Some(mina.person)),
            Verdict::NotInCircle,
        ),
        (
            "about one who has nothing to do with it",
            DocumentId::voice(scene.hers, mina.person, Some(otto.person)),
            Verdict::NotInCircle,
        ),
        (
            "about nobody at all",
            DocumentId::voice(
                scene.hers,
                mina.person,
                Some(fieldfolio_core::ids::PersonId::from_bytes([3; 16])),
            ),
            Verdict::NotInCircle,
        ),
        (
            "on a piece that is not shared with her",
            DocumentId::voice(scene.his, mina.person, Some(mina.person)),
            Verdict::NotInCircle,
        ),
        ("a piece of another school", DocumentId::content(PieceId::from_bytes([4; 16])), Verdict::MissingAct),
    ] {
        let change = scene.signed(SignedChange { document, ..honest.clone() });
        scene.hears(what, Item::Change(change), &expected);
    }

    // Otto can't bring it for her either; she can, once.
    let before = scene.length();
    assert_eq!(scene.otto.send(&[Item::Change(honest.clone())]).unwrap(), [Verdict::BadSignature]);
    assert_eq!(scene.length(), before);
    assert_eq!(honest.document, hers);
    let stored = scene.mina.send(&[Item::Change(honest.clone())]).unwrap();
    let [Verdict::Stored(n)] = stored[..] else { panic!("{stored:?}") };
    assert_eq!(scene.mina.send(&[Item::Change(honest)]).unwrap(), [Verdict::Known(n)]);
}

#[test]
fn the_same_change_twice_in_one_request_is_stored_once_and_each_copy_is_answered() {
    let mut scene = Scene::new();
    let honest = scene.honest();
    let before = scene.length();
    let verdicts = scene.mina.send(&[Item::Change(honest.clone()), Item::Change(honest)]).unwrap();
    assert!(
        verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_) | Verdict::Known(_))),
        "a copy of honest work was refused, and would be set aside: {verdicts:?}"
    );
    assert_eq!(scene.length(), before + 1);
}

#[test]
fn changes_that_lie_about_themselves_are_refused_by_name() {
    let mut scene = Scene::new();
    let honest = scene.honest();
    let claims = |seq, actor| SignedChange { seq, actor, ..honest.clone() };
    let next = scene.signed(claims(7, honest.actor));
    scene.hears("a number that is not its own", Item::Change(next), &Verdict::ActorTaken);
    let other = scene.signed(claims(1, [8; 16]));
    scene.hears("an actor that is not its own", Item::Change(other), &Verdict::ActorTaken);
    let hash = scene.signed(SignedChange { hash: Head([1; 32]), ..honest.clone() });
    scene.hears("a hash that is not its own", Item::Change(hash), &Verdict::Malformed);
    let mut torn = honest.raw.clone();
    torn.truncate(torn.len() / 2);
    let torn = scene.signed(SignedChange { raw: torn, ..honest.clone() });
    scene.hears("half of its bytes", Item::Change(torn), &Verdict::Malformed);
    let long = scene.signed(SignedChange { raw: vec![0x85; 300 * 1024], ..honest.clone() });
    scene.hears("300 KB", Item::Change(long), &Verdict::TooLarge);
    let mut blobs: Vec<_> = (0..101u8).map(|number| BlobHash::of(&[number])).collect();
    blobs.sort();
    let many = scene.signed(SignedChange { blobs, ..honest.clone() });
    scene.hears("101 blobs", Item::Change(many), &Verdict::TooLarge);
    let twice = scene.signed(SignedChange { blobs: vec![BlobHash::of(b"a"); 2], ..honest.clone() });
    scene.hears("a blob twice", Item::Change(twice), &Verdict::TooLarge);

    // Another dependency than any that exists, with the checksum put right.
    let document = honest.document;
    let mut orphan = body(&honest.raw).to_vec();
    orphan[1..33].fill(0xab);
    let (raw_bytes, hash) = seal(&orphan);
    let orphan = raw::signed(
        &scene.mina.me,
        document,
        NewChange { raw: raw_bytes, hash, actor: honest.actor, seq: 1 },
    );
    scene.hears("building on what does not exist", Item::Change(orphan), &Verdict::MissingDependency);
    // None at all: it would begin the document anew.
    let mut rootless = body(&honest.raw).to_vec();
    rootless.splice(0..33, [0]);
    let (raw_bytes, hash) = seal(&rootless);
    let rootless = raw::signed(
        &scene.mina.me,
        document,
        NewChange { raw: raw_bytes, hash, actor: honest.actor, seq: 1 },
    );
    scene.hears("building on nothing", Item::Change(rootless), &Verdict::Malformed);
    let genesis = fieldfolio_core::document::GENESIS.to_vec();
    let hash = fieldfolio_core::document::chunk_hash(&genesis).unwrap();
    let actor = fieldfolio_core::document::GENESIS_ACTOR;
    let again = raw::signed(&scene.mina.me, document, NewChange { raw: genesis, hash, actor, seq: 1 });
    scene.hears("the beginning itself", Item::Change(again), &Verdict::Malformed);

    // Two of one actor with one number: the first to arrive stays.
    let mut fork = Writing::new(document, &mut scene.dice);
    let mut other = fork.clone();
    let one = fork.write(&scene.mina.me, &[], |edit| edit.title("One"));
    let two = other.write(&scene.mina.me, &[], |edit| edit.title("Two"));
    assert!(matches!(scene.mina.send(&[Item::Change(one)]).unwrap()[..], [Verdict::Stored(_)]));
    scene.hears("a second change of one number", Item::Change(two), &Verdict::ActorTaken);
}

#[test]
fn acts_that_lie_are_refused_by_name() {
    let mut scene = Scene::new();
    let (mina, otto) = (scene.mina.me.clone(), scene.otto.me.clone());
    let (garden, his_folio) =
        (scene.school.folio("mina/community-garden"), scene.school.folio("otto/bridge-workshop"));
    let (hers, his) = (scene.hers, scene.his);
    let mut dice = SeededRng::new(7);
    let fresh = PieceId::new(now(), &mut dice);
    let mut new_id = || ActId::new(now(), &mut dice);
    let wide = Roles::WHOLE_CIRCLE;
    let kind = PieceKind::Evidence;
    for (what, act, expected) in [
        (
            "declaring for another",
            Act::DeclarePiece { piece: fresh, maker: otto.person, kind },
            Verdict::NotInCircle,
        ),
        (
            "an observation by a student",
            Act::DeclarePiece { piece: fresh, maker: mina.person, kind: PieceKind::Observation },
            Verdict::NotInCircle,
        ),
        (
            "declaring hers as something else",
            Act::DeclarePiece { piece: hers, maker: mina.person, kind: PieceKind::Observation },
            Verdict::IdTaken,
        ),
        (
            "declaring what is his",
            Act::DeclarePiece { piece: his, maker: mina.person, kind },
            Verdict::IdTaken,
        ),
        ("placing what is his", Act::Place { piece: his, folio: garden }, Verdict::NotInCircle),
        ("a second folio of hers", Act::Place { piece: hers, folio: garden }, Verdict::IdTaken),
        ("placing what nobody declared", Act::Place { piece: fresh, folio: garden }, Verdict::MissingAct),
        (
            "a folio of another school",
            Act::Place { piece: hers, folio: fieldfolio_core::ids::FolioId::from_bytes([2; 16]) },
            Verdict::MissingAct,
        ),
        (
            "sharing what is his",
            Act::Share { piece: his, audience: wide, replaces: vec![] },
            Verdict::NotInCircle,
        ),
        ("taking back what is his", Act::Unshare { piece: his, replaces: vec![] }, Verdict::NotInCircle),
        (
            "a folio for another",
            Act::DeclareFolio { student: otto.person, project: Some(ProjectId::from_bytes([1; 16])) },
            Verdict::NotInCircle,
        ),
        (
            "a folio in no project",
            Act::DeclareFolio { student: mina.person, project: Some(ProjectId::from_bytes([1; 16])) },
            Verdict::MissingAct,
        ),
    ] {
        let item = raw::act(&mina, new_id(), &act);
        scene.hears(what, item, &expected);
    }
    let share = Act::Share { piece: hers, audience: wide, replaces: vec![] };
    let by_otto = SignedAct::sign(mina.school, mina.device, &otto.key, new_id(), &share);
    scene.hears("signed by another key", Item::Act(by_otto), &Verdict::BadSignature);
    let elsewhere = SignedAct::sign(SchoolId::from_bytes([5; 16]), mina.device, &mina.key, new_id(), &share);
    scene.hears("signed for another school", Item::Act(elsewhere), &Verdict::BadSignature);
    let mut torn = SignedAct::sign(mina.school, mina.device, &mina.key, new_id(), &share);
    torn.body.pop();
    scene.hears("with another body than was signed", Item::Act(torn), &Verdict::BadSignature);
    let placed = Act::Place { piece: hers, folio: his_folio };
    scene.hears("placing in a classmate's folio", raw::act(&mina, new_id(), &placed), &Verdict::NotInCircle);
    let offered = raw::act(&mina, new_id(), &Act::Offer { piece: hers, folio: his_folio });
    let verdicts = scene.mina.send(&[offered]).unwrap();
    assert!(matches!(verdicts[..], [Verdict::Stored(_)]), "Otto builds the bridge, too: {verdicts:?}");
}

#[test]
fn another_schools_ids_open_nothing() {
    let mut scene = Scene::new();
    let his = DocumentId::content(scene.his);
    let unknown = DocumentId::content(PieceId::from_bytes([4; 16]));
    let fills = vec![Fill { document: his, after: 0 }, Fill { document: unknown, after: 0 }];
    let ask = |cursor, fill| Request { fill, ..Request::of(cursor, Vec::new()) };
    let response = scene.mina.exchange(&ask(Cursor::default(), fills)).unwrap().unwrap();
    let packs: Vec<_> =
        response.packs.iter().filter(|pack| [his, unknown].contains(&pack.document)).collect();
    assert_eq!(packs.len(), 2);
    assert!(
        packs.iter().all(|pack| pack.changes.is_empty() && pack.whole),
        "what is not hers looks as if it were not there"
    );
    for cursor in [
        Cursor { epoch: 1, n: 3, tag: [9; 8], proof: [3; 16], part: 9 },
        Cursor { epoch: 77, n: 3, tag: [0; 8], proof: [3; 16], part: 9 },
        Cursor { epoch: 1, n: 1 << 40, tag: [1; 8], proof: [3; 16], part: 9 },
        Cursor { epoch: u32::MAX, n: u64::MAX, tag: [255; 8], proof: [3; 16], part: 9 },
    ] {
        let response = scene.mina.exchange(&ask(cursor, Vec::new())).unwrap().unwrap();
        assert!(response.start_over && response.news.is_empty() && response.records.is_empty(), "{cursor:?}");
    }
    let blob = BlobHash::of(b"a photo of another school");
    assert_eq!(scene.mina.blob(blob).unwrap().status, 404);
}
