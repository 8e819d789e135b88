//! How much a change unfolds to, counted before automerge sees it.
//!
//! A change's operations are stored in columns of runs, so a hundred bytes can claim a billion rows. The columns are
//! walked here without unfolding them (automerge's binary format: run-length encoded numbers and strings, boolean
//! columns as alternating counts), and a change that claims too much is refused.

use super::BadChange;

/// The most rows that one change unfolds to: a text of so many letters.
pub const MAX_CHANGE_ROWS: u64 = 100_000;
/// The most bytes that a column of strings unfolds to.
const MAX_STRING_BYTES: u64 = 16 * 1024 * 1024;

/// The rows of the longest column in the body of a raw chunk (what comes after its length).
pub(super) fn rows(body: &[u8]) -> Result<u64, BadChange> {
    walk(body).ok_or(BadChange::NotAChange)?
}

/// `None` for what is cut off or no column format; then automerge could not read it either.
fn walk(body: &[u8]) -> Option<Result<u64, BadChange>> {
    let mut rest = Cursor(body);
    let dependencies = usize::try_from(rest.number()?).ok()?;
    rest.skip(dependencies.checked_mul(32)?)?;
    rest.counted()?;
    // Its number, the first operation's, the time, then the message and the other actors.
    rest.number()?;
    rest.number()?;
    rest.signed()?;
    rest.counted()?;
    for _ in 0..rest.number()? {
        rest.counted()?;
    }
    let mut columns = Vec::new();
    for _ in 0..rest.number()? {
        columns.push((rest.number()?, usize::try_from(rest.number()?).ok()?));
    }
    let mut longest = 0;
    for (kind, length) in columns {
        let data = Cursor(rest.skip(length)?);
        let rows = match kind & 0b1111 {
            0..=2 | 6 => data.runs(Value::Number)?,
            3 => data.runs(Value::Signed)?,
            4 => data.counts()?,
            5 => data.runs(Value::Text)?,
            7 => continue,
            // A compressed column has no place in an uncompressed change.
            _ => return None,
        };
        longest = longest.max(rows.count);
        if rows.count > MAX_CHANGE_ROWS || rows.bytes > MAX_STRING_BYTES {
            return Some(Err(BadChange::TooManyRows(rows.count)));
        }
    }
    Some(Ok(longest))
}

#[derive(Clone, Copy)]
enum Value {
    Number,
    Signed,
    Text,
}

#[derive(Default)]
struct Unfolded {
    count: u64,
    bytes: u64,
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn skip(&mut self, length: usize) -> Option<&'a [u8]> {
        let (skipped, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(skipped)
    }

    /// LEB128, at most 64 bits.
    fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for position in 0..10 {
            let byte = *self.skip(1)?.first()?;
            value |= u64::from(byte & 0x7f).checked_shl(7 * position)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let mut value = 0i64;
        for position in 0..10u32 {
            let byte = *self.skip(1)?.first()?;
            value |= i64::from(byte & 0x7f).checked_shl(7 * position)?;
            if byte & 0x80 == 0 {
                let bits = 7 * (position + 1);
                return Some(if byte & 0x40 != 0 && bits < 64 { value | (-1i64 << bits) } else { value });
            }
        }
        None
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.skip(length)
    }

    /// One value; how many bytes of text it holds.
    fn value(&mut self, value: Value) -> Option<u64> {
        match value {
            Value::Number => self.number().map(|_| 0),
            Value::Signed => self.signed().map(|_| 0),
            Value::Text => self.counted().map(|text| text.len() as u64),
        }
    }

    /// Runs: a positive count repeats the next value, a negative one counts single values, zero counts absent ones.
    fn runs(mut self, value: Value) -> Option<Unfolded> {
        let mut rows = Unfolded::default();
        while !self.0.is_empty() {
            let run = self.signed()?;
            let count = match run {
                0 => self.number()?,
                1.. => {
                    let bytes = self.value(value)?;
                    rows.bytes = rows.bytes.saturating_add(bytes.saturating_mul(run.unsigned_abs()));
                    run.unsigned_abs()
                }
                _ => {
                    for _ in 0..run.unsigned_abs() {
                        rows.bytes = rows.bytes.saturating_add(self.value(value)?);
                    }
                    run.unsigned_abs()
                }
            };
            rows.count = rows.count.saturating_add(count);
        }
        Some(rows)
    }

    fn counts(mut self) -> Option<Unfolded> {
        let mut rows = Unfolded::default();
        while !self.0.is_empty() {
            rows.count = rows.count.saturating_add(self.number()?);
        }
        Some(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ParsedChange, Sheet};

    #[test]
    fn an_honest_change_counts_its_letters() {
        let mut sheet = Sheet::genesis();
        let words = "wörter ".repeat(1_000);
        let change = sheet.edit([1; 16], 0, |edit| edit.words(&words)).unwrap().unwrap();
        let parsed = ParsedChange::parse(&change.raw).unwrap();
        assert_eq!(parsed.rows, words.chars().count() as u64);
    }

    #[test]
    fn no_cut_and_no_flip_makes_the_count_panic() {
        let mut sheet = Sheet::genesis();
        let change = sheet.edit([1; 16], 0, |edit| edit.title("A leaf with holes")).unwrap().unwrap();
        let (_, body) = crate::document::change::chunk(&change.raw).unwrap();
        for end in 0..body.len() {
            let _ = rows(&body[..end]);
            for bit in 0..8 {
                let mut flipped = body.to_vec();
                flipped[end] ^= 1 << bit;
                let _ = rows(&flipped);
            }
        }
        assert!(rows(body).is_ok());
    }
}
