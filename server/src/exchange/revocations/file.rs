//! The file's own ways: lines, where this database stands in it, and whose it is.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::{Connection, Transaction};

use super::Revocation;
use crate::database;

/// How much of the file this database has read, in bytes. There once it has a file.
pub(super) const READ: &str = "ends read";
/// Up to which number of the log its ends are in the file.
pub(super) const WRITTEN: &str = "ends written";
/// The first line of the file as this database knows it: another one begins a file that was written anew.
pub(super) const MARK: &str = "ends mark";
/// A longer line is none of ours, and passed over.
const LINE: u64 = 256 * 1024;

/// Appends lines, synced, behind a whole one.
pub(super) fn append(file: &mut File, ends: &[Revocation]) -> io::Result<()> {
    if ends.is_empty() {
        return Ok(());
    }
    let mut lines: String = ends.iter().map(Revocation::line).collect();
    if is_torn(file)? {
        lines.insert(0, '\n');
    }
    file.seek(SeekFrom::End(0))?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}

/// From where this database has to read the file: where it was left, or its beginning where it is another file, or was
/// cut. True if it is.
pub(super) fn place_in(conn: &Connection, file: &mut File) -> io::Result<(u64, bool)> {
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
pub(super) fn note_place(
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
pub(super) fn mark(conn: &Connection) -> rusqlite::Result<String> {
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
pub(super) fn each_line(
    file: &mut File,
    from: u64,
    each: &mut dyn FnMut(Revocation) -> bool,
) -> io::Result<()> {
    file.seek(SeekFrom::Start(from))?;
    let mut reader = BufReader::new(&mut *file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        // What was cut off in the middle of a write may be no text, and is no event.
        if let Some(end) = line
            .strip_suffix(b"\n")
            .and_then(|line| std::str::from_utf8(line).ok())
            .and_then(Revocation::read)
            && !each(end)
        {
            return Ok(());
        }
    }
}

pub(super) fn open_file(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file = private_file(path)?;
    if is_new {
        file.sync_all()?;
        sync_folder(path)?;
    }
    Ok(file)
}

pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
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

pub(super) fn number(conn: &Connection, key: &str) -> rusqlite::Result<Option<u64>> {
    Ok(database::meta(conn, key)?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes))
}
