//! What apps draw and do over the core, the same for phones and browsers: flat [`records`] with names already joined,
//! looked up by [`Views`]. It holds no rules: what may be seen, done and counted is decided in the core.

#[cfg(feature = "phones")]
pub mod bindings;
pub mod inputs;
pub mod records;
mod refusal;
mod views;

pub use refusal::Refusal;
pub use views::Views;

#[cfg(feature = "phones")]
uniffi::setup_scaffolding!("fieldfolio");
