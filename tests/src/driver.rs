//! The driver of a device with a real network, a real clock and real dice: what a phone's app does around the core.
//!
//! It asks [`Device::next_step`], does what it says over HTTP, hands the answer in, and asks again until it says wait.
//! It decides nothing: what is sent, when it is tried again and what an answer means is the core's.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fieldfolio_core::device::{Call, Device, DeviceError, Enrolment, HttpAnswer, Step};
use fieldfolio_core::ids::{PersonId, Rng};
use fieldfolio_core::model::invitation::{BadLink, InvitationLink};
use fieldfolio_core::sync::wire::{self, Enrolled};
use fieldfolio_core::time::{Timestamp, WorkDate};
use serde::Serialize;

mod http;
mod live;

pub use http::{Http, Mishap};
pub use live::{Came, FollowReport, Line, NotOpened, Until, follow};

/// What went wrong around a device.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The device itself.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// It isn't a link.
    #[error(transparent)]
    Link(#[from] BadLink),
    /// Nobody answered.
    #[error("the school's relay at {0} can't be reached: check the connection and try again")]
    Unreachable(String),
    /// The relay said no, and why.
    #[error("the school refused: {0}")]
    Refused(String),
    /// The answer is no frame of this protocol.
    #[error("the relay at {0} answered with something else: is the address right?")]
    Unreadable(String),
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRng;

impl Rng for OsRng {
    fn fill(&mut self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system has randomness: keys can't be made without");
    }
}

/// The time by this machine's clock.
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
}

/// The day by this machine's calendar and zone.
pub fn today() -> WorkDate {
    let today = jiff::Zoned::now().date();
    WorkDate::new(today.year(), today.month(), today.day()).expect("the calendar names a day")
}

/// Makes `folder` a device of the person whom the link invites.
pub fn enrol(link: &str, folder: &Path) -> Result<Device, DriverError> {
    let enrolment = Enrolment::begin(folder, InvitationLink::from_url(link)?, now(), &mut OsRng)?;
    let ask = enrolment.ask();
    let body = match Http::stranger().perform(&ask) {
        Ok(HttpAnswer { status: 200..=299, body, .. }) => body,
        Ok(HttpAnswer { body, .. }) => {
            return Err(DriverError::Refused(String::from_utf8_lossy(&body).trim_end().to_owned()));
        }
        Err(_) => return Err(DriverError::Unreachable(ask.url)),
    };
    let enrolled: Enrolled =
        wire::from_bytes(&body, ask.limit).map_err(|_| DriverError::Unreadable(ask.url))?;
    Ok(enrolment.finish(enrolled)?)
}

/// Invites the next device of `person` for so many days. The link is good once the relay has taken it, as it has here.
pub fn invite(device: &Device, person: PersonId, days: u64) -> Result<InvitationLink, DriverError> {
    let expires = now().plus_millis(days.saturating_mul(24 * 60 * 60 * 1000));
    call(device, device.invite_device(person, expires, &mut OsRng))
}

/// Performs a call to the directory.
pub fn call<T>(device: &Device, call: Call<T>) -> Result<T, DriverError> {
    let answer = Http::of(device).perform(&call.ask);
    let answer = answer.map_err(|_| DriverError::Unreachable(call.ask.url.clone()))?;
    Ok(call.finish(answer)?)
}

/// What a sync came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Exchanges that the relay answered.
    pub exchanges: u32,
    /// Requests of any kind, answered or not.
    pub requests: u32,
    /// Bytes of bodies sent, without headers.
    pub bytes_up: u64,
    /// Bytes of bodies received, without headers.
    pub bytes_down: u64,
    /// Where uploads that had been cut went on, in bytes.
    pub resumed_at: Vec<u64>,
    /// The relay does not know this device any more.
    pub locked: bool,
    /// The last request brought no answer.
    pub unreachable: bool,
    /// Nothing waits any more, but for people.
    pub quiet: bool,
}

/// Syncs over a connection of its own. With `until_quiet` it waits out the pauses that the core asks for, `patience` in
/// all, until nothing is left to be sent, filled, uploaded or fetched but what waits for people; else it stops at the
/// first pause.
pub fn sync(device: &mut Device, until_quiet: bool, patience: Duration) -> Result<SyncReport, DriverError> {
    let mut http = Http::of(device);
    sync_over(&mut http, device, until_quiet, patience)
}

/// The same over this connection.
pub fn sync_over(
    http: &mut Http,
    device: &mut Device,
    until_quiet: bool,
    patience: Duration,
) -> Result<SyncReport, DriverError> {
    let patience = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    let deadline = now().plus_millis(patience);
    let mut report = SyncReport::default();
    // Someone asked for this: no old pause holds it up.
    device.wake()?;
    loop {
        match device.next_step(now())? {
            Step::Ask(turn, ask) => {
                let answer = http.perform(&ask);
                report.requests += 1;
                report.unreachable = answer.is_err();
                report.exchanges += u32::from(answer.is_ok() && ask.exchange().is_some());
                if let ("HEAD", Ok(answer)) = (ask.method, &answer) {
                    report.resumed_at.extend(answer.upload_offset.filter(|at| *at > 0));
                }
                device.answered(turn, answer, now(), &mut OsRng)?;
            }
            Step::Locked => {
                report.locked = true;
                break;
            }
            Step::Wait(until) => {
                report.quiet = !report.unreachable && !device.is_busy()?;
                let until = until.filter(|until| *until <= deadline);
                let (true, false, Some(until)) = (until_quiet, report.quiet, until) else { break };
                let pause = until.millis().saturating_sub(now().millis());
                std::thread::sleep(Duration::from_millis(pause.max(1)));
            }
        }
    }
    (report.bytes_up, report.bytes_down) = http.traffic();
    Ok(report)
}
