//! What to say of a file: why it can't be stored and what to do instead, or what of it is left out. Each is a code for
//! the catalogues of apps, and a sentence in English.

macro_rules! sentences {
    ($(#[$about:meta])* $kind:ident { $($name:ident $code:literal $text:literal;)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind { $(#[doc = $text] $name),* }

        impl $kind {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What a catalogue of words is keyed by.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => concat!("media_", $code)),* }
            }

            /// The sentence, in English.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.text())
            }
        }
    };
}

sentences! {
    /// What a person can do instead of choosing this file.
    Advice {
        AppPng "png_app" "PNGs taken out of an iPhone app can't be stored: save the picture as JPEG";
        Tiff "tiff" "TIFF and raw photos can't be stored: set the camera to JPEG";
        Bmp "bmp" "BMP pictures can't be stored: save the picture as JPEG or PNG";
        JpegXl "jxl" "JPEG XL photos can't be stored yet: set the camera to JPEG";
        OldOffice "office_old" "this is an office file of an old kind, or one locked with a password: save it as DOCX, XLSX, PPTX or PDF";
        PdfForm "pdf_form" "this PDF is a form that only Acrobat can show, and what is filled in would be lost: open it in Acrobat, print it as a PDF, and choose that";
        PdfPortfolio "pdf_portfolio" "this PDF is an album of documents (a portfolio): take the documents out and choose them one by one";
        Program "program" "programs can't be stored: film the screen, or save the source as text";
        Archive "archive" "archives can't be stored: choose the files inside one by one";
        Keynote "keynote" "Keynote files can't be stored: in Keynote, export the slides as PDF (or as PowerPoint), and choose that";
        Pages "pages" "Pages files can't be stored: in Pages, export the text as PDF (or as Word), and choose that";
        Numbers "numbers" "Numbers files can't be stored: in Numbers, export the table as PDF (or as Excel), and choose that";
        AppleOffice "apple_office" "files of Pages, Numbers and Keynote can't be stored: export them there as PDF, and choose that";
        Scratch "scratch" "Scratch projects can't be stored: share the project and write down its link, or film the screen";
        GeoGebra "geogebra" "GeoGebra files can't be stored: in GeoGebra, export a picture or a PDF, or share it and write down its link";
        Ebook "ebook" "e-books can't be stored: print the pages that matter as PDF, or take a photo of them";
        OtherOffice "office_other" "this kind of office file (a drawing, a template, a formula) can't be stored: save it as PDF, and choose that";
        OtherFilm "film_other" "films in WebM, Matroska, AVI, Windows Media or MPEG can't be stored: save or share the film as MP4";
        OtherSound "sound_other" "recordings of this kind (AIFF, WMA, CAF, MIDI, MP2 and others) can't be stored: save the recording as M4A, MP3 or WAV";
        RareSound "sound_rare" "this recording is encoded in a way that is not known here: save it as an ordinary M4A (AAC), MP3 or WAV";
        Unknown "unknown_kind" "this kind of file can't be stored: save a picture as JPEG or PNG, a film as MP4, a page as PDF";
        RareWav "wav_rare" "this rare kind of WAV can't be stored: save the recording as M4A, or as WAV with plain PCM";
        RareJpeg "jpeg_rare" "this rare kind of JPEG (lossless, arithmetic or hierarchical) can't be stored: save the picture as an ordinary JPEG";
        Markup "markup" "web pages, drawings and data in markup (HTML, SVG, XML) can't be stored: print the page as PDF, or save the drawing as PNG";
        RichText "rich_text" "RTF files can't be stored: save the text as DOCX, ODT or PDF";
        NotWhatItSays "not_what_it_says" "the file is text, although its name says otherwise: choose the photo, film or document itself";
        TextEncoding "text_encoding" "the letters of this text can't be told with certainty: save it as UTF-8 (a table: as \"CSV UTF-8\"), and choose that";
        Card "card" "contact cards and calendars can't be stored: write down what matters";
        Heic "heic" "this device can't show HEIC photos, so they can't be stored from here: set the camera to \"most compatible\" (JPEG), or share the photo as JPEG";
        Avif "avif" "this device can't show AVIF pictures, so they can't be stored from here: save the picture as JPEG or PNG";
        RareStill "still_rare" "this rare kind of HEIC or AVIF picture can't be stored: share it as JPEG";
        Macros "macros" "this file has a program in it (macros): save it without macros, or as PDF";
        Signed "signed" "this file is signed, and the signature tells a name: save a copy without it, or as PDF";
        OfficeLocked "office_locked" "this file is locked with a password: save it without one";
        RawInside "raw_inside" "this file has a TIFF or HEIC picture in it, which can't be cleaned: put it in as JPEG, or save the file as PDF";
        TooManyPdfs "too_many_pdfs" "this file has very many PDF documents in it: choose those one by one";
        LargeAnimation "animation_large" "this moving picture is too large to be played on phones (16 megapixels at most): make it smaller, or save it as a film (MP4)";
        PosterKind "poster_kind" "the picture made of this file is not a JPEG, PNG or WebP";
        RareOgg "ogg_rare" "this Ogg file is not a single recording in Opus or Vorbis: save it as M4A or as an MP4 film";
        RarePdf "pdf_rare" "this PDF is built in a way that can't be read with certainty: open it, print it as a PDF (or take a photo of the page), and choose that";
        PdfLocked "pdf_locked" "this PDF is locked with a password: open it, print it as a PDF without one, and choose that";
        RareFilm "film_rare" "this film is encoded in a way that is not known here: save or share it as an ordinary MP4 (H.264)";
        FilmSound "film_sound" "this film's sound is encoded in a way that is not known here: save or share it as an ordinary MP4 (H.264 with AAC)";
        FilmElsewhere "film_elsewhere" "this film's recording lies in another file: save it as one file (MP4) and choose that";
        FilmSqueezed "film_squeezed" "this film's index is compressed: save it as an ordinary MP4";
        FilmEncrypted "film_encrypted" "this film or recording is locked against copying and can't be stored: record it anew without protection";
        DeepJpeg "jpeg_deep" "JPEGs with 12 bits a colour can't be stored: save the picture as an ordinary JPEG";
        ScannedJpeg "jpeg_scans" "this rare kind of JPEG (colours in scans of their own) can't be stored: save the picture as an ordinary JPEG";
    }
}

sentences! {
    /// What a person should know of a file that is taken: what she would miss, or what stays inside.
    Note {
        Tail "tail" "bytes after the end of the picture, film or recording are left out";
        NoEnd "no_end" "this picture has no end mark: look whether all of it is there";
        MovingPhoto "moving_photo" "the short film that the phone hides in this photo is left out: choose the film itself to keep it";
        GainMap "gain_map" "the second picture that makes bright parts glow on some screens is left out";
        Attachments "attachments" "files that are attached to this PDF are left out: choose them one by one to keep them";
        MovingPages "moving_pages" "films, sounds and 3D models on the pages of this PDF are left out";
        SignatureLeft "signature_left" "this PDF was signed: how the signature looks on the page stays, its proof is left out";
        TextConverted "text_converted" "this text was stored in an older way and is converted to UTF-8: look whether its letters are right";
        PartsLeft "parts_left" "what add-ins, databases and other programs put into this file is left out";
        ObjectsStay "objects_stay" "this file has objects of other programs in it (formulas, old drawings), which stay as they are and may tell who made them";
        MorePictures "more_pictures" "this file holds several pictures: only the one that is shown first is kept";
        Depth "depth" "the second picture that tells how far away things are is left out";
        Captions "captions" "the captions and chapters of this film are left out";
        OtherTracks "tracks" "what this film holds beside picture and sound is left out";
    }
}
