//! What earlier versions left on disk, made by their own programs with `fixtures/make.sh`.

use std::fs;
use std::path::Path;

use crate::sim::BoxError;

/// Lays out a copy of what this version left in `to`, a folder that is there: `school`, `phone`, and `digest.json`, what the
/// phone said it held.
pub fn lay_out(version: &str, to: &Path) -> Result<(), BoxError> {
    unpack(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(version), to)
}

fn unpack(from: &Path, to: &Path) -> Result<(), BoxError> {
    for found in fs::read_dir(from)? {
        let found = found?;
        let (path, into) = (found.path(), to.join(found.file_name()));
        if path.is_dir() {
            fs::create_dir(&into)?;
            unpack(&path, &into)?;
        } else if path.extension().is_some_and(|end| end == "gz") {
            let mut packed = flate2::read::GzDecoder::new(fs::File::open(&path)?);
            std::io::copy(&mut packed, &mut fs::File::create(into.with_extension(""))?)?;
        } else {
            fs::copy(&path, &into)?;
        }
    }
    // A checkout knows no such modes; a school's key had them.
    #[cfg(unix)]
    if to.join("root.key").exists() {
        fs::set_permissions(to.join("root.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(())
}
