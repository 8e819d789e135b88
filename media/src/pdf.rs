//! PDF, written anew from what its pages show.
//!
//! The document is walked from its root along the keys that stand in one table ([`keys`]); what no such key leads to is
//! left out, and with it authors, dates, programs, scripts, attachments, the thumbnails and private data of programs,
//! earlier versions, signatures and who wrote a remark. Photos inside lose what photos lose. What pages show is kept
//! as it was stored. A document that can't be read with certainty is refused: printing it as a PDF makes a sound one.
//!
//! What people wrote on the pages themselves stays; so do links, form entries and remarks. The format is that of
//! ISO 32000-1.

mod file;
mod images;
mod keys;
mod losses;
mod object;
mod write;

use std::collections::BTreeMap;

use super::exif::Orientation;
use super::plan::Plan;
use super::{Advice, Found, MediaError, MediaType, Note, Picture};
use file::File;
use keys::Role;
use object::{Dict, Object, Stream};
use write::Writer;

/// Where a PDF may begin, as its readers accept it: behind a mark, an empty line, or the head of an answer from the web.
const MAX_HEAD: usize = 1024;

/// Where the PDF begins in a file that begins so.
pub(super) fn head(start: &[u8]) -> Option<usize> {
    let start = start.get(..start.len().min(MAX_HEAD + 5)).unwrap_or_default();
    start.windows(5).position(|window| window == b"%PDF-")
}

/// Plans the cleaned file.
pub(super) fn rebuild(bytes: &[u8]) -> Result<Found, MediaError> {
    let head = head(bytes).ok_or_else(unreadable)?;
    let found = rebuild_from(bytes, head, bytes.get(head..).unwrap_or_default());
    match found {
        // Its places may be counted from the beginning of the file, too.
        Err(MediaError::Unsupported { advice: Advice::RarePdf }) if head > 0 => {
            rebuild_from(bytes, head, bytes)
        }
        found => found,
    }
}

/// Plans the cleaned file, given the bytes from which its places are counted.
fn rebuild_from(bytes: &[u8], head: usize, counted: &[u8]) -> Result<Found, MediaError> {
    let mut walk = Walk::new(File::open(counted)?);
    let root = walk.file.root();
    let Loaded::Plain(Object::Dict(catalog)) = walk.file.load(root)? else { return Err(unreadable()) };
    if !catalog.contains_key(&b"Pages"[..]) {
        return Err(unreadable());
    }
    losses::look(&mut walk, &catalog)?;
    let root = walk.number(root, Role::Catalog);
    let mut writer = Writer::new(bytes.get(head..).unwrap_or_default());
    let mut done = 0;
    while let Some(&(number, role)) = walk.ahead.get(done) {
        done += 1;
        let object = match walk.file.load(number)? {
            Loaded::Plain(object) => Loaded::Plain(walk.keep(object, role)?),
            Loaded::Stream(stream) => Loaded::Stream(walk.keep_stream(stream, role)?),
        };
        writer.object(&object)?;
    }
    // Where Acrobat would draw a form, other readers show "Please wait", and no entry.
    if walk.looks_for_entries && !walk.shows_entries {
        return Err(MediaError::Unsupported { advice: Advice::PdfForm });
    }
    Ok(Found {
        notes: walk.notes,
        media_type: MediaType::Pdf,
        plan: Plan::of(writer.end(root)),
        width: 0,
        height: 0,
        orientation: Orientation::UPRIGHT,
        duration_ms: None,
        picture: Picture::Opaque,
    })
}

/// An object of the file.
enum Loaded {
    Plain(Object),
    Stream(Stream),
}

/// The way through a document.
struct Walk<'a> {
    file: File<'a>,
    /// Where each object that is kept stands in the new file, from 1.
    numbers: BTreeMap<u32, u32>,
    /// The objects that are kept in their new order, each with what it is.
    ahead: Vec<(u32, Role)>,
    /// The colour profiles that were looked at, and whether they can be read.
    profiles: BTreeMap<u32, bool>,
    /// Whether a page shows an entry of a form; only looked for where that matters.
    shows_entries: bool,
    looks_for_entries: bool,
    notes: Vec<Note>,
}

impl<'a> Walk<'a> {
    fn new(file: File<'a>) -> Self {
        Self {
            file,
            numbers: BTreeMap::new(),
            ahead: Vec::new(),
            profiles: BTreeMap::new(),
            shows_entries: false,
            looks_for_entries: false,
            notes: Vec::new(),
        }
    }

    fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The new number of an object, which is kept from now on.
    fn number(&mut self, object: u32, role: Role) -> u32 {
        let next = self.ahead.len() as u32 + 1;
        let number = *self.numbers.entry(object).or_insert(next);
        if number == next {
            self.ahead.push((object, role));
        }
        number
    }

    /// What is kept of a value, given what it is.
    fn keep(&mut self, object: Object, role: Role) -> Result<Object, MediaError> {
        Ok(match object {
            Object::Reference(number) if self.is_wanted(number, role)? => {
                Object::Reference(self.number(number, role))
            }
            Object::Reference(_) => Object::Null,
            Object::Array(items) => {
                if role == Role::Graphics && items.first().is_some_and(|first| first.is_name(b"ICCBased")) {
                    return self.keep_colours(&items);
                }
                let mut kept = Vec::with_capacity(items.len());
                for item in items {
                    let item = self.keep(item, role)?;
                    // A remark that goes leaves no gap.
                    if item != Object::Null || role != Role::Annotation {
                        kept.push(item);
                    }
                }
                Object::Array(kept)
            }
            Object::Dict(dict) => self.keep_dict(dict, role)?.map_or(Object::Null, Object::Dict),
            plain @ (Object::Null | Object::Plain(_) | Object::Name(_) | Object::Text(_)) => plain,
        })
    }

    fn keep_dict(&mut self, dict: Dict, role: Role) -> Result<Option<Dict>, MediaError> {
        if !self.fits(&dict, role)? {
            return Ok(None);
        }
        let dict = if role == Role::Annotation { losses::remark(self, dict) } else { dict };
        let mut kept = Dict::new();
        for (key, value) in dict.clone() {
            let Some(next) = role.follow(&key, &dict) else { continue };
            if role == Role::Page && key == b"Annots" && self.looks_for_entries {
                self.shows_entries |= losses::shows_entries(self, &value)?;
            }
            let was_there = value != Object::Null;
            let value = self.keep(value, next)?;
            // What is shown must be there: else an empty file would be kept in a full one's place.
            if was_there && role.shows(&key) && lacks_some(&value) {
                return Err(unreadable());
            }
            if value != Object::Null {
                kept.insert(key, value);
            }
        }
        Ok(Some(kept))
    }

    fn keep_stream(&mut self, stream: Stream, role: Role) -> Result<Stream, MediaError> {
        let stream = match role {
            Role::Profile => images::slim(&mut self.file, &stream)?.ok_or_else(unreadable)?,
            _ => images::clean(&mut self.file, stream)?,
        };
        let dict = self.keep_dict(stream.dict, Role::Graphics)?.unwrap_or_default();
        Ok(Stream { dict, data: stream.data })
    }

    /// Colours with a profile: it is cut down to colour; one that can't be read gives way to plain colours.
    fn keep_colours(&mut self, items: &[Object]) -> Result<Object, MediaError> {
        let Some(Object::Reference(profile)) = items.get(1) else { return Err(unreadable()) };
        let is_known = self.profiles.get(profile).copied();
        let (is_readable, channels) = match is_known {
            Some(true) => (true, None),
            Some(false) | None => {
                let Loaded::Stream(stream) = self.file.load(*profile)? else { return Err(unreadable()) };
                let channels = stream.dict.get(&b"N"[..]).and_then(Object::number);
                (is_known.is_none() && images::slim(&mut self.file, &stream)?.is_some(), channels)
            }
        };
        self.profiles.insert(*profile, is_readable);
        if is_readable {
            let number = self.number(*profile, Role::Profile);
            return Ok(Object::Array(vec![Object::Name(b"ICCBased".to_vec()), Object::Reference(number)]));
        }
        match channels {
            Some(1) => Ok(Object::Name(b"DeviceGray".to_vec())),
            Some(3) => Ok(Object::Name(b"DeviceRGB".to_vec())),
            Some(4) => Ok(Object::Name(b"DeviceCMYK".to_vec())),
            _ => Err(unreadable()),
        }
    }

    /// Whether what a reference leads to is kept at all.
    fn is_wanted(&mut self, number: u32, role: Role) -> Result<bool, MediaError> {
        if self.numbers.contains_key(&number) || !role.is_choosy() {
            return Ok(self.file.has(number));
        }
        match self.file.load(number)? {
            Loaded::Plain(Object::Dict(dict)) => self.fits(&dict, role),
            Loaded::Plain(_) => Ok(true),
            Loaded::Stream(_) => Ok(role != Role::Action),
        }
    }

    /// Whether a dictionary is one that may stand here: an action that only leads somewhere, a remark without a file.
    fn fits(&mut self, dict: &Dict, role: Role) -> Result<bool, MediaError> {
        let name = |key: &[u8]| match dict.get(key) {
            Some(Object::Name(name)) => Some(name.as_slice()),
            _ => None,
        };
        Ok(match role {
            Role::Action => matches!(name(b"S"), Some(b"GoTo" | b"URI")),
            Role::Annotation => match name(b"Subtype") {
                Some(subtype) if !keys::is_known_remark(subtype) => {
                    if let Some(note) = losses::note(subtype) {
                        self.note(note);
                    }
                    dict.contains_key(&b"AP"[..])
                }
                _ => true,
            },
            Role::Entry => false,
            _ => true,
        })
    }
}

fn lacks_some(value: &Object) -> bool {
    match value {
        Object::Null => true,
        Object::Array(items) => items.contains(&Object::Null),
        Object::Plain(_) | Object::Name(_) | Object::Text(_) | Object::Dict(_) | Object::Reference(_) => {
            false
        }
    }
}

fn unreadable() -> MediaError {
    MediaError::Unsupported { advice: Advice::RarePdf }
}

#[cfg(test)]
#[path = "pdf/tests.rs"]
pub(super) mod tests;
