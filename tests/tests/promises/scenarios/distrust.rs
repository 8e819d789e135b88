//! Nobody is believed for what she claims: not a student, not a stranger, not the relay.

use fieldfolio_core::document::Sheet;
use fieldfolio_core::ids::{ActId, DocumentId, FolioId, PieceId, ProjectId};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_tests::raw;

use super::school;

#[test]
fn a_student_can_not_speak_in_her_teachers_voice() {
    let mut school = school(60, &[("phone", "mina"), ("ito", "ms-ito")]);
    let (mina, ito) = (school.person("mina"), school.person("ms-ito"));
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    let me = school.device("phone").device().identity().clone();
    let forged = DocumentId::voice(leaf, ito, Some(mina));
    let change = raw::change(&me, forged, &mut Sheet::genesis(), [1; 16], |edit| edit.title("exceeds"));
    // With her own signature, and with her teacher's device named as the signer.
    let mut as_ito = change.clone();
    as_ito.device = school.device("ito").device().identity().device;
    let answer = raw::send(&mut school, &me, vec![Item::Change(change), Item::Change(as_ito)]).unwrap();
    assert_eq!(answer.verdicts, [Verdict::NotInCircle, Verdict::BadSignature]);
}

#[test]
fn what_a_relay_altered_is_not_believed() {
    let mut school = school(61, &[("phone", "mina"), ("ito", "ms-ito")]);
    let mina = school.person("mina");
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    school.assess("ito", leaf, "mina", "THINK", 1);
    school.device("phone").go_offline();
    school.settle();
    // Someone with the relay's folder writes another change in its place, with all checksums right.
    let ito = school.device("ito").device().identity().clone();
    let voice = DocumentId::voice(leaf, ito.person, Some(mina));
    let mut sheet = Sheet::genesis();
    let forged = sheet.edit([1; 16], 0, |edit| edit.title("exceeds")).unwrap().unwrap();
    school
        .conn
        .execute(
            "update change set raw = ?2, hash = ?3, actor = ?4 where document = (select row from document where id = ?1)",
            (voice.to_bytes().as_slice(), &forged.raw, forged.hash.0.as_slice(), forged.actor.as_slice()),
        )
        .unwrap();
    school.device("phone").go_online().unwrap();
    school.settle();
    let view = school.device("phone").device().piece(leaf).unwrap();
    assert_eq!(view.voices[0].unverified, 1);
    assert!(view.voices[0].entries.is_empty());
    assert!(school.sentence("phone", "mina", "THINK").starts_with("from what you can see: "));
}

#[test]
fn a_key_that_nobody_vouches_for_is_not_believed() {
    let mut school = school(62, &[("phone", "mina"), ("ito", "ms-ito")]);
    school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    // The relay makes up a tablet for Mina, without anyone's signature.
    school
        .conn
        .execute_batch(
            "insert into invitation (key, person, expires_at, inviter, signature)
                 select randomblob(32), person, expires_at, null, randomblob(64) from invitation where used_by =
                     (select id from device where person = (select row from person where name like 'Mina%'));
             insert into device (id, person, key, invitation, signature, token_hash)
                 select randomblob(16), person, randomblob(32), key, randomblob(64), randomblob(32)
                 from invitation where used_by is null and person = (select row from person where name like 'Mina%')
                 limit 1;",
        )
        .unwrap();
    let row: i64 = school
        .conn
        .query_row("select row from person where name like 'Mina%'", [], |row| row.get(0))
        .unwrap();
    let mina = school.person("mina");
    school.edit(|edit| {
        let event = fieldfolio_server::log::Event::PersonNamed { person: mina };
        let n = fieldfolio_server::log::append(edit.tx, edit.now, None, &event)?;
        fieldfolio_server::visibility::person_changed(edit.tx, row, n)
    });
    let before = keys(&mut school);
    school.settle();
    assert_eq!(keys(&mut school), before);
}

fn keys(school: &mut fieldfolio_tests::sim::School) -> usize {
    let conn = school.device("ito").device().store().read();
    fieldfolio_core::store::records::keys(conn).expect("keys can be read").len()
}

#[test]
fn acts_out_of_turn_from_the_wrong_person_or_twice_get_a_precise_answer() {
    let mut school = school(63, &[("phone", "mina"), ("otto", "otto"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &[]);
    school.settle();
    let me = school.device("otto").device().identity().clone();
    let mina = school.person("mina");
    let id = |number: u8| ActId::from_bytes([number; 16]);
    let piece = PieceId::from_bytes([77; 16]);
    let hers = school.folio("mina/bridge-workshop");
    let cases = [
        // Somebody else's piece.
        (Act::Share { piece: leaf, audience: Roles::WHOLE_CIRCLE, replaces: vec![] }, Verdict::NotInCircle),
        (Act::Unshare { piece: leaf, replaces: vec![] }, Verdict::NotInCircle),
        (Act::Place { piece: leaf, folio: school.folio("otto/community-garden") }, Verdict::NotInCircle),
        // In somebody else's name.
        (Act::DeclarePiece { piece, maker: mina, kind: PieceKind::Evidence }, Verdict::NotInCircle),
        (
            Act::DeclareFolio { student: mina, project: Some(ProjectId::from_bytes([3; 16])) },
            Verdict::NotInCircle,
        ),
        // An id that is taken.
        (Act::DeclarePiece { piece: leaf, maker: me.person, kind: PieceKind::Evidence }, Verdict::IdTaken),
        // What only adults record.
        (Act::DeclarePiece { piece, maker: me.person, kind: PieceKind::Observation }, Verdict::NotInCircle),
        // Out of turn.
        (Act::Place { piece, folio: hers }, Verdict::MissingAct),
        (
            Act::DeclareFolio { student: me.person, project: Some(ProjectId::from_bytes([3; 16])) },
            Verdict::MissingAct,
        ),
    ];
    for (number, (act, expected)) in (1..).zip(cases) {
        let answer = raw::send(&mut school, &me, vec![raw::act(&me, id(number), &act)]).unwrap();
        assert_eq!(answer.verdicts, [expected], "{act:?}");
    }
    // A piece of his own, in a folio where he has no business.
    let declare = Act::DeclarePiece { piece, maker: me.person, kind: PieceKind::Evidence };
    let home = FolioId::derive(me.school, mina, None);
    let items = vec![
        raw::act(&me, id(50), &declare),
        raw::act(&me, id(51), &Act::Place { piece, folio: home }),
        raw::act(&me, id(50), &declare),
        raw::act(&me, id(52), &declare),
    ];
    let answer = raw::send(&mut school, &me, items).unwrap();
    let Verdict::Stored(n) = answer.verdicts[0] else { panic!("{:?}", answer.verdicts) };
    assert_eq!(answer.verdicts[1], Verdict::NotInCircle);
    assert_eq!(answer.verdicts[2], Verdict::Known(n));
    assert!(matches!(answer.verdicts[3], Verdict::Known(_)));
}

#[test]
fn one_bad_change_takes_none_of_its_neighbours_along() {
    let mut school = school(64, &[("phone", "mina")]);
    let me = school.device("phone").device().identity().clone();
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &[]);
    school.settle();
    let document = DocumentId::voice(leaf, me.person, Some(me.person));
    let mut sheet = Sheet::genesis();
    let mut items: Vec<Item> = (0..9)
        .map(|number| {
            Item::Change(raw::change(&me, document, &mut sheet, [1; 16], |edit| {
                edit.title(format!("t{number}"))
            }))
        })
        .collect();
    // A well-signed change under an actor whose first change never came.
    let mut other = Sheet::genesis();
    raw::change(&me, document, &mut other, [2; 16], |edit| edit.title("first"));
    let orphan = raw::change(&me, document, &mut other, [2; 16], |edit| edit.title("second"));
    items.insert(4, Item::Change(orphan));
    let answer = raw::send(&mut school, &me, items).unwrap();
    for (number, verdict) in answer.verdicts.iter().enumerate() {
        match number {
            4 => assert_eq!(*verdict, Verdict::MissingDependency),
            _ => assert!(matches!(verdict, Verdict::Stored(_)), "{number}: {verdict:?}"),
        }
    }
}

#[test]
fn an_entry_spelt_twice_stops_nobody() {
    let mut school = school(65, &[("phone", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    let me = school.device("phone").device().identity().clone();
    // Two keys that differ in capitals only: one id, if anyone reads them so.
    let hostile = include_bytes!("two-spellings.change");
    let document = DocumentId::voice(leaf, me.person, Some(me.person));
    let parsed = fieldfolio_core::document::ParsedChange::parse(hostile).unwrap();
    let new = fieldfolio_core::document::NewChange {
        raw: hostile.to_vec(),
        hash: parsed.hash,
        actor: parsed.actor,
        seq: parsed.seq,
    };
    let item = Item::Change(raw::signed(&me, document, new));
    let answer = raw::send(&mut school, &me, vec![item]).unwrap();
    assert!(matches!(answer.verdicts[..], [Verdict::Stored(_)]), "{:?}", answer.verdicts);
    let other = school.capture("phone", "After it", "mina/community-garden", "2026-05-03", &[]);
    school.settle();
    assert_eq!(school.device("ito").device().piece(other).unwrap().content.title, "After it");
    assert!(school.device("ito").device().status().unwrap().to_fill == 0);
}

#[test]
fn a_confirmation_by_nobody_who_may_confirm_hides_no_level() {
    use fieldfolio_core::ids::EntryId;
    use fieldfolio_core::model::entry::{Confirmation, Reference};
    let mut school = school(66, &[("phone", "mina"), ("otto", "otto"), ("ito", "ms-ito")]);
    let (mina, lea) = (school.person("mina"), school.person("lea"));
    let bed = school.capture("phone", "Our bed", "mina/community-garden", "2026-05-02", &["TEAM"]);
    let his = school.folio("otto/community-garden");
    school.on("phone", |phone, now, rng| phone.place(bed, his, now, rng)).unwrap();
    school.settle();
    school.assess("ito", bed, "mina", "TEAM", 2);
    school.settle();
    let me = school.device("otto").device().identity().clone();
    let document = DocumentId::voice(bed, me.person, Some(mina));
    let of = Reference { author: lea, about: Some(mina), entry: EntryId::from_bytes([9; 16]) };
    let bogus = raw::change(&me, document, &mut Sheet::genesis(), [9; 16], |edit| {
        edit.entry(EntryId::from_bytes([1; 16]), &Confirmation { of, heads: Vec::new() }.into(), None)
    });
    let answer = raw::send(&mut school, &me, vec![Item::Change(bogus)]).unwrap();
    assert!(matches!(answer.verdicts[..], [Verdict::Stored(_)]));
    school.settle();
    for device in ["phone", "ito"] {
        assert!(school.sentence(device, "mina", "TEAM").starts_with("approaching: 1 of 3"), "{device}");
    }
}

#[test]
fn no_share_takes_a_judged_piece_from_its_teachers() {
    let mut school = school(67, &[("phone", "mina"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    school.assess("ito", leaf, "mina", "THINK", 0);
    school.settle();
    let me = school.device("phone").device().identity().clone();
    let standing: Vec<ActId> = {
        let conn = school.device("phone").device().store().read();
        let acts = fieldfolio_core::store::log::acts_of(conn, leaf).unwrap();
        acts.iter()
            .filter(|signed| matches!(Act::from_bytes(&signed.body), Ok(Act::Share { .. })))
            .map(|signed| signed.id)
            .collect()
    };
    let (one, two) = (ActId::from_bytes([91; 16]), ActId::from_bytes([92; 16]));
    let share = |audience, replaces: Vec<ActId>| Act::Share { piece: leaf, audience, replaces };
    let whole = Roles::WHOLE_CIRCLE;
    let tricks = [
        // A share that replaces itself; two that replace each other; one for nobody.
        (one, share(whole, [standing.clone(), vec![one]].concat())),
        (two, share(Roles::NONE, standing.clone())),
        (two, Act::Unshare { piece: leaf, replaces: standing.clone() }),
    ];
    for (id, act) in tricks {
        let answer = raw::send(&mut school, &me, vec![raw::act(&me, id, &act)]).unwrap();
        assert_eq!(answer.verdicts, [Verdict::TooLate], "{act:?}");
    }
    let before = share(whole, vec![two]);
    let after = share(whole, [standing, vec![one]].concat());
    let answer =
        raw::send(&mut school, &me, vec![raw::act(&me, one, &before), raw::act(&me, two, &after)]).unwrap();
    assert!(matches!(answer.verdicts[..], [Verdict::Stored(_), Verdict::TooLate]), "{:?}", answer.verdicts);
}

#[test]
fn who_is_no_student_gets_no_folio_and_reaches_no_child_through_one() {
    let mut school = school(68, &[("phone", "mina"), ("lea", "lea")]);
    let think = school.outcome("THINK");
    let started = school
        .on("phone", |phone, now, rng| phone.start_project("A bee hotel", "", &[think], now, rng))
        .unwrap();
    school.settle();
    let me = school.device("lea").device().identity().clone();
    let piece = PieceId::from_bytes([78; 16]);
    let id = |number: u8| ActId::from_bytes([number; 16]);
    let items = vec![
        raw::act(&me, id(1), &Act::DeclareFolio { student: me.person, project: Some(started.project) }),
        raw::act(&me, id(2), &Act::DeclarePiece { piece, maker: me.person, kind: PieceKind::Evidence }),
        raw::act(&me, id(3), &Act::Place { piece, folio: started.folio }),
    ];
    let answer = raw::send(&mut school, &me, items).unwrap();
    assert_eq!(answer.verdicts[0], Verdict::NotInCircle);
    assert_eq!(answer.verdicts[2], Verdict::NotInCircle);
}

#[test]
fn a_sheet_that_stopped_the_reader_stays_closed_and_everything_else_goes_on() {
    let mut school = school(66, &[("phone", "mina"), ("ito", "ms-ito"), ("okafor", "mr-okafor")]);
    let mina = school.person("mina");
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    for teacher in ["ito", "okafor"] {
        school.assess(teacher, leaf, "mina", "THINK", 2);
    }
    school.settle();
    assert_eq!(school.device("phone").device().piece(leaf).unwrap().voices.len(), 2);

    // The browser's worker ended while it read Ms Ito's words; the next one says so before it reads anything.
    let ito = school.device("ito").device().identity().person;
    let voice = DocumentId::voice(leaf, ito, Some(mina));
    school.on("phone", |phone, _, _| phone.distrust(voice)).unwrap();
    let shows = |school: &mut fieldfolio_tests::sim::School| {
        let view = school.device("phone").device().piece(leaf).unwrap();
        (view.voices.len(), view.set_aside.len())
    };
    assert_eq!(shows(&mut school), (1, 1));
    assert!(school.sentence("phone", "mina", "THINK").starts_with("from what you can see: "));

    // It is not opened again: not by news of it, not by a restart, not by an index made anew.
    school.assess("ito", leaf, "mina", "TEAM", 2);
    school.assess("okafor", leaf, "mina", "TEAM", 2);
    school.settle();
    assert_eq!(shows(&mut school), (1, 1));
    school.on("phone", |phone, _, _| phone.rebuild_index()).unwrap();
    assert_eq!(shows(&mut school), (1, 1));
    let view = school.device("phone").device().piece(leaf).unwrap();
    assert_eq!(view.voices[0].entries.len(), 2, "the other teacher's words came");
}

#[test]
fn in_a_sheet_of_several_writers_nobody_writes_on_under_an_actor_of_somebody_else() {
    use fieldfolio_core::model::role::Class;
    use fieldfolio_core::store::log;
    use fieldfolio_core::sync::wire::{News, Pack, ToFill};
    let mut school = school(68, &[("phone", "mina"), ("otto", "otto"), ("ito", "ms-ito")]);
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    let document = DocumentId::shared(leaf);
    let mina = school.device("phone").device().identity().clone();
    let otto = school.device("otto").device().identity().clone();
    let mut sheet = Sheet::genesis();
    let hers = raw::change(&mina, document, &mut sheet, [1; 16], |edit| edit.title("A plan"));
    let his = raw::change(&otto, document, &mut sheet, [2; 16], |edit| edit.title("A better plan"));
    let as_her = raw::change(&otto, document, &mut sheet, [1; 16], |edit| edit.title("Nothing"));
    assert_eq!((hers.seq, his.seq, as_her.seq), (1, 1, 2));
    // No kind of piece has such a sheet yet, so no honest relay has one to tell of.
    let changes: Vec<News> = (900..).zip([hers, his, as_her]).map(|(n, change)| News { n, change }).collect();
    let mut told = false;
    school.device("ito").hears(Box::new(move |_, response| {
        if !std::mem::replace(&mut told, true) {
            response.to_fill.push(ToFill { document, class: Class::Shared });
            response.packs.push(Pack { document, changes: changes.clone(), whole: true });
        }
    }));
    school.settle();
    let store = school.device("ito").device().store().read();
    let row = log::document(store, document).unwrap().expect("it is kept");
    assert_eq!(log::unverified(store, row.row).unwrap(), 1, "what he wrote as her is not believed");
    assert_eq!(row.heads.len(), 1);
}
