//! What a person waits for, and what a change costs the relay. Believe the ratios; absolutes belong to one machine.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use fieldfolio_core::device::{Device, Judging, NewMedium, NewPiece};
use fieldfolio_core::document::{ParsedChange, Sheet, trial};
use fieldfolio_core::ids::{DocumentId, EntryId, PersonId, PieceId, ProjectId};
use fieldfolio_core::media;
use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::framework::{Level, Scale};
use fieldfolio_core::model::mastery::{Completeness, Judgement, Rule, answer};
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::sync::relay::{Ledger, Sandbox};
use fieldfolio_core::sync::wire::Item;
use fieldfolio_core::time::WorkDate;
use fieldfolio_server::config::Config;
use fieldfolio_server::exchange::ledger::SqliteLedger;
use fieldfolio_server::gate::{ContainedTrial, Gate};
use fieldfolio_tests::films::LARGE;
use fieldfolio_tests::photos::grainy_photo;
use fieldfolio_tests::processes::binary;
use fieldfolio_tests::sim::School;
use fieldfolio_tests::{documents, raw};

/// From the bytes of a large photo to "saved": cleaned, previewed, durable, indexed, owed. On a real disk.
fn capture_to_saved(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut school = School::new(1);
    school.enrol("phone", "mina");
    let copy = folder.path().join("phone");
    copy_store(school.device("phone").device(), &copy);
    let mut phone = Device::open(&copy).expect("a copy of a device");
    let folio = school.folio("mina/community-garden");
    let photo = grainy_photo(4_000, 3_000, 88);
    println!("the photo has {:.1} MB", photo.len() as f64 / 1e6);
    let mut now = school.now;
    c.bench_function("capture a 12-megapixel photo until it is saved", |b| {
        b.iter_batched(
            || NewPiece {
                media: vec![NewMedium::of_bytes(photo.clone())],
                title: "A leaf".into(),
                folios: vec![folio],
                audience: Some(Roles::WHOLE_CIRCLE),
                ..NewPiece::of(fieldfolio_tests::a_day())
            },
            |new| {
                now = now.plus_millis(1);
                phone.capture(new, now, &mut school.rng).expect("captured")
            },
            BatchSize::PerIteration,
        );
    });
    c.bench_function("capture words alone until they are saved", |b| {
        b.iter(|| {
            now = now.plus_millis(1);
            let new = NewPiece {
                title: "A leaf".into(),
                folios: vec![folio],
                ..NewPiece::of(fieldfolio_tests::a_day())
            };
            phone.capture(new, now, &mut school.rng).expect("captured")
        });
    });
}

/// What cleaning costs, by kind of file; with a preview where the core makes one.
fn media_kinds(c: &mut Criterion) {
    let photo = grainy_photo(4_000, 3_000, 88);
    let mut files: Vec<(&str, Vec<u8>)> = LARGE.iter().map(|made| (made.name, made.bytes())).collect();
    files.push(("page.pdf", documents::pdf(&photo, 4_000, 3_000)));
    files.push(("words.docx", documents::docx(&photo)));
    files.push(("photo.jpg", photo));
    for (name, bytes) in &files {
        let size = format!("{:.1} MB", bytes.len() as f64 / 1e6);
        c.bench_function(&format!("media: plan {name} ({size}) and make its preview"), |b| {
            b.iter(|| black_box(media::prepare_bytes(bytes)).expect("prepared"));
        });
        c.bench_function(&format!("media: clean {name} ({size}) in memory"), |b| {
            b.iter(|| black_box(media::clean(bytes)).expect("cleaned"));
        });
    }
}

/// Puts a device's store on a real disk.
fn copy_store(device: &Device, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    let database = to.join("fieldfolio.db").display().to_string();
    device.store().read().execute("vacuum into ?1", [database]).expect("a copy");
}

/// A portfolio of 300 pieces, opened cold and listed.
fn open_a_portfolio(c: &mut Criterion) {
    let mut school = School::new(2);
    school.enrol("phone", "mina");
    school.enrol("ito", "ms-ito");
    for number in 0..300 {
        school.capture(
            "phone",
            &format!("piece {number}"),
            "mina/community-garden",
            "2026-05-04",
            &["THINK"],
        );
    }
    school.settle();
    let folder = school.device("phone").device().store().place().clone();
    let mina = school.person("mina");
    // A store is open once at a time.
    drop(school.device("phone").take());
    c.bench_function("open a device with 300 pieces and list them", |b| {
        b.iter(|| {
            let phone = Device::open(&folder).expect("a device");
            black_box(phone.portfolio(Some(mina)).expect("a portfolio"))
        });
    });
    let now = school.now;
    c.bench_function("the review queue of a teacher over 300 pieces", |b| {
        b.iter(|| black_box(school.device("ito").device().review_queue(now).expect("a queue")));
    });
}

fn level(c: &mut Criterion) {
    let judgements: Vec<Judgement> = (0..5_000u32)
        .map(|number| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            Judgement {
                entry: EntryId::from_bytes(id),
                piece: PieceId::from_bytes(id),
                project: ProjectId::from_bytes([(number % 7) as u8; 16]),
                judge: PersonId::from_bytes([1; 16]),
                level: Level((number % 4) as u8),
                work_date: WorkDate::new(2026, 1 + (number % 12) as i8, 1 + (number % 28) as i8)
                    .expect("a day"),
            }
        })
        .collect();
    let (rule, scale) = (Rule::default(), Scale::default());
    c.bench_function("a level over 5,000 judgements", |b| {
        b.iter(|| black_box(answer(&rule, &scale, Completeness::Whole, judgements.iter().cloned(), false)));
    });

    let mut school = School::new(3);
    school.enrol("phone", "mina");
    school.enrol("ito", "ms-ito");
    let mina = school.person("mina");
    for number in 0..100 {
        let piece = school.capture(
            "phone",
            &format!("piece {number}"),
            "mina/community-garden",
            "2026-05-04",
            &["THINK"],
        );
        school.settle();
        let judging = Judging {
            outcome: school.outcome("THINK"),
            level: Level(2),
            kind: AssessmentKind::Summative,
            work_date: None,
            next_step: String::new(),
            replaces: None,
        };
        school.on("ito", |ito, now, rng| ito.assess(piece, mina, judging, now, rng)).expect("judged");
    }
    school.settle();
    c.bench_function("all levels of a student with 100 judged pieces, from her phone's index", |b| {
        b.iter(|| black_box(school.device("phone").device().levels(mina).expect("levels")));
    });
}

/// What one change costs at the gate: on a document of ten changes.
fn gate(c: &mut Criterion) {
    let mut school = School::new(4);
    school.enrol("phone", "mina");
    let me = school.device("phone").device().identity().clone();
    let leaf = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-04", &[]);
    school.settle();
    let document = DocumentId::voice(leaf, me.person, Some(me.person));
    let mut sheet = Sheet::genesis();
    let changes: Vec<_> = (0..10)
        .map(|number| {
            raw::change(&me, document, &mut sheet, [1; 16], |edit| edit.title(format!("title {number}")))
        })
        .collect();
    let next = raw::change(&me, document, &mut sheet, [1; 16], |edit| edit.title("one more"));
    let stored: Vec<Vec<u8>> = changes.iter().map(|change| change.raw.clone()).collect();
    let room = ContainedTrial::new();
    c.bench_function("gate: signature of one change", |b| {
        b.iter(|| black_box(next.verify(me.school, &me.key.public())).expect("it holds"));
    });
    c.bench_function("gate: trial of one change on ten", |b| {
        b.iter(|| black_box(room.trial(&stored, &[&next])).expect("it passes"));
    });
    // As the relay does it: in a child process, there and back.
    let program = binary("fieldfolio").expect("the relay is built in this profile");
    let gate = Gate::of_program(program, &Config::default());
    gate.prove().expect("a child begins");
    c.bench_function("gate: the same in a child", |b| {
        b.iter(|| black_box(gate.of(me.person).trial(&stored, &[&next])).expect("it passes"));
    });
    let parsed: Vec<ParsedChange> =
        stored.iter().map(|raw| ParsedChange::parse(raw).expect("a change")).collect();
    let parsed_next = ParsedChange::parse(&next.raw).expect("a change");
    c.bench_function("gate: the same, parsed before", |b| {
        b.iter(|| black_box(trial(&parsed, std::slice::from_ref(&parsed_next))).expect("it passes"));
    });
    let items: Vec<Item> = changes.into_iter().map(Item::Change).collect();
    raw::send(&mut school, &me, items).expect("stored");
    let ledger = SqliteLedger::reading(&school.conn, me.school, school.now);
    c.bench_function("gate: reading the document from the log", |b| {
        b.iter(|| black_box(ledger.stored(document)).expect("read"));
    });
}

criterion_group! {
    name = figures;
    config = Criterion::default().sample_size(20);
    targets = capture_to_saved, media_kinds, open_a_portfolio, level, gate
}
criterion_main!(figures);
