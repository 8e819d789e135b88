//! One exchange: what a device sends is taken, and it is told what is new for it.

use std::sync::Arc;

use fieldfolio_core::ids::{DocumentId, PersonId};
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::relay::{Asker, commit, commit_release, prepare, prepare_release};
use fieldfolio_core::sync::wire::{Cursor, Item, Request, Response, Verdict};
use fieldfolio_core::time::Timestamp;
use rusqlite::Connection;

use super::{Lane, Relay, RelayError, now, school_of};
use crate::fork::{self, Standing};
use crate::gate::ContainedTrial;
use crate::ledger::SqliteLedger;
use crate::{database, directory, log, news, sight};

impl Relay {
    /// One exchange: what the device sends first, then what it is told.
    pub fn exchange(&self, asker: Asker, mut request: Request) -> Result<Response, RelayError> {
        request.audit = request.audit.filter(|_| self.comparisons.may_compare(asker.device));
        self.end_what_expired()?;
        self.notice_lost_log(asker.person, request.cursor)?;
        for document in self.read_for(asker.person, |conn| directory::releases::of(conn, asker.person))? {
            self.release(asker.person, document)?;
        }
        let mut verdicts = Vec::new();
        if self.only_reads {
            verdicts = vec![Verdict::Busy; request.items.len()];
        } else if !request.items.is_empty() && self.disk_is_low() {
            verdicts = vec![Verdict::OverQuota; request.items.len()];
        } else {
            // In stretches, each in a turn of its own: others' turns come between.
            for items in request.items.chunks(budget::ITEMS_A_TURN) {
                verdicts.extend(self.take(asker, items)?);
            }
        }
        let mut response = self.read_for(asker.person, |conn| {
            let reading = conn.unchecked_transaction()?;
            tell(&reading, asker, &request, now())
        })?;
        response.verdicts = verdicts;
        Ok(response)
    }

    /// A cursor that this relay gave out, and that its log knows nothing of: a copy was put in its place. A new epoch
    /// begins, and devices bring what is lost.
    fn notice_lost_log(&self, person: PersonId, cursor: Cursor) -> Result<(), RelayError> {
        let is_unheard =
            move |conn: &Connection| Ok(fork::standing(conn, cursor, log::head(conn)?)? == Standing::Unheard);
        if self.read_for(person, is_unheard)? {
            tracing::warn!("the log went back: a device knows more than it; a new epoch begins");
            self.writer.write(Lane::School, move |tx, now| match is_unheard(tx)? {
                true => fork::begin(tx, now, 0),
                false => Ok(()),
            })?;
        }
        Ok(())
    }

    /// Releases what is held back of a document: by its author, where she may write again; by who teaches there. False
    /// when there is nothing that `by` may release.
    pub fn release(&self, by: PersonId, document: DocumentId) -> Result<bool, RelayError> {
        let school = self.school;
        if self.only_reads {
            return Ok(false);
        }
        let untried = self.read_for(by, |conn| {
            prepare_release(&SqliteLedger::reading(conn, school, now()), document, by)
        })?;
        let Some(release) = untried.and_then(|untried| untried.try_in(&self.gate.of(by))) else {
            return Ok(false);
        };
        self.write_for(by, move |tx, now| {
            let may = release.is_of(by) || directory::releases::may_release(tx, by, document, now)?;
            if !may {
                return Ok(false);
            }
            commit_release(&mut SqliteLedger::writing(tx, school, now), &release, by)
        })
    }

    fn take(&self, asker: Asker, items: &[Item]) -> Result<Vec<Verdict>, RelayError> {
        let mut verdicts: Vec<Verdict> = vec![Verdict::Busy; items.len()];
        let mut open: Vec<usize> = (0..items.len()).collect();
        // A trial that was overtaken by another commit on the same document is made again, a few times. One that was
        // put off is not: whoever brought it waits for her next turn.
        for _ in 0..4 {
            let tried = open.iter().filter_map(|at| items.get(*at).cloned()).collect();
            // One moment: a change that another exchange commits between two looks would seem to have taken its own place.
            let untried = self.read_for(asker.person, |conn| {
                let moment = conn.unchecked_transaction()?;
                prepare(&SqliteLedger::reading(&moment, self.school, now()), asker, tried)
            })?;
            let batch = Arc::new(untried.try_all(&self.gate.of(asker.person)));
            let (school, tried) = (self.school, batch.clone());
            let decided = self.write_for(asker.person, move |tx, now| {
                commit(&mut SqliteLedger::writing(tx, school, now), asker, &tried)
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

    /// Circle rows whose time has come end before anything else is decided.
    pub fn end_what_expired(&self) -> Result<(), RelayError> {
        if self.read(|conn| directory::anything_due(conn, now()))? {
            self.writer.write(Lane::School, directory::expire_due)?;
        }
        Ok(())
    }

    /// One turn of what waits after large events of the directory; whether more of it waits.
    pub fn refresh_some(&self) -> Result<bool, RelayError> {
        match self.read(sight::is_waited_for)? {
            true => self.writer.write(Lane::Later, sight::refresh_some),
            false => Ok(false),
        }
    }
}

/// One exchange on one connection, with nothing beside it: what a simulation in one thread runs, and a small tool could.
pub fn exchange_alone(
    conn: &mut Connection,
    room: &ContainedTrial,
    asker: Asker,
    request: Request,
    now: Timestamp,
) -> Result<Response, RelayError> {
    let school = school_of(conn)?;
    if fork::standing(conn, request.cursor, log::head(conn)?)? == Standing::Unheard {
        let tx = database::begin(conn)?;
        fork::begin(&tx, now, 0)?;
        tx.commit()?;
    }
    for document in directory::releases::of(conn, asker.person)? {
        release_alone(conn, room, asker.person, document, now)?;
    }
    let items = request.items.clone();
    let untried = prepare(&SqliteLedger::reading(conn, school, now), asker, items)?;
    let batch = untried.try_all(room);
    let tx = database::begin(conn)?;
    directory::expire_due(&tx, now)?;
    while sight::refresh_some(&tx, now)? {}
    let verdicts = commit(&mut SqliteLedger::writing(&tx, school, now), asker, &batch)?;
    let response = tell(&tx, asker, &request, now)?;
    tx.commit()?;
    Ok(Response { verdicts, ..response })
}

/// The same for what is held back: see [`Relay::release`].
pub fn release_alone(
    conn: &mut Connection,
    room: &ContainedTrial,
    by: PersonId,
    document: DocumentId,
    now: Timestamp,
) -> Result<bool, RelayError> {
    let school = school_of(conn)?;
    let untried = prepare_release(&SqliteLedger::reading(conn, school, now), document, by)?;
    let Some(release) = untried.and_then(|untried| untried.try_in(room)) else { return Ok(false) };
    let tx = database::begin(conn)?;
    let may = release.is_of(by) || directory::releases::may_release(&tx, by, document, now)?;
    let done = may && commit_release(&mut SqliteLedger::writing(&tx, school, now), &release, by)?;
    tx.commit()?;
    Ok(done)
}

/// What a device is told; and where that is nothing, whether what it holds is all that it may read.
fn tell(conn: &Connection, asker: Asker, request: &Request, now: Timestamp) -> rusqlite::Result<Response> {
    let mut response = news::read(conn, asker.person, request.cursor, &request.fill, now)?;
    if let Some(held) = request.audit.filter(|_| response.is_empty() && !response.more) {
        let up_to = request.cursor.n;
        news::audit(conn, asker.person, (held, up_to), now, &mut response)?;
    }
    Ok(response)
}
