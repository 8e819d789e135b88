//! What the relay says over HTTP, and how it is served. [`routes`] is the whole surface.

pub mod activity;
pub mod live;
pub mod routes;

pub(crate) mod serve;

mod connection_limits;
mod downloads;
mod limits;
mod web;
