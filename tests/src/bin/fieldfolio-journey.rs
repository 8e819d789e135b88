//! The stage for a journey in any language, see `mobile/journey.md`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match fieldfolio_tests::journey::serve(std::io::stdin().lock(), std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}
