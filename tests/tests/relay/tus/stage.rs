//! A school in which one device may bring many files, and the judges' programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::MAX_BLOBS;
use fieldfolio_core::ids::{DocumentId, PieceId, Rng, SeededRng};
use fieldfolio_core::sync::wire::{Item, Verdict};
use fieldfolio_tests::real::{Client, RealSchool, Writing};

/// A device of Mina's, and a piece that names all these files. Nothing of them is brought.
pub(crate) fn device_that_may_bring(school: &RealSchool, files: &[Vec<u8>]) -> (Client, PieceId) {
    let mut phone = school.client("mina", "phone").unwrap();
    let mut dice = SeededRng::new(10);
    let (piece, items) = phone.new_piece(school.folio("mina/community-garden"), &mut dice);
    stored(&mut phone, &items);
    let mut content = Writing::new(DocumentId::content(piece), &mut dice);
    let blobs: BTreeSet<BlobHash> = files.iter().map(|bytes| BlobHash::of(bytes)).collect();
    let blobs: Vec<BlobHash> = blobs.into_iter().collect();
    for (number, blobs) in blobs.chunks(MAX_BLOBS).enumerate() {
        let title = format!("A leaf, {number}");
        let change = content.write(&phone.me, blobs, |edit| edit.title(&title));
        stored(&mut phone, &[Item::Change(change)]);
    }
    (phone, piece)
}

fn stored(phone: &mut Client, items: &[Item]) {
    let verdicts = phone.send(items).unwrap();
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{verdicts:?}");
}

/// What the device shows to the relay.
pub(crate) fn token(phone: &Client) -> String {
    phone.authorization.clone().unwrap().trim_start_matches("Bearer ").to_owned()
}

/// Bytes that can't be compressed or guessed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SeededRng::new(seed).fill(&mut bytes);
    bytes
}

/// `node` on one of the scripts in `tests/tus`, with what their lock file names.
pub(crate) fn node(script: &str) -> Command {
    static INSTALLED: Once = Once::new();
    let folder = folder();
    INSTALLED.call_once(|| {
        let present = ["tus-js-client", "@tus/server", "@tus/file-store"];
        if present.iter().any(|name| !folder.join("node_modules").join(name).is_dir()) {
            finish(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--prefix"]).arg(&folder));
        }
    });
    let mut command = Command::new("node");
    command.arg(folder.join(script)).current_dir(&folder);
    command
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tus")
}

/// Runs it to a good end; answers what it said.
pub(crate) fn finish(command: &mut Command) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let ended = command.output().unwrap_or_else(|error| {
        panic!("{name} can't be run ({error}): install Node.js 20.19 or newer, with npm")
    });
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(
        ended.status.success(),
        "{name}: {}\n{said}{}",
        ended.status,
        String::from_utf8_lossy(&ended.stderr)
    );
    said
}
