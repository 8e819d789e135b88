//! Archives that are no office files: what they are, told from what is in them and from their names.

use super::super::Advice;
use super::archive::Entry;

/// What to do with an archive that is none of the kinds that are taken.
pub(super) fn advice(entries: &[Entry<'_>], name: &str) -> Advice {
    let has = |name: &[u8]| {
        entries.iter().any(|entry| entry.name == name || entry.name.ends_with(&[b"/", name].concat()))
    };
    // Of today, and of before 2013.
    if has(b"Index/Document.iwa") || has(b"Index.zip") || has(b"index.apxl") || has(b"index.apxl.gz") {
        return apple(entries, name);
    }
    if has(b"geogebra.xml") || has(b"geogebra_macro.xml") {
        return Advice::GeoGebra;
    }
    let is_project = |entry: &Entry<'_>| {
        let project = entry.unpack().unwrap_or_default();
        super::holds(&project, b"\"targets\"") || super::holds(&project, b"\"objName\"")
    };
    if entries.iter().any(|entry| entry.name == b"project.json" && is_project(entry)) {
        return Advice::Scratch;
    }
    if has(b"META-INF/MANIFEST.MF") || has(b"classes.dex") {
        return Advice::Program;
    }
    by_name(name).unwrap_or(Advice::Archive)
}

/// Which of Apple's three programs made it, as far as its name or its parts tell.
fn apple(entries: &[Entry<'_>], name: &str) -> Advice {
    let holds = |start: &[u8]| entries.iter().any(|entry| super::holds(entry.name, start));
    match by_name(name) {
        Some(advice @ (Advice::Keynote | Advice::Pages | Advice::Numbers)) => advice,
        _ if holds(b"Index/Slide") || holds(b"index.apxl") => Advice::Keynote,
        _ => Advice::AppleOffice,
    }
}

/// What a file's name says it is.
pub(super) fn by_name(name: &str) -> Option<Advice> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "key" => Advice::Keynote,
        "pages" => Advice::Pages,
        "numbers" => Advice::Numbers,
        "sb3" | "sb2" => Advice::Scratch,
        "ggb" => Advice::GeoGebra,
        "epub" => Advice::Ebook,
        _ => return None,
    })
}
