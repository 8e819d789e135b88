//! The relay's doors: connections are taken, bounded in number and in time, and let go of gracefully.
//!
//! Whoever opens many connections and says nothing, or says it one byte at a time, is hung up on; nobody else notices.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower_layer::Layer;

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
    most: usize,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    let most = u32::try_from(room_for(most)).unwrap_or(u32::MAX);
    let places = Arc::new(Semaphore::new(most as usize));
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
        let service = axum::Extension(ConnectInfo::<SocketAddr>(address)).layer(router.clone());
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
                _ = closing.changed() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(place);
        });
    }
    drop((listener, close));
    if tokio::time::timeout(LEAVE, places.acquire_many(most)).await.is_err() {
        tracing::warn!("requests under way were cut off");
    }
    Ok(())
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
