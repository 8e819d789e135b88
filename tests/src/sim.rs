//! The school in one thread: real devices, the relay's half over real SQLite, a clock that is ours, and a network that
//! drops, duplicates and partitions. Replayable by its seed.
//!
//! ```no_run
//! # use fieldfolio_tests::sim::School;
//! let mut school = School::new(1);
//! school.enrol("phone", "mina");
//! school.device("phone").go_offline();
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fieldfolio_core::device::{Ask, Body, Device, Enrolment, HttpAnswer, NewPiece, Step};
use fieldfolio_core::ids::{PersonId, PieceId, SeededChance};
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::signing::SecretKey;
use fieldfolio_core::sync::Failure;
use fieldfolio_core::sync::wire::{self, Enrolled, Request};
use fieldfolio_core::time::{Timestamp, WorkDate};
use fieldfolio_server::directory::{self, Edit};
use fieldfolio_server::gate::ContainedTrial;
use fieldfolio_server::{database, relay};
use rusqlite::Connection;

use crate::sample::Sample;

/// Why a scenario stops: its words.
pub type Trouble = Box<dyn std::error::Error>;

/// A school with its relay and devices.
pub struct School {
    folder: tempfile::TempDir,
    /// The relay's database.
    pub conn: Connection,
    room: ContainedTrial,
    sample: Sample,
    /// The clock.
    pub now: Timestamp,
    /// The dice.
    pub chance: SeededChance,
    devices: BTreeMap<String, SimDevice>,
    /// How bad the network is.
    pub weather: Weather,
    /// What really happened on it.
    pub happened: Happened,
}

impl std::ops::Deref for School {
    type Target = Sample;

    fn deref(&self) -> &Sample {
        &self.sample
    }
}

/// How often, in a hundred, the network does something bad to an exchange.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// The request never arrives.
    pub drop_request: u64,
    /// The relay took it, and the answer never comes back.
    pub drop_answer: u64,
    /// The request arrives twice.
    pub duplicate: u64,
    /// The answer is cut, and what is left is no frame.
    pub truncate: u64,
}

/// What really happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Happened {
    /// Exchanges that went through.
    pub exchanges: u64,
    /// Requests that never arrived.
    pub dropped_requests: u64,
    /// Answers that never came back.
    pub dropped_answers: u64,
    /// Requests that arrived twice.
    pub duplicates: u64,
    /// Answers that were cut.
    pub truncated: u64,
    /// Attempts of a device that had no network.
    pub partitioned: u64,
}

/// One device of the simulation.
pub struct SimDevice {
    device: Option<Device>,
    folder: PathBuf,
    online: bool,
    /// The school does not know it any more.
    pub locked: bool,
}

impl SimDevice {
    /// The device itself.
    pub fn device(&mut self) -> &mut Device {
        self.device.as_mut().expect("a device is open except while it restarts")
    }

    /// No network from here on.
    pub fn go_offline(&mut self) {
        self.online = false;
    }

    /// The network is back, and the device notices.
    pub fn go_online(&mut self) -> Result<(), Trouble> {
        self.online = true;
        Ok(self.device().wake()?)
    }

    /// The device itself, taken away from the simulation.
    pub fn take(&mut self) -> Device {
        self.device.take().expect("a device is open except while it restarts")
    }

    /// The process ends without a word and is started again.
    pub fn restart(&mut self) -> Result<(), Trouble> {
        self.device = None;
        self.device = Some(Device::open(&self.folder)?);
        Ok(())
    }
}

/// A folder in memory where there is one, so that a simulation does not wear the disk.
pub fn scratch() -> std::io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

impl School {
    /// The sample school, by a seed.
    pub fn new(seed: u64) -> Self {
        Self::try_new(seed).expect("a sample school can be made")
    }

    fn try_new(seed: u64) -> Result<Self, Trouble> {
        let folder = scratch()?;
        let now = Timestamp::from_millis(1_790_000_000_000);
        let mut chance = SeededChance::new(seed);
        let relay = folder.path().join("relay");
        let relay_text = relay.display().to_string();
        let args = ["fieldfolio", "--dir", &relay_text, "--json", "sample", "--invite"];
        let sample =
            fieldfolio_server::cli::run_with(args, now, &mut chance).map_err(|error| error.to_string())?;
        Ok(Self {
            conn: database::open(&relay)?,
            folder,
            room: ContainedTrial::new(),
            sample: Sample(serde_json::from_str(&sample)?),
            now,
            chance,
            devices: BTreeMap::new(),
            weather: Weather::default(),
            happened: Happened::default(),
        })
    }

    /// Changes the directory.
    pub fn edit<T, E: std::fmt::Debug>(&mut self, edit: impl FnOnce(&Edit<'_>) -> Result<T, E>) -> T {
        let now = self.now;
        let tx = database::begin(&mut self.conn).expect("the relay's database opens");
        let done = edit(&Edit { tx: &tx, now, by: None }).expect("the directory can be changed so");
        tx.commit().expect("the change is kept");
        done
    }

    /// Enrols a new device of a person under a name.
    pub fn enrol(&mut self, device: &str, person: &str) {
        let person = self.person(person);
        self.enrol_person(device, person);
    }

    /// Enrols a new device of a person who isn't in the sample.
    pub fn enrol_person(&mut self, device: &str, person: PersonId) {
        self.try_enrol(device, person).expect("a device can be enrolled");
    }

    fn try_enrol(&mut self, name: &str, id: PersonId) -> Result<(), Trouble> {
        let folder = self.folder.path().join("devices").join(name);
        let root = self.root_key();
        let now = self.now;
        let mut chance = self.chance.clone();
        let link: InvitationLink = self.edit(|edit| {
            directory::invitations::invite(edit, id, 86_400_000, &root, "http://sim.invalid", &mut chance)
        });
        self.chance = chance;
        let enrolment = Enrolment::begin(&folder, link, now, &mut self.chance)?;
        let request = enrolment.request();
        let record = self.edit(|edit| directory::enrol(edit.tx, edit.now, &request));
        let device = enrolment.finish(Enrolled { record })?;
        self.devices
            .insert(name.to_owned(), SimDevice { device: Some(device), folder, online: true, locked: false });
        Ok(())
    }

    /// The school's root key, as whoever has the relay's folder has it.
    pub fn root_key(&self) -> SecretKey {
        directory::school::root_key(&self.folder.path().join("relay"), &self.conn)
            .expect("a school has its key")
    }

    /// A device of the simulation.
    pub fn device(&mut self, name: &str) -> &mut SimDevice {
        self.devices.get_mut(name).unwrap_or_else(|| panic!("there is no device {name}"))
    }

    /// The names of all devices.
    pub fn device_names(&self) -> Vec<String> {
        self.devices.keys().cloned().collect()
    }

    /// Runs something a person does on a device, with the clock and the dice of the simulation.
    pub fn on<T, E>(
        &mut self,
        name: &str,
        act: impl FnOnce(&mut Device, Timestamp, &mut SeededChance) -> Result<T, E>,
    ) -> Result<T, E> {
        let now = self.tick();
        let mut chance = self.chance.clone();
        let done = act(self.device(name).device(), now, &mut chance);
        // The dice go on whether or not it worked, or ids would repeat.
        self.chance = chance;
        fieldfolio_core::ids::random::<8>(&mut self.chance);
        done
    }

    /// A shared piece of evidence in a folio, without photos.
    pub fn capture(
        &mut self,
        device: &str,
        title: &str,
        folio: &str,
        date: &str,
        outcomes: &[&str],
    ) -> PieceId {
        let new = NewPiece {
            title: title.to_owned(),
            work_date: Some(date.parse::<WorkDate>().expect("a day")),
            outcomes: outcomes.iter().map(|code| self.outcome(code)).collect(),
            folios: vec![self.folio(folio)],
            audience: Some(Roles::WHOLE_CIRCLE),
            ..NewPiece::default()
        };
        self.on(device, |device, now, chance| device.capture(new, now, chance))
            .expect("work can be captured")
            .piece
    }

    /// Keeps a copy of the relay's database as it is now.
    pub fn keep_backup(&mut self) {
        let copy = self.folder.path().join("backup.db");
        self.conn.execute("vacuum into ?1", [copy.display().to_string()]).expect("a backup can be made");
    }

    /// Puts the relay back to its backup: what came since is gone from it.
    pub fn restore_backup(&mut self) {
        let relay = self.folder.path().join("relay");
        self.conn = Connection::open_in_memory().expect("memory is a database");
        for left in ["relay.db-wal", "relay.db-shm"] {
            // A clean close has removed them already.
            let _ = std::fs::remove_file(relay.join(left));
        }
        std::fs::copy(self.folder.path().join("backup.db"), relay.join("relay.db"))
            .expect("a backup can be copied");
        self.conn = database::open(&relay).expect("a backup opens");
    }

    /// Damages the stored bytes of one document on one device, as a failing disk would.
    pub fn damage(&mut self, device: &str, document: fieldfolio_core::ids::DocumentId) {
        let folder = self.device(device).folder.clone();
        let conn = Connection::open(folder.join("fieldfolio.db")).expect("the device's database opens");
        let damaged = conn
            .execute(
                "update change set raw = zeroblob(length(raw)) where document = (select row from document where id = ?1)",
                [document.to_bytes().as_slice()],
            )
            .expect("the bytes can be damaged");
        assert!(damaged > 0, "there is something to damage");
    }

    /// The clock goes on by a second.
    pub fn tick(&mut self) -> Timestamp {
        self.now = self.now.plus_millis(1_000);
        self.now
    }

    /// Lets one device do one step. Returns whether there was anything to do.
    pub fn step(&mut self, name: &str) -> Result<bool, Trouble> {
        let now = self.tick();
        let step = self.device(name).device().next_step(now)?;
        let (turn, ask) = match step {
            Step::Ask(turn, ask) => (turn, ask),
            Step::Wait(_) => return Ok(false),
            Step::Locked => {
                self.device(name).locked = true;
                return Ok(false);
            }
        };
        let answer = if self.device(name).online {
            self.carry(name, &ask)?
        } else {
            self.happened.partitioned += 1;
            Err(Failure::Unreachable)
        };
        let mut chance = self.chance.clone();
        self.device(name).device().answered(turn, answer, now, &mut chance)?;
        self.chance = chance;
        Ok(true)
    }

    /// Carries one request over the network, in this weather.
    fn carry(&mut self, name: &str, ask: &Ask) -> Result<Result<HttpAnswer, Failure>, Trouble> {
        let Body::Bytes(body) = &ask.body else { return Ok(Err(Failure::Unreachable)) };
        if !ask.url.ends_with("/v1/sync") {
            // Media travels in the scenarios with real processes.
            return Ok(Err(Failure::Unreachable));
        }
        let token = self.device(name).device().identity().token;
        if self.chance.happens(self.weather.drop_request) {
            self.happened.dropped_requests += 1;
            return Ok(Err(Failure::Unreachable));
        }
        if self.chance.happens(self.weather.duplicate) {
            self.happened.duplicates += 1;
            self.relay_answers(&token, body)?;
        }
        let answer = self.relay_answers(&token, body)?;
        if self.chance.happens(self.weather.drop_answer) {
            self.happened.dropped_answers += 1;
            return Ok(Err(Failure::Unreachable));
        }
        self.happened.exchanges += 1;
        let mut answer = answer;
        if answer.status == 200 && self.chance.happens(self.weather.truncate) {
            self.happened.truncated += 1;
            let half = answer.body.len() / 2;
            answer.body.truncate(half);
        }
        Ok(Ok(answer))
    }

    fn relay_answers(&mut self, token: &[u8], body: &[u8]) -> Result<HttpAnswer, Trouble> {
        let Some(asker) = relay::token_holder(&self.conn, token)? else {
            return Ok(HttpAnswer { status: 401, ..HttpAnswer::default() });
        };
        let Ok(request) = Request::from_bytes(body) else {
            return Ok(HttpAnswer { status: 400, ..HttpAnswer::default() });
        };
        let response = relay::exchange_alone(&mut self.conn, &self.room, asker, request, self.now)?;
        Ok(HttpAnswer { status: 200, body: wire::to_bytes(&response), ..HttpAnswer::default() })
    }

    /// Everyone who has a network syncs until nobody has anything to do.
    pub fn settle(&mut self) {
        self.try_settle().expect("the school settles");
    }

    fn try_settle(&mut self) -> Result<(), Trouble> {
        let names = self.device_names();
        for name in &names {
            if self.device(name).online {
                self.device(name).device().wake()?;
            }
        }
        for _ in 0..400 {
            let mut busy = false;
            for name in &names {
                while self.device(name).online && !self.device(name).locked && self.step(name)? {
                    busy = true;
                    if self.is_only_waiting(name)? {
                        break;
                    }
                }
            }
            if !busy {
                // Backing off is over in a simulated minute; who hears of nothing asks again.
                self.now = self.now.plus_millis(61_000);
                if self.everyone_is_current()? {
                    return Ok(());
                }
            }
        }
        Err("the school does not settle".into())
    }

    /// Uploads can't travel here; a device that has nothing else to do is done.
    fn is_only_waiting(&mut self, name: &str) -> Result<bool, Trouble> {
        let status = self.device(name).device().status()?;
        Ok(status.to_fill == 0 && status.waiting.iter().all(|waiting| waiting.reason.is_some()) && {
            let head = fieldfolio_server::news::head(&self.conn)?;
            self.device(name).device().known_up_to()? == head
        })
    }

    fn everyone_is_current(&mut self) -> Result<bool, Trouble> {
        for name in self.device_names() {
            let device = self.device(&name);
            if device.online && !device.locked && !self.is_only_waiting(&name)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
