//! What apps draw and do over the core, the same for phones and browsers: flat [`records`] with names already joined,
//! looked up by [`Look`]. It holds no rules: what may be seen, done and counted is decided in the core.

pub mod asked;
mod look;
#[cfg(feature = "phones")]
pub mod phone;
pub mod records;
mod refusal;

pub use look::Look;
pub use refusal::Refusal;

#[cfg(feature = "phones")]
uniffi::setup_scaffolding!("fieldfolio");
