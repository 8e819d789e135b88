//! Fieldfolio's relay: it stores, checks and forwards; it never rewrites, and needs no knowledge of what people say.
//!
//! [`routes`] is the whole surface. [`relay`] does one exchange: the pure halves in core decide, [`ledger`] appends to
//! the [`log`], [`sight`] keeps who sees what, [`news`] reads what a device is told, [`live`] tells it as it happens.
//! [`directory`] is the school.

pub mod activity;
pub mod backup;
pub mod blobs;
pub mod cli;
pub mod config;
pub mod database;
pub mod directory;
pub mod ends;
pub mod erasure;
pub mod fork;
pub mod gate;
pub mod keep;
// No match takes "everything else" for a case that it knows.
#[deny(clippy::wildcard_enum_match_arm)]
pub mod ledger;
pub mod live;
#[deny(clippy::wildcard_enum_match_arm)]
pub mod log;
pub mod media;
#[deny(clippy::wildcard_enum_match_arm)]
pub mod news;
pub mod relay;
pub mod restore;
pub mod routes;
#[deny(clippy::wildcard_enum_match_arm)]
pub mod sight;
pub mod snapshots;
pub mod uploads;
pub mod verify;

mod class_role;
mod doors;
mod hex;
mod landing;
mod limits;
mod private;
mod serve;
mod web;

pub use serve::serve;
