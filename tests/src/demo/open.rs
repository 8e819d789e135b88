//! The end of the play: the relay goes on running, and anybody can open the sample school in a browser.

use std::path::Path;
use std::process::Command;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use super::BoxError;
use super::stage::{Player, Stage, text};

/// Where the running relay's process is named, in the folder that was kept.
const PID: &str = "relay.pid";

/// Ends the relay that an earlier demonstration left running in this folder, if it is still that one.
pub(super) fn end_earlier(folder: &Path) {
    let Ok(pid) = std::fs::read_to_string(folder.join(PID)) else { return };
    let pid = pid.trim();
    let runs = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let runs = String::from_utf8_lossy(&runs).replace('\0', " ");
    if runs.contains("serve") && runs.contains(&*folder.to_string_lossy()) {
        // If it ended meanwhile, nothing is to be done.
        drop(Command::new("sh").args(["-c", "kill -TERM \"$0\"", pid]).status());
    }
}

/// Makes a link for each of three people, made by a device of theirs, so that nobody is alarmed by a new one.
pub(super) fn links(stage: &Stage) -> Result<Vec<(&'static str, String)>, BoxError> {
    let link =
        |player: &Player| Ok::<_, BoxError>(text(&player.device.json(&["invite"])?, "url")?.to_owned());
    Ok(vec![
        ("Mina, a student", link(&stage.phone)?),
        ("Lea, her mentor in the garden", link(&stage.lea)?),
        ("Ms Ito, her teacher", link(&stage.ito)?),
    ])
}

/// Says where the school is, and how to end it.
pub(super) fn tell(folder: &Path, url: &str, pid: u32, links: &[(&str, String)]) -> Result<(), BoxError> {
    std::fs::write(folder.join(PID), format!("{pid}\n"))?;
    println!(
        "\nThe sample school is open at {url}, on this machine only. Open a link in a browser: each works once"
    );
    println!(
        "and makes that browser a device of its person. A private window, or another browser, for each."
    );
    for (who, link) in links {
        println!("\n{who}\n{link}\n{}", code(link)?);
    }
    println!("It runs until you stop it:  make demo-stop  (process {pid}; folder {})", folder.display());
    Ok(())
}

/// A code that a phone's camera reads from a terminal, drawn for light letters on a dark ground.
fn code(link: &str) -> Result<String, BoxError> {
    let code = QrCode::new(link)?;
    let mut drawn = code.render::<Dense1x2>();
    Ok(drawn.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).quiet_zone(true).build())
}
