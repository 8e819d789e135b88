//! Photos for tests and the demo, made from nothing: a drawn pattern with everything a phone would tell about a child.
//!
//! Position, names and numbers are invented. Each of the marks below is where real cameras put it, so an
//! independent reader finds them all in the photo as made, and must find none once it was cleaned.

use std::path::{Path, PathBuf};

/// Every text that a cleaned photo must not contain, wherever in the file it stood.
pub const MARKER_TEXTS: [&str; 9] = [
    OWNER,
    SERIAL,
    MAKE,
    MODEL,
    LATITUDE_TEXT,
    LONGITUDE_TEXT,
    "http://ns.adobe.com/xap",
    "Playground, behind the shed",
    "ftypmp42",
];

const OWNER: &str = "Mina Fieldfolio";
const SERIAL: &str = "FF-0042-7719";
const MAKE: &str = "Lumbricus";
const MODEL: &str = "Lumbricus Pocket 3";
const LATITUDE_TEXT: &str = "35,39.5172N";
const LONGITUDE_TEXT: &str = "139,44.7210E";
const COMMENT: &str = "Playground, behind the shed";

/// What a photo tells beside its picture.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoMarks {
    /// EXIF's number for how the picture is turned when shown, 1 to 8.
    pub orientation: u16,
    /// Degrees north and east; `None` leaves the position out of EXIF and XMP.
    pub position: Option<(f64, f64)>,
}

impl Default for PhotoMarks {
    fn default() -> Self {
        Self { orientation: 1, position: Some((35.658_62, 139.745_35)) }
    }
}

/// An upright JPEG of `width` × `height` pixels whose pattern depends on the seed, full of metadata.
pub fn field_photo(seed: u64, width: u32, height: u32) -> Vec<u8> {
    field_photo_with(seed, width, height, &PhotoMarks::default())
}

/// The same, stored `width` × `height`, with these marks.
pub fn field_photo_with(seed: u64, width: u32, height: u32, marks: &PhotoMarks) -> Vec<u8> {
    let side = |length: u32| u16::try_from(length).expect("a JPEG's side is below 65,536");
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 85);
    let exif = [b"Exif\0\0", &exif(marks)[..]].concat();
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0", xmp(marks).as_bytes()].concat();
    for (number, segment) in [(1, exif), (1, xmp), (2, [b"MPF\0", &second_pictures()[..]].concat())] {
        encoder.add_app_segment(number, segment).expect("the segment is short and its number is allowed");
    }
    encoder
        .encode(&pattern(seed, width, height), side(width), side(height), jpeg_encoder::ColorType::Rgb)
        .expect("writing to memory succeeds");
    let comment = [&[0xFF, 0xFE, 0, COMMENT.len() as u8 + 2], COMMENT.as_bytes()].concat();
    bytes.splice(2..2, comment);
    // Motion photos hide a video behind the picture's end.
    bytes.extend_from_slice(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom");
    bytes.extend_from_slice(SERIAL.as_bytes());
    bytes
}

/// A PNG of `width` × `height` pixels with texts, EXIF, XMP and a trailer.
pub fn field_png(seed: u64, width: u32, height: u32) -> Vec<u8> {
    let marks = PhotoMarks::default();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_text_chunk("Author".into(), OWNER.into()).expect("the text is plain");
    encoder.add_text_chunk("Comment".into(), COMMENT.into()).expect("the text is plain");
    encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), xmp(&marks)).expect("the keyword is short");
    let mut writer = encoder.write_header().expect("writing to memory succeeds");
    writer.write_chunk(png::chunk::ChunkType(*b"eXIf"), &exif(&marks)).expect("writing to memory succeeds");
    writer.write_image_data(&pattern(seed, width, height)).expect("the pattern has the picture's size");
    writer.finish().expect("writing to memory succeeds");
    bytes.extend_from_slice(SERIAL.as_bytes());
    bytes
}

/// A photo with as much grain as a phone's camera leaves: 3.3 MB for 12 megapixels at quality 88.
pub fn grainy_photo(width: u16, height: u16, quality: u8) -> Vec<u8> {
    let mut state = 1u32;
    let pixels: Vec<u8> = (0..u32::from(width) * u32::from(height))
        .flat_map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (state >> 24) as u8 / 10;
            let (x, y) = (at % u32::from(width), at / u32::from(width));
            [(x / 20) as u8 / 2 + grain, (y / 15) as u8 / 2 + grain, 60 + grain]
        })
        .collect();
    let mut photo = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut photo, quality);
    encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb).expect("a picture");
    photo
}

/// The photos of real cameras, sorted by name, or `None` where they were not brought along.
///
/// They lie in `data/photos` below `FIELDFOLIO_SHARED`, which is `../shared` beside the workspace unless set.
/// Where `CI` is `true` they must be there.
pub fn real_photos() -> Option<Vec<PathBuf>> {
    shared_files("data/photos", "real photos")
}

/// The files of a folder below `FIELDFOLIO_SHARED`, sorted by name, or `None` where they were not brought along; they
/// are called `what` then. Where `CI` is `true` they must be there.
pub fn shared_files(folder: &str, what: &str) -> Option<Vec<PathBuf>> {
    let shared = std::env::var_os("FIELDFOLIO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let folder = shared.join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        let missing = format!("{what} absent: no folder {}; set FIELDFOLIO_SHARED", folder.display());
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
        eprintln!("SKIPPED: {missing}");
        return None;
    };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder is readable").path()).collect();
    files.sort();
    Some(files)
}

/// Red, green and blue: a meadow of soft waves with round leaves on it, all placed by the seed.
fn pattern(seed: u64, width: u32, height: u32) -> Vec<u8> {
    let mut dice = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut roll = |sides: u32| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 33) as u32 % sides.max(1)
    };
    let hue = roll(60);
    let wave = 20 + roll(40);
    let leaves: Vec<_> = (0..9)
        .map(|_| (roll(width), roll(height), width.min(height) / 20 + roll(width.min(height) / 6), roll(120)))
        .collect();
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let leaf = leaves.iter().find(|(at_x, at_y, radius, _)| {
                let (dx, dy) = (u64::from(x.abs_diff(*at_x)), u64::from(y.abs_diff(*at_y)));
                dx * dx + dy * dy < u64::from(*radius) * u64::from(*radius)
            });
            let ripple = (x + y * 2) / wave % 2 * 14;
            let pixel = match leaf {
                Some((_, _, _, shade)) => [120 + shade, 70 + shade / 2 + ripple, 30 + hue / 2],
                None => [60 + hue + ripple, 130 + y * 80 / height + ripple, 60 + x * 60 / width],
            };
            rgb.extend(pixel.map(|value| value.min(255) as u8));
        }
    }
    rgb
}

fn xmp(marks: &PhotoMarks) -> String {
    let position = match marks.position {
        Some(_) => format!(r#"exif:GPSLatitude="{LATITUDE_TEXT}" exif:GPSLongitude="{LONGITUDE_TEXT}""#),
        None => String::new(),
    };
    format!(
        r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" {position} aux:OwnerName="{OWNER}" aux:SerialNumber="{SERIAL}" xmp:Label="{COMMENT}"/>
</rdf:RDF></x:xmpmeta>"#
    )
}

/// The index of a second picture, as phones with two lenses write it (CIPA DC-007).
fn second_pictures() -> Vec<u8> {
    let mut tiff = Tiff::new();
    tiff.folder(vec![(0xB000, Value::Bytes(b"0100".to_vec())), (0xB001, Value::Long(2))]);
    tiff.0
}

/// A TIFF block with the marks where cameras put them.
fn exif(marks: &PhotoMarks) -> Vec<u8> {
    let mut tiff = Tiff::new();
    let mut main = vec![
        (0x010F, Value::Text(MAKE)),
        (0x0110, Value::Text(MODEL)),
        (0x0112, Value::Short(marks.orientation)),
        (0x013B, Value::Text(OWNER)),
        (0x8769, Value::Long(0)),
    ];
    if marks.position.is_some() {
        main.push((0x8825, Value::Long(0)));
    }
    let links = tiff.folder(main);
    let camera = tiff.folder(vec![
        (0x9003, Value::Text("2026:05:14 10:21:33")),
        (0x927C, Value::Bytes(format!("Lumbricus notes {SERIAL}").into_bytes())),
        (0xA430, Value::Text(OWNER)),
        (0xA431, Value::Text(SERIAL)),
    ]);
    tiff.link(links[4].1, camera[0].0);
    if let Some((north, east)) = marks.position {
        let place = tiff.folder(vec![
            (1, Value::Text(if north < 0.0 { "S" } else { "N" })),
            (2, Value::Degrees(north.abs())),
            (3, Value::Text(if east < 0.0 { "W" } else { "E" })),
            (4, Value::Degrees(east.abs())),
        ]);
        tiff.link(links[5].1, place[0].0);
    }
    tiff.0
}

enum Value {
    Text(&'static str),
    Bytes(Vec<u8>),
    Short(u16),
    Long(u32),
    Degrees(f64),
}

/// A big-endian TIFF block under construction.
struct Tiff(Vec<u8>);

impl Tiff {
    fn new() -> Self {
        Self(b"MM\0*\0\0\0\x08".to_vec())
    }

    /// Appends a folder; answers, for each entry, where the folder starts and where the entry's value field is.
    fn folder(&mut self, entries: Vec<(u16, Value)>) -> Vec<(usize, usize)> {
        let start = self.0.len();
        let values_start = start + 2 + entries.len() * 12 + 4;
        let mut table = (entries.len() as u16).to_be_bytes().to_vec();
        let mut values: Vec<u8> = Vec::new();
        let mut places = Vec::new();
        for (tag, value) in entries {
            let (kind, count, mut bytes) = match value {
                Value::Text(text) => (2u16, text.len() + 1, [text.as_bytes(), b"\0"].concat()),
                Value::Bytes(bytes) => (7, bytes.len(), bytes),
                Value::Short(number) => (3, 1, number.to_be_bytes().to_vec()),
                Value::Long(number) => (4, 1, number.to_be_bytes().to_vec()),
                Value::Degrees(degrees) => (5, 3, degrees_minutes_seconds(degrees)),
            };
            table.extend_from_slice(&tag.to_be_bytes());
            table.extend_from_slice(&kind.to_be_bytes());
            table.extend_from_slice(&(count as u32).to_be_bytes());
            places.push((start, start + table.len()));
            if bytes.len() <= 4 {
                bytes.resize(4, 0);
                table.extend_from_slice(&bytes);
            } else {
                table.extend_from_slice(&((values_start + values.len()) as u32).to_be_bytes());
                bytes.resize(bytes.len().next_multiple_of(2), 0);
                values.append(&mut bytes);
            }
        }
        self.0.append(&mut table);
        self.0.extend_from_slice(&[0; 4]);
        self.0.append(&mut values);
        places
    }

    fn link(&mut self, value_field: usize, folder: usize) {
        self.0[value_field..value_field + 4].copy_from_slice(&(folder as u32).to_be_bytes());
    }
}

/// Three fractions, as EXIF writes an angle.
fn degrees_minutes_seconds(degrees: f64) -> Vec<u8> {
    let minutes = degrees.fract() * 60.0;
    let hundredths = (minutes.fract() * 6000.0).round();
    [(degrees.trunc(), 1u32), (minutes.trunc(), 1), (hundredths, 100)]
        .into_iter()
        .flat_map(|(number, parts)| [(number as u32).to_be_bytes(), parts.to_be_bytes()].concat())
        .collect()
}
