//! Is what an act declares there already?

use fieldfolio_core::ids::{ActId, FolioId};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::sync::relay::Taken;
use rusqlite::OptionalExtension;

use super::SqliteLedger;
use crate::visibility;

impl SqliteLedger<'_> {
    pub(super) fn taken_as(&self, id: ActId, act: &Act) -> rusqlite::Result<Taken> {
        let body = act.to_bytes();
        if let Some(taken) = self.act_number("id = ?1", id.as_bytes(), &body)? {
            return Ok(taken);
        }
        let known_if = |is_known| if is_known { Taken::Same(0) } else { Taken::Free };
        Ok(match act {
            Act::DeclareProject { project, title, brief, outcomes } => {
                let known: Option<(String, String, Vec<u8>)> = self
                    .conn
                    .prepare_cached("select title, brief, outcomes from project where id = ?1")?
                    .query_row([project], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                    .optional()?;
                let listed: Vec<u8> = outcomes.iter().flat_map(|outcome| *outcome.as_bytes()).collect();
                match known {
                    None => Taken::Free,
                    Some(known) if known == (title.clone(), brief.clone(), listed) => Taken::Same(0),
                    Some(_) => Taken::Other,
                }
            }
            Act::DeclareFolio { student, project } => {
                let folio = FolioId::derive(self.school, *student, *project);
                known_if(self.exists("select 1 from folio where id = ?1", folio.as_bytes())?)
            }
            Act::DeclarePiece { piece, maker, kind } => match visibility::piece(self.conn, *piece)? {
                None => Taken::Free,
                Some(known) if known.maker == *maker && known.kind == *kind => Taken::Same(0),
                Some(_) => Taken::Other,
            },
            Act::Place { .. }
            | Act::Share { .. }
            | Act::Unshare { .. }
            | Act::Erase { .. }
            | Act::Unplace { .. }
            | Act::Offer { .. }
            | Act::Accept { .. } => Taken::Free,
        })
    }

    fn act_number(&self, sql_condition: &str, id: &[u8], body: &[u8]) -> rusqlite::Result<Option<Taken>> {
        let found: Option<(u64, Vec<u8>)> = self
            .conn
            .prepare_cached(&format!("select n, body from act where {sql_condition}"))?
            .query_row([id], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))
            .optional()?;
        Ok(found.map(|(n, known)| if known == body { Taken::Same(n) } else { Taken::Other }))
    }
}
