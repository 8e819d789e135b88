//! Documents as programs really write them: taken or refused as each deserves, and nobody's name in what is taken.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use fieldfolio_core::media::{self, Advice, MediaError, MediaType, Note, Offered, Prepared};
use fieldfolio_tests::documents;

/// The files, or `None` where they were not brought along. Where `CI` is `true` they must be there.
fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("FIELDFOLIO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let folder = shared.join("data/files");
    if folder.is_dir() {
        return Some(folder);
    }
    let missing = format!("sample files absent: no folder {}; set FIELDFOLIO_SHARED", folder.display());
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
    eprintln!("SKIPPED: {missing}");
    None
}

fn prepared(folder: &Path, name: &str) -> (Vec<u8>, Result<Prepared, MediaError>) {
    let bytes = std::fs::read(folder.join(name)).expect(name);
    let offered = Offered { source: &mut Cursor::new(&bytes), name, poster: None };
    let prepared = media::prepare(offered);
    (bytes, prepared)
}

/// What is stored of a file, which is what is stored of that again.
fn stored(folder: &Path, name: &str, media_type: MediaType, notes: &[Note]) -> Vec<u8> {
    let (bytes, prepared) = prepared(folder, name);
    let prepared = prepared.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((prepared.media_type, prepared.notes.as_slice()), (media_type, notes), "{name}");
    let mut out = Vec::new();
    prepared.write(&mut Cursor::new(&bytes), &mut out).expect(name);
    assert_eq!(media::clean(&out).expect(name).bytes, out, "{name} is cleaned once");
    out
}

#[test]
fn what_can_be_shown_of_a_document_is_taken() {
    let Some(folder) = folder() else { return };
    for (name, media_type) in [
        ("p1-bom.pdf", MediaType::Pdf),
        ("p2-newline.pdf", MediaType::Pdf),
        ("p3-http-head.pdf", MediaType::Pdf),
        ("o1-word-online-document2.docx", MediaType::Docx),
        ("o3-odt-mimetype-last.odt", MediaType::Odt),
        ("o5-docx-cut-jpeg.docx", MediaType::Docx),
        ("o6-docx-noeoi-jpeg.docx", MediaType::Docx),
        ("x1-private.xlsx", MediaType::Xlsx),
        ("x2-private.docx", MediaType::Docx),
    ] {
        let out = stored(&folder, name, media_type, &[]);
        if media_type == MediaType::Pdf {
            assert!(out.starts_with(b"%PDF-1.7\n"), "{name}");
            continue;
        }
        documents::assert_it_hangs_together(name, &out);
    }
    for name in ["o5-docx-cut-jpeg.docx", "o6-docx-noeoi-jpeg.docx"] {
        let out = stored(&folder, name, MediaType::Docx, &[]);
        let parts = documents::parts(&out);
        let (_, photo) = parts.iter().find(|(part, _)| part == "word/media/image1.jpg").expect(name);
        assert!(photo.starts_with(&[0xFF, 0xD8]) && photo.ends_with(&[0xFF, 0xD9]), "{name}");
        assert!(photo.len() > 600, "{name}: {} bytes", photo.len());
    }
}

#[test]
fn what_would_be_lost_is_refused_with_what_to_do() {
    let Some(folder) = folder() else { return };
    for (name, advice) in [
        ("p8-portfolio.pdf", Advice::PdfPortfolio),
        ("z1-scratch.sb3", Advice::Scratch),
        ("z2-keynote.key", Advice::Keynote),
        ("z3-pages.pages", Advice::Pages),
        ("z4-geogebra.ggb", Advice::GeoGebra),
    ] {
        let (_, prepared) = prepared(&folder, name);
        assert_eq!(prepared.err(), Some(MediaError::Unsupported { advice }), "{name}");
    }
}

#[test]
fn a_text_is_converted_letter_by_letter() {
    let Some(folder) = folder() else { return };
    let table = "Día;Altura (cm);Niña\r\n1;3,5;Peña\r\n2;4,0;Nuñez\r\n";
    for (name, expected) in [
        ("t1-excel-ansi.csv", table),
        ("t2-notepad-unicode.txt", table),
        ("t9-latin1.md", "# Señal\n\nEl jardín"),
        ("t10-shiftjis.txt", "庭の観察日記\r\n芽が出た。"),
    ] {
        let out = stored(&folder, name, MediaType::Text, &[Note::TextConverted]);
        assert_eq!(String::from_utf8(out).expect(name), expected, "{name}");
    }
    let late = stored(&folder, "t4-ansi-late.csv", MediaType::Text, &[Note::TextConverted]);
    let late = String::from_utf8(late).unwrap();
    assert!(late.starts_with("time;temp\r\n0;20.5\r\n"));
    assert!(late.ends_with("\r\nmedia;25 °C\r\n"));
}

/// Everything in these two files that names somebody, or a place on somebody's computer.
#[test]
fn nobody_is_named_in_what_is_stored() {
    let Some(folder) = folder() else { return };
    for (name, media_type) in [("x1-private.xlsx", MediaType::Xlsx), ("x2-private.docx", MediaType::Docx)] {
        let (source, _) = prepared(&folder, name);
        let out = stored(&folder, name, media_type, &[]);
        for private in [
            "Marta",
            "marta",
            "Vidal",
            "vidal",
            "Jon Etxe",
            "Etxe",
            "north.example",
            "North School",
            "OneDrive",
            "Biology 9",
            "C:\\",
            "Users\\",
            "AppData",
            "Essay.dotx",
            "SharedWithUsers",
            "AccountId",
            "openpyxl",
            "Openpyxl",
            "python-docx",
            "2026-11-30",
            "S::",
            "absPath",
            "fileSharing userName",
        ] {
            let is_there = |bytes: &[u8]| {
                documents::parts(bytes).iter().any(|(part, bytes)| {
                    part.contains(private)
                        || bytes.windows(private.len()).any(|text| text == private.as_bytes())
                })
            };
            assert!(!is_there(&out), "{name} still holds {private}");
        }
        let words = if media_type == MediaType::Xlsx { "height" } else { "Bean seedlings, day 12." };
        let holds = |bytes: &[u8]| {
            let parts = documents::parts(bytes);
            parts.iter().any(|(_, bytes)| bytes.windows(words.len()).any(|text| text == words.as_bytes()))
        };
        assert!(holds(&source) && holds(&out), "{name}");
    }
}
