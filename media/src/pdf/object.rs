//! The values that a PDF is made of, read with bounds.

use std::collections::BTreeMap;

use super::{MediaError, unreadable};

/// Deeper than any document nests its values.
const MAX_DEPTH: usize = 50;

/// Longer than any name or number.
const MAX_WORD: usize = 1024;

/// A dictionary, in the order of its keys.
pub(super) type Dict = BTreeMap<Vec<u8>, Object>;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Object {
    Null,
    /// A number, `true` or `false`, as it was written.
    Plain(Vec<u8>),
    /// A name without its slash, its escapes resolved.
    Name(Vec<u8>),
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dict(Dict),
    /// Another object of the file. Generations are not told apart: a file has one of each at a time.
    Reference(u32),
}

/// A dictionary with bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) dict: Dict,
    pub(super) data: Vec<u8>,
}

impl Object {
    pub(super) fn number(&self) -> Option<u64> {
        let Self::Plain(text) = self else { return None };
        std::str::from_utf8(text).ok()?.parse().ok()
    }

    pub(super) fn is_name(&self, name: &[u8]) -> bool {
        matches!(self, Self::Name(known) if known == name)
    }
}

/// Reads values from bytes, one after the other.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    /// How many more values may be read.
    left: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, left: usize) -> Self {
        Self { bytes, at, left }
    }

    /// How many values could still be read.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn skip_space(&mut self) {
        while let Some(byte) = self.rest().first() {
            match byte {
                0 | 9 | 10 | 12 | 13 | 32 => self.at += 1,
                b'%' => {
                    let line = self.rest().iter().position(|byte| matches!(byte, 10 | 13));
                    self.at += line.unwrap_or(self.rest().len());
                }
                _ => return,
            }
        }
    }

    /// Takes this word, if it comes next.
    pub(super) fn eat(&mut self, word: &[u8]) -> bool {
        self.skip_space();
        let comes = self.rest().starts_with(word);
        if comes {
            self.at += word.len();
        }
        comes
    }

    /// A whole number that comes next.
    pub(super) fn whole(&mut self) -> Result<u64, MediaError> {
        self.skip_space();
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).take(20).count();
        let text = self.rest().get(..digits).and_then(|text| std::str::from_utf8(text).ok());
        self.at += digits;
        text.and_then(|text| text.parse().ok()).ok_or_else(unreadable)
    }

    pub(super) fn object(&mut self) -> Result<Object, MediaError> {
        self.value(0)
    }

    fn value(&mut self, depth: usize) -> Result<Object, MediaError> {
        self.left = self.left.checked_sub(1).ok_or_else(unreadable)?;
        if depth > MAX_DEPTH {
            return Err(unreadable());
        }
        self.skip_space();
        match *self.rest().first().ok_or_else(unreadable)? {
            b'/' => Ok(Object::Name(self.name()?)),
            b'(' => self.text(),
            b'<' if self.rest().starts_with(b"<<") => {
                self.at += 2;
                let mut dict = Dict::new();
                while !self.eat(b">>") {
                    let key = self.name()?;
                    dict.insert(key, self.value(depth + 1)?);
                }
                Ok(Object::Dict(dict))
            }
            b'<' => self.hex_text(),
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.eat(b"]") {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Object::Array(items))
            }
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Object, MediaError> {
        let word = self.regular();
        match word {
            b"null" => Ok(Object::Null),
            b"true" | b"false" => Ok(Object::Plain(word.to_vec())),
            _ if is_number(word) => Ok(self.reference(word).unwrap_or_else(|| Object::Plain(word.to_vec()))),
            _ => Err(unreadable()),
        }
    }

    /// A reference, if a whole number turns out to begin one: `12 0 R`.
    fn reference(&mut self, first: &[u8]) -> Option<Object> {
        let number = std::str::from_utf8(first).ok()?.parse().ok()?;
        let mut ahead = Lexer { bytes: self.bytes, at: self.at, left: 0 };
        ahead.whole().ok()?;
        ahead.skip_space();
        if ahead.regular() != b"R" {
            return None;
        }
        self.at = ahead.at;
        Some(Object::Reference(number))
    }

    /// What comes up to the next space or bracket.
    fn regular(&mut self) -> &'a [u8] {
        let ends = |byte: &u8| b"\0\t\n\x0C\r ()<>[]{}/%".contains(byte);
        let rest = self.rest();
        let word = rest.split(ends).next().unwrap_or_default();
        let word = word.get(..MAX_WORD).unwrap_or(word);
        self.at += word.len();
        word
    }

    fn name(&mut self) -> Result<Vec<u8>, MediaError> {
        if !self.eat(b"/") {
            return Err(unreadable());
        }
        let mut raw = self.regular();
        let mut name = Vec::with_capacity(raw.len());
        while let Some((&first, rest)) = raw.split_first() {
            raw = rest;
            match (first, rest) {
                (b'#', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                    (Some(high), Some(low)) => {
                        name.push(high << 4 | low);
                        raw = after;
                    }
                    _ => name.push(first),
                },
                _ => name.push(first),
            }
        }
        Ok(name)
    }

    fn text(&mut self) -> Result<Object, MediaError> {
        let mut text = Vec::new();
        let mut open = 0usize;
        loop {
            let byte = self.byte()?;
            match byte {
                b'(' => {
                    open += 1;
                    if open == 1 {
                        continue;
                    }
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(Object::Text(text));
                    }
                }
                b'\\' => {
                    if let Some(escaped) = self.escape()? {
                        text.push(escaped);
                    }
                    continue;
                }
                b'\r' => {
                    self.skip_if(b'\n');
                    text.push(b'\n');
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
    }

    fn escape(&mut self) -> Result<Option<u8>, MediaError> {
        let byte = self.byte()?;
        Ok(Some(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'\n' => return Ok(None),
            b'\r' => {
                self.skip_if(b'\n');
                return Ok(None);
            }
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.rest().first() else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                value as u8
            }
            other => other,
        }))
    }

    fn hex_text(&mut self) -> Result<Object, MediaError> {
        self.at += 1;
        let mut digits = Vec::new();
        loop {
            match self.byte()? {
                b'>' => break,
                byte => match hex(byte) {
                    Some(digit) => digits.push(digit),
                    None if byte.is_ascii_whitespace() || byte == 0 => {}
                    None => return Err(unreadable()),
                },
            }
        }
        let pairs = digits.chunks(2);
        Ok(Object::Text(pairs.map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0)).collect()))
    }

    fn byte(&mut self) -> Result<u8, MediaError> {
        let byte = *self.rest().first().ok_or_else(unreadable)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip_if(&mut self, byte: u8) {
        self.at += usize::from(self.rest().first() == Some(&byte));
    }
}

fn is_number(word: &[u8]) -> bool {
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    digits > 0 && word.len() <= 40 && word.iter().all(|byte| byte.is_ascii_digit() || b"+-.".contains(byte))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}
