//! Why something has not reached the school, as a code that every language has words for.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::sync::Reason;

/// A reason. It serialises as its code and displays as English words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    code: &'static str,
    words: &'static str,
}

impl Why {
    /// No network, or a relay that does not answer.
    pub const NO_CONNECTION: Self = Self::new("no_connection", "waits for a connection");
    /// The relay knows no change that names this file.
    pub const NOT_EXPECTED_YET: Self =
        Self::new("not_expected_yet", "the school does not expect this file yet");
    /// The relay let go of a part.
    pub const STARTED_AGAIN: Self = Self::new("started_again", "starts again: the school had let go of it");
    /// The relay answered something else.
    pub const BUSY: Self = Self::new("busy", "the school could not take it just now");
    /// The file is not where it was.
    pub const FILE_MISSING: Self = Self::new("file_missing", "the file is missing on this device");
    /// What came was not what was asked for.
    pub const SOMETHING_ELSE: Self = Self::new("something_else", "what came was something else");
    /// Another device has not sent it.
    pub const ON_ITS_WAY: Self = Self::new("on_its_way", "on its way to the school");
    /// The school's disk is full.
    pub const NO_ROOM_AT_SCHOOL: Self =
        Self::new("no_room_at_school", "the school has no room at the moment; it is tried again");
    /// Somebody holds it back here.
    pub const PAUSED: Self = Self::new("paused", "paused on this device");
    /// Somebody took it back here.
    pub const CANCELLED: Self = Self::new("cancelled", "not sent, as you asked; it stays on this device");
    /// The line costs money.
    pub const METERED: Self = Self::new("metered", "waits for Wi-Fi");
    /// Somebody between here and the relay takes no requests of this size.
    pub const TOO_LARGE_ON_THE_WAY: Self = Self::new(
        "too_large_on_the_way",
        "a web server in front of the school takes no files of this size: whoever runs it must let through requests of 1 MiB",
    );
    /// Somebody between here and the relay answers in its place.
    pub const SIGN_IN_FIRST: Self =
        Self::new("sign_in_first", "this network answers instead of the school: sign in to it first");
    /// The room at the school is used up.
    pub const OVER_QUOTA: Self = Self::of(Reason::OverQuota);

    const TRANSFERS: [Self; 13] = [
        Self::NO_CONNECTION,
        Self::NOT_EXPECTED_YET,
        Self::STARTED_AGAIN,
        Self::BUSY,
        Self::FILE_MISSING,
        Self::SOMETHING_ELSE,
        Self::ON_ITS_WAY,
        Self::NO_ROOM_AT_SCHOOL,
        Self::PAUSED,
        Self::CANCELLED,
        Self::METERED,
        Self::TOO_LARGE_ON_THE_WAY,
        Self::SIGN_IN_FIRST,
    ];

    const fn new(code: &'static str, words: &'static str) -> Self {
        Self { code, words }
    }

    /// The relay's verdict on an item.
    pub const fn of(reason: Reason) -> Self {
        Self::new(reason.code(), reason.words())
    }

    /// Reads a code as it was kept.
    pub fn read(code: &str) -> Self {
        let verdicts = Reason::ALL.into_iter().map(Self::of);
        let mut known = verdicts.chain(Self::TRANSFERS);
        known.find(|why| why.code == code).unwrap_or(Self::BUSY)
    }

    /// Its code: what the catalogues of the apps are keyed by.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Is it for people to clear, rather than for time?
    pub fn waits_for_people(self) -> bool {
        let people = [
            Self::OVER_QUOTA,
            Self::FILE_MISSING,
            Self::ON_ITS_WAY,
            Self::NO_ROOM_AT_SCHOOL,
            Self::PAUSED,
            Self::CANCELLED,
            Self::METERED,
            Self::TOO_LARGE_ON_THE_WAY,
            Self::SIGN_IN_FIRST,
            Self::of(Reason::SchoolIsOlder),
            Self::of(Reason::SchoolIsNewer),
        ];
        people.contains(&self)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words)
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back() {
        for why in Reason::ALL.into_iter().map(Why::of).chain(Why::TRANSFERS) {
            assert_eq!(Why::read(why.code()), why);
        }
    }
}
