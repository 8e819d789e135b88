//! What goes wrong in a school day: no reception, a cable that is pulled, a relay that loses power.

use serde_json::Value;

use super::BoxError;
use super::photo::{Leaf, REFLECTION, path};
use super::stage::{Player, Stage, days_ago, text};

/// The pieces of the play.
pub(super) struct Work {
    /// Garden, twelve days ago, from Mina's phone.
    pub(super) leaf: Leaf,
    /// Bridge workshop, eight days ago, from her tablet.
    pub(super) bridge: String,
    /// Garden, five days ago, from her phone.
    pub(super) worms: String,
    /// Garden, four days ago, made with Otto.
    pub(super) bed: String,
}

const ON_THE_PHONE: &str = " At noon I saw one, small and shiny.";
const ON_THE_TABLET: &str = " The beans beside it had none.";

/// Both of Mina's devices go on without reception, and write on the same reflection.
pub(super) fn without_reception(stage: &mut Stage, leaf: Leaf) -> Result<Work, BoxError> {
    stage.scene("Both of Mina's devices without reception");
    for (player, sentence) in [(&stage.phone, ON_THE_PHONE), (&stage.tablet, ON_THE_TABLET)] {
        player.device.json(&["reflect", &leaf.piece, &format!("{REFLECTION}{sentence}")])?;
        player.says(&format!("added to the same reflection:\"{sentence}\""));
    }
    let capture = |player: &Player, photo: (&str, u64), title: &str, days: u64, rest: &[&str]| {
        let camera = stage.camera(photo.0, photo.1)?;
        let day = days_ago(days)?;
        let args = ["capture", path(&camera)?, "--title", title, "--date", &day];
        let saved = player.device.json(&[&args[..], rest].concat())?;
        player.says(&format!("saved \"{title}\" ({day}) with its photo."));
        Ok::<String, BoxError>(text(&saved, "piece")?.to_owned())
    };
    let garden = ["--outcome", "THINK", "--project", "Community garden"];
    let worms = capture(&stage.phone, ("DSCN0021.jpg", 2), "Counting worms", 5, &garden)?;
    let ours = ["--outcome", "TEAM", "--project", "Community garden"];
    let both = ["--student", stage.person("mina")?, "--student", stage.person("otto")?];
    let together = [&ours[..], &both].concat();
    let bed = capture(&stage.phone, ("HMD_Nokia_8.3_5G.jpg", 3), "Our bed in the rain", 4, &together)?;
    let workshop = ["--outcome", "THINK", "--project", "Bridge workshop"];
    let title = "A bridge of twelve sticks";
    let bridge = capture(&stage.tablet, ("iphone_hdr_YES.jpg", 4), title, 8, &workshop)?;
    stage.phone.waits()?;
    stage.tablet.waits()?;
    let apart = stage.phone.reflection(&leaf.piece)? != stage.tablet.reflection(&leaf.piece)?;
    stage.check("the two devices hold different words, as neither could send", apart);
    Ok(Work { leaf, bridge, worms, bed })
}

/// An upload is cut halfway, and the relay is killed in the middle of a sync. Nothing is lost, and nothing starts over.
pub(super) fn cut_and_killed(stage: &mut Stage, work: &Work) -> Result<(), BoxError> {
    stage.scene("An upload is cut halfway; the relay is killed in the middle of a sync");
    cut(stage)?;
    killed(stage)?;
    stage.sync(&[&stage.tablet, &stage.phone])?;
    let merged = stage.phone.reflection(&work.leaf.piece)?;
    stage.phone.says(&format!("the reflection reads: \"{merged}\""));
    let parts = [REFLECTION, ON_THE_PHONE.trim(), ON_THE_TABLET.trim()];
    stage.check("both sentences survived, beside the first", parts.iter().all(|part| merged.contains(part)));
    let same = stage.tablet.reflection(&work.leaf.piece)? == merged;
    stage.check("Mina's tablet reads the same", same);
    Ok(())
}

fn cut(stage: &mut Stage) -> Result<(), BoxError> {
    let half = halfway(&uploads(&stage.tablet)?);
    stage.tablet.device.refused(&["sync", "--cut-after", &half.to_string()])?;
    stage.tablet.says("the connection broke in the middle of the photo.");
    stage.tablet.shows(&["uploads"])?;
    let left: u64 = uploads(&stage.tablet)?.iter().filter(|row| row["done"] == false).map(size).sum();
    let report = stage.tablet.device.json(&["sync", "--until-quiet"])?;
    let resumed = report["resumed_at"][0].as_u64().unwrap_or_default();
    let sent = report["bytes_up"].as_u64().unwrap_or(u64::MAX);
    stage
        .tablet
        .says(&format!("went on at {resumed} of {left} bytes, and sent {} bytes for the rest.", sent));
    stage.check("the upload went on where it was cut", resumed > 0 && resumed < left);
    // Beside the rest of the photo there were exchanges, of a few hundred bytes.
    stage.check("what had arrived was not sent again", sent < left - resumed + 20_000);
    Ok(())
}

fn killed(stage: &mut Stage) -> Result<(), BoxError> {
    let half = halfway(&uploads(&stage.phone)?);
    let halted = stage.phone.device.sync_halted_after(half)?;
    stage.relay.kill9()?;
    println!("  The relay was killed (SIGKILL) while Mina's phone was in the middle of a photo.");
    let reached = halted.go_on()?;
    stage.check("Mina's phone noticed, and keeps what was not acknowledged", !reached);
    stage.phone.waits()?;
    let refused = stage.phone.device.refused(&["sync"])?;
    stage.phone.says(refused.trim_start_matches("fieldfolio-device: "));
    let waits = stage.phone.device.json(&["status"])?["uploads"].as_u64().unwrap_or_default() > 0;
    stage.check("without the relay the photo waits on the phone", waits);
    stage.relay.restart()?;
    println!("  The relay runs again, on the same folder.");
    let report = stage.phone.device.json(&["sync", "--until-quiet"])?;
    let safe = report["resumed_at"][0].as_u64().unwrap_or_default();
    stage.phone.says(&format!("synced; the photo went on from the last byte that was safe, {safe}."));
    let rows = uploads(&stage.phone)?;
    let all = !rows.is_empty() && rows.iter().all(|row| row["done"] == true);
    stage.check("after the restart every photo arrived", all);
    let status = stage.phone.device.json(&["status"])?;
    let nothing =
        status["waiting"] == Value::Array(Vec::new()) && status["set_aside"] == Value::Array(Vec::new());
    stage.check("nothing of Mina's was lost or refused", nothing);
    Ok(())
}

fn uploads(player: &Player) -> Result<Vec<Value>, BoxError> {
    let rows = player.device.json(&["uploads"])?;
    Ok(rows.as_array().cloned().unwrap_or_default())
}

fn size(row: &Value) -> u64 {
    row["size"].as_u64().unwrap_or_default()
}

/// The bytes after which the largest photo that waits is half sent: all before it go first.
fn halfway(rows: &[Value]) -> u64 {
    let open: Vec<u64> = rows.iter().filter(|row| row["done"] == false).map(size).collect();
    let (Some(last), before) = (open.last(), open.iter().rev().skip(1).sum::<u64>()) else { return 0 };
    before + last / 2
}
