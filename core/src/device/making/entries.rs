//! Giving entries on a piece: feedback, a judgement, a confirmation, a reply, a reflection.

use crate::document::{Edit, Sheet, SheetError, TextEdit, contained};
use crate::ids::{DocumentId, EntryId, OutcomeId, PersonId, PieceId, Rng};
use crate::model::entry::{
    Assessment, AssessmentKind, Confirmation, Editions, Entry, EntryBody, EntryKind, Feedback, Reference,
    Reply, Words,
};
use crate::model::framework::Level;
use crate::model::role::{Class, Role};
use crate::store::{index, log};
use crate::time::{Timestamp, WorkDate};

use crate::device::making::write::own_document;
use crate::device::making::write::{self, Writing};
use crate::device::{Device, DeviceError};

/// A judgement to be given.
#[derive(Debug, Clone)]
pub struct Judging {
    /// What is judged.
    pub outcome: OutcomeId,
    /// The level shown.
    pub level: Level,
    /// Whether it may count.
    pub kind: AssessmentKind,
    /// The day of the work; the piece's own if nothing is said.
    pub work_date: Option<WorkDate>,
    /// What comes next.
    pub next_step: String,
    /// The judgement of one's own that it replaces.
    pub replaces: Option<EntryId>,
}

impl Device {
    /// Gives an entry of a kind that needs nothing of this device but its words, about a student (about the work itself for
    /// `None`). A judgement is given by [`Device::assess`], a confirmation by [`Device::confirm`], a reflection by
    /// [`Device::reflect`]: these pin or edit what is here.
    pub fn give(
        &mut self,
        piece: PieceId,
        about: Option<PersonId>,
        body: EntryBody,
        replaces: Option<EntryId>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<EntryId, DeviceError> {
        let needs_more =
            matches!(body, EntryBody::Assessment(_) | EntryBody::Confirmation(_) | EntryBody::Reflection(_));
        if needs_more {
            return Err(DeviceError::NotAllowed("an entry of this kind has a call of its own"));
        }
        body.check().map_err(DeviceError::Bounds)?;
        self.points_at_what_is_here(piece, &body)?;
        let id = EntryId::new(now, rng);
        self.write_entry(piece, about, now, rng, |edit| edit.entry(id, &body, replaces))?;
        Ok(id)
    }

    /// A picture, or an entry, that an entry names is one of this piece.
    fn points_at_what_is_here(&self, piece: PieceId, body: &EntryBody) -> Result<(), DeviceError> {
        let conn = self.store.read();
        match body {
            EntryBody::Feedback(Feedback { spot: Some(spot), .. }) => {
                let content = index::content(conn, piece)?.unwrap_or_default();
                match content.medium(spot.medium) {
                    Some(_) => Ok(()),
                    None => Err(DeviceError::Unknown(format!("picture {} of piece {piece}", spot.medium))),
                }
            }
            EntryBody::Reply(Reply { to, .. }) => {
                let voice = log::document(conn, DocumentId::voice(piece, to.author, to.about))?;
                match voice.map(|voice| index::entry(conn, voice.row, to.entry)).transpose()?.flatten() {
                    Some(_) => Ok(()),
                    None => Err(DeviceError::Unknown(format!("entry {}", to.entry))),
                }
            }
            EntryBody::Feedback(_)
            | EntryBody::Assessment(_)
            | EntryBody::Reflection(_)
            | EntryBody::Confirmation(_)
            | EntryBody::Unreadable { .. } => Ok(()),
        }
    }

    /// Gives feedback about a student (about the work itself for `None`).
    pub fn feedback(
        &mut self,
        piece: PieceId,
        about: Option<PersonId>,
        feedback: &Feedback,
        replaces: Option<EntryId>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<EntryId, DeviceError> {
        self.give(piece, about, feedback.clone().into(), replaces, now, rng)
    }

    /// Judges one outcome for one student. It pins the content as it is on this device now.
    pub fn assess(
        &mut self,
        piece: PieceId,
        student: PersonId,
        judging: Judging,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<EntryId, DeviceError> {
        let class = self.my_class(piece, Some(student), now)?;
        if !matches!(class, Class::Voice(Role::Teacher | Role::Mentor)) {
            return Err(DeviceError::NotAllowed("only a teacher or a mentor of the folio can judge"));
        }
        self.voice_stays(piece, Some(student), class)?;
        let school = self.school()?;
        if school.as_ref().is_some_and(|school| school.scale.is_none()) {
            return Err(DeviceError::NotAllowed(
                "the school's levels were made by a newer version: update Fieldfolio to judge",
            ));
        }
        let scale = school.and_then(|school| school.scale);
        if scale.as_ref().is_some_and(|scale| !scale.has(judging.level)) {
            return Err(DeviceError::Bounds("that is not one of the school's levels"));
        }
        let content = log::document(self.store.read(), DocumentId::content(piece))?;
        let Some(content) = content.filter(|content| !content.heads.is_empty()) else {
            return Err(DeviceError::NotAllowed("the work itself is not on this device yet: sync first"));
        };
        let of_piece = index::content(self.store.read(), piece)?.and_then(|content| content.work_date);
        let Some(work_date) = judging.work_date.or(of_piece) else {
            return Err(DeviceError::Bounds(
                "the piece does not say on which day the work was done: say it with the judgement",
            ));
        };
        let frameworks = self.frameworks()?;
        let of_outcome = frameworks
            .iter()
            .find(|framework| framework.outcomes.iter().any(|outcome| outcome.id == judging.outcome));
        let framework = of_outcome.map_or(1, |framework| framework.version);
        let assessment = Assessment {
            outcome: judging.outcome,
            level: judging.level,
            kind: judging.kind,
            work_date,
            next_step: judging.next_step,
            judged: content.heads,
            editions: Editions { framework, scale: scale.map_or(1, |scale| scale.edition.max(1)) },
        };
        assessment.check().map_err(DeviceError::Bounds)?;
        let id = EntryId::new(now, rng);
        let body = EntryBody::from(assessment);
        self.write_entry(piece, Some(student), now, rng, |edit| edit.entry(id, &body, judging.replaces))?;
        Ok(id)
    }

    /// Takes a mentor's judgement as one's own, as it stands on this device now.
    pub fn confirm(
        &mut self,
        piece: PieceId,
        of: Reference,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<EntryId, DeviceError> {
        if self.my_class(piece, of.about, now)? != Class::Voice(Role::Teacher) {
            return Err(DeviceError::NotAllowed(
                "only a teacher of the folio can confirm a mentor's judgement",
            ));
        }
        self.voice_stays(piece, of.about, Class::Voice(Role::Teacher))?;
        let document = DocumentId::voice(piece, of.author, of.about);
        let voice = log::document(self.store.read(), document)?;
        let Some(voice) = voice.filter(|voice| voice.class == Class::Voice(Role::Mentor)) else {
            return Err(DeviceError::Unknown(format!("a mentor's judgement {}", of.entry)));
        };
        let entry = index::entry(self.store.read(), voice.row, of.entry)?;
        let Some(Entry { body: EntryBody::Assessment(_), withdrawn: false, altered: false, .. }) = entry
        else {
            return Err(DeviceError::NotAllowed(
                "that is not a judgement that can be confirmed: it was taken back or altered",
            ));
        };
        let id = EntryId::new(now, rng);
        let body = EntryBody::from(Confirmation { of, heads: voice.heads });
        self.write_entry(piece, of.about, now, rng, |edit| edit.entry(id, &body, None))?;
        Ok(id)
    }

    /// Answers an entry. The answer is in one's own voice, about the same student.
    pub fn reply(
        &mut self,
        piece: PieceId,
        to: Reference,
        words: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<EntryId, DeviceError> {
        self.give(piece, to.about, Reply { to, words: words.to_owned() }.into(), None, now, rng)
    }

    /// Writes the student's reflection on her own work, or edits it in place: what two of her devices changed apart
    /// merges by word. Two that were begun apart stand side by side.
    pub fn reflect(
        &mut self,
        piece: PieceId,
        words: impl Into<TextEdit>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<EntryId, DeviceError> {
        let words = words.into();
        let texts = words.before.iter().chain([&words.after]);
        texts.into_iter().try_for_each(|text| Words::Essay.check(text)).map_err(DeviceError::Bounds)?;
        let me = self.me.person;
        let present = log::document(self.store.read(), own_document(&self.me, piece, Some(me)))?
            .map(|voice| index::entries(self.store.read(), voice.row))
            .transpose()?
            .unwrap_or_default();
        let id = present
            .iter()
            .find(|entry| matches!(entry.body, EntryBody::Reflection(_)))
            .map_or_else(|| EntryId::new(now, rng), |entry| entry.id);
        self.write_entry(piece, Some(me), now, rng, |edit| edit.reflection(id, words))?;
        Ok(id)
    }

    /// Takes back something one said. It stays readable, marked as withdrawn.
    pub fn withdraw(
        &mut self,
        piece: PieceId,
        about: Option<PersonId>,
        entry: EntryId,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        self.write_entry(piece, about, now, rng, |edit| edit.withdraw(entry))
    }

    /// A document as any automerge tool opens it.
    pub fn export_document(&self, document: DocumentId) -> Result<Vec<u8>, DeviceError> {
        let row = log::document(self.store.read(), document)?
            .ok_or_else(|| DeviceError::Unknown(format!("document {document}")))?;
        let raws = log::raw_changes(self.store.read(), row.row)?;
        let saved = contained(document, || Ok(Sheet::load(raws.iter().map(Vec::as_slice))?.save()));
        saved.unwrap_or(Err(DeviceError::NotAllowed("this sheet can't be opened: it was set aside")))
    }

    fn write_entry(
        &mut self,
        piece: PieceId,
        about: Option<PersonId>,
        now: Timestamp,
        rng: &mut dyn Rng,
        write: impl FnOnce(&mut Edit<'_>) -> Result<(), SheetError>,
    ) -> Result<(), DeviceError> {
        let class = self.my_class(piece, about, now)?;
        let me = &self.me;
        let document = own_document(me, piece, about);
        self.store.write(|tx| {
            let writing = Writing { me, document, class, now, blobs: Vec::new() };
            write::change(tx, writing, rng, write).map(|_| ())
        })
    }

    /// A voice is read as what its author was when she began it. Judging in one that is read as something else would count
    /// for nothing, so it is refused with words.
    fn voice_stays(&self, piece: PieceId, about: Option<PersonId>, class: Class) -> Result<(), DeviceError> {
        match log::document(self.store.read(), own_document(&self.me, piece, about))? {
            Some(voice) if voice.class_from_relay && voice.class != class => Err(DeviceError::NotAllowed(
                "you spoke on this piece in another role before, and your words on it are read as that: a judgement here \
                 would not count",
            )),
            _ => Ok(()),
        }
    }

    /// As what the person speaks here, by what this device knows of the circle.
    fn my_class(
        &self,
        piece: PieceId,
        about: Option<PersonId>,
        now: Timestamp,
    ) -> Result<Class, DeviceError> {
        let (known, circles) = self.piece_and_circles(piece, now)?;
        known.voice_class(&circles, self.me.person, about).ok_or(DeviceError::NotAllowed(
            "you can't speak here: you are not in the circle of that student's folio, or the piece is not shared with you",
        ))
    }
}
