//! The school with real processes: a relay of its own on a free port, devices over HTTP, and a client that says whatever
//! a test wants it to say over the same wire.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{Ask, Body, Device, HttpAnswer};
use fieldfolio_core::document::{Edit, Sheet, SheetError, SignedChange};
use fieldfolio_core::ids::{ActId, DocumentId, FolioId, PieceId};
use fieldfolio_core::ids::{Rng, random};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::store::Identity;
use fieldfolio_core::sync::Failure;
use fieldfolio_core::sync::wire::{self, Cursor, Item, Request, Response, Verdict};

use crate::driver::{self, Http, Line, NotOpened, now};
use crate::processes::{self, Relay};
use crate::raw;
use crate::sample::Sample;
use crate::sim::{self, BoxError};

/// The sample school with a relay that runs.
pub struct RealSchool {
    folder: tempfile::TempDir,
    /// The relay's process. Whoever holds it may end it and start it again.
    pub relay: Arc<Mutex<Relay>>,
    /// Where it listens.
    pub address: SocketAddr,
    /// How devices are told to reach it.
    pub url: String,
    sample: Sample,
}

impl std::ops::Deref for RealSchool {
    type Target = Sample;

    fn deref(&self) -> &Sample {
        &self.sample
    }
}

impl RealSchool {
    /// Makes the sample school and starts its relay.
    pub fn start() -> Result<Self, BoxError> {
        Self::start_with("")
    }

    /// The same, with these settings in its `fieldfolio.toml`.
    pub fn start_with(settings: &str) -> Result<Self, BoxError> {
        Self::start_on(sim::scratch()?, settings)
    }

    /// The same in a folder below this one, on whatever disk that is.
    pub fn start_in(folder: &Path, settings: &str) -> Result<Self, BoxError> {
        Self::start_on(tempfile::tempdir_in(folder)?, settings)
    }

    fn start_on(folder: tempfile::TempDir, settings: &str) -> Result<Self, BoxError> {
        let home = folder.path().join("relay");
        let sample = processes::school(&home, None, &["sample"])?;
        // Tests run in memory where there is some: a small disk that is to take little.
        let floor = if settings.contains("disk_floor_bytes") { "" } else { "disk_floor_bytes = 0\n" };
        std::fs::write(home.join("fieldfolio.toml"), format!("{floor}{settings}"))?;
        let relay = Relay::start(&home)?;
        let url = relay.url().to_owned();
        let address = url.trim_start_matches("http://").parse()?;
        Ok(Self { folder, relay: Arc::new(Mutex::new(relay)), address, url, sample: Sample(sample) })
    }

    /// The folder that holds the relay's and the devices'.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The relay's folder.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("relay")
    }

    /// A link for a new device of a person of the sample school.
    pub fn link(&self, person: &str) -> Result<String, BoxError> {
        let person = self.person(person).to_string();
        let answer = processes::school(&self.home(), Some(&self.url), &["invite", &person])?;
        Ok(answer["url"].as_str().ok_or("an invitation has no link")?.to_owned())
    }

    /// Enrols a new device of a person, in the folder of this name.
    pub fn enrol(&self, person: &str, device: &str) -> Result<Device, BoxError> {
        Ok(driver::enrol(&self.link(person)?, &self.folder.path().join(device))?)
    }

    /// A client with the keys of a new device of this person.
    pub fn client(&self, person: &str, device: &str) -> Result<Client, BoxError> {
        Ok(Client::with(self.enrol(person, device)?.identity().clone()))
    }

    /// A client of somebody who is added to the directory now, unless she is there already; `device` tells hers apart.
    pub fn newcomer(&self, name: &str, kind: &str, device: usize) -> Result<Client, BoxError> {
        let all = self.office(&["person", "list"])?;
        let known = all.as_array().and_then(|all| all.iter().find(|one| one["name"] == name)).cloned();
        let person = match known {
            Some(known) => known,
            None => self.office(&["person", "add", name, "--kind", kind])?,
        };
        let id = person["id"].as_str().ok_or("a person has no id")?.to_owned();
        let link = self.office(&["invite", &id])?;
        let folder = self.folder.path().join(format!("{id}-{device}"));
        let device = driver::enrol(link["url"].as_str().ok_or("an invitation has no link")?, &folder)?;
        Ok(Client::with(device.identity().clone()))
    }

    /// Runs `fieldfolio` on the school, beside the relay.
    pub fn office(&self, args: &[&str]) -> Result<serde_json::Value, BoxError> {
        Ok(processes::school(&self.home(), Some(&self.url), args)?)
    }
}

/// Speaks HTTP to the relay with a device's keys, and believes nothing.
pub struct Client {
    /// Whose keys it has.
    pub me: Identity,
    /// What it shows as `Authorization`, if anything.
    pub authorization: Option<String>,
    http: Http,
}

/// What came back from an exchange that was no frame: the status and the words.
pub type Refused = (u16, String);

impl Client {
    /// With these keys and their token.
    pub fn with(me: Identity) -> Self {
        let token = URL_SAFE_NO_PAD.encode(me.token);
        Self { me, authorization: Some(format!("Bearer {token}")), http: Http::stranger() }
    }

    /// One request to a path of the relay.
    pub fn call(
        &mut self,
        method: &'static str,
        path: &str,
        headers: &[(&'static str, String)],
        body: Body,
    ) -> Result<HttpAnswer, Failure> {
        let mut headers = headers.to_vec();
        headers.extend(self.authorization.clone().map(|text| ("Authorization", text)));
        let url = format!("{}{path}", self.me.relay);
        self.http.perform(&Ask { method, url, headers, body, limit: 64 * 1024 * 1024 })
    }

    /// Asks something of the directory.
    pub fn ask_directory(&mut self, call: &wire::DirectoryCall) -> Result<HttpAnswer, Failure> {
        self.call("POST", "/v1/directory", &[], Body::Bytes(wire::to_bytes(call)))
    }

    /// Posts bytes to the exchange.
    pub fn post(&mut self, frame: Vec<u8>) -> Result<HttpAnswer, Failure> {
        let cbor = [("Content-Type", "application/cbor".to_owned())];
        self.call("POST", "/v1/sync", &cbor, Body::Bytes(frame))
    }

    /// One exchange; the outer error is the line's, the inner one the relay's.
    pub fn exchange(&mut self, request: &Request) -> Result<Result<Response, Refused>, Failure> {
        let answer = self.post(wire::to_bytes(request))?;
        if answer.status != 200 {
            return Ok(Err((answer.status, String::from_utf8_lossy(&answer.body).into_owned())));
        }
        Response::from_bytes(&answer.body, request.items.len()).map(Ok).map_err(|_| Failure::Unreadable)
    }

    /// Sends items, as one who knows everything else: only verdicts come back.
    pub fn send(&mut self, items: &[Item]) -> Result<Vec<Verdict>, Failure> {
        let request = Request::of(Cursor::default(), items.to_vec());
        match self.exchange(&request)? {
            Ok(response) => Ok(response.verdicts),
            Err((401 | 403, _)) => Err(Failure::Refused),
            Err(_) => Err(Failure::Unreachable),
        }
    }

    /// The acts that make a new piece of evidence, placed and shared with the whole circle.
    pub fn new_piece(&self, folio: FolioId, rng: &mut dyn Rng) -> (PieceId, Vec<Item>) {
        let piece = PieceId::new(now(), rng);
        let acts = [
            Act::DeclarePiece { piece, maker: self.me.person, kind: PieceKind::Evidence },
            Act::Place { piece, folio },
            Act::Share { piece, audience: Roles::WHOLE_CIRCLE, replaces: Vec::new() },
        ];
        let items = acts.iter().map(|act| raw::act(&self.me, ActId::new(now(), rng), act)).collect();
        (piece, items)
    }

    /// Begins an upload; answers the path where it goes on.
    pub fn begin_upload(
        &mut self,
        piece: PieceId,
        blob: BlobHash,
        length: u64,
    ) -> Result<HttpAnswer, Failure> {
        let metadata = format!(
            "hash {},piece {}",
            STANDARD.encode(blob.to_string()),
            STANDARD.encode(piece.to_string())
        );
        let headers = [tus(), ("Upload-Length", length.to_string()), ("Upload-Metadata", metadata)];
        self.call("POST", "/v1/uploads", &headers, Body::Empty)
    }

    /// Sends a stretch of an upload.
    pub fn patch(&mut self, path: &str, offset: u64, bytes: &[u8]) -> Result<HttpAnswer, Failure> {
        let headers = [
            tus(),
            ("Upload-Offset", offset.to_string()),
            ("Content-Type", "application/offset+octet-stream".to_owned()),
        ];
        self.call("PATCH", path, &headers, Body::Bytes(bytes.to_vec()))
    }

    /// Asks how far an upload came.
    pub fn offset(&mut self, path: &str) -> Result<HttpAnswer, Failure> {
        self.call("HEAD", path, &[tus()], Body::Empty)
    }

    /// Fetches a blob.
    pub fn blob(&mut self, blob: BlobHash) -> Result<HttpAnswer, Failure> {
        self.call("GET", &format!("/v1/blobs/{blob}"), &[], Body::Empty)
    }

    /// Opens a live connection, showing the token as a header.
    pub fn listen(&self) -> Result<Line, NotOpened> {
        let url = format!("{}/v1/live", self.me.relay.replacen("http", "ws", 1));
        let headers: Vec<_> =
            self.authorization.clone().map(|text| ("authorization", text)).into_iter().collect();
        Line::open_with(&url, &headers)
    }

    /// Uploads a blob at once, where nothing is expected to go wrong; answers the last status.
    pub fn upload(&mut self, piece: PieceId, bytes: &[u8]) -> Result<u16, Failure> {
        let begun = self.begin_upload(piece, BlobHash::of(bytes), bytes.len() as u64)?;
        let Some(path) = begun.location.filter(|_| !bytes.is_empty()) else { return Ok(begun.status) };
        Ok(self.patch(&path, 0, bytes)?.status)
    }
}

/// The header of every tus request.
pub fn tus() -> (&'static str, String) {
    ("Tus-Resumable", "1.0.0".to_owned())
}

/// A sheet that a client writes: it remembers its line of changes.
#[derive(Debug, Clone)]
pub struct Writing {
    /// Which document.
    pub document: DocumentId,
    /// Its content so far.
    pub sheet: Sheet,
    actor: [u8; 16],
}

impl Writing {
    /// An empty sheet, written under an actor of its own.
    pub fn new(document: DocumentId, rng: &mut dyn Rng) -> Self {
        Self { document, sheet: Sheet::genesis(), actor: random(rng) }
    }

    /// The next change, signed by `me`, naming `blobs`.
    pub fn write(
        &mut self,
        me: &Identity,
        blobs: &[BlobHash],
        write: impl FnOnce(&mut Edit<'_>) -> Result<(), SheetError>,
    ) -> SignedChange {
        let change = raw::change(me, self.document, &mut self.sheet, self.actor, write);
        let mut blobs = blobs.to_vec();
        blobs.sort();
        SignedChange { blobs, ..change }.signed(me.school, &me.key)
    }
}
