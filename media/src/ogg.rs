//! Voice notes in Ogg (Opus or Vorbis), page by page, with an empty comment header.
//!
//! The recorder's name, titles, places and pictures stand in the comment header, the second packet of a stream. It is
//! written afresh with nothing in it, so the pages after it are numbered and summed up anew; the sound's packets are
//! copied as they are. One stream is taken: several are refused, at once or in turn, and what else follows is cut off. The
//! pages are those of RFC 3533, the headers those of RFC 7845 and the Vorbis I specification.

mod codec;

use super::exif::Orientation;
use super::plan::Plan;
use super::source::Reader;
use super::{Advice, Found, MediaError, MediaType, Picture, damaged, tail};
use codec::Codec;

const CONTINUED: u8 = 1;
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// Hours of sound, also where each moment has a page of its own. A page takes memory until the file is written.
const MAX_PAGES: u32 = 1 << 20;

/// The headers of a Vorbis stream are a few kilobytes; a picture of a million bytes in the comments is in use.
const MAX_HEADERS: usize = 16 << 20;

/// How much is looked at of what follows the last page.
const MAX_TAIL: usize = 4096;

/// Plans the cleaned file.
pub(super) fn rebuild(reader: &mut Reader<'_>) -> Result<Found, MediaError> {
    let mut pages = Pages { reader, at: 0, serial: None, count: 0 };
    let first = pages.next()?.ok_or_else(|| damaged("it has no pages"))?;
    let codec = Codec::read(&first)?;
    let mut out = Out { plan: Plan::default(), serial: first.serial, number: 0 };
    out.page(FIRST, 0, &first.lacing, codec.head(&first.body)?);
    let headers = read_headers(&mut pages, codec)?;
    out.headers(codec, &headers)?;
    let mut length = 0;
    let mut pending = pages.next()?;
    while let Some(page) = pending {
        // Whatever follows the last page of the stream is another stream, or not Ogg at all: see below.
        let next = if page.flags & LAST == 0 { pages.next()? } else { None };
        if page.flags & FIRST != 0 {
            return Err(MediaError::Unsupported { advice: Advice::RareOgg });
        }
        if page.granule != u64::MAX {
            length = page.granule;
        }
        let last = if next.is_none() { LAST } else { 0 };
        out.copy(page.flags & CONTINUED | last, &page);
        pending = next;
    }
    if length == 0 {
        return Err(damaged("it ends before the sound starts"));
    }
    let after = pages.reader.up_to(pages.at, MAX_TAIL)?;
    if after.starts_with(b"OggS") {
        return Err(MediaError::Unsupported { advice: Advice::RareOgg });
    }
    Ok(Found {
        notes: tail::note(&after).into_iter().collect(),
        media_type: MediaType::Ogg,
        plan: out.plan,
        width: 0,
        height: 0,
        orientation: Orientation::UPRIGHT,
        duration_ms: codec.duration_ms(length),
        picture: Picture::Opaque,
    })
}

/// The header packets after the first. They end with a page: sound starts on a fresh one.
fn read_headers(pages: &mut Pages<'_, '_>, codec: Codec) -> Result<Vec<Vec<u8>>, MediaError> {
    let mut packets = Vec::new();
    let mut packet = Vec::new();
    let mut total = 0;
    while packets.len() < codec.headers() {
        let page = pages.next()?.ok_or_else(|| damaged("it ends before the sound starts"))?;
        total += page.body.len();
        if total > MAX_HEADERS {
            return Err(damaged("its headers are too large"));
        }
        let mut rest = page.body.as_slice();
        for lace in &page.lacing {
            let (part, after) = rest.split_at_checked(usize::from(*lace)).unwrap_or((rest, &[]));
            packet.extend_from_slice(part);
            rest = after;
            if *lace < 255 {
                packets.push(std::mem::take(&mut packet));
            }
        }
    }
    let (comments, setup) = match codec {
        Codec::Opus { .. } => (&b"OpusTags"[..], &b""[..]),
        Codec::Vorbis { .. } => (&b"\x03vorbis"[..], &b"\x05vorbis"[..]),
    };
    let starts = [comments, setup];
    let known = packets.iter().zip(starts).all(|(packet, start)| packet.starts_with(start));
    if !known || packets.len() != codec.headers() || !packet.is_empty() {
        return Err(damaged("its headers are malformed"));
    }
    Ok(packets)
}

/// The file under construction.
struct Out {
    plan: Plan,
    serial: u32,
    number: u32,
}

impl Out {
    /// The empty comments and, of Vorbis, the setup: together on as many pages as they need.
    fn headers(&mut self, codec: Codec, packets: &[Vec<u8>]) -> Result<(), MediaError> {
        let comments = codec.empty_comments();
        let setup = packets.get(1).map_or(&[][..], Vec::as_slice);
        let mut lacing = lace(comments.len());
        if !setup.is_empty() {
            lacing.append(&mut lace(setup.len()));
        }
        let mut body = [comments, setup].concat();
        let mut is_continued = false;
        for lacing in lacing.chunks(255) {
            let length: usize = lacing.iter().map(|lace| usize::from(*lace)).sum();
            let rest = body.split_off(length.min(body.len()));
            let ends_packet = lacing.iter().any(|lace| *lace < 255);
            let granule = if ends_packet { 0 } else { u64::MAX };
            self.page(if is_continued { CONTINUED } else { 0 }, granule, lacing, &body);
            is_continued = lacing.last() == Some(&255);
            body = rest;
        }
        Ok(())
    }

    fn page(&mut self, flags: u8, granule: u64, lacing: &[u8], body: &[u8]) {
        let header = self.header(flags, granule, lacing, body);
        self.plan.bytes(&header);
        self.plan.bytes(body);
    }

    fn copy(&mut self, flags: u8, page: &Page) {
        let header = self.header(flags, page.granule, &page.lacing, &page.body);
        self.plan.bytes(&header);
        self.plan.copy(page.body_at, page.body.len() as u64);
    }

    fn header(&mut self, flags: u8, granule: u64, lacing: &[u8], body: &[u8]) -> Vec<u8> {
        let mut header = b"OggS\0".to_vec();
        header.push(flags);
        header.extend_from_slice(&granule.to_le_bytes());
        header.extend_from_slice(&self.serial.to_le_bytes());
        header.extend_from_slice(&self.number.to_le_bytes());
        header.extend_from_slice(&[0; 4]);
        header.push(lacing.len() as u8);
        header.extend_from_slice(lacing);
        let sum = checksum(checksum(0, &header), body);
        if let Some(field) = header.get_mut(22..26) {
            field.copy_from_slice(&sum.to_le_bytes());
        }
        self.number += 1;
        header
    }
}

fn lace(length: usize) -> Vec<u8> {
    let mut lacing = vec![255; length / 255];
    lacing.push((length % 255) as u8);
    lacing
}

struct Page {
    flags: u8,
    granule: u64,
    serial: u32,
    lacing: Vec<u8>,
    body: Vec<u8>,
    /// Where the body lies in the source.
    body_at: u64,
}

struct Pages<'r, 'a> {
    reader: &'r mut Reader<'a>,
    at: u64,
    serial: Option<u32>,
    count: u32,
}

impl Pages<'_, '_> {
    /// The next page, its sum checked; none at the end of the file.
    fn next(&mut self) -> Result<Option<Page>, MediaError> {
        if self.at == self.reader.length() {
            return Ok(None);
        }
        let mut header = self.reader.bytes(self.at, 27)?;
        let [b'O', b'g', b'g', b'S', 0, flags, fields @ ..] = header.as_slice() else {
            return Err(damaged(format!("a page should start at byte {}", self.at)));
        };
        let (flags, fields) = (*flags, fields.to_vec());
        let four = |at: usize| {
            fields.get(at..).and_then(|rest| rest.first_chunk()).map(|four| u32::from_le_bytes(*four))
        };
        let (Some(low), Some(high), Some(serial), Some(sum), Some(count)) =
            (four(0), four(4), four(8), four(16), fields.get(20))
        else {
            return Err(damaged("a page is malformed"));
        };
        // Counted here: what a page says of its own number is not believed.
        self.count += 1;
        if self.count > MAX_PAGES {
            return Err(damaged("it has too many pages"));
        }
        if *self.serial.get_or_insert(serial) != serial {
            return Err(MediaError::Unsupported { advice: Advice::RareOgg });
        }
        let lacing = self.reader.bytes(self.at + 27, usize::from(*count))?;
        let body_at = self.at + 27 + lacing.len() as u64;
        let body = self.reader.bytes(body_at, lacing.iter().map(|lace| usize::from(*lace)).sum())?;
        if let Some(field) = header.get_mut(22..26) {
            field.fill(0);
        }
        if checksum(checksum(checksum(0, &header), &lacing), &body) != sum {
            return Err(damaged(format!("the checksum of the page at byte {} is wrong", self.at)));
        }
        self.at = body_at + body.len() as u64;
        let granule = u64::from(high) << 32 | u64::from(low);
        Ok(Some(Page { flags, granule, serial, lacing, body, body_at }))
    }
}

/// CRC-32 as Ogg uses it (RFC 3533 section 6): the same polynomial as PNG's, but not reflected, and from zero.
fn checksum(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, byte| sum << 8 ^ TABLE[(sum >> 24 ^ u32::from(*byte)) as usize & 0xFF])
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum >> 31 == 1 { sum << 1 ^ 0x04C1_1DB7 } else { sum << 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

#[cfg(test)]
pub(super) mod tests {
    use std::io::Cursor;

    use super::super::{clean, prepare_bytes};
    use super::*;

    /// Two seconds of a voice note whose comments tell who and where, with a trailer.
    pub(crate) fn sample() -> Vec<u8> {
        let head = b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0";
        let comments =
            [&b"OpusTags\x06\0\0\0SECRET\x01\0\0\0\x0F\x02\0\0LOCATION=SECRET"[..], &[b'x'; 512]].concat();
        let mut out = Out { plan: Plan::default(), serial: 77, number: 0 };
        out.page(FIRST, 0, &lace(head.len()), head);
        out.page(0, 0, &lace(comments.len()), &comments);
        out.page(0, 48_000, &[3, 3], b"\xF8\xFF\xFE\xF8\xFF\xFE");
        out.page(LAST, 96_312, &[3], b"\xF8\xFF\xFE");
        out.plan.bytes(b"SECRET trailer");
        out.plan.in_memory().to_vec()
    }

    /// Makes sums right again, so that a mutation gets past the door.
    pub(crate) fn mend_checksums(bytes: &mut [u8]) {
        let mut at = 0;
        while let Some(page) =
            bytes.get_mut(at..).filter(|rest| rest.starts_with(b"OggS") && rest.len() >= 27)
        {
            let count = usize::from(page[26]);
            let Some(lacing) = page.get(27..27 + count) else { return };
            let length = 27 + count + lacing.iter().map(|lace| usize::from(*lace)).sum::<usize>();
            let Some(page) = page.get_mut(..length) else { return };
            page[22..26].fill(0);
            let sum = checksum(0, page);
            page[22..26].copy_from_slice(&sum.to_le_bytes());
            at += length;
        }
    }

    #[test]
    fn the_voice_stays_and_the_comments_go() {
        let prepared = prepare_bytes(&sample()).unwrap();
        assert_eq!(prepared.duration_ms, Some(2000));
        let cleaned = clean(&sample()).unwrap();
        assert!(!cleaned.bytes.windows(6).any(|window| window == b"SECRET"));
        assert!(cleaned.bytes.windows(6).any(|window| window == b"\xF8\xFF\xFE\xF8\xFF\xFE"));
        assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
    }

    #[test]
    fn one_recording_behind_another_is_not_lost_in_silence() {
        assert_eq!(prepare_bytes(&sample()).unwrap().notes, [super::super::Note::Tail]);
        let one = clean(&sample()).unwrap().bytes;
        let refused = clean(&[&one[..], &one].concat()).unwrap_err();
        assert_eq!(refused, MediaError::Unsupported { advice: Advice::RareOgg });
    }

    #[test]
    fn pages_without_end_are_refused_whatever_number_they_say_they_have() {
        let source = sample();
        let whole = clean(&source).unwrap().bytes;
        let mut out = Out { plan: Plan::default(), serial: 77, number: 3 };
        // The pages of the headers, then one that holds nothing over and over.
        let starts: Vec<usize> =
            (0..whole.len()).filter(|at| whole[*at..].starts_with(b"OggS")).take(3).collect();
        let mut endless = whole[..starts[2]].to_vec();
        let empty = out.header(0, 960, &[], &[]);
        for _ in 0..=MAX_PAGES {
            endless.extend_from_slice(&empty);
        }
        assert!(matches!(clean(&endless), Err(MediaError::Damaged { .. })));
        endless.truncate(starts[2] + 1_000 * empty.len());
        assert!(clean(&endless).is_ok());
    }

    #[test]
    fn a_cut_is_noticed_or_falls_between_two_pages() {
        let source = sample();
        for end in 27..source.len() - b"SECRET trailer".len() {
            match clean(&source[..end]) {
                Err(MediaError::Damaged { .. }) => {}
                Ok(cut) => assert!(cut.bytes.ends_with(b"\xF8\xFF\xFE\xF8\xFF\xFE"), "cut at {end}"),
                Err(error) => panic!("cut at {end}: {error}"),
            }
        }
    }

    #[test]
    fn a_second_stream_is_refused_while_the_first_goes_on() {
        let mut source = sample();
        let second = source.windows(4).rposition(|window| window == b"OggS").unwrap();
        source[second + 14] = 78;
        mend_checksums(&mut source);
        let error = clean(&source).unwrap_err();
        assert!(error.to_string().contains("M4A"), "{error}");
    }

    #[test]
    fn a_setup_of_any_length_is_laid_on_pages() {
        for length in [10, 255, 65_025, 70_000, 140_000] {
            let mut setup = b"\x05vorbis".to_vec();
            setup.resize(length, 9);
            let mut out = Out { plan: Plan::default(), serial: 1, number: 1 };
            let codec = Codec::Vorbis { rate: 8000 };
            out.headers(codec, &[Vec::new(), setup.clone()]).unwrap();
            let mut source = Cursor::new(out.plan.in_memory());
            let mut reader = Reader::new(&mut source).unwrap();
            let mut pages = Pages { reader: &mut reader, at: 0, serial: None, count: 0 };
            assert_eq!(read_headers(&mut pages, codec).unwrap()[1], setup, "{length}");
        }
    }
}
