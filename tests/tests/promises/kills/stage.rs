//! A relay behind a line that kills it, and the ledger of what its clients were told.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use fieldfolio_core::sync::Failure;
use fieldfolio_tests::ledger::{Audited, Ledger, audit};
use fieldfolio_tests::processes::Relay;
use fieldfolio_tests::proxy::{Point, Proxy, Trap};
use fieldfolio_tests::real::{Client, RealSchool};

/// Nothing here takes this long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often something is killed at random in all: half of it devices, half of it relays. `FIELDFOLIO_KILLS` asks for more.
pub(crate) fn random_kills() -> u64 {
    let asked = std::env::var("FIELDFOLIO_KILLS").ok().and_then(|kills| kills.parse().ok());
    asked.unwrap_or(100u64) / 2
}

pub(crate) struct Stage {
    pub(crate) school: RealSchool,
    pub(crate) ledger: Arc<Ledger>,
    proxy: Proxy,
    power: Arc<Power>,
    kills: Receiver<()>,
    killed: Sender<()>,
}

/// The relay's process, and whether it runs.
pub(crate) struct Power {
    relay: Arc<Mutex<Relay>>,
    is_on: Mutex<bool>,
    changed: Condvar,
    /// Requests that came to nothing.
    pub(crate) failures: AtomicU32,
}

impl Power {
    /// Ends the relay with SIGKILL. Clients wait from here on.
    fn kill(&self) {
        *self.is_on.lock().unwrap() = false;
        self.relay.lock().unwrap().kill9().unwrap();
    }

    fn is_on_again(&self) {
        *self.is_on.lock().unwrap() = true;
        self.changed.notify_all();
    }

    /// Asks until there is an answer, as a device does: while the relay is down there is none to be had. An answer
    /// that is lost again and again without a kill is a failure of the relay.
    pub(crate) fn insist<T>(&self, mut ask: impl FnMut() -> Result<T, Failure>) -> T {
        for _ in 0..200 {
            let on = self.is_on.lock().unwrap();
            let (on, waited) = self.changed.wait_timeout_while(on, PATIENCE, |on| !*on).unwrap();
            assert!(!waited.timed_out(), "the relay stays down");
            drop(on);
            match ask() {
                Ok(answer) => return answer,
                Err(Failure::Unreachable) => self.failures.fetch_add(1, Ordering::SeqCst),
                Err(other) => panic!("the relay answered {other:?}"),
            };
        }
        panic!("no answer comes, although the relay runs");
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        let mut school = RealSchool::start().unwrap();
        let proxy = Proxy::start().unwrap();
        proxy.lead_to(school.address);
        school.url = proxy.url();
        let ledger = Arc::new(Ledger::create(&school.folder().join("ledger")).unwrap());
        let (killed, kills) = channel();
        let power = Power {
            relay: school.relay.clone(),
            is_on: Mutex::new(true),
            changed: Condvar::new(),
            failures: AtomicU32::new(0),
        };
        Self { school, ledger, proxy, power: Arc::new(power), kills, killed }
    }

    /// A client of a new device of this person, on the line that kills.
    pub(crate) fn client(&self, person: &str, device: &str) -> Client {
        self.school.client(person, device).unwrap()
    }

    pub(crate) fn power(&self) -> Arc<Power> {
        self.power.clone()
    }

    /// The relay will be killed when a request that begins so comes to this point.
    pub(crate) fn kill_at(&self, request: &'static str, point: Point) {
        let (power, killed) = (self.power.clone(), self.killed.clone());
        let spring = Box::new(move || {
            power.kill();
            killed.send(()).unwrap();
        });
        self.proxy.set(Trap { point, request, spring });
    }

    /// Waits for the kill, starts the relay again, and holds its folder against the ledger. Clients ask again after.
    pub(crate) fn survive(&self) -> Audited {
        self.kills.recv_timeout(PATIENCE).expect("the relay was to be killed");
        self.school.relay.lock().unwrap().restart().unwrap();
        let audited = self.audit();
        self.power.is_on_again();
        audited
    }

    /// Holds the relay's folder against the ledger.
    pub(crate) fn audit(&self) -> Audited {
        audit(&self.school.home(), &self.ledger.read().unwrap()).unwrap()
    }
}
