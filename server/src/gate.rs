//! Where changes are tried before they are stored: in child processes that may die, so that the relay never does.
//!
//! automerge panics on some well-formed hostile changes, and others make it want all memory there is, or never come to
//! an end. So the relay starts copies of its own program (`fieldfolio gate`), sends them what is to be tried, and
//! believes what they answer. A child has little memory, no network, no files and a bounded time (`gate/jail.rs`); it is
//! started when it is needed, kept while it is well, and ends when the relay does, however that ends.
//!
//! A child that was ended by something else than the trial (someone's `kill`, a machine out of memory or far too busy)
//! says nothing about the changes: another one tries them. A change is refused for ending its child only when it did so
//! alone, twice, in a child that had tried nothing before.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fieldfolio_core::document::{Sheet, SignedChange, Tried, Unfit};
use fieldfolio_core::ids::{DeviceId, DocumentId, PersonId, PieceId};
use fieldfolio_core::signing::Signature;
use fieldfolio_core::sync::relay::{Sandbox, Untaken};

use crate::config::Config;

use child::{Child, Ended};
use frames::Ask;
use turns::{Turn, Turns};

pub(crate) use work::work;

pub use contained::ContainedTrial;

mod bounds;
mod child;
mod contained;
mod frames;
mod jail;
mod turns;
mod work;

/// What children are started from, how many there may be, and what a trial may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Limits {
    program: PathBuf,
    /// Children at a time.
    children: usize,
    /// Bytes of memory of each.
    memory: u64,
    /// Seconds of a processor for one trial.
    seconds: u64,
}

impl Limits {
    /// As configured; where nothing is, as many children as processors, two to four. Never one: who keeps it busy would
    /// keep everybody waiting.
    fn of(config: &Config, program: PathBuf) -> Self {
        let processors = thread::available_parallelism().map_or(2, NonZero::get);
        Self {
            program,
            children: config.gate_children.unwrap_or(processors.clamp(2, 4)),
            memory: config.gate_memory_bytes,
            seconds: config.gate_seconds,
        }
    }

    /// How long a trial may take by the clock. A machine that gives a child a quarter of a processor is busy; one that
    /// gives it less is asked again later.
    fn patience(&self) -> Duration {
        Duration::from_secs(self.seconds.saturating_mul(4))
    }
}

/// No trial can be held, so no relay can be run.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// No process could be started.
    #[error("the gate can't be opened: no child process can be started from this program ({0})")]
    Start(std::io::Error),
    /// It started, and could not be shut off.
    #[error("the gate can't be opened: a child process could not give up its rights ({0})")]
    Rights(String),
    /// It started and said nothing, or nothing that makes sense.
    #[error(
        "the gate can't be opened: a child process ended before it could try a change ({0}). \
         If gate_memory_bytes is set, it may be too little"
    )]
    Ended(String),
    /// It tried a change of ours and refused it.
    #[error("the gate can't be opened: a child process refused a change that is in order")]
    Wrong,
}

/// The relay's gate.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
    turns: Turns<Option<Child>>,
    starts: bounds::Starts,
    deaths: bounds::Deaths,
}

/// Deaths of children by other hands that one trial outlives.
const MISHAPS: u32 = 3;

impl Gate {
    /// A gate whose children are started from this very program. It has none yet: each is started when it is needed.
    pub fn new(config: &Config) -> Self {
        // What runs now, also when another program has taken its place on the disk.
        let running = Path::new("/proc/self/exe");
        let program = match running.exists() {
            true => running.to_owned(),
            false => std::env::current_exe().unwrap_or_else(|_| PathBuf::from("fieldfolio")),
        };
        Self::of_program(program, config)
    }

    /// A gate whose children are started from this `fieldfolio`.
    pub fn of_program(program: PathBuf, config: &Config) -> Self {
        let limits = Limits::of(config, program);
        Self {
            turns: Turns::new((0..limits.children).map(|_| None)),
            starts: bounds::Starts::new(limits.children),
            deaths: bounds::Deaths::default(),
            limits,
        }
    }

    /// Starts a first child and has it try a change of ours.
    pub fn prove(&self) -> Result<(), GateError> {
        let nobody = PersonId::from_bytes([0; 16]);
        let mut turn =
            self.turns.take(nobody, self.limits.patience()).ok_or_else(|| GateError::Ended("busy".into()))?;
        let mut child = Child::start(&self.limits)?;
        if !child.is_filtered() {
            tracing::warn!(
                "this system can't filter the calls of the gate's processes; memory and time are bounded"
            );
        }
        let ask = Arc::new(frames::ask(&Ask { stored: &[], new: &[&ours()] }));
        let answer = child.tries(ask, self.limits.patience());
        match answer {
            Ok(Ok(_)) => {
                *turn = Some(child);
                Ok(())
            }
            Ok(Err(_)) => Err(GateError::Wrong),
            Err(ended) => Err(GateError::Ended(ended.to_string())),
        }
    }

    /// The gate, as one person's changes come to it.
    pub fn of(&self, person: PersonId) -> Entrance<'_> {
        Entrance { gate: self, person }
    }

    /// The processes that wait for a trial.
    pub fn children(&self) -> Vec<u32> {
        self.turns.of_free(|child| child.as_ref().map(Child::number)).into_iter().flatten().collect()
    }

    /// The child of this place, started if there is none.
    fn child<'a>(&self, turn: &'a mut Turn<'_, Option<Child>>) -> Result<&'a mut Child, Untaken> {
        // One that was ended while it had nothing to do is no loss.
        if turn.as_mut().is_none_or(Child::has_ended) {
            if !self.starts.one_more() {
                tracing::warn!("a trial was put off: too many processes of the gate ended lately");
                return Err(Untaken::NoRoom);
            }
            let started = Child::start(&self.limits);
            **turn = Some(started.map_err(|error| {
                tracing::error!(%error, "a trial was put off");
                Untaken::NoRoom
            })?);
        }
        turn.as_mut().ok_or(Untaken::NoRoom)
    }
}

/// A change that nobody makes, to see that changes can be tried.
fn ours() -> SignedChange {
    let made = Sheet::genesis().edit([1; 16], 0, |edit| edit.words("A leaf, held against the light"));
    let new = made.expect("an empty sheet can be written on").expect("words are a change");
    let nothing = [0; 16];
    SignedChange {
        document: DocumentId::content(PieceId::from_bytes(nothing)),
        device: DeviceId::from_bytes(nothing),
        actor: new.actor,
        seq: new.seq,
        hash: new.hash,
        blobs: Vec::new(),
        raw: new.raw,
        signature: Signature::from_bytes([0; 64]),
    }
}

/// The gate for one person. She has one trial at a time, so she never occupies all children.
#[derive(Debug)]
pub struct Entrance<'a> {
    gate: &'a Gate,
    person: PersonId,
}

impl Sandbox for Entrance<'_> {
    fn trial(&self, stored: &[Vec<u8>], new: &[&SignedChange]) -> Result<Tried, Untaken> {
        let Self { gate, person } = *self;
        if gate.deaths.too_many(person) {
            tracing::warn!(%person, "a trial was put off: this person's changes ended too many processes");
            return Err(Untaken::NoRoom);
        }
        let patience = gate.limits.patience();
        let Some(mut turn) = gate.turns.take(person, patience) else {
            tracing::warn!(%person, "a trial was put off: no process of the gate was free in time");
            return Err(Untaken::NoRoom);
        };
        let ask = Arc::new(frames::ask(&Ask { stored, new }));
        let (mut deaths, mut mishaps) = (0, 0);
        loop {
            let child = gate.child(&mut turn)?;
            let is_fresh = child.is_fresh();
            let ended = match child.tries(ask.clone(), patience) {
                Ok(answer) => return Ok(answer?),
                Err(ended) => ended,
            };
            *turn = None;
            tracing::warn!(%ended, changes = new.len(), "a process of the gate ended in a trial");
            match ended {
                Ended::Outside(_) => {
                    mishaps += 1;
                    if mishaps == MISHAPS {
                        return Err(Untaken::NoRoom);
                    }
                }
                Ended::Trial(_) => {
                    gate.deaths.another(person);
                    if new.len() > 1 {
                        return Err(Untaken::Unfinished);
                    }
                    deaths += u32::from(is_fresh);
                    if deaths == 2 {
                        return Err(Unfit::Damages("its trial comes to no end").into());
                    }
                }
            }
        }
    }
}
