//! What lists, queues and levels read: rebuilt from the documents and acts at any time.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use crate::access::{Piece, Placement};
use crate::blob::BlobHash;
use crate::ids::{EntryId, FolioId, PersonId, PieceId};
use crate::model::entry::{Assessment, Entry};
use crate::model::piece::{Content, PieceKind};
use crate::model::role::Roles;

use super::{StoreError, bytes};

/// Indexes what a content sheet says now.
pub fn put_content(
    tx: &Transaction<'_>,
    document: i64,
    piece: PieceId,
    content: &Content,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(content).map_err(|_| StoreError::Unexpected("content"))?;
    tx.prepare_cached(
        "insert or replace into content_index (document, piece, title, work_date, body) values (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        document,
        piece,
        &content.title,
        content.work_date.map(|date| date.to_string()),
        body,
    ))?;
    Ok(())
}

/// Indexes what a voice says now.
pub fn put_entries(tx: &Transaction<'_>, document: i64, entries: &[Entry]) -> Result<(), StoreError> {
    tx.prepare_cached("delete from entry_index where document = ?1")?.execute([document])?;
    let mut put = tx.prepare_cached(
        "insert or ignore into entry_index (document, entry, kind, body) values (?1, ?2, ?3, ?4)",
    )?;
    for entry in entries {
        let body = serde_json::to_string(entry).map_err(|_| StoreError::Unexpected("an entry"))?;
        put.execute((document, entry.id, entry.body.name(), body))?;
    }
    Ok(())
}

/// Forgets a document's index, for one that is set aside.
pub fn clear_document(tx: &Transaction<'_>, document: i64) -> Result<(), StoreError> {
    tx.prepare_cached("delete from content_index where document = ?1")?.execute([document])?;
    tx.prepare_cached("delete from entry_index where document = ?1")?.execute([document])?;
    clear_confirmed(tx, document)
}

/// Forgets what this voice confirms.
pub fn clear_confirmed(tx: &Transaction<'_>, document: i64) -> Result<(), StoreError> {
    tx.prepare_cached("delete from confirmed_index where document = ?1")?.execute([document])?;
    Ok(())
}

/// What a confirmation takes over: the judgement as it stood at the heads that it pins.
pub fn put_confirmed(
    tx: &Transaction<'_>,
    document: i64,
    entry: EntryId,
    judgement: &Assessment,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(judgement).map_err(|_| StoreError::Unexpected("a judgement"))?;
    tx.prepare_cached("insert or replace into confirmed_index (document, entry, body) values (?1, ?2, ?3)")?
        .execute((document, entry, body))?;
    Ok(())
}

/// What the confirmations of a voice take over, by entry.
pub fn confirmed(conn: &Connection, document: i64) -> Result<BTreeMap<EntryId, Assessment>, StoreError> {
    let mut query = conn.prepare_cached("select entry, body from confirmed_index where document = ?1")?;
    let rows =
        query.query_map([document], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| {
        let (entry, body) = row?;
        let judgement = serde_json::from_str(&body).map_err(|_| StoreError::Unexpected("a judgement"))?;
        Ok((EntryId::from_bytes(bytes(&entry, "an entry's id")?), judgement))
    })
    .collect()
}

/// Forgets the whole index.
pub fn clear(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch("delete from content_index; delete from entry_index; delete from confirmed_index; delete from piece_index;")?;
    Ok(())
}

/// What a piece's content says.
pub fn content(conn: &Connection, piece: PieceId) -> Result<Option<Content>, StoreError> {
    let mut query = conn.prepare_cached("select body from content_index where piece = ?1")?;
    let body: Option<String> = query.query_row([piece], |row| row.get(0)).optional()?;
    body.map(|body| serde_json::from_str(&body).map_err(|_| StoreError::Unexpected("content"))).transpose()
}

/// What the content of every piece says.
pub fn contents(conn: &Connection) -> Result<BTreeMap<PieceId, Content>, StoreError> {
    let mut query = conn.prepare_cached("select piece, body from content_index")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| {
        let (piece, body) = row?;
        let content = serde_json::from_str(&body).map_err(|_| StoreError::Unexpected("content"))?;
        Ok((PieceId::from_bytes(bytes(&piece, "a piece's id")?), content))
    })
    .collect()
}

/// How many entries of each kind stand on each piece.
pub fn counts(conn: &Connection) -> Result<BTreeMap<PieceId, BTreeMap<String, u32>>, StoreError> {
    let mut query = conn.prepare_cached(
        "select d.piece, e.kind, count(*) from entry_index e join document d on d.row = e.document group by 1, 2",
    )?;
    let mut counts: BTreeMap<PieceId, BTreeMap<String, u32>> = BTreeMap::new();
    let rows = query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?)))?;
    for row in rows {
        let (piece, kind, count) = row?;
        let piece = PieceId::from_bytes(bytes(&piece, "a piece's id")?);
        counts.entry(piece).or_default().insert(kind, count);
    }
    Ok(counts)
}

/// Does the content of any piece here name this blob?
pub fn names_blob(conn: &Connection, hash: BlobHash) -> Result<bool, StoreError> {
    let mut query = conn.prepare_cached("select 1 from content_index where instr(body, ?1) > 0")?;
    Ok(query.exists([hash.to_string()])?)
}

/// What the entries of a voice say.
pub fn entries(conn: &Connection, document: i64) -> Result<Vec<Entry>, StoreError> {
    let mut query = conn.prepare_cached("select body from entry_index where document = ?1 order by entry")?;
    let rows = query.query_map([document], |row| row.get::<_, String>(0))?;
    rows.map(|body| serde_json::from_str(&body?).map_err(|_| StoreError::Unexpected("an entry"))).collect()
}

/// One entry of a voice.
pub fn entry(conn: &Connection, document: i64, id: EntryId) -> Result<Option<Entry>, StoreError> {
    let mut query = conn.prepare_cached("select body from entry_index where document = ?1 and entry = ?2")?;
    let body: Option<String> = query.query_row((document, id), |row| row.get(0)).optional()?;
    body.map(|body| serde_json::from_str(&body).map_err(|_| StoreError::Unexpected("an entry"))).transpose()
}

/// Indexes what a piece's acts add up to.
pub fn put_piece(tx: &Transaction<'_>, piece: &Piece) -> Result<(), StoreError> {
    let id = piece.id;
    tx.prepare_cached("delete from piece_index where piece = ?1")?.execute([id])?;
    tx.prepare_cached("insert into piece_index (piece, maker, kind, audience) values (?1, ?2, ?3, ?4)")?
        .execute((id, piece.maker, piece.kind.number(), piece.audience.map(Roles::bits)))?;
    let mut put =
        tx.prepare_cached("insert or ignore into placement_index (piece, folio) values (?1, ?2)")?;
    for placement in &piece.placements {
        put.execute((id, placement.folio))?;
    }
    let mut put = tx.prepare_cached("insert or ignore into offer_index (piece, folio) values (?1, ?2)")?;
    for offer in &piece.offers {
        put.execute((id, offer.folio))?;
    }
    Ok(())
}

/// Forgets a piece's index.
pub fn remove_piece(tx: &Transaction<'_>, piece: PieceId) -> Result<(), StoreError> {
    tx.prepare_cached("delete from piece_index where piece = ?1")?.execute([piece])?;
    Ok(())
}

/// A piece as its acts add up; `student` names the owner of a folio.
pub fn piece(
    conn: &Connection,
    id: PieceId,
    student: impl Fn(FolioId) -> Option<PersonId>,
) -> Result<Option<Piece>, StoreError> {
    let mut query = conn.prepare_cached(
        "select maker, kind, audience, exists (select 1 from offer_index where piece = ?1)
         from piece_index where piece = ?1",
    )?;
    let found = query.query_row([id], |row| Ok((piece_columns(row)?, row.get(3)?))).optional()?;
    let Some(((maker, kind, audience), is_offered)) = found else { return Ok(None) };
    let of_students = |folios: Vec<FolioId>| {
        folios.into_iter().filter_map(|folio| Some(Placement { folio, student: student(folio)? })).collect()
    };
    let placements = of_students(placed(conn, id)?);
    let offers = if is_offered { of_students(self::offers(conn, id)?) } else { Vec::new() };
    let maker = PersonId::from_bytes(bytes(&maker, "a maker")?);
    Ok(Some(Piece { id, maker, kind, placements, offers, audience }))
}

/// The folios that a piece lies in.
pub fn placed(conn: &Connection, piece: PieceId) -> Result<Vec<FolioId>, StoreError> {
    folios(conn, "select folio from placement_index where piece = ?1 order by folio", piece)
}

/// The folios that a piece is offered to and does not lie in.
pub fn offers(conn: &Connection, piece: PieceId) -> Result<Vec<FolioId>, StoreError> {
    folios(conn, "select folio from offer_index where piece = ?1 order by folio", piece)
}

fn folios(conn: &Connection, sql: &str, piece: PieceId) -> Result<Vec<FolioId>, StoreError> {
    let mut query = conn.prepare_cached(sql)?;
    let rows = query.query_map([piece], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|folio| Ok(FolioId::from_bytes(bytes(&folio?, "a folio's id")?))).collect()
}

/// Every offer that nobody accepted: the piece and the folio, oldest piece first.
pub fn all_offers(conn: &Connection) -> Result<Vec<(PieceId, FolioId)>, StoreError> {
    let mut query = conn.prepare_cached("select piece, folio from offer_index order by piece, folio")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    rows.map(|row| {
        let (piece, folio) = row?;
        let piece = PieceId::from_bytes(bytes(&piece, "a piece's id")?);
        Ok((piece, FolioId::from_bytes(bytes(&folio, "a folio's id")?)))
    })
    .collect()
}

fn piece_columns(row: &Row<'_>) -> rusqlite::Result<(Vec<u8>, PieceKind, Option<Roles>)> {
    let audience = row.get::<_, Option<u16>>(2)?.map(Roles::from_bits);
    Ok((row.get(0)?, PieceKind::from_number(row.get(1)?), audience))
}

/// The pieces placed in a folio, by id.
pub fn pieces_in(conn: &Connection, folio: FolioId) -> Result<Vec<PieceId>, StoreError> {
    let mut query =
        conn.prepare_cached("select piece from placement_index where folio = ?1 order by piece")?;
    let rows = query.query_map([folio], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|piece| Ok(PieceId::from_bytes(bytes(&piece?, "a piece's id")?))).collect()
}

/// A row of a list of pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub piece: PieceId,
    /// Who made it.
    pub maker: PersonId,
    pub title: String,
    /// The day of the work.
    pub work_date: Option<String>,
    /// The folios it lies in; none while it is private and unplaced.
    pub folios: Vec<FolioId>,
    /// What it is.
    pub kind: PieceKind,
    /// With whom it is shared; its maker's alone for none.
    pub audience: Option<Roles>,
}

/// Every piece, newest work first, then by id.
pub fn listed(conn: &Connection) -> Result<Vec<Listed>, StoreError> {
    let mut folios: BTreeMap<PieceId, Vec<FolioId>> = BTreeMap::new();
    let mut query = conn.prepare_cached("select piece, folio from placement_index order by piece, folio")?;
    for row in query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?)))? {
        let (piece, folio) = row?;
        let piece = PieceId::from_bytes(bytes(&piece, "a piece's id")?);
        folios.entry(piece).or_default().push(FolioId::from_bytes(bytes(&folio, "a folio's id")?));
    }
    let mut query = conn.prepare_cached(
        "select p.maker, p.kind, p.audience, p.piece, coalesce(c.title, ''), c.work_date
         from piece_index p left join content_index c on c.piece = p.piece
         order by c.work_date desc, p.piece",
    )?;
    let rows = query.query_map([], |row| {
        Ok((piece_columns(row)?, row.get::<_, Vec<u8>>(3)?, row.get(4)?, row.get(5)?))
    })?;
    rows.map(|row| {
        let ((maker, kind, audience), piece, title, work_date) = row?;
        let piece = PieceId::from_bytes(bytes(&piece, "a piece's id")?);
        Ok(Listed {
            piece,
            maker: PersonId::from_bytes(bytes(&maker, "a maker")?),
            title,
            work_date,
            folios: folios.remove(&piece).unwrap_or_default(),
            kind,
            audience,
        })
    })
    .collect()
}

/// Everything in the index as text, in a fixed order: what a rebuilt one is compared with.
pub fn dump(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    for sql in [
        "select 'content ' || hex(piece) || ' ' || body from content_index order by 1",
        "select 'entry ' || hex(d.id) || ' ' || e.kind || ' ' || e.body from entry_index e
             join document d on d.row = e.document order by 1",
        "select 'confirmed ' || hex(d.id) || ' ' || hex(c.entry) || ' ' || c.body from confirmed_index c
             join document d on d.row = c.document order by 1",
        "select 'piece ' || hex(piece) || ' ' || hex(maker) || ' ' || kind || ' ' || coalesce(audience, 'own')
             from piece_index order by 1",
        "select 'placement ' || hex(piece) || ' ' || hex(folio) from placement_index order by 1",
        "select 'offer ' || hex(piece) || ' ' || hex(folio) from offer_index order by 1",
    ] {
        let mut query = conn.prepare(sql)?;
        for line in query.query_map([], |row| row.get(0))? {
            lines.push(line?);
        }
    }
    Ok(lines)
}
