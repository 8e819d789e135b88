//! What must stay ended when the relay is put back to an earlier state: devices that were revoked, parts that ended, pieces
//! that were erased. Kept in a small file of their own, `ends.log`, which no backup takes along and no restoring replaces.
//!
//! A line is an event of the log: its number, its tag, and words that say what to end, which are ids only. Written and synced after the
//! event is committed and before it is acknowledged; where there is no room for it, with the next one, and at the next start. A relay that starts reads what it has not read before, and does once more what its log knows
//! nothing of: that was in a log that is lost.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fieldfolio_core::ids::{DeviceId, FolioId, PersonId, PieceId, ProjectId};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::role::Role;
use fieldfolio_core::sync::wire::ProposedMentor;
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::database;
use crate::directory::circles::Grant;
use crate::directory::classes::ClassRole;
use crate::directory::{
    DirectoryError, Edit, circles, classes, devices, invitations, mentors, people, projects, releases,
};
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
/// Up to which number of the log its ends are in the file.
const WRITTEN: &str = "ends written";
/// The first line of the file as this database knows it: another one begins a file that was written anew.
const MARK: &str = "ends mark";
/// A longer line is none of ours, and passed over.
const LINE: u64 = 256 * 1024;
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
pub fn since(conn: &Connection, after: u64) -> rusqlite::Result<Vec<End>> {
    let mut query = conn.prepare_cached(
        "select e.n, l.tag, e.kind, e.subject from ending e join log l on l.n = e.n where e.n > ?1 order by e.n",
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

    /// What it ends, without when: of two of the same meaning the later one says all.
    fn meaning(&self) -> [u8; 16] {
        let digest =
            Sha256::new().chain_update(&self.kind).chain_update([0]).chain_update(&self.subject).finalize();
        let mut meaning = [0; 16];
        meaning.copy_from_slice(digest.get(..16).unwrap_or_default());
        meaning
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
                    let n = edit.ending("erase", &self.subject)?;
                    erasure::remove(edit.tx, piece, "erased before the log went back", n)?;
                }
                Ok(())
            }
            ("share", ["narrow", "piece", piece, most]) => {
                let (Ok(piece), Ok(most)) = (piece.parse::<PieceId>(), most.parse()) else { return Ok(()) };
                releases::narrow(edit, piece, most)
            }
            ("circle", ["narrow", "folio", folio, "person", person, role, voice, until]) => {
                let (Ok(folio), Ok(person), Ok(role), Ok(until)) =
                    (folio.parse(), person.parse(), role.parse::<Role>(), until.parse::<i64>())
                else {
                    return Ok(());
                };
                let most = Grant {
                    folio,
                    person,
                    role,
                    may_write: *voice == "voice",
                    expires: Some(Timestamp::from_millis(until.cast_unsigned())),
                };
                circles::narrow(edit, &most)
            }
            ("group", ["leave", "project", project, left @ ..]) => {
                let Ok(project) = project.parse::<ProjectId>() else { return Ok(()) };
                for (student, mark) in left.iter().filter_map(|left| left.split_once(':')) {
                    let Ok(student) = student.parse() else { continue };
                    match projects::leave_group(edit, project, student, mark) {
                        Err(DirectoryError::Unknown { .. }) | Ok(()) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            }
            ("mentor", ["decline", "folio", folio, "person", person]) => {
                let (Ok(folio), Ok(person)) = (folio.parse(), person.parse()) else { return Ok(()) };
                mentors::withdraw_again(edit, &ProposedMentor { folio, person })
            }
            ("invitation", ["cancel", key]) => invitations::cancel_key(edit, key),
            ("person", ["lock", "person", person]) => {
                let Ok(person) = person.parse() else { return Ok(()) };
                people::lock(edit, person).map(drop)
            }
            ("person", ["remove-kind", "person", person, kind]) => {
                let (Ok(person), Some(kind)) = (person.parse(), PersonKind::from_name(kind)) else {
                    return Ok(());
                };
                match people::remove_kind(edit, person, kind) {
                    // She had no other one yet: then nobody made her what she was.
                    Err(DirectoryError::OnlyKind { .. }) => people::lock(edit, person).map(drop),
                    done => done.map(drop),
                }
            }
            ("person", ["limit", "person", person, "files", files, "records", records]) => {
                let Ok(person) = person.parse() else { return Ok(()) };
                let limits = people::Limits { files: files.parse().ok(), records: records.parse().ok() };
                people::limit(edit, person, limits)
            }
            ("circle", ["end", "folio", folio, "person", person, role]) => {
                let (Ok(folio), Ok(person), Ok(role)) =
                    (folio.parse::<FolioId>(), person.parse::<PersonId>(), role.parse::<Role>())
                else {
                    return Ok(());
                };
                circles::end_again(edit, folio, person, role)
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
        let failed = |source| EndsError::File { path: path.clone(), source };
        let must_be_there = fork::is_copy(conn)? || number(conn, READ)?.is_some();
        if !path.exists() && must_be_there {
            return Ok(None);
        }
        let mut file = open_file(&path).map_err(failed)?;
        let (from, is_other) = place_in(conn, &mut file).map_err(failed)?;
        let tx = database::begin(conn)?;
        fork::take_over(&tx, now)?;
        // What the log has and the file may lack: if it was cut off in between, or is another one than was read before.
        let written = if is_other { 0 } else { number(&tx, WRITTEN)?.unwrap_or(0) };
        let mut lacking: BTreeMap<(u64, [u8; 8]), End> =
            since(&tx, written)?.into_iter().map(|end| ((end.n, end.tag), end)).collect();
        // A line at a time: however long the file is, it keeps no relay from starting.
        let before = crate::news::head(&tx)?;
        let (mut done, mut stopped) = (0, None);
        each_line(&mut file, from, &mut |end| {
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
        if done > 0 {
            tracing::warn!(done, "the log went back: what had ended since has ended again");
            // What ended again just now is in the log under a new number, and goes into the file behind its old one.
            lacking.extend(since(&tx, before)?.into_iter().map(|end| ((end.n, end.tag), end)));
        }
        let lacking: Vec<End> = lacking.into_values().collect();
        append(&mut file, &lacking).map_err(failed)?;
        let head = crate::news::head(&tx)?;
        note_place(&tx, &mut file, head).map_err(failed)??;
        tx.commit()?;
        drop(file);
        let ends = Self { path, written: head };
        ends.compact(conn)?;
        Ok(Some(ends))
    }

    /// Writes down what ended since, synced. Called before a commit is acknowledged.
    pub fn catch_up(&mut self, conn: &mut Connection) -> Result<(), EndsError> {
        let newest: Option<i64> =
            conn.prepare_cached("select max(n) from ending")?.query_row([], |row| row.get(0))?;
        if newest.is_none_or(|newest| newest.cast_unsigned() <= self.written) && self.path.exists() {
            return Ok(());
        }
        self.written = write_down(conn, &self.path)?;
        Ok(())
    }

    /// Writes a long file anew without what later lines say, too.
    fn compact(&self, conn: &mut Connection) -> Result<(), EndsError> {
        let failed = |source| EndsError::File { path: self.path.clone(), source };
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
            let lines: String = kept.iter().map(End::line).collect();
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
pub fn note(conn: &mut Connection, path: &Path) -> Result<(), EndsError> {
    // A school that no relay has served yet has none; the first one makes it.
    if number(conn, READ)?.is_none() || !path.exists() {
        return Ok(());
    }
    write_down(conn, path).map(drop)
}

/// Appends what the log has ended since the file was last written; up to which number that is. The database's own turn of
/// writing is the file's, too: a command and a relay write each line once.
fn write_down(conn: &mut Connection, path: &Path) -> Result<u64, EndsError> {
    let failed = |source| EndsError::File { path: path.to_owned(), source };
    let tx = database::begin(conn)?;
    // Opened only now: another one may just have been put in its place.
    let mut file = open_file(path).map_err(failed)?;
    let new = since(&tx, number(&tx, WRITTEN)?.unwrap_or(0))?;
    append(&mut file, &new).map_err(failed)?;
    let head = crate::news::head(&tx)?;
    note_place(&tx, &mut file, head).map_err(failed)??;
    tx.commit()?;
    Ok(head)
}

/// Appends lines, synced, behind a whole one.
fn append(file: &mut File, ends: &[End]) -> io::Result<()> {
    if ends.is_empty() {
        return Ok(());
    }
    let mut lines: String = ends.iter().map(End::line).collect();
    if is_torn(file)? {
        lines.insert(0, '\n');
    }
    file.seek(SeekFrom::End(0))?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}

/// From where this database has to read the file: where it was left, or its beginning where it is another file, or was
/// cut. True if it is.
fn place_in(conn: &Connection, file: &mut File) -> io::Result<(u64, bool)> {
    let sql = |error: rusqlite::Error| io::Error::other(error);
    let read = number(conn, READ).map_err(sql)?;
    let mark = database::meta(conn, MARK).map_err(sql)?.unwrap_or_default();
    let same = first_line(file)? == mark;
    Ok(match read.filter(|read| same && file.metadata().is_ok_and(|file| *read <= file.len())) {
        Some(read) => (read, false),
        None => (0, true),
    })
}

/// The database has read and written all of the file, up to this number.
fn note_place(
    tx: &Transaction<'_>,
    file: &mut File,
    written: u64,
) -> io::Result<Result<(), rusqlite::Error>> {
    let (mark, size) = (first_line(file)?, file.metadata()?.len());
    Ok(database::put_meta(tx, MARK, &mark)
        .and_then(|()| database::put_meta(tx, READ, &size.to_be_bytes()))
        .and_then(|()| database::put_meta(tx, WRITTEN, &written.to_be_bytes())))
}

/// A first line that no other file has.
fn mark(conn: &Connection) -> rusqlite::Result<String> {
    conn.query_row("select '# ' || lower(hex(randomblob(8))) || char(10)", [], |row| row.get(0))
}

/// The line that marks a file which was written anew; nothing for one that never was.
fn first_line(file: &mut File) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    BufReader::new(&mut *file).take(64).read_until(b'\n', &mut line)?;
    Ok(if line.starts_with(b"# ") { line } else { Vec::new() })
}

/// Every event of the file from this byte on, until `each` has had enough. Lines that are none, or cut off, are passed over.
fn each_line(file: &mut File, from: u64, each: &mut dyn FnMut(End) -> bool) -> io::Result<()> {
    file.seek(SeekFrom::Start(from))?;
    let mut reader = BufReader::new(&mut *file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        // What was cut off in the middle of a write may be no text, and is no event.
        if let Some(end) =
            line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok()).and_then(End::read)
        {
            each(end);
        }
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file = private_file(path)?;
    if is_new {
        file.sync_all()?;
        sync_folder(path)?;
    }
    Ok(file)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
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
    for key in [READ, WRITTEN, MARK] {
        conn.execute("delete from meta where key = ?1", [key])?;
    }
    Ok(())
}

fn number(conn: &Connection, key: &str) -> rusqlite::Result<Option<u64>> {
    Ok(database::meta(conn, key)?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes))
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
