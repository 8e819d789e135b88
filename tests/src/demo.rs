//! The demonstration: the way of one photo through a school, with real processes, real photos and real trouble.
//!
//! A relay and six devices, each a process with a folder of its own, play what happens in a fortnight: work captured
//! without reception on two devices, a mentor's answer, two teachers' judgements, a relay that loses power and an upload
//! that is cut. At the end everyone syncs, and what the devices hold is compared.
//!
//! With `--negative` one change is taken away from one device before that; the comparison must notice.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use stage::Stage;

mod agreement;
mod judging;
mod photo;
mod stage;
mod trouble;

/// What stopped the play.
type Trouble = Box<dyn Error>;

/// Plays the way of one photo through a school, and checks that every device agrees at the end.
#[derive(Debug, Parser)]
#[command(name = "fieldfolio-demo", version)]
struct Arguments {
    /// Take one change away from one device before the comparison: it must be noticed (exit code 3)
    #[arg(long)]
    negative: bool,
    /// Leave the folder with the relay and the devices, to look around in
    #[arg(long)]
    keep: bool,
}

/// What a run came to, as exit codes.
const FAILED: u8 = 1;
const DROP_NOTICED: u8 = 3;

/// The program.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let started = Instant::now();
    let folder = match tempfile::Builder::new().prefix("fieldfolio-demo-").tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("demo: no temporary folder: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let ending = play(folder.path(), arguments.negative);
    if arguments.keep {
        println!("\nKept in {}", folder.keep().display());
    } else if let Err(error) = folder.close() {
        eprintln!("demo: the temporary folder could not be removed: {error}");
    }
    let Ending { passed, failed, drop_noticed } = ending;
    let seconds = started.elapsed().as_secs_f32();
    println!("\ndemo: {passed} checks passed, {failed} failed ({seconds:.0} s)");
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

/// The whole play in this folder. What stops it counts as a check that failed.
fn play(folder: &Path, negative: bool) -> Ending {
    let stopped = |error: Trouble| {
        println!("  [FAILED] stopped: {error}");
        false
    };
    let mut stage = match Stage::set(folder) {
        Ok(stage) => stage,
        Err(error) => return Ending { passed: 0, failed: 1, drop_noticed: stopped(error) },
    };
    let played = scenes(&mut stage, negative);
    let (passed, failed, closed) = stage.close();
    match played.and_then(|drop_noticed| closed.map(|()| drop_noticed)) {
        Ok(drop_noticed) => Ending { passed, failed, drop_noticed },
        Err(error) => Ending { passed, failed: failed + 1, drop_noticed: stopped(error) },
    }
}

fn scenes(stage: &mut Stage, negative: bool) -> Result<bool, Trouble> {
    stage.sign_in()?;
    let leaf = photo::field_trip(stage)?;
    let work = trouble::without_reception(stage, leaf)?;
    trouble::cut_and_killed(stage, &work)?;
    judging::mentor(stage, &work)?;
    judging::two_teachers(stage, &work)?;
    judging::group_piece(stage, &work)?;
    photo::at_the_teachers(stage, &work.leaf)?;
    agreement::everyone(stage, &work, negative)
}
