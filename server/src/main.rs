//! `fieldfolio`: the relay and its command line.

fn main() -> std::process::ExitCode {
    fieldfolio_server::cli::run()
}
