//! The relay's uploads before judges from outside: the tus client that people use, over good lines and rough ones, and
//! the server of tus's makers, beside which every answer is laid.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

#[path = "tus/beside.rs"]
mod beside;
#[path = "tus/client.rs"]
mod client;
#[path = "tus/differences.rs"]
mod differences;
#[path = "tus/room.rs"]
mod room;
#[path = "tus/script.rs"]
mod script;
#[path = "tus/stage.rs"]
mod stage;
