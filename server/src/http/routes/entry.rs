//! How devices come in: by an invitation, back after a restoration, and inviting others.

use std::net::SocketAddr;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use fieldfolio_core::model::directory::DeviceRecord;
use fieldfolio_core::signing::token_message;
use fieldfolio_core::sync::wire::{self, Enrol, Enrolled, ReEnrol};
use fieldfolio_core::time::Timestamp;
use rusqlite::Transaction;

use super::App;
use super::guard::{cbor, refusal, too_often, unavailable};
use crate::directory::DirectoryError;
use crate::directory::enrolment::{self, EnrolError};
use crate::directory::invitations::InviteError;
use crate::exchange::{Lane, RelayError, blocking};

type From = Option<Extension<ConnectInfo<SocketAddr>>>;

pub(super) async fn enrol(State(app): State<App>, from: From, headers: HeaderMap, body: Bytes) -> Response {
    let frame: Enrol = match wire::from_bytes(&body, 4096) {
        Ok(frame) => frame,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    let from = app.behind_proxies(from.map(|Extension(from)| from.0.ip()), &headers);
    // Who shows an invitation that there is guesses nothing; everyone else is counted before any work is done for her.
    let key = frame.invitation;
    match app.relay.look(move |conn| enrolment::is_invited(conn, &key)).await {
        Ok(true) => {}
        Ok(false) if !app.limits.guessed(from) => return too_often(),
        Ok(false) => return refusal(StatusCode::FORBIDDEN, &EnrolError::Unknown.to_string()),
        Err(error) => return unavailable(&error),
    }
    if !app.limits.may_claim(None, half(key.as_bytes())) {
        return too_often();
    }
    let relay = app.relay.clone();
    let enrolled = blocking(move || {
        let proven = match relay.read(|conn| Ok(told(enrolment::prove(conn, frame))))?? {
            Ok(proven) => proven,
            Err(refused) => return Ok(Err(refused)),
        };
        carried_out(&relay, move |tx, now| enrolment::enrol(tx, now, &proven))
    });
    answer(enrolled.await)
}

pub(super) async fn re_enrol(
    State(app): State<App>,
    from: From,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let frame: ReEnrol = match wire::from_bytes(&body, wire::MAX_CALL_BYTES) {
        Ok(frame) => frame,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    let from = app.behind_proxies(from.map(|Extension(from)| from.0.ip()), &headers);
    // Counted before its chain is looked at. Whoever holds the key she shows is counted by that key, so that nobody uses
    // up what is another's; whoever does not is guessing.
    let own = frame.chain.last();
    let held = own.is_some_and(|own| {
        let chosen = token_message(app.relay.school(), own.device, &frame.token_hash);
        own.key.verify(&chosen, &frame.token_signature).is_ok()
    });
    let may = match own.filter(|_| held) {
        Some(own) => app.limits.may_claim(from, half(own.key.as_bytes())),
        None => app.limits.guessed(from),
    };
    if !may {
        return too_often();
    }
    let relay = app.relay.clone();
    let enrolled = blocking(move || {
        let proven = match relay.read(|conn| Ok(told(enrolment::prove_chain(conn, frame))))?? {
            Ok(proven) => proven,
            Err(refused) => return Ok(Err(refused)),
        };
        carried_out(&relay, move |tx, now| enrolment::re_enrol(tx, now, &proven))
    });
    answer(enrolled.await)
}

fn half(key: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(key.split_at(16).0);
    half
}

/// Under the writer: what was written of a chain that is refused at its end is undone.
fn carried_out(
    relay: &crate::exchange::Relay,
    enrol: impl FnOnce(&Transaction<'_>, Timestamp) -> Result<DeviceRecord, EnrolError> + Send + 'static,
) -> Result<Result<DeviceRecord, EnrolError>, RelayError> {
    relay.must_have_disk()?;
    relay.write_in(Lane::School, move |tx, now| {
        tx.execute_batch("savepoint enrolling")?;
        let done = told(enrol(tx, now))?;
        tx.execute_batch(match done {
            Ok(_) => "release enrolling",
            Err(_) => "rollback to enrolling; release enrolling",
        })?;
        Ok::<_, DirectoryError>(done)
    })
}

fn answer(enrolled: Result<Result<DeviceRecord, EnrolError>, RelayError>) -> Response {
    match enrolled {
        Ok(Ok(record)) => cbor(&Enrolled { record }),
        Ok(Err(refused)) => refusal(StatusCode::FORBIDDEN, &refused.to_string()),
        Err(error) => unavailable(&error),
    }
}

/// A failure of the relay, which rolls everything back, told from a refusal, which the caller hears.
fn told<T>(done: Result<T, EnrolError>) -> Result<Result<T, EnrolError>, DirectoryError> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(EnrolError::Sqlite(error) | EnrolError::Invite(InviteError::Sqlite(error))) => Err(error.into()),
        Err(EnrolError::Directory(error) | EnrolError::Invite(InviteError::Directory(error))) => Err(error),
        Err(refused) => Ok(Err(refused)),
    }
}
