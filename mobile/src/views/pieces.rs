//! Pieces and what was said on them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldfolio_core::device::{DeviceError, EntryCounts, Overview, PieceView, VoiceView};
use fieldfolio_core::ids::{DocumentId, FolioId, PieceId};
use fieldfolio_core::media::{Kind, MediaType};
use fieldfolio_core::model::entry::{self, Confirmation, Reply};
use fieldfolio_core::model::piece;
use fieldfolio_core::model::role::{Class, Role};

use fieldfolio_core::store::read_marks::Spoken;

use super::standing::{Standings, at_school};
use super::{Views, count, text, texts};
use crate::records::{
    Alternative, Entry, EntryBody, InboxRow, Inspected, Judge, Link, Mark, May, Medium, Piece, PieceLine,
    Placed, QueueRow, Reference, Shows, Spot, ToConfirm, Voice,
};

impl Views<'_> {
    /// The pieces this person made, newest first.
    pub fn mine(&self) -> Result<Vec<PieceLine>, DeviceError> {
        let overviews = self.device.overviews()?;
        let mut mine: Vec<&Overview> = overviews.iter().filter(|piece| piece.maker == self.me).collect();
        mine.sort_by_key(|piece| std::cmp::Reverse(piece.piece));
        let standings = self.standings()?;
        Ok(mine.into_iter().map(|piece| self.piece_line(piece, standings)).collect())
    }

    pub(super) fn piece_line(&self, piece: &Overview, standings: &Standings) -> PieceLine {
        let content = &piece.content;
        let first = content.media.iter().find(|medium| medium.preview.is_some());
        let whereabouts = if piece.maker == self.me { standings.piece(piece.piece) } else { at_school() };
        PieceLine {
            piece: piece.piece.to_string(),
            kind: piece.kind.into(),
            maker: piece.maker.to_string(),
            maker_name: self.name(piece.maker),
            title: content.title.clone(),
            work_date: text(content.work_date),
            made: piece.piece.made_at().millis(),
            students: piece.folios.iter().filter_map(|folio| self.placed(*folio)).collect(),
            outcomes: texts(&content.outcomes),
            photos: count(content.media.len()),
            placeholder: first.map(|medium| STANDARD.encode(&medium.placeholder)),
            preview: first.and_then(|medium| text(medium.preview)),
            turn: first.map_or(0, |medium| medium.turn.count()),
            shows: content.media.first().map(shows),
            feedback: piece.said.feedback,
            judgements: piece.said.judgements,
            replies: piece.said.replies,
            audience: piece.audience.map(|audience| audience.iter().collect()),
            whereabouts,
        }
    }

    fn placed(&self, folio: FolioId) -> Option<Placed> {
        let known = self.folios.get(&folio)?;
        Some(Placed {
            id: known.student.to_string(),
            name: self.name(known.student),
            folio: folio.to_string(),
            title: self.title(known),
        })
    }

    /// One piece with everything this person may read on it.
    pub fn piece(&self, id: PieceId) -> Result<Piece, DeviceError> {
        let view = self.device.piece(id)?;
        let may = self.device.may(id, self.now)?;
        let is_mine = view.maker == self.me;
        let PieceView { piece, kind, maker, folios, audience, content, media, voices, set_aside } = view;
        let (said, standings) = (counted(&voices), self.standings()?);
        let of = Overview {
            piece,
            kind,
            maker,
            folios,
            audience: audience.map(fieldfolio_core::model::role::Roles::of),
            content: content.clone(),
            said,
        };
        // What is not one's own is at the school.
        let own = is_mine.then_some(standings);
        Ok(Piece {
            line: self.piece_line(&of, standings),
            media: media.iter().map(|view| self.medium(id, &view.medium, own)).collect(),
            earlier: content.earlier.iter().map(|medium| self.medium(id, medium, own)).collect(),
            links: content
                .links
                .into_iter()
                .map(|link| Link { key: link.key.to_string(), url: link.url, caption: link.caption })
                .collect(),
            voices: voices.iter().map(|voice| self.voice(id, voice, &voices, standings)).collect(),
            revises: text(content.revises),
            alternatives: content
                .alternatives
                .into_iter()
                .map(|(field, values)| Alternative { field, values })
                .collect(),
            unshown: count(set_aside.len()).saturating_add(content.unreadable),
            words: content.words,
            may: May {
                edit: may.edit,
                share: may.edit,
                take_back: may.take_back,
                erase: may.erase,
                write_about: may.write_about.into_iter().map(text).collect(),
                judge: may
                    .judge
                    .into_iter()
                    .map(|(student, role)| Judge { student: student.to_string(), role })
                    .collect(),
                reflect: may.reflect,
            },
            placings: self.placings(id)?,
        })
    }

    fn medium(&self, piece: PieceId, medium: &piece::Medium, own: Option<&Standings>) -> Medium {
        let marks = medium.marks.iter();
        let media_type = MediaType::parse(&medium.media_type);
        Medium {
            key: medium.key.to_string(),
            shows: shows(medium),
            original: medium.original.to_string(),
            preview: text(medium.preview),
            media_type: medium.media_type.clone(),
            ending: media_type.map_or("bin", MediaType::extension).to_owned(),
            width: medium.width,
            height: medium.height,
            size: medium.size,
            duration: medium.duration,
            placeholder: STANDARD.encode(&medium.placeholder),
            name: medium.name.clone(),
            caption: medium.caption.clone(),
            alt: medium.alt.clone(),
            turn: medium.turn.count(),
            marks: marks
                .map(|mark| Mark {
                    key: mark.key.to_string(),
                    at: Spot { x: mark.at.x, y: mark.at.y },
                    words: mark.words.clone(),
                })
                .collect(),
            is_here: self.device.store().blobs().has(medium.original),
            whereabouts: own.map_or_else(at_school, |standings| standings.medium(piece, medium)),
        }
    }

    fn voice(&self, piece: PieceId, voice: &VoiceView, all: &[VoiceView], standings: &Standings) -> Voice {
        let document = DocumentId::voice(piece, voice.author, voice.about);
        let entries = voice.entries.iter().map(|entry| self.entry(voice, entry, all));
        Voice {
            author: voice.author.to_string(),
            author_name: self.name(voice.author),
            about: text(voice.about),
            about_name: voice.about.map(|student| self.name(student)),
            role: match voice.class {
                Class::Voice(role) => role,
                // No voice is read as the work itself; the reader with the fewest rights stands for what can't be.
                Class::Content | Class::Shared | Class::Newer(_) => Role::Peer,
            },
            entries: entries.collect(),
            unverified: voice.unverified,
            whereabouts: if voice.author == self.me { standings.document(document) } else { at_school() },
        }
    }

    fn entry(&self, voice: &VoiceView, entry: &entry::Entry, all: &[VoiceView]) -> Entry {
        let is = entry::Reference { author: voice.author, about: voice.about, entry: entry.id };
        Entry {
            id: entry.id.to_string(),
            made: entry.id.made_at().millis(),
            body: EntryBody::from(&entry.body),
            replaces: text(entry.replaces),
            is_replaced: voice.entries.iter().any(|other| other.replaces == Some(entry.id)),
            withdrawn: entry.withdrawn,
            altered: entry.altered,
            edited_since: voice.edited_since.contains(&entry.id),
            confirmed_by: self.confirmers(is, all),
        }
    }

    /// Teachers whose confirmation of an entry stands.
    fn confirmers(&self, is: entry::Reference, all: &[VoiceView]) -> Vec<String> {
        all.iter()
            .filter(|voice| voice.class == Class::Voice(Role::Teacher))
            .filter(|voice| {
                voice.entries.iter().any(|entry| {
                    !entry.withdrawn && matches!(&entry.body, entry::EntryBody::Confirmation(Confirmation { of, .. }) if *of == is)
                })
            })
            .map(|voice| self.name(voice.author))
            .collect()
    }

    /// Shared work that waits for this teacher, oldest work first.
    pub fn queue(&self) -> Result<Vec<QueueRow>, DeviceError> {
        let (overviews, standings) = (self.device.overviews()?, self.standings()?);
        let mut rows = Vec::new();
        for row in self.device.review_queue(self.now)? {
            let Some(overview) = overviews.iter().find(|piece| piece.piece == row.piece) else { continue };
            let mut to_confirm = Vec::new();
            if !row.to_confirm.is_empty() {
                let view = self.device.piece(row.piece)?;
                to_confirm = row.to_confirm.iter().filter_map(|of| self.to_confirm(&view, *of)).collect();
            }
            rows.push(QueueRow {
                piece: self.piece_line(overview, standings),
                student: row.student.to_string(),
                student_name: self.name(row.student),
                outcomes: texts(&row.outcomes),
                to_confirm,
                is_untagged: row.is_untagged,
            });
        }
        Ok(rows)
    }

    /// What is new for this person, newest first, and the latest of what is not.
    pub fn inbox(&self) -> Result<Vec<InboxRow>, DeviceError> {
        let overviews = self.device.overviews()?;
        let titles: BTreeMap<PieceId, &str> =
            overviews.iter().map(|piece| (piece.piece, piece.content.title.as_str())).collect();
        let rows = self.device.inbox(self.now)?.into_iter().map(|row| {
            let Spoken { piece, author, about, class, entry } = row.spoken;
            InboxRow {
                piece: piece.to_string(),
                title: titles.get(&piece).copied().unwrap_or_default().to_owned(),
                of: Reference::from(entry::Reference { author, about, entry: entry.id }),
                author_name: self.name(author),
                author_as: match class {
                    Class::Voice(role) => Some(role),
                    Class::Content | Class::Shared | Class::Newer(_) => None,
                },
                about_name: about.map(|about| self.name(about)),
                made: entry.id.made_at().millis(),
                body: EntryBody::from(&entry.body),
                is_new: row.is_new,
            }
        });
        Ok(rows.collect())
    }

    fn to_confirm(&self, view: &PieceView, of: entry::Reference) -> Option<ToConfirm> {
        let voice = view.voices.iter().find(|voice| (voice.author, voice.about) == (of.author, of.about))?;
        match &voice.entries.iter().find(|entry| entry.id == of.entry)?.body {
            entry::EntryBody::Assessment(assessment) => Some(ToConfirm {
                of: Reference::from(of),
                mentor_name: self.name(of.author),
                outcome: assessment.outcome.to_string(),
                level: assessment.level.0,
            }),
            _ => None,
        }
    }
}

impl From<fieldfolio_core::media::Inspected> for Inspected {
    fn from(found: fieldfolio_core::media::Inspected) -> Self {
        let notes = found.notes.iter().map(|note| note.code().to_owned());
        Self { media_type: found.media_type.as_str().to_owned(), notes: notes.collect() }
    }
}

fn counted(voices: &[VoiceView]) -> EntryCounts {
    let count = |is: fn(&entry::EntryBody) -> bool| {
        let entries = voices.iter().flat_map(|voice| &voice.entries);
        u32::try_from(entries.filter(|entry| is(&entry.body)).count()).unwrap_or(u32::MAX)
    };
    EntryCounts {
        feedback: count(|said| matches!(said, entry::EntryBody::Feedback(_))),
        judgements: count(|said| matches!(said, entry::EntryBody::Assessment(_))),
        replies: count(|said| matches!(said, entry::EntryBody::Reply(Reply { .. }))),
    }
}

/// What this version doesn't know is handed out and never shown.
fn shows(medium: &piece::Medium) -> Shows {
    match MediaType::parse(&medium.media_type).map(MediaType::kind) {
        Some(Kind::Picture) => Shows::Picture,
        Some(Kind::Film) => Shows::Film,
        Some(Kind::Sound) => Shows::Sound,
        Some(Kind::Document) | None => Shows::Document,
    }
}
