//! tus 1.0 over HTTP: from requests to uploads, and from what came of it to statuses.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::routing::any;
use futures_util::StreamExt;

use super::checksum::{ALGORITHMS, BadChecksum, Checksum};
use super::id::UploadId;
use super::metadata::{BadMetadata, Metadata};
use super::rows::Row;
use super::turns::Turn;
use super::{Caller, UploadError, Uploads, blocking};

const PATH: &str = "/v1/uploads";
const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,checksum,expiration,termination";
const BYTES: &str = "application/offset+octet-stream";
/// How much of a refused body is read, so that the client gets to read why: a piece of the usual size.
const DRAINED: usize = 8 * 1024 * 1024;

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// The routes. Every request but `OPTIONS` must carry a [`Caller`] among its extensions, or it is answered with 401.
pub fn router(uploads: Arc<Uploads>) -> Router {
    Router::new()
        .route(PATH, any(handle))
        // A wildcard, so that ids with slashes in them are refused here too, and in the same words.
        .route("/v1/uploads/{*id}", any(handle))
        .with_state(uploads)
}

/// Works in a task of its own: the server drops a handler whose line breaks, and what arrived is to be recorded still.
async fn handle(State(uploads): State<Arc<Uploads>>, request: Request) -> Response<Body> {
    let max_size = uploads.limits.max_size;
    let answer = tokio::spawn(answer(uploads, request)).await;
    let mut response = answer.unwrap_or_else(|panic| Refused::from(UploadError::from(panic)).response());
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(RESUMABLE, HeaderValue::from_static(VERSION));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Tokens travel in a header, never in a cookie: another site's page has nothing to send.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "Location, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Expires, \
             Upload-Length, Upload-Offset",
        ),
    );
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        headers.insert("tus-max-size", max_size.into());
    }
    response
}

async fn answer(uploads: Arc<Uploads>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let mut body = Some(body);
    match route(&uploads, &head, &mut body).await {
        Ok(response) => response,
        Err(refused) => {
            if let Some(body) = body.filter(|_| !head.headers.contains_key(header::EXPECT)) {
                let _ = tokio::time::timeout(uploads.limits.idle, drain(body)).await;
            }
            refused.response()
        }
    }
}

async fn route(
    uploads: &Arc<Uploads>,
    head: &Parts,
    body: &mut Option<Body>,
) -> Result<Response<Body>, Refused> {
    let method = method(head)?;
    if method == Method::OPTIONS {
        return Ok(options(uploads.limits.max_size));
    }
    let upload = head.uri.path().strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/'));
    let allowed = match upload {
        Some(_) => "OPTIONS, HEAD, PATCH, DELETE",
        None => "OPTIONS, POST",
    };
    if !allowed.split(", ").any(|name| name == method.as_str()) {
        return Err(Refused::Method(allowed));
    }
    let caller = *head.extensions.get::<Caller>().ok_or(Refused::Anonymous)?;
    if one(&head.headers, &RESUMABLE)? != Some(VERSION) {
        return Err(Refused::Version);
    }
    let Some(upload) = upload else { return create(uploads, caller, &head.headers, body).await };
    let id = UploadId::parse(upload).ok_or(UploadError::NotFound)?;
    match method {
        Method::HEAD => ask(uploads, caller, id).await,
        Method::PATCH => append(uploads, caller, id, &head.headers, body).await,
        _ => end(uploads, caller, id).await,
    }
}

/// Some networks let only GET and POST through. A GET stays a GET: it changes nothing, whatever its headers say.
fn method(head: &Parts) -> Result<Method, Refused> {
    let name = HeaderName::from_static("x-http-method-override");
    match one(&head.headers, &name)? {
        Some(instead) if head.method == Method::POST => Method::from_bytes(instead.as_bytes())
            .map_err(|_| Refused::Header("X-HTTP-Method-Override names no method")),
        _ => Ok(head.method.clone()),
    }
}

fn options(max_size: u64) -> Response<Body> {
    let mut response = status(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert("tus-version", HeaderValue::from_static(VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(EXTENSIONS));
    headers.insert("tus-max-size", max_size.into());
    headers.insert("tus-checksum-algorithm", HeaderValue::from_static(ALGORITHMS));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("OPTIONS, POST, HEAD, PATCH, DELETE"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Authorization, Content-Type, Tus-Resumable, Upload-Checksum, Upload-Length, Upload-Metadata, \
             Upload-Offset, \
             X-HTTP-Method-Override, X-Request-ID, X-Requested-With",
        ),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

async fn create(
    uploads: &Arc<Uploads>,
    caller: Caller,
    headers: &HeaderMap,
    body: &mut Option<Body>,
) -> Result<Response<Body>, Refused> {
    if headers.contains_key("upload-defer-length") {
        return Err(Refused::Header("a deferred length is not taken: send Upload-Length"));
    }
    if headers.contains_key("upload-concat") {
        return Err(Refused::Header("uploads are not joined here: send the file as one upload"));
    }
    let length = number(headers, &LENGTH, "Upload-Length must be the file's length in bytes")?;
    let metadata = one(headers, &HeaderName::from_static("upload-metadata"))?.unwrap_or_default();
    let Metadata { hash, piece } = metadata.parse()?;
    let with_upload = one(headers, &header::CONTENT_TYPE)? == Some(BYTES);
    if !with_upload && body_length(headers).is_some_and(|announced| announced > 0) {
        return Err(Refused::ContentType);
    }
    if with_upload && body_length(headers).is_some_and(|announced| announced > length) {
        return Err(UploadError::TooLong { length }.into());
    }

    let checksum = checksum(headers)?;
    let (turn, row) = uploads.begin(caller, piece, hash, length).await?;
    let first = body.take().filter(|_| with_upload).unwrap_or_default();
    let offset = match uploads.receive(&row, &turn, first, checksum).await {
        Ok(offset) => offset,
        Err(error) => {
            // The client will not learn this upload's address, so nobody could go on with it.
            uploads.remove(row, turn).await?;
            return Err(error.into());
        }
    };
    let mut response = status(StatusCode::CREATED);
    let location =
        HeaderValue::try_from(format!("{PATH}/{}", row.id)).expect("our path and hexadecimal digits");
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(OFFSET, offset.into());
    tell_end(&mut response, &row, offset);
    Ok(response)
}

async fn ask(uploads: &Arc<Uploads>, caller: Caller, id: UploadId) -> Result<Response<Body>, Refused> {
    let (turn, row) = uploads.look(caller, id).await?;
    let mut response = status(StatusCode::OK);
    response.headers_mut().insert(OFFSET, row.offset.into());
    response.headers_mut().insert(LENGTH, row.length.into());
    tell_end(&mut response, &row, row.offset);
    if row.offset == row.length && !row.landed {
        uploads.receive(&row, &turn, Body::empty(), None).await?;
    }
    Ok(response)
}

async fn append(
    uploads: &Arc<Uploads>,
    caller: Caller,
    id: UploadId,
    headers: &HeaderMap,
    body: &mut Option<Body>,
) -> Result<Response<Body>, Refused> {
    uploads.own(caller, id).await?;
    if one(headers, &header::CONTENT_TYPE)? != Some(BYTES) {
        return Err(Refused::ContentType);
    }
    let place = number(headers, &OFFSET, "Upload-Offset must be the place of the first byte")?;
    let (turn, row) = uploads.look(caller, id).await?;
    if place != row.offset {
        return Err(UploadError::WrongOffset { offset: row.offset }.into());
    }
    if body_length(headers).is_some_and(|announced| announced > row.length - row.offset) {
        return Err(UploadError::TooLong { length: row.length }.into());
    }
    let checksum = checksum(headers)?;
    let offset = uploads.receive(&row, &turn, body.take().unwrap_or_default(), checksum).await?;
    let mut response = status(StatusCode::NO_CONTENT);
    response.headers_mut().insert(OFFSET, offset.into());
    tell_end(&mut response, &row, offset);
    Ok(response)
}

async fn end(uploads: &Arc<Uploads>, caller: Caller, id: UploadId) -> Result<Response<Body>, Refused> {
    let (turn, row) = uploads.look(caller, id).await?;
    uploads.remove(row, turn).await?;
    Ok(status(StatusCode::NO_CONTENT))
}

/// Until when an upload that is not complete is waited for.
fn tell_end(response: &mut Response<Body>, row: &Row, offset: u64) {
    if offset == row.length {
        return;
    }
    let end = UNIX_EPOCH.checked_add(Duration::from_millis(row.expires.millis()));
    let text = end.map(httpdate::fmt_http_date).and_then(|text| HeaderValue::try_from(text).ok());
    text.map(|text| response.headers_mut().insert("upload-expires", text));
}

fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Refused> {
    let header = one(headers, &HeaderName::from_static("upload-checksum"))?;
    Ok(header.map(str::parse).transpose()?)
}

/// The header's value, if it is there: once, and in plain text.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refused> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| Refused::Header("a header isn't plain text"))
        }
        (Some(_), Some(_)) => Err(Refused::Header("a header that may be there once is there twice")),
    }
}

/// A count of bytes: digits only. More than fit in 64 bits are too many for any limit.
fn number(headers: &HeaderMap, name: &HeaderName, otherwise: &'static str) -> Result<u64, Refused> {
    let text = one(headers, name)?.ok_or(Refused::Header(otherwise))?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::Header(otherwise));
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// How many bytes follow, if the client said so.
fn body_length(headers: &HeaderMap) -> Option<u64> {
    match headers.get(header::CONTENT_LENGTH) {
        Some(length) => length.to_str().ok()?.parse().ok(),
        None if headers.contains_key(header::TRANSFER_ENCODING) => None,
        None => Some(0),
    }
}

async fn drain(body: Body) {
    let mut frames = body.into_data_stream();
    let mut left = DRAINED;
    while let Some(Ok(bytes)) = frames.next().await {
        let Some(rest) = left.checked_sub(bytes.len()) else { return };
        left = rest;
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Why a request got nowhere.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("speak tus {VERSION}: send Tus-Resumable: {VERSION}")]
    Version,
    #[error("sign in first")]
    Anonymous,
    #[error("use one of {0}")]
    Method(&'static str),
    #[error("bytes come with Content-Type: {BYTES}")]
    ContentType,
    #[error("{0}")]
    Header(&'static str),
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
    #[error(transparent)]
    Checksum(#[from] BadChecksum),
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl Refused {
    /// The one place where failures are logged. What goes wrong inside stays inside.
    fn response(&self) -> Response<Body> {
        let code = match self {
            Self::Version => StatusCode::PRECONDITION_FAILED,
            Self::Anonymous => StatusCode::UNAUTHORIZED,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Header(_) | Self::Metadata(_) | Self::Checksum(_) => StatusCode::BAD_REQUEST,
            Self::Upload(error) => error.status(),
        };
        let text = if code.is_server_error() {
            tracing::error!(error = %self, "an upload failed");
            "the relay could not store this; try again later".to_owned()
        } else {
            tracing::debug!(status = code.as_u16(), "an upload was refused");
            self.to_string()
        };
        let mut response = status(code);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        match self {
            Self::Method(allowed) => headers.insert(header::ALLOW, HeaderValue::from_static(allowed)),
            Self::Version => headers.insert("tus-version", HeaderValue::from_static(VERSION)),
            _ => None,
        };
        *response.body_mut() = Body::from(text + "\n");
        response
    }
}

impl Uploads {
    /// The caller's own upload; anyone else's isn't there.
    async fn own(self: &Arc<Self>, caller: Caller, id: UploadId) -> Result<Row, UploadError> {
        let uploads = self.clone();
        let found = blocking(move || Ok(uploads.rows.find(id)?)).await?;
        let row = found.filter(|row| row.caller == caller).ok_or(UploadError::NotFound)?;
        if row.expires <= (self.now)() { Err(UploadError::Expired) } else { Ok(row) }
    }

    /// Takes the turn for the caller's own upload, and tells how far it is.
    async fn look(self: &Arc<Self>, caller: Caller, id: UploadId) -> Result<(Turn, Row), UploadError> {
        self.own(caller, id).await?;
        let turn = self.turns.take(id, self.limits.patience).await?;
        let row = self.own(caller, id).await?;
        let uploads = self.clone();
        Ok((turn, blocking(move || uploads.settle(row)).await?))
    }
}
