//! What the database knows of blobs: which lost their last link and when, which were read last, whose they are.

use std::collections::BTreeSet;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::PersonId;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction};
use serde::Serialize;

use crate::visibility::media;

fn hashes(rows: rusqlite::Rows<'_>) -> rusqlite::Result<Vec<(BlobHash, u64)>> {
    rows.mapped(|row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, i64>(1)?)))
        .map(|row| row.map(|(hash, size)| (BlobHash::from_digest(hash), size.cast_unsigned())))
        .collect()
}

pub(super) fn known(conn: &Connection) -> rusqlite::Result<BTreeSet<BlobHash>> {
    let mut query = conn.prepare_cached("select hash, size from blob")?;
    let rows = query.query([])?;
    Ok(hashes(rows)?.into_iter().map(|(hash, _)| hash).collect())
}

pub(super) fn longest_unchecked(conn: &Connection, bytes: u64) -> rusqlite::Result<Vec<BlobHash>> {
    let mut query = conn.prepare_cached(
        "select b.hash, b.size from blob b left join watch w on w.blob = b.hash
         order by w.checked is not null, w.checked, b.hash",
    )?;
    let mut left = bytes;
    let mut chosen = Vec::new();
    for (hash, size) in hashes(query.query([])?)? {
        if left == 0 {
            break;
        }
        left = left.saturating_sub(size.max(1));
        chosen.push(hash);
    }
    Ok(chosen)
}

pub(super) fn note_checked(
    tx: &Transaction<'_>,
    hash: BlobHash,
    is_sound: bool,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let now = now.millis().cast_signed();
    tx.prepare_cached(
        "insert into watch (blob, checked, damaged) values (?1, ?2, ?3)
         on conflict (blob) do update set checked = ?2,
             damaged = case when ?3 is null then null else coalesce(damaged, ?3) end",
    )?
    .execute((hash, now, (!is_sound).then_some(now)))?;
    Ok(())
}

pub(super) fn mark_unlinked(tx: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<()> {
    tx.execute(
        "update watch set unlinked = null where unlinked is not null
         and exists (select 1 from link l where l.blob = watch.blob)",
        [],
    )?;
    tx.execute(
        "insert into watch (blob, unlinked)
             select hash, ?1 from blob b where not exists (select 1 from link l where l.blob = b.hash)
         -- A moment that is still to come was written before the clock was put back.
         on conflict (blob) do update set unlinked = min(coalesce(unlinked, ?1), ?1)",
        [now.millis().cast_signed()],
    )?;
    Ok(())
}

pub(super) fn unlinked_for(
    conn: &Connection,
    now: Timestamp,
    grace: u64,
) -> rusqlite::Result<Vec<(BlobHash, u64)>> {
    let mut query = conn.prepare_cached(
        "select b.hash, b.size from blob b join watch w on w.blob = b.hash where w.unlinked <= ?1",
    )?;
    hashes(query.query([now.millis().saturating_sub(grace).cast_signed()])?)
}

/// Forgets a blob that has no link. False if it has one by now.
pub(super) fn forget(tx: &Transaction<'_>, hash: BlobHash) -> rusqlite::Result<bool> {
    let removed = media::forget(tx, hash)?;
    tx.prepare_cached(
        "delete from watch where blob = ?1 and not exists (select 1 from blob where hash = ?1)",
    )?
    .execute([hash])?;
    Ok(removed)
}

pub(super) fn mark_orphans(
    tx: &Transaction<'_>,
    orphans: &BTreeSet<BlobHash>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    tx.execute("update watch set orphan = null where blob in (select hash from blob)", [])?;
    let mut mark = tx.prepare_cached(
        "insert into watch (blob, orphan) values (?1, ?2)
         on conflict (blob) do update set orphan = min(coalesce(orphan, ?2), ?2)",
    )?;
    for hash in orphans {
        mark.execute((hash, now.millis().cast_signed()))?;
    }
    Ok(())
}

pub(super) fn orphan_for(conn: &Connection, now: Timestamp, grace: u64) -> rusqlite::Result<Vec<BlobHash>> {
    let mut query = conn.prepare_cached(
        "select blob, 0 from watch where orphan <= ?1 and blob not in (select hash from blob)",
    )?;
    let due = hashes(query.query([now.millis().saturating_sub(grace).cast_signed()])?)?;
    Ok(due.into_iter().map(|(hash, _)| hash).collect())
}

/// Still without a row? Then it is watched no more.
pub(super) fn is_unknown(tx: &Transaction<'_>, hash: BlobHash) -> rusqlite::Result<bool> {
    let is_known = tx.prepare_cached("select 1 from blob where hash = ?1")?.exists([hash])?;
    if !is_known {
        tx.prepare_cached("delete from watch where blob = ?1")?.execute([hash])?;
    }
    Ok(!is_known)
}

/// What one person's media take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Who.
    pub person: PersonId,
    pub name: String,
    /// Blobs she brought, each counted once.
    pub count: u64,
    /// Bytes of those.
    pub bytes: u64,
}

/// What everybody's media take, the most first.
pub fn usage(conn: &Connection) -> rusqlite::Result<Vec<Usage>> {
    let mut query = conn.prepare_cached(
        "select p.id, p.name, count(*), coalesce(sum(b.size), 0) from person p
         join brought r on r.person = p.row join blob b on b.hash = r.blob
         group by p.row order by 4 desc, p.name",
    )?;
    let rows = query.query_map([], |row| {
        Ok(Usage {
            person: row.get::<_, PersonId>(0)?,
            name: row.get(1)?,
            count: row.get::<_, i64>(2)?.cast_unsigned(),
            bytes: row.get::<_, i64>(3)?.cast_unsigned(),
        })
    })?;
    rows.collect()
}

/// Blobs that were found damaged or missing, with the moment.
pub fn damaged(conn: &Connection) -> rusqlite::Result<Vec<(BlobHash, Timestamp)>> {
    let mut query = conn.prepare_cached(
        "select blob, damaged from watch where damaged is not null and blob in (select hash from blob) order by 2, 1",
    )?;
    let found = hashes(query.query([])?)?;
    Ok(found.into_iter().map(|(hash, at)| (hash, Timestamp::from_millis(at))).collect())
}

/// Blobs that nothing is linked to and that go after a while: how many, and how many bytes.
pub fn unlinked(conn: &Connection) -> rusqlite::Result<(u64, u64)> {
    conn.query_row(
        "select count(*), coalesce(sum(size), 0) from blob b
         where not exists (select 1 from link l where l.blob = b.hash)",
        [],
        |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned())),
    )
}
