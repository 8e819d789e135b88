//! A mobile line: so many bytes a second, another number every moment, and now and then none at all, with everything on
//! the way lost. It counts the bytes of bodies that reached the relay.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Head;

/// The line. It is there until the process ends.
pub struct PacedLine {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    relay: SocketAddr,
    /// Bytes a second, both ways together.
    rate: AtomicU64,
    passed: Mutex<u64>,
    more: Condvar,
    open: Mutex<Vec<TcpStream>>,
}

/// Time between two portions.
const BEAT: Duration = Duration::from_millis(10);

impl PacedLine {
    /// Listens on a free port and leads to `relay`.
    pub fn start(relay: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let state = Arc::new(State {
            relay,
            rate: AtomicU64::new(u64::MAX),
            passed: Mutex::new(0),
            more: Condvar::new(),
            open: Mutex::new(Vec::new()),
        });
        let line = Self { address: listener.local_addr()?, state: state.clone() };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = state.clone();
                // A line that breaks is what this is for: both ends see it.
                std::thread::spawn(move || drop(state.carry(client)));
            }
        });
        Ok(line)
    }

    /// How clients reach it, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// So many bytes a second from now on.
    pub fn set_rate(&self, bytes: u64) {
        self.state.rate.store(bytes, Ordering::SeqCst);
    }

    /// Bytes of uploads' bodies that reached the relay.
    pub fn passed(&self) -> u64 {
        *self.state.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until so many bytes of bodies have reached the relay in all, or this time is over.
    pub fn wait_for(&self, bytes: u64, patience: Duration) {
        let passed = self.state.passed.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.state.more.wait_timeout_while(passed, patience, |passed| *passed < bytes));
    }

    /// Everything on the way is lost: the phone is off.
    pub fn lose(&self) {
        for stream in self.state.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

impl State {
    fn carry(&self, client: TcpStream) -> io::Result<()> {
        let relay = TcpStream::connect(self.relay)?;
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend([client.try_clone()?, relay.try_clone()?]);
        client.set_nodelay(true)?;
        relay.set_nodelay(true)?;
        let (mut to_client, mut to_relay) = (client.try_clone()?, relay.try_clone()?);
        let (mut client, mut relay) = (BufReader::new(client), BufReader::new(relay));
        while let Some(request) = Head::read(&mut client)? {
            to_relay.write_all(&request.bytes)?;
            let is_upload = request.line.starts_with("PATCH ");
            self.pass(&mut client, &mut to_relay, request.length, is_upload)?;
            let Some(answer) = Head::read(&mut relay)? else { break };
            to_client.write_all(&answer.bytes)?;
            let length = if request.line.starts_with("HEAD ") { 0 } else { answer.length };
            self.pass(&mut relay, &mut to_client, length, false)?;
        }
        Ok(())
    }

    fn pass(&self, from: &mut impl Read, to: &mut TcpStream, length: u64, counts: bool) -> io::Result<()> {
        let mut open = length;
        let mut buffer = vec![0; 64 * 1024];
        while open > 0 {
            let began = Instant::now();
            let beats = u64::try_from(Duration::from_secs(1).as_millis() / BEAT.as_millis()).unwrap_or(1);
            let portion = (self.rate.load(Ordering::SeqCst) / beats).clamp(1, buffer.len() as u64);
            let most = usize::try_from(open.min(portion)).unwrap_or(1);
            let read = from.read(&mut buffer[..most])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            to.write_all(&buffer[..read])?;
            open -= read as u64;
            if counts {
                *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += read as u64;
                self.more.notify_all();
            }
            // The line's own time.
            std::thread::sleep(BEAT.saturating_sub(began.elapsed()));
        }
        Ok(())
    }
}
