//! Films, voice notes and moving pictures for tests, made by ffmpeg from test patterns; and ffmpeg as their judge.
//!
//! Each carries what phones and programs would tell of a child: a place, a name, a device. The texts are invented.

use std::path::Path;
use std::process::Command;

/// Every text that a cleaned file must not contain.
pub const MARKER_TEXTS: [&str; 6] =
    ["Mina Fieldfolio", "behind the shed", "+35.6586+139.7454", "Lumbricus", "2026-05-14T10:21:33", "Lavf"];

/// A film, voice note or moving picture: its name, and how ffmpeg makes it.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub name: &'static str,
    args: &'static str,
}

const fn made(name: &'static str, args: &'static str) -> Made {
    Made { name, args }
}

/// Films as phones, cameras, programs and browsers write them.
pub const FILMS: [Made; 26] = [
    made("phone.mp4", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a aac"),
    made("index-first.mp4", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart"),
    made("keys.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a aac -movflags use_metadata_tags"),
    made("timecode.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a pcm_s16le -timecode 10:00:00:00"),
    made("hevc.mov", "PICTURE SOUND -c:v libx265 -x265-params log-level=none -tag:v hvc1 -c:a alac"),
    made("sideways.mp4", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a aac TURNED"),
    made("silent.mp4", "PICTURE -c:v libx264 -pix_fmt yuv420p -bf 2"),
    made("captions.mp4", "PICTURE SOUND CAPTIONS -c:v libx264 -pix_fmt yuv420p -c:a aac -c:s mov_text"),
    made(
        "browser.mp4",
        "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a libopus -strict -2 -movflags frag_keyframe+empty_moov+default_base_moof",
    ),
    made(
        "pieces.mp4",
        "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -g 10 -c:a aac -movflags frag_keyframe -frag_duration 300000",
    ),
    made(
        "stream.mp4",
        "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -g 10 -c:a aac -movflags dash+global_sidx",
    ),
    made("old.3gp", "PICTURE SOUND -s 176x144 -c:v h263 -c:a aac"),
    made("edited.mov", "PICTURE SOUND -c:v prores_ks -c:a pcm_s24le"),
    made("flac.mp4", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a flac -strict -2"),
    made("alac.mp4", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a alac"),
    made("camera.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a pcm_s16be -ac 2"),
    made("coarse.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a pcm_u8"),
    made("deep.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a pcm_s32le -ac 2"),
    made("fractions.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a pcm_f32be -ac 2"),
    made("fine.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a pcm_f64le"),
    made("telephone.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a pcm_mulaw -ac 2"),
    made("european.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a pcm_alaw"),
    made("ima.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a adpcm_ima_qt -ac 2"),
    made("theatre.mp4", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a ac3"),
    made("surround.mp4", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a eac3"),
    made("layer.mov", "PICTURE SOUND -c:v libx264 -pix_fmt yuv420p -c:a libmp3lame"),
];

/// Voice notes and recordings.
pub const SOUNDS: [Made; 12] = [
    made("note.m4a", "SOUND -c:a aac"),
    made("browser.m4a", "SOUND -c:a libopus -strict -2 -f mp4 -movflags frag_keyframe+empty_moov"),
    made("lossless.m4a", "SOUND -c:a alac"),
    made("note.opus", "SOUND -c:a libopus"),
    made("note.ogg", "SOUND -c:a libvorbis"),
    made("note.wav", "SOUND -c:a pcm_s16le -write_bext 1 -write_id3v2 1"),
    made("fine.wav", "SOUND -c:a pcm_f32le -ac 2"),
    made("song.mp3", "SOUND -c:a libmp3lame -b:a 96k -write_id3v1 1"),
    made("varied.mp3", "SOUND -c:a libmp3lame -q:a 5 -ac 2"),
    made("low.mp3", "SOUND -c:a libmp3lame -ar 22050"),
    made("radio.aac", "SOUND -c:a aac -f adts -write_id3v2 1"),
    made("fine.flac", "SOUND -c:a flac"),
];

/// Still and moving pictures.
pub const PICTURES: [Made; 5] = [
    made("still.webp", "PICTURE -frames:v 1 -c:v libwebp"),
    made("lossless.webp", "PICTURE -frames:v 1 -c:v libwebp -lossless 1"),
    made("moving.webp", "PICTURE -r 5 -c:v libwebp_anim -loop 0"),
    made("moving.gif", "PICTURE -r 5 -vf scale=80:60"),
    made("moving.apng", "PICTURE -r 5 -pix_fmt rgb24 -plays 0"),
];

/// As large as phones make them, for measuring.
pub const LARGE: [Made; 5] = [
    made("photo.webp", "PHOTO -frames:v 1 -c:v libwebp"),
    made("minute.mp4", "LONG LONGSOUND -c:v libx264 -preset ultrafast -pix_fmt yuv420p -b:v 8M -c:a aac"),
    made(
        "minute-in-pieces.mp4",
        "LONG LONGSOUND -c:v libx264 -preset ultrafast -pix_fmt yuv420p -b:v 8M -c:a aac -movflags frag_keyframe+empty_moov",
    ),
    made("minute.opus", "LONGSOUND -c:a libopus"),
    made("minute.wav", "LONGSOUND -c:a pcm_s16le"),
];

impl Made {
    /// The file's bytes.
    pub fn bytes(self) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let captions = folder.path().join("captions.srt");
        std::fs::write(&captions, "1\n00:00:00,000 --> 00:00:01,000\nMina Fieldfolio behind the shed\n")
            .expect("captions");
        let path = folder.path().join(self.name);
        let mut inputs = Vec::new();
        let mut outputs = Vec::new();
        let mut is_turned = false;
        for word in self.args.split(' ') {
            match word {
                "PICTURE" => inputs.extend(words("-f lavfi -i testsrc2=size=160x120:rate=20:duration=2")),
                "SOUND" => inputs.extend(words("-f lavfi -i sine=frequency=330:duration=2")),
                "PHOTO" => inputs.extend(words("-f lavfi -i testsrc2=size=4000x3000:rate=1:duration=1")),
                "LONG" => inputs.extend(words("-f lavfi -i testsrc2=size=1280x720:rate=30:duration=60")),
                "LONGSOUND" => inputs.extend(words("-f lavfi -i sine=frequency=330:duration=60")),
                "CAPTIONS" => inputs.extend([String::from("-i"), captions.display().to_string()]),
                "TURNED" => is_turned = true,
                other => outputs.push(other.to_owned()),
            }
        }
        let made = if is_turned { folder.path().join("upright.mp4") } else { path.clone() };
        run(inputs.into_iter().chain(outputs).chain(marks()), &made);
        if is_turned {
            // Only what is already encoded can be marked as lying on its side.
            let turn = ["-i", &made.display().to_string(), "-c", "copy", "-metadata:s:v:0", "rotate=90"]
                .map(str::to_owned);
            run(turn.into_iter().chain(marks()), &path);
        }
        std::fs::read(&path).expect("the file that ffmpeg made")
    }
}

fn marks() -> impl Iterator<Item = String> {
    let marks = [
        "title=Mina Fieldfolio",
        "artist=Mina Fieldfolio",
        "comment=Playground, behind the shed",
        "location=+35.6586+139.7454/",
        "com.apple.quicktime.model=Lumbricus Pocket 3",
        "creation_time=2026-05-14T10:21:33Z",
    ];
    let handler = ["-metadata:s:0", "handler_name=Lumbricus Handler"];
    marks.into_iter().flat_map(|mark| ["-metadata", mark]).chain(handler).map(str::to_owned)
}

fn run(args: impl Iterator<Item = String>, path: &Path) {
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(args)
        .arg(path)
        .status()
        .expect("ffmpeg makes these films: run `make`, or `apt-get install ffmpeg`");
    assert!(status.success(), "ffmpeg could not make {}", path.display());
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(' ').map(str::to_owned)
}

/// The second judge: a sum of every frame seen and heard, as ffmpeg decodes them. A file that it complains of fails.
pub fn frames(name: &str, bytes: &[u8]) -> String {
    let (sums, complaints) = frames_and_complaints(name, bytes);
    assert!(complaints.is_empty(), "{name}: {complaints}");
    sums
}

/// The same of a file that may be broken, and what ffmpeg says of it.
pub fn frames_and_complaints(name: &str, bytes: &[u8]) -> (String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    frames_of(&path)
}

fn frames_of(path: &Path) -> (String, String) {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(path)
        .args(["-map", "0:v?", "-map", "0:a?", "-f", "framemd5", "-"])
        .output()
        .expect("ffmpeg judges these tests: run `make`, or `apt-get install ffmpeg`");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {complaints}", path.display());
    let sums = String::from_utf8(output.stdout).expect("sums are plain text");
    assert!(sums.lines().filter(|line| !line.starts_with('#')).count() > 0, "{} is empty", path.display());
    (sums, complaints)
}
