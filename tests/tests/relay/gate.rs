//! The gate's children, as processes: what they cost, what they outlive, and what they answer when they don't.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

#[path = "gate/children.rs"]
mod children;
#[path = "gate/relay.rs"]
mod relay;
