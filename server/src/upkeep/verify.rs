//! Looking through everything that a school has: does each signature hold, does each document open, is each file there?
//!
//! It reads one moment of the database, beside a relay that may be writing, and changes nothing.

use std::collections::BTreeSet;

use fieldfolio_core::document::{Sheet, contained};
use fieldfolio_core::ids::{DeviceId, DocumentId, PersonId};
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::sync::verify::KeyRing;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use crate::directory::{DirectoryError, devices, people, school};
use crate::log::changes;
use crate::news;

/// What was looked through, and what is wrong. Nothing was changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Acts whose signature holds.
    pub acts: u64,
    /// Changes whose signature holds.
    pub changes: u64,
    /// Documents that open with the heads that are kept.
    pub documents: u64,
    /// What is wrong, in words; ids only.
    pub problems: Vec<String>,
}

/// Problems that are named one by one.
const MOST_PROBLEMS: usize = 1_000;

impl Verified {
    fn problem(&mut self, words: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(words);
        }
    }
}

/// Looks through the database.
pub fn database(conn: &Connection) -> Result<Verified, DirectoryError> {
    let moment = conn.unchecked_transaction()?;
    let mut found = Verified::default();
    soundness(&moment, &mut found)?;
    let ring = keys(&moment, &mut found)?;
    for act in news::acts(&moment)? {
        match ring.verify_act(&act) {
            Some(_) => found.acts += 1,
            None => found.problem(format!("act {} is not signed as it should be", act.id)),
        }
    }
    documents(&moment, &ring, &mut found)?;
    links(&moment, &mut found)?;
    Ok(found)
}

fn soundness(conn: &Connection, found: &mut Verified) -> rusqlite::Result<()> {
    let answer: String = conn.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
    if answer != "ok" {
        found.problem(format!("the database is damaged: {answer}"));
    }
    let foreign: Option<String> =
        conn.query_row("pragma foreign_key_check", [], |row| row.get(0)).optional()?;
    if let Some(table) = foreign {
        found.problem(format!("a row of {table} belongs to a row that is not there"));
    }
    Ok(())
}

/// The keys that the root key vouches for, directly or by other devices.
fn keys(conn: &Connection, found: &mut Verified) -> Result<KeyRing, DirectoryError> {
    let mut ring = KeyRing::new(school::id(conn)?, school::root(conn)?);
    let mut open: BTreeSet<DeviceId> = devices::all(conn)?.into_iter().collect();
    loop {
        let before = open.len();
        for device in open.clone() {
            let Some(record) = devices::record(conn, device)? else { continue };
            let person = |id: PersonId| people::person(conn, id).ok();
            if ring.learn_knowing(&record, &person).is_ok() {
                open.remove(&device);
            }
        }
        if open.len() == before {
            break;
        }
    }
    for device in open {
        found.problem(format!("nobody vouches for device {device}"));
    }
    Ok(ring)
}

fn documents(conn: &Connection, ring: &KeyRing, found: &mut Verified) -> rusqlite::Result<()> {
    let mut query = conn.prepare(
        "select d.row, d.id, d.heads, coalesce(a.id, m.id) from document d join piece p on p.id = d.piece
         join person m on m.row = p.maker left join person a on a.row = d.author order by d.row",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (row, id, heads, writer): (i64, Vec<u8>, Vec<u8>, [u8; 16]) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let Some(id) = DocumentId::from_bytes(&id) else {
            found.problem(format!("document {row} has no readable name"));
            continue;
        };
        let changes = changes::of_document(conn, row)?;
        for news in &changes {
            match ring.verify_change(&news.change, PersonId::from_bytes(writer)) {
                Ok(()) => found.changes += 1,
                Err(_) => found.problem(format!("change {} of {id} is not signed as it should be", news.n)),
            }
        }
        let raws: Vec<&[u8]> = changes.iter().map(|news| news.change.raw.as_slice()).collect();
        let opened = contained(id, || {
            let sheet = Sheet::load(raws)?;
            // Whoever shows it reads all of it.
            let _shown = (sheet.content(), sheet.entries());
            Ok::<_, fieldfolio_core::document::SheetError>(Head::join(&sheet.heads()))
        });
        match opened {
            Ok(Ok(opened)) if opened == heads => found.documents += 1,
            Ok(Ok(_)) => found.problem(format!("{id} opens with other heads than are kept")),
            Ok(Err(error)) => found.problem(format!("{id} can't be opened: {error}")),
            Err(_) => found.problem(format!("reading {id} made the reader stop")),
        }
    }
    Ok(())
}

fn links(conn: &Connection, found: &mut Verified) -> rusqlite::Result<()> {
    let loose: i64 = conn.query_row(
        "select count(*) from link l where not exists (
             select 1 from claim c where c.document = l.document and c.blob = l.blob)",
        [],
        |row| row.get(0),
    )?;
    if loose > 0 {
        found.problem(format!("{loose} files are linked to documents that never named them"));
    }
    Ok(())
}
