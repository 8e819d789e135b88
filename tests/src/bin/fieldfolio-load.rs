//! A small load for a real relay process on this machine: durable changes per second with 64 devices, and what it costs
//! to reconnect with nothing new. Bounded in count; stops by itself.

fn main() -> std::process::ExitCode {
    match fieldfolio_tests::load::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("fieldfolio-load: {trouble}");
            std::process::ExitCode::FAILURE
        }
    }
}
