//! A film of the same day: what a phone wrote into it, and what the mentor gets.

use std::path::PathBuf;
use std::process::Command;

use super::BoxError;
use super::photo::path;
use super::stage::{Stage, days_ago, text};
use crate::films::{FILMS, MARKER_TEXTS, frames};

/// Mina films, too; her mentor watches it and points at a spot of her photo. Answers whether a film could be made.
pub(super) fn and_a_link(stage: &mut Stage, leaf: &str) -> Result<bool, BoxError> {
    let is_there =
        Command::new("ffmpeg").arg("-version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        println!("\n  (No film is made: ffmpeg is not installed.)");
        return Ok(false);
    }
    stage.scene("A film of the same bed, and a page to look at");
    let made = FILMS[0].bytes();
    let film = stage.file("bed.mp4", &made)?;
    let tells = |bytes: &[u8]| {
        MARKER_TEXTS
            .iter()
            .filter(|mark| bytes.windows(mark.len()).any(|window| window == mark.as_bytes()))
            .count()
    };
    println!("  The film as the phone made it tells {} things of a child and her phone.", tells(&made));
    let day = days_ago(11)?;
    let args = ["capture", path(&film)?, "--title", "Ants on the leaf", "--date", &day];
    let place = ["--link", "https://example.org/ants", "--project", "Community garden"];
    let saved = stage.phone.device.json(&[&args[..], &place].concat())?;
    let piece = text(&saved, "piece")?.to_owned();
    let described = ["--caption", "They carry it away", "--alt", "Ants on a leaf"];
    stage.phone.device.json(&[&["file", &piece, "0"][..], &described].concat())?;
    stage.sync(&[&stage.phone, &stage.lea])?;
    let ask = ["media", &piece, "0", "--original"];
    stage.lea.device.json(&ask)?;
    stage.sync(&[&stage.lea])?;
    let file = PathBuf::from(text(&stage.lea.device.json(&ask)?, "file")?);
    let watched = std::fs::read(file)?;
    stage.lea.shows(&["show", &piece])?;
    stage.check("the film that others see tells none of them", tells(&watched) == 0);
    stage.check(
        "every frame and every sound is the same",
        frames("a.mp4", &made) == frames("b.mp4", &watched),
    );

    let words = ["--did-well", "You can see the edge of each hole", "--spot", "0:40,55"];
    stage.lea.device.json(&[&["feedback", leaf][..], &words].concat())?;
    stage.sync(&[&stage.lea, &stage.phone])?;
    let shown = stage.phone.device.words(&["show", leaf])?;
    stage.check(
        "Mina sees which spot of her photo is meant",
        shown.contains("at 40 % from the left, 55 % from the top"),
    );
    Ok(true)
}
