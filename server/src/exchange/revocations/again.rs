//! Ending once more what had ended in a log that is lost.

use fieldfolio_core::ids::{DeviceId, PersonId, PieceId, ProjectId};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::signing::PublicKey;
use fieldfolio_core::sync::wire::ProposedMentor;
use fieldfolio_core::time::Timestamp;
use rusqlite::Transaction;

use super::Revocation;
use crate::directory::circles::Grant;
use crate::directory::people::Limits;
use crate::directory::{
    DirectoryError, Edit, circles, classes, devices, erasure, families, invitations, mentors, people,
    projects, releases, roster,
};
use crate::log;
use crate::log::event::{Event, GroupMark};

impl Revocation {
    /// Ends it once more. What is not here at all has ended by that.
    fn again(&self, edit: &Edit<'_>) -> Result<(), DirectoryError> {
        let done = match &self.event {
            &Event::DeviceRevoked { device, invitation } => {
                if let Some(invitation) = invitation {
                    bar_invitation(edit, device, invitation)?;
                }
                return revoke(edit, device, self.n);
            }
            &Event::PieceErased { piece } => erase(edit, piece),
            &Event::PieceBounded { piece, audience } => releases::narrow(edit, piece, audience),
            Event::PlacingsUndone { piece, acts } => releases::undo_placings(edit, *piece, acts),
            &Event::PartBounded { folio, person, role, may_write, until } => {
                circles::narrow(edit, &Grant { folio, person, role, may_write, expires: until })
            }
            &Event::PartEnded { folio, person, role } => circles::end_again(edit, folio, person, role),
            Event::GroupsLeft { project, left } => leave_groups(edit, *project, left),
            &Event::MentorDeclined { folio, person } => {
                // One that has become a part ends by the line that ends it.
                mentors::withdraw(edit, &ProposedMentor { folio, person }).map(drop)
            }
            &Event::InvitationCancelled { invitation } => invitations::cancel_key(edit, invitation),
            &Event::PersonLocked { person } => people::lock(edit, person).map(drop),
            &Event::KindRemoved { person, kind } => remove_kind(edit, person, kind),
            &Event::PersonLimited { person, files, records } => {
                people::limit(edit, person, Limits { files, records })
            }
            &Event::CirclesClosed { student, person } => circles::deny(edit, student, person).map(drop),
            &Event::ClassLeft { class, person, role } => classes::leave(edit, class, person, role).map(drop),
            &Event::GuardianUnlinked { student, guardian } => {
                families::unlink_guardian(edit, student, guardian).map(drop)
            }
            // What a newer version ended is not known here; its line stays in the file for one that knows.
            Event::Unknown { .. } => Ok(()),
            // These take nothing away.
            Event::SchoolMade { .. }
            | Event::EntriesRead { .. }
            | Event::ClassesAnnounced
            | Event::EpochBegun { .. }
            | Event::PersonNamed { .. }
            | Event::KindAdded { .. }
            | Event::PersonUnlocked { .. }
            | Event::GuardianLinked { .. }
            | Event::ClassMade { .. }
            | Event::ClassJoined { .. }
            | Event::FrameworkImported { .. }
            | Event::ProjectMade { .. }
            | Event::StudentsGrouped { .. }
            | Event::PartGranted { .. }
            | Event::PartNarrowed { .. }
            | Event::PartsExpired { .. }
            | Event::CirclesOpened { .. }
            | Event::MentorBrought { .. }
            | Event::MentorProposed { .. }
            | Event::MentorConfirmed { .. }
            | Event::DeviceInvited { .. }
            | Event::DeviceEnrolled { .. }
            | Event::DeviceCameBack { .. }
            | Event::ActTaken
            | Event::ChangeTaken
            | Event::ChangeHeld { .. }
            | Event::HeldReleased { .. }
            | Event::PieceNarrowed { .. }
            | Event::PieceUndone { .. }
            | Event::PiecesRefreshed { .. } => Ok(()),
        };
        match done {
            // Nothing that is here, or nothing that can end: no relay would have written it, and none stays shut for it.
            Err(
                DirectoryError::Unknown { .. }
                | DirectoryError::NoSuchRow
                | DirectoryError::Herself
                | DirectoryError::StaysStudent(_),
            ) => Ok(()),
            done => done,
        }
    }
}

fn erase(edit: &Edit<'_>, piece: PieceId) -> Result<(), DirectoryError> {
    if !erasure::is_erased(edit.tx, piece)? {
        let n = edit.event(&Event::PieceErased { piece })?;
        erasure::remove(edit.tx, piece, "erased before the log went back", n)?;
    }
    Ok(())
}

fn leave_groups(
    edit: &Edit<'_>,
    project: ProjectId,
    left: &[(PersonId, GroupMark)],
) -> Result<(), DirectoryError> {
    for &(student, mark) in left {
        match projects::leave_group(edit, project, student, mark) {
            Err(DirectoryError::Unknown { .. }) | Ok(()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn remove_kind(edit: &Edit<'_>, person: PersonId, kind: PersonKind) -> Result<(), DirectoryError> {
    match roster::remove_kind(edit, person, kind) {
        // She had no other one yet: then nobody made her what she was.
        Err(DirectoryError::OnlyKind { .. }) => people::lock(edit, person).map(drop),
        done => done.map(drop),
    }
}

/// No other device comes in by the invitation of one that was revoked.
fn bar_invitation(edit: &Edit<'_>, device: DeviceId, invitation: PublicKey) -> Result<(), DirectoryError> {
    let (key, device) = (invitation.as_bytes(), device.as_bytes());
    let used = "update invitation set used_by = ?2 where key = ?1 and used_by is null";
    edit.tx.execute(used, (key, device))?;
    let is_its_own = "select 1 from invitation where key = ?1 and used_by = ?2";
    if !edit.tx.prepare_cached(is_its_own)?.exists((key, device))? {
        edit.tx.execute("insert or ignore into barred_invitation (key) values (?1)", [key])?;
    }
    Ok(())
}

/// Revokes a device as of a number of the lost log: what came before it stays good.
fn revoke(edit: &Edit<'_>, device: DeviceId, lost_n: u64) -> Result<(), DirectoryError> {
    match devices::revoke(edit, device) {
        Ok(_) => {
            let sql = "update device set lost_n = ?2 where id = ?1";
            edit.tx.execute(sql, (device.as_bytes(), lost_n.cast_signed()))?;
        }
        Err(DirectoryError::Unknown { .. }) => {
            let sql = "insert or ignore into barred (device, lost_n) values (?1, ?2)";
            edit.tx.execute(sql, (device.as_bytes(), lost_n.cast_signed()))?;
        }
        Err(DirectoryError::RevokedAlready(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Does once more what these say and the log does not know of. How many that were.
pub fn apply(tx: &Transaction<'_>, now: Timestamp, ends: &[Revocation]) -> Result<u64, DirectoryError> {
    let edit = Edit { tx, now, by: None };
    let mut done = 0;
    for end in ends {
        if end.is_known() && !end.is_in(tx)? {
            let before = log::head(tx)?;
            end.again(&edit)?;
            // What was written before this number of the lost log was written in time.
            tx.execute(
                "update circle set lost_n = ?2 where ended_n > ?1",
                (before.cast_signed(), end.n.cast_signed()),
            )?;
            done += 1;
        }
    }
    Ok(done)
}
