//! What must stay ended when the relay is put back to an earlier state: devices that were revoked, parts that ended, pieces
//! that were erased. Kept in a small file of their own, `ends.log`, which no backup takes along and no restoring replaces.
//!
//! A line is an event of the log: its number, its tag, and words that say what to end, which are ids only. Written and synced after the
//! event is committed and before it is acknowledged; where there is no room for it, with the next one, and at the next start. A relay that starts reads what it has not read before, and does once more what its log knows
//! nothing of: that was in a log that is lost.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fieldfolio_core::time::Timestamp;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::directory::DirectoryError;
use crate::log::{Event, epochs};
use crate::{database, log};

pub use again::apply;

use file::{
    MARK, READ, WRITTEN, append, each_line, mark, note_place, number, open_file, place_in, private_file,
    sync_folder,
};

mod again;
mod file;

/// One thing that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    n: u64,
    tag: [u8; 8],
    event: Event,
}

/// Files longer than that are written anew at a start, where half of it or more says what a later line says, too.
const LONG: u64 = 256 * 1024;
/// Longer ones are only read: to write them anew would take more memory than a relay should.
const TOO_LONG: u64 = 64 * 1024 * 1024;

/// Why the relay only reads: what ended since the copy it serves was made is not known.
pub const MISSING: &str = "ends.log is missing, so what was revoked or erased since this copy of the school was made is not \
     known, and nothing is taken in. Put the file into the folder and start again; or, if it is lost, run \
     `fieldfolio restore --without-ends` and revoke and erase once more what has to be";

/// Where it lies: in the relay's folder, unless the settings say otherwise.
pub fn file(folder: &Path, config: &Config) -> PathBuf {
    config.ends_file.clone().unwrap_or_else(|| folder.join("ends.log"))
}

/// What ended after this number, by the log.
pub fn since(conn: &Connection, after: u64) -> rusqlite::Result<Vec<Revocation>> {
    let mut query = conn.prepare_cached(
        "select e.n, l.tag, e.kind, e.subject from ending e join log l on l.n = e.n where e.n > ?1 order by e.n",
    )?;
    let rows = query.query_map([after.cast_signed()], |row| {
        let n = row.get::<_, i64>(0)?.cast_unsigned();
        let (kind, subject): (String, String) = (row.get(2)?, row.get(3)?);
        Ok(Revocation { n, tag: row.get(1)?, event: Event::parse(&kind, &subject) })
    })?;
    rows.collect()
}

impl Revocation {
    /// Its line in the file.
    pub fn line(&self) -> String {
        format!("{} {:016x} {}\n", self.n, u64::from_be_bytes(self.tag), self.event)
    }

    /// Reads a line, without its end. `None` for one that is no event: cut off, or of something else.
    pub fn read(line: &str) -> Option<Self> {
        let mut parts = line.splitn(4, ' ');
        let n = parts.next()?.parse().ok()?;
        let tag = u64::from_str_radix(parts.next()?, 16).ok()?.to_be_bytes();
        Some(Self { n, tag, event: Event::parse(parts.next()?, parts.next()?) })
    }

    /// What it ends, without when: of two of the same meaning the later one says all. Of one that is not known here, its
    /// text.
    fn meaning(&self) -> [u8; 16] {
        let digest = Sha256::digest(self.event.to_string());
        let mut meaning = [0; 16];
        meaning.copy_from_slice(digest.get(..16).unwrap_or_default());
        meaning
    }

    /// Is it known here what it ends? Not where a newer version wrote it.
    fn is_known(&self) -> bool {
        !matches!(self.event, Event::Unknown { .. })
    }

    fn is_in(&self, conn: &Connection) -> rusqlite::Result<bool> {
        Ok(log::tag(conn, self.n)? == Some(self.tag))
    }
}

/// The file.
#[derive(Debug)]
pub struct Revocations {
    path: PathBuf,
    /// Up to here the log's ends are in the file.
    written: u64,
}

impl Revocations {
    /// Reads what the file has that this database has not read, does it once more, and brings the file up to date.
    /// `None` when the file is missing where there must be one: then nothing may be taken in.
    pub fn open(
        conn: &mut Connection,
        path: PathBuf,
        now: Timestamp,
    ) -> Result<Option<Self>, RevocationsError> {
        let failed = |source| RevocationsError::File { path: path.clone(), source };
        let must_be_there = epochs::is_copy(conn)? || number(conn, READ)?.is_some();
        if !path.exists() && must_be_there {
            return Ok(None);
        }
        let mut file = open_file(&path).map_err(failed)?;
        let (from, is_other) = place_in(conn, &mut file).map_err(failed)?;
        let tx = database::begin(conn)?;
        epochs::take_over(&tx, now)?;
        // What the log has and the file may lack: if it was cut off in between, or is another one than was read before.
        let written = if is_other { 0 } else { number(&tx, WRITTEN)?.unwrap_or(0) };
        let mut lacking: BTreeMap<(u64, [u8; 8]), Revocation> =
            since(&tx, written)?.into_iter().map(|end| ((end.n, end.tag), end)).collect();
        // A line at a time: however long the file is, it keeps no relay from starting.
        let before = crate::log::head(&tx)?;
        let (mut done, mut unknown, mut stopped) = (0, 0_u64, None);
        each_line(&mut file, from, &mut |end| {
            unknown += u64::from(!end.is_known());
            lacking.remove(&(end.n, end.tag));
            match apply(&tx, now, std::slice::from_ref(&end)) {
                Ok(ended) => {
                    done += ended;
                    true
                }
                Err(error) => {
                    stopped = Some(error);
                    false
                }
            }
        })
        .map_err(failed)?;
        if let Some(error) = stopped {
            return Err(error.into());
        }
        if unknown > 0 {
            tracing::warn!(
                unknown,
                "lines of ends.log are not known to this version and stay as they are: if a newer one wrote them, update this program"
            );
        }
        if done > 0 {
            tracing::warn!(done, "the log went back: what had ended since has ended again");
            // What ended again just now is in the log under a new number, and goes into the file behind its old one.
            lacking.extend(since(&tx, before)?.into_iter().map(|end| ((end.n, end.tag), end)));
        }
        let lacking: Vec<Revocation> = lacking.into_values().collect();
        append(&mut file, &lacking).map_err(failed)?;
        let head = crate::log::head(&tx)?;
        note_place(&tx, &mut file, head).map_err(failed)??;
        tx.commit()?;
        drop(file);
        let ends = Self { path, written: head };
        ends.compact(conn)?;
        Ok(Some(ends))
    }

    /// Writes down what ended since, synced. Called before a commit is acknowledged.
    pub fn catch_up(&mut self, conn: &mut Connection) -> Result<(), RevocationsError> {
        let newest: Option<i64> =
            conn.prepare_cached("select max(n) from ending")?.query_row([], |row| row.get(0))?;
        if newest.is_none_or(|newest| newest.cast_unsigned() <= self.written) && self.path.exists() {
            return Ok(());
        }
        self.written = write_down(conn, &self.path)?;
        Ok(())
    }

    /// Writes a long file anew without what later lines say, too.
    fn compact(&self, conn: &mut Connection) -> Result<(), RevocationsError> {
        let failed = |source| RevocationsError::File { path: self.path.clone(), source };
        // Nothing is written into it meanwhile.
        let tx = database::begin(conn)?;
        let mut file = open_file(&self.path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        if !(LONG..TOO_LONG).contains(&size) {
            return Ok(());
        }
        let mut last = BTreeMap::new();
        let mut lines = 0_u64;
        each_line(&mut file, 0, &mut |end| {
            lines += 1;
            last.insert(end.meaning(), (end.n, end.tag));
            true
        })
        .map_err(failed)?;
        if last.len() as u64 * 2 > lines {
            return Ok(());
        }
        let mut kept = Vec::with_capacity(last.len());
        each_line(&mut file, 0, &mut |end| {
            if last.get(&end.meaning()) == Some(&(end.n, end.tag)) {
                kept.push(end);
            }
            true
        })
        .map_err(failed)?;
        let aside = self.path.with_extension("log.new");
        let mark = mark(&tx)?;
        let written = (|| {
            let mut new = private_file(&aside)?;
            new.set_len(0)?;
            new.write_all(mark.as_bytes())?;
            let lines: String = kept.iter().map(Revocation::line).collect();
            new.write_all(lines.as_bytes())?;
            new.sync_all()?;
            std::fs::rename(&aside, &self.path)?;
            sync_folder(&self.path)?;
            Ok(new)
        })();
        let mut new: File = written.map_err(failed)?;
        note_place(&tx, &mut new, self.written).map_err(failed)??;
        tx.commit()?;
        tracing::info!(lines, kept = kept.len(), "wrote down anew what has ended");
        Ok(())
    }
}

/// For a command beside a relay: what it ended is written down at once.
pub fn note(conn: &mut Connection, path: &Path) -> Result<(), RevocationsError> {
    // A school that no relay has served yet has none; the first one makes it.
    if number(conn, READ)?.is_none() || !path.exists() {
        return Ok(());
    }
    write_down(conn, path).map(drop)
}

/// Appends what the log has ended since the file was last written; up to which number that is. The database's own turn of
/// writing is the file's, too: a command and a relay write each line once.
fn write_down(conn: &mut Connection, path: &Path) -> Result<u64, RevocationsError> {
    let failed = |source| RevocationsError::File { path: path.to_owned(), source };
    let tx = database::begin(conn)?;
    // Opened only now: another one may just have been put in its place.
    let mut file = open_file(path).map_err(failed)?;
    let new = since(&tx, number(&tx, WRITTEN)?.unwrap_or(0))?;
    append(&mut file, &new).map_err(failed)?;
    let head = crate::log::head(&tx)?;
    note_place(&tx, &mut file, head).map_err(failed)??;
    tx.commit()?;
    Ok(head)
}
/// It is accepted that what ended since the copy was made is not known: from here on there is a file again.
pub fn do_without(conn: &Connection) -> rusqlite::Result<()> {
    for key in [READ, WRITTEN, MARK] {
        conn.execute("delete from meta where key = ?1", [key])?;
    }
    Ok(())
}

/// The file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RevocationsError {
    /// The file system.
    #[error("{path} can't be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    #[error(transparent)]
    Database(#[from] database::DatabaseError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<rusqlite::Error> for RevocationsError {
    fn from(error: rusqlite::Error) -> Self {
        database::DatabaseError::from(error).into()
    }
}
