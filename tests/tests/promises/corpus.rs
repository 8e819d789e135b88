//! Files as other programs, phones and makers write them, each with what becomes of it.
//!
//! They lie in `data/files` below `FIELDFOLIO_SHARED`.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

use std::io::Cursor;

use fieldfolio_core::media::{self, MediaError, MediaType, Note, Offered};
use fieldfolio_tests::{exiftool, films, photos};

/// A file that is taken: its name, how ffmpeg should call it, what it is taken as, and what is said of it.
struct Taken {
    file: &'static str,
    ending: &'static str,
    media_type: MediaType,
    notes: &'static [Note],
}

const fn taken(
    file: &'static str,
    ending: &'static str,
    media_type: MediaType,
    notes: &'static [Note],
) -> Taken {
    Taken { file, ending, media_type, notes }
}

/// Pictures, films and sounds.
const SEEN_AND_HEARD: [Taken; 11] = [
    taken("a2-noeoi-only.jpg", "jpg", MediaType::Jpeg, &[]),
    taken("d1-cicp-pq.png", "png", MediaType::Png, &[]),
    taken("d2-cicp-p3.png", "png", MediaType::Png, &[]),
    taken("e1-anim.png", "apng", MediaType::Png, &[]),
    taken("e2-anim-default-image.png", "apng", MediaType::Png, &[]),
    taken("g1-gif-no-trailer.gif", "gif", MediaType::Gif, &[Note::NoEnd]),
    taken("m1-h264-flac.mp4", "mp4", MediaType::Mp4, &[]),
    taken("m20-insta360-trailer.mp4", "mp4", MediaType::Mp4, &[Note::Tail]),
    taken("m24-junk3.mp4", "mp4", MediaType::Mp4, &[Note::Tail]),
    taken("s2.aac", "aac", MediaType::Aac, &[]),
    taken("s4-22k.mp3", "mp3", MediaType::Mp3, &[]),
];

/// Texts that makers and programs leave in files, and that no cleaned one holds.
const PRIVATE: [&str; 6] = ["Lavf", "Insta360", "GPS", "http://ns.adobe.com", "XXXX", "\u{a9}xyz"];

#[test]
fn pictures_films_and_sounds_are_taken_and_lose_nothing_that_is_seen_or_heard() {
    for taken in SEEN_AND_HEARD {
        let Some(source) = bytes(taken.file) else { return };
        let cleaned = cleaned(&taken, &source);
        let name = format!("file.{}", taken.ending);
        // A file without its end is one that ffmpeg complains of.
        let (before, _) = films::frames_and_complaints(&name, &source);
        assert_eq!(before, films::frames(&name, &cleaned), "{} changed", taken.file);
    }
}

/// Files that are refused, and what is said of them: behind its mark this one has noise, which ffmpeg calls a
/// corrupt bitstream, too.
const REFUSED: [(&str, &str); 1] = [("s1.amr", "M4A")];

#[test]
fn what_no_player_makes_sense_of_is_refused_in_words() {
    for (file, words) in REFUSED {
        let Some(source) = bytes(file) else { return };
        let error = media::prepare_bytes(&source).unwrap_err();
        assert!(
            matches!(error, MediaError::Unsupported { .. }) && error.to_string().contains(words),
            "{error}"
        );
    }
}

#[test]
fn two_pictures_that_differ_in_their_colours_stay_two() {
    let (Some(bright), Some(wide)) = (bytes("d1-cicp-pq.png"), bytes("d2-cicp-p3.png")) else { return };
    assert_ne!(media::clean(&bright).unwrap(), media::clean(&wide).unwrap());
}

/// Takes the file as a device does and looks at what is left of it.
fn cleaned(taken: &Taken, source: &[u8]) -> Vec<u8> {
    let mut file = Cursor::new(source);
    let offered = Offered { source: &mut file, name: taken.file, poster: None };
    let prepared = media::prepare(offered).unwrap_or_else(|error| panic!("{}: {error}", taken.file));
    assert_eq!((prepared.media_type, &prepared.notes[..]), (taken.media_type, taken.notes), "{}", taken.file);
    let mut cleaned = Vec::new();
    prepared.write(&mut file, &mut cleaned).unwrap();
    for text in PRIVATE {
        assert!(!exiftool::holds(&cleaned, text), "{} still holds {text:?}", taken.file);
    }
    let found = &exiftool::judge(&[(taken.file, &cleaned)])[0];
    for key in found.keys() {
        let is_private = ["GPS", "Serial", "Author", "Owner", "Make", "Model", "Title", "Comment"];
        assert!(!is_private.iter().any(|tag| key.contains(tag)), "{} still tells {key}", taken.file);
    }
    cleaned
}

/// The bytes of a file of the corpus; none where it was not brought along.
fn bytes(name: &str) -> Option<Vec<u8>> {
    let files = photos::shared_files("data/files", "files of other programs")?;
    let path = files.into_iter().find(|path| path.ends_with(name));
    Some(std::fs::read(path.unwrap_or_else(|| panic!("{name} is missing"))).unwrap())
}
