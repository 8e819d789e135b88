//! Who is in the school, and as what: adding people, and their kinds with all that follows from those.

use fieldfolio_core::ids::{PersonId, Rng};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::role::Role;

use super::edit::Edit;
use super::error::DirectoryError;
use super::words::words;
use super::{circles, classes, derivation, devices, families, folios, people};
use crate::log::Event;
use crate::visibility;

/// Adds a person. A student gets her home folio at once.
pub fn add(
    edit: &Edit<'_>,
    name: &str,
    kinds: &[PersonKind],
    rng: &mut dyn Rng,
) -> Result<PersonId, DirectoryError> {
    let id = PersonId::new(edit.now, rng);
    add_as(edit, id, name, kinds)?;
    Ok(id)
}

/// Adds a person under an id that a device made. The id must be free.
pub(crate) fn add_as(
    edit: &Edit<'_>,
    id: PersonId,
    name: &str,
    kinds: &[PersonKind],
) -> Result<(), DirectoryError> {
    let name = words("a name", name, 200)?;
    let named_by = edit.by.map(|by| people::row_of(edit.tx, by)).transpose()?;
    edit.tx.execute(
        "insert into person (id, name, kinds, named_by) values (?1, ?2, ?3, ?4)",
        (id.as_bytes(), &name, people::bits(kinds), named_by),
    )?;
    let row = edit.tx.last_insert_rowid();
    let n = edit.event(&Event::PersonNamed { person: id })?;
    settle(edit, row, kinds, n)
}

/// Makes a person something more: the teacher who is a parent now.
pub fn add_kind(edit: &Edit<'_>, id: PersonId, kind: PersonKind) -> Result<(), DirectoryError> {
    let row = people::row_of(edit.tx, id)?;
    if PersonKind::STAFF.contains(&kind)
        && let Some(device) = devices::vouched_for_by_others(edit.tx, id)?
    {
        return Err(DirectoryError::VouchedForByOthers { person: id, device });
    }
    edit.tx.execute("update person set kinds = kinds | ?2 where row = ?1", (row, people::bits(&[kind])))?;
    let n = edit.event(&Event::KindAdded { person: id, kind })?;
    settle(edit, row, &[kind], n)
}

/// Takes a kind from a person, with all that follows from it: a teacher leaves her classes, a guardian her family. What
/// she vouched for while she was one stays good. True if she was one.
pub fn remove_kind(edit: &Edit<'_>, id: PersonId, kind: PersonKind) -> Result<bool, DirectoryError> {
    let row = people::row_of(edit.tx, id)?;
    let known = people::person(edit.tx, id)?;
    if !known.kinds.contains(&kind) {
        return Ok(false);
    }
    if kind == PersonKind::Student {
        return Err(DirectoryError::StaysStudent(id));
    }
    if known.kinds.len() == 1 {
        return Err(DirectoryError::OnlyKind { person: id, kind });
    }
    edit.tx.execute(
        "update person set kinds = kinds & ~?2, past_kinds = past_kinds | ?2 where row = ?1",
        (row, people::bit(kind)),
    )?;
    let n = edit.event(&Event::KindRemoved { person: id, kind })?;
    let granted = match kind {
        PersonKind::Teacher => Some(Role::Teacher),
        PersonKind::Mentor => Some(Role::Mentor),
        PersonKind::Guardian => Some(Role::Guardian),
        PersonKind::Student | PersonKind::Administrator => None,
    };
    if let Some(role) = granted {
        circles::end_all(edit, id, role)?;
    }
    match kind {
        PersonKind::Teacher => classes::leave_all(edit, id, row)?,
        PersonKind::Guardian => {
            let children: Vec<PersonId> = edit
                .tx
                .prepare_cached(
                    "select p.id from guardian g join person p on p.row = g.student where g.guardian = ?1",
                )?
                .query_map([row], |row| row.get(0).map(PersonId::from_bytes))?
                .collect::<Result<_, _>>()?;
            for child in children {
                families::unlink_guardian(edit, child, id)?;
            }
        }
        PersonKind::Student | PersonKind::Mentor | PersonKind::Administrator => {}
    }
    visibility::person_changed(edit.tx, row, n)?;
    Ok(true)
}

fn settle(edit: &Edit<'_>, row: i64, kinds: &[PersonKind], n: u64) -> Result<(), DirectoryError> {
    if kinds.contains(&PersonKind::Student) {
        folios::ensure(edit.tx, row, None)?;
        derivation::derive(edit.tx, edit.now, row, n)?;
    }
    Ok(visibility::person_changed(edit.tx, row, n)?)
}
