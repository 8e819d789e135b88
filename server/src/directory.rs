//! The directory: the school's people, classes, projects, circles and devices.
//!
//! Everything here is a function over an open database: those that change something take an [`Edit`] (a transaction,
//! the time and who asked), append one event to the log, and tell `visibility` whom it concerns. Circles of students are
//! never edited by hand where they follow from classes and families: [`derivation`] works them out anew.

pub use circles::{anything_due, expire_due};
pub use derivation::{derive, folio_declared};
pub use edit::{Edit, OsRng};
pub use error::{DirectoryError, Meant};
pub use invitations::record_invitation;

pub mod calls;
pub mod circles;
pub mod classes;
pub mod derivation;
pub mod devices;
mod edit;
pub mod enrolment;
pub mod erasure;
mod error;
pub mod families;
pub mod find;
pub mod folios;
pub mod frameworks;
pub mod invitations;
pub mod mentors;
pub mod people;
pub mod projects;
pub mod releases;
pub mod roster;
pub mod school;
mod words;
