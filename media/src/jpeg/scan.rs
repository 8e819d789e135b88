//! Reading a JPEG's scans to the last bit, without making pixels of them.
//!
//! Decoders forgive: a photo that lost its second half decodes "well", to grey. (zune-jpeg 0.5.15 in strict mode
//! took 81 of 81 photos cut short, tried in November 2026.) So every code is walked and every block counted here.
//! A scan that runs out is damaged; bytes left over after its last block are cut off, since no decoder looks at them.
//!
//! The procedures are those of ITU-T T.81: F.2.2 for sequential pictures, G.1.2 and G.2 for progressive ones.

use super::super::{Advice, MediaError, damaged};
use super::frame::Frame;
use super::huffman::{Bits, Piece, Table, stuffed_length};

/// The tables and the picture's progress, as they stand while a file is read.
#[derive(Default)]
pub(super) struct Walk {
    /// Huffman tables: first those for averages (DC), then those for detail (AC), four places each.
    tables: [[Option<Table>; 4]; 2],
    /// Units between two restart markers; 0 for none.
    restart: usize,
}

/// One scan's parameters: which coefficients, from `start` to `end` of 0 to 63, and which of their bits.
struct Scan {
    /// (place in the frame, DC table, AC table) of each component.
    components: Vec<(usize, usize, usize)>,
    start: u32,
    end: u32,
    refines: bool,
    /// How many low bits of these coefficients are for later scans.
    low_bits: u8,
}

impl Walk {
    /// Takes in a DHT segment, whose tables must fill it exactly.
    pub(super) fn define_tables(&mut self, mut payload: &[u8]) -> Result<(), MediaError> {
        while let Some((&place, rest)) = payload.split_first() {
            let (table, rest) = Table::read(rest)?;
            let slot = self
                .tables
                .get_mut(usize::from(place >> 4))
                .and_then(|class| class.get_mut(usize::from(place & 15)))
                .ok_or_else(|| damaged("a Huffman table is misplaced"))?;
            *slot = Some(table);
            payload = rest;
        }
        Ok(())
    }

    /// Takes in a DRI segment.
    pub(super) fn set_restart(&mut self, payload: &[u8]) -> Result<(), MediaError> {
        let pair = payload.try_into().map_err(|_| damaged("its restart interval is malformed"))?;
        self.restart = usize::from(u16::from_be_bytes(pair));
        Ok(())
    }

    /// Walks one scan and answers how many bytes of `data` it needs.
    pub(super) fn scan(&self, frame: &mut Frame, header: &[u8], data: &[u8]) -> Result<usize, MediaError> {
        let scan = Scan::read(header, frame)?;
        let units = match scan.components[..] {
            [(only, ..)] => frame.own_blocks(only),
            _ => frame.mcus(),
        };
        let mut from = 0;
        let mut done = 0;
        let mut number = 0;
        loop {
            let piece = Piece::read(data, from);
            let goal = if self.restart == 0 { units } else { units.min(done + self.restart) };
            let used = self.piece(frame, &scan, &piece.bytes, done..goal)?;
            done = goal;
            if done == units {
                for (component, ..) in &scan.components {
                    frame.note_scan(*component, scan.start as usize..=scan.end as usize, scan.low_bits);
                }
                return Ok(from + stuffed_length(data.get(from..).unwrap_or_default(), used));
            }
            if piece.restart != Some(number) || used < piece.bytes.len() {
                return Err(damaged(format!("part of the picture is lost after {done} of {units} units")));
            }
            from = piece.next;
            number = (number + 1) % 8;
        }
    }

    /// Walks the units between two restarts and answers how many bytes they took.
    fn piece(
        &self,
        frame: &mut Frame,
        scan: &Scan,
        bytes: &[u8],
        units: std::ops::Range<usize>,
    ) -> Result<usize, MediaError> {
        let mut bits = Bits::new(bytes);
        let mut blank_run = 0;
        for unit in units {
            if let [(only, dc, ac)] = scan.components[..] {
                self.block(frame, scan, (only, dc, ac), unit, &mut bits, &mut blank_run)?;
            } else {
                for &(component, dc, ac) in &scan.components {
                    for _ in 0..frame.blocks_per_mcu(component) {
                        // Only scans of a single component carry detail that is refined later.
                        self.block(frame, scan, (component, dc, ac), 0, &mut bits, &mut blank_run)?;
                    }
                }
            }
            if bits.overran() {
                return Err(damaged(format!("the picture stops at unit {unit}")));
            }
        }
        Ok(bits.bytes_used())
    }

    fn block(
        &self,
        frame: &mut Frame,
        scan: &Scan,
        (component, dc, ac): (usize, usize, usize),
        block: usize,
        bits: &mut Bits<'_>,
        blank_run: &mut u32,
    ) -> Result<(), MediaError> {
        let table = |class: usize, place: usize| {
            self.tables[class]
                .get(place)
                .and_then(Option::as_ref)
                .ok_or_else(|| damaged("a Huffman table is missing"))
        };
        if scan.start == 0 {
            if scan.refines {
                bits.skip(1);
            } else {
                let length = bits.symbol(table(0, dc)?)?;
                bits.skip(u32::from(length & 15));
            }
            return if frame.progressive { Ok(()) } else { sequential_detail(bits, table(1, ac)?) };
        }
        let known = frame.detail(component, block)?;
        if scan.refines {
            refined_detail(bits, table(1, ac)?, scan.start..scan.end + 1, known, blank_run)
        } else {
            first_detail(bits, table(1, ac)?, scan.start..scan.end + 1, known, blank_run)
        }
    }
}

/// F.2.2.2: runs of zeros and values, to the end of the block.
fn sequential_detail(bits: &mut Bits<'_>, table: &Table) -> Result<(), MediaError> {
    let mut k = 1;
    while k < 64 {
        let symbol = bits.symbol(table)?;
        let (run, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (run, length) {
            (15, 0) => k += 16,
            (_, 0) => return Ok(()),
            _ => {
                bits.skip(length);
                k += run + 1;
            }
        }
    }
    if k > 64 { Err(overfull()) } else { Ok(()) }
}

/// G.1.2.2: the same for a band of coefficients, with runs of blank blocks; notes which became non-zero.
fn first_detail(
    bits: &mut Bits<'_>,
    table: &Table,
    band: std::ops::Range<u32>,
    known: &mut u64,
    blank_run: &mut u32,
) -> Result<(), MediaError> {
    if *blank_run > 0 {
        *blank_run -= 1;
        return Ok(());
    }
    let mut k = band.start;
    while k < band.end {
        let symbol = bits.symbol(table)?;
        let (run, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (run, length) {
            (15, 0) => k += 16,
            (_, 0) => {
                *blank_run = (1 << run) - 1 + bits.take(run);
                return Ok(());
            }
            _ => {
                k += run;
                if k >= band.end {
                    return Err(overfull());
                }
                *known |= 1 << k;
                bits.skip(length);
                k += 1;
            }
        }
    }
    if k > band.end { Err(overfull()) } else { Ok(()) }
}

/// G.1.2.3: one more bit for each coefficient known to be non-zero, and those that become so now.
fn refined_detail(
    bits: &mut Bits<'_>,
    table: &Table,
    band: std::ops::Range<u32>,
    known: &mut u64,
    blank_run: &mut u32,
) -> Result<(), MediaError> {
    let mut k = band.start;
    while *blank_run == 0 && k < band.end {
        let symbol = bits.symbol(table)?;
        let (mut run, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if length == 0 && run < 15 {
            *blank_run = (1 << run) + bits.take(run);
            break;
        }
        if length > 0 {
            bits.skip(1);
        }
        while k < band.end {
            if *known >> k & 1 == 1 {
                bits.skip(1);
            } else if run == 0 {
                break;
            } else {
                run -= 1;
            }
            k += 1;
        }
        if length > 0 {
            if k >= band.end {
                return Err(overfull());
            }
            *known |= 1 << k;
        }
        k += 1;
    }
    if *blank_run > 0 {
        for k in k..band.end {
            bits.skip((*known >> k & 1) as u32);
        }
        *blank_run -= 1;
    }
    Ok(())
}

fn overfull() -> MediaError {
    damaged("a block of the picture holds more than a block can")
}

impl Scan {
    fn read(header: &[u8], frame: &mut Frame) -> Result<Self, MediaError> {
        let malformed = || damaged("a scan header is malformed");
        let (&count, rest) = header.split_first().ok_or_else(malformed)?;
        let (selectors, rest) = rest.split_at_checked(usize::from(count) * 2).ok_or_else(malformed)?;
        let &[start, end, bits] = rest else { return Err(malformed()) };
        let mut components: Vec<(usize, usize, usize)> = Vec::new();
        for pair in selectors.chunks_exact(2) {
            let component = frame.component(pair[0]).ok_or_else(malformed)?;
            if components.iter().any(|(earlier, ..)| *earlier == component) {
                return Err(malformed());
            }
            components.push((component, usize::from(pair[1] >> 4), usize::from(pair[1] & 15)));
        }
        let (start, end) = (u32::from(start), u32::from(end));
        let sequential = (start, end, bits) == (0, 63, 0);
        let average = (start, end) == (0, 0);
        let detail = 0 < start && start <= end && end < 64 && components.len() == 1;
        if components.is_empty() || !(if frame.progressive { average || detail } else { sequential }) {
            return Err(malformed());
        }
        if !frame.progressive && frame.is_subsampled() && components.len() < frame.components() {
            // zune-jpeg 0.5.15 decodes these without complaint, in wrong colours.
            return Err(MediaError::Unsupported { advice: Advice::ScannedJpeg });
        }
        Ok(Self { components, start, end, refines: bits >> 4 != 0, low_bits: bits & 15 })
    }
}

#[cfg(test)]
mod tests {
    use super::super::rebuild;
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    /// An encoded pattern, with what an encoder can vary.
    fn encoded(color: ColorType, vary: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
        let samples: Vec<u8> = (0..150 * 130 * 3u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 25) as u8 + n as u8 / 3)
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 92);
        vary(&mut encoder);
        let channels = if color == ColorType::Luma { 1 } else { 3 };
        encoder.encode(&samples[..150 * 130 * channels], 150, 130, color).unwrap();
        bytes
    }

    fn every_kind() -> Vec<Vec<u8>> {
        let mut all = vec![
            encoded(ColorType::Luma, |_| {}),
            encoded(ColorType::Luma, |encoder| encoder.set_progressive(true)),
        ];
        for sampling in [
            SamplingFactor::R_4_4_4,
            SamplingFactor::R_4_2_2,
            SamplingFactor::R_4_2_0,
            SamplingFactor::R_4_4_0,
        ] {
            for progressive in [false, true] {
                for restart in [0, 1, 7] {
                    all.push(encoded(ColorType::Rgb, |encoder| {
                        encoder.set_sampling_factor(sampling);
                        encoder.set_progressive(progressive);
                        encoder.set_restart_interval(restart);
                    }));
                }
            }
        }
        all
    }

    #[test]
    fn whole_pictures_of_every_kind_are_walked_to_their_last_byte() {
        for source in every_kind() {
            let rebuilt = rebuild(&source).unwrap();
            assert_eq!(rebuilt.bytes, source, "nothing was there to be cut");
        }
    }

    #[test]
    fn a_picture_that_lost_its_end_is_noticed_though_the_end_mark_is_there() {
        for source in every_kind() {
            for lost in [3, 40, 400] {
                let mut cut = source[..source.len() - 2 - lost].to_vec();
                while cut.last() == Some(&0xFF) {
                    cut.pop();
                }
                cut.extend_from_slice(&[0xFF, 0xD9]);
                assert!(rebuild(&cut).is_err(), "{lost} bytes lost of {}", source.len());
            }
        }
    }

    #[test]
    fn colours_in_scans_of_their_own_are_refused_where_the_decoder_gets_them_wrong() {
        let apart = |sampling| {
            encoded(ColorType::Rgb, |encoder| {
                encoder.set_sampling_factor(sampling);
                encoder.set_optimized_huffman_tables(true);
            })
        };
        assert!(rebuild(&apart(SamplingFactor::R_4_4_4)).is_ok());
        let error = rebuild(&apart(SamplingFactor::R_4_2_0)).unwrap_err();
        assert!(error.to_string().contains("ordinary JPEG"), "{error}");
    }

    #[test]
    fn bytes_hidden_after_the_last_block_are_cut_off() {
        for source in every_kind() {
            let mut padded = source[..source.len() - 2].to_vec();
            padded.extend_from_slice(b"SN-SECRET\xFF\xD9");
            assert_eq!(rebuild(&padded).unwrap().bytes, source);
        }
    }
}
