//! What is new for this person: what others said to her, or of what is hers, newest first.

use crate::ids::{EntryId, PersonId, PieceId};
use crate::model::directory::Folio;
use crate::model::entry::EntryBody;
use crate::model::role::Role;
use crate::store::read_marks::{self, Spoken};
use crate::store::records::{self, RecordKind};
use crate::time::Timestamp;

use crate::device::circles::membership_in;
use crate::device::{Device, DeviceError};

/// How many of those that she has read are told at most.
const READ_SHOWN: usize = 100;

/// One thing that somebody said to this person.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxRow {
    pub spoken: Spoken,
    /// She has not looked at it yet, on any of her devices.
    pub is_new: bool,
}

impl Device {
    /// What others said on this person's own work, about her, in answer to her, and about the students whose family she is:
    /// all of it that is new, and the latest of what is not, newest first by the moment it was said.
    pub fn inbox(&self, now: Timestamp) -> Result<Vec<InboxRow>, DeviceError> {
        let read = read_marks::all(self.store.read())?;
        let mut rows: Vec<InboxRow> = self
            .said_to_me(now)?
            .into_iter()
            .map(|spoken| InboxRow { is_new: !read.contains(&spoken.entry.id), spoken })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.spoken.entry.id.made_at(), row.spoken.entry.id)));
        let mut shown = 0;
        rows.retain(|row| {
            shown += usize::from(!row.is_new);
            row.is_new || shown <= READ_SHOWN
        });
        Ok(rows)
    }

    /// She looked at what was said to her: on one piece, or all of it for `None`. Her other devices are told by the school.
    pub fn mark_read(&mut self, piece: Option<PieceId>, now: Timestamp) -> Result<(), DeviceError> {
        let read = read_marks::all(self.store.read())?;
        let new: Vec<(PieceId, EntryId)> = self
            .said_to_me(now)?
            .into_iter()
            .filter(|spoken| piece.is_none_or(|piece| spoken.piece == piece))
            .map(|spoken| (spoken.piece, spoken.entry.id))
            .filter(|(_, entry)| !read.contains(entry))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        self.store.write(|tx| {
            new.iter().try_for_each(|(piece, entry)| Ok(read_marks::put(tx, *piece, *entry, true)?))
        })
    }

    fn said_to_me(&self, now: Timestamp) -> Result<Vec<Spoken>, DeviceError> {
        let (conn, me) = (self.store.read(), self.me.person);
        let folios: Vec<Folio> = records::all(conn, RecordKind::Folio)?;
        let mut children: Vec<PersonId> = folios
            .iter()
            .filter(|folio| membership_in(folio, me, now).roles.contains(Role::Guardian))
            .map(|folio| folio.student)
            .collect();
        children.sort_unstable();
        children.dedup();
        let spoken = read_marks::spoken_to(conn, me, &children)?.into_iter();
        Ok(spoken.filter(|spoken| !spoken.entry.withdrawn && answers(spoken, me)).collect())
    }
}

/// A reply is for whom it answers, and for whose work it is about.
fn answers(spoken: &Spoken, me: PersonId) -> bool {
    match &spoken.entry.body {
        EntryBody::Reply(reply) => reply.to.author == me || spoken.about == Some(me),
        EntryBody::Feedback(_)
        | EntryBody::Assessment(_)
        | EntryBody::Reflection(_)
        | EntryBody::Confirmation(_)
        | EntryBody::Unreadable { .. } => true,
    }
}
