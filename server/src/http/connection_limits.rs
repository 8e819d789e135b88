//! The relay's doors: connections are taken, bounded in number and in time, and let go of gracefully.
//!
//! Whoever opens many connections and says nothing, or says it one byte at a time, is hung up on; nobody else notices.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use fieldfolio_core::sync::budget;
use futures_util::future::BoxFuture;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, Semaphore, watch};
use tower_layer::Layer;
use tower_service::Service;

use crate::config::Config;

/// A request's head comes within this time; a connection that nobody uses is closed after it.
const HEAD: Duration = Duration::from_secs(60);
/// The most bytes of a head, and of what is buffered of a body.
const BUFFER: usize = 64 * 1024;
/// The most headers of a request.
const HEADERS: usize = 64;
/// How long requests under way may take when the relay ends.
const LEAVE: Duration = Duration::from_secs(10);
/// Files and sockets that are for everything but connections.
const OTHER_FILES: u64 = 256;

/// How many connections may wait to be taken: the system drops what comes above it, and a caller whose first word was
/// dropped says it again only after a second. (The system's own bound, `somaxconn`, is 4,096 where nobody lowered it.)
const BACKLOG: u32 = 4096;

/// Listens at an address, from here on: who calls before connections are taken waits.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Or a relay that was just ended would keep its successor out for a minute.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Takes connections until `stop`; then those under way come to their end.
pub(crate) async fn open(
    listener: TcpListener,
    router: Router,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    let most = u32::try_from(room_for(config.connections)).unwrap_or(u32::MAX);
    let places = Arc::new(Semaphore::new(most as usize));
    let silent = Arc::new(Silent::default());
    let (close, closing) = watch::channel(());
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = tokio::select! {
            () = &mut stop => break,
            place = places.clone().acquire_owned() => place?,
        };
        let (stream, address) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // The one who called has gone, or files are scarce for the moment: others come and go.
                    tracing::warn!(%error, "a connection was not taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Answers are small and waited for.
        drop(stream.set_nodelay(true));
        // With the last place taken, whoever has said nothing for longest makes room for the next.
        let seat = silent.take(address.ip(), places.available_permits() == 0);
        let service = axum::Extension(ConnectInfo::<SocketAddr>(address)).layer(router.clone());
        let speaks = seat.clone();
        let service =
            tower_layer::layer_fn(move |inner| NoticeRequest { inner, seat: speaks.clone() }).layer(service);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(BUFFER)
            .max_headers(HEADERS)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .with_upgrades();
        let mut closing = closing.clone();
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            // Whatever ends it, there is nobody left to tell.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = seat.leave.notified() => {
                    // What it was just asking is answered; who said nothing at all is hung up on.
                    connection.as_mut().graceful_shutdown();
                    if seat.has_spoken.load(Ordering::Acquire) {
                        let _ = tokio::time::timeout(PARTING, connection).await;
                    }
                }
                _ = closing.changed() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            seat.goes();
            drop(place);
        });
    }
    drop((listener, close));
    if tokio::time::timeout(LEAVE, places.acquire_many(most)).await.is_err() {
        tracing::warn!("requests under way were cut off");
    }
    Ok(())
}

/// How long a connection that has to go may still be answered.
const PARTING: Duration = Duration::from_secs(30);

/// Connections that can be done without, the oldest first: on which no request has come yet, by their addresses, and on
/// which none has come that showed anything since the last one was answered.
#[derive(Debug, Default)]
struct Silent(Mutex<Waiting>, AtomicU64);

#[derive(Debug, Default)]
struct Waiting {
    unheard: BTreeMap<IpAddr, BTreeMap<u64, Arc<Seat>>>,
    idle: BTreeMap<u64, Arc<Seat>>,
}

/// One connection.
#[derive(Debug)]
struct Seat {
    all: Arc<Silent>,
    address: IpAddr,
    /// Its place in line: a new one each time that it waits.
    number: AtomicU64,
    has_spoken: AtomicBool,
    /// Somebody else needs its place.
    leave: Notify,
}

impl Silent {
    /// A connection begins. Of too many of its address that have said nothing, or, when there is no place left, of all
    /// that can be done without, the oldest goes.
    fn take(self: &Arc<Self>, address: IpAddr, is_full: bool) -> Arc<Seat> {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        let seat = Arc::new(Seat {
            all: self.clone(),
            address,
            number: AtomicU64::new(number),
            has_spoken: AtomicBool::new(false),
            leave: Notify::new(),
        });
        let mut waiting = self.lock();
        let hers = waiting.unheard.entry(address).or_default();
        let goes = match hers.len() >= budget::SILENT_CONNECTIONS {
            true => hers.pop_first().map(|(_, seat)| seat),
            false if is_full => waiting.oldest(),
            false => None,
        };
        waiting.unheard.entry(address).or_default().insert(number, seat.clone());
        drop(waiting);
        if let Some(goes) = goes {
            goes.leave.notify_one();
        }
        seat
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Takes out the one that has waited longest.
    fn oldest(&mut self) -> Option<Arc<Seat>> {
        let unheard = self.unheard.values().filter_map(BTreeMap::first_key_value);
        let unheard =
            unheard.min_by_key(|(number, _)| **number).map(|(number, seat)| (*number, seat.clone()));
        let idle = self.idle.first_key_value().map(|(number, seat)| (*number, seat.clone()));
        let (number, seat) = unheard.into_iter().chain(idle).min_by_key(|(number, _)| *number)?;
        self.forget(seat.address, number);
        Some(seat)
    }

    fn forget(&mut self, address: IpAddr, number: u64) {
        self.idle.remove(&number);
        if let Some(hers) = self.unheard.get_mut(&address) {
            hers.remove(&number);
            if hers.is_empty() {
                self.unheard.remove(&address);
            }
        }
    }
}

impl Seat {
    /// A request has come: it can't be done without.
    fn speaks(&self) {
        self.has_spoken.store(true, Ordering::Release);
        self.goes();
    }

    /// It is in no line any more.
    fn goes(&self) {
        self.all.lock().forget(self.address, self.number.load(Ordering::Acquire));
    }

    /// It was answered, and had shown nothing that opens anything: it may make room for others.
    fn rests(self: &Arc<Self>) {
        let number = self.all.1.fetch_add(1, Ordering::Relaxed);
        self.number.store(number, Ordering::Release);
        self.all.lock().idle.insert(number, self.clone());
    }
}

/// Notices that a request has come.
#[derive(Clone)]
struct NoticeRequest<S> {
    inner: S,
    seat: Arc<Seat>,
}

impl<B, S> Service<Request<B>> for NoticeRequest<S>
where
    S: Service<Request<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.seat.speaks();
        let headers = request.headers();
        let shows = headers.contains_key(AUTHORIZATION) || headers.contains_key(SEC_WEBSOCKET_PROTOCOL);
        let (answer, seat) = (self.inner.call(request), self.seat.clone());
        Box::pin(async move {
            let answer = answer.await;
            if !shows {
                seat.rests();
            }
            answer
        })
    }
}

/// As many connections as were asked for, if the system has files for so many.
fn room_for(most: usize) -> usize {
    match files() {
        Some(files) => {
            let room = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
            if room < most {
                tracing::warn!(room, most, "the system has files for fewer connections: raise its limit");
            }
            most.min(room.max(16))
        }
        None => most,
    }
}

/// How many files this process may have open, after asking for as many as it may ask for.
#[cfg(unix)]
fn files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Without success the limit stays what it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
fn files() -> Option<u64> {
    None
}
