//! What the relay's verdicts mean for the outbox: delivered, later, waiting for people, or set aside for good.

use std::collections::BTreeSet;

use rusqlite::Transaction;

use crate::ids::{ActId, PieceId};
use crate::model::act::Act;
use crate::store::log::ChangeState;
use crate::store::outbox::{Owed, SetAside};
use crate::store::{Identity, log, outbox, records, transfers};
use crate::sync::wire::{self, Item};
use crate::sync::{Outcome, Reason};

use crate::device::DeviceError;
use crate::device::reindex::{reindex_document, words_of};
use crate::device::syncing::intake::Intake;
use crate::device::syncing::rewrite;

/// The relay's log had to go back to this number: everything here that came after it is offered again, whoever made it.
/// Its maker's signature speaks for it.
pub(in crate::device) fn offer_lost(tx: &Transaction<'_>, above: u64) -> Result<(), DeviceError> {
    log::forget_unverified(tx)?;
    log::lose_numbers(tx, above)?;
    for act in log::unnumbered_acts(tx)? {
        outbox::add(tx, Owed::Act(act))?;
    }
    for change in log::unnumbered_changes(tx, None)? {
        outbox::add(tx, Owed::Change(change))?;
    }
    // Numbers of the old log say nothing in the new one.
    records::restart_fills(tx)?;
    Ok(transfers::restart_uploads(tx)?)
}

fn offer(tx: &Transaction<'_>, me: &Identity, piece: Option<PieceId>) -> Result<(), DeviceError> {
    for act in log::own_acts(tx, me.device, piece)? {
        outbox::add(tx, Owed::Act(act))?;
    }
    for change in log::own_changes(tx, me.device, piece)? {
        outbox::add(tx, Owed::Change(change))?;
    }
    Ok(())
}

fn piece_of_owed(tx: &Transaction<'_>, owed: Owed) -> Result<Option<PieceId>, DeviceError> {
    Ok(match owed {
        Owed::Change(change) => Some(log::change(tx, change)?.change.document.piece),
        Owed::Act(id) => log::act(tx, id)?
            .and_then(|signed| Act::from_bytes(&signed.body).ok())
            .and_then(|act| act.piece()),
    })
}

impl Intake<'_> {
    pub(in crate::device) fn settle(&mut self, row: i64, outcome: Outcome) -> Result<(), DeviceError> {
        let Some(owed) = outbox::owed(self.tx, row)? else { return Ok(()) };
        match outcome {
            Outcome::Delivered(n) => {
                match owed {
                    Owed::Act(id) => {
                        log::settle_act(self.tx, id, None)?;
                        // A row of the directory that says the same has no number of its own.
                        if n > 0 {
                            log::set_act_number(self.tx, id, n)?;
                        }
                        let act = log::act(self.tx, id)?;
                        if let Some(Act::Erase { piece }) =
                            act.and_then(|act| Act::from_bytes(&act.body).ok())
                        {
                            self.erased.insert(piece);
                        }
                    }
                    Owed::Change(change) => {
                        let known = log::change(self.tx, change)?;
                        log::set_number(self.tx, known.row, n)?;
                    }
                }
                outbox::remove(self.tx, row)?;
            }
            Outcome::Held => {
                if let Owed::Change(change) = owed {
                    log::set_held(self.tx, change)?;
                }
                outbox::remove(self.tx, row)?;
            }
            Outcome::Erased => {
                let piece = piece_of_owed(self.tx, owed)?;
                outbox::remove(self.tx, row)?;
                self.erased.extend(piece);
            }
            Outcome::Dropped => outbox::remove(self.tx, row)?,
            Outcome::Later(until) => outbox::put_off(self.tx, row, until, None)?,
            Outcome::Waits(reason, until) => {
                outbox::put_off(self.tx, row, until, Some(reason.code()))?;
                if reason == Reason::BuildsOnMissing {
                    // The relay lost something it once had: offer the whole ancestry.
                    let piece = piece_of_owed(self.tx, owed)?;
                    offer(self.tx, self.me, piece)?;
                }
            }
            Outcome::SetAside(reason) => match owed {
                Owed::Act(id) => self.set_act_aside(id, row, reason)?,
                Owed::Change(change) => self.set_change_aside(change, reason)?,
            },
        }
        Ok(())
    }

    fn set_act_aside(&mut self, id: ActId, row: i64, reason: Reason) -> Result<(), DeviceError> {
        let Some(signed) = log::act(self.tx, id)? else { return Ok(outbox::remove(self.tx, row)?) };
        let act = Act::from_bytes(&signed.body).ok();
        let aside = SetAside {
            piece: act.as_ref().and_then(Act::piece),
            document: None,
            item: wire::to_bytes(&Item::Act(signed)),
            reason: reason.code().to_owned(),
            words: act.map(|act| format!("{act:?}")).unwrap_or_default(),
        };
        outbox::set_aside(self.tx, &aside)?;
        log::settle_act(self.tx, id, Some(reason.words()))?;
        outbox::remove(self.tx, row)?;
        self.pieces.extend(aside.piece);
        Ok(())
    }

    /// The sheet becomes what the relay has; the refused change and all that builds on it are set aside, readable. The
    /// next edit uses a new actor.
    pub(in crate::device) fn set_change_aside(
        &mut self,
        refused: i64,
        reason: Reason,
    ) -> Result<(), DeviceError> {
        let first = log::change(self.tx, refused)?;
        let before = words_of(self.tx, first.document, first.change.document)?;
        let mut gone = BTreeSet::from([first.change.hash]);
        let mut rows = Vec::new();
        for change in log::changes_of(self.tx, first.document)? {
            let builds_on_it = crate::document::ParsedChange::parse(&change.change.raw)
                .is_ok_and(|parsed| parsed.deps.iter().any(|dep| gone.contains(dep)));
            if change.row == refused || (builds_on_it && change.n.is_none()) {
                gone.insert(change.change.hash);
                rows.push(change);
            }
        }
        for change in &rows {
            log::set_state(self.tx, change.row, ChangeState::SetAside)?;
            outbox::remove_change(self.tx, change.row)?;
        }
        log::set_actor(self.tx, first.document, None)?;
        reindex_document(self.tx, first.document, first.change.document)?;
        let after = words_of(self.tx, first.document, first.change.document)?;
        let lost: Vec<String> = before.into_iter().filter(|words| !after.contains(words)).collect();
        if reason == Reason::ActorTaken {
            // This store was put back to an earlier state, or stands on two devices: nothing is wrong with the words.
            let rows: Vec<i64> = rows.iter().map(|change| change.row).collect();
            return rewrite::put_off(self.tx, &rows);
        }
        for (position, change) in rows.into_iter().enumerate() {
            outbox::set_aside(
                self.tx,
                &SetAside {
                    piece: Some(change.change.document.piece),
                    document: Some(change.change.document),
                    item: wire::to_bytes(&Item::Change(change.change)),
                    reason: reason.code().to_owned(),
                    words: if position == 0 { lost.join("\n") } else { String::new() },
                },
            )?;
        }
        Ok(())
    }
}
