//! Uploads as a phone meets them, over a real line: one test for every row of tus 1.0's table, and for every way in
//! which a line, a phone or the relay breaks.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

#[path = "uploads/bounds.rs"]
mod bounds;
#[path = "uploads/breaks.rs"]
mod breaks;
#[path = "uploads/checks.rs"]
mod checks;
#[path = "uploads/deferred.rs"]
mod deferred;
#[path = "uploads/joined.rs"]
mod joined;
#[path = "uploads/origins.rs"]
mod origins;
#[path = "uploads/protocol.rs"]
mod protocol;
#[path = "uploads/relay.rs"]
mod relay;
#[path = "uploads/room.rs"]
mod room;
#[path = "uploads/time.rs"]
mod time;
