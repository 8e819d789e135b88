//! The script of a conversation with a tus server: good requests, bad ones, and what they build on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::PieceId;
use sha1::Digest;

/// Each upload of the script brings a leaf of its own, of twenty bytes.
pub(crate) const LEAVES: usize = 40;

/// The limit of both servers.
pub(crate) const MOST: u64 = 1_000_000;

pub(crate) fn leaf(number: usize) -> Vec<u8> {
    format!("a leaf, number {number:05}").into_bytes()
}

/// One request.
pub(crate) struct Step {
    /// What it tries: it names the step.
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// The path; `{name}` stands for where the upload of that name goes on.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// The upload that begins here is called so from here on.
    pub(crate) keep: Option<&'static str>,
}

impl Step {
    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| *found != name);
        self
    }

    fn body(self, bytes: &[u8]) -> Self {
        Self { body: bytes.to_vec(), ..self.with("Content-Type", "application/offset+octet-stream") }
    }

    fn kept(self, name: &'static str) -> Self {
        Self { keep: Some(name), ..self }
    }

    /// The headers that say which bytes will come.
    fn of(self, piece: PieceId, bytes: &[u8]) -> Self {
        let (hash, piece) = (BlobHash::of(bytes).to_string(), piece.to_string());
        let text = format!("hash {},piece {}", STANDARD.encode(hash), STANDARD.encode(piece));
        self.with("Upload-Metadata", text)
    }
}

fn step(name: &'static str, method: &'static str, path: &str) -> Step {
    let step =
        Step { name, method, path: path.to_owned(), headers: Vec::new(), body: Vec::new(), keep: None };
    step.with("Tus-Resumable", "1.0.0")
}

const HERE: &str = "/v1/uploads";
const NOWHERE: &str = "/v1/uploads/0123456789abcdef0123456789abcdef";

/// The whole conversation. `piece` is the one that names the leaves.
pub(crate) fn script(piece: PieceId) -> Vec<Step> {
    let create = |name, number| step(name, "POST", HERE).of(piece, &leaf(number));
    let whole = |name, number| create(name, number).with("Upload-Length", 20);
    let stretch = |name, length: usize| {
        step(name, "POST", HERE).with("Upload-Concat", "partial").with("Upload-Length", length)
    };
    let patch = |name, upload: &str, offset: u64, bytes: &[u8]| {
        step(name, "PATCH", upload).with("Upload-Offset", offset).body(bytes)
    };
    let head = |name, upload: &str| step(name, "HEAD", upload);
    let sha1 = |bytes: &[u8]| format!("sha1 {}", STANDARD.encode(sha1::Sha1::digest(bytes)));
    let (first, rest) = (&leaf(0)[..6], &leaf(0)[6..]);
    vec![
        step("what is spoken", "OPTIONS", HERE).without("Tus-Resumable"),
        step("what is spoken, in another version", "OPTIONS", HERE)
            .without("Tus-Resumable")
            .with("Tus-Resumable", "0.2"),
        // Core
        whole("begin", 0).kept("leaf"),
        head("ask", "{leaf}"),
        patch("a part", "{leaf}", 0, first),
        head("ask after a part", "{leaf}"),
        patch("bytes for a place before", "{leaf}", 0, first),
        patch("bytes for a place behind", "{leaf}", 9, rest),
        patch("bytes without a place", "{leaf}", 0, rest).without("Upload-Offset"),
        patch("bytes for no number", "{leaf}", 0, rest).without("Upload-Offset").with("Upload-Offset", "six"),
        patch("bytes for a place below nothing", "{leaf}", 0, rest)
            .without("Upload-Offset")
            .with("Upload-Offset", -1),
        patch("bytes of another type", "{leaf}", 6, rest)
            .without("Content-Type")
            .with("Content-Type", "image/jpeg"),
        patch("bytes of no type", "{leaf}", 6, rest).without("Content-Type"),
        patch("too many bytes", "{leaf}", 6, b"more than were announced before"),
        head("ask after what was refused", "{leaf}"),
        patch("bytes in another version", "{leaf}", 6, rest)
            .without("Tus-Resumable")
            .with("Tus-Resumable", "0.2.2"),
        patch("bytes in no version", "{leaf}", 6, rest).without("Tus-Resumable"),
        head("ask in another version", "{leaf}").without("Tus-Resumable").with("Tus-Resumable", "2.0.0"),
        patch("no bytes", "{leaf}", 6, b""),
        patch("the rest", "{leaf}", 6, rest),
        head("ask when all is there", "{leaf}"),
        patch("no bytes when all is there", "{leaf}", 20, b""),
        patch("a byte when all is there", "{leaf}", 20, b"!"),
        step("look at an upload", "GET", NOWHERE),
        step("look at the collection", "GET", HERE),
        step("put a file", "PUT", HERE).body(b"a leaf"),
        head("ask for what never was", NOWHERE),
        patch("bytes for what never was", NOWHERE, 0, first),
        step("end what never was", "DELETE", NOWHERE),
        head("ask for a path above", "/v1/uploads/../uploads.db"),
        head("ask for a path in disguise", "/v1/uploads/%2e%2e%2fuploads.db"),
        head("ask for nothing by name", "/v1/uploads/%00"),
        // Creation
        whole("begin without a length", 1).without("Upload-Length"),
        whole("begin with a length below nothing", 1).without("Upload-Length").with("Upload-Length", -1),
        whole("begin with a length in words", 1).without("Upload-Length").with("Upload-Length", "twenty"),
        whole("begin too large", 1).without("Upload-Length").with("Upload-Length", MOST + 1),
        whole("begin without saying what", 1).without("Upload-Metadata"),
        whole("begin with what is no Base64", 1)
            .without("Upload-Metadata")
            .with("Upload-Metadata", "hash ///!"),
        step("begin nothing", "POST", HERE).of(piece, b"").with("Upload-Length", 0).kept("nothing"),
        head("ask for nothing", "{nothing}"),
        whole("begin in no version", 1).without("Tus-Resumable"),
        // Creation with upload
        whole("begin with all bytes", 2).body(&leaf(2)).kept("at once"),
        head("ask for what came at once", "{at once}"),
        whole("begin with a part", 3).body(&leaf(3)[..4]).kept("in part"),
        head("ask for what came in part", "{in part}"),
        whole("begin with too many bytes", 4).body(b"many more than were announced"),
        whole("begin with bytes of another type", 4).body(&leaf(4)).without("Content-Type"),
        // A length told later
        create("begin without knowing the length", 5).with("Upload-Defer-Length", 1).kept("later"),
        head("ask while the length is unknown", "{later}"),
        patch("bytes before the length", "{later}", 0, &leaf(5)[..6]),
        patch("a length that is too short", "{later}", 6, b"").with("Upload-Length", 5),
        patch("a length that is too long", "{later}", 6, b"").with("Upload-Length", MOST + 1),
        patch("the length and the rest", "{later}", 6, &leaf(5)[6..]).with("Upload-Length", 20),
        head("ask when the length is known", "{later}"),
        whole("begin with a length for another time", 6).kept("known"),
        patch("another length than was announced", "{known}", 0, &leaf(6)).with("Upload-Length", 25),
        create("begin later, perhaps", 7).with("Upload-Defer-Length", "perhaps"),
        whole("begin now and later", 7).with("Upload-Defer-Length", 1),
        // Checksums
        whole("begin for a checksum", 8).kept("checked"),
        patch("bytes that don't add up", "{checked}", 0, &leaf(8))
            .with("Upload-Checksum", sha1(b"another leaf")),
        head("ask after what didn't add up", "{checked}"),
        patch("an unknown sum", "{checked}", 0, &leaf(8)).with("Upload-Checksum", "crc32 AAAAAA=="),
        patch("bytes that add up", "{checked}", 0, &leaf(8)).with("Upload-Checksum", sha1(&leaf(8))),
        // Termination
        whole("begin to be ended", 9).kept("ended"),
        step("end", "DELETE", "{ended}"),
        head("ask for what was ended", "{ended}"),
        step("end again", "DELETE", "{ended}"),
        // Concatenation
        stretch("begin a stretch", 6).kept("stretch one"),
        stretch("begin another stretch", 14).body(&leaf(10)[6..]).kept("stretch two"),
        head("ask for a stretch", "{stretch two}"),
        create("join what isn't complete", 10).with("Upload-Concat", "final;{stretch one} {stretch two}"),
        patch("complete the stretch", "{stretch one}", 0, &leaf(10)[..6]),
        create("join with what never was", 10)
            .with("Upload-Concat", format!("final;{{stretch one}} {NOWHERE}")),
        create("join nothing", 10).with("Upload-Concat", "final;"),
        create("join in other words", 10).with("Upload-Concat", "all;{stretch one} {stretch two}"),
        create("join", 10).with("Upload-Concat", "final;{stretch one} {stretch two}").kept("joined"),
        head("ask for what was joined", "{joined}"),
        patch("bytes for what was joined", "{joined}", 0, b"!"),
        // Override
        whole("begin where only POST gets through", 11).kept("posted"),
        step("bytes by POST", "POST", "{posted}")
            .with("X-HTTP-Method-Override", "PATCH")
            .with("Upload-Offset", 0)
            .body(&leaf(11)),
        step("ask by POST", "POST", "{posted}").with("X-HTTP-Method-Override", "HEAD"),
        step("end by POST", "POST", "{posted}").with("X-HTTP-Method-Override", "DELETE"),
        step("post to an upload", "POST", "{known}"),
    ]
}
