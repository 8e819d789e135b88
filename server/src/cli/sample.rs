//! `fieldfolio sample`: a small school of plainly invented people, for trying things and for tests.
//!
//! Science 9 works on a community garden, where Mina and Otto share a bed and Lea, from the town's garden, is Mina's
//! mentor; Design 9 builds a bridge. Ms Ito teaches science and advises; Mr Okafor teaches design; Hana is Mina's
//! guardian; Sam keeps the directory.

use std::collections::BTreeMap;

use fieldfolio_core::ids::{PersonId, Rng};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::model::role::Role;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::devices::DAY;
use super::{Answer, CliError, Office, to_json};
use crate::directory::circles::{self, Grant};
use crate::directory::classes::{self, ClassRole};
use crate::directory::projects::{self, Draft};
use crate::directory::{Edit, families, find, folios, frameworks, invitations, roster, school};

const PEOPLE: [(&str, PersonKind); 8] = [
    ("Mina", PersonKind::Student),
    ("Otto", PersonKind::Student),
    ("Ada", PersonKind::Student),
    ("Ms Ito", PersonKind::Teacher),
    ("Mr Okafor", PersonKind::Teacher),
    ("Lea", PersonKind::Mentor),
    ("Hana", PersonKind::Guardian),
    ("Sam", PersonKind::Administrator),
];

/// The ids of what was made, by the names scripts use: "ms-ito", "science-9", "mina/community-garden".
#[derive(Default)]
struct Made {
    people: BTreeMap<String, PersonId>,
    classes: Map<String, Value>,
    projects: Map<String, Value>,
    framework: Value,
    outcomes: Map<String, Value>,
}

pub(super) fn make(invite: bool, office: &mut Office<'_>) -> Result<Answer, CliError> {
    let school = school::init(&office.folder, "Sample School", office.now, &mut *office.rng)?;
    let made = office.edit(|edit, rng| fill(edit, rng))?;
    let mut json = json!({
        "folder": office.folder,
        "school": { "id": school.id, "name": school.name },
        "people": made.people,
        "classes": made.classes,
        "framework": made.framework,
        "outcomes": made.outcomes,
        "projects": made.projects,
        "folios": folios_by_name(&office.open()?)?,
    });
    let mut text = format!("{} is ready in {}.", school.name, office.folder.display());
    if invite {
        let links = links(&made.people, office)?;
        for (name, link) in &links {
            text += &format!("\n\n{name}\n{link}");
        }
        json["invitations"] = to_json(links);
        text += "\n\nEach link works once, within 90 days.";
    }
    let start = format!("\nNext: fieldfolio --dir {} serve", office.folder.display());
    Ok(Answer { text: text + &start, json })
}

fn fill(edit: &Edit<'_>, rng: &mut dyn Rng) -> Result<Made, CliError> {
    let mut made = Made::default();
    for (name, kind) in PEOPLE {
        let id = roster::add(edit, &format!("{name} Sample"), &[kind], &mut *rng)?;
        made.people.insert(slug(name), id);
    }
    let framework = frameworks::import(edit, super::competencies::JSON, &mut *rng)?;
    made.framework = to_json(framework);
    for outcome in frameworks::framework(edit.tx, framework)?.outcomes {
        made.outcomes.insert(outcome.code, to_json(outcome.id));
    }
    for unit in [
        Unit {
            class: "Science 9",
            teacher: "ms-ito",
            project: "Community garden",
            brief: "Plan, plant and observe a bed in the town's garden; find out what helps it grow.",
            outcomes: ["THINK", "COMM", "TEAM", "CITIZEN"],
        },
        Unit {
            class: "Design 9",
            teacher: "mr-okafor",
            project: "Bridge workshop",
            brief: "Build a bridge that carries a brick with as little wood as you can.",
            outcomes: ["THINK", "TEAM", "DIGITAL", "LEAD"],
        },
    ] {
        let (class, project) = unit.make(edit, &made.people, framework, &mut *rng)?;
        made.classes.insert(slug(unit.class), to_json(class));
        made.projects.insert(slug(unit.project), to_json(project));
    }
    let (mina, otto) = (made.people["mina"], made.people["otto"]);
    families::link_guardian(edit, mina, made.people["hana"])?;
    let garden = find::project(edit.tx, "Community garden")?;
    projects::group(edit, garden, Some("Bed 1"), &[mina, otto])?;
    let folio = find::folio(edit.tx, &format!("{mina}/{garden}"))?;
    let mentor =
        Grant { folio, person: made.people["lea"], role: Role::Mentor, may_write: false, expires: None };
    circles::grant(edit, &mentor)?;
    Ok(made)
}

/// A class of all sample students, with its project.
struct Unit {
    class: &'static str,
    teacher: &'static str,
    project: &'static str,
    brief: &'static str,
    outcomes: [&'static str; 4],
}

impl Unit {
    fn make(
        &self,
        edit: &Edit<'_>,
        people: &BTreeMap<String, PersonId>,
        framework: fieldfolio_core::ids::FrameworkId,
        rng: &mut dyn Rng,
    ) -> Result<(fieldfolio_core::ids::ClassId, fieldfolio_core::ids::ProjectId), CliError> {
        let class = classes::add(edit, self.class, &mut *rng)?;
        for student in ["mina", "otto", "ada"] {
            classes::join(edit, class, people[student], ClassRole::Student)?;
        }
        classes::join(edit, class, people[self.teacher], ClassRole::Teacher)?;
        if self.teacher == "ms-ito" {
            classes::join(edit, class, people[self.teacher], ClassRole::Advisor)?;
        }
        let outcomes = self.outcomes.map(str::to_owned);
        let draft = Draft {
            class,
            title: self.project,
            brief: self.brief,
            framework: Some(framework),
            outcomes: &outcomes,
        };
        Ok((class, projects::add(edit, &draft, rng)?))
    }
}

fn folios_by_name(conn: &Connection) -> Result<Map<String, Value>, CliError> {
    let named = folios::list(conn)?.into_iter().map(|folio| {
        let student = slug(folio.student_name.trim_end_matches(" Sample"));
        let project = folio.project_title.as_deref().map_or_else(|| "home".to_owned(), slug);
        (format!("{student}/{project}"), to_json(folio.id))
    });
    Ok(named.collect())
}

fn links(
    people: &BTreeMap<String, PersonId>,
    office: &mut Office<'_>,
) -> Result<BTreeMap<String, String>, CliError> {
    let config = office.config()?;
    let (relay, pin) = (config.public_url(), config.pin()?);
    let root = school::root_key(&office.folder, &office.open()?)?;
    office.edit(|edit, rng| {
        let mut links = BTreeMap::new();
        for (name, person) in people {
            let link = invitations::invite(edit, *person, 90 * DAY, &root, &relay, &mut *rng)?;
            links.insert(name.clone(), InvitationLink { pin, ..link }.to_url());
        }
        Ok(links)
    })
}

fn slug(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}
