//! Which bytes belong to which documents, and who may read them.
//!
//! A change *claims* the blobs it names; that opens nothing. A claim becomes a *link* when its author has brought those
//! bytes for that piece, or at once when she may read a document that is linked to them already. Whoever may read a
//! linked document may read the blob; a hash alone opens nothing and tells nothing.

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{PersonId, PieceId};
use rusqlite::{Connection, OptionalExtension, Transaction};

/// Records what a change names.
pub fn claim(tx: &Transaction<'_>, document: i64, author: i64, blobs: &[BlobHash]) -> rusqlite::Result<()> {
    for blob in blobs {
        let hash = blob;
        tx.prepare_cached("insert or ignore into claim (document, blob, author) values (?1, ?2, ?3)")?
            .execute((document, hash, author))?;
        tx.prepare_cached(
            "insert or ignore into link (document, blob)
             select ?1, ?2 where exists (
                 select 1 from link l cross join visibility s on s.person = ?3 and s.document = l.document
                 where l.blob = ?2 and s.visible)",
        )?
        .execute((document, hash, author))?;
    }
    Ok(())
}

/// Did this person name these bytes on this piece?
pub fn is_claimed(
    conn: &Connection,
    person: PersonId,
    piece: PieceId,
    blob: BlobHash,
) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "select 1 from claim c cross join document d on d.row = c.document join person p on p.row = c.author
         where c.blob = ?1 and d.piece = ?2 and p.id = ?3",
    )?
    .exists((blob, piece, person))
}

/// A claim `c` whose bytes were opened for it and are damaged or gone; or may have been opened for it in a log that is lost.
/// Where several people named the same bytes, only they can say whose they are: each brings them herself. Otherwise
/// whoever knows a hash could have another's file brought for her.
const LACKS: &str =
    "(case when exists (select 1 from link l where l.document = c.document and l.blob = c.blob)
     then exists (select 1 from watch w where w.blob = c.blob and w.damaged is not null)
     else exists (select 1 from fork)
         and not exists (select 1 from claim o where o.blob = c.blob and o.author <> c.author) end)";

/// Bytes that should be here and are not: lost, damaged, or never brought again since the log went back. Of documents that
/// this person, by her row, may read.
pub fn lacking(conn: &Connection, person: i64) -> rusqlite::Result<Vec<(PieceId, BlobHash)>> {
    let mut query = conn.prepare_cached(&format!(
        "select distinct d.piece, c.blob from visibility s cross join claim c on c.document = s.document
         join document d on d.row = c.document where s.person = ?1 and s.visible and ({LACKS} or (
             c.author = ?1 and exists (select 1 from fork)
             and not exists (select 1 from link l where l.document = c.document and l.blob = c.blob))) limit 500",
    ))?;
    let rows =
        query.query_map([person], |row| Ok((row.get::<_, PieceId>(0)?, row.get::<_, BlobHash>(1)?)))?;
    rows.collect()
}

/// May this person bring bytes that someone else named? Only what is lacking, of what she may read.
pub fn may_heal(
    conn: &Connection,
    person: PersonId,
    piece: PieceId,
    blob: BlobHash,
) -> rusqlite::Result<bool> {
    conn.prepare_cached(&format!(
        "select 1 from person p cross join claim c cross join document d on d.row = c.document
         cross join visibility s on s.person = p.row and s.document = c.document
         where c.blob = ?1 and d.piece = ?2 and p.id = ?3 and s.visible and {LACKS}",
    ))?
    .exists((blob, piece, person))
}

/// The bytes are durable under their name: links what their bringer claimed on this piece, and what lacks them there of what
/// she may read.
pub fn landed(
    tx: &Transaction<'_>,
    person: PersonId,
    piece: PieceId,
    blob: BlobHash,
    size: u64,
) -> rusqlite::Result<()> {
    let hash = blob;
    let is_new = tx
        .prepare_cached("insert or ignore into blob (hash, size) values (?1, ?2)")?
        .execute((hash, size.cast_signed()))?;
    if is_new > 0 {
        tx.prepare_cached("update stored set media_bytes = media_bytes + ?1")?
            .execute([size.cast_signed()])?;
    }
    tx.prepare_cached(&format!(
        "insert or ignore into link (document, blob)
         select c.document, c.blob from person p cross join claim c cross join document d on d.row = c.document
         where p.id = ?3 and c.blob = ?1 and d.piece = ?2 and (c.author = p.row or ({LACKS}
             and exists (select 1 from visibility s where s.document = c.document and s.person = p.row and s.visible)))",
    ))?
    .execute((hash, piece, person))?;
    // They count for whoever named them here and has them linked now; who brings what others lost pays nothing for it.
    let payers: Vec<i64> = tx
        .prepare_cached(
            "select distinct c.author from claim c cross join document d on d.row = c.document
             cross join link l on l.document = c.document and l.blob = c.blob
             where c.blob = ?1 and d.piece = ?2",
        )?
        .query_map((hash, piece), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for payer in payers {
        let is_new = tx
            .prepare_cached("insert or ignore into brought (person, blob) values (?1, ?2)")?
            .execute((payer, hash))?;
        if is_new > 0 {
            tx.prepare_cached("update person set media_bytes = media_bytes + ?2 where row = ?1")?
                .execute((payer, size.cast_signed()))?;
        }
    }
    // Its piece was erased while it was on its way: it has no week to wait.
    tx.prepare_cached(
        "insert into watch (blob, unlinked)
         select ?1, 0 where exists (select 1 from erased where piece = ?2)
             and not exists (select 1 from link where blob = ?1)
         on conflict (blob) do update set unlinked = 0",
    )?
    .execute((hash, piece))?;
    // The bytes are those of now, whatever was found before; they are read again first.
    tx.prepare_cached(
        "update watch set damaged = null, checked = null where blob = ?1 and damaged is not null",
    )?
    .execute([hash])?;
    Ok(())
}

/// May this person read the bytes?
pub fn may_read(conn: &Connection, person: PersonId, blob: BlobHash) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "select 1 from person p cross join link l cross join visibility s on s.person = p.row and s.document = l.document
         where l.blob = ?1 and p.id = ?2 and s.visible",
    )?
    .exists((blob, person))
}

/// Room for files: what is used of it, and its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Bytes of files that she has brought, each counted once; what others brought is theirs, whoever names it.
    pub used: u64,
    /// Her limit, where she has one of her own.
    pub limit: Option<u64>,
}

/// A person's share.
pub fn share(conn: &Connection, person: PersonId) -> rusqlite::Result<Share> {
    conn.prepare_cached("select media_bytes, media_limit from person where id = ?1")?.query_row(
        [person],
        |row| {
            Ok(Share {
                used: row.get::<_, i64>(0)?.cast_unsigned(),
                limit: row.get::<_, Option<i64>>(1)?.map(i64::cast_unsigned),
            })
        },
    )
}

/// Bytes that the school keeps, each blob once.
pub fn stored_bytes(conn: &Connection) -> rusqlite::Result<u64> {
    let stored: i64 =
        conn.prepare_cached("select media_bytes from stored")?.query_row([], |row| row.get(0))?;
    Ok(stored.cast_unsigned())
}

/// Forgets a blob that has no link, and gives its room back to whoever brought it. False if it has one, or is not known.
pub fn forget(tx: &Transaction<'_>, blob: BlobHash) -> rusqlite::Result<bool> {
    let hash = blob;
    let size: Option<i64> = tx
        .prepare_cached(
            "select size from blob where hash = ?1 and not exists (select 1 from link where blob = ?1)",
        )?
        .query_row([hash], |row| row.get(0))
        .optional()?;
    let Some(size) = size else { return Ok(false) };
    tx.prepare_cached(
        "update person set media_bytes = media_bytes - ?2
         where row in (select person from brought where blob = ?1)",
    )?
    .execute((hash, size))?;
    tx.prepare_cached("update stored set media_bytes = media_bytes - ?1")?.execute([size])?;
    tx.prepare_cached("delete from brought where blob = ?1")?.execute([hash])?;
    tx.prepare_cached("delete from blob where hash = ?1")?.execute([hash])?;
    Ok(true)
}
