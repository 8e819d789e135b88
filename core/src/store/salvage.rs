//! What can still be read of a damaged store. Nothing of it is changed: a copy of its database is worked on, made block
//! by block where the disk itself gives way.
//!
//! A table is read in its order as far as SQLite gets. What hung on a broken page is found by looking at every page of
//! the file, and of the write-ahead log, as if it were the whole table: SQLite parses it, and rows of other tables do
//! not fit. That may bring back what had been deleted or is older, so a row found so counts only where the order is
//! broken, or where its signature proves whose it is.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Row};

use super::{Place, StoreError, file_error, private};

/// A table that is worth reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    Meta,
    Key,
    Record,
    Act,
    Document,
    Change,
    Upload,
    SetAside,
    Distrusted,
    Erased,
}

impl Table {
    pub(crate) const ALL: [Self; 10] = [
        Self::Meta,
        Self::Key,
        Self::Record,
        Self::Act,
        Self::Document,
        Self::Change,
        Self::Upload,
        Self::SetAside,
        Self::Distrusted,
        Self::Erased,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Key => "device_key",
            Self::Record => "record",
            Self::Act => "act",
            Self::Document => "document",
            Self::Change => "change",
            Self::Upload => "upload",
            Self::SetAside => "set_aside",
            Self::Distrusted => "distrusted",
            Self::Erased => "erased",
        }
    }

    /// Its columns in their order, with what a page needs to know of its kind. No index, no check: nothing stands
    /// between a page and its rows. Later schemas added columns at the end; rows of before lack them.
    const fn bare(self) -> &'static str {
        match self {
            Self::Meta => "create table meta(key text primary key,value)without rowid",
            Self::Key => "create table device_key(row integer primary key,device,person,body,is_new)",
            Self::Record => "create table record(kind,id,body,primary key(kind,id))without rowid",
            Self::Act => {
                "create table act(id,piece,device,body,signature,delivered,verified,refused,n,lost_n)"
            }
            Self::Document => {
                "create table document(row integer primary key,id,piece,author,about,class,class_from_relay,whole,heads,actor,set_aside)"
            }
            Self::Change => {
                "create table change(row integer primary key,document,hash,actor,seq,device,blobs,raw,signature,n,state,lost_n,held)"
            }
            Self::Upload => {
                "create table upload(hash,piece,size,is_preview,change,url,sent,is_done,rounds,not_before,reason,held)"
            }
            Self::SetAside => {
                "create table set_aside(row integer primary key,piece,document,item,reason,words)"
            }
            Self::Distrusted => "create table distrusted(document primary key)without rowid",
            Self::Erased => "create table erased(piece primary key)without rowid",
        }
    }

    fn has_numbers(self) -> bool {
        !self.bare().ends_with("without rowid")
    }

    /// What is asked of it. An older schema may lack a column; then it is asked without.
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Meta => &["key, value"],
            Self::Key => &["body, is_new"],
            Self::Record => &["kind, id, body"],
            Self::Act => &["id, device, body, signature, refused"],
            Self::Document => &["row, id, class, class_from_relay"],
            Self::Change => &["row, document, hash, actor, seq, device, blobs, raw, signature, state"],
            Self::Upload => &["hash, piece, held", "hash, piece, 0"],
            Self::SetAside => &["piece, document, item, reason, words"],
            Self::Distrusted => &["document"],
            Self::Erased => &["piece"],
        }
    }
}

/// What was found of a table.
#[derive(Debug)]
pub(crate) struct Found<T> {
    /// Its rows in order, as far as they could be read.
    pub(crate) rows: Vec<T>,
    /// Rows that lie somewhere in the file, live or not.
    pub(crate) strewn: Vec<T>,
    /// All of it could be read in order.
    pub(crate) whole: bool,
}

impl<T> Found<T> {
    /// All that is there: strewn rows only where the table is broken.
    pub(crate) fn all(self) -> impl Iterator<Item = T> {
        self.rows.into_iter().chain(self.strewn.into_iter().filter(move |_| !self.whole))
    }
}

/// A damaged store, to be read.
#[derive(Debug)]
pub(crate) struct Remains {
    /// The database as SQLite opens it, if it does.
    ordered: Option<Connection>,
    /// The same pages without their order.
    pages: Option<Pages>,
    /// Copies that go when this does.
    copies: Vec<PathBuf>,
}

impl Remains {
    /// Of the store at `place`. Copies of its database are made in `scratch`, a folder that is there.
    pub(crate) fn of(place: &Place, scratch: &Path) -> Result<Self, StoreError> {
        let Place::Folder(_) = place else {
            // Databases without files are read where they are.
            let conn = Connection::open_with_flags(place.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).ok();
            return Ok(Self { ordered: conn, pages: None, copies: Vec::new() });
        };
        let (from, to) = (place.database(), scratch.join("salvage.db"));
        let log = |database: &Path| PathBuf::from(format!("{}-wal", database.display()));
        let strewn = scratch.join("salvage-pages.db");
        let copies = vec![to.clone(), log(&to), to.with_extension("db-shm"), strewn.clone()];
        let mut remains = Self { ordered: None, pages: None, copies };
        copy_readable(&from, &to)?;
        copy_readable(&log(&from), &log(&to))?;
        remains.pages = Pages::of(&to, &log(&to), &strewn)?;
        remains.ordered = open_loosely(&to).ok();
        Ok(remains)
    }

    /// Everything that can be read of a table.
    pub(crate) fn table<T>(
        &self,
        table: Table,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Found<T>, StoreError> {
        let mut found = Found { rows: Vec::new(), strewn: Vec::new(), whole: false };
        if let Some(conn) = &self.ordered {
            found.whole = read_in_order(conn, table, &read, &mut found.rows);
        }
        let proves_itself = matches!(table, Table::Act | Table::Change);
        if let Some(pages) = self.pages.as_ref().filter(|_| proves_itself || !found.whole) {
            pages.each_row(table, &read, &mut found.strewn)?;
        }
        Ok(found)
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        self.ordered = None;
        self.pages = None;
        for copy in &self.copies {
            // A copy that stays is in nobody's way.
            let _ = fs::remove_file(copy);
        }
    }
}

/// Copies what the disk gives, in blocks; what it doesn't becomes zeros. A file that isn't there has no copy.
fn copy_readable(from: &Path, to: &Path) -> Result<(), StoreError> {
    const BLOCK: usize = 4096;
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(file_error(from, "read", error)),
    };
    let written = |error| file_error(to, "written", error);
    let length = source.metadata().map_err(|error| file_error(from, "read", error))?.len();
    let mut copy = private::create(to).map_err(written)?;
    let mut at = 0;
    while at < length {
        let mut block = vec![0; usize::try_from(length - at).unwrap_or(BLOCK).min(BLOCK)];
        let read = source.seek(SeekFrom::Start(at)).and_then(|_| source.read_exact(&mut block));
        if read.is_err() {
            block.fill(0);
        }
        copy.write_all(&block).map_err(written)?;
        at += block.len() as u64;
    }
    Ok(())
}

fn open_loosely(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open(path)?;
    conn.execute_batch(
        "pragma trusted_schema = off; pragma cell_size_check = on; pragma synchronous = off; pragma query_only = on;",
    )?;
    conn.query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(conn)
}

/// Reads from the beginning to where it breaks, then from the end. True if nothing broke and every row could be read.
fn read_in_order<T>(
    conn: &Connection,
    table: Table,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    into: &mut Vec<T>,
) -> bool {
    for columns in table.columns() {
        let number = if table.has_numbers() { ", rowid" } else { "" };
        let select = format!("select {columns}{number} from {} not indexed", table.name());
        let Ok(mut query) = conn.prepare(&select) else { continue };
        let last = query.column_count() - 1;
        let mut before = i64::MIN;
        let mut in_order = true;
        let read_numbered = |row: &Row<'_>| {
            if table.has_numbers() {
                // A page whose list of rows is broken may lead to one row twice, and to another one never.
                let number: i64 = row.get(last)?;
                in_order &= number > before;
                before = number;
            }
            read(row)
        };
        return read_all(&mut query, read_numbered, into) && in_order;
    }
    // A table that an older schema has not is whole without a row.
    conn.query_row("select count(*) from sqlite_schema where name = ?1", [table.name()], |row| row.get(0))
        .is_ok_and(|count: i64| count == 0)
}

/// A broken page may lead back to itself: so many rows has no database that a person fills.
const MOST_ROWS: usize = 5_000_000;

fn read_all<T>(
    query: &mut rusqlite::Statement<'_>,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    into: &mut Vec<T>,
) -> bool {
    let Ok(mut rows) = query.query([]) else { return false };
    let mut whole = true;
    for _ in 0..MOST_ROWS {
        match rows.next() {
            Ok(Some(row)) => match read(row) {
                Ok(row) => into.push(row),
                Err(_) => whole = false,
            },
            Ok(None) => return whole,
            Err(_) => return false,
        }
    }
    false
}

/// The leaves of a database, each of which can be looked at as if it were a whole table.
#[derive(Debug)]
struct Pages {
    conn: Connection,
    leaves: Vec<Leaf>,
}

#[derive(Debug)]
struct Leaf {
    number: u32,
    /// Of a table with row numbers.
    has_numbers: bool,
    /// How many columns its rows have.
    columns: BTreeSet<usize>,
}

/// Bytes of a page in every store.
const PAGE: usize = 4096;
/// The most columns that later schemas added to a table.
const ADDED: usize = 2;
/// The first byte of a leaf of a table with row numbers.
const TABLE_LEAF: u8 = 0x0d;
/// The first byte of a leaf of an index, and of a table without row numbers.
const INDEX_LEAF: u8 = 0x0a;

impl Pages {
    /// Of this database and its write-ahead log, in a file at `to`. `None` for one that is too short to have any.
    fn of(database: &Path, log: &Path, to: &Path) -> Result<Option<Self>, StoreError> {
        let read = |path: &Path| match fs::read(path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(file_error(path, "read", error)),
        };
        let mut bytes = read(database)?;
        bytes.truncate(bytes.len() / PAGE * PAGE);
        // Each page of the log counts as one more: what it says is newer, and its order may be broken.
        for frame in read(log)?.get(32..).unwrap_or_default().chunks_exact(24 + PAGE) {
            bytes.extend_from_slice(&frame[24..]);
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let pages = (1..).zip(bytes.chunks_exact(PAGE)).skip(1);
        let leaves = pages.filter_map(|(number, page)| Leaf::of(number, page)).collect();
        let first = first_page(u32::try_from(bytes.len() / PAGE).unwrap_or(u32::MAX), to)?;
        bytes[..PAGE].copy_from_slice(&first);
        private::create(to)
            .and_then(|mut file| file.write_all(&bytes))
            .map_err(|error| file_error(to, "written", error))?;
        let conn = Connection::open(to)?;
        conn.execute_batch(
            "pragma trusted_schema = off; pragma cell_size_check = on; pragma synchronous = off;
             pragma journal_mode = off; pragma writable_schema = on;",
        )?;
        Ok(Some(Self { conn, leaves }))
    }

    fn each_row<T>(
        &self,
        table: Table,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        into: &mut Vec<T>,
    ) -> Result<(), StoreError> {
        let has_numbers = table.has_numbers();
        let columns = table.bare().split_once("primary key(").map_or(table.bare(), |(before, _)| before);
        let most = columns.trim_end_matches(',').matches(',').count() + 1;
        let select = format!("select {} from {}", table.columns()[0], table.name());
        let fits = |leaf: &&Leaf| {
            leaf.has_numbers == has_numbers
                && leaf.columns.range(most.saturating_sub(ADDED)..=most).next().is_some()
        };
        for leaf in self.leaves.iter().filter(fits) {
            let root = (leaf.number, table.name());
            self.conn.execute("update sqlite_schema set rootpage = ?1 where name = ?2", root)?;
            let version: i64 = self.conn.query_row("pragma schema_version", [], |row| row.get(0))?;
            self.conn.execute_batch(&format!("pragma schema_version = {}", version + 1))?;
            let Ok(mut query) = self.conn.prepare(&select) else { continue };
            read_all(&mut query, &read, into);
        }
        Ok(())
    }
}

impl Leaf {
    /// What kind of leaf this page is, if it is one.
    fn of(number: u32, page: &[u8]) -> Option<Self> {
        let has_numbers = match *page.first()? {
            TABLE_LEAF => true,
            INDEX_LEAF => false,
            _ => return None,
        };
        let cells = page.get(8..).unwrap_or_default().chunks_exact(2);
        let places = cells.map(|cell| usize::from(u16::from_be_bytes([cell[0], cell[1]])));
        let count = usize::from(u16::from_be_bytes([*page.get(3)?, *page.get(4)?]));
        let columns = places.take(count).filter_map(|at| columns_of(page.get(at..)?, has_numbers)).collect();
        Some(Self { number, has_numbers, columns })
    }
}

/// How many columns the row in this cell has.
fn columns_of(cell: &[u8], has_number: bool) -> Option<usize> {
    let (_, mut rest) = varint(cell)?;
    if has_number {
        (_, rest) = varint(rest)?;
    }
    let (length, types) = varint(rest)?;
    let header = rest.len() - types.len();
    let mut types = types.get(..usize::try_from(length).ok()?.checked_sub(header)?)?;
    let mut columns = 0;
    while let Some((_, rest)) = varint(types) {
        (types, columns) = (rest, columns + 1);
    }
    Some(columns)
}

/// A number as SQLite writes it: seven bits a byte, the most significant first, at most nine bytes.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0u64;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            return Some((number << 8 | u64::from(*byte), &bytes[9..]));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

/// A first page that knows our tables and nothing else of the file. `at` is where it is made.
fn first_page(count: u32, at: &Path) -> Result<Vec<u8>, StoreError> {
    let conn = Connection::open(at)?;
    conn.execute_batch(&format!(
        "pragma page_size = {PAGE}; pragma journal_mode = off; pragma synchronous = off;"
    ))?;
    for table in Table::ALL {
        conn.execute_batch(table.bare())?;
    }
    drop(conn);
    let mut first = fs::read(at).map_err(|error| file_error(at, "read", error))?;
    first.truncate(PAGE);
    let Some(place) = first.get_mut(28..32) else { return Err(StoreError::Unexpected("a first page")) };
    place.copy_from_slice(&count.to_be_bytes());
    Ok(first)
}
