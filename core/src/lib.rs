//! Fieldfolio's shared core.
pub mod access;
pub mod blob;
pub mod document;
pub mod ids;
pub mod model;
pub mod signing;
pub mod sync;
pub mod time;
