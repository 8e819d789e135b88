//! Every call that pages make: its name, what goes in, what comes back, and the one thing it does.

use fieldfolio_core::device::{
    Device, DeviceError, Edits, Line, MediumEdit, NewLink, NewMedium, NewPiece, TextEdit,
};
use fieldfolio_core::ids::Rng;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::time::Timestamp;
use fieldfolio_mobile::inputs::{self, Nothing};
use fieldfolio_mobile::{Refusal, Views, records};
use serde::Serialize;

/// What a call works with.
pub struct CallContext<'a> {
    pub device: &'a mut Device,
    /// The moment.
    pub now: Timestamp,
    /// Randomness.
    pub rng: &'a mut dyn Rng,
    /// The files that came with the call.
    pub files: Vec<NewMedium>,
}

impl CallContext<'_> {
    pub(crate) fn views(&self) -> Result<Views<'_>, Refusal> {
        Ok(Views::at(self.device, self.now)?)
    }

    /// The files, with what is said of each.
    fn media(&mut self, said: Vec<inputs::NewFile>) -> Result<Vec<NewMedium>, Refusal> {
        let files = std::mem::take(&mut self.files);
        if files.len() != said.len() {
            return Err(Refusal::new("other", "as many files as are spoken of"));
        }
        let media = files.into_iter().zip(said).map(|(file, said)| {
            let inputs::NewFile { caption, alt, replaces } = said;
            NewMedium { caption, alt, replaces, ..file }
        });
        Ok(media.collect())
    }
}

/// A piece that was made.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MadePiece {
    piece: String,
}

/// Something that was said.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MadeEntry {
    entry: String,
}

/// A project that was started.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MadeProject {
    project: String,
    folio: String,
}

/// A folio that was taken up.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MadeFolio {
    folio: String,
}

/// Room that was made, in bytes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Freed {
    bytes: u64,
}

/// Done; there is nothing to say.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Done {}

macro_rules! calls {
    ($($(#[doc = $doc:literal])* $name:ident($input:ty) -> $answer:ty, |$context:ident, $args:pat_param| $do:expr;)*) => {
        /// Makes a call: `input` and the answer are JSON. What it did is on disk when it returns.
        pub fn call(name: &str, input: &str, context: CallContext<'_>) -> Result<String, Refusal> {
            match name {
                $(stringify!($name) => {
                    let $args: $input = serde_json::from_str(input).map_err(|error| Refusal::new("other", error))?;
                    #[allow(unused_mut)]
                    let mut $context = context;
                    // Some calls can't fail.
                    #[allow(clippy::redundant_closure_call)]
                    let done: Result<$answer, Refusal> = (|| Ok($do))();
                    serde_json::to_string(&done?).map_err(|error| Refusal::new("other", error))
                })*
                _ => Err(Refusal::new("other", format!("there is no call named {name:?}"))),
            }
        }

        /// Hands every call to `visitor`: its docs, its name and its two types.
        #[cfg(test)]
        pub(crate) fn visit(visitor: &mut impl crate::described::Visitor) {
            $(visitor.call::<$input, $answer>(&[$($doc),*], stringify!($name));)*
        }
    };
}

calls! {
    /// Who this device belongs to.
    me(Nothing) -> records::Me, |context, _| context.views()?.me()?;
    /// Everyone known here, by name.
    people(Nothing) -> Vec<records::Person>, |context, _| context.views()?.people();
    /// Every outcome known here, in the order of its framework.
    outcomes(Nothing) -> Vec<records::Outcome>, |context, _| context.views()?.outcomes()?;
    /// Every project known here, by title.
    projects(Nothing) -> Vec<records::Project>, |context, _| context.views()?.projects();
    /// All folios one may see, or a student's.
    folios(inputs::WhoseFolios) -> Vec<records::FolioLine>, |context, input| context.views()?.folios(input.student)?;
    /// Folios in which one may place a piece of one's own, those of one's group among them (with no roles of one's own).
    places(Nothing) -> Vec<records::FolioLine>, |context, _| context.views()?.places()?;
    /// One folio with its pieces and its circle.
    folio(inputs::OneFolio) -> records::Folio, |context, input| context.views()?.folio(input.folio)?;
    /// Pieces one made, newest first.
    mine(Nothing) -> Vec<records::PieceLine>, |context, _| context.views()?.mine()?;
    /// One piece with everything one may read on it.
    piece(inputs::OnePiece) -> records::Piece, |context, input| context.views()?.piece(input.piece)?;
    /// Shared work that waits for this teacher, oldest work first.
    review_queue(Nothing) -> Vec<records::QueueRow>, |context, _| context.views()?.queue()?;
    /// What classmates offer to one's own folios, or to those of students whom one teaches, oldest piece first.
    offers(Nothing) -> Vec<records::Offer>, |context, _| context.views()?.offers()?;
    /// What came late and waits for a teacher's word.
    late_work(Nothing) -> Vec<records::LateWork>, |context, _| context.views()?.late_work()?;
    /// Null for those who are shown no levels: mentors, peers.
    levels(inputs::OneStudent) -> Option<records::Levels>, |context, input| context.views()?.levels(input.student)?;
    /// How levels grew; null for those who are shown none.
    growth(inputs::OneStudent) -> Option<records::Growth>, |context, input| context.views()?.growth(input.student)?;
    /// Students one teaches by the outcomes their projects aim at.
    grid(inputs::GridOf) -> records::Grid, |context, input| context.views()?.grid(input.class, input.project)?;
    /// The classes one teaches or advises.
    classes(Nothing) -> Vec<records::SchoolClass>, |context, _| context.views()?.classes()?;
    /// One's own devices, newest first.
    devices(Nothing) -> Vec<records::DeviceLine>, |context, _| context.views()?.devices()?;
    /// Who can see a piece.
    who_sees(inputs::OnePiece) -> Vec<records::Seer>, |context, input| context.views()?.who_sees(input.piece)?;
    /// Mentors who wait for a teacher's word.
    proposals(Nothing) -> Vec<records::Proposal>, |context, _| context.views()?.proposals()?;
    /// What others said to this person: all that is new, and the latest of what is not.
    inbox(Nothing) -> Vec<records::InboxRow>, |context, _| context.views()?.inbox()?;
    /// She looked at what was said to her.
    mark_read(inputs::AnyPiece) -> Done, |context, input| {
        context.device.mark_read(input.piece, context.now)?;
        Done {}
    };
    /// What has not reached the school, and why.
    status(Nothing) -> records::Status, |context, _| context.views()?.status()?;

    /// Looks at a file that was just picked: whether it will be taken, and what to say of it.
    inspect(Nothing) -> records::Inspected, |context, _| {
        let file = context.files.first_mut().ok_or_else(|| Refusal::new("other", "there is no file"))?;
        file.inspect().map_err(|source| DeviceError::Media { number: 1, source })?.into()
    };
    /// Saves a new piece with its photos.
    capture(inputs::NewPiece) -> MadePiece, |context, input| {
        let new = NewPiece {
            media: context.media(input.files)?,
            links: links(input.links),
            title: input.title,
            words: input.words,
            work_date: input.work_date,
            outcomes: input.outcomes,
            folios: input.folios,
            audience: input.audience.map(Roles::audience),
            kind: input.kind.into(),
            revises: input.revises,
        };
        MadePiece { piece: context.device.capture(new, context.now, context.rng)?.piece.to_string() }
    };
    /// Changes a piece of one's own.
    edit(inputs::Edits) -> Done, |context, input| {
        let inputs::Edits { piece, title, words, work_date, outcomes, files, links: urls, media, order } = input;
        let media = media.into_iter().map(MediumEdit::try_from).collect::<Result<_, _>>()?;
        let (add, links) = (context.media(files)?, links(urls));
        let (title, words) = (title.map(Into::into), words.map(Into::into));
        let outcomes = outcomes.map(Into::into);
        let edits = Edits { title, words, work_date, outcomes, add, links, media, order };
        context.device.edit(piece, edits, context.now, context.rng)?;
        Done {}
    };
    /// Starts a project of one's own.
    start_project(inputs::NewProject) -> MadeProject, |context, input| {
        let inputs::NewProject { title, brief, outcomes } = input;
        let started = context.device.start_project(&title, &brief, &outcomes, context.now, context.rng)?;
        MadeProject { project: started.project.to_string(), folio: started.folio.to_string() }
    };
    /// Takes up a folio of one's own in a project.
    join_project(inputs::OneProject) -> MadeFolio, |context, input| {
        let folio = context.device.join_project(input.project, context.now, context.rng)?;
        MadeFolio { folio: folio.to_string() }
    };
    /// Places a piece in one more folio.
    place(inputs::Placing) -> Done, |context, input| {
        context.device.place(input.piece, input.folio, context.now, context.rng)?;
        Done {}
    };
    /// Offers a piece to a classmate's folio in a project.
    offer(inputs::Offering) -> MadeFolio, |context, input| {
        let folio = context.device.offer(input.piece, input.student, input.project, context.now, context.rng)?;
        MadeFolio { folio: folio.to_string() }
    };
    /// Accepts what is offered to a folio.
    accept_offer(inputs::Placing) -> Done, |context, input| {
        context.device.accept_offer(input.piece, input.folio, context.now, context.rng)?;
        Done {}
    };
    /// Takes a piece out of a folio; declines what is offered to it; takes an offer of one's own back.
    take_out(inputs::Placing) -> Done, |context, input| {
        context.device.take_out(input.piece, input.folio, context.now, context.rng)?;
        Done {}
    };
    /// Moves a piece to another folio of the same student.
    move_piece(inputs::Moving) -> Done, |context, input| {
        context.device.move_piece(input.piece, input.from, input.to, context.now, context.rng)?;
        Done {}
    };
    /// Sets who may see a piece.
    share(inputs::Sharing) -> Done, |context, input| {
        context.device.share(input.piece, Roles::audience(input.audience), context.now, context.rng)?;
        Done {}
    };
    /// Makes a piece one's own again.
    unshare(inputs::OnePiece) -> Done, |context, input| {
        context.device.unshare(input.piece, context.now, context.rng)?;
        Done {}
    };
    /// Erases a piece of one's own for ever.
    erase(inputs::OnePiece) -> Done, |context, input| {
        context.device.erase(input.piece, context.now, context.rng)?;
        Done {}
    };
    /// Gives an entry of a kind that needs nothing but its words.
    give(inputs::NewEntry) -> MadeEntry, |context, input| {
        let (body, replaces) = (input.body.try_into()?, input.replaces);
        let entry = context.device.give(input.piece, input.about, body, replaces, context.now, context.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Gives feedback.
    give_feedback(inputs::NewFeedback) -> MadeEntry, |context, input| {
        let (piece, about, replaces) = (input.piece, input.about, input.replaces);
        let entry = context.device.feedback(piece, about, &input.try_into()?, replaces, context.now, context.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Judges one outcome for one student.
    assess(inputs::NewAssessment) -> MadeEntry, |context, input| {
        let (piece, student) = (input.piece, input.student);
        let entry = context.device.assess(piece, student, input.into(), context.now, context.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Takes a mentor's judgement as one's own.
    confirm(inputs::Confirming) -> MadeEntry, |context, input| {
        let of = (&input.of).try_into()?;
        let entry = context.device.confirm(input.piece, of, context.now, context.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Answers an entry.
    reply(inputs::NewReply) -> MadeEntry, |context, input| {
        let to = (&input.to).try_into()?;
        let entry = context.device.reply(input.piece, to, &input.words, context.now, context.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Writes one's reflection, or edits it.
    reflect(inputs::Reflecting) -> MadeEntry, |context, input| {
        let entry = context.device.reflect(input.piece, TextEdit::from(input.words), context.now, context.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Takes back something one said.
    withdraw(inputs::Withdrawing) -> Done, |context, input| {
        context.device.withdraw(input.piece, input.about, input.entry, context.now, context.rng)?;
        Done {}
    };
    /// Holds files on their way back, or lets them go.
    hold(inputs::Holding) -> Done, |context, input| {
        context.device.hold_upload(input.piece, input.hash, input.held.into())?;
        Done {}
    };
    /// Says how files are sent.
    sending(inputs::HowSent) -> Done, |context, input| {
        if let Some(is_paused) = input.paused {
            context.device.pause_uploads(is_paused)?;
        }
        if let Some(is_thrifty) = input.thrifty {
            context.device.set_thrifty(is_thrifty)?;
        }
        Done {}
    };
    /// Says what kind of line this is.
    on_line(inputs::OnLine) -> Done, |context, input| {
        context.device.set_line(if input.is_metered { Line::Metered } else { Line::Free });
        Done {}
    };
    /// Lets go of every original that the school has. They come back when they are opened.
    free_space(Nothing) -> Freed, |context, _| Freed { bytes: context.device.free_space()?.bytes };
    /// Nothing waits for its time any more.
    wake(Nothing) -> Done, |context, _| {
        context.device.wake()?;
        Done {}
    };
}

fn links(input: Vec<inputs::NewLink>) -> Vec<NewLink> {
    input.into_iter().map(NewLink::from).collect()
}
