//! From what voices say to what counts, outcome by outcome.
//!
//! What counts follows the class of a voice, never what an entry claims: a summative assessment of a teacher; a
//! mentor's once a teacher confirmed it (as it stood then) or the school's rule says so. Everything else stands beside
//! it, with the reason.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::entry::{Assessment, AssessmentKind, Confirmation, Entry, EntryBody, Reference};
use super::mastery::{Judgement, Rule};
use super::role::{Class, Role};
use crate::ids::{EntryId, OutcomeId, PersonId, PieceId, ProjectId};

/// One voice about the student on one piece that lies in one of her project folios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    pub piece: PieceId,
    /// The project of her folio that it lies in.
    pub project: ProjectId,
    /// Whose voice.
    pub author: PersonId,
    /// What it is read as.
    pub class: Class,
    /// What it says.
    pub entries: Vec<Entry>,
}

/// An assessment that doesn't count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// Whose.
    pub author: PersonId,
    pub piece: PieceId,
    /// Which entry.
    pub entry: EntryId,
    /// What it says.
    pub assessment: Assessment,
    /// Why it doesn't count.
    pub because: Because,
}

/// Why an assessment doesn't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// It is for learning, or on the way.
    NotSummative,
    /// A mentor's, which no teacher has confirmed.
    Unconfirmed,
    /// Its author's role doesn't judge.
    Role,
    /// Replaced by a later one of the same author.
    Replaced,
    /// Taken back.
    Withdrawn,
    /// Altered after it was given.
    Altered,
}

/// What counts in one outcome, and what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// What counts.
    pub counting: Vec<Judgement>,
    /// What doesn't.
    pub beside: Vec<Beside>,
}

impl Judged {
    /// Is there a live judgement that never counts ("practised")?
    pub fn is_practised(&self) -> bool {
        self.beside.iter().any(|beside| beside.because == Because::NotSummative)
    }
}

/// Sorts what was said about one student into what counts and what doesn't. `confirmed` gives, for each confirmation,
/// the mentor's assessment as it stood at the heads it pins.
pub fn judged(
    rule: &Rule,
    voices: &[Spoken],
    confirmed: &BTreeMap<(PersonId, EntryId), (Reference, Assessment)>,
) -> BTreeMap<OutcomeId, Judged> {
    let mut outcomes: BTreeMap<OutcomeId, Judged> = BTreeMap::new();
    let mut taken_as_hers: BTreeSet<(PieceId, PersonId, EntryId)> = BTreeSet::new();
    let judgement = |voice: &Spoken, judge, entry, assessment: &Assessment| Judgement {
        entry,
        piece: voice.piece,
        project: voice.project,
        judge,
        level: assessment.level,
        work_date: assessment.work_date,
    };
    for voice in voices.iter().filter(|voice| voice.class == Class::Voice(Role::Teacher)) {
        for entry in &voice.entries {
            let EntryBody::Confirmation(Confirmation { .. }) = &entry.body else { continue };
            let Some((of, assessment)) = confirmed.get(&(voice.author, entry.id)) else { continue };
            if entry.withdrawn || entry.altered || assessment.kind != AssessmentKind::Summative {
                continue;
            }
            if taken_as_hers.insert((voice.piece, of.author, of.entry)) {
                let counting = judgement(voice, of.author, of.entry, assessment);
                outcomes.entry(assessment.outcome).or_default().counting.push(counting);
            }
        }
    }
    for voice in voices {
        let counting = replacing(&voice.entries);
        for entry in &voice.entries {
            let EntryBody::Assessment(assessment) = &entry.body else { continue };
            if taken_as_hers.contains(&(voice.piece, voice.author, entry.id)) {
                continue;
            }
            let into = outcomes.entry(assessment.outcome).or_default();
            match weigh(rule, voice.class, entry, assessment, &counting) {
                Ok(()) => into.counting.push(judgement(voice, voice.author, entry.id, assessment)),
                Err(because) => into.beside.push(Beside {
                    author: voice.author,
                    piece: voice.piece,
                    entry: entry.id,
                    assessment: assessment.clone(),
                    because,
                }),
            }
        }
    }
    outcomes
}

fn weigh(
    rule: &Rule,
    class: Class,
    entry: &Entry,
    assessment: &Assessment,
    latest: &BTreeSet<EntryId>,
) -> Result<(), Because> {
    if entry.withdrawn {
        return Err(Because::Withdrawn);
    }
    if entry.altered {
        return Err(Because::Altered);
    }
    if !latest.contains(&entry.id) {
        return Err(Because::Replaced);
    }
    if assessment.kind != AssessmentKind::Summative {
        return Err(Because::NotSummative);
    }
    match class {
        Class::Voice(Role::Teacher) => Ok(()),
        Class::Voice(Role::Mentor) if rule.mentors_count => Ok(()),
        Class::Voice(Role::Mentor) => Err(Because::Unconfirmed),
        Class::Content
        | Class::Shared
        | Class::Newer(_)
        | Class::Voice(Role::Owner | Role::Reader | Role::Group | Role::Peer | Role::Guardian) => {
            Err(Because::Role)
        }
    }
}

/// The entries of one voice that nothing replaces. Where two devices each replaced the same entry, the successor with
/// the smallest id stands. Entries that replace each other in a circle replace nothing.
pub fn replacing(entries: &[Entry]) -> BTreeSet<EntryId> {
    let by_id: BTreeMap<EntryId, &Entry> = entries.iter().map(|entry| (entry.id, entry)).collect();
    let predecessor = |id: &EntryId| {
        let target = by_id.get(id)?.replaces?;
        by_id.contains_key(&target).then_some(target)
    };
    // The first entry of the chain that `id` continues; itself when the chain runs in a circle.
    let root = |id: EntryId| {
        let mut at = id;
        for _ in 0..=by_id.len() {
            match predecessor(&at) {
                Some(earlier) => at = earlier,
                None => return at,
            }
        }
        id
    };
    let mut replaced = BTreeSet::new();
    let mut chains: BTreeMap<EntryId, Vec<EntryId>> = BTreeMap::new();
    for id in by_id.keys() {
        let first = root(*id);
        chains.entry(first).or_default().push(*id);
        if let Some(earlier) = predecessor(id).filter(|_| first != *id) {
            replaced.insert(earlier);
        }
    }
    chains
        .into_values()
        .filter_map(|chain| {
            let live = |id: &&EntryId| by_id.get(id).is_some_and(|entry| !entry.withdrawn && !entry.altered);
            let tips: Vec<EntryId> = chain.into_iter().filter(|id| !replaced.contains(id)).collect();
            tips.iter().find(live).or(tips.first()).copied()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entry::Editions;
    use crate::model::framework::Level;
    use crate::time::WorkDate;

    const OUTCOME: OutcomeId = OutcomeId::from_bytes([7; 16]);

    fn entry(id: u8, replaces: Option<u8>) -> Entry {
        let assessment = Assessment {
            outcome: OUTCOME,
            level: Level(2),
            kind: AssessmentKind::Summative,
            work_date: WorkDate::new(2026, 3, 1).unwrap(),
            next_step: String::new(),
            judged: Vec::new(),
            editions: Editions::default(),
        };
        Entry {
            id: EntryId::from_bytes([id; 16]),
            body: EntryBody::Assessment(assessment),
            replaces: replaces.map(|id| EntryId::from_bytes([id; 16])),
            withdrawn: false,
            altered: false,
        }
    }

    fn voice(class: Class, entries: Vec<Entry>) -> Spoken {
        Spoken {
            piece: PieceId::from_bytes([1; 16]),
            project: ProjectId::from_bytes([2; 16]),
            author: PersonId::from_bytes([class.number(); 16]),
            class,
            entries,
        }
    }

    fn latest(entries: &[Entry]) -> Vec<u8> {
        replacing(entries).iter().map(|id| id.as_bytes()[0]).collect()
    }

    fn counting(voices: &[Spoken]) -> usize {
        judged(&Rule::default(), voices, &BTreeMap::new())
            .get(&OUTCOME)
            .map_or(0, |judged| judged.counting.len())
    }

    #[test]
    fn the_newest_of_a_chain_stands() {
        assert_eq!(latest(&[entry(1, None), entry(2, Some(1)), entry(3, Some(2))]), [3]);
    }

    #[test]
    fn of_two_successors_the_smallest_stands() {
        assert_eq!(latest(&[entry(1, None), entry(3, Some(1)), entry(2, Some(1))]), [2]);
    }

    #[test]
    fn a_circle_replaces_nothing() {
        assert_eq!(latest(&[entry(1, Some(2)), entry(2, Some(1)), entry(3, None)]), [1, 2, 3]);
        assert_eq!(latest(&[entry(1, Some(1))]), [1]);
    }

    #[test]
    fn what_names_an_entry_of_elsewhere_replaces_nothing() {
        assert_eq!(latest(&[entry(1, None), entry(2, Some(9))]), [1, 2]);
    }

    #[test]
    fn a_withdrawn_successor_leaves_the_other() {
        let mut withdrawn = entry(2, Some(1));
        withdrawn.withdrawn = true;
        assert_eq!(latest(&[entry(1, None), withdrawn, entry(3, Some(1))]), [3]);
    }

    #[test]
    fn only_the_class_of_a_teacher_counts() {
        for class in Class::all() {
            let expected = usize::from(class == Class::Voice(Role::Teacher));
            assert_eq!(counting(&[voice(class, vec![entry(1, None)])]), expected, "{class:?}");
        }
    }

    #[test]
    fn altered_withdrawn_and_formative_do_not_count() {
        let mut altered = entry(1, None);
        altered.altered = true;
        let mut withdrawn = entry(2, None);
        withdrawn.withdrawn = true;
        let mut formative = entry(3, None);
        let EntryBody::Assessment(assessment) = &mut formative.body else { panic!("an assessment") };
        assessment.kind = AssessmentKind::Formative;
        let teacher = voice(Class::Voice(Role::Teacher), vec![altered, withdrawn, formative]);
        let judged = judged(&Rule::default(), &[teacher], &BTreeMap::new());
        let because: Vec<_> = judged[&OUTCOME].beside.iter().map(|beside| beside.because).collect();
        assert_eq!(because, [Because::Altered, Because::Withdrawn, Because::NotSummative]);
        assert!(judged[&OUTCOME].is_practised());
    }

    #[test]
    fn a_confirmed_mentor_counts_once_as_the_mentor() {
        let mentor = voice(Class::Voice(Role::Mentor), vec![entry(1, None)]);
        let of = Reference { author: mentor.author, about: None, entry: EntryId::from_bytes([1; 16]) };
        let mut confirmation = entry(5, None);
        let EntryBody::Assessment(assessment) = confirmation.body.clone() else { panic!("an assessment") };
        confirmation.body = EntryBody::Confirmation(Confirmation { of, heads: Vec::new() });
        let teacher = voice(Class::Voice(Role::Teacher), vec![confirmation.clone()]);
        let confirmed = BTreeMap::from([((teacher.author, confirmation.id), (of, assessment))]);
        let judged = judged(&Rule::default(), &[mentor.clone(), teacher], &confirmed);
        assert_eq!(judged[&OUTCOME].counting.len(), 1);
        assert_eq!(judged[&OUTCOME].counting[0].judge, mentor.author);
        assert!(judged[&OUTCOME].beside.is_empty());
        assert_eq!(counting(&[mentor]), 0);
    }
}
