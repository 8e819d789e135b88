//! Who wrote, and where.

use super::super::super::{MediaType, Note, clean, prepare_bytes};
use super::{archive, holds, package, parts};

#[test]
fn nobody_is_named_and_no_computer_either() {
    let hyper = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let document = format!(
        r#"<w:document xmlns:o="{hyper}"><w:attachedTemplate o:id="rId9"/><w:comment w:author="SECRET A" w:initials="SA">Green &amp; <w:b/></w:comment><w:del w:author='SECRET B'/><w:ins w:author="SECRET A"/><wp:docPr descr="C:\Users\SECRET\leaf.jpg"/><w:instrText> LINK "C:\\SECRET\\a.xlsx" </w:instrText><w:dataBinding w:xpath="SECRET"/><w:docVars><w:docVar w:val="SECRET"/></w:docVars><!-- SECRET --></w:document>"#
    );
    let comments: &[u8] = b"<comments><authors><author>SECRET C</author><author>tc={1}</author></authors><t>SECRET C:</t><t>a leaf: green</t></comments>";
    let persons: &[u8] = b"<personList><person displayName=\"SECRET C\" id=\"{1}\" userId=\"S::SECRET\" providerId=\"AD\"/></personList>";
    let authors: &[u8] =
        b"<p188:author id=\"{2}\" name=\"SECRET D\" initials=\"SD\" userId=\"SECRET\" providerId=\"AD\"/>";
    let pivot: &[u8] = b"<pivotCacheDefinition refreshedBy=\"SECRET\" r:id=\"rId1\"/>";
    let file = package(
        ("word/document.xml", &document),
        &[
            ("comments", "comments.xml", comments),
            ("person", "person.xml", persons),
            ("authors", "authors.xml", authors),
            ("pivotCacheDefinition", "pivot.xml", pivot),
            ("image", "plan.svg", b"<svg><metadata>SECRET</metadata><path d='M0 0'/></svg>"),
        ],
    );
    let cleaned = clean(&file).unwrap();
    let parts = parts(&cleaned.bytes);
    for (name, bytes) in &parts {
        assert!(!holds(bytes, b"SECRET"), "{name}: {}", bytes.escape_ascii());
    }
    let part = |name: &str| {
        let bytes = parts.iter().find(|(known, _)| known == name).unwrap().1.clone();
        String::from_utf8(bytes).unwrap()
    };
    let document = part("word/document.xml");
    for kept in [
        r#"<w:comment w:author="Author 1" w:initials="A1">Green &amp; <w:b/></w:comment>"#,
        r#"<w:del w:author="Author 2"/><w:ins w:author="Author 1"/>"#,
        r#"descr="leaf.jpg""#,
        r#"> LINK "a.xlsx" <"#,
    ] {
        assert!(document.contains(kept), "{document}");
    }
    let comments = part("word/comments.xml");
    assert!(comments.contains("<author>Author 3</author><author>tc={1}</author>"), "{comments}");
    assert!(comments.contains("<t>Author 3:</t><t>a leaf: green</t>"), "{comments}");
    assert!(part("word/person.xml").contains(r#"displayName="Author 3" id="{1}" providerId="None""#));
    assert!(part("word/authors.xml").contains(r#"name="Author 4" initials="A4" userId="Author 4""#));
    assert!(part("word/plan.svg").contains("<path d='M0 0'/>"));
    assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
}

#[test]
fn who_wrote_a_remark_in_an_open_document_is_not_told() {
    let content = "<office:annotation><dc:creator>SECRET &amp; A</dc:creator><meta:creator-initials>SA</meta:creator-initials><text:p>a word</text:p></office:annotation><draw:image xlink:href=\"pics/a.png\"/><draw:image xlink:href=\"file:///home/SECRET/b.png\"/>";
    let manifest = "<manifest:manifest><manifest:file-entry manifest:full-path=\"/\"/><manifest:file-entry manifest:full-path=\"Versions/1\"/></manifest:manifest>";
    let file = archive(&[
        ("content.xml", content.as_bytes()),
        ("META-INF/manifest.xml", manifest.as_bytes()),
        ("Versions/1", b"SECRET"),
        ("Thumbnails/thumbnail.png", b"SECRET"),
        ("pics/a.png", b"\x01drawn"),
        ("mimetype", b"application/vnd.oasis.opendocument.text\n"),
    ]);
    let prepared = prepare_bytes(&file).unwrap();
    assert_eq!((prepared.media_type, prepared.notes), (MediaType::Odt, vec![Note::PartsLeft]));
    let cleaned = clean(&file).unwrap();
    assert_eq!(cleaned.bytes[30..38], *b"mimetype", "programs look for it there");
    let parts = parts(&cleaned.bytes);
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["mimetype", "content.xml", "META-INF/manifest.xml", "pics/a.png"]);
    assert!(parts.iter().all(|(_, bytes)| !holds(bytes, b"SECRET")));
    assert!(holds(&parts[1].1, b"<dc:creator>Author 1</dc:creator>") && holds(&parts[1].1, b"a word"));
    assert!(!holds(&parts[2].1, b"Versions"));
    assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
}

#[test]
fn places_outside_the_file_are_not_told() {
    let outside = |kind: &str, target: &str| {
        let reference = format!(
            r#"<Relationships><Relationship Id="rId7" Type="http://x/{kind}" Target="{target}" TargetMode="External"/></Relationships>"#
        );
        let file = package(
            ("word/document.xml", r#"<w:hyperlink r:id="rId7"/>"#),
            &[
                ("settings", "settings.xml", br#"<w:attachedTemplate r:id="rId7"/><w:zoom/>"#),
                ("image", "_rels/settings.xml.rels", reference.as_bytes()),
            ],
        );
        let parts = parts(&clean(&file).unwrap().bytes);
        assert_eq!(parts.iter().find(|(name, _)| name == "word/settings.xml").unwrap().1, b"<w:zoom/>");
        let list = parts.iter().find(|(name, _)| name == "word/_rels/settings.xml.rels").unwrap().1.clone();
        String::from_utf8(list).unwrap()
    };
    assert!(!outside("attachedTemplate", "file:///C:\\SECRET\\Essay.dotx").contains("Relationship "));
    assert!(outside("hyperlink", "https://leaf.example/a").contains("\"https://leaf.example/a\""));
    assert!(outside("hyperlink", "file:///C:\\SECRET\\a.docx").contains("Target=\"a.docx\""));
    assert!(outside("externalLinkPath", "https://cloud.example/SECRET/a.xlsx").contains("Target=\"a.xlsx\""));
}

#[test]
fn a_name_in_the_text_is_part_of_the_text() {
    let scene = r#"<w:p><w:ins w:author="Mina"><w:t>Mina: A leaf!</w:t></w:ins></w:p>"#;
    let cleaned = clean(&package(("word/document.xml", scene), &[])).unwrap();
    let parts = parts(&cleaned.bytes);
    let kept = &parts.iter().find(|(name, _)| name == "word/document.xml").unwrap().1;
    assert_eq!(kept, br#"<w:p><w:ins w:author="Author 1"><w:t>Mina: A leaf!</w:t></w:ins></w:p>"#);
}

#[test]
fn markup_that_is_broken_is_refused_or_mended_and_never_a_panic() {
    let whole = br#"<?xml version="1.0"?><!DOCTYPE a><c xmlns:r="x"><author>Mi&amp;na</author><x r:id="rId1" a='b' c=d/><t>Mina: <![CDATA[a]]></t><!-- b --><w:docVars><b></w:docVars><w:instrText>LINK "C:\a"</w:instrText></c>"#;
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    let mut roll = move |sides: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 11) as usize % sides
    };
    for _ in 0..4000 {
        let mut markup = whole.to_vec();
        for _ in 0..=roll(4) {
            let at = roll(markup.len());
            match roll(3) {
                0 => drop(markup.remove(at)),
                1 => markup.insert(at, b"<>&;\"'/!?[=: "[roll(13)]),
                _ => markup[at] = roll(256) as u8,
            }
        }
        let markup = String::from_utf8_lossy(&markup).into_owned();
        let file =
            package(("word/document.xml", &markup), &[("settings", "settings.xml", markup.as_bytes())]);
        if let Ok(once) = clean(&file) {
            assert_eq!(clean(&once.bytes).as_ref(), Ok(&once), "{markup}");
        }
    }
}
