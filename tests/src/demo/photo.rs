//! A photo from the camera to the teacher's screen, and what it tells about a child on the way.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::BoxError;
use super::stage::{Stage, days_ago, text};
use crate::photos::MARKER_TEXTS;

/// The piece that the play begins with.
pub(super) struct Leaf {
    pub(super) piece: String,
    camera: PathBuf,
}

/// What Mina writes first; both of her devices hold it before they part.
pub(super) const REFLECTION: &str = "The holes are round, so I think of a beetle.";

/// Mina's phone saves a leaf with its photo, without reception; then both of her devices hold it.
pub(super) fn field_trip(stage: &mut Stage) -> Result<Leaf, BoxError> {
    stage.scene("A field trip: a leaf with holes, and no reception");
    let camera = stage.camera("DSCN0010.jpg", 1)?;
    println!("  The photo as the camera made it ({}):", Tool::find().name());
    for line in Tool::find().read(&camera)?.lines {
        println!("      {line}");
    }
    let no_photo = stage.file("holiday.jpg", b"this is a text that calls itself a photo")?;
    let refused = stage.phone.device.refused(&["capture", path(&no_photo)?, "--title", "No photo"])?;
    stage.phone.says(refused.trim_start_matches("fieldfolio-device: "));
    stage.check("what is no photo is refused, and the file stays where it was", no_photo.is_file());

    let day = days_ago(12)?;
    let args = ["capture", path(&camera)?, "--title", "Holes in a leaf", "--date", &day];
    let place = ["--outcome", "THINK", "--outcome", "COMM", "--project", "Community garden"];
    let saved = stage.phone.device.json(&[&args[..], &place].concat())?;
    let piece = text(&saved, "piece")?.to_owned();
    stage.phone.says("saved \"Holes in a leaf\" with its photo.");
    stage.phone.device.json(&["reflect", &piece, REFLECTION])?;
    stage.phone.says(&format!("saved Mina's reflection: \"{REFLECTION}\""));
    stage.phone.waits()?;

    stage.sync(&[&stage.phone, &stage.tablet])?;
    stage.tablet.shows(&["show", &piece])?;
    let same = stage.tablet.reflection(&piece)? == REFLECTION;
    stage.check("Mina's tablet holds the same reflection", same);
    Ok(Leaf { piece, camera })
}

/// Ms Ito opens the photo; what is left in it is shown.
pub(super) fn at_the_teachers(stage: &mut Stage, leaf: &Leaf) -> Result<(), BoxError> {
    stage.scene("The photo on Ms Ito's laptop");
    let ask = ["media", &leaf.piece, "0", "--original"];
    let before = stage.ito.device.json(&ask)?;
    stage.check("the original is fetched only when it is opened", before["file"].is_null());
    stage.sync(&[&stage.ito])?;
    let file = stage.ito.device.json(&ask)?;
    let file = PathBuf::from(text(&file, "file")?);
    println!("  The same photo, as it left Mina's phone ({}):", Tool::find().name());
    let after = Tool::find().read(&file)?;
    for line in &after.lines {
        println!("      {line}");
    }
    let before = Tool::find().read(&leaf.camera)?;
    stage.check("the camera's photo told where it was taken, or with what", before.tells);
    stage.check("the photo that others see tells neither", !after.tells);
    if before.size.is_some() {
        stage.check("it still is a picture of the same size", before.size == after.size);
    }
    Ok(())
}

pub(super) fn path(path: &Path) -> Result<&str, BoxError> {
    path.to_str().ok_or_else(|| format!("{} is no plain text", path.display()).into())
}

/// What reads metadata: an independent reader if there is one.
#[derive(Clone, Copy)]
enum Tool {
    Exiftool,
    Search,
}

struct Metadata {
    lines: Vec<String>,
    /// It tells where, with which camera, or whose.
    tells: bool,
    /// Width and height, where the tool knows.
    size: Option<String>,
}

impl Tool {
    fn find() -> Self {
        let there = Command::new("exiftool").arg("-ver").output().is_ok_and(|output| output.status.success());
        if there { Tool::Exiftool } else { Tool::Search }
    }

    const fn name(self) -> &'static str {
        match self {
            Tool::Exiftool => "read by exiftool",
            Tool::Search => "searched byte by byte, as exiftool is not installed",
        }
    }

    fn read(self, file: &Path) -> Result<Metadata, BoxError> {
        match self {
            Tool::Exiftool => exiftool(file),
            Tool::Search => Ok(search(&std::fs::read(file)?)),
        }
    }
}

fn exiftool(file: &Path) -> Result<Metadata, BoxError> {
    let output = Command::new("exiftool").args(["-j", "-G0", "-a"]).arg(file).output()?;
    let read: Value = serde_json::from_slice(&output.stdout)?;
    let tags = read[0].as_object().ok_or("exiftool said nothing")?;
    // What describes the file itself, or is worked out from the rest.
    let of_picture = |tag: &str| {
        let group = tag.split(':').next().unwrap_or_default();
        !matches!(group, "SourceFile" | "ExifTool" | "File" | "Composite")
    };
    let told: Vec<(&String, &Value)> = tags.iter().filter(|(tag, _)| of_picture(tag)).collect();
    let telling = ["GPS", "Make", "Model", "Serial", "Owner", "Artist", "Software", "XMP:", "Date"];
    let tells = told.iter().any(|(tag, _)| telling.iter().any(|word| tag.contains(word)));
    let show = |name: &str| {
        let value = tags.iter().find(|(tag, _)| tag.split(':').next_back() == Some(name))?.1;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let mut lines = Vec::new();
    for (label, name) in [
        ("taken at", "GPSPosition"),
        ("camera", "Model"),
        ("when", "DateTimeOriginal"),
        ("size", "ImageSize"),
    ] {
        lines.push(format!("{label}: {}", show(name).unwrap_or_else(|| "nothing".to_owned())));
    }
    let names: Vec<&str> = told.iter().take(8).map(|(tag, _)| tag.as_str()).collect();
    let more = if told.len() > names.len() { ", …" } else { "" };
    let listed = if names.is_empty() { String::new() } else { format!(" ({}{more})", names.join(", ")) };
    lines.push(format!("{} things written into it{listed}", told.len()));
    Ok(Metadata { lines, tells, size: show("ImageSize") })
}

fn search(bytes: &[u8]) -> Metadata {
    let has = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    // The entry that points to the folder of positions, in both byte orders.
    let position = has(b"\x88\x25\0\x04\0\0\0\x01") || has(b"\x25\x88\x04\0\x01\0\0\0");
    let marks = MARKER_TEXTS.iter().filter(|mark| has(mark.as_bytes())).count();
    let cameras = ["NIKON", "Apple", "HMD Global"].iter().filter(|maker| has(maker.as_bytes())).count();
    let yes_no = |there: bool| if there { "yes" } else { "no" };
    let lines = vec![
        format!("a position: {}", yes_no(position)),
        format!("a camera's or an owner's name: {}", yes_no(marks + cameras > 0)),
        format!("an EXIF block: {}", yes_no(has(b"Exif\0\0"))),
    ];
    Metadata { lines, tells: position || marks + cameras > 0, size: None }
}
