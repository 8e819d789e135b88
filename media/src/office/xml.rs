//! The markup of a part, read and written anew in one pass. What is not changed stays as it was written, byte for byte.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Cursor, Read, Write};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::letters::{self, Utf16};
use super::super::{MAX_BYTES, MediaError, damaged};
use super::archive::{Entry, Packer};

/// An element's names and values, as they are written.
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

impl Element {
    fn read(start: &BytesStart<'_>) -> Result<Self, MediaError> {
        let mut attributes = Vec::new();
        // Old drawings have values without quotes.
        for attribute in start.html_attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| unreadable())?;
            attributes.push((attribute.key.as_ref().to_owned(), attribute.value.into_owned()));
        }
        Ok(Self { name: start.name().as_ref().to_owned(), attributes })
    }

    /// Its name without what stands before the colon.
    pub(super) fn local(&self) -> &str {
        local(&self.name)
    }

    /// The value of the attribute with this name, whatever stands before its colon.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| local(key) == name).map(|(_, value)| value.as_str())
    }

    fn written(&self) -> String {
        let mut text = self.name.clone();
        for (key, value) in &self.attributes {
            text += &format!(" {key}=\"{}\"", value.replace('"', "&quot;"));
        }
        text
    }
}

/// The part of a name after its colon.
pub(super) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// How a text becomes another one.
type Retell = fn(&mut dyn Editor, &str) -> String;

/// What becomes of an element.
pub(super) enum Change {
    Stays,
    /// Its attributes are other ones.
    Written,
    /// It goes with all that is in it.
    Goes,
    /// The text in it is another one, given what it was.
    Text(Retell),
}

/// Who decides what becomes of each element.
pub(super) trait Editor {
    fn element(&mut self, element: &mut Element) -> Change;

    /// A text within an element of this name; none if it stays.
    fn text(&mut self, _within: &str, _text: &str) -> Option<String> {
        None
    }

    fn name(&mut self, name: &str) -> String {
        name.to_owned()
    }
}

/// Writes a part anew.
pub(super) fn rewrite(entry: &Entry<'_>, editor: &mut dyn Editor) -> Result<Packer, MediaError> {
    let mut out = Packer::default();
    let mut pass = Pass { editor, out: &mut out, gone: 0, text: None, within: String::new() };
    each_event(entry, &mut |event, is_converted| pass.take(event, is_converted))?;
    Ok(out)
}

/// Reads all elements of a part.
pub(super) fn each_element(entry: &Entry<'_>, take: &mut dyn FnMut(Element)) -> Result<(), MediaError> {
    each_event(entry, &mut |event, _| {
        if let Event::Start(start) | Event::Empty(start) = event {
            take(Element::read(&start)?);
        }
        Ok(())
    })
}

type Take<'a> = dyn FnMut(Event<'_>, bool) -> Result<(), MediaError> + 'a;

fn each_event(entry: &Entry<'_>, take: &mut Take<'_>) -> Result<(), MediaError> {
    let mut start = Vec::new();
    entry.stream().take(256).read_to_end(&mut start).map_err(|_| torn(entry))?;
    let read = Cell::new(0);
    match encoding(&start) {
        None => {
            events(entry, BufReader::new(Counted { source: entry.stream(), read: &read }), &read, false, take)
        }
        Some(encoding) => {
            let text = encoding.decode(&entry.unpack()?);
            let source = Counted { source: Cursor::new(text.into_bytes()), read: &read };
            events(entry, BufReader::new(source), &read, true, take)
        }
    }
}

fn events(
    entry: &Entry<'_>,
    source: impl BufRead,
    read: &Cell<usize>,
    is_converted: bool,
    take: &mut Take<'_>,
) -> Result<(), MediaError> {
    let mut reader = Reader::from_reader(source);
    let settings = reader.config_mut();
    // Old drawings (VML) are not well formed; what is read here is only passed on.
    (settings.check_end_names, settings.allow_unmatched_ends, settings.allow_dangling_amp) =
        (false, true, true);
    let mut buffer = Vec::new();
    loop {
        read.set(0);
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|_| torn(entry))? {
            Event::Eof => return Ok(()),
            event => take(event, is_converted)?,
        }
    }
}

/// How the letters of a part are stored that is not in UTF-8.
enum Encoding {
    Utf16(Utf16),
    Named(Vec<u8>),
}

impl Encoding {
    fn decode(&self, bytes: &[u8]) -> String {
        match self {
            Self::Utf16(encoding) => encoding.decode(Utf16::marked(bytes).map_or(bytes, |(_, text)| text)),
            Self::Named(label) => letters::named(label, bytes).unwrap_or_default(),
        }
    }
}

fn encoding(start: &[u8]) -> Option<Encoding> {
    if let Some((encoding, _)) = Utf16::marked(start) {
        return Some(Encoding::Utf16(encoding));
    }
    let head = start.split(|byte| *byte == b'>').next().filter(|head| head.starts_with(b"<?xml"))?;
    let at = head.windows(9).position(|window| window == b"encoding=")?;
    let label = head.get(at + 10..)?.split(|byte| matches!(byte, b'"' | b'\'')).next()?;
    letters::is_known(label).then(|| Encoding::Named(label.to_vec()))
}

/// No element, text or comment is longer than a whole part may be.
struct Counted<'a, T> {
    source: T,
    read: &'a Cell<usize>,
}

impl<T: Read> Read for Counted<'_, T> {
    fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(piece)?;
        self.read.set(self.read.get().saturating_add(read));
        if self.read.get() > MAX_BYTES { Err(std::io::Error::other("it is too long")) } else { Ok(read) }
    }
}

/// The way through a part.
struct Pass<'a> {
    editor: &'a mut dyn Editor,
    out: &'a mut Packer,
    /// How many elements that go are open, one within the other.
    gone: usize,
    /// The text that becomes another one: how, what it was, and how many elements are open in it.
    text: Option<(Retell, String, usize)>,
    /// The element whose beginning was read last.
    within: String,
}

impl Pass<'_> {
    fn take(&mut self, event: Event<'_>, is_converted: bool) -> Result<(), MediaError> {
        match event {
            Event::Start(start) => self.start(&start),
            Event::Empty(empty) => self.empty(&empty),
            Event::End(end) => self.end(&end),
            Event::Text(text) => self.words(&text, &["", &text, ""]),
            Event::CData(text) => self.words(&text, &["<![CDATA[", &text, "]]>"]),
            Event::GeneralRef(letter) => self.words(&format!("&{};", &*letter), &["&", &letter, ";"]),
            Event::Decl(_) if is_converted => {
                self.put(&["<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>"])
            }
            Event::Decl(head) => self.put(&["<?", &head, "?>"]),
            // With texts of its own (entities) it says what can't be seen here.
            Event::DocType(kind) if kind.contains('[') => Err(unreadable()),
            // Remarks, and orders to programs.
            Event::DocType(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), MediaError> {
        if self.gone > 0 {
            self.gone += 1;
            return Ok(());
        }
        if let Some((_, _, open)) = &mut self.text {
            *open += 1;
            return Ok(());
        }
        let mut element = Element::read(start)?;
        self.within.clear();
        self.within.push_str(element.local());
        match self.editor.element(&mut element) {
            Change::Stays => self.put(&["<", start, ">"]),
            Change::Written => self.put(&["<", &element.written(), ">"]),
            Change::Goes => {
                self.gone = 1;
                Ok(())
            }
            Change::Text(how) => {
                self.text = Some((how, String::new(), 0));
                self.put(&["<", start, ">"])
            }
        }
    }

    fn empty(&mut self, empty: &BytesStart<'_>) -> Result<(), MediaError> {
        if self.gone > 0 || self.text.is_some() {
            return Ok(());
        }
        let mut element = Element::read(empty)?;
        match self.editor.element(&mut element) {
            Change::Stays | Change::Text(_) => self.put(&["<", empty, "/>"]),
            Change::Written => self.put(&["<", &element.written(), "/>"]),
            Change::Goes => Ok(()),
        }
    }

    fn end(&mut self, end: &str) -> Result<(), MediaError> {
        if self.gone > 0 {
            self.gone -= 1;
            return Ok(());
        }
        match self.text.take() {
            Some((how, text, 0)) => {
                let text = how(self.editor, &text);
                self.put(&[&text, "</", end, ">"])
            }
            Some((how, text, open)) => {
                self.text = Some((how, text, open - 1));
                Ok(())
            }
            None => self.put(&["</", end, ">"]),
        }
    }

    fn words(&mut self, text: &str, written: &[&str]) -> Result<(), MediaError> {
        if self.gone > 0 {
            return Ok(());
        }
        if let Some((_, collected, _)) = &mut self.text {
            collected.push_str(text);
            return Ok(());
        }
        match self.editor.text(&self.within, text) {
            Some(other) => self.put(&[&other]),
            None => self.put(written),
        }
    }

    fn put(&mut self, parts: &[&str]) -> Result<(), MediaError> {
        for part in parts {
            self.out.write_all(part.as_bytes()).map_err(|_| unreadable())?;
        }
        Ok(())
    }
}

fn torn(entry: &Entry<'_>) -> MediaError {
    damaged(format!("its part {} does not open", entry.name.escape_ascii()))
}

fn unreadable() -> MediaError {
    damaged("the markup of one of its parts can't be read")
}
