//! How often children may be started, and how often one person may bring them down.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fieldfolio_core::ids::PersonId;

/// How many children may be started for each place at once, before the rate holds.
const STARTS_AT_ONCE: usize = 8;
/// Then one may be started in this time, on average: some ten milliseconds of a processor's work.
const START_EVERY: Duration = Duration::from_millis(100);

/// Lets a bounded number of children be started, so that a loop of deaths costs little.
#[derive(Debug)]
pub(super) struct Starts {
    most: u32,
    left: Mutex<(u32, Instant)>,
}

impl Starts {
    pub(super) fn new(places: usize) -> Self {
        let most = u32::try_from(places.saturating_mul(STARTS_AT_ONCE)).unwrap_or(u32::MAX);
        Self { most, left: Mutex::new((most, Instant::now())) }
    }

    /// May one be started now? Then it is counted.
    pub(super) fn one_more(&self) -> bool {
        self.one_more_at(Instant::now())
    }

    fn one_more_at(&self, now: Instant) -> bool {
        let mut state = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = &mut *state;
        let passed = now.saturating_duration_since(*since);
        let came = u32::try_from(passed.as_millis() / START_EVERY.as_millis()).unwrap_or(u32::MAX);
        *since += START_EVERY.saturating_mul(came);
        *left = left.saturating_add(came).min(self.most);
        let may = *left > 0;
        *left = left.saturating_sub(1);
        may
    }
}

/// Deaths of children that one person's changes may cause in [`WHILE`]: those it takes to find one such change among a
/// thousand, and to be sure of it.
const DEATHS: u32 = 16;
const WHILE: Duration = Duration::from_secs(60);

/// Who brought children down lately. She waits, others don't.
#[derive(Debug, Default)]
pub(super) struct Deaths(Mutex<BTreeMap<PersonId, (Instant, u32)>>);

impl Deaths {
    /// A child died of this person's changes.
    pub(super) fn another(&self, person: PersonId) {
        self.another_at(person, Instant::now());
    }

    /// Does she have to wait?
    pub(super) fn too_many(&self, person: PersonId) -> bool {
        self.too_many_at(person, Instant::now())
    }

    fn another_at(&self, person: PersonId, now: Instant) {
        let mut deaths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        deaths.retain(|_, (since, _)| now.saturating_duration_since(*since) < WHILE);
        deaths.entry(person).or_insert((now, 0)).1 += 1;
    }

    fn too_many_at(&self, person: PersonId, now: Instant) -> bool {
        let deaths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        deaths
            .get(&person)
            .is_some_and(|(since, count)| *count >= DEATHS && now.saturating_duration_since(*since) < WHILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_of_deaths_starts_ten_children_a_second() {
        let starts = Starts::new(2);
        let begin = Instant::now();
        let at_once = (0..1_000).filter(|_| starts.one_more_at(begin)).count();
        assert_eq!(at_once, 2 * STARTS_AT_ONCE);
        let in_a_minute =
            (0..60_000).filter(|millis| starts.one_more_at(begin + Duration::from_millis(*millis))).count();
        assert_eq!(in_a_minute, 599);
        // Rest brings back as many as there were, and no more.
        let later = begin + Duration::from_secs(3_600);
        assert_eq!((0..1_000).filter(|_| starts.one_more_at(later)).count(), 2 * STARTS_AT_ONCE);
    }

    #[test]
    fn who_brings_children_down_waits_alone() {
        let deaths = Deaths::default();
        let (liar, other) = (PersonId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
        let begin = Instant::now();
        for _ in 0..DEATHS {
            assert!(!deaths.too_many_at(liar, begin));
            deaths.another_at(liar, begin);
        }
        assert!(deaths.too_many_at(liar, begin) && !deaths.too_many_at(other, begin));
        assert!(!deaths.too_many_at(liar, begin + WHILE));
        deaths.another_at(other, begin + WHILE);
        assert_eq!(deaths.0.lock().unwrap().len(), 1, "nobody is remembered for ever");
    }
}
