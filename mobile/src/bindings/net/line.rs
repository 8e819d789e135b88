//! The live line: a WebSocket to the relay, over which news come as they commit.

use std::time::Duration;

use fieldfolio_core::sync::wire::MAX_LIVE_BYTES;
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::{CONNECT, Net};

/// After this long without a sound the relay is asked for one; without any in as long again the line is dead.
const SILENCE: Duration = Duration::from_secs(50);

/// What the core says of a line: its address, and what it offers as protocols.
pub(in super::super) struct LineRequest {
    pub(in super::super) url: String,
    pub(in super::super) protocols: [String; 2],
}

trait Socket: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Socket for T {}

/// One open line.
pub(in super::super) struct Line {
    socket: WebSocketStream<Box<dyn Socket>>,
    /// When something was last heard over it.
    last_frame: Instant,
    /// The relay was asked for a sound since.
    has_asked: bool,
}

impl Net {
    /// Opens a line; none where that doesn't work now.
    pub(in super::super) async fn open_line(&self, line: &LineRequest) -> Option<Line> {
        timeout(CONNECT, self.opened(line)).await.ok().flatten()
    }

    async fn opened(&self, line: &LineRequest) -> Option<Line> {
        let address: Uri = line.url.parse().ok()?;
        let is_secret = address.scheme_str() == Some("wss");
        let host = address.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = address.port_u16().unwrap_or(if is_secret { 443 } else { 80 });
        let stream = TcpStream::connect((host.as_str(), port)).await.ok()?;
        // Small frames should not wait for each other.
        let _ = stream.set_nodelay(true);
        let stream: Box<dyn Socket> = if is_secret {
            let name = ServerName::try_from(host).ok()?;
            Box::new(TlsConnector::from(self.tls.clone()).connect(name, stream).await.ok()?)
        } else {
            Box::new(stream)
        };
        let mut request = line.url.as_str().into_client_request().ok()?;
        let offered = HeaderValue::from_str(&line.protocols.join(", ")).ok()?;
        request.headers_mut().insert("sec-websocket-protocol", offered);
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_LIVE_BYTES))
            .max_frame_size(Some(MAX_LIVE_BYTES));
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await.ok()?;
        Some(Line { socket, last_frame: Instant::now(), has_asked: false })
    }
}

impl Line {
    /// Sends a frame; false where the line is broken.
    pub(in super::super) async fn send(&mut self, frame: Vec<u8>) -> bool {
        matches!(timeout(CONNECT, self.socket.send(Message::binary(frame))).await, Ok(Ok(())))
    }

    /// The next frame; none at the end. Pings are answered meanwhile. Nothing is lost when it is dropped.
    pub(in super::super) async fn hear(&mut self) -> Option<Vec<u8>> {
        loop {
            // Counted from the last sound, however often nobody waited for the next meanwhile.
            let patience = if self.has_asked { SILENCE * 2 } else { SILENCE };
            match timeout_at(self.last_frame + patience, self.socket.next()).await {
                Ok(Some(Ok(message))) => {
                    (self.last_frame, self.has_asked) = (Instant::now(), false);
                    match message {
                        Message::Binary(frame) => return Some(frame.to_vec()),
                        Message::Close(_) => return None,
                        Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                    }
                }
                Ok(Some(Err(_)) | None) => return None,
                Err(_) if self.has_asked => return None,
                Err(_) => {
                    self.has_asked = true;
                    let asked = self.socket.send(Message::Ping(Vec::new().into()));
                    timeout(CONNECT, asked).await.ok()?.ok()?;
                }
            }
        }
    }
}
