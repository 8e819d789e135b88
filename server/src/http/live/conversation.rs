//! One live connection: requests are answered and news are said, one after the other, by one task.
//!
//! So numbers only grow on a connection, and it never holds more than one response. While a response is on its way
//! nothing is read, so whoever asks faster than she reads is slowed by her own line. Before the first request nothing is
//! said, for only a request says from where on. When a response says that there is more, the other side pulls: nothing
//! is said until it has asked again.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use fieldfolio_core::sync::wire::{self, BadFrame, Cursor, MAX_REQUEST_BYTES, Request, Response};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::{Ending, Place};
use crate::exchange::{RelayError, blocking, now, token_holder};
use crate::http::limits::Load;
use crate::news;

/// How long one frame may take to be sent.
const SEND: Duration = Duration::from_secs(10);
/// How long the other side's good-bye is waited for.
const LEAVE: Duration = Duration::from_secs(2);
/// So many pings in a row are sent without any sign of life; when the next one would be due, it is over.
const PINGS: u32 = 2;

/// Serves a connection until it ends.
pub async fn converse(mut socket: WebSocket, place: Place) {
    let mut ending = place.ending.clone();
    let ended = tokio::select! {
        biased;
        why = told_to_end(&mut ending) => Some(why),
        why = Conversation { socket: &mut socket, place: &place, from: None, inflates: false }.hold() => why,
    };
    let Some(why) = ended else { return };
    let (code, reason) = why.said();
    let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    let leave = async {
        // What still comes is read off, or the line would break before the other side has read why.
        if socket.send(close).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    // Who doesn't say good-bye hears the line break.
    let _ = tokio::time::timeout(LEAVE, leave).await;
}

/// Someone else decided that the connection ends. A send that is stuck is dropped for it.
async fn told_to_end(ending: &mut watch::Receiver<Option<Ending>>) -> Ending {
    match ending.wait_for(Option::is_some).await.map(|ending| *ending) {
        Ok(Some(why)) => why,
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

struct Conversation<'a> {
    socket: &'a mut WebSocket,
    place: &'a Place,
    /// The cursor from which news are wanted; none before the first request, and while the other side is to pull.
    from: Option<Cursor>,
    /// The other side reads deflated frames: its last request said so.
    inflates: bool,
}

impl Conversation<'_> {
    /// Until one side ends it; nothing where nobody is left to be told why.
    async fn hold(mut self) -> Option<Ending> {
        let beat = self.place.live.ping;
        let mut ping = tokio::time::interval_at(Instant::now() + beat, beat);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        loop {
            let done = tokio::select! {
                // What has come is looked at before anyone is called silent.
                biased;
                frame = self.socket.recv() => {
                    unanswered = 0;
                    match frame {
                        None | Some(Ok(Message::Close(_))) => return None,
                        Some(Err(_)) => Err(Ending::Broken),
                        Some(Ok(Message::Text(_))) => Err(Ending::Text),
                        Some(Ok(Message::Binary(bytes))) => self.answer(&bytes).await,
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                    }
                }
                () = self.place.seat.woken.notified() => self.news().await,
                _ = ping.tick() => {
                    unanswered += 1;
                    match unanswered {
                        1..=PINGS => self.say(Message::Ping(Bytes::new())).await,
                        _ => Err(Ending::Silent),
                    }
                }
            };
            if let Err(why) = done {
                return Some(why);
            }
        }
    }

    async fn answer(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        let request = Request::from_bytes(bytes).map_err(|bad| match bad {
            BadFrame::TooLarge { .. } => Ending::TooLarge,
            BadFrame::Unreadable(_) | BadFrame::Version(_) | BadFrame::TooMany(_) => Ending::Unreadable,
        })?;
        let live = self.place.live.clone();
        let inflates = request.inflates;
        self.inflates = inflates;
        // Each request shows the token anew, and is counted, as if it were posted.
        let caller = match live.relay.authorise(self.place.seat.token.clone()).await {
            Ok(holder) => holder.known().ok_or(Ending::Revoked)?,
            Err(error) => return self.respond(Err(error)).await,
        };
        let entered = live.limits.enter(caller.person, Load::Work);
        live.activity.count(caller.person, bytes.len() as u64, entered.is_none());
        let entered = entered.ok_or(Ending::Greedy)?;
        let _under_way = entered.turn().await.ok_or(Ending::Greedy)?;
        let answered = blocking(move || {
            Frame::new(live.relay.exchange(caller, request)?, wire::Live::Answer, inflates).map(Some)
        });
        self.respond(answered.await).await
    }

    async fn news(&mut self) -> Result<(), Ending> {
        let Some(from) = self.from else { return Ok(()) };
        let (live, seat) = (self.place.live.clone(), self.place.seat.clone());
        let inflates = self.inflates;
        let Some(_hers) = live.limits.listens(seat.caller.person).await else { return Ok(()) };
        let turn = self.place.live.turns.acquire().await;
        let told = blocking(move || {
            let response = live.relay.read_for(seat.caller.person, |conn| {
                let reading = conn.unchecked_transaction()?;
                let Some(caller) = token_holder(&reading, &seat.token, now())? else { return Ok(None) };
                news::read(&reading, caller.person, from, &[], now()).map(Some)
            })?;
            // Nothing to say, or nothing that may be said yet: she is woken again.
            let Some(response) = response else { return Ok(None) };
            if response.is_empty() {
                return Ok(Some(None));
            }
            Ok(Some(Some(Frame::new(response, wire::Live::News, inflates)?)))
        })
        .await;
        drop(turn);
        match told {
            Ok(Some(None)) => Ok(()),
            told => self.respond(told.map(Option::flatten)).await,
        }
    }

    async fn respond(&mut self, frame: Result<Option<Frame>, RelayError>) -> Result<(), Ending> {
        match frame {
            Ok(Some(frame)) => {
                self.from = (!frame.pulls).then_some(frame.cursor);
                self.say(Message::Binary(frame.bytes)).await
            }
            Ok(None) => Err(Ending::Revoked),
            Err(error) => {
                tracing::error!(%error, "a live connection could not be served");
                Err(Ending::Unavailable)
            }
        }
    }

    async fn say(&mut self, message: Message) -> Result<(), Ending> {
        match tokio::time::timeout(SEND, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ending::Broken),
            Err(_) => Err(Ending::Slow),
        }
    }
}

/// A response, written, and what is left to know of it.
struct Frame {
    bytes: Bytes,
    cursor: Cursor,
    /// The other side is to ask before anything more is said.
    pulls: bool,
}

impl Frame {
    fn new(response: Response, wrap: fn(Response) -> wire::Live, inflates: bool) -> Result<Self, RelayError> {
        let (cursor, pulls) = (response.cursor, response.more || response.start_over);
        let bytes = wrap(response).to_readable_frame(inflates).ok_or(RelayError::TooLarge)?;
        Ok(Self { bytes: bytes.into(), cursor, pulls })
    }
}

/// The largest frame that is read to its end, so that one that is too large is told so.
pub(crate) const MAX_FRAME: usize = 2 * MAX_REQUEST_BYTES;
