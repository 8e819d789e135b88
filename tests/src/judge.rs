//! The judge from outside: scripts of `tests/js` with automerge as it comes from npm.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Once;

/// `node` on one of the scripts in `tests/js`, with what their lock file names.
pub fn node(script: &str) -> Command {
    static INSTALLED: Once = Once::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("js");
    INSTALLED.call_once(|| {
        if !folder.join("node_modules/@automerge/automerge").is_dir() {
            finish(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--prefix"]).arg(&folder));
        }
    });
    let mut command = Command::new("node");
    command.arg(folder.join(script)).current_dir(&folder);
    command
}

/// Runs it to a good end; answers what it said.
pub fn finish(command: &mut Command) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let ended = command.output();
    let Output { status, stdout, stderr } = ended.unwrap_or_else(|error| {
        panic!("{name} can't be run ({error}): install Node.js 20 or newer, with npm")
    });
    let said = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{name}: {status}\n{said}{}", String::from_utf8_lossy(&stderr));
    said
}
