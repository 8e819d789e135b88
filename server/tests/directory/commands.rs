//! What the commands answer, and how they refuse.

use std::fs;

use fieldfolio_core::ids::SeededRng;
use fieldfolio_server::cli::{self, CliError};
use fieldfolio_server::directory::school;
use serde_json::{Value, json};

use crate::office::{BRIDGE, GARDEN, Office};

#[test]
fn a_school_is_made_once_and_its_key_is_its_owners() {
    let mut office = Office::empty();
    let made = office.run(&["init", "Meadow School"]);
    assert_eq!(made["name"], "Meadow School");
    let path = school::key_path(office.folder.path());
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap()) & 0o777, 0o600);
    let known = school::school(&office.open()).unwrap();
    assert_eq!((known.id.to_string().into(), known.name), (made["id"].clone(), "Meadow School".to_owned()));
    let key = fs::read(&path).unwrap();
    assert!(office.refused(&["init", "Another"]).contains("already"));
    assert!(office.refused(&["sample"]).contains("already"));
    assert_eq!(fs::read(&path).unwrap(), key);

    fs::write(&path, [1; 32]).unwrap();
    office.run(&["person", "add", "Mina Sample", "--kind", "student"]);
    assert!(office.refused(&["invite", "Mina Sample"]).contains("not the key of this school"));
}

#[test]
fn without_a_school_a_command_says_how_to_make_one() {
    let mut office = Office::empty();
    assert!(office.refused(&["person", "list"]).contains("fieldfolio init"));
}

#[test]
fn names_that_may_be_several_are_asked_back_with_their_ids() {
    let mut office = Office::sample();
    let first = office.person("mina").to_string();
    let second = office.run(&["person", "add", " Mina Sample ", "--kind", "student"]);
    let error = office.refused(&["person", "rename", "Mina Sample", "Mina Example"]);
    assert!(error.contains(&first) && error.contains(second["id"].as_str().unwrap()), "{error}");
    let renamed = office.run(&["person", "rename", second["id"].as_str().unwrap(), "Mina Example"]);
    assert_eq!(renamed["name"], "Mina Example");
    // Now the name is unique again, and capitals don't matter.
    assert_eq!(office.run(&["person", "rename", "mina sample", "Mina Sample"])["id"], first);
    assert!(office.refused(&["person", "rename", "Nobody", "X"]).contains("person list"));
    office.refused(&["person", "add", "  ", "--kind", "student"]);
    office.refused(&["person", "add", &"x".repeat(201), "--kind", "student"]);
}

#[test]
fn every_command_answers_in_json() {
    let mut office = Office::sample();
    let mina = office.sample["people"]["mina"].clone();
    let students = office.run(&["person", "list", "--kind", "student"]);
    let names: Vec<_> = students.as_array().unwrap().iter().map(|person| person["name"].clone()).collect();
    assert_eq!(names, ["Ada Sample", "Mina Sample", "Otto Sample"]);
    assert!(students.as_array().unwrap().contains(&json!({
        "id": mina, "name": "Mina Sample", "kinds": ["student"]
    })));

    let class = office.run(&["class", "add", "Advisory 9"]);
    let joined =
        office.run(&["class", "join", "Advisory 9", "Mina Sample", "Otto Sample", "--as", "student"]);
    assert_eq!((&joined["class"], joined["joined"].as_array().unwrap().len()), (&class["id"], 2));
    assert_eq!(office.run(&["class", "leave", "Advisory 9", "Mina Sample"])["left"], json!([mina]));
    office.refused(&["class", "leave", "Advisory 9", "Ada Sample"]);
    let classes = office.run(&["class", "list"]);
    assert_eq!(classes[0]["title"], "Advisory 9");
    assert_eq!(classes[0]["members"][0]["left"], json!(office.now.millis()));

    let think = office.sample["outcomes"]["THINK"].clone();
    let framework = office.sample["framework"].as_str().unwrap().to_owned();
    let pond = office.run(&[
        "project",
        "add",
        "Pond",
        "--class",
        "Advisory 9",
        "--brief",
        "Look closely.",
        "--framework",
        &framework,
        "--outcome",
        "think,TEAM,THINK",
    ]);
    assert_eq!((&pond["title"], &pond["outcomes"][0]), (&json!("Pond"), &think));
    assert_eq!(pond["outcomes"].as_array().unwrap().len(), 2);
    let grouped = office.run(&["project", "group", "Pond", "Otto Sample", "--name", "Frogs"]);
    assert_eq!(grouped["groups"][0]["name"], "Frogs");
    assert_eq!(office.run(&["project", "group", "Pond", "Otto Sample", "--end"])["groups"], json!([]));
    office.refused(&["project", "group", "Pond", "Ada Sample", "--name", "Frogs"]);
    assert_eq!(office.run(&["project", "list"]).as_array().unwrap().len(), 3);

    let folios = office.run(&["folio", "list", "--student", "Mina Sample"]);
    assert_eq!(
        folios[0],
        json!({
            "id": office.sample["folios"]["mina/home"], "student": mina, "student_name": "Mina Sample",
            "project": null, "project_title": null
        })
    );
    assert_eq!(folios.as_array().unwrap().len(), 3, "she had left before the pond began");

    let frameworks = office.run(&["framework", "list"]);
    assert_eq!(frameworks[0]["outcomes"], 6);
    let shown = office.run(&["framework", "show", frameworks[0]["title"].as_str().unwrap()]);
    assert_eq!(shown["outcomes"][0]["rubric"].as_array().unwrap().len(), 4);
    assert_eq!(office.run(&["device", "list", "Mina Sample"]), json!([]));
    office.refused(&["revoke", "phone"]);
    office.refused(&["revoke", mina.as_str().unwrap()]);
}

#[test]
fn the_sample_names_everything_a_script_needs() {
    let mut office = Office::empty();
    let sample = office.run(&["sample", "--invite"]);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&sample["people"]), keys(&sample["invitations"]));
    assert_eq!(keys(&sample["classes"]), ["design-9", "science-9"]);
    assert_eq!(keys(&sample["projects"]), ["bridge-workshop", "community-garden"]);
    assert_eq!(keys(&sample["outcomes"]), ["CITIZEN", "COMM", "DIGITAL", "LEAD", "TEAM", "THINK"]);
    assert_eq!(sample["folios"].as_object().unwrap().len(), 9);
    let garden = office.run(&["circle", "list", sample["folios"]["mina/community-garden"].as_str().unwrap()]);
    assert_eq!(garden["circle"][0]["person"], sample["people"]["mina"]);
    assert!(sample["invitations"]["ms-ito"].as_str().unwrap().starts_with("http://127.0.0.1:8080/#join="));
}

#[test]
fn a_framework_keeps_its_ids_from_edition_to_edition() {
    let mut office = Office::sample();
    let path = office.folder.path().join("framework.json");
    let path = path.to_str().unwrap();
    let import = |office: &mut Office, file: &Value| {
        fs::write(path, file.to_string()).unwrap();
        office
            .try_run(&["framework", "import", path])
            .map(|text| serde_json::from_str::<Value>(&text).unwrap())
    };
    let outcome = |code: &str, parent: Option<&str>| json!({ "code": code, "statement": code, "friendly": code, "parent": parent });
    let first = json!({ "title": "Owls", "outcomes": [outcome("A", None), outcome("B", Some("A"))] });
    let made = import(&mut office, &first).unwrap();
    assert_eq!(made["outcomes"][1]["parent"], made["outcomes"][0]["id"]);

    let mut second = json!({ "id": made["id"], "title": "Owls", "version": 2,
        "outcomes": [outcome("B", None), outcome("C", None), outcome("A", None)] });
    let next = import(&mut office, &second).unwrap();
    assert_eq!(next["outcomes"][2]["id"], made["outcomes"][0]["id"]);
    import(&mut office, &second).unwrap_err();
    second["version"] = json!(3);
    second["outcomes"].as_array_mut().unwrap().pop();
    assert!(import(&mut office, &second).unwrap_err().to_string().contains("outcome A"));
    for bad in [
        json!({ "title": "Owls", "outcomes": [], "colour": "red" }),
        json!({ "title": "Owls", "outcomes": [outcome("A", Some("B")), outcome("B", Some("A"))] }),
        json!({ "title": "Owls", "outcomes": [outcome("A", Some("Z"))] }),
        json!({ "title": "Owls", "outcomes": [outcome("A", None), outcome("A", None)] }),
    ] {
        import(&mut office, &bad).unwrap_err();
    }
}

#[test]
fn the_log_names_ids_only() {
    let mut office = Office::sample();
    office.run(&["person", "rename", "Mina Sample", "Mina Example"]);
    office.run(&["circle", "deny", "Otto Sample", "Lea Sample"]);
    office.run(&["invite", "Otto Sample"]);
    let conn = office.open();
    let mut statement = conn.prepare("select subject from log").unwrap();
    let subjects: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let secret = ["Mina", "Sample", "Otto", "Lea", "garden", "Bed", "Science", "http"];
    for subject in subjects {
        assert!(!secret.iter().any(|word| subject.contains(word)), "{subject}");
    }
}

#[test]
fn help_and_mistakes_are_told_apart() {
    let run = |args: &[&str]| {
        let all = ["fieldfolio"].iter().chain(args).copied();
        match cli::run_with(all, fieldfolio_core::time::Timestamp::from_millis(1), &mut SeededRng::new(1)) {
            Err(CliError::Usage(error)) => (error.exit_code(), error.to_string()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(run(&["--help"]).0, 0);
    assert_eq!(run(&["persn"]).0, 2);
    for command in [
        &["init"][..],
        &["serve"],
        &["person", "add"],
        &["person", "list"],
        &["person", "rename"],
        &["person", "add-kind"],
        &["person", "guardian"],
        &["class", "add"],
        &["class", "join"],
        &["class", "leave"],
        &["class", "list"],
        &["project", "add"],
        &["project", "list"],
        &["project", "group"],
        &["folio", "list"],
        &["circle", "list"],
        &["circle", "grant"],
        &["circle", "end"],
        &["circle", "deny"],
        &["circle", "allow"],
        &["framework", "import"],
        &["framework", "list"],
        &["framework", "show"],
        &["invite"],
        &["invitation", "list"],
        &["invitation", "cancel"],
        &["revoke"],
        &["activity"],
        &["person", "remove-kind"],
        &["person", "lock"],
        &["person", "unlock"],
        &["person", "limit"],
        &["device", "list"],
        &["sample"],
    ] {
        let args: Vec<_> = command.iter().chain(&["--help"]).copied().collect();
        let (code, help) = run(&args);
        assert!(code == 0 && help.contains("Example: "), "{command:?}");
    }
}

#[test]
fn in_words_a_circle_says_who_and_why() {
    let mut office = Office::sample();
    office.run(&["class", "leave", "Design 9", "Mr Okafor Sample"]);
    let folder = office.folder.path().to_str().unwrap().to_owned();
    let mut say = |folio: &str| {
        let args = ["fieldfolio", "--dir", &folder, "circle", "list", folio];
        cli::run_with(args, office.now, &mut office.rng).unwrap()
    };
    assert!(say(GARDEN).contains("Lea Sample  mentor (granted)\n"));
    let bridge = say(BRIDGE);
    assert!(bridge.contains("Mr Okafor Sample  reader (former class "), "{bridge}");
    assert!(bridge.contains(", may write, until 2026-10-2"), "{bridge}");
}
