//! A relay, and devices, of a newer version beside today's: whatever one of them can't read costs nothing but itself, nobody
//! asks for ever, and after an update all of it is there.

use std::sync::{Arc, Mutex};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::Sheet;
use fieldfolio_core::ids::{ActId, DocumentId, FolioId, Part, PersonId, PieceId, random};
use fieldfolio_core::model::act::{Act, SignedAct};
use fieldfolio_core::model::directory::{CircleRow, Person, RecordKind, School as SchoolRecord};
use fieldfolio_core::model::mastery::LevelState;
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::Class;
use fieldfolio_core::signing::act_message;
use fieldfolio_core::store::{Identity, log};
use fieldfolio_core::sync::wire::{
    self, Cursor, Envelope, Item, Lacking, News, Pack, PersonRecord, PieceRecord, Record, Request, ToFill,
    Verdict, VerdictClass,
};
use fieldfolio_tests::raw;
use fieldfolio_tests::sim::{School, Version};
use minicbor::Encoder;
use rusqlite::Connection;

use super::school;

/// A number that nothing has yet.
const NEWER: u16 = 207;

/// Records as the newer relay sent them, and as they really are.
type Said = Arc<Mutex<Vec<(Envelope, Envelope)>>>;

/// Signs a body that today's version does not know.
fn signed(me: &Identity, id: ActId, body: Vec<u8>) -> SignedAct {
    let signature = me.key.sign(&act_message(me.school, me.device, id, &body));
    SignedAct { id, device: me.device, body, signature }
}

/// An act of a kind that no version has.
fn newer_act(me: &Identity, id: ActId) -> SignedAct {
    signed(me, id, vec![0x82, 0x18, 40, 0x81, 0x01])
}

fn body(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes));
    bytes
}

/// The same record, as a newer version would write it: an unknown kind; a rule, a role, a kind of person and an act that
/// nobody here knows; a field more.
fn as_newer(envelope: &Envelope, maker: &Identity) -> Envelope {
    let with = |body: Vec<u8>| Envelope { body: Some(body), ..envelope.clone() };
    match envelope.record() {
        Some(Record::Class(_)) => Envelope { kind: NEWER, ..envelope.clone() },
        Some(Record::School(school)) => with(newer_school(&school)),
        Some(Record::Framework(framework)) => with(body(|e| {
            e.array(5).unwrap().encode(framework.id).unwrap().str(&framework.title).unwrap();
            e.u32(framework.version).unwrap().encode(&framework.outcomes).unwrap().str("newer").unwrap();
        })),
        Some(Record::Folio(folio)) => with(body(|e| {
            e.array(5).unwrap().encode(folio.id).unwrap().encode(folio.student).unwrap();
            e.encode(folio.project).unwrap().array(folio.circle.len() as u64 + 1).unwrap();
            let newer: (PersonId, u8, Option<u64>, bool) = (folio.student, 99, None, false);
            e.encode(newer).unwrap();
            folio.circle.iter().for_each(|row: &CircleRow| {
                e.encode(row).unwrap();
            });
            e.encode(&folio.proposed).unwrap();
        })),
        Some(Record::Person(PersonRecord { person, devices })) => with(newer_person(&person, &devices)),
        Some(Record::Piece(mut record)) => {
            for act in record.acts.iter_mut().filter(|act| is_share(act)) {
                *act = newer_act(maker, act.id);
            }
            Record::Piece(record).to_envelope()
        }
        _ => envelope.clone(),
    }
}

fn is_share(act: &SignedAct) -> bool {
    matches!(Act::from_bytes(&act.body), Ok(Act::Share { .. }))
}

fn newer_school(school: &SchoolRecord) -> Vec<u8> {
    body(|e| {
        e.array(4).unwrap().encode(school.id).unwrap().str(&school.name).unwrap();
        e.encode(&school.scale).unwrap().str("decaying").unwrap();
    })
}

fn newer_person(person: &Person, devices: &[impl minicbor::Encode<()>]) -> Vec<u8> {
    body(|e| {
        e.array(2).unwrap().array(4).unwrap().encode(person.id).unwrap().str(&person.name).unwrap();
        e.array(person.kinds.len() as u64 + 1).unwrap().u8(40).unwrap();
        person.kinds.iter().for_each(|kind| {
            e.encode(kind).unwrap();
        });
        e.encode(&person.past_kinds).unwrap().encode(devices).unwrap();
    })
}

/// A relay that is newer in all of these ways, and answers the first word about each item in a way that nobody knows.
fn newer_relay(said: Said, maker: Identity) -> Version {
    let mut told = std::collections::BTreeSet::new();
    Box::new(move |request, response| {
        for envelope in &mut response.records {
            let newer = as_newer(envelope, &maker);
            if newer != *envelope {
                said.lock().unwrap().push((newer.clone(), envelope.clone()));
            }
            *envelope = newer;
        }
        for (item, verdict) in request.items.iter().zip(&mut response.verdicts) {
            if told.insert(item.name()) {
                *verdict = Verdict::Other { number: 300, class: VerdictClass::Wait };
            }
        }
    })
}

/// The update: what the newer relay said means something now.
fn update(school: &mut School, device: &str, said: &Said) {
    let database = school.device(device).folder().join("fieldfolio.db");
    let conn = Connection::open(database).unwrap();
    let mut query = conn.prepare("select row, kind, id, body from newer").unwrap();
    let rows: Vec<(i64, Envelope)> = query
        .query_map([], |row| {
            Ok((row.get(0)?, Envelope { kind: row.get(1)?, id: row.get(2)?, body: Some(row.get(3)?) }))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (row, kept) in rows {
        let said = said.lock().unwrap();
        let (_, means) = said.iter().rev().find(|(newer, _)| *newer == kept).expect("kept byte by byte");
        let sql = "update newer set kind = ?2, body = ?3 where row = ?1";
        assert_eq!(conn.execute(sql, (row, means.kind, means.body.as_ref().unwrap())).unwrap(), 1);
    }
    drop(query);
    school.device(device).hears(Box::new(|_, _| {}));
    school.device(device).restart().unwrap();
}

#[test]
fn an_old_device_beside_a_newer_relay_goes_on_and_has_everything_after_its_update() {
    let mut school = school(300, &[("phone", "mina"), ("desk", "ms-ito")]);
    let mina = school.person("mina");
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.assess("desk", leaf, "mina", "THINK", 2);
    school.settle();

    let (said, maker) = (Said::default(), school.device("phone").device().identity().clone());
    school.enrol("old", "ms-ito");
    school.device("old").hears(newer_relay(said.clone(), maker));
    school.settle();
    let old = school.device("old").device();
    let shown = old.piece(leaf).unwrap();
    assert_eq!(shown.content.title, "A leaf", "what it can read is there");
    assert!(old.classes().unwrap().is_empty());
    let kept: std::collections::BTreeSet<(u16, Vec<u8>)> =
        said.lock().unwrap().iter().map(|(newer, _)| (newer.kind, newer.id.clone())).collect();
    assert_eq!(old.status().unwrap().newer, kept.len() as u64, "counted");
    assert!(kept.iter().any(|(kind, _)| *kind == NEWER) && kept.len() > 5, "{kept:?}");
    let standing = |level: fieldfolio_core::device::LevelView| -> Vec<LevelState> {
        level.outcomes.iter().map(|level| level.answer.state).collect()
    };
    let levels = standing(old.levels(mina).unwrap().unwrap());
    assert!(
        levels.iter().all(|standing| *standing == LevelState::NotHere),
        "{levels:?}: never another level"
    );

    // It works on; a verdict that it doesn't know costs a second try.
    school.on("phone", |phone, now, rng| phone.reflect(leaf, "I looked twice", now, rng)).unwrap();
    school.settle();
    assert!(school.device("old").device().piece(leaf).unwrap().voices.len() > 1);

    update(&mut school, "old", &said);
    school.settle();
    let status = school.device("old").device().status().unwrap();
    assert_eq!((status.newer, status.waiting.len(), status.set_aside.len()), (0, 0, 0));
    for (name, classes) in [("old", "desk")].map(|(a, b)| (a, b)) {
        let here = school.device(name).device().classes().unwrap();
        assert_eq!(here, school.device(classes).device().classes().unwrap());
        assert!(!here.is_empty());
    }
    let digest = |school: &mut School, device: &str| school.device(device).device().digest().unwrap();
    assert_eq!(digest(&mut school, "old"), digest(&mut school, "desk"));
    let judging = school.summative("THINK", 3);
    let leaf_of = DocumentId::voice(leaf, school.person("ms-ito"), Some(mina));
    school.assess_as("old", leaf, "mina", judging);
    school.settle();
    let heads = digest(&mut school, "desk").documents;
    assert!(heads.iter().any(|(id, heads)| *id == leaf_of.to_string() && !heads.is_empty()));
}

#[test]
fn a_verdict_that_nobody_knows_says_what_to_do() {
    let mut school = school(301, &[("phone", "mina"), ("desk", "ms-ito")]);
    let answered = |class: VerdictClass| -> Version {
        Box::new(move |request, response| {
            for (item, verdict) in request.items.iter().zip(&mut response.verdicts) {
                if matches!(item, Item::Change(_)) {
                    *verdict = Verdict::Other { number: 300, class };
                }
            }
        })
    };
    let waits = |school: &mut School| {
        let status = school.device("phone").device().status().unwrap();
        let codes: Vec<&str> =
            status.waiting.iter().filter_map(|waiting| waiting.reason.map(|why| why.code())).collect();
        (codes.join(" "), status.set_aside.iter().map(|(why, _)| why.code()).collect::<Vec<_>>().join(" "))
    };
    school.device("phone").hears(answered(VerdictClass::Wait));
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &[]);
    for _ in 0..40 {
        school.step("phone").unwrap();
    }
    assert_eq!(waits(&mut school), ("school_is_newer".to_owned(), String::new()));
    school.device("phone").hears(Box::new(|_, _| {}));
    school.settle();
    assert_eq!(waits(&mut school), (String::new(), String::new()));
    assert_eq!(school.device("desk").device().piece(leaf).unwrap().content.title, "A leaf");

    // Refused for good by a newer relay: it stays here, readable.
    school.device("phone").hears(answered(VerdictClass::SetAside));
    school.on("phone", |phone, now, rng| phone.reflect(leaf, "I looked twice", now, rng)).unwrap();
    for _ in 0..40 {
        school.step("phone").unwrap();
    }
    let aside = school.device("phone").device().status().unwrap().set_aside;
    assert!(aside.iter().any(|(why, words)| why.code() == "school_is_newer" && words.contains("twice")));
}

#[test]
fn a_newer_device_beside_todays_relay_is_told_so_and_its_neighbours_are_taken() {
    let mut school = school(302, &[("phone", "mina"), ("desk", "ms-ito")]);
    let me = school.device("phone").device().identity().clone();
    let mut rng = fieldfolio_core::ids::SeededRng::new(302);
    let mut id = || ActId::new(school.now, &mut rng);
    let project = FolioId::derive(me.school, me.person, None);
    let home = Act::DeclareFolio { student: me.person, project: None };
    let items = vec![
        Item::Act(newer_act(&me, id())),
        raw::act(&me, id(), &home),
        // A field more than an erasure has.
        Item::Act(signed(
            &me,
            id(),
            vec![0x82, 0x06, 0x82, 0x50, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0],
        )),
        Item::Act(signed(&me, id(), vec![0x82, 0x01, 0x80])),
    ];
    // An item of a kind that no version has, in their midst.
    let mut frame = wire::to_bytes(&Request::of(Cursor::default(), items));
    let head = wire::to_bytes(&Request::of(Cursor::default(), Vec::new()));
    assert_eq!(Request::from_bytes(&head).unwrap().items, []);
    let at = frame.windows(2).position(|pair| pair == [0x84, 0x82]).expect("four items, each a pair");
    frame.splice(at..=at, [0x85, 0x82, 0x18, 40, 0x81, 0x01]);
    let request = Request::from_bytes(&frame).unwrap();
    assert_eq!(request.items.len(), 5);
    let answer = raw::send(&mut school, &me, request.items).unwrap();
    assert!(matches!(answer.verdicts[2], Verdict::Stored(_) | Verdict::Known(_)), "{project}");
    let others: Vec<&Verdict> = [0, 1, 3, 4].iter().map(|at| &answer.verdicts[*at]).collect();
    assert_eq!(
        others,
        [&Verdict::NotUnderstood, &Verdict::NotUnderstood, &Verdict::NotUnderstood, &Verdict::Malformed]
    );
}

#[test]
fn an_act_and_a_record_that_a_device_has_lost_come_back_with_the_weekly_comparison() {
    let mut school = school(303, &[("phone", "mina"), ("desk", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    let classes = school.device("desk").device().classes().unwrap();
    assert_eq!(school.happened.differed, 0);
    {
        let conn = Connection::open(school.device("desk").folder().join("fieldfolio.db")).unwrap();
        let lost =
            "delete from act where piece = ?1 and rowid = (select max(rowid) from act where piece = ?1)";
        assert_eq!(conn.execute(lost, [leaf.as_bytes().as_slice()]).unwrap(), 1);
        let lost = "delete from record where kind = ?1";
        assert!(conn.execute(lost, [RecordKind::Class.number()]).unwrap() > 0);
    }
    school.device("desk").restart().unwrap();
    assert!(school.device("desk").device().classes().unwrap().is_empty());
    school.device("desk").device().compare().unwrap();
    school.settle();
    assert!(school.happened.differed > 0);
    assert_eq!(school.device("desk").device().classes().unwrap(), classes);
    let conn = Connection::open(school.device("desk").folder().join("fieldfolio.db")).unwrap();
    let acts: i64 = conn
        .query_row("select count(*) from act where piece = ?1", [leaf.as_bytes().as_slice()], |row| {
            row.get(0)
        })
        .unwrap();
    let all: i64 = school
        .conn
        .query_row("select count(*) from act where piece = ?1", [leaf.as_bytes().as_slice()], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(acts, all);
    let record = PieceRecord { piece: leaf, acts: Vec::new(), numbers: Vec::new() };
    assert_eq!(Record::Piece(record.clone()).to_envelope().record(), Some(Record::Piece(record)));
}

#[test]
fn a_kind_of_piece_a_class_and_a_sheet_of_a_newer_version_are_kept_and_stop_nothing() {
    let mut school = school(304, &[("phone", "mina"), ("desk", "ms-ito")]);
    let me = school.device("phone").device().identity().clone();
    let mut rng = fieldfolio_core::ids::SeededRng::new(304);
    let piece = PieceId::new(school.now, &mut rng);
    let (content, newer) = (
        DocumentId::content(piece),
        DocumentId { piece, part: Part::Newer { number: 7, names: [[1; 16], [2; 16]] } },
    );
    let declare = Act::DeclarePiece { piece, maker: me.person, kind: PieceKind::Newer(77) };
    let declare = SignedAct::sign(me.school, me.device, &me.key, ActId::new(school.now, &mut rng), &declare);
    let mut change = |document| {
        let mut sheet = Sheet::genesis();
        let change = raw::change(&me, document, &mut sheet, random(&mut rng), |edit| edit.title("A goal"));
        Pack { document, changes: vec![News { n: 1, change }], whole: true }
    };
    let packs = vec![change(content), change(newer)];
    // A relay of today takes none of it, and says so.
    let items: Vec<Item> = packs.iter().map(|pack| Item::Change(pack.changes[0].change.clone())).collect();
    let told = raw::send(&mut school, &me, [vec![Item::Act(declare.clone())], items].concat()).unwrap();
    assert_eq!(told.verdicts, [Verdict::NotUnderstood, Verdict::MissingAct, Verdict::NotUnderstood]);

    let acts = PieceRecord { piece, acts: vec![declare], numbers: vec![1] };
    let mut has_said = false;
    school.device("desk").hears(Box::new(move |_, response| {
        if !std::mem::replace(&mut has_said, true) {
            response.records.push(Record::Piece(acts.clone()).to_envelope());
            let classes = [(content, Class::Content), (newer, Class::Newer(200))];
            response.to_fill.extend(classes.map(|(document, class)| ToFill { document, class }));
            response.packs.extend(packs.clone());
            response.lacks.push(Lacking { piece, blob: BlobHash::of(b"nothing") });
        }
    }));
    school.device("desk").device().wake().unwrap();
    for _ in 0..40 {
        school.step("desk").unwrap();
    }
    let desk = school.device("desk").device();
    let shown = desk.piece(piece).unwrap();
    assert_eq!((shown.kind, shown.content.title.as_str()), (PieceKind::Newer(77), "A goal"));
    let held = log::documents_of(desk.store().read(), piece).unwrap();
    assert!(held.iter().any(|document| document.id == newer && document.class == Class::Newer(200)));
    assert_eq!(desk.status().unwrap().to_fill, 0);
    desk.rebuild_index().unwrap();
    // It goes on with today's.
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &[]);
    for _ in 0..80 {
        school.step("phone").unwrap();
        school.step("desk").unwrap();
    }
    assert_eq!(school.device("desk").device().piece(leaf).unwrap().content.title, "A leaf");
}

#[test]
fn a_rule_that_the_relay_cannot_read_works_no_level_out_anywhere() {
    let mut school = school(305, &[("phone", "mina"), ("desk", "ms-ito")]);
    let mina = school.person("mina");
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &["THINK"]);
    school.settle();
    school.assess("desk", leaf, "mina", "THINK", 2);
    school.settle();
    let standings = |school: &mut School| -> Vec<LevelState> {
        let levels = school.device("phone").device().levels(mina).unwrap().unwrap();
        levels.outcomes.iter().map(|level| level.answer.state).collect()
    };
    assert!(standings(&mut school).iter().any(|standing| matches!(standing, LevelState::At(_))));
    school.conn.execute("update meta set value = x'ff' where key = 'rule'", []).unwrap();
    school.enrol("tablet", "mina");
    school.device("phone").device().compare().unwrap();
    school.settle();
    let not_here = vec![LevelState::NotHere; standings(&mut school).len()];
    assert_eq!(standings(&mut school), not_here, "never the default rule");
    let tablet = school.device("tablet").device().levels(mina).unwrap().unwrap();
    assert!(tablet.outcomes.iter().all(|level| level.answer.state == LevelState::NotHere));
    // And who would judge is told nothing else.
    school.assess("desk", leaf, "mina", "THINK", 3);
}
