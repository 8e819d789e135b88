//! What acts and changes are judged by, where it takes more than one look.

use fieldfolio_core::access::Tie;
use fieldfolio_core::ids::{FolioId, PersonId};
use rusqlite::OptionalExtension;

use super::SqliteLedger;

impl SqliteLedger<'_> {
    pub(super) fn role_ended(&self, folio: FolioId, person: PersonId) -> rusqlite::Result<bool> {
        self.conn
            .prepare_cached(
                "select 1 from circle c join person p on p.row = c.person
                 where c.folio = ?1 and p.id = ?2 and (c.ended_n is not null or c.expires_at <= ?3)",
            )?
            .exists((folio, person, self.now.millis().cast_signed()))
    }

    /// What two have in common in a project in which one of them has a folio. Where there are groups, those of other groups
    /// have nothing in common.
    pub(super) fn tie(
        &self,
        project: [u8; 16],
        student: PersonId,
        person: PersonId,
    ) -> rusqlite::Result<Tie> {
        let has_folio = self
            .conn
            .prepare_cached(
                "select 1 from folio f join person p on p.row = f.student where f.project = ?1 and p.id = ?2",
            )?
            .exists((project.as_slice(), person))?;
        let group = |of: PersonId| {
            self.conn
                .prepare_cached(
                    "select g.name from project_group g join person p on p.row = g.student
                     where g.project = ?1 and p.id = ?2",
                )?
                .query_row((project.as_slice(), of), |row| row.get::<_, String>(0))
                .optional()
        };
        let grouped = self.exists("select 1 from project_group where project = ?1", &project)?;
        let (hers, his) = (group(student)?, group(person)?);
        Ok(match (has_folio, grouped) {
            (true, true) if hers.is_some() && hers == his => Tie::Group,
            (true, false) => Tie::Project,
            (true | false, true | false) => Tie::None,
        })
    }
}
