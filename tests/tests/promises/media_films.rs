//! What leaves a phone with a film or a voice note, judged by exiftool and by ffmpeg.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

use std::io::Cursor;

use fieldfolio_core::media::{self, Advice, Kind, MediaError, MediaType, Note, Offered};
use fieldfolio_tests::exiftool::{self, Findings, holds};
use fieldfolio_tests::films::{self, FILMS, MARKER_TEXTS, Made, SOUNDS};
use fieldfolio_tests::photos;

#[test]
fn the_judges_find_the_marks_in_a_film_as_it_was_made() {
    let films = FILMS.map(|film| (film.name, film.bytes()));
    let found = exiftool::judge(&films.each_ref().map(|(name, bytes)| (*name, bytes.as_slice())));
    for (key, count) in [("QuickTime:GPSCoordinates", 3), ("QuickTime:Title", 5), ("QuickTime:CreateDate", 8)]
    {
        let told = found.iter().filter(|found| found.contains_key(key)).count();
        assert!(told >= count, "{key} is in {told} films");
    }
    for text in MARKER_TEXTS.iter().filter(|text| !text.contains("T10:21:33")) {
        assert!(films.iter().any(|(_, bytes)| holds(bytes, text)), "no film tells {text:?}");
    }
}

#[test]
fn a_film_loses_every_mark_and_no_frame() {
    for film in FILMS {
        assert_clean(film, Kind::Film);
    }
}

#[test]
fn a_voice_note_loses_every_mark_and_no_sound() {
    for sound in SOUNDS {
        assert_clean(sound, Kind::Sound);
    }
}

fn assert_clean(made: Made, kind: Kind) {
    let name = made.name;
    let source = made.bytes();
    let mut file = Cursor::new(&source);
    let prepared = media::prepare(Offered { source: &mut file, name: "", poster: None }).expect(name);
    assert_eq!(prepared.media_type.kind(), kind, "{name}");
    let lasts = prepared.duration_ms.unwrap();
    assert!(lasts.abs_diff(2000) < 120, "{name} lasts {lasts} ms");
    let mut cleaned = Vec::new();
    prepared.write(&mut file, &mut cleaned).unwrap();
    assert_eq!(prepared.size(), cleaned.len() as u64);
    for text in MARKER_TEXTS {
        assert!(!holds(&cleaned, text), "{name} still holds {text:?}");
    }
    assert_eq!(films::frames(name, &source), films::frames(name, &cleaned), "{name} changed");
    assert_tells_nothing(name, &exiftool::judge(&[(name, &cleaned)])[0]);
    assert!(media::clean(&cleaned).unwrap().bytes == cleaned, "{name} changes when it is cleaned again");
}

/// What a player can't do without, by exiftool's names. Dates are here because theirs are zero.
const PLAYED: [&str; 73] = [
    "AVCConfiguration",
    "AudioChannelTypes",
    "AudioBitsPerSample",
    "AudioChannels",
    "AudioFormat",
    "AudioSampleRate",
    "AverageBitrate",
    "Balance",
    "BitDepth",
    "BufferSize",
    "ChunkOffset",
    "CompatibleBrands",
    "CompositionTimeToSample",
    "CompressorID",
    "CreateDate",
    "CurrentTime",
    "Endianness",
    "Duration",
    "Free",
    "GraphicsMode",
    "HandlerClass",
    "HandlerType",
    "ImageHeight",
    "ImageWidth",
    "LayoutFlags",
    "MajorBrand",
    "MatrixStructure",
    "MaxBitrate",
    "MediaCreateDate",
    "MediaData",
    "MediaDataOffset",
    "MediaDataSize",
    "MediaDuration",
    "MediaHeaderVersion",
    "MediaLanguageCode",
    "MediaModifyDate",
    "MediaTimeScale",
    "MinorVersion",
    "ModifyDate",
    "MovieFragmentSequence",
    "MovieHeaderVersion",
    "NextTrackID",
    "NumChannelDescriptions",
    "OpColor",
    "PixelAspectRatio",
    "PosterTime",
    "PreferredRate",
    "PreferredVolume",
    "PreviewDuration",
    "PreviewTime",
    "PurchaseFileFormat",
    "SampleGroupDescription",
    "SampleSizes",
    "SampleToChunk",
    "SampleToGroup",
    "SelectionDuration",
    "SelectionTime",
    "SourceImageHeight",
    "SourceImageWidth",
    "SyncSampleTable",
    "TimeScale",
    "TimeToSampleTable",
    "TrackCreateDate",
    "TrackDuration",
    "TrackHeaderVersion",
    "TrackID",
    "TrackLayer",
    "TrackModifyDate",
    "TrackVolume",
    "VideoFieldOrder",
    "VideoFrameRate",
    "XResolution",
    "YResolution",
];

/// Every finding must be one that a player can't do without.
fn assert_tells_nothing(name: &str, found: &Findings) {
    for (key, value) in found {
        let (group, tag) = key.split_once(':').unwrap_or(("", key));
        let harmless = match group {
            "" | "File" | "Composite" | "ExifTool" => !tag.contains("GPS") && tag != "Comment",
            // Parts that exiftool only knows by name hold a decoder's settings, or zeros.
            "QuickTime" => PLAYED.contains(&tag) || tag.starts_with("Unknown_"),
            "RIFF" => [
                "Encoding",
                "NumChannels",
                "SampleRate",
                "AvgBytesPerSec",
                "BitsPerSample",
                "NumberOfSamples",
            ]
            .contains(&tag),
            "MPEG" | "AAC" => tag != "Encoder",
            "FLAC" => !["Padding", "Picture"].contains(&tag),
            "Opus" => ["OpusVersion", "AudioChannels", "SampleRate", "OutputGain"].contains(&tag),
            "Vorbis" => {
                ["VorbisVersion", "AudioChannels", "SampleRate", "NominalBitrate", "Vendor"].contains(&tag)
            }
            _ => false,
        };
        let is_told = group == "QuickTime" && tag.ends_with("Date") && value != "0000:00:00 00:00:00"
            || tag == "Vendor" && value != "";
        assert!(harmless && !is_told, "{name} still tells {key}: {value}");
    }
}

#[test]
fn a_film_whose_sound_or_picture_is_not_known_is_refused_and_never_taken_without_it() {
    for (name, codec, advice) in [
        ("flac.mp4", b"fLaC", Advice::FilmSound),
        ("phone.mp4", b"mp4a", Advice::FilmSound),
        ("phone.mp4", b"avc1", Advice::RareFilm),
    ] {
        let mut film = film_named(name);
        let index = film.windows(4).rposition(|name| name == b"moov").unwrap();
        let at = index + film[index..].windows(4).position(|name| name == codec).unwrap();
        film[at..at + 4].copy_from_slice(b"zzzz");
        let refused = media::prepare_bytes(&film).unwrap_err();
        assert_eq!(refused, MediaError::Unsupported { advice }, "{name}");
    }
}

#[test]
fn what_a_film_loses_beside_its_metadata_is_said() {
    for (name, notes) in [("phone.mp4", &[][..]), ("timecode.mov", &[]), ("captions.mp4", &[Note::Captions])]
    {
        assert_eq!(media::prepare_bytes(&film_named(name)).unwrap().notes, notes, "{name}");
    }
}

#[test]
fn what_a_maker_puts_behind_a_film_is_cut_off_and_a_film_cut_short_is_not_taken_for_one() {
    let film = film_named("phone.mp4");
    let whole = media::clean(&film).unwrap();
    for tail in
        [&b"\r\n\0"[..], b"Lumbricus", &[b'X'; 100], &[0xFF, 0xFF, 0xFF, 0xFF, b'm', b'k', b'r', b'!', 1]]
    {
        let longer = [&film[..], tail].concat();
        assert_eq!(media::prepare_bytes(&longer).unwrap().notes, [Note::Tail]);
        assert_eq!(media::clean(&longer).unwrap(), whole);
    }
    let index_first = film_named("index-first.mp4");
    for lost in [1, 9, 5000] {
        let cut = media::clean(&index_first[..index_first.len() - lost]);
        assert!(matches!(cut, Err(MediaError::Damaged { .. })), "{lost}: {cut:?}");
    }
}

fn film_named(name: &str) -> Vec<u8> {
    FILMS.iter().find(|film| film.name == name).unwrap().bytes()
}

#[test]
fn a_film_lying_on_its_side_is_measured_upright() {
    let film = FILMS.iter().find(|film| film.name == "sideways.mp4").unwrap();
    let upright = media::prepare_bytes(&film.bytes()).unwrap();
    assert_eq!((upright.width, upright.height), (120, 160));
    assert_eq!(upright.preview, None);
}

#[test]
fn a_film_comes_with_the_picture_that_the_client_made_of_it() {
    let film = FILMS[0].bytes();
    let poster = photos::field_photo(4, 96, 64);
    let offered = Offered { source: &mut Cursor::new(&film), name: "", poster: Some(&poster) };
    let prepared = media::prepare(offered).unwrap();
    assert_eq!((prepared.media_type, prepared.width, prepared.height), (MediaType::Mp4, 160, 120));
    let preview = media::clean(&prepared.preview.unwrap()).unwrap();
    assert_eq!((preview.width, preview.height), (96, 64));
    assert!(prepared.placeholder.len() > 5);
}

#[test]
fn a_film_cut_short_on_its_way_is_refused_or_clean() {
    for made in FILMS.into_iter().chain(SOUNDS) {
        let bytes = made.bytes();
        for hundredths in 1..100 {
            match media::clean(&bytes[..bytes.len() * hundredths / 100]) {
                Ok(cut) => {
                    for text in MARKER_TEXTS {
                        assert!(!holds(&cut.bytes, text), "{} at {hundredths}: {text:?}", made.name);
                    }
                }
                Err(MediaError::Damaged { .. }) => {}
                Err(error) => panic!("{} at {hundredths} hundredths: {error}", made.name),
            }
        }
    }
}

#[test]
fn no_mutation_of_a_film_panics() {
    let seeds: Vec<Vec<u8>> = FILMS.into_iter().chain(SOUNDS).map(Made::bytes).collect();
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    let mut roll = move |sides: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 11) as usize % sides
    };
    for round in 0..2000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..=roll(6) {
            // Most of a film is its recording; what is looked at lies at the beginning and at the end.
            let near = roll(bytes.len().min(3000));
            let at = if roll(2) == 0 { near } else { bytes.len() - 1 - near };
            bytes[at] = roll(256) as u8;
        }
        let _ = media::prepare_bytes(&bytes);
    }
}
