//! People, projects and folios.

use std::collections::BTreeMap;

use fieldfolio_core::device::DeviceError;
use fieldfolio_core::ids::{FolioId, FrameworkId, OutcomeId, PersonId, PieceId};
use fieldfolio_core::model::directory;
use fieldfolio_core::model::role::{Role, Roles};

use super::{Views, count, text, texts};
use crate::records::{
    CircleLine, DeviceLine, Folio, FolioLine, LevelWord, Me, Outcome, Part, Person, Project, Proposal,
    Proposed, Rule, School, SchoolClass, Seer,
};

impl Views<'_> {
    /// Who this device belongs to.
    pub fn me(&self) -> Result<Me, DeviceError> {
        let known = self.people.get(&self.me);
        Ok(Me {
            person: self.me.to_string(),
            name: self.name(self.me),
            kinds: known.map(|person| person.kinds.clone()).unwrap_or_default(),
            device: self.device.identity().device.to_string(),
            school: self.device.school()?.map(school),
            parts: self.parts(),
        })
    }

    /// Does one teach in this folio?
    pub fn teaches(&self, id: FolioId) -> bool {
        let mut rows = self.folios.get(&id).into_iter().flat_map(|folio| &folio.circle);
        rows.any(|row| row.person == self.me && row.role == Role::Teacher)
    }

    /// The framework that all these outcomes are from, if there is one.
    pub fn framework_of(&self, outcomes: &[OutcomeId]) -> Result<Option<FrameworkId>, DeviceError> {
        let frameworks = self.device.frameworks()?;
        let holds_all = frameworks.iter().find(|framework| {
            outcomes.iter().all(|wanted| framework.outcomes.iter().any(|outcome| outcome.id == *wanted))
        });
        Ok(holds_all.map(|framework| framework.id))
    }

    fn parts(&self) -> Vec<Part> {
        let others = self.folios.values().filter(|folio| folio.student != self.me);
        let mut parts: Vec<Part> = others
            .flat_map(|folio| {
                joined(self.rows_of(folio, self.me)).into_values().map(|row| Part {
                    folio: folio.id.to_string(),
                    student: folio.student.to_string(),
                    student_name: self.name(folio.student),
                    title: self.title(folio),
                    role: row.role,
                    until: row.expires.map(|end| end.millis()),
                })
            })
            .collect();
        parts.sort_by(|a, b| {
            (&a.student_name, &a.title, &a.folio).cmp(&(&b.student_name, &b.title, &b.folio))
        });
        parts
    }

    /// A person's rows in a folio's circle that stand now.
    fn rows_of<'b>(
        &'b self,
        folio: &'b directory::Folio,
        person: PersonId,
    ) -> impl Iterator<Item = &'b directory::CircleRow> {
        let stands = |row: &&directory::CircleRow| row.expires.is_none_or(|end| end > self.now);
        folio.circle.iter().filter(move |row| row.person == person).filter(stands)
    }

    /// Everyone known here, by name.
    pub fn people(&self) -> Vec<Person> {
        let mut people: Vec<Person> = self.people.values().map(person).collect();
        people.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        people
    }

    /// Every outcome known here, in the order of its framework.
    pub fn outcomes(&self) -> Result<Vec<Outcome>, DeviceError> {
        let frameworks = self.device.frameworks()?;
        let outcomes = frameworks.iter().flat_map(|framework| {
            framework.outcomes.iter().map(|outcome| Outcome {
                id: outcome.id.to_string(),
                code: outcome.code.clone(),
                statement: outcome.statement.clone(),
                friendly: outcome.friendly.clone(),
                rubric: outcome.rubric.clone(),
                parent: text(outcome.parent),
                framework: framework.id.to_string(),
                framework_title: framework.title.clone(),
            })
        });
        Ok(outcomes.collect())
    }

    /// Every project known here, by title.
    pub fn projects(&self) -> Vec<Project> {
        let mut projects: Vec<Project> = self
            .projects
            .values()
            .map(|project| {
                let mine = self.device.folio_of(self.me, Some(project.id));
                Project {
                    id: project.id.to_string(),
                    title: project.title.clone(),
                    brief: project.brief.clone(),
                    outcomes: texts(&project.outcomes),
                    class: text(project.class),
                    started_by: text(project.started_by),
                    folio: self.folios.contains_key(&mine).then(|| mine.to_string()),
                }
            })
            .collect();
        projects.sort_by(|a, b| (&a.title, &a.id).cmp(&(&b.title, &b.id)));
        projects
    }

    /// The folios one is in the circle of, or a student's: by student, home first, then by title.
    pub fn folios(&self, student: Option<PersonId>) -> Result<Vec<FolioLine>, DeviceError> {
        self.lines(|folio| {
            // A group member's folio is known by name only.
            folio.circle.iter().any(|row| row.person == self.me)
                && student.is_none_or(|student| folio.student == student)
        })
    }

    /// The folios in which one may place a piece of one's own, those of one's group among them.
    pub fn places(&self) -> Result<Vec<FolioLine>, DeviceError> {
        let places = self.device.places(self.now)?;
        self.lines(|folio| places.contains(&folio.id))
    }

    fn lines(&self, wanted: impl Fn(&directory::Folio) -> bool) -> Result<Vec<FolioLine>, DeviceError> {
        let overviews = self.device.overviews()?;
        let mut lines = Vec::new();
        for folio in self.folios.values().filter(|folio| wanted(folio)) {
            let here = overviews.iter().filter(|piece| piece.folios.contains(&folio.id));
            let newest = here.clone().filter_map(|piece| piece.content.work_date).max();
            lines.push(self.folio_line(folio, here.count(), newest.map(|day| day.to_string())));
        }
        lines.sort_by(|a, b| {
            let key =
                |line: &FolioLine| (line.student_name.clone(), line.project.is_some(), line.title.clone());
            (key(a), &a.folio).cmp(&(key(b), &b.folio))
        });
        Ok(lines)
    }

    fn folio_line(&self, folio: &directory::Folio, pieces: usize, newest: Option<String>) -> FolioLine {
        let roles = Roles::of(self.rows_of(folio, self.me).map(|row| row.role));
        let ends = self.rows_of(folio, self.me).map(|row| row.expires).collect::<Option<Vec<_>>>();
        FolioLine {
            folio: folio.id.to_string(),
            student: folio.student.to_string(),
            student_name: self.name(folio.student),
            project: text(folio.project),
            title: self.title(folio),
            roles: roles.iter().collect(),
            // Only when every part of hers ends.
            until: ends.and_then(|ends| ends.into_iter().max()).map(|end| end.millis()),
            pieces: count(pieces),
            newest,
        }
    }

    /// One folio with its pieces, newest work first, and its circle.
    pub fn folio(&self, id: FolioId) -> Result<Folio, DeviceError> {
        let folio = self.folios.get(&id).ok_or_else(|| DeviceError::Unknown(format!("folio {id}")))?;
        let overviews = self.device.overviews()?;
        let standings = self.standings()?;
        let pieces_list: Vec<_> = overviews
            .iter()
            .filter(|piece| piece.folios.contains(&id))
            .map(|piece| self.piece_line(piece, standings))
            .collect();
        let newest = pieces_list.iter().filter_map(|piece| piece.work_date.clone()).max();
        let project = folio.project.and_then(|project| self.projects.get(&project));
        Ok(Folio {
            line: self.folio_line(folio, pieces_list.len(), newest),
            brief: project.map(|project| project.brief.clone()).unwrap_or_default(),
            outcomes: project.map(|project| texts(&project.outcomes)).unwrap_or_default(),
            pieces_list,
            circle: self.circle(folio),
            proposed: folio.proposed.iter().map(|proposed| self.proposed(proposed)).collect(),
        })
    }

    /// Mentors who wait for a teacher's word: for this person's, or proposed by her.
    pub fn proposals(&self) -> Result<Vec<Proposal>, DeviceError> {
        let mut found = Vec::new();
        for folio in self.folios.values() {
            let may_answer = folio.circle.iter().any(|row| {
                row.person == self.me
                    && row.role == Role::Teacher
                    && row.expires.is_none_or(|expires| expires > self.now)
            });
            let open = folio.proposed.iter().filter(|one| one.until > self.now);
            for proposed in open.filter(|one| may_answer || one.by == self.me) {
                let project = folio.project.and_then(|project| self.projects.get(&project));
                found.push(Proposal {
                    folio: folio.id.to_string(),
                    title: project.map(|project| project.title.clone()).unwrap_or_default(),
                    student: folio.student.to_string(),
                    student_name: self.name(folio.student),
                    proposed: self.proposed(proposed),
                    may_answer,
                });
            }
        }
        Ok(found)
    }

    fn proposed(&self, proposed: &directory::Proposed) -> Proposed {
        Proposed {
            person: proposed.person.to_string(),
            name: proposed.name.clone(),
            by: proposed.by.to_string(),
            by_name: self.name(proposed.by),
            until: proposed.until.millis(),
        }
    }

    /// The classes one teaches or advises, by title.
    pub fn classes(&self) -> Result<Vec<SchoolClass>, DeviceError> {
        let members = |ids: &[PersonId]| {
            let mut members: Vec<Person> =
                ids.iter().filter_map(|id| self.people.get(id)).map(person).collect();
            members.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
            members
        };
        let mut classes: Vec<SchoolClass> = self
            .device
            .classes()?
            .into_iter()
            .map(|class| SchoolClass {
                id: class.id.to_string(),
                students: members(&class.students),
                teachers: members(&class.teachers),
                title: class.title,
            })
            .collect();
        classes.sort_by(|a, b| (&a.title, &a.id).cmp(&(&b.title, &b.id)));
        Ok(classes)
    }

    /// One's own devices, newest first.
    pub fn devices(&self) -> Result<Vec<DeviceLine>, DeviceError> {
        let mut devices = self.device.devices()?;
        devices.sort_by_key(|device| std::cmp::Reverse(device.enrolled_at));
        // To a device that has just joined the older ones are no news.
        let joined = devices.iter().find(|device| device.is_this).map(|device| device.enrolled_at);
        let lines = devices.into_iter().map(|device| DeviceLine {
            device: device.id.to_string(),
            is_this: device.is_this,
            is_new: device.is_new && joined.is_none_or(|joined| device.enrolled_at > joined),
            revoked: device.revoked,
            enrolled: device.enrolled_at.millis(),
            invited_by: text(device.invited_by).unwrap_or_else(|| "school".to_owned()),
        });
        Ok(lines.collect())
    }

    fn circle(&self, folio: &directory::Folio) -> Vec<CircleLine> {
        let standing = folio.circle.iter().filter(|row| row.expires.is_none_or(|end| end > self.now));
        let mut lines: Vec<(Role, CircleLine)> = joined(standing)
            .into_values()
            .map(|row| {
                let line = CircleLine {
                    person: row.person.to_string(),
                    name: self.name(row.person),
                    role: row.role,
                    until: row.expires.map(|end| end.millis()),
                    may_write: row.may_write,
                };
                (row.role, line)
            })
            .collect();
        lines.sort_by(|a, b| (a.0, &a.1.name, &a.1.person).cmp(&(b.0, &b.1.name, &b.1.person)));
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// Who can see a piece, and in which roles.
    pub fn who_sees(&self, id: PieceId) -> Result<Vec<Seer>, DeviceError> {
        let piece = self.device.piece(id)?;
        let mut seers: Vec<Seer> = self
            .device
            .who_sees(id, self.now)?
            .into_iter()
            .map(|person| {
                let folios = piece.folios.iter().filter_map(|folio| self.folios.get(folio));
                let rows = folios.flat_map(|folio| self.rows_of(folio, person)).map(|row| row.role);
                Seer {
                    person: person.to_string(),
                    name: self.name(person),
                    roles: Roles::of(rows).iter().collect(),
                    is_me: person == self.me,
                }
            })
            .collect();
        seers.sort_by(|a, b| (!a.is_me, &a.name).cmp(&(!b.is_me, &b.name)));
        Ok(seers)
    }
}

/// Somebody may have one role for several reasons (advisor, and teacher of a class): to people that is one part, which
/// ends when the last of them does.
fn joined<'b>(
    rows: impl Iterator<Item = &'b directory::CircleRow>,
) -> BTreeMap<(PersonId, Role), directory::CircleRow> {
    let mut parts: BTreeMap<(PersonId, Role), directory::CircleRow> = BTreeMap::new();
    for row in rows {
        let part = parts.entry((row.person, row.role)).or_insert_with(|| row.clone());
        part.expires = part.expires.zip(row.expires).map(|(a, b)| a.max(b));
        part.may_write |= row.may_write;
    }
    parts
}

pub(super) fn person(person: &directory::Person) -> Person {
    Person { id: person.id.to_string(), name: person.name.clone(), kinds: person.kinds.clone() }
}

fn school(school: directory::School) -> School {
    let rule = school.rule.map_or(Rule { at_bats: 0, projects: 0, days: 0 }, |rule| Rule {
        at_bats: rule.at_bats,
        projects: rule.projects,
        days: rule.days,
    });
    let target = school.scale.as_ref().map_or(0, |scale| scale.target.0);
    let levels = school.scale.into_iter().flat_map(|scale| scale.levels);
    School {
        name: school.name,
        levels: levels.map(|level| LevelWord { code: level.code, word: level.word }).collect(),
        target,
        rule,
    }
}
