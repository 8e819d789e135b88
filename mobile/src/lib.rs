//! The facade.
pub use fieldfolio_core as core;
