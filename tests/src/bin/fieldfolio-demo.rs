//! `fieldfolio-demo`: the way of one photo, played with real processes.

fn main() -> std::process::ExitCode {
    fieldfolio_tests::demo::run()
}
