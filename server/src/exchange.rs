//! The exchange with devices: what they send is tried, judged and committed, and they are told what is new for them.
//!
//! [`Relay`] is one school's relay at work; its steps are written once, over [`Backend`]. The pure halves in core decide,
//! [`ledger`] appends to the log, [`revocations`] keeps beside the database what must stay ended.

/// Whose device asks, as its token says.
pub use fieldfolio_core::sync::relay::Asker as Caller;

pub use backend::Backend;
pub use clock::now;
pub use error::RelayError;
pub use holder::{Holder, holder, token_holder};
pub use one_connection::OneConnection;
pub use queue::Lane;
pub(crate) use relay::Quotas;
pub use relay::{Relay, blocking, school_of};
pub use steps::{exchange, release};

mod admission;
mod backend;
mod clock;
mod comparisons;
mod error;
mod holder;
// No match takes "everything else" for a case that it knows.
#[deny(clippy::wildcard_enum_match_arm)]
pub mod ledger;
mod one_connection;
mod queue;
mod readers;
mod relay;
pub mod revocations;
mod steps;
mod writer;
