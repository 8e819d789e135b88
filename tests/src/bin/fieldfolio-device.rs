//! `fieldfolio-device`: one person's device as a command line.

fn main() -> std::process::ExitCode {
    fieldfolio_tests::device_cli::run()
}
