//! Moments and days. Core never asks what time it is: it is told.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00Z, by the clock of whoever handed it in. For display and for waiting; it never
/// grants anything and never orders judgements.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Timestamp(#[n(0)] u64);

impl Timestamp {
    /// The moment this many milliseconds after 1970.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// The moment `millis` later, or the end of time.
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Is a wait until this moment over at `now`? Nobody ever waits longer than `longest` milliseconds: where it seems twice
    /// as long, the clock was put back meanwhile.
    pub const fn is_over(self, now: Self, longest: u64) -> bool {
        self.0 <= now.0 || self.0 > now.0.saturating_add(longest.saturating_mul(2))
    }

    /// The UTC day this moment lies in, if it is one that a calendar can name.
    pub fn utc_day(self) -> Option<WorkDate> {
        let millis = i64::try_from(self.0).ok()?;
        let moment = jiff::Timestamp::from_millisecond(millis).ok()?;
        Some(WorkDate(jiff::tz::TimeZone::UTC.to_datetime(moment).date()))
    }
}

/// The calendar day a piece of work was done, without a zone, written `2026-11-22`. Years 1970 to 2999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct WorkDate(jiff::civil::Date);

/// Text that names no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day: expected the form 2026-11-22, between 1970 and 2999")]
pub struct BadDate(String);

impl WorkDate {
    /// This day, if there is one.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        (1970..=2999).contains(&year).then_some(Self(date))
    }
}

impl FromStr for WorkDate {
    type Err = BadDate;

    fn from_str(text: &str) -> Result<Self, BadDate> {
        let bad = || BadDate(text.chars().take(40).collect());
        let digits = |range| text.get(range).filter(|s: &&str| s.bytes().all(|b| b.is_ascii_digit()));
        if text.len() != 10 || text.as_bytes()[4] != b'-' || text.as_bytes()[7] != b'-' {
            return Err(bad());
        }
        let (Some(year), Some(month), Some(day)) = (digits(0..4), digits(5..7), digits(8..10)) else {
            return Err(bad());
        };
        let (Ok(year), Ok(month), Ok(day)) = (year.parse(), month.parse(), day.parse()) else {
            return Err(bad());
        };
        Self::new(year, month, day).ok_or_else(bad)
    }
}

impl fmt::Display for WorkDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for WorkDate {
    type Error = BadDate;

    fn try_from(text: String) -> Result<Self, BadDate> {
        text.parse()
    }
}

impl From<WorkDate> for String {
    fn from(date: WorkDate) -> String {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_reads_back_as_written() {
        assert_eq!("2026-11-22".parse::<WorkDate>().unwrap().to_string(), "2026-11-22");
        assert_eq!("2028-02-29".parse::<WorkDate>().unwrap(), WorkDate::new(2028, 2, 29).unwrap());
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2026-02-30",
            "2026-1-1",
            "22.11.2026",
            "+026-01-01",
            "2026-11-22T10:00",
            "0001-01-01",
            "ä026-11-2",
        ] {
            assert!(text.parse::<WorkDate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_lies_in_its_utc_day() {
        assert_eq!(Timestamp::from_millis(0).utc_day().unwrap().to_string(), "1970-01-01");
        assert_eq!(Timestamp::from_millis(u64::MAX).utc_day(), None);
    }
}
