//! From what people say to ids, and back: persons, outcomes, levels and projects as this device knows them.

use std::collections::BTreeMap;

use fieldfolio_core::device::{Device, DeviceError};
use fieldfolio_core::ids::{FolioId, OutcomeId, PersonId, PieceId, ProjectId};
use fieldfolio_core::model::directory::{Folio, Project};
use fieldfolio_core::model::framework::{Level, Outcome, Scale};
use fieldfolio_core::store::records::{self, RecordKind};

use super::CliError;

/// A project, or the home folio for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProjectOrHome(pub(super) Option<ProjectId>);

/// What this device knows by name.
pub(super) struct Names {
    people: BTreeMap<PersonId, String>,
    outcomes: Vec<Outcome>,
    projects: Vec<Project>,
    folios: Vec<Folio>,
    scale: Scale,
}

impl Names {
    pub(super) fn of(device: &Device) -> Result<Self, CliError> {
        let conn = device.store().read();
        let failed = |error| CliError::Device(DeviceError::from(error));
        Ok(Self {
            people: device.people()?.into_iter().map(|person| (person.id, person.name)).collect(),
            outcomes: device.frameworks()?.into_iter().flat_map(|framework| framework.outcomes).collect(),
            projects: records::all(conn, RecordKind::Project).map_err(failed)?,
            folios: records::all(conn, RecordKind::Folio).map_err(failed)?,
            scale: device.school()?.and_then(|school| school.scale).unwrap_or_default(),
        })
    }

    /// A person's name; her id until it is known here.
    pub(super) fn person(&self, id: PersonId) -> String {
        self.people.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// An outcome's code.
    pub(super) fn outcome(&self, id: OutcomeId) -> String {
        let known = self.outcomes.iter().find(|outcome| outcome.id == id);
        known.map_or_else(|| id.to_string(), |outcome| outcome.code.clone())
    }

    /// An outcome in a student's words, if they are known.
    pub(super) fn friendly(&self, id: OutcomeId) -> &str {
        self.outcomes.iter().find(|outcome| outcome.id == id).map_or("", |outcome| &outcome.friendly)
    }

    pub(super) fn level(&self, level: Level) -> &str {
        self.scale.word(level)
    }

    /// "Mina: Community garden".
    pub(super) fn folio(&self, id: FolioId) -> String {
        let Some(folio) = self.folios.iter().find(|folio| folio.id == id) else {
            return format!("folio {id}");
        };
        let project = match folio.project {
            None => "home".to_owned(),
            Some(project) => self.project(project),
        };
        format!("{}: {project}", self.person(folio.student))
    }

    pub(super) fn project(&self, id: ProjectId) -> String {
        let known = self.projects.iter().find(|project| project.id == id);
        known.map_or_else(|| id.to_string(), |project| project.title.clone())
    }

    /// The students in whose folios a piece lies.
    pub(super) fn students(&self, folios: &[FolioId]) -> Vec<PersonId> {
        let known = folios.iter().filter_map(|id| self.folios.iter().find(|folio| folio.id == *id));
        known.map(|folio| folio.student).collect()
    }

    /// A person by id, name, or some whole words of the name.
    pub(super) fn find_person(&self, text: &str) -> Result<PersonId, CliError> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let wanted = text.to_lowercase();
        let named = |is_it: &dyn Fn(&str) -> bool| {
            let people = self.people.iter().filter(|(_, name)| is_it(&name.to_lowercase()));
            people.map(|(id, _)| *id).collect::<Vec<PersonId>>()
        };
        let whole = named(&|name| name == wanted);
        let found = match whole.len() {
            0 => named(&|name| format!(" {name} ").contains(&format!(" {wanted} "))),
            _ => whole,
        };
        one(found, "person", text, self.people.values().map(String::as_str), "people")
    }

    /// An outcome by id, code or student-friendly wording.
    pub(super) fn find_outcome(&self, text: &str) -> Result<OutcomeId, CliError> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let named = |outcome: &&Outcome| {
            [&outcome.code, &outcome.friendly].iter().any(|name| name.to_lowercase() == text.to_lowercase())
        };
        let found = self.outcomes.iter().filter(named).map(|outcome| outcome.id).collect();
        one(found, "outcome", text, self.outcomes.iter().map(|outcome| outcome.code.as_str()), "level")
    }

    pub(super) fn find_outcomes(&self, texts: &[String]) -> Result<Vec<OutcomeId>, CliError> {
        texts.iter().map(|text| self.find_outcome(text)).collect()
    }

    /// A level by its code or word.
    pub(super) fn find_level(&self, text: &str) -> Result<Level, CliError> {
        self.scale.find(text).ok_or_else(|| {
            let known: Vec<String> =
                self.scale.levels.iter().map(|level| format!("{} ({})", level.code, level.word)).collect();
            CliError::Argument(format!(
                "{text:?} is not one of the school's levels: use {}",
                known.join(", ")
            ))
        })
    }

    /// A project by id or title; "home" for the home folio.
    pub(super) fn find_project(&self, text: &str) -> Result<ProjectOrHome, CliError> {
        if text == "home" {
            return Ok(ProjectOrHome(None));
        }
        if let Ok(id) = text.parse() {
            return Ok(ProjectOrHome(Some(id)));
        }
        let named = |project: &&Project| project.title.to_lowercase() == text.to_lowercase();
        let found = self.projects.iter().filter(named).map(|project| project.id).collect();
        let titles = self.projects.iter().map(|project| project.title.as_str());
        Ok(ProjectOrHome(Some(one(found, "project", text, titles, "folios")?)))
    }

    /// Whom words are about: the one named; for "work" nobody; else the one student in whose folio the piece lies.
    pub(super) fn about(
        &self,
        device: &Device,
        piece: PieceId,
        said: Option<&str>,
    ) -> Result<Option<PersonId>, CliError> {
        match said {
            Some("work") => return Ok(None),
            Some(person) => return Ok(Some(self.find_person(person)?)),
            None => {}
        }
        match self.students(&device.piece(piece)?.folios)[..] {
            [student] => Ok(Some(student)),
            [] => Ok(Some(device.identity().person)),
            _ => Err(CliError::Argument("this piece is several students': say about whom".into())),
        }
    }
}

fn one<T: Copy>(
    found: Vec<T>,
    kind: &str,
    text: &str,
    known: impl Iterator<Item = impl AsRef<str>>,
    command: &str,
) -> Result<T, CliError> {
    match found[..] {
        [one] => Ok(one),
        [] => {
            let known: Vec<String> = known.take(12).map(|name| name.as_ref().to_owned()).collect();
            let hint = if known.is_empty() { "nothing yet: sync first".to_owned() } else { known.join(", ") };
            Err(CliError::Argument(format!("no {kind} {text:?} is known here. Known: {hint}")))
        }
        _ => Err(CliError::Argument(format!(
            "{text:?} can mean {} {kind}s: use the id (`fieldfolio-device --json {command}` has it)",
            found.len()
        ))),
    }
}
