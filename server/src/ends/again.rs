//! Ending once more what had ended in a log that is lost.

use fieldfolio_core::ids::{DeviceId, FolioId, PersonId, PieceId, ProjectId};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::role::Role;
use fieldfolio_core::sync::wire::ProposedMentor;
use fieldfolio_core::time::Timestamp;
use rusqlite::Transaction;

use super::End;
use crate::directory::circles::Grant;
use crate::directory::classes::ClassRole;
use crate::directory::{
    DirectoryError, Edit, circles, classes, devices, invitations, mentors, people, projects, releases,
};
use crate::{erasure, hex};

impl End {
    /// Ends it once more. What is not here at all has ended by that.
    fn again(&self, edit: &Edit<'_>) -> Result<(), DirectoryError> {
        let words: Vec<&str> = self.subject.split(' ').collect();
        let done = match (self.kind.as_str(), words.as_slice()) {
            ("revoke", ["device", device, rest @ ..]) => {
                let Ok(device) = device.parse() else { return Ok(()) };
                if let ["invitation", key] = rest {
                    bar_invitation(edit, device, key)?;
                }
                return revoke(edit, device, self.n);
            }
            ("erase", ["piece", piece]) => {
                let Ok(piece) = piece.parse::<PieceId>() else { return Ok(()) };
                if !erasure::is_erased(edit.tx, piece)? {
                    let n = edit.ending("erase", &self.subject)?;
                    erasure::remove(edit.tx, piece, "erased before the log went back", n)?;
                }
                Ok(())
            }
            ("share", ["narrow", "piece", piece, most]) => {
                let (Ok(piece), Ok(most)) = (piece.parse::<PieceId>(), most.parse()) else { return Ok(()) };
                releases::narrow(edit, piece, most)
            }
            ("circle", ["narrow", "folio", folio, "person", person, role, voice, until]) => {
                let (Ok(folio), Ok(person), Ok(role), Ok(until)) =
                    (folio.parse(), person.parse(), role.parse::<Role>(), until.parse::<i64>())
                else {
                    return Ok(());
                };
                let most = Grant {
                    folio,
                    person,
                    role,
                    may_write: *voice == "voice",
                    expires: Some(Timestamp::from_millis(until.cast_unsigned())),
                };
                circles::narrow(edit, &most)
            }
            ("group", ["leave", "project", project, left @ ..]) => {
                let Ok(project) = project.parse::<ProjectId>() else { return Ok(()) };
                for (student, mark) in left.iter().filter_map(|left| left.split_once(':')) {
                    let Ok(student) = student.parse() else { continue };
                    match projects::leave_group(edit, project, student, mark) {
                        Err(DirectoryError::Unknown { .. }) | Ok(()) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            }
            ("mentor", ["decline", "folio", folio, "person", person]) => {
                let (Ok(folio), Ok(person)) = (folio.parse(), person.parse()) else { return Ok(()) };
                mentors::withdraw_again(edit, &ProposedMentor { folio, person })
            }
            ("invitation", ["cancel", key]) => invitations::cancel_key(edit, key),
            ("person", ["lock", "person", person]) => {
                let Ok(person) = person.parse() else { return Ok(()) };
                people::lock(edit, person).map(drop)
            }
            ("person", ["remove-kind", "person", person, kind]) => {
                let (Ok(person), Some(kind)) = (person.parse(), PersonKind::from_name(kind)) else {
                    return Ok(());
                };
                match people::remove_kind(edit, person, kind) {
                    // She had no other one yet: then nobody made her what she was.
                    Err(DirectoryError::OnlyKind { .. }) => people::lock(edit, person).map(drop),
                    done => done.map(drop),
                }
            }
            ("person", ["limit", "person", person, "files", files, "records", records]) => {
                let Ok(person) = person.parse() else { return Ok(()) };
                let limits = people::Limits { files: files.parse().ok(), records: records.parse().ok() };
                people::limit(edit, person, limits)
            }
            ("circle", ["end", "folio", folio, "person", person, role]) => {
                let (Ok(folio), Ok(person), Ok(role)) =
                    (folio.parse::<FolioId>(), person.parse::<PersonId>(), role.parse::<Role>())
                else {
                    return Ok(());
                };
                circles::end_again(edit, folio, person, role)
            }
            ("denial", ["deny", "student", student, "person", person]) => {
                let (Ok(student), Ok(person)) = (student.parse(), person.parse()) else { return Ok(()) };
                circles::deny(edit, student, person).map(drop)
            }
            ("class", ["leave", "class", class, "person", person, role]) => {
                let (Ok(class), Ok(person), Some(role)) =
                    (class.parse(), person.parse(), ClassRole::from_name(role))
                else {
                    return Ok(());
                };
                classes::leave(edit, class, person, role).map(drop)
            }
            ("guardian", ["unlink", "student", student, "guardian", guardian]) => {
                let (Ok(student), Ok(guardian)) = (student.parse(), guardian.parse()) else { return Ok(()) };
                people::unlink_guardian(edit, student, guardian).map(drop)
            }
            // A line of a newer version: what it ended is not known here.
            _ => Ok(()),
        };
        match done {
            Err(DirectoryError::Unknown { .. } | DirectoryError::NoSuchRow) => Ok(()),
            done => done,
        }
    }
}

/// No other device comes in by the invitation of one that was revoked.
fn bar_invitation(edit: &Edit<'_>, device: DeviceId, key: &str) -> Result<(), DirectoryError> {
    let Some(key) = hex::read::<32>(key) else { return Ok(()) };
    let used = "update invitation set used_by = ?2 where key = ?1 and used_by is null";
    edit.tx.execute(used, (key, device.as_bytes()))?;
    let is_its_own = "select 1 from invitation where key = ?1 and used_by = ?2";
    if !edit.tx.prepare_cached(is_its_own)?.exists((key, device.as_bytes()))? {
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
pub fn apply(tx: &Transaction<'_>, now: Timestamp, ends: &[End]) -> Result<u64, DirectoryError> {
    let edit = Edit { tx, now, by: None };
    let mut done = 0;
    for end in ends {
        if !end.is_in(tx)? {
            let before = crate::log::head(tx)?;
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
