//! Calls that ask the school, and need a network: each is one request to the relay and what its answer means.

use fieldfolio_core::device::{Ask, Call, ClassProject, HttpAnswer};
use fieldfolio_core::time::Timestamp;
use serde::Serialize;

use crate::calls::{Desk, Done};
use fieldfolio_mobile::Refusal;
use fieldfolio_mobile::inputs;

/// A request on its way to the school.
pub struct Asking {
    /// What to perform.
    pub ask: Ask,
    finish: Finish,
}

type Finish = Box<dyn FnOnce(HttpAnswer) -> Result<String, Refusal>>;

impl Asking {
    /// What the answer means, as JSON.
    pub fn finish(self, answer: HttpAnswer) -> Result<String, Refusal> {
        (self.finish)(answer)
    }
}

/// A link that makes a device somebody's.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DeviceLink {
    link: String,
    expires: u64,
}

/// A link for a mentor.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MentorLink {
    link: String,
    person: String,
    /// She sees nothing until a teacher confirms.
    proposed: bool,
}

/// A project that a class works on.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StartedProject {
    project: String,
}

macro_rules! asks {
    ($($(#[doc = $doc:literal])* $name:ident($asked:ty) -> $answer:ty, |$desk:ident, $args:ident| $call:expr, |$got:pat_param| $answered:expr;)*) => {
        /// Begins to ask the school; nothing for a name that is no such call.
        pub fn ask(name: &str, asked: &str, desk: Desk<'_>) -> Result<Option<Asking>, Refusal> {
            match name {
                $(stringify!($name) => {
                    let $args: $asked = serde_json::from_str(asked).map_err(|error| Refusal::new("other", error))?;
                    let $desk = desk;
                    let call = $call;
                    Ok(Some(asking(call, move |$got| -> $answer { $answered })))
                })*
                _ => Ok(None),
            }
        }

        /// Hands every call to `visitor`: its docs, its name and its two types.
        #[cfg(test)]
        pub(crate) fn visit(visitor: &mut impl crate::described::Visitor) {
            $(visitor.call::<$asked, $answer>(&[$($doc),*], stringify!($name));)*
        }
    };
}

fn asking<T: 'static, A: Serialize>(call: Call<T>, answered: impl FnOnce(T) -> A + 'static) -> Asking {
    let ask = call.ask.clone();
    let finish = move |answer| {
        let got = call.finish(answer)?;
        serde_json::to_string(&answered(got)).map_err(|error| Refusal::new("other", error))
    };
    Asking { ask, finish: Box::new(finish) }
}

asks! {
    /// Invites the next device of one's own, or of a student one teaches.
    invite_device(inputs::WhoseDevice) -> DeviceLink,
        |desk, asked| {
            let person = asked.person.unwrap_or(desk.device.identity().person);
            desk.device.invite_device(person, desk.now.plus_millis(inputs::DEVICE_LINK_MILLIS), desk.rng)
        },
        |link| DeviceLink { link: link.to_url(), expires: link.expires.millis() };
    /// Invites a mentor into one folio.
    invite_mentor(inputs::NewMentor) -> MentorLink,
        |desk, asked| {
            let until = Timestamp::from_millis(asked.until);
            let proposed = !desk.look()?.teaches(asked.folio);
            let call = desk.device.invite_mentor(asked.folio, &asked.name, until, desk.now, desk.rng)?;
            call.map(move |link| (link, proposed))
        },
        |(link, proposed)| MentorLink { link: link.to_url(), person: link.person.to_string(), proposed };
    /// Confirms a mentor whom a student proposed.
    confirm_mentor(inputs::ProposedMentor) -> Done,
        |desk, asked| desk.device.confirm_mentor(asked.folio, asked.person),
        |()| Done {};
    /// Declines a mentor whom a student proposed.
    decline_mentor(inputs::ProposedMentor) -> Done,
        |desk, asked| desk.device.decline_mentor(asked.folio, asked.person),
        |()| Done {};
    /// Gives somebody a part in a circle.
    grant(inputs::NewPart) -> Done,
        |desk, asked| {
            let until = asked.until.map(Timestamp::from_millis);
            desk.device.grant_part(asked.folio, asked.person, asked.role, asked.may_write, until)
        },
        |()| Done {};
    /// Ends a part that was granted.
    end_part(inputs::OnePart) -> Done,
        |desk, asked| desk.device.end_part(asked.folio, asked.person, asked.role),
        |()| Done {};
    /// Starts a project for a class one teaches.
    class_project(inputs::NewClassProject) -> StartedProject,
        |desk, asked| {
            let framework = desk.look()?.framework_of(&asked.outcomes)?;
            let project =
                ClassProject { title: &asked.title, brief: &asked.brief, outcomes: &asked.outcomes, framework };
            desk.device.start_class_project(asked.class, project, desk.now, desk.rng)?
        },
        |project| StartedProject { project: project.to_string() };
    /// Lets through what came late of a sheet.
    release(inputs::OneSheet) -> Done,
        |desk, asked| {
            let sheet = desk.look()?.late_sheet(&asked.sheet)?;
            let sheet = sheet.ok_or_else(|| Refusal::new("unknown", "nothing of this sheet waits any more"))?;
            desk.device.release(sheet)
        },
        |()| Done {};
    /// Revokes a device of one's own, or of a student one teaches.
    revoke_device(inputs::OneDevice) -> Done,
        |desk, asked| desk.device.revoke_device(asked.device),
        |_| Done {};
}
