//! A live connection to the relay, and a driver that follows what happens over it.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fieldfolio_core::device::{Device, Frame, Step};
use fieldfolio_core::sync::Failure;
use fieldfolio_core::sync::wire::MAX_LIVE_BYTES;
use serde::Serialize;
use tungstenite::client::{IntoClientRequest, client_with_config};
use tungstenite::handshake::HandshakeError;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};

use super::{DriverError, Http, OsRng, now};

/// One WebSocket.
pub struct Line {
    socket: WebSocket<TcpStream>,
    /// The protocol that the relay chose.
    pub protocol: Option<String>,
}

/// What came over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// A binary frame.
    Frame(Vec<u8>),
    /// Nothing, in the time that was given.
    Nothing,
    /// The end: the relay's code and reason, or none where the line broke.
    Closed(Option<(u16, String)>),
}

/// The relay did not open a live connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the relay opened no live connection: {status} {words}")]
pub struct NotOpened {
    /// The status it answered; 0 where nothing came.
    pub status: u16,
    pub words: String,
}

impl Line {
    /// Opens one for this device, as a browser does.
    pub fn open(device: &Device) -> Result<Self, NotOpened> {
        Self::open_with(&device.live_url(), &[("sec-websocket-protocol", device.live_protocols().join(", "))])
    }

    /// Opens one at this address with these headers, whose names are written in small letters.
    pub fn open_with(url: &str, headers: &[(&'static str, String)]) -> Result<Self, NotOpened> {
        let failed = |words: String| NotOpened { status: 0, words };
        let host = url.trim_start_matches("ws://").split('/').next().unwrap_or_default();
        let stream = TcpStream::connect(host).map_err(|error| failed(error.to_string()))?;
        let mut request = url.into_client_request().map_err(|error| failed(error.to_string()))?;
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|error| failed(error.to_string()))?;
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_LIVE_BYTES))
            .max_frame_size(Some(MAX_LIVE_BYTES));
        match client_with_config(request, stream, Some(config)) {
            Ok((socket, response)) => {
                let chosen = response.headers().get("sec-websocket-protocol");
                let protocol = chosen.and_then(|value| value.to_str().ok()).map(str::to_owned);
                Ok(Self { socket, protocol })
            }
            Err(HandshakeError::Failure(Error::Http(answer))) => Err(NotOpened {
                status: answer.status().as_u16(),
                words: String::from_utf8_lossy(answer.body().as_deref().unwrap_or_default()).into_owned(),
            }),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Sends a binary frame; false where the line is broken, which the next [`Line::hear`] explains.
    pub fn send(&mut self, frame: Vec<u8>) -> bool {
        self.socket.send(Message::binary(frame)).is_ok()
    }

    /// Sends words, which the relay doesn't read.
    pub fn send_text(&mut self, text: &str) -> bool {
        self.socket.send(Message::text(text)).is_ok()
    }

    /// The socket beneath, for who wants to break it.
    pub fn stream(&mut self) -> &mut TcpStream {
        self.socket.get_mut()
    }

    /// What comes next, within this time. Pings are answered meanwhile.
    pub fn hear(&mut self, patience: Duration) -> Came {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            if self.socket.get_mut().set_read_timeout(Some(left)).is_err() {
                return Came::Closed(None);
            }
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => return Came::Frame(bytes.to_vec()),
                Ok(Message::Close(frame)) => {
                    return Came::Closed(frame.map(|frame| (frame.code.into(), frame.reason.to_string())));
                }
                Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Came::Nothing;
                }
                Err(_) => return Came::Closed(None),
            }
        }
    }
}

/// When to stop following.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// After this time.
    After(Duration),
    /// Once news came over the live connection, and all that they announced is here.
    Change,
}

/// What following came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FollowReport {
    /// Live connections that were opened.
    pub connections: u32,
    /// Exchanges that were answered over one.
    pub answers: u32,
    /// News that came without asking.
    pub news: u32,
    /// Requests over HTTP.
    pub requests: u32,
    /// The relay does not know this device any more.
    pub locked: bool,
}

/// Follows what happens. `tell` hears the report whenever something came over the live connection.
pub fn follow(
    device: &mut Device,
    until: Until,
    mut tell: impl FnMut(&Device, FollowReport),
) -> Result<FollowReport, DriverError> {
    let deadline = match until {
        Until::After(time) => Some(Instant::now() + time),
        Until::Change => None,
    };
    let mut http = Http::of(device);
    let mut line: Option<Line> = None;
    let mut report = FollowReport::default();
    let mut may_open = false;
    device.wake()?;
    loop {
        let patience = match device.next_step(now())? {
            Step::Locked => {
                report.locked = true;
                return Ok(report);
            }
            Step::Ask(turn, ask) => {
                match (&mut line, ask.exchange()) {
                    (Some(open), Some(frame)) => {
                        open.send(frame.to_vec());
                        // News may come before the answer.
                        while take(device, &mut line, None, &mut report, &mut tell)? == Some(Frame::News) {}
                    }
                    _ => {
                        let answer = http.perform(&ask);
                        report.requests += 1;
                        may_open |= ask.exchange().is_some() && answer.is_ok();
                        device.answered(turn, answer, now(), &mut OsRng)?;
                    }
                }
                continue;
            }
            Step::Wait(until) => {
                until.map(|until| Duration::from_millis(until.millis().saturating_sub(now().millis()).max(1)))
            }
        };
        if until == Until::Change && report.news > 0 {
            return Ok(report);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Ok(report);
        }
        if line.is_none() && std::mem::take(&mut may_open) {
            line = Line::open(device).ok();
            if line.is_some() {
                report.connections += 1;
                device.wake()?;
                continue;
            }
        }
        let patience = patience.into_iter().chain(left).min();
        if line.is_some() {
            take(device, &mut line, patience, &mut report, &mut tell)?;
        } else {
            std::thread::sleep(patience.unwrap_or(Duration::from_secs(1)));
        }
    }
}

/// Hands in what comes next over the line, or its end.
fn take(
    device: &mut Device,
    line: &mut Option<Line>,
    patience: Option<Duration>,
    report: &mut FollowReport,
    tell: &mut impl FnMut(&Device, FollowReport),
) -> Result<Option<Frame>, DriverError> {
    let Some(open) = line else { return Ok(None) };
    // As long as an HTTP answer would be waited for.
    let came = open.hear(patience.unwrap_or(Duration::from_secs(60)));
    let frame = match came {
        Came::Frame(frame) => device.receive_frame(&frame, now(), &mut OsRng)?,
        Came::Nothing if patience.is_some() => return Ok(None),
        Came::Nothing | Came::Closed(_) => {
            *line = None;
            if let Some(turn) = device.exchange_in_flight() {
                device.answered(turn, Err(Failure::Unreachable), now(), &mut OsRng)?;
            }
            device.disconnected(now(), &mut OsRng);
            return Ok(None);
        }
    };
    match frame {
        Frame::Answer => report.answers += 1,
        Frame::News => report.news += 1,
        Frame::Newer => {}
    }
    tell(device, *report);
    Ok(Some(frame))
}
