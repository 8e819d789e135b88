//! Pages of other origins: what a browser asks before it lets them upload, and what it lets them read.

use fieldfolio_core::blob::BlobHash;

use super::relay::{Answer, BYTES, LEAF, Relay, TUS, UPLOADS, announce, metadata};

const PAGE: &str = "Origin: https://elsewhere.example\r\n";

fn lists(answer: &Answer, header: &str, expected: &[&str]) {
    let listed = answer.header(header).unwrap_or_default();
    for name in expected {
        assert!(listed.split(", ").any(|one| one == *name), "{header} lacks {name}: {listed}");
    }
}

#[tokio::test]
async fn a_page_may_send_everything_that_tus_needs() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    for (path, method) in [(UPLOADS, "POST"), (&upload, "PATCH"), (&upload, "HEAD"), (&upload, "DELETE")] {
        let asks = format!(
            "{PAGE}Access-Control-Request-Method: {method}\r\n\
             Access-Control-Request-Headers: authorization, tus-resumable\r\n"
        );
        let answer = relay.ask_as("nobody", "OPTIONS", path, &asks, b"").await;
        assert_eq!(answer.status, 204, "a browser asks without a token");
        lists(&answer, "access-control-allow-methods", &["POST", "HEAD", "PATCH", "DELETE"]);
        lists(
            &answer,
            "access-control-allow-headers",
            &[
                "Authorization",
                "Content-Type",
                "Tus-Resumable",
                "Upload-Checksum",
                "Upload-Concat",
                "Upload-Defer-Length",
                "Upload-Length",
                "Upload-Metadata",
                "Upload-Offset",
                "X-HTTP-Method-Override",
                "X-Requested-With",
            ],
        );
        assert_eq!(answer.header("access-control-allow-credentials"), None, "no cookies are asked for");
    }
}

#[tokio::test]
async fn a_page_may_read_every_answer() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::open(folder.path()).await;
    let upload = relay.begin(LEAF).await;
    let at = |offset: u64| format!("{PAGE}{TUS}{BYTES}Upload-Offset: {offset}\r\n");
    let nowhere = "/v1/uploads/0123456789abcdef0123456789abcdef";
    let too_large = format!("{TUS}Upload-Length: 8000001\r\n{}", metadata(BlobHash::of(LEAF)));
    for (who, method, path, headers, status) in [
        ("mina", "POST", UPLOADS, announce(b"a stone"), 201),
        ("mina", "HEAD", &upload, TUS.to_owned(), 200),
        ("mina", "PATCH", &upload, at(0), 204),
        ("mina", "PATCH", &upload, at(5), 409),
        ("mina", "PATCH", &upload, TUS.to_owned(), 415),
        ("mina", "GET", &upload, TUS.to_owned(), 405),
        ("mina", "HEAD", nowhere, TUS.to_owned(), 404),
        ("mina", "HEAD", "/v1/uploads/", TUS.to_owned(), 404),
        ("mina", "HEAD", &upload, String::new(), 412),
        ("mina", "POST", UPLOADS, TUS.to_owned(), 400),
        ("mina", "POST", UPLOADS, too_large, 413),
        ("nobody", "HEAD", &upload, TUS.to_owned(), 401),
    ] {
        let answer = relay.ask_as(who, method, path, &headers, b"").await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{status}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{status}");
        lists(
            &answer,
            "access-control-expose-headers",
            &[
                "Location",
                "Retry-After",
                "Tus-Extension",
                "Tus-Max-Size",
                "Tus-Resumable",
                "Tus-Version",
                "Upload-Concat",
                "Upload-Defer-Length",
                "Upload-Expires",
                "Upload-Length",
                "Upload-Metadata",
                "Upload-Offset",
            ],
        );
    }
}
