//! Calls that ask the school, and need a network: each is one request to the relay and what its answer means.

use fieldfolio_core::device::{Ask, Call, ClassProject, HttpAnswer};
use fieldfolio_core::time::Timestamp;
use serde::Serialize;

use crate::calls::{CallContext, Done};
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
    ($($(#[doc = $doc:literal])* $name:ident($input:ty) -> $answer:ty, |$context:ident, $args:ident| $call:expr, |$got:pat_param| $answered:expr;)*) => {
        /// Begins to ask the school; nothing for a name that is no such call.
        pub fn ask(name: &str, input: &str, context: CallContext<'_>) -> Result<Option<Asking>, Refusal> {
            match name {
                $(stringify!($name) => {
                    let $args: $input = serde_json::from_str(input).map_err(|error| Refusal::new("other", error))?;
                    let $context = context;
                    let call = $call;
                    Ok(Some(asking(call, move |$got| -> $answer { $answered })))
                })*
                _ => Ok(None),
            }
        }

        /// Hands every call to `visitor`: its docs, its name and its two types.
        #[cfg(test)]
        pub(crate) fn visit(visitor: &mut impl crate::described::Visitor) {
            $(visitor.call::<$input, $answer>(&[$($doc),*], stringify!($name));)*
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
        |context, input| {
            let person = input.person.unwrap_or(context.device.identity().person);
            context.device.invite_device(person, context.now.plus_millis(inputs::DEVICE_LINK_MILLIS), context.rng)
        },
        |link| DeviceLink { link: link.to_url(), expires: link.expires.millis() };
    /// Invites a mentor into one folio.
    invite_mentor(inputs::NewMentor) -> MentorLink,
        |context, input| {
            let until = Timestamp::from_millis(input.until);
            let proposed = !context.views()?.teaches(input.folio);
            let call = context.device.invite_mentor(input.folio, &input.name, until, context.now, context.rng)?;
            call.map(move |link| (link, proposed))
        },
        |(link, proposed)| MentorLink { link: link.to_url(), person: link.person.to_string(), proposed };
    /// Confirms a mentor whom a student proposed.
    confirm_mentor(inputs::ProposedMentor) -> Done,
        |context, input| context.device.confirm_mentor(input.folio, input.person),
        |()| Done {};
    /// Declines a mentor whom a student proposed.
    decline_mentor(inputs::ProposedMentor) -> Done,
        |context, input| context.device.decline_mentor(input.folio, input.person),
        |()| Done {};
    /// Gives somebody a part in a circle.
    grant_part(inputs::NewPart) -> Done,
        |context, input| {
            let until = input.until.map(Timestamp::from_millis);
            context.device.grant_part(input.folio, input.person, input.role, input.may_write, until)
        },
        |()| Done {};
    /// Ends a part that was granted.
    end_part(inputs::OnePart) -> Done,
        |context, input| context.device.end_part(input.folio, input.person, input.role),
        |()| Done {};
    /// Starts a project for a class one teaches.
    start_class_project(inputs::NewClassProject) -> StartedProject,
        |context, input| {
            let framework = context.views()?.framework_of(&input.outcomes)?;
            let project =
                ClassProject { title: &input.title, brief: &input.brief, outcomes: &input.outcomes, framework };
            context.device.start_class_project(input.class, project, context.now, context.rng)?
        },
        |project| StartedProject { project: project.to_string() };
    /// Lets through what came late of a sheet.
    release(inputs::OneSheet) -> Done,
        |context, input| {
            let sheet = context.views()?.late_sheet(&input.sheet)?;
            let sheet = sheet.ok_or_else(|| Refusal::new("unknown", "nothing of this sheet waits any more"))?;
            context.device.release(sheet)
        },
        |()| Done {};
    /// Revokes a device of one's own, or of a student one teaches.
    revoke_device(inputs::OneDevice) -> Done,
        |context, input| context.device.revoke_device(input.device),
        |_| Done {};
}
