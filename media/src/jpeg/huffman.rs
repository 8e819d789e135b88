//! Huffman codes, and the bytes and bits they are read from (ITU-T T.81, annex C, F.1.2.3 and F.2.2.3).

use super::super::{MediaError, damaged};

/// Codes up to this length are looked up at once; longer ones are rare.
const QUICK: u32 = 10;

pub(super) struct Table {
    /// For each start of `QUICK` bits: the code's length and its symbol; length 0 where it is longer or none.
    quick: Vec<(u8, u8)>,
    /// For each length: the first value, aligned to 16 bits, that is beyond its codes.
    limits: [u32; 17],
    /// For each length: what to subtract from a code for its place among the symbols (wrapping).
    shifts: [u32; 17],
    symbols: Vec<u8>,
}

impl Table {
    /// Reads one table (16 counts, then the symbols) and answers what follows it.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), MediaError> {
        let malformed = || damaged("a Huffman table is malformed");
        let (counts, rest) = bytes.split_first_chunk::<16>().ok_or_else(malformed)?;
        let total: usize = counts.iter().copied().map(usize::from).sum();
        let (symbols, rest) = rest.split_at_checked(total).filter(|_| total <= 256).ok_or_else(malformed)?;
        let mut table = Self {
            quick: vec![(0, 0); 1 << QUICK],
            limits: [0; 17],
            shifts: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0u32, 0u32);
        for (length, &count) in (1u32..).zip(counts) {
            let index = length as usize;
            table.shifts[index] = code.wrapping_sub(place);
            for _ in 0..count {
                if length <= QUICK {
                    let starts =
                        (code << (QUICK - length)) as usize..((code + 1) << (QUICK - length)) as usize;
                    let symbol = symbols[place as usize];
                    table.quick.get_mut(starts).ok_or_else(malformed)?.fill((length as u8, symbol));
                }
                (code, place) = (code + 1, place + 1);
            }
            if code > 1 << length {
                return Err(malformed());
            }
            table.limits[index] = code << (16 - length);
            code <<= 1;
        }
        Ok((table, rest))
    }

    /// The length and symbol of the code that these 16 bits start with.
    fn find(&self, bits: u32) -> Option<(u32, u8)> {
        let (length, symbol) = self.quick[(bits >> (16 - QUICK)) as usize];
        if length > 0 {
            return Some((length.into(), symbol));
        }
        let length = (QUICK + 1..=16).find(|length| bits < self.limits[*length as usize])?;
        let place = (bits >> (16 - length)).wrapping_sub(self.shifts[length as usize]);
        Some((length, *self.symbols.get(place as usize)?))
    }
}

/// Bits of a piece whose stuffing was taken out. Past the end it gives zeros, and knows that it did.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte to load.
    at: usize,
    /// Loaded bits, the next one on top.
    loaded: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, loaded: 0, count: 0 }
    }

    /// Makes sure that at least 32 bits are loaded.
    fn load(&mut self) {
        if self.count >= 32 {
            return;
        }
        let four = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()).map_or_else(
            || std::array::from_fn(|index| self.bytes.get(self.at + index).copied().unwrap_or(0)),
            |four: &[u8; 4]| *four,
        );
        self.loaded |= u64::from(u32::from_be_bytes(four)) << (32 - self.count);
        self.count += 32;
        self.at += 4;
    }

    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, MediaError> {
        self.load();
        let (length, symbol) = table
            .find((self.loaded >> 48) as u32)
            .ok_or_else(|| damaged("the picture holds a code without meaning"))?;
        self.loaded <<= length;
        self.count -= length;
        Ok(symbol)
    }

    /// The next bits as a number; at most 16.
    pub(super) fn take(&mut self, length: u32) -> u32 {
        self.load();
        let number = (self.loaded >> 32) >> (32 - length);
        self.skip(length);
        number as u32
    }

    /// Passes over at most 16 bits.
    pub(super) fn skip(&mut self, length: u32) {
        self.load();
        self.loaded <<= length;
        self.count -= length;
    }

    pub(super) fn overran(&self) -> bool {
        self.bytes_used() > self.bytes.len()
    }

    /// Bytes of which at least one bit was read.
    pub(super) fn bytes_used(&self) -> usize {
        self.at - (self.count / 8) as usize
    }
}

/// The bytes between two restart markers, with the stuffing taken out.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// The number of the restart marker that ends it.
    pub(super) restart: Option<u8>,
    pub(super) next: usize,
}

impl Piece {
    /// Reads on from this place to the next restart marker or the end.
    pub(super) fn read(data: &[u8], from: usize) -> Self {
        let mut bytes = Vec::new();
        let mut at = from;
        loop {
            let rest = data.get(at..).unwrap_or_default();
            let plain = rest.iter().position(|byte| *byte == 0xFF).unwrap_or(rest.len());
            bytes.extend_from_slice(rest.get(..plain).unwrap_or_default());
            match rest.get(plain + 1) {
                Some(0) => bytes.push(0xFF),
                // A fill byte, which may stand before any marker.
                Some(0xFF) => {
                    at += plain + 1;
                    continue;
                }
                Some(mark @ 0xD0..=0xD7) => {
                    return Self { bytes, restart: Some(mark & 7), next: at + plain + 2 };
                }
                _ => return Self { bytes, restart: None, next: data.len() },
            }
            at += plain + 2;
        }
    }
}

/// How many bytes of a file this many bytes of picture take, counting the zero that follows each 0xFF.
pub(super) fn stuffed_length(data: &[u8], used: usize) -> usize {
    let mut at = 0;
    for _ in 0..used {
        while data.get(at) == Some(&0xFF) && data.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        at += if data.get(at) == Some(&0xFF) { 2 } else { 1 };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 for `a`, 10 for `b`, and twelve bits, 110000000000, for `c`.
    const CODES: &[u8] = b"\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\0\0\0abc!";

    #[test]
    fn short_and_long_codes_are_read() {
        let (table, rest) = Table::read(CODES).unwrap();
        assert_eq!(rest, b"!");
        let mut bits = Bits::new(&[0b0101_1000, 0b0000_0001, 0b0011_1111]);
        let read: Vec<u8> = (0..5).map(|_| bits.symbol(&table).unwrap()).collect();
        assert_eq!(read, b"abcba");
        assert_eq!((bits.bytes_used(), bits.overran()), (3, false));
        assert_eq!(bits.take(3), 0b111);
        bits.skip(16);
        assert!(bits.overran());
    }

    #[test]
    fn a_code_without_meaning_is_an_error() {
        let (table, _) = Table::read(CODES).unwrap();
        assert!(Bits::new(&[0xFF, 0xFF]).symbol(&table).is_err());
    }

    #[test]
    fn tables_with_too_many_codes_are_refused() {
        assert!(Table::read(b"\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0abc").is_err());
        assert!(Table::read(b"\xFF\xFF\0\0\0\0\0\0\0\0\0\0\0\0\0\0").is_err());
        assert!(Table::read(&CODES[..10]).is_err());
    }

    #[test]
    fn stuffing_is_taken_out_and_counted_back_in() {
        let data = [1, 0xFF, 0, 2, 0xFF, 0xFF, 0xD3, 3];
        let first = Piece::read(&data, 0);
        assert_eq!((first.bytes.as_slice(), first.restart, first.next), (&[1, 0xFF, 2][..], Some(3), 7));
        let last = Piece::read(&data, first.next);
        assert_eq!((last.bytes.as_slice(), last.restart), (&[3][..], None));
        assert_eq!([0, 1, 2, 3].map(|used| stuffed_length(&data, used)), [0, 1, 3, 4]);
    }
}
