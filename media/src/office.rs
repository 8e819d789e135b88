//! Office files (docx, xlsx, pptx, odt, ods, odp): archives of parts, written anew part by part.
//!
//! The parts that describe the document (who made it, with what, when, how long it took) are emptied; photos, films and
//! office files inside lose what they lose outside; the names of printers, and the times and notes of the archive
//! itself go. Every other part is checked and copied as it was packed. So who wrote a comment or a tracked change stays:
//! those names stand in the text of the document. Files with programs in them are refused. The archive is that of
//! PKWARE's APPNOTE 6.3.

mod archive;
mod printers;

use super::exif::Orientation;
use super::plan::Plan;
use super::{Advice, Found, MediaError, MediaType, Picture, find};
use archive::{Budget, Entry, Packed};

/// An office file within an office file, one within that, and no further.
const MAX_DEPTH: u8 = 2;

const CORE: &[u8] = br#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>"#;
const APP: &[u8] = br#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>"#;
const CUSTOM: &[u8] = br#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"/>"#;
const PEOPLE: &[u8] = br#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w15:people xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"/>"#;
const META: &[u8] = br#"<?xml version="1.0" encoding="UTF-8"?><office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.2"><office:meta/></office:document-meta>"#;

/// Plans the cleaned file.
pub(super) fn rebuild(bytes: &[u8]) -> Result<Found, MediaError> {
    rebuild_within(bytes, 0, &mut Budget::default())
}

fn rebuild_within(bytes: &[u8], depth: u8, budget: &mut Budget) -> Result<Found, MediaError> {
    let entries = archive::read(bytes, budget)?;
    let media_type = kind(&entries)?;
    let mut out = archive::Writer::default();
    for entry in &entries {
        match fate(entry.name) {
            Fate::Stays => {
                entry.check()?;
                out.copy(entry)?;
            }
            Fate::Emptied(content) => out.store(entry, content)?,
            Fate::Rewritten(without) => {
                let bytes = entry.unpack()?;
                let kept = without(&bytes);
                if kept == bytes { out.copy(entry)? } else { out.store(entry, &kept)? }
            }
            Fate::Cleaned => match inside(&entry.unpack()?, depth, budget)? {
                Some(cleaned) => out.store(entry, &cleaned)?,
                None => out.copy(entry)?,
            },
            Fate::Goes => {}
            Fate::Refused(advice) => return Err(MediaError::Unsupported { advice }),
        }
        if entry.name == b"META-INF/manifest.xml" && holds(&entry.unpack()?, b"encryption-data") {
            return Err(MediaError::Unsupported { advice: Advice::OfficeLocked });
        }
    }
    Ok(Found {
        notes: Vec::new(),
        media_type,
        plan: Plan::of(out.end()),
        width: 0,
        height: 0,
        orientation: Orientation::UPRIGHT,
        duration_ms: None,
        picture: Picture::Opaque,
    })
}

/// Which kind of office file this is. OpenDocument says so in a part of its own; the others by their main part.
fn kind(entries: &[Entry<'_>]) -> Result<MediaType, MediaError> {
    let has = |name: &[u8]| entries.iter().any(|entry| entry.name == name);
    if let Some(first) =
        entries.first().filter(|first| first.name == b"mimetype" && first.method == Packed::Not)
    {
        return match first.data {
            b"application/vnd.oasis.opendocument.text" => Ok(MediaType::Odt),
            b"application/vnd.oasis.opendocument.spreadsheet" => Ok(MediaType::Ods),
            b"application/vnd.oasis.opendocument.presentation" => Ok(MediaType::Odp),
            _ => Err(MediaError::Unsupported { advice: Advice::Archive }),
        };
    }
    match has(b"[Content_Types].xml") {
        true if has(b"word/document.xml") => Ok(MediaType::Docx),
        true if has(b"xl/workbook.xml") => Ok(MediaType::Xlsx),
        true if has(b"ppt/presentation.xml") => Ok(MediaType::Pptx),
        _ => Err(MediaError::Unsupported { advice: Advice::Archive }),
    }
}

/// What becomes of a part.
enum Fate {
    Stays,
    Emptied(&'static [u8]),
    Rewritten(fn(&[u8]) -> Vec<u8>),
    Cleaned,
    Goes,
    Refused(Advice),
}

fn fate(name: &[u8]) -> Fate {
    let lower = name.to_ascii_lowercase();
    let last = lower.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    match (lower.as_slice(), last) {
        (_, b"") => Fate::Goes,
        (_, b"vbaproject.bin" | b"vbadata.xml") => Fate::Refused(Advice::Macros),
        (_, _) if lower.starts_with(b"basic/") || lower.starts_with(b"scripts/") => {
            Fate::Refused(Advice::Macros)
        }
        (_, b"documentsignatures.xml") => Fate::Refused(Advice::Signed),
        (_, _) if lower.starts_with(b"_xmlsignatures/") => Fate::Refused(Advice::Signed),
        (b"docprops/core.xml", _) => Fate::Emptied(CORE),
        (b"docprops/app.xml", _) => Fate::Emptied(APP),
        (b"docprops/custom.xml", _) => Fate::Emptied(CUSTOM),
        (b"word/people.xml", _) => Fate::Emptied(PEOPLE),
        (_, b"meta.xml") => Fate::Emptied(META),
        (_, _) if last.starts_with(b"printersettings") && last.ends_with(b".bin") => {
            Fate::Rewritten(printers::device_mode)
        }
        // Word's settings stand beside its document and name no printer; in them, this changes nothing.
        (_, b"settings.xml") => Fate::Rewritten(printers::open_document),
        (b"mimetype", _) => Fate::Stays,
        // A photo may lie anywhere: what isn't text by its name is looked into.
        (_, _) if last.ends_with(b".xml") || last.ends_with(b".rels") => Fate::Stays,
        _ => Fate::Cleaned,
    }
}

/// What stays of a picture, a film or another file inside; none where it is of a kind that has nothing to tell.
fn inside(bytes: &[u8], depth: u8, budget: &mut Budget) -> Result<Option<Vec<u8>>, MediaError> {
    const RAW: [&[u8]; 2] = [b"II*\0", b"MM\0*"];
    let mut source = std::io::Cursor::new(bytes);
    let mut reader = super::Reader::new(&mut source)?;
    match super::sniff::container(&mut reader) {
        Ok(super::Container::Text) => Ok(None),
        Ok(super::Container::Still) => Err(MediaError::Unsupported { advice: Advice::RawInside }),
        Ok(super::Container::Zip) if depth >= MAX_DEPTH => {
            Err(MediaError::Unsupported { advice: Advice::Archive })
        }
        Ok(super::Container::Zip) => {
            Ok(Some(rebuild_within(bytes, depth + 1, budget)?.plan.in_memory().to_vec()))
        }
        Ok(container) => {
            if container == super::Container::Pdf {
                let left = budget.documents.checked_sub(1);
                budget.documents = left.ok_or(MediaError::Unsupported { advice: Advice::TooManyPdfs })?;
            }
            let found = find(&mut reader, "")?;
            let mut cleaned = Vec::new();
            found.plan.write(&mut source, &mut cleaned)?;
            Ok(Some(cleaned))
        }
        Err(_) if RAW.iter().any(|start| bytes.starts_with(start)) => {
            Err(MediaError::Unsupported { advice: Advice::RawInside })
        }
        Err(_) => Ok(None),
    }
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
#[path = "office/tests.rs"]
pub(super) mod tests;
