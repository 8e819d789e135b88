//! What adults say on the work: a mentor, and two teachers who judge late and out of order.

use serde_json::Value;

use super::BoxError;
use super::stage::{Player, Stage, text};
use super::trouble::Work;

/// Lea answers offline; Ms Ito confirms her judgement.
pub(super) fn mentor(stage: &mut Stage, work: &Work) -> Result<(), BoxError> {
    stage.scene("The mentor answers, offline; a teacher confirms");
    stage.sync(&[&stage.lea])?;
    let (leaf, mina) = (work.leaf.piece.as_str(), stage.person("mina")?.to_owned());
    let well = ["--did-well", "You looked twice, at two times of the day."];
    let next = ["--next-step", "Draw the beetle, with its size."];
    stage.lea.device.json(&[&["feedback", leaf][..], &well, &next].concat())?;
    let judged = stage.lea.device.json(&["assess", leaf, "--outcome", "COMM", "--level", "demonstrates"])?;
    stage.lea.says("wrote feedback, and judged COMM \"demonstrates\", without reception.");
    stage.lea.shows(&["level", "--student", &mina])?;
    let none = stage.lea.level(&mina, "COMM")?.is_none();
    stage.check("no level is shown to a mentor", none);

    stage.sync(&[&stage.lea, &stage.ito])?;
    stage.ito.shows(&["queue"])?;
    let before = shown(&stage.ito, &mina, "COMM")?;
    stage.check("a mentor's judgement alone does not count", before.starts_with("not assessed"));
    let lea = stage.person("lea")?.to_owned();
    let entry = text(&judged, "entry")?;
    stage.ito.device.json(&["confirm", leaf, "--author", &lea, "--entry", entry])?;
    stage.ito.says("confirmed it.");
    stage.sync(&[&stage.ito, &stage.phone])?;
    stage.phone.shows(&["show", leaf])?;
    let after = shown(&stage.phone, &mina, "COMM")?;
    stage.check("once confirmed it counts, and Mina sees it", after.contains("1 of 3 at-bats"));
    Ok(())
}

/// Two teachers judge the same outcome from three pieces in two projects: the newest work first, the oldest later, one
/// judgement long on its way, and a formative "not yet" in between.
pub(super) fn two_teachers(stage: &mut Stage, work: &Work) -> Result<(), BoxError> {
    stage.scene("Two teachers judge THINK: three pieces, two projects, late and out of order");
    let mina = stage.person("mina")?.to_owned();
    stage.sync(&[&stage.ito, &stage.okafor])?;

    judge(&stage.ito, &work.worms, "Counting worms", "demonstrates", "summative")?;
    stage.sync(&[&stage.ito, &stage.phone])?;
    let one = shown(&stage.phone, &mina, "THINK")?;
    stage.check("one at-bat is not a level", one.contains("1 of 3 at-bats, 1 of 2 projects"));

    judge(&stage.okafor, &work.bridge, "A bridge of twelve sticks", "not yet", "formative")?;
    stage.sync(&[&stage.okafor, &stage.phone])?;
    let formative = shown(&stage.phone, &mina, "THINK")?;
    stage.check("a formative \"not yet\" changes nothing", formative == one);

    judge(&stage.okafor, &work.bridge, "A bridge of twelve sticks", "demonstrates", "summative")?;
    stage.okafor.says("has no reception; the judgement waits on the tablet.");
    judge(&stage.ito, &work.leaf.piece, "Holes in a leaf", "demonstrates", "summative")?;
    stage.sync(&[&stage.ito, &stage.phone])?;
    let two = shown(&stage.phone, &mina, "THINK")?;
    stage.check(
        "two at-bats from one project are not enough",
        two.contains("2 of 3 at-bats, 1 of 2 projects"),
    );

    stage.sync(&[&stage.okafor, &stage.phone, &stage.tablet, &stage.ito])?;
    let sentence = "demonstrates: 3 of 3 at-bats, 2 of 2 projects";
    for player in [&stage.phone, &stage.ito, &stage.okafor] {
        player.shows(&["level", "--student", &mina, "--outcome", "THINK"])?;
    }
    for player in [&stage.phone, &stage.tablet, &stage.ito, &stage.okafor].map(Player::clone) {
        let level = player.level(&mina, "THINK")?;
        stage.check(&format!("{}: \"{sentence}\"", player.name), level.as_deref() == Some(sentence));
    }
    let days = at_bat_days(&stage.phone, &mina)?;
    let in_order = days.len() == 3 && days.is_sorted();
    stage.check("the at-bats stand in the order of the work, not of the judging", in_order);
    stage.lea.shows(&["level", "--student", &mina, "--outcome", "THINK"])?;
    Ok(())
}

/// One piece of two students is judged for each; neither reads what is said of the other.
pub(super) fn group_piece(stage: &mut Stage, work: &Work) -> Result<(), BoxError> {
    stage.scene("One piece of two students, judged for each");
    let (mina, otto) = (stage.person("mina")?.to_owned(), stage.person("otto")?.to_owned());
    stage.sync(&[&stage.otto])?;
    let assess = |student: &str, level: &str| {
        let args = ["assess", &work.bed, "--student", student, "--outcome", "TEAM", "--level", level];
        stage.ito.device.json(&args)
    };
    assess(&mina, "demonstrates")?;
    assess(&otto, "exceeds")?;
    stage.ito.says("judged TEAM on \"Our bed in the rain\": Mina \"demonstrates\", Otto \"exceeds\".");
    stage.sync(&[&stage.ito, &stage.phone, &stage.otto])?;
    for (player, own, other) in [(stage.otto.clone(), &otto, &mina), (stage.phone.clone(), &mina, &otto)] {
        player.shows(&["show", &work.bed])?;
        let view = player.piece(&work.bed)?;
        let voices = view["voices"].as_array().cloned().unwrap_or_default();
        let about = |person: &str| voices.iter().any(|voice| voice["about"] == person);
        let owner = if player == stage.otto { "Otto" } else { "Mina" };
        stage.check(&format!("{owner} reads what was said of {owner}"), about(own));
        let held = player.device.json(&["digest"])?["documents"].to_string();
        let nothing = !about(other) && !held.contains(&format!("/{other}\""));
        stage.check("and nothing that was said of the other is even on the device", nothing);
    }
    let refused = stage.otto.device.refused(&[
        "assess",
        &work.bed,
        "--student",
        &mina,
        "--outcome",
        "TEAM",
        "--level",
        "N",
    ])?;
    stage.otto.says(refused.trim_start_matches("fieldfolio-device: "));
    stage.check("a classmate can't judge", refused.contains("only a teacher"));
    Ok(())
}

fn judge(player: &Player, piece: &str, title: &str, level: &str, kind: &str) -> Result<(), BoxError> {
    let args = ["assess", piece, "--outcome", "THINK", "--level", level, "--kind", kind];
    player.device.json(&args)?;
    player.says(&format!("\"{title}\" shows \"{level}\" ({kind})."));
    Ok(())
}

/// The sentence, printed.
fn shown(player: &Player, student: &str, outcome: &str) -> Result<String, BoxError> {
    let sentence = player.level(student, outcome)?.ok_or("a level should be shown here")?;
    player.says(&format!("Mina in {outcome}: {sentence}"));
    Ok(sentence)
}

fn at_bat_days(player: &Player, student: &str) -> Result<Vec<String>, BoxError> {
    let level = player.device.json(&["level", "--student", student, "--outcome", "THINK"])?;
    let at_bats = level["outcomes"][0]["at_bats"].as_array().cloned().unwrap_or_default();
    Ok(at_bats.iter().filter_map(|at_bat: &Value| at_bat["day"].as_str().map(str::to_owned)).collect())
}
