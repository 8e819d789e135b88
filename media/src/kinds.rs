//! The kinds of evidence, by the names the rest of the world knows them by.

/// What kind of thing a file is to the one who looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Picture,
    Film,
    Sound,
    Document,
}

impl Kind {
    /// The most bytes a file of this kind may have: pictures and documents are held in memory, films and sounds
    /// stream.
    pub const fn max_bytes(self) -> u64 {
        match self {
            Self::Picture | Self::Document => super::MAX_BYTES as u64,
            Self::Film | Self::Sound => super::MAX_STREAM_BYTES,
        }
    }
}

/// The kinds of file that can be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    Jpeg,
    Png,
    Webp,
    Gif,
    Heic,
    Avif,
    Mp4,
    QuickTime,
    M4a,
    Ogg,
    Wav,
    Mp3,
    Aac,
    Flac,
    Amr,
    AmrWide,
    Pdf,
    Text,
    Docx,
    Xlsx,
    Pptx,
    Odt,
    Ods,
    Odp,
}

impl MediaType {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::Jpeg,
        Self::Png,
        Self::Webp,
        Self::Gif,
        Self::Heic,
        Self::Avif,
        Self::Mp4,
        Self::QuickTime,
        Self::M4a,
        Self::Ogg,
        Self::Wav,
        Self::Mp3,
        Self::Aac,
        Self::Flac,
        Self::Amr,
        Self::AmrWide,
        Self::Pdf,
        Self::Text,
        Self::Docx,
        Self::Xlsx,
        Self::Pptx,
        Self::Odt,
        Self::Ods,
        Self::Odp,
    ];

    /// The name in headers and documents: `image/jpeg`, `video/mp4`, `application/pdf` …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Heic => "image/heic",
            Self::Avif => "image/avif",
            Self::Mp4 => "video/mp4",
            Self::QuickTime => "video/quicktime",
            Self::M4a => "audio/mp4",
            Self::Ogg => "audio/ogg",
            // Never registered, but what every browser and phone says.
            Self::Wav => "audio/wav",
            Self::Mp3 => "audio/mpeg",
            Self::Aac => "audio/aac",
            Self::Flac => "audio/flac",
            Self::Amr => "audio/amr",
            Self::AmrWide => "audio/amr-wb",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Odp => "application/vnd.oasis.opendocument.presentation",
        }
    }

    /// The type with this name, as [`as_str`](Self::as_str) writes it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|media_type| media_type.as_str() == text)
    }

    /// What a file of this type is called after the dot: `jpg`, `mp4`, `pdf` …
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Heic => "heic",
            Self::Avif => "avif",
            Self::Mp4 => "mp4",
            Self::QuickTime => "mov",
            Self::M4a => "m4a",
            Self::Ogg => "ogg",
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Aac => "aac",
            Self::Flac => "flac",
            Self::Amr => "amr",
            Self::AmrWide => "awb",
            Self::Pdf => "pdf",
            Self::Text => "txt",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Pptx => "pptx",
            Self::Odt => "odt",
            Self::Ods => "ods",
            Self::Odp => "odp",
        }
    }

    /// What it is to the one who looks at it.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::Gif | Self::Heic | Self::Avif => Kind::Picture,
            Self::Mp4 | Self::QuickTime => Kind::Film,
            Self::M4a
            | Self::Ogg
            | Self::Wav
            | Self::Mp3
            | Self::Aac
            | Self::Flac
            | Self::Amr
            | Self::AmrWide => Kind::Sound,
            Self::Pdf
            | Self::Text
            | Self::Docx
            | Self::Xlsx
            | Self::Pptx
            | Self::Odt
            | Self::Ods
            | Self::Odp => Kind::Document,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_reads_back_from_its_name() {
        for media_type in MediaType::ALL {
            assert_eq!(MediaType::parse(media_type.as_str()), Some(media_type));
        }
        assert_eq!(MediaType::parse("image/JPEG"), None);
        assert_eq!(MediaType::Jpeg.extension(), "jpg");
    }
}
