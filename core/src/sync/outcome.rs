//! What became of what was sent.

use crate::time::Timestamp;

/// What becomes of one outbox row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The relay has it, under this number.
    Delivered(u64),
    /// Again, not before this moment.
    Later(Timestamp),
    /// It waits for a change of the directory, and is shown with the reason; tried again from time to time.
    Waits(Reason, Timestamp),
    /// The relay keeps it and does not deliver it: it waits for a teacher's word.
    Held,
    /// The piece was erased: everything of it goes.
    Erased,
    /// Nothing more is to be done about it here: it was someone else's, and its maker brings it herself.
    Dropped,
    /// Refused for good: it is set aside with what builds on it, readable, and the sheet becomes what the relay has.
    SetAside(Reason),
}

/// Why something was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// What it builds on has not arrived at the relay.
    BuildsOnMissing,
    /// The room at the school is used up.
    OverQuota,
    /// The person isn't in the circle.
    NotInCircle,
    /// Her role has ended.
    RoleEnded,
    /// The relay can't read it.
    Malformed,
    /// It is too large.
    TooLarge,
    /// The signature doesn't hold.
    BadSignature,
    /// Another change took its number.
    ActorTaken,
    /// Its id is taken.
    IdTaken,
    /// Others have written since.
    TooLate,
    /// The piece was erased.
    Erased,
    /// The relay is of an older version than this device, and can't read it yet.
    SchoolIsOlder,
    /// The relay is of a newer version, and gave a reason that this device does not know.
    SchoolIsNewer,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 13] = [
        Reason::BuildsOnMissing,
        Reason::OverQuota,
        Reason::NotInCircle,
        Reason::RoleEnded,
        Reason::Malformed,
        Reason::TooLarge,
        Reason::BadSignature,
        Reason::ActorTaken,
        Reason::IdTaken,
        Reason::TooLate,
        Reason::Erased,
        Reason::SchoolIsOlder,
        Reason::SchoolIsNewer,
    ];

    /// Its name, as stores keep it.
    pub const fn code(self) -> &'static str {
        match self {
            Reason::BuildsOnMissing => "builds_on_missing",
            Reason::OverQuota => "over_quota",
            Reason::NotInCircle => "not_in_circle",
            Reason::RoleEnded => "role_ended",
            Reason::Malformed => "malformed",
            Reason::TooLarge => "too_large",
            Reason::BadSignature => "bad_signature",
            Reason::ActorTaken => "actor_taken",
            Reason::IdTaken => "id_taken",
            Reason::TooLate => "too_late",
            Reason::Erased => "erased",
            Reason::SchoolIsOlder => "school_is_older",
            Reason::SchoolIsNewer => "school_is_newer",
        }
    }

    /// What the person is told.
    pub const fn words(self) -> &'static str {
        match self {
            Reason::BuildsOnMissing => "waits for earlier work to arrive at the school",
            Reason::OverQuota => "the school's room for your work is used up: ask the school for more",
            Reason::NotInCircle => "you are not in the circle of this folio: ask a teacher to add you",
            Reason::RoleEnded => "your role in this folio has ended: ask a teacher to renew it",
            Reason::Malformed => "the school could not read it: write it again",
            Reason::TooLarge => "it is too large: make it smaller, or go on in a new piece",
            Reason::BadSignature => "the school does not know this device's signature: enrol it again",
            Reason::ActorTaken => "another copy of this device wrote here: write it again",
            Reason::IdTaken => "something else is there already under the same name",
            Reason::TooLate => "others have written on it since: it can only be marked as withdrawn",
            Reason::Erased => "the piece was erased: this was written on it, and was not sent",
            Reason::SchoolIsOlder => {
                "the school can't read this yet: it is sent again, and is taken once the school has updated"
            }
            Reason::SchoolIsNewer => {
                "the school gave an answer that this version does not know: update Fieldfolio on this device"
            }
        }
    }
}

/// Why an exchange brought no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No network, a cut, a relay that is down or busy.
    Unreachable,
    /// The token is not accepted: revoked, or unknown.
    Refused,
    /// What came back was no frame of this protocol.
    Unreadable,
}
