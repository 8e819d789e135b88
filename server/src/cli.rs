//! The command line: how a school's directory is kept, and how its relay is started.
//!
//! [`run`] is the program; [`run_with`] is all of it that a test needs: arguments, a time and randomness in, text out.
//! Each command is one transaction, and answers in words or, with `--json`, in one JSON value.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use fieldfolio_core::ids::Rng;
use fieldfolio_core::time::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::config::{Config, ConfigError};
use crate::database::{self, DatabaseError, Turnstile};
use crate::directory::invitations::InviteError;
use crate::directory::{DirectoryError, Edit, OsRng, school};
use crate::exchange::revocations;
use crate::{disk, visibility};

mod activity;
mod blobs;
mod circles;
mod classes;
mod competencies;
mod devices;
mod frameworks;
mod people;
mod projects;
mod sample;
mod whole;

/// Keeps a school's directory and runs its relay.
///
/// Try it: `fieldfolio sample --invite`, then `fieldfolio serve`.
#[derive(Debug, Parser)]
#[command(name = "fieldfolio", version)]
struct Cli {
    /// The school's folder [default: what FIELDFOLIO_DIR says, else fieldfolio-school]
    #[arg(long, global = true, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Answer in JSON: one value on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new school
    #[command(after_help = "Example: fieldfolio init \"Meadow School\"")]
    Init {
        /// The school's name
        name: String,
    },
    /// Run the relay
    #[command(after_help = "Example: FIELDFOLIO_LISTEN=0.0.0.0:8080 fieldfolio serve")]
    Serve,
    /// What the relay starts to try changes in; it reads questions and writes answers
    #[command(hide = true)]
    Gate {
        /// Bytes of memory it may have
        #[arg(long)]
        memory: u64,
        /// Seconds of a processor that a trial may take
        #[arg(long)]
        seconds: u64,
    },
    /// People, and who is whose guardian
    #[command(subcommand)]
    Person(people::PersonCommand),
    /// Classes, and who is in them
    #[command(subcommand)]
    Class(classes::ClassCommand),
    /// Projects, and who works together
    #[command(subcommand)]
    Project(projects::ProjectCommand),
    /// Folios: each student's work in each project
    #[command(subcommand)]
    Folio(projects::FolioCommand),
    /// Who may see what is in a folio
    #[command(subcommand)]
    Circle(circles::CircleCommand),
    /// What students can show, and its rubrics
    #[command(subcommand)]
    Framework(frameworks::FrameworkCommand),
    /// Make a link by which a person signs in on a device
    Invite(devices::InviteArguments),
    /// Invitations that are open: list them, cancel one
    #[command(subcommand)]
    Invitation(devices::InvitationCommand),
    /// Turn a device away from now on, or all of a person's
    Revoke(devices::RevokeArguments),
    /// What a person's devices ask and take, in counts: for whoever looks into an attack
    Activity(activity::ActivityArguments),
    /// Photos and other files: whose they are, what is missing or damaged, what goes
    Blobs(blobs::BlobsArguments),
    /// Copy the whole school to another folder, beside a running relay
    Backup(whole::BackupArguments),
    /// Go back to a backup: devices then bring again what it lacks
    Restore(whole::RestoreArguments),
    /// Erase a piece of work for ever, whoever wrote on it
    Erase(whole::EraseArguments),
    /// Look through everything: signatures, documents, files
    Verify(whole::VerifyArguments),
    /// Devices
    #[command(subcommand)]
    Device(devices::DeviceCommand),
    /// Make a school with sample people, to try things with
    #[command(after_help = "Example: fieldfolio --dir /tmp/school --json sample --invite")]
    Sample {
        /// Make an invitation link for each person
        #[arg(long)]
        invite: bool,
    },
}

/// The command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// It wasn't understood, or asked for help.
    #[error("{0}")]
    Usage(clap::Error),
    /// The directory refused.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// An invitation was refused.
    #[error(transparent)]
    Invitation(#[from] InviteError),
    /// The settings can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An argument isn't what it should be.
    #[error("{0}")]
    Argument(String),
    /// Something is wrong with what the school has.
    #[error("{0}")]
    Wrong(String),
    /// No backup was made.
    #[error(transparent)]
    Backup(#[from] crate::upkeep::backup::BackupError),
    /// It was not restored.
    #[error(transparent)]
    Restore(#[from] crate::upkeep::restore::RestoreError),
    /// It has ended, and that could not be written down beside the database.
    #[error(transparent)]
    Revocations(#[from] revocations::RevocationsError),
    /// Media could not be looked after.
    #[error(transparent)]
    Nightly(#[from] crate::upkeep::nightly::NightlyError),
    /// The relay stopped.
    #[error("the relay stopped: {0}")]
    Relay(Box<dyn std::error::Error>),
}

impl From<rusqlite::Error> for CliError {
    fn from(error: rusqlite::Error) -> Self {
        DirectoryError::from(error).into()
    }
}

impl From<DatabaseError> for CliError {
    fn from(error: DatabaseError) -> Self {
        DirectoryError::from(error).into()
    }
}

/// What a command says: in words, and in JSON.
struct Answer {
    text: String,
    json: Value,
}

/// What a command works with.
struct Office<'a> {
    folder: PathBuf,
    now: Timestamp,
    rng: &'a mut dyn Rng,
}

/// So long a command leaves to a relay what follows from it, and looks again after this.
const PATIENCE: Duration = Duration::from_secs(30);
const A_LITTLE: Duration = Duration::from_millis(20);

impl Office<'_> {
    fn open(&self) -> Result<Connection, CliError> {
        Ok(database::open(&self.folder)?)
    }

    /// One change: everything in it happens, or nothing.
    fn edit<T>(
        &mut self,
        change: impl FnOnce(&Edit<'_>, &mut dyn Rng) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let mut conn = self.open()?;
        // Beside a relay that writes without pause, a command has its turn. A folder that takes no such file has no relay.
        let inside = Turnstile::enter(&self.folder).ok();
        let tx = database::begin(&mut conn)?;
        let done = change(&Edit { tx: &tx, now: self.now, by: None }, &mut *self.rng)?;
        tx.commit()?;
        revocations::note(&mut conn, &revocations::file(&self.folder, &self.config()?))?;
        drop(inside);
        self.refresh(&mut conn)?;
        Ok(done)
    }

    /// What a large change leaves to be worked out. A relay that serves this folder does it between what others write,
    /// so that nobody waits for it; with none, it is done here.
    fn refresh(&self, conn: &mut Connection) -> Result<(), CliError> {
        let asked = Instant::now();
        while visibility::is_waited_for(conn)? {
            // One that only reads would leave it for ever.
            if asked.elapsed() < PATIENCE && crate::http::serve::is_served(&self.folder) {
                std::thread::sleep(A_LITTLE);
                continue;
            }
            let _inside = Turnstile::enter(&self.folder).ok();
            let tx = database::begin(conn)?;
            visibility::refresh_some(&tx, self.now)?;
            tx.commit()?;
        }
        Ok(())
    }

    fn config(&self) -> Result<Config, CliError> {
        Ok(Config::load(&self.folder, |name| std::env::var(name).ok())?)
    }
}

/// The program: the process's own arguments, clock and randomness.
pub fn run() -> ExitCode {
    disk::only_mine();
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_millis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX));
    match run_with(std::env::args_os(), now, &mut OsRng) {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(CliError::Usage(error)) => {
            // Help goes to standard output and is no failure; clap knows which is which.
            drop(error.print());
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        Err(error) => {
            eprintln!("fieldfolio: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever reads the output may have stopped reading (`| head`); that is not worth a panic.
fn print(text: &str) {
    use std::io::Write;
    drop(std::io::stdout().write_all(text.as_bytes()));
}

/// Carries out one command, the program's name first, and returns what it prints.
pub fn run_with(
    args: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    now: Timestamp,
    rng: &mut dyn Rng,
) -> Result<String, CliError> {
    let cli = Cli::try_parse_from(args).map_err(CliError::Usage)?;
    let folder = cli
        .dir
        .or_else(|| std::env::var_os("FIELDFOLIO_DIR").map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("fieldfolio-school"));
    let mut office = Office { folder, now, rng };
    let answer = match cli.command {
        Command::Init { name } => init(&name, &mut office)?,
        Command::Serve => {
            let config = office.config()?;
            crate::http::serve::serve(&office.folder, config).map_err(CliError::Relay)?;
            return Ok(String::new());
        }
        Command::Gate { memory, seconds } => {
            crate::gate::work(memory, seconds).map_err(|error| CliError::Relay(error.into()))?;
            return Ok(String::new());
        }
        Command::Person(command) => people::run(command, &mut office)?,
        Command::Class(command) => classes::run(command, &mut office)?,
        Command::Project(command) => projects::run(command, &mut office)?,
        Command::Folio(command) => projects::run_folio(&command, &office)?,
        Command::Circle(command) => circles::run(command, &mut office)?,
        Command::Framework(command) => frameworks::run(command, &mut office)?,
        Command::Invite(arguments) => devices::invite(&arguments, &mut office)?,
        Command::Invitation(command) => devices::run_invitation(&command, &mut office)?,
        Command::Revoke(arguments) => devices::revoke_what(&arguments, &mut office)?,
        Command::Activity(arguments) => activity::run(&arguments, &office)?,
        Command::Backup(arguments) => whole::back_up(&arguments, &office)?,
        Command::Restore(arguments) => whole::restore(&arguments, &office)?,
        Command::Erase(arguments) => whole::erase(&arguments, &mut office)?,
        Command::Verify(arguments) => whole::verify(&arguments, &office)?,
        Command::Blobs(arguments) => blobs::run(&arguments, &office)?,
        Command::Device(command) => devices::run(&command, &office)?,
        Command::Sample { invite } => sample::make(invite, &mut office)?,
    };
    let text = if cli.json { answer.json.to_string() } else { answer.text };
    Ok(text.trim_end().to_owned() + "\n")
}

fn init(name: &str, office: &mut Office<'_>) -> Result<Answer, CliError> {
    let school = school::init(&office.folder, name, office.now, &mut *office.rng)?;
    let text = format!(
        "{} is ready in {} ({}).\nKeep {} safe and backed up: whoever has it can sign in as anyone.\n\
         Next: fieldfolio person add NAME --kind teacher",
        school.name,
        office.folder.display(),
        school.id,
        school::key_path(&office.folder).display()
    );
    Ok(Answer { text, json: json!({ "id": school.id, "name": school.name, "folder": office.folder }) })
}

/// A value for JSON; what the directory hands out can always be one.
fn to_json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("records have text keys only")
}
