//! Office files (docx, xlsx, pptx, odt, ods, odp): archives of parts, written anew part by part.
//!
//! Parts stay that the document shows, found from its beginning ([`package`], [`open_document`]); with the others go who
//! made it, with what, where it lay and with whom it was shared. In the markup that stays, people become "Author 1" and
//! so on, and of paths the file's name stays ([`rules`]). Photos, films and office files inside lose what they lose
//! outside; the names of printers, and the times and notes of the archive itself go. What would be missed is told. Files
//! with programs in them are refused. The archive is that of PKWARE's APPNOTE 6.3.

mod archive;
mod inside;
mod open_document;
mod others;
mod package;
mod people;
mod printers;
mod rules;
mod xml;

use std::collections::BTreeSet;

use super::exif::Orientation;
use super::plan::Plan;
use super::{Advice, Found, MediaError, MediaType, Note, Picture};
use archive::{Budget, Entry, Writer};
use people::People;
use rules::Rules;

const META: &[u8] = br#"<?xml version="1.0" encoding="UTF-8"?><office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.2"><office:meta/></office:document-meta>"#;

/// Plans the cleaned file.
pub(super) fn rebuild(bytes: &[u8], name: &str) -> Result<Found, MediaError> {
    match rebuild_within(bytes, name, 0, &mut Budget::default()) {
        // An archive that can't be looked into is told by its name.
        Err(MediaError::Unsupported { advice: Advice::Archive }) => {
            Err(MediaError::Unsupported { advice: others::by_name(name).unwrap_or(Advice::Archive) })
        }
        found => found,
    }
}

fn rebuild_within(bytes: &[u8], name: &str, depth: u8, budget: &mut Budget) -> Result<Found, MediaError> {
    let mut entries = archive::read(bytes, budget)?;
    // Programs look for it at the beginning, where not every program puts it.
    entries.sort_by_key(|entry| entry.name != b"mimetype");
    entries.iter().try_for_each(refuse)?;
    let mut work =
        Work { out: Writer::default(), people: People::default(), depth, budget, notes: Vec::new() };
    let media_type = match entries.first().filter(|first| first.name == b"mimetype") {
        Some(kind) => work.open_document(&entries, kind)?,
        None if entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(package::TYPES.as_bytes())) => {
            work.package(&entries)?
        }
        None => return Err(MediaError::Unsupported { advice: others::advice(&entries, name) }),
    };
    Ok(Found {
        notes: work.notes,
        media_type,
        plan: Plan::of(work.out.end()),
        width: 0,
        height: 0,
        orientation: Orientation::UPRIGHT,
        duration_ms: None,
        picture: Picture::Opaque,
    })
}

/// Refuses programs and signatures, wherever they lie.
fn refuse(entry: &Entry<'_>) -> Result<(), MediaError> {
    let lower = entry.name.to_ascii_lowercase();
    let advice = match lower.rsplit(|byte| *byte == b'/').next().unwrap_or_default() {
        b"vbaproject.bin" | b"vbadata.xml" => Advice::Macros,
        b"documentsignatures.xml" => Advice::Signed,
        _ if lower.starts_with(b"_xmlsignatures/") => Advice::Signed,
        b"" => return Ok(()),
        _ if lower.starts_with(b"basic/") || lower.starts_with(b"scripts/") => Advice::Macros,
        _ => return Ok(()),
    };
    Err(MediaError::Unsupported { advice })
}

/// A cleaned file under construction.
struct Work<'a> {
    out: Writer,
    people: People,
    depth: u8,
    budget: &'a mut Budget,
    notes: Vec<Note>,
}

impl Work<'_> {
    fn note(&mut self, notes: &[Note]) {
        for note in notes {
            if !self.notes.contains(note) {
                self.notes.push(*note);
            }
        }
    }

    fn package(&mut self, entries: &[Entry<'_>]) -> Result<MediaType, MediaError> {
        let parts = package::choose(entries)?;
        self.note(&parts.notes);
        for entry in entries {
            let name = package::key(&entry.text());
            if !parts.has(&name) {
                continue;
            }
            if let Some(part) = package::part_of_references(&name) {
                self.edit(entry, &mut package::Lists { parts: &parts, gone: parts.gone(&part) })?;
            } else if name == package::TYPES {
                self.edit(entry, &mut package::Lists { parts: &parts, gone: BTreeSet::new() })?;
            } else {
                self.part(entry, &name, parts.gone(&name))?;
            }
        }
        Ok(parts.media_type)
    }

    fn open_document(&mut self, entries: &[Entry<'_>], kind: &Entry<'_>) -> Result<MediaType, MediaError> {
        let parts = open_document::choose(entries, kind)?;
        self.note(&parts.notes);
        for entry in entries {
            let name = entry.text();
            match name.rsplit('/').next().unwrap_or_default() {
                _ if !parts.has(&name) => {}
                "mimetype" => self.out.store(entry, entry.unpack()?.trim_ascii())?,
                "meta.xml" => self.out.store(entry, META)?,
                _ if name == open_document::MANIFEST => {
                    if holds(&entry.unpack()?, b"encryption-data") {
                        return Err(MediaError::Unsupported { advice: Advice::OfficeLocked });
                    }
                    self.edit(entry, &mut open_document::List(&parts))?;
                }
                _ => self.part(entry, &name.to_ascii_lowercase(), BTreeSet::new())?,
            }
        }
        Ok(parts.media_type)
    }

    /// A part that stays.
    fn part(&mut self, entry: &Entry<'_>, name: &str, gone: BTreeSet<String>) -> Result<(), MediaError> {
        let last = name.rsplit('/').next().unwrap_or_default();
        let ending = last.rsplit('.').next().unwrap_or_default();
        if last.starts_with("printersettings") && ending == "bin" {
            let mode = entry.unpack()?;
            let kept = printers::device_mode(&mode);
            return if kept == mode { self.out.copy(entry) } else { self.out.store(entry, &kept) };
        }
        if matches!(ending, "xml" | "vml" | "svg" | "rels") {
            let mut people = std::mem::take(&mut self.people);
            let written = self.edit(entry, &mut Rules::new(&mut people, gone, ending == "svg"));
            self.people = people;
            return written;
        }
        // A photo may lie anywhere: what isn't markup by its name is looked into.
        let (kept, notes) = inside::keep(&entry.unpack()?, self.depth, self.budget)?;
        self.note(&notes);
        match kept {
            Some(kept) => self.out.store(entry, &kept),
            None => self.out.copy(entry),
        }
    }

    fn edit(&mut self, entry: &Entry<'_>, editor: &mut dyn xml::Editor) -> Result<(), MediaError> {
        let written = xml::rewrite(entry, editor)?;
        if entry.is(&written) { self.out.copy(entry) } else { self.out.pack(entry, written) }
    }
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
#[path = "office/tests.rs"]
pub(super) mod tests;
