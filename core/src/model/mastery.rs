//! The level of one student in one outcome: a pure function of counting judgements and the school's rule.
//!
//! An **at-bat** is one summative chance: one (piece, outcome) with at least one counting judgement. Several judges of
//! one piece are one at-bat. The level is the highest one at or above the target that enough at-bats reached, over
//! enough projects and days; below the target, the highest that any at-bat supports. A new at-bat never lowers it.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::framework::{Level, Scale};
use crate::ids::{EntryId, PersonId, PieceId, ProjectId};
use crate::time::WorkDate;

/// The school's rule. Changing it works every level out anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// At-bats needed (k).
    #[n(0)]
    pub at_bats: u8,
    /// Projects they must come from (c).
    #[n(1)]
    pub projects: u8,
    /// Days they must come from (d).
    #[n(2)]
    pub days: u8,
    /// Which level an at-bat has when its judges differ.
    #[n(3)]
    pub judges: Judges,
    /// A mentor's judgement counts without a teacher's confirmation.
    #[n(4)]
    pub mentors_count: bool,
}

impl Default for Rule {
    /// Three at-bats over two projects and two days; the higher judgement; mentors need confirmation.
    fn default() -> Self {
        Self { at_bats: 3, projects: 2, days: 2, judges: Judges::Higher, mentors_count: false }
    }
}

/// Which level an at-bat has when its judges differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Judges {
    /// The higher one.
    #[n(0)]
    Higher,
    /// The lower one.
    #[n(1)]
    Lower,
    /// The one of the latest date of work; ties go to the greatest entry id.
    #[n(2)]
    Latest,
}

/// One judgement that counts: summative, unreplaced, not withdrawn, by someone whose judgement counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Judgement {
    /// The assessment.
    pub entry: EntryId,
    /// The piece judged.
    pub piece: PieceId,
    /// The project whose folio the piece lies in.
    pub project: ProjectId,
    /// Who judged.
    pub judge: PersonId,
    /// The level given.
    pub level: Level,
    /// The day of the work.
    pub work_date: WorkDate,
}

/// One summative chance, with its judges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AtBat {
    pub piece: PieceId,
    pub project: ProjectId,
    /// The earliest date among its judgements.
    pub day: WorkDate,
    /// Its level by the school's choice.
    pub level: Level,
    /// Its judges gave different levels.
    pub judged_differently: bool,
    /// What they gave, by entry id.
    pub judgements: Vec<Judgement>,
}

/// Where a student stands in an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelState {
    /// Nothing that counts yet. Not the same as "not yet".
    NotAssessed,
    /// Only judgements that never count.
    Practised,
    /// A level.
    At(Level),
    /// It can't be worked out here: the school's rule or levels are of a newer version.
    NotHere,
}

/// Whether everything that could count was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// Every voice that can count is here, verified and readable.
    Whole,
    /// Some are missing: what follows is only "from what you can see".
    Partial,
}

/// A level with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The level, or why there is none.
    pub state: LevelState,
    /// Was everything seen?
    pub completeness: Completeness,
    /// "2 of 3 at-bats, 1 of 2 projects".
    pub sentence: String,
    /// The same in numbers, for other languages.
    pub tally: Tally,
    /// The at-bats, by day, then piece.
    pub at_bats: Vec<AtBat>,
}

impl Answer {
    /// What is said where the school's rule or its levels can't be read: never another level.
    pub fn not_here() -> Self {
        let tally = Tally { towards: Level(0), at_bats: 0, projects: 0, days: 0 };
        let sentence =
            "levels can't be worked out here: the school's rule was made by a newer version".to_owned();
        Self {
            state: LevelState::NotHere,
            completeness: Completeness::Partial,
            sentence,
            tally,
            at_bats: Vec::new(),
        }
    }
}

/// Works out the state in one outcome. `judgements` may come in any order; `practised` says that others exist that
/// never count.
pub fn answer(
    rule: &Rule,
    scale: &Scale,
    completeness: Completeness,
    judgements: impl IntoIterator<Item = Judgement>,
    practised: bool,
) -> Answer {
    let at_bats = at_bats(rule, judgements);
    let reached = levels_from(scale, scale.target).rev().find(|level| rule.is_met(&at_bats, *level));
    let supported = || {
        let best = at_bats.iter().map(|at_bat| at_bat.level).max()?;
        let below_target = Level(scale.target.0 - 1);
        Some(best.min(below_target))
    };
    let state = match reached.or_else(supported) {
        Some(level) => LevelState::At(level),
        None if practised => LevelState::Practised,
        None => LevelState::NotAssessed,
    };
    let tally = Tally::of(&at_bats, reached.unwrap_or(scale.target));
    let sentence = sentence(rule, scale, completeness, state, &tally);
    Answer { state, completeness, sentence, tally, at_bats }
}

/// How a level grew: one step for each at-bat, in the order of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grown {
    /// The at-bat.
    pub at_bat: AtBat,
    /// Where the student stood once it counted, if nothing later was known.
    pub state: LevelState,
}

/// The state after each at-bat, by day. What was known only later (a judgement of the same piece with a later day of
/// work) belongs to the at-bat's own day, as it does in the level.
pub fn growth(rule: &Rule, scale: &Scale, at_bats: &[AtBat]) -> Vec<Grown> {
    (1..=at_bats.len())
        .map(|count| {
            let so_far = at_bats[..count].iter().flat_map(|at_bat| at_bat.judgements.iter().cloned());
            let state = answer(rule, scale, Completeness::Whole, so_far, false).state;
            Grown { at_bat: at_bats[count - 1].clone(), state }
        })
        .collect()
}

fn levels_from(scale: &Scale, lowest: Level) -> impl DoubleEndedIterator<Item = Level> {
    let count = u8::try_from(scale.levels.len()).unwrap_or(u8::MAX);
    (lowest.0..count).map(Level)
}

fn at_bats(rule: &Rule, judgements: impl IntoIterator<Item = Judgement>) -> Vec<AtBat> {
    let mut by_piece: BTreeMap<PieceId, BTreeMap<(EntryId, PersonId), Judgement>> = BTreeMap::new();
    for judgement in judgements {
        by_piece.entry(judgement.piece).or_default().insert((judgement.entry, judgement.judge), judgement);
    }
    let mut at_bats: Vec<AtBat> = by_piece
        .into_values()
        .filter_map(|judgements| {
            let judgements: Vec<Judgement> = judgements.into_values().collect();
            let levels = judgements.iter().map(|judgement| judgement.level);
            let (lowest, highest) = (levels.clone().min()?, levels.max()?);
            let latest = judgements.iter().max_by_key(|judgement| (judgement.work_date, judgement.entry))?;
            let level = match rule.judges {
                Judges::Higher => highest,
                Judges::Lower => lowest,
                Judges::Latest => latest.level,
            };
            Some(AtBat {
                piece: latest.piece,
                project: latest.project,
                day: judgements.iter().map(|judgement| judgement.work_date).min()?,
                level,
                judged_differently: lowest != highest,
                judgements,
            })
        })
        .collect();
    at_bats.sort_by_key(|at_bat| (at_bat.day, at_bat.piece));
    at_bats
}

/// How far the at-bats at or above a level go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The level they are counted for: the one reached, or the target.
    pub towards: Level,
    /// How many.
    pub at_bats: usize,
    /// From how many projects.
    pub projects: usize,
    /// From how many days.
    pub days: usize,
}

impl Tally {
    fn of(at_bats: &[AtBat], level: Level) -> Self {
        let reaching = || at_bats.iter().filter(|at_bat| at_bat.level >= level);
        Self {
            towards: level,
            at_bats: reaching().count(),
            projects: reaching().map(|at_bat| at_bat.project).collect::<BTreeSet<_>>().len(),
            days: reaching().map(|at_bat| at_bat.day).collect::<BTreeSet<_>>().len(),
        }
    }
}

impl Rule {
    fn is_met(&self, at_bats: &[AtBat], level: Level) -> bool {
        let tally = Tally::of(at_bats, level);
        tally.at_bats >= self.at_bats.into()
            && tally.projects >= self.projects.into()
            && tally.days >= self.days.into()
    }
}

fn sentence(
    rule: &Rule,
    scale: &Scale,
    completeness: Completeness,
    state: LevelState,
    tally: &Tally,
) -> String {
    let part = |have: usize, need: u8, one: &str, many: &str| {
        format!("{} of {need} {}", have.min(need.into()), if need == 1 { one } else { many })
    };
    let mut text = part(tally.at_bats, rule.at_bats, "at-bat", "at-bats");
    text += ", ";
    text += &part(tally.projects, rule.projects, "project", "projects");
    let only_days_lack = tally.at_bats >= rule.at_bats.into() && tally.projects >= rule.projects.into();
    if only_days_lack && tally.days < rule.days.into() {
        text += ", ";
        text += &part(tally.days, rule.days, "day", "days");
    }
    let text = match state {
        LevelState::NotAssessed => format!("not assessed: {text}"),
        LevelState::Practised => format!("practised, not assessed: {text}"),
        LevelState::NotHere => text,
        LevelState::At(reached) if reached >= scale.target => format!("{}: {text}", scale.word(reached)),
        LevelState::At(below) => {
            format!("{}: {text} at \u{201c}{}\u{201d}", scale.word(below), scale.word(scale.target))
        }
    };
    match completeness {
        Completeness::Whole => text,
        Completeness::Partial => format!("from what you can see: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judgement(number: u8, level: u8, project: u8, day: i8) -> Judgement {
        Judgement {
            entry: EntryId::from_bytes([number; 16]),
            piece: PieceId::from_bytes([number; 16]),
            project: ProjectId::from_bytes([project; 16]),
            judge: PersonId::from_bytes([1; 16]),
            level: Level(level),
            work_date: WorkDate::new(2026, 3, day).unwrap(),
        }
    }

    /// "N(A1) D(B2)": a level's code, a project's letter, a day.
    fn row(text: &str) -> Answer {
        let scale = Scale::default();
        let judgements: Vec<_> = text
            .split_whitespace()
            .enumerate()
            .map(|(number, at_bat)| {
                let bytes = at_bat.as_bytes();
                let level = scale.find(&at_bat[..1]).unwrap();
                judgement(number as u8, level.0, bytes[2], (bytes[3] - b'0') as i8)
            })
            .collect();
        answer(&Rule::default(), &scale, Completeness::Whole, judgements, false)
    }

    fn word(text: &str) -> String {
        match row(text).state {
            LevelState::At(level) => Scale::default().word(level).to_owned(),
            other @ (LevelState::NotAssessed | LevelState::Practised | LevelState::NotHere) => {
                format!("{other:?}")
            }
        }
    }

    #[test]
    fn golden_rows() {
        assert_eq!(word(""), "NotAssessed");
        assert_eq!(word("N(A1)"), "not yet");
        assert_eq!(word("D(A1) D(B2)"), "approaching");
        assert_eq!(word("D(A1) D(A2) D(A3)"), "approaching");
        assert!(row("D(A1) D(A2) D(A3)").sentence.contains("3 of 3 at-bats, 1 of 2 projects"));
        assert_eq!(word("N(A1) D(A1) D(A2) D(B3)"), "demonstrates");
        assert_eq!(word("N(A1) D(A1) D(A2) D(B3) N(B4)"), "demonstrates");
        assert_eq!(word("E(A1) D(B2) E(B3)"), "demonstrates");
        assert_eq!(word("E(A1) E(B2) E(B3)"), "exceeds");
        assert_eq!(word("E(A1)"), "approaching");
    }

    #[test]
    fn the_sentence_says_what_is_lacking() {
        assert!(row("D(A1) D(A2)").sentence.contains("2 of 3 at-bats, 1 of 2 projects"));
        assert!(row("D(A3) D(B3) D(B3)").sentence.contains("3 of 3 at-bats, 2 of 2 projects, 1 of 2 days"));
        assert!(!row("D(A1) D(B2) D(B3)").sentence.contains("days"));
    }

    #[test]
    fn only_practice_is_not_a_level() {
        let answer = answer(&Rule::default(), &Scale::default(), Completeness::Whole, [], true);
        assert_eq!(answer.state, LevelState::Practised);
    }

    #[test]
    fn judges_of_one_piece_are_one_at_bat() {
        let mut other = judgement(1, 3, b'A', 2);
        other.entry = EntryId::from_bytes([9; 16]);
        other.judge = PersonId::from_bytes([2; 16]);
        let both = [judgement(1, 2, b'A', 5), other];
        for (judges, level) in [(Judges::Higher, 3), (Judges::Lower, 2), (Judges::Latest, 2)] {
            let rule = Rule { judges, ..Rule::default() };
            let answer = answer(&rule, &Scale::default(), Completeness::Whole, both.clone(), false);
            let [at_bat] = answer.at_bats.as_slice() else { panic!("one at-bat") };
            assert_eq!(at_bat.level, Level(level));
            assert!(at_bat.judged_differently);
            assert_eq!(at_bat.day, WorkDate::new(2026, 3, 2).unwrap());
        }
    }

    fn some_judgements() -> impl Strategy<Value = Vec<Judgement>> {
        let one = (0u8..4, 0u8..3, 1i8..9, 0u8..8).prop_map(|(level, project, day, piece)| {
            let mut judgement = judgement(piece, level, project, day);
            judgement.project = ProjectId::from_bytes([piece % 3; 16]);
            judgement
        });
        proptest::collection::vec(one, 0..14).prop_map(|mut all| {
            for (number, judgement) in all.iter_mut().enumerate() {
                judgement.entry = EntryId::from_bytes([number as u8; 16]);
            }
            all
        })
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_gives_the_same_answer(all in some_judgements(), turn in 0usize..14) {
            let (rule, scale) = (Rule::default(), Scale::default());
            let mut other = all.clone();
            if !other.is_empty() {
                let turn = turn % other.len();
                other.rotate_left(turn);
            }
            other.reverse();
            let first = answer(&rule, &scale, Completeness::Whole, all.clone(), false);
            prop_assert_eq!(&first, &answer(&rule, &scale, Completeness::Whole, other, false));
            let twice: Vec<_> = all.iter().chain(&all).cloned().collect();
            prop_assert_eq!(first, answer(&rule, &scale, Completeness::Whole, twice, false));
        }

        #[test]
        fn a_new_at_bat_never_lowers_a_level(all in some_judgements(), level in 0u8..4, day in 1i8..9) {
            let (rule, scale) = (Rule::default(), Scale::default());
            let rank = |answer: Answer| match answer.state {
                LevelState::NotAssessed | LevelState::Practised | LevelState::NotHere => -1,
                LevelState::At(level) => i16::from(level.0),
            };
            let before = rank(answer(&rule, &scale, Completeness::Whole, all.clone(), false));
            let fresh = judgement(200, level, 1, day);
            let after = rank(answer(&rule, &scale, Completeness::Whole, all.into_iter().chain([fresh]), false));
            prop_assert!(after >= before);
        }
    }
}
