//! Documents for tests, made from nothing, with what programs would tell of whoever made them.

use std::io::Read;
use std::process::Command;

/// Every text that a cleaned document must not contain, packed or not.
pub const MARKER_TEXTS: [&str; 3] = ["Mina Fieldfolio", "Lumbricus Writer", "behind the shed"];

/// A page with a photo on it. exiftool writes author, program and XMP into it, as a later version of the file.
pub fn pdf(photo: &[u8], width: u32, height: u32) -> Vec<u8> {
    let stream = |dict: &str, data: &[u8]| {
        let head = format!("<<{dict} /Length {}>>\nstream\n", data.len());
        [head.as_bytes(), data, b"\nendstream"].concat()
    };
    let image = format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    );
    let objects = [
        b"<</Type /Catalog /Pages 2 0 R /PieceInfo <</Lumbricus#20Writer (Mina Fieldfolio)>>>>".to_vec(),
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>".to_vec(),
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources <</XObject <</Im0 5 0 R>>>> /Annots [6 0 R]>>".to_vec(),
        stream("", b"q 200 0 0 200 0 0 cm /Im0 Do Q"),
        stream(&image, photo),
        b"<</Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (A fine leaf) /T (Mina Fieldfolio)>>".to_vec(),
    ];
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        file.extend_from_slice(&[format!("{number} 0 obj\n").as_bytes(), object, b"\nendobj\n"].concat());
    }
    let start = file.len();
    file.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes());
    for place in &places {
        file.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let size = places.len() + 1;
    file.extend_from_slice(
        format!("trailer\n<</Size {size} /Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").as_bytes(),
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("page.pdf");
    std::fs::write(&path, file).expect("a file");
    let status = Command::new("exiftool")
        .args(["-q", "-overwrite_original", "-PDF:Author=Mina Fieldfolio", "-PDF:Creator=Lumbricus Writer"])
        .args(["-XMP:Creator=Mina Fieldfolio", "-XMP:Description=behind the shed"])
        .arg(&path)
        .status()
        .expect("exiftool writes these marks: run `make`, or `apt-get install libimage-exiftool-perl`");
    assert!(status.success(), "exiftool could not mark the document");
    std::fs::read(&path).expect("the marked document")
}

/// A text document as word processors pack it, with a photo and its properties; nothing in it is packed tighter.
pub fn docx(photo: &[u8]) -> Vec<u8> {
    let types = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
    let core = r#"<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Mina Fieldfolio</dc:creator><dc:description>behind the shed</dc:description></cp:coreProperties>"#;
    let app = r#"<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Application>Lumbricus Writer</Application><Company>Mina Fieldfolio</Company></Properties>"#;
    let begin = format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{REFERENCE}/officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="{REFERENCE}/extended-properties" Target="docProps/app.xml"/></Relationships>"#
    );
    let main = format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{REFERENCE}/image" Target="media/image1.jpeg"/></Relationships>"#
    );
    archive(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", begin.as_bytes()),
        ("word/document.xml", b"<w:document>A fine leaf</w:document>"),
        ("word/_rels/document.xml.rels", main.as_bytes()),
        ("word/media/image1.jpeg", photo),
        ("docProps/core.xml", core.as_bytes()),
        ("docProps/app.xml", app.as_bytes()),
    ])
}

/// What the kinds of reference between the parts of an office file begin with.
const REFERENCE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// All parts of an archive, unpacked, by name.
pub fn parts(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let u16_at = |at: usize| usize::from(u16::from_le_bytes([archive[at], archive[at + 1]]));
    let u32_at = |at: usize| u16_at(at) | u16_at(at + 2) << 16;
    let end = archive.windows(4).rposition(|window| window == b"PK\x05\x06").expect("the end of an archive");
    let mut at = u32_at(end + 16);
    let mut parts = Vec::new();
    for _ in 0..u16_at(end + 10) {
        let (name, part) = (u16_at(at + 28), u32_at(at + 42));
        let data = &archive[part + 30 + u16_at(part + 26) + u16_at(part + 28)..][..u32_at(at + 20)];
        let mut bytes = Vec::new();
        match u16_at(at + 10) {
            0 => bytes.extend_from_slice(data),
            _ => {
                flate2::read::DeflateDecoder::new(data).read_to_end(&mut bytes).expect("a part that opens");
            }
        }
        parts.push((String::from_utf8_lossy(&archive[at + 46..at + 46 + name]).into_owned(), bytes));
        at += 46 + name + u16_at(at + 30) + u16_at(at + 32);
    }
    parts
}

/// Every part that an office file lists, or refers to, is in it, and every reference in its text leads somewhere.
pub fn assert_it_hangs_together(name: &str, file: &[u8]) {
    let parts = parts(file);
    let has = |part: &str| parts.iter().any(|(known, _)| known.eq_ignore_ascii_case(part));
    let text = |part: &str| {
        let bytes = parts.iter().find(|(known, _)| known == part).map_or(&[][..], |(_, bytes)| bytes);
        String::from_utf8_lossy(bytes).into_owned()
    };
    for part in values(&text("[Content_Types].xml"), "PartName=") {
        assert!(has(part.trim_start_matches('/')), "{name} lists {part}");
    }
    for part in values(&text("META-INF/manifest.xml"), "full-path=") {
        assert!(part.ends_with('/') || has(&part), "{name} lists {part}");
    }
    for (list, bytes) in parts.iter().filter(|(part, _)| part.ends_with(".rels")) {
        let (folder, of) = list.split_once("_rels/").expect("a folder of references");
        let references = String::from_utf8_lossy(bytes).into_owned();
        for reference in references.split("<Relationship ").skip(1).filter(|text| !text.contains("External"))
        {
            let target = values(reference, "Target=").remove(0);
            let place = match (target.strip_prefix('/'), target.strip_prefix("../")) {
                (Some(place), _) | (_, Some(place)) => place.to_owned(),
                _ => format!("{folder}{target}"),
            };
            assert!(has(&place), "{name}: {list} leads to {place}");
        }
        let known = values(&references, " Id=");
        for used in values(&text(&format!("{folder}{}", of.trim_end_matches(".rels"))), " r:id=") {
            assert!(known.contains(&used), "{name}: {used} of {list} leads nowhere");
        }
    }
}

/// The values of all attributes that are written so.
fn values(text: &str, attribute: &str) -> Vec<String> {
    let value = |rest: &str| {
        rest.get(1..).unwrap_or_default().split(['"', '\'']).next().unwrap_or_default().to_owned()
    };
    text.split(attribute).skip(1).map(value).collect()
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut list = Vec::new();
    for (name, bytes) in parts {
        let place = (out.len() as u32).to_le_bytes();
        let length = (bytes.len() as u32).to_le_bytes();
        let fields =
            [&[20, 0, 0, 0, 0, 0, 0x55, 0x66, 0x77, 0x5C][..], &sum(bytes).to_le_bytes(), &length, &length];
        let common = [fields.concat(), (name.len() as u16).to_le_bytes().to_vec()].concat();
        out.extend_from_slice(&[b"PK\x03\x04", &common[..], &[0; 2], name.as_bytes(), bytes].concat());
        let entry = [b"PK\x01\x02\x14\0", &common[..], &[0; 12], &place, name.as_bytes()].concat();
        list.extend_from_slice(&entry);
    }
    let count = (parts.len() as u16).to_le_bytes();
    let (size, place) = ((list.len() as u32).to_le_bytes(), (out.len() as u32).to_le_bytes());
    [&out[..], &list, b"PK\x05\x06\0\0\0\0", &count, &count, &size, &place, &[0, 0]].concat()
}

/// CRC-32, bit by bit.
pub(crate) fn sum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 },
        )
    })
}
