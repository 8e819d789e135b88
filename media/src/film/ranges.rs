//! Which bytes of a file somebody points at.

use super::super::{MediaError, damaged};

/// More separate pieces than the longest film has.
const MAX_RANGES: usize = 1 << 20;

/// Stretches of a file, gathered in any order.
#[derive(Default)]
pub(super) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Adds this many bytes from here on.
    pub(super) fn add(&mut self, from: u64, length: u64) -> Result<(), MediaError> {
        let to = from.checked_add(length).ok_or_else(|| damaged("its index points beyond every end"))?;
        let is_full = self.0.len() >= MAX_RANGES;
        match self.0.last_mut() {
            _ if length == 0 => {}
            Some((_, end)) if *end == from => *end = to,
            _ if is_full => return Err(damaged("its recording lies in too many pieces")),
            _ => self.0.push((from, to)),
        }
        Ok(())
    }

    /// The stretches in order, from and to; those that touch are one.
    pub(super) fn settled(mut self) -> Vec<(u64, u64)> {
        self.0.sort_unstable();
        let mut settled: Vec<(u64, u64)> = Vec::new();
        for (from, to) in self.0 {
            match settled.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => settled.push((from, to)),
            }
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_touch_are_one() {
        let mut ranges = Ranges::default();
        for (from, length) in [(50, 10), (60, 5), (0, 10), (5, 10), (20, 0), (15, 5)] {
            ranges.add(from, length).unwrap();
        }
        assert!(ranges.add(u64::MAX, 2).is_err());
        assert_eq!(ranges.settled(), [(0, 20), (50, 65)]);
    }
}
