//! Looking after a school's data: nightly work, backups and going back to one, verifying.

pub mod backup;
pub mod media;
pub mod nightly;
pub mod restore;
pub mod snapshots;
pub mod verify;
