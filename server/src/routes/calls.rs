//! What people change in the directory from their devices: each handler reads a frame and makes one call.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fieldfolio_core::sync::relay::Asker;
use fieldfolio_core::sync::wire;

use super::App;
use super::guard::{cbor, refusal, unavailable};
use crate::directory::asking::{self, AskError, Bearing};
use crate::directory::{Edit, mentors};
use crate::relay::blocking;

pub(super) async fn invite_mentor(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Response {
    asked(app, asker, &body, Bearing::Gives, |edit, asker, frame: &wire::InviteMentor| {
        mentors::invite(edit, asker.device, frame)
    })
    .await
}

pub(super) async fn confirm_mentor(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Response {
    asked(app, asker, &body, Bearing::Gives, |edit, _, frame: &wire::ProposedMentor| {
        mentors::confirm(edit, frame)
    })
    .await
}

pub(super) async fn decline_mentor(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Response {
    asked(app, asker, &body, Bearing::Takes, |edit, _, frame: &wire::ProposedMentor| {
        mentors::decline(edit, frame)
    })
    .await
}

pub(super) async fn grant_part(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Response {
    asked(app, asker, &body, Bearing::Gives, |edit, _, frame: &wire::GrantPart| asking::grant(edit, frame))
        .await
}

pub(super) async fn end_part(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Response {
    asked(app, asker, &body, Bearing::Takes, |edit, _, frame: &wire::EndPart| asking::end(edit, frame)).await
}

pub(super) async fn start_project(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Response {
    asked(app, asker, &body, Bearing::Gives, |edit, _, frame: &wire::StartProject| {
        asking::start_project(edit, frame)
    })
    .await
}

pub(super) async fn revoke_device(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Response {
    asked(app, asker, &body, Bearing::Takes, |edit, _, frame: &wire::RevokeDevice| {
        asking::revoke(edit, frame)
    })
    .await
}

/// What is held back goes through the gate once more, so this is no change of the directory alone.
pub(super) async fn release(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    body: Bytes,
) -> Response {
    let frame: wire::ReleaseHeld = match wire::from_bytes(&body, wire::MAX_CALL_BYTES) {
        Ok(frame) => frame,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    match blocking(move || app.relay.release(asker.person, frame.document)).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => refusal(
            StatusCode::FORBIDDEN,
            "there is nothing here that you can release: it was released already, or you don't teach here",
        ),
        Err(error) => unavailable(&error),
    }
}

/// A call to the directory: its frame, carried out as a whole or refused.
async fn asked<F, T>(
    app: App,
    asker: Asker,
    body: &[u8],
    bearing: Bearing,
    call: fn(&Edit<'_>, Asker, &F) -> Result<T, AskError>,
) -> Response
where
    F: for<'b> minicbor::Decode<'b, ()> + Send + 'static,
    T: Done + Send + 'static,
{
    let frame: F = match wire::from_bytes(body, wire::MAX_CALL_BYTES) {
        Ok(frame) => frame,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    let done = blocking(move || {
        app.relay.must_have_disk()?;
        app.relay.write_for(asker.person, move |tx, now| {
            let edit = Edit { tx, now, by: Some(asker.person) };
            asking::whole(tx, || {
                asking::must_still_be_known(&edit, asker.device)?;
                asking::charge(&edit, bearing)?;
                call(&edit, asker, &frame)
            })
        })
    });
    match done.await {
        Ok(Ok(done)) => done.answer(),
        Ok(Err(refused)) => refusal(StatusCode::FORBIDDEN, &refused.to_string()),
        Err(error) => unavailable(&error),
    }
}

/// What a call that was carried out is answered with.
trait Done {
    fn answer(self) -> Response;
}

impl Done for () {
    fn answer(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl Done for wire::RevokedDevice {
    fn answer(self) -> Response {
        cbor(&self)
    }
}
