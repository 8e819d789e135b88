//! A school in a box: the scriptable device, the simulation, the demonstration, and what the scenarios stand on.

pub mod demo;
pub mod device_cli;
pub mod documents;
pub mod driver;
pub mod exiftool;
pub mod films;
pub mod fixtures;
pub mod flood;
pub mod fuzz;
pub mod hostile;
pub mod journey;
pub mod judge;
pub mod ledger;
pub mod load;
pub mod local_relay;
pub mod photos;
pub mod processes;
pub mod proxy;
pub mod raw;
pub mod real;
pub mod sample;
pub mod sim;

/// A day of work, where a test does not care which.
pub fn a_day() -> fieldfolio_core::time::WorkDate {
    fieldfolio_core::time::WorkDate::new(2026, 5, 4).expect("a day")
}
