//! A document made by hand, small enough to be read.

use std::io::Write;

use super::super::{MediaError, MediaType, clean, icc, jpeg, prepare_bytes};

/// One page with a photo, a link and a remark, and notes in every corner; then a later version of its title.
pub(crate) fn sample() -> Vec<u8> {
    let photo = jpeg::tests::sample(16, 16, 6);
    let profile = icc::tests::sample();
    let stream = |dict: &str, data: &[u8]| {
        let head = format!("<<{dict} /Length {}>>\nstream\n", data.len());
        [head.as_bytes(), data, b"\nendstream"].concat()
    };
    let objects: Vec<Vec<u8>> = vec![
        b"<</Type /Catalog /Pages 2 0 R /Metadata 9 0 R /OpenAction <</S /JavaScript /JS (SECRET)>> /AF [9 0 R] /Names <</EmbeddedFiles 9 0 R /Dests <</Names [(leaf) [3 0 R /Fit]]>>>> /Lang (en)>>".to_vec(),
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>".to_vec(),
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R /Resources <</XObject <</Im0 5 0 R>> /ColorSpace <</Cs [/ICCBased 6 0 R]>>>> /Annots [7 0 R 8 0 R 10 0 R] /PieceInfo <</X (SECRET)>> /LastModified (SECRET) /Thumb 9 0 R>>".to_vec(),
        stream("", b"q 99 0 0 99 0 0 cm /Im0 Do Q"),
        stream("/Type /XObject /Subtype /Image /Width 16 /Height 16 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /PTEX.FileName (SECRET) /Metadata 9 0 R", &photo),
        stream("/N 3", &profile),
        b"<</Type /Annot /Subtype /Link /Rect [0 0 9 9] /A <</S /URI /URI (https://leaf.example) /Next <</S /Launch /F (SECRET)>>>>>>".to_vec(),
        b"<</Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (a word) /T (SECRET author) /M (SECRET) /AP <</N <</On 4 0 R>>>>>>".to_vec(),
        stream("/Type /Metadata", b"<x>SECRET</x>"),
        b"<</Type /Annot /Subtype /FileAttachment /FS (SECRET) /Contents (SECRET)>>".to_vec(),
        b"<</Title (SECRET) /Author (SECRET)>>".to_vec(),
    ];
    let trailer = "<</Size 12 /Root 1 0 R /Info 11 0 R /ID [(SECRET) (SECRET)]";
    let (mut file, start) = written(&objects, &format!("{trailer}>>"));
    // A later version, appended: the link is gone.
    let later = file.len();
    file.extend_from_slice(
        format!(
            "xref\n7 1\n0000000000 00001 f \ntrailer\n{trailer} /Prev {start}>>\nstartxref\n{later}\n%%EOF\n"
        )
        .as_bytes(),
    );
    file
}

/// A file of these objects, the first of which is its catalog, and where its list of places starts.
fn written(objects: &[Vec<u8>], trailer: &str) -> (Vec<u8>, usize) {
    let mut file = b"%PDF-1.4\n%SECRET\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(file.len());
        file.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let start = file.len();
    file.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes());
    for place in &places {
        file.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    file.extend_from_slice(format!("trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n").as_bytes());
    (file, start)
}

pub(super) fn plain(objects: &[String]) -> Vec<u8> {
    let objects: Vec<Vec<u8>> = objects.iter().map(|object| object.as_bytes().to_vec()).collect();
    written(&objects, "<</Root 1 0 R>>").0
}

/// The cleaned file, which stays as it is when it is cleaned again.
pub(super) fn cleaned(file: &[u8]) -> Vec<u8> {
    let once = clean(file).unwrap();
    assert_eq!(clean(&once.bytes).unwrap(), once);
    once.bytes
}

/// The same in the way of newer programs: objects packed into a stream, and the list of places, too.
pub(crate) fn packed() -> Vec<u8> {
    packed_with(
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 6 0 R /VP (SECRET place)>>",
        b"<</Author (SECRET)>>",
    )
}

/// The same with this page, and another object: the fourth.
fn packed_with(page: &[u8], fourth: &[u8]) -> Vec<u8> {
    let pack = |data: &[u8]| {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(data).unwrap();
        packer.finish().unwrap()
    };
    let objects: [&[u8]; 4] =
        [b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [3 0 R] /Count 1>>", page, fourth];
    let mut list = String::new();
    let mut body = Vec::new();
    for (number, object) in (1..).zip(objects) {
        list += &format!("{number} {} ", body.len());
        body.extend_from_slice(object);
        body.push(b' ');
    }
    let first = list.len();
    let inside = pack(&[list.as_bytes(), &body].concat());
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut push = |number: u32, dict: &str, data: &[u8]| {
        let at = file.len();
        file.extend_from_slice(
            format!("{number} 0 obj\n<<{dict} /Length {}>>\nstream\r\n", data.len()).as_bytes(),
        );
        file.extend_from_slice(data);
        file.extend_from_slice(b"\nendstream\nendobj\n");
        at
    };
    let objects_at = push(5, &format!("/Type /ObjStm /N 4 /First {first} /Filter /FlateDecode"), &inside);
    let page_at = push(6, "", b"0 0 9 9 re f");
    let mut rows = vec![[0, 0, 0, 0]];
    rows.extend((0..4).map(|index| [2, 0, 5, index]));
    rows.extend([objects_at, page_at].map(|at| [1, (at >> 8) as u8, at as u8, 0]));
    // Each row as the difference to the one above.
    let mut above = [0; 4];
    let mut table = Vec::new();
    for row in rows {
        table.push(2);
        table.extend((0..4).map(|column| u8::wrapping_sub(row[column], above[column])));
        above = row;
    }
    let dict = "/Type /XRef /Size 7 /W [1 2 1] /Root 1 0 R /Info 4 0 R /Filter /FlateDecode /DecodeParms <</Predictor 12 /Columns 4>>";
    let start = push(7, dict, &pack(&table));
    file.extend_from_slice(format!("startxref\n{start}\n%%EOF").as_bytes());
    file
}

pub(super) fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn what_a_page_shows_stays_and_the_rest_goes() {
    let cleaned = clean(&sample()).unwrap();
    assert_eq!(cleaned.media_type, MediaType::Pdf);
    for secret in [&b"SECRET"[..], b"SN-DISPLAY", b"JavaScript", b"leaf.example", b"PTEX", b"Info", b"/ID"] {
        assert!(!holds(&cleaned.bytes, secret), "{}", secret.escape_ascii());
    }
    for shown in [&b"/Im0 Do"[..], b"(a word)", b"/DCTDecode", b"(leaf)", b"(en)", b"/On ", b"/ICCBased"] {
        assert!(holds(&cleaned.bytes, shown), "{} is gone", shown.escape_ascii());
    }
    assert!(cleaned.bytes.starts_with(b"%PDF-1.4\n") && cleaned.bytes.ends_with(b"%%EOF\n"));
    assert_eq!(prepare_bytes(&sample()).unwrap().preview, None);
}

/// A small file that has one large object looked at as often as it is named would be read for hours.
#[test]
fn what_is_packed_small_is_not_read_without_end() {
    let page = |remarks: usize| {
        let remarks = "4 0 R ".repeat(remarks);
        format!("<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 6 0 R /Annots [{remarks}]>>")
    };
    let large = format!("<</Subtype /Movie /Contents ({})>>", "a".repeat(1 << 20));
    assert!(clean(&packed_with(page(2).as_bytes(), large.as_bytes())).is_ok());
    let many = packed_with(page(50).as_bytes(), large.as_bytes());
    assert!(many.len() < 20_000, "{} bytes", many.len());
    assert!(matches!(clean(&many), Err(MediaError::Unsupported { .. })));
}

#[test]
fn packed_objects_are_unpacked() {
    let cleaned = clean(&packed()).unwrap();
    assert!(holds(&cleaned.bytes, b"0 0 9 9 re f") && holds(&cleaned.bytes, b"/MediaBox [0 0 9 9]"));
    assert!(!holds(&cleaned.bytes, b"SECRET") && !holds(&cleaned.bytes, b"/VP"));
}

#[test]
fn a_locked_document_is_refused_with_something_to_do() {
    let mut locked = sample();
    let at = locked.windows(5).rposition(|window| window == b"/Info").unwrap();
    locked.splice(at..at + 5, *b"/Encrypt");
    assert!(clean(&locked).unwrap_err().to_string().contains("password"));
}

#[test]
fn a_photo_inside_that_does_not_open_is_not_taken() {
    let mut source = sample();
    let scan = source.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    source[scan + 40..scan + 60].fill(0xFF);
    assert!(matches!(clean(&source), Err(MediaError::Damaged { .. })));
}

#[test]
fn every_cut_is_refused_or_clean() {
    for source in [sample(), packed()] {
        for end in 8..source.len() {
            match clean(&source[..end]) {
                Ok(cut) => assert!(!holds(&cut.bytes, b"SECRET"), "cut at {end}"),
                Err(MediaError::Unsupported { advice }) => {
                    assert!(advice.text().contains("print it as a PDF"), "{advice}")
                }
                Err(MediaError::Damaged { .. }) => {}
                Err(error) => panic!("cut at {end}: {error}"),
            }
        }
    }
}

#[test]
fn a_small_file_that_unpacks_to_a_large_one_is_refused() {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..130 {
        packer.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = packer.finish().unwrap();
    let head = format!(
        "%PDF-1.5\n1 0 obj\n<</W [1 2 1] /Size 9 /Filter /FlateDecode /Length {}>>\nstream\n",
        bomb.len()
    );
    let file = [head.as_bytes(), &bomb, b"\nendstream\nendobj\nstartxref\n9\n%%EOF"].concat();
    assert!(matches!(clean(&file), Err(MediaError::Unsupported { .. })));
}

#[test]
fn values_within_values_end_somewhere() {
    let mut file = sample();
    let at = file.windows(4).position(|window| window == b"(en)").unwrap();
    file.splice(at..at + 4, vec![b'['; 100_000]);
    assert!(clean(&file).is_err());
}

#[test]
fn a_document_whose_pages_are_not_there_is_refused_and_not_emptied() {
    // The later version has let go of the seventh object.
    for (whole, lacking) in [
        ("/Pages 2 0 R", "/Pages 7 0 R"),
        ("/Kids [3 0 R]", "/Kids [7 0 R]"),
        ("/Contents 4 0 R", "/Contents 7 0 R"),
    ] {
        let mut file = sample();
        let at = file.windows(whole.len()).position(|window| window == whole.as_bytes()).unwrap();
        file[at..at + whole.len()].copy_from_slice(lacking.as_bytes());
        assert!(matches!(clean(&file), Err(MediaError::Unsupported { .. })), "{lacking}");
    }
}

#[test]
fn what_stands_before_a_document_is_left_out_however_its_places_are_counted() {
    let expected = clean(&sample()).unwrap();
    for head in [&b"\xEF\xBB\xBF"[..], b"\n", b"HTTP/1.1 200 OK\r\nServer: SECRET\r\n\r\n", &[b' '; 1000]] {
        assert_eq!(clean(&[head, &sample()].concat()).unwrap(), expected, "{}", head.escape_ascii());
    }
    let objects = [
        "<</Pages 2 0 R>>",
        "<</Kids [3 0 R]>>",
        "<</Contents 4 0 R>>",
        "<</Length 2>>\nstream\nBT\nendstream",
    ];
    let file = plain(&objects.map(str::to_owned));
    // Counted from the beginning of the file: what stands before pushes all places on.
    let mut counted = file.clone();
    counted.drain(10..16);
    counted.splice(0..0, *b"{junk}");
    assert_eq!(clean(&counted).unwrap(), clean(&file).unwrap());
    assert!(clean(&[&[b' '; 1100], &sample()[..]].concat()).is_err());
}
