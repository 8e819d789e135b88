//! Every statement of the relay, as SQLite would carry it out on a school of 100,000 sheets: none walks a table that grows,
//! unless the list below says why it may. The statements are read from the sources, so a new one is asked, too.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it as the test itself would")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fieldfolio_server::database;
use rusqlite::Connection;

/// Tables that grow with what people do. Others grow with the directory, by a school's own hand.
const GROWING: [&str; 27] = [
    "act",
    "activity",
    "barred",
    "blob",
    "brought",
    "census",
    "change",
    "circle",
    "claim",
    "device",
    "document",
    "ending",
    "erased",
    "folio",
    "held",
    "invitation",
    "known_device",
    "link",
    "log",
    "mentor",
    "narrowed",
    "notice",
    "piece",
    "placement",
    "visibility",
    "signer",
    "snapshot",
];

/// Ways into a growing table that find very many rows of it: whoever has much in sight, or made much.
const WIDE: [(&str, &str); 8] = [
    ("visibility", "(person=?)"),
    ("notice", "(person=?)"),
    ("notice", "(person=? AND kind=?)"),
    ("document", "(author=?)"),
    ("document", "(about=?)"),
    ("piece", "(maker=?)"),
    ("known_device", "(device=?)"),
    ("claim", "(author=?)"),
];

/// Statements that may, by a part of their words, and why.
const MAY: &[(&str, &str)] = &[
    // Once a night, or when somebody looks after the school by hand.
    ("select hash, size from blob", "the nightly look reads what files there are"),
    ("select hash, ?1 from blob b where not exists", "the nightly look marks what nothing names"),
    ("select b.hash, b.size from blob b left join watch", "the nightly look"),
    ("select p.id, p.name, count(*), coalesce(sum(b.size), 0) from person p", "`fieldfolio blobs`"),
    ("select count(*), coalesce(sum(size), 0) from blob b", "`fieldfolio blobs`"),
    ("select distinct", "a backup and the weekly comparison name every file once"),
    ("select id, device, body, signature from act order by n", "`fieldfolio verify` reads all"),
    ("select c.document from change c join log l on l.n = c.n group by", "the nightly look for quiet sheets"),
    ("select d.row, d.id, d.heads, coalesce(a.id, m.id) from document d", "`fieldfolio verify` reads all"),
    ("select id from device order by id", "`fieldfolio verify` reads all"),
    ("select count(*) from link", "`fieldfolio verify` reads all"),
    ("select id from piece", "a database that a restoration put aside is looked through after an erasure"),
    ("select folio.id, person.id, person.name", "`fieldfolio folio list`"),
    ("select key, p.id, inviter, expires_at from invitation", "`fieldfolio invitation list`"),
    ("select p.id from activity a", "`fieldfolio activity` shows who asks most"),
    // Once a week for each device, twelve times at once at the most.
    (
        "select d.id, c.hash from visibility s join document d",
        "the weekly comparison reads all that somebody sees",
    ),
    ("select id from notice where person = ?1 and kind = ?2 order by id", "the same of records"),
    (
        "select d.id, d.class, s.visible from visibility s join document d",
        "announced again where that differs",
    ),
    ("select count(*) from visibility where person = ?1 and visible", "announced again where that differs"),
    // Found by an index of their own, whatever SQLite calls it.
    ("delete from narrowed where n", "a handful of people, for seconds"),
    // Looked for only where it is known to be there, or counted once for a call.
    (
        "from document d cross join visibility s on s.person = ?1 and s.document = d.row\n         where d.author = ?2",
        "guarded by a known key; the first hit ends it",
    ),
    (
        "from piece p cross join document d on d.piece = p.id\n         cross join visibility s on s.person = ?1",
        "guarded by a known key; the first hit ends it",
    ),
    (
        "union select reader from known_device where device = ?2",
        "told of a revocation: whoever holds its key",
    ),
];

#[test]
fn no_statement_walks_what_grows() {
    let folder = tempfile::tempdir().unwrap();
    let conn = large(folder.path());
    let statements = statements();
    assert!(statements.len() > 250, "only {} statements were found in the sources", statements.len());
    let mut wrong = Vec::new();
    let mut used = vec![false; MAY.len()];
    for (place, sql) in &statements {
        let plan = match plan(&conn, sql) {
            Ok(plan) => plan,
            Err(error) => {
                wrong.push(format!("{place}: {error}\n    {sql}"));
                continue;
            }
        };
        let tables = tables(sql);
        for step in &plan {
            let Some(problem) = problem(step, &tables) else { continue };
            match MAY.iter().position(|(words, _)| sql.contains(words)) {
                Some(at) => used[at] = true,
                None => wrong.push(format!("{place}: {problem}: {step}\n    {sql}")),
            }
        }
    }
    let stale: Vec<&str> =
        MAY.iter().zip(&used).filter(|(_, used)| !**used).map(|((words, _), _)| *words).collect();
    assert!(wrong.is_empty(), "{} statements:\n{}", wrong.len(), wrong.join("\n"));
    assert!(stale.is_empty(), "these walk nothing any more, or are gone: {stale:#?}");
}

/// What is wrong with one step of a plan.
fn problem(step: &str, tables: &BTreeMap<String, String>) -> Option<&'static str> {
    let mut words = step.split(' ');
    let (verb, name) = (words.next()?, words.next()?);
    let table = tables.get(name).map_or(name, String::as_str);
    if !GROWING.contains(&table) {
        return None;
    }
    match verb {
        "SCAN" => Some("walks all of it"),
        "SEARCH" => {
            let is_wide = WIDE.iter().any(|(of, keys)| *of == table && step.ends_with(keys));
            is_wide.then_some("finds very many")
        }
        _ => None,
    }
}

fn plan(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare(&format!("explain query plan {sql}"))?;
    let nothing: Vec<Option<i64>> = vec![None; statement.parameter_count()];
    statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3))?.collect()
}

/// The names by which a statement calls its tables.
fn tables(sql: &str) -> BTreeMap<String, String> {
    let words: Vec<&str> = sql
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','))
        .filter(|word| !word.is_empty())
        .collect();
    let mut names = BTreeMap::new();
    for (at, word) in words.iter().enumerate() {
        if !matches!(*word, "from" | "join" | "update" | "into") {
            continue;
        }
        let Some(table) = words.get(at + 1) else { continue };
        names.insert((*table).to_owned(), (*table).to_owned());
        if let Some(alias) = words.get(at + 2) {
            names.insert((*alias).to_owned(), (*table).to_owned());
        }
    }
    names
}

/// A school with 100,000 sheets: enough that a plan which walks them would be felt. Nothing else of it is true.
fn large(folder: &Path) -> Connection {
    let said = fieldfolio_server::cli::run_with(
        ["fieldfolio", "--dir", folder.to_str().unwrap(), "sample"],
        fieldfolio_tests::driver::now(),
        &mut fieldfolio_tests::driver::OsRng,
    );
    said.unwrap();
    let conn = database::open(folder).unwrap();
    conn.execute_batch(
        "begin;
         insert into log (tag, at, kind) with recursive r (i) as (select 1 union all select i + 1 from r where i < 100000)
             select randomblob(8), i, 'change' from r;
         insert into piece (id, maker, kind) with recursive r (i) as (select 1 union all select i + 1 from r where i < 50000)
             select randomblob(16), 1 + i % 3, 0 from r;
         insert into document (id, piece, author, about, class, heads)
             select randomblob(49), id, null, null, 0, randomblob(32) from piece
             union all select randomblob(49), id, maker, maker, 1, randomblob(32) from piece;
         insert into visibility (person, document, visible, since_n, last_n)
             select p.row, d.row, 1, d.row, d.row from document d join person p on p.row <= 3;
         commit;",
    )
    .unwrap();
    let sheets: i64 = conn.query_row("select count(*) from document", [], |row| row.get(0)).unwrap();
    assert!(sheets >= 100_000);
    conn
}

/// Every statement in the relay's sources, with its file.
fn statements() -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src");
    let mut found = Vec::new();
    for path in sources(&source) {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let name = path.strip_prefix(&source).unwrap().display().to_string();
        if name == "uploads/rows.rs" {
            // A small database of its own, with its own indices.
            continue;
        }
        let (literals, constants) = literals(text);
        for literal in literals {
            let mut sql = literal;
            for (constant, value) in &constants {
                sql = sql.replace(&format!("{{{constant}}}"), value);
            }
            sql = sql.replace("{sql_condition}", "id = ?1");
            let is_statement = ["select ", "insert ", "update ", "delete ", "with recursive "]
                .iter()
                .any(|verb| sql.starts_with(verb));
            // A part of one, that others are made of, is asked in them.
            let is_whole =
                !constants.values().any(|value| *value == sql) || !sql.contains(" on d.row = c.document");
            if is_statement && is_whole {
                assert!(!sql.contains('{'), "{name}: this test does not know what stands in {sql:?}");
                found.push((name.clone(), sql));
            }
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// The texts in a source, and those among them that have a name.
fn literals(text: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let (mut all, mut named) = (Vec::new(), BTreeMap::new());
    let mut rest = text;
    let mut before = String::new();
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (skipped, tail) = rest.split_at(at);
        before.push_str(skipped);
        if tail.starts_with("//") {
            rest = tail.find('\n').map_or("", |end| &tail[end..]);
            continue;
        }
        if !tail.starts_with('"') {
            // A character, a lifetime, a division: a quote in quotes is passed over.
            let width = if tail.starts_with("'\"'") { 3 } else { 1 };
            before.push_str(&tail[..width]);
            rest = &tail[width..];
            continue;
        }
        let mut value = String::new();
        let mut chars = tail[1..].char_indices();
        let mut end = tail.len();
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    end = place + 2;
                    break;
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, '\n')) => {
                        while chars.clone().next().is_some_and(|(_, c)| c.is_whitespace()) {
                            chars.next();
                        }
                    }
                    Some((_, other)) => value.push(other),
                    None => {}
                },
                other => value.push(other),
            }
        }
        let declared = before.rsplit_once("const ").map(|(_, tail)| tail.trim());
        if let Some(name) = declared.and_then(|tail| tail.strip_suffix(": &str =")) {
            named.insert(name.to_owned(), value.clone());
        }
        all.push(value);
        before.clear();
        rest = &tail[end..];
    }
    (all, named)
}
