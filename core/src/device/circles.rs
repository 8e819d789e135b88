//! What is known here of pieces and circles, for deciding who may what; and what of a piece waits for a teacher.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::access::{Circles, Membership, Piece, Tie};
use crate::ids::{FolioId, PersonId, PieceId, ProjectId};
use crate::model::directory::Folio;
use crate::model::review::{Review, VoiceAbout};
use crate::store::records::{self, RecordKind};
use crate::store::{index, log};
use crate::time::Timestamp;

use super::DeviceError;

type Memberships = BTreeMap<(FolioId, PersonId), Membership>;

pub(super) fn piece_and_circles(
    conn: &Connection,
    id: PieceId,
    now: Timestamp,
) -> Result<(Piece, impl Circles + use<>), DeviceError> {
    let piece = piece_of(conn, id)?.ok_or_else(|| DeviceError::Unknown(format!("piece {id}")))?;
    let mut memberships = Memberships::new();
    for placement in &piece.placements {
        if let Some(folio) = records::get::<Folio>(conn, RecordKind::Folio, placement.folio.as_bytes())? {
            for row in folio.circle.iter().filter(|row| row.expires.is_none_or(|expires| expires > now)) {
                let membership = memberships.entry((folio.id, row.person)).or_default();
                membership.roles = membership.roles.with(row.role);
                membership.reader_may_write |= row.may_write;
            }
        }
    }
    let circles = move |folio: FolioId, person: PersonId| {
        memberships.get(&(folio, person)).copied().unwrap_or_default()
    };
    Ok((piece, circles))
}

pub(super) fn piece_of(conn: &Connection, id: PieceId) -> Result<Option<Piece>, DeviceError> {
    let student = |folio: FolioId| {
        let folio = records::get::<Folio>(conn, RecordKind::Folio, folio.as_bytes());
        folio.ok().flatten().map(|folio| folio.student)
    };
    Ok(index::piece(conn, id, student)?)
}

/// What this person is in the circle of a folio that is known here.
pub(super) fn membership_in(folio: &Folio, person: PersonId, now: Timestamp) -> Membership {
    let mut membership = Membership::default();
    for row in folio.circle.iter().filter(|row| row.person == person) {
        if row.expires.is_none_or(|end| end > now) {
            membership.add(row.role, row.may_write);
        }
    }
    membership
}

/// What this person has in common with the student of a folio that is known here.
pub(super) fn tie_to(folio: &Folio, own_projects: &BTreeSet<ProjectId>) -> Tie {
    match folio.project {
        _ if folio.group => Tie::Group,
        Some(project) if own_projects.contains(&project) => Tie::Project,
        Some(_) | None => Tie::None,
    }
}

/// What of a piece waits for this teacher, about this student.
pub(super) fn review(
    conn: &Connection,
    teacher: PersonId,
    piece: PieceId,
    student: PersonId,
) -> Result<Review, DeviceError> {
    let mut voices = Vec::new();
    for document in log::documents_of(conn, piece)? {
        let Some(author) = document.id.author().filter(|_| document.id.about() == Some(student)) else {
            continue;
        };
        let entries = index::entries(conn, document.row)?;
        voices.push(VoiceAbout { author, class: document.class, entries });
    }
    Ok(Review::of(teacher, student, voices))
}
