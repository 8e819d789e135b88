//! The directory: the school's people, classes, projects, circles and devices.
//!
//! Everything here is a function over an open database: those that change something take an [`Edit`] (a transaction,
//! the time and who asked), append one event to the log, and tell `sight` whom it concerns. Circles of students are
//! never edited by hand where they follow from classes and families: [`derivation`] works them out anew.

use std::path::PathBuf;

use fieldfolio_core::ids::{Chance, PersonId};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::framework::BadFramework;
use fieldfolio_core::time::Timestamp;
use rusqlite::Transaction;

use crate::database::DatabaseError;
use crate::log::{self, Event};

pub use circles::{anything_due, expire_due};
pub use derivation::{derive, folio_declared};
pub use invitations::record_invitation;
pub use names::Meant;

pub mod calls;
pub mod circles;
pub mod classes;
pub mod derivation;
pub mod devices;
pub mod erasure;
pub mod folios;
pub mod frameworks;
pub mod invitations;
pub mod mentors;
pub(crate) mod names;
pub mod people;
pub mod projects;
pub mod releases;
pub mod school;

/// One change of the directory: its transaction, its moment, and who asked for it.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// The transaction everything happens in.
    pub tx: &'a Transaction<'a>,
    /// The relay's clock.
    pub now: Timestamp,
    /// Whose device asked; none for the command line.
    pub by: Option<PersonId>,
}

impl Edit<'_> {
    /// Appends the event of this change. One that takes something away is noted as an ending, too.
    pub(crate) fn event(&self, event: &Event) -> rusqlite::Result<u64> {
        let n = log::append(self.tx, self.now, self.by, event)?;
        if event.takes_away() {
            log::note_ending(self.tx, n, event)?;
        }
        Ok(n)
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsChance;

impl Chance for OsChance {
    fn fill(&mut self, into: &mut [u8]) {
        // Keys made without randomness would be worse than none: there is no way on from here.
        getrandom::fill(into).expect("the operating system has randomness");
    }
}

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

fn lines(candidates: &[Meant]) -> String {
    candidates.iter().map(|one| format!("\n  {}  {}  ({})", one.id, one.name, one.about)).collect()
}

/// A moment as the database keeps it.
pub(crate) const fn millis(moment: Timestamp) -> i64 {
    moment.millis().cast_signed()
}

/// A moment as the database kept it.
pub(crate) const fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis.cast_unsigned())
}
