//! Who gets in, and what those who don't are told.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldfolio_core::sync::wire;
use http_body::{Frame, SizeHint};

use super::{App, Needs};
use crate::exchange::{Holder, RelayError};
use crate::http::limits::{self, Entered, Load};

pub(super) type TokenIn = fn(&HeaderMap) -> Option<Vec<u8>>;

/// What the caller showed: kept by who will have to show it again.
#[derive(Clone)]
pub(super) struct Shown(pub(super) Vec<u8>);

/// The one way in: a token that a device holds, or nothing for a route that needs nothing.
pub(super) async fn authorise(
    State((app, needs, token)): State<(App, Needs, TokenIn)>,
    mut request: Request,
    next: Next,
) -> Response {
    match needs {
        Needs::Nothing => return next.run(request).await,
        // A browser asks what is allowed before it sends a token.
        Needs::Device if request.method() == Method::OPTIONS => return next.run(request).await,
        Needs::Device => {}
    }
    let Some(token) = token(request.headers()) else {
        read_off(request).await;
        return refusal(StatusCode::UNAUTHORIZED, "this needs the token of an enrolled device");
    };
    let from = app.address(&request);
    let shown = Shown(token.clone());
    let caller = match app.relay.authorise(token).await {
        Ok(Holder::Known(caller)) => caller,
        Ok(holder) => {
            read_off(request).await;
            return stranger(&app, holder, from);
        }
        Err(error) => return unavailable(&error),
    };
    let (load, bytes) = (load(request.uri().path()), announced(request.headers()));
    let Some(entered) = app.limits.enter(caller.person, load) else {
        app.activity.count(caller.person, bytes, true);
        read_off(request).await;
        return too_often();
    };
    request.extensions_mut().insert(shown);
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(entered.clone());
    let response = next.run(request).await;
    let refused = response.status().is_client_error();
    app.activity.count(caller.person, bytes, refused);
    match load {
        Load::Transfer => response.map(|inner| Body::new(OnItsWay { inner, _entered: entered })),
        Load::Work => response,
    }
}

/// A file on its way out. It keeps its place until its last byte is read, or nobody reads it any more.
struct OnItsWay {
    inner: Body,
    _entered: Entered,
}

impl HttpBody for OnItsWay {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Files take their own places: whoever sends a film goes on writing.
fn load(path: &str) -> Load {
    match path.starts_with("/v1/uploads") || path.starts_with("/v1/blobs") {
        true => Load::Transfer,
        false => Load::Work,
    }
}

fn announced(headers: &HeaderMap) -> u64 {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// What someone is told who shows a token that opens nothing. Only one that no device ever had is a guess.
fn stranger(app: &App, holder: Holder, from: Option<IpAddr>) -> Response {
    let words = match holder {
        Holder::Locked => "the school has locked this person's access: ask whoever keeps its directory",
        Holder::Gone => "your part at this school ended more than 30 days ago: ask a teacher for a new one",
        Holder::Known(_) | Holder::Revoked => "this device was revoked: ask the school for a new invitation",
        Holder::Nobody if !app.limits.guessed(from) => return too_often(),
        Holder::Nobody => {
            "this device is not known here, or was revoked: ask the school for a new invitation"
        }
    };
    refusal(StatusCode::UNAUTHORIZED, words)
}

/// A body is read before anything is decided on it, and nobody waits for one that does not come.
pub(super) async fn patiently(request: Request, next: Next) -> Response {
    let limit = limits::body_limit(request.uri().path());
    match limits::whole_body(request, limit).await {
        Ok((request, body)) => next.run(request.map(|_| body.into())).await,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            let words = format!("more than {limit} bytes are not read at once: send less");
            refusal(StatusCode::PAYLOAD_TOO_LARGE, &words)
        }
        Err(status) => refusal(status, "the request did not come to its end: try again"),
    }
}

/// Each person's requests take turns, once all of a request is here.
pub(super) async fn in_turn(request: Request, next: Next) -> Response {
    let Some(entered) = request.extensions().get::<Entered>().cloned() else {
        return next.run(request).await;
    };
    let Some(_under_way) = entered.turn().await else { return too_often() };
    next.run(request).await
}

pub(super) fn too_often() -> Response {
    let mut response = refusal(
        StatusCode::TOO_MANY_REQUESTS,
        "this is asked too often from here: wait a minute and try again",
    );
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// Lets a refused caller finish what it was sending, within bounds: otherwise the line breaks under it and it never
/// hears the answer.
async fn read_off(request: Request) {
    let body = axum::body::to_bytes(request.into_body(), 2 * wire::MAX_REQUEST_BYTES);
    // Whatever it sent, and whether it came to its end, is nothing to us.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(30), body).await;
}

impl App {
    /// Where a request comes from. Of one that came through a web server which the settings name, what that says.
    /// Nothing is known of it where the router is asked without a socket.
    pub(super) fn address(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        self.behind_proxies(peer, request.headers())
    }

    /// The same for a handler that took the parts out.
    pub(super) fn behind_proxies(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer?.to_canonical();
        if !self.proxies.contains(&peer) {
            return Some(peer);
        }
        let values = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
        // Each proxy adds whom it heard, so the last that is none of them is the caller. What stands before it, or
        // before anything that is no address, the caller may have made up.
        let hops: Vec<_> = values.flat_map(|value| value.split(',')).map(address_of).collect();
        let known = hops.into_iter().rev().map_while(|hop| hop);
        let mut nearest = peer;
        for hop in known {
            nearest = hop;
            if !self.proxies.contains(&hop) {
                break;
            }
        }
        Some(nearest)
    }
}

/// An address as proxies write it: some add the port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let address = hop.parse().or_else(|_| hop.parse().map(|with_port: SocketAddr| with_port.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    decoded(value.strip_prefix("Bearer ")?)
}

/// The same, or `bearer.<token>` among the protocols that a WebSocket offers.
pub(super) fn bearer_or_protocol(headers: &HeaderMap) -> Option<Vec<u8>> {
    let offered = || {
        let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
        let mut protocols = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        decoded(protocols.find_map(|protocol| protocol.trim().strip_prefix("bearer."))?)
    };
    bearer(headers).or_else(offered)
}

fn decoded(token: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(Some(token).filter(|token| token.len() <= 64)?).ok()
}

pub(super) fn cbor<T: minicbor::Encode<()>>(frame: &T) -> Response {
    cbor_bytes(wire::to_bytes(frame))
}

pub(super) fn cbor_bytes(frame: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/cbor"), (header::CACHE_CONTROL, "no-store")], frame).into_response()
}

pub(super) fn refusal(status: StatusCode, words: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/plain; charset=utf-8"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN.as_str(), "*"),
    ];
    (status, headers, format!("{words}\n")).into_response()
}

pub(super) fn unavailable(error: &RelayError) -> Response {
    if matches!(error, RelayError::Busy) {
        return too_often();
    }
    if matches!(error, RelayError::NotYet) {
        let mut response = refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "the school is still working something out: try again in a moment",
        );
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        return response;
    }
    if matches!(error, RelayError::DiskFull) {
        return refusal(
            StatusCode::INSUFFICIENT_STORAGE,
            "the school's disk is nearly full: keep it here, and ask the school to make room",
        );
    }
    tracing::error!(%error, "a request could not be answered");
    refusal(StatusCode::SERVICE_UNAVAILABLE, "the school can't answer just now: try again")
}
