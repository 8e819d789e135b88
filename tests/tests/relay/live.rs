//! Live connections to a real relay: news as it commits, how a connection ends, and what it may cost.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

#[path = "live/bounds.rs"]
mod bounds;
#[path = "live/endings.rs"]
mod endings;
#[path = "live/listener.rs"]
mod listener;
#[path = "live/news.rs"]
mod news;
