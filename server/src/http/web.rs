//! The web client, out of this very binary: its files as the build left them in `mobile/web/dist`, packed there already,
//! under a policy that lets them load nothing from anywhere else.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldfolio_core::blob::BlobHash;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../mobile/web/dist"]
#[allow_missing = true]
struct Files;

/// Nothing inline, nothing from elsewhere, no markup made from text.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
    media-src blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; font-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types svelte-trusted-html fieldfolio";
/// A service worker loads its parts by address, which trusted types would need a policy for in a place that has no page.
const POLICY_OF_SERVICE_WORKER: &str = "default-src 'none'; script-src 'self'; connect-src 'self'";
/// The camera for scanning a code, the microphone for voice notes; nothing else of the machine.
const PERMISSIONS: &str =
    "camera=(self), geolocation=(), microphone=(self), usb=(), payment=(), interest-cohort=()";

/// Answers with a file of the web client; the start page for `/`.
pub(crate) async fn page(request: Request) -> Response {
    let path = match request.uri().path().trim_start_matches('/') {
        "" => "index.html",
        // An invitation whose `#` was encoded on the way: the page reads it.
        path if is_invitation(path) => "index.html",
        path => path,
    };
    let Some((file, packing)) = packed(path, request.headers()) else {
        return match path {
            "index.html" => without_client(),
            _ => (StatusCode::NOT_FOUND, "there is nothing here\n").into_response(),
        };
    };
    let tag = format!("\"{}\"", BlobHash::from_digest(file.metadata.sha256_hash()).hex());
    let mut headers = headers_for(path, packing, &tag);
    if request.headers().get(header::IF_NONE_MATCH).is_some_and(|held| held.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if request.method() == Method::HEAD {
        headers.insert(header::CONTENT_LENGTH, file.data.len().into());
        return (headers, ()).into_response();
    }
    (headers, file.data).into_response()
}

fn is_invitation(path: &str) -> bool {
    path.get(..3).is_some_and(|mark| mark == "%23")
        && path.get(3..).is_some_and(|rest| rest.trim_start_matches('/').starts_with("join="))
}

/// The file as small as the caller can unpack it, and how it is packed.
fn packed(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepts = |packing: &str| {
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        accepted.is_some_and(|list| {
            list.split(',').any(|item| {
                let mut parts = item.split(';').map(str::trim);
                parts.next() == Some(packing) && parts.all(|part| part != "q=0")
            })
        })
    };
    for (packing, ending) in [("br", ".br"), ("gzip", ".gz")] {
        if let Some(file) = accepts(packing).then(|| Files::get(&format!("{path}{ending}"))).flatten() {
            return Some((file, Some(packing)));
        }
    }
    Files::get(path).map(|file| (file, None))
}

fn headers_for(path: &str, packing: Option<&'static str>, tag: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_TYPE, media_type(path));
    set(header::VARY, "Accept-Encoding");
    // Names under assets/ carry a hash of what is in them.
    let is_named_by_hash = path.starts_with("assets/");
    set(
        header::CACHE_CONTROL,
        if is_named_by_hash { "public, max-age=31536000, immutable" } else { "no-cache" },
    );
    set(header::CONTENT_SECURITY_POLICY, if path == "sw.js" { POLICY_OF_SERVICE_WORKER } else { POLICY });
    set(header::HeaderName::from_static("permissions-policy"), PERMISSIONS);
    set(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    if let Some(packing) = packing {
        set(header::CONTENT_ENCODING, packing);
    }
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    headers
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// A binary that was built without Node.js still is a whole relay.
fn without_client() -> Response {
    "This is a Fieldfolio relay. It was built without the web client: build it with `make build`.\n"
        .into_response()
}
