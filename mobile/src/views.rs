//! Looking: from what the device knows to what an app draws.

mod levels;
mod people;
mod pieces;
mod placing;
mod standing;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use fieldfolio_core::device::{Device, DeviceError};
use fieldfolio_core::ids::{FolioId, PersonId, ProjectId};
use fieldfolio_core::model::directory::{Folio, Person, Project};
use fieldfolio_core::time::Timestamp;

use self::standing::Standings;

/// One look at a device: names and titles are read once, and joined into everything it hands out.
pub struct Views<'a> {
    device: &'a Device,
    now: Timestamp,
    me: PersonId,
    people: BTreeMap<PersonId, Person>,
    projects: BTreeMap<ProjectId, Project>,
    folios: BTreeMap<FolioId, Folio>,
    /// Worked out for who looks at pieces.
    standings: OnceCell<Standings>,
}

impl<'a> Views<'a> {
    /// Looks at `device` as of `now`.
    pub fn at(device: &'a Device, now: Timestamp) -> Result<Self, DeviceError> {
        Ok(Self {
            device,
            now,
            me: device.identity().person,
            people: device.people()?.into_iter().map(|person| (person.id, person)).collect(),
            projects: device.projects()?.into_iter().map(|project| (project.id, project)).collect(),
            folios: device.folios()?.into_iter().map(|folio| (folio.id, folio)).collect(),
            standings: OnceCell::new(),
        })
    }

    /// Where one's own work is.
    fn standings(&self) -> Result<&Standings, DeviceError> {
        let known = match self.standings.get() {
            Some(known) => known,
            None => {
                let found = Standings::of(self.device)?;
                self.standings.get_or_init(|| found)
            }
        };
        Ok(known)
    }

    /// What a person is called; empty for one who is not known here (any more).
    fn name(&self, person: PersonId) -> String {
        self.people.get(&person).map(|person| person.name.clone()).unwrap_or_default()
    }

    /// What a folio is called: its project's title; empty for a home folio.
    fn title(&self, folio: &Folio) -> String {
        let project = folio.project.and_then(|project| self.projects.get(&project));
        project.map(|project| project.title.clone()).unwrap_or_default()
    }
}

/// How many; no list here is longer than its bounds.
fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

fn texts<T: ToString>(ids: impl IntoIterator<Item = T>) -> Vec<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}

fn text<T: ToString>(id: Option<T>) -> Option<String> {
    id.map(|id| id.to_string())
}
