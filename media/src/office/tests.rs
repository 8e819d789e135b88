//! Office files made by hand.

use std::io::Write;

use super::super::{MediaError, MediaType, clean, jpeg};

/// An archive of these parts, packed, with times and notes.
pub(crate) fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut list = Vec::new();
    for (name, bytes) in parts {
        let is_packed = *name != "mimetype";
        let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        let packed = if is_packed { packer.finish().unwrap() } else { bytes.to_vec() };
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        let place = (out.len() as u32).to_le_bytes();
        let method = if is_packed { 8 } else { 0 };
        let common = [
            &[20, 0, 0, 0, method, 0, 0x55, 0x66, 0x77, 0x5C][..],
            &sum.sum().to_le_bytes(),
            &(packed.len() as u32).to_le_bytes(),
            &(bytes.len() as u32).to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
        ]
        .concat();
        out.extend_from_slice(
            &[&b"PK\x03\x04"[..], &common, &[6, 0], name.as_bytes(), b"SECRET", &packed].concat(),
        );
        let rest = [&[6, 0, 6, 0][..], &[0; 8], &place, name.as_bytes(), b"SECRETSECRET"].concat();
        list.extend_from_slice(&[&b"PK\x01\x02"[..], &[20, 3], &common, &rest].concat());
    }
    let count = (parts.len() as u16).to_le_bytes();
    let (size, place) = ((list.len() as u32).to_le_bytes(), (out.len() as u32).to_le_bytes());
    [&out, &list, &b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size, &place, &[6, 0], b"SECRET"].concat()
}

pub(crate) fn sample() -> Vec<u8> {
    let photo = jpeg::tests::sample(24, 16, 1);
    let chart = archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook/>"),
        ("docProps/core.xml", b"<creator>SECRET</creator>"),
    ]);
    archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", b"<Relationships/>"),
        ("word/document.xml", b"<w:document>A leaf in the garden</w:document>"),
        ("word/media/image1.jpeg", &photo),
        ("word/media/image2.emf", b"\x01\0\0\0a drawing"),
        ("word/embeddings/chart.xlsx", &chart),
        ("docProps/core.xml", b"<dc:creator>SECRET</dc:creator>"),
        ("docProps/app.xml", b"<Company>SECRET</Company>"),
        ("word/people.xml", b"<w15:person w15:author=\"SECRET\"/>"),
        ("word/", b""),
    ])
}

fn open_document(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let kind: (&str, &[u8]) = ("mimetype", b"application/vnd.oasis.opendocument.text");
    archive(&[&[kind], parts].concat())
}

/// All parts of an archive, unpacked.
fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let entries = super::archive::read(bytes, &mut super::Budget::default()).unwrap();
    entries.iter().map(|entry| (entry.name.escape_ascii().to_string(), entry.unpack().unwrap())).collect()
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn the_document_stays_and_who_made_it_goes() {
    let cleaned = clean(&sample()).unwrap();
    assert_eq!(cleaned.media_type, MediaType::Docx);
    let parts = parts(&cleaned.bytes);
    assert_eq!(parts.len(), 9);
    assert!(parts.iter().all(|(_, bytes)| !holds(bytes, b"SECRET")) && !holds(&cleaned.bytes, b"SECRET"));
    let part = |name: &str| &parts.iter().find(|(known, _)| known == name).unwrap().1;
    assert!(holds(part("word/document.xml"), b"A leaf in the garden"));
    assert!(holds(part("word/media/image2.emf"), b"a drawing"));
    assert_eq!(*part("word/media/image1.jpeg"), clean(&jpeg::tests::sample(24, 16, 1)).unwrap().bytes);
    assert!(holds(part("word/embeddings/chart.xlsx"), b"coreProperties"));
    assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
}

#[test]
fn an_open_document_is_told_by_its_first_part() {
    let file = open_document(&[("content.xml", b"<text/>"), ("meta.xml", b"<creator>SECRET</creator>")]);
    let cleaned = clean(&file).unwrap();
    assert_eq!(cleaned.media_type, MediaType::Odt);
    assert!(!holds(&cleaned.bytes, b"SECRET"));
    assert_eq!(cleaned.bytes[30..38], *b"mimetype", "programs look for it there");
}

#[test]
fn programs_signatures_locks_and_plain_archives_are_refused_with_something_to_do() {
    let word = |name: &str, bytes: &[u8]| {
        archive(&[("[Content_Types].xml", b""), ("word/document.xml", b""), (name, bytes)])
    };
    for (file, hint) in [
        (word("word/vbaProject.bin", b""), "without macros"),
        (word("_xmlsignatures/sig1.xml", b""), "signed"),
        (word("word/media/scan.tif", b"II*\0"), "JPEG"),
        (open_document(&[("META-INF/manifest.xml", b"<manifest:encryption-data/>")]), "password"),
        (open_document(&[("Basic/script-lc.xml", b"")]), "without macros"),
        (archive(&[("photo.jpg", b"")]), "one by one"),
    ] {
        let error = clean(&file).unwrap_err();
        assert!(
            matches!(error, MediaError::Unsupported { .. }) && error.to_string().contains(hint),
            "{error}"
        );
    }
}

#[test]
fn a_part_that_does_not_open_or_hides_something_is_damage() {
    let source = sample();
    let at = source.windows(17).position(|window| window == b"word/document.xml").unwrap();
    let mut torn = source.clone();
    torn[at + 17 + 6 + 3] ^= 0x10;
    assert!(matches!(clean(&torn), Err(MediaError::Damaged { .. })));
    for end in (4..source.len() - b"\x06\0SECRET".len()).step_by(3) {
        let cut = clean(&source[..end]);
        assert!(matches!(cut, Err(MediaError::Damaged { .. })), "cut at {end}: {cut:?}");
    }
}

#[test]
fn the_printer_of_the_school_office_goes() {
    let item = b"<config:config-item config:name=\"PrinterName\">SECRET</config:config-item>";
    let file = open_document(&[("content.xml", b"<text/>"), ("Object 1/settings.xml", item)]);
    let sheet = archive(&[
        ("[Content_Types].xml", b""),
        ("xl/workbook.xml", b""),
        ("xl/printerSettings/printerSettings1.bin", b"SECRET"),
    ]);
    for file in [file, sheet] {
        let cleaned = clean(&file).unwrap();
        assert!(parts(&cleaned.bytes).iter().all(|(_, bytes)| !holds(bytes, b"SECRET")));
        assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
    }
}

#[test]
fn a_photo_loses_what_it_tells_wherever_it_lies() {
    let photo = jpeg::tests::sample(24, 16, 6);
    let file = archive(&[
        ("[Content_Types].xml", b""),
        ("word/document.xml", b""),
        ("word/images/garden.jpg", &photo),
        ("customXml/scan.bin", &photo),
    ]);
    let cleaned = clean(&file).unwrap();
    let cleaned_photo = clean(&photo).unwrap().bytes;
    assert_ne!(photo, cleaned_photo);
    assert_eq!(parts(&cleaned.bytes)[2..].iter().filter(|(_, bytes)| *bytes == cleaned_photo).count(), 2);
}

#[test]
fn archives_within_an_archive_unpack_to_no_more_than_one_may() {
    let inner = archive(&[("[Content_Types].xml", b""), ("word/document.xml", &vec![b' '; 60 << 20])]);
    let wrap = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("word/embeddings/{number}.docx")).collect();
        let mut parts: Vec<(&str, &[u8])> = vec![("[Content_Types].xml", b""), ("word/document.xml", b"")];
        parts.extend(names.iter().map(|name| (name.as_str(), inner.as_slice())));
        archive(&parts)
    };
    assert!(clean(&wrap(1)).is_ok());
    assert!(matches!(clean(&wrap(9)), Err(MediaError::Damaged { .. })));
}

#[test]
fn office_files_within_each_other_end_somewhere() {
    let wrap = |inner: &[u8]| {
        archive(&[
            ("[Content_Types].xml", b""),
            ("word/document.xml", b""),
            ("word/embeddings/a.docx", inner),
        ])
    };
    let twice = wrap(&wrap(b"a note"));
    assert!(clean(&twice).is_ok());
    assert!(clean(&wrap(&wrap(&twice))).is_err());
}
