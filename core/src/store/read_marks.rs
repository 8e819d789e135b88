//! What somebody said to this person, and which of it she has looked at.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, Transaction};

use super::{StoreError, bytes};
use crate::ids::{EntryId, PersonId, PieceId};
use crate::model::entry::Entry;
use crate::model::role::Class;

/// One thing that was said, on which piece, by whom, about whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken {
    pub piece: PieceId,
    pub author: PersonId,
    pub about: Option<PersonId>,
    /// What its voice is read as.
    pub class: Class,
    pub entry: Entry,
}

/// What others said on pieces that `me` made, about her or these students, and every reply: some of these answer her.
pub fn spoken_to(conn: &Connection, me: PersonId, students: &[PersonId]) -> Result<Vec<Spoken>, StoreError> {
    let mut found = Vec::new();
    let mut query = conn.prepare_cached(
        "select d.piece, d.author, d.about, d.class, e.body from entry_index e join document d on d.row = e.document
         where d.author <> ?1 and d.set_aside is null
         and (d.about = ?1 or e.kind = 'reply' or d.piece in (select piece from piece_index where maker = ?1))",
    )?;
    for spoken in query.query_map([me], columns)? {
        found.push(read(spoken?)?);
    }
    let mut query = conn.prepare_cached(
        "select d.piece, d.author, d.about, d.class, e.body from document d join entry_index e on d.row = e.document
         where d.about = ?2 and d.author <> ?1 and d.author <> ?2 and e.kind <> 'reply' and d.set_aside is null",
    )?;
    for student in students.iter().filter(|student| **student != me) {
        for spoken in query.query_map((me, *student), columns)? {
            found.push(read(spoken?)?);
        }
    }
    Ok(found)
}

type Columns = (Vec<u8>, Vec<u8>, Option<Vec<u8>>, u8, String);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn read((piece, author, about, class, body): Columns) -> Result<Spoken, StoreError> {
    Ok(Spoken {
        piece: PieceId::from_bytes(bytes(&piece, "a piece's id")?),
        author: PersonId::from_bytes(bytes(&author, "an author")?),
        about: about
            .map(|about| Ok::<_, StoreError>(PersonId::from_bytes(bytes(&about, "a student")?)))
            .transpose()?,
        class: Class::from_number(class),
        entry: serde_json::from_str(&body).map_err(|_| StoreError::Unexpected("an entry"))?,
    })
}

/// What she has looked at.
pub fn all(conn: &Connection) -> Result<BTreeSet<EntryId>, StoreError> {
    let mut query = conn.prepare_cached("select entry from read_entry")?;
    let rows = query.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|entry| Ok(EntryId::from_bytes(bytes(&entry?, "an entry's id")?))).collect()
}

/// She looked at it. `is_owed`: here, and not on another device of hers.
pub fn put(tx: &Transaction<'_>, piece: PieceId, entry: EntryId, is_owed: bool) -> Result<(), StoreError> {
    let sql = if is_owed {
        "insert or ignore into read_entry (entry, piece, owed) values (?1, ?2, 1)"
    } else {
        "insert into read_entry (entry, piece, owed) values (?1, ?2, 0) on conflict (entry) do update set owed = 0"
    };
    tx.prepare_cached(sql)?.execute((entry, piece))?;
    Ok(())
}

/// What the school was not told of yet, at most so many.
pub fn owed(conn: &Connection, most: usize) -> Result<Vec<(PieceId, EntryId)>, StoreError> {
    let mut query =
        conn.prepare_cached("select piece, entry from read_entry where owed = 1 order by entry limit ?1")?;
    let rows = query.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    rows.map(|row| {
        let (piece, entry) = row?;
        Ok((
            PieceId::from_bytes(bytes(&piece, "a piece's id")?),
            EntryId::from_bytes(bytes(&entry, "an entry's id")?),
        ))
    })
    .collect()
}
