//! The relay's doors: connections are taken, bounded in number and in time, and let go of gracefully.
//!
//! Whoever opens many connections and says nothing, or says it one byte at a time, is hung up on; nobody else notices.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use fieldfolio_core::sync::budget;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
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
            tower_layer::layer_fn(move |inner| Heard { inner, seat: speaks.clone() }).layer(service);
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
                () = seat.leave.notified() => {}
                _ = closing.changed() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            seat.speaks();
            drop(place);
        });
    }
    drop((listener, close));
    if tokio::time::timeout(LEAVE, places.acquire_many(most)).await.is_err() {
        tracing::warn!("requests under way were cut off");
    }
    Ok(())
}

/// Connections on which no request has come yet, by their addresses, the oldest first.
#[derive(Debug, Default)]
struct Silent(Mutex<BTreeMap<IpAddr, BTreeMap<u64, Arc<Seat>>>>, AtomicU64);

/// One connection.
#[derive(Debug)]
struct Seat {
    all: Arc<Silent>,
    address: IpAddr,
    number: u64,
    /// It has said nothing, and somebody else needs its place.
    leave: Notify,
}

impl Silent {
    /// A connection begins. Of too many silent ones of its address, or of all when there is no place left, the oldest
    /// goes.
    fn take(self: &Arc<Self>, address: IpAddr, is_full: bool) -> Arc<Seat> {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        let seat = Arc::new(Seat { all: self.clone(), address, number, leave: Notify::new() });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hers = all.entry(address).or_default();
        hers.insert(number, seat.clone());
        let goes = match hers.len() > budget::SILENT_CONNECTIONS {
            true => hers.first_key_value().map(|(_, seat)| seat.clone()),
            false if is_full => {
                let oldest = all.values().filter_map(BTreeMap::first_key_value);
                oldest.min_by_key(|(number, _)| **number).map(|(_, seat)| seat.clone())
            }
            false => None,
        };
        drop(all);
        if let Some(goes) = goes {
            goes.leave.notify_one();
            goes.speaks();
        }
        seat
    }
}

impl Seat {
    /// It is silent no more: a request has come, or it has gone.
    fn speaks(&self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hers) = all.get_mut(&self.address) {
            hers.remove(&self.number);
            if hers.is_empty() {
                all.remove(&self.address);
            }
        }
    }
}

/// Notices that a request has come.
#[derive(Clone)]
struct Heard<S> {
    inner: S,
    seat: Arc<Seat>,
}

impl<R, S: Service<R>> Service<R> for Heard<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.seat.speaks();
        self.inner.call(request)
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
