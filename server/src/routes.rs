//! The whole surface of the relay, on one page.
//!
//! Every route stands in [`routes`] with who may call it; `authorise` is the only place where a caller gets in.

mod calls;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::model::directory::DeviceRecord;
use fieldfolio_core::sync::relay::Asker;
use fieldfolio_core::sync::wire::{self, ComeBack, Enrol, Enrolled, Invite, LIVE_PROTOCOL};
use fieldfolio_core::time::Timestamp;
use rusqlite::Transaction;

use crate::blobs::{self, BlobStore};
use crate::directory;
use crate::directory::devices::EnrolError;
use crate::directory::invitations::InviteError;
use crate::limits::{self, Limits};
use crate::live::{self, Live, NoPlace};
use crate::relay::{Relay, RelayError, blocking};
use crate::uploads::{self, Caller, Uploads};
use crate::web;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Anyone.
    Nothing,
    /// A device that is enrolled and not revoked.
    Device,
}

/// One row of the surface.
pub struct Route {
    /// The path.
    pub path: &'static str,
    /// Its methods.
    pub methods: &'static [&'static str],
    /// Who may call it.
    pub needs: Needs,
    handler: Option<MethodRouter<App>>,
    /// Where the token is looked for.
    token: TokenIn,
}

type TokenIn = fn(&HeaderMap) -> Option<Vec<u8>>;

/// What the caller showed: kept by who will have to show it again.
#[derive(Clone)]
struct Shown(Vec<u8>);

/// What handlers share.
#[derive(Clone)]
pub struct App {
    /// The relay.
    pub relay: Arc<Relay>,
    /// The bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// Uploads under way.
    pub uploads: Arc<Uploads>,
    /// Live connections.
    pub live: Arc<Live>,
    /// How often one may ask.
    pub(crate) limits: Arc<Limits>,
}

/// The whole surface.
pub fn routes() -> Vec<Route> {
    let row = |path, methods, needs, handler| Route { path, methods, needs, handler, token: bearer };
    vec![
        // Anyone
        row("/health", &["GET"], Needs::Nothing, Some(get(health))),
        row("/ready", &["GET"], Needs::Nothing, Some(get(ready))),
        row("/v1/enrol", &["POST"], Needs::Nothing, Some(post(enrol))),
        row("/v1/come-back", &["POST"], Needs::Nothing, Some(post(come_back))),
        // The web client
        row("/", &["GET", "HEAD"], Needs::Nothing, Some(get(web::page))),
        row("/{*path}", &["GET", "HEAD"], Needs::Nothing, Some(get(web::page))),
        // Devices
        row("/v1/sync", &["POST"], Needs::Device, Some(post(sync))),
        // A browser can't set headers on a WebSocket.
        Route { token: bearer_or_protocol, ..row("/v1/live", &["GET"], Needs::Device, Some(get(listen))) },
        row("/v1/invitations", &["POST"], Needs::Device, Some(post(invite))),
        row("/v1/mentors", &["POST"], Needs::Device, Some(post(calls::invite_mentor))),
        row("/v1/mentors/confirm", &["POST"], Needs::Device, Some(post(calls::confirm_mentor))),
        row("/v1/mentors/decline", &["POST"], Needs::Device, Some(post(calls::decline_mentor))),
        row("/v1/circle", &["POST"], Needs::Device, Some(post(calls::grant_part))),
        row("/v1/circle/end", &["POST"], Needs::Device, Some(post(calls::end_part))),
        row("/v1/projects", &["POST"], Needs::Device, Some(post(calls::start_project))),
        row("/v1/held/release", &["POST"], Needs::Device, Some(post(calls::release))),
        row("/v1/devices/revoke", &["POST"], Needs::Device, Some(post(calls::revoke_device))),
        row("/v1/blobs/{hash}", &["GET", "HEAD"], Needs::Device, Some(get(blob))),
        // tus 1.0; its own router answers all methods
        row("/v1/uploads", &["OPTIONS", "POST"], Needs::Device, None),
        row("/v1/uploads/{id}", &["OPTIONS", "HEAD", "PATCH", "DELETE", "POST"], Needs::Device, None),
    ]
}

/// Builds the router from the table.
pub fn router(app: App) -> Router {
    let mut router: Router<App> = Router::new();
    for route in routes() {
        if let Some(handler) = route.handler {
            let guard = middleware::from_fn_with_state((app.clone(), route.needs, route.token), authorise);
            let handler = match route.methods.contains(&"POST") {
                true => handler.layer(middleware::from_fn(patiently)),
                false => handler,
            };
            router = router.route(route.path, handler.layer(guard));
        }
    }
    let guard = middleware::from_fn_with_state((app.clone(), Needs::Device, bearer as TokenIn), authorise);
    let tus = uploads::router(app.uploads.clone(), |tus| tus.layer(guard));
    router
        .layer(DefaultBodyLimit::max(wire::MAX_REQUEST_BYTES))
        .with_state(app)
        .merge(tus)
        .layer(middleware::from_fn(safe_headers))
        .layer(middleware::from_fn(log_request))
}

/// The one way in: a token that a device holds, or nothing for a route that needs nothing.
async fn authorise(
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
    let from = address(&request);
    let (relay, shown) = (app.relay.clone(), Shown(token.clone()));
    match blocking(move || relay.authorise(&token)).await {
        Ok(Some(asker)) => {
            let Some(under_way) = app.limits.enter(asker.device) else {
                read_off(request).await;
                return too_often();
            };
            request.extensions_mut().insert(shown);
            request.extensions_mut().insert(asker);
            request.extensions_mut().insert(Caller { person: asker.person, device: asker.device });
            let response = next.run(request).await;
            drop(under_way);
            response
        }
        Ok(None) => {
            read_off(request).await;
            if !app.limits.guessed(from) {
                return too_often();
            }
            refusal(
                StatusCode::UNAUTHORIZED,
                "this device is not known here, or was revoked: ask the school for a new invitation",
            )
        }
        Err(error) => unavailable(&error),
    }
}

/// A body is read before anything is decided on it, and nobody waits for one that does not come.
async fn patiently(request: Request, next: Next) -> Response {
    let limit = limits::body_limit(request.uri().path());
    match limits::whole_body(request, limit).await {
        Ok((request, body)) => next.run(request.map(|_| body.into())).await,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            refusal(StatusCode::PAYLOAD_TOO_LARGE, "this is more than is read at once: send less")
        }
        Err(status) => refusal(status, "the request did not come to its end: try again"),
    }
}

fn too_often() -> Response {
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

/// Where a request comes from. Nothing is known of it where the router is asked without a socket.
fn address(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

fn bearer(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    decoded(value.strip_prefix("Bearer ")?)
}

/// The same, or `bearer.<token>` among the protocols that a WebSocket offers.
fn bearer_or_protocol(headers: &HeaderMap) -> Option<Vec<u8>> {
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

async fn health() -> &'static str {
    "alive\n"
}

async fn ready(State(app): State<App>) -> Response {
    match blocking(move || app.relay.read(crate::news::head)).await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn sync(State(app): State<App>, Extension(asker): Extension<Asker>, body: Bytes) -> Response {
    let request = match wire::Request::from_bytes(&body) {
        Ok(request) => request,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    let inflates = request.inflates;
    let answered = blocking(move || Ok(app.relay.exchange(asker, request)?.to_frame(inflates)));
    match answered.await {
        Ok(frame) => cbor_bytes(frame),
        Err(error) => unavailable(&error),
    }
}

async fn listen(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    Extension(Shown(token)): Extension<Shown>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let place = blocking(move || Ok(app.live.place(asker, token))).await;
    match place.unwrap_or_else(|error| Err(error.into())) {
        Ok(place) => upgrade
            .read_buffer_size(16 * 1024)
            .write_buffer_size(0)
            .max_frame_size(live::MAX_FRAME)
            .max_message_size(live::MAX_FRAME)
            .protocols([LIVE_PROTOCOL])
            .on_upgrade(move |socket| live::converse(socket, place)),
        Err(NoPlace::Full) => refusal(StatusCode::SERVICE_UNAVAILABLE, &NoPlace::Full.to_string()),
        Err(NoPlace::Relay(error)) => unavailable(&error),
    }
}

async fn enrol(
    State(app): State<App>,
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    body: Bytes,
) -> Response {
    let frame: Enrol = match wire::from_bytes(&body, 4096) {
        Ok(frame) => frame,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    enrolling(app, from, move |tx, now| directory::enrol(tx, now, &frame)).await
}

async fn come_back(
    State(app): State<App>,
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    body: Bytes,
) -> Response {
    let frame: ComeBack = match wire::from_bytes(&body, wire::MAX_CALL_BYTES) {
        Ok(frame) => frame,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    enrolling(app, from, move |tx, now| directory::devices::come_back(tx, now, &frame)).await
}

async fn enrolling(
    app: App,
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    enrol: impl FnOnce(&Transaction<'_>, Timestamp) -> Result<DeviceRecord, EnrolError> + Send + 'static,
) -> Response {
    let relay = app.relay.clone();
    let enrolled = blocking(move || {
        relay.write(move |tx, now| {
            // What was written of a chain that is refused at its end is undone.
            tx.execute_batch("savepoint enrolling")?;
            let done = internal(enrol(tx, now), |error| match error {
                EnrolError::Sqlite(error) => Err(error),
                EnrolError::Directory(error) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
                EnrolError::Invite(error) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
                refused => Ok(refused),
            })?;
            tx.execute_batch(match done {
                Ok(_) => "release enrolling",
                Err(_) => "rollback to enrolling; release enrolling",
            })?;
            Ok(done)
        })
    });
    match enrolled.await {
        Ok(Ok(record)) => cbor(&Enrolled { record }),
        // Guessing is slow, whatever is guessed.
        Ok(Err(_)) if !app.limits.guessed(from.map(|Extension(from)| from.0.ip())) => too_often(),
        Ok(Err(refused)) => refusal(StatusCode::FORBIDDEN, &refused.to_string()),
        Err(error) => unavailable(&error),
    }
}

/// Tells a refusal, which the caller is told, from a failure, which rolls everything back.
fn internal<T, E>(
    done: Result<T, E>,
    sort: impl FnOnce(E) -> rusqlite::Result<E>,
) -> rusqlite::Result<Result<T, E>> {
    match done {
        Ok(value) => Ok(Ok(value)),
        Err(error) => sort(error).map(Err),
    }
}

async fn invite(State(app): State<App>, Extension(asker): Extension<Asker>, body: Bytes) -> Response {
    let frame: Invite = match wire::from_bytes(&body, 4096) {
        Ok(frame) => frame,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    let recorded = blocking(move || {
        app.relay.write(move |tx, now| {
            internal(directory::record_invitation(tx, now, Some(asker.device), &frame), |error| match error {
                InviteError::Directory(error) => {
                    Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
                }
                refused => Ok(refused),
            })
        })
    });
    match recorded.await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(refused)) => refusal(StatusCode::FORBIDDEN, &refused.to_string()),
        Err(error) => unavailable(&error),
    }
}

async fn blob(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    Path(hash): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    // A blob that is not there and one that this person may not read look the same.
    let absent = || refusal(StatusCode::NOT_FOUND, "there is nothing here for you under this name");
    let Ok(hash) = hash.parse::<BlobHash>() else { return absent() };
    let relay = app.relay.clone();
    match blocking(move || relay.may_read_blob(asker.person, hash)).await {
        Ok(true) => blobs::serve(app.blobs, hash, &headers, method == Method::HEAD).await,
        Ok(false) => absent(),
        Err(error) => unavailable(&error),
    }
}

fn cbor<T: minicbor::Encode<()>>(frame: &T) -> Response {
    cbor_bytes(wire::to_bytes(frame))
}

fn cbor_bytes(frame: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/cbor"), (header::CACHE_CONTROL, "no-store")], frame).into_response()
}

fn refusal(status: StatusCode, words: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/plain; charset=utf-8"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN.as_str(), "*"),
    ];
    (status, headers, format!("{words}\n")).into_response()
}

fn unavailable(error: &RelayError) -> Response {
    tracing::error!(%error, "a request could not be answered");
    refusal(StatusCode::SERVICE_UNAVAILABLE, "the school can't answer just now: try again")
}

async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    response
}

/// One line per request, without names, words, tokens or addresses of things.
async fn log_request(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path();
    let route = [
        "/v1/sync",
        "/v1/live",
        "/v1/enrol",
        "/v1/come-back",
        "/v1/invitations",
        "/v1/mentors",
        "/v1/circle",
        "/v1/projects",
        "/v1/devices",
        "/v1/held",
        "/v1/blobs",
        "/v1/uploads",
        "/health",
        "/ready",
    ]
    .into_iter()
    .find(|known| path.starts_with(known))
    .unwrap_or("page");
    let started = std::time::Instant::now();
    let response = next.run(request).await;
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    tracing::info!(%method, route, status = response.status().as_u16(), micros, "request");
    response
}
