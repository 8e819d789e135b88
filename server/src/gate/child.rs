//! A child of the gate as the relay sees it: started, asked, waited for so long, and known by how it ended.
//!
//! A thread of the relay starts it, writes to it and reads from it, so that whoever asks can stop waiting. The thread
//! lives as long as the child: the system ends the child when that very thread is gone.

use std::fmt;
use std::io;
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use fieldfolio_core::document::{Tried, Unfit};

use super::frames::{self, Answer, LONGEST_ANSWER, Ready};
use super::{GateError, Limits};

/// How long a new child may take until it is ready; some milliseconds, unless the machine is far too busy.
const START: Duration = Duration::from_secs(60);

/// A process that tries changes. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Child {
    process: process::Child,
    asks: SyncSender<Vec<u8>>,
    answers: Receiver<io::Result<Vec<u8>>>,
    is_filtered: bool,
    trials: u64,
}

/// How a child ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Of what it tried: it wanted too much memory or time, or broke.
    Trial(String),
    /// Of something else.
    Outside(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Trial(how) => write!(f, "{how}, by what it tried"),
            Ended::Outside(how) => write!(f, "{how}, by something else"),
        }
    }
}

impl Child {
    pub(super) fn start(limits: &Limits) -> Result<Self, GateError> {
        let (started, heard) = sync_channel(1);
        let (asks, asked) = sync_channel::<Vec<u8>>(1);
        let (answer, answers) = sync_channel(1);
        let mut command = command(limits);
        let serve = move || {
            let (stdin, stdout) = match command.spawn() {
                Ok(mut process) => {
                    let pipes = (process.stdin.take(), process.stdout.take());
                    if started.send(Ok(process)).is_err() {
                        return;
                    }
                    pipes
                }
                // Who started it waits for this.
                Err(error) => return drop(started.send(Err(error))),
            };
            let (Some(mut stdin), Some(mut stdout)) = (stdin, stdout) else { return };
            let mut goes_on = answer.send(frames::next(&mut stdout, LONGEST_ANSWER)).is_ok();
            while let (true, Ok(ask)) = (goes_on, asked.recv()) {
                let heard =
                    frames::send(&mut stdin, &ask).and_then(|()| frames::next(&mut stdout, LONGEST_ANSWER));
                goes_on = heard.is_ok();
                goes_on &= answer.send(heard).is_ok();
            }
        };
        thread::Builder::new().name("gate".into()).spawn(serve).map_err(GateError::Start)?;
        let process = heard.recv().map_err(|_| GateError::Start(io::ErrorKind::Other.into()))?;
        let process = process.map_err(GateError::Start)?;
        let mut child = Self { process, asks, answers, is_filtered: false, trials: 0 };
        let first = child.hears(START).map_err(|ended| GateError::Ended(ended.to_string()))?;
        match minicbor::decode(&first) {
            Ok(Ready::Yes { filtered }) => child.is_filtered = filtered,
            Ok(Ready::No(why)) => return Err(GateError::Rights(why)),
            Err(_) => return Err(GateError::Ended("it said something else".into())),
        }
        Ok(child)
    }

    /// Its system calls are filtered.
    pub(super) fn is_filtered(&self) -> bool {
        self.is_filtered
    }

    /// Its process's number.
    pub(super) fn number(&self) -> u32 {
        self.process.id()
    }

    /// It has ended, of whatever.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// It has tried nothing yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.trials == 0
    }

    /// Has it try what is in this frame. After an error it is of no use any more.
    pub(super) fn tries(
        &mut self,
        frame: Vec<u8>,
        patience: Duration,
    ) -> Result<Result<Tried, Unfit>, Ended> {
        self.trials += 1;
        // Where its thread has ended already, hearing says why.
        let _ = self.asks.send(frame);
        let answer: Answer = match minicbor::decode(&self.hears(patience)?) {
            Ok(answer) => answer,
            Err(_) => return Err(Ended::Outside("it said something else".into())),
        };
        Ok(answer.into())
    }

    fn hears(&mut self, patience: Duration) -> Result<Vec<u8>, Ended> {
        match self.answers.recv_timeout(patience) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(how(self.process.wait())),
            // A trial that uses its time up is ended by the system. One that does neither end nor use it up is held
            // up by other things, where the system counts time.
            Err(RecvTimeoutError::Timeout) if cfg!(unix) => Err(Ended::Outside("it took too long".into())),
            Err(RecvTimeoutError::Timeout) => Err(Ended::Trial("it took too long".into())),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Whoever is gone already can't be ended; either way nothing is left of it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program as a child of the gate: it inherits no variable, no file, and nothing to say but its answers. What it
/// would say of its end could quote what people wrote.
fn command(limits: &Limits) -> Command {
    let mut command = Command::new(&limits.program);
    command
        .arg("gate")
        .args(["--memory", &limits.memory.to_string(), "--seconds", &limits.seconds.to_string()])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // In a group of its own: what stops the relay by the keyboard lets trials that run come to their end.
        command.arg0("fieldfolio").process_group(0).current_dir("/");
    }
    command
}

/// Who ends a process from outside sends it a signal that asks or kills; what breaks inside raises others.
fn how(status: io::Result<ExitStatus>) -> Ended {
    let Ok(status) = status else { return Ended::Outside("it is gone".into()) };
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        use std::os::unix::process::ExitStatusExt;
        let by_others = [Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT, Signal::PIPE];
        let signal = status.signal();
        if by_others.into_iter().any(|other| signal == Some(other.as_raw())) {
            return Ended::Outside(status.to_string());
        }
    }
    Ended::Trial(status.to_string())
}
