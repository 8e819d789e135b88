//! The table of who may do what, written out once more by hand and held against the relay and against devices.

use std::collections::BTreeSet;

use fieldfolio_core::document::Sheet;
use fieldfolio_core::ids::{ActId, DocumentId, PersonId, PieceId, SeededRng};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::entry::Feedback;
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::store::log;
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_server::directory::circles::{self, Grant};
use fieldfolio_server::directory::{projects, roster};
use fieldfolio_tests::raw;
use fieldfolio_tests::sim::School;

/// Whose voice each column is about.
const COLUMNS: [&str; 8] = ["content", "mina", "ms-ito", "reader-1", "lea", "otto", "peer-1", "guardian-1"];

/// What each role reads of a piece of evidence in Mina's folio: content, then the voices of owner, teacher, reader,
/// mentor, group member, peer, guardian. The reader of each row is not the author of any column.
const READS: [(&str, Option<Role>, [bool; 8]); 8] = [
    ("mina", Some(Role::Owner), [true, true, true, true, true, true, true, true]),
    ("teacher-2", Some(Role::Teacher), [true, true, true, true, true, true, true, true]),
    ("reader-2", Some(Role::Reader), [true, true, true, true, true, false, false, false]),
    ("mentor-2", Some(Role::Mentor), [true, true, false, false, true, false, false, false]),
    ("ada", Some(Role::Group), [true, false, false, false, false, true, true, false]),
    ("peer-2", Some(Role::Peer), [true, false, false, false, false, false, false, false]),
    ("guardian-2", Some(Role::Guardian), [true, true, true, true, true, false, false, false]),
    ("sam", None, [false; 8]),
];

struct Stage {
    school: School,
    people: std::collections::BTreeMap<String, PersonId>,
}

impl Stage {
    fn new() -> Self {
        let mut stage = Self::without_groups();
        let garden = stage.school.project("community-garden");
        let group = ["mina", "otto", "ada"].map(|name| stage.people[name]);
        stage.school.edit(|edit| projects::group(edit, garden, Some("the bean bed"), &group));
        stage
    }

    fn without_groups() -> Self {
        let mut stage = Self { school: School::new(7), people: Default::default() };
        for name in ["mina", "otto", "ada", "ms-ito", "mr-okafor", "lea", "hana", "sam"] {
            let id = stage.school.person(name);
            stage.people.insert(name.to_owned(), id);
        }
        // A second one of each role, so that nobody reads as the author of what she reads.
        for (number, (name, kind, role, may_write)) in (1_000..).zip([
            ("teacher-2", PersonKind::Teacher, Role::Teacher, false),
            ("reader-1", PersonKind::Teacher, Role::Reader, true),
            ("reader-2", PersonKind::Teacher, Role::Reader, false),
            ("mentor-2", PersonKind::Mentor, Role::Mentor, false),
            ("peer-1", PersonKind::Student, Role::Peer, false),
            ("peer-2", PersonKind::Student, Role::Peer, false),
            ("guardian-1", PersonKind::Guardian, Role::Guardian, false),
            ("guardian-2", PersonKind::Guardian, Role::Guardian, false),
        ]) {
            let mut rng = SeededRng::new(number);
            let id = stage.school.edit(|edit| roster::add(edit, name, &[kind], &mut rng));
            stage.people.insert(name.to_owned(), id);
            stage.grant(name, role, may_write);
        }
        stage
    }

    fn grant(&mut self, name: &str, role: Role, may_write: bool) {
        let (folio, person) = (self.school.folio("mina/community-garden"), self.people[name]);
        self.school
            .edit(|edit| circles::grant(edit, &Grant { folio, person, role, may_write, expires: None }));
    }

    fn enrol_everyone(&mut self) {
        let names: Vec<(String, PersonId)> =
            self.people.iter().map(|(name, id)| (name.clone(), *id)).collect();
        for (name, id) in names {
            self.school.enrol_person(&name, id);
        }
        self.school.settle();
    }

    /// Mina's piece, shared with everyone, with a voice of each class about her.
    fn spoken_on(&mut self) -> PieceId {
        let piece =
            self.school.capture("mina", "The bean bed", "mina/community-garden", "2026-05-04", &["TEAM"]);
        for group in ["otto", "ada"] {
            let folio = self.school.folio(&format!("{group}/community-garden"));
            self.school.on("mina", |mina, now, rng| mina.place(piece, folio, now, rng)).expect("placed");
        }
        self.school.settle();
        let mina = self.people["mina"];
        self.school
            .on("mina", |device, now, rng| device.reflect(piece, "We planted it", now, rng))
            .expect("reflected");
        for author in COLUMNS.iter().skip(2) {
            let words = Feedback { did_well: format!("said by {author}"), ..Feedback::default() };
            self.school
                .on(author, |device, now, rng| device.feedback(piece, Some(mina), &words, None, now, rng))
                .unwrap_or_else(|error| panic!("{author} can't speak: {error}"));
        }
        self.school.settle();
        piece
    }

    fn column(&self, piece: PieceId, column: &str) -> DocumentId {
        match column {
            "content" => DocumentId::content(piece),
            author => DocumentId::voice(piece, self.people[author], Some(self.people["mina"])),
        }
    }

    /// What a device holds of a piece.
    fn holds(&mut self, name: &str, piece: PieceId) -> BTreeSet<DocumentId> {
        let store = self.school.device(name).device().store();
        let documents = log::documents_of(store.read(), piece).expect("documents can be listed");
        documents.into_iter().filter(|row| !row.heads.is_empty()).map(|row| row.id).collect()
    }

    fn check_reads(&mut self, piece: PieceId, allowed: impl Fn(&str, Option<Role>, usize, bool) -> bool) {
        for (reader, role, row) in READS {
            let holds = self.holds(reader, piece);
            for (number, column) in COLUMNS.into_iter().enumerate() {
                let expected = allowed(reader, role, number, row[number]);
                let found = holds.contains(&self.column(piece, column));
                assert_eq!(found, expected, "{reader} as {role:?} reads {column}");
            }
        }
    }
}

#[test]
fn reading_follows_the_table_for_every_role_class_and_audience() {
    let mut stage = Stage::new();
    stage.enrol_everyone();
    let piece = stage.spoken_on();
    stage.check_reads(piece, |_, _, _, table| table);

    // Once others have written, a piece can't be taken from its teachers any more: each role is tried beside theirs.
    let single = Role::ALL.into_iter().map(|role| Roles::of([role, Role::Teacher]));
    let teachers_and_family = Roles::of([Role::Teacher, Role::Guardian]);
    for audience in single.chain([teachers_and_family, Roles::WHOLE_CIRCLE]) {
        stage.school.on("mina", |mina, now, rng| mina.share(piece, audience, now, rng)).unwrap();
        stage.school.settle();
        stage.check_reads(piece, |_, role, column, table| {
            // Owners are always in the audience of what a student made: Mina for all, and Ada, in whose folio it lies too,
            // for the work itself.
            let owns = role == Some(Role::Owner) || (role == Some(Role::Group) && column == 0);
            table && (owns || role.is_some_and(|role| audience.contains(role)))
        });
    }
}

#[test]
fn before_it_is_shared_a_piece_is_its_makers_alone() {
    let mut stage = Stage::new();
    stage.enrol_everyone();
    let new = fieldfolio_core::device::NewPiece {
        title: "Mine".into(),
        folios: vec![stage.school.folio("mina/community-garden")],
        ..fieldfolio_core::device::NewPiece::of(fieldfolio_tests::a_day())
    };
    let piece = stage.school.on("mina", |mina, now, rng| mina.capture(new, now, rng)).unwrap().piece;
    stage.school.settle();
    for (reader, role, _) in READS {
        assert_eq!(stage.holds(reader, piece).is_empty(), role != Some(Role::Owner), "{reader}");
    }
}

#[test]
fn who_has_left_was_denied_or_has_expired_holds_nothing_of_others() {
    for how in ["ended", "denied", "expired"] {
        let mut stage = Stage::new();
        stage.enrol_everyone();
        let piece = stage.spoken_on();
        let folio = stage.school.folio("mina/community-garden");
        let mina = stage.people["mina"];
        for (name, role) in [
            ("teacher-2", Role::Teacher),
            ("reader-1", Role::Reader),
            ("reader-2", Role::Reader),
            ("mentor-2", Role::Mentor),
            ("peer-1", Role::Peer),
            ("guardian-2", Role::Guardian),
        ] {
            let person = stage.people[name];
            let now = stage.school.now;
            stage.school.edit(|edit| match how {
                "ended" => circles::end(edit, folio, person, role),
                "denied" => circles::deny(edit, mina, person).map(|_| ()),
                _ => {
                    circles::end(edit, folio, person, role)?;
                    let expires = Some(now.plus_millis(5_000));
                    circles::grant(
                        edit,
                        &Grant { folio, person, role, may_write: role == Role::Reader, expires },
                    )
                    .map(|_| ())
                }
            });
        }
        stage.school.now = stage.school.now.plus_millis(120_000);
        stage.school.settle();
        for name in ["teacher-2", "reader-2", "mentor-2", "guardian-2"] {
            assert!(stage.holds(name, piece).is_empty(), "{name} after {how}");
        }
        for author in ["reader-1", "peer-1"] {
            let own = stage.column(piece, author);
            assert_eq!(
                stage.holds(author, piece),
                BTreeSet::from([own]),
                "{author} keeps her own words after {how}"
            );
        }
        assert_eq!(stage.holds("ms-ito", piece).len(), COLUMNS.len());
    }
}

#[test]
fn writing_follows_the_table_and_no_claim_changes_it() {
    let mut stage = Stage::new();
    stage.enrol_everyone();
    let piece = stage.spoken_on();
    let (mina, otto) = (stage.people["mina"], stage.people["otto"]);
    // Who writes a voice about Mina, and about Otto, in whose circle only his own teachers and the group are.
    let rows = [
        ("mina", true, true, false),
        ("ms-ito", true, true, true),
        ("teacher-2", true, false, true),
        ("reader-1", true, false, true),
        ("reader-2", false, false, false),
        ("mentor-2", true, false, true),
        ("otto", true, true, false),
        ("ada", true, true, false),
        ("peer-2", true, false, true),
        ("guardian-2", true, false, true),
        ("sam", false, false, false),
    ];
    for (writer, about_mina, about_otto, about_nobody) in rows {
        let me = stage.school.device(writer).device().identity().clone();
        let attempts = [
            (DocumentId::voice(piece, me.person, Some(mina)), about_mina),
            (DocumentId::voice(piece, me.person, Some(otto)), about_otto),
            (DocumentId::voice(piece, me.person, None), about_nobody),
            (DocumentId::content(piece), writer == "mina"),
            (DocumentId::voice(piece, stage.people["mr-okafor"], Some(mina)), false),
            (DocumentId::voice(piece, me.person, Some(stage.people["sam"])), false),
        ];
        for (number, (document, allowed)) in attempts.into_iter().enumerate() {
            let mut sheet = Sheet::genesis();
            let actor = [100 + number as u8; 16];
            let change = raw::change(&me, document, &mut sheet, actor, |edit| edit.title(writer));
            let response = raw::send(&mut stage.school, &me, vec![Item::Change(change)]).unwrap();
            let stored = matches!(response.verdicts[..], [Verdict::Stored(_)]);
            assert_eq!(stored, allowed, "{writer} writes {document}: {:?}", response.verdicts);
        }
    }
}

#[test]
fn offers_are_accepted_declined_and_taken_out_by_whom_the_table_names() {
    let mut stage = Stage::without_groups();
    stage.enrol_everyone();
    let hers = stage.school.folio("mina/community-garden");
    // Who may accept what Otto offers to Mina's folio, decline it (or take it back), and take it out once it lies there.
    let rows = [
        ("mina", true, true, true),
        ("ms-ito", true, true, true),
        ("teacher-2", true, true, true),
        ("otto", false, true, true),
        ("mr-okafor", true, true, true),
        ("reader-1", false, false, false),
        ("reader-2", false, false, false),
        ("lea", false, false, false),
        ("mentor-2", false, false, false),
        ("ada", false, false, false),
        ("peer-2", false, false, false),
        ("hana", false, false, false),
        ("guardian-2", false, false, false),
        ("sam", false, false, false),
    ];
    let mut number = 0_u8;
    let mut id = move || {
        number += 1;
        ActId::from_bytes([number; 16])
    };
    for (who, accepts, declines, takes_out) in rows {
        for (what, lies_there, allowed) in
            [("accepts", false, accepts), ("declines", false, declines), ("takes out", true, takes_out)]
        {
            let piece = stage.school.capture("otto", "A bed", "otto/community-garden", "2026-05-04", &[]);
            stage.school.settle();
            let otto = stage.school.device("otto").device().identity().clone();
            let mina = stage.school.device("mina").device().identity().clone();
            let me = stage.school.device(who).device().identity().clone();
            let offer = id();
            let mut setup = vec![(&otto, raw::act(&otto, offer, &Act::Offer { piece, folio: hers }))];
            if lies_there {
                setup.push((&mina, raw::act(&mina, id(), &Act::Accept { piece, offer })));
            }
            for (by, item) in setup {
                let told = raw::send(&mut stage.school, by, vec![item]).unwrap();
                assert!(matches!(told.verdicts[..], [Verdict::Stored(_)]), "{:?}", told.verdicts);
            }
            let act = match what {
                "accepts" => Act::Accept { piece, offer },
                _ => Act::Unplace { piece, folio: hers, replaces: vec![offer], to: None },
            };
            let told = raw::send(&mut stage.school, &me, vec![raw::act(&me, id(), &act)]).unwrap();
            let stored = matches!(told.verdicts[..], [Verdict::Stored(_)]);
            assert_eq!(stored, allowed, "{who} {what}: {:?}", told.verdicts);
        }
    }
}
