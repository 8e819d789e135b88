//! Office files made by hand.

#[path = "tests/people.rs"]
mod people;

use std::io::Write;

use super::super::{Advice, MediaError, MediaType, Offered, clean, jpeg, prepare};

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

/// A file with this main part, which refers to the others: each with the kind of reference, its place beside the main
/// part, and its bytes.
pub(super) fn package(main: (&str, &str), parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let (main, text) = main;
    let (folder, file) = main.split_once('/').unwrap();
    let reference = |number: usize, kind: &str, place: &str| {
        format!(
            r#"<Relationship Id="rId{number}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{place}"/>"#
        )
    };
    let list = |references: &str| format!("<Relationships>{references}</Relationships>").into_bytes();
    let references: Vec<String> =
        (1..).zip(parts).map(|(number, (kind, place, _))| reference(number, kind, place)).collect();
    let types: Vec<String> = parts
        .iter()
        .map(|(kind, place, _)| format!(r#"<Override PartName="/{folder}/{place}" ContentType="{kind}"/>"#))
        .collect();
    let names: Vec<String> = parts.iter().map(|(_, place, _)| format!("{folder}/{place}")).collect();
    let lists = [
        format!("<Types>{}</Types>", types.concat()).into_bytes(),
        list(&(reference(1, "officeDocument", main) + &reference(2, "core-properties", "docProps/core.xml"))),
        list(&references.concat()),
    ];
    let of_main = format!("{folder}/_rels/{file}.rels");
    let mut all: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", &lists[0]),
        ("_rels/.rels", &lists[1]),
        (main, text.as_bytes()),
        (&of_main, &lists[2]),
        ("docProps/core.xml", b"<dc:creator>SECRET</dc:creator>"),
        ("left/over.xml", b"SECRET"),
    ];
    all.extend(names.iter().zip(parts).map(|(name, (_, _, bytes))| (name.as_str(), *bytes)));
    archive(&all)
}

pub(crate) fn sample() -> Vec<u8> {
    let photo = jpeg::tests::sample(24, 16, 1);
    let chart = package(("xl/workbook.xml", "<workbook/>"), &[]);
    package(
        (
            "word/document.xml",
            r#"<w:document><w:ins w:author="SECRET">A leaf in the garden</w:ins><w:tag r:id="rId5"/></w:document>"#,
        ),
        &[
            ("image", "media/image1.jpeg", &photo),
            ("image", "media/image2.emf", b"\x01\0\0\0a drawing"),
            ("package", "embeddings/chart.xlsx", &chart),
            ("people", "people.xml", b"<w15:person w15:author=\"SECRET\"/>"),
            ("customXml", "custom.xml", b"<a>SECRET</a>"),
        ],
    )
}

pub(crate) fn open_sample() -> Vec<u8> {
    open_document(&[
        ("content.xml", b"<office:annotation><dc:creator>SECRET</dc:creator>a word</office:annotation>"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
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
    assert_eq!(parts.len(), 8);
    assert!(parts.iter().all(|(_, bytes)| !holds(bytes, b"SECRET")) && !holds(&cleaned.bytes, b"SECRET"));
    let part = |name: &str| &parts.iter().find(|(known, _)| known == name).unwrap().1;
    assert!(holds(part("word/document.xml"), b"A leaf in the garden"));
    assert!(holds(part("word/media/image2.emf"), b"a drawing"));
    assert_eq!(*part("word/media/image1.jpeg"), clean(&jpeg::tests::sample(24, 16, 1)).unwrap().bytes);
    assert!(holds(part("word/embeddings/chart.xlsx"), b"xl/workbook.xml"));
    assert_eq!(part("word/people.xml"), b"<w15:person w15:author=\"Author 1\"/>");
    assert_eq!(
        part("word/document.xml"),
        br#"<w:document><w:ins w:author="Author 1">A leaf in the garden</w:ins></w:document>"#
    );
    for list in ["_rels/.rels", "word/_rels/document.xml.rels", "[Content_Types].xml"] {
        let list = part(list);
        assert!(!holds(list, b"core.xml") && !holds(list, b"custom.xml"), "{}", list.escape_ascii());
    }
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
    let word = |place: &str, bytes: &[u8]| package(("word/document.xml", ""), &[("image", place, bytes)]);
    let signed = archive(&[("[Content_Types].xml", b""), ("_xmlsignatures/sig1.xml", b"")]);
    for (file, hint) in [
        (word("vbaProject.bin", b""), "without macros"),
        (signed, "signed"),
        (word("media/scan.tif", b"II*\0"), "JPEG"),
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
    let sheet = package(
        ("xl/workbook.xml", ""),
        &[("printerSettings", "printerSettings/printerSettings1.bin", b"SECRET")],
    );
    for file in [file, sheet] {
        let cleaned = clean(&file).unwrap();
        assert!(parts(&cleaned.bytes).iter().all(|(_, bytes)| !holds(bytes, b"SECRET")));
        assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
    }
}

#[test]
fn a_photo_loses_what_it_tells_wherever_it_lies() {
    let photo = jpeg::tests::sample(24, 16, 6);
    let file = package(
        ("word/document.xml", ""),
        &[("image", "images/garden.jpg", &photo), ("oleObject", "scan.bin", &photo)],
    );
    let cleaned = clean(&file).unwrap();
    let cleaned_photo = clean(&photo).unwrap().bytes;
    assert_ne!(photo, cleaned_photo);
    assert_eq!(parts(&cleaned.bytes).iter().filter(|(_, bytes)| *bytes == cleaned_photo).count(), 2);
}

#[test]
fn archives_within_an_archive_unpack_to_no_more_than_one_may() {
    let inner = package(("word/document.xml", &" ".repeat(60 << 20)), &[]);
    let wrap = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("embeddings/{number}.docx")).collect();
        let parts: Vec<_> = names.iter().map(|name| ("package", name.as_str(), inner.as_slice())).collect();
        package(("word/document.xml", ""), &parts)
    };
    assert!(clean(&wrap(1)).is_ok());
    assert!(matches!(clean(&wrap(9)), Err(MediaError::Damaged { .. })));
}

#[test]
fn office_files_within_each_other_end_somewhere() {
    let wrap = |inner: &[u8]| package(("word/document.xml", ""), &[("package", "embeddings/a.docx", inner)]);
    let twice = wrap(&wrap(b"a note"));
    assert!(clean(&twice).is_ok());
    assert!(clean(&wrap(&wrap(&twice))).is_err());
}

#[test]
fn the_main_part_is_found_wherever_it_lies_and_however_it_is_written() {
    let types = "<Types><Override PartName=\"/Word/Document2.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
    let begin = "<Relationships><Relationship Id=\"a\" Type=\"http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument\" Target=\"/word/document2.xml\"/></Relationships>";
    // In UTF-16, as some programs write it.
    let text: Vec<u8> =
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-16\"?><w:p w:author=\"SECRET\">Ñandú</w:p>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
    let file = archive(&[
        ("[content_types].XML", types.as_bytes()),
        ("_rels/.rels", begin.as_bytes()),
        ("WORD/document2.xml", &text),
    ]);
    let cleaned = clean(&file).unwrap();
    assert_eq!(cleaned.media_type, MediaType::Docx);
    let parts = parts(&cleaned.bytes);
    let text = String::from_utf8(parts[2].1.clone()).unwrap();
    assert!(
        text.ends_with("encoding=\"UTF-8\" standalone=\"yes\"?><w:p w:author=\"Author 1\">Ñandú</w:p>"),
        "{text}"
    );
    assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
}

#[test]
fn a_photo_that_is_cut_short_stays_as_far_as_it_goes() {
    let photo = jpeg::tests::sample(48, 32, 6);
    let end = photo.windows(2).rposition(|pair| pair == [0xFF, 0xD9]).unwrap();
    for cut in [end, end - 1, end - 40] {
        let file = package(("word/document.xml", ""), &[("image", "media/image1.jpg", &photo[..cut])]);
        let cleaned = clean(&file).unwrap();
        let parts = parts(&cleaned.bytes);
        let kept = &parts.iter().find(|(name, _)| name == "word/media/image1.jpg").unwrap().1;
        assert!(!holds(kept, b"SECRET") && kept.ends_with(&[0xFF, 0xD9]) && kept.len() > 400, "cut at {cut}");
        assert!(holds(kept, &photo[cut - 30..cut - 2]), "cut at {cut}");
        assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
    }
}

#[test]
fn other_programs_archives_are_refused_for_what_they_are() {
    let refused = |name: &str, parts: &[(&str, &[u8])]| {
        let bytes = archive(parts);
        let offered = Offered { source: &mut std::io::Cursor::new(bytes), name, poster: None };
        match prepare(offered) {
            Err(MediaError::Unsupported { advice }) => advice,
            other => panic!("{other:?}"),
        }
    };
    let apple: &[(&str, &[u8])] = &[("Index/Document.iwa", b"x"), ("preview.jpg", b"")];
    assert_eq!(refused("a.key", apple), Advice::Keynote);
    assert_eq!(refused("a.pages", apple), Advice::Pages);
    assert_eq!(refused("a.numbers", apple), Advice::Numbers);
    assert_eq!(refused("", apple), Advice::AppleOffice);
    assert_eq!(refused("", &[("Index/Document.iwa", b""), ("Index/Slide-1.iwa", b"")]), Advice::Keynote);
    assert_eq!(refused("", &[("project.json", b"{\"targets\":[]}")]), Advice::Scratch);
    assert_eq!(refused("", &[("project.json", b"{}")]), Advice::Archive);
    assert_eq!(refused("", &[("geogebra.xml", b"")]), Advice::GeoGebra);
    assert_eq!(refused("", &[("mimetype", b"application/epub+zip")]), Advice::Ebook);
    assert_eq!(
        refused("", &[("mimetype", b"application/vnd.oasis.opendocument.graphics")]),
        Advice::OtherOffice
    );
    assert_eq!(
        refused("", &[("[Content_Types].xml", b"<Types/>"), ("visio/document.xml", b"")]),
        Advice::OtherOffice
    );
    assert_eq!(refused("", &[("META-INF/MANIFEST.MF", b"")]), Advice::Program);
    assert_eq!(refused("photos.zip", &[("a.jpg", b"")]), Advice::Archive);
}
