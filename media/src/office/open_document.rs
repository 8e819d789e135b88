//! The parts of an OpenDocument file: its text, its looks, its settings, and what these show.

use std::collections::BTreeSet;

use super::super::{Advice, MediaError, MediaType, Note};
use super::archive::Entry;
use super::xml::{self, Change, Editor, Element};

pub(super) const MANIFEST: &str = "META-INF/manifest.xml";

/// What nobody misses: small pictures of the file, toolbars, and what else programs keep for themselves.
const UNMISSED: [&str; 6] =
    ["Thumbnails/", "Configurations2/", "META-INF/", "layout-cache", "manifest.rdf", "current.xml"];

/// What stays of an archive.
pub(super) struct Parts {
    pub(super) media_type: MediaType,
    kept: BTreeSet<String>,
    pub(super) notes: Vec<Note>,
}

/// Which parts stay of an archive that says what it is in this part.
pub(super) fn choose(entries: &[Entry<'_>], kind: &Entry<'_>) -> Result<Parts, MediaError> {
    let media_type = match kind.unpack()?.trim_ascii() {
        b"application/vnd.oasis.opendocument.text" => MediaType::Odt,
        b"application/vnd.oasis.opendocument.spreadsheet" => MediaType::Ods,
        b"application/vnd.oasis.opendocument.presentation" => MediaType::Odp,
        b"application/epub+zip" => return Err(MediaError::Unsupported { advice: Advice::Ebook }),
        kind if kind.starts_with(b"application/vnd.oasis.opendocument.") => {
            return Err(MediaError::Unsupported { advice: Advice::OtherOffice });
        }
        _ => return Err(MediaError::Unsupported { advice: Advice::Archive }),
    };
    let mut shown = BTreeSet::new();
    for entry in entries.iter().filter(|entry| matches!(file(entry.name), b"content.xml" | b"styles.xml")) {
        xml::each_element(entry, &mut |element| {
            if let Some(place) = element.value("href") {
                shown.insert(place.trim_start_matches("./").replace("%20", " "));
            }
        })?;
    }
    let mut parts = Parts { media_type, kept: BTreeSet::new(), notes: Vec::new() };
    for entry in entries {
        let name = entry.text();
        if is_known(&name) || shown.contains(&name) {
            parts.kept.insert(name);
        } else if !UNMISSED.iter().any(|start| name.starts_with(start)) && !name.ends_with('/') {
            parts.notes = vec![Note::PartsLeft];
        }
    }
    Ok(parts)
}

impl Parts {
    pub(super) fn has(&self, name: &str) -> bool {
        self.kept.contains(name)
    }
}

/// Whether this is a part that every such file may have, or that of an object in it.
fn is_known(name: &str) -> bool {
    const FOLDERS: [&str; 6] = ["Pictures/", "Media/", "Fonts/", "ObjectReplacements/", "media/", "Object "];
    let is_own =
        matches!(name, "mimetype" | MANIFEST | "content.xml" | "styles.xml" | "settings.xml" | "meta.xml");
    is_own || FOLDERS.iter().any(|folder| name.starts_with(folder)) && !name.ends_with('/')
}

/// A part's name without its folders.
fn file(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The editor of the list of parts.
pub(super) struct List<'a>(pub(super) &'a Parts);

impl Editor for List<'_> {
    fn element(&mut self, element: &mut Element) -> Change {
        match element.value("full-path") {
            Some(path) if !path.ends_with('/') && !self.0.has(path) => Change::Goes,
            Some(path) if path != "/" && !self.0.kept.iter().any(|name| name.starts_with(path)) => {
                Change::Goes
            }
            _ => Change::Stays,
        }
    }
}
