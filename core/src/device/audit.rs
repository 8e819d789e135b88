//! Comparing what is held here with what the relay has, once a week, or when someone asks for it.

use crate::store::log;
use crate::sync::audit::Fingerprint;
use crate::sync::wire::{Request, Response};
use crate::time::Timestamp;

use super::absorb::cursor;
use super::{Device, DeviceError};

/// So often: 7 days, in milliseconds.
const WEEK: u64 = 7 * 24 * 60 * 60 * 1000;
/// When it was last done, in milliseconds.
pub(super) const AUDITED: &str = "audited";

impl Device {
    /// Everything here is compared with what the school has at the next exchange that has nothing else to do.
    pub fn compare(&mut self) -> Result<(), DeviceError> {
        self.half.wake();
        self.store.write(|tx| Ok(crate::store::remove_meta(tx, AUDITED)?))
    }

    /// Was everything here compared with what the school has, since that was last asked for?
    pub fn was_compared(&self) -> Result<bool, DeviceError> {
        Ok(crate::store::meta(self.store.read(), AUDITED)?.is_some())
    }

    /// The fingerprint to send along, when it is time. Only while nothing is on its way either way.
    pub(super) fn audit(
        &mut self,
        request: &Request,
        now: Timestamp,
    ) -> Result<Option<[u8; 32]>, DeviceError> {
        let conn = self.store.read();
        let is_quiet = request.items.is_empty() && request.fill.is_empty() && request.cursor.n > 0;
        let last = crate::store::meta(conn, AUDITED)?
            .and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
        // A clock that was set back must not put it off for years.
        let is_due = last.is_none_or(|last| now.millis().abs_diff(last) >= WEEK);
        if !is_quiet || !is_due {
            return Ok(None);
        }
        let mut fingerprint = Fingerprint::default();
        self.comparing = true;
        log::numbered(conn, cursor(conn)?.n, |document, change| fingerprint.add(document, change))?;
        Ok(Some(fingerprint.finish()))
    }

    /// The relay compared, if it had nothing else to tell.
    pub(super) fn compared(&mut self, response: &Response, now: Timestamp) -> Result<(), DeviceError> {
        // An answer that has more to say, and says nothing of a difference, has not compared.
        let is_compared = response.differs || (response.is_empty() && !response.more);
        if !std::mem::take(&mut self.comparing) || !is_compared {
            return Ok(());
        }
        self.store.write(|tx| Ok(crate::store::put_meta(tx, AUDITED, &now.millis().to_be_bytes())?))
    }
}
