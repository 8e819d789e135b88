//! A relay that knows two phones and takes uploads, and a phone's way of speaking to it: plain bytes over TCP.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::middleware::{Next, from_fn};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{DeviceId, PersonId, PieceId};
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::blobs::{BlobStore, FolderBlobs};
use fieldfolio_server::uploads::{Caller, Failed, Limits, Refusal, Reserved, UploadPolicy, Uploads, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

pub(crate) const PIECE: PieceId = PieceId::from_bytes([7; 16]);
pub(crate) const MINA: PersonId = PersonId::from_bytes([1; 16]);
pub(crate) const LEAF: &[u8] = b"a leaf, seen closely";
pub(crate) const UPLOADS: &str = "/v1/uploads";
pub(crate) const TUS: &str = "Tus-Resumable: 1.0.0\r\n";
pub(crate) const BYTES: &str = "Content-Type: application/offset+octet-stream\r\n";

/// The rest of the relay, as far as uploads see it.
pub(crate) struct Office {
    pub(crate) quota: AtomicU64,
    pub(crate) school_quota: AtomicU64,
    pub(crate) names_everything: AtomicBool,
    pub(crate) cannot_record: AtomicBool,
    pub(crate) landed: Mutex<Vec<(Caller, PieceId, BlobHash, u64)>>,
    /// A copy of the relay's folder is made here in the middle of a landing: what a crash would leave.
    pub(crate) snapshot: Mutex<Option<(std::path::PathBuf, std::path::PathBuf)>>,
}

impl UploadPolicy for Office {
    fn may_bring(&self, _: Caller, _: PieceId, hash: BlobHash) -> Result<(), Refusal> {
        let names_it = self.names_everything.load(Ordering::SeqCst);
        if names_it { Ok(()) } else { Err(Refusal::NotNamed { hash }) }
    }

    fn has_space(&self, _: Caller, length: u64, reserved: Reserved) -> Result<(), Refusal> {
        let quota = self.quota.load(Ordering::SeqCst);
        if reserved.person.saturating_add(length) > quota {
            return Err(Refusal::OverQuota { used: reserved.person, quota, length });
        }
        let quota = self.school_quota.load(Ordering::SeqCst);
        if reserved.school.saturating_add(length) > quota {
            return Err(Refusal::SchoolOverQuota { used: reserved.school, quota, length });
        }
        Ok(())
    }

    fn landed(&self, caller: Caller, piece: PieceId, hash: BlobHash, length: u64) -> Result<(), Failed> {
        if let Some((from, to)) = &*self.snapshot.lock().unwrap() {
            copy(from, to);
        }
        if self.cannot_record.load(Ordering::SeqCst) {
            return Err(Failed("the disk is full".into()));
        }
        self.landed.lock().unwrap().push((caller, piece, hash, length));
        Ok(())
    }
}

pub(crate) struct Relay {
    pub(crate) uploads: Arc<Uploads>,
    pub(crate) store: Arc<dyn BlobStore>,
    pub(crate) office: Arc<Office>,
    pub(crate) clock: Arc<AtomicU64>,
    pub(crate) app: Router,
    address: SocketAddr,
}

impl Relay {
    pub(crate) async fn open(folder: &Path) -> Self {
        Self::with(folder, Limits { max_size: 8_000_000, max_open: 4, ..Limits::default() }).await
    }

    pub(crate) async fn with(folder: &Path, limits: Limits) -> Self {
        let store: Arc<dyn BlobStore> = Arc::new(FolderBlobs::open(&folder.join("blobs")).unwrap());
        let office = Arc::new(Office {
            quota: AtomicU64::new(u64::MAX),
            school_quota: AtomicU64::new(u64::MAX),
            names_everything: AtomicBool::new(true),
            cannot_record: AtomicBool::new(false),
            landed: Mutex::default(),
            snapshot: Mutex::default(),
        });
        let clock = Arc::new(AtomicU64::new(1_700_000_000_000));
        let now = {
            let clock = clock.clone();
            move || Timestamp::from_millis(clock.load(Ordering::SeqCst))
        };
        let folder = folder.join("uploads");
        let uploads = Arc::new(Uploads::open(&folder, store.clone(), office.clone(), now, limits).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = router(uploads.clone(), |routes| routes.layer(from_fn(authorise)));
        let served = app.clone();
        tokio::spawn(async move { axum::serve(listener, served).await });
        Self { uploads, store, office, clock, app, address }
    }

    pub(crate) fn time_passes(&self, time: Duration) {
        self.clock.fetch_add(time.as_millis() as u64, Ordering::SeqCst);
    }

    pub(crate) fn landings(&self) -> Vec<(BlobHash, u64)> {
        self.office.landed.lock().unwrap().iter().map(|(_, _, hash, length)| (*hash, *length)).collect()
    }

    /// A line on which `request` has been said.
    pub(crate) async fn say(&self, request: &[u8]) -> Line {
        let mut line = TcpStream::connect(self.address).await.unwrap();
        line.write_all(request).await.unwrap();
        Line(line)
    }

    /// Mina's phone asks and hears the answer.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.ask_as("mina", method, path, headers, body).await
    }

    pub(crate) async fn ask_as(
        &self,
        who: &str,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Answer {
        let mut request = head(who, method, path, &format!("Content-Length: {}\r\n{headers}", body.len()));
        request.extend_from_slice(body);
        self.say(&request).await.answer().await
    }

    /// Begins an upload of `bytes`; its address.
    pub(crate) async fn begin(&self, bytes: &[u8]) -> String {
        let created = self.ask("POST", "/v1/uploads", &announce(bytes), b"").await;
        assert_eq!(created.status, 201, "{}", created.body);
        created.header("location").unwrap().to_owned()
    }

    pub(crate) async fn append(&self, upload: &str, offset: usize, bytes: &[u8]) -> Answer {
        self.ask("PATCH", upload, &format!("{TUS}{BYTES}Upload-Offset: {offset}\r\n"), bytes).await
    }

    /// The offset that the relay stands for.
    pub(crate) async fn offset(&self, upload: &str) -> usize {
        let answer = self.ask("HEAD", upload, TUS, b"").await;
        assert_eq!(answer.status, 200);
        answer.header("upload-offset").unwrap().parse().unwrap()
    }

    /// What Mina's uploads have reserved.
    pub(crate) fn pending(&self) -> u64 {
        self.uploads.reserved(MINA).unwrap().person
    }

    pub(crate) fn parts(&self) -> usize {
        let mut count = 0;
        self.store.each_part(&mut |_| count += 1).unwrap();
        count
    }
}

pub(crate) struct Line(pub(crate) TcpStream);

impl Line {
    pub(crate) async fn answer(mut self) -> Answer {
        let mut bytes = Vec::new();
        // The relay may close before it has read everything that was said; what it answered counts.
        let _ = self.0.read_to_end(&mut bytes).await;
        let answer = Answer::parse(&bytes);
        assert_eq!(answer.header("tus-resumable"), Some("1.0.0"), "every answer says it");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "pages may read every answer");
        answer
    }

    /// The status alone, of what is refused before it gets to anyone.
    pub(crate) async fn status(mut self) -> u16 {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes).await;
        Answer::parse(&bytes).status
    }

    /// The line breaks, and the relay has noticed.
    pub(crate) async fn breaks(mut self) {
        self.0.shutdown().await.unwrap();
        let _ = self.0.read_to_end(&mut Vec::new()).await;
    }

    /// The relay is listening to the body (the request must carry `Expect: 100-continue`).
    pub(crate) async fn is_heard(&mut self) {
        let mut said = [0; 25];
        self.0.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap()[9..12].parse().unwrap();
        let pairs = lines.map(|line| line.split_once(": ").unwrap());
        let headers = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Hands a request in without a line, for tests in which time jumps.
pub(crate) async fn hand(app: Router, request: axum::http::Request<Body>) -> Response<Body> {
    app.oneshot(request).await.unwrap()
}

pub(crate) fn head(who: &str, method: &str, path: &str, headers: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\nAuthorization: {who}\r\n{headers}\r\n")
        .into_bytes()
}

pub(crate) fn announce(bytes: &[u8]) -> String {
    format!("{TUS}Upload-Length: {}\r\n{}", bytes.len(), metadata(BlobHash::of(bytes)))
}

pub(crate) fn metadata(hash: BlobHash) -> String {
    let value = |text: String| BASE64_STANDARD.encode(text);
    format!("Upload-Metadata: hash {},piece {}\r\n", value(hash.to_string()), value(PIECE.to_string()))
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Stands for the relay's own authorising layer.
async fn authorise(mut request: Request, next: Next) -> axum::response::Response {
    let who = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let caller = match who {
        Some("mina") => Some(Caller { person: MINA, device: DeviceId::from_bytes([11; 16]) }),
        Some("mina's tablet") => Some(Caller { person: MINA, device: DeviceId::from_bytes([12; 16]) }),
        Some("tom") => {
            Some(Caller { person: PersonId::from_bytes([2; 16]), device: DeviceId::from_bytes([21; 16]) })
        }
        _ => None,
    };
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    next.run(request).await
}
