//! `fieldfolio-device`: one person's device as a command line, for scripts, tests and the curious.
//!
//! Every command is a process that opens the device's folder, does one thing and closes it, as a phone does that is
//! switched off in between. Only `enrol`, `invite`, `sync`, `follow` and `held --release` speak to the relay; all else works without a network.
//! It answers in words or, with `--json`, in one JSON value. Tokens and keys are never printed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use fieldfolio_core::device::{Device, DeviceError};
use fieldfolio_core::ids::{EntryId, FolioId, PersonId, PieceId};
use serde_json::Value;

use crate::driver::DriverError;

mod file;
mod keep;
mod look;
mod make;
mod names;
mod placing;
mod speak;

/// One person's device: capture work, say something on it, browse, and sync with the school.
///
/// People, outcomes, levels and projects can be given by id or by name, once the device knows them.
#[derive(Debug, Parser)]
#[command(name = "fieldfolio-device", version)]
struct Cli {
    /// The device's folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Answer in JSON: one value on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the folder a device of the person whom a link invites
    Enrol {
        /// The invitation, from http to its last letter
        link: String,
        /// Go on although the school is reached without encryption over lines that are not its own
        #[arg(long)]
        in_the_clear: bool,
    },
    /// Invite a device: one's own next, or one of a student one teaches
    Invite {
        /// Whose device it will be [default: one's own]
        #[arg(long)]
        person: Option<String>,
        /// How many days the link can be used, once
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=90))]
        days: u64,
    },
    /// Start a project of one's own
    Start {
        /// What it is called
        title: String,
        /// What it is about
        #[arg(long, default_value = "")]
        brief: String,
        /// An outcome it aims at (may be repeated)
        #[arg(long = "outcome", value_name = "OUTCOME")]
        outcomes: Vec<String>,
    },
    /// Take up a folio in a project that someone else started
    Join {
        /// The project's id or title, or "home"
        project: String,
    },
    /// Save work with its photos; nothing waits for a network
    Capture(make::Capture),
    /// Change one's own piece
    Edit(make::Change),
    /// Change one file of a piece: its words, how it is turned, spots on it, a better one in its place
    File(file::OneFile),
    /// Place a piece of one's own in a folio
    Place {
        /// The piece
        piece: PieceId,
        #[command(flatten)]
        place: make::Where,
    },
    /// Offer a piece of one's own to a classmate's folio
    Offer {
        /// The piece
        piece: PieceId,
        /// The classmate
        #[arg(long)]
        student: String,
        /// The project that both work on
        #[arg(long)]
        project: String,
    },
    /// What classmates offer to one's own folios, or to those of one's students
    Offers {
        /// Accept this piece where it is offered
        #[arg(long, value_name = "PIECE", conflicts_with = "decline")]
        accept: Option<PieceId>,
        /// Decline this piece where it is offered
        #[arg(long, value_name = "PIECE")]
        decline: Option<PieceId>,
    },
    /// Take a piece out of a folio, or an offer of one's own back
    TakeOut {
        /// The piece
        piece: PieceId,
        #[command(flatten)]
        place: make::Where,
    },
    /// Move a piece to another folio of the same student
    Move {
        /// The piece
        piece: PieceId,
        /// The folio it lies in, by id [default: the only one of that student]
        #[arg(long, value_name = "ID")]
        from: Option<FolioId>,
        #[command(flatten)]
        to: make::Where,
    },
    /// Set who may see a piece of one's own
    Share {
        /// The piece
        piece: PieceId,
        /// circle, teachers, private, or roles with commas: teacher,mentor
        #[arg(long, default_value = "circle")]
        audience: make::Audience,
    },
    /// Take a piece back, while nobody else has written on it
    Unshare {
        /// The piece
        piece: PieceId,
    },
    /// Erase a piece of one's own for ever, while nobody else has written on it
    Erase {
        /// The piece
        piece: PieceId,
    },
    /// What came after its author's part had ended, for a teacher to let through
    Held {
        /// Let through what waits of this sheet: its name, as `held` shows it
        #[arg(long, value_name = "SHEET")]
        release: Option<String>,
    },
    /// Have everything here compared with what the school has, at the next sync
    Compare,
    /// Say what was done well and what comes next
    Feedback(speak::GiveFeedback),
    /// Judge one outcome for one student
    Assess(speak::Assess),
    /// Take a mentor's judgement as one's own (teachers)
    Confirm(speak::To),
    /// Answer something that was said
    Reply {
        #[command(flatten)]
        to: speak::To,
        /// The words
        words: String,
    },
    /// Write or rewrite the reflection on one's own work
    Reflect {
        /// The piece
        piece: PieceId,
        /// All of the words; what stands there already and is kept must be among them
        words: String,
    },
    /// Take back something one said; it stays readable, and marked
    Withdraw {
        /// The piece
        piece: PieceId,
        /// About whom it was said [default: whose folio it is, if only one]; "work": about the work itself
        #[arg(long)]
        about: Option<String>,
        /// Which entry
        #[arg(long)]
        entry: EntryId,
    },
    /// Show one piece with the voices on it
    Show {
        /// The piece
        piece: PieceId,
    },
    /// List folios with their pieces
    Folios {
        /// Whose [default: everyone's that this person may see]
        #[arg(long)]
        student: Option<String>,
    },
    /// Show levels, each with its sentence
    Level {
        /// Whose [default: one's own]
        #[arg(long)]
        student: Option<String>,
        /// Only this outcome
        #[arg(long)]
        outcome: Option<String>,
    },
    /// List the work that waits for this teacher
    Queue,
    /// What others said to you and of your work, newest first; new ones are marked
    Inbox {
        /// All of it has been looked at now
        #[arg(long)]
        read: bool,
    },
    /// List files on their way to the school
    Uploads,
    /// Hold back files on their way, or let them go
    Sending {
        #[command(subcommand)]
        what: file::Sending,
    },
    /// Say what room files take on this device, and make some
    Room(file::RoomArguments),
    /// Say in which file a photo or another file of a piece lies; if it isn't here, the next sync fetches it
    Media {
        /// The piece
        piece: PieceId,
        /// Which of its files, from 0
        #[arg(value_name = "N")]
        position: usize,
        /// The cleaned original rather than the small picture
        #[arg(long)]
        original: bool,
    },
    /// List the people known here
    People,
    /// Say who may see a piece
    Who {
        /// The piece
        piece: PieceId,
    },
    /// Say how things stand: what waits, and why
    Status,
    /// Follow what others do, as it happens
    Follow(keep::FollowArguments),
    /// Sync with the school
    Sync(keep::SyncArguments),
    /// Print what two devices that agree have in common: every document's heads, and the levels
    Digest,
    /// Work the index out anew from the documents
    RebuildIndex,
    /// Write a document into a file that any automerge tool opens
    Export {
        /// The document: PIECE/content, PIECE/voice/AUTHOR or PIECE/voice/AUTHOR/ABOUT, as `digest` lists them
        document: String,
        /// The file, which must not exist yet
        file: PathBuf,
    },
    /// Save what can be saved of a damaged device into another folder; the damaged one is left as it is
    #[command(after_help = "Example: fieldfolio-device --data phone salvage phone-saved")]
    Salvage {
        /// The folder to save it in: a new one, or that of another device of the same person
        to: PathBuf,
    },
    /// Remove everything from this device
    Wipe {
        /// Even what has not reached the school
        #[arg(long)]
        lose_unsent: bool,
    },
}

/// The command was not carried out.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Driver(#[from] DriverError),
    #[error("{0}")]
    Argument(String),
    #[error("can't {doing} {}: {source}", path.display())]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
}

/// What a command says: in words, and in JSON. A sync can say something and still not have come to its end.
struct Answer {
    text: String,
    json: Value,
    exit: Exit,
}

enum Exit {
    Done,
    /// It did not come to its end, for the reason given on standard error.
    Short(String),
    /// The school does not know this device any more.
    Locked(String),
}

impl Answer {
    fn done(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, exit: Exit::Done }
    }
}

/// The program: the process's own arguments, clock and dice.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let in_json = cli.json;
    match carry_out(cli) {
        Ok(answer) => {
            let text = if in_json { answer.json.to_string() } else { answer.text };
            print(&(text.trim_end().to_owned() + "\n"));
            let (words, code) = match answer.exit {
                Exit::Done => return ExitCode::SUCCESS,
                Exit::Short(words) => (words, 1),
                Exit::Locked(words) => (words, 3),
            };
            eprintln!("fieldfolio-device: {words}");
            ExitCode::from(code)
        }
        Err(error) => {
            eprintln!("fieldfolio-device: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever reads the output may have stopped reading (`| head`); that is not worth a panic.
fn print(text: &str) {
    use std::io::Write;
    drop(std::io::stdout().write_all(text.as_bytes()));
}

fn carry_out(cli: Cli) -> Result<Answer, CliError> {
    if let Command::Enrol { link, in_the_clear } = &cli.command {
        return keep::enrol(link, &cli.data, *in_the_clear);
    }
    if let Command::Salvage { to } = &cli.command {
        return keep::salvage(&cli.data, to);
    }
    let in_json = cli.json;
    let mut device = Device::open(&cli.data)?;
    let answer = match cli.command {
        Command::Enrol { link, in_the_clear } => keep::enrol(&link, &cli.data, in_the_clear),
        Command::Invite { person, days } => keep::invite(&device, person.as_deref(), days),
        Command::Start { title, brief, outcomes } => make::start(&mut device, &title, &brief, &outcomes),
        Command::Join { project } => make::join(&mut device, &project),
        Command::Capture(arguments) => make::capture(&mut device, arguments),
        Command::Edit(arguments) => make::edit(&mut device, arguments),
        Command::File(arguments) => file::file(&mut device, arguments),
        Command::Place { piece, place } => make::place(&mut device, piece, &place),
        Command::Offer { piece, student, project } => placing::offer(&mut device, piece, &student, &project),
        Command::Offers { accept: Some(piece), .. } => placing::answer(&mut device, piece, true),
        Command::Offers { decline: Some(piece), .. } => placing::answer(&mut device, piece, false),
        Command::Offers { accept: None, decline: None } => placing::offers(&device),
        Command::TakeOut { piece, place } => placing::take_out(&mut device, piece, &place),
        Command::Move { piece, from, to } => placing::move_piece(&mut device, piece, from, &to),
        Command::Share { piece, audience } => make::share(&mut device, piece, audience),
        Command::Unshare { piece } => make::unshare(&mut device, piece),
        Command::Erase { piece } => make::erase(&mut device, piece),
        Command::Held { release } => keep::held(&device, release.as_deref()),
        Command::Compare => keep::compare(&mut device),
        Command::Feedback(arguments) => speak::feedback(&mut device, arguments),
        Command::Assess(arguments) => speak::assess(&mut device, arguments),
        Command::Confirm(of) => speak::confirm(&mut device, &of),
        Command::Reply { to, words } => speak::reply(&mut device, &to, &words),
        Command::Reflect { piece, words } => speak::reflect(&mut device, piece, &words),
        Command::Withdraw { piece, about, entry } => {
            speak::withdraw(&mut device, piece, about.as_deref(), entry)
        }
        Command::Show { piece } => look::show(&device, piece),
        Command::Folios { student } => look::folios(&device, student.as_deref()),
        Command::Level { student, outcome } => look::level(&device, student.as_deref(), outcome.as_deref()),
        Command::Queue => look::queue(&device),
        Command::Inbox { read } => look::inbox(&mut device, read),
        Command::Uploads => look::uploads(&device),
        Command::Sending { what } => file::sending(&mut device, &what),
        Command::Room(arguments) => file::room(&mut device, &arguments),
        Command::Media { piece, position, original } => look::media(&mut device, piece, position, original),
        Command::People => look::people(&device),
        Command::Who { piece } => look::who(&device, piece),
        Command::Status => keep::status(&device),
        Command::Sync(arguments) => keep::sync(&mut device, &arguments),
        Command::Follow(arguments) => keep::follow(&mut device, &arguments, in_json),
        Command::Digest => keep::digest(&device),
        Command::RebuildIndex => keep::rebuild_index(&mut device),
        Command::Export { document, file } => keep::export(&device, &document, &file),
        Command::Salvage { to } => keep::salvage(&cli.data, &to),
        Command::Wipe { lose_unsent } => return keep::wipe(device, lose_unsent),
    }?;
    device.pause()?;
    Ok(answer)
}

/// A value for JSON; what the device hands out can always be one.
fn to_json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("what a device shows has text keys only")
}

fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} bytes"),
        1_000..1_000_000 => format!("{} kB", count.div_ceil(1_000)),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

/// "1 thing", "2 things".
fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// The folio of a person in a project, by id.
fn folio_of(device: &Device, student: PersonId, project: names::ProjectOrHome) -> FolioId {
    device.folio_of(student, project.0)
}
