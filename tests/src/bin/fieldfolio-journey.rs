//! The stage for a journey in any language, see `mobile/journey.md`. With `--store FOLDER PIECES` it makes the store of a
//! student with so many pieces instead, and a photo of four megabytes beside it, for measuring.

use std::path::Path;
use std::process::ExitCode;

use fieldfolio_tests::journey;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] => journey::serve(std::io::stdin().lock(), std::io::stdout().lock()),
        ["--store", folder, pieces] => match pieces.parse() {
            Ok(pieces) => journey::store(Path::new(folder), pieces),
            Err(_) => Err(format!("{pieces:?} is no number").into()),
        },
        _ => Err("usage: fieldfolio-journey [--store FOLDER PIECES]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}
