//! Every event has the text it always had, and is read back from it.

use fieldfolio_core::ids::{
    ActId, ClassId, DeviceId, DocumentId, FolioId, FrameworkId, PersonId, PieceId, ProjectId, Rng, SchoolId,
    SeededRng,
};
use fieldfolio_core::model::directory::{Inviter, PersonKind};
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::signing::PublicKey;
use fieldfolio_core::time::Timestamp;

use super::{Event, GroupMark};
use crate::log::class_role::ClassRole;

/// An event, its kind and its subject, in which `@1` stands for the id all of whose bytes are 1.
struct Sample(Event, &'static str, &'static str);

/// The list, and a match over the same names without a wildcard: an event that is missing here does not compile.
macro_rules! samples {
    ($($event:ident { $($field:ident: $value:expr),* }, $kind:literal, $subject:literal;)*) => {
        fn samples() -> Vec<Sample> {
            vec![$(Sample(Event::$event { $($field: $value),* }, $kind, $subject)),*]
        }

        #[allow(unreachable_patterns)]
        fn is_sampled(event: &Event) -> bool {
            match event {
                $(Event::$event { .. } => true,)*
            }
        }
    };
}

samples! {
    SchoolMade { school: SchoolId::from_bytes([1; 16]) }, "init", "@1";
    ClassesAnnounced {}, "upgrade", "classes";
    EpochBegun { epoch: 3, at: 1700 }, "fork", "epoch 3 at 1700";
    EntriesRead { person: person(2) }, "read", "person @2";
    PersonNamed { person: person(2) }, "person", "person @2";
    KindAdded { person: person(2), kind: PersonKind::Mentor }, "person", "person @2 mentor";
    KindRemoved { person: person(2), kind: PersonKind::Teacher }, "person", "remove-kind person @2 teacher";
    PersonLocked { person: person(2) }, "person", "lock person @2";
    PersonUnlocked { person: person(2) }, "person", "unlock person @2";
    PersonLimited { person: person(2), files: Some(5_000), records: None },
        "person", "limit person @2 files 5000 records none";
    PersonLimited { person: person(2), files: None, records: Some(0) },
        "person", "limit person @2 files none records 0";
    GuardianLinked { student: person(2), guardian: person(3) }, "guardian", "link student @2 guardian @3";
    GuardianUnlinked { student: person(2), guardian: person(3) }, "guardian", "unlink student @2 guardian @3";
    ClassMade { class: class() }, "class", "class @4";
    ClassJoined { class: class(), person: person(2), role: ClassRole::Student },
        "class", "join class @4 person @2 student";
    ClassLeft { class: class(), person: person(2), role: ClassRole::Advisor },
        "class", "leave class @4 person @2 advisor";
    FrameworkImported { framework: FrameworkId::from_bytes([5; 16]), edition: 12 },
        "framework", "framework @5 edition 12";
    ProjectMade { project: project(), class: class() }, "project", "project @6 class @4";
    StudentsGrouped { project: project(), students: vec![person(2)] }, "group", "project @6 students @2";
    StudentsGrouped { project: project(), students: vec![person(2), person(3)] },
        "group", "project @6 students @2 @3";
    GroupsLeft { project: project(), left: vec![(person(2), GroupMark([0x0a; 8]))] },
        "group", "leave project @6 @2:0a0a0a0a0a0a0a0a";
    GroupsLeft { project: project(), left: vec![(person(2), GroupMark([0; 8])), (person(3), GroupMark([255; 8]))] },
        "group", "leave project @6 @2:0000000000000000 @3:ffffffffffffffff";
    PartGranted { folio: folio(), person: person(2), role: Role::Reader },
        "circle", "grant folio @7 person @2 reader";
    PartNarrowed { folio: folio(), person: person(2), role: Role::Peer },
        "circle", "narrow folio @7 person @2 peer";
    PartBounded { folio: folio(), person: person(2), role: Role::Reader, may_write: true, until: None },
        "circle", "narrow folio @7 person @2 reader voice 9223372036854775807";
    PartBounded {
        folio: folio(), person: person(2), role: Role::Mentor, may_write: false,
        until: Some(Timestamp::from_millis(1_700_000_000_000))
    }, "circle", "narrow folio @7 person @2 mentor silent 1700000000000";
    PartEnded { folio: folio(), person: person(2), role: Role::Mentor }, "circle", "end folio @7 person @2 mentor";
    PartsExpired { folios: vec![folio()], others: 0 }, "expiry", "folio @7";
    PartsExpired { folios: vec![folio(), FolioId::from_bytes([8; 16])], others: 4 },
        "expiry", "folio @7 @8 and 4 more";
    CirclesClosed { student: person(2), person: person(3) }, "denial", "deny student @2 person @3";
    CirclesOpened { student: person(2), person: person(3) }, "denial", "allow student @2 person @3";
    MentorBrought { folio: folio(), person: person(2) }, "mentor", "bring folio @7 person @2";
    MentorProposed { folio: folio(), person: person(2) }, "mentor", "propose folio @7 person @2";
    MentorConfirmed { folio: folio(), person: person(2) }, "mentor", "confirm folio @7 person @2";
    MentorDeclined { folio: folio(), person: person(2) }, "mentor", "decline folio @7 person @2";
    DeviceInvited { person: person(2), inviter: Inviter::Root }, "invite", "person @2 by root";
    DeviceInvited { person: person(2), inviter: Inviter::Device(device()) },
        "invite", "person @2 by device @9";
    InvitationCancelled { invitation: PublicKey::from_bytes([0xab; 32]) },
        "invitation", "cancel abababababababababababababababababababababababababababababababab";
    DeviceEnrolled { device: device() }, "enrol", "device @9";
    DeviceCameBack { device: device() }, "enrol", "device @9 came back";
    DeviceRevoked { device: device(), invitation: None }, "revoke", "device @9";
    DeviceRevoked { device: device(), invitation: Some(PublicKey::from_bytes([0xab; 32])) },
        "revoke", "device @9 invitation abababababababababababababababababababababababababababababababab";
    ActTaken {}, "act", "";
    ChangeTaken {}, "change", "";
    ChangeHeld { document: DocumentId::content(piece()) }, "hold", "@10/content";
    ChangeHeld { document: DocumentId::voice(piece(), person(2), None) }, "hold", "@10/voice/@2";
    HeldReleased { document: DocumentId::voice(piece(), person(2), Some(person(3))) },
        "release", "@10/voice/@2/@3";
    PieceErased { piece: piece() }, "erase", "piece @10";
    PieceNarrowed { piece: piece() }, "share", "narrow piece @10";
    PieceBounded { piece: piece(), audience: Roles::of([Role::Owner, Role::Guardian]) },
        "share", "narrow piece @10 65";
    PieceBounded { piece: piece(), audience: Roles::NONE }, "share", "narrow piece @10 0";
    PieceUndone { piece: piece() }, "place", "undone piece @10";
    PlacingsUndone { piece: piece(), acts: vec![ActId::from_bytes([1; 16]), ActId::from_bytes([2; 16])] },
        "place", "undo piece @10 @1 @2";
    PiecesRefreshed { pieces: 64 }, "sight", "64 pieces";
    Unknown { kind: "portrait".to_owned(), subject: "remove person somebody".to_owned() },
        "portrait", "remove person somebody";
}

const fn person(number: u8) -> PersonId {
    PersonId::from_bytes([number; 16])
}

const fn class() -> ClassId {
    ClassId::from_bytes([4; 16])
}

const fn project() -> ProjectId {
    ProjectId::from_bytes([6; 16])
}

const fn folio() -> FolioId {
    FolioId::from_bytes([7; 16])
}

const fn device() -> DeviceId {
    DeviceId::from_bytes([9; 16])
}

const fn piece() -> PieceId {
    PieceId::from_bytes([10; 16])
}

/// The ids instead of what stands for them, the longest first.
fn with_ids(subject: &str) -> String {
    (1..=10_u8).rev().fold(subject.to_owned(), |subject, number| {
        subject.replace(&format!("@{number}"), &PersonId::from_bytes([number; 16]).to_string())
    })
}

#[test]
fn every_event_has_the_text_it_always_had_and_is_read_back_from_it() {
    for Sample(event, kind, subject) in samples() {
        let subject = with_ids(subject);
        assert!(is_sampled(&event));
        assert_eq!((event.kind(), event.subject()), (kind, subject.clone()), "{event:?}");
        assert_eq!(Event::parse(kind, &subject), event);
        assert_eq!(event.to_string(), format!("{kind} {subject}"));
    }
}

#[test]
fn what_takes_something_away_is_known_by_its_kind_and_first_word() {
    let mut away: Vec<String> = samples()
        .into_iter()
        .filter(|Sample(event, ..)| event.takes_away())
        .map(|Sample(_, kind, subject)| format!("{kind} {}", subject.split(' ').next().unwrap_or_default()))
        .collect();
    away.sort();
    away.dedup();
    let expected = [
        "circle end",
        "circle narrow",
        "class leave",
        "denial deny",
        "erase piece",
        "group leave",
        "guardian unlink",
        "invitation cancel",
        "mentor decline",
        "person limit",
        "person lock",
        "person remove-kind",
        "place undo",
        "revoke device",
        "share narrow",
    ];
    assert_eq!(away, expected);
}

/// Whatever the two texts are, they are kept as they are; how many of them are known.
fn known(texts: impl IntoIterator<Item = (String, String)>) -> usize {
    let mut known = 0;
    for (kind, subject) in texts {
        let event = Event::parse(&kind, &subject);
        assert_eq!((event.kind(), event.subject().as_str()), (kind.as_str(), subject.as_str()), "{event:?}");
        if !matches!(event, Event::Unknown { .. }) {
            known += 1;
        }
    }
    known
}

#[test]
fn a_line_that_was_cut_off_is_never_taken_for_another_event_of_other_ids() {
    for Sample(event, kind, subject) in samples() {
        let subject = with_ids(subject);
        for cut in 0..subject.len() {
            let read = Event::parse(kind, &subject[..cut]);
            assert_ne!(read, event);
            let ids = |text: &str| text.split([' ', ':', '/']).filter(|word| word.len() == 36).count();
            // At the end of a word, or within a number: less is said, and of the same.
            let says_less = ids(&read.subject()) <= ids(&subject);
            assert!(says_less || matches!(read, Event::Unknown { .. }), "{read:?}");
        }
    }
}

#[test]
fn words_that_nobody_wrote_are_kept_and_never_taken_for_an_event() {
    let spellings = [
        ("fork", "epoch +3 at 1700"),
        ("fork", "epoch 03 at 1700"),
        ("fork", "epoch 4294967296 at 0"),
        ("fork", "epoch -1 at 0"),
        ("person", "person @2 headmistress"),
        ("person", "limit person @2 files some records none"),
        ("person", "lock person @2 until 1700000000000"),
        ("person", "lock  person @2"),
        ("person", " lock person @2"),
        ("person", "lock person @2 "),
        ("person", "lock person @2\r"),
        ("Person", "lock person @2"),
        ("", "lock person @2"),
        ("person", ""),
        ("circle", "end folio @7 person @2 visitor"),
        ("circle", "narrow folio @7 person @2 reader loud 1700000000000"),
        ("circle", "narrow folio @7 person @2 reader voice 9223372036854775808"),
        ("expiry", "folio @7 and 0 more"),
        ("group", "leave project @6 @2"),
        ("group", "leave project @6 @2:0A0A0A0A0A0A0A0A"),
        ("group", "leave project @6 @2:+a+a+a+a+a+a+a+a"),
        ("invitation", "cancel ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"),
        ("revoke", "device @9 because it was lost"),
        ("hold", "@10/content/@2"),
        ("hold", "@10/voice/@2/@3/@4"),
        ("share", "narrow piece @10 65536"),
        ("erase", "piece @10 @10"),
        ("act", " "),
        ("sight", "18446744073709551616 pieces"),
    ];
    assert_eq!(known(spellings.map(|(kind, subject)| (kind.to_owned(), with_ids(subject)))), 0);
}

#[test]
fn damaged_lines_lose_nothing_and_never_panic() {
    let mut rng = SeededRng::new(7);
    let samples = samples();
    let mut texts = Vec::new();
    for round in 0..200_u64 {
        for Sample(event, kind, subject) in &samples {
            let mut bytes = with_ids(subject).into_bytes();
            for _ in 0..=rng.below(3) {
                let place = usize::try_from(rng.below(bytes.len() as u64 + 1)).unwrap_or(0);
                let mut byte = [0];
                rng.fill(&mut byte);
                match rng.below(3) {
                    0 => bytes.insert(place, byte[0]),
                    1 => bytes.truncate(place),
                    _ => bytes.iter_mut().skip(place).take(1).for_each(|at| *at = byte[0]),
                }
            }
            // Of another kind, every few rounds.
            let kind =
                if round % 5 == 0 { samples[usize::from(bytes.len() as u8) % samples.len()].1 } else { kind };
            texts.push((kind.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
            assert!(is_sampled(event));
        }
    }
    assert!(known(texts) > 0, "numbers may change and still be numbers");
}
