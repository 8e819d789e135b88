//! What leaves a laptop with a document, or with a picture that moves, judged by exiftool and by ffmpeg.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

use std::io::Cursor;

use fieldfolio_core::media::{self, Kind, MediaError, MediaType, Offered};
use fieldfolio_tests::exiftool::{holds, judge};
use fieldfolio_tests::films::{self, PICTURES};
use fieldfolio_tests::{documents, photos};

/// What programs that draw pictures leave in WebP and GIF, put there by exiftool.
fn marked(name: &str, bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let status = std::process::Command::new("exiftool")
        .args(["-q", "-overwrite_original", "-XMP:Creator=Mina Fieldfolio", "-XMP:GPSLatitude=35.6586"])
        .args(if name.ends_with("gif") {
            &["-Comment=behind the shed"][..]
        } else {
            &["-EXIF:Orientation#=6", "-EXIF:Artist=Mina Fieldfolio"]
        })
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success(), "exiftool could not mark {name}");
    std::fs::read(&path).unwrap()
}

#[test]
fn a_moving_picture_loses_every_mark_and_no_frame() {
    for made in PICTURES {
        let plain = made.bytes();
        let source = marked(made.name, &plain);
        assert!(holds(&source, "Mina Fieldfolio"), "{}", made.name);
        let prepared = media::prepare_bytes(&source).expect(made.name);
        assert_eq!(prepared.media_type.kind(), Kind::Picture);
        let is_gif = prepared.media_type == MediaType::Gif;
        assert_eq!((prepared.width, prepared.height), if is_gif { (80, 60) } else { (120, 160) });
        let preview = media::clean(&prepared.preview.unwrap()).unwrap();
        assert_eq!((preview.width, preview.height), (prepared.width, prepared.height));
        let cleaned = media::clean(&source).unwrap();
        for text in ["Mina Fieldfolio", "behind the shed", "XMP", "xmp"] {
            assert!(!holds(&cleaned.bytes, text), "{} still holds {text:?}", made.name);
        }
        let found = &judge(&[(made.name, &cleaned.bytes)])[0];
        for key in found.keys() {
            let (group, tag) = key.split_once(':').unwrap_or(("", key));
            let harmless = matches!(group, "" | "ExifTool" | "File" | "Composite" | "RIFF" | "GIF" | "PNG")
                || group == "EXIF" && tag == "Orientation";
            assert!(harmless && tag != "Comment" && !tag.contains("GPS"), "{} still tells {key}", made.name);
        }
        assert_eq!(found.contains_key("EXIF:Orientation"), !is_gif, "{}", made.name);
        // ffmpeg doesn't read WebP that moves.
        if made.name != "moving.webp" {
            assert_eq!(
                films::frames(made.name, &plain),
                films::frames(made.name, &cleaned.bytes),
                "{}",
                made.name
            );
        }
        assert_eq!(media::clean(&cleaned.bytes).unwrap(), cleaned);
    }
}

#[test]
fn a_document_keeps_its_page_and_loses_its_author() {
    let photo = photos::field_photo(8, 64, 48);
    let clean_photo = media::clean(&photo).unwrap().bytes;
    for (name, source) in
        [("page.pdf", documents::pdf(&photo, 64, 48)), ("words.docx", documents::docx(&photo))]
    {
        for text in documents::MARKER_TEXTS {
            assert!(holds(&source, text), "{name} as made lacks {text:?}");
        }
        let cleaned = media::clean(&source).expect(name);
        for text in documents::MARKER_TEXTS.iter().chain(&photos::MARKER_TEXTS) {
            assert!(!holds(&cleaned.bytes, text), "{name} still holds {text:?}");
        }
        assert!(holds(&cleaned.bytes, "A fine leaf"), "{name}");
        assert!(cleaned.bytes.windows(clean_photo.len()).any(|window| window == clean_photo), "{name}");
        let found = judge(&[(name, &source), (name, &cleaned.bytes)]);
        // exiftool looks into archives only with a library of Perl's that few have; the search above does.
        assert!(
            name != "page.pdf" || found[0].values().any(|value| value == "Mina Fieldfolio"),
            "{:?}",
            found[0]
        );
        for (key, value) in &found[1] {
            let group = key.split(':').next().unwrap();
            assert!(!matches!(group, "XMP" | "EXIF" | "IPTC" | "XML"), "{name} still tells {key}: {value}");
            for tag in ["Author", "Creator", "Producer", "Title", "CreateDate", "ModifyDate"] {
                // No part of an archive is older.
                let is_no_date = value == "1980:01:01 00:00:00";
                assert!(
                    group == "File" || !key.ends_with(tag) || is_no_date,
                    "{name} still tells {key}: {value}"
                );
            }
        }
        assert_eq!(media::clean(&cleaned.bytes).unwrap(), cleaned);
    }
}

#[test]
fn a_document_comes_with_the_picture_that_the_client_made_of_it() {
    let page = documents::pdf(&photos::field_photo(8, 64, 48), 64, 48);
    let poster = photos::field_png(3, 50, 70);
    let offered = Offered { source: &mut Cursor::new(&page), name: "page.pdf", poster: Some(&poster) };
    let prepared = media::prepare(offered).unwrap();
    assert_eq!((prepared.media_type, prepared.width, prepared.height), (MediaType::Pdf, 0, 0));
    assert!(prepared.preview.is_some() && !prepared.placeholder.is_empty());
}

#[test]
fn a_document_cut_short_on_its_way_is_refused() {
    let photo = photos::field_photo(8, 64, 48);
    for source in [documents::pdf(&photo, 64, 48), documents::docx(&photo)] {
        for hundredths in 1..100 {
            let cut = media::clean(&source[..source.len() * hundredths / 100]);
            let is_refused = matches!(cut, Err(MediaError::Damaged { .. } | MediaError::Unsupported { .. }));
            assert!(is_refused || hundredths > 40 && !holds(&cut.unwrap().bytes, "Mina"), "{hundredths}");
        }
    }
}

#[test]
fn no_mutation_of_a_document_panics() {
    let photo = photos::field_photo(8, 24, 16);
    let seeds =
        [documents::pdf(&photo, 24, 16), documents::docx(&photo), PICTURES[2].bytes(), PICTURES[3].bytes()];
    let mut dice = 0x9E37_79B9_7F4A_7C11_u64;
    let mut roll = move |sides: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 11) as usize % sides
    };
    for round in 0..3000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..=roll(6) {
            let at = roll(bytes.len());
            bytes[at] = roll(256) as u8;
        }
        let _ = media::prepare_bytes(&bytes);
    }
}
