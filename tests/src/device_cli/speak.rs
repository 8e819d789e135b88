//! Saying something on a piece.

use clap::{Args, ValueEnum};
use fieldfolio_core::device::{Device, Judging};
use fieldfolio_core::ids::{EntryId, PersonId, PieceId};
use fieldfolio_core::model::entry::{AssessmentKind, Feedback, Reference, Spot};
use fieldfolio_core::time::WorkDate;
use serde_json::json;

use super::file::At;
use super::make::key_of;
use super::names::Names;
use super::{Answer, CliError};
use crate::driver::{OsRng, now};

#[derive(Debug, Args)]
pub(super) struct GiveFeedback {
    /// The piece
    piece: PieceId,
    /// About whom [default: whose folio it is, if only one]; "work": about the work itself
    #[arg(long)]
    about: Option<String>,
    /// What was done well
    #[arg(long, default_value = "")]
    did_well: String,
    /// What to improve
    #[arg(long, default_value = "")]
    improve: String,
    /// What comes next
    #[arg(long, default_value = "")]
    next_step: String,
    /// The outcome it is pegged to
    #[arg(long)]
    outcome: Option<String>,
    /// A spot of a picture that it points at: N:X,Y, which of its files (from 0), and hundredths from the left and the top
    #[arg(long, value_name = "N:X,Y")]
    spot: Option<String>,
    /// The feedback of one's own that it replaces
    #[arg(long, value_name = "ENTRY")]
    replaces: Option<EntryId>,
}

#[derive(Debug, Args)]
pub(super) struct Assess {
    /// The piece
    piece: PieceId,
    /// Who is judged [default: whose folio it is, if only one]
    #[arg(long)]
    student: Option<String>,
    /// The outcome: its code, wording or id
    #[arg(long)]
    outcome: String,
    /// The level shown: its letter or word
    #[arg(long)]
    level: String,
    /// Whether it may count: only a summative judgement does
    #[arg(long, value_enum, default_value_t = Kind::Summative)]
    kind: Kind,
    /// The day of the work [default: what the piece says]
    #[arg(long)]
    date: Option<WorkDate>,
    /// What comes next
    #[arg(long, default_value = "")]
    next_step: String,
    /// The judgement of one's own that it replaces
    #[arg(long, value_name = "ENTRY")]
    replaces: Option<EntryId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Summative,
    Interim,
    Formative,
}

/// An entry of somebody's.
#[derive(Debug, Args)]
pub(super) struct To {
    /// The piece
    piece: PieceId,
    /// Who said it
    #[arg(long)]
    author: String,
    /// About whom it was said [default: whose folio it is, if only one]; "work": about the work itself
    #[arg(long)]
    about: Option<String>,
    /// Which entry, as `show` lists it
    #[arg(long)]
    entry: EntryId,
}

impl To {
    fn reference(&self, device: &Device) -> Result<Reference, CliError> {
        let names = Names::of(device)?;
        let about = names.about(device, self.piece, self.about.as_deref())?;
        Ok(Reference { author: names.find_person(&self.author)?, about, entry: self.entry })
    }
}

pub(super) fn feedback(device: &mut Device, arguments: GiveFeedback) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let about = names.about(device, arguments.piece, arguments.about.as_deref())?;
    let outcome = arguments.outcome.map(|outcome| names.find_outcome(&outcome)).transpose()?;
    let feedback = Feedback {
        did_well: arguments.did_well,
        improve: arguments.improve,
        next_step: arguments.next_step,
        outcome,
        spot: arguments.spot.map(|spot| spot_of(device, arguments.piece, &spot)).transpose()?,
    };
    let entry = device.feedback(arguments.piece, about, &feedback, arguments.replaces, now(), &mut OsRng)?;
    Ok(said("Feedback", arguments.piece, about, entry))
}

fn spot_of(device: &Device, piece: PieceId, text: &str) -> Result<Spot, CliError> {
    let wrong = || CliError::Argument(format!("{text:?} is no spot: say it like 0:25,60"));
    let (position, at) = text.split_once(':').ok_or_else(wrong)?;
    let position = position.parse().map_err(|_| wrong())?;
    let at: At = at.parse().map_err(CliError::Argument)?;
    Ok(Spot { medium: key_of(device, piece, position)?, at: at.0 })
}

pub(super) fn assess(device: &mut Device, arguments: Assess) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let about = names.about(device, arguments.piece, arguments.student.as_deref())?;
    let student = about.ok_or_else(|| CliError::Argument("say which student is judged".into()))?;
    let judging = Judging {
        outcome: names.find_outcome(&arguments.outcome)?,
        level: names.find_level(&arguments.level)?,
        kind: match arguments.kind {
            Kind::Summative => AssessmentKind::Summative,
            Kind::Interim => AssessmentKind::Interim,
            Kind::Formative => AssessmentKind::Formative,
        },
        work_date: arguments.date,
        next_step: arguments.next_step,
        replaces: arguments.replaces,
    };
    let entry = device.assess(arguments.piece, student, judging, now(), &mut OsRng)?;
    Ok(said("Judgement", arguments.piece, Some(student), entry))
}

pub(super) fn confirm(device: &mut Device, of: &To) -> Result<Answer, CliError> {
    let reference = of.reference(device)?;
    let entry = device.confirm(of.piece, reference, now(), &mut OsRng)?;
    Ok(said("Confirmation", of.piece, reference.about, entry))
}

pub(super) fn reply(device: &mut Device, to: &To, words: &str) -> Result<Answer, CliError> {
    let reference = to.reference(device)?;
    let entry = device.reply(to.piece, reference, words, now(), &mut OsRng)?;
    Ok(said("Reply", to.piece, reference.about, entry))
}

pub(super) fn reflect(device: &mut Device, piece: PieceId, words: &str) -> Result<Answer, CliError> {
    let entry = device.reflect(piece, words, now(), &mut OsRng)?;
    Ok(said("Reflection", piece, Some(device.identity().person), entry))
}

pub(super) fn withdraw(
    device: &mut Device,
    piece: PieceId,
    about: Option<&str>,
    entry: EntryId,
) -> Result<Answer, CliError> {
    let about = Names::of(device)?.about(device, piece, about)?;
    device.withdraw(piece, about, entry, now(), &mut OsRng)?;
    Ok(Answer::done("Taken back; it stays readable, and marked.", json!({ "piece": piece, "entry": entry })))
}

fn said(what: &str, piece: PieceId, about: Option<PersonId>, entry: EntryId) -> Answer {
    let text = format!("{what} saved on this device (entry {entry}).");
    Answer::done(text, json!({ "piece": piece, "about": about, "entry": entry }))
}
