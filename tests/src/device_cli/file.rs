//! One file of a piece: its words, how it is turned, spots on it; and files on their way, and room for them.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use fieldfolio_core::device::{Device, Edits, MediumEdit, NewMark, NewMedium};
use fieldfolio_core::ids::PieceId;
use fieldfolio_core::model::piece::{Point, Turn};
use fieldfolio_core::store::transfers::Held;
use serde_json::json;

use super::make::{files, key_of};
use super::{Answer, CliError, bytes, count, to_json};
use crate::driver::{OsRng, now};

/// A spot on a picture: from the left and from the top, in hundredths of its width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(pub(super) Point);

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no spot: say hundredths from the left and the top, like 25,60");
        let (x, y) = text.split_once(',').ok_or_else(wrong)?;
        let hundredths = |text: &str| text.trim().parse::<u64>().ok().map(|at| at.saturating_mul(100));
        hundredths(x).zip(hundredths(y)).and_then(|(x, y)| Point::new(x, y)).map(At).ok_or_else(wrong)
    }
}

#[derive(Debug, Args)]
pub(super) struct OneFile {
    /// The piece
    piece: PieceId,
    /// Which of its files, from 0
    #[arg(value_name = "N")]
    position: usize,
    /// The line beneath it
    #[arg(long)]
    caption: Option<String>,
    /// What it shows, for who can't see it
    #[arg(long)]
    alt: Option<String>,
    /// Quarter turns clockwise: 0 to 3
    #[arg(long, value_name = "QUARTERS")]
    turn: Option<u64>,
    /// Take it out of the piece; it is kept
    #[arg(long)]
    take_out: bool,
    /// Point at a spot: hundredths from the left and the top, like 25,60
    #[arg(long, value_name = "X,Y", requires = "words")]
    mark: Option<At>,
    /// What is at the spot
    #[arg(long)]
    words: Option<String>,
    /// A better file in its place; this one is kept
    #[arg(long, value_name = "FILE")]
    replace: Option<PathBuf>,
}

pub(super) fn file(device: &mut Device, asked: OneFile) -> Result<Answer, CliError> {
    let key = key_of(device, asked.piece, asked.position)?;
    let mark = asked.mark.map(|at| NewMark { at: at.0, words: asked.words.unwrap_or_default() });
    let change = MediumEdit {
        caption: asked.caption.map(Into::into),
        alt: asked.alt.map(Into::into),
        turn: asked.turn.map(Turn::quarters),
        is_out: asked.take_out.then_some(true),
        mark,
        ..MediumEdit::of(key)
    };
    let better = files(asked.replace.as_slice())?;
    let add = better.into_iter().map(|new| NewMedium { replaces: Some(key), ..new }).collect();
    let edits = Edits { media: vec![change], add, ..Edits::default() };
    device.edit(asked.piece, edits, now(), &mut OsRng)?;
    Ok(Answer::done("Saved on this device.", json!({ "piece": asked.piece, "key": key })))
}

#[derive(Debug, Subcommand)]
pub(super) enum Sending {
    /// Send nothing until it is told to go on; words go on
    Pause,
    /// Go on
    GoOn,
    /// Send originals on lines that are not paid by the byte only
    Thrifty,
    /// Send originals on any line
    NotThrifty,
    /// Hold back the files of one piece
    Hold {
        /// The piece
        piece: PieceId,
    },
    /// Send the files of one piece after all
    LetGo {
        /// The piece
        piece: PieceId,
    },
    /// Don't send the files of one piece; they stay here
    Cancel {
        /// The piece
        piece: PieceId,
    },
}

pub(super) fn sending(device: &mut Device, what: &Sending) -> Result<Answer, CliError> {
    let text = match what {
        Sending::Pause => device.pause_uploads(true).map(|()| "Files wait; words are sent."),
        Sending::GoOn => device.pause_uploads(false).map(|()| "Files are sent."),
        Sending::Thrifty => device.set_thrifty(true).map(|()| "Originals wait for a free line."),
        Sending::NotThrifty => device.set_thrifty(false).map(|()| "Originals are sent on any line."),
        Sending::Hold { piece } => device.hold_upload(*piece, None, Held::Paused).map(|()| "Held back."),
        Sending::LetGo { piece } => device.hold_upload(*piece, None, Held::Not).map(|()| "It is sent."),
        Sending::Cancel { piece } => {
            device.hold_upload(*piece, None, Held::Cancelled).map(|()| "Not sent; it stays on this device.")
        }
    }?;
    Ok(Answer::done(text, json!({})))
}

#[derive(Debug, Args)]
pub(super) struct RoomArguments {
    /// Let go of every original that the school has; they come back when they are opened
    #[arg(long)]
    free: bool,
    /// Keep at most so many megabytes of others' originals
    #[arg(long, value_name = "MEGABYTES")]
    budget: Option<u64>,
}

pub(super) fn room(device: &mut Device, asked: &RoomArguments) -> Result<Answer, CliError> {
    if let Some(megabytes) = asked.budget {
        device.set_storage_budget(megabytes.saturating_mul(1_000_000))?;
    }
    let freed = if asked.free { Some(device.free_space()?) } else { None };
    let room = device.storage_space()?;
    let mut lines: Vec<String> = freed
        .iter()
        .map(|freed| {
            let number = usize::try_from(freed.count).unwrap_or(usize::MAX);
            format!("Let go of {} ({}).", count(number, "file"), bytes(freed.bytes))
        })
        .collect();
    lines.push(format!("Files on this device: {}.", bytes(room.bytes)));
    let parts = [
        ("not sent yet", room.unsent),
        ("one's own, at the school too", room.own_sent),
        ("others' originals", room.others),
        ("small pictures", room.previews),
    ];
    lines.extend(parts.iter().map(|(what, size)| format!("  {what}: {}", bytes(*size))));
    lines.push(format!("Others' originals are kept up to {}.", bytes(room.budget)));
    Ok(Answer::done(lines.join("\n"), json!({ "room": to_json(room), "freed": freed })))
}
