//! Kill -9, often: the relay and a device, at named points and at any moment. What was acknowledged stays, and nothing
//! is there twice. A parent writes down what was acknowledged, synced, before anything else happens.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

#[path = "kills/device.rs"]
mod device;
#[path = "kills/durable.rs"]
mod durable;
#[cfg(target_os = "linux")]
#[path = "kills/full.rs"]
mod full;
#[cfg(target_os = "linux")]
#[path = "kills/power.rs"]
mod power;
#[path = "kills/relay.rs"]
mod relay;
#[path = "kills/sending.rs"]
mod sending;
#[path = "kills/stage.rs"]
mod stage;
