//! The directory as an office keeps it, from the command line: who gets into which circle and out again, who may
//! invite whom, and what the commands answer.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

#[path = "directory/circles.rs"]
mod circles;
#[path = "directory/commands.rs"]
mod commands;
#[path = "directory/ends.rs"]
mod ends;
#[path = "directory/invitations.rs"]
mod invitations;
#[path = "directory/office.rs"]
mod office;
