//! Writing on after this store was put back to an earlier state, or copied to a second device: what was written under
//! numbers that are taken is written once more under new ones.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;

use crate::document::{ParsedChange, SignedChange, contained};
use crate::ids::{Rng, random};
use crate::store::log::{ChangeRow, ChangeState};
use crate::store::outbox::{Owed, SetAside};
use crate::store::{log, outbox};
use crate::sync::Reason;
use crate::sync::wire::{self, Item};

use crate::device::reindex::reindex_document;
use crate::device::settings::REWRITE;
use crate::device::{Device, DeviceError};

/// Remembers changes of one document, oldest first, until there are dice to make a new actor with.
pub(in crate::device) fn put_off(tx: &Transaction<'_>, rows: &[i64]) -> Result<(), DeviceError> {
    let mut waiting = waiting(tx)?;
    waiting.push(rows.to_vec());
    let bytes = minicbor::to_vec(&waiting).map_err(|_| DeviceError::Bounds("too much to write again"))?;
    Ok(crate::store::put_meta(tx, REWRITE, &bytes)?)
}

fn waiting(conn: &rusqlite::Connection) -> Result<Vec<Vec<i64>>, DeviceError> {
    let bytes = crate::store::meta(conn, REWRITE)?;
    Ok(bytes.and_then(|bytes| minicbor::decode(&bytes).ok()).unwrap_or_default())
}

impl Device {
    /// Writes once more what stood under numbers that another self of this store had used.
    pub(in crate::device) fn write_again(&mut self, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        if waiting(self.store.read())?.is_empty() {
            return Ok(());
        }
        let me = &self.me;
        self.store.write(|tx| {
            for rows in waiting(tx)? {
                let old: Vec<ChangeRow> =
                    rows.iter().map(|row| log::change(tx, *row)).collect::<Result<_, _>>()?;
                let actors = old.iter().map(|change| change.change.actor).collect::<BTreeSet<_>>();
                let actors = actors.into_iter().map(|actor| (actor, random(rng))).collect();
                write_line(tx, me, old, &actors)?;
            }
            Ok(crate::store::remove_meta(tx, REWRITE)?)
        })
    }
}

/// Writes changes of one document under other actors, and owes them.
fn write_line(
    tx: &Transaction<'_>,
    me: &crate::store::Identity,
    line: Vec<ChangeRow>,
    actors: &BTreeMap<[u8; 16], [u8; 16]>,
) -> Result<(), DeviceError> {
    let Some(first) = line.first() else { return Ok(()) };
    let (row, document) = (first.document, first.change.document);
    let rewritten = contained(document, || {
        let parsed = line.iter().map(|change| ParsedChange::parse(&change.change.raw));
        crate::document::again(&parsed.collect::<Result<Vec<_>, _>>()?, actors)
    });
    let Ok(Ok(rewritten)) = rewritten else {
        return set_aside(tx, line);
    };
    for (old, new) in line.iter().zip(rewritten) {
        let blobs = old.change.blobs.clone();
        let signed = SignedChange::sign(me.school, me.device, &me.key, document, new, blobs);
        let (change, _) = log::put_change(tx, row, &signed, None, ChangeState::InUse)?;
        outbox::add(tx, Owed::Change(change))?;
        // Photos go up once the change that names them is there: that is this one now.
        crate::store::transfers::follow(tx, old.row, change)?;
    }
    reindex_document(tx, row, document)?;
    Ok(())
}

/// What can't be written again stays readable.
fn set_aside(tx: &Transaction<'_>, line: Vec<ChangeRow>) -> Result<(), DeviceError> {
    for change in line {
        outbox::set_aside(
            tx,
            &SetAside {
                piece: Some(change.change.document.piece),
                document: Some(change.change.document),
                item: wire::to_bytes(&Item::Change(change.change)),
                reason: Reason::ActorTaken.code().to_owned(),
                words: String::new(),
            },
        )?;
    }
    Ok(())
}
