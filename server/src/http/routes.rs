//! The whole surface of the relay, on one page.
//!
//! Every route stands in [`routes`] with who may call it; `authorise` is the only place where a caller gets in.

mod calls;
mod entry;
mod guard;

use std::net::IpAddr;
use std::sync::Arc;

use crate::exchange::Caller;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, MatchedPath, Path, Request, State, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::sync::wire::{self, LIVE_PROTOCOL};

use crate::blobs::BlobStore;
use crate::exchange::{Relay, RelayError, blocking};
use crate::http::activity::Activity;
use crate::http::limits::Limits;
use crate::http::live::{self, Live, NoPlace};
use crate::http::{downloads, web};
use crate::uploads::{self, Uploads};

use guard::{
    Shown, TokenIn, authorise, bearer, bearer_or_protocol, cbor_bytes, in_turn, patiently, refusal,
    unavailable,
};

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
    pub path: &'static str,
    pub methods: &'static [&'static str],
    /// Who may call it.
    pub needs: Needs,
    handler: Option<MethodRouter<App>>,
    /// Where the token is looked for.
    token: TokenIn,
}

/// What handlers share.
#[derive(Clone)]
pub struct App {
    pub relay: Arc<Relay>,
    /// The bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// Uploads under way.
    pub uploads: Arc<Uploads>,
    /// Live connections.
    pub live: Arc<Live>,
    /// How often one may ask.
    pub(crate) limits: Arc<Limits>,
    /// What everybody asks.
    pub activity: Arc<Activity>,
    /// Web servers before the relay, whose word on where a request came from is taken.
    pub proxies: Arc<[IpAddr]>,
}

/// The whole surface.
pub fn routes() -> Vec<Route> {
    let row = |path, methods, needs, handler| Route { path, methods, needs, handler, token: bearer };
    vec![
        // Anyone
        row("/health", &["GET"], Needs::Nothing, Some(get(health))),
        row("/ready", &["GET"], Needs::Nothing, Some(get(ready))),
        row("/v1/enrol", &["POST"], Needs::Nothing, Some(post(entry::enrol))),
        row("/v1/re-enrol", &["POST"], Needs::Nothing, Some(post(entry::re_enrol))),
        // The web client
        row("/", &["GET", "HEAD"], Needs::Nothing, Some(get(web::page))),
        row("/{*path}", &["GET", "HEAD"], Needs::Nothing, Some(get(web::page))),
        // Devices
        row("/v1/sync", &["POST"], Needs::Device, Some(post(sync))),
        // A browser can't set headers on a WebSocket.
        Route { token: bearer_or_protocol, ..row("/v1/live", &["GET"], Needs::Device, Some(get(listen))) },
        row("/v1/directory", &["POST"], Needs::Device, Some(post(calls::directory))),
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
                true => handler.layer(middleware::from_fn(in_turn)).layer(middleware::from_fn(patiently)),
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

async fn health() -> &'static str {
    "alive\n"
}

async fn ready(State(app): State<App>) -> Response {
    match app.relay.look(crate::log::head).await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn sync(State(app): State<App>, Extension(caller): Extension<Caller>, body: Bytes) -> Response {
    let request = match wire::Request::from_bytes(&body) {
        Ok(request) => request,
        Err(bad) => return refusal(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    let inflates = request.inflates;
    let answered = blocking(move || {
        // Nothing is sent that no device reads. An answer is cut long before, so this is never seen.
        app.relay.exchange(caller, request)?.to_readable_frame(inflates).ok_or(RelayError::TooLarge)
    });
    match answered.await {
        Ok(frame) => cbor_bytes(frame),
        Err(error) => unavailable(&error),
    }
}

async fn listen(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(Shown(token)): Extension<Shown>,
    upgrade: WebSocketUpgrade,
) -> Response {
    match app.live.place(caller, token).await {
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

async fn blob(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    // A blob that is not there and one that this person may not read look the same.
    let absent = || refusal(StatusCode::NOT_FOUND, "there is nothing here for you under this name");
    let Ok(hash) = hash.parse::<BlobHash>() else { return absent() };
    let relay = app.relay.clone();
    match blocking(move || relay.may_read_blob(caller.person, hash)).await {
        Ok(true) => downloads::serve(app.blobs, hash, &headers, method == Method::HEAD).await,
        Ok(false) => absent(),
        Err(error) => unavailable(&error),
    }
}

async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_refused = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    if is_refused {
        // What is refused now may be answered in a minute; and nobody's cache keeps who was refused.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    headers.insert(HeaderName::from_static("fieldfolio-relay"), HeaderValue::from_static("1"));
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    response
}

/// One line per request, without names, words, tokens or addresses of things.
async fn log_request(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let started = std::time::Instant::now();
    let response = next.run(request).await;
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    tracing::info!(%method, route, status = response.status().as_u16(), micros, "request");
    response
}
