//! A store is its person's alone: key, token and all work lie in it. What is made here other users of the machine can't
//! read, whoever made the folder it lies in; where a system knows no such rights, its apps are apart anyway.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes one folder.
pub(super) fn create_dir(folder: &Path) -> io::Result<()> {
    builder(false).create(folder)
}

/// Makes a folder and what is missing above it.
pub(super) fn create_dir_all(folder: &Path) -> io::Result<()> {
    builder(true).create(folder)
}

fn builder(recursive: bool) -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Makes a file, or empties the one that is there.
pub(super) fn create(path: &Path) -> io::Result<File> {
    options().truncate(true).open(path)
}

/// Makes sure that a database's file is there before SQLite opens it: its other files take its rights.
pub(super) fn reserve(path: &Path) -> io::Result<()> {
    options().truncate(false).open(path).map(drop)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes from others what an earlier version left open to them. Where that can't be done, the store opens all the same.
pub(super) fn tighten(folder: &Path) {
    #[cfg(unix)]
    for name in ["fieldfolio.db", "fieldfolio.db-wal", "fieldfolio.db-shm", "enrolment", "blobs"] {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join(name);
        let Ok(found) = std::fs::symlink_metadata(&path) else { continue };
        let mode = found.permissions().mode();
        if !found.is_symlink() && mode & 0o077 != 0 {
            // Somebody else's disk may know no modes.
            let _ = std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode & 0o700));
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
}
