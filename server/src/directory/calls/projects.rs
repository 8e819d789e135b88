//! A teacher starts a project for a class.

use fieldfolio_core::sync::wire::{MAX_OUTCOMES, StartProject};

use super::caller::caller;
use super::error::CallError;
use crate::directory::edit::Edit;
use crate::directory::error::DirectoryError;
use crate::directory::projects::{self, Draft};
use crate::directory::words::words;

/// A teacher starts a project for a class she teaches. The same again is known.
pub fn start(edit: &Edit<'_>, frame: &StartProject) -> Result<(), CallError> {
    let person = caller(edit)?;
    let teaches = edit
        .tx
        .prepare_cached(
            "select 1 from class_member
             where class = ?1 and person = ?2 and role = 'teacher' and removed_at is null",
        )?
        .exists((frame.class.as_bytes(), person))?;
    if !teaches {
        return Err(CallError::Refused("only a teacher of this class can start a project for it"));
    }
    if frame.outcomes.len() > MAX_OUTCOMES {
        return Err(CallError::Refused("a project aims at 200 outcomes at most"));
    }
    match projects::project(edit.tx, frame.project) {
        Ok(there) => {
            let same = there.class == Some(frame.class)
                && there.framework == frame.framework
                && there.outcomes == frame.outcomes
                && there.title == words("a project's title", &frame.title, 200)?
                && there.brief == frame.brief.trim();
            match same {
                true => Ok(()),
                false => Err(CallError::Refused("there is another project under this id: start it anew")),
            }
        }
        Err(DirectoryError::Unknown { .. }) => {
            let outcomes: Vec<String> = frame.outcomes.iter().map(ToString::to_string).collect();
            let draft = Draft {
                class: frame.class,
                title: &frame.title,
                brief: &frame.brief,
                framework: frame.framework,
                outcomes: &outcomes,
            };
            match projects::add_as(edit, frame.project, &draft) {
                Err(DirectoryError::Unknown { .. }) => Err(CallError::Refused(
                    "the school has no such framework or outcome: sync and choose again",
                )),
                done => Ok(done?),
            }
        }
        Err(error) => Err(error.into()),
    }
}
