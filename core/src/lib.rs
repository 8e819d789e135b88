//! Fieldfolio's shared core: everything that is the same on a phone, in a browser and on the relay.
//!
//! Dependencies flow one way:
//!
//! ```text
//! ids · time · blob · signing              words everyone shares
//!   └─ model                               what things are, and the rules of mastery (pure)
//!        └─ access                         who may do what (pure)
//!             └─ document                  model ⇄ automerge, the only place that names automerge
//!                  ├─ sync                 sans-IO protocol, both halves        ┐ siblings: neither
//!                  └─ store                SQLite and blob files                ┘ knows the other
//!                       └─ device          what a person does: capture, assess, answer, browse (names media, too)
//! media                                    looking into files and cleaning them: a crate of its own
//! ```
//!
//! Core has no clock, no randomness, no network, no threads: they are handed in. It touches files in `store` only.

// In these rooms no match takes "everything else" for a case that it knows: whoever adds a kind, a role or an entry is told
// by the compiler where it has to mean something.
#[deny(clippy::wildcard_enum_match_arm)]
pub mod access;
pub mod blob;
#[deny(clippy::wildcard_enum_match_arm)]
pub mod device;
pub mod document;
#[deny(clippy::wildcard_enum_match_arm)]
pub mod ids;
#[deny(clippy::wildcard_enum_match_arm)]
pub mod model;
pub mod signing;
pub mod store;
#[deny(clippy::wildcard_enum_match_arm)]
pub mod sync;
pub mod time;

/// What goes into a piece beside words: see the crate, which knows nothing of schools.
pub use fieldfolio_media as media;
