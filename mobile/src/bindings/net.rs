//! The network of a device: one request or one live line at a time, as the core asks for it. Nothing is tried again here:
//! when, and whether, is the core's to say.

mod line;
mod tls;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::pin::Pin as Pinned;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use fieldfolio_core::device::{Ask, Body, HttpAnswer};
use fieldfolio_core::model::invitation::Pin;
use fieldfolio_core::store::Identity;
use fieldfolio_core::sync::Failure;
use fieldfolio_core::sync::wire::MARK;
use futures_util::Stream;
use reqwest::header::{self, HeaderMap};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeekExt, ReadBuf};

use super::failure::FieldfolioError;

pub(super) use line::{Line, LineRequest};
pub(super) use tls::is_pinned;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(15);
/// How long an exchange or a call may take: both are small.
pub(super) const EXCHANGE: Duration = Duration::from_secs(60);
/// How long one stretch of a file may take on a slow line.
const TRANSFER: Duration = Duration::from_secs(600);
/// Bytes of a file that are read at once.
const AHEAD: usize = 128 * 1024;

/// A device's way to its school.
#[derive(Debug, Clone)]
pub(super) struct Net {
    client: reqwest::Client,
    tls: Arc<rustls::ClientConfig>,
    /// `Bearer …`; none for who is no device yet.
    authorization: Option<String>,
    traffic: Arc<Traffic>,
}

/// What went over it.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    up: AtomicU64,
    down: AtomicU64,
    /// Of each file that is on its way: up to where it has left.
    leaving: Mutex<BTreeMap<PathBuf, u64>>,
}

impl Traffic {
    /// Bytes of bodies: sent, received.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.up.load(Ordering::Relaxed), self.down.load(Ordering::Relaxed))
    }

    /// Up to where a file has left, if it is on its way now.
    pub(super) fn left(&self, file: &PathBuf) -> Option<u64> {
        self.files().get(file).copied()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<PathBuf, u64>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Net {
    /// For who is no device yet.
    pub(super) fn stranger(pin: Option<Pin>) -> Result<Self, FieldfolioError> {
        let broken = |error: &dyn std::error::Error| FieldfolioError::Broken {
            reason: format!("this device offers no way to prove a web server ({error}): report this"),
        };
        let tls = tls::config(pin).map_err(|error| broken(&error))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            // A token goes to the relay only, whatever it answers.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent("fieldfolio")
            .connect_timeout(CONNECT)
            .read_timeout(EXCHANGE)
            .pool_max_idle_per_host(4)
            .build()
            .map_err(|error| broken(&error))?;
        Ok(Self { client, tls: Arc::new(tls), authorization: None, traffic: Arc::default() })
    }

    /// For this device.
    pub(super) fn of(identity: &Identity) -> Result<Self, FieldfolioError> {
        let authorization = Some(format!("Bearer {}", super::token(identity)));
        Ok(Self { authorization, ..Self::stranger(identity.pin)? })
    }

    /// What went over it so far.
    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// Does what is asked, once. Dropped, it is given up.
    pub(super) async fn perform(&self, ask: &Ask) -> Result<HttpAnswer, Failure> {
        let method = ask.method.parse().map_err(|_| Failure::Unreachable)?;
        // A stretch of a file may come slowly, as long as it comes.
        let time = if ask.method == "GET" { TRANSFER } else { EXCHANGE };
        let mut request = self.client.request(method, &ask.url).timeout(time);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        request = match &ask.body {
            Body::Empty => request,
            Body::Bytes(bytes) => {
                self.traffic.up.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                request.body(bytes.clone())
            }
            Body::File { path, offset, length } => {
                let stretch = Leaving::open(path.clone(), *offset, *length, self.traffic.clone()).await;
                let stretch = stretch.map_err(|_| Failure::Unreachable)?;
                request
                    .header(header::CONTENT_LENGTH, *length)
                    .timeout(TRANSFER)
                    .body(reqwest::Body::wrap_stream(stretch))
            }
        };
        let mut response = request.send().await.map_err(|_| Failure::Unreachable)?;
        let status = response.status().as_u16();
        let headers = response.headers();
        let (location, content_range) =
            (text(headers, header::LOCATION.as_str()), text(headers, header::CONTENT_RANGE.as_str()));
        let upload_offset = text(headers, "upload-offset").and_then(|offset| offset.parse().ok());
        let is_of_relay = headers.contains_key(MARK);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| Failure::Unreachable)? {
            self.traffic.down.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if body.len() + chunk.len() > ask.limit {
                return Err(Failure::Unreadable);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { status, location, upload_offset, content_range, is_of_relay, body })
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// A stretch of a file on its way, counted as it leaves.
struct Leaving {
    file: tokio::io::Take<tokio::fs::File>,
    path: PathBuf,
    at: u64,
    ahead: Vec<u8>,
    traffic: Arc<Traffic>,
}

impl Leaving {
    async fn open(path: PathBuf, offset: u64, length: u64, traffic: Arc<Traffic>) -> io::Result<Self> {
        let mut file = tokio::fs::File::open(&path).await?;
        file.seek(io::SeekFrom::Start(offset)).await?;
        traffic.files().insert(path.clone(), offset);
        Ok(Self { file: file.take(length), path, at: offset, ahead: vec![0; AHEAD], traffic })
    }
}

impl Stream for Leaving {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pinned<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut read = ReadBuf::new(&mut this.ahead);
        match Pinned::new(&mut this.file).poll_read(context, &mut read) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) if read.filled().is_empty() => Poll::Ready(None),
            Poll::Ready(Ok(())) => {
                let bytes = read.filled().to_vec();
                this.at += bytes.len() as u64;
                this.traffic.up.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                this.traffic.files().insert(this.path.clone(), this.at);
                Poll::Ready(Some(Ok(bytes)))
            }
        }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.traffic.files().remove(&self.path);
    }
}
