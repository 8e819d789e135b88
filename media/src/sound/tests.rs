//! Recordings made by hand: frames that hold silence, with words before, between and behind them.

use super::super::{Advice, MediaError, MediaType, Note, clean, prepare_bytes};
use super::{amr, flac, id3_length};

fn id3() -> Vec<u8> {
    [&b"ID3\x04\0\0\0\0\0\x0C"[..], b"TPE1 SECRET "].concat()
}

/// A frame of this many bytes in all.
fn frame(head: &[u8], length: usize) -> Vec<u8> {
    [head, &vec![0x55; length - head.len()]].concat()
}

fn id3v1() -> Vec<u8> {
    [&b"TAGSECRET"[..], &[0; 119]].concat()
}

pub(crate) fn mp3() -> Vec<u8> {
    let sound = frame(&[0xFF, 0xFB, 0x90, 0x64], 417);
    let index = [&frame(&[0xFF, 0xFB, 0x90, 0x64], 36)[..], b"Info\0\0\0\0", &[0; 373]].concat();
    [id3(), index, sound.clone(), id3(), sound, b"APETAGEX SECRET".to_vec(), id3v1()].concat()
}

pub(crate) fn aac() -> Vec<u8> {
    let sound = frame(&[0xFF, 0xF1, 0x50, 0x40, 0x02, 0xBF, 0xFC], 21);
    [id3(), sound.clone(), sound.clone(), sound, id3v1()].concat()
}

pub(crate) fn narrow() -> Vec<u8> {
    [amr::NARROW, &frame(&[0x3C], 32), &frame(&[0x04], 13), &[0x7C]].concat()
}

pub(crate) fn wide() -> Vec<u8> {
    [amr::WIDE, &frame(&[0x44], 61), &frame(&[0x4C], 6)].concat()
}

pub(crate) fn flac() -> Vec<u8> {
    let mut info = [&[0, 192, 0, 192][..], &[0; 6]].concat();
    info.extend_from_slice(&(8_000u64 << 44 | 15 << 36 | 384).to_be_bytes());
    info.extend_from_slice(&[0; 16]);
    let mut file = [id3(), flac::MARK.to_vec(), vec![0, 0, 0, 34], info].concat();
    file.extend_from_slice(b"\x04\0\0\x0CTITLE=SECRET\x03\0\0\x12");
    file.extend_from_slice(&[0; 18]);
    file.extend_from_slice(b"\x86\0\0\x0Ea SECRET photo");
    for number in 0..2 {
        file.extend_from_slice(&flac::summed(&[0xFF, 0xF8, 0x10, 0, number], &[0, 0, 7]));
    }
    [file, id3v1()].concat()
}

#[test]
fn the_frames_stay_and_the_words_go() {
    for (source, media_type, lasts) in [
        (mp3(), MediaType::Mp3, 52),
        (aac(), MediaType::Aac, 69),
        (narrow(), MediaType::Amr, 60),
        (wide(), MediaType::AmrWide, 40),
        (flac(), MediaType::Flac, 48),
    ] {
        let prepared = prepare_bytes(&source).unwrap();
        assert_eq!((prepared.media_type, prepared.duration_ms), (media_type, Some(lasts)));
        assert_eq!(prepared.notes, [], "{media_type:?}");
        let cleaned = clean(&source).unwrap();
        assert!(!cleaned.bytes.windows(6).any(|window| window == b"SECRET"), "{media_type:?}");
        assert_eq!(clean(&cleaned.bytes).unwrap(), cleaned);
    }
    assert_eq!(clean(&mp3()).unwrap().bytes.len(), 3 * 417);
    assert_eq!(clean(&flac()).unwrap().bytes.len(), 4 + 38 + 22 + 2 * 11);
    assert_eq!(clean(&narrow()).unwrap().bytes, narrow());
}

#[test]
fn a_cut_falls_between_two_frames_or_is_said() {
    for source in [mp3(), aac(), narrow(), wide(), flac()] {
        for end in 12..source.len() {
            match prepare_bytes(&source[..end]) {
                Ok(cut) => assert!(cut.size() <= end as u64, "cut at {end}"),
                Err(MediaError::Damaged { .. } | MediaError::Unsupported { .. }) => {}
                Err(error) => panic!("cut at {end}: {error}"),
            }
        }
    }
    for (source, left) in [(mp3(), 100), (aac(), 15)] {
        let cut = prepare_bytes(&source[..id3().len() + left]);
        assert!(matches!(cut, Err(MediaError::Damaged { .. })), "{cut:?}");
    }
    let whole = narrow();
    assert_eq!(prepare_bytes(&whole[..whole.len() - 3]).unwrap().notes, [Note::Tail]);
    assert!(matches!(prepare_bytes(&flac()[..130]), Err(MediaError::Damaged { .. })));
}

#[test]
fn what_is_no_frame_is_passed_over_and_said() {
    let sound = frame(&[0xFF, 0xFB, 0x90, 0x64], 417);
    let gap = [&b"\0\0a maker's words \xFF\xFB\x90\x64 and more"[..], &[0xFF; 20]].concat();
    let source = [&sound[..], &sound, &gap, &sound, &sound].concat();
    let prepared = prepare_bytes(&source).unwrap();
    assert_eq!((prepared.size(), prepared.notes), (4 * 417, vec![Note::Tail]));
    let padded = [&sound[..], &sound, &[0; 500]].concat();
    assert_eq!(prepare_bytes(&padded).unwrap().notes, []);
}

#[test]
fn a_frame_of_flac_that_is_broken_is_damage() {
    let source = flac();
    let at = source.len() - 128 - 4;
    let mut broken = source.clone();
    broken[at] ^= 1;
    assert!(matches!(clean(&broken), Err(MediaError::Damaged { .. })));
}

#[test]
fn other_sounds_are_refused_in_words_about_sound() {
    let second = frame(&[0xFF, 0xFD, 0xA4, 0x04], 576);
    let others: [&[u8]; 6] = [
        &[&second[..], &second].concat(),
        b"FORM\0\0\0\x20AIFFCOMM",
        b"caff\0\x01\0\0desc",
        b"MThd\0\0\0\x06",
        b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\0\xAA\0\x62\xCE\x6C",
        b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\xAE\x83\x81\x02",
    ];
    for bytes in others {
        assert_eq!(clean(bytes), Err(MediaError::Unsupported { advice: Advice::OtherSound }), "{bytes:?}");
    }
    let tagged = [&id3()[..], others[0]].concat();
    assert_eq!(clean(&tagged), Err(MediaError::Unsupported { advice: Advice::OtherSound }));
    let free = [&id3()[..], &frame(&[0xFF, 0xFB, 0x00, 0x64], 417)].concat();
    assert_eq!(clean(&free), Err(MediaError::Unsupported { advice: Advice::RareSound }));
}

#[test]
fn a_tag_says_how_long_it_is() {
    assert_eq!(id3_length(b"ID3\x03\0\0\0\0\x01\x02"), Some(140));
    assert_eq!(id3_length(b"ID3\x04\0\x10\0\0\0\x02"), Some(22));
    assert_eq!(id3_length(b"ID3 in words"), None);
    assert_eq!(id3_length(b"ID3\x03\0\0\0\0\x80\x02"), None);
}
