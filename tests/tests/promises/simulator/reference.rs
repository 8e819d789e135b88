//! Who should see what, worked out a second time from the relay's bare tables: slowly, and without `access`.

use std::collections::BTreeSet;

use fieldfolio_core::ids::{DocumentId, PersonId};
use rusqlite::Connection;

/// The documents that a person may read now.
pub(crate) fn readable(conn: &Connection, person: PersonId) -> BTreeSet<DocumentId> {
    let me: i64 = conn
        .query_row("select row from person where id = ?1", [person.as_bytes().as_slice()], |row| row.get(0))
        .expect("the person is in the directory");
    let mut query = conn
        .prepare(
            "select d.id, d.piece, d.class, d.author, d.about, p.maker, p.kind, p.audience
             from document d join piece p on p.id = d.piece",
        )
        .expect("the query is right");
    let rows = query
        .query_map([], |row| {
            Ok(Document {
                id: row.get(0)?,
                piece: row.get(1)?,
                class: row.get(2)?,
                author: row.get(3)?,
                about: row.get(4)?,
                maker: row.get(5)?,
                is_evidence: row.get::<_, i64>(6)? == 0,
                audience: row.get(7)?,
            })
        })
        .expect("the documents can be listed");
    rows.map(|row| row.expect("a document"))
        .filter(|document| document.is_readable(conn, me))
        .map(|document| DocumentId::from_bytes(&document.id).expect("an id"))
        .collect()
}

struct Document {
    id: Vec<u8>,
    piece: Vec<u8>,
    class: u8,
    author: Option<i64>,
    about: Option<i64>,
    maker: i64,
    is_evidence: bool,
    audience: Option<u16>,
}

/// Bits of an audience, in the order of the roles.
const ROLES: [&str; 7] = ["owner", "teacher", "reader", "mentor", "group", "peer", "guardian"];

impl Document {
    fn is_readable(&self, conn: &Connection, me: i64) -> bool {
        if self.author == Some(me) || (self.class == 0 && self.maker == me) {
            return true;
        }
        let Some(audience) = self.audience else { return false };
        if self.class == 0 && self.may_answer_an_offer(conn, me) {
            return true;
        }
        let mut query = conn
            .prepare("select folio, student from placement where piece = ?1")
            .expect("the query is right");
        let placements: Vec<(Vec<u8>, i64)> = query
            .query_map([&self.piece], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("placements can be listed")
            .map(|row| row.expect("a placement"))
            .collect();
        let i_own_one = placements.iter().any(|(_, student)| *student == me);
        let made_by_owner = placements.iter().any(|(_, student)| *student == self.maker);
        placements
            .iter()
            .filter(|(_, student)| self.about.is_none_or(|about| about == *student))
            .flat_map(|(folio, student)| {
                let mut roles = roles(conn, folio, me);
                if i_own_one && *student != me {
                    roles.push("group".to_owned());
                }
                roles
            })
            .filter(|role| {
                let number = ROLES.iter().position(|known| known == role).expect("a known role");
                audience & (1 << number) != 0 || (role == "owner" && made_by_owner)
            })
            .any(|role| self.table(&role))
    }

    /// Is the piece offered to a folio of hers, or to one that she teaches?
    fn may_answer_an_offer(&self, conn: &Connection, me: i64) -> bool {
        conn.query_row(
            "select exists (select 1 from offer o where o.piece = ?1 and (o.student = ?2 or exists (
                 select 1 from circle c where c.folio = o.folio and c.person = ?2 and c.role = 'teacher'
                 and c.ended_n is null)))",
            (&self.piece, me),
            |row| row.get(0),
        )
        .expect("offers can be asked for")
    }

    /// The table once more, by the class's number: 0 content, 1 owner, 2 teacher, 3 reader, 4 mentor, 5 group, 6 peer,
    /// 7 guardian.
    fn table(&self, role: &str) -> bool {
        match role {
            "owner" | "teacher" => true,
            "reader" => matches!(self.class, 0..=4),
            "mentor" => matches!(self.class, 0 | 1 | 4),
            "group" => matches!(self.class, 0 | 5 | 6),
            "peer" => self.class == 0 && self.is_evidence,
            "guardian" => matches!(self.class, 0..=4),
            _ => false,
        }
    }
}

fn roles(conn: &Connection, folio: &[u8], person: i64) -> Vec<String> {
    let mut query = conn
        .prepare("select role from circle where folio = ?1 and person = ?2 and ended_n is null")
        .expect("the query is right");
    let rows = query.query_map((folio, person), |row| row.get(0)).expect("a circle can be listed");
    rows.map(|row| row.expect("a role")).collect()
}
