//! What must stay ended when the relay is put back to an earlier state: devices that were revoked, parts that ended, pieces
//! that were erased. Kept in a small file of their own, `ends.log`, which no backup takes along and no restoring replaces.
//!
//! A line is an event of the log: its number, its tag, and its audit words, which are ids only. Written and synced after the
//! event is committed and before it is acknowledged; where there is no room for it, with the next one, and at the next start. A relay that starts reads what it has not read before, and does once more what its log knows
//! nothing of: that was in a log that is lost.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fieldfolio_core::ids::{DeviceId, FolioId, PersonId, PieceId};
use fieldfolio_core::model::role::Role;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::config::Config;
use crate::database;
use crate::directory::classes::ClassRole;
use crate::directory::{DirectoryError, Edit, circles, classes, devices, people};
use crate::{erasure, fork};

/// One thing that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    n: u64,
    tag: [u8; 8],
    kind: String,
    subject: String,
}

/// How much of the file this database has read, in bytes. There once it has a file.
const READ: &str = "ends read";
/// The longest file that is read.
const MOST: u64 = 256 * 1024 * 1024;

/// Why the relay only reads: what ended since the copy it serves was made is not known.
pub const MISSING: &str = "ends.log is missing, so what was revoked or erased since this copy of the school was made is not \
     known, and nothing is taken in. Put the file into the folder and start again; or, if it is lost, run \
     `fieldfolio restore --without-ends` and revoke and erase once more what has to be";

/// Where it lies: in the relay's folder, unless the settings say otherwise.
pub fn file(folder: &Path, config: &Config) -> PathBuf {
    config.ends_file.clone().unwrap_or_else(|| folder.join("ends.log"))
}

/// What ended after this number, by the log.
pub fn since(conn: &Connection, after: u64) -> rusqlite::Result<Vec<End>> {
    let mut query = conn.prepare_cached(
        "select n, tag, kind, subject from log where n > ?1 and (
             kind in ('revoke', 'erase') or (kind = 'circle' and subject like 'end %')
             or (kind = 'denial' and subject like 'deny %') or (kind = 'class' and subject like 'leave %')
             or (kind = 'guardian' and subject like 'unlink %')) order by n",
    )?;
    let rows = query.query_map([after.cast_signed()], |row| {
        let n = row.get::<_, i64>(0)?.cast_unsigned();
        Ok(End { n, tag: row.get(1)?, kind: row.get(2)?, subject: row.get(3)? })
    })?;
    rows.collect()
}

impl End {
    /// Its line in the file.
    pub fn line(&self) -> String {
        format!("{} {:016x} {} {}\n", self.n, u64::from_be_bytes(self.tag), self.kind, self.subject)
    }

    /// Reads a line, without its end. `None` for one that is no event: cut off, or of something else.
    pub fn read(line: &str) -> Option<Self> {
        let mut parts = line.splitn(4, ' ');
        let n = parts.next()?.parse().ok()?;
        let tag = u64::from_str_radix(parts.next()?, 16).ok()?.to_be_bytes();
        let (kind, subject) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { n, tag, kind, subject })
    }

    fn is_in(&self, conn: &Connection) -> rusqlite::Result<bool> {
        let tag: Option<Vec<u8>> = conn
            .prepare_cached("select tag from log where n = ?1")?
            .query_row([self.n.cast_signed()], |row| row.get(0))
            .optional()?;
        Ok(tag.as_deref() == Some(self.tag.as_slice()))
    }

    /// Ends it once more. What is not here at all has ended by that.
    fn again(&self, edit: &Edit<'_>) -> Result<(), DirectoryError> {
        let words: Vec<&str> = self.subject.split(' ').collect();
        let done = match (self.kind.as_str(), words.as_slice()) {
            ("revoke", ["device", device]) => {
                let Ok(device) = device.parse() else { return Ok(()) };
                return revoke(edit, device, self.n);
            }
            ("erase", ["piece", piece]) => {
                let Ok(piece) = piece.parse::<PieceId>() else { return Ok(()) };
                if !erasure::is_erased(edit.tx, piece)? {
                    let n = edit.event("erase", &self.subject)?;
                    erasure::remove(edit.tx, piece, "erased before the log went back", n)?;
                }
                Ok(())
            }
            ("circle", ["end", "folio", folio, "person", person, role]) => {
                let (Ok(folio), Ok(person), Ok(role)) =
                    (folio.parse::<FolioId>(), person.parse::<PersonId>(), role.parse::<Role>())
                else {
                    return Ok(());
                };
                circles::end(edit, folio, person, role)
            }
            ("denial", ["deny", "student", student, "person", person]) => {
                let (Ok(student), Ok(person)) = (student.parse(), person.parse()) else { return Ok(()) };
                circles::deny(edit, student, person).map(drop)
            }
            ("class", ["leave", "class", class, "person", person, role]) => {
                let (Ok(class), Ok(person), Some(role)) =
                    (class.parse(), person.parse(), ClassRole::from_name(role))
                else {
                    return Ok(());
                };
                classes::leave(edit, class, person, role).map(drop)
            }
            ("guardian", ["unlink", "student", student, "guardian", guardian]) => {
                let (Ok(student), Ok(guardian)) = (student.parse(), guardian.parse()) else { return Ok(()) };
                people::unlink_guardian(edit, student, guardian).map(drop)
            }
            // A line of a newer version: what it ended is not known here.
            _ => Ok(()),
        };
        match done {
            Err(DirectoryError::Unknown { .. } | DirectoryError::NoSuchRow) => Ok(()),
            done => done,
        }
    }
}

/// Revokes a device as of a number of the lost log: what came before it stays good.
fn revoke(edit: &Edit<'_>, device: DeviceId, lost_n: u64) -> Result<(), DirectoryError> {
    match devices::revoke(edit, device) {
        Ok(_) => {
            let sql = "update device set lost_n = ?2 where id = ?1";
            edit.tx.execute(sql, (device.as_bytes(), lost_n.cast_signed()))?;
        }
        Err(DirectoryError::Unknown { .. }) => {
            let sql = "insert or ignore into barred (device, lost_n) values (?1, ?2)";
            edit.tx.execute(sql, (device.as_bytes(), lost_n.cast_signed()))?;
        }
        Err(DirectoryError::RevokedAlready(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Does once more what these say and the log does not know of. How many that were.
pub fn apply(tx: &Transaction<'_>, now: Timestamp, ends: &[End]) -> Result<u64, DirectoryError> {
    let edit = Edit { tx, now, by: None };
    let mut done = 0;
    for end in ends {
        if !end.is_in(tx)? {
            let before = crate::news::head(tx)?;
            end.again(&edit)?;
            // What was written before this number of the lost log was written in time.
            tx.execute(
                "update circle set lost_n = ?2 where ended_n > ?1",
                (before.cast_signed(), end.n.cast_signed()),
            )?;
            done += 1;
        }
    }
    Ok(done)
}

/// The file.
#[derive(Debug)]
pub struct Ends {
    path: PathBuf,
    /// Up to here the log's ends are in the file.
    written: u64,
}

impl Ends {
    /// Reads what the file has that this database has not read, does it once more, and brings the file up to date.
    /// `None` when the file is missing where there must be one: then nothing may be taken in.
    pub fn open(conn: &mut Connection, path: PathBuf, now: Timestamp) -> Result<Option<Self>, EndsError> {
        let read = number(conn, READ)?;
        let text = match File::open(&path) {
            Ok(file) => Some(text(file).map_err(|source| EndsError::File { path: path.clone(), source })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(EndsError::File { path, source }),
        };
        let must_be_there = fork::is_copy(conn)? || read.is_some();
        let text = match text {
            None if must_be_there => return Ok(None),
            text => text.unwrap_or_default(),
        };
        // A shorter file than the one that was read is another one: all of it is looked at.
        let from =
            read.and_then(|read| usize::try_from(read).ok()).filter(|from| *from <= text.len()).unwrap_or(0);
        let lines: Vec<End> = text.get(from..).unwrap_or(&text).lines().filter_map(End::read).collect();
        let tx = database::begin(conn)?;
        fork::take_over(&tx, now)?;
        let done = apply(&tx, now, &lines)?;
        if done > 0 {
            tracing::warn!(done, "the log went back: what had ended since has ended again");
        }
        let known = text.len() as u64;
        database::put_meta(&tx, READ, &known.to_be_bytes())?;
        tx.commit()?;
        // What the log has and the file lacks, if it was cut off in between.
        let mut ends = Self { path, written: 0 };
        ends.append(&lacking(conn, &text)?)?;
        ends.written = crate::news::head(conn)?;
        Ok(Some(ends))
    }

    /// Writes down what ended since, synced. Called before a commit is acknowledged.
    pub fn catch_up(&mut self, conn: &Connection) -> Result<(), EndsError> {
        let head = crate::news::head(conn)?;
        let new = since(conn, self.written)?;
        self.append(&new)?;
        self.written = head;
        Ok(())
    }

    fn append(&self, ends: &[End]) -> Result<(), EndsError> {
        if ends.is_empty() && self.path.exists() {
            return Ok(());
        }
        let mut lines: String = ends.iter().map(End::line).collect();
        let is_new = !self.path.exists();
        let mut append = || {
            let mut file = OpenOptions::new().create(true).read(true).append(true).open(&self.path)?;
            if is_torn(&mut file)? {
                lines.insert(0, '\n');
            }
            file.write_all(lines.as_bytes())?;
            file.sync_all()?;
            match self.path.parent().filter(|_| is_new) {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        };
        append().map_err(|source| EndsError::File { path: self.path.clone(), source })
    }
}

/// For a command beside a relay: what it ended is written down at once.
pub fn note(conn: &Connection, path: &Path) -> Result<(), EndsError> {
    // A school that no relay has served yet has none; the first one makes it.
    if number(conn, READ)?.is_none() || !path.exists() {
        return Ok(());
    }
    let file = File::open(path).and_then(text);
    let text = file.map_err(|source| EndsError::File { path: path.to_owned(), source })?;
    Ends { path: path.to_owned(), written: 0 }.append(&lacking(conn, &text)?)
}

/// What the log has ended and the file does not say in a whole line.
fn lacking(conn: &Connection, text: &str) -> rusqlite::Result<Vec<End>> {
    let in_file: BTreeSet<&str> = text.lines().collect();
    Ok(since(conn, 0)?.into_iter().filter(|end| !in_file.contains(end.line().trim_end())).collect())
}

/// Does the file end in the middle of a line? Nothing is written behind that.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// It is accepted that what ended since the copy was made is not known: from here on there is a file again.
pub fn do_without(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute("delete from meta where key = ?1", [READ])?;
    Ok(())
}

fn number(conn: &Connection, key: &str) -> rusqlite::Result<Option<u64>> {
    Ok(database::meta(conn, key)?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes))
}

fn text(mut file: File) -> io::Result<String> {
    let size = file.seek(SeekFrom::End(0))?;
    if size > MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too large to be this file"));
    }
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    // A line that was cut off in the middle of a write may be no text.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum EndsError {
    /// The file system.
    #[error("{path} can't be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] database::DatabaseError),
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<rusqlite::Error> for EndsError {
    fn from(error: rusqlite::Error) -> Self {
        database::DatabaseError::from(error).into()
    }
}
