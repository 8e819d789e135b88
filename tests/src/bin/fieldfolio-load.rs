//! A small load for a real relay process on this machine: durable changes per second with 64 devices, and what it costs
//! to reconnect with nothing new; then photos per second, beside other servers (`fieldfolio-load uploads` does that alone).
//! Bounded in count; stops by itself.

fn main() -> std::process::ExitCode {
    let uploads_alone = std::env::args().nth(1).is_some_and(|word| word == "uploads");
    let run = if uploads_alone { fieldfolio_tests::load::uploads } else { fieldfolio_tests::load::run };
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("fieldfolio-load: {trouble}");
            std::process::ExitCode::FAILURE
        }
    }
}
