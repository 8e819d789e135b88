//! Circles follow from classes and families, and end when those do.

use fieldfolio_core::ids::{FolioId, ProjectId};
use fieldfolio_core::model::role::Role;
use fieldfolio_server::directory::{
    anything_due, circles, derive, expire_due, folio_declared, people, school,
};
use fieldfolio_server::log::{self, Event};

use crate::office::{BRIDGE, DAY, GARDEN, HOME, Office};

#[test]
fn whoever_teaches_a_student_is_in_all_her_project_folios_and_her_advisor_at_home_too() {
    let mut office = Office::sample();
    assert_eq!(
        office.circle(GARDEN),
        [
            "Mina owner (owner)",
            "Mr Okafor teacher (class)",
            "Ms Ito teacher (advisor)",
            "Ms Ito teacher (class)",
            "Lea mentor (granted)",
            "Hana guardian (guardian)"
        ]
    );
    assert_eq!(
        office.circle(BRIDGE),
        [
            "Mina owner (owner)",
            "Mr Okafor teacher (class)",
            "Ms Ito teacher (advisor)",
            "Ms Ito teacher (class)",
            "Hana guardian (guardian)"
        ]
    );
    assert_eq!(
        office.circle(HOME),
        ["Mina owner (owner)", "Ms Ito teacher (advisor)", "Hana guardian (guardian)"]
    );
}

#[test]
fn a_student_who_joins_later_gets_the_folios_of_the_class_and_a_new_teacher_the_earlier_ones() {
    let mut office = Office::sample();
    office.run(&["person", "add", "Noor Sample", "--kind", "student"]);
    assert_eq!(office.circle("Noor Sample/home"), ["Noor owner (owner)"]);
    office.run_logged(&["class", "join", "Science 9", "Noor Sample", "--as", "student"], 1);
    assert_eq!(
        office.circle("Noor Sample/Community garden"),
        ["Noor owner (owner)", "Ms Ito teacher (advisor)", "Ms Ito teacher (class)"]
    );

    office.run(&["person", "add", "Mr Park Sample", "--kind", "teacher"]);
    office.run_logged(&["class", "join", "Science 9", "Mr Park Sample", "--as", "teacher"], 1);
    assert!(office.circle("Noor Sample/Community garden").contains(&"Mr Park teacher (class)".into()));
    assert!(!office.circle("Noor Sample/home").contains(&"Mr Park teacher (class)".into()));
    office.run_logged(&["class", "join", "Science 9", "Mr Park Sample", "--as", "teacher"], 0);
}

#[test]
fn a_former_teacher_reads_and_replies_for_thirty_days() {
    let mut office = Office::sample();
    office.run_logged(&["class", "leave", "Design 9", "Mr Okafor Sample"], 1);
    let former = "Mr Okafor reader (former class, may write)".to_owned();
    assert!(office.circle(BRIDGE).contains(&former));
    assert!(office.circle(GARDEN).contains(&former));
    assert!(!office.circle(HOME).contains(&former));

    office.later(30 * DAY - 1);
    assert!(!anything_due(&office.open(), office.now).unwrap());
    assert!(office.circle(BRIDGE).contains(&former));

    office.later(1);
    assert!(anything_due(&office.open(), office.now).unwrap());
    assert!(!office.circle(BRIDGE).contains(&former), "refused at receipt, even before the event");
    let before = office.events();
    // Three students, two project folios each.
    assert_eq!(office.edit(|edit, _| expire_due(edit.tx, edit.now)).unwrap(), 6);
    assert_eq!(office.events() - before, 1, "what ends together is told once");
    assert!(!anything_due(&office.open(), office.now).unwrap());

    // Nothing that happens afterwards brings him back, but joining again does.
    office.run(&["class", "leave", "Science 9", "Ms Ito Sample", "--as", "teacher"]);
    assert!(!office.circle(BRIDGE).iter().any(|row| row.starts_with("Mr Okafor")));
    office.run(&["class", "join", "Design 9", "Mr Okafor Sample", "--as", "teacher"]);
    assert!(office.circle(BRIDGE).contains(&"Mr Okafor teacher (class)".into()));
}

#[test]
fn when_a_student_leaves_a_class_its_teachers_become_former_ones_of_her_folios_alone() {
    let mut office = Office::sample();
    office.run(&["class", "leave", "Design 9", "Mina Sample"]);
    let former = "Mr Okafor reader (former class, may write)".to_owned();
    assert!(office.circle(BRIDGE).contains(&former));
    assert!(office.circle("Otto Sample/Bridge workshop").contains(&"Mr Okafor teacher (class)".into()));

    // A folio that began afterwards was never his to read.
    office.run(&["project", "add", "Pond", "--class", "Science 9"]);
    assert!(!office.circle("Mina Sample/Pond").iter().any(|row| row.starts_with("Mr Okafor")));

    office.run(&["class", "join", "Design 9", "Mina Sample", "--as", "student"]);
    assert!(office.circle("Mina Sample/Pond").contains(&"Mr Okafor teacher (class)".into()));
    assert!(!office.circle(BRIDGE).contains(&former));
}

#[test]
fn an_advisor_who_leaves_is_out_of_the_home_folio_at_once() {
    let mut office = Office::sample();
    office.run(&["class", "leave", "Science 9", "Ms Ito Sample", "--as", "advisor"]);
    assert_eq!(office.circle(HOME), ["Mina owner (owner)", "Hana guardian (guardian)"]);
    assert!(office.circle(GARDEN).contains(&"Ms Ito teacher (class)".into()));
}

#[test]
fn guardians_come_and_go_with_the_family() {
    let mut office = Office::sample();
    let error = office.refused(&["person", "guardian", "Otto Sample", "Ms Ito Sample"]);
    assert!(error.contains("add-kind"), "{error}");
    office.run(&["person", "add-kind", "Ms Ito Sample", "guardian"]);
    office.run_logged(&["person", "guardian", "Otto Sample", "Ms Ito Sample"], 1);
    assert!(office.circle("Otto Sample/home").contains(&"Ms Ito guardian (guardian)".into()));
    office.run_logged(&["person", "guardian", "Otto Sample", "Ms Ito Sample", "--end"], 1);
    office.run_logged(&["person", "guardian", "Otto Sample", "Ms Ito Sample", "--end"], 0);
    assert!(!office.circle("Otto Sample/home").contains(&"Ms Ito guardian (guardian)".into()));
}

#[test]
fn what_was_granted_stays_until_it_is_ended_or_expires() {
    let mut office = Office::sample();
    let ada = "Ada Sample/Community garden";
    office.run_logged(&["circle", "grant", ada, "Lea Sample", "--as", "mentor", "--days", "2"], 1);
    office.run_logged(&["circle", "grant", ada, "Sam Sample", "--as", "reader", "--may-write"], 1);
    office.run_logged(&["circle", "grant", ada, "Sam Sample", "--as", "reader", "--may-write"], 0);
    office.run(&["class", "leave", "Science 9", "Ada Sample"]);
    assert!(office.circle(ada).contains(&"Lea mentor (granted)".into()));
    assert!(office.circle(ada).contains(&"Sam reader (granted, may write)".into()));

    office.run(&["circle", "end", ada, "Sam Sample", "--as", "reader"]);
    assert!(!office.circle(ada).contains(&"Sam reader (granted, may write)".into()));
    office.refused(&["circle", "end", ada, "Sam Sample", "--as", "reader"]);

    office.later(2 * DAY);
    assert_eq!(office.edit(|edit, _| expire_due(edit.tx, edit.now)).unwrap(), 1);
    assert_eq!(office.edit(|edit, _| expire_due(edit.tx, edit.now)).unwrap(), 0);
    assert!(!office.circle(ada).contains(&"Lea mentor (granted)".into()));
    office.run(&["circle", "grant", ada, "Lea Sample", "--as", "mentor"]);
    assert!(office.circle(ada).contains(&"Lea mentor (granted)".into()));
}

#[test]
fn some_parts_are_never_granted() {
    let mut office = Office::sample();
    for (folio, person, rest) in [
        (GARDEN, "Otto Sample", &["--as", "owner"][..]),
        (GARDEN, "Otto Sample", &["--as", "group"]),
        (HOME, "Lea Sample", &["--as", "mentor"]),
        (GARDEN, "Lea Sample", &["--as", "mentor", "--may-write"]),
        (GARDEN, "Mina Sample", &["--as", "reader"]),
        (GARDEN, "Lea Sample", &["--as", "reader", "--until", "5"]),
        (GARDEN, "Lea Sample", &["--as", "boss"]),
        ("Mina Sample/Pond", "Lea Sample", &["--as", "reader"]),
    ] {
        let args: Vec<_> = ["circle", "grant", folio, person].iter().chain(rest).copied().collect();
        office.refused(&args);
    }
    office.refused(&["circle", "end", GARDEN, "Hana Sample", "--as", "guardian"]);
}

#[test]
fn a_denial_is_on_record_until_it_is_taken_back() {
    let mut office = Office::sample();
    office.run_logged(&["circle", "deny", "Mina Sample", "Hana Sample"], 1);
    office.run_logged(&["circle", "deny", "Mina Sample", "Hana Sample"], 0);
    assert!(office.circle(HOME).contains(&"Hana guardian (guardian, denied)".into()));
    office.run_logged(&["circle", "allow", "Mina Sample", "Hana Sample"], 1);
    office.run_logged(&["circle", "allow", "Mina Sample", "Hana Sample"], 0);
    assert!(office.circle(HOME).contains(&"Hana guardian (guardian)".into()));
}

#[test]
fn a_folio_that_a_student_declared_gets_the_same_circle() {
    let mut office = Office::sample();
    let mina = office.person("mina");
    let hers = office.edit(|edit, rng| {
        let (tx, now) = (edit.tx, edit.now);
        let row = people::row_of(tx, mina).unwrap();
        let project = ProjectId::new(now, rng);
        let folio = FolioId::derive(school::id(tx).unwrap(), mina, Some(project));
        let n = log::append(tx, now, Some(mina), &Event::ActTaken).unwrap();
        let own =
            "insert into project (id, title, brief, outcomes, started_by) values (?1, 'Owls', '', x'', ?2)";
        tx.execute(own, (project.as_bytes(), row)).unwrap();
        let sql = "insert into folio (id, student, project) values (?1, ?2, ?3)";
        tx.execute(sql, (folio.as_bytes(), row, project.as_bytes())).unwrap();
        folio_declared(tx, now, row, folio, n).unwrap();
        // Once more, and nothing is left to change.
        assert_eq!(derive(tx, now, row, n).unwrap(), 0);
        folio
    });
    let rows = circles::list(&office.open(), hers, office.now).unwrap();
    let who: Vec<_> = rows.iter().map(|row| (row.person, row.role)).collect();
    for (name, role) in [
        ("mina", Role::Owner),
        ("ms-ito", Role::Teacher),
        ("mr-okafor", Role::Teacher),
        ("hana", Role::Guardian),
    ] {
        assert!(who.contains(&(office.person(name), role)), "{name}");
    }
    assert_eq!(rows.len(), 5);
}
