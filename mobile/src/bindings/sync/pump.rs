//! The one loop of a store that asks the core what to do, does it, and hands in what came of it. It runs while somebody
//! wants it (see [`super::wanted`]). It decides nothing.

use std::sync::Arc;
use std::time::Duration;

use fieldfolio_core::device::{Ask, Device, Frame, HttpAnswer, Step, Turn};
use fieldfolio_core::sync::Failure;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use super::super::handle::DeviceHandle;
use super::super::log::{LogLevel, log};
use super::super::net::{EXCHANGE, Line, LineRequest};
use super::super::{FieldfolioError, OsRng, now};

/// Until a device that could not take something in is asked again: it has no room, most likely.
const NO_ROOM: Duration = Duration::from_secs(20);

type Flight = BoxFuture<'static, (Turn, Result<HttpAnswer, Failure>)>;

pub(super) struct Pump {
    handle: Arc<DeviceHandle>,
    flights: FuturesUnordered<Flight>,
    line: Option<Line>,
    /// An exchange was answered since the last line was opened: another may be tried.
    may_open: bool,
    /// When the exchange that is on its way over the line left; none while it goes by HTTP.
    asked_at: Option<Instant>,
    was_live: bool,
    /// The last request brought no answer.
    is_unreachable: bool,
}

/// However the loop ends, it is said to have ended.
struct Ending(Arc<DeviceHandle>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.pumping.tell(|going| {
            (going.is_running, going.is_live, going.is_busy) = (false, false, false);
            going.closed += u64::from(std::thread::panicking());
        });
    }
}

/// What waiting ended with.
enum Waited {
    /// Something came, and was handed in.
    Came,
    /// Somebody said something, or the time was over.
    Told,
}

/// What a turn of the loop came to.
enum Turned {
    On,
    Locked,
    Nobody,
}

impl Pump {
    pub(super) async fn run(handle: Arc<DeviceHandle>) {
        let mut pump = Self {
            handle: handle.clone(),
            flights: FuturesUnordered::new(),
            line: None,
            may_open: false,
            asked_at: None,
            was_live: false,
            is_unreachable: false,
        };
        let ending = Ending(handle.clone());
        let mut is_closed = false;
        // Whatever a loop before this one left in the middle.
        let _ = handle.with(|device| Ok(device.give_up(now(), &mut OsRng)?)).await;
        log(LogLevel::Debug, || "syncing begins".into());
        loop {
            match pump.turn().await {
                Ok(Turned::On) => {}
                Ok(Turned::Locked) => {
                    pump.end().await;
                    handle.pumping.tell(|going| going.is_locked = true);
                    break;
                }
                Ok(Turned::Nobody) => {
                    pump.end().await;
                    // Whoever came while it ended starts it again.
                    break;
                }
                Err(FieldfolioError::Closed { .. }) => {
                    handle.pumping.tell(|going| going.closed += 1);
                    is_closed = true;
                    break;
                }
                Err(error) => {
                    log(LogLevel::Error, || format!("what came could not be kept: {}", case(&error)));
                    pump.sit_out().await;
                }
            }
        }
        drop(ending);
        let wanted = *handle.pumping.wanted.borrow();
        let is_locked = handle.pumping.going.borrow().is_locked;
        if wanted.by_somebody() && !is_locked && !is_closed {
            handle.pump();
        }
        log(LogLevel::Debug, || "syncing ended".into());
    }

    async fn turn(&mut self) -> Result<Turned, FieldfolioError> {
        let wanted = *self.handle.pumping.wanted.borrow();
        if !wanted.by_somebody() {
            return Ok(Turned::Nobody);
        }
        if !wanted.is_live() && self.line.is_some() {
            self.hang_up().await?;
        }
        if wanted.is_live() && !self.was_live {
            // A line is opened after an exchange, and none may be due for long.
            self.handle.with(|device| Ok(device.wake()?)).await?;
        }
        self.was_live = wanted.is_live();
        match self.handle.with(|device| Ok(device.next_step(now())?)).await? {
            Step::Locked => return Ok(Turned::Locked),
            Step::Ask(turn, ask) => {
                self.handle.pumping.tell(|going| going.is_busy = true);
                self.begin(turn, ask).await?;
            }
            Step::Wait(until) => {
                let pause = until.map(|until| until.millis().saturating_sub(now().millis()));
                self.rest(wanted.is_live(), pause.map(Duration::from_millis)).await?;
            }
        }
        Ok(Turned::On)
    }

    async fn begin(&mut self, turn: Turn, ask: Ask) -> Result<(), FieldfolioError> {
        if let (Some(line), Some(frame)) = (&mut self.line, ask.exchange()) {
            self.asked_at = Some(Instant::now());
            let mut wanted = self.handle.pumping.wanted.subscribe();
            let is_sent = tokio::select! {
                is_sent = line.send(frame.to_vec()) => is_sent,
                _ = wanted.wait_for(|wanted| !wanted.by_somebody()) => false,
            };
            if !is_sent {
                self.hang_up().await?;
            }
            return Ok(());
        }
        let net = self.handle.net.clone();
        self.flights.push(Box::pin(async move {
            let answer = net.perform(&ask).await;
            log(LogLevel::Debug, || match &answer {
                Ok(answer) => format!("{} answered {}", ask.method, answer.status),
                Err(_) => format!("{} brought no answer", ask.method),
            });
            (turn, answer)
        }));
        Ok(())
    }

    /// Nothing more is to be begun now.
    async fn rest(&mut self, wants_live: bool, pause: Option<Duration>) -> Result<(), FieldfolioError> {
        let in_flight = !self.flights.is_empty()
            || self.handle.with(|device| Ok(device.exchange_in_flight().is_some())).await?;
        if !in_flight {
            let is_unreachable = self.is_unreachable;
            let is_busy = !is_unreachable && self.handle.with(|device| Ok(device.is_busy()?)).await?;
            self.handle.pumping.tell(|going| {
                (going.is_busy, going.is_offline) = (is_busy, is_unreachable);
                going.offline += u64::from(is_unreachable);
                going.in_step += u64::from(!is_unreachable && !is_busy);
            });
            if wants_live && self.line.is_none() && std::mem::take(&mut self.may_open) {
                return self.open().await;
            }
        }
        self.wait(pause).await.map(drop)
    }

    /// Asks for nothing more for a while, or until somebody says something.
    async fn sit_out(&mut self) {
        let over = Instant::now() + NO_ROOM;
        loop {
            let left = over.saturating_duration_since(Instant::now());
            // What is under way still comes in, and may find no room either.
            if left.is_zero() || matches!(self.wait(Some(left)).await, Ok(Waited::Told)) {
                return;
            }
        }
    }

    async fn open(&mut self) -> Result<(), FieldfolioError> {
        let request = self
            .handle
            .with(|device| Ok(LineRequest { url: device.live_url(), protocols: device.live_protocols() }));
        let (request, mut wanted) = (request.await?, self.handle.pumping.wanted.subscribe());
        self.line = tokio::select! {
            line = self.handle.net.open_line(&request) => line,
            _ = wanted.wait_for(|wanted| !wanted.is_live()) => None,
        };
        if self.line.is_some() {
            log(LogLevel::Debug, || "the live line is open".into());
            self.handle.pumping.tell(|going| going.is_live = true);
            self.handle.with(|device| Ok(device.wake()?)).await?;
        }
        Ok(())
    }

    /// Waits for whatever comes first, and hands it in.
    async fn wait(&mut self, pause: Option<Duration>) -> Result<Waited, FieldfolioError> {
        enum Came {
            Answer(Turn, Result<HttpAnswer, Failure>),
            Frame(Option<Vec<u8>>),
            Other,
        }
        let mut wanted = self.handle.pumping.wanted.subscribe();
        let seen = *wanted.borrow_and_update();
        if !seen.by_somebody() {
            return Ok(Waited::Told);
        }
        let line = &mut self.line;
        let answered_by = self.asked_at.map(|asked_at| asked_at + EXCHANGE);
        let came = tokio::select! {
            Some((turn, answer)) = self.flights.next(), if !self.flights.is_empty() => Came::Answer(turn, answer),
            frame = async { line.as_mut().expect("there is a line").hear().await }, if line.is_some() => {
                Came::Frame(frame)
            }
            () = self.handle.pumping.nudged.notified() => Came::Other,
            _ = wanted.changed() => Came::Other,
            // The relay is there and does not answer: it is asked in another way.
            () = sleep_until(answered_by.unwrap_or_else(Instant::now)), if answered_by.is_some() => Came::Frame(None),
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => Came::Other,
        };
        match came {
            Came::Other => return Ok(Waited::Told),
            Came::Answer(turn, answer) => {
                self.is_unreachable = answer.is_err();
                self.may_open |= answer.is_ok();
                let take = move |device: &mut Device| Ok(device.answered(turn, answer, now(), &mut OsRng)?);
                self.handle.with(take).await?;
            }
            Came::Frame(None) => self.hang_up().await?,
            Came::Frame(Some(frame)) => {
                self.is_unreachable = false;
                let frame = self
                    .handle
                    .with(move |device| Ok(device.receive_frame(&frame, now(), &mut OsRng)?))
                    .await;
                match frame {
                    Ok(Frame::Answer) => self.asked_at = None,
                    Ok(_) => {}
                    Err(error @ FieldfolioError::Closed { .. }) => return Err(error),
                    // What was not taken in comes again.
                    Err(_) => self.hang_up().await?,
                }
            }
        }
        Ok(Waited::Came)
    }

    async fn hang_up(&mut self) -> Result<(), FieldfolioError> {
        self.line = None;
        let was_asked = self.asked_at.take().is_some();
        self.handle.pumping.tell(|going| going.is_live = false);
        self.handle
            .with(move |device| {
                if let Some(turn) = device.exchange_in_flight().filter(|_| was_asked) {
                    device.answered(turn, Err(Failure::Unreachable), now(), &mut OsRng)?;
                }
                device.disconnected(now(), &mut OsRng);
                Ok(())
            })
            .await
    }

    /// Gives up what is on its way.
    async fn end(&mut self) {
        self.flights.clear();
        let has_line = self.line.take().is_some();
        let given_up = self.handle.with(move |device| {
            device.give_up(now(), &mut OsRng)?;
            if has_line {
                device.disconnected(now(), &mut OsRng);
            }
            Ok(())
        });
        // A store that is closed has nothing on its way.
        let _ = given_up.await;
    }
}

/// What happened, without its words.
fn case(error: &FieldfolioError) -> &'static str {
    match error {
        FieldfolioError::Space { .. } => "no room",
        FieldfolioError::Broken { .. } => "the store",
        _ => "refused",
    }
}
