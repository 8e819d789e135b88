//! Films made by hand, small enough to be read.

use std::io::Cursor;

use super::super::boxes::wrap;
use super::super::{MediaError, MediaType, Offered, clean, jpeg, prepare, prepare_bytes};

/// Where the parts of the recording lie in a film made here.
const PICTURE_ONE: &[u8] = b"first picture";
const PICTURE_TWO: &[u8] = b"second picture";
const PLACE: &[u8] = b"SECRET 35.658N 139.745E";
const SLACK: &[u8] = b"SECRET left over";

/// A film of two pictures with a track of places between them, leftovers behind them, and notes in every corner.
pub(crate) fn sample() -> Vec<u8> {
    let head = [wrap(b"ftyp", b"qt  SEC\0qt  NIKO"), wrap(b"wide", b""), wrap(b"uuid", b"SECRET maker note")]
        .concat();
    let recording = [PICTURE_ONE, PLACE, PICTURE_TWO, SLACK].concat();
    let start = head.len() + 8;
    let places = [start, start + PICTURE_ONE.len(), start + PICTURE_ONE.len() + PLACE.len()];
    let index = [
        head_box(b"mvhd", 100, &[(12, 600), (16, 1200)]),
        track(
            1,
            b"vide",
            &film_description(),
            &[places[0], places[2]],
            &[PICTURE_ONE.len(), PICTURE_TWO.len()],
        ),
        track(2, b"meta", &wrap(b"camm", &[0; 8]), &[places[1]], &[PLACE.len()]),
        wrap(b"udta", &wrap(b"\xA9xyz", b"\0\x12\x15\xC7SECRET+35.6-139.7/")),
        wrap(b"meta", b"SECRET keys"),
    ]
    .concat();
    [head, wrap(b"mdat", &recording), wrap(b"moov", &index), wrap(b"free", b"SECRET in free space")].concat()
}

/// The same pictures in fragments, as a browser records; between them a piece of another track.
pub(crate) fn fragmented() -> Vec<u8> {
    let mut trex = vec![0; 24];
    trex[7] = 1;
    trex[15] = 40;
    let index = [
        head_box(b"mvhd", 100, &[(12, 1000)]),
        track(1, b"vide", &film_description(), &[], &[]),
        wrap(b"mvex", &wrap(b"trex", &trex)),
    ]
    .concat();
    let mut file = [wrap(b"ftyp", b"iso5\0\0\x02\0iso5mp41"), wrap(b"moov", &index)].concat();
    for picture in [PICTURE_ONE, PICTURE_TWO] {
        let fragment = |offset: usize| {
            let piece = |id: u8, offset: usize, length: usize| {
                let head = [0, 2, 0, 0x10, 0, 0, 0, id, 0, 0, 0, length as u8];
                let run = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, offset as u8];
                wrap(b"traf", &[wrap(b"tfhd", &head), wrap(b"trun", &run), wrap(b"uuid", b"SECRET")].concat())
            };
            let pieces = [piece(1, offset, picture.len()), piece(2, offset + picture.len(), PLACE.len())];
            wrap(b"moof", &[wrap(b"mfhd", &[0; 8]), pieces.concat()].concat())
        };
        let offset = fragment(0).len() + 8;
        file.extend_from_slice(&fragment(offset));
        file.extend_from_slice(&wrap(b"mdat", &[picture, PLACE].concat()));
        file.extend_from_slice(&wrap(b"prft", b"SECRET time of day"));
    }
    file
}

fn head_box(name: &[u8; 4], length: usize, numbers: &[(usize, u32)]) -> Vec<u8> {
    let mut body = vec![0; length];
    body[4..12].fill(b'S');
    for (at, number) in numbers {
        body[*at..at + 4].copy_from_slice(&number.to_be_bytes());
    }
    wrap(name, &body)
}

fn film_description() -> Vec<u8> {
    let mut entry = vec![0; 78];
    entry[7] = 1;
    entry[12..16].copy_from_slice(b"SECR");
    entry[42..57].copy_from_slice(b"SECRET enc name");
    let shape = wrap(b"pasp", b"\0\0\0\x01\0\0\0\x01SECRET");
    let inner = [wrap(b"avcC", &[1, 66, 0, 10]), wrap(b"vexu", b"SECRET"), shape].concat();
    wrap(b"avc1", &[entry, inner].concat())
}

fn track(id: u32, handler: &[u8; 4], description: &[u8], places: &[usize], lengths: &[usize]) -> Vec<u8> {
    let numbers = |numbers: &[usize]| -> Vec<u8> {
        numbers.iter().flat_map(|number| (*number as u32).to_be_bytes()).collect()
    };
    let table = |body: Vec<u8>| [vec![0; 4], body, b"SECRET".to_vec()].concat();
    let count = places.len();
    let tables = [
        wrap(b"stsd", &[&[0; 7][..], &[1], description].concat()),
        wrap(b"stts", &table(numbers(&[1, count, 600]))),
        wrap(b"stsc", &table(numbers(&[1, 1, 1, 1]))),
        wrap(b"stsz", &table([numbers(&[0, count]), numbers(lengths)].concat())),
        wrap(b"stco", &table([numbers(&[count]), numbers(places)].concat())),
        wrap(b"sdtp", b"SECRET"),
    ];
    let reference = wrap(b"dref", &[&[0; 7][..], &[1], &wrap(b"alis", b"\0\0\0\x01SECRET disk")].concat());
    let media = [
        wrap(
            b"minf",
            &[wrap(b"vmhd", &[0; 12]), wrap(b"dinf", &reference), wrap(b"stbl", &tables.concat())].concat(),
        ),
        head_box(b"mdhd", 24, &[(12, 1000), (16, 2000)]),
        wrap(b"hdlr", &[b"\0\0\0\0mhlr", &handler[..], b"appl\0\0\0\0\0\0\0\0\x0BSECRET name"].concat()),
    ];
    // A quarter turn: what was stored 64 by 48 is looked at upright.
    let numbers =
        [(12, id), (20, 1200), (44, 1 << 16), (52, (-1i32 << 16) as u32), (76, 64 << 16), (80, 48 << 16)];
    let parts = [
        head_box(b"tkhd", 84, &numbers),
        wrap(b"udta", b"SECRET"),
        wrap(b"tref", &wrap(b"cdsc", &[0, 0, 0, 1])),
        wrap(b"mdia", &media.concat()),
    ];
    wrap(b"trak", &parts.concat())
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn what_is_seen_stays_where_it_was_and_everything_else_is_zeros() {
    for source in [sample(), fragmented()] {
        let cleaned = clean(&source).unwrap();
        assert_eq!(cleaned.bytes.len(), source.len());
        for secret in [&b"SECR"[..], b"SSSS", b"NIKO", b"appl", b"xyz"] {
            assert!(!holds(&cleaned.bytes, secret), "{}", secret.escape_ascii());
        }
        for picture in [PICTURE_ONE, PICTURE_TWO] {
            let place = |bytes: &[u8]| bytes.windows(picture.len()).position(|window| window == picture);
            assert!(place(&source).is_some());
            assert_eq!(place(&cleaned.bytes), place(&source));
        }
        let changed = cleaned.bytes.iter().zip(&source).filter(|(new, old)| new != old);
        assert!(changed.into_iter().all(|(new, _)| *new == 0 || b"freeisomqt".contains(new)));
        assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
    }
}

#[test]
fn a_film_tells_its_size_upright_and_how_long_it_lasts() {
    let film = prepare_bytes(&sample()).unwrap();
    assert_eq!((film.media_type, film.width, film.height), (MediaType::QuickTime, 48, 64));
    assert_eq!(film.duration_ms, Some(2000));
    assert_eq!((film.size(), film.preview), (sample().len() as u64, None));
    let browser = prepare_bytes(&fragmented()).unwrap();
    assert_eq!((browser.media_type, browser.duration_ms), (MediaType::Mp4, Some(80)));
}

#[test]
fn a_poster_is_looked_at_like_any_picture() {
    let poster = jpeg::tests::sample(40, 20, 6);
    let film = sample();
    let offer = |poster| prepare(Offered { source: &mut Cursor::new(&film), name: "", poster: Some(poster) });
    let preview = offer(&poster).unwrap().preview.unwrap();
    let preview = clean(&preview).unwrap();
    assert_eq!((preview.width, preview.height), (20, 40));
    assert!(matches!(offer(&poster[..90]), Err(MediaError::Damaged { .. })));
    assert!(matches!(offer(&film), Err(MediaError::Unsupported { .. })));
}

#[test]
fn every_cut_is_noticed() {
    for source in [sample(), fragmented()] {
        for end in 8..source.len() {
            match clean(&source[..end]) {
                // Whole parts may be missing at the end; what is there is a film without secrets.
                Ok(cut) => {
                    assert!(!holds(&cut.bytes, b"SECR") && holds(&cut.bytes, PICTURE_ONE), "cut at {end}")
                }
                Err(MediaError::Damaged { .. }) => {}
                Err(error) => panic!("cut at {end}: {error}"),
            }
        }
    }
}

#[test]
fn a_locked_film_and_one_that_lies_elsewhere_are_refused_with_something_to_do() {
    let swap = |from: &[u8], to: &[u8]| {
        let mut film = sample();
        let at = film.windows(from.len()).position(|window| window == from).unwrap();
        film[at..at + to.len()].copy_from_slice(to);
        clean(&film).unwrap_err().to_string()
    };
    assert!(swap(b"avc1", b"encv").contains("locked"));
    assert!(swap(b"avc1", b"wxyz").contains("MP4"));
    assert!(swap(b"alis\0\0\0\x01", b"alis\0\0\0\0").contains("another file"));
    assert!(swap(b"moov", b"m00v").contains("interrupted"));
}

#[test]
fn an_index_that_points_outside_the_recording_is_damage() {
    let source = sample();
    let at = source.windows(4).position(|window| window == b"stco").unwrap() + 12;
    for place in [0u32, 30, u32::MAX] {
        let mut film = source.clone();
        film[at..at + 4].copy_from_slice(&place.to_be_bytes());
        assert!(matches!(clean(&film), Err(MediaError::Damaged { .. })), "{place}");
    }
}

/// A large film is planned without being read: its source breaks down when more than a little is asked for.
#[test]
fn a_large_film_is_never_in_memory() {
    struct Large {
        film: Cursor<Vec<u8>>,
        read: usize,
    }
    impl std::io::Read for Large {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.read += into.len();
            assert!(self.read < 64 << 10, "the recording was read");
            self.film.read(into)
        }
    }
    impl std::io::Seek for Large {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.film.seek(to)
        }
    }
    let mut film = sample();
    film.extend_from_slice(&wrap(b"mdat", &vec![7; 30 << 20]));
    let mut source = Large { film: Cursor::new(film), read: 0 };
    let film = prepare(Offered { source: &mut source, name: "", poster: None }).unwrap();
    assert!(film.size() > 30 << 20);
}
