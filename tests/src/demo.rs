//! The demonstration: the way of one photo through a school, with real processes, real photos and real trouble.
//!
//! A relay and six devices, each a process with a folder of its own, play what happens in a fortnight: work captured
//! without reception on two devices, a mentor's answer, two teachers' judgements, a relay that loses power and an upload
//! that is cut. At the end everyone syncs, and what the devices hold is compared.
//!
//! With `--negative` one change is taken away from one device before that; the comparison must notice.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use stage::Stage;

mod agreement;
mod film;
mod judging;
mod open;
mod photo;
mod stage;
mod trouble;

/// What stopped the play.
type BoxError = Box<dyn Error>;

/// Plays the way of one photo through a school, and checks that every device agrees at the end.
#[derive(Debug, Parser)]
#[command(name = "fieldfolio-demo", version)]
struct Arguments {
    /// Take one change away from one device before the comparison: it must be noticed (exit code 3)
    #[arg(long)]
    negative: bool,
    /// Play in this folder, made anew, and leave the relay running there with links to open in a browser
    #[arg(long, value_name = "FOLDER", conflicts_with = "negative")]
    stay: Option<PathBuf>,
}

/// What a run came to, as exit codes.
const FAILED: u8 = 1;
const DROP_NOTICED: u8 = 3;

/// The program.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let started = Instant::now();
    let (ending, after) = match &arguments.stay {
        None => aside(arguments.negative),
        Some(folder) => in_folder(folder),
    };
    let Ending { passed, failed, drop_noticed } = ending;
    let seconds = started.elapsed().as_secs_f32();
    println!("\ndemo: {passed} checks passed, {failed} failed ({seconds:.0} s)");
    if let Some(Err(error)) = after.map(|left| left.tell()) {
        eprintln!("demo: the school is not open: {error}");
        return ExitCode::from(FAILED);
    }
    match (arguments.negative, failed, drop_noticed) {
        (false, 0, _) => ExitCode::SUCCESS,
        (true, 0, true) => {
            println!("demo: one change was taken away on purpose, and the comparison noticed it");
            ExitCode::from(DROP_NOTICED)
        }
        (true, 0, false) => {
            println!("demo: one change was taken away on purpose, and NOTHING noticed it");
            ExitCode::from(FAILED)
        }
        (_, _, _) => ExitCode::from(FAILED),
    }
}

struct Ending {
    passed: u32,
    failed: u32,
    drop_noticed: bool,
}

impl Ending {
    fn before_it_began(error: impl std::fmt::Display) -> Self {
        println!("  [FAILED] stopped: {error}");
        Self { passed: 0, failed: 1, drop_noticed: false }
    }
}

/// What goes on when the play is over.
struct Open {
    folder: PathBuf,
    url: String,
    pid: u32,
    links: Vec<(&'static str, String)>,
}

impl Open {
    fn tell(&self) -> Result<(), BoxError> {
        open::tell(&self.folder, &self.url, self.pid, &self.links)
    }
}

/// Plays in a folder that is gone afterwards.
fn aside(negative: bool) -> (Ending, Option<Open>) {
    let folder = match tempfile::Builder::new().prefix("fieldfolio-demo-").tempdir() {
        Ok(folder) => folder,
        Err(error) => return (Ending::before_it_began(error), None),
    };
    let ending = match Stage::set(folder.path(), "127.0.0.1:0") {
        Ok(stage) => ending(stage, negative, |stage| stage.close()),
        Err(error) => Ending::before_it_began(error),
    };
    if let Err(error) = folder.close() {
        eprintln!("demo: the temporary folder could not be removed: {error}");
    }
    (ending, None)
}

/// Plays in this folder, made anew, and leaves the relay running.
fn in_folder(folder: &Path) -> (Ending, Option<Open>) {
    let made = std::fs::create_dir_all(folder).and_then(|()| folder.canonicalize());
    let folder = match made {
        Ok(folder) => folder,
        Err(error) => return (Ending::before_it_began(error), None),
    };
    open::end_earlier(&folder);
    let set = std::fs::remove_dir_all(&folder)
        .and_then(|()| std::fs::create_dir_all(&folder))
        .map_err(BoxError::from)
        // A port that is easily remembered, if nobody has it.
        .and_then(|()| {
            Stage::set(&folder, "127.0.0.1:8321").or_else(|_| Stage::set_again(&folder, "127.0.0.1:0"))
        });
    let mut open = None;
    let ending = match set {
        Ok(stage) => ending(stage, false, |stage| {
            let links = open::links(&stage);
            let (passed, failed, url, pid) = stage.stay();
            let links = links.map(|links| open = Some(Open { folder: folder.clone(), url, pid, links }));
            (passed, failed, links)
        }),
        Err(error) => Ending::before_it_began(error),
    };
    (ending, open)
}

/// The whole play. What stops it counts as a check that failed.
fn ending(
    mut stage: Stage,
    negative: bool,
    close: impl FnOnce(Stage) -> (u32, u32, Result<(), BoxError>),
) -> Ending {
    let stopped = |error: BoxError| {
        println!("  [FAILED] stopped: {error}");
        false
    };
    let played = scenes(&mut stage, negative);
    let (passed, failed, closed) = close(stage);
    match played.and_then(|drop_noticed| closed.map(|()| drop_noticed)) {
        Ok(drop_noticed) => Ending { passed, failed, drop_noticed },
        Err(error) => Ending { passed, failed: failed + 1, drop_noticed: stopped(error) },
    }
}

fn scenes(stage: &mut Stage, negative: bool) -> Result<bool, BoxError> {
    stage.sign_in()?;
    let leaf = photo::field_trip(stage)?;
    let work = trouble::without_reception(stage, leaf)?;
    trouble::cut_and_killed(stage, &work)?;
    judging::mentor(stage, &work)?;
    judging::two_teachers(stage, &work)?;
    judging::group_piece(stage, &work)?;
    photo::at_the_teachers(stage, &work.leaf)?;
    let has_film = film::and_a_link(stage, &work.leaf.piece)?;
    agreement::everyone(stage, &work, has_film, negative)
}
