//! Photos on their way in: how fast the relay takes them, beside a web server that only stores them and beside the
//! server of tus's makers, in one run on one disk.
//!
//! The relay hashes each photo, syncs it and records it before it answers. The other two do neither, so a sync of the
//! whole disk ends their runs.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::MAX_BLOBS;
use fieldfolio_core::ids::{DocumentId, PieceId};
use fieldfolio_core::sync::wire::{Item, Verdict};

use crate::driver::OsRng;
use crate::proxy::rough::{RoughLine, Way};
use crate::real::{Client, RealSchool, Writing};
use crate::sim::BoxError;

/// Photos, bytes of each, and lines at once.
const PHOTOS: usize = 200;
const LENGTH: usize = 3_000_000;
const LINES: usize = 8;
/// Runs of each; the best counts, since other work on the machine only ever slows one down.
const RUNS: usize = 3;
/// Photos that are brought over a line that cuts, and how long their device waits before it tries again: any does.
const CUT: usize = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// Runs everything and prints the figures.
pub(super) fn run() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    println!("{PHOTOS} photos of {} MB over {LINES} lines, the best of {RUNS} runs:", LENGTH / 1_000_000);
    let mut photos = Photos::new();
    let nginx = match Nginx::start(&folder.path().join("nginx"))? {
        Some(nginx) => Some(best(|run| {
            let path = |number| format!("/{run}-{number}.jpg");
            synced(folder.path(), || photos.send(nginx.0.address, 201, |n, _| put(path(n))))
        })?),
        None => None,
    };
    let tus = match node_server(&folder.path().join("tus"))? {
        Some(server) => Some(best(|_| {
            synced(folder.path(), || photos.send(server.address, 201, |_, _| create("", String::new())))
        })?),
        None => None,
    };
    let school = RealSchool::start_in(folder.path(), "quota_bytes_per_person = 1000000000000")?;
    let mut bringing = Bringing::new(&school)?;
    let whole = best(|_| bringing.run(&mut photos, &school))?;
    print("the relay, each one hashed, synced and recorded", Some(whole), None);
    print("nginx, a PUT each and one sync at the end", nginx, Some(whole));
    print("@tus/server, with its file store and one sync at the end", tus, Some(whole));
    bringing.over_cuts(&mut photos, &school)
}

fn print(what: &str, took: Option<Duration>, ours: Option<Duration>) {
    let Some(took) = took else { return println!("  {what}: not here (`make bench` brings it)") };
    let rate = (PHOTOS * LENGTH) as f64 / 1e6 / took.as_secs_f64();
    match ours {
        None => println!("  {what}: {rate:.0} MB/s"),
        Some(ours) => println!(
            "  {what}: {rate:.0} MB/s; the relay is at {:.2} of it",
            took.as_secs_f64() / ours.as_secs_f64()
        ),
    }
}

fn best(mut run: impl FnMut(usize) -> Result<Duration, BoxError>) -> Result<Duration, BoxError> {
    let mut best = Duration::MAX;
    for number in 0..RUNS {
        best = best.min(run(number)?);
    }
    Ok(best)
}

/// Runs it and has the disk written; how long both took.
fn synced(folder: &Path, run: impl FnOnce() -> Result<Duration, BoxError>) -> Result<Duration, BoxError> {
    let took = run()?;
    let began = Instant::now();
    let ended = Command::new("sync").arg("-f").arg(folder).status()?;
    if ended.success() { Ok(took + began.elapsed()) } else { Err("sync failed".into()) }
}

/// Photos that differ in their first bytes: new ones for each run.
struct Photos {
    bytes: Vec<u8>,
    made: u64,
}

impl Photos {
    fn new() -> Self {
        let mut bytes = vec![0; LENGTH];
        fieldfolio_core::ids::Rng::fill(&mut OsRng, &mut bytes);
        Self { bytes, made: 0 }
    }

    fn next(&mut self) -> Vec<u8> {
        self.made += 1;
        self.bytes[..8].copy_from_slice(&self.made.to_be_bytes());
        self.bytes.clone()
    }

    /// Sends new photos, each in one request, and waits for `expected` each time; how long it took.
    fn send(
        &mut self,
        address: SocketAddr,
        expected: u16,
        head: impl Fn(usize, &[u8]) -> String + Sync,
    ) -> Result<Duration, BoxError> {
        let photos: Vec<Vec<u8>> = (0..PHOTOS).map(|_| self.next()).collect();
        send(&photos, address, expected, head)
    }
}

fn send(
    photos: &[Vec<u8>],
    address: SocketAddr,
    expected: u16,
    head: impl Fn(usize, &[u8]) -> String + Sync,
) -> Result<Duration, BoxError> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let lines: Vec<_> = (0..LINES)
            .map(|_| {
                scope.spawn(|| -> Result<(), String> {
                    let mut line = HttpLine::open(address).map_err(|error| error.to_string())?;
                    loop {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        let Some(photo) = photos.get(number) else { return Ok(()) };
                        let answer =
                            line.ask(&head(number, photo), photo).map_err(|error| error.to_string())?;
                        if answer.status != expected {
                            return Err(format!("answered with {}", answer.status));
                        }
                    }
                })
            })
            .collect();
        lines.into_iter().try_for_each(|line| line.join().map_err(|_| "a line stopped".to_owned())?)
    })?;
    Ok(began.elapsed())
}

fn put(path: String) -> String {
    format!("PUT {path} HTTP/1.1\r\n")
}

fn create(token: &str, metadata: String) -> String {
    format!(
        "POST /v1/uploads HTTP/1.1\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Length: {LENGTH}\r\nContent-Type: application/offset+octet-stream\r\n{metadata}"
    )
}

/// A device that names photos and brings them.
struct Bringing {
    client: Client,
    piece: PieceId,
    writing: Writing,
}

impl Bringing {
    fn new(school: &RealSchool) -> Result<Self, BoxError> {
        let mut client = school.client("mina", "phone")?;
        let (piece, items) = client.new_piece(school.folio("mina/community-garden"), &mut OsRng);
        client.send(&items).map_err(|failure| format!("{failure:?}"))?;
        let writing = Writing::new(DocumentId::content(piece), &mut OsRng);
        Ok(Self { client, piece, writing })
    }

    fn name(&mut self, photos: &[Vec<u8>]) -> Result<(), BoxError> {
        let mut blobs: Vec<BlobHash> = photos.iter().map(|photo| BlobHash::of(photo)).collect();
        blobs.sort();
        for blobs in blobs.chunks(MAX_BLOBS) {
            let title = format!("Up to {}", blobs[0]);
            let change = self.writing.write(&self.client.me, blobs, |edit| edit.title(&title));
            let verdicts =
                self.client.send(&[Item::Change(change)]).map_err(|failure| format!("{failure:?}"))?;
            if !matches!(verdicts[..], [Verdict::Stored(_)]) {
                return Err(format!("not stored: {verdicts:?}").into());
            }
        }
        Ok(())
    }

    fn metadata(&self, photo: &[u8]) -> String {
        let (hash, piece) = (BlobHash::of(photo).to_string(), self.piece.to_string());
        format!("Upload-Metadata: hash {},piece {}\r\n", STANDARD.encode(hash), STANDARD.encode(piece))
    }

    fn token(&self) -> &str {
        self.client.authorization.as_deref().unwrap_or_default().trim_start_matches("Bearer ")
    }

    fn run(&mut self, photos: &mut Photos, school: &RealSchool) -> Result<Duration, BoxError> {
        let photos: Vec<Vec<u8>> = (0..PHOTOS).map(|_| photos.next()).collect();
        self.name(&photos)?;
        let heads: Vec<String> =
            photos.iter().map(|photo| create(self.token(), self.metadata(photo))).collect();
        send(&photos, school.address, 201, |number, _| heads[number].clone())
    }

    /// Brings photos over a line that cuts, each time from where the relay says.
    fn over_cuts(&mut self, photos: &mut Photos, school: &RealSchool) -> Result<(), BoxError> {
        let photos: Vec<Vec<u8>> = (0..CUT).map(|_| photos.next()).collect();
        self.name(&photos)?;
        let line = RoughLine::start(school.address, Way::Cuts, 1)?;
        let address: SocketAddr = line.url().trim_start_matches("http://").parse()?;
        let mut requests = 0;
        for photo in &photos {
            let begun = self
                .client
                .begin_upload(self.piece, BlobHash::of(photo), LENGTH as u64)
                .map_err(|failure| format!("{failure:?}"))?;
            let path = begun.location.ok_or("an upload has no address")?;
            let common = format!(
                "{path} HTTP/1.1\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n",
                self.token()
            );
            loop {
                requests += 1;
                let asked = self.client.offset(&path).map_err(|failure| format!("{failure:?}"))?;
                let offset = asked.upload_offset.ok_or("an upload has no offset")?;
                let rest = &photo[usize::try_from(offset)?..];
                if rest.is_empty() {
                    break;
                }
                let kind = "Content-Type: application/offset+octet-stream";
                let head = format!("PATCH {common}Upload-Offset: {offset}\r\n{kind}\r\n");
                // It breaks: that is what the line is for.
                drop(HttpLine::open(address).and_then(|mut line| line.ask(&head, rest)));
                std::thread::sleep(PAUSE);
            }
        }
        let (sent, all) = (line.carried_up(), (CUT * LENGTH) as u64);
        println!(
            "over a line that was cut {} times, {:.2} % more than the photos' bytes reached the relay, heads and all \
             ({requests} requests)",
            line.happened(),
            (sent as f64 / all as f64 - 1.0) * 100.0,
        );
        Ok(())
    }
}

/// Just enough HTTP to send bodies with little work: what is measured is the other side.
struct HttpLine(BufReader<TcpStream>);

struct Answer {
    status: u16,
}

impl HttpLine {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    fn ask(&mut self, head: &str, body: &[u8]) -> io::Result<Answer> {
        let head = format!("{head}Host: relay\r\nContent-Length: {}\r\n\r\n", body.len());
        self.0.get_mut().write_all(head.as_bytes())?;
        self.0.get_mut().write_all(body)?;
        let (mut status, mut length, mut is_chunked) = (0, 0, false);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().map_err(|_| io::ErrorKind::InvalidData)?;
                }
                Some((name, _)) => is_chunked |= name.eq_ignore_ascii_case("transfer-encoding"),
                None if line.starts_with("HTTP/") => {
                    let word = line.split(' ').nth(1).and_then(|word| word.parse().ok());
                    status = word.ok_or(io::ErrorKind::InvalidData)?;
                }
                None => break,
            }
        }
        io::copy(&mut (&mut self.0).take(length), &mut io::sink())?;
        // Whoever answers in chunks has nothing to say here: its last chunk is its first.
        if is_chunked
            && (self.0.read_line(&mut String::new())?, self.0.read_line(&mut String::new())?) != (3, 2)
        {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Answer { status })
    }
}

/// A server beside the relay. Dropping it ends it.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked, it ends its own children too. Nobody is left to tell; the process is gone either way.
        let pid = self.child.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid]).status();
        if !asked.is_ok_and(|asked| asked.success()) {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

/// The server of tus's makers; none where it wasn't installed.
fn node_server(folder: &Path) -> Result<Option<Server>, BoxError> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tus");
    if !scripts.join("node_modules").is_dir() {
        return Ok(None);
    }
    std::fs::create_dir(folder)?;
    let mut command = Command::new("node");
    command.arg(scripts.join("server.mjs")).arg(folder).arg("1000000000");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut said = String::new();
    BufReader::new(child.stdout.take().ok_or("it was just piped")?).read_line(&mut said)?;
    let address = said.trim_end().trim_start_matches("listening on http://").parse()?;
    Ok(Some(Server { child, address }))
}

/// nginx as a place for PUTs, from a folder of its own.
struct Nginx(Server);

impl Nginx {
    /// None where it isn't installed.
    fn start(folder: &Path) -> Result<Option<Self>, BoxError> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/nginx/usr/sbin/nginx");
        let found = [own, PathBuf::from("/usr/sbin/nginx")].into_iter().find(|path| path.is_file());
        let Some(program) = found else { return Ok(None) };
        std::fs::create_dir_all(folder.join("files"))?;
        // A port that is free now; nginx can't tell which one it took.
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let settings = folder.join("nginx.conf");
        std::fs::write(&settings, Self::settings(folder, address))?;
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(&settings).arg("-e").arg(folder.join("error.log"));
        let child = command.stdin(Stdio::null()).spawn()?;
        let mut server = Server { child, address };
        while TcpStream::connect(address).is_err() {
            if server.child.try_wait()?.is_some() {
                let said = std::fs::read_to_string(folder.join("error.log"))?;
                return Err(format!("nginx ended: {said}").into());
            }
            std::thread::yield_now();
        }
        Ok(Some(Self(server)))
    }

    fn settings(folder: &Path, address: SocketAddr) -> String {
        let folder = folder.display();
        let aside: String = ["proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
            .collect();
        format!(
            "daemon off; user root; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; client_max_body_size 0; client_body_buffer_size 1m; keepalive_requests 100000;\n\
             client_body_temp_path {folder}/aside; {aside}\
             server {{ listen {address}; root {folder}/files; location / {{ dav_methods PUT; }} }} }}\n"
        )
    }
}
