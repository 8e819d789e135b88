//! Real inputs for every reader, to be broken: what a small school sends, keeps and is set up with.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::{NewChange, Sheet};
use fieldfolio_core::ids::{ActId, ClassId, DocumentId, PieceId, ProjectId, SeededRng};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::model::directory::DeviceRecord;
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::signing::Signature;
use fieldfolio_core::store::Identity;
use fieldfolio_core::sync::wire::{
    self, Cursor, DirectoryCall, Envelope, Item, Live, PersonRecord, Record, Request, Response,
};
use fieldfolio_server::directory::classes::ClassRole;
use fieldfolio_server::directory::{circles, classes, devices, families, frameworks, invitations};
use fieldfolio_server::exchange::revocations;

use crate::photos::{field_photo, field_png};
use crate::real::Writing;
use crate::sim::School;
use crate::{documents, films, hostile, raw};

/// The school that all of this is from.
pub const SCHOOL: u64 = 77;

/// Real inputs of the reader of this name.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "wire_frames" => frames(),
        "acts" => acts(),
        "changes" => changes(),
        "media" => media(),
        "upload_headers" => upload_headers(),
        "invitations" => links(),
        "settings" => settings(),
        "frameworks" => frameworks(),
        "ends" => ended(),
        other => panic!("there is no reader {other}"),
    }
}

/// Mina has worked, Ms Ito has answered, and both know it.
fn busy_school() -> School {
    let mut school = School::new(SCHOOL);
    school.enrol("phone", "mina");
    school.enrol("desk", "ms-ito");
    for (title, date) in [("A leaf", "2026-05-04"), ("A bed of beans", "2026-05-06")] {
        school.capture("phone", title, "mina/community-garden", date, &["THINK"]);
    }
    school.settle();
    school
}

fn identity(school: &mut School, device: &str) -> Identity {
    school.device(device).device().identity().clone()
}

fn some_acts(school: &School) -> Vec<Act> {
    let mut dice = SeededRng::new(3);
    let (now, folio) = (school.now, school.folio("mina/community-garden"));
    let piece = PieceId::new(now, &mut dice);
    let share = ActId::new(now, &mut dice);
    vec![
        Act::DeclareProject {
            project: ProjectId::new(now, &mut dice),
            title: "Bees".into(),
            brief: "What they need".into(),
            outcomes: vec![school.outcome("THINK"), school.outcome("TEAM")],
        },
        Act::DeclareFolio {
            student: school.person("mina"),
            project: Some(school.project("community-garden")),
        },
        Act::DeclarePiece { piece, maker: school.person("mina"), kind: PieceKind::Evidence },
        Act::Place { piece, folio },
        Act::Unplace { piece, folio, replaces: vec![share], to: Some(school.folio("mina/home")) },
        Act::Offer { piece, folio },
        Act::Accept { piece, offer: share },
        Act::Share { piece, audience: Roles::WHOLE_CIRCLE, replaces: vec![share] },
        Act::Unshare { piece, replaces: vec![share, ActId::new(now, &mut dice)] },
        Act::Erase { piece },
    ]
}

fn acts() -> Vec<Vec<u8>> {
    let mut school = busy_school();
    let me = identity(&mut school, "phone");
    let acts = some_acts(&school);
    let signed = acts.iter().zip(1..).map(|(act, number)| match raw::act(&me, act_id(number), act) {
        Item::Act(signed) => wire::to_bytes(&signed),
        other => wire::to_bytes(&other),
    });
    let signed: Vec<Vec<u8>> = signed.collect();
    acts.iter().map(Act::to_bytes).chain(signed).collect()
}

fn act_id(number: u8) -> ActId {
    ActId::from_bytes([number; 16])
}

fn frames() -> Vec<Vec<u8>> {
    let mut school = busy_school();
    let me = identity(&mut school, "phone");
    let told = raw::ask(&mut school, &me, Cursor::default()).expect("a device is answered");
    let mut frames = requests(&school, &me, &told);
    for packed in [false, true] {
        frames.push(told.to_frame(packed));
        frames.push(Live::News(told.clone()).to_frame(packed));
        frames.push(Live::Answer(Response { verdicts: Vec::new(), ..told.clone() }).to_frame(packed));
    }
    frames.extend(told.records.iter().map(wire::to_bytes));
    frames.push(wire::to_bytes(&told.cursor));
    let vouched: Vec<DeviceRecord> = told.records.iter().flat_map(devices_of).collect();
    frames.extend(calls(&school, &me, vouched));
    frames
}

fn devices_of(envelope: &Envelope) -> Vec<DeviceRecord> {
    match envelope.record() {
        Some(Record::Person(PersonRecord { devices, .. })) => devices,
        _ => Vec::new(),
    }
}

fn requests(school: &School, me: &Identity, told: &Response) -> Vec<Vec<u8>> {
    let acts = some_acts(school);
    let mut items: Vec<Item> =
        acts.iter().zip(1..).map(|(act, number)| raw::act(me, act_id(number), act)).collect();
    let piece = PieceId::from_bytes([9; 16]);
    let mut content = Writing::new(DocumentId::content(piece), &mut SeededRng::new(4));
    let change = content.write(me, &[BlobHash::of(b"a leaf")], |edit| edit.title("A leaf"));
    items.push(Item::OldChange(change.clone(), 12));
    items.push(Item::Change(change));
    let fill = told.to_fill.iter().map(|fill| wire::Fill { document: fill.document, after: 0 }).collect();
    let audit = Some(wire::Holdings { documents: [7; 32], records: [8; 32] });
    let full = Request { fill, inflates: true, audit, ..Request::of(told.cursor, items) };
    [Request::of(Cursor::default(), Vec::new()), full].iter().map(wire::to_bytes).collect()
}

fn calls(school: &School, me: &Identity, chain: Vec<DeviceRecord>) -> Vec<Vec<u8>> {
    let (folio, person, until) = (school.folio("mina/community-garden"), me.person, school.now);
    let (key, signature) = (me.key.public(), Signature::from_bytes([5; 64]));
    let invite = wire::Invite { invitation: key, person, expires: until, signature };
    let call = |call: DirectoryCall| wire::to_bytes(&call);
    vec![
        wire::to_bytes(&wire::Enrol {
            invitation: key,
            device: me.device,
            key,
            signature,
            token_hash: [6; 32],
            token_signature: signature,
        }),
        wire::to_bytes(&wire::ReEnrol { chain, token_hash: [6; 32], token_signature: signature }),
        call(DirectoryCall::InviteMentor(wire::InviteMentor {
            folio,
            name: "Noor".into(),
            until,
            invite: invite.clone(),
        })),
        call(DirectoryCall::Invite(invite)),
        call(DirectoryCall::ConfirmMentor(wire::ProposedMentor { folio, person })),
        call(DirectoryCall::DeclineMentor(wire::ProposedMentor { folio, person })),
        call(DirectoryCall::GrantPart(wire::GrantPart {
            folio,
            person,
            role: Role::Reader,
            may_write: true,
            expires: Some(until),
        })),
        call(DirectoryCall::EndPart(wire::EndPart { folio, person, role: Role::Mentor })),
        call(DirectoryCall::StartProject(wire::StartProject {
            project: school.project("community-garden"),
            class: ClassId::from_bytes([8; 16]),
            title: "Bees".into(),
            brief: String::new(),
            outcomes: vec![school.outcome("THINK")],
            framework: None,
        })),
        call(DirectoryCall::RevokeDevice(wire::RevokeDevice { device: me.device })),
        call(DirectoryCall::ReleaseHeld(wire::ReleaseHeld {
            document: DocumentId::content(PieceId::from_bytes([9; 16])),
        })),
        wire::to_bytes(&wire::RevokedDevice { vouched_for: vec![me.device] }),
    ]
}

/// Honest changes, and some of each terrible kind with checksums that are right.
fn changes() -> Vec<Vec<u8>> {
    let mut dice = SeededRng::new(5);
    let sheet = Sheet::genesis();
    let honest = (0..4).map(|number| hostile::model(&sheet, number, &mut SeededRng::new(number)));
    let mut changes: Vec<NewChange> = honest.collect();
    for kind in hostile::Kind::ALL {
        for _ in 0..4 {
            changes.push(hostile::broken(kind, &sheet, None, &mut dice));
        }
    }
    changes.into_iter().map(|change| change.raw).filter(|raw| raw.len() < 100_000).collect()
}

/// One of each container, small.
fn media() -> Vec<Vec<u8>> {
    let photo = field_photo(1, 48, 32);
    let mut files = vec![
        documents::pdf(&photo, 48, 32),
        documents::docx(&photo),
        field_png(2, 40, 30),
        "Ein Blatt, 木の葉\nvon unten".into(),
    ];
    let names = ["phone.mp4", "browser.mp4", "stream.mp4", "keys.mov", "note.m4a", "note.opus", "note.ogg"];
    let others =
        ["note.wav", "still.webp", "moving.webp", "moving.gif", "moving.apng", "flac.mp4", "song.mp3"];
    let more = ["radio.aac", "fine.flac"];
    let made = films::FILMS.iter().chain(&films::SOUNDS).chain(&films::PICTURES);
    let made = made.filter(|made| {
        names.contains(&made.name) || others.contains(&made.name) || more.contains(&made.name)
    });
    files.extend(made.map(|made| made.bytes()));
    files.push(photo);
    files
}

fn upload_headers() -> Vec<Vec<u8>> {
    let (hash, piece) = (BlobHash::of(b"a leaf").to_string(), PieceId::from_bytes([7; 16]).to_string());
    let metadata = format!("hash {},piece {}", STANDARD.encode(hash), STANDARD.encode(piece));
    let ids = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];
    let places = ids.map(|id| format!("/v1/uploads/{id}")).join(" ");
    let begin = "Tus-Resumable: 1.0.0\nContent-Length: 20";
    [
        format!("{begin}\nUpload-Length: 1000000\nUpload-Metadata: {metadata},filename bGVhZg=="),
        format!("{begin}\nUpload-Defer-Length: 1\nUpload-Metadata: {metadata}\nUpload-Concat: partial"),
        format!("{begin}\nUpload-Concat: final;{places}\nUpload-Metadata: {metadata}"),
        format!("{begin}\nUpload-Offset: 4194304\nUpload-Checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="),
        format!(
            "{begin}\nUpload-Offset: 0\nUpload-Length: 20\nUpload-Checksum: sha256 {}",
            STANDARD.encode([7; 32])
        ),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// A link, and what it packs.
fn links() -> Vec<Vec<u8>> {
    let mut school = School::new(SCHOOL);
    let (root, mina) = (school.root_key(), school.person("mina"));
    let url = "https://folio.school.example/garden";
    let link =
        school.edit(|edit| invitations::invite(edit, mina, 86_400_000, &root, url, &mut SeededRng::new(6)));
    let url = link.to_url();
    let packed = url.split_once("#join=").and_then(|(_, packed)| URL_SAFE_NO_PAD.decode(packed).ok());
    vec![packed.expect("a link packs bytes"), url.into_bytes()]
}

fn settings() -> Vec<Vec<u8>> {
    [
        "listen = \"127.0.0.1:8080\"\npublic_url = \"https://folio.school.example\"\nlog_level = \"info\"\n",
        "max_upload_bytes = 67108864\nquota_bytes_per_person = 2147483648\nquota_bytes_per_school = 0\n",
        "# For a small disk\ndisk_floor_bytes = 1_073_741_824\nreader_connections = 4\nconnections = 8192\n",
        "live_connections = 4096\nlive_ping_seconds = 30\nends_file = \"/mnt/other/ends.log\"\n",
        "gate_children = 4\ngate_memory_bytes = 402653184\ngate_seconds = 5\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

fn frameworks() -> Vec<Vec<u8>> {
    let school = School::new(SCHOOL);
    let there = frameworks::list(&school.conn).expect("the sample school has a framework");
    let small = r#"{"title": "Garden", "version": 2, "outcomes": [
        {"code": "SOIL", "statement": "Knows soil", "friendly": "I know soil", "rubric": ["a", "b", "c", "d"]},
        {"code": "SOIL.1", "statement": "Digs", "parent": "SOIL"},
        {"code": "SOIL.2", "statement": "Waters", "parent": "SOIL.1"}]}"#;
    let mut files = vec![small.as_bytes().to_vec()];
    for mut framework in there {
        framework.version += 1;
        files.push(serde_json::to_vec(&framework).expect("a framework is JSON"));
        framework.outcomes.truncate(3);
        files.push(serde_json::to_vec(&framework).expect("a framework is JSON"));
    }
    files
}

/// Lines of all that can end, of this very school: devices, parts, denials, memberships, families, pieces.
fn ended() -> Vec<Vec<u8>> {
    let mut school = busy_school();
    let phone = identity(&mut school, "phone").device;
    let (mina, ito, lea) = (school.person("mina"), school.person("ms-ito"), school.person("lea"));
    let (hana, class) = (school.person("hana"), school.class("science-9"));
    let folio = school.folio("mina/community-garden");
    school.edit(|edit| devices::revoke(edit, phone));
    school.edit(|edit| circles::end(edit, folio, lea, Role::Mentor));
    school.edit(|edit| circles::deny(edit, mina, ito));
    school.edit(|edit| classes::leave(edit, class, ito, ClassRole::Teacher));
    school.edit(|edit| families::unlink_guardian(edit, mina, hana));
    let ends = revocations::since(&school.conn, 0).expect("what ended is in the log");
    let mut lines: Vec<String> = ends.iter().map(revocations::Revocation::line).collect();
    lines.push(format!("90 00000000000000aa erase piece {}\n", PieceId::from_bytes([4; 16])));
    // Parts that follow from classes and families, of the owner too, as a later version might write them.
    for role in ["owner", "teacher", "group", "guardian", "reader", "peer"] {
        lines.push(format!("91 00000000000000ab circle end folio {folio} person {mina} {role}\n"));
    }
    let all = lines.concat();
    lines.push(all);
    lines.into_iter().map(String::into_bytes).collect()
}
