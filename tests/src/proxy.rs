//! A line between clients and the relay that does something terrible at an exact place: after the last byte of a request
//! was passed on, when the first byte of an answer came, halfway through a body, or after so many bytes.
//!
//! It speaks just enough HTTP/1.1 to know where it is: heads, and bodies with a `Content-Length`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub mod front;
pub mod paced;
pub mod rough;

/// Where on the line it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The request's last byte was passed on.
    RequestPassed,
    /// The first byte of the answer came, and nothing of it was passed on.
    AnswerBegun,
    /// Half of the request's body was passed on.
    HalfwayUp,
    /// The whole answer was passed on.
    AnswerPassed,
    /// This many bytes more were passed on, of any request and answer.
    Bytes(u64),
}

/// What happens, once, at a point of the first request that fits.
pub struct Trap {
    /// Where.
    pub point: Point,
    /// The request's line begins so: "PATCH /v1/uploads/".
    pub request: &'static str,
    /// What happens. Afterwards the connection is dropped.
    pub spring: Box<dyn FnOnce() + Send>,
}

/// The line. It is there until the process ends: connections end with their clients.
#[derive(Clone)]
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    relay: Mutex<Option<SocketAddr>>,
    trap: Mutex<Option<Trap>>,
    /// Bytes that may still pass before a [`Point::Bytes`] trap springs.
    left: AtomicU64,
}

impl Proxy {
    /// Listens on a free port.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Self { address: listener.local_addr()?, line: Arc::default() };
        let line = proxy.line.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let line = line.clone();
                // A broken line is what this is for: both ends see it.
                std::thread::spawn(move || drop(line.carry(client)));
            }
        });
        Ok(proxy)
    }

    /// How clients reach it, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the relay is.
    pub fn lead_to(&self, relay: SocketAddr) {
        *self.line.relay.lock().unwrap_or_else(PoisonError::into_inner) = Some(relay);
    }

    /// Sets a trap in place of the one before.
    pub fn set(&self, trap: Trap) {
        let mut set = self.line.trap.lock().unwrap_or_else(PoisonError::into_inner);
        let left = if let Point::Bytes(bytes) = trap.point { bytes } else { u64::MAX };
        self.line.left.store(left, Ordering::SeqCst);
        *set = Some(trap);
    }
}

impl Line {
    fn carry(&self, client: TcpStream) -> io::Result<()> {
        let relay = *self.relay.lock().unwrap_or_else(PoisonError::into_inner);
        let relay = TcpStream::connect(relay.ok_or(io::ErrorKind::NotConnected)?)?;
        client.set_nodelay(true)?;
        relay.set_nodelay(true)?;
        let (mut to_client, mut to_relay) = (client.try_clone()?, relay.try_clone()?);
        let (mut client, mut relay) = (BufReader::new(client), BufReader::new(relay));
        while let Some(request) = Head::read(&mut client)? {
            let trap = self.trap_for(&request);
            let at = trap.as_ref().map(|trap| trap.point);
            self.pass(&mut request.bytes.as_slice(), &mut to_relay, request.bytes.len() as u64)?;
            let half = if at == Some(Point::HalfwayUp) { request.length / 2 } else { request.length };
            self.pass(&mut client, &mut to_relay, half)?;
            if matches!(at, Some(Point::HalfwayUp | Point::RequestPassed)) {
                return spring(trap);
            }
            if at == Some(Point::AnswerBegun) {
                relay.fill_buf()?;
                return spring(trap);
            }
            let answer = Head::read(&mut relay)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            self.pass(&mut answer.bytes.as_slice(), &mut to_client, answer.bytes.len() as u64)?;
            let has_body = !request.line.starts_with("HEAD ");
            self.pass(&mut relay, &mut to_client, if has_body { answer.length } else { 0 })?;
            if at == Some(Point::AnswerPassed) {
                return spring(trap);
            }
        }
        Ok(())
    }

    fn trap_for(&self, request: &Head) -> Option<Trap> {
        let mut trap = self.trap.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            |trap: &Trap| !matches!(trap.point, Point::Bytes(_)) && request.line.starts_with(trap.request);
        if trap.as_ref().is_some_and(fits) { trap.take() } else { None }
    }

    /// Passes `length` bytes on, and springs a trap that counts them.
    fn pass(&self, from: &mut impl Read, to: &mut TcpStream, length: u64) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        let mut open = length;
        while open > 0 {
            let most = usize::try_from(open).unwrap_or(usize::MAX).min(buffer.len());
            let read = from.read(&mut buffer[..most])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let before = self.count(read as u64);
            if before <= read as u64 {
                let kept = usize::try_from(before).unwrap_or(read);
                let passed = to.write_all(&buffer[..kept]);
                let trap = self.trap.lock().unwrap_or_else(PoisonError::into_inner).take();
                // Also when the other end is gone already: nobody counts to it again.
                spring(trap)?;
                passed?;
            }
            to.write_all(&buffer[..read])?;
            open -= read as u64;
        }
        Ok(())
    }

    /// Takes `bytes` off what may still pass; answers what was left before.
    fn count(&self, bytes: u64) -> u64 {
        let take = |left: u64| match left {
            u64::MAX => None,
            left => Some(if left <= bytes { u64::MAX } else { left - bytes }),
        };
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).unwrap_or(u64::MAX)
    }
}

/// Springs the trap; the error ends the connection.
fn spring(trap: Option<Trap>) -> io::Result<()> {
    let Some(trap) = trap else { return Ok(()) };
    (trap.spring)();
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// The head of a request or an answer.
struct Head {
    bytes: Vec<u8>,
    line: String,
    length: u64,
}

impl Head {
    /// The next one; `None` when the other side has nothing more to say.
    fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = Self { bytes: Vec::new(), line: String::new(), length: 0 };
        loop {
            let mut line = Vec::new();
            if from.read_until(b'\n', &mut line)? == 0 {
                return if head.bytes.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
            head.bytes.extend_from_slice(&line);
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if text.is_empty() {
                return Ok(Some(head));
            }
            if head.line.is_empty() {
                head.line = text;
            } else if let Some((name, value)) = text.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => {
                        head.length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
                    }
                    // Nothing of ours is sent so; better to stop than to lose one's place.
                    "transfer-encoding" => return Err(io::ErrorKind::Unsupported.into()),
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A relay that answers every request with five bytes.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let mut to = stream.try_clone().unwrap();
                std::thread::spawn(move || {
                    let mut from = BufReader::new(stream);
                    while let Ok(Some(head)) = Head::read(&mut from) {
                        let mut body = vec![0; head.length as usize];
                        if from.read_exact(&mut body).is_err() {
                            return;
                        }
                        to.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nthere").unwrap();
                    }
                });
            }
        });
        address
    }

    fn ask(url: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.write_all(b"POST /v1/sync HTTP/1.1\r\ncontent-length: 10\r\n\r\n0123456789")?;
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn what_is_not_trapped_passes_and_each_trap_springs_once_at_its_place() {
        let proxy = Proxy::start().unwrap();
        proxy.lead_to(echo());
        assert!(ask(&proxy.url()).unwrap().ends_with("there"));
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nthere".len() as u64;
        for (point, passed) in [
            (Point::RequestPassed, 0),
            (Point::AnswerBegun, 0),
            (Point::HalfwayUp, 0),
            (Point::AnswerPassed, whole),
            (Point::Bytes(30), 0),
            (Point::Bytes(60), 4),
        ] {
            let (sprung, springs) = mpsc::channel();
            let spring = Box::new(move || sprung.send(()).unwrap());
            proxy.set(Trap { point, request: "POST /v1/sync", spring });
            let answer = ask(&proxy.url()).unwrap_or_default();
            springs.recv().unwrap();
            assert_eq!(answer.len() as u64, passed, "{point:?}");
            assert!(ask(&proxy.url()).unwrap().ends_with("there"), "after {point:?}");
        }
    }
}
