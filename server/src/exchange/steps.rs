//! One exchange: what a device sends is taken, and it is told what is new for it. The steps, and their order, are the
//! same wherever the relay's work is done: see [`Backend`].

use std::sync::Arc;

use fieldfolio_core::ids::{DocumentId, PersonId};
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::relay::{commit, commit_release, prepare, prepare_release};
use fieldfolio_core::sync::wire::{Cursor, Item, Request, Response, Verdict};
use fieldfolio_core::time::Timestamp;
use rusqlite::Connection;

use super::{Backend, Caller, Lane, RelayError};
use crate::exchange::ledger::SqliteLedger;
use crate::log::epochs::{self, CursorStatus};
use crate::{directory, log, news, visibility};

/// One exchange: what the device sends first, then what it is told.
pub fn exchange(
    backend: &impl Backend,
    caller: Caller,
    mut request: Request,
) -> Result<Response, RelayError> {
    request.audit = request.audit.filter(|_| backend.may_compare(caller.device));
    end_what_expired(backend)?;
    notice_lost_log(backend, caller.person, request.cursor)?;
    let lane = Lane::Person(caller.person);
    for document in backend.reading(lane, |conn| directory::releases::of(conn, caller.person))? {
        release(backend, caller.person, document)?;
    }
    let mut verdicts = Vec::new();
    if backend.only_reads() {
        verdicts = vec![Verdict::Busy; request.items.len()];
    } else if !request.items.is_empty() && backend.disk_is_low() {
        verdicts = vec![Verdict::OverQuota; request.items.len()];
    } else {
        // In stretches, each in a turn of its own: others' turns come between.
        for items in request.items.chunks(budget::ITEMS_A_TURN) {
            verdicts.extend(take(backend, caller, items)?);
        }
    }
    let (person, read) = (caller.person, std::mem::take(&mut request.read));
    if !read.is_empty() && !backend.only_reads() {
        backend.writing(lane, move |tx, now| visibility::read_marks::take(tx, person, &read, now))?;
    }
    let mut response = backend.reading(lane, |conn| tell(conn, caller, &request, backend.now()))?;
    response.verdicts = verdicts;
    Ok(response)
}

/// Circle rows whose time has come end before anything else is decided.
pub(super) fn end_what_expired(backend: &impl Backend) -> Result<(), RelayError> {
    if backend.reading(Lane::School, |conn| directory::anything_due(conn, backend.now()))? {
        backend.writing(Lane::School, directory::expire_due)?;
    }
    Ok(())
}

/// One turn of what waits after large events of the directory; whether more of it waits.
pub(super) fn refresh_some(backend: &impl Backend) -> Result<bool, RelayError> {
    match backend.reading(Lane::Later, visibility::is_waited_for)? {
        true => backend.writing(Lane::Later, visibility::refresh_some),
        false => Ok(false),
    }
}

/// A cursor that this relay gave out, and that its log knows nothing of: a copy was put in its place. A new epoch begins,
/// and devices bring what is lost.
fn notice_lost_log(backend: &impl Backend, person: PersonId, cursor: Cursor) -> Result<(), RelayError> {
    let is_unheard = move |conn: &Connection| {
        Ok(epochs::cursor_status(conn, cursor, log::head(conn)?)? == CursorStatus::Unheard)
    };
    if backend.reading(Lane::Person(person), is_unheard)? {
        tracing::warn!("the log went back: a device knows more than it; a new epoch begins");
        backend.writing(Lane::School, move |tx, now| match is_unheard(tx)? {
            true => epochs::begin(tx, now, 0),
            false => Ok(()),
        })?;
    }
    Ok(())
}

/// Releases what is held back of a document: by its author, where she may write again; by who teaches there. False when
/// there is nothing that `by` may release.
pub fn release(backend: &impl Backend, by: PersonId, document: DocumentId) -> Result<bool, RelayError> {
    if backend.only_reads() {
        return Ok(false);
    }
    let (school, lane) = (backend.school(), Lane::Person(by));
    let untried = backend.reading(lane, |conn| {
        prepare_release(&SqliteLedger::reading(conn, school, backend.now()), document, by)
    })?;
    let Some(release) = untried.and_then(|untried| untried.try_in(&backend.trial_room(by))) else {
        return Ok(false);
    };
    backend.writing(lane, move |tx, now| {
        let may = release.is_of(by) || directory::releases::may_release(tx, by, document, now)?;
        if !may {
            return Ok(false);
        }
        commit_release(&mut SqliteLedger::writing(tx, school, now), &release, by)
    })
}

fn take(backend: &impl Backend, caller: Caller, items: &[Item]) -> Result<Vec<Verdict>, RelayError> {
    let (school, lane) = (backend.school(), Lane::Person(caller.person));
    let mut verdicts: Vec<Verdict> = vec![Verdict::Busy; items.len()];
    let mut open: Vec<usize> = (0..items.len()).collect();
    // A trial that was overtaken by another commit on the same document is made again, a few times. One that was
    // put off is not: whoever brought it waits for her next turn.
    for _ in 0..4 {
        let tried = open.iter().filter_map(|at| items.get(*at).cloned()).collect();
        // One moment: a change that another exchange commits between two looks would seem to have taken its own place.
        let untried = backend.reading(lane, |moment| {
            prepare(&SqliteLedger::reading(moment, school, backend.now()), caller, tried)
        })?;
        let batch = Arc::new(untried.try_all(&backend.trial_room(caller.person)));
        let tried = batch.clone();
        let decided = backend.writing(lane, move |tx, now| {
            commit(&mut SqliteLedger::writing(tx, school, now), caller, &tried)
        })?;
        let mut overtaken = Vec::new();
        for (position, (at, verdict)) in open.into_iter().zip(decided).enumerate() {
            if verdict == Verdict::Busy && batch.is_fit(position) {
                overtaken.push(at);
            }
            if let Some(slot) = verdicts.get_mut(at) {
                *slot = verdict;
            }
        }
        open = overtaken;
        if open.is_empty() {
            break;
        }
    }
    Ok(verdicts)
}

/// What a device is told; and where that is nothing, whether what it holds is all that it may read.
fn tell(conn: &Connection, caller: Caller, request: &Request, now: Timestamp) -> rusqlite::Result<Response> {
    let mut response = news::read(conn, caller.person, request.cursor, &request.fill, now)?;
    if let Some(held) = request.audit.filter(|_| response.is_empty() && !response.more) {
        let up_to = request.cursor.n;
        news::audit(conn, caller.person, (held, up_to), now, &mut response)?;
    }
    Ok(response)
}
