//! What acts and changes are judged by, where it takes more than one look.

use fieldfolio_core::ids::{ActId, FolioId, PersonId, PieceId};
use fieldfolio_core::model::act::Act;
use rusqlite::OptionalExtension;

use super::SqliteLedger;

impl SqliteLedger<'_> {
    pub(super) fn role_ended(&self, folio: FolioId, person: PersonId) -> rusqlite::Result<bool> {
        self.conn
            .prepare_cached(
                "select 1 from circle c join person p on p.row = c.person
                 where c.folio = ?1 and p.id = ?2 and (c.ended_n is not null or c.expires_at <= ?3)",
            )?
            .exists((
                folio.as_bytes().as_slice(),
                person.as_bytes().as_slice(),
                self.now.millis().cast_signed(),
            ))
    }

    /// Both have a folio in the project, and the directory puts them in one group, or groups nobody there.
    pub(super) fn same_group(
        &self,
        project: [u8; 16],
        student: PersonId,
        person: PersonId,
    ) -> rusqlite::Result<bool> {
        let has_folio = self
            .conn
            .prepare_cached(
                "select 1 from folio f join person p on p.row = f.student where f.project = ?1 and p.id = ?2",
            )?
            .exists((project.as_slice(), person.as_bytes().as_slice()))?;
        let group = |of: PersonId| {
            self.conn
                .prepare_cached(
                    "select g.name from project_group g join person p on p.row = g.student
                     where g.project = ?1 and p.id = ?2",
                )?
                .query_row((project.as_slice(), of.as_bytes().as_slice()), |row| row.get::<_, String>(0))
                .optional()
        };
        let grouped = self.exists("select 1 from project_group where project = ?1", &project)?;
        let (hers, his) = (group(student)?, group(person)?);
        Ok(has_folio && (!grouped || (hers.is_some() && hers == his)))
    }

    pub(super) fn acts_of(&self, piece: PieceId) -> rusqlite::Result<Vec<(ActId, Act)>> {
        let mut query = self.conn.prepare_cached("select id, body from act where piece = ?1 order by n")?;
        let rows = query.query_map([piece.as_bytes().as_slice()], |row| {
            Ok((ActId::from_bytes(row.get(0)?), row.get::<_, Vec<u8>>(1)?))
        })?;
        let mut acts = Vec::new();
        for row in rows {
            let (id, body) = row?;
            if let Ok(act) = Act::from_bytes(&body) {
                acts.push((id, act));
            }
        }
        Ok(acts)
    }
}
