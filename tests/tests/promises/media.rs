//! What leaves a phone with a photo, judged by exiftool: a reader that isn't ours and knows every camera's habits.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

use std::io::Cursor;
use std::path::Path;

use fieldfolio_core::media::{self, Cleaned, MediaError, MediaType, Offered};
use fieldfolio_tests::exiftool::{Findings, holds, judge};
use fieldfolio_tests::photos::{self, MARKER_TEXTS, PhotoMarks};
use serde_json::Value;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

#[test]
fn the_judge_finds_every_mark_in_a_photo_as_the_camera_wrote_it() {
    let found =
        judge(&[("leaf.jpg", &photos::field_photo(1, 64, 48)), ("leaf.png", &photos::field_png(1, 64, 48))]);
    let in_jpeg = [
        "EXIF:Make",
        "EXIF:Model",
        "EXIF:OwnerName",
        "EXIF:SerialNumber",
        "EXIF:GPSLatitude",
        "EXIF:GPSLongitude",
        "XMP:GPSLatitude",
        "XMP:SerialNumber",
        "MPF:NumberOfImages",
        "File:Comment",
        "Trailer:EmbeddedVideo",
    ];
    for key in in_jpeg {
        assert!(found[0].contains_key(key), "{key} is missing from {:?}", found[0].keys());
    }
    for key in
        ["EXIF:Make", "EXIF:SerialNumber", "EXIF:GPSLatitude", "XMP:GPSLatitude", "PNG:Author", "PNG:Comment"]
    {
        assert!(found[1].contains_key(key), "{key} is missing from {:?}", found[1].keys());
    }
}

#[test]
fn a_made_photo_loses_every_mark_and_no_pixel() {
    let mut sources = vec![("leaf.png".to_owned(), photos::field_png(5, 90, 60))];
    for orientation in 1..=8 {
        let marks = PhotoMarks { orientation, ..PhotoMarks::default() };
        let name = format!("turned-{orientation}.jpg");
        sources.push((name, photos::field_photo_with(orientation.into(), 120, 80, &marks)));
    }
    let cleaned: Vec<Cleaned> = sources.iter().map(|(_, bytes)| media::clean(bytes).unwrap()).collect();
    let found = judge(&beside(&sources, &cleaned));
    for (((name, source), cleaned), found) in sources.iter().zip(&cleaned).zip(&found) {
        assert_tells_nothing(name, found);
        for text in MARKER_TEXTS {
            assert!(!holds(&cleaned.bytes, text), "{name} still holds {text:?}");
        }
        assert!(pixels(source) == pixels(&cleaned.bytes), "{name} changed");
    }
}

#[test]
fn real_photos_lose_every_mark_and_no_pixel() {
    let Some(sources) = real_jpegs() else { return };
    let valid: Vec<_> = sources.into_iter().filter(|(name, _)| name != "corrupted.jpg").collect();
    assert!(valid.len() >= 9, "only {} real photos", valid.len());
    let cleaned: Vec<Cleaned> = valid.iter().map(|(name, bytes)| media::clean(bytes).expect(name)).collect();
    let before =
        judge(&valid.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>());
    let after = judge(&beside(&valid, &cleaned));
    for (index, (name, source)) in valid.iter().enumerate() {
        assert_tells_nothing(name, &after[index]);
        assert_same_way_up(name, &before[index], &after[index]);
        assert!(pixels(source) == pixels(&cleaned[index].bytes), "{name} changed");
        for text in private_texts(&before[index]) {
            assert!(!holds(&cleaned[index].bytes, &text), "{name} still holds {text:?}");
        }
    }
}

#[test]
fn photos_are_prepared_as_they_are_looked_at() {
    let Some(sources) = real_jpegs() else { return };
    for (name, size) in [
        ("landscape_6.jpg", (600, 450)),
        ("portrait_8.jpg", (450, 600)),
        ("HMD_Nokia_8.3_5G.jpg", (4608, 1976)),
    ] {
        let (_, bytes) = sources.iter().find(|(known, _)| known == name).expect(name);
        let photo = media::prepare_bytes(bytes).expect(name);
        assert_eq!((photo.width, photo.height), size, "{name}");
        let found = judge(&[("preview.jpg", photo.preview.as_ref().unwrap())]);
        let scale = f64::from(media::PREVIEW_SIDE.min(size.0.max(size.1))) / f64::from(size.0.max(size.1));
        assert_eq!(found[0]["File:ImageWidth"], (f64::from(size.0) * scale).round() as u64, "{name}");
        assert_eq!(found[0]["File:ImageHeight"], (f64::from(size.1) * scale).round() as u64, "{name}");
        assert!(!found[0].contains_key("EXIF:Orientation"), "a preview is upright already");
        assert_tells_nothing(name, &found[0]);
        assert!((15..=30).contains(&photo.placeholder.len()), "{name}: {} bytes", photo.placeholder.len());
    }
}

/// The top left of a made photo, followed through all eight turns into its preview.
#[test]
fn a_preview_shows_the_same_picture_however_the_phone_was_held() {
    let upright = rgb(&media::prepare_bytes(&photos::field_photo(3, 96, 64)).unwrap().preview.unwrap());
    for (orientation, first_pixel) in
        [(2, (95, 0)), (3, (95, 63)), (4, (0, 63)), (5, (0, 0)), (6, (0, 63)), (7, (95, 63)), (8, (95, 0))]
    {
        let marks = PhotoMarks { orientation, ..PhotoMarks::default() };
        let turned = rgb(&media::prepare_bytes(&photos::field_photo_with(3, 96, 64, &marks))
            .unwrap()
            .preview
            .unwrap());
        let at = (first_pixel.1 * 96 + first_pixel.0) * 3;
        for (shown, stored) in turned[..3].iter().zip(&upright[at..at + 3]) {
            assert!(shown.abs_diff(*stored) < 24, "orientation {orientation}: {shown} is not {stored}");
        }
    }
}

#[test]
fn a_photo_that_does_not_open_is_refused_with_a_reason() {
    let Some(sources) = real_jpegs() else { return };
    for (name, bytes) in &sources {
        let outcome = media::prepare_bytes(bytes);
        if name == "corrupted.jpg" {
            let Err(MediaError::Damaged { reason }) = outcome else {
                panic!("{name} was taken: {outcome:?}")
            };
            assert!(reason.contains("the picture stops at unit"), "{reason}");
        } else {
            assert!(outcome.is_ok(), "{name}: {}", outcome.unwrap_err());
        }
    }
}

#[test]
fn a_photo_cut_short_on_its_way_is_refused() {
    let Some(sources) = real_jpegs() else { return };
    for (name, bytes) in &sources {
        for tenths in 1..10 {
            let mut cut = bytes[..bytes.len() * tenths / 10].to_vec();
            assert!(
                matches!(media::clean(&cut), Err(MediaError::Damaged { .. })),
                "{name} at {tenths} tenths"
            );
            // Some programs put an end mark behind what they could save.
            cut.extend_from_slice(&[0, 0xFF, 0xD9]);
            assert!(
                matches!(media::clean(&cut), Err(MediaError::Damaged { .. })),
                "{name} at {tenths} tenths, ended"
            );
        }
    }
}

#[test]
fn a_heic_photo_is_taken_with_a_picture_of_it_and_tells_nothing() {
    let Some(paths) = photos::real_photos() else { return };
    let heic =
        paths.iter().find(|path| path.extension().is_some_and(|extension| extension == "HEIC")).unwrap();
    let source = std::fs::read(heic).unwrap();
    let error = media::prepare_bytes(&source).unwrap_err();
    assert!(matches!(error, MediaError::Unsupported { .. }));
    assert!(error.to_string().contains("most compatible"), "{error}");

    let poster = photos::field_photo(2, 60, 80);
    let mut file = Cursor::new(&source);
    let prepared = media::prepare(Offered { source: &mut file, name: "", poster: Some(&poster) }).unwrap();
    assert_eq!((prepared.media_type, prepared.width, prepared.height), (MediaType::Heic, 3024, 4032));
    let mut cleaned = Vec::new();
    prepared.write(&mut file, &mut cleaned).unwrap();
    assert_eq!(media::clean(&cleaned).unwrap().bytes, cleaned);
    let found = judge(&[("before.heic", &source), ("after.heic", &cleaned)]);
    assert!(found[0].contains_key("EXIF:GPSLatitude") || found[0].contains_key("EXIF:Make"));
    assert_eq!(found[0]["QuickTime:Rotation"], found[1]["QuickTime:Rotation"]);
    for key in found[1].keys() {
        let group = key.split(':').next().unwrap();
        assert!(
            ["SourceFile", "ExifTool", "File", "QuickTime", "ICC_Profile", "Composite"].contains(&group),
            "{key}"
        );
        assert!(!key.contains("GPS") && !key.contains("Serial"), "{key}");
    }
    // The colour profile says whose colours they are; that is Apple for every iPhone there is.
    for text in private_texts(&found[0]).iter().filter(|text| *text != "Apple") {
        assert!(!holds(&cleaned, text), "still holds {text:?}");
    }
    // Every tile of the picture is there, bit for bit.
    let coded = found[1]["QuickTime:MediaDataSize"].as_u64().unwrap() as usize;
    let tiles = &cleaned[cleaned.len() - coded..];
    assert!(coded > 2_000_000 && source.windows(4096).any(|window| window == &tiles[..4096]));

    for tenths in 1..10 {
        let cut = media::clean(&source[..source.len() * tenths / 10]);
        assert!(matches!(cut, Err(MediaError::Damaged { .. })), "{tenths} tenths: {cut:?}");
    }
}

#[test]
fn nothing_that_hides_beside_the_picture_of_a_jpeg_stays() {
    let photo = photos::field_photo(6, 48, 32);
    let segment = |marker: u8, payload: &[u8]| {
        [&[0xFF, marker], &(payload.len() as u16 + 2).to_be_bytes()[..], payload].concat()
    };
    // A depth map in XMP's extension; a thumbnail in EXIF's second folder; a second picture and a film behind the end.
    let thumbnail = photos::field_photo(7, 16, 16);
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\x0E\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x2C\x02\x02\0\x04\0\0\0\x01\0\0\x02\0\0\0\0\0";
    let hidden = [
        segment(
            0xE1,
            &[&b"http://ns.adobe.com/xmp/extension/\0"[..], &[b'A'; 40], b"GDepth:Data=SECRET"].concat(),
        ),
        segment(0xE1, &[&exif[..], &thumbnail].concat()),
        segment(0xED, b"Photoshop 3.0\0SECRET"),
    ]
    .concat();
    let mut source = photo.clone();
    source.splice(2..2, hidden);
    source.extend_from_slice(&thumbnail);
    source.extend_from_slice(b"MotionPhoto_Data\0\0\0\x18ftypmp42SECRET");
    let cleaned = media::clean(&source).unwrap().bytes;
    assert_eq!(cleaned, media::clean(&photo).unwrap().bytes);
    assert_eq!(cleaned.windows(2).filter(|pair| pair == &[0xFF, 0xD8]).count(), 1);
    assert!(!holds(&cleaned, "SECRET") && !holds(&cleaned, "MotionPhoto"));
}

#[test]
fn no_mutation_of_a_full_photo_panics() {
    let seeds = [photos::field_photo(7, 40, 24), photos::field_png(7, 20, 12)];
    let mut dice = 0x9E37_79B9_97F4_A7C1_u64;
    let mut roll = move |sides: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 11) as usize % sides
    };
    for round in 0..2000 {
        let mut bytes = seeds[round % 2].clone();
        for _ in 0..=roll(6) {
            let at = roll(bytes.len());
            bytes[at] = roll(256) as u8;
        }
        bytes.truncate(bytes.len() - roll(2) * roll(200));
        let _ = media::prepare_bytes(&bytes);
    }
}

/// The table in the README is the one that the cleaners' own lists make.
#[test]
fn the_readme_tells_what_each_cleaner_keeps_drops_and_refuses() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("<!-- cleaners -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /cleaners -->").unwrap();
    let written = format!("{before}<!-- cleaners -->\n{}<!-- /cleaners -->{after}", media::table::markdown());
    if std::env::var_os("FIELDFOLIO_WRITE").is_some() {
        std::fs::write(&path, written).unwrap();
    } else {
        assert!(
            readme == written,
            "README.md is out of date: FIELDFOLIO_WRITE=1 cargo test -p fieldfolio-tests --test media"
        );
    }
}

/// The cleaned files under the names of their sources.
fn beside<'a>(sources: &'a [(String, Vec<u8>)], cleaned: &'a [Cleaned]) -> Vec<(&'a str, &'a [u8])> {
    sources
        .iter()
        .zip(cleaned)
        .map(|((name, _), cleaned)| (name.as_str(), cleaned.bytes.as_slice()))
        .collect()
}

/// Every finding must be one that a picture can't do without.
fn assert_tells_nothing(name: &str, found: &Findings) {
    for (key, value) in found {
        let (group, tag) = key.split_once(':').unwrap_or(("", key));
        let harmless = match group {
            "" | "File" => tag != "Comment",
            "JFIF" | "ICC_Profile" | "APP14" => true,
            "EXIF" => tag == "Orientation",
            "Composite" => matches!(tag, "ImageSize" | "Megapixels"),
            "ExifTool" => tag == "ExifToolVersion",
            "PNG" => matches!(
                tag,
                "ImageWidth"
                    | "ImageHeight"
                    | "BitDepth"
                    | "ColorType"
                    | "Compression"
                    | "Filter"
                    | "Interlace"
            ),
            _ => false,
        };
        let named = ["GPS", "Serial", "Owner", "Make", "Model", "Artist", "Author", "Software", "Maker"];
        let device = group != "ICC_Profile" && named.iter().any(|part| tag.contains(part));
        assert!(harmless && !device, "{name} still tells {key}: {value}");
        assert!(
            group != "ICC_Profile" || !tag.contains("Serial") && tag != "MakeAndModel",
            "{name} tells {key}"
        );
    }
}

fn assert_same_way_up(name: &str, before: &Findings, after: &Findings) {
    let upright = Value::from("Horizontal (normal)");
    let way = |found: &Findings| found.get("EXIF:Orientation").cloned().unwrap_or(upright.clone());
    assert_eq!(way(before), way(after), "{name}");
}

/// The source's own private values, as texts that a byte search could find.
fn private_texts(found: &Findings) -> Vec<String> {
    let tags = [
        "Make",
        "Model",
        "SerialNumber",
        "OwnerName",
        "Artist",
        "Software",
        "DateTimeOriginal",
        "GPSDateStamp",
    ];
    let values = tags.iter().filter_map(|tag| found.get(&format!("EXIF:{tag}"))?.as_str());
    let long = values.map(str::trim).filter(|text| text.len() >= 4).map(str::to_owned);
    long.chain(["http://ns.adobe.com/xap", "Photoshop 3.0", "MPF\0"].map(str::to_owned)).collect()
}

fn real_jpegs() -> Option<Vec<(String, Vec<u8>)>> {
    let is_jpeg = |path: &Path| path.extension().is_some_and(|extension| extension == "jpg");
    let paths = photos::real_photos()?.into_iter().filter(|path| is_jpeg(path));
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    Some(paths.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect())
}

/// The samples as they are stored, without regard to the orientation.
fn pixels(bytes: &[u8]) -> Vec<u8> {
    if media::clean(bytes).unwrap().media_type == MediaType::Jpeg {
        return rgb(bytes);
    }
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut samples).unwrap();
    samples
}

fn rgb(bytes: &[u8]) -> Vec<u8> {
    JpegDecoder::new(ZCursor::new(bytes)).decode().unwrap()
}
