//! Every call that pages make: its name, what goes in, what comes back, and the one thing it does.

use fieldfolio_core::device::{Device, Edits, Line, MediumEdit, NewLink, NewMedium, NewPiece};
use fieldfolio_core::ids::Rng;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::time::Timestamp;
use fieldfolio_mobile::inputs::{self, Nothing};
use fieldfolio_mobile::{Look, Refusal, records};
use serde::Serialize;

/// What a call works with.
pub struct Desk<'a> {
    /// The device.
    pub device: &'a mut Device,
    /// The moment.
    pub now: Timestamp,
    /// Randomness.
    pub rng: &'a mut dyn Rng,
    /// The files that came with the call.
    pub files: Vec<NewMedium>,
}

impl Desk<'_> {
    pub(crate) fn look(&self) -> Result<Look<'_>, Refusal> {
        Ok(Look::at(self.device, self.now)?)
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
    ($($(#[doc = $doc:literal])* $name:ident($asked:ty) -> $answer:ty, |$desk:ident, $args:pat_param| $do:expr;)*) => {
        /// Makes a call: `asked` and the answer are JSON. What it did is on disk when it returns.
        pub fn call(name: &str, asked: &str, desk: Desk<'_>) -> Result<String, Refusal> {
            match name {
                $(stringify!($name) => {
                    let $args: $asked = serde_json::from_str(asked).map_err(|error| Refusal::new("other", error))?;
                    #[allow(unused_mut)]
                    let mut $desk = desk;
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
            $(visitor.call::<$asked, $answer>(&[$($doc),*], stringify!($name));)*
        }
    };
}

calls! {
    /// Who this device belongs to.
    me(Nothing) -> records::Me, |desk, _| desk.look()?.me()?;
    /// Everyone known here, by name.
    people(Nothing) -> Vec<records::Person>, |desk, _| desk.look()?.people();
    /// Every outcome known here, in the order of its framework.
    outcomes(Nothing) -> Vec<records::Outcome>, |desk, _| desk.look()?.outcomes()?;
    /// Every project known here, by title.
    projects(Nothing) -> Vec<records::Project>, |desk, _| desk.look()?.projects();
    /// All folios one may see, or a student's.
    folios(inputs::WhoseFolios) -> Vec<records::FolioLine>, |desk, asked| desk.look()?.folios(asked.student)?;
    /// Folios in which one may place a piece of one's own, those of one's group among them (with no roles of one's own).
    places(Nothing) -> Vec<records::FolioLine>, |desk, _| desk.look()?.places()?;
    /// One folio with its pieces and its circle.
    folio(inputs::OneFolio) -> records::Folio, |desk, asked| desk.look()?.folio(asked.folio)?;
    /// Pieces one made, newest first.
    mine(Nothing) -> Vec<records::PieceLine>, |desk, _| desk.look()?.mine()?;
    /// One piece with everything one may read on it.
    piece(inputs::OnePiece) -> records::Piece, |desk, asked| desk.look()?.piece(asked.piece)?;
    /// Shared work that waits for this teacher, oldest work first.
    queue(Nothing) -> Vec<records::QueueRow>, |desk, _| desk.look()?.queue()?;
    /// What classmates offer to one's own folios, or to those of students whom one teaches, oldest piece first.
    offers(Nothing) -> Vec<records::Offer>, |desk, _| desk.look()?.offers()?;
    /// What came late and waits for a teacher's word.
    came_late(Nothing) -> Vec<records::CameLate>, |desk, _| desk.look()?.came_late()?;
    /// Null for those who are shown no levels: mentors, peers.
    levels(inputs::OneStudent) -> Option<records::Levels>, |desk, asked| desk.look()?.levels(asked.student)?;
    /// How levels grew; null for those who are shown none.
    growth(inputs::OneStudent) -> Option<records::Growth>, |desk, asked| desk.look()?.growth(asked.student)?;
    /// Students one teaches by the outcomes their projects aim at.
    grid(inputs::GridOf) -> records::Grid, |desk, asked| desk.look()?.grid(asked.class, asked.project)?;
    /// The classes one teaches or advises.
    classes(Nothing) -> Vec<records::SchoolClass>, |desk, _| desk.look()?.classes()?;
    /// One's own devices, newest first.
    devices(Nothing) -> Vec<records::DeviceLine>, |desk, _| desk.look()?.devices()?;
    /// Who can see a piece.
    who_sees(inputs::OnePiece) -> Vec<records::Seer>, |desk, asked| desk.look()?.who_sees(asked.piece)?;
    /// What has not reached the school, and why.
    status(Nothing) -> records::Status, |desk, _| desk.look()?.status()?;

    /// Saves a new piece with its photos.
    capture(inputs::NewPiece) -> MadePiece, |desk, asked| {
        let new = NewPiece {
            media: desk.media(asked.files)?,
            links: links(asked.links),
            title: asked.title,
            words: asked.words,
            work_date: asked.work_date,
            outcomes: asked.outcomes,
            folios: asked.folios,
            audience: asked.audience.map(Roles::audience),
            kind: asked.kind.into(),
            revises: asked.revises,
        };
        MadePiece { piece: desk.device.capture(new, desk.now, desk.rng)?.piece.to_string() }
    };
    /// Changes a piece of one's own.
    edit(inputs::Edits) -> Done, |desk, asked| {
        let inputs::Edits { piece, title, words, work_date, outcomes, files, links: urls, media, order } = asked;
        let media = media.into_iter().map(MediumEdit::try_from).collect::<Result<_, _>>()?;
        let (add, links) = (desk.media(files)?, links(urls));
        let edits = Edits { title, words, work_date, outcomes, add, links, media, order };
        desk.device.edit(piece, edits, desk.now, desk.rng)?;
        Done {}
    };
    /// Starts a project of one's own.
    start_project(inputs::NewProject) -> MadeProject, |desk, asked| {
        let inputs::NewProject { title, brief, outcomes } = asked;
        let started = desk.device.start_project(&title, &brief, &outcomes, desk.now, desk.rng)?;
        MadeProject { project: started.project.to_string(), folio: started.folio.to_string() }
    };
    /// Takes up a folio of one's own in a project.
    join_project(inputs::OneProject) -> MadeFolio, |desk, asked| {
        let folio = desk.device.join_project(asked.project, desk.now, desk.rng)?;
        MadeFolio { folio: folio.to_string() }
    };
    /// Places a piece in one more folio.
    place(inputs::Placing) -> Done, |desk, asked| {
        desk.device.place(asked.piece, asked.folio, desk.now, desk.rng)?;
        Done {}
    };
    /// Offers a piece to a classmate's folio in a project.
    offer(inputs::Offering) -> MadeFolio, |desk, asked| {
        let folio = desk.device.offer(asked.piece, asked.student, asked.project, desk.now, desk.rng)?;
        MadeFolio { folio: folio.to_string() }
    };
    /// Accepts what is offered to a folio.
    accept_offer(inputs::Placing) -> Done, |desk, asked| {
        desk.device.accept_offer(asked.piece, asked.folio, desk.now, desk.rng)?;
        Done {}
    };
    /// Takes a piece out of a folio; declines what is offered to it; takes an offer of one's own back.
    take_out(inputs::Placing) -> Done, |desk, asked| {
        desk.device.take_out(asked.piece, asked.folio, desk.now, desk.rng)?;
        Done {}
    };
    /// Moves a piece to another folio of the same student.
    move_piece(inputs::Moving) -> Done, |desk, asked| {
        desk.device.move_piece(asked.piece, asked.from, asked.to, desk.now, desk.rng)?;
        Done {}
    };
    /// Sets who may see a piece.
    share(inputs::Sharing) -> Done, |desk, asked| {
        desk.device.share(asked.piece, Roles::audience(asked.audience), desk.now, desk.rng)?;
        Done {}
    };
    /// Makes a piece one's own again.
    unshare(inputs::OnePiece) -> Done, |desk, asked| {
        desk.device.unshare(asked.piece, desk.now, desk.rng)?;
        Done {}
    };
    /// Erases a piece of one's own for ever.
    erase(inputs::OnePiece) -> Done, |desk, asked| {
        desk.device.erase(asked.piece, desk.now, desk.rng)?;
        Done {}
    };
    /// Gives an entry of a kind that needs nothing but its words.
    give(inputs::NewEntry) -> MadeEntry, |desk, asked| {
        let (body, replaces) = (asked.says.try_into()?, asked.replaces);
        let entry = desk.device.give(asked.piece, asked.about, body, replaces, desk.now, desk.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Gives feedback.
    feedback(inputs::NewFeedback) -> MadeEntry, |desk, asked| {
        let (piece, about, replaces) = (asked.piece, asked.about, asked.replaces);
        let entry = desk.device.feedback(piece, about, &asked.try_into()?, replaces, desk.now, desk.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Judges one outcome for one student.
    assess(inputs::NewAssessment) -> MadeEntry, |desk, asked| {
        let (piece, student) = (asked.piece, asked.student);
        let entry = desk.device.assess(piece, student, asked.into(), desk.now, desk.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Takes a mentor's judgement as one's own.
    confirm(inputs::Confirming) -> MadeEntry, |desk, asked| {
        let of = (&asked.of).try_into()?;
        let entry = desk.device.confirm(asked.piece, of, desk.now, desk.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Answers an entry.
    reply(inputs::NewReply) -> MadeEntry, |desk, asked| {
        let to = (&asked.to).try_into()?;
        let entry = desk.device.reply(asked.piece, to, &asked.words, desk.now, desk.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Writes one's reflection, or edits it.
    reflect(inputs::Reflecting) -> MadeEntry, |desk, asked| {
        let entry = desk.device.reflect(asked.piece, &asked.words, desk.now, desk.rng)?;
        MadeEntry { entry: entry.to_string() }
    };
    /// Takes back something one said.
    withdraw(inputs::Withdrawing) -> Done, |desk, asked| {
        desk.device.withdraw(asked.piece, asked.about, asked.entry, desk.now, desk.rng)?;
        Done {}
    };
    /// Holds files on their way back, or lets them go.
    hold(inputs::Holding) -> Done, |desk, asked| {
        desk.device.hold_upload(asked.piece, asked.hash, asked.held.into())?;
        Done {}
    };
    /// Says how files are sent.
    sending(inputs::HowSent) -> Done, |desk, asked| {
        if let Some(is_paused) = asked.paused {
            desk.device.pause_uploads(is_paused)?;
        }
        if let Some(is_thrifty) = asked.thrifty {
            desk.device.set_thrifty(is_thrifty)?;
        }
        Done {}
    };
    /// Says what kind of line this is.
    on_line(inputs::OnLine) -> Done, |desk, asked| {
        desk.device.set_line(if asked.is_metered { Line::Metered } else { Line::Free });
        Done {}
    };
    /// Lets go of every original that the school has. They come back when they are opened.
    free_space(Nothing) -> Freed, |desk, _| Freed { bytes: desk.device.free_space()?.bytes };
    /// Nothing waits for its time any more.
    wake(Nothing) -> Done, |desk, _| {
        desk.device.wake()?;
        Done {}
    };
}

fn links(asked: Vec<inputs::NewLink>) -> Vec<NewLink> {
    asked.into_iter().map(NewLink::from).collect()
}
