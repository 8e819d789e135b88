//! What people change in the directory from their devices: one route, which reads a call and has it carried out.

use crate::exchange::Caller;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fieldfolio_core::sync::wire::{self, DirectoryCall};

use super::App;
use super::guard::{cbor, refusal, unavailable};
use crate::directory::Edit;
use crate::directory::calls::{self, Answer};
use crate::exchange::{RelayError, blocking};

const NOTHING_TO_RELEASE: &str =
    "there is nothing here that you can release: it was released already, or you don't teach here";

pub(super) async fn directory(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    let call: DirectoryCall = match wire::from_bytes(&body, wire::MAX_CALL_BYTES) {
        Ok(call) => call,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    let name = call.name();
    let answer = blocking(move || carried_out(&app, caller, call)).await;
    let (response, done) = match answer {
        Ok(Ok(Answer::Done)) => (StatusCode::NO_CONTENT.into_response(), true),
        Ok(Ok(Answer::Revoked(revoked))) => (cbor(&revoked), true),
        Ok(Err(refused)) => (refusal(StatusCode::FORBIDDEN, &refused), false),
        Err(error) => (unavailable(&error), false),
    };
    tracing::info!(call = name, done, "directory");
    response
}

/// Carries a call out as a whole, or says why not.
fn carried_out(app: &App, caller: Caller, call: DirectoryCall) -> Result<Result<Answer, String>, RelayError> {
    // What is held back goes through the gate once more, so this is no change of the directory alone.
    if let DirectoryCall::ReleaseHeld(held) = &call {
        let released = app.relay.release(caller.person, held.document)?;
        return Ok(if released { Ok(Answer::Done) } else { Err(NOTHING_TO_RELEASE.to_owned()) });
    }
    app.relay.must_have_disk()?;
    let done = app.relay.write_for(caller.person, move |tx, now| {
        let edit = Edit { tx, now, by: Some(caller.person) };
        calls::whole(tx, || {
            calls::must_still_be_known(&edit, caller.device)?;
            calls::charge(&edit, &call)?;
            calls::carry_out(&edit, caller.device, &call)
        })
    })?;
    Ok(done.map_err(|refused| refused.to_string()))
}
