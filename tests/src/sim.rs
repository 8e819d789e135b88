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

use fieldfolio_core::device::{Ask, Body, Device, Enrolment, HttpAnswer, Judging, NewPiece, Step, Turn};
use fieldfolio_core::ids::{EntryId, PersonId, PieceId, SeededRng};
use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::framework::Level;
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::signing::SecretKey;
use fieldfolio_core::sync::Failure;
use fieldfolio_core::sync::wire::{self, Enrolled, Request};
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::database;
use fieldfolio_server::directory::{self, Edit};
use fieldfolio_server::exchange::{self, OneConnection};
use rusqlite::Connection;

use crate::sample::Sample;

/// Why a scenario stops: its words.
pub type BoxError = Box<dyn std::error::Error>;

/// A school with its relay and devices.
pub struct School {
    folder: tempfile::TempDir,
    /// The relay's database.
    pub conn: Connection,
    sample: Sample,
    /// The clock.
    pub now: Timestamp,
    /// The dice.
    pub rng: SeededRng,
    devices: BTreeMap<String, SimDevice>,
    /// How bad the network is.
    pub weather: Weather,
    /// What really happened on it.
    pub happened: Happened,
    /// What the relay's file of ends holds.
    ends: Vec<fieldfolio_server::exchange::revocations::Revocation>,
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
    /// The answer takes its time: other things happen first.
    pub delay: u64,
    /// The request arrives once more, after later ones.
    pub repeat_later: u64,
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
    /// Answers that took their time.
    pub delayed: u64,
    /// Requests that arrived once more, after later ones.
    pub repeated_later: u64,
    /// Attempts of a device that had no network.
    pub partitioned: u64,
    /// Times that a device held something else than the relay.
    pub differed: u64,
    /// Verdicts that held something back.
    pub held: u64,
    /// Verdicts that something was erased.
    pub erased: u64,
    /// Items of a lost log that were brought and taken.
    pub brought_back: u64,
}

/// One device of the simulation.
pub struct SimDevice {
    device: Option<Device>,
    folder: PathBuf,
    online: bool,
    /// The school does not know it any more.
    pub locked: bool,
    /// How many milliseconds its clock is wrong by.
    wrong_by: i64,
    /// An answer that takes its time.
    on_its_way: Option<(Turn, Result<HttpAnswer, Failure>)>,
    /// A request that will arrive once more.
    astray: Option<Vec<u8>>,
    /// What a relay of another version would say instead.
    version: Option<Version>,
}

/// What a relay of another version would say instead.
pub type Version = Box<dyn FnMut(&Request, &mut wire::Response) + Send>;

impl SimDevice {
    fn new(device: Device, folder: PathBuf) -> Self {
        Self {
            device: Some(device),
            folder,
            online: true,
            locked: false,
            wrong_by: 0,
            on_its_way: None,
            astray: None,
            version: None,
        }
    }

    /// The device itself.
    pub fn device(&mut self) -> &mut Device {
        self.device.as_mut().expect("a device is open except while it restarts")
    }

    /// Its clock is wrong by so much from here on.
    pub fn set_clock_wrong_by(&mut self, millis: i64) {
        self.wrong_by = millis;
    }

    /// Its relay is of another version from here on.
    pub fn hears(&mut self, version: Version) {
        self.version = Some(version);
    }

    /// Where its store lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// No network from here on.
    pub fn go_offline(&mut self) {
        self.online = false;
    }

    /// The network is back, and nobody tells the device.
    pub fn come_into_reach(&mut self) {
        self.online = true;
    }

    /// The network is back, and the device notices.
    pub fn go_online(&mut self) -> Result<(), BoxError> {
        self.online = true;
        Ok(self.device().wake()?)
    }

    /// Its person asks once more, though the school had refused it.
    pub fn ask_again(&mut self) -> Result<(), BoxError> {
        self.locked = false;
        Ok(self.device().wake()?)
    }

    /// The device itself, taken away from the simulation.
    pub fn take(&mut self) -> Device {
        self.device.take().expect("a device is open except while it restarts")
    }

    /// The process ends without a word and is started again.
    pub fn restart(&mut self) -> Result<(), BoxError> {
        self.device = None;
        self.on_its_way = None;
        self.device = Some(Device::open(&self.folder)?);
        Ok(())
    }
}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
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

    fn try_new(seed: u64) -> Result<Self, BoxError> {
        let folder = scratch()?;
        let now = Timestamp::from_millis(1_790_000_000_000);
        let mut rng = SeededRng::new(seed);
        let relay = folder.path().join("relay");
        let relay_text = relay.display().to_string();
        let args = ["fieldfolio", "--dir", &relay_text, "--json", "sample", "--invite"];
        let sample =
            fieldfolio_server::cli::run_with(args, now, &mut rng).map_err(|error| error.to_string())?;
        Ok(Self {
            conn: database::open(&relay)?,
            folder,
            sample: Sample(serde_json::from_str(&sample)?),
            now,
            rng,
            devices: BTreeMap::new(),
            weather: Weather::default(),
            happened: Happened::default(),
            ends: Vec::new(),
        })
    }

    /// The relay's folder.
    pub fn relay_folder(&self) -> PathBuf {
        self.folder.path().join("relay")
    }

    /// The relay, on its one connection and by the clock of the simulation.
    pub fn relay(&mut self) -> OneConnection<'_> {
        OneConnection::new(&mut self.conn, self.now).expect("the relay's database is a school's")
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

    fn try_enrol(&mut self, name: &str, id: PersonId) -> Result<(), BoxError> {
        let folder = self.folder.path().join("devices").join(name);
        let root = self.root_key();
        let now = self.now;
        let mut rng = self.rng.clone();
        let link: InvitationLink = self.edit(|edit| {
            directory::invitations::invite(edit, id, 86_400_000, &root, "http://sim.invalid", &mut rng)
        });
        self.rng = rng;
        let enrolment = Enrolment::begin(&folder, link, now, &mut self.rng)?;
        let request = enrolment.request();
        let record = self.edit(|edit| {
            let proven = directory::enrolment::prove(edit.tx, request)?;
            directory::enrolment::enrol(edit.tx, edit.now, &proven)
        });
        let device = enrolment.finish(Enrolled { record })?;
        self.devices.insert(name.to_owned(), SimDevice::new(device, folder));
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
        act: impl FnOnce(&mut Device, Timestamp, &mut SeededRng) -> Result<T, E>,
    ) -> Result<T, E> {
        self.tick();
        let now = self.clock_of(name);
        let mut rng = self.rng.clone();
        let done = act(self.device(name).device(), now, &mut rng);
        // The dice go on whether or not it worked, or ids would repeat.
        self.rng = rng;
        fieldfolio_core::ids::random::<8>(&mut self.rng);
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
            work_date: date.parse().expect("a day"),
            outcomes: outcomes.iter().map(|code| self.outcome(code)).collect(),
            folios: vec![self.folio(folio)],
            audience: Some(Roles::WHOLE_CIRCLE),
            ..NewPiece::of(crate::a_day())
        };
        self.on(device, |device, now, rng| device.capture(new, now, rng)).expect("work can be captured").piece
    }

    /// A summative judgement of one outcome, for a student who is named.
    pub fn assess(
        &mut self,
        device: &str,
        piece: PieceId,
        student: &str,
        outcome: &str,
        level: u8,
    ) -> EntryId {
        let judging = self.summative(outcome, level);
        self.assess_as(device, piece, student, judging)
    }

    /// The same, with everything that a judgement says.
    pub fn assess_as(&mut self, device: &str, piece: PieceId, student: &str, judging: Judging) -> EntryId {
        let student = self.person(student);
        self.on(device, |device, now, rng| device.assess(piece, student, judging, now, rng)).expect("judged")
    }

    /// A judgement that counts, of the day of the work, without a next step.
    pub fn summative(&self, outcome: &str, level: u8) -> Judging {
        Judging {
            outcome: self.outcome(outcome),
            level: Level(level),
            kind: AssessmentKind::Summative,
            work_date: None,
            next_step: String::new(),
            replaces: None,
        }
    }

    /// What a device says of a student's level in an outcome.
    pub fn sentence(&mut self, device: &str, student: &str, outcome: &str) -> String {
        let (student, outcome) = (self.person(student), self.outcome(outcome));
        let level = self.device(device).device().level(student, outcome).expect("a level can be asked for");
        level.map_or_else(|| "no level is shown".to_owned(), |level| level.answer.sentence)
    }

    /// Keeps a copy of the relay's database as it is now.
    pub fn keep_backup(&mut self) {
        let copy = self.folder.path().join("backup.db");
        // The one before it, if there is one.
        let _ = std::fs::remove_file(&copy);
        self.conn.execute("vacuum into ?1", [copy.display().to_string()]).expect("a backup can be made");
    }

    /// Puts the relay back to its backup: what came since is gone from it.
    pub fn restore_backup(&mut self) {
        let relay = self.folder.path().join("relay");
        self.ends.extend(
            fieldfolio_server::exchange::revocations::since(&self.conn, 0).expect("what ended is in the log"),
        );
        self.conn = Connection::open_in_memory().expect("memory is a database");
        for left in ["relay.db-wal", "relay.db-shm"] {
            // A clean close has removed them already.
            let _ = std::fs::remove_file(relay.join(left));
        }
        std::fs::copy(self.folder.path().join("backup.db"), relay.join("relay.db"))
            .expect("a backup can be copied");
        self.conn = database::open(&relay).expect("a backup opens");
        let tx = database::begin(&mut self.conn).expect("the relay's database opens");
        fieldfolio_server::log::epochs::take_over(&tx, self.now).expect("a copy takes over");
        fieldfolio_server::exchange::revocations::apply(&tx, self.now, &self.ends)
            .expect("what ended ends again");
        tx.commit().expect("that is kept");
    }

    /// The same with a copy that says of itself up to where it reaches, as `fieldfolio backup` makes them; it is served
    /// in the original's place.
    pub fn keep_marked_backup(&mut self) {
        self.keep_backup();
        let copy = Connection::open(self.folder.path().join("backup.db")).expect("a copy opens");
        let head = fieldfolio_server::log::head(&copy).expect("a log");
        fieldfolio_server::log::epochs::mark_copy(&copy, head).expect("a copy can be marked");
    }

    /// A copy of a device's folder as it is now, as a phone's backup makes it.
    pub fn keep_device(&mut self, name: &str) {
        let (folder, copy) = (self.device(name).folder.clone(), self.folder.path().join("kept").join(name));
        self.device(name).device = None;
        copy_folder(&folder, &copy).expect("a device can be copied");
        self.device(name).device = Some(Device::open(&folder).expect("a device opens"));
    }

    /// Puts a device back to its copy: what it did since is gone from it.
    pub fn restore_device(&mut self, name: &str) {
        let (folder, copy) = (self.device(name).folder.clone(), self.folder.path().join("kept").join(name));
        self.device(name).device = None;
        std::fs::remove_dir_all(&folder).expect("a device can be removed");
        copy_folder(&copy, &folder).expect("a device can be put back");
        self.device(name).device = Some(Device::open(&folder).expect("a device opens"));
    }

    /// Takes from a device's store what shows that it lies somewhere else than before, as where a backup is written over
    /// the very file it was made from.
    pub fn as_if_never_moved(&mut self, name: &str) {
        let folder = self.device(name).folder.clone();
        self.device(name).device = None;
        let copy = self.folder.path().join("kept").join(name.replace("clone", "phone"));
        let kept = Connection::open(copy.join("fieldfolio.db")).expect("a copy opens");
        let conn = Connection::open(folder.join("fieldfolio.db")).expect("the device's database opens");
        let mut actors = kept.prepare("select actor, id from document").expect("documents");
        let rows =
            actors.query_map([], |row| Ok((row.get::<_, Option<Vec<u8>>>(0)?, row.get::<_, Vec<u8>>(1)?)));
        for row in rows.expect("documents") {
            let (actor, id) = row.expect("a document");
            conn.execute("update document set actor = ?1 where id = ?2", (actor, id)).expect("an actor");
        }
        drop(conn);
        self.device(name).device = Some(Device::open(&folder).expect("a device opens"));
    }

    /// Takes the newest change out of a device's database.
    pub fn lose_newest_change(&mut self, name: &str) {
        let folder = self.device(name).folder.clone();
        let conn = Connection::open(folder.join("fieldfolio.db")).expect("the device's database opens");
        let gone = conn.execute("delete from change where n = (select max(n) from change)", []);
        assert_eq!(gone.expect("rows can be removed"), 1);
    }

    /// Changes the directory in a way that is refused; the refusal's words.
    pub fn edit_fails<T, E: std::fmt::Display>(
        &mut self,
        edit: impl FnOnce(&Edit<'_>) -> Result<T, E>,
    ) -> String {
        let now = self.now;
        let tx = database::begin(&mut self.conn).expect("the relay's database opens");
        match edit(&Edit { tx: &tx, now, by: None }) {
            Ok(_) => panic!("it was not refused"),
            Err(error) => error.to_string(),
        }
    }

    /// Puts a device's copy beside it, as a second device of the same name and keys.
    pub fn clone_device(&mut self, name: &str, clone: &str) {
        let copy = self.folder.path().join("kept").join(name);
        let folder = self.folder.path().join("devices").join(clone);
        copy_folder(&copy, &folder).expect("a device can be copied");
        let device = Device::open(&folder).expect("a device opens");
        self.devices.insert(clone.to_owned(), SimDevice::new(device, folder));
    }

    /// A teacher lets through what is held back of a document. Whether that was done.
    pub fn release(&mut self, by: &str, document: fieldfolio_core::ids::DocumentId) -> bool {
        let by = self.person(by);
        exchange::release(&self.relay(), by, document).expect("the relay works")
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

    /// What a device's own clock says.
    fn clock_of(&mut self, name: &str) -> Timestamp {
        let now = self.now.millis();
        Timestamp::from_millis(now.saturating_add_signed(self.device(name).wrong_by))
    }

    /// Lets one device do one step. Returns whether there was anything to do.
    pub fn step(&mut self, name: &str) -> Result<bool, BoxError> {
        self.tick();
        let now = self.clock_of(name);
        if let Some((turn, answer)) = self.device(name).on_its_way.take() {
            return self.arrives(name, turn, answer, now);
        }
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
        if self.rng.happens(self.weather.delay) {
            self.happened.delayed += 1;
            self.device(name).on_its_way = Some((turn, answer));
            return Ok(true);
        }
        self.arrives(name, turn, answer, now)
    }

    fn arrives(
        &mut self,
        name: &str,
        turn: Turn,
        answer: Result<HttpAnswer, Failure>,
        now: Timestamp,
    ) -> Result<bool, BoxError> {
        let mut rng = self.rng.clone();
        self.device(name).device().answered(turn, answer, now, &mut rng)?;
        self.rng = rng;
        Ok(true)
    }

    /// Carries one request over the network, in this weather.
    fn carry(&mut self, name: &str, ask: &Ask) -> Result<Result<HttpAnswer, Failure>, BoxError> {
        let Body::Bytes(body) = &ask.body else { return Ok(Err(Failure::Unreachable)) };
        if ask.url.ends_with("/v1/re-enrol") {
            let frame = wire::from_bytes(body, wire::MAX_CALL_BYTES)?;
            let tx = database::begin(&mut self.conn)?;
            let back = directory::enrolment::prove_chain(&tx, frame)
                .and_then(|proven| directory::enrolment::re_enrol(&tx, self.now, &proven));
            let status = if back.is_ok() { 200 } else { 403 };
            if back.is_ok() {
                tx.commit()?;
            }
            return Ok(Ok(HttpAnswer { status, is_of_relay: true, ..HttpAnswer::default() }));
        }
        if ask.exchange().is_none() {
            // Media travels in the scenarios with real processes.
            return Ok(Err(Failure::Unreachable));
        }
        let token = self.device(name).device().identity().token;
        if self.rng.happens(self.weather.drop_request) {
            self.happened.dropped_requests += 1;
            return Ok(Err(Failure::Unreachable));
        }
        if let Some(late) = self.device(name).astray.take() {
            // Nobody waits for its answer any more.
            self.happened.repeated_later += 1;
            self.relay_answers(&token, &late)?;
        }
        if self.rng.happens(self.weather.repeat_later) {
            self.device(name).astray = Some(body.clone());
        }
        if self.rng.happens(self.weather.duplicate) {
            self.happened.duplicates += 1;
            self.relay_answers(&token, body)?;
        }
        let answer = self.relay_answers(&token, body)?;
        if self.rng.happens(self.weather.drop_answer) {
            self.happened.dropped_answers += 1;
            return Ok(Err(Failure::Unreachable));
        }
        self.happened.exchanges += 1;
        let mut answer = answer;
        if answer.status == 200
            && let Some(version) = &mut self.device(name).version
        {
            let request = Request::from_bytes(body)?;
            let mut response = wire::Response::from_bytes(&answer.body, request.items.len())?;
            version(&request, &mut response);
            answer.body = response.to_frame(request.inflates);
        }
        if answer.status == 200 && self.rng.happens(self.weather.truncate) {
            self.happened.truncated += 1;
            let half = answer.body.len() / 2;
            answer.body.truncate(half);
        }
        Ok(Ok(answer))
    }

    fn relay_answers(&mut self, token: &[u8], body: &[u8]) -> Result<HttpAnswer, BoxError> {
        let Some(asker) = exchange::token_holder(&self.conn, token, self.now)? else {
            return Ok(HttpAnswer { status: 401, is_of_relay: true, ..HttpAnswer::default() });
        };
        let Ok(request) = Request::from_bytes(body) else {
            return Ok(HttpAnswer { status: 400, is_of_relay: true, ..HttpAnswer::default() });
        };
        let (items, inflates) = (request.items.clone(), request.inflates);
        let response = exchange::exchange(&self.relay(), asker, request)?;
        self.happened.differed += u64::from(response.differs || response.again);
        for (item, verdict) in items.iter().zip(&response.verdicts) {
            let is_old = matches!(item, wire::Item::OldAct(..) | wire::Item::OldChange(..));
            self.happened.brought_back += u64::from(is_old && matches!(verdict, wire::Verdict::Stored(_)));
            self.happened.held += u64::from(*verdict == wire::Verdict::Quarantined);
            self.happened.erased += u64::from(*verdict == wire::Verdict::Erased);
        }
        Ok(HttpAnswer {
            status: 200,
            is_of_relay: true,
            body: response.to_frame(inflates),
            ..HttpAnswer::default()
        })
    }

    /// Everyone who has a network syncs until nobody has anything to do.
    pub fn settle(&mut self) {
        self.try_settle().expect("the school settles");
    }

    fn try_settle(&mut self) -> Result<(), BoxError> {
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
    fn is_only_waiting(&mut self, name: &str) -> Result<bool, BoxError> {
        let status = self.device(name).device().status()?;
        Ok(status.to_fill == 0 && status.waiting.iter().all(|waiting| waiting.reason.is_some()) && {
            let head = fieldfolio_server::log::head(&self.conn)?;
            self.device(name).device().known_up_to()? == head
        })
    }

    fn everyone_is_current(&mut self) -> Result<bool, BoxError> {
        for name in self.device_names() {
            let device = self.device(&name);
            if device.online && !device.locked && !device.device().was_compared()? {
                return Ok(false);
            }
            let device = self.device(&name);
            if device.online && !device.locked && !self.is_only_waiting(&name)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
