//! The trial: would these changes leave a document that everyone can still open?
//!
//! automerge panics on some well-formed hostile changes and accepts others that can't be loaded again. So the relay
//! applies to a copy, saves, loads, and compares, before it stores anything. The caller runs it where a panic or an
//! exhausted limit costs one verdict.

use std::collections::BTreeMap;

use automerge::{Automerge, ReadDoc};

use super::{BadChange, ParsedChange, ROOT_KEYS, Sheet};
use crate::model::entry::Head;

/// The most changes a document holds.
pub const MAX_DOCUMENT_CHANGES: usize = 2_000;
/// The most raw bytes a document holds.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// The most rows that all changes of a document unfold to.
pub const MAX_DOCUMENT_ROWS: u64 = 200_000;

/// A trial that went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The heads it was tried on, ascending. A commit holds only while they are still the heads.
    pub before: Vec<Head>,
    /// The heads afterwards, ascending.
    pub after: Vec<Head>,
    /// Every head of a saved and loaded copy agrees, so the document opens anywhere.
    pub changes: usize,
}

/// Why changes can't go into a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A change can't be read.
    #[error(transparent)]
    Change(#[from] BadChange),
    /// A change it builds on isn't here.
    #[error("a change it builds on has not arrived")]
    MissingDependency,
    /// Its actor already has a change of this number, or skips one, or the chain forks.
    #[error("the actor's changes are not in one unbroken line")]
    ActorTaken,
    /// The document is full.
    #[error(
        "a document holds at most {MAX_DOCUMENT_CHANGES} changes and {MAX_DOCUMENT_BYTES} bytes; go on in a new piece"
    )]
    Full,
    /// It would leave a document that can't be opened, or that hides what genesis made.
    #[error("the change would damage the document: {0}")]
    Damages(&'static str),
}

/// Tries `new` changes on a document that consists of `stored` ones.
pub fn trial(stored: &[ParsedChange], new: &[ParsedChange]) -> Result<Tried, Unfit> {
    let bytes: usize = stored.iter().chain(new).map(|change| change.size).sum();
    let rows: u64 = stored.iter().chain(new).map(|change| change.rows).sum();
    let is_full = bytes > MAX_DOCUMENT_BYTES || rows > MAX_DOCUMENT_ROWS;
    if stored.len() + new.len() > MAX_DOCUMENT_CHANGES || is_full {
        return Err(Unfit::Full);
    }
    lines_are_unbroken(stored, new)?;
    let mut sheet = Sheet::genesis();
    sheet.apply(stored).map_err(|_| Unfit::Damages("what is stored can't be opened"))?;
    let before = sheet.heads();
    let said = sheet.entry_keys();
    sheet.numbers_follow(new).map_err(|_| Unfit::Damages("its operations skip numbers"))?;
    let mut doc = sheet.doc;
    doc.apply_changes(new.iter().map(|change| change.change.clone()).collect::<Vec<_>>())
        .map_err(|_| Unfit::Damages("it does not apply"))?;
    if !doc.get_missing_deps(&[]).is_empty() {
        return Err(Unfit::MissingDependency);
    }
    let loaded = Automerge::load(&doc.save()).map_err(|_| Unfit::Damages("a saved copy can't be opened"))?;
    let loaded = Sheet { doc: loaded };
    let sheet = Sheet { doc };
    let after = sheet.heads();
    // What was said stays: entries are withdrawn, never removed.
    let says = sheet.entry_keys();
    if !said.iter().all(|entry| says.contains(entry)) {
        return Err(Unfit::Damages("it removes an entry"));
    }
    if loaded.heads() != after || !new.iter().all(|change| loaded.has(&change.hash)) {
        return Err(Unfit::Damages("a saved copy differs"));
    }
    if !root_is_as_genesis_made_it(&sheet) || !root_is_as_genesis_made_it(&loaded) {
        return Err(Unfit::Damages("it hides a root container"));
    }
    Ok(Tried { before, after, changes: stored.len() + new.len() })
}

/// Each actor's changes are numbered from 1 without gaps, each with the one before among its ancestors.
fn lines_are_unbroken(stored: &[ParsedChange], new: &[ParsedChange]) -> Result<(), Unfit> {
    let genesis = Sheet::genesis().heads();
    let mut lines: BTreeMap<[u8; 16], Vec<Head>> = BTreeMap::new();
    let mut known: BTreeMap<Head, &ParsedChange> = BTreeMap::new();
    for (is_new, change) in stored.iter().map(|c| (false, c)).chain(new.iter().map(|c| (true, c))) {
        let deps_known = change.deps.iter().all(|dep| known.contains_key(dep) || genesis.contains(dep));
        if is_new && !deps_known {
            return Err(Unfit::MissingDependency);
        }
        let line = lines.entry(change.actor).or_default();
        if is_new && change.seq != line.len() as u64 + 1 {
            return Err(if change.seq > line.len() as u64 + 1 {
                Unfit::MissingDependency
            } else {
                Unfit::ActorTaken
            });
        }
        if is_new && line.last().is_some_and(|previous| !is_ancestor(&known, previous, change)) {
            return Err(Unfit::ActorTaken);
        }
        line.push(change.hash);
        known.insert(change.hash, change);
    }
    Ok(())
}

fn is_ancestor(known: &BTreeMap<Head, &ParsedChange>, ancestor: &Head, change: &ParsedChange) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut open: Vec<&Head> = change.deps.iter().collect();
    while let Some(head) = open.pop() {
        if head == ancestor {
            return true;
        }
        if seen.insert(head) {
            open.extend(known.get(head).into_iter().flat_map(|change| &change.deps));
        }
    }
    false
}

fn root_is_as_genesis_made_it(sheet: &Sheet) -> bool {
    let genesis = Sheet::genesis();
    let keys: Vec<String> = sheet.doc.keys(automerge::ROOT).collect();
    keys == ROOT_KEYS
        && ROOT_KEYS.iter().all(|key| {
            let values = sheet.doc.get_all(automerge::ROOT, *key).unwrap_or_default();
            let made = genesis.doc.get(automerge::ROOT, *key).ok().flatten();
            match (values.as_slice(), made) {
                ([(_, object)], Some((_, genesis))) => *object == genesis,
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use automerge::transaction::Transactable;

    use super::*;
    use crate::document::NewChange;

    fn titled(sheet: &mut Sheet, actor: u8, title: &str) -> ParsedChange {
        let change: NewChange = sheet.edit([actor; 16], 0, |edit| edit.title(title)).unwrap().unwrap();
        ParsedChange::parse(&change.raw).unwrap()
    }

    #[test]
    fn honest_changes_pass() {
        let mut sheet = Sheet::genesis();
        let first = titled(&mut sheet, 1, "A leaf");
        let second = titled(&mut sheet, 2, "A green leaf");
        let tried = trial(std::slice::from_ref(&first), &[second]).unwrap();
        assert_eq!(tried.after, sheet.heads());
        assert_eq!(tried.before, [first.hash]);
    }

    #[test]
    fn a_gap_waits_and_a_fork_is_refused() {
        let mut sheet = Sheet::genesis();
        let first = titled(&mut sheet, 1, "A leaf");
        let mut fork = Sheet::load([first.change.raw_bytes()]).unwrap();
        let second = titled(&mut sheet, 1, "A green leaf");
        let other_second = titled(&mut fork, 1, "A red leaf");
        assert_eq!(trial(&[], std::slice::from_ref(&second)), Err(Unfit::MissingDependency));
        assert_eq!(trial(&[first, second], &[other_second]), Err(Unfit::ActorTaken));
    }

    #[test]
    fn a_change_that_removes_an_entry_is_refused() {
        let mut sheet = Sheet::genesis();
        let id = crate::ids::EntryId::from_bytes([1; 16]);
        let said = sheet.edit([1; 16], 0, |edit| edit.reflection(id, "I said this")).unwrap().unwrap();
        let mut doc = sheet.doc.with_actor([2u8; 16].into());
        let (_, entries) = doc.get(automerge::ROOT, "entries").unwrap().unwrap();
        let mut tx = doc.transaction();
        tx.delete(&entries, id.to_string()).unwrap();
        tx.commit();
        let removal = ParsedChange::parse(doc.get_last_local_change().unwrap().raw_bytes()).unwrap();
        let said = ParsedChange::parse(&said.raw).unwrap();
        assert_eq!(trial(&[said], &[removal]), Err(Unfit::Damages("it removes an entry")));
    }

    #[test]
    fn a_change_that_hides_a_root_container_is_refused() {
        let mut doc = Sheet::genesis().doc.with_actor([3u8; 16].into());
        let mut tx = doc.transaction();
        tx.put(automerge::ROOT, "entries", "mine now").unwrap();
        tx.commit();
        let raw = doc.get_last_local_change().unwrap().raw_bytes().to_vec();
        let shadow = ParsedChange::parse(&raw).unwrap();
        assert_eq!(trial(&[], &[shadow]), Err(Unfit::Damages("it hides a root container")));
    }
}
