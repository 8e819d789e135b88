//! What the relay says: the headers of every answer, what it says it speaks, and why a request got nowhere.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;

use super::UploadError;
use super::checksum::{ALGORITHMS, BadChecksum};
use super::concat::BadConcat;
use super::metadata::BadMetadata;

pub(super) const VERSION: &str = "1.0.0";
pub(super) const BYTES: &str = "application/offset+octet-stream";
const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,checksum,concatenation,expiration,termination";

/// Says on every answer, whoever gives it, that tus is spoken here, and lets pages read it. Pages of any origin may
/// call: who they are is told by a token in a header, never by a cookie, so another site's page has nothing to send.
pub(super) async fn speak_tus(request: Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (HeaderName::from_static("tus-resumable"), VERSION),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "Location, Retry-After, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, \
             Upload-Concat, Upload-Defer-Length, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What is spoken, and what pages of other origins may send.
pub(super) fn options(max_size: u64) -> Response<Body> {
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
            "Authorization, Content-Type, Tus-Resumable, Upload-Checksum, Upload-Concat, Upload-Defer-Length, \
             Upload-Length, Upload-Metadata, Upload-Offset, X-HTTP-Method-Override, X-Request-ID, X-Requested-With",
        ),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

pub(super) fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Why a request got nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
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
    Concat(#[from] BadConcat),
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl Refused {
    /// The one place where failures are logged. What goes wrong inside stays inside.
    pub(super) fn response(&self) -> Response<Body> {
        let code = match self {
            Self::Version => StatusCode::PRECONDITION_FAILED,
            Self::Anonymous => StatusCode::UNAUTHORIZED,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Header(_) | Self::Metadata(_) | Self::Checksum(_) | Self::Concat(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Upload(error) => error.status(),
        };
        let text = if code == StatusCode::INSUFFICIENT_STORAGE {
            tracing::error!(error = %self, "an upload found no room");
            UploadError::DiskFull.to_string()
        } else if code.is_server_error() {
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
            Self::Upload(error) => {
                let pause = error.again_after();
                pause.and_then(|pause| headers.insert(header::RETRY_AFTER, pause.as_secs().into()))
            }
            _ => None,
        };
        *response.body_mut() = Body::from(text + "\n");
        response
    }
}
