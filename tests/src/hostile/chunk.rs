//! Chunks taken apart, broken and put together, with checksums that are right again.
//!
//! Half of the mutations know the format (automerge's binary change chunk: dependencies, actor, numbers, then columns
//! of runs), so that they get past its first look: columns are altered, dropped, swapped or claim billions of rows, and
//! the lengths around them are put right. The other half hits any byte.

use fieldfolio_core::document::NewChange;
use fieldfolio_core::ids::SeededRng;
use fieldfolio_core::model::entry::Head;
use sha2::{Digest, Sha256};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// A chunk around this body, with the length and the checksum that are public knowledge.
pub fn seal(body: &[u8]) -> (Vec<u8>, Head) {
    seal_as(1, body)
}

/// The same for another kind of chunk: 0 is a whole document, 1 a change, 2 a packed change, 3 a bundle.
pub fn seal_as(kind: u8, body: &[u8]) -> (Vec<u8>, Head) {
    let mut hashed = vec![kind];
    put_number(&mut hashed, body.len() as u64);
    hashed.extend_from_slice(body);
    let digest: [u8; 32] = Sha256::digest(&hashed).into();
    ([&MAGIC[..], &digest[..4], &hashed].concat(), Head(digest))
}

/// What is inside a chunk.
pub fn body(raw: &[u8]) -> &[u8] {
    let mut rest = &raw[9..];
    number(&mut rest).expect("a chunk that automerge wrote has a length");
    rest
}

/// The same change, broken in one to three places. Its claims are read from what it says now.
pub fn mutated(change: &NewChange, dice: &mut SeededRng) -> NewChange {
    let mut bytes = body(&change.raw).to_vec();
    if dice.happens(50) {
        let mut columns = Columns::read(&bytes).expect("automerge's own change has columns");
        for _ in 0..=dice.below(2) {
            columns.mutate(dice);
        }
        bytes = columns.write();
    } else {
        for _ in 0..=dice.below(3) {
            mutate_anywhere(&mut bytes, dice);
        }
    }
    claimed(&bytes, change)
}

/// A change whose columns claim `count` rows each, by runs.
pub fn bomb(change: &NewChange, count: u64, which: usize) -> NewChange {
    let mut columns = Columns::read(body(&change.raw)).expect("automerge's own change has columns");
    let number = columns.columns.len();
    for (position, (_, data)) in columns.columns.iter_mut().enumerate() {
        if which >= number || position == which {
            let value = data.get(1).copied().unwrap_or(1) & 0x7f;
            data.clear();
            put_signed(data, count as i64);
            data.push(value);
        }
    }
    claimed(&columns.write(), change)
}

/// The change with this body, claiming the actor and number that stand in it, as a careful liar would.
pub(super) fn claimed(bytes: &[u8], original: &NewChange) -> NewChange {
    let (raw, hash) = seal(bytes);
    let (actor, seq) = actor_and_number(bytes).unwrap_or((original.actor, original.seq));
    NewChange { raw, hash, actor, seq }
}

fn actor_and_number(mut bytes: &[u8]) -> Option<([u8; 16], u64)> {
    let dependencies = usize::try_from(number(&mut bytes)?).ok()?;
    bytes = bytes.get(dependencies.checked_mul(32)?..)?;
    let actor = counted(&mut bytes)?.try_into().ok()?;
    Some((actor, number(&mut bytes)?))
}

/// The number of a change's first operation.
pub fn first_operation(raw: &[u8]) -> Option<u64> {
    let mut bytes = body(raw);
    let dependencies = usize::try_from(number(&mut bytes)?).ok()?;
    bytes = bytes.get(dependencies.checked_mul(32)?..)?;
    counted(&mut bytes)?;
    number(&mut bytes)?;
    number(&mut bytes)
}

/// A change's body, taken apart where its columns are.
struct Columns {
    head: Vec<u8>,
    columns: Vec<(u64, Vec<u8>)>,
    extra: Vec<u8>,
}

impl Columns {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let dependencies = usize::try_from(number(&mut rest)?).ok()?;
        rest = rest.get(dependencies * 32..)?;
        counted(&mut rest)?;
        // Its number, the first operation's, the time, the message, other actors.
        for _ in 0..3 {
            number(&mut rest)?;
        }
        counted(&mut rest)?;
        for _ in 0..number(&mut rest)? {
            counted(&mut rest)?;
        }
        let head = bytes[..bytes.len() - rest.len()].to_vec();
        let mut lengths = Vec::new();
        for _ in 0..number(&mut rest)? {
            lengths.push((number(&mut rest)?, usize::try_from(number(&mut rest)?).ok()?));
        }
        let mut columns = Vec::new();
        for (name, length) in lengths {
            columns.push((name, rest.get(..length)?.to_vec()));
            rest = &rest[length..];
        }
        Some(Self { head, columns, extra: rest.to_vec() })
    }

    fn write(&self) -> Vec<u8> {
        let mut bytes = self.head.clone();
        put_number(&mut bytes, self.columns.len() as u64);
        for (name, data) in &self.columns {
            put_number(&mut bytes, *name);
            put_number(&mut bytes, data.len() as u64);
        }
        for (_, data) in &self.columns {
            bytes.extend_from_slice(data);
        }
        bytes.extend_from_slice(&self.extra);
        bytes
    }

    fn mutate(&mut self, dice: &mut SeededRng) {
        let Some(last) = self.columns.len().checked_sub(1) else { return };
        let which = below(dice, last + 1);
        let other = below(dice, last + 1);
        match dice.below(10) {
            0 => drop(self.columns.remove(which)),
            1 => {
                let data = self.columns[other].1.clone();
                self.columns[which].1 = data;
            }
            2 => self.columns[which].0 = dice.below(256),
            3 => self.columns[which].1.clear(),
            4 => {
                let mut run = Vec::new();
                put_signed(&mut run, 1 << dice.below(62));
                run.push(dice.below(128) as u8);
                self.columns[which].1.extend(run);
            }
            5 => {
                let mut run = Vec::new();
                put_signed(&mut run, -(1 << dice.below(62)));
                self.columns[which].1.splice(0..0, run);
            }
            6 => self.extra.extend(std::iter::repeat_n(7, below(dice, 40))),
            _ => mutate_anywhere(&mut self.columns[which].1, dice),
        }
    }
}

fn mutate_anywhere(bytes: &mut Vec<u8>, dice: &mut SeededRng) {
    if bytes.is_empty() {
        bytes.push(dice.below(256) as u8);
        return;
    }
    let at = below(dice, bytes.len());
    let until = (at + 1 + below(dice, 6)).min(bytes.len());
    match dice.below(8) {
        0 | 1 => bytes[at] ^= 1 << dice.below(8),
        2 => bytes[at] = [0x00, 0x01, 0x7f, 0x80, 0xff][below(dice, 5)],
        3 => bytes.insert(at, dice.below(256) as u8),
        4 => drop(bytes.drain(at..until)),
        5 => {
            let copy = bytes[at..until].to_vec();
            bytes.splice(at..at, copy);
        }
        6 => drop(bytes.splice(at..=at, [0xff, 0xff, 0xff, 0xff, 0x0f])),
        _ => bytes.truncate(at),
    }
}

pub(super) fn below(dice: &mut SeededRng, bound: usize) -> usize {
    dice.below(bound.max(1) as u64) as usize
}

/// LEB128.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn counted<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(bytes)?).ok()?;
    let (found, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(found)
}

pub(super) fn put_number(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Signed LEB128.
pub(super) fn put_signed(into: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            into.push(byte);
            return;
        }
        into.push(byte | 0x80);
    }
}

/// A well-formed change of some 200 bytes that inserts `count` nothings: each column is one long run.
pub fn long_run(sheet: &fieldfolio_core::document::Sheet, actor: [u8; 16], count: i64) -> NewChange {
    const LETTERS: i64 = 200;
    let letters = "a".repeat(LETTERS as usize);
    let made = sheet.clone().edit(actor, 0, |edit| edit.words(&letters));
    let change = made.expect("a sheet can be edited").expect("something differs");
    let mut columns = Columns::read(body(&change.raw)).expect("automerge's own change has columns");
    for (name, data) in &mut columns.columns {
        match *name {
            // The values: each a letter of one byte, from now on nothing at all.
            VALUE_LENGTHS => {
                data.clear();
                put_signed(data, count);
                data.push(0);
            }
            VALUES => data.clear(),
            _ => {
                for short in [LETTERS, LETTERS - 1, LETTERS - 2] {
                    let (mut from, mut to) = (Vec::new(), Vec::new());
                    put_signed(&mut from, short);
                    // Truths are counted without a sign.
                    if *name == INSERTS {
                        put_number(&mut to, count as u64);
                    } else {
                        put_signed(&mut to, count - LETTERS + short);
                    }
                    if let Some(at) = data.windows(from.len()).position(|window| window == from) {
                        data.splice(at..at + from.len(), to);
                    }
                }
            }
        }
    }
    columns.columns.retain(|(_, data)| !data.is_empty());
    claimed(&columns.write(), &change)
}

/// The names of three columns in automerge's format.
const INSERTS: u64 = 0x34;
const VALUE_LENGTHS: u64 = 0x56;
const VALUES: u64 = 0x57;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_taken_apart_and_put_together_is_the_same() {
        let mut sheet = fieldfolio_core::document::Sheet::genesis();
        let change = sheet.edit([7; 16], 1, |edit| edit.words("A leaf, seen closely")).unwrap().unwrap();
        assert_eq!(seal(body(&change.raw)), (change.raw.clone(), change.hash));
        let columns = Columns::read(body(&change.raw)).unwrap();
        assert!(columns.columns.len() > 5);
        assert_eq!(columns.write(), body(&change.raw));
        assert_eq!(actor_and_number(body(&change.raw)), Some(([7; 16], 1)));
    }
}
