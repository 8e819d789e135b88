//! A PDF file: where its objects lie, and reading them.
//!
//! The newest entry of each object counts; earlier ones are never read. Everything is bounded: how many objects there
//! are, how often bytes are read again, and how much is unpacked.

use std::collections::BTreeMap;
use std::io::Read;

use super::object::{Dict, Lexer, Object, Stream};
use super::{Advice, Loaded, MediaError, unreadable};

const MAX_OBJECTS: u64 = 500_000;
const MAX_VALUES: usize = 8 << 20;
const MAX_SECTIONS: usize = 1000;

/// What is unpacked of a file in all, in bytes.
const MAX_UNPACKED: u64 = 128 << 20;

/// How often every byte may be read: each object is read once or twice, and what is shared a few times more.
const READINGS: u64 = 4;

#[derive(Clone, Copy)]
enum Place {
    /// It was there, and is no more.
    Nowhere,
    At(u64),
    /// In the stream with this number, at this position.
    Within(u32, u64),
}

/// A stream of objects, unpacked: which objects there are and where each starts.
struct Unpacked {
    list: Vec<(u64, usize)>,
    data: Vec<u8>,
}

pub(super) struct File<'a> {
    bytes: &'a [u8],
    places: BTreeMap<u32, Place>,
    root: u32,
    unpacked: BTreeMap<u32, Unpacked>,
    values_left: usize,
    bytes_left: u64,
    unpack_left: u64,
}

impl<'a> File<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, MediaError> {
        let mut file = Self {
            bytes,
            places: BTreeMap::new(),
            root: 0,
            unpacked: BTreeMap::new(),
            values_left: MAX_VALUES,
            bytes_left: bytes.len() as u64 * READINGS + (1 << 20),
            unpack_left: MAX_UNPACKED,
        };
        let end = bytes.len().saturating_sub(2048);
        let tail = bytes.get(end..).unwrap_or_default();
        let mark = tail.windows(9).rposition(|window| window == b"startxref").ok_or_else(unreadable)?;
        let mut next = Some(Lexer::new(tail, mark + 9, 1).whole()?);
        let mut sections = 0;
        while let Some(at) = next {
            sections += 1;
            if sections > MAX_SECTIONS {
                return Err(unreadable());
            }
            let trailer = file.section(at)?;
            if trailer.contains_key(&b"Encrypt"[..]) {
                return Err(MediaError::Unsupported { advice: Advice::PdfLocked });
            }
            // Files for old and new readers have a second list, which goes before older ones.
            if let Some(also) = trailer.get(&b"XRefStm"[..]).and_then(Object::number) {
                file.section(also)?;
            }
            if let (0, Some(Object::Reference(root))) = (file.root, trailer.get(&b"Root"[..])) {
                file.root = *root;
            }
            next = trailer.get(&b"Prev"[..]).and_then(Object::number);
        }
        Ok(file)
    }

    pub(super) fn root(&self) -> u32 {
        self.root
    }

    pub(super) fn has(&self, number: u32) -> bool {
        matches!(self.places.get(&number), Some(Place::At(_) | Place::Within(..)))
    }

    /// The object with this number.
    pub(super) fn load(&mut self, number: u32) -> Result<Loaded, MediaError> {
        match self.places.get(&number) {
            None | Some(Place::Nowhere) => Ok(Loaded::Plain(Object::Null)),
            Some(&Place::At(at)) => {
                let (found, object) = self.at(at)?;
                if found == u64::from(number) { Ok(object) } else { Err(unreadable()) }
            }
            Some(&Place::Within(stream, position)) => {
                self.within(stream, position, number).map(Loaded::Plain)
            }
        }
    }

    /// The object that a value refers to, or the value itself.
    pub(super) fn resolve(&mut self, object: &Object) -> Result<Object, MediaError> {
        let Object::Reference(number) = object else { return Ok(object.clone()) };
        match self.load(*number)? {
            Loaded::Plain(object) => Ok(object),
            Loaded::Stream(_) => Err(unreadable()),
        }
    }

    fn lexer(&self, at: u64) -> Result<Lexer<'a>, MediaError> {
        let at = usize::try_from(at).ok().filter(|at| *at < self.bytes.len()).ok_or_else(unreadable)?;
        Ok(Lexer::new(self.bytes, at, self.values_left))
    }

    fn spend(&mut self, bytes: u64) -> Result<(), MediaError> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or_else(unreadable)?;
        Ok(())
    }

    /// The object that starts here, and the number that it says it has.
    fn at(&mut self, at: u64) -> Result<(u64, Loaded), MediaError> {
        let mut lexer = self.lexer(at)?;
        let number = lexer.whole()?;
        lexer.whole()?;
        if !lexer.eat(b"obj") {
            return Err(unreadable());
        }
        let object = lexer.object()?;
        self.values_left = lexer.left();
        self.spend(lexer.at as u64 - at)?;
        let dict = match object {
            Object::Dict(dict) if lexer.eat(b"stream") => dict,
            plain => return Ok((number, Loaded::Plain(plain))),
        };
        let start = match lexer.rest() {
            [b'\r', b'\n', ..] => 2,
            [b'\n' | b'\r', ..] => 1,
            _ => return Err(unreadable()),
        };
        let data = lexer.rest().get(start..).unwrap_or_default();
        let data = data.get(..self.data_length(&dict, data)?).ok_or_else(unreadable)?;
        self.spend(data.len() as u64)?;
        Ok((number, Loaded::Stream(Stream { dict, data: data.to_vec() })))
    }

    /// How long a stream is: as it says, if its end mark stands there; else up to the next one.
    fn data_length(&mut self, dict: &Dict, data: &[u8]) -> Result<usize, MediaError> {
        let stated = match dict.get(&b"Length"[..]) {
            // One step, and never into a stream: a length that leads back to itself ends there.
            Some(Object::Reference(number)) => match self.places.get(number) {
                Some(Place::At(at)) => {
                    let mut lexer = self.lexer(*at)?;
                    lexer.whole()?;
                    lexer.whole()?;
                    lexer.eat(b"obj").then(|| lexer.whole()).transpose()?
                }
                // Never unpacked for this alone: that stream's own length could lead back here.
                Some(&Place::Within(stream, position)) if self.unpacked.contains_key(&stream) => {
                    self.within(stream, position, *number)?.number()
                }
                Some(Place::Within(..) | Place::Nowhere) | None => None,
            },
            Some(length) => length.number(),
            None => None,
        };
        if let Some(length) =
            stated.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= data.len())
        {
            let mut lexer = Lexer::new(data, length, 0);
            let is_its_end = lexer.eat(b"endstream");
            // What stands between the two is read as often as the stream is.
            self.spend((lexer.at - length) as u64)?;
            if is_its_end {
                return Ok(length);
            }
        }
        let end = data.windows(9).position(|window| window == b"endstream").ok_or_else(unreadable)?;
        let data = data.get(..end).unwrap_or_default();
        let data = data.strip_suffix(b"\n").unwrap_or(data);
        Ok(data.strip_suffix(b"\r").unwrap_or(data).len())
    }

    fn within(&mut self, stream: u32, position: u64, number: u32) -> Result<Object, MediaError> {
        if !self.unpacked.contains_key(&stream) {
            let unpacked = self.unpack_objects(stream)?;
            self.unpacked.insert(stream, unpacked);
        }
        let Unpacked { list, data } = self.unpacked.get(&stream).ok_or_else(unreadable)?;
        let place = usize::try_from(position).ok().and_then(|position| list.get(position));
        let Some(&(_, at)) = place.filter(|(found, _)| *found == u64::from(number)) else {
            return Err(unreadable());
        };
        let at = at.min(data.len());
        let mut lexer = Lexer::new(data, at, self.values_left);
        let object = lexer.object()?;
        let read = lexer.at - at;
        self.values_left = lexer.left();
        self.spend(read as u64)?;
        Ok(object)
    }

    fn unpack_objects(&mut self, stream: u32) -> Result<Unpacked, MediaError> {
        // A stream of objects lies in the file itself, never in another one.
        let Some(Place::At(at)) = self.places.get(&stream).copied() else { return Err(unreadable()) };
        let (_, Loaded::Stream(packed)) = self.at(at)? else { return Err(unreadable()) };
        let number = |key: &[u8]| packed.dict.get(key).and_then(Object::number).ok_or_else(unreadable);
        let (count, first) = (number(b"N")?, number(b"First")?);
        let data = self.unpack(&packed)?;
        self.bytes_left += data.len() as u64 * READINGS;
        let first =
            usize::try_from(first).ok().filter(|first| *first <= data.len()).ok_or_else(unreadable)?;
        if count > MAX_OBJECTS {
            return Err(unreadable());
        }
        let mut lexer = Lexer::new(data.get(..first).unwrap_or_default(), 0, 0);
        let mut list = Vec::new();
        for _ in 0..count {
            let (number, offset) = (lexer.whole()?, lexer.whole()?);
            let at = usize::try_from(offset).ok().and_then(|offset| first.checked_add(offset));
            list.push((number, at.ok_or_else(unreadable)?));
        }
        Ok(Unpacked { list, data })
    }

    /// One list of where objects lie, and the dictionary that comes with it.
    fn section(&mut self, at: u64) -> Result<Dict, MediaError> {
        let mut lexer = self.lexer(at)?;
        if !lexer.eat(b"xref") {
            let (_, Loaded::Stream(list)) = self.at(at)? else { return Err(unreadable()) };
            return self.packed_section(list);
        }
        while !lexer.eat(b"trailer") {
            let (first, count) = (lexer.whole()?, lexer.whole()?);
            for number in first..first.saturating_add(count) {
                let place = lexer.whole()?;
                lexer.whole()?;
                if lexer.eat(b"n") {
                    self.note(number, Place::At(place))?;
                } else if lexer.eat(b"f") {
                    self.note(number, Place::Nowhere)?;
                } else {
                    return Err(unreadable());
                }
            }
        }
        let trailer = lexer.object()?;
        self.values_left = lexer.left();
        self.spend(lexer.at as u64 - at)?;
        let Object::Dict(trailer) = trailer else { return Err(unreadable()) };
        Ok(trailer)
    }

    fn packed_section(&mut self, list: Stream) -> Result<Dict, MediaError> {
        let data = self.unpack(&list)?;
        let numbers = |key: &[u8]| match list.dict.get(key) {
            Some(Object::Array(items)) => items.iter().map(Object::number).collect::<Option<Vec<u64>>>(),
            _ => None,
        };
        let widths =
            numbers(b"W").filter(|widths| widths.len() >= 3 && widths.iter().all(|width| *width <= 8));
        let widths = widths.ok_or_else(unreadable)?;
        let size = list.dict.get(&b"Size"[..]).and_then(Object::number).unwrap_or(0);
        let runs = numbers(b"Index").unwrap_or_else(|| vec![0, size]);
        let length: u64 = widths.iter().sum();
        let mut entries = data.chunks_exact((length as usize).max(1));
        for run in runs.chunks_exact(2) {
            for number in run[0]..run[0].saturating_add(run[1]) {
                let Some(entry) = entries.next() else { break };
                let mut rest = entry;
                let mut field = |width: u64| {
                    let (field, after) = rest.split_at_checked(width as usize).unwrap_or((rest, &[]));
                    rest = after;
                    field.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte))
                };
                let kind = if widths[0] == 0 { 1 } else { field(widths[0]) };
                let (second, third) = (field(widths[1]), field(widths[2]));
                match kind {
                    1 => self.note(number, Place::At(second))?,
                    2 => self.note(
                        number,
                        Place::Within(u32::try_from(second).map_err(|_| unreadable())?, third),
                    )?,
                    _ => self.note(number, Place::Nowhere)?,
                }
            }
        }
        Ok(list.dict)
    }

    fn note(&mut self, number: u64, place: Place) -> Result<(), MediaError> {
        if self.places.len() as u64 >= MAX_OBJECTS {
            return Err(unreadable());
        }
        let number = u32::try_from(number).map_err(|_| unreadable())?;
        self.places.entry(number).or_insert(place);
        Ok(())
    }

    /// The bytes of a stream that is packed once or not at all.
    pub(super) fn unpack(&mut self, stream: &Stream) -> Result<Vec<u8>, MediaError> {
        let filter = match stream.dict.get(&b"Filter"[..]) {
            None => return Ok(stream.data.clone()),
            Some(Object::Array(filters)) => match filters.as_slice() {
                [] => return Ok(stream.data.clone()),
                [one] => one,
                _ => return Err(unreadable()),
            },
            Some(one) => one,
        };
        if !filter.is_name(b"FlateDecode") {
            return Err(unreadable());
        }
        let data = self.inflate(&stream.data)?;
        let settings = match stream.dict.get(&b"DecodeParms"[..]) {
            Some(Object::Array(settings)) => settings.first().cloned().unwrap_or(Object::Null),
            Some(settings) => settings.clone(),
            None => Object::Null,
        };
        let Object::Dict(settings) = self.resolve(&settings)? else { return Ok(data) };
        let setting = |key: &[u8], usual| settings.get(key).and_then(Object::number).unwrap_or(usual);
        match setting(b"Predictor", 1) {
            1 => Ok(data),
            10..=15 if setting(b"Colors", 1) == 1 && setting(b"BitsPerComponent", 8) == 8 => {
                unpredict(&data, setting(b"Columns", 1))
            }
            _ => Err(unreadable()),
        }
    }

    pub(super) fn inflate(&mut self, packed: &[u8]) -> Result<Vec<u8>, MediaError> {
        let mut data = Vec::new();
        let mut limited = flate2::read::ZlibDecoder::new(packed).take(self.unpack_left);
        limited.read_to_end(&mut data).map_err(|_| unreadable())?;
        self.unpack_left = self
            .unpack_left
            .checked_sub(data.len() as u64)
            .filter(|left| *left > 0)
            .ok_or_else(unreadable)?;
        Ok(data)
    }
}

/// Undoes PNG's filters on rows of single bytes (ISO 32000-1 section 7.4.4.4).
fn unpredict(data: &[u8], columns: u64) -> Result<Vec<u8>, MediaError> {
    let columns = usize::try_from(columns)
        .ok()
        .filter(|columns| (1..=1024).contains(columns))
        .ok_or_else(unreadable)?;
    let mut out = Vec::with_capacity(data.len());
    let mut above = vec![0u8; columns];
    for row in data.chunks_exact(columns + 1) {
        let Some((filter, row)) = row.split_first() else { break };
        let mut line: Vec<u8> = Vec::with_capacity(columns);
        for (column, byte) in row.iter().enumerate() {
            let left = if column == 0 { 0 } else { line[column - 1] };
            let (up, corner) = (above[column], if column == 0 { 0 } else { above[column - 1] });
            let guess = match filter {
                0 => 0,
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                4 => paeth(left, up, corner),
                _ => return Err(unreadable()),
            };
            line.push(byte.wrapping_add(guess));
        }
        out.extend_from_slice(&line);
        above = line;
    }
    Ok(out)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |value: u8| (guess - i16::from(value)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}
