//! A photo made by hand: two tiles on a grid, lying on its side, with a thumbnail, EXIF and a depth map.

use std::io::Cursor;

use super::super::boxes::wrap;
use super::super::{MediaError, MediaType, Note, Offered, clean, icc, jpeg, prepare, prepare_bytes};

const TILES: [&[u8]; 2] = [b"left tile", b"right tile"];
const GRID: &[u8] = &[0, 0, 0, 1, 0, 128, 0, 64];

pub(crate) fn sample() -> Vec<u8> {
    let outside: [(u16, &[u8; 4], &[u8]); 6] = [
        (1, b"hvc1", TILES[0]),
        (2, b"hvc1", TILES[1]),
        (4, b"hvc1", b"SECRET thumbnail"),
        (5, b"Exif", b"SECRET exif"),
        (6, b"mime", b"SECRET xmp"),
        (7, b"hvc1", b"SECRET depth"),
    ];
    let mut information = vec![0, 0, 0, 0, 0, 7];
    let mut entry = |id: u16, kind: &[u8; 4]| {
        let body = [&[2, 0, 0, 1][..], &id.to_be_bytes(), &[0, 0], kind, b"SECRET\0"].concat();
        information.extend_from_slice(&wrap(b"infe", &body));
    };
    outside.iter().for_each(|(id, kind, _)| entry(*id, kind));
    entry(3, b"grid");
    let reference = |kind: &[u8; 4], from: u16, to: &[u16]| {
        let numbers = [from, to.len() as u16].into_iter().chain(to.iter().copied());
        wrap(kind, &numbers.flat_map(u16::to_be_bytes).collect::<Vec<u8>>())
    };
    let references = [
        vec![0; 4],
        reference(b"dimg", 3, &[1, 2]),
        reference(b"thmb", 4, &[3]),
        reference(b"cdsc", 5, &[3]),
        reference(b"auxl", 7, &[3]),
    ];
    let size = |width: u8, height: u8| wrap(b"ispe", &[0, 0, 0, 0, 0, 0, 0, width, 0, 0, 0, height]);
    let properties = [
        wrap(b"hvcC", &[1; 23]),
        size(64, 64),
        size(128, 64),
        wrap(b"irot", b"\x01SECRET"),
        wrap(b"colr", &[&b"prof"[..], &icc::tests::sample()].concat()),
        wrap(b"udes", b"SECRET words"),
        wrap(b"auxC", b"\0\0\0\0urn:com:apple:photo:2020:aux:depth\0SECRET"),
    ];
    let of = [
        &[0, 0, 0, 0, 0, 0, 0, 4][..],
        &[0, 1, 2, 0x81, 2],
        &[0, 2, 2, 0x81, 2],
        &[0, 3, 4, 3, 0x84, 5, 6],
        &[0, 7, 3, 0x81, 2, 7],
    ];
    let table = [wrap(b"ipco", &properties.concat()), wrap(b"ipma", &of.concat())].concat();
    let mut handler = vec![0; 25];
    handler[8..12].copy_from_slice(b"pict");
    let fixed = [
        vec![0; 4],
        wrap(b"hdlr", &handler),
        wrap(b"pitm", &[0, 0, 0, 0, 0, 3]),
        wrap(b"iinf", &information),
        wrap(b"iref", &references.concat()),
        wrap(b"iprp", &table),
        wrap(b"idat", GRID),
        wrap(b"grpl", b"SECRET group"),
    ]
    .concat();
    let head = [wrap(b"ftyp", b"heic\0\0\0\0mif1heicMiHE"), wrap(b"uuid", b"SECRET")].concat();
    let places = |start: usize| {
        let mut at = start as u32;
        let mut list = vec![1, 0, 0, 0, 0x44, 0, 0, 7];
        for (id, _, data) in outside {
            list.extend_from_slice(&id.to_be_bytes());
            list.extend_from_slice(&[0, 0, 0, 0, 0, 1]);
            list.extend_from_slice(&at.to_be_bytes());
            list.extend_from_slice(&(data.len() as u32).to_be_bytes());
            at += data.len() as u32;
        }
        list.extend_from_slice(&[0, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8]);
        wrap(b"iloc", &list)
    };
    let start = head.len() + 8 + fixed.len() + places(0).len() + 8;
    let data = outside.map(|(_, _, data)| data).concat();
    [head, wrap(b"meta", &[fixed, places(start)].concat()), wrap(b"mdat", &data), wrap(b"free", b"SECRET")]
        .concat()
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn the_picture_and_what_it_is_made_of_stay() {
    let cleaned = clean(&sample()).unwrap();
    assert_eq!((cleaned.media_type, cleaned.width, cleaned.height), (MediaType::Heic, 64, 128));
    assert!(holds(&cleaned.bytes, b"left tileright tile") && holds(&cleaned.bytes, GRID));
    for gone in [&b"SECRET"[..], b"SN-DISPLAY", b"MiHE", b"apple", b"thmb", b"Exif"] {
        assert!(!holds(&cleaned.bytes, gone), "{}", gone.escape_ascii());
    }
    assert!(holds(&cleaned.bytes, b"colrprof") && holds(&cleaned.bytes, b"irot"));
    assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
}

#[test]
fn what_goes_with_second_pictures_and_behind_the_end_is_said() {
    let notes = |photo: &[u8]| {
        let poster = jpeg::tests::sample(40, 20, 6);
        prepare(Offered { source: &mut Cursor::new(photo), name: "", poster: Some(&poster) }).unwrap().notes
    };
    let photo = sample();
    assert_eq!(notes(&photo), [Note::Depth]);
    let mut bright = photo.clone();
    let at = bright.windows(9).position(|window| window == b"aux:depth").unwrap();
    bright[at..at + 15].copy_from_slice(b"aux:hdrgainmap\0");
    assert_eq!(notes(&bright), [Note::GainMap]);
    let moving = [&photo[..], &wrap(b"mpvd", b"SECRET film")].concat();
    assert_eq!(notes(&moving), [Note::Depth, Note::MovingPhoto]);
    let longer = [&photo[..], b"SECRET SEFT trailer"].concat();
    assert_eq!(notes(&longer), [Note::Depth, Note::Tail]);
    assert_eq!(clean(&longer).unwrap(), clean(&photo).unwrap());
}

#[test]
fn it_is_taken_only_with_a_picture_of_it() {
    let refusal = prepare_bytes(&sample()).unwrap_err().to_string();
    assert!(refusal.contains("most compatible"), "{refusal}");
    let poster = jpeg::tests::sample(40, 20, 6);
    let photo = sample();
    let offered = Offered { source: &mut Cursor::new(&photo), name: "", poster: Some(&poster) };
    let prepared = prepare(offered).unwrap();
    assert_eq!((prepared.width, prepared.height), (64, 128));
    assert!(prepared.preview.is_some() && prepared.placeholder.len() > 5);
}

#[test]
fn a_part_that_says_where_it_is_transparent_stays() {
    let mut photo = sample();
    let name: &[u8] = b"urn:mpeg:hevc:2015:auxid:1";
    let at = photo.windows(9).position(|window| window == b"urn:com:a").unwrap();
    photo[at..at + name.len()].copy_from_slice(name);
    photo[at + name.len()] = 0;
    let cleaned = clean(&photo).unwrap();
    assert!(holds(&cleaned.bytes, b"SECRET depth") && holds(&cleaned.bytes, b"auxl"));
    assert_eq!(cleaned.bytes.windows(6).filter(|window| window == b"SECRET").count(), 1);
}

#[test]
fn what_is_not_understood_is_refused() {
    let swap = |from: &[u8], to: &[u8]| {
        let mut photo = sample();
        let at = photo.windows(from.len()).position(|window| window == from).unwrap();
        photo[at..at + to.len()].copy_from_slice(to);
        clean(&photo).unwrap_err()
    };
    assert!(matches!(swap(b"grid", b"tmap"), MediaError::Unsupported { .. }));
    assert!(matches!(swap(b"irot", b"itwo"), MediaError::Unsupported { .. }), "it is essential");
    assert!(matches!(swap(b"pict", b"auxv"), MediaError::Damaged { .. }));
}

#[test]
fn every_cut_is_noticed() {
    let source = sample();
    let end = source.windows(4).rposition(|window| window == b"free").unwrap() - 4;
    for cut in 12..end {
        assert!(matches!(clean(&source[..cut]), Err(MediaError::Damaged { .. })), "cut at {cut}");
    }
}
