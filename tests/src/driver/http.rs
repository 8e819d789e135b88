//! One HTTP request at a time, as the core asks for it. Never tried again here: when, and whether, is the core's to say.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldfolio_core::device::{Ask, Body, Device, HttpAnswer};
use fieldfolio_core::sync::Failure;
use fieldfolio_core::sync::wire::MARK;
use ureq::SendBody;
use ureq::http::{HeaderMap, Request, header};

/// A connection to the relay, with a device's token or without one.
pub struct Http {
    agent: ureq::Agent,
    authorization: Option<String>,
    mishap: Option<Mishap>,
    /// Bytes of files sent so far.
    uploaded: u64,
    is_cut: bool,
    up: u64,
    down: u64,
}

/// What happens to this connection, for tests: by the bytes of files that have left it.
pub enum Mishap {
    /// It breaks after so many, in the middle of a body, and stays broken.
    CutAfter(u64),
    /// It stands still after so many until the function returns; then it goes on.
    HaltAfter(u64, Box<dyn FnMut() + Send>),
}

impl Mishap {
    const fn after(&self) -> u64 {
        match self {
            Mishap::CutAfter(bytes) | Mishap::HaltAfter(bytes, _) => *bytes,
        }
    }
}

impl Http {
    /// For who is no device yet.
    pub fn stranger() -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A token goes to the relay only, whatever it answers.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("fieldfolio-device")
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .timeout_per_write(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        Self { agent, authorization: None, mishap: None, uploaded: 0, is_cut: false, up: 0, down: 0 }
    }

    /// For this device.
    pub fn of(device: &Device) -> Self {
        let token = URL_SAFE_NO_PAD.encode(device.identity().token);
        Self { authorization: Some(format!("Bearer {token}")), ..Self::stranger() }
    }

    /// Breaks the connection for good, in the middle of a body, when this many bytes of files have left it.
    #[must_use]
    pub fn cut_after(self, bytes: u64) -> Self {
        self.with(Mishap::CutAfter(bytes))
    }

    /// With this mishap to come.
    #[must_use]
    pub fn with(self, mishap: Mishap) -> Self {
        Self { mishap: Some(mishap), ..self }
    }

    /// Bytes of bodies: sent, received.
    pub const fn traffic(&self) -> (u64, u64) {
        (self.up, self.down)
    }

    /// Does what is asked, once.
    pub fn perform(&mut self, ask: &Ask) -> Result<HttpAnswer, Failure> {
        if self.is_cut {
            return Err(Failure::Unreachable);
        }
        let mut request = Request::builder().method(ask.method).uri(&ask.url);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let response = match &ask.body {
            Body::Empty if matches!(ask.method, "GET" | "HEAD") => {
                self.agent.run(request.body(SendBody::none()).map_err(|_| Failure::Unreachable)?)
            }
            Body::Empty => self.agent.run(request.body(&[][..]).map_err(|_| Failure::Unreachable)?),
            Body::Bytes(bytes) => {
                self.up += bytes.len() as u64;
                self.agent.run(request.body(bytes.as_slice()).map_err(|_| Failure::Unreachable)?)
            }
            Body::File { path, offset, length } => {
                let mut file = File::open(path).map_err(|_| Failure::Unreachable)?;
                file.seek(SeekFrom::Start(*offset)).map_err(|_| Failure::Unreachable)?;
                let mut stretch = Stretch {
                    file: file.take(*length),
                    uploaded: &mut self.uploaded,
                    mishap: &mut self.mishap,
                    is_cut: &mut self.is_cut,
                };
                let before = *stretch.uploaded;
                let request = request.header(header::CONTENT_LENGTH, *length);
                let body = SendBody::from_reader(&mut stretch);
                let response = self.agent.run(request.body(body).map_err(|_| Failure::Unreachable)?);
                self.up += self.uploaded - before;
                response
            }
        };
        let mut response = response.map_err(|_| Failure::Unreachable)?;
        let status = response.status().as_u16();
        let location = text(response.headers(), header::LOCATION.as_str());
        let upload_offset = text(response.headers(), "upload-offset").and_then(|offset| offset.parse().ok());
        let content_range = text(response.headers(), header::CONTENT_RANGE.as_str());
        let is_of_relay = response.headers().contains_key(MARK);
        let mut body = Vec::new();
        let mut reader = response.body_mut().as_reader().take(ask.limit as u64 + 1);
        reader.read_to_end(&mut body).map_err(|_| Failure::Unreachable)?;
        self.down += body.len() as u64;
        if body.len() > ask.limit {
            return Err(Failure::Unreadable);
        }
        Ok(HttpAnswer { status, location, upload_offset, content_range, is_of_relay, body })
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// A stretch of a file on its way, and what may happen to it there.
struct Stretch<'a> {
    file: io::Take<File>,
    uploaded: &'a mut u64,
    mishap: &'a mut Option<Mishap>,
    is_cut: &'a mut bool,
}

impl Read for Stretch<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let until_mishap = self.mishap.as_ref().map(|mishap| mishap.after().saturating_sub(*self.uploaded));
        if until_mishap == Some(0) {
            match self.mishap.take() {
                Some(Mishap::CutAfter(_)) => {
                    *self.is_cut = true;
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut, as the test asked"));
                }
                Some(Mishap::HaltAfter(_, mut halt)) => halt(),
                None => {}
            }
        }
        let most = until_mishap
            .filter(|left| *left > 0)
            .map_or(into.len(), |left| usize::try_from(left).unwrap_or(usize::MAX).min(into.len()));
        let read = self.file.read(&mut into[..most])?;
        *self.uploaded += read as u64;
        Ok(read)
    }
}
