//! The core in a browser's worker: the calls that pages make, and the thin layer that carries them across.
//!
//! [`calls`] is one table of every call with what goes in and what comes back; the TypeScript description of both is made
//! from it. It holds no rules and runs on any machine. What needs a browser (its private file system, its randomness, its
//! values) is in `web`.

pub mod asks;
pub mod calls;
#[cfg(target_arch = "wasm32")]
pub mod web;

#[cfg(test)]
mod described;
