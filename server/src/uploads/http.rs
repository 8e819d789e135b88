//! tus 1.0 over HTTP: from requests to uploads, and from what came of it to statuses.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::from_fn;
use axum::routing::any;
use futures_util::StreamExt;

use super::answer::{BYTES, Refused, VERSION, options, speak_tus, status};
use super::asked::{
    CONCAT, DEFER, LENGTH, METADATA, OFFSET, RESUMABLE, announced, body_length, checksum, number, one, told,
};
use super::concat::{self, Concat};
use super::id::UploadId;
use super::metadata::Metadata;
use super::rows::{Kind, Row};
use super::turns::Turn;
use super::{Caller, PATH, UploadError, Uploads, blocking};

/// How much of a refused body is read, so that the client gets to read why: a piece of the usual size.
const DRAINED: usize = 8 * 1024 * 1024;

/// The routes, behind the layer that `guard` puts before them. It gives every request but `OPTIONS` a [`Caller`] among
/// its extensions; one without is answered with 401.
pub fn router(uploads: Arc<Uploads>, guard: impl FnOnce(Router) -> Router) -> Router {
    let routes = Router::new()
        .route(PATH, any(handle))
        // A wildcard, so that ids with slashes in them are refused here too, and in the same words.
        .route("/v1/uploads/{*id}", any(handle))
        .route("/v1/uploads/", any(handle))
        .with_state(uploads);
    guard(routes).layer(from_fn(speak_tus))
}

/// Works in a task of its own: the server drops a handler whose line breaks, and what arrived is to be recorded still.
async fn handle(State(uploads): State<Arc<Uploads>>, request: Request) -> Response<Body> {
    let max_size = uploads.limits.max_size;
    let answer = tokio::spawn(answer(uploads, request)).await;
    let mut response = answer.unwrap_or_else(|panic| Refused::from(UploadError::from(panic)).response());
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        response.headers_mut().insert("tus-max-size", max_size.into());
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

async fn create(
    uploads: &Arc<Uploads>,
    caller: Caller,
    headers: &HeaderMap,
    body: &mut Option<Body>,
) -> Result<Response<Body>, Refused> {
    let kind = match one(headers, &CONCAT)?.map(Concat::parse).transpose()? {
        None => Kind::File(metadata(headers)?),
        Some(Concat::Partial) => Kind::Stretch,
        Some(Concat::Final(stretches)) => return join(uploads, caller, headers, stretches).await,
    };
    let length = announced(headers)?;
    let with_upload = one(headers, &header::CONTENT_TYPE)? == Some(BYTES);
    if !with_upload && body_length(headers).is_some_and(|follows| follows > 0) {
        return Err(Refused::ContentType);
    }
    if let (Some(length), true, Some(follows)) = (length, with_upload, body_length(headers))
        && follows > length
    {
        return Err(UploadError::TooLong { length }.into());
    }

    let checksum = checksum(headers)?;
    let (turn, row) = uploads.begin(caller, kind, length).await?;
    let first = body.take().filter(|_| with_upload).unwrap_or_default();
    let offset = match uploads.receive(&row, &turn, first, checksum).await {
        Ok(offset) => offset,
        Err(error) => {
            // The client will not learn this upload's address, so nobody could go on with it.
            uploads.remove(row, turn).await?;
            return Err(error.into());
        }
    };
    Ok(created(&Row { offset, ..row }))
}

async fn join(
    uploads: &Arc<Uploads>,
    caller: Caller,
    headers: &HeaderMap,
    stretches: Vec<Option<UploadId>>,
) -> Result<Response<Body>, Refused> {
    if headers.contains_key(LENGTH) || headers.contains_key(DEFER) {
        return Err(Refused::Header("a joined file is as long as its stretches: send no length"));
    }
    if body_length(headers).is_some_and(|follows| follows > 0) {
        return Err(UploadError::Joined.into());
    }
    let file = metadata(headers)?;
    let stretches = stretches.into_iter().collect::<Option<Vec<_>>>().ok_or(UploadError::NotFound)?;
    Ok(created(&uploads.join(caller, file, stretches).await?))
}

fn metadata(headers: &HeaderMap) -> Result<Metadata, Refused> {
    Ok(one(headers, &METADATA)?.unwrap_or_default().parse()?)
}

async fn ask(uploads: &Arc<Uploads>, caller: Caller, id: UploadId) -> Result<Response<Body>, Refused> {
    let (turn, row) = uploads.look(caller, id).await?;
    let row = uploads.complete(row, turn).await?;
    let mut response = status(StatusCode::OK);
    let headers = response.headers_mut();
    match row.length {
        Some(length) => headers.insert(LENGTH, length.into()),
        None => headers.insert(DEFER, HeaderValue::from_static("1")),
    };
    if let Some(file) = row.file() {
        let metadata = HeaderValue::try_from(file.to_string()).expect("two words and Base64");
        headers.insert(METADATA, metadata);
    }
    match &row.kind {
        Kind::File(_) => None,
        Kind::Stretch => headers.insert(CONCAT, HeaderValue::from_static("partial")),
        Kind::Joined(_, stretches) => {
            let named = HeaderValue::try_from(concat::header(stretches));
            headers.insert(CONCAT, named.expect("our path and hexadecimal digits"))
        }
    };
    tell_place(&mut response, &row);
    Ok(response)
}

async fn append(
    uploads: &Arc<Uploads>,
    caller: Caller,
    id: UploadId,
    headers: &HeaderMap,
    body: &mut Option<Body>,
) -> Result<Response<Body>, Refused> {
    if let Kind::Joined(..) = uploads.own(caller, id).await?.kind {
        return Err(UploadError::Joined.into());
    }
    if one(headers, &header::CONTENT_TYPE)? != Some(BYTES) {
        return Err(Refused::ContentType);
    }
    let place = number(headers, &OFFSET, "Upload-Offset must be the place of the first byte")?;
    let (told, checksum) = (told(headers)?, checksum(headers)?);
    let (turn, mut row) = uploads.look(caller, id).await?;
    if place != row.offset {
        return Err(UploadError::WrongOffset { offset: row.offset }.into());
    }
    let is_news = row.length.is_none() && told.is_some();
    if let Some(length) = told {
        row.length = Some(uploads.length_of(&row, length)?);
    }
    let most = row.length.unwrap_or(uploads.limits.max_size);
    if body_length(headers).is_some_and(|follows| follows > most - row.offset) {
        return Err(uploads.too_long(&row).into());
    }
    if let (true, Some(length)) = (is_news, told) {
        let uploads = uploads.clone();
        blocking(move || Ok(uploads.rows.set_length(id, length)?)).await?;
    }
    row.offset = uploads.receive(&row, &turn, body.take().unwrap_or_default(), checksum).await?;
    let mut response = status(StatusCode::NO_CONTENT);
    tell_place(&mut response, &row);
    Ok(response)
}

async fn end(uploads: &Arc<Uploads>, caller: Caller, id: UploadId) -> Result<Response<Body>, Refused> {
    let (turn, row) = uploads.look(caller, id).await?;
    uploads.remove(row, turn).await?;
    Ok(status(StatusCode::NO_CONTENT))
}

fn created(row: &Row) -> Response<Body> {
    let mut response = status(StatusCode::CREATED);
    let location =
        HeaderValue::try_from(format!("{PATH}/{}", row.id)).expect("our path and hexadecimal digits");
    response.headers_mut().insert(header::LOCATION, location);
    tell_place(&mut response, row);
    response
}

/// How far an upload is, and until when it is waited for if it isn't complete. A stretch waits to be joined.
fn tell_place(response: &mut Response<Body>, row: &Row) {
    response.headers_mut().insert(OFFSET, row.offset.into());
    if row.is_whole() && row.kind != Kind::Stretch {
        return;
    }
    let end = UNIX_EPOCH.checked_add(Duration::from_millis(row.expires.millis()));
    let text = end.map(httpdate::fmt_http_date).and_then(|text| HeaderValue::try_from(text).ok());
    text.map(|text| response.headers_mut().insert("upload-expires", text));
}

async fn drain(body: Body) {
    let mut frames = body.into_data_stream();
    let mut left = DRAINED;
    while let Some(Ok(bytes)) = frames.next().await {
        let Some(rest) = left.checked_sub(bytes.len()) else { return };
        left = rest;
    }
}

impl Uploads {
    /// The length that is told now: once, or the same again, as who missed an answer does.
    fn length_of(&self, row: &Row, told: u64) -> Result<u64, UploadError> {
        match row.length {
            Some(length) if length == told => Ok(length),
            Some(_) => Err(UploadError::LengthStays),
            None if told < row.offset => Err(UploadError::LengthTooShort { offset: row.offset }),
            None if told > self.limits.max_size => Err(UploadError::TooLarge { max: self.limits.max_size }),
            None => Ok(told),
        }
    }

    /// The caller's own upload; anyone else's isn't there.
    pub(super) async fn own(self: &Arc<Self>, caller: Caller, id: UploadId) -> Result<Row, UploadError> {
        let uploads = self.clone();
        let found = blocking(move || Ok(uploads.rows.find(id)?)).await?;
        let row = found.filter(|row| row.caller == caller).ok_or(UploadError::NotFound)?;
        if row.expires <= (self.now)() { Err(UploadError::Expired) } else { Ok(row) }
    }

    /// Takes the turn for the caller's own upload, and tells how far it is.
    pub(super) async fn look(
        self: &Arc<Self>,
        caller: Caller,
        id: UploadId,
    ) -> Result<(Turn, Row), UploadError> {
        self.own(caller, id).await?;
        let turn = self.turns.take(id, self.limits.patience).await?;
        let row = self.own(caller, id).await?;
        let uploads = self.clone();
        Ok((turn, blocking(move || uploads.settle(row)).await?))
    }
}
