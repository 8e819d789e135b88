//! Why the directory was not changed.

use std::path::PathBuf;

use fieldfolio_core::ids::PersonId;
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::framework::BadFramework;

use crate::database::DatabaseError;

/// Why the directory was not changed. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// SQLite failed.
    #[error("the relay's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A file can't be used.
    #[error("can't {doing} {path}: {source}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The database holds no school, or one that can't be read.
    #[error(
        "the school's {0} can't be read: if `init` was cut off, empty the folder and run it again; else restore a backup"
    )]
    Broken(&'static str),
    /// A key that isn't this school's.
    #[error("{0} is not the key of this school: put back the file that belongs to this database")]
    ForeignKey(PathBuf),
    /// A key that others can read.
    #[error(
        "{path} can be read by others on this machine, and whoever has it signs in as anyone: \
         `chmod 600 {path}`, and if somebody else may have read it, make the school anew",
        path = .0.display()
    )]
    OpenKey(PathBuf),
    /// A key without its school.
    #[error(
        "{0} is there, but no database: restore relay.db beside it, or move the key away to start a new school"
    )]
    KeyWithoutSchool(PathBuf),
    /// Words that are empty or too long.
    #[error("{what} must have 1 to {limit} characters, none of them invisible or steering how text is drawn")]
    Words {
        /// Which words.
        what: &'static str,
        /// The most characters.
        limit: usize,
    },
    /// There is nothing of this name or id.
    #[error("there is no {kind} {text:?}: `fieldfolio {kind} list` shows what there is")]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// How it was called.
        text: String,
    },
    /// Several are called so.
    #[error("{text:?} may be any of several; say which by its id:{}", lines(candidates))]
    Ambiguous {
        /// How it was called.
        text: String,
        /// Each of them.
        candidates: Vec<Meant>,
    },
    /// Only somebody whom a device named is called so.
    #[error(
        "{text:?} is what somebody was called on a device, and not by the school; say whom you mean by the id:{}",
        lines(candidates)
    )]
    NamedByDevice {
        /// How she was called.
        text: String,
        /// Who may be meant.
        candidates: Vec<Meant>,
    },
    /// Her folios are hers.
    #[error("{0} stays a student: her work lies in her folios. `fieldfolio person lock {0}` keeps her out")]
    StaysStudent(PersonId),
    /// A device of hers was vouched for by somebody who can't vouch for staff.
    #[error(
        "device {device} of {person} was vouched for by a device of somebody else who is not staff: \
         `fieldfolio revoke {device}` first, then let her open an invitation of the school's"
    )]
    VouchedForByOthers {
        /// Who.
        person: PersonId,
        /// Which device.
        device: fieldfolio_core::ids::DeviceId,
    },
    /// Somebody is something.
    #[error("{person} is nothing but a {}: `fieldfolio person lock {person}` keeps her out", kind.name())]
    OnlyKind {
        /// Who.
        person: PersonId,
        /// What she is.
        kind: PersonKind,
    },
    /// Someone isn't what this needs.
    #[error("{person} is not a {}: `fieldfolio person add-kind {person} {}` makes her one", kind.name(), kind.name())]
    NotOfKind {
        /// Who.
        person: PersonId,
        /// What this needs.
        kind: PersonKind,
    },
    /// Someone isn't in the class.
    #[error("{0} is not in this class: `fieldfolio class list` shows who is")]
    NotInClass(PersonId),
    /// A student has no folio in the project.
    #[error("{0} has no folio in this project: let her join its class first")]
    NotInProject(PersonId),
    /// Nobody is her own guardian, mentor or reader.
    #[error("a student can't have this part in her own portfolio: name someone else")]
    Herself,
    /// A role that follows from something else.
    #[error("nobody is given the role {0}: it follows from whose folio it is and who placed the work")]
    NotGranted(&'static str),
    /// A mentor accompanies one project.
    #[error("a mentor has a part in a project's folio, never in a home folio: name STUDENT/PROJECT")]
    MentorAtHome,
    /// Only a reader needs it.
    #[error("only a reader is granted a voice: leave --may-write away, or grant the role reader")]
    VoiceForReaders,
    /// An end that is over already.
    #[error("this would have ended before it began: choose a later end")]
    EndInThePast,
    /// There is no such row.
    #[error(
        "there is no such row that was granted; `fieldfolio circle list` shows them, and rows with another reason end with it"
    )]
    NoSuchRow,
    /// A framework can't be used.
    #[error(transparent)]
    Framework(#[from] BadFramework),
    /// A framework's file isn't one.
    #[error("this is not a framework: {0}")]
    FrameworkFile(String),
    /// This device was revoked before.
    #[error("device {0} is revoked already")]
    RevokedAlready(fieldfolio_core::ids::DeviceId),
}

impl DirectoryError {
    /// It is the relay's trouble, and not the caller's to know.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Sqlite(_) | Self::File { .. } | Self::Broken(_))
    }
}

/// One of several that a command may have meant, for whoever has to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    pub id: String,
    pub name: String,
    /// What tells it from the others: kinds and classes.
    pub about: String,
}

fn lines(candidates: &[Meant]) -> String {
    candidates.iter().map(|one| format!("\n  {}  {}  ({})", one.id, one.name, one.about)).collect()
}
