//! Looking: portfolios, a piece with its voices, levels, the review queue, photos, people.

use fieldfolio_core::device::{
    Device, InboxRow, MediumView, OutcomeLevel, PieceView, Variant, VoiceView, Why,
};
use fieldfolio_core::ids::{PersonId, PieceId};
use fieldfolio_core::media::{Kind, MediaType};
use fieldfolio_core::model::entry::{Confirmation, Entry, EntryBody, Reflection, Reply};
use fieldfolio_core::model::judgement::{Because, Beside};
use fieldfolio_core::model::mastery::{AtBat, Completeness};
use fieldfolio_core::model::piece::{Medium, Point};
use fieldfolio_core::model::role::Role;
use serde_json::{Value, json};

use super::names::Names;
use super::{Answer, CliError, bytes, count, to_json};
use crate::driver::now;

pub(super) fn show(device: &Device, piece: PieceId) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let view = device.piece(piece)?;
    let text = Shown { names: &names, lines: Vec::new() }.piece(&view);
    Ok(Answer::done(text, to_json(view)))
}

struct Shown<'a> {
    names: &'a Names,
    lines: Vec<String>,
}

impl Shown<'_> {
    fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    fn piece(mut self, view: &PieceView) -> String {
        let names = self.names;
        let day = view.content.work_date.map_or_else(String::new, |day| format!(", {day}"));
        self.line(format!("\"{}\" by {}{day}", view.content.title, names.person(view.maker)));
        let folios: Vec<String> = view.folios.iter().map(|folio| names.folio(*folio)).collect();
        if !folios.is_empty() {
            self.line(format!("  in {}", folios.join(" and ")));
        }
        let audience = match &view.audience {
            None => "its maker alone".to_owned(),
            Some(roles) if roles.len() == Role::ALL.len() => "the whole circle".to_owned(),
            Some(roles) => roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(", "),
        };
        self.line(format!("  for {audience}"));
        if !view.content.outcomes.is_empty() {
            let outcomes: Vec<String> = view.content.outcomes.iter().map(|id| names.outcome(*id)).collect();
            self.line(format!("  offered for {}", outcomes.join(", ")));
        }
        if !view.content.words.is_empty() {
            self.line(format!("  {}", view.content.words));
        }
        for (field, values) in &view.content.alternatives {
            self.line(format!("  {field} was set differently on two devices: {}", values.join(" or ")));
        }
        for (position, medium) in view.media.iter().enumerate() {
            let line = format!("  {} {position}: {}", word(medium), file(medium));
            self.line(line);
            self.beneath(&medium.medium);
        }
        for link in &view.content.links {
            let line = format!("  see {}{}", link.url, beside(&link.caption));
            self.line(line);
        }
        view.voices.iter().for_each(|voice| self.voice(voice));
        view.set_aside.iter().for_each(|why| self.line(format!("  can't be opened: {why}")));
        self.lines.join("\n")
    }

    fn beneath(&mut self, medium: &Medium) {
        if !medium.caption.is_empty() {
            self.line(format!("      {}", medium.caption));
        }
        if !medium.alt.is_empty() {
            self.line(format!("      (shows: {})", medium.alt));
        }
        for mark in &medium.marks {
            self.line(format!("      at {}: {}", spot(mark.at), mark.words));
        }
    }

    fn voice(&mut self, voice: &VoiceView) {
        let author = self.names.person(voice.author);
        let about = match voice.about {
            Some(person) if person == voice.author => String::new(),
            Some(person) => format!(" about {}", self.names.person(person)),
            None => " about the work".to_owned(),
        };
        self.line(format!("  {author}{about}:"));
        for entry in &voice.entries {
            let mut line = said(self.names, entry);
            if entry.withdrawn {
                line += " (taken back)";
            }
            if entry.altered {
                line += " (altered after it was given)";
            }
            if entry.replaces.is_some() {
                line += " (replaces an earlier one)";
            }
            if voice.edited_since.contains(&entry.id) {
                line += " (the work was edited since)";
            }
            self.line(format!("    {line}  [{}]", entry.id));
        }
        if voice.unverified > 0 {
            let number = usize::try_from(voice.unverified).unwrap_or(usize::MAX);
            self.line(format!("    {} not verified yet", count(number, "change")));
        }
    }
}

fn said(names: &Names, entry: &Entry) -> String {
    match &entry.body {
        EntryBody::Feedback(feedback) => {
            let parts = [
                ("well done", &feedback.did_well),
                ("to improve", &feedback.improve),
                ("next", &feedback.next_step),
            ];
            let parts: Vec<String> = parts
                .iter()
                .filter(|(_, words)| !words.is_empty())
                .map(|(part, words)| format!("{part}: {words}"))
                .collect();
            let at = feedback.spot.map_or_else(String::new, |spot_at| format!(" (at {})", spot(spot_at.at)));
            format!("feedback{at} · {}", parts.join(" · "))
        }
        EntryBody::Assessment(assessment) => format!(
            "judges {}: \"{}\" ({}, work of {})",
            names.outcome(assessment.outcome),
            names.level(assessment.level),
            assessment.kind.name(),
            assessment.work_date
        ),
        EntryBody::Reflection(Reflection { words }) => format!("reflects: {words}"),
        EntryBody::Reply(Reply { to, words }) => format!("answers {}: {words}", names.person(to.author)),
        EntryBody::Confirmation(Confirmation { of, .. }) => {
            format!("confirms the judgement of {}", names.person(of.author))
        }
        EntryBody::Unreadable { name } => format!("something this version can't show ({name})"),
    }
}

fn word(view: &MediumView) -> &'static str {
    match MediaType::parse(&view.medium.media_type).map(MediaType::kind) {
        Some(Kind::Picture) => "photo",
        Some(Kind::Film) => "film",
        Some(Kind::Sound) => "recording",
        Some(Kind::Document) => "document",
        None => "file",
    }
}

fn beside(caption: &str) -> String {
    if caption.is_empty() { String::new() } else { format!(" ({caption})") }
}

fn spot(at: Point) -> String {
    format!("{} % from the left, {} % from the top", at.x / 100, at.y / 100)
}

fn file(view: &MediumView) -> String {
    let here = match (&view.original_file, &view.preview_file) {
        (Some(_), _) => "here",
        (None, Some(_)) => "the small picture is here",
        (None, None) => "on its way",
    };
    let medium = &view.medium;
    let mut parts = Vec::new();
    if !medium.name.is_empty() {
        parts.push(format!("\"{}\"", medium.name));
    }
    if medium.width > 0 {
        parts.push(format!("{} × {}", medium.width, medium.height));
    }
    if let Some(duration) = medium.duration {
        parts.push(format!("{}:{:02}", duration / 60_000, duration / 1_000 % 60));
    }
    parts.push(bytes(medium.size));
    parts.push(here.to_owned());
    parts.join(", ")
}

pub(super) fn folios(device: &Device, student: Option<&str>) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let student = student.map(|student| names.find_person(student)).transpose()?;
    let folios = device.portfolio(student)?;
    let unplaced = device.unplaced()?;
    let mut lines = Vec::new();
    for folio in &folios {
        lines.push(format!(
            "{}: {} ({})",
            names.person(folio.student),
            folio.title,
            count(folio.pieces.len(), "piece")
        ));
        for piece in &folio.pieces {
            let day = piece.work_date.as_deref().unwrap_or("no date");
            lines.push(format!(
                "  {day}  \"{}\" by {}  [{}]",
                piece.title,
                names.person(piece.maker),
                piece.piece
            ));
        }
    }
    lines.extend(unplaced.iter().map(|piece| format!("in no folio: \"{}\"  [{}]", piece.title, piece.piece)));
    Ok(Answer::done(lines.join("\n"), json!({ "folios": folios, "unplaced": unplaced })))
}

pub(super) fn level(
    device: &Device,
    student: Option<&str>,
    outcome: Option<&str>,
) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let me = device.identity().person;
    let student = student.map_or(Ok(me), |student| names.find_person(student))?;
    let outcome = outcome.map(|outcome| names.find_outcome(outcome)).transpose()?;
    let name = names.person(student);
    let Some(view) = device.levels(student)? else {
        let text = format!(
            "No level of {name} is shown to you: only the student, her teachers and her family see one."
        );
        return Ok(Answer::done(text, json!({ "student": student, "shown": false })));
    };
    let completeness = view.completeness;
    let outcomes: Vec<OutcomeLevel> = match outcome {
        None => view.outcomes,
        Some(outcome) => device.level(student, outcome)?.into_iter().collect(),
    };
    let mut lines = vec![name];
    let mut shown = Vec::new();
    for level in &outcomes {
        lines.push(format!("  {} · {}", names.outcome(level.outcome), level.answer.sentence));
        if !level.answer.at_bats.is_empty() || !level.beside.is_empty() {
            lines.push(format!("      \u{201c}{}\u{201d}", names.friendly(level.outcome)));
        }
        for at_bat in &level.answer.at_bats {
            lines.push(format!("      {}", at_bat_line(device, &names, at_bat)?));
        }
        for beside in &level.beside {
            lines.push(format!("      beside it, not counted: {}", beside_line(&names, beside)));
        }
        let mut value = to_json(level);
        value["code"] = json!(names.outcome(level.outcome));
        shown.push(value);
    }
    if completeness == Completeness::Partial {
        lines
            .push("  Not everything that may count is on this device yet: sync to see the level.".to_owned());
    }
    let json = json!({ "student": student, "shown": true, "completeness": completeness, "outcomes": shown });
    Ok(Answer::done(lines.join("\n"), json))
}

fn at_bat_line(device: &Device, names: &Names, at_bat: &AtBat) -> Result<String, CliError> {
    let title = device.piece(at_bat.piece)?.content.title;
    let judges: Vec<String> = at_bat.judgements.iter().map(|given| names.person(given.judge)).collect();
    let project = names.project(at_bat.project);
    let differently = if at_bat.judged_differently { ", judged differently" } else { "" };
    Ok(format!(
        "{}  \"{}\" on \"{title}\" in {project}, by {}{differently}",
        at_bat.day,
        names.level(at_bat.level),
        judges.join(" and ")
    ))
}

fn beside_line(names: &Names, beside: &Beside) -> String {
    let because = match beside.because {
        Because::NotSummative => "it is for learning",
        Because::Unconfirmed => "a mentor's, which no teacher has confirmed",
        Because::Role => "its author's role does not judge",
        Because::Replaced => "replaced by a later one",
        Because::Withdrawn => "taken back",
        Because::Altered => "altered after it was given",
    };
    format!("\"{}\" by {} ({because})", names.level(beside.assessment.level), names.person(beside.author))
}

pub(super) fn queue(device: &Device) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let queue = device.review_queue(now())?;
    let mut lines = Vec::new();
    for row in &queue {
        let outcomes: Vec<String> = row.outcomes.iter().map(|id| names.outcome(*id)).collect();
        let day = row.work_date.as_deref().unwrap_or("no date");
        lines.push(format!("{day}  {}: \"{}\"  [{}]", names.person(row.student), row.title, row.piece));
        if !outcomes.is_empty() {
            lines.push(format!("    to judge: {}", outcomes.join(", ")));
        }
        if row.is_untagged {
            lines.push("    offered for no outcome: judge it for one, or answer it".to_owned());
        }
        for of in &row.to_confirm {
            lines.push(format!(
                "    to confirm: the judgement of {}  [{}]",
                names.person(of.author),
                of.entry
            ));
        }
    }
    let text = if lines.is_empty() { "Nothing waits.".to_owned() } else { lines.join("\n") };
    Ok(Answer::done(text, to_json(queue)))
}

pub(super) fn inbox(device: &mut Device, read: bool) -> Result<Answer, CliError> {
    let rows = device.inbox(now())?;
    let names = Names::of(device)?;
    let mut lines = Vec::new();
    let mut told: Vec<Value> = Vec::new();
    for InboxRow { spoken, is_new } in &rows {
        let title = device.piece(spoken.piece)?.content.title;
        let mark = if *is_new { "new" } else { "   " };
        let name = names.person(spoken.author);
        lines.push(format!(
            "{mark}  {name} on \"{title}\": {}  [{}]",
            spoken.entry.body.name(),
            spoken.piece
        ));
        told.push(json!({
            "piece": spoken.piece, "author": spoken.author, "about": spoken.about, "entry": spoken.entry.id,
            "kind": spoken.entry.body.name(), "is_new": is_new,
        }));
    }
    if read {
        device.mark_read(None, now())?;
    }
    let text = if lines.is_empty() { "Nothing was said to you yet.".to_owned() } else { lines.join("\n") };
    Ok(Answer::done(text, Value::Array(told)))
}

pub(super) fn uploads(device: &Device) -> Result<Answer, CliError> {
    let uploads = device.uploads()?;
    let mut lines = Vec::new();
    let mut rows: Vec<Value> = Vec::new();
    for upload in &uploads {
        let form = if upload.is_preview { "small picture" } else { "file" };
        let state = match (&upload.reason, upload.is_done) {
            (_, true) => "at the school".to_owned(),
            (Some(reason), false) => Why::read(reason).to_string(),
            (None, false) => "waits for its turn".to_owned(),
        };
        let title = device.piece(upload.piece)?.content.title;
        lines.push(format!(
            "{form} of \"{title}\": {} of {}, {state}",
            bytes(if upload.is_done { upload.size } else { upload.sent }),
            bytes(upload.size)
        ));
        rows.push(json!({
            "hash": upload.hash, "piece": upload.piece, "size": upload.size, "preview": upload.is_preview,
            "sent": upload.sent, "done": upload.is_done, "reason": upload.reason,
        }));
    }
    let text = if lines.is_empty() { "No files to send.".to_owned() } else { lines.join("\n") };
    Ok(Answer::done(text, Value::Array(rows)))
}

pub(super) fn media(
    device: &mut Device,
    piece: PieceId,
    position: usize,
    original: bool,
) -> Result<Answer, CliError> {
    let variant = if original { Variant::Original } else { Variant::Preview };
    let file = device.media_path(piece, position, variant, now())?;
    let text = match &file {
        Some(path) => path.display().to_string(),
        None => "It is not here yet: the next sync fetches it.".to_owned(),
    };
    Ok(Answer::done(text, json!({ "file": file })))
}

pub(super) fn people(device: &Device) -> Result<Answer, CliError> {
    let people = device.people()?;
    let line = |person: &fieldfolio_core::model::directory::Person| {
        let kinds: Vec<&str> = person.kinds.iter().map(|kind| kind.name()).collect();
        format!("{}  {} ({})", person.id, person.name, kinds.join(", "))
    };
    let lines: Vec<String> = people.iter().map(line).collect();
    Ok(Answer::done(lines.join("\n"), to_json(people)))
}

pub(super) fn who(device: &Device, piece: PieceId) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let people: Vec<PersonId> = device.who_sees(piece, now())?;
    let lines: Vec<String> = people.iter().map(|person| names.person(*person)).collect();
    Ok(Answer::done(lines.join("\n"), to_json(people)))
}
