//! Real processes: the relay and the devices of a test or a demonstration, each with its own folder.
//!
//! They are waited for by what they say and by their end, never by the clock, and only what was started here is ended.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

/// A process didn't do what it was started for.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It was never built.
    #[error("{0} is not beside this program: build it first (cargo build --workspace --bins)")]
    Missing(String),
    /// The operating system.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// It ended, and said why.
    #[error("`{command}` ended with {code}: {said}")]
    Failed {
        /// What was run, without secrets.
        command: String,
        /// Its exit code, or the signal.
        code: String,
        /// What it said.
        said: String,
    },
    /// It said something else than was expected.
    #[error("`{command}` said {said:?}, which is not what was expected")]
    Unexpected {
        /// What was run.
        command: String,
        /// What it said.
        said: String,
    },
}

fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> ProcessError {
    let what = what.into();
    |source| ProcessError::System { what, source }
}

/// A program of this workspace, beside the one that runs now or (for tests) in the folder above.
pub fn binary(name: &str) -> Result<PathBuf, ProcessError> {
    let here = std::env::current_exe().map_err(system("finding this program"))?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let found = here.ancestors().skip(1).take(2).map(|folder| folder.join(&file)).find(|path| path.is_file());
    found.ok_or(ProcessError::Missing(file))
}

/// Runs `fieldfolio` on a school's folder; answers its JSON. `url` is how the relay is reached, for links.
pub fn school(folder: &Path, url: Option<&str>, args: &[&str]) -> Result<Value, ProcessError> {
    let mut command = Command::new(binary("fieldfolio")?);
    command.arg("--dir").arg(folder).arg("--json").args(args).stdin(Stdio::null());
    if let Some(url) = url {
        command.env("FIELDFOLIO_PUBLIC_URL", url);
    }
    let name = format!("fieldfolio {}", args.join(" "));
    let output = command.output().map_err(system(&name))?;
    json(&name, &output)
}

fn json(command: &str, output: &Output) -> Result<Value, ProcessError> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        let code = output.status.to_string();
        return Err(ProcessError::Failed { command: command.to_owned(), code, said });
    }
    serde_json::from_slice(&output.stdout).map_err(|_| ProcessError::Unexpected {
        command: command.to_owned(),
        said: String::from_utf8_lossy(&output.stdout).chars().take(200).collect(),
    })
}

/// A relay that runs. Dropping it ends it.
#[derive(Debug)]
pub struct Relay {
    folder: PathBuf,
    url: String,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// Held so that the relay never writes into nothing.
    _stdout: BufReader<ChildStdout>,
}

impl Relay {
    /// Starts the relay of the school in `folder` on a free port, and returns when it listens.
    pub fn start(folder: &Path) -> Result<Self, ProcessError> {
        Self::start_at(folder, "127.0.0.1:0")
    }

    /// The same at an address of one's choice.
    pub fn start_at(folder: &Path, address: &str) -> Result<Self, ProcessError> {
        let (running, url) = listen(folder, address)?;
        Ok(Self { folder: folder.to_owned(), url, running: Some(running) })
    }

    /// Lets it run on when this program has ended. Returns its process's number; 0 if it runs no more.
    pub fn stay(mut self) -> u32 {
        self.running.take().map_or(0, |running| running.child.id())
    }

    /// Where it answers, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its process's number, while it runs.
    pub fn number(&self) -> Option<u32> {
        Some(self.running.as_ref()?.child.id())
    }

    /// Kilobytes of memory it holds, and has held at most: `VmRSS` and `VmHWM`.
    pub fn memory(&self) -> Option<(u64, u64)> {
        memory(self.number()?)
    }

    /// Ends it with SIGKILL, as a power cut would: nothing is written back.
    pub fn kill9(&mut self) -> Result<(), ProcessError> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        running.child.kill().map_err(system("killing the relay"))?;
        running.child.wait().map_err(system("waiting for the relay's end"))?;
        Ok(())
    }

    /// Starts it again on the same folder and port.
    pub fn restart(&mut self) -> Result<(), ProcessError> {
        self.kill9()?;
        let address = self.url.trim_start_matches("http://").to_owned();
        let (running, url) = listen(&self.folder, &address)?;
        (self.running, self.url) = (Some(running), url);
        Ok(())
    }

    /// Asks it to stop and waits until it has; an error if it did not end well.
    pub fn stop(mut self) -> Result<(), ProcessError> {
        self.stop_now()
    }

    /// The same, for one that may be started again.
    pub fn stop_now(&mut self) -> Result<(), ProcessError> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let pid = running.child.id();
        if signal(pid, "TERM").is_err() {
            running.child.kill().map_err(system("killing the relay"))?;
        }
        let status = running.child.wait().map_err(system("waiting for the relay's end"))?;
        if status.success() {
            return Ok(());
        }
        let (command, code) = ("fieldfolio serve".to_owned(), status.to_string());
        Err(ProcessError::Failed { command, code, said: log_end(&self.folder) })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Nobody is left to tell; the process is gone either way.
        drop(self.kill9());
    }
}

/// Sends a signal, by its name without SIG, to a process that was started here.
pub fn signal(process: u32, name: &str) -> Result<(), ProcessError> {
    let command = format!("kill -{name} {process}");
    // The shell has `kill` built in, also where no such program is installed.
    let sent = Command::new("sh").args(["-c", &command]).stderr(Stdio::null()).status();
    let status = sent.map_err(system(&command))?;
    if status.success() {
        return Ok(());
    }
    Err(ProcessError::Failed { command, code: status.to_string(), said: "it is gone".to_owned() })
}

/// Is there a process of this number that hasn't ended?
pub fn runs(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("State:").is_some_and(|state| !state.contains('Z')))
}

/// The processes that this one started, as far as they run.
pub fn children_of(process: u32) -> Vec<u32> {
    let parent = format!("PPid:\t{process}");
    let is_child = |number: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{number}/status")).unwrap_or_default();
        status.lines().any(|line| line == parent) && runs(*number)
    };
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_child).collect()
}

/// Kilobytes of memory that a process holds, and has held at most: `VmRSS` and `VmHWM`.
pub fn memory(process: u32) -> Option<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let kilobytes = |line: String| line.split_whitespace().next().and_then(|number| number.parse().ok());
    Some((kilobytes(line("VmRSS:")?)?, kilobytes(line("VmHWM:")?)?))
}

fn listen(folder: &Path, address: &str) -> Result<(Running, String), ProcessError> {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("relay.log"))
        .map_err(system("opening the relay's log"))?;
    let mut command = Command::new(binary("fieldfolio")?);
    command.arg("--dir").arg(folder).arg("serve").env("FIELDFOLIO_LISTEN", address);
    if std::env::var_os("FIELDFOLIO_LOG_LEVEL").is_none() {
        command.env("FIELDFOLIO_LOG_LEVEL", "warn");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    // In a group of its own: what stops this program by the keyboard is not meant for the relay.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(system("starting the relay"))?;
    let mut stdout = BufReader::new(child.stdout.take().expect("it was just piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).map_err(system("reading what the relay says"))?;
    match line.trim_end().strip_prefix("listening on ") {
        Some(url) => Ok((Running { child, _stdout: stdout }, url.to_owned())),
        None => {
            drop(child.kill());
            let status = child.wait().map_err(system("waiting for the relay's end"))?;
            let (command, code) = ("fieldfolio serve".to_owned(), status.to_string());
            Err(ProcessError::Failed { command, code, said: line + &log_end(folder) })
        }
    }
}

fn log_end(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("relay.log")).unwrap_or_default();
    log.lines().last().unwrap_or_default().to_owned()
}

/// A device: a folder, on which every command is a process of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceProcess {
    /// Its data.
    pub folder: PathBuf,
}

impl DeviceProcess {
    /// The device in this folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn command(&self, args: &[impl AsRef<OsStr>]) -> Result<Command, ProcessError> {
        let mut command = Command::new(binary("fieldfolio-device")?);
        command.arg("--data").arg(&self.folder).args(args);
        Ok(command)
    }

    /// Runs one command to its end.
    pub fn run(&self, args: &[impl AsRef<OsStr>]) -> Result<Output, ProcessError> {
        let mut command = self.command(args)?;
        command.stdin(Stdio::null()).output().map_err(system(name(args)))
    }

    /// Runs one command that must succeed; answers its JSON.
    pub fn json(&self, args: &[impl AsRef<OsStr>]) -> Result<Value, ProcessError> {
        let mut command = self.command(&["--json"])?;
        let output = command.args(args).stdin(Stdio::null()).output().map_err(system(name(args)))?;
        json(&name(args), &output)
    }

    /// Runs one command that must succeed; answers its words.
    pub fn words(&self, args: &[impl AsRef<OsStr>]) -> Result<String, ProcessError> {
        let output = self.run(args)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        Err(ProcessError::Failed { command: name(args), code: output.status.to_string(), said })
    }

    /// Runs one command that must be refused; answers what it said.
    pub fn refused(&self, args: &[impl AsRef<OsStr>]) -> Result<String, ProcessError> {
        let output = self.run(args)?;
        if output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            return Err(ProcessError::Unexpected { command: name(args), said });
        }
        Ok(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }

    /// Starts to follow what others do until something comes, and returns once it listens.
    pub fn follow_until_change(&self) -> Result<Following, ProcessError> {
        let mut command = self.command(&["follow", "--until-change"])?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(system("follow"))?;
        let mut stdout = BufReader::new(child.stdout.take().expect("it was just piped"));
        let mut said = String::new();
        stdout.read_line(&mut said).map_err(system("follow"))?;
        let following = Following { child, stdout };
        if said.starts_with(FOLLOWING) {
            return Ok(following);
        }
        Err(ProcessError::Unexpected { command: "follow".into(), said })
    }

    /// Starts a sync that stands still when so many bytes of files have left, and returns once it does.
    pub fn sync_halted_after(&self, bytes: u64) -> Result<HaltedSync, ProcessError> {
        let mut command = self.command(&["sync", "--halt-after", &bytes.to_string()])?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(system("sync"))?;
        let stdin = child.stdin.take().expect("it was just piped");
        let mut stdout = BufReader::new(child.stdout.take().expect("it was just piped"));
        let mut said = String::new();
        stdout.read_line(&mut said).map_err(system("sync"))?;
        let halted = HaltedSync { child, stdin: Some(stdin), _stdout: stdout };
        if said.trim_end() == HALTED {
            return Ok(halted);
        }
        Err(ProcessError::Unexpected { command: "sync --halt-after".into(), said })
    }
}

/// What a device says, before a number, each time something came over its live connection.
pub(crate) const FOLLOWING: &str = "up to";

/// What a sync says when it stands still, as was asked.
pub(crate) const HALTED: &str = "halted";

/// A device that follows. Dropping it ends it with SIGKILL.
#[derive(Debug)]
pub struct Following {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Following {
    /// Waits for its end; answers what it said.
    pub fn ended(mut self) -> Result<String, ProcessError> {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).map_err(system("follow"))?;
        let status = self.child.wait().map_err(system("follow"))?;
        match status.success() {
            true => Ok(said),
            false => Err(ProcessError::Failed { command: "follow".into(), code: status.to_string(), said }),
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // After a wait both do nothing.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A sync in the middle of an upload. Dropping it ends it with SIGKILL.
#[derive(Debug)]
pub struct HaltedSync {
    child: Child,
    stdin: Option<ChildStdin>,
    _stdout: BufReader<ChildStdout>,
}

impl HaltedSync {
    /// Lets it go on, and waits for its end; true if it reached the school.
    pub fn go_on(mut self) -> Result<bool, ProcessError> {
        if let Some(mut stdin) = self.stdin.take() {
            stdin.write_all(b"\n").map_err(system("sync"))?;
        }
        // What it still says is little: it fits into the pipe.
        Ok(self.child.wait().map_err(system("sync"))?.success())
    }

    /// Ends it where it stands.
    pub fn kill9(mut self) -> Result<(), ProcessError> {
        self.child.kill().map_err(system("killing a device"))?;
        self.child.wait().map_err(system("waiting for a device's end")).map(|_| ())
    }
}

impl Drop for HaltedSync {
    fn drop(&mut self) {
        // After a wait both do nothing.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The command alone: what follows may be an invitation, or a child's words.
fn name(args: &[impl AsRef<OsStr>]) -> String {
    args.first().map_or_else(String::new, |first| first.as_ref().to_string_lossy().into_owned())
}
