//! A line as phones have it: each connection breaks in its way after a number of bytes drawn from a seed. Which
//! connection meets which number depends on who connects first; what it does to it does not.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fieldfolio_core::ids::SeededRng;

/// In which way a line is rough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It ends for both sides, now on the way to the relay, now on the way back: then an answer is lost.
    Cuts,
    /// It carries nothing for a moment, and then ends.
    Stalls,
    /// The relay hears the end of the line while the client still hears the relay.
    HalfCloses,
    /// It carries little at a time, and never ends by itself.
    Slow,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 4] = [Way::Cuts, Way::Stalls, Way::HalfCloses, Way::Slow];
}

/// The most bytes that pass before it happens.
const LONGEST: u64 = 300 * 1024;
/// The most bytes of an answer that pass, when it happens on the way back.
const ANSWER: u64 = 700;
/// How long nothing is carried. The line's time: nobody waits for it to be over.
const STALL: Duration = Duration::from_millis(30);
/// What a slow line carries at a time, and the time between.
const SIP: usize = 24 * 1024;
const BETWEEN: Duration = Duration::from_millis(1);

/// The line. It is there until the process ends.
pub struct RoughLine {
    address: SocketAddr,
    seen: Arc<Seen>,
}

/// What the line has seen.
#[derive(Default)]
struct Seen {
    happened: AtomicU32,
    carried_up: AtomicU64,
}

/// What happens to one connection: on the way to the relay after so many bytes, and on the way back.
#[derive(Debug, Clone, Copy)]
struct Fate {
    way: Way,
    up: u64,
    down: u64,
}

impl RoughLine {
    /// Listens on a free port and leads to `relay`.
    pub fn start(relay: SocketAddr, way: Way, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let line = Self { address: listener.local_addr()?, seen: Arc::default() };
        let (seen, dice) = (line.seen.clone(), Mutex::new(SeededRng::new(seed)));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let fate = draw(way, &mut dice.lock().unwrap_or_else(PoisonError::into_inner));
                let seen = seen.clone();
                // A broken line is what this is for: both ends see it.
                std::thread::spawn(move || drop(carry(client, relay, fate, &seen)));
            }
        });
        Ok(line)
    }

    /// How clients reach it, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often it happened.
    pub fn happened(&self) -> u32 {
        self.seen.happened.load(Ordering::SeqCst)
    }

    /// Bytes that reached the relay.
    pub fn carried_up(&self) -> u64 {
        self.seen.carried_up.load(Ordering::SeqCst)
    }
}

fn draw(way: Way, dice: &mut SeededRng) -> Fate {
    // Past the head at least now and then, so that there is always some way forward.
    let (up, down) = (400 + dice.below(LONGEST), dice.below(ANSWER));
    let is_way_back = way == Way::Cuts && dice.happens(35);
    match (way, is_way_back) {
        (Way::Slow, _) => Fate { way, up: 0, down: u64::MAX },
        (_, true) => Fate { way, up: u64::MAX, down },
        (_, false) => Fate { way, up, down: u64::MAX },
    }
}

fn carry(client: TcpStream, relay: SocketAddr, fate: Fate, seen: &Arc<Seen>) -> io::Result<()> {
    let relay = TcpStream::connect(relay)?;
    client.set_nodelay(true)?;
    relay.set_nodelay(true)?;
    let (mut from_relay, mut to_client) = (relay.try_clone()?, client.try_clone()?);
    let back = {
        let seen = seen.clone();
        std::thread::spawn(move || {
            let broke = pass(&mut from_relay, &mut to_client, fate.down, fate.way, &seen.happened, |_| {});
            let ends = if broke.is_ok_and(|whole| whole) { Shutdown::Write } else { Shutdown::Both };
            // Whoever is gone already has shut down.
            drop(to_client.shutdown(ends));
            drop(from_relay.shutdown(if ends == Shutdown::Both { Shutdown::Both } else { Shutdown::Read }));
        })
    };
    let (mut client, mut relay) = (client, relay);
    let count = |bytes: usize| {
        seen.carried_up.fetch_add(bytes as u64, Ordering::SeqCst);
    };
    let whole = pass(&mut client, &mut relay, fate.up, fate.way, &seen.happened, count).unwrap_or(false);
    if whole || fate.way == Way::HalfCloses {
        drop(relay.shutdown(Shutdown::Write));
    } else {
        drop(relay.shutdown(Shutdown::Both));
        drop(client.shutdown(Shutdown::Both));
    }
    if fate.way == Way::HalfCloses && !whole {
        // The client may go on speaking, as it does; nobody listens.
        io::copy(&mut client, &mut io::sink())?;
    }
    // It ends with the connection; a thread that panicked has ended too.
    drop(back.join());
    Ok(())
}

/// Passes bytes on until the end of the line, or until it happens; true if it was the end.
fn pass(
    from: &mut TcpStream,
    to: &mut TcpStream,
    until: u64,
    way: Way,
    happened: &AtomicU32,
    count: impl Fn(usize),
) -> io::Result<bool> {
    let (mut buffer, mut left) = ([0; SIP], until);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(true);
        }
        if way == Way::Slow {
            if read == SIP {
                happened.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(BETWEEN);
            }
            to.write_all(&buffer[..read])?;
            count(read);
            continue;
        }
        let kept = usize::try_from(left).unwrap_or(read).min(read);
        to.write_all(&buffer[..kept])?;
        count(kept);
        left -= if left == u64::MAX { 0 } else { kept as u64 };
        if kept < read {
            happened.fetch_add(1, Ordering::SeqCst);
            if way == Way::Stalls {
                std::thread::sleep(STALL);
            }
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A relay that answers what it heard once it hears nothing more: how many bytes.
    fn counting() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut heard = Vec::new();
                // A line that breaks has been heard up to there.
                drop(stream.read_to_end(&mut heard));
                drop(stream.write_all(heard.len().to_string().as_bytes()));
            }
        });
        address
    }

    fn say(line: &RoughLine, bytes: usize) -> io::Result<String> {
        let mut stream = TcpStream::connect(line.address)?;
        let mut answer = String::new();
        stream.write_all(&vec![7; bytes])?;
        stream.shutdown(Shutdown::Write)?;
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn each_way_is_rough_in_its_own_way() {
        let relay = counting();
        let much = LONGEST as usize * 2;
        for way in [Way::Cuts, Way::Stalls] {
            let line = RoughLine::start(relay, way, 1).unwrap();
            let broken = (0..8).filter(|_| say(&line, much).is_ok_and(|answer| !answer.is_empty())).count();
            assert!(broken < 8 && line.happened() > 0, "{way:?}: {broken} came through");
        }
        let line = RoughLine::start(relay, Way::HalfCloses, 1).unwrap();
        let mut stream = TcpStream::connect(line.address).unwrap();
        // Not everything may be taken, but the answer comes.
        drop(stream.write_all(&vec![7; much]));
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.parse::<usize>().unwrap() < much);

        let line = RoughLine::start(relay, Way::Slow, 1).unwrap();
        assert_eq!(say(&line, much).unwrap(), much.to_string());
    }
}
