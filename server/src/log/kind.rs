//! The kinds of events: one word each, as the column `log.kind` and the lines of `ends.log` have it.
//!
//! Several events may be of one kind; the subject says which. These words are written into databases and are never changed.

/// The school was made.
pub const INIT: &str = "init";
/// A newer version brought the database up to date.
pub const UPGRADE: &str = "upgrade";
/// The log went back: a new epoch began.
pub const FORK: &str = "fork";
/// A person was named, locked or limited, or became something more or less.
pub const PERSON: &str = "person";
/// A guardian was linked to a student, or unlinked.
pub const GUARDIAN: &str = "guardian";
/// A class was made, joined or left.
pub const CLASS: &str = "class";
/// A framework was brought in.
pub const FRAMEWORK: &str = "framework";
/// A project was made.
pub const PROJECT: &str = "project";
/// Students were grouped in a project, or taken out of their groups.
pub const GROUP: &str = "group";
/// A part in a circle was granted, made narrower or ended.
pub const CIRCLE: &str = "circle";
/// Parts ended because their time was over.
pub const EXPIRY: &str = "expiry";
/// A student's circles were closed to someone, or opened again.
pub const DENIAL: &str = "denial";
/// A mentor was brought in, proposed, confirmed or declined.
pub const MENTOR: &str = "mentor";
/// An invitation was made.
pub const INVITE: &str = "invite";
/// An invitation was cancelled.
pub const INVITATION: &str = "invitation";
/// A device was enrolled.
pub const ENROL: &str = "enrol";
/// A device was revoked.
pub const REVOKE: &str = "revoke";
/// An act was taken in.
pub const ACT: &str = "act";
/// A change of a document was taken in.
pub const CHANGE: &str = "change";
/// A change was held back.
pub const HOLD: &str = "hold";
/// What was held back of a document was let go.
pub const RELEASE: &str = "release";
/// A piece was erased.
pub const ERASE: &str = "erase";
/// A piece became visible to fewer.
pub const SHARE: &str = "share";
/// Who sees what was worked out anew.
pub const SIGHT: &str = "sight";
/// Somebody looked at what was said to her.
pub const READ: &str = "read";
/// A piece left a folio, or an offer ended.
pub const PLACE: &str = "place";
