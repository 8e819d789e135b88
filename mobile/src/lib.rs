//! Reserved for the facade that phones and browsers will use over Fieldfolio's core. It re-exports the core and
//! compiles; nothing more is promised yet.
pub use fieldfolio_core as core;
