//! What each cleaner keeps, drops and refuses, as a table for people. Names of parts come from the cleaners' own lists.

use super::{film, gif, jpeg, png, sound, still, wav, webp};

/// What happens to one kind of file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaner {
    pub files: &'static str,
    pub kept: &'static str,
    /// The names of the parts that are kept, where a format has names for its parts; else empty.
    pub parts: Vec<String>,
    pub dropped: &'static str,
    /// What is dropped and said to the person, or why a file is not taken.
    pub said: &'static str,
}

/// All cleaners.
pub fn cleaners() -> Vec<Cleaner> {
    let row = |files, kept, parts, dropped, said| Cleaner { files, kept, parts, dropped, said };
    vec![
        row(
            "JPEG",
            "every pixel bit for bit, the colours, which way is up",
            jpeg::KEPT.map(str::to_owned).to_vec(),
            "EXIF, XMP, IPTC, comments, maker notes, thumbnails, whatever follows the picture",
            "said: a moving photo's film, a gain map, other views, bytes behind the end; refused: lossless, arithmetic, hierarchical, 12 bits, what ends before its last block",
        ),
        row(
            "PNG, also animated",
            "every pixel and frame, the colours, which way is up",
            names(png::BUILT.into_iter().chain(png::KEPT.iter().map(|(name, _)| *name))),
            "texts, times, EXIF, XMP, suggested palettes, chunks of programs",
            "said: bytes behind the end; refused: PNGs out of an iPhone app, an animation beyond 16 megapixels or with a frame missing",
        ),
        row(
            "WebP, also animated",
            "every pixel and frame, the colours, which way is up",
            names(webp::KEPT),
            "EXIF, XMP, chunks of programs",
            "said: bytes behind the end; refused: an animation beyond 16 megapixels",
        ),
        row(
            "GIF",
            "every frame, its timing, how often it repeats",
            gif::KEPT.map(str::to_owned).to_vec(),
            "comments, plain texts, XMP, blocks of programs",
            "said: a missing end mark, bytes behind the end; refused: an animation beyond 16 megapixels",
        ),
        row(
            "HEIC, AVIF",
            "the picture that is shown first, what it is made of, where it is transparent",
            names(still::PICTURES.into_iter().chain(still::PROPERTIES)),
            "EXIF, XMP, thumbnails",
            "said: gain maps, depth, other pictures and movement, a moving photo's film, bytes behind the end; refused: where the device can't show it, rare kinds",
        ),
        row(
            "films and recordings in MP4, MOV, 3GP, M4A",
            "every frame and sound, where they stood in the file",
            names(film::SEEN.into_iter().chain(film::HEARD).chain(film::BOXES)),
            "place, device, names, times, covers, the camera's clock, measurements over time and their samples",
            "said: captions and chapters, other tracks, bytes behind the end; refused: a picture or sound track in any other codec, locked or compressed ones, what lies in another file, what is cut short",
        ),
        row(
            "Ogg",
            "one recording in Opus or Vorbis",
            Vec::new(),
            "the comment header: titles, names, places, pictures",
            "said: bytes behind the end; refused: several streams, at once or in turn, and any other codec",
        ),
        row(
            "WAV",
            "the format and every sample",
            names(wav::KEPT),
            "INFO, bext, iXML, ID3, XMP, marks and their labels",
            "said: bytes behind the end; refused: rare codecs, what is cut short",
        ),
        row(
            "MP3, AAC (ADTS)",
            "every frame; what the encoder wrote into frames",
            Vec::new(),
            "ID3, APE and Lyrics3 tags, wherever they stand",
            "said: bytes between and behind the frames that are no tag; refused: layers I and II",
        ),
        row(
            "FLAC",
            "every frame, summed up; how it is stored, where to seek",
            sound::FLAC_KEPT.map(str::to_owned).to_vec(),
            "Vorbis comments, pictures, cue sheets, blocks of programs, ID3 tags",
            "refused: what is cut short or broken",
        ),
        row(
            "AMR, narrow and wide",
            "every frame",
            Vec::new(),
            "nothing: it has no place for more",
            "said: a last frame that is cut short; refused: several channels, what is no frame",
        ),
        row(
            "PDF",
            "its pages, written anew",
            Vec::new(),
            "author, history, programs, attached files, metadata of photos in it",
            "refused: locked with a password, what can't be read with certainty",
        ),
        row(
            "office files: DOCX, XLSX, PPTX, ODT, ODS, ODP",
            "words, sheets and pictures; names in comments and tracked changes",
            Vec::new(),
            "author, dates, printers; of photos in them what is taken from photos",
            "refused: macros, signatures, passwords, TIFF and HEIC inside",
        ),
        row(
            "plain text",
            "as it is",
            Vec::new(),
            "nothing: it has no place for more than its words",
            "refused: markup, RTF, contact cards, what is not text to its end",
        ),
    ]
}

fn names<'a>(parts: impl IntoIterator<Item = &'a [u8; 4]>) -> Vec<String> {
    parts.into_iter().map(|name| String::from_utf8_lossy(name).trim_end().to_owned()).collect()
}

/// The table in Markdown.
pub fn markdown() -> String {
    let rows = cleaners().into_iter().map(|row| {
        let parts: Vec<String> = row.parts.iter().map(|part| format!("`{part}`")).collect();
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(" ")) };
        format!("| {} | {}{parts} | {} | {} |\n", row.files, row.kept, row.dropped, row.said)
    });
    let head = "| files | what stays | what goes without a word | what is said, what is refused |\n|---|---|---|---|\n";
    std::iter::once(head.to_owned()).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::super::MediaType;
    use super::*;

    #[test]
    fn every_type_that_is_taken_stands_in_the_table() {
        let table = markdown().to_lowercase();
        for media_type in MediaType::ALL {
            let name = match media_type {
                MediaType::Jpeg => "jpeg",
                MediaType::Text => "plain text",
                MediaType::AmrWide => "wide",
                _ => media_type.extension(),
            };
            assert!(table.contains(name), "{name}");
        }
    }

    #[test]
    fn parts_that_tell_something_are_in_no_list() {
        let parts: Vec<String> = cleaners().into_iter().flat_map(|row| row.parts).collect();
        for private in
            ["tEXt", "iTXt", "zTXt", "tIME", "XMP", "LIST", "bext", "jpeg", "udta", "VORBIS_COMMENT"]
        {
            assert!(parts.iter().all(|part| part != private), "{private}");
        }
    }
}
