//! Handing a blob to whoever may read it: whole, in part (video players ask for ranges), or "you have it already".

use std::io::{self, Read, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use fieldfolio_core::blob::BlobHash;
use futures_util::stream;

use crate::blobs::{Blob, BlobError, BlobStore, ReadSeek};

/// How much is read from the store at once.
const CHUNK: usize = 128 * 1024;

/// Headers of every answer. The bytes of a blob never change, but who may read it does: so a copy may be kept and
/// has to be asked about each time.
const ALWAYS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "private, no-cache"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    (header::ACCEPT_RANGES, "bytes"),
];

/// Answers a GET, or a HEAD if `head`, for the blob. The caller has decided that it may be read. Its media type is
/// told from its first bytes; what isn't a picture is for saving, never for showing.
pub(super) async fn serve(
    store: Arc<dyn BlobStore>,
    hash: BlobHash,
    headers: &HeaderMap,
    head: bool,
) -> Response<Body> {
    let opened = tokio::task::spawn_blocking(move || open(&*store, hash))
        .await
        .unwrap_or_else(|panic| Err(BlobError::Read { hash, cause: io::Error::other(panic) }));
    let (blob, kind) = match opened {
        Ok(opened) => opened,
        Err(BlobError::Missing { .. }) => return answer(StatusCode::NOT_FOUND, "there is no such file"),
        Err(error) => {
            tracing::error!(%error, "a blob could not be opened");
            return answer(StatusCode::INTERNAL_SERVER_ERROR, "the file could not be read");
        }
    };

    let tag = format!("\"{}\"", hash.hex());
    if names_tag(headers, &tag) {
        return tagged(answer(StatusCode::NOT_MODIFIED, Body::empty()), tag);
    }
    let size = blob.size;
    let range = if head { Asked::Whole } else { asked(headers, &tag, size) };
    let (status, range) = match range {
        Asked::Whole => (StatusCode::OK, 0..size),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Beyond => {
            let mut refused = answer(StatusCode::RANGE_NOT_SATISFIABLE, Body::empty());
            insert(&mut refused, header::CONTENT_RANGE, format!("bytes */{size}"));
            return tagged(refused, tag);
        }
    };

    let mut response = answer(status, Body::empty());
    insert(&mut response, header::CONTENT_LENGTH, (range.end - range.start).to_string());
    insert(&mut response, header::CONTENT_TYPE, kind.unwrap_or("application/octet-stream").to_owned());
    if kind.is_none() {
        insert(&mut response, header::CONTENT_DISPOSITION, "attachment".to_owned());
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let place = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        insert(&mut response, header::CONTENT_RANGE, place);
    }
    if !head {
        *response.body_mut() = stream_of(blob, range);
    }
    tagged(response, tag)
}

fn open(store: &dyn BlobStore, hash: BlobHash) -> Result<(Blob, Option<&'static str>), BlobError> {
    let mut blob = store.open(hash)?.ok_or(BlobError::Missing { hash })?;
    let mut first = Vec::with_capacity(12);
    let read = (&mut blob.reader).take(12).read_to_end(&mut first);
    read.map_err(|cause| BlobError::Read { hash, cause })?;
    Ok((blob, shown(&first)))
}

/// The media type of what a browser may show in a page: pictures, films and sounds, none of which can hold a script. All
/// else, documents among it, is only ever handed out.
fn shown(first: &[u8]) -> Option<&'static str> {
    Some(match first {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [b'f', b'L', b'a', b'C', ..] => "audio/flac",
        // Frames of AAC and of MP3, which start with the same eleven or twelve bits.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => "audio/aac",
        [0xff, second, ..] if second & 0xe6 == 0xe2 => "audio/mpeg",
        [b'R', b'I', b'F', b'F', _, _, _, _, rest @ ..] if rest == b"WEBP" => "image/webp",
        [b'R', b'I', b'F', b'F', _, _, _, _, rest @ ..] if rest == b"WAVE" => "audio/wav",
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand {
            b"avif" | b"avis" => "image/avif",
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => "image/heic",
            b"M4A " | b"M4B " => "audio/mp4",
            b"qt  " => "video/quicktime",
            _ => "video/mp4",
        },
        _ => return None,
    })
}

/// Whether the caller holds these bytes already (`If-None-Match`).
fn names_tag(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|asked| asked == "*" || asked.strip_prefix("W/").unwrap_or(asked) == tag)
}

#[derive(Debug, PartialEq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Beyond,
}

/// What `Range` asks for, in a blob of `size` bytes. Several ranges, another unit and what can't be read are answered
/// with the whole, as RFC 9110 allows; so is a range under an `If-Range` that doesn't hold.
fn asked(headers: &HeaderMap, tag: &str, size: u64) -> Asked {
    if headers.get(header::IF_RANGE).is_some_and(|condition| condition.as_bytes() != tag.as_bytes()) {
        return Asked::Whole;
    }
    let mut lines = headers.get_all(header::RANGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return Asked::Whole };
    let Some((first, last)) =
        line.to_str().ok().and_then(|line| line.strip_prefix("bytes=")?.split_once('-'))
    else {
        return Asked::Whole;
    };
    let (first, last) = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => (first, last),
        (Some(first), None) if last.trim().is_empty() => (first, u64::MAX),
        (None, Some(count)) if first.trim().is_empty() && count > 0 => (size.saturating_sub(count), u64::MAX),
        (None, Some(0)) if first.trim().is_empty() => return Asked::Beyond,
        _ => return Asked::Whole,
    };
    if first >= size {
        return Asked::Beyond;
    }
    Asked::Part(first..last.saturating_add(1).min(size))
}

/// Digits only: `parse` alone would take `+5`.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Reads a chunk whenever the connection has room for one, each on a thread that may block: a slow reader holds none.
fn stream_of(blob: Blob, range: Range<u64>) -> Body {
    struct Left {
        reader: Box<dyn ReadSeek>,
        range: Range<u64>,
    }
    Body::from_stream(stream::try_unfold(Left { reader: blob.reader, range }, async |mut left: Left| {
        if left.range.is_empty() {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let count = CHUNK.min(usize::try_from(left.range.end - left.range.start).unwrap_or(CHUNK));
            let mut chunk = vec![0; count];
            left.reader.seek(SeekFrom::Start(left.range.start))?;
            left.reader.read_exact(&mut chunk)?;
            left.range.start += count as u64;
            io::Result::Ok((Bytes::from(chunk), left))
        });
        match read.await {
            Ok(read) => read.map(Some),
            Err(panic) => Err(io::Error::other(panic)),
        }
    }))
}

fn answer(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn tagged(mut response: Response<Body>, tag: String) -> Response<Body> {
    insert(&mut response, header::ETAG, tag);
    response
}

fn insert(response: &mut Response<Body>, name: HeaderName, value: String) {
    let value =
        HeaderValue::try_from(value).expect("numbers, hexadecimal digits and our own words fit a header");
    response.headers_mut().insert(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::{FolderBlobs, put};

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a leaf, seen closely";

    #[tokio::test]
    async fn a_photo_is_shown_and_kept_private() {
        let shelf = Shelf::with(JPEG);
        let (status, headers, body) = shelf.get(&[]).await;
        assert_eq!((status, &body[..]), (200, JPEG));
        assert_eq!(headers["content-type"], "image/jpeg");
        assert_eq!(headers["content-length"], JPEG.len().to_string());
        assert_eq!(headers["cache-control"], "private, no-cache");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-security-policy"], "sandbox; default-src 'none'");
        assert_eq!(headers["etag"], format!("\"{}\"", BlobHash::of(JPEG).hex()));
        assert!(!headers.contains_key("content-disposition"));
    }

    #[test]
    fn recordings_are_told_from_texts_and_pictures() {
        for (first, media_type) in [
            (&b"fLaC\0\0\0\x22"[..], Some("audio/flac")),
            (b"\xff\xf1\x50\x40", Some("audio/aac")),
            (b"\xff\xfb\x90\x64", Some("audio/mpeg")),
            (b"\xff\xe3\x18\xc4", Some("audio/mpeg")),
            (b"\xff\xfeL\0e\0a\0f\0", None),
            // No browser plays it.
            (b"#!AMR\n\x3c", None),
        ] {
            assert_eq!(shown(first), media_type, "{first:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_picture_is_for_saving() {
        for bytes in [
            &b"<script>alert(1)</script>"[..],
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"",
            b"\xff\xd8",
        ] {
            let (_, headers, body) = Shelf::with(bytes).get(&[]).await;
            assert_eq!(body, bytes);
            assert_eq!(headers["content-type"], "application/octet-stream");
            assert_eq!(headers["content-disposition"], "attachment");
        }
    }

    #[tokio::test]
    async fn head_tells_the_length_without_the_bytes() {
        let shelf = Shelf::with(JPEG);
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-3"))]);
        let response = serve(shelf.store.clone(), shelf.hash, &headers, true).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-length"], JPEG.len().to_string());
        assert!(axum::body::to_bytes(response.into_body(), 1).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn ranges_are_cut_from_the_file() {
        let large: Vec<u8> = (0..400_000_u32).map(|i| (i / 7) as u8).collect();
        let shelf = Shelf::with(&large);
        for (asked, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=100-299999", 100..300_000),
            ("bytes=399999-", 399_999..400_000),
            ("bytes=1-99999999", 1..400_000),
            ("bytes=-5", 399_995..400_000),
            ("bytes=-99999999", 0..400_000),
        ] {
            let (status, headers, body) = shelf.get(&[("range", asked)]).await;
            assert_eq!(status, 206, "{asked}");
            assert_eq!(headers["content-range"], format!("bytes {}-{}/400000", range.start, range.end - 1));
            assert_eq!(headers["content-length"], body.len().to_string());
            assert!(body == large[range], "{asked}");
        }
    }

    #[tokio::test]
    async fn ranges_that_cannot_be_had_are_answered_with_the_size() {
        for (bytes, asked) in
            [(JPEG, "bytes=99999-"), (JPEG, "bytes=-0"), (b"", "bytes=0-0"), (b"", "bytes=-1")]
        {
            let (status, headers, body) = Shelf::with(bytes).get(&[("range", asked)]).await;
            assert_eq!((status, body.len()), (416, 0), "{asked}");
            assert_eq!(headers["content-range"], format!("bytes */{}", bytes.len()));
        }
    }

    #[tokio::test]
    async fn several_ranges_and_unreadable_ones_get_the_whole() {
        let shelf = Shelf::with(JPEG);
        for asked in
            ["bytes=0-1,3-4", "bytes=5-2", "bytes=", "bytes=-", "bytes=+1-2", "pages=1-2", "bytes=a-b"]
        {
            let (status, _, body) = shelf.get(&[("range", asked)]).await;
            assert_eq!((status, &body[..]), (200, JPEG), "{asked}");
        }
    }

    #[tokio::test]
    async fn a_range_under_a_condition_holds_for_these_bytes_only() {
        let shelf = Shelf::with(JPEG);
        let tag = format!("\"{}\"", shelf.hash.hex());
        assert_eq!(shelf.get(&[("range", "bytes=0-1"), ("if-range", &tag)]).await.0, 206);
        assert_eq!(shelf.get(&[("range", "bytes=0-1"), ("if-range", "\"other\"")]).await.0, 200);
        assert_eq!(shelf.get(&[("range", "bytes=0-1"), ("if-range", &format!("W/{tag}"))]).await.0, 200);
    }

    #[tokio::test]
    async fn who_holds_the_bytes_gets_none() {
        let shelf = Shelf::with(JPEG);
        let tag = format!("\"{}\"", shelf.hash.hex());
        for held in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            let (status, headers, body) =
                shelf.get(&[("if-none-match", &held), ("range", "bytes=0-1")]).await;
            assert_eq!((status, body.len()), (304, 0));
            assert_eq!(headers["etag"], tag);
        }
        assert_eq!(shelf.get(&[("if-none-match", "\"other\"")]).await.0, 200);
    }

    #[tokio::test]
    async fn a_blob_that_is_not_there_is_not_found() {
        let shelf = Shelf::with(JPEG);
        let missing = serve(shelf.store.clone(), BlobHash::of(b"a stone"), &HeaderMap::new(), false).await;
        assert_eq!(missing.status(), 404);
        assert_eq!(missing.headers()["cache-control"], "private, no-cache");
    }

    #[tokio::test]
    async fn a_file_cut_short_under_the_reader_breaks_the_answer() {
        let shelf = Shelf::with(&vec![7; 400_000]);
        let response = serve(shelf.store.clone(), shelf.hash, &HeaderMap::new(), false).await;
        let file = shelf.folder.path().join(shelf.hash.path());
        std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(200_000).unwrap();
        assert!(axum::body::to_bytes(response.into_body(), usize::MAX).await.is_err(), "never a silent end");
    }

    /// A store with one blob.
    struct Shelf {
        folder: tempfile::TempDir,
        store: Arc<dyn BlobStore>,
        hash: BlobHash,
    }

    impl Shelf {
        fn with(bytes: &[u8]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = FolderBlobs::open(folder.path()).unwrap();
            let hash = put(&store, "blob", bytes).unwrap();
            Self { folder, store: Arc::new(store), hash }
        }

        async fn get(&self, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
            let named = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let response = serve(self.store.clone(), self.hash, &HeaderMap::from_iter(named), false).await;
            let (parts, body) = response.into_parts();
            (
                parts.status.as_u16(),
                parts.headers,
                axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec(),
            )
        }
    }
}
