//! exiftool, the first judge of cleaned files: a reader that isn't ours and knows every device's habits.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value};

/// What exiftool found in one file, by group and tag: `EXIF:GPSLatitude`.
pub type Findings = Map<String, Value>;

/// Asks exiftool about each file, in order; what is inside of a film's tracks and of archives, too.
pub fn judge(files: &[(&str, &[u8])]) -> Vec<Findings> {
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<PathBuf> = files
        .iter()
        .enumerate()
        .map(|(index, (name, bytes))| {
            let path = folder.path().join(format!("{index}-{name}"));
            std::fs::write(&path, bytes).expect("a file");
            path
        })
        .collect();
    let output = Command::new("exiftool")
        .args(["-json", "-G", "-a", "-u", "-ee"])
        .args(&paths)
        .output()
        .expect("exiftool judges these tests: run `make`, or `apt-get install libimage-exiftool-perl`");
    let findings: Vec<Findings> = serde_json::from_slice(&output.stdout).expect("exiftool answers in JSON");
    assert_eq!(findings.len(), files.len(), "{}", String::from_utf8_lossy(&output.stderr));
    findings
}

/// Whether these bytes hold this text anywhere.
pub fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
