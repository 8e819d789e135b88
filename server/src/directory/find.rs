//! Whom or what a command means by the words that a person types: an id, or a name that only one has.
//!
//! A name is compared as it looks (`directory/words.rs`): who chooses a name that only looks like another's makes it
//! ambiguous, and never takes its place.

use fieldfolio_core::ids::{ClassId, FolioId, FrameworkId, OutcomeId, PersonId, ProjectId};
use fieldfolio_core::model::directory::PersonKind;
use rusqlite::Connection;

use super::error::{DirectoryError, Meant};
use super::words::fold;
use super::{classes, folios, frameworks, people, school};

/// The person with this id, or with this name and no other: among those whom the school named. What students call the
/// mentors they bring decides nothing.
pub fn person(conn: &Connection, text: &str) -> Result<PersonId, DirectoryError> {
    let mut statement =
        conn.prepare_cached("select id, name, kinds, named_by is not null from person order by name, id")?;
    let all = statement.query_map([], |row| {
        let kinds: Vec<_> = people::kinds(row.get(2)?).into_iter().map(PersonKind::name).collect();
        let (id, by_device): (_, bool) = (row.get::<_, PersonId>(0)?, row.get(3)?);
        Ok(Candidate {
            id,
            name: row.get(1)?,
            about: kinds.join(", "),
            namer: if by_device { Namer::Device } else { Namer::School },
        })
    })?;
    let all: Vec<Candidate<PersonId>> = all.collect::<Result<_, _>>()?;
    pick("person", text, all).map_err(|error| with_classes(conn, error))
}

/// Says of people of one name in which classes each is.
fn with_classes(conn: &Connection, error: DirectoryError) -> DirectoryError {
    let DirectoryError::Ambiguous { text, mut candidates } = error else { return error };
    for candidate in &mut candidates {
        let Ok(id) = candidate.id.parse::<PersonId>() else { continue };
        if let Ok(classes) = classes::titles_of(conn, id)
            && !classes.is_empty()
        {
            candidate.about += &format!("; {}", classes.join(", "));
        }
    }
    DirectoryError::Ambiguous { text, candidates }
}

/// The class with this id or unique title.
pub fn class(conn: &Connection, text: &str) -> Result<ClassId, DirectoryError> {
    pick("class", text, classes::titles(conn)?)
}

/// The project with this id, or the only one that the school calls so.
pub fn project(conn: &Connection, text: &str) -> Result<ProjectId, DirectoryError> {
    pick("project", text, project_titles(conn)?)
}

/// All projects by their titles; those that students started on their devices are named by them.
fn project_titles(conn: &Connection) -> rusqlite::Result<Vec<Candidate<ProjectId>>> {
    conn.prepare_cached(
        "select p.id, p.title, coalesce(c.title, ''), p.class is null from project p
         left join class c on c.id = p.class order by p.title, p.id",
    )?
    .query_map([], |row| {
        Ok(Candidate {
            id: row.get::<_, ProjectId>(0)?,
            name: row.get(1)?,
            about: row.get(2)?,
            namer: if row.get(3)? { Namer::Device } else { Namer::School },
        })
    })?
    .collect()
}

/// The folio with this id, or of STUDENT/PROJECT or STUDENT/home, by ids or unique names.
pub fn folio(conn: &Connection, text: &str) -> Result<FolioId, DirectoryError> {
    let unknown = || DirectoryError::Unknown { kind: "folio", text: text.chars().take(80).collect() };
    let Some((student, project)) = text.split_once('/') else {
        return pick(
            "folio",
            text,
            folios::list(conn)?.into_iter().map(|folio| (folio.id, folio.id.to_string())),
        );
    };
    let student = person(conn, student)?;
    let project = match project.trim() {
        "home" => None,
        title => {
            // Two classes may have a project of one title: only hers are meant.
            let hers_ids = projects_of(conn, student)?;
            let mut hers = project_titles(conn)?;
            hers.retain(|project: &Candidate<ProjectId>| hers_ids.contains(&project.id));
            hers.first().ok_or_else(unknown)?;
            Some(pick("project", title, hers)?)
        }
    };
    let folio = FolioId::derive(school::id(conn)?, student, project);
    folios::of(conn, folio)?.map(|_| folio).ok_or_else(unknown)
}

fn projects_of(conn: &Connection, student: PersonId) -> Result<Vec<ProjectId>, DirectoryError> {
    let row = people::row_of(conn, student)?;
    let mut statement =
        conn.prepare_cached("select project from folio where student = ?1 and project is not null")?;
    let projects = statement.query_map([row], |row| row.get(0).map(ProjectId::from_bytes))?;
    Ok(projects.collect::<Result<_, _>>()?)
}

/// The framework with this id or unique title.
pub fn framework(conn: &Connection, text: &str) -> Result<FrameworkId, DirectoryError> {
    pick(
        "framework",
        text,
        frameworks::list(conn)?.into_iter().map(|framework| (framework.id, framework.title)),
    )
}

/// The outcomes with these ids or codes, each once.
pub(super) fn outcomes(
    conn: &Connection,
    from: Option<FrameworkId>,
    names: &[String],
) -> Result<Vec<OutcomeId>, DirectoryError> {
    let Some(from) = from else {
        return match names {
            [] => Ok(Vec::new()),
            [name, ..] => {
                Err(DirectoryError::Unknown { kind: "framework", text: format!("for outcome {name}") })
            }
        };
    };
    let framework = frameworks::framework(conn, from)?;
    let mut found = Vec::new();
    for name in names {
        let all = framework.outcomes.iter().map(|outcome| (outcome.id, outcome.code.clone()));
        let id = pick("outcome", name, all)?;
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Who chose a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Namer {
    /// The school's office.
    School,
    /// Somebody on a device, as a student does whom she brings.
    Device,
}

/// Something that a command may mean.
#[derive(Debug, Clone)]
struct Candidate<I> {
    id: I,
    name: String,
    /// What tells it from others of the same name.
    about: String,
    /// Who named it.
    namer: Namer,
}

impl<I> From<(I, String)> for Candidate<I> {
    fn from((id, name): (I, String)) -> Self {
        Self { id, name, about: String::new(), namer: Namer::School }
    }
}

/// The one of `all` with this id, or else the only one that the school calls so.
fn pick<I: Copy + ToString, C: Into<Candidate<I>>>(
    kind: &'static str,
    text: &str,
    all: impl IntoIterator<Item = C>,
) -> Result<I, DirectoryError> {
    let text = text.trim();
    let (as_id, folded) = (text.to_lowercase(), fold(text));
    let (mut found, mut by_devices) = (Vec::new(), Vec::new());
    for candidate in all {
        let candidate: Candidate<I> = candidate.into();
        if candidate.id.to_string() == as_id {
            return Ok(candidate.id);
        }
        if fold(&candidate.name) == folded {
            match candidate.namer {
                Namer::School => found.push(candidate),
                Namer::Device => by_devices.push(candidate),
            }
        }
    }
    let meant = |candidates: &[Candidate<I>]| {
        let meant = |one: &Candidate<I>| Meant {
            id: one.id.to_string(),
            name: one.name.clone(),
            about: one.about.clone(),
        };
        candidates.iter().map(meant).collect::<Vec<_>>()
    };
    let text: String = text.chars().take(60).collect();
    match (found.as_slice(), by_devices.as_slice()) {
        ([one], _) => Ok(one.id),
        ([], []) => Err(DirectoryError::Unknown { kind, text }),
        ([], some) => Err(DirectoryError::NamedByDevice { text, candidates: meant(some) }),
        (several, _) => Err(DirectoryError::Ambiguous { text, candidates: meant(several) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(names: &[(&str, Namer)]) -> Vec<Candidate<u8>> {
        let candidate = |(number, (name, namer)): (u8, &(&str, Namer))| Candidate {
            id: number,
            name: (*name).to_owned(),
            about: String::new(),
            namer: *namer,
        };
        (1..).zip(names).map(candidate).collect()
    }

    #[test]
    fn a_name_that_somebody_chose_on_a_device_decides_nothing() {
        let (school, device) = (Namer::School, Namer::Device);
        let pick = |text: &str, names: &[(&str, Namer)]| pick("person", text, all(names));
        let one = [("Mr Okafor", school), ("mr okafor", device), ("Mr Okafor", device)];
        assert_eq!(pick("mr okafor", &one).unwrap(), 1);
        assert_eq!(pick("2", &one).unwrap(), 2);
        let two = [("Mr Okafor", school), ("MR OKAFOR", school)];
        assert!(matches!(pick("Mr Okafor", &two), Err(DirectoryError::Ambiguous { .. })));
        let none = [("Mr Okafor", device)];
        assert!(matches!(pick("Mr Okafor", &none), Err(DirectoryError::NamedByDevice { .. })));
    }
}
