//! Is there room? Each upload reserves its bytes when it begins: of its person's share, of the school's, of the disk.

use super::rows::Row;
use super::{Caller, Kind, UploadError, Uploads};

impl Uploads {
    /// Whether `row`, which isn't among the rows, fits beside them; `instead` is the one whose place it takes.
    pub(super) fn has_space_for(&self, row: &Row, instead: Option<&Row>) -> Result<(), UploadError> {
        let length = row.length.unwrap_or(self.limits.max_size);
        let given_back = instead.map_or(0, |instead| self.share(instead));
        // The stretches of a joined file have reserved already what it takes.
        let own = if matches!(row.kind, Kind::Joined(..)) { length } else { 0 };
        self.check_quotas(row.caller, length, given_back.saturating_add(own))?;
        let (mut hers, mut others) = (0_u64, Vec::new());
        for unwritten in self.rows.unwritten(self.limits.max_size, (self.now)())? {
            match unwritten.person == row.caller.person {
                true => hers = unwritten.bytes,
                false => others.push(unwritten.bytes),
            }
        }
        let instead = instead.map_or(0, |row| self.share(row).saturating_sub(row.offset));
        self.check_disk(length.saturating_add(hers.saturating_sub(instead)), &others)
    }

    /// Is there room on the disk for bytes that are about to be written? What others announced is no matter here: first
    /// come, first kept.
    pub(super) fn has_disk(&self) -> Result<(), UploadError> {
        match self.free()? > self.limits.disk_floor {
            true => Ok(()),
            false => Err(UploadError::DiskFull),
        }
    }

    /// The same for the quotas of an upload that is among the rows, before it lands: what a person may bring can change
    /// in a week.
    pub(super) fn still_has_room_for(&self, row: &Row) -> Result<(), UploadError> {
        let length = row.length.unwrap_or(row.offset);
        self.check_quotas(row.caller, length, length)
    }

    /// `given_back` is that part of what is reserved which these bytes take the place of.
    fn check_quotas(&self, caller: Caller, length: u64, given_back: u64) -> Result<(), UploadError> {
        let mut reserved = self.rows.reserved(caller.person, self.limits.max_size, (self.now)())?;
        reserved.person = reserved.person.saturating_sub(given_back);
        reserved.school = reserved.school.saturating_sub(given_back);
        Ok(self.policy.has_space(caller, length, reserved)?)
    }

    /// `others` is what each other person announced and has not sent. One of them holds a quarter of what is free at the
    /// most, and all of them half: who announces and sends nothing keeps nobody out.
    fn check_disk(&self, needed: u64, others: &[u64]) -> Result<(), UploadError> {
        let free = self.free()?;
        let room = free.saturating_sub(self.limits.disk_floor);
        let held: u64 = others.iter().map(|bytes| (*bytes).min(room / 4)).sum();
        if needed <= room.saturating_sub(held.min(room / 2)) {
            return Ok(());
        }
        tracing::warn!(
            free,
            needed,
            floor = self.limits.disk_floor,
            "an upload was refused: the disk is nearly full"
        );
        Err(UploadError::DiskFull)
    }

    fn free(&self) -> Result<u64, UploadError> {
        Ok(self.store.free_space()?)
    }

    /// What an open upload has reserved by itself.
    fn share(&self, row: &Row) -> u64 {
        match row.kind {
            Kind::Joined(..) => 0,
            Kind::File(_) | Kind::Stretch => row.length.unwrap_or(self.limits.max_size),
        }
    }
}
