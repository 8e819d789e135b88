//! An enrolled student's device that means harm: real signatures, terrible content. The relay stays, in its bounds, and
//! nobody loses anything.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

#[path = "hostile/flood.rs"]
mod flood;
#[path = "hostile/frames.rs"]
mod frames;
#[path = "hostile/lies.rs"]
mod lies;
