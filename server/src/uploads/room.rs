//! Is there room? Each upload reserves its bytes when it begins: of its person's share, of the school's, of the disk.

use super::rows::Row;
use super::{Caller, Kind, UploadError, Uploads};

impl Uploads {
    /// Whether `row`, which isn't among the rows, fits beside them; `instead` is the one whose place it takes.
    pub(super) fn has_room_for(&self, row: &Row, instead: Option<&Row>) -> Result<(), UploadError> {
        let length = row.length.unwrap_or(self.limits.max_size);
        let given_back = instead.map_or(0, |instead| self.share(instead));
        // The stretches of a joined file have reserved already what it takes.
        let own = if matches!(row.kind, Kind::Joined(..)) { length } else { 0 };
        self.check_quotas(row.caller, length, given_back.saturating_add(own))?;
        let unwritten = self.rows.unwritten(self.limits.max_size)?;
        let instead = instead.map_or(0, |row| self.share(row).saturating_sub(row.offset));
        self.check_disk(length.saturating_add(unwritten.saturating_sub(instead)))
    }

    /// The same for the quotas of an upload that is among the rows, before it lands: what a person may bring can change
    /// in a week.
    pub(super) fn still_has_room_for(&self, row: &Row) -> Result<(), UploadError> {
        let length = row.length.unwrap_or(row.offset);
        self.check_quotas(row.caller, length, length)
    }

    /// `given_back` is that part of what is reserved which these bytes take the place of.
    fn check_quotas(&self, caller: Caller, length: u64, given_back: u64) -> Result<(), UploadError> {
        let mut reserved = self.rows.reserved(caller.person, self.limits.max_size)?;
        reserved.person = reserved.person.saturating_sub(given_back);
        reserved.school = reserved.school.saturating_sub(given_back);
        Ok(self.landing.has_room(caller, length, reserved)?)
    }

    fn check_disk(&self, needed: u64) -> Result<(), UploadError> {
        let folder = self.store.part_folder();
        let free = fs4::available_space(folder)
            .map_err(|cause| UploadError::Folder { path: folder.to_owned(), cause })?;
        if free.saturating_sub(needed) >= self.limits.disk_floor && free >= needed {
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

    /// What an open upload has reserved by itself.
    fn share(&self, row: &Row) -> u64 {
        match row.kind {
            Kind::Joined(..) => 0,
            Kind::File(_) | Kind::Stretch => row.length.unwrap_or(self.limits.max_size),
        }
    }
}
