//! The new file: its objects one after the other, where each lies, and nothing else.

use super::object::{Dict, Object};
use super::{Loaded, MediaError, unreadable};

pub(super) struct Writer {
    out: Vec<u8>,
    places: Vec<usize>,
}

impl Writer {
    pub(super) fn new(source: &[u8]) -> Self {
        let version = match source.get(5..8) {
            Some(version @ [b'1', b'.', b'0'..=b'7'] | version @ b"2.0") => version,
            _ => b"1.7",
        };
        // Four bytes that no text has tell programs that the file isn't one.
        let out = [b"%PDF-", version, b"\n%\xE2\xE3\xCF\xD3\n"].concat();
        Self { out, places: Vec::new() }
    }

    /// Appends the next object.
    pub(super) fn object(&mut self, object: &Loaded) -> Result<(), MediaError> {
        self.places.push(self.out.len());
        self.out.extend_from_slice(format!("{} 0 obj\n", self.places.len()).as_bytes());
        match object {
            Loaded::Plain(object) => self.value(object),
            Loaded::Stream(stream) => {
                let mut dict = stream.dict.clone();
                dict.insert(b"Length".to_vec(), Object::Plain(stream.data.len().to_string().into_bytes()));
                self.dict(&dict);
                self.out.extend_from_slice(b"\nstream\n");
                self.out.extend_from_slice(&stream.data);
                self.out.extend_from_slice(b"\nendstream");
            }
        }
        self.out.extend_from_slice(b"\nendobj\n");
        // Small values can grow a little; a file that grows a lot was made for that.
        if self.out.len() > super::super::MAX_BYTES * 2 { Err(unreadable()) } else { Ok(()) }
    }

    /// The whole file.
    pub(super) fn end(mut self, root: u32) -> Vec<u8> {
        let start = self.out.len();
        let size = self.places.len() + 1;
        self.out.extend_from_slice(format!("xref\n0 {size}\n0000000000 65535 f \n").as_bytes());
        for place in &self.places {
            self.out.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
        }
        let trailer = format!("trailer\n<</Root {root} 0 R/Size {size}>>\nstartxref\n{start}\n%%EOF\n");
        self.out.extend_from_slice(trailer.as_bytes());
        self.out
    }

    fn value(&mut self, object: &Object) {
        match object {
            Object::Null => self.out.extend_from_slice(b"null"),
            Object::Plain(text) => self.out.extend_from_slice(text),
            Object::Name(name) => self.name(name),
            Object::Text(text) => {
                self.out.push(b'(');
                for byte in text {
                    match byte {
                        b'(' | b')' | b'\\' => self.out.extend_from_slice(&[b'\\', *byte]),
                        b'\r' => self.out.extend_from_slice(b"\\r"),
                        _ => self.out.push(*byte),
                    }
                }
                self.out.push(b')');
            }
            Object::Array(items) => {
                self.out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b' ');
                    }
                    self.value(item);
                }
                self.out.push(b']');
            }
            Object::Dict(dict) => self.dict(dict),
            Object::Reference(number) => self.out.extend_from_slice(format!("{number} 0 R").as_bytes()),
        }
    }

    fn dict(&mut self, dict: &Dict) {
        self.out.extend_from_slice(b"<<");
        for (key, value) in dict {
            self.name(key);
            self.out.push(b' ');
            self.value(value);
        }
        self.out.extend_from_slice(b">>");
    }

    fn name(&mut self, name: &[u8]) {
        self.out.push(b'/');
        for byte in name {
            if byte.is_ascii_graphic() && !b"()<>[]{}/%#".contains(byte) {
                self.out.push(*byte);
            } else {
                self.out.extend_from_slice(format!("#{byte:02X}").as_bytes());
            }
        }
    }
}
