//! Taking in what the relay answered: everything in one transaction, verified before automerge sees a byte.

use crate::store::newer::{self, NewerRecord};
use crate::store::records::{self};
use crate::store::{index, log, outbox};
use crate::sync::Batch;
use crate::sync::wire::{self, Envelope, Lacking, ToFill};
use crate::time::Timestamp;

use crate::device::reindex::{reindex_document, reindex_piece};
use crate::device::settings::LOCKED;
use crate::device::settings::{COMPARED_AT, REINDEX, set_cursor};
use crate::device::syncing::intake::Intake;
use crate::device::syncing::verdicts::offer_lost;
use crate::device::{Device, DeviceError};

impl Device {
    /// Takes in one answer of the relay.
    pub(in crate::device) fn apply(&mut self, batch: Batch, now: Timestamp) -> Result<(), DeviceError> {
        let (me, ring) = (&self.me, &mut self.ring);
        let blobs = self.store.blobs().clone();
        let mut dropped = Vec::new();
        self.store.write(|tx| {
            crate::store::remove_meta(tx, LOCKED)?;
            let mut intake = Intake::new(tx, me, ring, now);
            for (row, outcome) in &batch.outcomes {
                intake.settle(*row, *outcome)?;
            }
            if let Some(above) = batch.start_over {
                offer_lost(tx, above)?;
                // Who sees what may have been another matter in the log that is lost: compare when that is done.
                crate::store::remove_meta(tx, COMPARED_AT)?;
                // Where the relay's log ends now says what of it is known here.
                let known = if batch.cursor.n <= above { batch.cursor } else { wire::Cursor::default() };
                return set_cursor(tx, known);
            }
            if batch.differs {
                dropped.extend(intake.begin_again(&batch.to_fill)?);
            }
            let directory_changed = !batch.records.is_empty();
            for envelope in &batch.records {
                intake.envelope(envelope)?;
            }
            for document in batch.purge {
                dropped.extend(intake.purge(document)?);
            }
            for ToFill { document, class } in batch.to_fill {
                let row = log::put_document(tx, document, class, true)?;
                intake.dirty.entry(document).or_insert(row);
                records::put_fill(tx, document, 0)?;
            }
            for Lacking { piece, blob } in batch.lacks {
                if let Some(size) = blobs.size(blob) {
                    intake.bring(piece, blob, size)?;
                }
            }
            for news in batch.news {
                intake.change(&news.change, news.n)?;
            }
            for pack in batch.packs {
                intake.pack(pack)?;
            }
            for piece in std::mem::take(&mut intake.erased) {
                dropped.extend(intake.erase(piece)?);
            }
            intake.finish()?;
            if directory_changed {
                // A role may have been renewed: what waits for that is tried again.
                outbox::wake_waiting(tx)?;
            }
            set_cursor(tx, batch.cursor)
        })?;
        for hash in dropped {
            blobs.remove(hash)?;
        }
        Ok(())
    }

    /// Records that a newer version wrote are read again: after an update this is that version.
    pub(in crate::device) fn read_newer_records(&mut self) -> Result<(), DeviceError> {
        if newer::count(self.store.read())? == 0 {
            return Ok(());
        }
        let (me, ring) = (&self.me, &mut self.ring);
        let blobs = self.store.blobs().clone();
        let mut dropped = Vec::new();
        self.store.write(|tx| {
            // Nobody said what time it is: whatever is in them counts as recent.
            let mut intake = Intake::new(tx, me, ring, Timestamp::from_millis(0));
            for NewerRecord { kind, id, body } in newer::all(tx)? {
                intake.envelope(&Envelope { kind, id, body: Some(body) })?;
            }
            for piece in std::mem::take(&mut intake.erased) {
                dropped.extend(intake.erase(piece)?);
            }
            intake.finish()
        })?;
        for hash in dropped {
            blobs.remove(hash)?;
        }
        Ok(())
    }

    /// After an update that reads more in documents than the version before it.
    pub(in crate::device) fn bring_index_up_to_date(&mut self) -> Result<(), DeviceError> {
        if crate::store::meta(self.store.read(), REINDEX)?.is_none() {
            return Ok(());
        }
        self.rebuild_index()?;
        self.store.write(|tx| Ok(crate::store::remove_meta(tx, REINDEX)?))
    }

    /// Works the whole index out anew from documents and acts.
    pub fn rebuild_index(&mut self) -> Result<(), DeviceError> {
        self.store.write(|tx| {
            index::clear(tx)?;
            for piece in log::pieces(tx)? {
                reindex_piece(tx, piece)?;
            }
            for document in log::all_documents(tx)? {
                reindex_document(tx, document.row, document.id)?;
            }
            Ok(())
        })
    }
}
