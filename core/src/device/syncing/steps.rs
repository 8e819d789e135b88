//! What a driver is asked to do, one thing at a time. It moves bytes and decides nothing.

mod background_uploads;
mod download;
mod upload;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::ids::Rng;
use crate::store::transfers::{self, Download, Upload};
use crate::store::{log, outbox, read_marks, records};
use crate::sync::wire::{self, Fill, Item, MAX_FILLS, ReadMark, Response};
use crate::sync::{Failure, Next, OutboxItem};
use crate::time::Timestamp;

use crate::device::care::re_enrol::ReEnrolment;
use crate::device::requests::{Ask, Body, HttpAnswer};
use crate::device::settings::{LOCKED, cursor};
use crate::device::{Device, DeviceError};
use upload::UploadAsk;

pub use background_uploads::{BackgroundUpload, BackgroundUploader, CHUNK};
pub use upload::Line;
pub(in crate::device) use upload::Uploading;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask the relay this, then hand the answer to [`Device::answered`] in this turn.
    ///
    /// A driver that can do several things at once asks for the next step while this is under way: an exchange and a few
    /// transfers run beside each other. One that can't does one thing after another.
    Ask(Turn, Ask),
    /// Nothing before this moment, unless the person does something; `None`: not until then at all.
    Wait(Option<Timestamp>),
    /// The school does not know this device any more: lock it, and name what was not sent.
    Locked,
}

/// Which request an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn(u32);

/// What was asked and not answered yet: at most one exchange, and a few transfers beside it, so that what somebody wrote
/// never waits behind a film.
#[derive(Debug, Default)]
pub(in crate::device) struct Flight {
    last: u32,
    all: BTreeMap<Turn, InFlight>,
}

/// The transfer to begin, if there is one; else when to look again.
type Transfer = (Option<(Turn, Ask)>, Option<Timestamp>);

#[derive(Debug, Clone)]
enum InFlight {
    Exchange { items: usize, read: Vec<ReadMark> },
    ReEnrol,
    Upload { upload: Upload, asked: UploadAsk },
    Download(Download),
}

impl Flight {
    fn begin(&mut self, in_flight: InFlight) -> Turn {
        self.last = self.last.wrapping_add(1);
        self.all.insert(Turn(self.last), in_flight);
        Turn(self.last)
    }

    fn end(&mut self, turn: Turn) -> Option<InFlight> {
        self.all.remove(&turn)
    }

    /// The exchange in flight: its turn, and how many items it offered.
    pub(in crate::device) fn exchange(&self) -> Option<(Turn, usize)> {
        self.all.iter().find_map(|(turn, in_flight)| match in_flight {
            InFlight::Exchange { items, .. } => Some((*turn, *items)),
            InFlight::ReEnrol | InFlight::Upload { .. } | InFlight::Download(_) => None,
        })
    }

    /// The exchange was answered in another way.
    pub(in crate::device) fn end_exchange(&mut self) {
        self.all.retain(|_, in_flight| !matches!(in_flight, InFlight::Exchange { .. }));
    }

    fn comes_back(&self) -> bool {
        self.all.values().any(|in_flight| matches!(in_flight, InFlight::ReEnrol))
    }

    fn uploads(&self) -> impl Iterator<Item = &Upload> {
        self.all.values().filter_map(|in_flight| match in_flight {
            InFlight::Upload { upload, .. } => Some(upload),
            InFlight::Exchange { .. } | InFlight::ReEnrol | InFlight::Download(_) => None,
        })
    }

    fn downloads(&self) -> impl Iterator<Item = &Download> {
        self.all.values().filter_map(|in_flight| match in_flight {
            InFlight::Download(download) => Some(download),
            InFlight::Exchange { .. } | InFlight::ReEnrol | InFlight::Upload { .. } => None,
        })
    }
}

/// The relay is asked too often, by whomever: again later.
fn is_busy(answer: &Result<HttpAnswer, Failure>) -> bool {
    matches!(answer, Ok(HttpAnswer { status: 408 | 429, .. }))
}

/// Rows of the outbox that are looked at for one exchange.
const OUTBOX_LOOK: usize = 500;

impl Device {
    /// What to do now, beside what is in flight. Exchanges come first; then uploads, previews before originals, small
    /// before large; then downloads. [`Step::Wait`] while something is in flight means: nothing more until it is answered.
    pub fn next_step(&mut self, now: Timestamp) -> Result<Step, DeviceError> {
        let wait = match self.next_exchange(now)? {
            ControlFlow::Break(step) => return Ok(step),
            ControlFlow::Continue(wait) => wait,
        };
        let (ask, transfers_wait) = self.next_transfer(now)?;
        Ok(match ask {
            Some((turn, ask)) => Step::Ask(turn, ask),
            None => Step::Wait(wait.into_iter().chain(transfers_wait).min()),
        })
    }

    fn next_exchange(&mut self, now: Timestamp) -> Result<ControlFlow<Step, Option<Timestamp>>, DeviceError> {
        if self.steps.exchange().is_some() || self.steps.comes_back() {
            return Ok(ControlFlow::Continue(None));
        }
        if self.coming == ReEnrolment::ToTry
            && let Some(until) = self.client.rests_until(now)
        {
            return Ok(ControlFlow::Continue(Some(until)));
        }
        if self.coming == ReEnrolment::ToTry
            && let Some(ask) = self.re_enrol()?
        {
            self.coming = ReEnrolment::Tried;
            return Ok(ControlFlow::Break(Step::Ask(self.steps.begin(InFlight::ReEnrol), ask)));
        }
        let conn = self.store.read();
        let mut owed = Vec::new();
        for row in outbox::due(conn, now, OUTBOX_LOOK)? {
            let (device, item) = match row.owed {
                outbox::Owed::Act(id) => {
                    let Some(act) = log::act(conn, id)? else { continue };
                    let lost = log::lost_act_number(conn, id)?;
                    (act.device, lost.map_or(Item::Act(act.clone()), |n| Item::OldAct(act, n)))
                }
                outbox::Owed::Change(change) => {
                    let log::ChangeRow { change, lost_n, .. } = log::change(conn, change)?;
                    (
                        change.device,
                        lost_n.map_or(Item::Change(change.clone()), |n| Item::OldChange(change, n)),
                    )
                }
            };
            let is_own = device == self.me.device
                || self.ring.get(device).is_some_and(|key| key.person == self.me.person);
            owed.push(OutboxItem { row: row.row, item, is_own, rounds: row.rounds });
        }
        let fills: Vec<Fill> = records::fills(conn, MAX_FILLS)?
            .into_iter()
            .map(|(document, after)| Fill { document, after })
            .collect();
        let read: Vec<ReadMark> = read_marks::owed(conn, wire::MAX_READ)?
            .into_iter()
            .map(|(piece, entry)| ReadMark { piece, entry })
            .collect();
        Ok(match self.client.next(now, cursor(conn)?, &owed, outbox::earliest(conn)?, &fills, read) {
            Next::Exchange(mut request) => {
                request.audit = self.audit(&request, now)?;
                let in_flight = InFlight::Exchange { items: request.items.len(), read: request.read.clone() };
                let ask = Ask {
                    method: "POST",
                    url: format!("{}/v1/sync", self.me.relay),
                    headers: vec![("Content-Type", "application/cbor".to_owned())],
                    body: Body::Bytes(wire::to_bytes(&request)),
                    limit: wire::MAX_RESPONSE_BYTES,
                };
                ControlFlow::Break(Step::Ask(self.steps.begin(in_flight), ask))
            }
            Next::Locked => ControlFlow::Break(Step::Locked),
            Next::Wait(until) => ControlFlow::Continue(until),
        })
    }

    /// The next transfer that may begin beside those in flight.
    fn next_transfer(&mut self, now: Timestamp) -> Result<Transfer, DeviceError> {
        let (upload, until) = self.next_upload(now)?;
        if upload.is_some() {
            return Ok((upload, None));
        }
        let (download, later) = self.next_download(now)?;
        Ok((download, until.into_iter().chain(later).min()))
    }

    /// Takes what came of a [`Step::Ask`]. Of one that is in flight no more, nothing is taken.
    pub fn answered(
        &mut self,
        turn: Turn,
        answer: Result<HttpAnswer, Failure>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        match self.steps.end(turn) {
            None => Ok(()),
            Some(InFlight::Exchange { items, read }) => self.exchanged(answer, items, &read, now, rng),
            Some(InFlight::ReEnrol) => match &answer {
                // It is known again, and asks as before.
                Ok(HttpAnswer { status: 200, .. }) => {
                    self.client.wake();
                    Ok(())
                }
                // Too many ask from the same address: that says nothing of this device.
                Ok(HttpAnswer { status: 400..=499, is_of_relay: true, .. }) if !is_busy(&answer) => {
                    self.failed(Failure::Refused, now, rng)
                }
                _ => {
                    self.coming = ReEnrolment::ToTry;
                    self.failed(Failure::Unreachable, now, rng)
                }
            },
            Some(InFlight::Upload { upload, asked }) => self.uploaded(upload, asked, answer, now, rng),
            Some(InFlight::Download(download)) => self.downloaded(download, answer, now, rng),
        }
    }

    /// Whoever performed what is in flight has gone: nothing of it is answered any more.
    pub fn give_up(&mut self, now: Timestamp, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        for turn in self.steps.all.keys().copied().collect::<Vec<_>>() {
            self.answered(turn, Err(Failure::Unreachable), now, rng)?;
        }
        Ok(())
    }

    /// The person pulled to refresh, or the network came back: nothing waits for its time any more.
    pub fn wake(&mut self) -> Result<(), DeviceError> {
        self.client.wake();
        self.store.write(|tx| {
            outbox::wake(tx)?;
            Ok(transfers::wake(tx)?)
        })
    }

    fn exchanged(
        &mut self,
        answer: Result<HttpAnswer, Failure>,
        items: usize,
        read: &[ReadMark],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        let response = match answer {
            Ok(HttpAnswer { status: 200, body, .. }) => {
                Response::from_bytes(&body, items).map_err(|_| Failure::Unreadable)
            }
            // The school may have gone back to before it knew this device.
            Ok(HttpAnswer { status: 401, is_of_relay: true, .. })
                if self.coming == ReEnrolment::Known && self.re_enrol()?.is_some() =>
            {
                self.coming = ReEnrolment::ToTry;
                self.client.forgotten();
                return Ok(());
            }
            // Of anybody else's 401, the school knows nothing.
            Ok(HttpAnswer { status: 401, is_of_relay: true, .. }) => Err(Failure::Refused),
            Ok(_) => Err(Failure::Unreachable),
            Err(failure) => Err(failure),
        };
        match response {
            Ok(response) => {
                self.coming = ReEnrolment::Known;
                self.compared(&response, now)?;
                let batch = self.client.received(response, now, rng);
                self.apply(batch, now)?;
                self.told_read(read)?;
                self.write_again(rng)
            }
            Err(failure) => self.failed(failure, now, rng),
        }
    }

    /// The relay knows what she has looked at.
    fn told_read(&mut self, read: &[ReadMark]) -> Result<(), DeviceError> {
        if read.is_empty() {
            return Ok(());
        }
        self.store.write(|tx| {
            read.iter().try_for_each(|mark| Ok(read_marks::put(tx, mark.piece, mark.entry, false)?))
        })
    }

    /// A refusal is remembered across restarts: a revoked device stays locked.
    fn failed(&mut self, failure: Failure, now: Timestamp, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        self.client.failed(failure, now, rng);
        if failure == Failure::Refused {
            self.store.write(|tx| Ok::<_, DeviceError>(crate::store::put_meta(tx, LOCKED, b"")?))?;
        }
        Ok(())
    }
}
