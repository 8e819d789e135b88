//! Comparing what is held here with what the relay has, once a week, or when someone asks for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{ActId, PieceId};
use crate::model::directory::RecordKind;
use crate::store::{log, newer, records};
use crate::sync::audit::{COMPARED, Fingerprint, RecordsFingerprint};
use crate::sync::wire::{self, Envelope, Holdings, Record, Request, Response};
use crate::time::Timestamp;

use crate::device::settings::{COMPARED_AT, cursor};
use crate::device::{Device, DeviceError};

/// So often: 7 days, in milliseconds.
const WEEK: u64 = 7 * 24 * 60 * 60 * 1000;

impl Device {
    /// Everything here is compared with what the school has at the next exchange that has nothing else to do.
    pub fn compare(&mut self) -> Result<(), DeviceError> {
        self.client.wake();
        self.store.write(|tx| Ok(crate::store::remove_meta(tx, COMPARED_AT)?))
    }

    /// Was everything here compared with what the school has, since that was last asked for?
    pub fn was_compared(&self) -> Result<bool, DeviceError> {
        Ok(crate::store::meta(self.store.read(), COMPARED_AT)?.is_some())
    }

    /// The fingerprint to send along, when it is time. Only while nothing is on its way either way.
    pub(in crate::device) fn audit(
        &mut self,
        request: &Request,
        now: Timestamp,
    ) -> Result<Option<Holdings>, DeviceError> {
        let conn = self.store.read();
        let is_quiet = request.items.is_empty() && request.fill.is_empty() && request.cursor.n > 0;
        let last = crate::store::meta(conn, COMPARED_AT)?
            .and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
        // A clock that was set back must not put it off for years.
        let is_due = last.is_none_or(|last| now.millis().abs_diff(last) >= WEEK);
        if !is_quiet || !is_due {
            return Ok(None);
        }
        let mut fingerprint = Fingerprint::default();
        self.comparing = true;
        let up_to = cursor(conn)?.n;
        log::numbered(conn, up_to, |document, change| fingerprint.add(document, change))?;
        Ok(Some(Holdings { documents: fingerprint.finish(), records: held_records(conn, up_to)? }))
    }

    /// The relay compared, if it had nothing else to tell.
    pub(in crate::device) fn compared(
        &mut self,
        response: &Response,
        now: Timestamp,
    ) -> Result<(), DeviceError> {
        // An answer that has more to say, and says nothing of a difference, has not compared.
        let is_compared = response.differs || response.again || (response.is_empty() && !response.more);
        if !std::mem::take(&mut self.comparing) || !is_compared {
            return Ok(());
        }
        self.store.write(|tx| Ok(crate::store::put_meta(tx, COMPARED_AT, &now.millis().to_be_bytes())?))
    }
}

/// The fingerprint of the acts and records that the relay told of, what a newer version wrote included: as it came, not as it
/// could be read.
fn held_records(conn: &rusqlite::Connection, up_to: u64) -> Result<[u8; 32], DeviceError> {
    let mut acts: BTreeMap<PieceId, BTreeSet<ActId>> = BTreeMap::new();
    let mut told: BTreeMap<(RecordKind, Vec<u8>), Vec<u8>> = BTreeMap::new();
    log::numbered_acts(conn, up_to, |piece, act| {
        acts.entry(piece).or_default().insert(act);
    })?;
    records::told(conn, &COMPARED, |kind, id, body| {
        told.insert((kind, id.to_vec()), body.to_vec());
    })?;
    for newer::NewerRecord { kind, id, body } in newer::all(conn)? {
        let envelope = Envelope { kind, id, body: Some(body) };
        if let Some(Record::Piece(wire::PieceRecord { piece, acts: listed, numbers })) = envelope.record() {
            let newer = listed.iter().zip(numbers).filter(|(act, n)| *n <= up_to && act.is_newer());
            acts.entry(piece).or_default().extend(newer.map(|(act, _)| act.id));
        } else if let Some(kind) = RecordKind::from_number(kind).filter(|kind| COMPARED.contains(kind)) {
            told.insert((kind, envelope.id), envelope.body.unwrap_or_default());
        }
    }
    let mut fingerprint = RecordsFingerprint::default();
    for (piece, acts) in acts.into_iter().filter(|(_, acts)| !acts.is_empty()) {
        fingerprint.add_piece(piece, &acts.into_iter().collect::<Vec<_>>());
    }
    for ((kind, id), body) in told {
        fingerprint.add_record(kind, &id, &body);
    }
    Ok(fingerprint.finish())
}
