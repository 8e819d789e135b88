//! Fieldfolio's relay: it stores, checks and forwards; it never rewrites, and needs no knowledge of what people say.
//!
//! Its rooms, from the bottom up; each names only rooms above it in this list (`tests/tests/house/layers.rs` holds it):
//!
//! - [`config`], `disk`, [`database`]: the settings, the files, the school's database;
//! - [`log`]: one sequence of everything that happens;
//! - [`visibility`]: who sees what; [`directory`]: the school; [`news`]: what a device is told;
//! - [`gate`]: every change is tried in a child process;
//! - [`exchange`]: one exchange of a device, from the pure halves in core to the writer's commit;
//! - [`blobs`] and [`uploads`]: media;
//! - [`upkeep`]: nightly work, backups, verifying;
//! - [`http`]: the whole surface; [`cli`]: the commands.

pub mod blobs;
pub mod cli;
pub mod config;
pub mod database;
pub mod directory;
pub mod exchange;
pub mod gate;
pub mod http;
// No match takes "everything else" for a case that it knows.
#[deny(clippy::wildcard_enum_match_arm)]
pub mod log;
#[deny(clippy::wildcard_enum_match_arm)]
pub mod news;
pub mod upkeep;
pub mod uploads;
#[deny(clippy::wildcard_enum_match_arm)]
pub mod visibility;

mod disk;
