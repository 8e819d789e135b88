//! The device's half: when to ask, what to send, and what each answer means for the outbox.

use crate::ids::{ActId, DocumentId, Rng, random};
use crate::model::entry::Head;
use crate::time::Timestamp;

use super::outcome::{Failure, Outcome, Reason};
use super::wire::{
    Cursor, Envelope, Fill, Item, Lacking, MAX_FILLS, News, PROTOCOL, Pack, ReadMark, Request, Response,
    ToFill, Verdict, VerdictClass,
};

/// One row of the outbox, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its place in the outbox.
    pub row: i64,
    /// What is owed.
    pub item: Item,
    /// This person made it. What others made is offered only after the relay's log went back.
    pub is_own: bool,
    /// How often the relay put it off.
    pub rounds: u32,
}

/// The name of an item: what a later one may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemName {
    Act(ActId),
    /// A change of a document.
    Change(DocumentId, Head),
    /// Nothing that this version can name.
    Newer,
}

impl Item {
    /// The item's name.
    pub fn name(&self) -> ItemName {
        match self {
            Item::Act(act) | Item::OldAct(act, _) => ItemName::Act(act.id),
            Item::Change(change) | Item::OldChange(change, _) => {
                ItemName::Change(change.document, change.hash)
            }
            Item::Newer => ItemName::Newer,
        }
    }

    fn size(&self) -> usize {
        match self {
            Item::Act(act) | Item::OldAct(act, _) => act.body.len() + 150,
            Item::Change(change) | Item::OldChange(change, _) => {
                change.raw.len() + 34 * change.blobs.len() + 300
            }
            Item::Newer => 1,
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Post this, then hand in the response or the failure.
    Exchange(Request),
    /// Nothing before this moment, unless the person does something; `None`: nothing at all until then.
    Wait(Option<Timestamp>),
    /// This device was revoked, or is not known: lock, and say what was not sent.
    Locked,
}

/// What an answer changes, to be taken in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// What becomes of outbox rows.
    pub outcomes: Vec<(i64, Outcome)>,
    /// Records in their state now.
    pub records: Vec<Envelope>,
    /// Documents to be filled.
    pub to_fill: Vec<ToFill>,
    /// Documents to be forgotten, unless they are the person's own.
    pub purge: Vec<DocumentId>,
    /// Changes of documents.
    pub news: Vec<News>,
    /// Documents as a whole, or parts of them.
    pub packs: Vec<Pack>,
    /// The cursor from now on.
    pub cursor: Cursor,
    /// The relay's log is another one: go on from the cursor, and offer again what was numbered above this.
    pub start_over: Option<u64>,
    /// What is held here and what the relay has differ: everything in sight comes again.
    pub differs: bool,
    /// Files that the relay lacks.
    pub lacks: Vec<Lacking>,
}

/// When the device speaks to the relay. Plain data, rebuilt at every start: what matters is in the store.
#[derive(Debug, Clone, Default)]
pub struct SyncClient {
    sent: Option<Vec<Sent>>,
    asked_from: Cursor,
    failures: u32,
    not_before: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    more: bool,
    locked: bool,
    disconnects: u32,
    /// Answers in a row after which the next question was asked at once, and those of them that brought nothing.
    rush: u32,
    fruitless: u32,
    /// Fetching goes on, but not before this.
    no_rush_before: Option<Timestamp>,
    /// How often the relay said that its log is another one.
    restarts: u32,
}

#[derive(Debug, Clone)]
struct Sent {
    row: i64,
    rounds: u32,
    is_act: bool,
    is_own: bool,
}

/// Bytes of items in one request.
const REQUEST_ROOM: usize = 1024 * 1024;
/// Items in one request.
const REQUEST_ITEMS: usize = 500;
/// A device that hears of nothing asks this often.
const IDLE: u64 = 60_000;
/// No pause is longer than so many milliseconds.
const LONGEST: u64 = 300_000;
/// So often a refusal that a bad line may have caused is doubted.
const DOUBT: u32 = 2;
/// Rounds of "missing" after which an item is shown as waiting.
const PATIENCE: u32 = 3;
/// Answers in a row after which fetching goes on more slowly: more than the largest school needs at once, and no way to
/// keep a phone awake for a relay that always has more.
const RUSH: u32 = 200;
/// The pause then, as after so many failures: some two seconds.
const SLOWLY: u32 = 3;

impl SyncClient {
    /// What to do now. `due` are the rows of the outbox that are due, in order (a stretch of them is enough), `earliest`
    /// says when the next one is, and `fills` is what is still to be filled.
    pub fn next(
        &mut self,
        now: Timestamp,
        cursor: Cursor,
        due: &[OutboxItem],
        earliest: Option<Timestamp>,
        fills: &[Fill],
        read: Vec<ReadMark>,
    ) -> Next {
        if self.locked {
            return Next::Locked;
        }
        if let Some(until) = self.rests_until(now) {
            return Next::Wait(Some(until));
        }
        let items = fitting(due);
        let idle_until = self.asked_at.map(|asked| asked.plus_millis(IDLE));
        let is_time = idle_until.is_none_or(|until| until.is_over(now, IDLE));
        let fetches = self.more || !fills.is_empty();
        if !fetches {
            (self.rush, self.fruitless) = (0, 0);
        }
        let paused = self.no_rush_before.filter(|until| fetches && !until.is_over(now, LONGEST));
        if items.is_empty() && read.is_empty() && !(fetches && paused.is_none()) && !is_time {
            return Next::Wait(idle_until.into_iter().chain(earliest).chain(paused).min());
        }
        self.asked_from = cursor;
        self.sent = Some(
            items
                .iter()
                .map(|item| Sent {
                    row: item.row,
                    rounds: item.rounds,
                    is_act: matches!(item.item, Item::Act(_) | Item::OldAct(..)),
                    is_own: item.is_own,
                })
                .collect(),
        );
        Next::Exchange(Request {
            version: PROTOCOL,
            cursor,
            items: items.into_iter().map(|item| item.item.clone()).collect(),
            fill: fills.iter().take(MAX_FILLS).copied().collect(),
            inflates: true,
            audit: None,
            read,
        })
    }

    /// Until when nothing is asked, after a failure.
    pub fn rests_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before.filter(|until| !until.is_over(now, LONGEST))
    }

    /// The relay does not know this device any more: it is to say who it is, at once, before it asks again.
    pub fn forgotten(&mut self) {
        self.sent = None;
    }

    /// Starts locked: the relay refused this device before.
    pub fn locked() -> Self {
        Self { locked: true, ..Self::default() }
    }

    /// Asks at the next opportunity, whatever the clock says: the person pulled to refresh, or the network came back.
    pub fn wake(&mut self) {
        self.locked = false;
        self.not_before = None;
        self.asked_at = None;
        self.no_rush_before = None;
    }

    /// Takes the response to the request that [`SyncClient::next`] gave.
    pub fn received(&mut self, response: Response, now: Timestamp, rng: &mut dyn Rng) -> Batch {
        let sent = self.sent.take().unwrap_or_default();
        self.failures = 0;
        self.not_before = None;
        self.asked_at = Some(now);
        self.more = response.more || response.start_over;
        self.pace(&response, now, rng);
        let outcomes = sent
            .iter()
            .zip(&response.verdicts)
            .map(|(sent, verdict)| (sent.row, outcome(sent, verdict, now, rng)))
            .collect();
        batch(response, outcomes)
    }

    /// A relay that brings nothing, that always has more, or that starts over again and again is asked more slowly.
    fn pace(&mut self, response: &Response, now: Timestamp, rng: &mut dyn Rng) {
        self.rush = self.rush.saturating_add(1);
        self.fruitless =
            if brings_something(response, self.asked_from) { 0 } else { self.fruitless.saturating_add(1) };
        let pause = match (self.fruitless, self.rush) {
            (2.., _) => Some(self.fruitless - 1),
            (_, rush) if rush > RUSH => Some(SLOWLY),
            _ => None,
        };
        self.no_rush_before = pause.map(|failures| now.plus_millis(back_off(failures, rng)));
        if response.start_over {
            self.restarts = self.restarts.saturating_add(1);
            if self.restarts > 1 {
                self.not_before = Some(now.plus_millis(back_off(self.restarts, rng)));
            }
        }
    }

    /// Takes news that came without being asked, over a live connection. What is in flight stays in flight.
    pub fn received_news(&mut self, response: Response, now: Timestamp) -> Batch {
        self.asked_at = Some(now);
        self.more = response.more || response.start_over;
        batch(response, Vec::new())
    }

    /// A live connection brought something: it works.
    pub fn connection_works(&mut self) {
        self.disconnects = 0;
    }

    /// A live connection closed. The device asks again soon, with jitter, and later each time that a connection brought
    /// nothing; what it owes is not held up. What is in flight stays in flight.
    pub fn disconnected(&mut self, now: Timestamp, rng: &mut dyn Rng) {
        self.disconnects = self.disconnects.saturating_add(1);
        let soon = now.plus_millis(back_off(self.disconnects, rng)).millis().saturating_sub(IDLE);
        self.asked_at = self.asked_at.map(|asked| asked.min(Timestamp::from_millis(soon)));
    }

    /// Takes a failure. Waits longer each time, with jitter, up to about five minutes.
    pub fn failed(&mut self, failure: Failure, now: Timestamp, rng: &mut dyn Rng) {
        self.sent = None;
        match failure {
            Failure::Refused => self.locked = true,
            Failure::Unreachable | Failure::Unreadable => {
                self.failures = self.failures.saturating_add(1);
                self.not_before = Some(now.plus_millis(back_off(self.failures, rng)));
            }
        }
    }
}

fn brings_something(response: &Response, asked_from: Cursor) -> bool {
    let is_filled = response.packs.iter().any(|pack| pack.whole || !pack.changes.is_empty());
    let is_new = !response.records.is_empty()
        || !response.news.is_empty()
        || !response.to_fill.is_empty()
        || !response.purge.is_empty();
    is_filled || is_new || response.start_over || response.cursor != asked_from
}

fn batch(response: Response, outcomes: Vec<(i64, Outcome)>) -> Batch {
    Batch {
        outcomes,
        records: response.records,
        to_fill: response.to_fill,
        purge: response.purge,
        news: response.news,
        packs: response.packs,
        cursor: response.cursor,
        // A log that says nothing of where it went back is another one from its beginning.
        start_over: response.start_over.then(|| response.forked_at.unwrap_or(0)),
        differs: response.differs,
        lacks: response.lacks,
    }
}

/// As many items as one request holds, in their order.
fn fitting(due: &[OutboxItem]) -> Vec<&OutboxItem> {
    let mut room = REQUEST_ROOM;
    let mut items = Vec::new();
    for item in due.iter().take(REQUEST_ITEMS) {
        let size = item.item.size();
        if size > room && !items.is_empty() {
            break;
        }
        room = room.saturating_sub(size);
        items.push(item);
    }
    items
}

/// Milliseconds to wait after `failures` failures in a row: doubling from half a second to about five minutes, of which
/// a random half.
pub fn back_off(failures: u32, rng: &mut dyn Rng) -> u64 {
    let most = 500u64 << failures.clamp(1, 10).saturating_sub(1).min(9);
    most / 2 + u64::from(u32::from_be_bytes(random(rng))) % (most / 2 + 1)
}

fn outcome(sent: &Sent, verdict: &Verdict, now: Timestamp, rng: &mut dyn Rng) -> Outcome {
    let later = |rng: &mut dyn Rng| now.plus_millis(back_off(sent.rounds + 1, rng));
    // Waits for people, not for machines: asked again every few minutes.
    let in_a_while = |rng: &mut dyn Rng| now.plus_millis(back_off(10, rng));
    match verdict {
        Verdict::Stored(n) | Verdict::Known(n) => Outcome::Delivered(*n),
        Verdict::Erased => Outcome::Erased,
        Verdict::Busy | Verdict::MissingDependency | Verdict::MissingAct if !sent.is_own => {
            if sent.rounds < PATIENCE { Outcome::Later(later(rng)) } else { Outcome::Dropped }
        }
        _ if !sent.is_own => Outcome::Dropped,
        Verdict::Quarantined => Outcome::Held,
        Verdict::NotUnderstood => Outcome::Waits(Reason::SchoolIsOlder, in_a_while(rng)),
        Verdict::Other { class: VerdictClass::Done, .. } => Outcome::Dropped,
        Verdict::Other { class: VerdictClass::Wait, .. } => {
            Outcome::Waits(Reason::SchoolIsNewer, in_a_while(rng))
        }
        Verdict::Other { class: VerdictClass::SetAside, .. } => Outcome::SetAside(Reason::SchoolIsNewer),
        Verdict::Busy => Outcome::Later(later(rng)),
        Verdict::MissingDependency | Verdict::MissingAct if sent.rounds < PATIENCE => {
            Outcome::Later(later(rng))
        }
        Verdict::MissingDependency | Verdict::MissingAct => {
            Outcome::Waits(Reason::BuildsOnMissing, in_a_while(rng))
        }
        // A line that twists bytes makes honest work look so: it is believed when it is said again.
        Verdict::Malformed | Verdict::BadSignature if sent.rounds < DOUBT => Outcome::Later(later(rng)),
        Verdict::OverQuota => Outcome::Waits(Reason::OverQuota, in_a_while(rng)),
        Verdict::NotInCircle => Outcome::Waits(Reason::NotInCircle, in_a_while(rng)),
        Verdict::RoleEnded => Outcome::Waits(Reason::RoleEnded, in_a_while(rng)),
        Verdict::Malformed => Outcome::SetAside(Reason::Malformed),
        Verdict::TooLarge => Outcome::SetAside(Reason::TooLarge),
        Verdict::BadSignature => Outcome::SetAside(Reason::BadSignature),
        Verdict::ActorTaken => Outcome::SetAside(Reason::ActorTaken),
        Verdict::IdTaken => Outcome::SetAside(Reason::IdTaken),
        Verdict::TooLate if sent.is_act => Outcome::SetAside(Reason::TooLate),
        Verdict::TooLate => Outcome::SetAside(Reason::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SeededRng;
    use crate::model::act::SignedAct;
    use crate::signing::Signature;

    fn owed() -> OutboxItem {
        let mut rng = SeededRng::new(1);
        let signed = SignedAct {
            id: ActId::from_bytes(random(&mut rng)),
            device: crate::ids::DeviceId::from_bytes(random(&mut rng)),
            body: Vec::new(),
            signature: Signature::from_bytes([0; 64]),
        };
        OutboxItem { row: 7, item: Item::Act(signed), is_own: true, rounds: 0 }
    }

    fn at(n: u64) -> Cursor {
        Cursor { epoch: 1, n, ..Cursor::default() }
    }

    #[test]
    fn news_come_while_an_exchange_is_in_flight_and_its_answer_still_counts() {
        let (mut half, mut rng) = (SyncClient::default(), SeededRng::new(2));
        let now = Timestamp::from_millis(1_000_000);
        let Next::Exchange(request) = half.next(now, at(0), &[owed()], None, &[], Vec::new()) else {
            panic!("it asks")
        };
        assert_eq!(request.items.len(), 1);
        let told =
            half.received_news(Response { version: PROTOCOL, cursor: at(5), ..Response::default() }, now);
        assert_eq!((told.cursor, told.outcomes.len()), (at(5), 0));
        let verdicts = vec![Verdict::Stored(6)];
        let answer = Response { version: PROTOCOL, cursor: at(6), verdicts, ..Response::default() };
        let batch = half.received(answer, now, &mut rng);
        assert_eq!(batch.outcomes, [(7, Outcome::Delivered(6))]);
    }

    #[test]
    fn news_that_are_not_all_make_the_device_pull_at_once() {
        let mut half = SyncClient::default();
        let now = Timestamp::from_millis(1_000_000);
        half.received_news(Response { cursor: at(5), more: true, ..Response::default() }, now);
        assert!(matches!(half.next(now, at(5), &[], None, &[], Vec::new()), Next::Exchange(_)));
    }

    /// How often a device asks in an hour when this is what it hears and every answer takes ten milliseconds.
    fn asks_in_an_hour(fills: &[Fill], mut answer: impl FnMut(u64) -> Response) -> u64 {
        let (mut half, mut rng) = (SyncClient::default(), SeededRng::new(4));
        let start = Timestamp::from_millis(1_000_000);
        let (mut now, mut cursor, mut asked) = (start, at(0), 0);
        while now < start.plus_millis(3_600_000) {
            match half.next(now, cursor, &[], None, fills, Vec::new()) {
                Next::Exchange(_) => {
                    asked += 1;
                    now = now.plus_millis(10);
                    cursor = half.received(answer(asked), now, &mut rng).cursor;
                }
                Next::Wait(until) => now = until.expect("it asks again some time"),
                Next::Locked => panic!("nobody refused it"),
            }
        }
        asked
    }

    #[test]
    fn a_relay_that_leads_on_is_not_followed_without_end() {
        let fill = Fill {
            document: crate::ids::DocumentId::content(crate::ids::PieceId::from_bytes([1; 16])),
            after: 0,
        };
        let quiet = asks_in_an_hour(&[], |_| Response::default());
        assert_eq!(quiet, 60);
        let more = |n: u64| Response { cursor: at(n), more: true, ..Response::default() };
        assert!(asks_in_an_hour(&[], |_| more(0)) < 100, "always more, and nothing");
        assert!(asks_in_an_hour(&[fill], |_| Response::default()) < 100, "what it asked for never comes");
        let always = asks_in_an_hour(&[], more);
        assert!((1_500..4_500).contains(&always), "always more, and something: {always}");
        let again = |n: u64| Response { start_over: n.is_multiple_of(2), ..Response::default() };
        assert!(asks_in_an_hour(&[], again) < 200, "always another log");
    }

    #[test]
    fn after_a_line_closed_the_device_asks_soon_and_not_sooner_each_time() {
        let (mut half, mut rng) = (SyncClient::default(), SeededRng::new(3));
        let now = Timestamp::from_millis(1_000_000);
        let mut waits = Vec::new();
        for _ in 0..12 {
            half.received_news(Response::default(), now);
            half.disconnected(now, &mut rng);
            let Next::Wait(Some(until)) = half.next(now, at(0), &[], None, &[], Vec::new()) else {
                panic!("it waits")
            };
            waits.push(until.millis() - now.millis());
        }
        assert!(waits[0] <= 500 && waits[0] > 0, "{waits:?}");
        assert!(
            waits.iter().all(|wait| *wait <= IDLE),
            "never later than it would have asked anyway: {waits:?}"
        );
        assert_eq!(waits.last(), Some(&IDLE));
        half.connection_works();
        half.disconnected(now, &mut rng);
        assert!(
            matches!(half.next(now, at(0), &[], None, &[], Vec::new()), Next::Wait(Some(until)) if until.millis() - now.millis() <= 500)
        );
    }
}
