//! Whose files these are: what the relay makes is its owner's alone, whoever made the folder it lies in.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::Path;

/// From now on this process makes files and folders for its owner only. The first thing that the program does.
pub(crate) fn only_mine() {
    #[cfg(unix)]
    let _before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// What an earlier version, or somebody else's hand, left open to others is closed. The folder itself stays as whoever
/// made it wants it; what lies deeper can't be reached past folders that are closed.
pub(crate) fn tighten(folder: &Path) -> io::Result<()> {
    for name in [
        "relay.db",
        "relay.db-wal",
        "relay.db-shm",
        "relay.lock",
        "relay.turn",
        "ends.log",
        "blobs",
        "uploads",
    ] {
        close(&folder.join(name))?;
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("before-")) {
            close(&path)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn close(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    let open = found.permissions().mode() & 0o077;
    if open == 0 || found.is_symlink() {
        return Ok(());
    }
    let mode = found.permissions().mode() & 0o700;
    match fs::set_permissions(path, fs::Permissions::from_mode(mode)) {
        // Not every disk knows modes, and not every file is ours.
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "others may read this, and it can't be closed to them")
        }
        Ok(()) => tracing::info!(path = %path.display(), "closed to others"),
    }
    Ok(())
}

#[cfg(not(unix))]
fn close(_: &Path) -> io::Result<()> {
    Ok(())
}

/// May others read this file?
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Makes a folder for its owner only, and what is missing above it, so that their names outlast a power cut.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.is_dir()).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    for made in missing {
        match made.parent() {
            Some(above) if above.as_os_str().is_empty() => File::open(".")?.sync_all()?,
            Some(above) => File::open(above)?.sync_all()?,
            None => {}
        }
    }
    Ok(())
}
