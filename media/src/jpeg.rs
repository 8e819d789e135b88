//! JPEG, rebuilt from the parts a decoder needs.
//!
//! What stays: a bare JFIF header, the Adobe colour mark, the colour profile, a fresh orientation, the tables, the
//! frame and the scans. What goes is everything else, by not being named here: EXIF, XMP, IPTC, maker notes, second
//! pictures, comments, and whatever follows the picture (motion photos hide a video there).
//! Tables are measured exactly, scans are walked to their last block and copied bit for bit. The picture ends where
//! all its blocks are there to their last bit, with an end marker or, as some panoramas do, without one. Markers are
//! those of ITU-T T.81, table B.1.

mod frame;
mod huffman;
mod scan;
mod second;

use super::exif::Orientation;
use super::{Advice, MediaError, Rebuilt, damaged, icc};
use frame::Frame;
use scan::Walk;

const SOF0: u8 = 0xC0;
const SOF1: u8 = 0xC1;
const SOF2: u8 = 0xC2;
const DHT: u8 = 0xC4;
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DQT: u8 = 0xDB;
const DRI: u8 = 0xDD;
const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP14: u8 = 0xEE;

/// What is kept, by the standard's names.
pub(super) const KEPT: [&str; 11] =
    ["SOI", "APP0", "APP1", "APP14", "APP2", "DQT", "DHT", "DRI", "SOF", "SOS", "EOI"];

/// More than any encoder writes; without a bound a small file could keep a phone busy for minutes.
const MAX_SCANS: usize = 64;

/// What was found before the first scan, outside the tables.
#[derive(Default)]
struct Head<'a> {
    jfif: Option<&'a [u8]>,
    adobe: Option<&'a [u8]>,
    orientation: Option<Orientation>,
    profile: Vec<(u8, u8, &'a [u8])>,
}

/// Builds the cleaned file.
pub(super) fn rebuild(bytes: &[u8]) -> Result<Rebuilt, MediaError> {
    let mut reader = Reader { bytes, at: 2 };
    let mut head = Head::default();
    let mut body = Vec::with_capacity(bytes.len());
    let mut walk = Walk::default();
    let mut frame: Option<Frame> = None;
    let mut scans = 0;
    while !frame.as_ref().is_some_and(Frame::is_whole) {
        let marker = reader.marker()?;
        if marker == EOI {
            break;
        }
        if matches!(marker, 0x01..=0xBF | 0xD0..=SOI) {
            return Err(damaged(format!("an unexpected mark {marker:02x} at byte {}", reader.at)));
        }
        let payload = reader.payload()?;
        match marker {
            SOF0 | SOF1 | SOF2 => {
                if frame.is_some() {
                    return Err(damaged("it has two frames"));
                }
                frame = Some(Frame::read(payload, marker == SOF2)?);
            }
            DQT => check_quantisation(payload)?,
            DHT => walk.define_tables(payload)?,
            DRI => walk.set_restart(payload)?,
            SOS => {
                let frame =
                    frame.as_mut().ok_or_else(|| damaged("its picture starts before its size is known"))?;
                scans += 1;
                if scans > MAX_SCANS {
                    return Err(damaged("it has too many scans"));
                }
                let start = reader.at;
                let data = reader.entropy();
                let needed = walk.scan(frame, payload, data)?;
                push_segment(&mut body, marker, payload);
                body.extend_from_slice(data.get(..needed).unwrap_or(data));
                if frame.is_whole() {
                    reader.at = start + needed;
                }
                continue;
            }
            0xC3 | 0xC5..=0xCF | 0xDC | 0xDE | 0xDF | 0xF7 => {
                return Err(MediaError::Unsupported { advice: Advice::RareJpeg });
            }
            _ => {
                // Decoders settle colour and orientation before the first scan; later ones are not for them.
                if scans == 0 {
                    head.note(marker, payload);
                }
                continue;
            }
        }
        push_segment(&mut body, marker, payload);
    }
    let Some(Frame { width, height, .. }) = frame.filter(Frame::is_complete) else {
        return Err(damaged("it ends before the picture is whole"));
    };
    let orientation = head.orientation.unwrap_or(Orientation::UPRIGHT);
    let mut rebuilt = vec![0xFF, SOI];
    head.write(&mut rebuilt);
    rebuilt.append(&mut body);
    rebuilt.extend_from_slice(&[0xFF, EOI]);
    let (before, after) = bytes.split_at_checked(reader.at).unwrap_or((bytes, &[]));
    Ok(Rebuilt { bytes: rebuilt, width, height, orientation, notes: second::notes(before, after) })
}

impl<'a> Head<'a> {
    fn note(&mut self, marker: u8, payload: &'a [u8]) {
        match marker {
            APP0 if self.jfif.is_none() && payload.starts_with(b"JFIF\0") => self.jfif = payload.get(5..12),
            APP1 if self.orientation.is_none() && payload.starts_with(b"Exif\0") => {
                self.orientation = payload.get(6..).map(Orientation::read);
            }
            APP2 => {
                if let Some([number, of, part @ ..]) = payload.strip_prefix(b"ICC_PROFILE\0") {
                    self.profile.push((*number, *of, part));
                }
            }
            APP14 if self.adobe.is_none() && payload.starts_with(b"Adobe") => self.adobe = payload.get(..12),
            _ => {}
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Some(version_and_density) = self.jfif {
            push_segment(out, APP0, &[b"JFIF\0", version_and_density, &[0, 0]].concat());
        }
        if let Some(orientation) = self.orientation.filter(|way| *way != Orientation::UPRIGHT) {
            push_segment(out, APP1, &[&b"Exif\0\0"[..], &orientation.tiff()].concat());
        }
        if let Some(adobe) = self.adobe {
            push_segment(out, APP14, adobe);
        }
        let Some(profile) = self.whole_profile().and_then(|profile| icc::slim(&profile)) else { return };
        let parts = profile.chunks(65_000);
        // The bound on a profile keeps this below 256.
        let count = parts.len() as u8;
        for (number, part) in (1..=count).zip(parts) {
            push_segment(out, APP2, &[&b"ICC_PROFILE\0"[..], &[number, count], part].concat());
        }
    }

    /// The profile's parts in order; none if one is missing, twice there, or the whole is too large.
    fn whole_profile(&self) -> Option<Vec<u8>> {
        let mut parts = self.profile.clone();
        parts.sort_by_key(|(number, _, _)| *number);
        let in_order = parts
            .iter()
            .zip(1..)
            .all(|((number, of, _), place)| (*number, usize::from(*of)) == (place, parts.len()));
        let total: usize = parts.iter().map(|(_, _, part)| part.len()).sum();
        if parts.is_empty() || !in_order || total > icc::MAX_PROFILE {
            return None;
        }
        Some(parts.iter().flat_map(|(_, _, part)| part.iter().copied()).collect())
    }
}

fn push_segment(out: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    // Every payload was either read from a segment or is built to fit one.
    let length = payload.len() as u16 + 2;
    out.extend_from_slice(&[0xFF, marker]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Quantisation tables fill their segment exactly, so that nothing can hide behind them.
fn check_quantisation(mut payload: &[u8]) -> Result<(), MediaError> {
    while let Some((first, rest)) = payload.split_first() {
        let length = if first >> 4 == 0 { 64 } else { 128 };
        payload = rest.get(length..).ok_or_else(|| damaged("a quantisation table is cut short"))?;
    }
    Ok(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next marker. Fill bytes and stray bytes between segments are passed over, as decoders do.
    fn marker(&mut self) -> Result<u8, MediaError> {
        while let Some(&[first, second]) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            self.at += 1;
            if first == 0xFF && !matches!(second, 0x00 | 0xFF) {
                self.at += 1;
                return Ok(second);
            }
        }
        Err(self.cut_short())
    }

    fn payload(&mut self) -> Result<&'a [u8], MediaError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.first_chunk().map_or(0, |pair| usize::from(u16::from_be_bytes(*pair)));
        let payload = rest.get(2..length).ok_or_else(|| self.cut_short())?;
        self.at += length;
        Ok(payload)
    }

    /// The compressed data of a scan, up to the next marker that isn't a restart, or to the end of the file.
    fn entropy(&mut self) -> &'a [u8] {
        let start = self.at;
        let mut at = start;
        while let Some(found) =
            self.bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xFF))
        {
            at += found;
            match self.bytes.get(at + 1) {
                Some(0x00 | 0xD0..=0xD7) => at += 2,
                Some(0xFF) => at += 1,
                Some(_) | None => {
                    self.at = at;
                    return self.bytes.get(start..at).unwrap_or_default();
                }
            }
        }
        self.at = self.bytes.len();
        self.bytes.get(start..).unwrap_or_default()
    }

    fn cut_short(&self) -> MediaError {
        damaged(format!("it is cut short: no end after {} bytes", self.bytes.len()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A small photo with a profile, EXIF, XMP, a comment and a trailer.
    pub(crate) fn sample(width: u16, height: u16, orientation: u32) -> Vec<u8> {
        let rgb: Vec<u8> =
            (0..u32::from(width) * u32::from(height) * 3).map(|n| (n * 7 % 251) as u8).collect();
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 85);
        let tiff = Orientation::from_exif(orientation).unwrap().tiff();
        encoder.add_app_segment(1, [&b"Exif\0\0"[..], &tiff, b"SN-SECRET"].concat()).unwrap();
        encoder.add_app_segment(1, b"http://ns.adobe.com/xap/1.0/\0SECRET".to_vec()).unwrap();
        encoder.add_app_segment(2, b"MPF\0SECRET".to_vec()).unwrap();
        encoder.add_icc_profile(&icc::tests::sample()).unwrap();
        encoder.add_app_segment(13, b"Photoshop SECRET".to_vec()).unwrap();
        encoder.encode(&rgb, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
        bytes.extend_from_slice(b"SECRET trailer");
        bytes
    }

    fn has(bytes: &[u8], needle: &[u8]) -> bool {
        bytes.windows(needle.len()).any(|window| window == needle)
    }

    fn scan(bytes: &[u8]) -> &[u8] {
        let start = bytes.windows(2).position(|pair| pair == [0xFF, SOS]).unwrap();
        let end = bytes.windows(2).position(|pair| pair == [0xFF, EOI]).unwrap();
        &bytes[start..end]
    }

    #[test]
    fn secrets_go_and_the_scan_stays_bit_for_bit() {
        let source = sample(48, 32, 6);
        let rebuilt = rebuild(&source).unwrap();
        assert!(!has(&rebuilt.bytes, b"SECRET") && !has(&rebuilt.bytes, b"MPF"));
        assert!(!has(&rebuilt.bytes, b"SN-DISPLAY"));
        assert!(has(&rebuilt.bytes, b"ICC_PROFILE\0\x01\x01") && has(&rebuilt.bytes, b"curvexyz"));
        assert_eq!(scan(&rebuilt.bytes), scan(&source));
        assert_eq!(Some(rebuilt.orientation), Orientation::from_exif(6));
        assert!(rebuilt.bytes.ends_with(&[0xFF, EOI]));
    }

    #[test]
    fn no_segment_stays_that_is_not_on_the_list() {
        let rebuilt = rebuild(&sample(48, 32, 6)).unwrap().bytes;
        let mut reader = Reader { bytes: &rebuilt, at: 0 };
        loop {
            let marker = reader.marker().unwrap();
            let name = match marker {
                SOI => "SOI",
                APP0 => "APP0",
                APP1 => "APP1",
                APP2 => "APP2",
                APP14 => "APP14",
                DQT => "DQT",
                DHT => "DHT",
                DRI => "DRI",
                SOF0..=SOF2 => "SOF",
                SOS => "SOS",
                EOI => "EOI",
                other => panic!("{other:02x}"),
            };
            assert!(KEPT.contains(&name), "{name}");
            match marker {
                SOI => {}
                EOI => break,
                _ => drop(reader.payload().unwrap()),
            }
        }
    }

    #[test]
    fn an_upright_photo_carries_no_exif_at_all() {
        assert!(!has(&rebuild(&sample(16, 16, 1)).unwrap().bytes, b"Exif"));
    }

    #[test]
    fn a_thumbnail_in_the_jfif_header_is_cut_off() {
        let mut bytes = vec![0xFF, SOI];
        push_segment(&mut bytes, APP0, b"JFIF\0\x01\x02\x01\0\x48\0\x48\x01\x01RGB");
        bytes.extend_from_slice(&sample(16, 16, 1)[20..]);
        let rebuilt = rebuild(&bytes).unwrap();
        assert!(rebuilt.bytes.starts_with(b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x02\x01\0\x48\0\x48\0\0\xFF"));
    }

    #[test]
    fn every_cut_is_noticed() {
        let source = sample(16, 16, 1);
        let whole = source.len() - b"SECRET trailer".len();
        for end in 2..whole - 2 {
            let error = rebuild(&source[..end]).unwrap_err();
            assert!(matches!(error, MediaError::Damaged { .. }), "cut at {end}");
        }
        for end in [whole - 2, whole - 1] {
            assert_eq!(
                rebuild(&source[..end]).unwrap().bytes,
                rebuild(&source).unwrap().bytes,
                "no more is lost than the end mark"
            );
        }
    }

    #[test]
    fn bytes_hidden_behind_a_table_are_refused() {
        let mut table = vec![0; 65];
        assert!(check_quantisation(&table).is_ok());
        table.push(0);
        assert!(check_quantisation(&table).is_err());
        let mut codes = b"\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a".to_vec();
        assert!(Walk::default().define_tables(&codes).is_ok());
        codes.push(0);
        assert!(Walk::default().define_tables(&codes).is_err());
    }

    #[test]
    fn rare_kinds_are_refused_by_name() {
        let mut arithmetic = sample(16, 16, 1);
        let frame = arithmetic.windows(2).position(|pair| pair == [0xFF, SOF0]).unwrap();
        arithmetic[frame + 1] = 0xC9;
        assert!(matches!(rebuild(&arithmetic), Err(MediaError::Unsupported { .. })));
    }
}
