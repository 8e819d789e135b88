//! Fieldfolio's shared core: everything that is the same on a phone, in a browser and on the relay.
//!
//! Dependencies flow one way:
//!
//! ```text
//! ids · time · blob · signing · media      words everyone shares
//!   └─ model                               what things are, and the rules of mastery (pure)
//!        └─ access                         who may do what (pure)
//!             └─ document                  model ⇄ automerge, the only place that names automerge
//!                  ├─ sync                 sans-IO protocol, both halves        ┐ siblings: neither
//!                  └─ store                SQLite and blob files                ┘ knows the other
//!                       └─ device          what a person does: capture, assess, answer, browse
//! ```
//!
//! Core has no clock, no randomness, no network, no threads: they are handed in. It touches files in `store` only.

pub mod access;
pub mod blob;
pub mod device;
pub mod document;
pub mod ids;
pub mod media;
pub mod model;
pub mod signing;
pub mod store;
pub mod sync;
pub mod time;
