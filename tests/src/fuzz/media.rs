//! What must hold of every file that is looked into. It names `fieldfolio_media` alone: `fuzz/fuzz_targets/media.rs` has
//! this file as its own, so that cargo-fuzz builds little more than the readers themselves.

use fieldfolio_media::{self as media, PREVIEW_SIDE};

/// Photos, films, sounds, documents: what was cleaned is within its bounds, is what is stored, and is clean. Each is read
/// with its own checksums and with right ones.
pub fn media_files(bytes: &[u8]) {
    taken(bytes);
    let mended = with_right_checksums(bytes);
    if mended != bytes {
        taken(&mended);
    }
}

fn taken(bytes: &[u8]) {
    let Ok(cleaned) = media::clean(bytes) else {
        assert!(media::prepare_bytes(bytes).is_err(), "what can't be cleaned is not taken");
        return;
    };
    assert!(cleaned.bytes.len() as u64 <= cleaned.media_type.kind().max_bytes());
    assert_eq!(media::clean(&cleaned.bytes).as_ref(), Ok(&cleaned), "cleaning twice changes nothing more");
    if let Ok(prepared) = media::prepare_bytes(bytes) {
        assert_eq!(prepared.size(), cleaned.bytes.len() as u64);
        let mut stored = Vec::new();
        let written = prepared.write(&mut std::io::Cursor::new(bytes), &mut stored);
        assert_eq!((written, stored), (Ok(()), cleaned.bytes));
        if let Some(preview) = prepared.preview {
            let preview = media::clean(&preview).expect("a preview is a photo");
            assert!(preview.width <= PREVIEW_SIDE && preview.height <= PREVIEW_SIDE);
        }
    }
}

/// The same with right checksums, where it is a PNG or Ogg: a sum keeps nobody out.
fn with_right_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut mended = bytes.to_vec();
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        mend_chunks(&mut mended);
    } else if bytes.starts_with(b"OggS") {
        mend_pages(&mut mended);
    }
    mended
}

fn mend_chunks(png: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4).and_then(|length| length.try_into().ok()) {
        let end = at + 8 + u32::from_be_bytes(length) as usize;
        let Some(summed) = png.get(at + 4..end) else { return };
        let sum = summed.iter().fold(!0, |sum, byte| add(sum, byte.reverse_bits()));
        let sum = (!sum).reverse_bits().to_be_bytes();
        let Some(place) = png.get_mut(end..end + 4) else { return };
        place.copy_from_slice(&sum);
        at = end + 4;
    }
}

fn mend_pages(ogg: &mut [u8]) {
    let mut at = 0;
    while ogg.get(at..at + 4) == Some(b"OggS") {
        let Some(segments) = ogg.get(at + 26).map(|count| usize::from(*count)) else { return };
        let Some(lengths) = ogg.get(at + 27..at + 27 + segments) else { return };
        let body: usize = lengths.iter().map(|length| usize::from(*length)).sum();
        let Some(page) = ogg.get_mut(at..at + 27 + segments + body) else { return };
        page[22..26].fill(0);
        let sum = page.iter().fold(0, |sum, byte| add(sum, *byte));
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        at += page.len();
    }
}

/// One more byte of a CRC-32, bit by bit: of Ogg's as it stands; PNG's is the same with all bits the other way round.
fn add(sum: u32, byte: u8) -> u32 {
    (0..8).fold(
        sum ^ u32::from(byte) << 24,
        |sum, _| {
            if sum >> 31 == 1 { sum << 1 ^ 0x04C1_1DB7 } else { sum << 1 }
        },
    )
}
