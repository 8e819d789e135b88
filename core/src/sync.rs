//! Sync: how what is made on one device reaches the others, through one relay, without anyone waiting for anyone.
//!
//! The relay keeps one log. Everything it accepts (an act, a change of a sheet, a change of the directory) gets the next
//! number `n`, with a random tag. A device keeps an **outbox** of what it still owes the relay and a **cursor**: the
//! number and tag up to which it knows everything it may know.
//!
//! # One exchange
//!
//! The device posts a [`Request`]: its cursor, a stretch of its outbox in order, and documents it still has to fill. The
//! relay answers with a [`Response`]: a [`Verdict`] for each item; then what is new since the cursor: records (people,
//! keys, projects, circles, acts of pieces), changes of documents the person saw already, ids of documents she sees
//! since (**to fill**), ids she sees no longer (**to purge**); packs of whole documents; the new cursor; and whether
//! there is more. Any exchange may be repeated, cut or answered twice: an item twice is no item, a fill and a purge are
//! idempotent, and nothing that matters is kept per connection.
//!
//! # Writing a driver
//!
//! A driver owns a clock, a source of chance and a socket, and obeys **one rule: change something, then ask
//! for the next step until it says wait.** "Something" is a thing the person did, an answer that came, a failure, or time
//! that passed. [`SyncClient::next`] says what to do: send this request, or wait until a moment, or stop because the
//! device was revoked. The answer's effects are returned as one [`Batch`] that the store takes in one transaction,
//! cursor included, so a power cut leaves either all of it or none.
//!
//! # Live
//!
//! While someone looks at her device, its driver may keep a WebSocket to `/v1/live` open, and hears what others did as it
//! is committed. It is a faster way to the same exchange, and nothing depends on it:
//!
//! 1. An exchange was answered over HTTP and the next step is to wait: open the socket, once, at the device's `live_url`
//!    with its `live_protocols`. If that fails, go on without it until the next exchange was answered. So a relay that is
//!    down is not asked more often than the core allows, and a long first sync travels by HTTP.
//! 2. When it is open, wake the device: the first request of a socket says from where on its news are wanted. Before
//!    that the relay pushes nothing.
//! 3. While it is open, an `Ask` to `/v1/sync` may be sent as one binary frame of its body instead of being posted, one
//!    at a time as always. Every frame that comes is handed in by the device's `heard`, which says whether it was the
//!    answer ([`wire::Live::Answer`]) or news ([`wire::Live::News`]). Then ask for the next step: where news say that
//!    there is more, the relay waits for the device to pull.
//! 4. When it closes, for whatever reason, hand in [`Failure::Unreachable`] for an exchange that was sent over it and has
//!    no answer yet, exactly as for a POST that was cut; then call the device's `disconnected` and go on by HTTP. A device
//!    that was revoked (close code 4401) learns it from the refusal of the POST that follows.
//!
//! The relay answers requests in their order and pushes in between, so cursors never go back on one socket. It sends a
//! ping every half minute, and closes a socket that answered none for three of them.
//!
//! On the relay, [`relay::prepare`] checks what needs no lock (sizes, signatures, the trial), [`relay::commit`] decides
//! and appends under the single writer. What the asker is told is then read in one transaction, wherever the log lives.
//!
//! # Whom to believe
//!
//! Every change and act carries the signature of the device that made it. The relay verifies it, and so does every
//! reader, before automerge sees a byte ([`verify`]). Readers pin the school's root key at enrolment and accept a
//! device's key only by a chain of invitations that begins there.

pub mod audit;
pub mod budget;
pub mod device;
mod outcome;
pub mod relay;
pub mod verify;
pub mod wire;

pub use device::{Batch, Next, OutboxItem, SyncClient};
pub use outcome::{Failure, Outcome, Reason};
pub use wire::{Cursor, Item, Live, Request, Response, Verdict};
