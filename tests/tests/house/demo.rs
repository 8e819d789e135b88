//! What the README promises of `make demo` is so: real processes, every check of the play.

use std::process::Command;

#[test]
fn the_demonstration_passes_all_of_its_checks() {
    let played = Command::new(env!("CARGO_BIN_EXE_fieldfolio-demo")).output().expect("it can be played");
    let said = String::from_utf8_lossy(&played.stdout);
    let failed: Vec<&str> = said.lines().filter(|line| line.contains("[FAILED]")).collect();
    let last = said.lines().last().unwrap_or_default();
    assert!(
        played.status.success() && failed.is_empty(),
        "{failed:?}\n{last}\n{}",
        String::from_utf8_lossy(&played.stderr)
    );
    assert!(last.starts_with("demo: ") && last.contains("checks passed, 0 failed"), "{last}");
}
