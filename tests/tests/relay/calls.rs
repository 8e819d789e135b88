//! What people may change in the directory from their devices: every call by every kind of caller, from a table written
//! out by hand, against a real relay; and the story of a mentor whom a student brings in.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use std::sync::mpsc;

use fieldfolio_core::device::{Ask, ClassProject, Device, DeviceError, NewPiece};
use fieldfolio_core::ids::{ClassId, DeviceId, FolioId, PersonId};
use fieldfolio_core::model::directory::Folio;
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::store::records::{self, RecordKind};
use fieldfolio_core::sync::wire::{self, DirectoryCall, InviteMentor, StartProject};
use fieldfolio_core::time::Timestamp;
use fieldfolio_tests::driver::{self, DriverError, Http, OsRng, Until, call, follow, now, sync};
use fieldfolio_tests::real::RealSchool;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Who asks. Ms Ito teaches Mina and advises her; Mr Abe teaches at the school, and nobody here.
const CALLERS: [&str; 9] = ["nobody", "revoked", "mina", "otto", "ms-ito", "mr-abe", "lea", "hana", "sam"];

/// What each caller is answered; every call is about Mina's garden, her class or her tablet. Who is let in asks twice.
#[rustfmt::skip]
const TABLE: [(&str, [u16; 9]); 8] = [
    //                     nobody revoked mina otto  ito    abe  lea hana  sam
    ("invite",     [401, 401,    204, 403,  204, 403,   403, 403, 204]),
    ("invite_mentor",         [401, 401,    204, 403,  204, 403,   403, 403, 403]),
    ("confirm_mentor", [401, 401,    403, 403,  204, 403,   403, 403, 403]),
    ("decline_mentor", [401, 401,    204, 403,  204, 403,   403, 403, 403]),
    ("grant_part",          [401, 401,    403, 403,  204, 403,   403, 403, 403]),
    ("end_part",      [401, 401,    403, 403,  204, 403,   403, 403, 403]),
    ("start_project",        [401, 401,    403, 403,  204, 403,   403, 403, 403]),
    ("revoke_device",  [401, 401,    200, 403,  200, 403,   403, 403, 403]),
];

/// What a call is about.
struct Target {
    folio: FolioId,
    class: ClassId,
    student: PersonId,
    proposed: PersonId,
    tablet: DeviceId,
    reader: PersonId,
    mentor: PersonId,
}

impl Target {
    /// In the school.
    fn of(school: &RealSchool, mina: &Device, tablet: &str) -> Self {
        let folio = school.folio("mina/community-garden");
        Self {
            folio,
            class: school.class("science-9"),
            student: school.person("mina"),
            proposed: propose(mina, folio).unwrap().person,
            tablet: school.enrol("mina", tablet).unwrap().identity().device,
            reader: school.person("mr-okafor"),
            mentor: school.person("lea"),
        }
    }

    /// In another school: nothing of it is here.
    fn foreign() -> Self {
        let person = || PersonId::new(now(), &mut OsRng);
        Self {
            folio: FolioId::new(now(), &mut OsRng),
            class: ClassId::new(now(), &mut OsRng),
            student: person(),
            proposed: person(),
            tablet: DeviceId::new(now(), &mut OsRng),
            reader: person(),
            mentor: person(),
        }
    }

    fn ask(&self, name: &str, device: &Device) -> Ask {
        let soon = now().plus_millis(DAY);
        match name {
            "invite" => device.invite_device(self.student, soon, &mut OsRng).ask,
            "invite_mentor" => device.invite_mentor(self.folio, "Noor", soon, now(), &mut OsRng).unwrap().ask,
            "confirm_mentor" => device.confirm_mentor(self.folio, self.proposed).ask,
            "decline_mentor" => device.decline_mentor(self.folio, self.proposed).ask,
            "grant_part" => device.grant_part(self.folio, self.reader, Role::Reader, true, Some(soon)).ask,
            "end_part" => device.end_part(self.folio, self.mentor, Role::Mentor).ask,
            "start_project" => {
                let project = ClassProject { title: "Bees", brief: "", outcomes: &[], framework: None };
                device.start_class_project(self.class, project, now(), &mut OsRng).unwrap().ask
            }
            "revoke_device" => device.revoke_device(self.tablet).ask,
            name => panic!("{name} is no call"),
        }
    }
}

fn propose(by: &Device, folio: FolioId) -> Result<InvitationLink, DriverError> {
    let until = now().plus_millis(100 * DAY);
    call(by, by.invite_mentor(folio, "Noor of the beehives", until, now(), &mut OsRng)?)
}

/// A teacher who teaches nobody.
fn stranger(school: &RealSchool) -> Device {
    let person = school.office(&["person", "add", "Mr Abe", "--kind", "teacher"]).unwrap();
    let link = school.office(&["invite", person["id"].as_str().unwrap()]).unwrap();
    driver::enrol(link["url"].as_str().unwrap(), &school.folder().join("mr-abe")).unwrap()
}

/// What a refusal says.
fn refused<T: std::fmt::Debug>(done: Result<T, DriverError>) -> String {
    match done {
        Err(DriverError::Device(DeviceError::Relay(words))) => words,
        other => panic!("a refusal was expected: {other:?}"),
    }
}

fn sync_all(devices: &mut [&mut Device]) {
    for device in devices {
        sync(device, true, std::time::Duration::from_secs(20)).unwrap();
    }
}

#[test]
fn every_call_answers_every_caller_as_the_table_says_also_when_repeated() {
    let school = RealSchool::start().unwrap();
    let mut devices: Vec<Device> = CALLERS[2..]
        .iter()
        .map(|person| match *person {
            "mr-abe" => stranger(&school),
            person => school.enrol(person, &format!("asking-{person}")).unwrap(),
        })
        .collect();
    let gone = school.enrol("ms-ito", "lost").unwrap();
    school.office(&["revoke", &gone.identity().device.to_string()]).unwrap();
    for (name, statuses) in TABLE {
        let target = Target::of(&school, &devices[0], &format!("tablet-{name}"));
        // Who is refused asks first, so that she is refused what is there to be done.
        let mut order: Vec<usize> = (0..CALLERS.len()).collect();
        order.sort_by_key(|caller| statuses[*caller] < 400);
        for caller in order {
            let (mut http, ask) = match caller {
                0 => (Http::stranger(), target.ask(name, &devices[2])),
                1 => (Http::of(&gone), target.ask(name, &gone)),
                caller => (Http::of(&devices[caller - 2]), target.ask(name, &devices[caller - 2])),
            };
            for time in ["once", "twice"] {
                let answer = http.perform(&ask).unwrap();
                let words = String::from_utf8_lossy(&answer.body).into_owned();
                assert_eq!(answer.status, statuses[caller], "{name}, {} {time}: {words}", CALLERS[caller]);
                let says_why = words.split_whitespace().count() > 4;
                assert!(answer.status < 400 || says_why, "{name}, {}: {words:?}", CALLERS[caller]);
            }
        }
        // What another school has is not here for anyone.
        for device in &mut devices {
            let answer = Http::of(device).perform(&Target::foreign().ask(name, device)).unwrap();
            assert_eq!(answer.status, 403, "{name} in a foreign school");
        }
    }
    let log = rusqlite::Connection::open(school.home().join("relay.db")).unwrap();
    let by_whom = |kind: &str| -> i64 {
        let sql = "select count(*) from log where kind = ?1 and by is not null";
        log.query_row(sql, [kind], |row| row.get(0)).unwrap()
    };
    for (kind, times) in [("project", 1), ("revoke", 1), ("mentor", 12), ("circle", 4)] {
        assert_eq!(
            by_whom(kind),
            times,
            "{kind} stands in the log with who did it, once for each that was done"
        );
    }
}

#[test]
fn a_mentor_whom_a_student_brings_in_sees_nothing_until_a_teacher_confirms_and_after_the_end() {
    let school = RealSchool::start().unwrap();
    let [mut mina, mut ito, mut hana, mut otto] =
        ["mina", "ms-ito", "hana", "otto"].map(|person| school.enrol(person, person).unwrap());
    // Offline: a project of her own, with a piece in it.
    let honey = mina.start_project("Honey", "", &[], now(), &mut OsRng).unwrap();
    let piece = NewPiece { title: "A frame of bees".into(), ..NewPiece::of(fieldfolio_tests::a_day()) };
    let piece = piece_in(&mut mina, piece, honey.folio);
    sync_all(&mut [&mut mina, &mut ito, &mut hana, &mut otto]);

    let link = propose(&mina, honey.folio).unwrap();
    let mut noor = driver::enrol(&link.to_url(), &school.folder().join("noor")).unwrap();
    sync_all(&mut [&mut noor, &mut mina, &mut ito, &mut hana, &mut otto]);
    assert!(folios(&noor).is_empty() && noor.piece(piece).is_err());
    for (device, sees) in [(&mina, 1), (&ito, 1), (&hana, 0), (&otto, 0), (&noor, 0)] {
        assert_eq!(device.proposed_mentors().unwrap().len(), sees, "proposals are the owner's and teachers'");
    }
    let (folio, proposed) = ito.proposed_mentors().unwrap().remove(0);
    assert_eq!((proposed.name.as_str(), proposed.person), ("Noor of the beehives", link.person));
    assert_eq!((proposed.by, folio), (mina.identity().person, honey.folio));

    let noor = follows(noor, || call(&ito, ito.confirm_mentor(folio, link.person)).unwrap());
    assert_eq!(noor.piece(piece).unwrap().content.title, "A frame of bees");
    sync_all(&mut [&mut ito, &mut mina]);
    assert!(ito.proposed_mentors().unwrap().is_empty() && mina.proposed_mentors().unwrap().is_empty());
    // A second device of hers is hers to invite, not the student's.
    let again = now().plus_millis(DAY);
    refused(call(&mina, mina.invite_device(link.person, again, &mut OsRng)));
    call(&noor, noor.invite_device(link.person, again, &mut OsRng)).unwrap();

    let noor = follows(noor, || call(&ito, ito.end_part(folio, link.person, Role::Mentor)).unwrap());
    assert!(noor.piece(piece).is_err() && folios(&noor).is_empty());
}

/// The folios that a device knows.
fn folios(device: &Device) -> Vec<Folio> {
    records::all(device.store().read(), RecordKind::Folio).unwrap()
}

fn piece_in(device: &mut Device, piece: NewPiece, folio: FolioId) -> fieldfolio_core::ids::PieceId {
    let piece = NewPiece { folios: vec![folio], audience: Some(Roles::WHOLE_CIRCLE), ..piece };
    device.capture(piece, now(), &mut OsRng).unwrap().piece
}

/// The device after it followed live what `happens` once it listens.
fn follows(mut device: Device, happens: impl FnOnce()) -> Device {
    let (tell, told) = mpsc::channel();
    let following = std::thread::spawn(move || {
        let report = follow(&mut device, Until::Change, |_, report| tell.send(report).unwrap()).unwrap();
        assert!(report.news > 0 && !report.locked);
        device
    });
    assert_eq!(told.recv().unwrap().answers, 1, "it listens");
    happens();
    following.join().unwrap()
}

#[test]
fn no_sequence_of_calls_raises_anyones_own_part() {
    let school = RealSchool::start().unwrap();
    let [mina, otto, mut ito, mut okafor] =
        ["mina", "otto", "ms-ito", "mr-okafor"].map(|person| school.enrol(person, person).unwrap());
    let folio = school.folio("mina/community-garden");
    let me = |device: &Device| device.identity().person;
    for role in [Role::Owner, Role::Teacher, Role::Group, Role::Guardian] {
        refused(call(&ito, ito.grant_part(folio, me(&otto), role, false, None)));
        refused(call(&ito, ito.end_part(folio, me(&mina), role)));
    }
    refused(call(&ito, ito.grant_part(folio, me(&ito), Role::Reader, true, None)));
    refused(call(&ito, ito.grant_part(folio, me(&mina), Role::Mentor, false, None)));
    // A home folio has no mentors, whoever asks.
    refused(propose(&ito, school.folio("mina/home")));
    refused(propose(&mina, school.folio("mina/home")));
    // Someone who is there already can't be brought in under another name.
    for person in [me(&mina), me(&ito), school.person("lea")] {
        let (invite, _) = mina.invite(person, now().plus_millis(DAY), &mut OsRng);
        assert_eq!(raw(&mina, mentor(folio, now().plus_millis(DAY), invite)), 403);
    }
    // A teacher's signature under a student's invitation, times that are no times, and names that are no names.
    let (invite, _) = ito.invite(PersonId::new(now(), &mut OsRng), now().plus_millis(DAY), &mut OsRng);
    assert_eq!(raw(&mina, mentor(folio, now().plus_millis(DAY), invite)), 403);
    for until in [now(), Timestamp::from_millis(1), now().plus_millis(400 * DAY)] {
        let (invite, _) = mina.invite(PersonId::new(now(), &mut OsRng), now().plus_millis(DAY), &mut OsRng);
        assert_eq!(raw(&mina, mentor(folio, until, invite)), 403);
    }
    let (invite, _) = mina.invite(PersonId::new(now(), &mut OsRng), now().plus_millis(DAY), &mut OsRng);
    let nameless = InviteMentor { folio, name: "x".repeat(101), until: now().plus_millis(DAY), invite };
    assert_eq!(raw(&mina, DirectoryCall::InviteMentor(nameless)), 403);
    let people = school.office(&["person", "list"]).unwrap();
    assert_eq!(people.as_array().unwrap().len(), 8, "nothing is left of what was refused");

    // The student opens her own mentor's invitation: she can't confirm herself, nor invite on.
    let link = propose(&mina, folio).unwrap();
    let false_mentor = driver::enrol(&link.to_url(), &school.folder().join("false")).unwrap();
    refused(call(&false_mentor, false_mentor.confirm_mentor(folio, link.person)));
    refused(call(&false_mentor, false_mentor.grant_part(folio, link.person, Role::Mentor, false, None)));
    refused(propose(&false_mentor, folio));
    let later = now().plus_millis(DAY);
    for person in [me(&mina), me(&ito)] {
        refused(call(&false_mentor, false_mentor.invite_device(person, later, &mut OsRng)));
    }
    call(&ito, ito.decline_mentor(folio, link.person)).unwrap();
    refused(call(&ito, ito.confirm_mentor(folio, link.person)));
    // Twenty at most: Lea is one of them.
    for _ in 0..19 {
        propose(&mina, folio).unwrap();
    }
    let full = refused(propose(&mina, folio));
    assert!(full.contains("20 mentors"), "{full}");

    // Who was denied stays denied, whatever is granted.
    let (student, person) = (me(&mina).to_string(), me(&okafor).to_string());
    school.office(&["circle", "deny", &student, &person]).unwrap();
    call(&ito, ito.grant_part(folio, me(&okafor), Role::Reader, true, None)).unwrap();
    sync_all(&mut [&mut ito, &mut okafor]);
    assert!(
        folios(&okafor)
            .iter()
            .all(|folio| folio.student != me(&mina)
                || folio.project != Some(school.project("community-garden")))
    );
}

fn mentor(folio: FolioId, until: Timestamp, invite: wire::Invite) -> DirectoryCall {
    DirectoryCall::InviteMentor(InviteMentor { folio, name: "Noor".into(), until, invite })
}

/// The status of a call that no method makes.
fn raw(device: &Device, call: DirectoryCall) -> u16 {
    let mut ask = device.confirm_mentor(FolioId::new(now(), &mut OsRng), device.identity().person).ask;
    ask.body = fieldfolio_core::device::Body::Bytes(wire::to_bytes(&call));
    Http::of(device).perform(&ask).unwrap().status
}

#[test]
fn a_class_is_its_teachers_and_its_projects_are_started_from_a_device() {
    let school = RealSchool::start().unwrap();
    let [mut mina, mut ito, mut okafor] =
        ["mina", "ms-ito", "mr-okafor"].map(|person| school.enrol(person, person).unwrap());
    sync_all(&mut [&mut mina, &mut ito, &mut okafor]);
    assert!(mina.classes().unwrap().is_empty());
    let (science, design) = (ito.classes().unwrap().remove(0), okafor.classes().unwrap().remove(0));
    assert_eq!((science.title.as_str(), science.students.len()), ("Science 9", 3));
    assert_eq!((science.teachers, design.title.as_str()), (vec![ito.identity().person], "Design 9"));

    let outcomes = [school.outcome("THINK")];
    let draft = ClassProject { title: "Bees", brief: "Keep a hive.", outcomes: &outcomes, framework: None };
    let framework = school.0["framework"].as_str().unwrap().parse().unwrap();
    let draft = ClassProject { framework: Some(framework), ..draft };
    let start = ito.start_class_project(science.id, draft, now(), &mut OsRng).unwrap();
    let project = call(&ito, start).unwrap();
    let same = StartProject {
        project,
        class: science.id,
        title: "Bees".into(),
        brief: "Keep a hive.".into(),
        outcomes: outcomes.to_vec(),
        framework: Some(framework),
    };
    assert_eq!(raw(&ito, DirectoryCall::StartProject(same.clone())), 204, "known");
    let other = StartProject { title: "Wasps".into(), ..same.clone() };
    assert_eq!(raw(&ito, DirectoryCall::StartProject(other)), 403, "the id is taken");
    let strange = StartProject {
        project: fieldfolio_core::ids::ProjectId::new(now(), &mut OsRng),
        framework: None,
        ..same
    };
    assert_eq!(raw(&ito, DirectoryCall::StartProject(strange)), 403, "an outcome of no framework");
    sync_all(&mut [&mut mina, &mut ito]);
    assert!(folios(&mina).iter().any(|folio| folio.project == Some(project)));

    let person = school.office(&["person", "add", "Noor", "--kind", "student"]).unwrap()["id"].to_string();
    school.office(&["class", "join", "Science 9", person.trim_matches('"'), "--as", "student"]).unwrap();
    sync_all(&mut [&mut ito]);
    assert_eq!(ito.classes().unwrap()[0].students.len(), 4, "who joins is told");
}

#[test]
fn a_person_sees_her_devices_and_revokes_one() {
    let school = RealSchool::start().unwrap();
    let mut phone = school.enrol("mina", "phone").unwrap();
    let me = phone.identity().person;
    let link = call(&phone, phone.invite_device(me, now().plus_millis(DAY), &mut OsRng)).unwrap();
    let tablet = driver::enrol(&link.to_url(), &school.folder().join("tablet")).unwrap();
    sync_all(&mut [&mut phone]);
    let shown = phone.devices().unwrap();
    assert_eq!(shown.len(), 2);
    assert!(shown[0].is_this && shown[0].invited_by.is_none() && !shown[0].is_new);
    assert_eq!((shown[1].id, shown[1].is_new), (tablet.identity().device, false));
    assert_eq!(shown[1].invited_by, Some(phone.identity().device));
    assert!(now().millis() - shown[1].enrolled_at.millis() < 60_000);

    let teacher = school.enrol("ms-ito", "ito").unwrap();
    let vouched = call(&teacher, teacher.revoke_device(phone.identity().device)).unwrap();
    assert_eq!(vouched, [tablet.identity().device], "what the lost phone vouched for deserves a look");
    assert!(sync(&mut phone, false, std::time::Duration::ZERO).unwrap().locked);
    call(&tablet, tablet.revoke_device(tablet.identity().device)).unwrap();
}
